/* A life that is lived: in a process of its own, from an interruption to the verdict. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "torture/plant.h"
#include "torture/run.h"

static bool may_join(const run *x)
{
    return x->p->memo != NULL && x->mode == MODE_LIFE && !x->whole && !x->p->whole &&
           x->p->plant == NULL;
}

static bool is_filed(const run *x)
{
    return may_join(x) && !run_each(x->p);
}

/* ---- each start ------------------------------------------------------------ */

static void starting(void *ctx, bool power)
{
    run *x = ctx;
    run_touch_last(x);
    if (is_filed(x) && x->r->cuts_seen == x->now.count) {
        /* How long stage 2 is waited for is the oracle's affair, after a watchdog reset. */
        bool asked = x->second || (x->r->by_watchdog && x->r->stage2_used);
        x->r->oracle.look = asked ? record_look : NULL;
        x->r->oracle.look_ctx = &x->record;
        record_start(&x->record, !power, x->r->chance);
    }
}

static void started(void *ctx)
{
    run *x = ctx;
    if (!x->record.on) {
        return;
    }
    beginning b = {.part = x->second ? 2u : 1u, .cuts = x->now.count,
                   .flags = record_flags(x->r), .options = sim_flash_options(x->r->m)};
    b.source = x->second ? (uint8_t)SOURCE_ALL_POWER : x->now.cut[x->now.count - 1u].source;
    b.words = sim_backup_words(x->r->m, &b.word_count);
    x->beginning = run_beginning(&b);
    record_begins(&x->record, x->beginning);
}

/* Off and on, the backup domain too, with the factory file in flash: what follows is determined by
 * all of flash, the options and what chance gives. Its operations are for second interruptions. */
static bool programmed(void *ctx)
{
    run *x = ctx;
    const rig *r = x->r;
    bool cut_once_more = x->p->depth > x->now.count;
    x->programmed = 0;
    if (!may_join(x) || r->cuts_seen != x->now.count || cut_once_more) {
        return false;
    }
    for (unsigned bank = 0; bank < 2u; bank++) {
        state_touch(&x->state, bank, 0, r->chip->bank_bytes);
    }
    beginning b = {.part = 3, .cuts = x->now.count, .source = SOURCE_ALL_POWER,
                   .flags = record_flags(r), .options = sim_flash_options(r->m)};
    x->programmed = memo_fold(memo_fold(run_beginning(&b), state_flash(&x->state)), r->chance);
    if (memo_find(x->p->memo, x->programmed, &x->state, false, r->chance) == NULL) {
        return false;
    }
    x->programmed = 0;
    atomic_fetch_add(&x->p->t->joined, 1u);
    return true;
}

/* ---- the recovery ------------------------------------------------------------ */

static bool all_fired(run *x)
{
    unsigned fired = sim_cuts_fired(x->r->m), scheduled = sim_cuts_scheduled(x->r->m);
    if (fired != scheduled || (x->mode != MODE_COUNT && fired != x->now.count)) {
        return rig_fail(x->r, "%u interruptions scheduled, %u " LIVES_NEVER_CUT,
                        scheduled, fired);
    }
    return true;
}

/* The same once more, after an ordinary power cycle: what follows depends on the flash alone. */
static bool repeat(run *x)
{
    rig *r = x->r;
    settled_in in = SETTLED_OLD;
    unsigned bank = 0;
    r->by_watchdog = false;
    x->second = true;
    r->chance = run_chance_again(r->chance);
    rig_power_cycle(r);
    if (x->record.on &&
        memo_find(x->p->memo, x->beginning, &x->state, true, r->chance) != NULL) {
        record_end(&x->record, false, 0, 0);
        atomic_fetch_add(&x->p->t->joined, 1u);
        return all_fired(x);
    }
    if (!scenario_settle(r, x->p->s, &in, &bank)) {
        return false;
    }
    if (!x->p->s->repeat(r, x->p->s, in) || r->failure[0] != '\0') {
        return rig_fail(r, "the repeated scenario failed");
    }
    const char *wrong = oracle_instant(&r->oracle);
    if (wrong == NULL) {
        wrong = oracle_log_legal(&r->oracle, r->cuts_seen);
    }
    if (wrong != NULL) {
        return rig_fail(r, "at the end: %s", wrong);
    }
    if (!all_fired(x)) {
        return false;
    }
    run_touch_last(x);
    record_end(&x->record, true, (uint8_t)in, bank);
    if (x->programmed != 0u && r->failure[0] == '\0') { /* nothing else was looked at */
        memo_file(x->p->memo, x->programmed, NULL, 0, 1u, &(course){.settled = (uint8_t)in});
    }
    return r->failure[0] == '\0';
}

/* From an interruption, or from the scenario's end, to the verdict. */
static bool recover(run *x)
{
    rig *r = x->r;
    settled_in in = SETTLED_OLD;
    unsigned bank = 0;
    sim_ps since = sim_now(r->m);
    unsigned resets = sim_resets(r->m);
    x->second = false;
    plant_fault(x->p->plant, r);
    if (!scenario_settle(r, x->p->s, &in, &bank)) {
        return false;
    }
    run_touch_last(x);
    record_end(&x->record, true, (uint8_t)in, bank);
    x->result = (result){.settled = in, .resets = sim_resets(r->m) - resets,
                         .us = (sim_now(r->m) - since) / SIM_PS_PER_US, .beginning = x->beginning,
                         .flash = x->whole ? state_flash(&x->state) : 0u};
    return repeat(x);
}

/* An interruption leaves the scenario and comes out at the recovery. */
bool run_live(run *x)
{
    jmp_buf escape;
    rig *volatile r = x->r;
    run *volatile self = x;
    r->escape = &escape;
    r->starting = starting;
    r->started = started;
    r->programmed = programmed;
    r->start_ctx = x;
    if (setjmp(escape) == 0) {
        if (!self->p->s->act(r)) {
            return false;
        }
        if (self->mode == MODE_WORK) {
            return true;
        }
    }
    return recover(self);
}

_Noreturn void run_end_life(run *x, bool good)
{
    tally *t = x->p->t;
    if (!good) {
        rig_fail(x->r, "failed without a reason");
        run_report(x, &x->now, x->r->failure);
    }
    t->last[x->worker] = x->result;
    atomic_fetch_add(&t->scheduled, sim_cuts_scheduled(x->r->m));
    atomic_fetch_add(&t->fired, sim_cuts_fired(x->r->m));
    _exit(good ? 0 : 3);
}
