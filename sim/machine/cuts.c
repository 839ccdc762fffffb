/* Power cuts: which operation, which moment of it. What they make of the contents is the
 * flash model's. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "sim/machine/state.h"

static cut_entry *add(sim_machine *m)
{
    cut_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        abort();
    }
    entry->m = m;
    cut_entry **at = &m->cuts;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = entry;
    m->cuts_scheduled++;
    return entry;
}

static void fire(void *self)
{
    cut_entry *entry = self;
    sim_machine *m = entry->m;
    if (!m->powered || m->power_cut) {
        return; /* power is away already: a cut that finds nothing to cut has not fired */
    }
    entry->fired = true;
    m->cuts_fired++;
    m->op_cut = NULL;
    if (entry->cut.random != 0u) {
        m->random = entry->cut.random;
    }
    m->flash->tear(m->flash->self, entry->cut.outcome);
    sim_trace(m, SIM_TRACE_RESET, "%s",
              !entry->cut.reset_only          ? "injected power cut"
              : entry->cut.reset_cause == 0u ? "injected pin reset"
                                             : "injected reset");
    if (entry->cut.reset_only) {
        unsigned cause = entry->cut.reset_cause;
        sim_request_reset(m, cause == 0u ? (unsigned)SIM_RESET_PIN : cause);
        m->breaking = m->breaking || entry->cut.stay;
    } else {
        m->power_cut = true;
        m->cut_backup_lost = entry->cut.backup_lost;
        sim_wake_up_run(m);
    }
}

void sim_schedule_cut(sim_machine *m, const sim_cut *cut)
{
    cut_entry *entry = add(m);
    entry->cut = *cut;
    if (entry->cut.kind_mask == 0u) {
        entry->cut.kind_mask = ~0u;
    }
    entry->event = (sim_event){.fire = fire, .self = entry};
}

void sim_schedule_cut_at(sim_machine *m, sim_ps when, sim_cut_outcome outcome, bool backup_lost)
{
    cut_entry *entry = add(m);
    entry->by_time = true;
    entry->cut = (sim_cut){.outcome = outcome, .backup_lost = backup_lost};
    entry->event = (sim_event){.fire = fire, .self = entry};
    sim_schedule(m, &entry->event, when);
}

uint64_t sim_op_count(const sim_machine *m, unsigned kind_mask)
{
    uint64_t sum = 0;
    for (unsigned kind = 0; kind < sizeof m->ops / sizeof m->ops[0]; kind++) {
        if (kind_mask == 0u || (kind_mask >> kind & 1u) != 0u) {
            sum += m->ops[kind];
        }
    }
    return sum;
}

sim_ps sim_op_time(const sim_machine *m) { return m->op_time; }

unsigned sim_cuts_fired(const sim_machine *m) { return m->cuts_fired; }
unsigned sim_cuts_scheduled(const sim_machine *m) { return m->cuts_scheduled; }

void sim_set_op_hook(sim_machine *m, void (*hook)(void *ctx, sim_op_kind kind), void *ctx)
{
    m->op_hook = hook;
    m->op_hook_ctx = ctx;
}

bool sim_op_place(const sim_machine *m, unsigned *bank, uint32_t *offset, uint32_t *bytes)
{
    if (m->flash->place == NULL) {
        return false;
    }
    m->flash->place(m->flash->self, bank, offset, bytes);
    return true;
}

const uint8_t *sim_op_data(const sim_machine *m)
{
    return m->flash->op_data == NULL ? NULL : m->flash->op_data(m->flash->self);
}

bool sim_op_begin(sim_machine *m, sim_op_kind kind, sim_ps until)
{
    if (m->op_hook != NULL) {
        m->op_hook(m->op_hook_ctx, kind);
    }
    cut_entry *hit = NULL;
    for (cut_entry *entry = m->cuts; entry != NULL && hit == NULL; entry = entry->next) {
        if (!entry->by_time && !entry->fired && (entry->cut.kind_mask >> kind & 1u) != 0u &&
            sim_op_count(m, entry->cut.kind_mask) == entry->cut.op) {
            hit = entry;
        }
    }
    m->ops[kind]++;
    m->op_time += until - sim_now(m);
    if (hit == NULL) {
        return true;
    }
    sim_ps now = sim_now(m);
    switch (hit->cut.when) {
    case SIM_CUT_BEFORE:
        fire(hit);
        return false;
    case SIM_CUT_DURING:
        sim_schedule(m, &hit->event, now + (until - now) / 2u);
        break;
    case SIM_CUT_AFTER:
        m->op_cut = hit;
        break;
    }
    return true;
}

void sim_op_end(sim_machine *m)
{
    if (m->op_cut != NULL) {
        fire(m->op_cut);
    }
}

/* The operation that a cut waited for is over, by another reset: it will not fire. */
void sim_cuts_reset(sim_machine *m)
{
    m->op_cut = NULL;
    for (cut_entry *entry = m->cuts; entry != NULL; entry = entry->next) {
        if (!entry->by_time) {
            sim_cancel(m, &entry->event);
        }
    }
}

void sim_free_cuts(sim_machine *m)
{
    while (m->cuts != NULL) {
        cut_entry *entry = m->cuts;
        m->cuts = entry->next;
        sim_cancel(m, &entry->event);
        free(entry);
    }
}
