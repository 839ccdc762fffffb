/* RCC of the STM32H7 (RM0433 8, RM0455 8): HSI, CSI, HSE, HSI48, the three PLLs, buses, gates,
 * resets and reset flags. What the machine calls HCLK is the core's own clock here; AXI, AHB
 * and flash run at it over D1CFGR.HPRE. */
#include "sim/periph/clock/pwr_h7.h"
#include "sim/periph/clock/rcc.h"

#define HSI_HZ 64000000u
#define CSI_HZ 4000000u
#define HSI48_HZ 48000000u
#define DEVICE_ID_H7A3 0x480u

enum {
    R_CR, R_HSICFGR, R_CRRCR, R_CSICFGR, R_CFGR, R_D1CFGR, R_D2CFGR, R_D3CFGR, R_PLLCKSELR,
    R_PLLCFGR, R_PLL1DIVR, R_PLL1FRACR, R_PLL2DIVR, R_PLL2FRACR, R_PLL3DIVR, R_PLL3FRACR, R_D1CCIPR,
    R_D2CCIP1R, R_D2CCIP2R, R_D3CCIPR, R_CIER, R_CIFR, R_CICR, R_BDCR, R_CSR,
    R_AHB3RSTR, R_AHB1RSTR, R_AHB2RSTR, R_AHB4RSTR, R_APB3RSTR, R_APB1LRSTR, R_APB1HRSTR,
    R_APB2RSTR, R_APB4RSTR, R_GCR, R_D3AMR, R_RSR,
    R_AHB3ENR, R_AHB1ENR, R_AHB2ENR, R_AHB4ENR, R_APB3ENR, R_APB1LENR, R_APB1HENR, R_APB2ENR,
    R_APB4ENR, R_AHB3LPENR, R_AHB1LPENR, R_AHB2LPENR, R_AHB4LPENR, R_APB3LPENR, R_APB1LLPENR,
    R_APB1HLPENR, R_APB2LPENR, R_APB4LPENR, ROWS
};

#define ALL 0xFFFFFFFFu
/* RSR and what follows it: at 0xD0, and once more at 0x130, where the H7A3 has it alone. */
#define GATES 0xD0u
#define GATES_COPY 0x130u
#define GATES_BYTES 0x60u

static const sim_reg rows[ROWS] = {
    [R_CR] = {0x00, "CR", 0x0000C025u, 0x150D129Bu},
    [R_HSICFGR] = {0x04, "HSICFGR", 0x40000000u, 0x7F000000u},
    [R_CRRCR] = {0x08, "CRRCR", 0, 0},
    [R_CSICFGR] = {0x0C, "CSICFGR", 0x20000000u, 0x3F000000u},
    [R_CFGR] = {0x10, "CFGR", 0, 0xFFFFFFC7u},
    [R_D1CFGR] = {0x18, "D1CFGR", 0, 0x00000F7Fu},
    [R_D2CFGR] = {0x1C, "D2CFGR", 0, 0x00000770u},
    [R_D3CFGR] = {0x20, "D3CFGR", 0, 0x00000070u},
    [R_PLLCKSELR] = {0x28, "PLLCKSELR", 0x02020200u, 0x03F3F3F3u},
    [R_PLLCFGR] = {0x2C, "PLLCFGR", 0x01FF0000u, 0x01FF0FFFu},
    [R_PLL1DIVR] = {0x30, "PLL1DIVR", 0x01010280u, 0x7F7FFFFFu},
    [R_PLL1FRACR] = {0x34, "PLL1FRACR", 0, 0x0000FFF8u},
    [R_PLL2DIVR] = {0x38, "PLL2DIVR", 0x01010280u, 0x7F7FFFFFu},
    [R_PLL2FRACR] = {0x3C, "PLL2FRACR", 0, 0x0000FFF8u},
    [R_PLL3DIVR] = {0x40, "PLL3DIVR", 0x01010280u, 0x7F7FFFFFu},
    [R_PLL3FRACR] = {0x44, "PLL3FRACR", 0, 0x0000FFF8u},
    [R_D1CCIPR] = {0x4C, "D1CCIPR", 0, ALL},
    [R_D2CCIP1R] = {0x50, "D2CCIP1R", 0, ALL},
    [R_D2CCIP2R] = {0x54, "D2CCIP2R", 0, ALL},
    [R_D3CCIPR] = {0x58, "D3CCIPR", 0, ALL},
    [R_CIER] = {0x60, "CIER", 0, 0x000003FFu},
    [R_CIFR] = {0x64, "CIFR", 0, 0},
    [R_CICR] = {0x68, "CICR", 0, 0},
    [R_BDCR] = {0x70, "BDCR", 0, 0},
    [R_CSR] = {0x74, "CSR", 0, 1u},
    [R_AHB3RSTR] = {0x7C, "AHB3RSTR", 0, ALL},
    [R_AHB1RSTR] = {0x80, "AHB1RSTR", 0, ALL},
    [R_AHB2RSTR] = {0x84, "AHB2RSTR", 0, ALL},
    [R_AHB4RSTR] = {0x88, "AHB4RSTR", 0, ALL},
    [R_APB3RSTR] = {0x8C, "APB3RSTR", 0, ALL},
    [R_APB1LRSTR] = {0x90, "APB1LRSTR", 0, ALL},
    [R_APB1HRSTR] = {0x94, "APB1HRSTR", 0, ALL},
    [R_APB2RSTR] = {0x98, "APB2RSTR", 0, ALL},
    [R_APB4RSTR] = {0x9C, "APB4RSTR", 0, ALL},
    [R_GCR] = {0xA0, "GCR", 0, 1u},
    [R_D3AMR] = {0xA8, "D3AMR", 0, ALL},
    [R_RSR] = {0xD0, "RSR", 0, 0},
    [R_AHB3ENR] = {0xD4, "AHB3ENR", 0, ALL},
    [R_AHB1ENR] = {0xD8, "AHB1ENR", 0, ALL},
    [R_AHB2ENR] = {0xDC, "AHB2ENR", 0, ALL},
    [R_AHB4ENR] = {0xE0, "AHB4ENR", 0, ALL},
    [R_APB3ENR] = {0xE4, "APB3ENR", 0, ALL},
    [R_APB1LENR] = {0xE8, "APB1LENR", 0, ALL},
    [R_APB1HENR] = {0xEC, "APB1HENR", 0, ALL},
    [R_APB2ENR] = {0xF0, "APB2ENR", 0, ALL},
    [R_APB4ENR] = {0xF4, "APB4ENR", 0x00010000u, ALL},
    [R_AHB3LPENR] = {0xFC, "AHB3LPENR", ALL, ALL},
    [R_AHB1LPENR] = {0x100, "AHB1LPENR", ALL, ALL},
    [R_AHB2LPENR] = {0x104, "AHB2LPENR", ALL, ALL},
    [R_AHB4LPENR] = {0x108, "AHB4LPENR", ALL, ALL},
    [R_APB3LPENR] = {0x10C, "APB3LPENR", ALL, ALL},
    [R_APB1LLPENR] = {0x110, "APB1LLPENR", ALL, ALL},
    [R_APB1HLPENR] = {0x114, "APB1HLPENR", ALL, ALL},
    [R_APB2LPENR] = {0x118, "APB2LPENR", ALL, ALL},
    [R_APB4LPENR] = {0x11C, "APB4LPENR", ALL, ALL},
};

/* GPIO is worked out: bit n of AHB4ENR is port n. DMAMUX1 has no bit of its own: either
 * controller's clock is its (told of the H72x; UNSURE here), and no reset. */
static const rcc_gate gates[] = {
    {0x40020000u, R_AHB1ENR, 0, true},    {0x40020400u, R_AHB1ENR, 1, true},
    {0x40020800u, R_AHB1ENR, 0, false},   {0x40020800u, R_AHB1ENR, 1, false},
    {0x40023000u, R_AHB1ENR, 9, true},    {0x58024C00u, R_AHB4ENR, 19, true},
    {0x40004400u, R_APB1LENR, 17, true},  {0x40004800u, R_APB1LENR, 18, true},
    {0x40004C00u, R_APB1LENR, 19, true},  {0x40005000u, R_APB1LENR, 20, true},
    {0x40007800u, R_APB1LENR, 30, true},  {0x40007C00u, R_APB1LENR, 31, true},
    {0x40011000u, R_APB2ENR, 4, true},    {0x40011400u, R_APB2ENR, 5, true},
    {0x50003000u, R_APB3ENR, 6, false},   {0x58004000u, R_APB4ENR, 16, false},
    {0x58004400u, R_APB4ENR, 16, false},  {0x58000400u, R_APB4ENR, 1, true},
    {0x40000000u, R_APB1LENR, 0, true},   {0x40000400u, R_APB1LENR, 1, true},
    {0x40000800u, R_APB1LENR, 2, true},   {0x40000C00u, R_APB1LENR, 3, true},
    {0x40001000u, R_APB1LENR, 4, true},   {0x40001400u, R_APB1LENR, 5, true},
    {0x40001800u, R_APB1LENR, 6, true},   {0x40001C00u, R_APB1LENR, 7, true},
    {0x40002000u, R_APB1LENR, 8, true},   {0x40010000u, R_APB2ENR, 0, true},
    {0x40010400u, R_APB2ENR, 1, true},    {0x40014000u, R_APB2ENR, 16, true},
    {0x40014400u, R_APB2ENR, 17, true},   {0x40014800u, R_APB2ENR, 18, true},
};
#define GPIO_BASE 0x58020000u
#define PORTS 11u

enum {
    OSC_HSI, OSC_CSI, OSC_HSE, OSC_PLL1, OSC_PLL2, OSC_PLL3, OSC_HSI48, OSC_LSI, OSC_LSE, OSC_COUNT
};

/* Start-up times are the datasheet's typical ones (DS12110 6.3.9, 6.3.10). */
static const rcc_oscillator oscillators[OSC_COUNT] = {
    [OSC_HSI] = {R_CR, 0, 2, 2, 2u * SIM_PS_PER_US},
    [OSC_CSI] = {R_CR, 7, 8, 4, 2u * SIM_PS_PER_US},
    [OSC_HSE] = {R_CR, 16, 17, 3, 2u * SIM_PS_PER_MS},
    [OSC_PLL1] = {R_CR, 24, 25, 6, 50u * SIM_PS_PER_US},
    [OSC_PLL2] = {R_CR, 26, 27, 7, 50u * SIM_PS_PER_US},
    [OSC_PLL3] = {R_CR, 28, 29, 8, 50u * SIM_PS_PER_US},
    [OSC_HSI48] = {R_CR, 12, 13, 5, 3u * SIM_PS_PER_US},
    [OSC_LSI] = {R_CSR, 0, 1, 0, 80u * SIM_PS_PER_US},
    [OSC_LSE] = {R_BDCR, 0, 1, 1, 2u * SIM_PS_PER_S},
};

#define CR_HSIDIV(cr) ((cr) >> 3 & 3u)
#define CR_PLLON(n) (1u << (24u + 2u * (n)))
#define CR_PLLS_ON (CR_PLLON(0) | CR_PLLON(1) | CR_PLLON(2))
#define PLLCKSELR_M(n) (63u << (4u + 8u * (n)))
#define CFGR_TIMPRE (1u << 15)
#define RSR_RMVF (1u << 16)

static bool is_h7a3(const sim_rcc *r)
{
    return sim_chip(r->part->m)->device_id == DEVICE_ID_H7A3;
}

/* ---- frequencies ---- */

static uint32_t hsi_hz(const sim_rcc *r)
{
    return HSI_HZ >> CR_HSIDIV(r->block.value[R_CR]);
}

/* What PLLCKSELR.PLLSRC picks for all three; OSC_COUNT: nothing. */
static unsigned pll_source(const sim_rcc *r)
{
    static const uint8_t source[4] = {OSC_HSI, OSC_CSI, OSC_HSE, OSC_COUNT};
    return source[r->block.value[R_PLLCKSELR] & 3u];
}

/* n: 0 for PLL1, and so on. 0 without a source or a divider. */
static uint32_t pll_input_hz(const sim_rcc *r, unsigned n)
{
    uint32_t m = r->block.value[R_PLLCKSELR] >> (4u + 8u * n) & 63u;
    unsigned source = pll_source(r);
    uint32_t hz = source == OSC_HSI ? hsi_hz(r) : source == OSC_CSI ? CSI_HZ : RCC_HSE_HZ;
    return m == 0u || source == OSC_COUNT ? 0u : hz / m;
}

static uint32_t vco_hz(const sim_rcc *r, unsigned n)
{
    uint64_t times = (r->block.value[R_PLL1DIVR + 2u * n] & 0x1FFu) + 1u;
    uint64_t fraction = (r->block.value[R_PLLCFGR] >> (4u * n) & 1u) != 0u
                            ? r->block.value[R_PLL1FRACR + 2u * n] >> 3
                            : 0u;
    return (uint32_t)(pll_input_hz(r, n) * (times * 8192u + fraction) / 8192u);
}

/* pll2_q_ck and pll3_q_ck: 0 while the PLL or this output of it is off. */
static uint32_t pll_q_hz(const sim_rcc *r, unsigned n)
{
    bool on = rcc_ready(r, OSC_PLL1 + n) &&
              (r->block.value[R_PLLCFGR] >> (17u + 3u * n) & 1u) != 0u;
    return on ? vco_hz(r, n) / ((r->block.value[R_PLL1DIVR + 2u * n] >> 16 & 127u) + 1u) : 0u;
}

static uint32_t sysclk_hz(const sim_rcc *r)
{
    switch (r->source) {
    case 1:
        return CSI_HZ;
    case 2:
        return RCC_HSE_HZ;
    case 3:
        return vco_hz(r, 0) / ((r->block.value[R_PLL1DIVR] >> 9 & 127u) + 1u);
    default:
        return hsi_hz(r);
    }
}

static uint32_t core_hz(const sim_rcc *r)
{
    return rcc_divided(sysclk_hz(r), r->block.value[R_D1CFGR] >> 8 & 15u);
}

static uint32_t axi_hz(const sim_rcc *r)
{
    return rcc_divided(core_hz(r), r->block.value[R_D1CFGR] & 15u);
}

static unsigned apb_shift(const sim_rcc *r, bool apb2)
{
    return rcc_apb_shift(r->block.value[R_D2CFGR] >> (apb2 ? 8 : 4) & 7u);
}

static uint32_t clock_hz(sim_part *part, sim_clock clock)
{
    const sim_rcc *r = part->rcc;
    const rcc_rates rates = {.sysclk = sysclk_hz(r), .hclk = core_hz(r),
                             .pclk1 = axi_hz(r) >> apb_shift(r, false),
                             .pclk2 = axi_hz(r) >> apb_shift(r, true),
                             .hsi = rcc_ready(r, OSC_HSI) ? hsi_hz(r) : 0u};
    return rcc_clock_hz(r, clock, &rates);
}

static uint32_t timer_hz(sim_part *part, bool apb2)
{
    const sim_rcc *r = part->rcc;
    return rcc_timer_hz(axi_hz(r), apb_shift(r, apb2),
                        (r->block.value[R_CFGR] & CFGR_TIMPRE) != 0u);
}

static uint32_t clk48_hz(sim_part *part)
{
    return rcc_ready(part->rcc, OSC_HSI48) ? HSI48_HZ : 0u;
}

/* USART1 and 6 by D2CCIP2R.USART16SEL, the others by USART28SEL (RM0433 8.7.18). */
static uint32_t uart_clock_hz(sim_part *part, uint32_t base)
{
    const sim_rcc *r = part->rcc;
    bool apb2 = base >= 0x40010000u;
    switch (r->block.value[R_D2CCIP2R] >> (apb2 ? 3 : 0) & 7u) {
    case 0:
        return clock_hz(part, apb2 ? SIM_CLOCK_PCLK2 : SIM_CLOCK_PCLK1);
    case 1:
        return pll_q_hz(r, 1);
    case 2:
        return pll_q_hz(r, 2);
    case 3:
        return clock_hz(part, SIM_CLOCK_HSI16);
    case 4:
        return rcc_ready(r, OSC_CSI) ? CSI_HZ : 0u;
    case 5:
        return clock_hz(part, SIM_CLOCK_LSE);
    default:
        return 0; /* reserved: no clock */
    }
}

/* ---- limits: what a part would not survive ---- */

/* By scale VOS0 to VOS3 in MHz: core, AXI, and AXI to each wait state of flash (RM0433
 * table 17; RM0455 table 15, where silicon.md has VOS0 and VOS1 only). */
typedef struct limit {
    uint16_t core, axi, step[5];
} limit;
static const limit limits_h743[4] = {{480, 240, {70, 140, 185, 210, 240}},
                                     {400, 200, {70, 140, 185, 210, 240}},
                                     {300, 150, {55, 110, 165, 225, 225}},
                                     {200, 100, {45, 90, 135, 180, 225}}};
static const limit limits_h7a3[4] = {{280, 280, {44, 88, 132, 176, 220}},
                                     {225, 225, {42, 84, 126, 168, 210}},
                                     {160, 160, {34, 68, 102, 136, 160}},
                                     {88, 88, {22, 44, 66, 88, 88}}};

static void check_clock(sim_part *part)
{
    const sim_rcc *r = part->rcc;
    sim_machine *m = part->m;
    unsigned scale = sim_pwr_h7_scale(part), latency = sim_flash_latency(m);
    const limit *l = &(is_h7a3(r) ? limits_h7a3 : limits_h743)[scale];
    uint32_t most = latency > 4u ? l->axi : l->step[latency];
    if (core_hz(r) > l->core * 1000000u) {
        sim_stop(m, "RCC: the core's clock of %u Hz, but VOS%u allows %u MHz", core_hz(r), scale,
                 l->core);
    } else if (axi_hz(r) > l->axi * 1000000u) {
        sim_stop(m, "RCC: AXI clock of %u Hz, but VOS%u allows %u MHz", axi_hz(r), scale, l->axi);
    } else if (axi_hz(r) > most * 1000000u) {
        sim_stop(m, "RCC: AXI clock of %u Hz with FLASH_ACR.LATENCY %u, but VOS%u allows %u MHz",
                 axi_hz(r), latency, scale, most);
    }
}

static bool pll_can_lock(sim_rcc *r, unsigned pll)
{
    unsigned n = pll - OSC_PLL1;
    sim_machine *m = r->part->m;
    uint32_t input = pll_input_hz(r, n), vco = vco_hz(r, n);
    n += 1u;
    if (input == 0u) {
        sim_stop(m, "RCC: PLL%uON without a source, or with DIVM%u of 0, in PLLCKSELR", n, n);
    } else if (!rcc_ready(r, pll_source(r))) {
        sim_stop(m, "RCC: PLL%uON while its source is not ready", n);
    } else if (input < 1000000u || input > 16000000u) {
        sim_stop(m, "RCC: PLL%u input of %u Hz, allowed 1 to 16 MHz", n, input);
    } else if (vco < 128000000u || vco > 960000000u) {
        sim_stop(m, "RCC: PLL%u VCO of %u Hz, allowed 128 to 960 MHz", n, vco);
    } else {
        return true;
    }
    return false;
}

/* ---- changes ---- */

static void switch_source(sim_rcc *r)
{
    static const uint8_t osc_of[4] = {OSC_HSI, OSC_CSI, OSC_HSE, OSC_PLL1};
    unsigned want = r->block.value[R_CFGR] & 7u;
    if (want == r->source || want > 3u || !rcc_ready(r, osc_of[want])) {
        return;
    }
    if (!sim_pwr_h7_supply_chosen(r->part)) {
        sim_stop(r->part->m, "RCC: the system clock changed before PWR_CR3 was written "
                             "(RM0433 6.4.1)");
        return;
    }
    r->source = want;
    r->block.value[R_CFGR] = (r->block.value[R_CFGR] & ~0x38u) | want << 3;
}

/* What of PLLCKSELR is fixed: the source while any PLL runs, each divider M with its own. */
static uint32_t pll_fixed(const sim_rcc *r)
{
    uint32_t cr = r->block.value[R_CR], fixed = (cr & CR_PLLS_ON) != 0u ? 3u : 0u;
    for (unsigned n = 0; n < 3u; n++) {
        fixed |= (cr & CR_PLLON(n)) != 0u ? PLLCKSELR_M(n) : 0u;
    }
    return fixed;
}

/* The second domain's SRAM: bits 29 and on, RAM 4 and on of the part. */
static void clock_rams(sim_rcc *r)
{
    for (unsigned i = 0; i < (is_h7a3(r) ? 2u : 3u); i++) {
        sim_set_ram_clock(r->part->m, 4u + i, (r->block.value[R_AHB2ENR] >> (29u + i) & 1u) != 0u);
    }
}

static sim_access rcc_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_rcc *r = owner;
    uint32_t *value = r->block.value;
    sim_part_clock_changing(r->part);
    switch (reg) {
    case R_CR:
        for (unsigned osc = OSC_HSI; osc <= OSC_HSI48; osc++) {
            rcc_command(r, osc, old);
        }
        break;
    case R_CFGR:
        switch_source(r);
        break;
    case R_PLLCKSELR:
        value[reg] = (value[reg] & ~pll_fixed(r)) | (old & pll_fixed(r));
        break;
    case R_PLL1DIVR:
    case R_PLL2DIVR:
    case R_PLL3DIVR:
        if ((value[R_CR] & CR_PLLON((reg - R_PLL1DIVR) / 2u)) != 0u) {
            value[reg] = old; /* fixed while the PLL runs */
        }
        break;
    case R_AHB2ENR:
        clock_rams(r);
        break;
    case R_CICR:
        value[R_CIFR] &= ~raw;
        break;
    case R_BDCR:
        rcc_write_bdcr(r, raw);
        break;
    case R_CSR:
        rcc_command(r, OSC_LSI, old);
        break;
    case R_RSR:
        if ((raw & RSR_RMVF) != 0u) {
            value[reg] = 0;
        }
        break;
    default:
        rcc_write_reset(r, reg, old);
        break;
    }
    sim_part_clock_changed(r->part);
    rcc_update_irq(r);
    if (reg == R_CR || reg == R_CFGR || reg == R_D1CFGR) {
        check_clock(r->part);
    }
    return SIM_ACCESS_OK;
}

/* RM0433 table 57. */
#define PINRST (1u << 22 | 1u << 17) /* and the core's */
static const rcc_cause causes[] = {
    {SIM_RESET_POWER, 0x00FA0000u},         {SIM_RESET_PIN, PINRST},
    {SIM_RESET_SOFTWARE, 1u << 24 | PINRST}, {SIM_RESET_IWDG, 1u << 26 | PINRST},
    {SIM_RESET_WWDG, 1u << 28 | PINRST},     {SIM_RESET_LOW_POWER, 1u << 30 | PINRST},
    {0, 0},
};

/* ---- the second place of some registers ---- */

/* RM0433 8.7.40: RCC_C1_... are the same registers; the H7A3 has them there only. */
static uint32_t canonical(const sim_rcc *r, uint32_t offset)
{
    if (offset - GATES_COPY < GATES_BYTES) {
        return offset - (GATES_COPY - GATES);
    }
    return is_h7a3(r) && offset - GATES < GATES_BYTES ? 0xF8u /* nothing there */ : offset;
}

static sim_access rcc_bus_read(void *self, uint32_t offset, unsigned size, uint32_t *value)
{
    const sim_block *b = self;
    return sim_block_read(self, canonical(b->owner, offset), size, value);
}

static sim_access rcc_bus_write(void *self, uint32_t offset, unsigned size, uint32_t value)
{
    const sim_block *b = self;
    return sim_block_write(self, canonical(b->owner, offset), size, value);
}

void sim_rcc_h7_new(sim_part *part)
{
    static const sim_block_hooks hooks = {NULL, rcc_write, NULL};
    static const rcc_kind kind = {
        .spec = {"RCC", 0x58024400u, 0x400u, false, rows, ROWS, &hooks},
        .gates = gates, .gate_count = SIM_ROWS(gates),
        .gpio_base = GPIO_BASE, .gpio_ports = PORTS, .gpio_row = R_AHB4ENR,
        .first_reset = R_AHB3RSTR, .last_reset = R_APB4RSTR, .first_enable = R_AHB3ENR,
        .osc = oscillators, .osc_count = OSC_COUNT, .first_pll = OSC_PLL1, .last_pll = OSC_PLL3,
        .hse = OSC_HSE, .lse = OSC_LSE, .lsi = OSC_LSI, .hse_hz = RCC_HSE_HZ,
        .source_of = {OSC_HSI, OSC_CSI, OSC_HSE, OSC_PLL1},
        .irq = 5u, .flag_row = R_CIFR, .enable_row = R_CIER, .interrupts = ALL,
        .bdcr_row = R_BDCR, .bdcr_bits = 0x0000807Du,
        .cause_row = R_RSR, .causes = causes, .cause_flags = ALL,
        .rtc_divider_row = R_CFGR, .rtc_divider_shift = 8u, .rtc_divider_mask = 63u,
        .pll_source = pll_source, .can_lock = pll_can_lock, .switch_source = switch_source,
        .after_reset = clock_rams,
        .services = {.clock_hz = clock_hz, .uart_clock_hz = uart_clock_hz, .timer_hz = timer_hz,
                     .clk48_hz = clk48_hz, .check_clock = check_clock}};
    sim_rcc *r = rcc_new(part, &kind, HSI_HZ);
    r->block.periph.read = rcc_bus_read;
    r->block.periph.write = rcc_bus_write;
}
