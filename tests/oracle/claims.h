/* What the programs share that ask a core which opcodes it knows. */
#ifndef ORACLE_CLAIMS_H
#define ORACLE_CLAIMS_H

#include <stdint.h>

#include "board.h"

typedef struct claims_options {
    const oracle_board *board; /* m4 where none is named; NULL: there is none of that name */
    uint64_t seed;
    unsigned long count;
} claims_options;

/* --core, --seed and --count; ORACLE_SEED overrides the seed. */
claims_options claims_parse(int argc, char **argv, unsigned long count);

/* Any address answers, with 0: the question is what is decoded, not what is there. */
extern const sim_bus claims_bus;

uint32_t claims_random(uint64_t *state);

#endif
