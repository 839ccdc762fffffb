/* A flash image full of random instructions that stay PREDICTABLE, made from a seed. */
#ifndef ORACLE_GENERATE_H
#define ORACLE_GENERATE_H

#include <stdint.h>

#include "board.h"

enum {
    ORACLE_FLASH_BYTES = 0x100000,
    /* Reserved words of the vector table tell the harness where the program ends
     * and, in a scenario that depends on time, where comparing begins. */
    ORACLE_VECTOR_END = 7,
    ORACLE_VECTOR_COMPARE = 8
};

typedef struct oracle_image {
    uint8_t flash[ORACLE_FLASH_BYTES];
    /* Per halfword: the block that drew it, 0 for what only sets the scene. */
    uint16_t block[ORACLE_FLASH_BYTES / 2];
} oracle_image;

/* `instructions` random ones, the set-up for them not counted; at most 60,000. After
 * enc_prepare() for the board's core. */
void oracle_generate(const oracle_board *board, oracle_image *image, uint64_t seed,
                     unsigned instructions);

#endif
