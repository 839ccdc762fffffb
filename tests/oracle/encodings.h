/* Every encoding of ARMv7E-M and ARMv8-M without floating point, as data: what the generator
 * draws from, what the coverage is counted by, and what the firmware's
 * instructions must be found in. */
#ifndef ORACLE_ENCODINGS_H
#define ORACLE_ENCODINGS_H

#include <stdbool.h>
#include <stdint.h>

/* How the generator may use a row: what must be true before the instruction. */
typedef enum enc_kind {
    ENC_ALU,      /* any operands at all */
    ENC_LOAD,     /* `t` (and `u`) from memory, by the addressing mode */
    ENC_STORE,    /* the same, to memory */
    ENC_LDM,      /* list `r`, base `n` */
    ENC_STM,
    ENC_PUSH,     /* list `r`, base SP */
    ENC_POP,
    ENC_SPIMM,    /* SP plus or minus a constant */
    ENC_SPREG,    /* SP plus or minus a register that is made small first */
    ENC_SPMOV,    /* SP or MSP or PSP from a register that points into a stack */
    ENC_SPLIM,    /* a stack limit from a register that points below the stack */
    ENC_SYSREG,   /* PRIMASK, BASEPRI, FAULTMASK, CONTROL from a register */
    ENC_STREX,    /* after the load-exclusive of its size, or after CLREX */
    ENC_WFE,      /* after SEV */
    ENC_SVC,      /* with the masks open */
    ENC_UDF,      /* the UsageFault handler steps over it */
    ENC_IT,
    ENC_B,        /* PC-relative, both ways */
    ENC_BCOND,
    ENC_CBZ,
    ENC_BREG,     /* to the address in `m` */
    ENC_ADDPC,
    ENC_TB,
    ENC_LDRPC,    /* PC or SP (field `p`) from memory */
    ENC_LDMPC,
    ENC_POPPC,
    ENC_SCENARIO  /* only in the scenario programs: sleeps, traps, stops */
} enc_kind;

typedef enum enc_mode {
    AM_NONE,
    AM_IMM,  /* [n, #i] */
    AM_NEG,  /* [n, #-i] */
    AM_OFFU, /* [n, #+-i] by bit U */
    AM_PRE,  /* [n, #+-i]! */
    AM_POST, /* [n], #+-i */
    AM_REG,  /* [n, m, lsl #s] */
    AM_LIT,  /* [pc, #+-i] */
    AM_SP,   /* [sp, #i] */
    AM_IA,
    AM_DB
} enc_mode;

enum enc_flag {
    ENC_NOIT = 1u,    /* not permitted inside an IT block, or not drawn there */
    ENC_ITLAST = 2u,  /* only as the last of an IT block */
    ENC_NSP = 4u,     /* `n` may be SP */
    ENC_TSP = 8u,     /* `t` may be SP */
    ENC_MODIMM = 16u, /* `i` is a modified immediate */
    ENC_ANYM = 32u,   /* `m` may be any of the sixteen */
    ENC_LINKS = 64u,  /* writes LR */
    ENC_V8M = 128u    /* ARMv8-M only */
};

enum { ENC_FIELDS = 52 };

typedef struct enc_row {
    const char *name;
    const char *bits; /* 16 or 32 characters: 0, 1, or the letter of a field */
    enc_kind kind;
    enc_mode mode;
    uint8_t scale; /* of the immediate */
    uint8_t align; /* that the access must have */
    uint8_t flags;
    uint8_t bytes;               /* the rest is filled in by enc_prepare() */
    uint32_t mask, value;
    uint32_t field[ENC_FIELDS];  /* bits of each field, A-Z then a-z */
} enc_row;

extern enc_row enc_table[];
extern const unsigned enc_count;

/* For the cores of ARMv7E-M, or that of ARMv8-M mainline without the Security Extension. */
void enc_prepare(bool v8m);
/* Does the core that enc_prepare() was called for have this row? */
bool enc_present(const enc_row *row);

bool enc_has(const enc_row *row, char letter);
uint32_t enc_get(const enc_row *row, uint32_t opcode, char letter);
uint32_t enc_put(const enc_row *row, uint32_t opcode, char letter, uint32_t value);

/* False where the architecture says UNPREDICTABLE for these operands. */
bool enc_legal(const enc_row *row, uint32_t opcode);

/* A 16-bit opcode is in the low half; a 32-bit one has its first halfword on top.
 * The first row that matches is the instruction; NULL when there is none. */
const enc_row *enc_classify(uint32_t opcode, unsigned bytes);
const enc_row *enc_named(const char *name);

/* Registers that the instruction may write, one bit each. */
uint32_t enc_writes(const enc_row *row, uint32_t opcode);

/* 2 or 4, from the first halfword. */
unsigned enc_size(uint16_t first);

#endif
