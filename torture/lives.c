#define _POSIX_C_SOURCE 200809L
#include "torture/lives.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture/plant.h"

#define PRODUCT 1u
#define HANG_SECONDS 120u       /* of a life's own time: an endless loop of ours */
#define INSTANT_PS (100u * SIM_PS_PER_US)
/* Depth 2, of what is not critical: one of so many. */
#define SAMPLE_FIRST 97u
#define SAMPLE_SECOND 67u

#define MOST_STATES 24u
#define MOST_PROBES 64u

typedef enum run_mode { MODE_COUNT, MODE_WORK, MODE_LIFE, MODE_REPLAY } run_mode;

typedef struct run {
    const plan *p;
    rig *r;
    run_mode mode;
    life_case now; /* MODE_LIFE, MODE_REPLAY: what is done to this one */
    unsigned given; /* cuts of it that have been scheduled */
    uint32_t claimed; /* MODE_WORK: the case to be taken next */
    bool nest, first_critical; /* MODE_LIFE: cuts in the recovery too */
    uint32_t room; /* MODE_COUNT: of the plan's lists */
    plan *count;
    /* States that this life has been through since it settled. */
    bool repeating;
    settled_in from;
    unsigned passed;
    uint64_t states[MOST_STATES];
} run;

/* A choice for each operation and purpose: the same in every run with this seed. */
static uint32_t chance(uint32_t seed, uint32_t a, uint32_t b, uint32_t c)
{
    uint64_t z = ((uint64_t)seed << 32 | a) + 0x9E3779B97F4A7C15ull * (b + 1u);
    z = (z ^ (z >> 30) ^ ((uint64_t)c << 17)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return (uint32_t)(z >> 33);
}

/* Where a torn write says something: logs, heads, vectors, options. */
static bool is_critical(const tb_chip *c, sim_op_kind kind, uint32_t offset, uint32_t bytes)
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
static unsigned case_count(bool critical)
{
    return critical ? MOMENTS * SOURCES : MOMENTS + 1u;
}

static case_cut case_of(uint32_t seed, uint32_t op, bool critical, unsigned which)
{
    case_cut cut = {.op = op, .moment = (uint8_t)(which % MOMENTS)};
    if (critical) {
        cut.source = (uint8_t)(which / MOMENTS);
    } else if (which < MOMENTS) {
        cut.source = (uint8_t)(chance(seed, op, which, 1) & 1u);
    } else {
        cut.moment = (uint8_t)(chance(seed, op, 0, 2) % MOMENTS);
        cut.source = (uint8_t)(2u + (chance(seed, op, 0, 3) & 1u));
    }
    return cut;
}

static sim_cut cut_of(const case_cut *c, uint64_t op)
{
    static const sim_cut_outcome outcomes[] = {SIM_CUT_OLD, SIM_CUT_OLD, SIM_CUT_NEW,
                                               SIM_CUT_MIXED, SIM_CUT_ECC, SIM_CUT_UNSTABLE,
                                               SIM_CUT_NEW};
    return (sim_cut){.op = op,
                     .when = c->moment == 0u             ? SIM_CUT_BEFORE
                             : c->moment == MOMENTS - 1u ? SIM_CUT_AFTER
                                                         : SIM_CUT_DURING,
                     .outcome = outcomes[c->moment],
                     .reset_only = c->source >= 2u,
                     .reset_cause = c->source == 3u ? (unsigned)SIM_RESET_IWDG : 0u,
                     .backup_lost = c->source == 1u};
}

/* ---- one life ------------------------------------------------------------ */

static void note_longest(tally *t, unsigned long long us)
{
    unsigned long long seen = atomic_load(&t->longest_us);
    while (us > seen && !atomic_compare_exchange_weak(&t->longest_us, &seen, us)) {
    }
}

/* ---- lives that meet ------------------------------------------------------------ */

/* What happens from here on follows from the flash, the backup registers and the step that is
 * being repeated. So where another life has been in this very state and has ended well, this
 * one need not go on. Only states without unstable units count, and only lives whose recovery
 * is not itself cut end so. */
static bool been_there(tally *t, uint64_t state)
{
    for (unsigned i = 0; i < MOST_PROBES; i++) {
        unsigned long long there = atomic_load(&t->known[(state + i) % KNOWN_STATES]);
        if (there == state || there == 0u) {
            return there == state;
        }
    }
    return false;
}

static void remember(run *x)
{
    for (unsigned k = 0; k < x->passed; k++) {
        for (unsigned i = 0; i < MOST_PROBES; i++) {
            unsigned long long empty = 0;
            if (atomic_compare_exchange_strong(
                    &x->p->t->known[(x->states[k] + i) % KNOWN_STATES], &empty, x->states[k]) ||
                empty == x->states[k]) {
                break;
            }
        }
    }
}

/* true: another life has been here, and this one may end. */
static bool pass_through(run *x, uint64_t where)
{
    uint64_t state = oracle_state_hash(&x->r->oracle);
    if (state == 0u || x->passed == MOST_STATES || x->mode != MODE_LIFE) {
        return false;
    }
    state = (state ^ (where + 1u)) * 0xD6E8FEB86659FD93ull + (uint64_t)x->from;
    state ^= state >> 31;
    state |= 1u;
    if (!x->p->whole && !x->nest && been_there(x->p->t, state)) {
        return true;
    }
    x->states[x->passed++] = state;
    return false;
}

static _Noreturn void end_life(run *x, bool good);

static bool all_fired(run *x)
{
    unsigned fired = sim_cuts_fired(x->r->m), scheduled = sim_cuts_scheduled(x->r->m);
    if (fired != scheduled || (x->mode != MODE_COUNT && fired != x->now.count)) {
        return rig_fail(x->r, "%u interruptions scheduled, %u fired: the injector is broken",
                        scheduled, fired);
    }
    return true;
}

/* From an interruption, or from the scenario's end, to the verdict. */
static bool recover(run *x)
{
    rig *r = x->r;
    settled_in in = SETTLED_OLD;
    sim_ps since = sim_now(r->m);
    bool first = r->cuts_seen == 1u;
    x->repeating = false;
    x->passed = 0;
    plant_fault(x->p->plant, r);
    if (!scenario_settle(r, x->p->s, &in)) {
        return false;
    }
    if (r->cuts_seen > 0u && x->p->t != NULL) {
        note_longest(x->p->t, (sim_now(r->m) - since) / SIM_PS_PER_US);
        if (first) {
            atomic_fetch_add(&x->p->t->settled[in], 1u);
        }
    }
    x->from = in;
    x->repeating = true;
    if (pass_through(x, 0u)) {
        atomic_fetch_add(&x->p->t->joined, 1u);
        return all_fired(x);
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
    if (x->mode == MODE_LIFE && r->failure[0] == '\0') {
        remember(x);
    }
    return r->failure[0] == '\0';
}

/* The scenario from its start; an interruption leaves it and comes out at the recovery. */
static bool live(run *x)
{
    jmp_buf escape;
    rig *volatile r = x->r;
    run *volatile self = x;
    r->escape = &escape;
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

static void report(const run *x)
{
    tally *t = x->p->t;
    unsigned at = atomic_fetch_add(&t->failures, 1u);
    if (at < MOST_FAILURES) {
        case_print(&x->now, t->failed[at].text);
        memcpy(t->failed[at].why, x->r->failure, sizeof t->failed[at].why);
    }
}

static _Noreturn void end_life(run *x, bool good)
{
    tally *t = x->p->t;
    if (!good) {
        rig_fail(x->r, "failed without a reason");
        report(x);
    }
    atomic_fetch_add(&t->lives, 1u);
    if (x->now.count > 1u) {
        atomic_fetch_add(&t->deep, 1u);
    }
    _exit(0);
}

/* Forks. true in the child, which has the cut coming; the parent waits for its end. */
static bool spawn(run *x, const case_cut *cut)
{
    life_case next = x->now;
    next.s = x->p->s;
    next.seed = x->p->seed;
    next.cut[next.count++] = *cut;
    pid_t child = fork();
    if (child == 0) {
        alarm(HANG_SECONDS);
        x->mode = MODE_LIFE;
        x->now = next;
        return true;
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        run lost = *x;
        lost.now = next;
        snprintf(x->r->failure, sizeof x->r->failure,
                 child < 0 ? "no process" : "the life's process ended badly or hung");
        report(&lost);
        x->r->failure[0] = '\0';
    }
    return false;
}

static void give(run *x, const case_cut *cut)
{
    sim_cut c = cut_of(cut, sim_op_count(x->r->m, 0));
    sim_schedule_cut(x->r->m, &c);
    x->r->by_watchdog = c.reset_only && c.reset_cause != 0u;
    x->given++;
}

/* ---- at each operation ------------------------------------------------------------ */

static void work_at(run *x, uint32_t op)
{
    const plan *p = x->p;
    while (x->claimed < p->cases && p->first[op] <= x->claimed && x->claimed < p->first[op + 1u]) {
        case_cut cut = case_of(p->seed, op, p->critical[op], x->claimed - p->first[op]);
        if (spawn(x, &cut)) {
            x->first_critical = p->critical[op];
            x->nest = p->depth > 1u && cut.source < 2u &&
                      (p->critical[op] ? (cut.source == (chance(p->seed, op, cut.moment, 4) & 1u))
                                       : chance(p->seed, op, cut.moment, 5) % SAMPLE_FIRST == 0u);
            give(x, &cut);
            return;
        }
        x->claimed = atomic_fetch_add(&p->t->next, 1u);
    }
}

/* A life's own recovery is cut: at critical operations at every moment, else by sample. */
static void nest_at(run *x, uint32_t op, bool critical)
{
    const plan *p = x->p;
    uint32_t key = x->now.cut[0].op * 8u + x->now.cut[0].moment;
    bool all = critical && x->first_critical;
    unsigned only = chance(p->seed, key, op, 6) % MOMENTS;
    if (!critical && chance(p->seed, key, op, 7) % SAMPLE_SECOND != 0u) {
        return;
    }
    for (unsigned moment = all ? 0u : only; moment < (all ? MOMENTS : only + 1u); moment++) {
        case_cut cut = {.op = op, .moment = (uint8_t)moment};
        cut.source = (uint8_t)(chance(p->seed, key, op, 8u + moment) % (all ? 2u : SOURCES));
        if (spawn(x, &cut)) {
            x->nest = false;
            give(x, &cut);
            return;
        }
    }
}

static void count_at(run *x, sim_op_kind kind, bool critical)
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
    bool taken = critical || p->sample <= 1u || chance(p->seed, p->ops, 0, 9) % p->sample == 0u;
    p->critical[p->ops] = critical && p->sample <= 1u; /* of a sample: each moment, once */
    p->first[p->ops] = p->cases;
    p->cases += taken ? case_count(p->critical[p->ops]) : 0u;
    p->ops++;
    p->first[p->ops] = p->cases;
    p->programs += kind == SIM_OP_PROGRAM;
    p->erases += kind == SIM_OP_ERASE_PAGE;
}

static void at_operation(void *ctx, sim_op_kind kind)
{
    run *x = ctx;
    rig *r = x->r;
    if (!r->cutting) {
        return;
    }
    /* As the last operation left it, or what became of it. */
    const char *wrong = oracle_instant(&r->oracle);
    uint32_t op = (uint32_t)(sim_op_count(r->m, 0) - r->ops_before);
    if (wrong != NULL) {
        rig_fail(r, "before operation %u: %s", (unsigned)op, wrong);
        sim_break(r->m);
    }
    if (x->p->t != NULL) {
        atomic_fetch_add_explicit(&x->p->t->checks, 1u, memory_order_relaxed);
    }
    unsigned bank = 0;
    uint32_t offset = 0, bytes = 0;
    if (sim_op_place(r->m, &bank, &offset, &bytes)) {
        oracle_touch(&r->oracle, bank, offset, bytes);
    } else {
        oracle_touch_all(&r->oracle);
    }
    bool critical = is_critical(r->chip, kind, offset, bytes);
    if (x->mode == MODE_COUNT) {
        if (sim_cuts_scheduled(r->m) == 0u && !x->nest) {
            count_at(x, kind, critical);
        }
    } else if (x->mode == MODE_WORK) {
        if (x->p->s->instants == 0u && op < x->p->ops) {
            work_at(x, op);
        }
    } else if (x->mode == MODE_LIFE) {
        if (x->nest && r->cuts_seen == 1u) {
            nest_at(x, op, critical);
        }
        bool due = x->repeating && kind == SIM_OP_ERASE_PAGE && x->r->failure[0] == '\0' &&
                   r->cuts_seen == x->now.count;
        if (due && pass_through(x, (uint64_t)bank << 32 | offset)) {
            atomic_fetch_add(&x->p->t->joined, 1u);
            end_life(x, all_fired(x));
        }
    } else if (x->given < x->now.count && x->now.cut[x->given].op == op &&
               (x->given == 0u || r->cuts_seen == x->given)) {
        give(x, &x->now.cut[x->given]);
    }
}

/* ---- runs ------------------------------------------------------------ */

static bool prepare(run *x, bool trace)
{
    jmp_buf escape;
    x->r = rig_new(x->p->chip, x->p->s->factory, x->p->seed, trace);
    x->r->escape = &escape;
    sim_set_op_hook(x->r->m, at_operation, x);
    if (!x->p->s->prepare(x->r)) {
        return rig_fail(x->r, "the preparation failed");
    }
    oracle_init(&x->r->oracle, x->r->m, PRODUCT);
    x->r->ops_before = sim_op_count(x->r->m, 0);
    (void)oracle_state_hash(&x->r->oracle); /* what the lives inherit need not be computed again */
    x->r->cutting = true;
    return true;
}

static void give_instant(run *x, const case_cut *cut)
{
    sim_schedule_cut_at(x->r->m, sim_now(x->r->m) + (cut->op + 1u) * INSTANT_PS, SIM_CUT_RANDOM,
                        cut->source == 1u);
    x->given++;
}

bool plan_count(plan *p, char why[RIG_TEXT_BYTES])
{
    run x = {.p = p, .count = p, .mode = MODE_COUNT};
    bool good = prepare(&x, false);
    if (good) {
        jmp_buf escape;
        x.r->escape = &escape;
        good = p->s->act(x.r);
        x.nest = true; /* from here on nothing is counted */
        good = good && recover(&x);
    }
    if (good && p->s->instants > 0u) {
        p->cases = p->s->instants * 2u;
    }
    if (good && p->s->instants == 0u && p->cases == 0u) {
        good = rig_fail(x.r, "nothing to cut: the scenario has no operation");
    }
    memcpy(why, x.r->failure, RIG_TEXT_BYTES);
    rig_free(x.r);
    return good;
}

void plan_free(plan *p)
{
    free(p->first);
    free(p->critical);
}

void plan_work(const plan *p)
{
    run x = {.p = p, .mode = MODE_WORK};
    bool good = prepare(&x, false);
    x.now.s = p->s;
    x.now.seed = p->seed;
    x.claimed = atomic_fetch_add(&p->t->next, 1u);
    while (good && p->s->instants > 0u && x.claimed < p->cases) {
        case_cut cut = {.op = x.claimed / 2u, .moment = 0, .source = (uint8_t)(x.claimed % 2u)};
        if (spawn(&x, &cut)) {
            give_instant(&x, &cut);
            end_life(&x, live(&x));
        }
        x.claimed = atomic_fetch_add(&p->t->next, 1u);
    }
    if (good && p->s->instants == 0u) {
        good = live(&x);
    }
    if (x.mode == MODE_LIFE) {
        end_life(&x, good);
    }
    if (!good) {
        report(&x);
    }
    rig_free(x.r);
}

bool plan_replay(const tb_chip *chip, const life_case *c, const char *plant)
{
    plan p = {.chip = chip, .s = c->s, .seed = c->seed, .plant = plant};
    run x = {.p = &p, .mode = MODE_REPLAY, .now = *c};
    bool good = prepare(&x, true);
    if (good) {
        puts("-- the scenario begins here");
        if (c->s->instants > 0u && c->count > 0u) {
            give_instant(&x, &c->cut[0]);
        }
        good = live(&x);
    }
    printf("the console said: %s\n%s: %s\n", x.r->console, good ? "passed" : "FAILED",
           good ? "an image runs, whole, and takes the update again" : x.r->failure);
    rig_free(x.r);
    return good;
}
