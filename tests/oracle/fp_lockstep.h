/* Our cores and QEMU over the same image, floating-point registers included; one board for
 * each core. */
#ifndef ORACLE_FP_LOCKSTEP_H
#define ORACLE_FP_LOCKSTEP_H

#include <stdbool.h>
#include <stdint.h>

#include "board.h"

enum { FP_IMAGE_BYTES = 0x80000, FP_RAM_BYTES = 0x8000, FP_VECTOR_END = 7 };

typedef struct fp_image {
    uint8_t bytes[FP_IMAGE_BYTES];
    uint16_t row[FP_IMAGE_BYTES / 2]; /* per halfword: 1 + the row that it was drawn from */
} fp_image;

typedef struct fp_tally {
    unsigned long compared, drawn, exceptions;
    unsigned long *rows;
    const char *const *names;
} fp_tally;

/* Word 7 of the vectors is the address at which the program ends. Prints what differs and
 * returns false at the first difference. The bytes before the board's start are its own. */
bool fp_lockstep(const oracle_board *board, fp_image *image, const char *label, fp_tally *tally);

#endif
