/* Register blocks as data: offset, name, reset value, writable bits. A peripheral that
 * is plain storage is a table; the others add hooks. */
#ifndef SIM_REGISTERS_H
#define SIM_REGISTERS_H

#include "sim/machine/machine.h"

struct sim_part;

typedef struct sim_reg {
    uint16_t offset;
    const char *name; /* NULL: not on this part, the row only keeps its place */
    uint32_t reset;
    uint32_t writable; /* bits that keep what is written */
} sim_reg;

typedef struct sim_block_hooks {
    /* What a read gives, and its side effects. NULL: the stored value. */
    uint32_t (*read)(void *owner, unsigned reg, uint32_t stored);
    /* After the writable bits are stored. `raw` is what was written, 0 in lanes that the
     * access did not touch: for bits that act on a 1. */
    sim_access (*write)(void *owner, unsigned reg, uint32_t old, uint32_t raw);
    /* After the values are back to reset. cause 0: through RCC's reset register. */
    void (*reset)(void *owner, unsigned cause, bool backup_lost);
} sim_block_hooks;

typedef struct sim_block {
    sim_periph periph;
    struct sim_part *part;
    void *owner;
    const sim_reg *regs;
    unsigned count;
    const sim_block_hooks *hooks;
    uint32_t *value;      /* one per table row */
    uint8_t *row;         /* offset / 4 -> table row, or SIM_NO_ROW */
    const uint32_t *gate; /* RCC's enable word; NULL: always clocked */
    uint32_t gate_mask;
    bool apb;          /* the bridge doubles narrow writes over the word (RM0440 2.1) */
    bool keeps_values; /* in the backup domain: the owner resets the values itself */
    struct sim_block *next; /* of the part: for RCC's reset registers */
} sim_block;

#define SIM_NO_ROW 255u

typedef struct sim_block_spec {
    const char *name;
    uint32_t base;
    uint32_t bytes;
    bool apb;
    const sim_reg *regs;
    unsigned count;
    const sim_block_hooks *hooks;
} sim_block_spec;

/* Fills in the block, sets reset values and adds it to the machine. */
void sim_block_init(sim_block *block, struct sim_part *part, void *owner,
                    const sim_block_spec *spec);
void sim_block_reset_values(sim_block *block);
/* The block's own answers, for a peripheral that puts something before them. */
sim_access sim_block_read(void *self, uint32_t offset, unsigned size, uint32_t *value);
sim_access sim_block_write(void *self, uint32_t offset, unsigned size, uint32_t value);
bool sim_block_clocked(const sim_block *block);
/* A feature that exists on the part and not in the model: the run stops. */
sim_access sim_block_unmodelled(sim_block *block, unsigned reg, uint32_t value, const char *why);

#define SIM_ROWS(table) ((unsigned)(sizeof(table) / sizeof((table)[0])))

#endif
