/* Lives: a scenario, an interruption at one of its operations, the recovery, the verdict.
 * The scenario runs once in each worker; at each operation the process forks, and the child
 * takes the interruption and lives on. */
#ifndef TORTURE_LIVES_H
#define TORTURE_LIVES_H

#include <stdatomic.h>

#include "torture/scenario.h"

#define CASE_CUTS 2u
#define CASE_TEXT_BYTES 128u
#define MOMENTS 7u /* before, five outcomes, after */
#define SOURCES 4u /* power with and without backup domain, pin, watchdog */
#define MOST_FAILURES 32u
#define KNOWN_STATES (1u << 20) /* a power of 2 */

typedef struct case_cut {
    uint32_t op; /* counted from the scenario's start; of a scenario of instants: which one */
    uint8_t moment, source;
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

typedef struct failure {
    char text[CASE_TEXT_BYTES];
    char why[RIG_TEXT_BYTES];
} failure;

/* In memory that all processes share. */
typedef struct tally {
    atomic_uint next;              /* case of depth 1 to be taken next */
    atomic_ullong lives, deep;     /* finished; those with two cuts */
    atomic_ullong checks;          /* instants at which the flash was judged */
    atomic_ullong settled[SETTLED_KINDS]; /* what the first recovery came to */
    atomic_ullong longest_us;      /* from the last cut until it ran for good */
    atomic_ullong joined;          /* ended in a state from which another life ended well */
    atomic_ullong known[KNOWN_STATES];
    atomic_uint failures;
    failure failed[MOST_FAILURES];
} tally;

typedef struct plan {
    const tb_chip *chip;
    const scenario *s;
    uint32_t seed;
    unsigned depth;  /* 1 or 2 */
    unsigned sample; /* 1: every operation; n: the critical ones, and one of n of the rest */
    const char *plant; /* a fault for the oracle to find; NULL */
    bool whole;        /* every life to its end, even where another has been there */
    tally *t;
    /* made by plan_count(): */
    uint32_t ops, cases, programs, erases;
    uint32_t *first; /* case number of each operation's first, `ops` + 1 of them */
    bool *critical;
} plan;

/* The clean run: counts the operations and lays the cases out. false: it failed, in `why`. */
bool plan_count(plan *p, char why[RIG_TEXT_BYTES]);
void plan_free(plan *p);
/* Takes cases from the tally until there are none: one worker's work. */
void plan_work(const plan *p);
/* One case from the start, with a trace. true if all was well. */
bool plan_replay(const tb_chip *chip, const life_case *c, const char *plant);

#endif
