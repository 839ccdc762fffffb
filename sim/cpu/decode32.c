/* 32-bit Thumb encodings (DDI 0403 A5.3). */
#include "sim/cpu/internal.h"

#define BITS(word, high, low) ((word) >> (low) & ((2u << ((high) - (low))) - 1u))
#define BIT(word, n) ((word) >> (n) & 1u)

static uint32_t sign_extend(uint32_t value, unsigned bits)
{
    return (uint32_t)((int32_t)(value << (32u - bits)) >> (32u - bits));
}

/* SP or PC where the manual calls them UNPREDICTABLE. */
static bool bad(uint32_t reg)
{
    return reg == 13 || reg == 15;
}

static void set3(sim_insn *i, uint32_t rd, uint32_t rn, uint32_t rm)
{
    i->rd = rd & 15u;
    i->rn = rn & 15u;
    i->rm = rm & 15u;
}

/* type and amount as operations want them: 1..32, RRX as a type of its own. */
static uint32_t shift_operand(uint32_t type, uint32_t amount)
{
    if (amount == 0 && type == SHIFT_ROR)
        return (uint32_t)SHIFT_RRX << 8;
    if (amount == 0 && type != SHIFT_LSL)
        amount = 32;
    return type << 8 | amount;
}

static void decode_multiple(uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    uint32_t op = BITS(hw1, 8, 7), n = BITS(hw1, 3, 0);
    bool load = BIT(hw1, 4), back = BIT(hw1, 5);
    if (op != 1 && op != 2)
        return; /* SRS, RFE: not in this architecture */
    if (n == 15 || BIT(hw2, 13) || __builtin_popcount(hw2) < 2 || (back && BIT(hw2, n)))
        return;
    if (load ? (hw2 & 0xC000u) == 0xC000u : BIT(hw2, 15))
        return;
    i->rd = (uint8_t)__builtin_popcount(hw2);
    i->rn = (uint8_t)n;
    i->rm = back;
    i->imm = hw2;
    if (load)
        i->op = op == 1 ? op_ldmia : op_ldmdb;
    else
        i->op = op == 1 ? op_stmia : op_stmdb;
}

/* Load-acquire, store-release and their exclusive forms: all three sizes. */
static void decode_acquire(uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    static const sim_op loads[3] = { op_ldrexb, op_ldrexh, op_ldrex };
    static const sim_op stores[3] = { op_strexb, op_strexh, op_strex };
    uint32_t n = BITS(hw1, 3, 0), t = BITS(hw2, 15, 12), d = BITS(hw2, 3, 0);
    uint32_t size = BITS(hw2, 5, 4);
    bool load = BIT(hw1, 4), exclusive = BIT(hw2, 6);
    if (size == 3 || BITS(hw2, 11, 8) != 15 || bad(t) || n == 15)
        return;
    if (exclusive && !load) {
        set3(i, d, n, t);
        if (!bad(d) && d != n && d != t)
            i->op = stores[size];
        return;
    }
    set3(i, t, n, 0);
    if (d != 15)
        return;
    i->imm = exclusive ? 0 : 1u << size;
    i->op = exclusive ? loads[size] : load ? op_lda : op_stl;
}

static void decode_exclusive_byte(const sim_core_row *core, uint32_t hw1, uint32_t hw2,
                                  sim_insn *i)
{
    uint32_t n = BITS(hw1, 3, 0), t = BITS(hw2, 15, 12), d = BITS(hw2, 3, 0);
    bool load = BIT(hw1, 4);
    uint32_t op = BITS(hw2, 7, 4);
    if (op >= 8) {
        if (core->v8m)
            decode_acquire(hw1, hw2, i);
        return;
    }
    if (load && op <= 1) {
        set3(i, 0, n, d);
        if (BITS(hw2, 15, 8) == 0xF0u && !bad(d) && n != 13)
            i->op = op ? op_tbh : op_tbb;
        return;
    }
    if ((op != 4 && op != 5) || BITS(hw2, 11, 8) != 15 || bad(t) || n == 15)
        return;
    if (load) {
        set3(i, t, n, 0);
        if (d == 15)
            i->op = op == 4 ? op_ldrexb : op_ldrexh;
    } else if (!bad(d) && d != n && d != t) {
        set3(i, d, n, t);
        i->op = op == 4 ? op_strexb : op_strexh;
    }
}

/* 1110 100x x1: LDRD, STRD, exclusives, TBB, TBH. */
static void decode_dual(const sim_core_row *core, uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    uint32_t n = BITS(hw1, 3, 0), t = BITS(hw2, 15, 12), t2 = BITS(hw2, 11, 8);
    bool index = BIT(hw1, 8), add = BIT(hw1, 7), back = BIT(hw1, 5), load = BIT(hw1, 4);
    if (core->v8m && hw1 == 0xE97Fu && hw2 == 0xE97Fu) { /* SG */
        i->op = op_nop;
        return;
    }
    if (index || back) {
        if (bad(t) || bad(t2) || (load && t == t2))
            return;
        if (n == 15 ? back || !load : back && (n == t || n == t2))
            return;
        set3(i, t, n, t2);
        i->imm = BITS(hw2, 7, 0) << 2 | (index ? DUAL_INDEX : 0) | (add ? DUAL_ADD : 0) |
                 (back ? DUAL_WRITE_BACK : 0);
        i->op = load ? op_ldrd : op_strd;
        return;
    }
    if (add) {
        decode_exclusive_byte(core, hw1, hw2, i);
        return;
    }
    if (core->v8m && !load && t == 15) { /* TT, TTT; TTA is for the Secure state */
        set3(i, t2, n, 0);
        i->imm = BIT(hw2, 6);
        if ((hw2 & 0xBFu) == 0 && !bad(t2) && n != 15)
            i->op = op_tt;
        return;
    }
    i->imm = BITS(hw2, 7, 0) << 2;
    if (load) {
        set3(i, t, n, 0);
        if (!bad(t) && n != 15 && t2 == 15)
            i->op = op_ldrex;
    } else {
        set3(i, t2, n, t);
        if (!bad(t) && !bad(t2) && n != 15 && t2 != n && t2 != t)
            i->op = op_strex;
    }
}

/* The 4-bit operation of data processing, with the aliases for Rd = 15 and Rn = 15. */
static bool data_operation(uint32_t op, bool flags, uint32_t d, uint32_t n, enum sim_alu *alu)
{
    bool test = d == 15 && flags;
    switch (op) {
    case 0:
        *alu = test ? ALU_TST : ALU_AND;
        return true;
    case 1:
        *alu = ALU_BIC;
        return true;
    case 2:
        *alu = n == 15 ? ALU_MOV : ALU_ORR;
        return true;
    case 3:
        *alu = n == 15 ? ALU_MVN : ALU_ORN;
        return true;
    case 4:
        *alu = test ? ALU_TEQ : ALU_EOR;
        return true;
    case 8:
        *alu = test ? ALU_CMN : ALU_ADD;
        return true;
    case 10:
        *alu = ALU_ADC;
        return true;
    case 11:
        *alu = ALU_SBC;
        return true;
    case 13:
        *alu = test ? ALU_CMP : ALU_SUB;
        return true;
    case 14:
        *alu = ALU_RSB;
        return true;
    default:
        return false;
    }
}

/* Which of Rd and Rn may be SP or PC; false where the manual says UNPREDICTABLE. */
static bool data_registers_ok(enum sim_alu alu, uint32_t d, uint32_t n, bool move_sp)
{
    bool sp_base = alu == ALU_ADD || alu == ALU_SUB;
    switch (alu) {
    case ALU_TST:
    case ALU_TEQ:
        return !bad(n);
    case ALU_CMP:
    case ALU_CMN:
        return n != 15;
    case ALU_MOV:
        return d != 15 && (d != 13 || move_sp);
    case ALU_MVN:
        return !bad(d);
    default:
        if (sp_base && n == 13)
            return d != 15;
        return !bad(d) && !bad(n);
    }
}

/* 1110 101: shifted register. */
static void decode_shifted(uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    uint32_t op = BITS(hw1, 8, 5), n = BITS(hw1, 3, 0), d = BITS(hw2, 11, 8), m = BITS(hw2, 3, 0);
    uint32_t type = BITS(hw2, 5, 4), amount = BITS(hw2, 14, 12) << 2 | BITS(hw2, 7, 6);
    bool flags = BIT(hw1, 4);
    enum sim_alu alu;
    if (BIT(hw2, 15))
        return;
    set3(i, d, n, m);
    i->imm = shift_operand(type, amount);
    if (op == 6) { /* PKHBT, PKHTB */
        if (flags || (type & 1u) || bad(d) || bad(n) || bad(m))
            return;
        if (type == SHIFT_ASR)
            i->imm |= 1u << 16;
        i->op = op_pkh;
        return;
    }
    if (!data_operation(op, flags, d, n, &alu))
        return;
    bool plain = i->imm == 0;
    bool move_sp = plain && !flags;
    if (!data_registers_ok(alu, d, n, move_sp))
        return;
    if (alu == ALU_MOV && plain && !flags ? m == 15 || (d == 13 && m == 13) : bad(m))
        return;
    if (d == 13 && (alu == ALU_ADD || alu == ALU_SUB)) {
        if (type != SHIFT_LSL || amount > 3)
            return;
        i->imm |= (alu == ALU_SUB ? 1u << 16 : 0) | (flags ? 1u << 17 : 0);
        i->op = op_to_sp;
        return;
    }
    if (alu == ALU_MOV && d == 13) {
        i->op = op_mov_hi;
        return;
    }
    i->op = sim_alu_ops[alu][(plain ? ALU_REG : ALU_SHIFTED) + (flags ? ALU_FLAGS : 0)];
}

/* ThumbExpandImm; *rotated: the carry becomes bit 31. */
static bool expand_imm(uint32_t imm12, uint32_t *value, bool *rotated)
{
    uint32_t byte = imm12 & 0xFFu;
    *rotated = false;
    switch (imm12 >> 8) {
    case 0:
        *value = byte;
        return true;
    case 1:
        *value = byte << 16 | byte;
        return byte != 0;
    case 2:
        *value = byte << 24 | byte << 8;
        return byte != 0;
    case 3:
        *value = byte * 0x01010101u;
        return byte != 0;
    default: {
        uint32_t by = imm12 >> 7;
        uint32_t base = 0x80u | (imm12 & 0x7Fu);
        *value = base >> by | base << (32u - by);
        *rotated = true;
        return true;
    }
    }
}

static uint32_t imm12_of(uint32_t hw1, uint32_t hw2)
{
    return BIT(hw1, 10) << 11 | BITS(hw2, 14, 12) << 8 | (hw2 & 0xFFu);
}

/* 11110 x0: modified immediate. */
static void decode_modified(uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    uint32_t n = BITS(hw1, 3, 0), d = BITS(hw2, 11, 8);
    bool flags = BIT(hw1, 4), rotated;
    enum sim_alu alu;
    if (!expand_imm(imm12_of(hw1, hw2), &i->imm, &rotated) ||
        !data_operation(BITS(hw1, 8, 5), flags, d, n, &alu) ||
        !data_registers_ok(alu, d, n, false))
        return;
    set3(i, d, n, rotated);
    if (d == 13) { /* ADD or SUB of SP: the result is kept aligned */
        if (flags) {
            if (i->imm & 3u)
                return;
            i->op = sim_alu_ops[alu][ALU_IMM + ALU_FLAGS];
            return;
        }
        i->imm = alu == ALU_SUB ? 0u - i->imm : i->imm;
        i->op = op_add_sp;
        return;
    }
    i->op = sim_alu_ops[alu][ALU_IMM + (flags ? ALU_FLAGS : 0)];
}

static void decode_saturate(uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    uint32_t amount = BITS(hw2, 14, 12) << 2 | BITS(hw2, 7, 6), bits = hw2 & 31u;
    bool is_unsigned = BIT(hw1, 7), asr = BIT(hw1, 5);
    if (BIT(hw2, 5) || BIT(hw1, 10))
        return;
    i->rm = (uint8_t)(is_unsigned ? bits : bits + 1u);
    i->imm = asr ? (uint32_t)SHIFT_ASR << 8 | amount : amount;
    if (asr && amount == 0) {
        i->imm = 0;
        if (BIT(hw2, 4))
            return;
        i->op = is_unsigned ? op_usat16 : op_ssat16;
        return;
    }
    i->op = is_unsigned ? op_usat : op_ssat;
}

/* 11110 x1: plain binary immediate. */
static void decode_plain(uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    uint32_t op = BITS(hw1, 8, 4), n = BITS(hw1, 3, 0), d = BITS(hw2, 11, 8);
    uint32_t imm12 = imm12_of(hw1, hw2);
    uint32_t lsb = BITS(hw2, 14, 12) << 2 | BITS(hw2, 7, 6), low5 = hw2 & 31u;
    set3(i, d, n, 0);
    if (d == 15 || (d == 13 && !((op == 0 || op == 10) && n == 13)))
        return;
    switch (op) {
    case 0:
    case 10:
        i->imm = op ? 0u - imm12 : imm12;
        i->op = n == 15 ? op_adr : d == 13 ? op_add_sp : sim_alu_ops[ALU_ADD][ALU_IMM];
        return;
    case 4:
    case 12:
        i->imm = n << 12 | imm12;
        i->op = op == 4 ? op_movw : op_movt;
        return;
    default:
        break;
    }
    if ((op & 1u) || bad(n & 15u)) {
        if (!(op == 22 && n == 15))
            return;
    }
    i->rm = (uint8_t)lsb;
    if (op == 16 || op == 18 || op == 24 || op == 26) {
        decode_saturate(hw1, hw2, i);
        return;
    }
    if (BIT(hw1, 10) || BIT(hw2, 5))
        return;
    if (op == 20 || op == 28) {
        i->imm = low5 + 1u;
        if (lsb + low5 <= 31)
            i->op = op == 20 ? op_sbfx : op_ubfx;
    } else if (op == 22 && low5 >= lsb) {
        i->imm = low5 - lsb + 1u;
        i->op = n == 15 ? op_bfc : op_bfi;
    }
}

static void decode_system(uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    static const sim_op hints[5] = { op_nop, op_nop, op_wfe, op_wfi, op_sev };
    uint32_t op = BITS(hw1, 10, 4), n = BITS(hw1, 3, 0), d = BITS(hw2, 11, 8), sysm = hw2 & 0xFFu;
    switch (op) {
    case 0x38:
    case 0x39:
        set3(i, 0, n, BITS(hw2, 11, 10));
        i->imm = sysm;
        if (op == 0x38 && !bad(n) && (hw2 & 0x3300u) == 0 && i->rm &&
            (sysm < 4 || i->rm == 2))
            i->op = op_msr;
        break;
    case 0x3A:
        if (n != 15 || BITS(hw2, 13, 11) || BITS(hw2, 10, 8))
            break;
        i->op = sysm < 5 ? hints[sysm] : op_nop;
        break;
    case 0x3B:
        if ((hw2 & 0xFFF0u) == 0x8F40u || (hw2 & 0xFFF0u) == 0x8F50u || (hw2 & 0xFFF0u) == 0x8F60u)
            i->op = op_nop; /* DSB, DMB, ISB: everything here is already in order */
        else if ((hw2 & 0xFFFFu) == 0x8F2Fu)
            i->op = op_clrex;
        break;
    case 0x3E:
    case 0x3F:
        i->rd = (uint8_t)d;
        i->imm = sysm;
        if (op == 0x3E && n == 15 && !bad(d) && !BIT(hw2, 13))
            i->op = op_mrs;
        break;
    default:
        break;
    }
}

/* 11110, second halfword 1xxx: branches and control. */
static void decode_branch(uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    uint32_t s = BIT(hw1, 10), j1 = BIT(hw2, 13), j2 = BIT(hw2, 11), op = BITS(hw2, 14, 12);
    if (!(op & 1u) && !(op & 4u)) { /* 0x0 */
        if ((BITS(hw1, 9, 6) & 14u) == 14u) {
            decode_system(hw1, hw2, i);
            return;
        }
        uint32_t imm = s << 20 | j2 << 19 | j1 << 18 | BITS(hw1, 5, 0) << 12 |
                       BITS(hw2, 10, 0) << 1;
        i->imm = sign_extend(imm, 21);
        i->op = sim_branch_cond_ops[BITS(hw1, 9, 6)];
        return;
    }
    if (!(op & 1u))
        return; /* BLX immediate, UDF: undefined here */
    uint32_t i1 = !(j1 ^ s), i2 = !(j2 ^ s);
    uint32_t imm = s << 24 | i1 << 23 | i2 << 22 | BITS(hw1, 9, 0) << 12 | BITS(hw2, 10, 0) << 1;
    i->imm = sign_extend(imm, 25);
    i->op = op & 4u ? op_bl : i->imm == (uint32_t)-4 ? op_b_self : op_b;
}

/* Addressing of 1111 100x with an 8-bit offset: index, add, write back in bits 10, 9, 8. */
static bool indexed_offset(uint32_t hw2, sim_insn *i, bool *post, bool *back)
{
    uint32_t imm = hw2 & 0xFFu;
    *post = !BIT(hw2, 10);
    *back = BIT(hw2, 8);
    i->imm = BIT(hw2, 9) ? imm : 0u - imm;
    return !*post || *back;
}

static void decode_store(uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    uint32_t size = BITS(hw1, 6, 5), n = BITS(hw1, 3, 0), t = BITS(hw2, 15, 12), m = hw2 & 15u;
    bool post, back;
    if (size == 3 || n == 15 || t == 15 || (t == 13 && size != 2))
        return;
    set3(i, t, n, m);
    if (BIT(hw1, 7)) {
        i->imm = hw2 & 0xFFFu;
        i->op = sim_store_imm_ops[size];
    } else if (!BIT(hw2, 11)) {
        i->imm = BITS(hw2, 5, 4);
        if (BITS(hw2, 10, 6) == 0 && !bad(m))
            i->op = sim_store_reg_ops[size];
    } else if (BITS(hw2, 10, 8) == 6) {
        i->imm = size << 8 | (hw2 & 0xFFu);
        if (t != 13)
            i->op = op_store_user;
    } else if (indexed_offset(hw2, i, &post, &back)) {
        if (back && n == t)
            return;
        i->op = back ? sim_store_idx_ops[size][post] : sim_store_imm_ops[size];
    }
}

static void decode_load_pc(uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    bool post, back;
    if (i->rn == 15) {
        i->imm = BIT(hw1, 7) ? hw2 & 0xFFFu : 0u - (hw2 & 0xFFFu);
        i->op = op_ldr_pc_lit;
    } else if (BIT(hw1, 7)) {
        i->imm = hw2 & 0xFFFu;
        i->op = op_ldr_pc_imm;
    } else if (!BIT(hw2, 11)) {
        i->imm = BITS(hw2, 5, 4);
        if (BITS(hw2, 10, 6) == 0 && !bad(i->rm))
            i->op = op_ldr_pc_reg;
    } else if (BITS(hw2, 10, 8) != 6 && indexed_offset(hw2, i, &post, &back)) {
        i->op = !back ? op_ldr_pc_imm : post ? op_ldr_pc_post : op_ldr_pc_pre;
    }
}

static void decode_load(uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    uint32_t size = BITS(hw1, 6, 5), n = BITS(hw1, 3, 0), t = BITS(hw2, 15, 12), m = hw2 & 15u;
    bool is_signed = BIT(hw1, 8), post, back, wide = BIT(hw1, 7);
    bool negative8 = BITS(hw2, 11, 8) == 12;
    if (size == 3 || (size == 2 && is_signed))
        return;
    uint32_t kind = size + (is_signed ? 3u : 0);
    set3(i, t, n, m);
    if (t == 15 && size == 2) {
        decode_load_pc(hw1, hw2, i);
        return;
    }
    if (t == 15) { /* PLD, PLI and their unallocated neighbours; indexed forms are not */
        bool shifted = !BIT(hw2, 11) && BITS(hw2, 10, 6) == 0 && !bad(m);
        bool hint = n == 15 || wide || negative8 || shifted;
        i->op = hint ? op_nop : op_undefined;
        return;
    }
    if (t == 13 && size != 2)
        return;
    if (n == 15) {
        i->imm = wide ? hw2 & 0xFFFu : 0u - (hw2 & 0xFFFu);
        i->op = sim_load_lit_ops[kind];
    } else if (wide) {
        i->imm = hw2 & 0xFFFu;
        i->op = sim_load_imm_ops[kind];
    } else if (!BIT(hw2, 11)) {
        i->imm = BITS(hw2, 5, 4);
        if (BITS(hw2, 10, 6) == 0 && !bad(m))
            i->op = sim_load_reg_ops[kind];
    } else if (BITS(hw2, 10, 8) == 6) {
        i->imm = kind << 8 | (hw2 & 0xFFu);
        if (t != 13)
            i->op = op_load_user;
    } else if (indexed_offset(hw2, i, &post, &back)) {
        if (back && n == t)
            return;
        i->op = back ? sim_load_idx_ops[kind][post] : sim_load_imm_ops[kind];
    }
}

/* 1111 1010: register forms, extension, parallel arithmetic, miscellaneous. */
static void decode_register(uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    static const sim_op reverse[4] = { op_rev, op_rev16, op_rbit, op_revsh };
    uint32_t op1 = BITS(hw1, 7, 4), op2 = BITS(hw2, 7, 4), n = BITS(hw1, 3, 0);
    uint32_t d = BITS(hw2, 11, 8), m = hw2 & 15u;
    set3(i, d, n, m);
    if (BITS(hw2, 15, 12) != 15 || bad(d) || bad(m))
        return;
    if (op1 < 8 && op2 == 0) {
        if (!bad(n))
            i->op = sim_shift_reg_ops[op1 >> 1][op1 & 1u];
    } else if (op1 < 6 && (op2 & 8u)) {
        i->imm = op1 << 8 | BITS(hw2, 5, 4) << 3;
        if (n != 13 && !(op2 & 4u))
            i->op = op_extend;
    } else if (op1 >= 8 && op2 < 8) {
        uint32_t operation = op1 & 7u, prefix = op2;
        bool known = operation != 3 && operation != 7 && (prefix & 3u) != 3;
        i->imm = prefix << 4 | operation;
        if (known && !bad(n))
            i->op = op_parallel;
    } else if (op1 == 8 && (op2 & 12u) == 8) {
        i->imm = op2 & 3u;
        if (!bad(n))
            i->op = op_qadd;
    } else if (op1 == 9 && (op2 & 12u) == 8) {
        if (n == m)
            i->op = reverse[op2 & 3u];
    } else if (op1 == 10 && op2 == 8) {
        if (!bad(n))
            i->op = op_sel;
    } else if (op1 == 11 && op2 == 8) {
        if (n == m)
            i->op = op_clz;
    }
}

/* 1111 1011 0: 32-bit multiplies. imm: ra, bit 4 and 5 the variant. */
static void decode_multiply(uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    static const sim_op with[7] = { op_mla, op_smlaxy, op_smlad, op_smlawy, op_smlsd, op_smmla,
                                    op_smmls };
    static const sim_op without[7] = { op_mul, op_smulxy, op_smuad, op_smulwy, op_smusd, op_smmul,
                                       op_smmls };
    uint32_t op1 = BITS(hw1, 6, 4), op2 = BITS(hw2, 5, 4), a = BITS(hw2, 15, 12);
    uint32_t n = BITS(hw1, 3, 0), d = BITS(hw2, 11, 8), m = hw2 & 15u;
    set3(i, d, n, m);
    i->imm = a | op2 << 4;
    if (BITS(hw2, 7, 6) || bad(d) || bad(n) || bad(m) || a == 13)
        return;
    if (op1 == 7) {
        if (op2 == 0)
            i->op = a == 15 ? op_usad8 : op_usada8;
        return;
    }
    if (op1 == 0 && op2 == 1) {
        if (a != 15)
            i->op = op_mls;
        return;
    }
    if ((op1 == 0 && op2) || (op1 > 1 && op2 > 1) || (op1 == 6 && a == 15))
        return;
    i->op = a == 15 ? without[op1] : with[op1];
}

/* 1111 1011 1: long multiplies and divides. */
static void decode_long(uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    uint32_t op1 = BITS(hw1, 6, 4), op2 = BITS(hw2, 7, 4), lo = BITS(hw2, 15, 12);
    uint32_t n = BITS(hw1, 3, 0), hi = BITS(hw2, 11, 8), m = hw2 & 15u;
    set3(i, hi, n, m);
    i->imm = lo | (op2 & 3u) << 4;
    if (bad(n) || bad(m) || bad(hi))
        return;
    if (op1 == 1 || op1 == 3) {
        if (op2 == 15 && lo == 15)
            i->op = op1 == 1 ? op_sdiv : op_udiv;
        return;
    }
    if (bad(lo) || hi == lo)
        return;
    switch (op1 << 4 | op2) {
    case 0x00:
        i->op = op_smull;
        break;
    case 0x20:
        i->op = op_umull;
        break;
    case 0x40:
        i->op = op_smlal;
        break;
    case 0x48:
    case 0x49:
    case 0x4A:
    case 0x4B:
        i->op = op_smlalxy;
        break;
    case 0x4C:
    case 0x4D:
        i->op = op_smlald;
        break;
    case 0x5C:
    case 0x5D:
        i->op = op_smlsld;
        break;
    case 0x60:
        i->op = op_umlal;
        break;
    case 0x66:
        i->op = op_umaal;
        break;
    default:
        break;
    }
}

static void decode_coprocessor(const sim_core_row *core, uint32_t hw1, uint32_t hw2,
                               sim_insn *i)
{
    if (BITS(hw1, 9, 8) == 3)
        return; /* Advanced SIMD elsewhere, undefined in this profile */
    i->op = op_coprocessor;
    if (BITS(hw2, 11, 9) == 5)
        sim_decode_fp(core, hw1, hw2, i);
    if (i->op == op_coprocessor)
        i->imm = BITS(hw2, 11, 8);
}

static void decode_last(const sim_core_row *core, uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    if (BIT(hw1, 10))
        decode_coprocessor(core, hw1, hw2, i);
    else if (BITS(hw1, 9, 8) == 2)
        decode_register(hw1, hw2, i);
    else if (BITS(hw1, 9, 7) == 6)
        decode_multiply(hw1, hw2, i);
    else if (BITS(hw1, 9, 7) == 7)
        decode_long(hw1, hw2, i);
    else if (BIT(hw1, 4))
        decode_load(hw1, hw2, i);
    else if (!BIT(hw1, 8))
        decode_store(hw1, hw2, i);
}

void sim_decode32(const sim_core_row *core, uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    *i = (sim_insn){ .op = op_undefined, .len = 4 };
    switch (BITS(hw1, 12, 11)) {
    case 1:
        if (BIT(hw1, 10))
            decode_coprocessor(core, hw1, hw2, i);
        else if (BIT(hw1, 9))
            decode_shifted(hw1, hw2, i);
        else if (BIT(hw1, 6))
            decode_dual(core, hw1, hw2, i);
        else
            decode_multiple(hw1, hw2, i);
        break;
    case 2:
        if (BIT(hw2, 15))
            decode_branch(hw1, hw2, i);
        else if (BIT(hw1, 9))
            decode_plain(hw1, hw2, i);
        else
            decode_modified(hw1, hw2, i);
        break;
    default:
        decode_last(core, hw1, hw2, i);
        break;
    }
}
