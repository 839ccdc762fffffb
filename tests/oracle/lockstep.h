/* Our core and QEMU over the same image, compared before every instruction. */
#ifndef ORACLE_LOCKSTEP_H
#define ORACLE_LOCKSTEP_H

#include <stdbool.h>
#include <stdint.h>

#include "generate.h"

typedef struct oracle_row_tally {
    unsigned plain, it_passed, it_failed;
} oracle_row_tally;

typedef struct oracle_tally {
    unsigned long compared; /* states found equal */
    unsigned long drawn;    /* of which before an instruction that was drawn at random */
    unsigned long exceptions;
    oracle_row_tally *rows; /* one for each row of the encoding table */
} oracle_tally;

/* Prints what differs and returns false at the first difference. The bytes before the
 * board's start are its own. */
bool lockstep_run(const oracle_board *board, oracle_image *image, const char *label,
                  oracle_tally *tally);

#endif
