/* All lives of one operation: what each interruption leaves is made in the part's flash, looked
 * at, and undone. A life whose course is known is judged on its own flash, which that course's
 * operations are done to; what is not known is lived in a process of its own. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture/run.h"

#define HANG_SECONDS 300u /* of a life's own time: an endless loop of ours */
/* Depth 2, of what is not critical: one of so many. */
#define SAMPLE_FIRST 97u
#define SAMPLE_SECOND 67u

typedef enum known { KNOWN, UNKNOWN, BAD } known;

static const sim_cut_outcome outcomes[MOMENTS] = {SIM_CUT_OLD, SIM_CUT_OLD, SIM_CUT_NEW,
                                                  SIM_CUT_MIXED, SIM_CUT_ECC, SIM_CUT_UNSTABLE,
                                                  SIM_CUT_NEW};

/* ---- what is counted ------------------------------------------------------------ */

static void note_longest(tally *t, const result *got)
{
    unsigned long long seen = atomic_load(&t->longest_us);
    while (got->us > seen && !atomic_compare_exchange_weak(&t->longest_us, &seen, got->us)) {
    }
    unsigned boots = atomic_load(&t->most_boots);
    while (got->resets + 1u > boots &&
           !atomic_compare_exchange_weak(&t->most_boots, &boots, got->resets + 1u)) {
    }
}

static void count_life(run *x, const life_case *c, const result *got, unsigned bank,
                       uint32_t offset)
{
    tally *t = x->p->t;
    outcome how = got->settled == SETTLED_STAGE2       ? OUTCOME_STAGE2
                  : got->settled == SETTLED_PROGRAMMER ? OUTCOME_PROGRAMMER
                  : got->settled == SETTLED_LOCKED     ? OUTCOME_LOCKED
                  : got->resets > 0u             ? OUTCOME_RECOVERED
                  : got->settled == SETTLED_NEW  ? OUTCOME_NEW
                                                 : OUTCOME_OLD;
    atomic_fetch_add(&t->lives, 1u);
    note_longest(t, got);
    if (c->count > 1u) {
        atomic_fetch_add(&t->deep, 1u);
        atomic_fetch_add(&t->deep_locked, how == OUTCOME_LOCKED ? 1u : 0u);
        return;
    }
    atomic_fetch_add(&t->outcome[how], 1u);
    if (x->p->s->instants == 0u && bank < 2u) {
        uint32_t bin = (uint32_t)((uint64_t)offset * BINS / x->r->chip->bank_bytes);
        atomic_fetch_add(&t->bin[bank][bin][how], 1u);
    }
}

static void set_flags(rig *r, uint8_t flags, const char *next)
{
    r->stage2_used = (flags & 1u) != 0u;
    r->next_image = (flags & 2u) != 0u ? next : NULL;
}

/* ---- lived in a process of its own ------------------------------------------------------ */

/* Returns in the parent only. true: it came to a good end, in tally.last. */
static bool spawn(run *x, const life_case *c, bool whole)
{
    tally *t = x->p->t;
    if (c->count == 1u) {
        t->seen[x->worker].count = 0;
    }
    pid_t child = fork();
    if (child == 0) {
        alarm(HANG_SECONDS);
        state_undo(&x->state, 0);
        oracle_touch_all(&x->r->oracle);
        x->r->cuts_seen = 0;
        x->r->failure[0] = '\0';
        set_flags(x->r, x->base_flags, NULL);
        x->mode = MODE_LIFE;
        x->now = *c;
        x->given = 0;
        x->whole = whole;
        longjmp(*x->child, 1);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child ||
        !WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 3)) {
        run_report(x, c, child < 0 ? "no process" : "the life's process ended badly or hung");
        return false;
    }
    atomic_fetch_add(&t->ran, 1u);
    return WEXITSTATUS(status) == 0;
}

/* ---- known by its beginning ------------------------------------------------------------ */

typedef struct spot { /* where a life has been interrupted */
    unsigned bank;
    uint32_t offset;
    uint8_t flags;
    const uint32_t *words;
    size_t word_count;
    uint64_t options;
    bool ram; /* the part's own RAM is what a reset finds */
} spot;

static const course_op *op_of(const run *x, const course *c, uint32_t which)
{
    return (const course_op *)memo_get(x->p->memo, c->ops) + which;
}

static const uint32_t *words_of(const run *x, const course *c, uint32_t set)
{
    return (const uint32_t *)memo_get(x->p->memo, c->words) + (size_t)set * c->word_count;
}

static void second_cuts(run *x, const life_case *c, const course *way, uint32_t which,
                        uint32_t number);

/* The course's operations on this life's flash, with the oracle before each. false: it found
 * something. */
static bool go_along(run *x, const life_case *c, const course *way, uint32_t number, bool judge,
                     bool nest)
{
    rig *r = x->r;
    for (uint32_t i = 0; i < way->op_count; i++) {
        const course_op *op = op_of(x, way, i);
        const char *wrong = judge ? oracle_instant(&r->oracle) : NULL;
        if (judge) {
            atomic_fetch_add_explicit(&x->p->t->checks, 1u, memory_order_relaxed);
        }
        if (wrong != NULL) {
            return rig_fail(r, "before operation %u: %s", (unsigned)(number + i), wrong);
        }
        if (nest) {
            second_cuts(x, c, way, i, number + i);
        }
        if (op->kind == SIM_OP_PROGRAM || op->kind == SIM_OP_ERASE_PAGE) {
            sim_what_if what = {.kind = (sim_op_kind)op->kind, .bank = op->bank,
                                .offset = op->offset, .bytes = op->bytes,
                                .data = memo_get(x->p->memo, op->data),
                                .outcome = SIM_CUT_NEW};
            state_apply(&x->state, &what, 1u);
        }
    }
    return true;
}

static bool enough(const run *x)
{
    return atomic_load(&x->p->t->failures) >= MOST_FAILURES;
}

static bool wants_second(const run *x, const life_case *c)
{
    const case_cut *cut = &c->cut[0];
    uint32_t seed = x->p->seed;
    if (x->p->depth < 2u || c->count != 1u || x->p->s->instants > 0u || cut->source > 1u) {
        return false;
    }
    return !cut->plain ? cut->source == (case_chance(seed, cut->op, cut->moment, 4) & 1u)
                       : case_chance(seed, cut->op, cut->moment, 5) % SAMPLE_FIRST == 0u;
}

static known judge(run *x, const life_case *c, const spot *at, bool nest, result *got)
{
    rig *r = x->r;
    uint64_t chance = run_chance(c, c->count);
    const case_cut *cut = &c->cut[c->count - 1u];
    beginning b = {.part = 1, .cuts = c->count, .source = cut->source, .flags = at->flags,
                   .words = at->words, .word_count = at->word_count, .options = at->options};
    const char *wrong = oracle_instant(&r->oracle);
    atomic_fetch_add_explicit(&x->p->t->checks, 1u, memory_order_relaxed);
    if (wrong != NULL) {
        rig_fail(r, "after the interruption: %s", wrong);
        return BAD;
    }
    bool ram = at->ram || cut->source < SOURCE_PIN;
    const course *first = memo_find(x->p->memo, run_beginning(&b), &x->state, ram, chance);
    if (first == NULL) {
        return UNKNOWN;
    }
    uint32_t number = x->p->s->instants > 0u ? 0u : cut->op + 1u;
    if (!go_along(x, c, first, number, true, nest)) {
        return BAD;
    }
    settled_in in = (settled_in)first->settled;
    set_flags(r, first->flags, "app-small.twb");
    if (!scenario_judge(r, x->p->s, &in, first->bank)) {
        return BAD;
    }
    *got = (result){.settled = in, .resets = first->resets, .us = first->us};
    b = (beginning){.part = 2, .cuts = c->count, .source = SOURCE_ALL_POWER, .flags = first->flags,
                    .words = words_of(x, first, first->words_end),
                    .word_count = first->word_count, .options = first->options};
    const course *rest = memo_find(x->p->memo, run_beginning(&b), &x->state, true,
                                   run_chance_again(chance));
    if (rest == NULL) {
        return UNKNOWN;
    }
    if (x->p->audit != 0u) {
        got->flash = state_flash(&x->state);
    }
    if (nest) {
        (void)go_along(x, c, rest, number + first->op_count, false, true);
    }
    return KNOWN;
}

/* judge(), with everything as it was afterwards. */
static known look(run *x, const life_case *c, const spot *at, bool nest, result *got)
{
    rig *r = x->r;
    oracle was = r->oracle;
    size_t mark = state_mark(&x->state);
    unsigned seen = r->cuts_seen;
    bool stage2 = r->stage2_used;
    const char *next = r->next_image;
    r->cuts_seen = c->count;
    set_flags(r, at->flags, "app-small.twb");
    known how = judge(x, c, at, nest, got);
    if (how == BAD) {
        run_report(x, c, r->failure);
        r->failure[0] = '\0';
    }
    state_undo(&x->state, mark);
    r->oracle = was;
    r->cuts_seen = seen;
    r->stage2_used = stage2;
    r->next_image = next;
    return how;
}

static void audit(run *x, const life_case *c, const result *got)
{
    if (!spawn(x, c, true)) {
        return; /* it has been reported */
    }
    const result *lived = &x->p->t->last[x->worker];
    atomic_fetch_sub(&x->p->t->ran, 1u);
    if (lived->settled == got->settled && lived->resets == got->resets && lived->us == got->us &&
        lived->flash == got->flash) {
        atomic_fetch_add(&x->p->t->audited, 1u);
        return;
    }
    char why[RIG_TEXT_BYTES];
    snprintf(why, sizeof why, "taken for known, and lived otherwise: settled %u/%u, resets %u/%u, "
             "%llu/%llu us, flash %s",
             (unsigned)got->settled, (unsigned)lived->settled, (unsigned)got->resets,
             (unsigned)lived->resets, (unsigned long long)got->us, (unsigned long long)lived->us,
             lived->flash == got->flash ? "the same" : "another");
    run_report(x, c, why);
}

static bool is_audited(const run *x, const life_case *c)
{
    const case_cut *last = &c->cut[c->count - 1u];
    return x->p->audit != 0u &&
           case_chance(x->p->seed, c->cut[0].op * 64u + c->cut[0].moment * 8u + c->cut[0].source,
                       last->op * 64u + last->moment * 8u + last->source, 10) % x->p->audit == 0u;
}

static bool begun_before(run *x, uint64_t number)
{
    for (unsigned i = 0; i < x->begun_count; i++) {
        if (x->begun[i] == number) {
            return true;
        }
    }
    if (x->begun_count < MOMENTS * SOURCES) {
        x->begun[x->begun_count++] = number;
    }
    return false;
}

static void seconds_by_running(run *x, const life_case *c, const result *got);

/* One life, whose interruption has left what is in flash now. can: its course may be known. */
static void take_life(run *x, const life_case *c, const spot *at, bool can)
{
    result got = {0};
    can = can && !run_each(x->p) && x->p->plant == NULL;
    known how = can ? look(x, c, at, false, &got) : UNKNOWN;
    if (how == KNOWN && is_audited(x, c)) {
        audit(x, c, &got);
    } else if (how == UNKNOWN && spawn(x, c, false)) {
        got = x->p->t->last[x->worker];
        how = KNOWN;
    }
    count_life(x, c, &got, at->bank, at->offset);
    if (how != KNOWN || !wants_second(x, c)) {
        return;
    }
    if (!can) {
        seconds_by_running(x, c, &got);
    } else if (look(x, c, at, true, &got) != KNOWN) {
        atomic_fetch_add(&x->p->t->unfiled, 1u); /* its second interruptions are not reached */
    }
}

/* ---- a second interruption ------------------------------------------------------------ */

static void tear(run *x, const life_case *c, unsigned which, sim_what_if *what)
{
    unsigned moment = c->cut[which].moment;
    if (moment != MOMENT_BEFORE) {
        what->outcome = outcomes[moment];
        state_apply(&x->state, what, run_tear(c, which));
    }
}

static void second_cut(run *x, const life_case *c, const course_op *op, const spot *at)
{
    rig *r = x->r;
    oracle was = r->oracle;
    size_t mark = state_mark(&x->state);
    bool array = op->kind == SIM_OP_PROGRAM || op->kind == SIM_OP_ERASE_PAGE;
    if (array) {
        sim_what_if what = {.kind = (sim_op_kind)op->kind, .bank = op->bank,
                            .offset = op->offset, .bytes = op->bytes,
                            .data = memo_get(x->p->memo, op->data)};
        tear(x, c, 1, &what);
    }
    take_life(x, c, at, array);
    state_undo(&x->state, mark);
    r->oracle = was;
}

/* At critical operations after a critical one at every moment (of a sample: at one), else by
 * sample. false: not at all. */
static bool second_moments(const run *x, const life_case *c, bool critical, uint32_t number,
                           unsigned *first, unsigned *end)
{
    const plan *p = x->p;
    uint32_t key = c->cut[0].op * 8u + c->cut[0].moment;
    bool pair = critical && !c->cut[0].plain, all = pair && p->sample <= 1u;
    if (pair && p->pairs > 1u && case_chance(p->seed, key, number, 8) % p->pairs != 0u) {
        return false;
    }
    unsigned only = case_chance(p->seed, key, number, 6) % MOMENTS;
    *first = all ? 0u : only;
    *end = all ? MOMENTS : only + 1u;
    return pair || case_chance(p->seed, key, number, 7) % SAMPLE_SECOND == 0u;
}

static life_case with_second(const run *x, const life_case *c, uint32_t number, unsigned moment,
                             bool critical)
{
    uint32_t key = c->cut[0].op * 8u + c->cut[0].moment;
    life_case next = *c;
    next.count = 2;
    next.cut[1] = (case_cut){.op = number, .moment = (uint8_t)moment};
    next.cut[1].plain = !critical;
    next.cut[1].source =
        (uint8_t)(case_chance(x->p->seed, key, number, 20u + moment) % SOURCES);
    return next;
}

static void second_cuts(run *x, const life_case *c, const course *way, uint32_t which,
                        uint32_t number)
{
    const course_op *op = op_of(x, way, which);
    bool critical = run_is_critical(x->r->chip, (sim_op_kind)op->kind, op->offset, op->bytes);
    unsigned moment, end;
    if (!second_moments(x, c, critical, number, &moment, &end)) {
        return;
    }
    for (; moment < end; moment++) {
        life_case next = with_second(x, c, number, moment, critical);
        spot at = {.bank = op->bank, .offset = op->offset, .flags = op->flags,
                   .words = words_of(x, way, op->words), .word_count = way->word_count,
                   .options = op->options};
        second_cut(x, &next, op, &at);
    }
}

/* After an interruption of what is not in the array (an option, a bank), whose outcome is not
 * made here: the life has told of its operations, and each pair is run from the first on. Moments
 * that left the same have the same second ones. */
static void seconds_by_running(run *x, const life_case *c, const result *got)
{
    static life_ops s; /* as the next life overwrites it */
    s = x->p->t->seen[x->worker];
    if (x->p->plant != NULL || (got->beginning != 0u && begun_before(x, got->beginning))) {
        return;
    }
    for (uint32_t i = 0; i < s.count && !enough(x); i++) {
        unsigned moment, end;
        if (!second_moments(x, c, s.at[i].critical, s.at[i].op, &moment, &end)) {
            continue;
        }
        for (; moment < end; moment++) {
            life_case next = with_second(x, c, s.at[i].op, moment, s.at[i].critical);
            spot at = {.bank = 2};
            take_life(x, &next, &at, false);
        }
    }
}

/* ---- the lives of one operation ------------------------------------------------------------ */

static spot here(run *x, unsigned bank, uint32_t offset)
{
    spot at = {.bank = bank, .offset = offset, .flags = record_flags(x->r), .ram = true,
               .options = sim_flash_options(x->r->m)};
    at.words = sim_backup_words(x->r->m, &at.word_count);
    return at;
}

void run_walk(run *x, uint32_t op, sim_op_kind kind, unsigned bank, uint32_t offset,
              uint32_t bytes)
{
    const plan *p = x->p;
    uint32_t count = p->first[op + 1u] - p->first[op];
    bool array = kind == SIM_OP_PROGRAM || kind == SIM_OP_ERASE_PAGE;
    sim_what_if what = {.kind = kind, .bank = bank, .offset = offset, .bytes = bytes,
                        .data = sim_op_data(x->r->m)};
    spot at = here(x, array ? bank : 2u, offset); /* option bytes have no place on the strip */
    oracle was = x->r->oracle;
    x->base_flags = at.flags;
    x->begun_count = 0;
    for (uint32_t which = 0; which < count && !enough(x); which++) {
        life_case c = {.s = p->s, .seed = p->seed, .count = 1,
                       .cut = {run_case(p->seed, op, p->critical[op], which)}};
        c.cut[0].plain = !run_is_critical(x->r->chip, kind, offset, bytes);
        if (array) {
            tear(x, &c, 0, &what);
        }
        take_life(x, &c, &at, array);
        state_undo(&x->state, 0);
        x->r->oracle = was;
        atomic_fetch_add(&p->t->taken, 1u);
    }
}

void run_walk_instant(run *x, uint32_t instant)
{
    spot at = here(x, 2, 0);
    x->base_flags = at.flags;
    for (uint8_t source = 0; source < 2u && !enough(x); source++) {
        life_case c = {.s = x->p->s, .seed = x->p->seed, .count = 1,
                       .cut = {{.op = instant, .source = source}}};
        take_life(x, &c, &at, true);
        atomic_fetch_add(&x->p->t->taken, 1u);
    }
}
