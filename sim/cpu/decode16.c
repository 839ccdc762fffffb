/* 16-bit Thumb encodings (DDI 0403 A5.2). */
#include "sim/cpu/internal.h"

static uint32_t sign_extend(uint32_t value, unsigned bits)
{
    return (uint32_t)((int32_t)(value << (32u - bits)) >> (32u - bits));
}

static void set3(sim_insn *i, uint32_t rd, uint32_t rn, uint32_t rm)
{
    i->rd = rd & 15u;
    i->rn = rn & 15u;
    i->rm = rm & 15u;
}

/* 00xxxx: shift, add, subtract, move, compare. */
static void decode_basic(uint32_t hw, sim_insn *i, bool *quiet)
{
    uint32_t low = hw & 7u, mid = hw >> 3 & 7u, high = hw >> 6 & 7u, r8 = hw >> 8 & 7u;
    *quiet = true;
    switch (hw >> 11 & 7u) {
    case 0:
    case 1:
    case 2: {
        uint32_t type = hw >> 11 & 3u, amount = hw >> 6 & 31u;
        set3(i, low, 0, mid);
        i->imm = amount == 0 && type != SHIFT_LSL ? 32 : amount;
        i->op = type == SHIFT_LSL && amount == 0 ? sim_alu_ops[ALU_MOV][ALU_REG + ALU_FLAGS]
                                                 : sim_shift_imm_ops[type];
        break;
    }
    case 3: {
        enum sim_alu alu = hw >> 9 & 1u ? ALU_SUB : ALU_ADD;
        bool constant = hw >> 10 & 1u;
        set3(i, low, mid, constant ? 0 : high);
        i->imm = high;
        i->op = sim_alu_ops[alu][(constant ? ALU_IMM : ALU_REG) + ALU_FLAGS];
        break;
    }
    default: {
        static const enum sim_alu ops[4] = { ALU_MOV, ALU_CMP, ALU_ADD, ALU_SUB };
        enum sim_alu alu = ops[hw >> 11 & 3u];
        set3(i, r8, r8, 0);
        i->imm = hw & 0xFFu;
        i->op = sim_alu_ops[alu][ALU_IMM + ALU_FLAGS];
        *quiet = alu != ALU_CMP;
        break;
    }
    }
}

/* 010000: register to register. */
static void decode_register(uint32_t hw, sim_insn *i, bool *quiet)
{
    static const uint8_t alu[16] = {
        [0] = ALU_AND, [1] = ALU_EOR, [5] = ALU_ADC, [6] = ALU_SBC, [8] = ALU_TST, [10] = ALU_CMP,
        [11] = ALU_CMN, [12] = ALU_ORR, [14] = ALU_BIC, [15] = ALU_MVN
    };
    uint32_t op = hw >> 6 & 15u, dn = hw & 7u, m = hw >> 3 & 7u;
    set3(i, dn, dn, m);
    *quiet = op != 8 && op != 10 && op != 11;
    switch (op) {
    case 2:
    case 3:
    case 4:
        i->op = sim_shift_reg_ops[op - 2u][1];
        break;
    case 7:
        i->op = sim_shift_reg_ops[SHIFT_ROR][1];
        break;
    case 9: /* RSBS Rd, Rn, #0 */
        set3(i, dn, m, 0);
        i->op = sim_alu_ops[ALU_RSB][ALU_IMM + ALU_FLAGS];
        break;
    case 13:
        i->op = op_muls;
        break;
    default:
        i->op = sim_alu_ops[alu[op]][ALU_REG + ALU_FLAGS];
        break;
    }
}

/* 010001: high registers, BX, BLX. */
static void decode_high(uint32_t hw, sim_insn *i)
{
    uint32_t dn = (hw >> 4 & 8u) | (hw & 7u), m = hw >> 3 & 15u;
    set3(i, dn, dn, m);
    switch (hw >> 8 & 3u) {
    case 0:
        if (dn < 13 && m < 15)
            i->op = sim_alu_ops[ALU_ADD][ALU_REG];
        else if (dn != 15 || m != 15)
            i->op = op_add_hi;
        break;
    case 1:
        if (dn != 15 && m != 15 && (dn >= 8 || m >= 8))
            i->op = sim_alu_ops[ALU_CMP][ALU_REG + ALU_FLAGS];
        break;
    case 2:
        i->op = dn < 13 && m < 15 ? sim_alu_ops[ALU_MOV][ALU_REG] : op_mov_hi;
        break;
    default:
        if (hw & 7u)
            break;
        if (!(hw & 0x80u))
            i->op = op_bx;
        else if (m != 15)
            i->op = op_blx;
        break;
    }
}

/* 0101, 011x, 100x: single loads and stores, ADR and SP-relative adds come below. */
static void decode_load_store(uint32_t hw, sim_insn *i)
{
    uint32_t t = hw & 7u, n = hw >> 3 & 7u, imm5 = hw >> 6 & 31u, r8 = hw >> 8 & 7u;
    bool load = hw >> 11 & 1u;
    set3(i, t, n, hw >> 6 & 7u);
    switch (hw >> 12) {
    case 5: {
        /* STR STRH STRB LDRSB LDR LDRH LDRB LDRSH; index: B H W SB SH */
        static const uint8_t kind[8] = { 2, 1, 0, 3, 2, 1, 0, 4 };
        uint32_t op = hw >> 9 & 7u;
        i->op = op < 3 ? sim_store_reg_ops[kind[op]] : sim_load_reg_ops[kind[op]];
        break;
    }
    case 6:
        i->imm = imm5 * 4u;
        i->op = load ? sim_load_imm_ops[2] : sim_store_imm_ops[2];
        break;
    case 7:
        i->imm = imm5;
        i->op = load ? sim_load_imm_ops[0] : sim_store_imm_ops[0];
        break;
    case 8:
        i->imm = imm5 * 2u;
        i->op = load ? sim_load_imm_ops[1] : sim_store_imm_ops[1];
        break;
    default: /* SP-relative */
        set3(i, r8, 13, 0);
        i->imm = (hw & 0xFFu) * 4u;
        i->op = load ? sim_load_imm_ops[2] : sim_store_imm_ops[2];
        break;
    }
}

static void decode_hint(uint32_t hw, sim_insn *i)
{
    static const sim_op hints[5] = { op_nop, op_nop, op_wfe, op_wfi, op_sev };
    uint32_t hint = hw >> 4 & 15u;
    if (hw & 15u) {
        uint32_t first = hw >> 4 & 15u, mask = hw & 15u;
        bool one = (mask & (mask - 1u)) == 0;
        if (first == 15 || (first == 14 && !one))
            return;
        i->imm = hw & 0xFFu;
        i->op = op_it;
        return;
    }
    i->op = hint < 5 ? hints[hint] : op_nop;
}

/* 1011: miscellaneous. */
static void decode_misc(uint32_t hw, sim_insn *i)
{
    static const sim_op extend[4] = { op_sxth, op_sxtb, op_uxth, op_uxtb };
    uint32_t op = hw >> 8 & 15u, list = hw & 0xFFu;
    set3(i, hw & 7u, hw & 7u, hw >> 3 & 7u);
    switch (op) {
    case 0:
        i->rd = 13;
        i->imm = (hw & 0x7Fu) * 4u;
        if (hw & 0x80u)
            i->imm = 0u - i->imm;
        i->op = op_add_sp;
        break;
    case 1:
    case 3:
    case 9:
    case 11:
        i->imm = (hw >> 3 & 0x40u) | (hw >> 2 & 0x3Eu);
        i->op = op & 8u ? op_cbnz : op_cbz;
        break;
    case 2:
        i->op = extend[hw >> 6 & 3u];
        break;
    case 4:
    case 5:
        i->imm = list | (op & 1u) << 14;
        i->rd = (uint8_t)__builtin_popcount(i->imm);
        i->op = i->imm ? op_push : op_undefined;
        break;
    case 6:
        if ((hw & 0xFFECu) == 0xB660u && (hw & 3u)) {
            i->imm = hw & 0x1Fu;
            i->op = op_cps;
        }
        break;
    case 10:
        switch (hw >> 6 & 3u) {
        case 0:
            i->op = op_rev;
            break;
        case 1:
            i->op = op_rev16;
            break;
        case 3:
            i->op = op_revsh;
            break;
        default:
            break;
        }
        break;
    case 12:
    case 13:
        i->imm = list | (op & 1u) << 15;
        i->rd = (uint8_t)__builtin_popcount(i->imm);
        i->op = !i->imm ? op_undefined : op & 1u ? op_pop_pc : op_pop;
        break;
    case 14:
        i->op = op_bkpt;
        break;
    case 15:
        decode_hint(hw, i);
        break;
    default:
        break;
    }
}

static void decode_multiple(uint32_t hw, sim_insn *i)
{
    uint32_t n = hw >> 8 & 7u;
    bool load = hw >> 11 & 1u;
    i->imm = hw & 0xFFu;
    i->rn = n & 7u;
    i->rd = (uint8_t)__builtin_popcount(i->imm);
    i->rm = !load || !(i->imm >> n & 1u); /* LDM without write back when Rn is in the list */
    if (i->imm)
        i->op = load ? op_ldmia : op_stmia;
}

void sim_decode16(uint32_t hw, sim_insn *i, bool *quiet)
{
    uint32_t r8 = hw >> 8 & 7u, cond = hw >> 8 & 15u;
    *i = (sim_insn){ .op = op_undefined, .len = 2 };
    *quiet = false;
    switch (hw >> 12) {
    case 0:
    case 1:
    case 2:
    case 3:
        decode_basic(hw, i, quiet);
        break;
    case 4:
        if (hw >> 11 & 1u) {
            i->rd = r8 & 7u;
            i->imm = (hw & 0xFFu) * 4u;
            i->op = sim_load_lit_ops[2];
        } else if (hw >> 10 & 1u) {
            decode_high(hw, i);
        } else {
            decode_register(hw, i, quiet);
        }
        break;
    case 10:
        i->rd = r8 & 7u;
        i->imm = (hw & 0xFFu) * 4u;
        i->op = hw >> 11 & 1u ? op_add_sp : op_adr;
        break;
    case 11:
        decode_misc(hw, i);
        break;
    case 12:
        decode_multiple(hw, i);
        break;
    case 13:
        if (cond == 15) {
            i->imm = hw & 0xFFu;
            i->op = op_svc;
        } else if (cond < 14) {
            i->imm = sign_extend((hw & 0xFFu) << 1, 9);
            i->op = sim_branch_cond_ops[cond];
        }
        break;
    case 14:
        i->imm = sign_extend((hw & 0x7FFu) << 1, 12);
        i->op = i->imm == (uint32_t)-4 ? op_b_self : op_b;
        break;
    default:
        decode_load_store(hw, i);
        break;
    }
}
