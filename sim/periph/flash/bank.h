/* A bank's contents, as the models of F7 and H7 keep them: units with a state each, and which
 * granules of what the core maps hold one that must be read through the model. */
#ifndef SIM_FLASH_BANK_H
#define SIM_FLASH_BANK_H

#include "sim/machine/machine.h"

#define FLASH_GRANULE_BYTES 1024u /* what the core maps */

typedef struct flash_bank {
    uint32_t bytes, unit_bytes;
    bool (*sound)(uint8_t state); /* such a unit is always read as `data` has it */
    uint8_t *data, *other, *state; /* other: the second reading of an unstable unit */
    uint16_t *bad;                 /* units that are not sound, per granule */
    uint32_t bad_total;
    sim_code *code;
} flash_bank;

/* Erased, with `other` 0 and all states 0. */
void flash_bank_new(flash_bank *b, uint32_t bytes, uint32_t unit_bytes,
                    bool (*sound)(uint8_t state));
void flash_bank_free(flash_bank *b);
void flash_bank_set(flash_bank *b, uint32_t unit, const uint8_t *data, uint8_t state);
/* After `data` and `state` were written from outside. */
void flash_bank_recount(flash_bank *b);
/* What is sound becomes readable at `base`, the rest is left to the model. */
void flash_bank_map(const flash_bank *b, sim_cpu *cpu, uint32_t base);
/* 1 to 4 bytes. */
uint32_t flash_little_endian(const uint8_t *bytes, unsigned size);

#endif
