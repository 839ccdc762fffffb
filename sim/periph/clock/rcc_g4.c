/* RCC of STM32G4, L4 and L4+: clock tree, gates, peripheral resets, reset flags (RM0440 7). */
#include "sim/periph/clock/rcc_g4.h"

#define HSI_HZ 16000000u
#define LSE_HZ 32768u
#define LSI_HZ 32000u
#define HSI48_HZ 48000000u
#define LOW_POWER_RUN_HZ 2000000u

#define PLLCFGR_QEN (1u << 20)
#define PLLCFGR_REN (1u << 24)
#define AHB1RSTR_FLASH (1u << 8)
#define BDCR_BDRST (1u << 16)
#define CSR_RMVF (1u << 23)
#define CSR_FLAGS 0xFF000000u
#define CR_MSIRGSEL (1u << 3)
#define APB1ENR1_WWDGEN (1u << 11)
typedef struct oscillator {
    struct sim_rcc *rcc;
    const rcc_oscillator *kind;
    sim_event ready;
} oscillator;

typedef struct sim_rcc {
    sim_block block;
    sim_part *part;
    const rcc_kind *kind;
    oscillator osc[OSC_COUNT];
    unsigned source; /* SWS */
} sim_rcc;

static bool ready(const sim_rcc *r, unsigned osc)
{
    return (r->block.value[r->kind->osc[osc].row] & (1u << r->kind->osc[osc].ready_bit)) != 0u;
}

/* ---- frequencies ----------------------------------------------------------- */

/* RM0351 6.4.1: MSIRANGE; values above the table's end are not used. */
static uint32_t msi_hz(const sim_rcc *r)
{
    static const uint32_t khz[16] = {100, 200, 400, 800, 1000, 2000, 4000, 8000,
                                     16000, 24000, 32000, 48000, 48000, 48000, 48000, 48000};
    bool own = (r->block.value[R_CR] & CR_MSIRGSEL) != 0u;
    uint32_t range = own ? r->block.value[R_CR] >> 4 : r->block.value[R_CSR] >> 8;
    return khz[range & 15u] * 1000u;
}

static unsigned pll_source(const sim_rcc *r)
{
    return r->kind->pll_source[r->block.value[R_PLLCFGR] & 3u];
}

/* The PLL, PLLSAI1 and PLLSAI2: one source, a register each with the same fields. */
static const uint8_t plls[] = {OSC_PLL, OSC_PLLSAI1, OSC_PLLSAI2};

static bool is_pll(unsigned osc)
{
    return osc >= OSC_PLL && osc <= OSC_PLLSAI2;
}

static unsigned pll_row(unsigned pll)
{
    return pll == OSC_PLL ? R_PLLCFGR : pll == OSC_PLLSAI1 ? R_PLLSAI1CFGR : R_PLLSAI2CFGR;
}

static bool pll_on(const sim_rcc *r, unsigned pll)
{
    const rcc_oscillator *kind = &r->kind->osc[pll];
    return kind->start != 0u && (r->block.value[kind->row] & (1u << kind->on_bit)) != 0u;
}

static uint32_t pll_vco_hz(const sim_rcc *r, unsigned pll);

/* With divider Q at bit 21, or R at bit 25 of the PLL's register. */
static uint32_t pll_output_hz(const sim_rcc *r, unsigned pll, unsigned at)
{
    return pll_vco_hz(r, pll) / (2u * (((r->block.value[pll_row(pll)] >> at) & 3u) + 1u));
}

static uint32_t osc_hz(const sim_rcc *r, unsigned osc)
{
    switch (osc) {
    case OSC_MSI:
        return msi_hz(r);
    case OSC_HSI:
        return HSI_HZ;
    case OSC_HSE:
        return r->kind->hse_hz;
    case OSC_HSI48:
        return HSI48_HZ;
    case OSC_PLL:
        return pll_output_hz(r, OSC_PLL, 25u);
    default:
        return 0;
    }
}

static uint32_t pll_n(const sim_rcc *r, unsigned pll)
{
    return (r->block.value[pll_row(pll)] >> 8) & 127u;
}

static uint32_t pll_m(const sim_rcc *r, unsigned pll)
{
    unsigned row = r->kind->sai_own_m ? pll_row(pll) : R_PLLCFGR;
    return ((r->block.value[row] >> 4) & r->kind->pll_m_mask) + 1u;
}

static uint32_t pll_vco_hz(const sim_rcc *r, unsigned pll)
{
    return (uint32_t)((uint64_t)osc_hz(r, pll_source(r)) * pll_n(r, pll) / pll_m(r, pll));
}

static uint32_t sysclk_hz(const sim_rcc *r)
{
    return osc_hz(r, r->kind->source[r->source]);
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
    unsigned osc = r->kind->clk48[(r->block.value[R_CCIPR] >> 26) & 3u];
    if (osc == OSC_NONE || !ready(r, osc)) {
        return 0;
    }
    if (is_pll(osc)) {
        bool enabled = (r->block.value[pll_row(osc)] & PLLCFGR_QEN) != 0u;
        return enabled ? pll_output_hz(r, osc, 21u) : 0u;
    }
    return osc_hz(r, osc);
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
        return ready(r, OSC_HSE) ? r->kind->hse_hz / 32u : 0u;
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

static void check_clock(sim_part *part)
{
    static const char *const names[3] = {"range 1 boost", "range 1 normal", "range 2"};
    const sim_rcc *r = part->rcc;
    sim_machine *m = part->m;
    sim_volt_range range = sim_pwr_range(part);
    unsigned latency = sim_flash_latency(m);
    const uint8_t *limits = r->kind->limits_mhz[range];
    unsigned row = latency < RCC_WAIT_STATES ? latency : RCC_WAIT_STATES - 1u;
    uint32_t most = limits[RCC_WAIT_STATES - 1u] * 1000000u;
    if (sim_pwr_low_power_run(part) && hclk_hz(r) > LOW_POWER_RUN_HZ) {
        sim_stop(m, "RCC: HCLK of %u Hz with PWR_CR1.LPR, which allows %u Hz", hclk_hz(r),
                 LOW_POWER_RUN_HZ);
    } else if (sysclk_hz(r) > most) {
        sim_stop(m, "RCC: SYSCLK of %u Hz, but voltage %s allows %u Hz", sysclk_hz(r),
                 names[range], most);
    } else if (hclk_hz(r) > limits[row] * 1000000u) {
        sim_stop(m, "RCC: HCLK of %u Hz with FLASH_ACR.LATENCY %u, but voltage %s allows %u Hz",
                 hclk_hz(r), latency, names[range], limits[row] * 1000000u);
    }
}

static bool pll_can_lock(sim_rcc *r, unsigned pll)
{
    const rcc_kind *k = r->kind;
    const char *name = pll == OSC_PLL ? "PLL" : pll == OSC_PLLSAI1 ? "PLLSAI1" : "PLLSAI2";
    uint32_t n = pll_n(r, pll), vco = pll_vco_hz(r, pll);
    unsigned source = pll_source(r);
    uint32_t input = osc_hz(r, source) / pll_m(r, pll);
    sim_machine *m = r->part->m;
    if (source == OSC_NONE) {
        sim_stop(m, "RCC: %sON without a source in PLLCFGR.PLLSRC", name);
    } else if (!ready(r, source)) {
        sim_stop(m, "RCC: %sON while its source is not ready", name);
    } else if (input < k->pll_in_min_hz || input > 16000000u) {
        sim_stop(m, "RCC: %s input of %u Hz, allowed %u to 16000000", name, input,
                 k->pll_in_min_hz);
    } else if (n < 8u || n > k->pll_n_max) {
        sim_stop(m, "RCC: %sCFGR.%sN of %u, allowed 8 to %u", name, name, n, k->pll_n_max);
    } else if (vco < k->pll_vco_min_hz || vco > 344000000u) {
        sim_stop(m, "RCC: %s VCO of %u Hz, allowed %u to 344000000", name, vco,
                 k->pll_vco_min_hz);
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
    unsigned want = r->block.value[R_CFGR] & 3u;
    if (want == r->source) {
        return;
    }
    unsigned osc = r->kind->source[want];
    if (osc == OSC_NONE) {
        sim_stop(r->part->m, "RCC: CFGR.SW of %u is reserved", want);
        return;
    }
    if (!ready(r, osc)) {
        return;
    }
    if (osc == OSC_PLL && (r->block.value[R_PLLCFGR] & PLLCFGR_REN) == 0u) {
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
    const rcc_oscillator *kind = &r->kind->osc[osc];
    r->block.value[kind->row] &= ~((1u << kind->ready_bit) | (1u << kind->on_bit));
}

/* Starts or stops an oscillator whose enable bit changed; one that carries the system
 * clock stays on (RM0440 7.4.1). */
static void osc_command(sim_rcc *r, unsigned osc, uint32_t old)
{
    const rcc_oscillator *kind = &r->kind->osc[osc];
    uint32_t on = 1u << kind->on_bit;
    bool was = (old & on) != 0u;
    bool is = (r->block.value[kind->row] & on) != 0u;
    bool feeds_plls = osc == pll_source(r);
    unsigned now = r->kind->source[r->source];
    bool carries = osc == now || (now == OSC_PLL && feeds_plls);
    if (was == is || kind->start == 0u) {
        return;
    }
    if (is) {
        if (!is_pll(osc) || pll_can_lock(r, osc)) {
            sim_schedule(r->part->m, &r->osc[osc].ready, sim_now(r->part->m) + kind->start);
        }
    } else if (carries) {
        r->block.value[kind->row] |= on;
    } else {
        osc_off(r, osc);
        for (size_t i = 0; feeds_plls && i < sizeof plls; i++) {
            if (pll_on(r, plls[i])) {
                sim_cancel(r->part->m, &r->osc[plls[i]].ready);
                r->block.value[R_CR] &= ~(1u << r->kind->osc[plls[i]].ready_bit);
            }
        }
    }
}

static void reset_peripherals(sim_rcc *r, unsigned enable_row, uint32_t bits)
{
    for (size_t i = 0; i < r->kind->gate_count; i++) {
        if (r->kind->gates[i].row == enable_row && r->kind->gates[i].resettable &&
            (bits & (1u << r->kind->gates[i].bit)) != 0u) {
            sim_part_reset_block(r->part, r->kind->gates[i].base);
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

static uint32_t keep(uint32_t old, uint32_t written, uint32_t locked)
{
    return (old & locked) | (written & ~locked);
}

static sim_access rcc_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_rcc *r = owner;
    uint32_t *value = r->block.value;
    sim_part_clock_changing(r->part);
    switch (reg) {
    case R_CR:
        osc_command(r, OSC_MSI, old);
        osc_command(r, OSC_HSI, old);
        osc_command(r, OSC_HSE, old);
        for (size_t i = 0; i < sizeof plls; i++) {
            osc_command(r, plls[i], old);
        }
        break;
    case R_CFGR:
        switch_source(r);
        break;
    case R_PLLCFGR:
        value[reg] = keep(old, value[reg], pll_on(r, OSC_PLL) ? r->kind->pll_locked : 0u);
        if (pll_on(r, OSC_PLLSAI1) || pll_on(r, OSC_PLLSAI2)) {
            value[reg] = keep(old, value[reg], r->kind->pll_shared);
        }
        if (r->kind->source[r->source] == OSC_PLL) {
            value[reg] |= PLLCFGR_REN;
        }
        break;
    case R_PLLSAI1CFGR:
        value[reg] = keep(old, value[reg], pll_on(r, OSC_PLLSAI1) ? r->kind->sai_locked : 0u);
        break;
    case R_PLLSAI2CFGR:
        value[reg] = keep(old, value[reg], pll_on(r, OSC_PLLSAI2) ? r->kind->sai_locked : 0u);
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
    r->block.value[R_CSR] = (r->kind->rows[R_CSR].reset & ~CSR_FLAGS) |
                            ((cause & SIM_RESET_POWER) != 0u ? 0u : flags) | reset_flags(cause);
    r->block.value[R_BDCR] = bdcr;
    if (backup_lost) {
        backup_domain_reset(r);
        r->block.value[R_BDCR] = 0;
    } else if ((cause & SIM_RESET_POWER) != 0u) { /* VBAT kept it; LSE has been running */
        uint32_t kept = sim_rtc_kept_bdcr(r->part);
        r->block.value[R_BDCR] = (kept & 1u) != 0u ? kept | 2u : kept;
    }
    r->source = r->kind->reset_source;
    sim_part_clock_changed(r->part);
    update_irq(r);
}

static void gate_of(const sim_part *part, uint32_t base, const uint32_t **word, uint32_t *mask)
{
    const sim_rcc *r = part->rcc;
    for (size_t i = 0; i < r->kind->gate_count; i++) {
        if (r->kind->gates[i].base == base) {
            *word = &r->block.value[r->kind->gates[i].row];
            *mask = 1u << r->kind->gates[i].bit;
        }
    }
}

static uint32_t bdcr_of(const sim_part *part)
{
    return part->rcc->block.value[R_BDCR];
}

void rcc_g4_new(sim_part *part, const rcc_kind *kind)
{
    static const sim_block_hooks hooks = {NULL, rcc_write, rcc_reset};
    const sim_block_spec spec = {"RCC", 0x40021000u, 0x400u, false, kind->rows, RCC_ROWS, &hooks};
    sim_rcc *r = sim_part_alloc(part, sizeof *r);
    r->part = part;
    r->kind = kind;
    r->source = kind->reset_source;
    for (unsigned i = 0; i < OSC_COUNT; i++) {
        r->osc[i] = (oscillator){.rcc = r, .kind = &kind->osc[i]};
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
    sim_set_hclk(part->m, sysclk_hz(r));
}
