/* Every floating-point encoding that our cores claim, as data. */
#ifndef ORACLE_FP_ENCODINGS_H
#define ORACLE_FP_ENCODINGS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum fp_kind {
    FPK_DATA,
    FPK_FIXED,  /* VCVT to and from fixed point: not more fraction bits than bits */
    FPK_CORE,   /* `t` is a core register */
    FPK_TWO,    /* `t` and `u`, two different ones */
    FPK_LOAD,   /* base `u`, constant `i` */
    FPK_STORE,
    FPK_LIST_LOAD, /* `i` is counted in words */
    FPK_LIST_STORE
} fp_kind;

enum fp_flag {
    FPF_NOIT = 1,    /* not permitted in an IT block */
    FPF_V5 = 2,      /* FPv5 and later */
    FPF_BOTH = 4,    /* `s`: 0 single, 1 double, the latter where the core has it */
    FPF_DOUBLE = 8,  /* only where the core has double precision */
    FPF_BACK = 16,   /* writes the base back */
    FPF_SELECT = 32  /* looks at the flags */
};

/* 0, 1, or the letter of a field: d, n, m with D, N, M registers, whose capital is 0 for a
 * double; A, B: the same for a register that is always single (d, m); t, u core registers;
 * i constant; x anything. */
typedef struct fp_row {
    const char *name, *bits;
    fp_kind kind;
    unsigned flags;
} fp_row;

extern const fp_row fp_rows[];
extern const unsigned fp_row_count;

#endif
