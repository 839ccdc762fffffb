/* How an image of random instructions comes about: what the rooms of the generator share.
 *
 * generate_code.c   noise, and machine code put into the image
 * generate_group.c  a group of instructions: what their operands need before them
 * generate_branch.c a branch, with somewhere to go and something to pass over
 * generate.c        blocks of groups, and the program around them */
#ifndef ORACLE_GENERATE_INTERNAL_H
#define ORACLE_GENERATE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "encodings.h"
#include "generate.h"

enum {
    RAM = 0x20000000, /* of every board, and no board has less than this of it */
    RAM_BYTES = 0x8000,
    WINDOW = RAM + 0x2300, /* across a multiple of 1 KB, where the core changes granules */
    WINDOW_WORDS = 132,
    MSP_CENTRE = RAM + 0x4000,
    PSP_CENTRE = RAM + 0x6000,
    BELOW_STACK = 0x1800,
    DRIFT_LIMIT = 1500,
    REGION_A = 0x2000, /* from the vectors */
    REGION_B = 0x70000,
    BLOCK_INSTRUCTIONS = 120
};

typedef struct gen {
    const oracle_board *board;
    oracle_image *image;
    uint64_t rng;
    uint32_t vectors; /* their address */
    uint32_t pc;
    uint16_t block;
    uint32_t drift; /* how far either stack pointer may be from its centre */
    unsigned drawn, wanted;
} gen;

typedef struct slot {
    const enc_row *row;
    uint32_t op;
} slot;

/* Up to four drawn instructions and what must be true before them. */
typedef struct group {
    slot slots[4];
    unsigned n;
    struct {
        unsigned reg;
        uint32_t value;
    } sets[12];
    unsigned set_count;
    uint32_t fixed;   /* registers set up before the group */
    uint32_t written; /* by the instructions so far */
    uint32_t keep;    /* not to be written */
    uint32_t drift;
    bool sp_touched, masks_touched;
    bool open_masks, event, clear_exclusive;
    /* For a branch: which register to be given the target, once that is known. */
    int target_reg, slot_reg; /* slot_reg: holds the memory word to be filled with the target */
    uint32_t slot_address;
    int slot_sp_offset; /* or it lies on the stack; -1 when not */
} group;
/* generate_code.c */

uint32_t gen_rnd(gen *g);
uint32_t gen_below(gen *g, uint32_t n);
/* Half noise, half the values at which carries, signs and lanes turn over. */
uint32_t gen_operand(gen *g);
void gen_poke16(gen *g, uint32_t address, uint32_t value);
void gen_poke32(gen *g, uint32_t address, uint32_t value);
void gen_put16(gen *g, uint32_t halfword);
void gen_put_code(gen *g, uint32_t address, const enc_row *row, uint32_t op);
void gen_put(gen *g, const enc_row *row, uint32_t op);
/* The same, counted as one that the test is about. */
void gen_put_drawn(gen *g, const enc_row *row, uint32_t op);
/* MOVW and MOVT; gives their address, where patch may write another value. */
uint32_t gen_put_mov32(gen *g, unsigned reg, uint32_t value);
void gen_patch_mov32(gen *g, uint32_t at, unsigned reg, uint32_t value);
uint32_t gen_branch_op(const enc_row *row, uint32_t op, uint32_t offset);
void gen_branch_at(gen *g, uint32_t at, uint32_t target);
/* Operands at random until they are legal and no row before this one claims them. */
bool gen_random_op(gen *g, const enc_row *row, uint32_t *op);

/* generate_group.c */

void group_clear(group *q);
/* False where the register has another value to carry already. */
bool group_need(group *q, unsigned reg, uint32_t value);
/* Sets the base (and index) so that the access falls on `target`. */
bool group_aim(gen *g, group *q, const enc_row *row, uint32_t op, uint32_t target);
/* False, and the group as it was, when this draw cannot be had in it. */
bool group_add_op(gen *g, group *q, const enc_row *row, uint32_t op);
bool group_add(gen *g, group *q, const enc_row *row);
bool group_add_exclusive(gen *g, group *q, const enc_row *store);
/* MOVs of the group; the ones for a branch target are patched later. */
void group_put_setup(gen *g, group *q, uint32_t *target_at, uint32_t *slot_at);
void group_put(gen *g, group *q, bool in_it);
uint32_t gen_window_address(gen *g, unsigned align, unsigned room_bytes);
unsigned gen_list_words(const enc_row *row, uint32_t op);
unsigned gen_free_reg(gen *g, uint32_t taken);
const enc_row *gen_random_alu16(gen *g);
/* Ordinary instructions that may or may not be run, beside a branch. */
void gen_fill(gen *g, unsigned n);

/* generate_branch.c */

bool gen_is_branch(const enc_row *row);
bool group_add_branch(gen *g, group *q, const enc_row *row);
void group_put_branch(gen *g, group *q, bool in_it);

#endif
