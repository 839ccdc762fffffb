/* What every part has: its memory, its interrupt lines, and the way to its own models. */
#include <stdlib.h>

#include "sim/periph/part/part.h"

typedef struct allocation {
    struct allocation *next;
    max_align_t data[];
} allocation;

void *sim_part_alloc(sim_part *part, size_t bytes)
{
    allocation *a = calloc(1, sizeof *a + bytes);
    if (a == NULL) {
        abort();
    }
    a->next = part->allocations;
    part->allocations = a;
    return a->data;
}

static void destroy(sim_part *part)
{
    allocation *a = part->allocations;
    while (a != NULL) {
        allocation *next = a->next;
        free(a);
        a = next;
    }
    free(part);
}

sim_part *sim_part_new(sim_machine *m)
{
    sim_part *part = calloc(1, sizeof *part);
    if (part == NULL) {
        abort();
    }
    part->m = m;
    part->supply_mv = SIM_SUPPLY_MV;
    sim_set_part(m, part, destroy);
    return part;
}

void sim_part_irq(sim_part *part, unsigned irq, unsigned source, bool level)
{
    uint8_t before = part->irq_sources[irq];
    uint8_t after = (uint8_t)(level ? before | 1u << source : before & ~(1u << source));
    part->irq_sources[irq] = after;
    if ((before != 0u) != (after != 0u)) {
        sim_irq(part->m, irq, after != 0u);
    }
}

bool sim_set_supply(sim_machine *m, unsigned millivolts)
{
    sim_part *part = sim_get_part(m);
    if (part->services.has_pvd) {
        part->supply_mv = millivolts;
    }
    return part->services.has_pvd;
}

unsigned sim_supply(const sim_machine *m)
{
    return sim_get_part(m)->supply_mv;
}

/* floor(n * 10^12 / hz) in 64 bits: hz < 10^13, as 512 times a core clock is. */
sim_ps sim_periods(uint64_t n, uint64_t hz)
{
    const uint64_t million = 1000000u;
    uint64_t seconds = n / hz, rest = n % hz;
    uint64_t us = rest * million / hz, part = rest * million % hz;
    return seconds * SIM_PS_PER_S + us * million + part * million / hz;
}

uint64_t sim_periods_in(sim_ps time, uint64_t hz)
{
    const uint64_t million = 1000000u;
    uint64_t seconds = time / SIM_PS_PER_S, rest = time % SIM_PS_PER_S;
    uint64_t high = rest / million * hz, low = rest % million * hz;
    return seconds * hz + (high + low / million) / million;
}

const char *sim_deep_sleep(sim_machine *m)
{
    const sim_part *part = sim_get_part(m);
    return part->services.deep_sleep == NULL ? "Stop, Standby and Shutdown are not modelled"
                                             : part->services.deep_sleep(part);
}

/* ---- clocks ------------------------------------------------------------------- */

void sim_part_add_clock_user(sim_part *part, sim_clock_user *user)
{
    user->next = part->clock_users;
    part->clock_users = user;
}

void sim_part_clock_changing(sim_part *part)
{
    for (sim_clock_user *u = part->clock_users; u != NULL; u = u->next) {
        u->changing(u->owner);
    }
}

void sim_part_clock_changed(sim_part *part)
{
    uint32_t hclk = part->services.clock_hz(part, SIM_CLOCK_HCLK);
    if (sim_hclk_hz(part->m) != hclk) {
        sim_set_hclk(part->m, hclk);
    }
    for (sim_clock_user *u = part->clock_users; u != NULL; u = u->next) {
        u->changed(u->owner);
    }
}

uint32_t sim_clock_hz(sim_machine *m, sim_clock clock)
{
    sim_part *part = sim_get_part(m);
    return part->services.clock_hz(part, clock);
}

uint32_t sim_uart_clock_hz(sim_machine *m, uint32_t base)
{
    sim_part *part = sim_get_part(m);
    return part->services.uart_clock_hz(part, base);
}

void sim_check_clock(sim_machine *m)
{
    sim_part *part = sim_get_part(m);
    part->services.check_clock(part);
}

/* ---- gates, protection ---------------------------------------------------------- */

void sim_part_gate(const sim_part *part, uint32_t base, const uint32_t **word, uint32_t *mask)
{
    *word = NULL;
    if (part->services.gate != NULL) {
        part->services.gate(part, base, word, mask);
    }
}

bool sim_is_clocked(sim_machine *m, uint32_t periph_base)
{
    const uint32_t *word;
    uint32_t mask;
    sim_part_gate(sim_get_part(m), periph_base, &word, &mask);
    return word == NULL || (*word & mask) != 0u;
}

void sim_part_reset_block(sim_part *part, uint32_t base)
{
    for (sim_block *b = part->blocks; b != NULL; b = b->next) {
        if (b->periph.base == base) {
            b->periph.reset(b->periph.self, 0, false);
        }
    }
}

bool sim_backup_writable(sim_machine *m)
{
    const sim_part *part = sim_get_part(m);
    return part->services.dbp(part);
}
