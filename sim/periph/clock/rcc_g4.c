/* RCC of STM32G4, L4 and L4+: clock tree, gates, peripheral resets, reset flags (RM0440 7). */
#include "sim/periph/clock/rcc_g4.h"

#define HSI_HZ 16000000u
#define HSI48_HZ 48000000u
#define LOW_POWER_RUN_HZ 2000000u

#define PLLCFGR_QEN (1u << 20)
#define PLLCFGR_REN (1u << 24)
#define AHB1RSTR_FLASH (1u << 8)
#define CSR_RMVF (1u << 23)
#define CSR_FLAGS 0xFF000000u
#define CR_MSIRGSEL (1u << 3)
#define APB1ENR1_WWDGEN (1u << 11)

/* Of this clock tree, whose kind begins with the common one. */
static const rcc_g4_kind *kind_of(const sim_rcc *r)
{
    return (const rcc_g4_kind *)r->kind;
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
    return kind_of(r)->pll_source[r->block.value[R_PLLCFGR] & 3u];
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
    unsigned row = kind_of(r)->sai_own_m ? pll_row(pll) : R_PLLCFGR;
    return ((r->block.value[row] >> 4) & kind_of(r)->pll_m_mask) + 1u;
}

static uint32_t pll_vco_hz(const sim_rcc *r, unsigned pll)
{
    return (uint32_t)((uint64_t)osc_hz(r, pll_source(r)) * pll_n(r, pll) / pll_m(r, pll));
}

static uint32_t sysclk_hz(const sim_rcc *r)
{
    return osc_hz(r, r->kind->source_of[r->source]);
}

static uint32_t hclk_hz(const sim_rcc *r)
{
    return rcc_divided(sysclk_hz(r), r->block.value[R_CFGR] >> 4 & 15u);
}

static unsigned apb_shift(const sim_rcc *r, bool apb2)
{
    return rcc_apb_shift(r->block.value[R_CFGR] >> (apb2 ? 11 : 8) & 7u);
}

static uint32_t clock_hz(sim_part *part, sim_clock clock)
{
    const sim_rcc *r = part->rcc;
    /* Asked for often: each change of it has been told by HCLK (sim_part_clock_changed()). */
    const uint32_t hclk = clock == SIM_CLOCK_HCLK ? hclk_hz(r) : sim_hclk_hz(part->m);
    const rcc_rates rates = {.sysclk = clock == SIM_CLOCK_SYSCLK ? sysclk_hz(r) : 0u,
                             .hclk = hclk, .pclk1 = hclk >> apb_shift(r, false),
                             .pclk2 = hclk >> apb_shift(r, true),
                             .hsi = rcc_ready(r, OSC_HSI) ? HSI_HZ : 0u};
    return rcc_clock_hz(r, clock, &rates);
}

static uint32_t timer_hz(sim_part *part, bool apb2)
{
    const sim_rcc *r = part->rcc;
    return rcc_timer_hz(hclk_hz(r), apb_shift(r, apb2), false);
}

static uint32_t clk48_hz(sim_part *part)
{
    const sim_rcc *r = part->rcc;
    unsigned osc = kind_of(r)->clk48[(r->block.value[R_CCIPR] >> 26) & 3u];
    if (osc == OSC_NONE || !rcc_ready(r, osc)) {
        return 0;
    }
    if (is_pll(osc)) {
        bool enabled = (r->block.value[pll_row(osc)] & PLLCFGR_QEN) != 0u;
        return enabled ? pll_output_hz(r, osc, 21u) : 0u;
    }
    return osc_hz(r, osc);
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
        sim_clock bus = selectors[i].apb2 ? SIM_CLOCK_PCLK2 : SIM_CLOCK_PCLK1;
        return rcc_serial_hz(part, r->block.value[R_CCIPR] >> selectors[i].shift,
                             clock_hz(part, bus));
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
    const uint8_t *limits = kind_of(r)->limits_mhz[range];
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
    const rcc_g4_kind *k = kind_of(r);
    const char *name = pll == OSC_PLL ? "PLL" : pll == OSC_PLLSAI1 ? "PLLSAI1" : "PLLSAI2";
    uint32_t n = pll_n(r, pll), vco = pll_vco_hz(r, pll);
    unsigned source = pll_source(r);
    uint32_t input = osc_hz(r, source) / pll_m(r, pll);
    sim_machine *m = r->part->m;
    if (source == OSC_NONE) {
        sim_stop(m, "RCC: %sON without a source in PLLCFGR.PLLSRC", name);
    } else if (!rcc_ready(r, source)) {
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

/* Takes over the clock that SW asks for, as soon as it is ready. */
static void switch_source(sim_rcc *r)
{
    unsigned want = r->block.value[R_CFGR] & 3u;
    if (want == r->source) {
        return;
    }
    unsigned osc = r->kind->source_of[want];
    if (osc == OSC_NONE) {
        sim_stop(r->part->m, "RCC: CFGR.SW of %u is reserved", want);
        return;
    }
    if (!rcc_ready(r, osc)) {
        return;
    }
    if (osc == OSC_PLL && (r->block.value[R_PLLCFGR] & PLLCFGR_REN) == 0u) {
        sim_stop(r->part->m, "RCC: SYSCLK switched to the PLL with PLLCFGR.PLLREN clear");
        return;
    }
    r->source = want;
    r->block.value[R_CFGR] = (r->block.value[R_CFGR] & ~0xCu) | (want << 2);
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
        rcc_command(r, OSC_MSI, old);
        rcc_command(r, OSC_HSI, old);
        rcc_command(r, OSC_HSE, old);
        for (size_t i = 0; i < sizeof plls; i++) {
            rcc_command(r, plls[i], old);
        }
        break;
    case R_CFGR:
        switch_source(r);
        break;
    case R_PLLCFGR:
        value[reg] = keep(old, value[reg], pll_on(r, OSC_PLL) ? kind_of(r)->pll_locked : 0u);
        if (pll_on(r, OSC_PLLSAI1) || pll_on(r, OSC_PLLSAI2)) {
            value[reg] = keep(old, value[reg], kind_of(r)->pll_shared);
        }
        if (r->kind->source_of[r->source] == OSC_PLL) {
            value[reg] |= PLLCFGR_REN;
        }
        break;
    case R_PLLSAI1CFGR:
        value[reg] = keep(old, value[reg], pll_on(r, OSC_PLLSAI1) ? kind_of(r)->sai_locked : 0u);
        break;
    case R_PLLSAI2CFGR:
        value[reg] = keep(old, value[reg], pll_on(r, OSC_PLLSAI2) ? kind_of(r)->sai_locked : 0u);
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
        rcc_command(r, OSC_LSI, old);
        break;
    case R_CRRCR:
        rcc_command(r, OSC_HSI48, old);
        break;
    default:
        if (reg == R_AHB1RSTR && (raw & AHB1RSTR_FLASH) != 0u) {
            return sim_block_unmodelled(&r->block, reg, raw, "the reset of the flash interface");
        }
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

/* Internal resets pull NRST as well (RM0440 7.4.28). */
#define PINRSTF (1u << 26)
static const rcc_cause causes[] = {
    {SIM_RESET_POWER, 1u << 27 | PINRSTF},     {SIM_RESET_PIN, PINRSTF},
    {SIM_RESET_SOFTWARE, 1u << 28 | PINRSTF},  {SIM_RESET_IWDG, 1u << 29 | PINRSTF},
    {SIM_RESET_WWDG, 1u << 30 | PINRSTF},      {SIM_RESET_OPTION, 1u << 25 | PINRSTF},
    {SIM_RESET_LOW_POWER, 1u << 31 | PINRSTF}, {0, 0},
};

void rcc_g4_new(sim_part *part, const rcc_g4_kind *kind)
{
    static const sim_block_hooks hooks = {NULL, rcc_write, NULL};
    rcc_g4_kind *own = sim_part_alloc(part, sizeof *own);
    rcc_kind *common = &own->common;
    *own = *kind;
    common->spec =
        (sim_block_spec){"RCC", 0x40021000u, 0x400u, false, kind->rows, RCC_ROWS, &hooks};
    common->first_reset = R_AHB1RSTR, common->last_reset = R_APB2RSTR;
    common->first_enable = R_AHB1ENR;
    common->osc_count = OSC_COUNT;
    common->first_pll = OSC_PLL;
    common->hse = OSC_HSE, common->lse = OSC_LSE, common->lsi = OSC_LSI;
    common->irq = 5u;
    common->flag_row = R_CIFR, common->enable_row = R_CIER, common->interrupts = 0xFFFFFFFFu;
    common->bdcr_row = R_BDCR, common->bdcr_bits = 0x0300803Du;
    common->cause_row = R_CSR, common->causes = causes, common->cause_flags = CSR_FLAGS;
    common->rtc_divider = 32u;
    common->pll_source = pll_source;
    common->can_lock = pll_can_lock;
    common->switch_source = switch_source;
    common->services = (sim_services){.clock_hz = clock_hz, .uart_clock_hz = uart_clock_hz,
                                      .timer_hz = timer_hz, .clk48_hz = clk48_hz,
                                      .check_clock = check_clock};
    (void)rcc_new(part, common, kind->reset_hz);
}
