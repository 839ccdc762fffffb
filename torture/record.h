/* Watches one run of the part from a reset on, and files what it read, wrote and came to. */
#ifndef TORTURE_RECORD_H
#define TORTURE_RECORD_H

#include "torture/memo.h"
#include "torture/rig.h"

#define RECORD_PAGES 64u

typedef struct record {
    uint8_t turn; /* not 0; the next run has the next: so there is nothing to be cleared */
    bool on, ram, chance_used, exact;
    rig *r;
    memo *memo;
    state *state;
    const uint8_t *hot[2]; /* granules that operations of the scenario work on: told by units */
    uint64_t beginning, chance;
    sim_ps since;
    unsigned resets;
    place *places;
    uint32_t count, room;
    uint64_t *numbers; /* what was there */
    uint8_t *known[2];   /* per unit: `turn` where it was read, or written, by this run */
    uint8_t *granule[2]; /* per granule: how it is known */
    struct { /* pages whose payload was read: of what kind, and whether it was erased then */
        unsigned bank;
        uint32_t offset, bytes;
        uint64_t kind;
        bool by_kind;
    } page[RECORD_PAGES];
    unsigned pages;
    course_op *ops;
    uint32_t op_count, op_room;
    uint32_t *words;
    uint32_t word_sets, word_count;
} record;

void record_init(record *x, rig *r, memo *m, state *s, uint8_t *const hot[2]);
void record_free(record *x);
/* From here on; ram: RAM has not been lost, so what is read of it counts. The beginning is
 * set by record_begins(), when the reset has been. */
void record_start(record *x, bool ram, uint64_t chance);
void record_begins(record *x, uint64_t beginning);
void record_operation(record *x, sim_op_kind kind, unsigned bank, uint32_t offset, uint32_t bytes);
/* The oracle looks at this: its judgement depends on it. */
void record_look(void *x, unsigned bank, uint32_t offset, uint32_t bytes);
/* Ends it. file: under its beginning, with that result. */
void record_end(record *x, bool file, uint8_t settled, unsigned bank);

/* The rig's own state in a number: part of a beginning. */
uint8_t record_flags(const rig *r);

#endif
