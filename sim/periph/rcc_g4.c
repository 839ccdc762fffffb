/* RCC of the STM32G4: clock tree, gates, peripheral resets, reset flags (RM0440 7). */
#include "sim/periph/part.h"

#define HSI_HZ 16000000u
#define HSE_HZ 24000000u /* the crystal of the Nucleo-G474RE */
#define LSE_HZ 32768u
#define LSI_HZ 32000u
#define HSI48_HZ 48000000u
#define LOW_POWER_RUN_HZ 2000000u

enum {
    R_CR, R_ICSCR, R_CFGR, R_PLLCFGR, R_CIER, R_CIFR, R_CICR, R_AHB1RSTR, R_AHB2RSTR, R_AHB3RSTR,
    R_APB1RSTR1, R_APB1RSTR2, R_APB2RSTR, R_AHB1ENR, R_AHB2ENR, R_AHB3ENR, R_APB1ENR1, R_APB1ENR2,
    R_APB2ENR, R_AHB1SMENR, R_AHB2SMENR, R_AHB3SMENR, R_APB1SMENR1, R_APB1SMENR2, R_APB2SMENR,
    R_CCIPR, R_BDCR, R_CSR, R_CRRCR, R_CCIPR2
};

#define CR_HSION (1u << 8)
#define CR_HSIRDY (1u << 10)
#define CR_HSEON (1u << 16)
#define CR_HSERDY (1u << 17)
#define CR_PLLON (1u << 24)
#define CR_PLLRDY (1u << 25)
#define PLLCFGR_LOCKED 0xFE00FFF3u /* source, M, N, R, PDIV: fixed while the PLL runs */
#define PLLCFGR_REN (1u << 24)
#define AHB1RSTR_FLASH (1u << 8)
#define BDCR_BDRST (1u << 16)
#define CSR_RMVF (1u << 23)
#define CSR_FLAGS 0xFE000000u
#define APB1ENR1_WWDGEN (1u << 11)
#define SW_HSI 1u
#define SW_HSE 2u
#define SW_PLL 3u

#define AHB1_BITS 0x0000111Fu
#define AHB2_BITS 0x040F607Fu
#define AHB3_BITS 0x00000101u
#define APB11_RST_BITS 0xD2FEC13Fu
#define APB12_BITS 0x00000103u
#define APB2_BITS 0x0437F801u

static const sim_reg rows[] = {
    [R_CR] = {0x00, "CR", 0x00000500u, 0x010D0300u},
    [R_ICSCR] = {0x04, "ICSCR", 0x40880000u, 0x7F000000u},
    [R_CFGR] = {0x08, "CFGR", 0x00000005u, 0x7F003FF3u},
    [R_PLLCFGR] = {0x0C, "PLLCFGR", 0x00001000u, 0xFF737FF3u},
    [R_CIER] = {0x18, "CIER", 0, 0x0000063Bu},
    [R_CIFR] = {0x1C, "CIFR", 0, 0},
    [R_CICR] = {0x20, "CICR", 0, 0},
    [R_AHB1RSTR] = {0x28, "AHB1RSTR", 0, AHB1_BITS},
    [R_AHB2RSTR] = {0x2C, "AHB2RSTR", 0, AHB2_BITS},
    [R_AHB3RSTR] = {0x30, "AHB3RSTR", 0, AHB3_BITS},
    [R_APB1RSTR1] = {0x38, "APB1RSTR1", 0, APB11_RST_BITS},
    [R_APB1RSTR2] = {0x3C, "APB1RSTR2", 0, APB12_BITS},
    [R_APB2RSTR] = {0x40, "APB2RSTR", 0, APB2_BITS},
    [R_AHB1ENR] = {0x48, "AHB1ENR", 0x00000100u, AHB1_BITS},
    [R_AHB2ENR] = {0x4C, "AHB2ENR", 0, AHB2_BITS},
    [R_AHB3ENR] = {0x50, "AHB3ENR", 0, AHB3_BITS},
    [R_APB1ENR1] = {0x58, "APB1ENR1", 0x00000400u, APB11_RST_BITS | 0x00000C00u},
    [R_APB1ENR2] = {0x5C, "APB1ENR2", 0, APB12_BITS},
    [R_APB2ENR] = {0x60, "APB2ENR", 0, APB2_BITS},
    [R_AHB1SMENR] = {0x68, "AHB1SMENR", 0x0000131Fu, 0x0000131Fu},
    [R_AHB2SMENR] = {0x6C, "AHB2SMENR", 0x040F667Fu, 0x040F667Fu},
    [R_AHB3SMENR] = {0x70, "AHB3SMENR", 0x00000101u, 0x00000101u},
    [R_APB1SMENR1] = {0x78, "APB1SMENR1", 0xD2FECD3Fu, 0xD2FECD3Fu},
    [R_APB1SMENR2] = {0x7C, "APB1SMENR2", 0x00000103u, 0x00000103u},
    [R_APB2SMENR] = {0x80, "APB2SMENR", 0x0437F801u, 0x0437F801u},
    [R_CCIPR] = {0x88, "CCIPR", 0, 0xFFFFFFFFu},
    [R_BDCR] = {0x90, "BDCR", 0, 0},
    [R_CSR] = {0x94, "CSR", 0x0C000000u, 0x00000001u},
    [R_CRRCR] = {0x98, "CRRCR", 0x00002000u, 0x00000001u},
    [R_CCIPR2] = {0x9C, "CCIPR2", 0, 0x00300003u},
};

/* Which enable bit clocks which block; the reset bit is at the same place of the
 * register 0x20 below, where there is one. */
typedef struct gate {
    uint32_t base;
    uint8_t row;
    uint8_t bit;
    bool resettable;
} gate;

static const gate gates[] = {
    {0x40020000u, R_AHB1ENR, 0, true},    {0x40020400u, R_AHB1ENR, 1, true},
    {0x40020800u, R_AHB1ENR, 2, true},    {0x40022000u, R_AHB1ENR, 8, false},
    {0x40023000u, R_AHB1ENR, 12, true},   {0x48000000u, R_AHB2ENR, 0, true},
    {0x48000400u, R_AHB2ENR, 1, true},    {0x48000800u, R_AHB2ENR, 2, true},
    {0x48000C00u, R_AHB2ENR, 3, true},    {0x48001000u, R_AHB2ENR, 4, true},
    {0x48001400u, R_AHB2ENR, 5, true},    {0x48001800u, R_AHB2ENR, 6, true},
    {0x50060800u, R_AHB2ENR, 26, true},   {0x40000000u, R_APB1ENR1, 0, true},
    {0x40000400u, R_APB1ENR1, 1, true},   {0x40000800u, R_APB1ENR1, 2, true},
    {0x40000C00u, R_APB1ENR1, 3, true},   {0x40001000u, R_APB1ENR1, 4, true},
    {0x40001400u, R_APB1ENR1, 5, true},   {0x40002000u, R_APB1ENR1, 8, true},
    {0x40002400u, R_APB1ENR1, 10, false}, {0x40002800u, R_APB1ENR1, 10, false},
    {0x40002C00u, R_APB1ENR1, 11, false}, {0x40004400u, R_APB1ENR1, 17, true},
    {0x40004800u, R_APB1ENR1, 18, true},  {0x40004C00u, R_APB1ENR1, 19, true},
    {0x40005000u, R_APB1ENR1, 20, true},  {0x40007000u, R_APB1ENR1, 28, true},
    {0x40008000u, R_APB1ENR2, 0, true},   {0x40010000u, R_APB2ENR, 0, true},
    {0x40012C00u, R_APB2ENR, 11, true},   {0x40013400u, R_APB2ENR, 13, true},
    {0x40013800u, R_APB2ENR, 14, true},   {0x40014000u, R_APB2ENR, 16, true},
    {0x40014400u, R_APB2ENR, 17, true},   {0x40014800u, R_APB2ENR, 18, true},
};

enum { OSC_LSI, OSC_LSE, OSC_HSI, OSC_HSE, OSC_PLL, OSC_HSI48, OSC_COUNT };

/* Start-up times are the datasheet's typical ones (DS12288 5.3.7, 5.3.8). */
typedef struct oscillator_kind {
    uint8_t row;
    uint8_t on_bit, ready_bit, flag_bit;
    sim_ps start;
} oscillator_kind;

static const oscillator_kind kinds[OSC_COUNT] = {
    [OSC_LSI] = {R_CSR, 0, 1, 0, 80u * SIM_PS_PER_US},
    [OSC_LSE] = {R_BDCR, 0, 1, 1, 2u * SIM_PS_PER_S},
    [OSC_HSI] = {R_CR, 8, 10, 3, 1u * SIM_PS_PER_US},
    [OSC_HSE] = {R_CR, 16, 17, 4, 2u * SIM_PS_PER_MS},
    [OSC_PLL] = {R_CR, 24, 25, 5, 15u * SIM_PS_PER_US},
    [OSC_HSI48] = {R_CRRCR, 0, 1, 10, 3u * SIM_PS_PER_US},
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

/* ---- frequencies ----------------------------------------------------------- */

static uint32_t pll_source_hz(const sim_rcc *r)
{
    uint32_t config = r->block.value[R_PLLCFGR];
    return (config & 3u) == 2u ? HSI_HZ : (config & 3u) == 3u ? HSE_HZ : 0u;
}

static uint32_t pll_vco_hz(const sim_rcc *r)
{
    uint32_t n = (r->block.value[R_PLLCFGR] >> 8) & 127u;
    uint32_t m = ((r->block.value[R_PLLCFGR] >> 4) & 15u) + 1u;
    return pll_source_hz(r) * n / m;
}

static uint32_t sysclk_hz(const sim_rcc *r)
{
    switch (r->source) {
    case SW_HSE:
        return HSE_HZ;
    case SW_PLL:
        return pll_vco_hz(r) / (2u * (((r->block.value[R_PLLCFGR] >> 25) & 3u) + 1u));
    default:
        return HSI_HZ;
    }
}

static uint32_t hclk_hz(const sim_rcc *r)
{
    static const uint16_t divide[8] = {2, 4, 8, 16, 64, 128, 256, 512};
    uint32_t hpre = (r->block.value[R_CFGR] >> 4) & 15u;
    return (hpre & 8u) != 0u ? sysclk_hz(r) / divide[hpre & 7u] : sysclk_hz(r);
}

static unsigned apb_shift(const sim_rcc *r, bool apb2)
{
    uint32_t pre = (r->block.value[R_CFGR] >> (apb2 ? 11 : 8)) & 7u;
    return (pre & 4u) != 0u ? (pre & 3u) + 1u : 0u;
}

static uint32_t clock_hz(sim_part *part, sim_clock clock)
{
    const sim_rcc *r = part->rcc;
    switch (clock) {
    case SIM_CLOCK_HCLK:
        return hclk_hz(r);
    case SIM_CLOCK_PCLK1:
        return hclk_hz(r) >> apb_shift(r, false);
    case SIM_CLOCK_PCLK2:
        return hclk_hz(r) >> apb_shift(r, true);
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

/* Timers run at twice their bus where that is divided (RM0440 7.2.17). */
static uint32_t timer_hz(sim_part *part, bool apb2)
{
    const sim_rcc *r = part->rcc;
    unsigned shift = apb_shift(r, apb2);
    return shift == 0u ? hclk_hz(r) : hclk_hz(r) >> (shift - 1u);
}

static uint32_t clk48_hz(sim_part *part)
{
    const sim_rcc *r = part->rcc;
    switch ((r->block.value[R_CCIPR] >> 26) & 3u) {
    case 0:
        return ready(r, OSC_HSI48) ? HSI48_HZ : 0u;
    case 2:
        if (!ready(r, OSC_PLL) || (r->block.value[R_PLLCFGR] & (1u << 20)) == 0u) {
            return 0;
        }
        return pll_vco_hz(r) / (2u * (((r->block.value[R_PLLCFGR] >> 21) & 3u) + 1u));
    default:
        return 0;
    }
}

static uint32_t rtc_hz(sim_part *part)
{
    const sim_rcc *r = part->rcc;
    uint32_t bdcr = r->block.value[R_BDCR];
    if ((bdcr & (1u << 15)) == 0u) {
        return 0;
    }
    switch ((bdcr >> 8) & 3u) {
    case 1:
        return ready(r, OSC_LSE) ? LSE_HZ : 0u;
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
        uint8_t shift;
        bool apb2;
    } selectors[] = {{0x40013800u, 0, true},  {0x40004400u, 2, false}, {0x40004800u, 4, false},
                     {0x40004C00u, 6, false}, {0x40005000u, 8, false}, {0x40008000u, 10, false}};
    const sim_rcc *r = part->rcc;
    for (size_t i = 0; i < SIM_ROWS(selectors); i++) {
        if (selectors[i].base != base) {
            continue;
        }
        switch ((r->block.value[R_CCIPR] >> selectors[i].shift) & 3u) {
        case 0:
            return clock_hz(part, selectors[i].apb2 ? SIM_CLOCK_PCLK2 : SIM_CLOCK_PCLK1);
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

/* ---- limits: what a part would not survive ------------------------------------ */

/* Highest HCLK in MHz per number of wait states (RM0440 3.3.3 table 9). */
static void check_clock(sim_part *part)
{
    static const uint8_t limits[3][5] = {[SIM_RANGE1_BOOST] = {34, 68, 102, 136, 170},
                                         [SIM_RANGE1] = {30, 60, 90, 120, 150},
                                         [SIM_RANGE2] = {12, 24, 26, 26, 26}};
    static const char *const names[3] = {"range 1 boost", "range 1 normal", "range 2"};
    const sim_rcc *r = part->rcc;
    sim_machine *m = part->m;
    sim_volt_range range = sim_pwr_range(part);
    unsigned latency = sim_flash_latency(m);
    unsigned row = latency < 4u ? latency : 4u;
    uint32_t most = limits[range][4] * 1000000u;
    if (sim_pwr_low_power_run(part) && hclk_hz(r) > LOW_POWER_RUN_HZ) {
        sim_stop(m, "RCC: HCLK of %u Hz with PWR_CR1.LPR, which allows %u Hz", hclk_hz(r),
                 LOW_POWER_RUN_HZ);
    } else if (sysclk_hz(r) > most) {
        sim_stop(m, "RCC: SYSCLK of %u Hz, but voltage %s allows %u Hz", sysclk_hz(r),
                 names[range], most);
    } else if (hclk_hz(r) > limits[range][row] * 1000000u) {
        sim_stop(m, "RCC: HCLK of %u Hz with FLASH_ACR.LATENCY %u, but voltage %s allows %u Hz",
                 hclk_hz(r), latency, names[range], limits[range][row] * 1000000u);
    }
}

/* PLL limits: DS12288 table 46. */
static bool pll_can_lock(sim_rcc *r)
{
    uint32_t n = (r->block.value[R_PLLCFGR] >> 8) & 127u;
    uint32_t input = pll_source_hz(r) / (((r->block.value[R_PLLCFGR] >> 4) & 15u) + 1u);
    sim_machine *m = r->part->m;
    if (input == 0u) {
        sim_stop(m, "RCC: PLLON without a source in PLLCFGR.PLLSRC");
    } else if (!ready(r, (r->block.value[R_PLLCFGR] & 1u) != 0u ? OSC_HSE : OSC_HSI)) {
        sim_stop(m, "RCC: PLLON while its source is not ready");
    } else if (input < 2660000u || input > 16000000u) {
        sim_stop(m, "RCC: PLL input of %u Hz, allowed 2.66 to 16 MHz", input);
    } else if (n < 8u) {
        sim_stop(m, "RCC: PLLCFGR.PLLN of %u, allowed 8 to 127", n);
    } else if (pll_vco_hz(r) < 96000000u || pll_vco_hz(r) > 344000000u) {
        sim_stop(m, "RCC: PLL VCO of %u Hz, allowed 96 to 344 MHz", pll_vco_hz(r));
    } else {
        return true;
    }
    return false;
}

/* ---- changes -------------------------------------------------------------------- */

static void update_irq(sim_rcc *r)
{
    sim_part_irq(r->part, 5, 0, (r->block.value[R_CIFR] & r->block.value[R_CIER]) != 0u);
}

/* Takes over the clock that SW asks for, as soon as it is ready. */
static void switch_source(sim_rcc *r)
{
    static const uint8_t osc_of[4] = {OSC_COUNT, OSC_HSI, OSC_HSE, OSC_PLL};
    unsigned want = r->block.value[R_CFGR] & 3u;
    if (want == r->source) {
        return;
    }
    if (want == 0u) {
        sim_stop(r->part->m, "RCC: CFGR.SW of 0 is reserved");
        return;
    }
    if (!ready(r, osc_of[want])) {
        return;
    }
    if (want == SW_PLL && (r->block.value[R_PLLCFGR] & PLLCFGR_REN) == 0u) {
        sim_stop(r->part->m, "RCC: SYSCLK switched to the PLL with PLLCFGR.PLLREN clear");
        return;
    }
    r->source = want;
    r->block.value[R_CFGR] = (r->block.value[R_CFGR] & ~0xCu) | (want << 2);
}

static void osc_ready(void *self)
{
    oscillator *o = self;
    sim_rcc *r = o->rcc;
    sim_part_clock_changing(r->part);
    r->block.value[o->kind->row] |= 1u << o->kind->ready_bit;
    /* The flag is raised only where the interrupt is enabled (RM0440 7.4.6). */
    r->block.value[R_CIFR] |= r->block.value[R_CIER] & (1u << o->kind->flag_bit);
    switch_source(r);
    sim_part_clock_changed(r->part);
    check_clock(r->part);
    update_irq(r);
}

static void osc_off(sim_rcc *r, unsigned osc)
{
    sim_cancel(r->part->m, &r->osc[osc].ready);
    r->block.value[kinds[osc].row] &=
        ~((1u << kinds[osc].ready_bit) | (1u << kinds[osc].on_bit));
}

/* Starts or stops an oscillator whose enable bit changed; one that carries the system
 * clock stays on (RM0440 7.4.1). */
static void osc_command(sim_rcc *r, unsigned osc, uint32_t old)
{
    const oscillator_kind *kind = &kinds[osc];
    uint32_t on = 1u << kind->on_bit;
    bool was = (old & on) != 0u;
    bool is = (r->block.value[kind->row] & on) != 0u;
    bool pll_source = (osc == OSC_HSI && (r->block.value[R_PLLCFGR] & 3u) == 2u) ||
                      (osc == OSC_HSE && (r->block.value[R_PLLCFGR] & 3u) == 3u);
    bool carries = (r->source == SW_HSI && osc == OSC_HSI) ||
                   (r->source == SW_HSE && osc == OSC_HSE) ||
                   (r->source == SW_PLL && (osc == OSC_PLL || pll_source));
    if (was == is) {
        return;
    }
    if (is) {
        if (osc != OSC_PLL || pll_can_lock(r)) {
            sim_schedule(r->part->m, &r->osc[osc].ready, sim_now(r->part->m) + kind->start);
        }
    } else if (carries) {
        r->block.value[kind->row] |= on;
    } else {
        osc_off(r, osc);
        if (pll_source && (r->block.value[R_CR] & CR_PLLON) != 0u) {
            sim_cancel(r->part->m, &r->osc[OSC_PLL].ready);
            r->block.value[R_CR] &= ~CR_PLLRDY;
        }
    }
}

static void reset_peripherals(sim_rcc *r, unsigned enable_row, uint32_t bits)
{
    for (size_t i = 0; i < SIM_ROWS(gates); i++) {
        if (gates[i].row == enable_row && gates[i].resettable &&
            (bits & (1u << gates[i].bit)) != 0u) {
            sim_part_reset_block(r->part, gates[i].base);
        }
    }
}

static void backup_domain_reset(sim_rcc *r)
{
    osc_off(r, OSC_LSE);
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
    uint32_t mask = 0x0300803Du;
    /* The RTC's clock is chosen once, until a backup domain reset (RM0440 7.4.27). */
    if ((old & 0x300u) == 0u) {
        mask |= 0x300u;
    }
    *bdcr = (old & ~(mask | BDCR_BDRST)) | (raw & mask);
    osc_command(r, OSC_LSE, old);
    sim_rtc_keep_bdcr(r->part, *bdcr);
}

static sim_access rcc_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_rcc *r = owner;
    uint32_t *value = r->block.value;
    sim_part_clock_changing(r->part);
    switch (reg) {
    case R_CR:
        osc_command(r, OSC_HSI, old);
        osc_command(r, OSC_HSE, old);
        osc_command(r, OSC_PLL, old);
        break;
    case R_CFGR:
        switch_source(r);
        break;
    case R_PLLCFGR:
        if ((value[R_CR] & CR_PLLON) != 0u) {
            value[reg] = (old & PLLCFGR_LOCKED) | (value[reg] & ~PLLCFGR_LOCKED);
        }
        if (r->source == SW_PLL) {
            value[reg] |= PLLCFGR_REN;
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
        osc_command(r, OSC_LSI, old);
        break;
    case R_CRRCR:
        osc_command(r, OSC_HSI48, old);
        break;
    default:
        if (reg == R_AHB1RSTR && (raw & AHB1RSTR_FLASH) != 0u) {
            return sim_block_unmodelled(&r->block, reg, raw, "the reset of the flash interface");
        }
        if (reg >= R_AHB1RSTR && reg <= R_APB2RSTR) {
            /* Held in reset from the 1 to the 0: what is written in between is lost. */
            reset_peripherals(r, reg + (R_AHB1ENR - R_AHB1RSTR), old ^ value[reg]);
        }
        break;
    }
    sim_part_clock_changed(r->part);
    update_irq(r);
    if (reg == R_CR || reg == R_CFGR) {
        check_clock(r->part);
    }
    return SIM_ACCESS_OK;
}

static uint32_t reset_flags(unsigned cause)
{
    static const struct {
        unsigned cause;
        uint32_t flag;
    } flags[] = {{SIM_RESET_POWER, 1u << 27},   {SIM_RESET_SOFTWARE, 1u << 28},
                 {SIM_RESET_IWDG, 1u << 29},    {SIM_RESET_WWDG, 1u << 30},
                 {SIM_RESET_OPTION, 1u << 25},  {SIM_RESET_LOW_POWER, 1u << 31}};
    if (cause == SIM_RESET_STANDBY) {
        return 0;
    }
    uint32_t result = 1u << 26; /* internal resets pull NRST as well */
    for (size_t i = 0; i < SIM_ROWS(flags); i++) {
        if ((cause & flags[i].cause) != 0u) {
            result |= flags[i].flag;
        }
    }
    return result;
}

static void rcc_reset(void *owner, unsigned cause, bool backup_lost)
{
    sim_rcc *r = owner;
    sim_machine *m = r->part->m;
    uint32_t flags = r->block.value[R_CSR] & CSR_FLAGS;
    uint32_t bdcr = r->block.value[R_BDCR];
    sim_part_clock_changing(r->part);
    sim_block_reset_values(&r->block);
    for (unsigned i = 0; i < OSC_COUNT; i++) {
        if (i != OSC_LSE) {
            sim_cancel(m, &r->osc[i].ready);
        }
    }
    r->block.value[R_CSR] = ((cause & SIM_RESET_POWER) != 0u ? 0u : flags) | reset_flags(cause);
    r->block.value[R_BDCR] = bdcr;
    if (backup_lost) {
        backup_domain_reset(r);
        r->block.value[R_BDCR] = 0;
    } else if ((cause & SIM_RESET_POWER) != 0u) { /* VBAT kept it; LSE has been running */
        uint32_t kept = sim_rtc_kept_bdcr(r->part);
        r->block.value[R_BDCR] = (kept & 1u) != 0u ? kept | 2u : kept;
    }
    r->source = SW_HSI;
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

void sim_rcc_g4_new(sim_part *part)
{
    static const sim_block_hooks hooks = {NULL, rcc_write, rcc_reset};
    static const sim_block_spec spec = {"RCC", 0x40021000u, 0x400u, false, rows,
                                        SIM_ROWS(rows), &hooks};
    sim_rcc *r = sim_part_alloc(part, sizeof *r);
    r->part = part;
    r->source = SW_HSI;
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
    part->services.clk48_hz = clk48_hz;
    part->services.rtc_hz = rtc_hz;
    part->services.bdcr = bdcr_of;
    part->services.check_clock = check_clock;
    part->services.gate = gate_of;
    sim_set_hclk(part->m, HSI_HZ);
}
