/* IEEE 754 arithmetic as the ARM architecture has it (DDI 0403 A2.5 and D6; DDI 0553 E2):
 * its choice of NaNs, flush to zero, and the cumulative flags of FPSCR. Operands and results
 * are bit patterns in the low bits of a uint64_t. */
#ifndef SIM_FP_SOFT_H
#define SIM_FP_SOFT_H

#include <stdbool.h>
#include <stdint.h>

typedef enum fp_size { FP_HALF, FP_SINGLE, FP_DOUBLE } fp_size;

/* The first four are FPSCR.RMode. */
typedef enum fp_rounding { FP_NEAREST, FP_UP, FP_DOWN, FP_TRUNCATE, FP_AWAY } fp_rounding;

enum { /* FPSCR */
    FPSCR_IOC = 1u << 0,
    FPSCR_DZC = 1u << 1,
    FPSCR_OFC = 1u << 2,
    FPSCR_UFC = 1u << 3,
    FPSCR_IXC = 1u << 4,
    FPSCR_IDC = 1u << 7,
    FPSCR_FZ = 1u << 24,
    FPSCR_DN = 1u << 25,
    FPSCR_AHP = 1u << 26
};
#define FPSCR_BITS 0xF7C0009Fu
#define FPSCR_DEFAULTS 0x07C00000u /* what FPDSCR holds */

static inline fp_rounding fp_mode(uint32_t fpscr)
{
    return (fp_rounding)(fpscr >> 22 & 3u);
}

/* Each may set cumulative flags in *fpscr and takes its modes from there. */
uint64_t fp_add(fp_size size, uint64_t a, uint64_t b, uint32_t *fpscr);
/* A NaN among the operands keeps its sign. */
uint64_t fp_sub(fp_size size, uint64_t a, uint64_t b, uint32_t *fpscr);
uint64_t fp_mul(fp_size size, uint64_t a, uint64_t b, uint32_t *fpscr);
uint64_t fp_fma(fp_size size, uint64_t addend, uint64_t a, uint64_t b, uint32_t *fpscr);
uint64_t fp_div(fp_size size, uint64_t a, uint64_t b, uint32_t *fpscr);
uint64_t fp_sqrt(fp_size size, uint64_t a, uint32_t *fpscr);
/* VMAXNM, VMINNM: a number wins against a quiet NaN. */
uint64_t fp_max_num(fp_size size, uint64_t a, uint64_t b, bool min, uint32_t *fpscr);
/* N, Z, C, V in bits 31-28. */
uint32_t fp_compare(fp_size size, uint64_t a, uint64_t b, bool signal, uint32_t *fpscr);

uint64_t fp_convert(fp_size from, fp_size to, uint64_t a, uint32_t *fpscr);
/* An integral value in the same format; IXC only when `exact`. */
uint64_t fp_round_int(fp_size size, uint64_t a, fp_rounding mode, bool exact, uint32_t *fpscr);
/* Fixed point of `bits` (at most 32) with `fraction` bits; saturates with IOC. A signed result
 * is extended to 32 bits. */
uint32_t fp_to_fixed(fp_size size, uint64_t a, unsigned bits, unsigned fraction, bool is_signed,
                     fp_rounding mode, uint32_t *fpscr);
uint64_t fp_from_fixed(fp_size size, int64_t value, unsigned fraction, fp_rounding mode,
                       uint32_t *fpscr);

uint64_t fp_negate(fp_size size, uint64_t a);
uint64_t fp_absolute(fp_size size, uint64_t a);
uint64_t fp_expand_imm(fp_size size, uint32_t imm8);

#endif
