/* Lives: a scenario, an interruption at one of its operations, the recovery, the verdict.
 * Each worker runs the scenario; at an operation that it has claimed it looks at what each
 * interruption leaves. Where a life from such a beginning has been lived, this one is known
 * (walk.c); else the process forks, and the child takes the interruption and lives on
 * (live.c). docs/torture.md says more. */
#ifndef TORTURE_LIVES_H
#define TORTURE_LIVES_H

#include <stdatomic.h>

#include "torture/memo.h"
#include "torture/scenario.h"

#define CASE_CUTS 2u
#define CASE_TEXT_BYTES 128u
#define MOMENTS 7u /* before, five outcomes, after */
#define SOURCES 4u /* power with and without backup domain, pin, watchdog */
#define MOST_FAILURES 32u
#define MOST_JOBS 64u
#define BINS 96u /* of the heat strip, per bank */

enum { MOMENT_BEFORE = 0, MOMENT_UNSTABLE = 5, MOMENT_AFTER = MOMENTS - 1 };
enum { SOURCE_POWER, SOURCE_ALL_POWER, SOURCE_PIN, SOURCE_WATCHDOG };

typedef struct case_cut {
    uint32_t op; /* counted from the scenario's start; of a scenario of instants: which one */
    uint8_t moment, source;
    bool plain; /* at an operation that is not critical */
} case_cut;

typedef struct life_case {
    const scenario *s;
    uint32_t seed;
    unsigned count;
    case_cut cut[CASE_CUTS];
} life_case;

/* "update-app/1/417.ecc.power/9.after.pin" */
void case_print(const life_case *c, char text[CASE_TEXT_BYTES]);
bool case_parse(life_case *c, const char *text);
/* A choice for each operation and purpose: the same in every run with this seed. */
uint32_t case_chance(uint32_t seed, uint32_t a, uint32_t b, uint32_t c);

typedef struct failure {
    life_case c;
    char why[RIG_TEXT_BYTES];
} failure;

typedef enum outcome {
    OUTCOME_OLD, OUTCOME_NEW, OUTCOME_RECOVERED, OUTCOME_STAGE2, OUTCOME_PROGRAMMER, OUTCOME_LOCKED,
    OUTCOMES
} outcome;

/* What the first part of a life, until it settles, has come to. */
typedef struct result {
    uint32_t settled, resets;
    uint64_t us, flash; /* flash: all of it in a number, where asked for */
    uint64_t beginning; /* of the life after its interruption; 0: not known */
} result;

/* The operations of a life with one interruption, behind it. */
#define SEEN_MOST 4096u
typedef struct life_ops {
    uint32_t count;
    struct {
        uint32_t op;
        bool critical;
    } at[SEEN_MOST];
} life_ops;

/* In memory that all processes share. */
typedef struct tally {
    atomic_uint next; /* operation, or instant, to be taken next */
    atomic_uint taken; /* cases of depth 1 that are done */
    atomic_ullong lives, deep;  /* judged; those with two cuts */
    atomic_ullong ran, joined;  /* of them run; of these ended where another had been */
    atomic_ullong audited;      /* known, and run all the same, and the same came of it */
    atomic_ullong fired;        /* interruptions, in lives that were run */
    atomic_ullong scheduled;
    atomic_ullong unfiled;      /* run, and not found afterwards */
    atomic_ullong checks;       /* instants at which the flash was judged */
    atomic_ullong outcome[OUTCOMES];
    atomic_ullong deep_locked;  /* of those with two cuts, OUTCOME_LOCKED */
    atomic_ullong longest_us;   /* from the last cut until it ran for good */
    atomic_uint most_boots;
    atomic_uint bin[2][BINS][OUTCOMES];
    result last[MOST_JOBS];     /* of each worker's child */
    life_ops seen[MOST_JOBS];
    atomic_uint failures;
    failure failed[MOST_FAILURES];
} tally;

#define WEAR_PAGES 256u
typedef struct wear {
    uint32_t programs, erases, most_erases; /* units; pages; of the page with the most */
    uint32_t options, mass_erases;
    uint16_t erased[2][WEAR_PAGES]; /* times, of each page */
    uint32_t written[2][WEAR_PAGES]; /* bytes */
} wear;

typedef struct plan {
    const tb_chip *chip;
    const scenario *s;
    uint32_t seed;
    unsigned depth;  /* 1 or 2 */
    unsigned sample; /* 1: every operation; n: the critical ones, and one of n of the rest */
    unsigned pairs;  /* depth 2: one of so many pairs of critical operations */
    unsigned audit;  /* one of so many known lives is run all the same; 0: none */
    const char *plant; /* a fault for the oracle to find; NULL */
    bool whole;        /* every life is run, to its end */
    bool exact;        /* no page is known by its kind alone */
    tally *t;
    memo *memo;
    memo *streams; /* what the host has compressed, in any scenario of the part */
    /* made by plan_count(): */
    uint32_t ops, cases;
    uint32_t *first; /* case number of each operation's first, `ops` + 1 of them */
    bool *critical;
    uint8_t *hot[2]; /* granules that it, and the repetition, work on */
    wear wear;
    uint64_t clean_us;
} plan;

/* The clean run: counts the operations and lays the cases out, in the memo, so that all processes
 * see them. false: it failed, in `why`. */
bool plan_count(plan *p, char why[RIG_TEXT_BYTES]);
/* Takes operations from the tally until there are none: one worker's work. */
void plan_work(const plan *p, unsigned worker);
/* In the reason where an interruption that was scheduled has not come. */
#define LIVES_NEVER_CUT "fired: the injector is broken"
/* One case from the start. trace: told on stdout. true if all was well, else `why`. */
bool plan_replay(const tb_chip *chip, const life_case *c, const char *plant, bool trace,
                 char why[RIG_TEXT_BYTES]);

#endif
