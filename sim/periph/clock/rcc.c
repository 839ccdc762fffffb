#include "sim/periph/clock/rcc.h"

#define BDCR_BDRST (1u << 16)
#define BDCR_RTCEN (1u << 15)
#define BDCR_RTCSEL 0x300u
#define BDCR_LSEON 1u
#define BDCR_LSERDY 2u

/* ---- bus dividers ---- */

uint32_t rcc_divided(uint32_t hz, uint32_t hpre)
{
    static const uint16_t divide[8] = {2, 4, 8, 16, 64, 128, 256, 512};
    return (hpre & 8u) != 0u ? hz / divide[hpre & 7u] : hz;
}

unsigned rcc_apb_shift(uint32_t ppre)
{
    return (ppre & 4u) != 0u ? (ppre & 3u) + 1u : 0u;
}

uint32_t rcc_timer_hz(uint32_t hclk, unsigned apb_shift, bool timpre)
{
    unsigned raised = timpre ? 2u : 1u;
    return apb_shift <= raised ? hclk : hclk >> (apb_shift - raised);
}

uint32_t rcc_clock_hz(const sim_rcc *r, sim_clock clock, const rcc_rates *rates)
{
    switch (clock) {
    case SIM_CLOCK_HCLK:
        return rates->hclk;
    case SIM_CLOCK_PCLK1:
        return rates->pclk1;
    case SIM_CLOCK_PCLK2:
        return rates->pclk2;
    case SIM_CLOCK_HSI16:
        return rates->hsi;
    case SIM_CLOCK_LSE:
        return rcc_ready(r, r->kind->lse) ? RCC_LSE_HZ : 0u;
    case SIM_CLOCK_LSI:
        return RCC_LSI_HZ;
    case SIM_CLOCK_SYSCLK:
        return rates->sysclk;
    }
    return 0;
}

uint32_t rcc_serial_hz(sim_part *part, uint32_t selector, uint32_t bus_hz)
{
    static const sim_clock clocks[4] = {[1] = SIM_CLOCK_SYSCLK, SIM_CLOCK_HSI16, SIM_CLOCK_LSE};
    unsigned chosen = selector & 3u;
    return chosen == 0u ? bus_hz : part->services.clock_hz(part, clocks[chosen]);
}

/* ---- oscillators ---- */

bool rcc_ready(const sim_rcc *r, unsigned osc)
{
    const rcc_oscillator *o = &r->kind->osc[osc];
    return (r->block.value[o->row] >> o->ready_bit & 1u) != 0u;
}

void rcc_update_irq(sim_rcc *r)
{
    const rcc_kind *k = r->kind;
    uint32_t enabled = r->block.value[k->enable_row] >> k->enable_shift;
    sim_part_irq(r->part, k->irq, 0,
                 (r->block.value[k->flag_row] & enabled & k->interrupts) != 0u);
}

static void osc_ready(void *self)
{
    struct rcc_start *o = self;
    sim_rcc *r = o->rcc;
    const rcc_kind *k = r->kind;
    const rcc_oscillator *osc = &k->osc[o->which];
    sim_part_clock_changing(r->part);
    r->block.value[osc->row] |= 1u << osc->ready_bit;
    r->block.value[k->flag_row] |=
        r->block.value[k->enable_row] >> k->enable_shift & (1u << osc->flag_bit);
    k->switch_source(r);
    sim_part_clock_changed(r->part);
    k->services.check_clock(r->part);
    rcc_update_irq(r);
}

static bool is_pll(const sim_rcc *r, unsigned osc)
{
    return osc >= r->kind->first_pll && osc <= r->kind->last_pll;
}

static void not_ready(sim_rcc *r, unsigned osc)
{
    const rcc_oscillator *o = &r->kind->osc[osc];
    sim_cancel(r->part->m, &r->osc[osc].ready);
    r->block.value[o->row] &= ~(1u << o->ready_bit);
}

void rcc_command(sim_rcc *r, unsigned osc, uint32_t old)
{
    const rcc_oscillator *o = &r->kind->osc[osc];
    uint32_t *value = &r->block.value[o->row], on = 1u << o->on_bit;
    unsigned now = r->kind->source_of[r->source];
    bool feeds_plls = osc == r->kind->pll_source(r);
    if (((old ^ *value) & on) == 0u) {
        return;
    }
    if ((*value & on) != 0u) {
        if (!is_pll(r, osc) || r->kind->can_lock(r, osc)) {
            sim_schedule(r->part->m, &r->osc[osc].ready, sim_now(r->part->m) + o->start);
        }
    } else if (osc == now || (now == r->kind->first_pll && feeds_plls)) {
        *value |= on;
    } else {
        not_ready(r, osc);
        for (unsigned pll = r->kind->first_pll; feeds_plls && pll <= r->kind->last_pll; pll++) {
            not_ready(r, pll);
        }
    }
}

/* ---- gates and resets of peripherals ---- */

static void gate_of(const sim_part *part, uint32_t base, const uint32_t **word, uint32_t *mask)
{
    const sim_rcc *r = part->rcc;
    const rcc_kind *k = r->kind;
    uint32_t port = (base - k->gpio_base) / 0x400u;
    *mask = 0;
    if (port < k->gpio_ports) {
        *word = &r->block.value[k->gpio_row];
        *mask = 1u << port;
    }
    for (unsigned i = 0; i < k->gate_count; i++) {
        if (k->gates[i].base == base) {
            *word = &r->block.value[k->gates[i].row];
            *mask |= 1u << k->gates[i].bit;
        }
    }
}

/* Held in reset from the 1 to the 0: what is written in between is lost. */
void rcc_write_reset(sim_rcc *r, unsigned reg, uint32_t old)
{
    const rcc_kind *k = r->kind;
    if (reg < k->first_reset || reg > k->last_reset) {
        return;
    }
    unsigned enable = reg - k->first_reset + k->first_enable;
    uint32_t bits = old ^ r->block.value[reg];
    for (unsigned i = 0; i < k->gate_count; i++) {
        const rcc_gate *g = &k->gates[i];
        if (g->row == enable && g->resettable && (bits >> g->bit & 1u) != 0u) {
            sim_part_reset_block(r->part, g->base);
        }
    }
    for (unsigned port = 0; enable == k->gpio_row && port < k->gpio_ports; port++) {
        if ((bits >> port & 1u) != 0u) {
            sim_part_reset_block(r->part, k->gpio_base + 0x400u * port);
        }
    }
}

/* ---- the backup domain ---- */

static bool of_backup_domain(const rcc_kind *k, unsigned osc)
{
    return k->osc[osc].row == k->bdcr_row;
}

static void backup_domain_reset(sim_rcc *r)
{
    for (unsigned i = 0; i < r->kind->osc_count; i++) {
        if (of_backup_domain(r->kind, i)) {
            sim_cancel(r->part->m, &r->osc[i].ready);
        }
    }
    r->block.value[r->kind->bdcr_row] = BDCR_BDRST;
    sim_rtc_domain_reset(r->part);
}

void rcc_write_bdcr(sim_rcc *r, uint32_t raw)
{
    uint32_t *bdcr = &r->block.value[r->kind->bdcr_row], old = *bdcr;
    /* The RTC's clock is chosen once, until a reset of the domain. */
    uint32_t mask = r->kind->bdcr_bits | ((old & BDCR_RTCSEL) == 0u ? BDCR_RTCSEL : 0u);
    if (!r->part->services.dbp(r->part)) {
        return;
    }
    if ((raw & BDCR_BDRST) != 0u) {
        backup_domain_reset(r);
        return;
    }
    *bdcr = (old & ~(mask | BDCR_BDRST)) | (raw & mask);
    for (unsigned i = 0; i < r->kind->osc_count; i++) {
        if (of_backup_domain(r->kind, i)) {
            rcc_command(r, i, old);
        }
    }
    sim_rtc_keep_bdcr(r->part, *bdcr);
}

static uint32_t rtc_hz(sim_part *part)
{
    const sim_rcc *r = part->rcc;
    const rcc_kind *k = r->kind;
    uint32_t bdcr = r->block.value[k->bdcr_row];
    uint32_t divider = k->rtc_divider;
    if (divider == 0u) {
        divider = r->block.value[k->rtc_divider_row] >> k->rtc_divider_shift & k->rtc_divider_mask;
    }
    if ((bdcr & BDCR_RTCEN) == 0u) {
        return 0;
    }
    switch (bdcr >> 8 & 3u) {
    case 1:
        return rcc_ready(r, k->lse) ? RCC_LSE_HZ : 0u;
    case 2:
        return rcc_ready(r, k->lsi) ? RCC_LSI_HZ : 0u;
    case 3:
        return rcc_ready(r, k->hse) && divider > 1u ? k->hse_hz / divider : 0u;
    default:
        return 0;
    }
}

static uint32_t bdcr_of(const sim_part *part)
{
    return part->rcc->block.value[part->rcc->kind->bdcr_row];
}

/* ---- resets of the part ---- */

static uint32_t reset_flags(const sim_rcc *r, unsigned cause)
{
    uint32_t result = 0;
    if (cause == SIM_RESET_STANDBY && sim_has_reading(r->part->m, SIM_READING_WAKE_FLAGS)) {
        cause = SIM_RESET_POWER;
    }
    for (const rcc_cause *c = r->kind->causes; c->cause != 0u; c++) {
        result |= (cause & c->cause) != 0u ? c->flags : 0u;
    }
    return result;
}

static void rcc_reset(void *owner, unsigned cause, bool backup_lost)
{
    sim_rcc *r = owner;
    const rcc_kind *k = r->kind;
    uint32_t *value = r->block.value;
    uint32_t flags = value[k->cause_row] & k->cause_flags, bdcr = value[k->bdcr_row];
    sim_part_clock_changing(r->part);
    sim_block_reset_values(&r->block);
    for (unsigned i = 0; i < k->osc_count; i++) {
        if (!of_backup_domain(k, i)) {
            sim_cancel(r->part->m, &r->osc[i].ready);
        }
    }
    value[k->cause_row] &= ~k->cause_flags;
    value[k->cause_row] |= ((cause & SIM_RESET_POWER) != 0u ? 0u : flags) | reset_flags(r, cause);
    value[k->bdcr_row] = bdcr;
    if (backup_lost) {
        backup_domain_reset(r);
        value[k->bdcr_row] = 0;
    } else if ((cause & SIM_RESET_POWER) != 0u) { /* VBAT kept it; LSE has been running */
        uint32_t kept = sim_rtc_kept_bdcr(r->part);
        value[k->bdcr_row] = (kept & BDCR_LSEON) != 0u ? kept | BDCR_LSERDY : kept;
    }
    r->source = k->reset_source;
    if (k->after_reset != NULL) {
        k->after_reset(r);
    }
    sim_part_clock_changed(r->part);
    rcc_update_irq(r);
}

sim_rcc *rcc_new(sim_part *part, const rcc_kind *kind, uint32_t hz)
{
    sim_rcc *r = sim_part_alloc(part, sizeof *r);
    sim_block_hooks *hooks = sim_part_alloc(part, sizeof *hooks);
    sim_block_spec spec = kind->spec;
    *hooks = *kind->spec.hooks;
    hooks->reset = rcc_reset;
    spec.hooks = hooks;
    r->part = part;
    r->kind = kind;
    r->source = kind->reset_source;
    for (unsigned i = 0; i < kind->osc_count; i++) {
        r->osc[i] = (struct rcc_start){.rcc = r, .which = i};
        r->osc[i].ready.fire = osc_ready;
        r->osc[i].ready.self = &r->osc[i];
    }
    sim_block_init(&r->block, part, r, &spec);
    r->block.keeps_values = true;
    part->rcc = r;
    part->services.clock_hz = kind->services.clock_hz;
    part->services.uart_clock_hz = kind->services.uart_clock_hz;
    part->services.timer_hz = kind->services.timer_hz;
    part->services.clk48_hz = kind->services.clk48_hz;
    part->services.check_clock = kind->services.check_clock;
    part->services.rtc_hz = rtc_hz;
    part->services.bdcr = bdcr_of;
    part->services.gate = gate_of;
    sim_set_hclk(part->m, hz);
    return r;
}
