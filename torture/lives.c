/* The plan of a scenario: its operations, the cases of each, and the runs that take them. */
#define _POSIX_C_SOURCE 200809L
#include "torture/lives.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "torture/run.h"

#define PRODUCT 1u
#define INSTANT_PS (100u * SIM_PS_PER_US)

uint32_t case_chance(uint32_t seed, uint32_t a, uint32_t b, uint32_t c)
{
    uint64_t z = ((uint64_t)seed << 32 | a) + 0x9E3779B97F4A7C15ull * (b + 1u);
    z = (z ^ (z >> 30) ^ ((uint64_t)c << 17)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return (uint32_t)(z >> 33);
}

/* Where a torn write says something: logs, heads, vectors, options. */
bool run_is_critical(const tb_chip *c, sim_op_kind kind, uint32_t offset, uint32_t bytes)
{
    uint32_t log = c->bank_bytes - (uint32_t)c->log_units * c->unit_bytes;
    if (kind == SIM_OP_OPTION || kind == SIM_OP_ERASE_BANK) {
        return true;
    }
    if (kind == SIM_OP_ERASE_PAGE) {
        return offset + bytes > log || offset <= c->slot_offset;
    }
    return offset >= log || offset < c->stage1_bytes ||
           (offset >= c->stage2_offset && offset < c->stage2_offset + 64u) ||
           (offset >= c->slot_offset && offset < c->slot_offset + 64u);
}

/* ---- the cases of one operation ------------------------------------------------------------ */

/* Critical: every moment by every source. Else every moment once, and one of them by a reset. */
unsigned run_case_count(bool critical)
{
    return critical ? MOMENTS * SOURCES : MOMENTS + 1u;
}

case_cut run_case(uint32_t seed, uint32_t op, bool critical, unsigned which)
{
    case_cut cut = {.op = op, .moment = (uint8_t)(which % MOMENTS)};
    if (critical) {
        cut.source = (uint8_t)(which / MOMENTS);
    } else if (which < MOMENTS) {
        cut.source = (uint8_t)(case_chance(seed, op, which, 1) & 1u);
    } else {
        cut.moment = (uint8_t)(case_chance(seed, op, 0, 2) % MOMENTS);
        cut.source = (uint8_t)(2u + (case_chance(seed, op, 0, 3) & 1u));
    }
    return cut;
}

uint64_t run_tear(const life_case *c, unsigned which)
{
    const case_cut *cut = &c->cut[which];
    uint64_t all[3] = {c->seed, (uint64_t)cut->op << 8 | cut->moment, which + 1u};
    return sim_mix_bytes(5u, all, sizeof all) | 1u;
}

#define PLAIN_CHANCES 8u
/* Only where something reads differently at each look does it matter. */
uint64_t run_chance(const life_case *c, unsigned cuts)
{
    uint64_t chance = sim_mix_bytes(7u, &c->seed, sizeof c->seed);
    for (unsigned i = 0; i < cuts; i++) {
        const case_cut *cut = &c->cut[i];
        if (cut->moment == MOMENT_UNSTABLE) { /* a few streams for plain ones: else all are run */
            chance += cut->plain ? cut->op % PLAIN_CHANCES + 1u : run_tear(c, i);
        }
    }
    return chance;
}

/* What is unstable reads by chance: at the second power-on not as at the first. */
uint64_t run_chance_again(uint64_t chance)
{
    return ~chance;
}

sim_cut run_cut(const life_case *life, unsigned which, uint64_t op)
{
    static const sim_cut_outcome outcomes[] = {SIM_CUT_OLD, SIM_CUT_OLD, SIM_CUT_NEW,
                                               SIM_CUT_MIXED, SIM_CUT_ECC, SIM_CUT_UNSTABLE,
                                               SIM_CUT_NEW};
    const case_cut *c = &life->cut[which];
    return (sim_cut){.op = op,
                     .when = c->moment == MOMENT_BEFORE  ? SIM_CUT_BEFORE
                             : c->moment == MOMENT_AFTER ? SIM_CUT_AFTER
                                                         : SIM_CUT_DURING,
                     .outcome = outcomes[c->moment],
                     .reset_only = c->source >= SOURCE_PIN,
                     .reset_cause = c->source == SOURCE_WATCHDOG ? (unsigned)SIM_RESET_IWDG : 0u,
                     .backup_lost = c->source == SOURCE_ALL_POWER,
                     .stay = true,
                     .random = run_tear(life, which)};
}

/* ---- shared by all runs ------------------------------------------------------------ */

uint64_t run_beginning(const beginning *b)
{
    uint64_t of[5] = {b->part, b->part >= 2u ? b->cuts : 0u, b->source, b->flags, b->options};
    uint64_t hash = sim_mix_bytes(11u, of, sizeof of);
    return b->source == SOURCE_ALL_POWER
               ? hash : sim_mix_bytes(hash, b->words, b->word_count * sizeof *b->words);
}

void run_report(const run *x, const life_case *c, const char *why)
{
    tally *t = x->p->t;
    unsigned at = atomic_fetch_add(&t->failures, 1u);
    if (at < MOST_FAILURES) {
        t->failed[at].c = *c;
        snprintf(t->failed[at].why, sizeof t->failed[at].why, "%s", why);
    }
}

void run_touch_last(run *x)
{
    if (x->last.bytes != 0u) {
        state_touch(&x->state, x->last.bank, x->last.offset, x->last.bytes);
    }
}

void run_give(run *x, uint64_t op)
{
    sim_cut c = run_cut(&x->now, x->given, op);
    sim_schedule_cut(x->r->m, &c);
    x->r->by_watchdog = c.reset_only && c.reset_cause != 0u;
    x->given++;
    x->r->chance = run_chance(&x->now, x->given);
}

/* ---- at each operation ------------------------------------------------------------ */

static void room_for_one(run *x)
{
    plan *p = x->count;
    if (p->ops + 2u > x->room) {
        x->room = x->room * 2u + 1024u;
        p->first = realloc(p->first, x->room * sizeof *p->first);
        p->critical = realloc(p->critical, x->room * sizeof *p->critical);
        if (p->first == NULL || p->critical == NULL) {
            abort();
        }
    }
}

static void count_wear(run *x, sim_op_kind kind, unsigned bank, uint32_t offset, uint32_t bytes)
{
    wear *w = &x->count->wear;
    tb_page page;
    w->programs += kind == SIM_OP_PROGRAM;
    w->options += kind == SIM_OP_OPTION;
    w->mass_erases += kind == SIM_OP_ERASE_BANK;
    if ((kind != SIM_OP_PROGRAM && kind != SIM_OP_ERASE_PAGE) ||
        !tb_page_at(x->r->chip, offset, &page) || page.number >= WEAR_PAGES) {
        return;
    }
    if (kind == SIM_OP_PROGRAM) {
        w->written[bank][page.number] += bytes;
        return;
    }
    uint32_t times = ++w->erased[bank][page.number];
    w->erases++;
    w->most_erases = times > w->most_erases ? times : w->most_erases;
}

static void count_at(run *x, sim_op_kind kind, unsigned bank, uint32_t offset, uint32_t bytes,
                     bool critical)
{
    plan *p = x->count;
    room_for_one(x);
    bool taken = critical || p->sample <= 1u ||
                 case_chance(p->seed, p->ops, 0, 9) % p->sample == 0u;
    p->critical[p->ops] = critical && p->sample <= 1u; /* of a sample: each moment, once */
    p->first[p->ops] = p->cases;
    p->cases += taken ? run_case_count(p->critical[p->ops]) : 0u;
    p->ops++;
    p->first[p->ops] = p->cases;
    count_wear(x, kind, bank, offset, bytes);
}

static void heat(run *x, unsigned bank, uint32_t offset, uint32_t bytes)
{
    for (uint32_t g = offset / STATE_GRANULE; g * STATE_GRANULE < offset + bytes; g++) {
        x->count->hot[bank][g] = 1u;
    }
}

static void work_at(run *x, uint32_t op, sim_op_kind kind, unsigned bank, uint32_t offset,
                    uint32_t bytes)
{
    jmp_buf child;
    run *volatile self = x;
    if (x->p->s->instants > 0u || op >= x->p->ops || x->claimed != op) {
        return;
    }
    x->child = &child;
    if (setjmp(child) != 0) { /* a life, in a process of its own */
        run_give(self, sim_op_count(self->r->m, 0));
        return;
    }
    run_walk(x, op, kind, bank, offset, bytes);
    x->claimed = atomic_fetch_add(&x->p->t->next, 1u);
}

static void judge_instant(run *x, uint32_t op)
{
    const char *wrong = oracle_instant(&x->r->oracle);
    if (wrong != NULL) {
        rig_fail(x->r, "before operation %u: %s", (unsigned)op, wrong);
        sim_break(x->r->m);
    }
    if (x->p->t != NULL) {
        atomic_fetch_add_explicit(&x->p->t->checks, 1u, memory_order_relaxed);
    }
}

static void note_seen(run *x, uint32_t op, bool critical)
{
    life_ops *s = &x->p->t->seen[x->worker];
    if (s->count < SEEN_MOST) {
        s->at[s->count].op = op;
        s->at[s->count++].critical = critical;
    }
}

static void at_operation(void *ctx, sim_op_kind kind)
{
    run *x = ctx;
    rig *r = x->r;
    if (!r->cutting) {
        return;
    }
    unsigned bank = 0;
    uint32_t offset = 0, bytes = 0, op = (uint32_t)(sim_op_count(r->m, 0) - r->ops_before);
    /* As the last operation left it, or what became of it. */
    run_touch_last(x);
    judge_instant(x, op);
    if (kind != SIM_OP_OPTION) {
        (void)sim_op_place(r->m, &bank, &offset, &bytes);
    }
    if (x->record.on) {
        record_operation(&x->record, kind, bank, offset, bytes);
    }
    x->last.bank = bank;
    x->last.offset = offset;
    x->last.bytes = bytes;
    run_touch_last(x);
    if (x->mode == MODE_COUNT) {
        heat(x, bank, offset, bytes);
        if (x->counting) {
            count_at(x, kind, bank, offset, bytes,
                     run_is_critical(r->chip, kind, offset, bytes));
        }
    } else if (x->mode == MODE_WORK) {
        work_at(x, op, kind, bank, offset, bytes);
        return;
    }
    if (x->mode == MODE_LIFE && x->now.count == 1u && r->cuts_seen == 1u) {
        note_seen(x, op, run_is_critical(r->chip, kind, offset, bytes));
    }
    if (x->mode != MODE_COUNT && x->given < x->now.count && x->p->s->instants == 0u &&
               x->now.cut[x->given].op == op && (x->given == 0u || r->cuts_seen == x->given)) {
        x->now.cut[x->given].plain = !run_is_critical(r->chip, kind, offset, bytes);
        run_give(x, sim_op_count(r->m, 0));
    }
}

/* ---- runs ------------------------------------------------------------ */

static bool prepare(run *x, bool trace)
{
    jmp_buf escape;
    x->r = rig_new(x->p->chip, x->p->s->factory, x->p->seed, trace);
    x->r->escape = &escape;
    if (x->p->streams != NULL) {
        rig_set_compress(x->r, memo_compress, x->p->streams);
    }
    state_init(&x->state, x->r->m, NULL);
    sim_set_op_hook(x->r->m, at_operation, x);
    if (!x->p->s->prepare(x->r)) {
        return rig_fail(x->r, "the preparation failed");
    }
    oracle_init(&x->r->oracle, x->r->m, PRODUCT);
    if (x->p->s->settle != NULL) {
        oracle_switching(&x->r->oracle);
    }
    x->state.oracle = &x->r->oracle;
    if (x->p->memo != NULL && x->mode != MODE_COUNT) {
        record_init(&x->record, x->r, x->p->memo, &x->state, x->p->hot);
        x->record.exact = x->p->exact;
        (void)state_flash(&x->state); /* what the lives inherit need not be computed again */
    }
    x->r->ops_before = sim_op_count(x->r->m, 0);
    x->r->cutting = true;
    return true;
}

static void finish(run *x)
{
    if (x->record.known[0] != NULL) {
        record_free(&x->record);
    }
    state_free(&x->state);
    rig_free(x->r);
}

static void give_instant(run *x, sim_ps when)
{
    const case_cut *cut = &x->now.cut[0];
    sim_schedule_cut_at(x->r->m, when, SIM_CUT_RANDOM, cut->source == SOURCE_ALL_POWER);
    x->given++;
    x->r->chance = run_chance(&x->now, 0);
}

static void *keep(plan *p, void *list, size_t bytes)
{
    memo_at at = list == NULL ? 0u : memo_keep(p->memo, list, bytes);
    free(list);
    if (list != NULL && at == 0u) {
        abort();
    }
    return at == 0u ? NULL : memo_room(p->memo, at);
}

/* Where every process sees it. */
static void share(plan *p)
{
    uint32_t granules = p->chip->bank_bytes / STATE_GRANULE;
    p->first = keep(p, p->first, (p->ops + 1u) * sizeof *p->first);
    p->critical = keep(p, p->critical, p->ops * sizeof *p->critical);
    p->hot[0] = keep(p, p->hot[0], granules);
    p->hot[1] = keep(p, p->hot[1], granules);
}

bool plan_count(plan *p, char why[RIG_TEXT_BYTES])
{
    run x = {.p = p, .count = p, .mode = MODE_COUNT, .counting = true};
    uint32_t granules = p->chip->bank_bytes / STATE_GRANULE;
    for (unsigned bank = 0; bank < 2u; bank++) {
        p->hot[bank] = calloc(granules, 1);
        if (p->hot[bank] == NULL) {
            abort();
        }
    }
    bool good = prepare(&x, false);
    if (good) {
        jmp_buf escape;
        x.r->escape = &escape;
        sim_ps began = sim_now(x.r->m);
        good = p->s->act(x.r);
        x.counting = false;
        p->clean_us = (sim_now(x.r->m) - began) / SIM_PS_PER_US;
        scenario no_act = *p->s;
        no_act.act = scenario_nothing;
        plan rest = *p;
        rest.s = &no_act;
        x.p = &rest;
        good = good && run_live(&x);
        x.p = p;
    }
    if (good && p->s->instants > 0u) {
        p->cases = p->s->instants * 2u;
    }
    if (good && p->s->instants == 0u && p->cases == 0u) {
        good = rig_fail(x.r, "nothing to cut: the scenario has no operation");
    }
    memcpy(why, x.r->failure, RIG_TEXT_BYTES);
    finish(&x);
    share(p);
    return good;
}

/* A scenario without operations: the part as it is at each of so many instants. */
static bool work_instants(run *x)
{
    sim_ps from = sim_now(x->r->m);
    for (uint32_t i = 0; i < x->p->s->instants; i++) {
        jmp_buf child, escape;
        run *volatile self = x;
        volatile sim_ps when = from + (i + 1u) * INSTANT_PS;
        volatile uint32_t instant = i;
        x->r->escape = &escape;
        while (sim_now(x->r->m) < when) {
            if (!rig_run(x->r, when - sim_now(x->r->m))) {
                return false;
            }
        }
        if (self->claimed != instant) {
            continue;
        }
        x->child = &child;
        if (setjmp(child) != 0) {
            give_instant(self, sim_now(self->r->m));
            run_end_life(self, run_live(self));
        }
        run_walk_instant(self, instant);
        self->claimed = atomic_fetch_add(&self->p->t->next, 1u);
    }
    return true;
}

void plan_work(const plan *p, unsigned worker)
{
    run x = {.p = p, .mode = MODE_WORK, .worker = worker};
    bool good = prepare(&x, false);
    x.now.s = p->s;
    x.now.seed = p->seed;
    x.claimed = atomic_fetch_add(&p->t->next, 1u);
    if (good) {
        good = p->s->instants > 0u ? work_instants(&x) : run_live(&x);
    }
    if (x.mode == MODE_LIFE) {
        run_end_life(&x, good);
    }
    if (!good) {
        run_report(&x, &x.now, x.r->failure);
    }
    finish(&x);
}

bool plan_replay(const tb_chip *chip, const life_case *c, const char *plant, bool trace,
                 char why[RIG_TEXT_BYTES])
{
    plan p = {.chip = chip, .s = c->s, .seed = c->seed, .plant = plant};
    run x = {.p = &p, .mode = MODE_REPLAY, .now = *c};
    bool good = prepare(&x, trace);
    if (good) {
        if (trace) {
            puts("-- the scenario begins here");
        }
        if (c->s->instants > 0u && c->count > 0u) {
            give_instant(&x, sim_now(x.r->m) + (c->cut[0].op + 1u) * INSTANT_PS);
        }
        good = run_live(&x);
    }
    if (trace) {
        printf("the console said: %s\n", x.r->console);
    }
    memcpy(why, x.r->failure, RIG_TEXT_BYTES);
    finish(&x);
    return good;
}
