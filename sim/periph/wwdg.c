/* WWDG (RM0440 43): a 7-bit counter of PCLK1 / 4096 / 2^WDGTB. */
#include "sim/periph/part/part.h"

enum { R_CR, R_CFR, R_SR };

#define CR_WDGA (1u << 7)
#define CR_T6 (1u << 6)
#define CFR_EWI (1u << 9)
#define SR_EWIF 1u
#define OPTR_WWDG_SW (1u << 19)

static const sim_reg rows[] = {
    [R_CR] = {0x00, "CR", 0x7Fu, 0},
    [R_CFR] = {0x04, "CFR", 0x7Fu, 0x00003A7Fu},
    [R_SR] = {0x08, "SR", 0, 0},
};

typedef struct sim_wwdg {
    sim_block block;
    unsigned irq;
    sim_clock_user clock;
    sim_event at_40, at_3f, begin;
    sim_ps since;      /* `counter` was right then */
    uint32_t counter;
    sim_ps tick;
} sim_wwdg;

static bool active(const sim_wwdg *w)
{
    return (w->block.value[R_CR] & CR_WDGA) != 0u;
}

static void find_tick(sim_wwdg *w)
{
    uint64_t periods = 4096ull << ((w->block.value[R_CFR] >> 11) & 7u);
    w->tick = sim_periods(periods, sim_clock_hz(w->block.part->m, SIM_CLOCK_PCLK1));
}

static void count(void *owner)
{
    sim_wwdg *w = owner;
    if (active(w)) {
        sim_ps now = sim_now(w->block.part->m);
        uint64_t ticks = (now - w->since) / w->tick;
        w->counter = (uint32_t)(w->counter - ticks) & 0x7Fu;
        w->since += ticks * w->tick;
    }
}

static void plan(void *owner)
{
    sim_wwdg *w = owner;
    sim_machine *m = w->block.part->m;
    find_tick(w);
    sim_cancel(m, &w->at_40);
    sim_cancel(m, &w->at_3f);
    if (!active(w)) {
        return;
    }
    if (w->counter > 0x40u) {
        sim_schedule(m, &w->at_40, w->since + w->tick * (w->counter - 0x40u));
    }
    sim_schedule(m, &w->at_3f, w->since + w->tick * (w->counter - 0x3Fu));
}

static void update_irq(sim_wwdg *w)
{
    bool on = (w->block.value[R_SR] & SR_EWIF) != 0u && (w->block.value[R_CFR] & CFR_EWI) != 0u;
    sim_part_irq(w->block.part, w->irq, 0, on);
}

static void at_40(void *self)
{
    sim_wwdg *w = self;
    w->block.value[R_SR] = SR_EWIF;
    update_irq(w);
}

static void at_3f(void *self)
{
    sim_wwdg *w = self;
    sim_request_reset(w->block.part->m, SIM_RESET_WWDG);
}

static uint32_t wwdg_read(void *owner, unsigned reg, uint32_t stored)
{
    sim_wwdg *w = owner;
    if (reg != R_CR) {
        return stored;
    }
    count(w);
    return (stored & CR_WDGA) | w->counter;
}

static sim_access wwdg_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_wwdg *w = owner;
    sim_machine *m = w->block.part->m;
    count(w);
    if (reg == R_CR) {
        bool was = active(w);
        uint32_t window = w->block.value[R_CFR] & 0x7Fu;
        if (was && w->counter > window) {
            sim_request_reset(m, SIM_RESET_WWDG);
        }
        w->block.value[R_CR] |= raw & CR_WDGA;
        w->counter = raw & 0x7Fu;
        w->since = sim_now(m);
        if (active(w) && (raw & CR_T6) == 0u) {
            sim_request_reset(m, SIM_RESET_WWDG);
            return SIM_ACCESS_OK;
        }
    } else if (reg == R_CFR) {
        w->block.value[R_CFR] |= old & CFR_EWI; /* only a reset clears it */
    } else if (reg == R_SR && (raw & SR_EWIF) == 0u) {
        w->block.value[R_SR] = 0;
    }
    plan(w);
    update_irq(w);
    return SIM_ACCESS_OK;
}

static void begin(void *self)
{
    sim_wwdg *w = self;
    if ((sim_flash_optr(w->block.part->m) & OPTR_WWDG_SW) == 0u) {
        w->block.value[R_CR] |= CR_WDGA;
        w->since = sim_now(w->block.part->m);
        plan(w);
    }
}

static void wwdg_reset(void *owner, unsigned cause, bool backup_lost)
{
    sim_wwdg *w = owner;
    (void)cause, (void)backup_lost;
    w->counter = 0x7Fu;
    plan(w);
    update_irq(w);
    sim_schedule(w->block.part->m, &w->begin, sim_now(w->block.part->m));
}

void sim_wwdg_new(sim_part *part, uint32_t base, unsigned irq)
{
    static const sim_block_hooks hooks = {wwdg_read, wwdg_write, wwdg_reset};
    const sim_block_spec spec = {"WWDG", base, 0x400u, true, rows,
                                        SIM_ROWS(rows), &hooks};
    sim_wwdg *w = sim_part_alloc(part, sizeof *w);
    sim_block_init(&w->block, part, w, &spec);
    w->irq = irq;
    w->counter = 0x7Fu;
    w->at_40 = (sim_event){.fire = at_40, .self = w, .avertible = true};
    w->at_3f = (sim_event){.fire = at_3f, .self = w, .avertible = true};
    w->begin = (sim_event){.fire = begin, .self = w};
    w->clock = (sim_clock_user){.changing = count, .changed = plan, .owner = w};
    sim_part_add_clock_user(part, &w->clock);
}
