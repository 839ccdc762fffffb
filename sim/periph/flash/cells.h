/* An array of flash as cells: contents with ECC by units of some bytes, what a cache in front of
 * it still holds, and what a cut leaves. Those of the F7, without ECC, are OK or UNSTABLE. */
#ifndef SIM_FLASH_CELLS_H
#define SIM_FLASH_CELLS_H

#include "sim/machine/machine.h"

#define GRANULE_BYTES 1024u /* what the core maps */
#define CELLS_UNIT_MAX 32u

typedef enum unit_state {
    UNIT_OK,
    UNIT_SINGLE,   /* one wrong bit: corrected, ECCC */
    UNIT_DOUBLE,   /* uncorrectable at every read */
    UNIT_UNSTABLE, /* `data`, `other`, or uncorrectable, anew at each read */
    UNIT_ONES,     /* programmed with all ones: looks erased, is spent */
    UNIT_STATES
} unit_state;

typedef struct flash_cells {
    unsigned number; /* its owner's, told with ECC events */
    uint32_t bytes, unit_bytes;
    uint8_t *data;
    uint8_t *state; /* unit_state of each unit */
    uint8_t *other; /* the second reading of unstable units */
    uint8_t *old;   /* what caches still hold of granules that changed */
    uint8_t *stale; /* per granule: which caches */
    uint16_t *bad;  /* units that are not read as they are, per granule */
    uint32_t bad_total, stale_total;
    sim_code *code; /* NULL: nothing is executed from it */
} flash_cells;

/* Blank. Aborts without memory. */
void cells_init(flash_cells *c, unsigned number, uint32_t bytes, uint32_t unit_bytes,
                bool executable);
void cells_free(flash_cells *c);

/* ---- contents: a unit is given by the offset of its first byte ---- */

void cells_set(flash_cells *c, uint32_t offset, const uint8_t *data, unit_state state);
void cells_set_unstable(flash_cells *c, uint32_t offset, const uint8_t *data,
                        const uint8_t *other);
void cells_erase(flash_cells *c, uint32_t offset, uint32_t bytes);
/* After `state` was written from outside. */
void cells_recount(flash_cells *c);
/* As a tool writes: the rest of the unit that `offset` lies in, at most. Gives how many bytes. */
size_t cells_load(flash_cells *c, uint32_t offset, const uint8_t *data, size_t bytes);
void cells_damage(flash_cells *c, uint32_t offset, sim_damage kind);
sim_unit cells_unit(const flash_cells *c, uint32_t offset, uint8_t *other);
/* A stretch with all that is known of it, in cells_taken_bytes(). */
size_t cells_take(const flash_cells *c, uint32_t offset, uint32_t bytes, uint8_t *out);
void cells_give(flash_cells *c, uint32_t offset, uint32_t bytes, const uint8_t *in);
/* The whole, to be kept in a file. */
size_t cells_saved_bytes(const flash_cells *c);
void cells_save(const flash_cells *c, uint8_t *out);
bool cells_can_restore(const flash_cells *c, const uint8_t *in);
void cells_restore(flash_cells *c, const uint8_t *in);

/* Readable at `base` without the model but for the granules that are not read as they are. */
void cells_map(const flash_cells *c, sim_cpu *cpu, uint32_t base);

/* ---- caches ---- */

/* All of the stretch is taken to be in those caches, as it is now. */
void cells_keep_stale(flash_cells *c, uint32_t offset, uint32_t bytes, unsigned caches);
void cells_drop_stale(flash_cells *c, unsigned caches);

/* ---- reads, programming, cuts ---- */

typedef void cells_ecc_event(void *flash, unsigned number, uint32_t offset, bool uncorrectable);
/* Within a unit. */
uint32_t cells_read(const flash_cells *c, sim_machine *m, uint32_t offset, unsigned size,
                    cells_ecc_event *event, void *flash);
uint32_t cells_value(const uint8_t *bytes, unsigned size); /* little-endian */
bool cells_all(const uint8_t *bytes, uint32_t count, uint8_t value);
/* Neither erased nor all zero is refused, and a unit spent on ones whatever comes. */
bool cells_programmable(const flash_cells *c, sim_machine *m, uint32_t offset,
                        const uint8_t *data);
void cells_program(flash_cells *c, uint32_t offset, const uint8_t *data);
/* What outcomes other than `old` and `new` leave of it. */
void cells_tear_program(flash_cells *c, sim_machine *m, uint32_t offset, const uint8_t *data,
                        sim_cut_outcome outcome);
void cells_tear_erase(flash_cells *c, sim_machine *m, uint32_t offset, uint32_t bytes,
                      sim_cut_outcome outcome);

#endif
