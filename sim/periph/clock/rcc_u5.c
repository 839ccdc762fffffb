/* RCC of the U5 with TZEN = 0 (RM0456 11): clock tree, gates, peripheral resets, flags. */
#include "sim/periph/part/u5.h"

#define HSI_HZ 16000000u
#define HSE_HZ 16000000u /* the crystal of the NUCLEO-U575ZI-Q */
#define LSE_HZ 32768u
#define LSI_HZ 32000u
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
#define CR_PLL1RDY (1u << 25)
#define ICSCR1_MSIRGSEL (1u << 23)
#define PLL1CFGR_FRACEN (1u << 4)
#define PLL1CFGR_REN (1u << 18)
#define PLL1CFGR_FIXED 0x0000FF0Fu /* while the PLL runs */
#define BDCR_BDRST (1u << 16)
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

/* Which enable bit clocks which block; the reset bit is at the same place of the register
 * 0x28 below. */
typedef struct gate {
    uint32_t base;
    uint8_t row, bit;
    bool resettable;
} gate;

static const gate gates[] = {
    {0x40020000u, R_AHB1ENR, 0, true},    {0x40023000u, R_AHB1ENR, 12, true},
    {0x42020000u, R_AHB2ENR1, 0, true},
    {0x42020400u, R_AHB2ENR1, 1, true},   {0x42020800u, R_AHB2ENR1, 2, true},
    {0x42020C00u, R_AHB2ENR1, 3, true},   {0x42021000u, R_AHB2ENR1, 4, true},
    {0x42021400u, R_AHB2ENR1, 5, true},   {0x42021800u, R_AHB2ENR1, 6, true},
    {0x42021C00u, R_AHB2ENR1, 7, true},   {0x42022000u, R_AHB2ENR1, 8, true},
    {0x46020800u, R_AHB3ENR, 2, false},   {0x40006000u, R_APB1ENR1, 24, true},
    {0x40002C00u, R_APB1ENR1, 11, false},
    {0x40004400u, R_APB1ENR1, 17, true},  {0x40004800u, R_APB1ENR1, 18, true},
    {0x40004C00u, R_APB1ENR1, 19, true},  {0x40005000u, R_APB1ENR1, 20, true},
    {0x40013800u, R_APB2ENR, 14, true},   {0x46000400u, R_APB3ENR, 1, true},
    {0x46002400u, R_APB3ENR, 6, true},    {0x46007800u, R_APB3ENR, 21, false},
    {0x46007C00u, R_APB3ENR, 21, false},
};

enum { OSC_MSIS, OSC_MSIK, OSC_HSI, OSC_HSI48, OSC_HSE, OSC_PLL, OSC_LSE, OSC_LSI, OSC_COUNT };

typedef struct oscillator_kind {
    uint8_t row, on_bit, ready_bit, flag_bit;
    sim_ps start;
} oscillator_kind;

static const oscillator_kind kinds[OSC_COUNT] = {
    [OSC_MSIS] = {R_CR, 0, 2, 2, 10u * SIM_PS_PER_US},
    [OSC_MSIK] = {R_CR, 4, 5, 11, 10u * SIM_PS_PER_US},
    [OSC_HSI] = {R_CR, 8, 10, 3, 2u * SIM_PS_PER_US},
    [OSC_HSI48] = {R_CR, 12, 13, 5, 3u * SIM_PS_PER_US},
    [OSC_HSE] = {R_CR, 16, 17, 4, 2u * SIM_PS_PER_MS},
    [OSC_PLL] = {R_CR, 24, 25, 6, 25u * SIM_PS_PER_US},
    [OSC_LSE] = {R_BDCR, 0, 1, 1, 2u * SIM_PS_PER_S},
    [OSC_LSI] = {R_BDCR, 26, 27, 0, 80u * SIM_PS_PER_US},
};

typedef struct oscillator {
    struct sim_rcc *rcc;
    const oscillator_kind *kind;
    sim_event ready;
} oscillator;

typedef struct sim_rcc {
    sim_block block;
    sim_part *part;
    oscillator osc[OSC_COUNT];
    unsigned source; /* SWS */
} sim_rcc;

static bool ready(const sim_rcc *r, unsigned osc)
{
    return (r->block.value[kinds[osc].row] & (1u << kinds[osc].ready_bit)) != 0u;
}

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
    static const uint16_t divide[8] = {2, 4, 8, 16, 64, 128, 256, 512};
    uint32_t hpre = r->block.value[R_CFGR2] & 15u;
    return (hpre & 8u) != 0u ? sysclk_hz(r) / divide[hpre & 7u] : sysclk_hz(r);
}

static uint32_t pclk_hz(const sim_rcc *r, unsigned row, unsigned shift)
{
    uint32_t pre = r->block.value[row] >> shift & 7u;
    return (pre & 4u) != 0u ? hclk_hz(r) >> ((pre & 3u) + 1u) : hclk_hz(r);
}

static uint32_t clock_hz(sim_part *part, sim_clock clock)
{
    const sim_rcc *r = part->rcc;
    switch (clock) {
    case SIM_CLOCK_HCLK:
        return hclk_hz(r);
    case SIM_CLOCK_PCLK1:
        return pclk_hz(r, R_CFGR2, 4);
    case SIM_CLOCK_PCLK2:
        return pclk_hz(r, R_CFGR2, 8);
    case SIM_CLOCK_HSI16:
        return ready(r, OSC_HSI) ? HSI_HZ : 0u;
    case SIM_CLOCK_LSE:
        return ready(r, OSC_LSE) ? LSE_HZ : 0u;
    case SIM_CLOCK_LSI:
        return LSI_HZ;
    case SIM_CLOCK_SYSCLK:
        return sysclk_hz(r);
    }
    return 0;
}

static uint32_t timer_hz(sim_part *part, bool apb2)
{
    uint32_t pclk = clock_hz(part, apb2 ? SIM_CLOCK_PCLK2 : SIM_CLOCK_PCLK1);
    return pclk == hclk_hz(part->rcc) ? pclk : 2u * pclk;
}

static uint32_t no_clk48(sim_part *part)
{
    (void)part;
    return 0;
}

static uint32_t rtc_hz(sim_part *part)
{
    const sim_rcc *r = part->rcc;
    uint32_t bdcr = r->block.value[R_BDCR];
    if ((bdcr & (1u << 15)) == 0u) {
        return 0;
    }
    switch (bdcr >> 8 & 3u) {
    case 1:
        return clock_hz(part, SIM_CLOCK_LSE);
    case 2:
        return ready(r, OSC_LSI) ? LSI_HZ : 0u;
    case 3:
        return ready(r, OSC_HSE) ? HSE_HZ / 32u : 0u;
    default:
        return 0;
    }
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
        switch (r->block.value[selectors[i].row] >> selectors[i].shift & 3u) {
        case 0:
            return selectors[i].pclk == 3u   ? pclk_hz(r, R_CFGR3, 4)
                   : selectors[i].pclk == 2u ? pclk_hz(r, R_CFGR2, 8)
                                             : pclk_hz(r, R_CFGR2, 4);
        case 1:
            return sysclk_hz(r);
        case 2:
            return clock_hz(part, SIM_CLOCK_HSI16);
        default:
            return clock_hz(part, SIM_CLOCK_LSE);
        }
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

static bool pll_can_lock(sim_rcc *r)
{
    static const uint8_t source_of[4] = {OSC_COUNT, OSC_MSIS, OSC_HSI, OSC_HSE};
    uint32_t config = r->block.value[R_PLL1CFGR];
    uint32_t input = pll_source_hz(r) / ((config >> 8 & 15u) + 1u);
    unsigned range = config >> 2 & 3u;
    sim_machine *m = r->part->m;
    if (input == 0u || !ready(r, source_of[config & 3u])) {
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

static void update_irq(sim_rcc *r)
{
    sim_part_irq(r->part, 9, 0, (r->block.value[R_CIFR] & r->block.value[R_CIER]) != 0u);
}

static void switch_source(sim_rcc *r)
{
    static const uint8_t osc_of[4] = {OSC_MSIS, OSC_HSI, OSC_HSE, OSC_PLL};
    unsigned want = r->block.value[R_CFGR1] & 3u;
    if (want == r->source || !ready(r, osc_of[want])) {
        return;
    }
    if (want == SW_PLL && (r->block.value[R_PLL1CFGR] & PLL1CFGR_REN) == 0u) {
        sim_stop(r->part->m, "RCC: SYSCLK switched to PLL1 with PLL1CFGR.PLL1REN clear");
        return;
    }
    r->source = want;
    r->block.value[R_CFGR1] = (r->block.value[R_CFGR1] & ~0xCu) | want << 2;
}

static void osc_ready(void *self)
{
    oscillator *o = self;
    sim_rcc *r = o->rcc;
    sim_part_clock_changing(r->part);
    r->block.value[o->kind->row] |= 1u << o->kind->ready_bit;
    r->block.value[R_CIFR] |= r->block.value[R_CIER] & (1u << o->kind->flag_bit);
    switch_source(r);
    sim_part_clock_changed(r->part);
    check_clock(r->part);
    update_irq(r);
}

static void osc_off(sim_rcc *r, unsigned osc)
{
    sim_cancel(r->part->m, &r->osc[osc].ready);
    r->block.value[kinds[osc].row] &= ~(1u << kinds[osc].ready_bit | 1u << kinds[osc].on_bit);
}

static bool is_pll_source(const sim_rcc *r, unsigned osc)
{
    static const uint8_t source_of[4] = {OSC_COUNT, OSC_MSIS, OSC_HSI, OSC_HSE};
    return source_of[r->block.value[R_PLL1CFGR] & 3u] == osc;
}

static void osc_command(sim_rcc *r, unsigned osc, uint32_t old)
{
    const oscillator_kind *kind = &kinds[osc];
    uint32_t on = 1u << kind->on_bit;
    bool was = (old & on) != 0u, is = (r->block.value[kind->row] & on) != 0u;
    bool carries = (r->source == SW_MSIS && osc == OSC_MSIS) ||
                   (r->source == SW_HSI && osc == OSC_HSI) ||
                   (r->source == SW_HSE && osc == OSC_HSE) ||
                   (r->source == SW_PLL && (osc == OSC_PLL || is_pll_source(r, osc)));
    if (was == is) {
        return;
    }
    if (is) {
        if (osc != OSC_PLL || pll_can_lock(r)) {
            sim_schedule(r->part->m, &r->osc[osc].ready, sim_now(r->part->m) + kind->start);
        }
    } else if (carries) {
        r->block.value[kind->row] |= on; /* what carries the system clock stays on */
    } else {
        bool feeds = is_pll_source(r, osc) && (r->block.value[R_CR] & CR_PLL1ON) != 0u;
        osc_off(r, osc);
        if (feeds) {
            sim_cancel(r->part->m, &r->osc[OSC_PLL].ready);
            r->block.value[R_CR] &= ~CR_PLL1RDY;
        }
    }
}

static void reset_peripherals(sim_rcc *r, unsigned enable_row, uint32_t bits)
{
    for (size_t i = 0; i < SIM_ROWS(gates); i++) {
        if (gates[i].row == enable_row && gates[i].resettable && (bits >> gates[i].bit & 1u) != 0u) {
            sim_part_reset_block(r->part, gates[i].base);
        }
    }
}

static void backup_domain_reset(sim_rcc *r)
{
    osc_off(r, OSC_LSE);
    osc_off(r, OSC_LSI);
    r->block.value[R_BDCR] = BDCR_BDRST;
    sim_rtc_domain_reset(r->part);
}

static void write_bdcr(sim_rcc *r, uint32_t raw)
{
    uint32_t *bdcr = &r->block.value[R_BDCR];
    uint32_t old = *bdcr;
    if (!r->part->services.dbp(r->part)) {
        return;
    }
    if ((raw & BDCR_BDRST) != 0u) {
        backup_domain_reset(r);
        return;
    }
    uint32_t mask = 0x170090BDu;
    if ((old & 0x300u) == 0u) { /* chosen once, until a backup domain reset */
        mask |= 0x300u;
    }
    *bdcr = (old & ~(mask | BDCR_BDRST)) | (raw & mask);
    osc_command(r, OSC_LSE, old);
    osc_command(r, OSC_LSI, old);
    sim_rtc_keep_bdcr(r->part, *bdcr);
}

static sim_access write_cr(sim_rcc *r, uint32_t old)
{
    static const uint8_t of_cr[] = {OSC_MSIS, OSC_MSIK, OSC_HSI, OSC_HSI48, OSC_HSE, OSC_PLL};
    if ((r->block.value[R_CR] & 0x1400C048u) != 0u) {
        return sim_block_unmodelled(&r->block, R_CR, r->block.value[R_CR],
                                    "MSI PLL mode, SHSI, PLL2 and PLL3 are not modelled");
    }
    for (size_t i = 0; i < sizeof of_cr; i++) {
        osc_command(r, of_cr[i], old);
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
        write_bdcr(r, raw);
        break;
    case R_CSR:
        if ((raw & CSR_RMVF) != 0u) {
            value[reg] &= ~CSR_FLAGS;
        }
        break;
    default:
        if (reg >= R_AHB1RSTR && reg <= R_APB3RSTR) {
            reset_peripherals(r, reg + (R_AHB1ENR - R_AHB1RSTR), old ^ value[reg]);
        }
        break;
    }
    sim_part_clock_changed(r->part);
    update_irq(r);
    if (reg == R_CR || reg == R_CFGR1 || reg == R_CFGR2 || reg == R_ICSCR1) {
        check_clock(r->part);
    }
    return result;
}

static uint32_t reset_flags(unsigned cause)
{
    static const struct {
        unsigned cause;
        uint32_t flag;
    } flags[] = {{SIM_RESET_POWER, 1u << 27},  {SIM_RESET_SOFTWARE, 1u << 28},
                 {SIM_RESET_IWDG, 1u << 29},   {SIM_RESET_WWDG, 1u << 30},
                 {SIM_RESET_OPTION, 1u << 25}, {SIM_RESET_LOW_POWER, 1u << 31}};
    if (cause == SIM_RESET_STANDBY) {
        return 0;
    }
    uint32_t result = 1u << 26; /* internal resets pull NRST as well */
    for (size_t i = 0; i < SIM_ROWS(flags); i++) {
        result |= (cause & flags[i].cause) != 0u ? flags[i].flag : 0u;
    }
    return result;
}

static void rcc_reset(void *owner, unsigned cause, bool backup_lost)
{
    sim_rcc *r = owner;
    uint32_t flags = r->block.value[R_CSR] & CSR_FLAGS, bdcr = r->block.value[R_BDCR];
    sim_part_clock_changing(r->part);
    sim_block_reset_values(&r->block);
    for (unsigned i = 0; i < OSC_COUNT; i++) {
        if (i != OSC_LSE && i != OSC_LSI) {
            sim_cancel(r->part->m, &r->osc[i].ready);
        }
    }
    r->block.value[R_CSR] &= ~CSR_FLAGS;
    r->block.value[R_CSR] |= ((cause & SIM_RESET_POWER) != 0u ? 0u : flags) | reset_flags(cause);
    r->block.value[R_BDCR] = bdcr;
    if (backup_lost) {
        backup_domain_reset(r);
        r->block.value[R_BDCR] = 0;
    } else if ((cause & SIM_RESET_POWER) != 0u) { /* VBAT kept it; LSE has been running */
        uint32_t kept = sim_rtc_kept_bdcr(r->part);
        r->block.value[R_BDCR] = (kept & 1u) != 0u ? kept | 2u : kept;
    }
    r->source = SW_MSIS;
    sim_part_clock_changed(r->part);
    update_irq(r);
}

static void gate_of(const sim_part *part, uint32_t base, const uint32_t **word, uint32_t *mask)
{
    for (size_t i = 0; i < SIM_ROWS(gates); i++) {
        if (gates[i].base == base) {
            *word = &part->rcc->block.value[gates[i].row];
            *mask = 1u << gates[i].bit;
        }
    }
}

static uint32_t bdcr_of(const sim_part *part)
{
    return part->rcc->block.value[R_BDCR];
}

void sim_rcc_u5_new(sim_part *part)
{
    static const sim_block_hooks hooks = {NULL, rcc_write, rcc_reset};
    static const sim_block_spec spec = {"RCC", 0x46020C00u, 0x400u, false, rows,
                                        SIM_ROWS(rows), &hooks};
    sim_rcc *r = sim_part_alloc(part, sizeof *r);
    r->part = part;
    r->source = SW_MSIS;
    for (unsigned i = 0; i < OSC_COUNT; i++) {
        r->osc[i] = (oscillator){.rcc = r, .kind = &kinds[i]};
        r->osc[i].ready.fire = osc_ready;
        r->osc[i].ready.self = &r->osc[i];
    }
    sim_block_init(&r->block, part, r, &spec);
    r->block.keeps_values = true;
    part->rcc = r;
    part->services.clock_hz = clock_hz;
    part->services.uart_clock_hz = uart_clock_hz;
    part->services.timer_hz = timer_hz;
    part->services.clk48_hz = no_clk48;
    part->services.rtc_hz = rtc_hz;
    part->services.bdcr = bdcr_of;
    part->services.check_clock = check_clock;
    part->services.gate = gate_of;
    sim_set_hclk(part->m, 4000000u);
}
