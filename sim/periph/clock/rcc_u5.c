/* RCC of the U5 with TZEN = 0 (RM0456 11): clock tree, gates, peripheral resets, flags. */
#include "sim/periph/clock/rcc.h"
#include "sim/periph/part/u5.h"

#define HSI_HZ 16000000u
#define HSE_HZ 16000000u /* the crystal of the NUCLEO-U575ZI-Q */
#define BOOST_NEEDED_HZ 55000000u

enum {
    R_CR, R_ICSCR1, R_ICSCR2, R_ICSCR3, R_CRRCR, R_CFGR1, R_CFGR2, R_CFGR3, R_PLL1CFGR, R_PLL2CFGR,
    R_PLL3CFGR, R_PLL1DIVR, R_PLL1FRACR, R_PLL2DIVR, R_PLL2FRACR, R_PLL3DIVR, R_PLL3FRACR, R_CIER,
    R_CIFR, R_CICR, R_AHB1RSTR, R_AHB2RSTR1, R_AHB2RSTR2, R_AHB3RSTR, R_APB1RSTR1, R_APB1RSTR2,
    R_APB2RSTR, R_APB3RSTR, R_AHB1ENR, R_AHB2ENR1, R_AHB2ENR2, R_AHB3ENR, R_APB1ENR1, R_APB1ENR2,
    R_APB2ENR, R_APB3ENR, R_AHB1SMENR, R_AHB2SMENR1, R_AHB2SMENR2, R_AHB3SMENR, R_APB1SMENR1,
    R_APB1SMENR2, R_APB2SMENR, R_APB3SMENR, R_SRDAMR, R_CCIPR1, R_CCIPR2, R_CCIPR3, R_BDCR, R_CSR
};

#define CR_PLL1ON (1u << 24)
#define ICSCR1_MSIRGSEL (1u << 23)
#define PLL1CFGR_FRACEN (1u << 4)
#define PLL1CFGR_REN (1u << 18)
#define PLL1CFGR_FIXED 0x0000FF0Fu /* while the PLL runs */
#define CSR_RMVF (1u << 23)
#define CSR_FLAGS 0xFE000000u
#define APB1ENR1_WWDGEN (1u << 11)
#define SW_MSIS 0u
#define SW_HSI 1u
#define SW_HSE 2u
#define SW_PLL 3u

#define AHB1_RESET 0xD0000100u
#define AHB1_BITS 0xD11F9F0Fu
#define AHB2_1_BITS 0xD9BFD7FFu
#define AHB2_2_BITS 0xC0001111u
#define AHB3_BITS 0x80001665u
#define APB1_1_BITS 0x037E483Fu
#define APB1_2_BITS 0x008002E2u
#define APB2_BITS 0x00677800u
#define APB3_BITS 0x0030F8E2u
#define ALL 0xFFFFFFFFu

static const sim_reg rows[] = {
    [R_CR] = {0x00, "CR", 0x00000035u, 0x151D53DBu},
    [R_ICSCR1] = {0x08, "ICSCR1", 0x44000000u, 0xFFC00000u},
    [R_ICSCR2] = {0x0C, "ICSCR2", 0x00084210u, 0x000FFFFFu},
    [R_ICSCR3] = {0x10, "ICSCR3", 0x00100000u, 0x001F0000u},
    [R_CRRCR] = {0x14, "CRRCR", 0, 0},
    [R_CFGR1] = {0x1C, "CFGR1", 0, 0x7F000033u},
    [R_CFGR2] = {0x20, "CFGR2", 0x00006000u, 0x001F777Fu},
    [R_CFGR3] = {0x24, "CFGR3", 0, 0x00030070u},
    [R_PLL1CFGR] = {0x28, "PLL1CFGR", 0, 0x0007FF1Fu},
    [R_PLL2CFGR] = {0x2C, "PLL2CFGR", 0, 0x00070F1Fu},
    [R_PLL3CFGR] = {0x30, "PLL3CFGR", 0, 0x00070F1Fu},
    [R_PLL1DIVR] = {0x34, "PLL1DIVR", 0x01010280u, 0x7F7FFFFFu},
    [R_PLL1FRACR] = {0x38, "PLL1FRACR", 0, 0x0000FFF8u},
    [R_PLL2DIVR] = {0x3C, "PLL2DIVR", 0x01010280u, 0x7F7FFFFFu},
    [R_PLL2FRACR] = {0x40, "PLL2FRACR", 0, 0x0000FFF8u},
    [R_PLL3DIVR] = {0x44, "PLL3DIVR", 0x01010280u, 0x7F7FFFFFu},
    [R_PLL3FRACR] = {0x48, "PLL3FRACR", 0, 0x0000FFF8u},
    [R_CIER] = {0x50, "CIER", 0, 0x000019FFu},
    [R_CIFR] = {0x54, "CIFR", 0, 0},
    [R_CICR] = {0x58, "CICR", 0, 0},
    [R_AHB1RSTR] = {0x60, "AHB1RSTR", 0, 0x000F900Fu},
    [R_AHB2RSTR1] = {0x64, "AHB2RSTR1", 0, 0x19BF57FFu},
    [R_AHB2RSTR2] = {0x68, "AHB2RSTR2", 0, 0x00001111u},
    [R_AHB3RSTR] = {0x6C, "AHB3RSTR", 0, 0x00000661u},
    [R_APB1RSTR1] = {0x74, "APB1RSTR1", 0, 0x037E403Fu},
    [R_APB1RSTR2] = {0x78, "APB1RSTR2", 0, APB1_2_BITS},
    [R_APB2RSTR] = {0x7C, "APB2RSTR", 0, APB2_BITS},
    [R_APB3RSTR] = {0x80, "APB3RSTR", 0, 0x0010F8E2u},
    [R_AHB1ENR] = {0x88, "AHB1ENR", AHB1_RESET, AHB1_BITS},
    [R_AHB2ENR1] = {0x8C, "AHB2ENR1", 0xC0000000u, AHB2_1_BITS},
    [R_AHB2ENR2] = {0x90, "AHB2ENR2", 0, AHB2_2_BITS},
    [R_AHB3ENR] = {0x94, "AHB3ENR", 0x80000000u, AHB3_BITS},
    [R_APB1ENR1] = {0x9C, "APB1ENR1", 0, APB1_1_BITS},
    [R_APB1ENR2] = {0xA0, "APB1ENR2", 0, APB1_2_BITS},
    [R_APB2ENR] = {0xA4, "APB2ENR", 0, APB2_BITS},
    [R_APB3ENR] = {0xA8, "APB3ENR", 0, APB3_BITS},
    [R_AHB1SMENR] = {0xB0, "AHB1SMENR", ALL, ALL},
    [R_AHB2SMENR1] = {0xB4, "AHB2SMENR1", ALL, ALL},
    [R_AHB2SMENR2] = {0xB8, "AHB2SMENR2", ALL, ALL},
    [R_AHB3SMENR] = {0xBC, "AHB3SMENR", ALL, ALL},
    [R_APB1SMENR1] = {0xC4, "APB1SMENR1", ALL, ALL},
    [R_APB1SMENR2] = {0xC8, "APB1SMENR2", ALL, ALL},
    [R_APB2SMENR] = {0xCC, "APB2SMENR", ALL, ALL},
    [R_APB3SMENR] = {0xD0, "APB3SMENR", ALL, ALL},
    [R_SRDAMR] = {0xD8, "SRDAMR", 0, ALL},
    [R_CCIPR1] = {0xE0, "CCIPR1", 0, ALL},
    [R_CCIPR2] = {0xE4, "CCIPR2", 0, ALL},
    [R_CCIPR3] = {0xE8, "CCIPR3", 0, 0x0000FFFFu},
    [R_BDCR] = {0xF0, "BDCR", 0, 0},
    [R_CSR] = {0xF4, "CSR", 0x0C004400u, 0x0000FF00u},
};

static const rcc_gate gates[] = {
    {0x40020000u, R_AHB1ENR, 0, true},    {0x40023000u, R_AHB1ENR, 12, true},
    {0x42020000u, R_AHB2ENR1, 0, true},   {0x42020400u, R_AHB2ENR1, 1, true},
    {0x42020800u, R_AHB2ENR1, 2, true},   {0x42020C00u, R_AHB2ENR1, 3, true},
    {0x42021000u, R_AHB2ENR1, 4, true},   {0x42021400u, R_AHB2ENR1, 5, true},
    {0x42021800u, R_AHB2ENR1, 6, true},   {0x42021C00u, R_AHB2ENR1, 7, true},
    {0x42022000u, R_AHB2ENR1, 8, true},   {0x46020800u, R_AHB3ENR, 2, false},
    {0x40002C00u, R_APB1ENR1, 11, false}, {0x40004400u, R_APB1ENR1, 17, true},
    {0x40004800u, R_APB1ENR1, 18, true},  {0x40004C00u, R_APB1ENR1, 19, true},
    {0x40005000u, R_APB1ENR1, 20, true},  {0x40006000u, R_APB1ENR1, 24, true},
    {0x40000000u, R_APB1ENR1, 0, true},   {0x40000400u, R_APB1ENR1, 1, true},
    {0x40000800u, R_APB1ENR1, 2, true},   {0x40000C00u, R_APB1ENR1, 3, true},
    {0x40001000u, R_APB1ENR1, 4, true},   {0x40001400u, R_APB1ENR1, 5, true},
    {0x40012C00u, R_APB2ENR, 11, true},   {0x40013400u, R_APB2ENR, 13, true},
    {0x40014000u, R_APB2ENR, 16, true},   {0x40014400u, R_APB2ENR, 17, true},
    {0x40014800u, R_APB2ENR, 18, true},   {0x40013800u, R_APB2ENR, 14, true},
    {0x46000400u, R_APB3ENR, 1, true},    {0x46002400u, R_APB3ENR, 6, true},
    {0x46007800u, R_APB3ENR, 21, false},  {0x46007C00u, R_APB3ENR, 21, false},
};

enum { OSC_MSIS, OSC_MSIK, OSC_HSI, OSC_HSI48, OSC_HSE, OSC_PLL, OSC_LSE, OSC_LSI, OSC_COUNT };

static const rcc_oscillator oscillators[OSC_COUNT] = {
    [OSC_MSIS] = {R_CR, 0, 2, 2, 10u * SIM_PS_PER_US},
    [OSC_MSIK] = {R_CR, 4, 5, 11, 10u * SIM_PS_PER_US},
    [OSC_HSI] = {R_CR, 8, 10, 3, 2u * SIM_PS_PER_US},
    [OSC_HSI48] = {R_CR, 12, 13, 5, 3u * SIM_PS_PER_US},
    [OSC_HSE] = {R_CR, 16, 17, 4, 2u * SIM_PS_PER_MS},
    [OSC_PLL] = {R_CR, 24, 25, 6, 25u * SIM_PS_PER_US},
    [OSC_LSE] = {R_BDCR, 0, 1, 1, 2u * SIM_PS_PER_S},
    [OSC_LSI] = {R_BDCR, 26, 27, 0, 80u * SIM_PS_PER_US},
};

/* ---- frequencies ---- */

static uint32_t msis_hz(const sim_rcc *r)
{
    static const uint32_t ranges[16] = {48000000u, 24000000u, 16000000u, 12000000u,
                                        4000000u,  2000000u,  1330000u,  1000000u,
                                        3072000u,  1536000u,  1024000u,  768000u,
                                        400000u,   200000u,   133000u,   100000u};
    bool own = (r->block.value[R_ICSCR1] & ICSCR1_MSIRGSEL) != 0u;
    return ranges[own ? r->block.value[R_ICSCR1] >> 28 : r->block.value[R_CSR] >> 12 & 15u];
}

static uint32_t pll_source_hz(const sim_rcc *r)
{
    switch (r->block.value[R_PLL1CFGR] & 3u) {
    case 1:
        return msis_hz(r);
    case 2:
        return HSI_HZ;
    case 3:
        return HSE_HZ;
    default:
        return 0;
    }
}

static uint64_t pll_vco_hz(const sim_rcc *r)
{
    uint32_t m = (r->block.value[R_PLL1CFGR] >> 8 & 15u) + 1u;
    return (uint64_t)pll_source_hz(r) / m * ((r->block.value[R_PLL1DIVR] & 0x1FFu) + 1u);
}

static uint32_t sysclk_hz(const sim_rcc *r)
{
    switch (r->source) {
    case SW_MSIS:
        return msis_hz(r);
    case SW_HSE:
        return HSE_HZ;
    case SW_PLL:
        return (uint32_t)(pll_vco_hz(r) / ((r->block.value[R_PLL1DIVR] >> 24 & 0x7Fu) + 1u));
    default:
        return HSI_HZ;
    }
}

static uint32_t hclk_hz(const sim_rcc *r)
{
    return rcc_divided(sysclk_hz(r), r->block.value[R_CFGR2] & 15u);
}

/* bus: 1 to 3 */
static unsigned apb_shift(const sim_rcc *r, unsigned bus)
{
    return rcc_apb_shift(bus == 3u ? r->block.value[R_CFGR3] >> 4 & 7u
                                   : r->block.value[R_CFGR2] >> 4u * bus & 7u);
}

static uint32_t clock_hz(sim_part *part, sim_clock clock)
{
    const sim_rcc *r = part->rcc;
    const rcc_rates rates = {.sysclk = sysclk_hz(r), .hclk = hclk_hz(r),
                             .pclk1 = hclk_hz(r) >> apb_shift(r, 1u),
                             .pclk2 = hclk_hz(r) >> apb_shift(r, 2u),
                             .hsi = rcc_ready(r, OSC_HSI) ? HSI_HZ : 0u};
    return rcc_clock_hz(r, clock, &rates);
}

static uint32_t timer_hz(sim_part *part, bool apb2)
{
    const sim_rcc *r = part->rcc;
    return rcc_timer_hz(hclk_hz(r), apb_shift(r, apb2 ? 2u : 1u), false);
}

static uint32_t no_clk48(sim_part *part)
{
    (void)part;
    return 0;
}

static uint32_t uart_clock_hz(sim_part *part, uint32_t base)
{
    static const struct {
        uint32_t base;
        uint8_t row, shift, pclk; /* pclk: 1, 2, 3 */
    } selectors[] = {{0x40013800u, R_CCIPR1, 0, 2}, {0x40004400u, R_CCIPR1, 2, 1},
                     {0x40004800u, R_CCIPR1, 4, 1}, {0x40004C00u, R_CCIPR1, 6, 1},
                     {0x40005000u, R_CCIPR1, 8, 1}, {0x46002400u, R_CCIPR3, 0, 3}};
    const sim_rcc *r = part->rcc;
    for (size_t i = 0; i < SIM_ROWS(selectors); i++) {
        if (selectors[i].base != base) {
            continue;
        }
        return rcc_serial_hz(part, r->block.value[selectors[i].row] >> selectors[i].shift,
                             hclk_hz(r) >> apb_shift(r, selectors[i].pclk));
    }
    return 0;
}

/* ---- limits: what a part would not survive ---- */

/* Highest HCLK in units of 100 kHz per number of wait states (RM0456 7.3.3). */
static void check_clock(sim_part *part)
{
    static const uint16_t limits[4][5] = {{320, 640, 960, 1280, 1600},
                                          {250, 500, 750, 1000, 1000},
                                          {125, 250, 375, 500, 500},
                                          {80, 160, 240, 240, 240}};
    const sim_rcc *r = part->rcc;
    unsigned range = sim_pwr_u5_range(part), latency = sim_flash_latency(part->m);
    uint32_t most = limits[range - 1u][4] * 100000u;
    uint32_t allowed = limits[range - 1u][latency < 4u ? latency : 4u] * 100000u;
    if (sysclk_hz(r) > most) {
        sim_stop(part->m, "RCC: SYSCLK of %u Hz, but voltage range %u allows %u Hz", sysclk_hz(r),
                 range, most);
    } else if (hclk_hz(r) > allowed) {
        sim_stop(part->m, "RCC: HCLK of %u Hz with FLASH_ACR.LATENCY %u, but voltage range %u "
                 "allows %u Hz", hclk_hz(r), latency, range, allowed);
    } else if (sysclk_hz(r) > BOOST_NEEDED_HZ && !sim_pwr_u5_boosted(part)) {
        sim_stop(part->m, "RCC: SYSCLK of %u Hz without the EPOD booster, which it needs above "
                 "%u Hz", sysclk_hz(r), BOOST_NEEDED_HZ);
    }
}

bool sim_rcc_u5_booster_clocked(const sim_part *part)
{
    static const uint8_t divide[16] = {1, 2, 4, 6, 8, 10, 12, 14, 16};
    const sim_rcc *r = part->rcc;
    unsigned code = r->block.value[R_PLL1CFGR] >> 12 & 15u;
    uint32_t hz = divide[code] == 0u ? 0u : pll_source_hz(r) / divide[code];
    return hz >= 4000000u && hz <= 16000000u;
}

static unsigned pll_source(const sim_rcc *r)
{
    static const uint8_t source_of[4] = {OSC_COUNT, OSC_MSIS, OSC_HSI, OSC_HSE};
    return source_of[r->block.value[R_PLL1CFGR] & 3u];
}

static bool pll_can_lock(sim_rcc *r, unsigned pll)
{
    (void)pll; /* there is one */
    uint32_t config = r->block.value[R_PLL1CFGR];
    uint32_t input = pll_source_hz(r) / ((config >> 8 & 15u) + 1u);
    unsigned range = config >> 2 & 3u;
    sim_machine *m = r->part->m;
    if (input == 0u || !rcc_ready(r, pll_source(r))) {
        sim_stop(m, "RCC: PLL1ON without a source that is ready");
    } else if ((config & PLL1CFGR_FRACEN) != 0u) {
        sim_stop(m, "RCC: PLL1FRACEN: the fractional divider is not modelled");
    } else if (input < 4000000u || input > 16000000u || (range == 3u) != (input > 8000000u)) {
        sim_stop(m, "RCC: PLL1 input of %u Hz with PLL1RGE %u", input, range);
    } else if (pll_vco_hz(r) < 128000000u || pll_vco_hz(r) > 544000000u) {
        sim_stop(m, "RCC: PLL1 VCO of %u Hz, allowed 128 to 544 MHz", (unsigned)pll_vco_hz(r));
    } else {
        return true;
    }
    return false;
}

/* ---- changes ---- */

static void switch_source(sim_rcc *r)
{
    unsigned want = r->block.value[R_CFGR1] & 3u;
    if (want == r->source || !rcc_ready(r, r->kind->source_of[want])) {
        return;
    }
    if (want == SW_PLL && (r->block.value[R_PLL1CFGR] & PLL1CFGR_REN) == 0u) {
        sim_stop(r->part->m, "RCC: SYSCLK switched to PLL1 with PLL1CFGR.PLL1REN clear");
        return;
    }
    r->source = want;
    r->block.value[R_CFGR1] = (r->block.value[R_CFGR1] & ~0xCu) | want << 2;
}

static sim_access write_cr(sim_rcc *r, uint32_t old)
{
    static const uint8_t of_cr[] = {OSC_MSIS, OSC_MSIK, OSC_HSI, OSC_HSI48, OSC_HSE, OSC_PLL};
    if ((r->block.value[R_CR] & 0x1400C048u) != 0u) {
        return sim_block_unmodelled(&r->block, R_CR, r->block.value[R_CR],
                                    "MSI PLL mode, SHSI, PLL2 and PLL3 are not modelled");
    }
    for (size_t i = 0; i < sizeof of_cr; i++) {
        rcc_command(r, of_cr[i], old);
    }
    return SIM_ACCESS_OK;
}

static sim_access rcc_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_rcc *r = owner;
    uint32_t *value = r->block.value;
    sim_access result = SIM_ACCESS_OK;
    sim_part_clock_changing(r->part);
    switch (reg) {
    case R_CR:
        result = write_cr(r, old);
        break;
    case R_CFGR1:
        switch_source(r);
        break;
    case R_PLL1CFGR:
        if ((value[R_CR] & CR_PLL1ON) != 0u) {
            value[reg] = (old & PLL1CFGR_FIXED) | (value[reg] & ~PLL1CFGR_FIXED);
        }
        break;
    case R_PLL1DIVR:
        if ((value[R_CR] & CR_PLL1ON) != 0u) {
            value[reg] = old;
        }
        break;
    case R_CICR:
        value[R_CIFR] &= ~raw;
        break;
    case R_APB1ENR1:
        value[reg] |= old & APB1ENR1_WWDGEN; /* only a reset clears it */
        break;
    case R_BDCR:
        rcc_write_bdcr(r, raw);
        break;
    case R_CSR:
        if ((raw & CSR_RMVF) != 0u) {
            value[reg] &= ~CSR_FLAGS;
        }
        break;
    default:
        rcc_write_reset(r, reg, old);
        break;
    }
    sim_part_clock_changed(r->part);
    rcc_update_irq(r);
    if (reg == R_CR || reg == R_CFGR1 || reg == R_CFGR2 || reg == R_ICSCR1) {
        check_clock(r->part);
    }
    return result;
}

/* Internal resets pull NRST as well. */
#define PINRSTF (1u << 26)
static const rcc_cause causes[] = {
    {SIM_RESET_POWER, 1u << 27 | PINRSTF},     {SIM_RESET_PIN, PINRSTF},
    {SIM_RESET_SOFTWARE, 1u << 28 | PINRSTF},  {SIM_RESET_IWDG, 1u << 29 | PINRSTF},
    {SIM_RESET_WWDG, 1u << 30 | PINRSTF},      {SIM_RESET_OPTION, 1u << 25 | PINRSTF},
    {SIM_RESET_LOW_POWER, 1u << 31 | PINRSTF}, {0, 0},
};

void sim_rcc_u5_new(sim_part *part)
{
    static const sim_block_hooks hooks = {NULL, rcc_write, NULL};
    static const rcc_kind kind = {
        .spec = {"RCC", 0x46020C00u, 0x400u, false, rows, SIM_ROWS(rows), &hooks},
        .gates = gates, .gate_count = SIM_ROWS(gates),
        .first_reset = R_AHB1RSTR, .last_reset = R_APB3RSTR, .first_enable = R_AHB1ENR,
        .osc = oscillators, .osc_count = OSC_COUNT, .first_pll = OSC_PLL, .last_pll = OSC_PLL,
        .hse = OSC_HSE, .lse = OSC_LSE, .lsi = OSC_LSI, .hse_hz = HSE_HZ,
        .source_of = {OSC_MSIS, OSC_HSI, OSC_HSE, OSC_PLL}, .reset_source = SW_MSIS,
        .irq = 9u, .flag_row = R_CIFR, .enable_row = R_CIER, .interrupts = ALL,
        .bdcr_row = R_BDCR, .bdcr_bits = 0x170090BDu,
        .cause_row = R_CSR, .causes = causes, .cause_flags = CSR_FLAGS, .rtc_divider = 32u,
        .pll_source = pll_source, .can_lock = pll_can_lock, .switch_source = switch_source,
        .services = {.clock_hz = clock_hz, .uart_clock_hz = uart_clock_hz, .timer_hz = timer_hz,
                     .clk48_hz = no_clk48, .check_clock = check_clock}};
    (void)rcc_new(part, &kind, 4000000u);
}
