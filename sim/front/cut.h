/* The cut language of --cut and of the control socket's `cut`: one trigger and, after
 * commas, words that say how. docs/simulator.md has the grammar. */
#ifndef SIM_FRONT_CUT_H
#define SIM_FRONT_CUT_H

#include "sim/front/error.h"
#include "sim/machine/machine.h"

typedef struct front_cut {
    sim_cut cut;     /* where by operation; `outcome` and the flags also where by time */
    bool at_time;
    bool relative;   /* counted, or timed, from the moment it is given */
    sim_ps when;
    bool stays_off;  /* then=off */
} front_cut;

bool front_parse_cut(const char *text, front_cut *cut, front_error *error);
/* The virtual time or operation number at which it stands, from now on. */
void front_cut_resolve(front_cut *cut, sim_machine *m);
/* One line for people: "cut during program 12, outcome ecc". */
void front_cut_text(const front_cut *cut, char *text, size_t bytes);

#endif
