/* RCC of the STM32F76x (RM0410 5): HSI, HSE, the three PLLs, buses, gates, resets and reset
 * flags. Of PLLI2S and PLLSAI the ready flags and PLLSAI's 48 MHz output matter; what else they
 * feed (SAI, LCD, SPDIF) is not modelled. */
#include "sim/periph/clock/pwr_f7.h"

#define HSI_HZ 16000000u
#define HSE_HZ 8000000u /* from the ST-LINK of the Nucleo */
#define LSE_HZ 32768u
#define LSI_HZ 32000u
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

typedef struct gate {
    uint32_t base;
    uint8_t row;
    uint8_t bit;
    bool resettable;
} gate;

/* GPIO is worked out: bit n of AHB1ENR is port n. */
static const gate gates[] = {
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
#define GPIO_BYTES 0x2C00u

enum { OSC_HSI, OSC_HSE, OSC_PLL, OSC_PLLI2S, OSC_PLLSAI, OSC_LSI, OSC_LSE, OSC_COUNT };

/* Start-up times are the datasheet's typical ones (DS11532 6.3.9, 6.3.10); the flag is CIR's,
 * its enable 8 above it. */
static const struct {
    uint8_t row, on_bit, ready_bit, flag_bit;
    sim_ps start;
} kinds[OSC_COUNT] = {
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
#define BDCR_BDRST (1u << 16)
#define CSR_RMVF (1u << 24)
#define CSR_FLAGS 0xFE000000u
#define SW_HSI 0u
#define SW_HSE 1u
#define SW_PLL 2u

typedef struct oscillator {
    struct sim_rcc *rcc;
    unsigned which;
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
    return (r->block.value[kinds[osc].row] >> kinds[osc].ready_bit & 1u) != 0u;
}

/* ---- frequencies ---- */

static unsigned pll_source(const sim_rcc *r)
{
    return (r->block.value[R_PLLCFGR] >> 22 & 1u) != 0u ? OSC_HSE : OSC_HSI;
}

static uint32_t pll_input_hz(const sim_rcc *r)
{
    uint32_t m = r->block.value[R_PLLCFGR] & 63u;
    return m < 2u ? 0u : (pll_source(r) == OSC_HSE ? HSE_HZ : HSI_HZ) / m;
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
        return HSE_HZ;
    case SW_PLL:
        return vco_hz(r) / (2u * ((r->block.value[R_PLLCFGR] >> 16 & 3u) + 1u));
    default:
        return HSI_HZ;
    }
}

static uint32_t hclk_hz(const sim_rcc *r)
{
    static const uint16_t divide[8] = {2, 4, 8, 16, 64, 128, 256, 512};
    uint32_t hpre = r->block.value[R_CFGR] >> 4 & 15u;
    return (hpre & 8u) != 0u ? sysclk_hz(r) / divide[hpre & 7u] : sysclk_hz(r);
}

static unsigned apb_shift(const sim_rcc *r, bool apb2)
{
    uint32_t pre = r->block.value[R_CFGR] >> (apb2 ? 13 : 10) & 7u;
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

/* RM0410 5.2: twice the bus where that is divided, four times with TIMPRE; HCLK at most. */
static uint32_t timer_hz(sim_part *part, bool apb2)
{
    const sim_rcc *r = part->rcc;
    unsigned shift = apb_shift(r, apb2);
    unsigned raised = (r->block.value[R_DCKCFGR1] & DCKCFGR1_TIMPRE) != 0u ? 2u : 1u;
    return shift <= raised ? hclk_hz(r) : hclk_hz(r) >> (shift - raised);
}

/* DCKCFGR2.CK48MSEL: Q of the main PLL, or P of PLLSAI. */
static uint32_t clk48_hz(sim_part *part)
{
    const sim_rcc *r = part->rcc;
    uint32_t q = r->block.value[R_PLLCFGR] >> 24 & 15u;
    if ((r->block.value[R_DCKCFGR2] & DCKCFGR2_CK48MSEL) != 0u) {
        uint32_t p = r->block.value[R_PLLSAICFGR] >> 16 & 3u;
        return ready(r, OSC_PLLSAI) ? pll_vco_hz(r, OSC_PLLSAI) / (2u * (p + 1u)) : 0u;
    }
    return ready(r, OSC_PLL) && q >= 2u ? vco_hz(r) / q : 0u;
}

static uint32_t rtc_hz(sim_part *part)
{
    const sim_rcc *r = part->rcc;
    uint32_t bdcr = r->block.value[R_BDCR], hse_divider = r->block.value[R_CFGR] >> 16 & 31u;
    if ((bdcr & (1u << 15)) == 0u) {
        return 0;
    }
    switch (bdcr >> 8 & 3u) {
    case 1:
        return ready(r, OSC_LSE) ? LSE_HZ : 0u;
    case 2:
        return ready(r, OSC_LSI) ? LSI_HZ : 0u;
    case 3:
        return ready(r, OSC_HSE) && hse_divider > 1u ? HSE_HZ / hse_divider : 0u;
    default:
        return 0;
    }
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
        switch (r->block.value[R_DCKCFGR2] >> (2u * i) & 3u) {
        case 0:
            return clock_hz(part, base >= 0x40010000u ? SIM_CLOCK_PCLK2 : SIM_CLOCK_PCLK1);
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
    if (!ready(r, pll_source(r))) {
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

static void update_irq(sim_rcc *r)
{
    uint32_t cir = r->block.value[R_CIR];
    sim_part_irq(r->part, 5, 0, (cir & cir >> 8 & 0x7Fu) != 0u);
}

static void switch_source(sim_rcc *r)
{
    static const uint8_t osc_of[3] = {OSC_HSI, OSC_HSE, OSC_PLL};
    unsigned want = r->block.value[R_CFGR] & 3u;
    if (want != r->source && want < 3u && ready(r, osc_of[want])) {
        r->source = want;
        r->block.value[R_CFGR] = (r->block.value[R_CFGR] & ~0xCu) | want << 2;
    }
}

static void osc_ready(void *self)
{
    oscillator *o = self;
    sim_rcc *r = o->rcc;
    sim_part_clock_changing(r->part);
    r->block.value[kinds[o->which].row] |= 1u << kinds[o->which].ready_bit;
    r->block.value[R_CIR] |= r->block.value[R_CIR] >> 8 & (1u << kinds[o->which].flag_bit);
    switch_source(r);
    sim_part_clock_changed(r->part);
    check_clock(r->part);
    update_irq(r);
}

static void osc_command(sim_rcc *r, unsigned osc, uint32_t old)
{
    uint32_t *value = &r->block.value[kinds[osc].row], on = 1u << kinds[osc].on_bit;
    bool carries = (r->source == SW_HSI && osc == OSC_HSI) ||
                   (r->source == SW_HSE && osc == OSC_HSE) ||
                   (r->source == SW_PLL && (osc == OSC_PLL || osc == pll_source(r)));
    if (((old ^ *value) & on) == 0u) {
        return;
    }
    if ((*value & on) != 0u) {
        if (osc < OSC_PLL || osc > OSC_PLLSAI || pll_can_lock(r, osc)) {
            sim_schedule(r->part->m, &r->osc[osc].ready, sim_now(r->part->m) + kinds[osc].start);
        }
    } else if (carries) {
        *value |= on;
    } else {
        sim_cancel(r->part->m, &r->osc[osc].ready);
        *value &= ~(1u << kinds[osc].ready_bit);
    }
}

static void reset_peripherals(sim_rcc *r, unsigned enable_row, uint32_t bits)
{
    for (size_t i = 0; i < SIM_ROWS(gates); i++) {
        if (gates[i].row == enable_row && gates[i].resettable && (bits >> gates[i].bit & 1u) != 0u) {
            sim_part_reset_block(r->part, gates[i].base);
        }
    }
    for (unsigned port = 0; enable_row == R_AHB1ENR && port < GPIO_BYTES / 0x400u; port++) {
        if ((bits >> port & 1u) != 0u) {
            sim_part_reset_block(r->part, GPIO_BASE + 0x400u * port);
        }
    }
}

static void backup_domain_reset(sim_rcc *r)
{
    sim_cancel(r->part->m, &r->osc[OSC_LSE].ready);
    r->block.value[R_BDCR] = BDCR_BDRST;
    sim_rtc_domain_reset(r->part);
}

static void write_bdcr(sim_rcc *r, uint32_t raw)
{
    uint32_t *bdcr = &r->block.value[R_BDCR], old = *bdcr;
    uint32_t mask = (old & 0x300u) == 0u ? 0x0000831Du : 0x0000801Du; /* RTCSEL: once */
    if (!r->part->services.dbp(r->part)) {
        return;
    }
    if ((raw & BDCR_BDRST) != 0u) {
        backup_domain_reset(r);
        return;
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
        for (unsigned osc = OSC_HSI; osc <= OSC_PLLSAI; osc++) {
            osc_command(r, osc, old);
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
        write_bdcr(r, raw);
        break;
    case R_CSR:
        if ((raw & CSR_RMVF) != 0u) {
            value[reg] &= ~CSR_FLAGS;
        }
        osc_command(r, OSC_LSI, old);
        break;
    default:
        if (reg >= R_AHB1RSTR && reg <= R_APB2RSTR) {
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

/* RM0410 5.3.21: PINRST with every reset, as NRST is pulled. */
static uint32_t reset_flags(unsigned cause)
{
    static const struct {
        unsigned cause;
        uint32_t flags;
    } table[] = {{SIM_RESET_POWER, 1u << 27 | 1u << 25}, {SIM_RESET_SOFTWARE, 1u << 28},
                 {SIM_RESET_IWDG, 1u << 29},             {SIM_RESET_WWDG, 1u << 30},
                 {SIM_RESET_LOW_POWER, 1u << 31}};
    uint32_t result = cause == SIM_RESET_STANDBY ? 0u : 1u << 26;
    for (size_t i = 0; i < SIM_ROWS(table); i++) {
        result |= (cause & table[i].cause) != 0u ? table[i].flags : 0u;
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
        if (i != OSC_LSE) {
            sim_cancel(r->part->m, &r->osc[i].ready);
        }
    }
    r->block.value[R_CSR] = ((cause & SIM_RESET_POWER) != 0u ? 0u : flags) | reset_flags(cause);
    r->block.value[R_BDCR] = bdcr;
    if (backup_lost) {
        backup_domain_reset(r);
        r->block.value[R_BDCR] = 0;
    } else if ((cause & SIM_RESET_POWER) != 0u) {
        uint32_t kept = sim_rtc_kept_bdcr(r->part);
        r->block.value[R_BDCR] = (kept & 1u) != 0u ? kept | 2u : kept;
    }
    r->source = SW_HSI;
    sim_part_clock_changed(r->part);
    update_irq(r);
}

static void gate_of(const sim_part *part, uint32_t base, const uint32_t **word, uint32_t *mask)
{
    const uint32_t *value = part->rcc->block.value;
    if (base - GPIO_BASE < GPIO_BYTES) {
        *word = &value[R_AHB1ENR];
        *mask = 1u << (base - GPIO_BASE) / 0x400u;
        return;
    }
    for (size_t i = 0; i < SIM_ROWS(gates); i++) {
        if (gates[i].base == base) {
            *word = &value[gates[i].row];
            *mask = 1u << gates[i].bit;
        }
    }
}

static uint32_t bdcr_of(const sim_part *part)
{
    return part->rcc->block.value[R_BDCR];
}

void sim_rcc_f7_new(sim_part *part)
{
    static const sim_block_hooks hooks = {NULL, rcc_write, rcc_reset};
    static const sim_block_spec spec = {"RCC", 0x40023800u, 0x400u, false, rows, ROWS, &hooks};
    sim_rcc *r = sim_part_alloc(part, sizeof *r);
    r->part = part;
    for (unsigned i = 0; i < OSC_COUNT; i++) {
        r->osc[i] = (oscillator){.rcc = r, .which = i};
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
