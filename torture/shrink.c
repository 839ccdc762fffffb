#define _POSIX_C_SOURCE 200809L
#include "torture/shrink.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_SECONDS 20
#define MOST_TRIES 60u

/* NEVER_CUT: an interruption never came; of a case with an operation that is not reached that
 * says nothing. */
typedef enum ending { WELL, FAILED, NEVER_CUT } ending;

typedef struct search {
    const tb_chip *chip;
    const char *plant;
    time_t until;
    unsigned tries;
    ending as; /* of the case that is to be made shorter */
} search;

/* In a process of its own: what fails may end it. */
static ending ends(search *x, const life_case *c)
{
    if (x->tries == MOST_TRIES || time(NULL) >= x->until) {
        return WELL;
    }
    x->tries++;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char why[RIG_TEXT_BYTES];
        alarm(MOST_SECONDS);
        bool good = plan_replay(x->chip, c, x->plant, false, why);
        _exit(good ? WELL : strstr(why, LIVES_NEVER_CUT) != NULL ? NEVER_CUT : FAILED);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
                   WEXITSTATUS(status) <= NEVER_CUT ? (ending)WEXITSTATUS(status) : WELL;
}

static bool take(search *x, life_case *c, const life_case *next)
{
    if (ends(x, next) != x->as) {
        return false;
    }
    *c = *next;
    return true;
}

static bool simpler_cut(search *x, life_case *c, unsigned which)
{
    static const uint8_t moments[MOMENTS] = {0, 6, 1, 2, 3, 4, 5};
    bool better = false;
    for (uint8_t source = 0; source < c->cut[which].source; source++) {
        life_case next = *c;
        next.cut[which].source = source;
        if (take(x, c, &next)) {
            better = true;
            break;
        }
    }
    for (unsigned i = 0; i < MOMENTS && moments[i] != c->cut[which].moment; i++) {
        life_case next = *c;
        next.cut[which].moment = moments[i];
        if (take(x, c, &next)) {
            better = true;
            break;
        }
    }
    return better;
}

/* The first of half of them, a quarter ... that fails too; a second one stays behind the first. */
static bool earlier(search *x, life_case *c, unsigned which)
{
    uint32_t least = which == 0u ? 0u : c->cut[which - 1u].op + 1u;
    bool better = false;
    for (uint32_t step = c->cut[which].op; step > 0u; step /= 2u) {
        while (c->cut[which].op >= least + step) {
            life_case next = *c;
            next.cut[which].op -= step;
            if (!take(x, c, &next)) {
                break;
            }
            better = true;
        }
    }
    return better;
}

static bool one_alone(search *x, life_case *c)
{
    for (unsigned which = 0; which < 2u; which++) {
        life_case next = *c;
        next.count = 1;
        next.cut[0] = c->cut[which];
        if (take(x, c, &next)) {
            return true;
        }
    }
    return false;
}

bool shrink(const tb_chip *chip, life_case *c, const char *plant)
{
    search x = {.chip = chip, .plant = plant, .until = time(NULL) + MOST_SECONDS};
    bool better = false;
    x.as = ends(&x, c);
    if (x.as == WELL) {
        return false; /* by the memo alone, or it hung */
    }
    if (c->count > 1u) {
        better = one_alone(&x, c);
    }
    for (unsigned i = 0; i < c->count; i++) {
        better = simpler_cut(&x, c, i) || better;
    }
    for (unsigned i = 0; i < c->count; i++) {
        better = earlier(&x, c, i) || better;
    }
    return better;
}
