/* What is kept in a part as numbers and as contents that can be put back: so that a torn
 * operation can be looked at, and undone, without the part living on. */
#ifndef TORTURE_STATE_H
#define TORTURE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/machine/machine.h"
#include "torture/oracle.h"

#define STATE_GRANULE 1024u

/* Something that a run can have read: a granule or a programming unit of flash, a word of RAM,
 * the numbers that chance gave, or of what kind the contents of a page are: blank, or written,
 * or with what is unreadable or unstable in it. */
typedef uint64_t place;
typedef enum place_kind { PLACE_GRANULE, PLACE_UNIT, PLACE_RAM, PLACE_CHANCE, PLACE_KIND }
    place_kind;

static inline place place_of(place_kind kind, unsigned bank, uint32_t index)
{
    return (uint64_t)kind << 56 | (uint64_t)bank << 48 | index;
}

typedef struct state {
    sim_machine *m;
    oracle *oracle; /* told of what changes; NULL: nobody is */
    uint32_t unit_bytes, granules;
    uint64_t *hash[2]; /* of granules; 0: to be computed */
    uint32_t *turn[2]; /* of granules: counts what touches them */
    struct state_unit {
        uint32_t turn; /* the granule's, when it was computed */
        uint64_t hash;
    } *unit[2];
    uint8_t *kind[2];  /* likewise: KIND_* of what is in it */
    uint8_t *undo;     /* what was there, and where */
    size_t undo_fill, undo_room;
} state;

void state_init(state *x, sim_machine *m, oracle *o);
void state_free(state *x);
/* An operation of the part has changed, or may have changed, this. */
void state_touch(state *x, unsigned bank, uint32_t offset, uint32_t bytes);
/* The operation's effect, with `random` for chance. Undone by state_undo(). */
void state_apply(state *x, const sim_what_if *op, uint64_t random);
static inline size_t state_mark(const state *x)
{
    return x->undo_fill;
}
void state_undo(state *x, size_t mark);

/* What is there now, as a number. ram: RAM can be looked at; else false for such a place.
 * chance: what PLACE_CHANCE stands for. */
bool state_number(state *x, place at, bool ram, uint64_t chance, uint64_t *number);
/* The part of the page with that offset that holds nothing but payload; false: there is none. */
bool state_payload(const state *x, uint32_t at, uint32_t *offset, uint32_t *bytes);
/* Of all flash. */
uint64_t state_flash(state *x);

#endif
