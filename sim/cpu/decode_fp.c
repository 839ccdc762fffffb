/* Floating-point encodings: FPv4 (DDI 0403 A6, A7.5) and what FPv5 adds (DDI 0553 C2.4).
 * What is left undecoded here is NOCP or undefined; see op_coprocessor. */
#include "sim/cpu/internal.h"

#include "sim/cpu/fp_soft.h"

#define BITS(word, high, low) ((word) >> (low) & ((2u << ((high) - (low))) - 1u))
#define BIT(word, n) ((word) >> (n) & 1u)

/* Register numbers: four bits and one, in the order of the precision. A double register
 * above 15 does not exist. */
static bool set_register(uint8_t *field, uint32_t four, uint32_t one, bool is_double)
{
    *field = (uint8_t)(is_double ? one << 4 | four : four << 1 | one);
    return !is_double || !one;
}

static bool set_d(sim_insn *i, uint32_t hw1, uint32_t hw2, bool is_double)
{
    return set_register(&i->rd, BITS(hw2, 15, 12), BIT(hw1, 6), is_double);
}
static bool set_n(sim_insn *i, uint32_t hw1, uint32_t hw2, bool is_double)
{
    return set_register(&i->rn, BITS(hw1, 3, 0), BIT(hw2, 7), is_double);
}
static bool set_m(sim_insn *i, uint32_t hw2, bool is_double)
{
    return set_register(&i->rm, BITS(hw2, 3, 0), BIT(hw2, 5), is_double);
}

static bool core_register(uint32_t t)
{
    return t != 13 && t != 15;
}

/* VCVT between floating point and fixed point: Vd is operand and result. */
static void decode_fixed(uint32_t hw1, uint32_t hw2, sim_insn *i, bool is_double)
{
    uint32_t size = BIT(hw2, 7) ? 32 : 16, imm5 = BITS(hw2, 3, 0) << 1 | BIT(hw2, 5);
    if (imm5 > size || !set_d(i, hw1, hw2, is_double))
        return;
    i->rn = (uint8_t)(size - imm5);
    i->rm = (uint8_t)size;
    i->imm |= (BIT(hw1, 0) ? 0 : FP_SIGNED) | (BIT(hw1, 2) ? FP_TO_FIXED : 0);
    i->op = op_fp_fixed;
}

/* VCVT from and to a 32-bit integer in a single register. */
static void decode_integer(uint32_t hw1, uint32_t hw2, sim_insn *i, bool is_double)
{
    bool to_integer = BIT(hw1, 2);
    if (!set_d(i, hw1, hw2, is_double && !to_integer) || !set_m(i, hw2, is_double && to_integer))
        return;
    if (to_integer) {
        i->imm |= (BIT(hw1, 0) ? FP_SIGNED : 0) | (BIT(hw2, 7) ? FP_TRUNCATE : FP_CURRENT_MODE);
        i->op = op_fp_to_integer;
    } else {
        i->imm |= BIT(hw2, 7) ? FP_SIGNED : 0;
        i->op = op_fp_from_integer;
    }
}

/* Half precision, in one half of a single register. */
static void decode_half(uint32_t hw1, uint32_t hw2, sim_insn *i, bool is_double)
{
    bool to_half = BIT(hw1, 0);
    if (!set_d(i, hw1, hw2, is_double && !to_half) || !set_m(i, hw2, is_double && to_half))
        return;
    i->imm |= (BIT(hw2, 7) ? FP_TOP : 0) | (to_half ? FP_TO_HALF : 0);
    i->op = op_fp_half;
}

static void decode_two(const sim_core_row *core, uint32_t hw1, uint32_t hw2, sim_insn *i,
                       bool is_double)
{
    uint32_t opc2 = BITS(hw1, 3, 0);
    bool t = BIT(hw2, 7);
    if (!BIT(hw2, 6)) { /* VMOV immediate */
        if ((hw2 & 0xA0u) == 0 && set_d(i, hw1, hw2, is_double)) {
            i->imm |= opc2 << 4 | BITS(hw2, 3, 0);
            i->op = op_fp_mov_imm;
        }
        return;
    }
    switch (opc2) {
    case 2:
    case 3:
        decode_half(hw1, hw2, i, is_double);
        return;
    case 8:
    case 12:
    case 13:
        decode_integer(hw1, hw2, i, is_double);
        return;
    case 10:
    case 11:
    case 14:
    case 15:
        decode_fixed(hw1, hw2, i, is_double);
        return;
    case 7:
        if (t) { /* between the precisions: the bit tells which one the operand has */
            if (core->fp_double && set_d(i, hw1, hw2, !is_double) && set_m(i, hw2, is_double))
                i->op = op_fp_precision;
            return;
        }
        break;
    default:
        break;
    }
    if (!set_d(i, hw1, hw2, is_double) || !set_m(i, hw2, is_double))
        return;
    switch (opc2) {
    case 0:
        i->imm |= t ? FP_ABS : FP_MOV;
        i->op = op_fp_unary;
        break;
    case 1:
        i->imm |= t ? FP_SQRT : FP_NEG;
        i->op = op_fp_unary;
        break;
    case 4:
    case 5:
        i->imm |= (t ? FP_SIGNALS : 0) | (opc2 == 5 ? FP_WITH_ZERO : 0);
        if (opc2 == 4 || (hw2 & 0x2Fu) == 0)
            i->op = op_fp_compare;
        break;
    case 6:
        i->imm |= t ? FP_TRUNCATE : FP_CURRENT_MODE;
        if (core->fpv5)
            i->op = op_fp_round;
        break;
    case 7:
        i->imm |= FP_CURRENT_MODE | FP_EXACT;
        if (core->fpv5)
            i->op = op_fp_round;
        break;
    default:
        break;
    }
}

static void decode_data(const sim_core_row *core, uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    static const uint8_t three[8][2] = {
        { FP_MLA, FP_MLS }, { FP_NMLS, FP_NMLA }, { FP_MUL, FP_NMUL }, { FP_ADD, FP_SUB },
        { FP_DIV, FP_NONE }, { FP_FNMS, FP_FNMA }, { FP_FMA, FP_FMS }, { FP_NONE, FP_NONE }
    };
    bool is_double = BIT(hw2, 8);
    uint32_t opc1 = BIT(hw1, 7) << 2 | BITS(hw1, 5, 4);
    if (is_double && !core->fp_double)
        return;
    i->imm = is_double ? FP_IS_DOUBLE : 0;
    if (opc1 == 7) {
        decode_two(core, hw1, hw2, i, is_double);
        return;
    }
    uint32_t operation = three[opc1][BIT(hw2, 6)];
    if (operation == FP_NONE || !set_d(i, hw1, hw2, is_double) ||
        !set_n(i, hw1, hw2, is_double) || !set_m(i, hw2, is_double))
        return;
    i->imm |= operation;
    i->op = op_fp_binary;
}

/* 1111 1110: VSEL, VMAXNM, VMINNM, and conversions that name their rounding. */
static void decode_data_v5(const sim_core_row *core, uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    static const uint8_t modes[4] = { FP_AWAY, FP_NEAREST, FP_UP, FP_DOWN };
    bool is_double = BIT(hw2, 8), sixth = BIT(hw2, 6);
    if (!core->fpv5 || BIT(hw2, 4) || (is_double && !core->fp_double))
        return;
    i->imm = is_double ? FP_IS_DOUBLE : 0;
    if (!set_m(i, hw2, is_double))
        return;
    if (!BIT(hw1, 7)) {
        if (!sixth && set_d(i, hw1, hw2, is_double) && set_n(i, hw1, hw2, is_double)) {
            i->imm |= BITS(hw1, 5, 4);
            i->op = op_fp_select;
        }
    } else if (BITS(hw1, 5, 4) == 0) {
        if (set_d(i, hw1, hw2, is_double) && set_n(i, hw1, hw2, is_double)) {
            i->imm |= sixth ? FP_MIN : FP_MAX;
            i->op = op_fp_binary;
        }
    } else if (BITS(hw1, 5, 4) == 3 && BIT(hw1, 3) && sixth) {
        i->imm |= modes[BITS(hw1, 1, 0)];
        if (BIT(hw1, 2)) {
            i->imm |= BIT(hw2, 7) ? FP_SIGNED : 0;
            if (set_d(i, hw1, hw2, false))
                i->op = op_fp_to_integer;
        } else if (!BIT(hw2, 7) && set_d(i, hw1, hw2, is_double)) {
            i->op = op_fp_round;
        }
    }
}

/* 1110 1110 with bit 4 of the second halfword: one core register. */
static void decode_transfer(uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    uint32_t t = BITS(hw2, 15, 12), opc1 = BITS(hw1, 7, 5);
    bool to_core = BIT(hw1, 4);
    if (hw2 & 0x0Fu)
        return;
    i->rd = (uint8_t)t;
    if (BIT(hw2, 8)) { /* half of a double register */
        if (BITS(hw2, 6, 5) || (opc1 & 6u) || BIT(hw2, 7) || !core_register(t))
            return;
        i->rn = (uint8_t)(BITS(hw1, 3, 0) << 1 | (opc1 & 1u));
        i->op = to_core ? op_fp_to_core : op_fp_from_core;
    } else if (opc1 == 0) {
        if (BITS(hw2, 6, 5) || !core_register(t))
            return;
        set_n(i, hw1, hw2, false);
        i->op = to_core ? op_fp_to_core : op_fp_from_core;
    } else if (opc1 == 7 && BITS(hw1, 3, 0) == 1 && BITS(hw2, 7, 5) == 0) {
        if (t != 13 && (to_core || t != 15))
            i->op = to_core ? op_vmrs : op_vmsr;
    }
}

/* 1110 1100 010: two core registers. */
static void decode_transfer_two(uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    uint32_t t = BITS(hw2, 15, 12), t2 = BITS(hw1, 3, 0);
    bool to_core = BIT(hw1, 4), is_double = BIT(hw2, 8);
    if ((hw2 & 0xD0u) != 0x10u || !core_register(t) || !core_register(t2) || (to_core && t == t2))
        return;
    if (!set_m(i, hw2, is_double) || (!is_double && i->rm == 31))
        return;
    if (is_double)
        i->rm = (uint8_t)(i->rm << 1);
    i->rd = (uint8_t)t;
    i->rn = (uint8_t)t2;
    i->op = to_core ? op_fp_to_core_two : op_fp_from_core_two;
}

static void decode_memory(uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    uint32_t imm8 = BITS(hw2, 7, 0), n = BITS(hw1, 3, 0);
    bool index = BIT(hw1, 8), add = BIT(hw1, 7), back = BIT(hw1, 5), load = BIT(hw1, 4);
    bool is_double = BIT(hw2, 8);
    if (!set_d(i, hw1, hw2, is_double))
        return;
    if (is_double)
        i->rd = (uint8_t)(i->rd << 1); /* counted in single registers from here on */
    i->rn = (uint8_t)n;
    if (index && !back) {
        i->imm = add ? imm8 << 2 : 0u - (imm8 << 2);
        i->rm = is_double ? 2 : 1;
        if (n != 15 || load)
            i->op = load ? op_fp_load : op_fp_store;
        return;
    }
    /* An odd count with double registers is FLDMX, FSTMX: one word more, not used. */
    uint32_t registers = is_double ? imm8 & ~1u : imm8;
    if (index == add || n == 15 || registers == 0 || i->rd + registers > 32)
        return;
    i->rm = (uint8_t)registers;
    i->imm = imm8 << 2 | (index ? FP_DECREMENT : 0) | (back ? FP_WRITE_BACK : 0);
    i->op = load ? op_fp_load_list : op_fp_store_list;
}

void sim_decode_fp(const sim_core_row *core, uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    bool last = BIT(hw1, 12), data = BIT(hw1, 9);
    if (last && data)
        decode_data_v5(core, hw1, hw2, i);
    else if (last)
        return;
    else if (core->v8m && (hw1 & 0xFFE0u) == 0xEC20u && (hw2 & 0xFF7Fu) == 0x0A00u)
        i->op = op_undefined; /* VLLDM, VLSTM: for the Secure state */
    else if (data && BIT(hw2, 4))
        decode_transfer(hw1, hw2, i);
    else if (data)
        decode_data(core, hw1, hw2, i);
    else if (BITS(hw1, 8, 5) == 2)
        decode_transfer_two(hw1, hw2, i);
    else
        decode_memory(hw1, hw2, i);
}
