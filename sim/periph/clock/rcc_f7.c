/* RCC of the STM32F76x (RM0410 5): HSI, HSE, the three PLLs, buses, gates, resets and reset
 * flags. Of PLLI2S and PLLSAI the ready flags and PLLSAI's 48 MHz output matter; what else they
 * feed (SAI, LCD, SPDIF) is not modelled. */
#include "sim/periph/clock/pwr_f7.h"
#include "sim/periph/clock/rcc.h"

#define HSI_HZ 16000000u
#define ALL 0xFFFFFFFFu

enum {
    R_CR, R_PLLCFGR, R_CFGR, R_CIR, R_AHB1RSTR, R_AHB2RSTR, R_AHB3RSTR, R_APB1RSTR, R_APB2RSTR,
    R_AHB1ENR, R_AHB2ENR, R_AHB3ENR, R_APB1ENR, R_APB2ENR, R_AHB1LPENR, R_AHB2LPENR,
    R_AHB3LPENR, R_APB1LPENR, R_APB2LPENR, R_BDCR, R_CSR, R_SSCGR, R_PLLI2SCFGR, R_PLLSAICFGR,
    R_DCKCFGR1, R_DCKCFGR2, ROWS
};

static const sim_reg rows[ROWS] = {
    [R_CR] = {0x00, "CR", 0x00000083u, 0x150D00F9u},
    [R_PLLCFGR] = {0x04, "PLLCFGR", 0x24003010u, 0x7F437FFFu},
    [R_CFGR] = {0x08, "CFGR", 0, 0xFFFFFCF3u},
    [R_CIR] = {0x0C, "CIR", 0, 0x00007F00u},
    [R_AHB1RSTR] = {0x10, "AHB1RSTR", 0, ALL},
    [R_AHB2RSTR] = {0x14, "AHB2RSTR", 0, 0x000000F1u},
    [R_AHB3RSTR] = {0x18, "AHB3RSTR", 0, 3u},
    [R_APB1RSTR] = {0x20, "APB1RSTR", 0, ALL},
    [R_APB2RSTR] = {0x24, "APB2RSTR", 0, ALL},
    [R_AHB1ENR] = {0x30, "AHB1ENR", 0x00100000u, 0x7EF417FFu},
    [R_AHB2ENR] = {0x34, "AHB2ENR", 0, 0x000000F3u},
    [R_AHB3ENR] = {0x38, "AHB3ENR", 0, 3u},
    [R_APB1ENR] = {0x40, "APB1ENR", 0x00000400u, ALL},
    [R_APB2ENR] = {0x44, "APB2ENR", 0, 0x6DF77F33u},
    [R_AHB1LPENR] = {0x50, "AHB1LPENR", 0x7EF7B7FFu, ALL},
    [R_AHB2LPENR] = {0x54, "AHB2LPENR", 0x000000F1u, ALL},
    [R_AHB3LPENR] = {0x58, "AHB3LPENR", 0x00000003u, 3u},
    [R_APB1LPENR] = {0x60, "APB1LPENR", 0xFFFFCBFFu, ALL},
    [R_APB2LPENR] = {0x64, "APB2LPENR", 0x04F77F33u, ALL},
    [R_BDCR] = {0x70, "BDCR", 0, 0},
    [R_CSR] = {0x74, "CSR", 0x0E000000u, 1u},
    [R_SSCGR] = {0x80, "SSCGR", 0, 0xCFFFFFFFu},
    [R_PLLI2SCFGR] = {0x84, "PLLI2SCFGR", 0x24003000u, 0x7F037FC0u},
    [R_PLLSAICFGR] = {0x88, "PLLSAICFGR", 0x24003000u, 0x7F037FC0u},
    [R_DCKCFGR1] = {0x8C, "DCKCFGR1", 0, 0x07F31F1Fu},
    [R_DCKCFGR2] = {0x90, "DCKCFGR2", 0, 0x3FFFFFFFu},
};

/* GPIO is worked out: bit n of AHB1ENR is port n. */
static const rcc_gate gates[] = {
    {0x40026000u, R_AHB1ENR, 21, true},  {0x40026400u, R_AHB1ENR, 22, true},
    {0x40023000u, R_AHB1ENR, 12, true},  {0x50060800u, R_AHB2ENR, 6, true},
    {0x40002800u, R_APB1ENR, 10, false}, {0x40002C00u, R_APB1ENR, 11, false},
    {0x40004400u, R_APB1ENR, 17, true},  {0x40004800u, R_APB1ENR, 18, true},
    {0x40004C00u, R_APB1ENR, 19, true},  {0x40005000u, R_APB1ENR, 20, true},
    {0x40007000u, R_APB1ENR, 28, true},  {0x40007800u, R_APB1ENR, 30, true},
    {0x40007C00u, R_APB1ENR, 31, true},  {0x40011000u, R_APB2ENR, 4, true},
    {0x40011400u, R_APB2ENR, 5, true},   {0x40013800u, R_APB2ENR, 14, true},
    {0x40000000u, R_APB1ENR, 0, true},   {0x40000400u, R_APB1ENR, 1, true},
    {0x40000800u, R_APB1ENR, 2, true},   {0x40000C00u, R_APB1ENR, 3, true},
    {0x40001000u, R_APB1ENR, 4, true},   {0x40001400u, R_APB1ENR, 5, true},
    {0x40001800u, R_APB1ENR, 6, true},   {0x40001C00u, R_APB1ENR, 7, true},
    {0x40002000u, R_APB1ENR, 8, true},   {0x40010000u, R_APB2ENR, 0, true},
    {0x40010400u, R_APB2ENR, 1, true},   {0x40014000u, R_APB2ENR, 16, true},
    {0x40014400u, R_APB2ENR, 17, true},  {0x40014800u, R_APB2ENR, 18, true},
};
#define GPIO_BASE 0x40020000u
#define PORTS 11u

enum { OSC_HSI, OSC_HSE, OSC_PLL, OSC_PLLI2S, OSC_PLLSAI, OSC_LSI, OSC_LSE, OSC_COUNT };

/* Start-up times are the datasheet's typical ones (DS11532 6.3.9, 6.3.10); the flag is CIR's,
 * its enable 8 above it. */
static const rcc_oscillator oscillators[OSC_COUNT] = {
    [OSC_HSI] = {R_CR, 0, 1, 2, 2u * SIM_PS_PER_US},
    [OSC_HSE] = {R_CR, 16, 17, 3, 2u * SIM_PS_PER_MS},
    [OSC_PLL] = {R_CR, 24, 25, 4, 100u * SIM_PS_PER_US},
    [OSC_PLLI2S] = {R_CR, 26, 27, 5, 100u * SIM_PS_PER_US},
    [OSC_PLLSAI] = {R_CR, 28, 29, 6, 100u * SIM_PS_PER_US},
    [OSC_LSI] = {R_CSR, 0, 1, 0, 20u * SIM_PS_PER_US},
    [OSC_LSE] = {R_BDCR, 0, 1, 1, 2u * SIM_PS_PER_S},
};

#define CR_PLLON (1u << 24)
#define CR_PLLI2SON (1u << 26)
#define CR_PLLSAION (1u << 28)
#define PLLCFGR_SHARED 0x0040003Fu /* source and M */
#define DCKCFGR1_TIMPRE (1u << 24)
#define DCKCFGR2_CK48MSEL (1u << 27)
#define CSR_RMVF (1u << 24)
#define CSR_FLAGS 0xFE000000u
#define SW_HSI 0u
#define SW_HSE 1u
#define SW_PLL 2u

/* ---- frequencies ---- */

static unsigned pll_source(const sim_rcc *r)
{
    return (r->block.value[R_PLLCFGR] >> 22 & 1u) != 0u ? OSC_HSE : OSC_HSI;
}

static uint32_t pll_input_hz(const sim_rcc *r)
{
    uint32_t m = r->block.value[R_PLLCFGR] & 63u;
    return m < 2u ? 0u : (pll_source(r) == OSC_HSE ? RCC_HSE_HZ : HSI_HZ) / m;
}

/* The three share source and divider M; each has its own N, at the same place. */
static uint32_t pll_vco_hz(const sim_rcc *r, unsigned pll)
{
    static const uint8_t config[] = {R_PLLCFGR, R_PLLI2SCFGR, R_PLLSAICFGR};
    return pll_input_hz(r) * (r->block.value[config[pll - OSC_PLL]] >> 6 & 511u);
}

static uint32_t vco_hz(const sim_rcc *r)
{
    return pll_vco_hz(r, OSC_PLL);
}

static uint32_t sysclk_hz(const sim_rcc *r)
{
    switch (r->source) {
    case SW_HSE:
        return RCC_HSE_HZ;
    case SW_PLL:
        return vco_hz(r) / (2u * ((r->block.value[R_PLLCFGR] >> 16 & 3u) + 1u));
    default:
        return HSI_HZ;
    }
}

static uint32_t hclk_hz(const sim_rcc *r)
{
    return rcc_divided(sysclk_hz(r), r->block.value[R_CFGR] >> 4 & 15u);
}

static unsigned apb_shift(const sim_rcc *r, bool apb2)
{
    return rcc_apb_shift(r->block.value[R_CFGR] >> (apb2 ? 13 : 10) & 7u);
}

static uint32_t clock_hz(sim_part *part, sim_clock clock)
{
    const sim_rcc *r = part->rcc;
    const rcc_rates rates = {.sysclk = sysclk_hz(r), .hclk = hclk_hz(r),
                             .pclk1 = hclk_hz(r) >> apb_shift(r, false),
                             .pclk2 = hclk_hz(r) >> apb_shift(r, true),
                             .hsi = rcc_ready(r, OSC_HSI) ? HSI_HZ : 0u};
    return rcc_clock_hz(r, clock, &rates);
}

static uint32_t timer_hz(sim_part *part, bool apb2)
{
    const sim_rcc *r = part->rcc;
    return rcc_timer_hz(hclk_hz(r), apb_shift(r, apb2),
                        (r->block.value[R_DCKCFGR1] & DCKCFGR1_TIMPRE) != 0u);
}

/* DCKCFGR2.CK48MSEL: Q of the main PLL, or P of PLLSAI. */
static uint32_t clk48_hz(sim_part *part)
{
    const sim_rcc *r = part->rcc;
    uint32_t q = r->block.value[R_PLLCFGR] >> 24 & 15u;
    if ((r->block.value[R_DCKCFGR2] & DCKCFGR2_CK48MSEL) != 0u) {
        uint32_t p = r->block.value[R_PLLSAICFGR] >> 16 & 3u;
        return rcc_ready(r, OSC_PLLSAI) ? pll_vco_hz(r, OSC_PLLSAI) / (2u * (p + 1u)) : 0u;
    }
    return rcc_ready(r, OSC_PLL) && q >= 2u ? vco_hz(r) / q : 0u;
}

/* DCKCFGR2: two bits each, USART1 to USART3, UART4, UART5, USART6, UART7, UART8. */
static uint32_t uart_clock_hz(sim_part *part, uint32_t base)
{
    static const uint32_t bases[] = {0x40011000u, 0x40004400u, 0x40004800u, 0x40004C00u,
                                     0x40005000u, 0x40011400u, 0x40007800u, 0x40007C00u};
    const sim_rcc *r = part->rcc;
    for (unsigned i = 0; i < SIM_ROWS(bases); i++) {
        if (bases[i] != base) {
            continue;
        }
        sim_clock bus = base >= 0x40010000u ? SIM_CLOCK_PCLK2 : SIM_CLOCK_PCLK1;
        return rcc_serial_hz(part, r->block.value[R_DCKCFGR2] >> (2u * i), clock_hz(part, bus));
    }
    return 0;
}

/* ---- limits: what a part would not survive ---- */

/* RM0410 3.3.2 and 4.1.4, at 2.7 V and more: 30 MHz to a wait state; the highest HCLK by
 * voltage scale, without and with over-drive. */
static void check_clock(sim_part *part)
{
    static const uint8_t most[2][4] = {{0, 180, 168, 144}, {0, 216, 180, 144}};
    const sim_rcc *r = part->rcc;
    sim_machine *m = part->m;
    unsigned over_drive = sim_pwr_f7_over_drive(part) ? 1u : 0u, scale = sim_pwr_f7_scale(part);
    uint32_t hclk = hclk_hz(r), latency = sim_flash_latency(m);
    if (hclk > most[over_drive][scale] * 1000000u) {
        sim_stop(m, "RCC: HCLK of %u Hz, but voltage scale %u %s over-drive allows %u MHz", hclk,
                 scale, over_drive != 0u ? "with" : "without", most[over_drive][scale]);
    } else if (hclk > (latency + 1u) * 30000000u) {
        sim_stop(m, "RCC: HCLK of %u Hz with FLASH_ACR.LATENCY %u, which allows %u MHz", hclk,
                 latency, (latency + 1u) * 30u);
    } else if (clock_hz(part, SIM_CLOCK_PCLK1) > (over_drive != 0u ? 54000000u : 45000000u) ||
               clock_hz(part, SIM_CLOCK_PCLK2) > (over_drive != 0u ? 108000000u : 90000000u)) {
        sim_stop(m, "RCC: APB1 at %u Hz and APB2 at %u Hz: one of them is too fast",
                 clock_hz(part, SIM_CLOCK_PCLK1), clock_hz(part, SIM_CLOCK_PCLK2));
    }
}

static bool pll_can_lock(sim_rcc *r, unsigned pll)
{
    static const char *const names[] = {"PLL", "PLLI2S", "PLLSAI"};
    const char *name = names[pll - OSC_PLL];
    sim_machine *m = r->part->m;
    uint32_t input = pll_input_hz(r), vco = pll_vco_hz(r, pll);
    if (!rcc_ready(r, pll_source(r))) {
        sim_stop(m, "RCC: %sON while its source is not ready", name);
    } else if (input < 950000u || input > 2100000u) {
        sim_stop(m, "RCC: %s input of %u Hz, allowed 0.95 to 2.1 MHz", name, input);
    } else if (vco < 100000000u || vco > 432000000u) {
        sim_stop(m, "RCC: %s VCO of %u Hz, allowed 100 to 432 MHz", name, vco);
    } else {
        return true;
    }
    return false;
}

/* ---- changes ---- */

static void switch_source(sim_rcc *r)
{
    static const uint8_t osc_of[3] = {OSC_HSI, OSC_HSE, OSC_PLL};
    unsigned want = r->block.value[R_CFGR] & 3u;
    if (want != r->source && want < 3u && rcc_ready(r, osc_of[want])) {
        r->source = want;
        r->block.value[R_CFGR] = (r->block.value[R_CFGR] & ~0xCu) | want << 2;
    }
}

static sim_access rcc_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_rcc *r = owner;
    uint32_t *value = r->block.value;
    sim_part_clock_changing(r->part);
    switch (reg) {
    case R_CR:
        for (unsigned osc = OSC_HSI; osc <= OSC_PLLSAI; osc++) {
            rcc_command(r, osc, old);
        }
        break;
    case R_CFGR:
        switch_source(r);
        break;
    case R_PLLCFGR: /* each is fixed while its PLL runs, what all share while any does */
        value[reg] = (value[R_CR] & CR_PLLON) != 0u ? old : value[reg];
        if ((value[R_CR] & (CR_PLLI2SON | CR_PLLSAION)) != 0u) {
            value[reg] = (value[reg] & ~PLLCFGR_SHARED) | (old & PLLCFGR_SHARED);
        }
        break;
    case R_PLLI2SCFGR:
        value[reg] = (value[R_CR] & CR_PLLI2SON) != 0u ? old : value[reg];
        break;
    case R_PLLSAICFGR:
        value[reg] = (value[R_CR] & CR_PLLSAION) != 0u ? old : value[reg];
        break;
    case R_CIR:
        value[reg] &= ~(raw >> 16 & 0x7Fu);
        break;
    case R_APB1ENR:
        value[reg] |= old & (1u << 11); /* WWDG: only a reset takes its clock */
        break;
    case R_BDCR:
        rcc_write_bdcr(r, raw);
        break;
    case R_CSR:
        if ((raw & CSR_RMVF) != 0u) {
            value[reg] &= ~CSR_FLAGS;
        }
        rcc_command(r, OSC_LSI, old);
        break;
    default:
        rcc_write_reset(r, reg, old);
        break;
    }
    sim_part_clock_changed(r->part);
    rcc_update_irq(r);
    if (reg == R_CR || reg == R_CFGR) {
        check_clock(r->part);
    }
    return SIM_ACCESS_OK;
}

/* RM0410 5.3.21: PINRST with every reset, as NRST is pulled. */
#define PINRST (1u << 26)
static const rcc_cause causes[] = {
    {SIM_RESET_POWER, 1u << 27 | 1u << 25 | PINRST}, {SIM_RESET_PIN | SIM_RESET_OPTION, PINRST},
    {SIM_RESET_SOFTWARE, 1u << 28 | PINRST},         {SIM_RESET_IWDG, 1u << 29 | PINRST},
    {SIM_RESET_WWDG, 1u << 30 | PINRST},             {SIM_RESET_LOW_POWER, 1u << 31 | PINRST},
    {0, 0},
};

void sim_rcc_f7_new(sim_part *part)
{
    static const sim_block_hooks hooks = {NULL, rcc_write, NULL};
    static const rcc_kind kind = {
        .spec = {"RCC", 0x40023800u, 0x400u, false, rows, ROWS, &hooks},
        .gates = gates, .gate_count = SIM_ROWS(gates),
        .gpio_base = GPIO_BASE, .gpio_ports = PORTS, .gpio_row = R_AHB1ENR,
        .first_reset = R_AHB1RSTR, .last_reset = R_APB2RSTR, .first_enable = R_AHB1ENR,
        .osc = oscillators, .osc_count = OSC_COUNT, .first_pll = OSC_PLL, .last_pll = OSC_PLLSAI,
        .hse = OSC_HSE, .lse = OSC_LSE, .lsi = OSC_LSI, .hse_hz = RCC_HSE_HZ,
        .source_of = {OSC_HSI, OSC_HSE, OSC_PLL},
        .irq = 5u, .flag_row = R_CIR, .enable_row = R_CIR, .enable_shift = 8u, .interrupts = 0x7Fu,
        .bdcr_row = R_BDCR, .bdcr_bits = 0x0000801Du,
        .cause_row = R_CSR, .causes = causes, .cause_flags = CSR_FLAGS,
        .rtc_divider_row = R_CFGR, .rtc_divider_shift = 16u, .rtc_divider_mask = 31u,
        .pll_source = pll_source, .can_lock = pll_can_lock, .switch_source = switch_source,
        .services = {.clock_hz = clock_hz, .uart_clock_hz = uart_clock_hz, .timer_hz = timer_hz,
                     .clk48_hz = clk48_hz, .check_clock = check_clock}};
    (void)rcc_new(part, &kind, HSI_HZ);
}
