/* An image of random floating-point instructions between loads of interesting values. */
#ifndef ORACLE_FP_GENERATE_H
#define ORACLE_FP_GENERATE_H

#include "fp_lockstep.h"

enum { FP_PER_IMAGE_LIMIT = 16000 };

void fp_generate(const oracle_board *board, fp_image *image, uint64_t seed, unsigned instructions);
/* Does the board's core have this row of fp_rows? */
bool fp_board_has(const oracle_board *board, unsigned row);

#endif
