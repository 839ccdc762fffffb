/* Data processing: ALU operations in all operand forms, shifts, bit fields, extension. */
#include "sim/cpu/internal.h"

static inline uint32_t shifted(const sim_cpu *cpu, uint32_t value, uint32_t type, uint32_t amount,
                               uint32_t *carry)
{
    *carry = cpu->f.c;
    switch (type) {
    case SHIFT_LSL:
        if (amount == 0)
            return value;
        *carry = (value >> (32u - amount)) & 1u;
        return value << amount;
    case SHIFT_LSR:
        *carry = (value >> (amount - 1u)) & 1u;
        return amount == 32 ? 0 : value >> amount;
    case SHIFT_ASR:
        *carry = (value >> (amount - 1u)) & 1u;
        return (uint32_t)((int32_t)value >> (amount == 32 ? 31u : amount));
    case SHIFT_ROR:
        *carry = (value >> (amount - 1u)) & 1u;
        return value >> amount | value << (32u - amount);
    default: /* RRX */
        *carry = value & 1u;
        return cpu->f.c << 31 | value >> 1;
    }
}

#define SHIFTED_OPERAND                                                                            \
    uint32_t carry;                                                                                \
    const uint32_t b = shifted(cpu, RM, i->imm >> 8, i->imm & 0xFFu, &carry);                      \
    (void)carry

/* Six forms of one operation. `plain` computes r from a and b; the flag forms end with
 * `set`, which has `carry` (the shifter's) in sight. */
#define ALU_SIX(name, plain, set, write)                                                           \
    static SIM_OP(name##_i)                                                                        \
    {                                                                                              \
        const uint32_t a = RN, b = i->imm;                                                         \
        (void)a;                                                                                   \
        uint32_t r = plain;                                                                        \
        write;                                                                                     \
        return NEXT;                                                                               \
    }                                                                                              \
    static SIM_OP(name##_r)                                                                        \
    {                                                                                              \
        const uint32_t a = RN, b = RM;                                                             \
        (void)a;                                                                                   \
        uint32_t r = plain;                                                                        \
        write;                                                                                     \
        return NEXT;                                                                               \
    }                                                                                              \
    static SIM_OP(name##_s)                                                                        \
    {                                                                                              \
        const uint32_t a = RN;                                                                     \
        (void)a;                                                                                   \
        SHIFTED_OPERAND;                                                                           \
        uint32_t r = plain;                                                                        \
        write;                                                                                     \
        return NEXT;                                                                               \
    }                                                                                              \
    static SIM_OP(name##_if)                                                                       \
    {                                                                                              \
        const uint32_t a = RN, b = i->imm;                                                         \
        const uint32_t carry = i->rm ? b >> 31 : cpu->f.c;                                         \
        (void)a;                                                                                   \
        (void)carry;                                                                               \
        uint32_t r;                                                                                \
        set;                                                                                       \
        write;                                                                                     \
        return NEXT;                                                                               \
    }                                                                                              \
    static SIM_OP(name##_rf)                                                                       \
    {                                                                                              \
        const uint32_t a = RN, b = RM;                                                             \
        const uint32_t carry = cpu->f.c;                                                           \
        (void)a;                                                                                   \
        (void)carry;                                                                               \
        uint32_t r;                                                                                \
        set;                                                                                       \
        write;                                                                                     \
        return NEXT;                                                                               \
    }                                                                                              \
    static SIM_OP(name##_sf)                                                                       \
    {                                                                                              \
        const uint32_t a = RN;                                                                     \
        (void)a;                                                                                   \
        SHIFTED_OPERAND;                                                                           \
        uint32_t r;                                                                                \
        set;                                                                                       \
        write;                                                                                     \
        return NEXT;                                                                               \
    }

#define LOGIC(name, plain)                                                                         \
    ALU_SIX(name, plain, r = plain; sim_set_nz(cpu, r); cpu->f.c = carry, RD = r)
#define LOGIC_TEST(name, plain)                                                                    \
    ALU_SIX(name, plain, r = plain; sim_set_nz(cpu, r); cpu->f.c = carry, (void)r)
#define ARITH(name, x, y, cin)                                                                     \
    ALU_SIX(name, x + y + cin, r = sim_add_flags(cpu, x, y, cin), RD = r)
#define ARITH_TEST(name, x, y, cin)                                                                \
    ALU_SIX(name, x + y + cin, r = sim_add_flags(cpu, x, y, cin), (void)r)

LOGIC(and, (a & b))
LOGIC(bic, (a & ~b))
LOGIC(orr, (a | b))
LOGIC(orn, (a | ~b))
LOGIC(eor, (a ^ b))
LOGIC(mov, b)
LOGIC(mvn, (~b))
LOGIC_TEST(tst, (a & b))
LOGIC_TEST(teq, (a ^ b))
ARITH(add, a, b, 0u)
ARITH(adc, a, b, cpu->f.c)
ARITH(sbc, a, ~b, cpu->f.c)
ARITH(sub, a, ~b, 1u)
ARITH(rsb, ~a, b, 1u)
ARITH_TEST(cmp, a, ~b, 1u)
ARITH_TEST(cmn, a, b, 0u)

#define ROW(name) { name##_i, name##_r, name##_s, name##_if, name##_rf, name##_sf }
const sim_op sim_alu_ops[ALU_COUNT][ALU_FORMS] = {
    [ALU_AND] = ROW(and), [ALU_BIC] = ROW(bic), [ALU_ORR] = ROW(orr), [ALU_ORN] = ROW(orn),
    [ALU_EOR] = ROW(eor), [ALU_ADD] = ROW(add), [ALU_ADC] = ROW(adc), [ALU_SBC] = ROW(sbc),
    [ALU_SUB] = ROW(sub), [ALU_RSB] = ROW(rsb), [ALU_MOV] = ROW(mov), [ALU_MVN] = ROW(mvn),
    [ALU_TST] = ROW(tst), [ALU_TEQ] = ROW(teq), [ALU_CMP] = ROW(cmp), [ALU_CMN] = ROW(cmn),
};

#define SHIFT_IMM(name, type)                                                                      \
    static SIM_OP(name)                                                                            \
    {                                                                                              \
        uint32_t carry;                                                                            \
        uint32_t r = shifted(cpu, RM, type, i->imm, &carry);                                       \
        sim_set_nz(cpu, r);                                                                        \
        cpu->f.c = carry;                                                                          \
        RD = r;                                                                                    \
        return NEXT;                                                                               \
    }
SHIFT_IMM(lsls_imm, SHIFT_LSL)
SHIFT_IMM(lsrs_imm, SHIFT_LSR)
SHIFT_IMM(asrs_imm, SHIFT_ASR)
const sim_op sim_shift_imm_ops[3] = { lsls_imm, lsrs_imm, asrs_imm };

/* A shift by a register: amounts of 32 and more are legal (DDI 0403 A7.4.2). */
static uint32_t shift_by(const sim_cpu *cpu, uint32_t value, uint32_t type, uint32_t amount,
                         uint32_t *carry)
{
    *carry = cpu->f.c;
    if (amount == 0)
        return value;
    if (type == SHIFT_ROR) {
        uint32_t by = amount & 31u;
        uint32_t r = by ? value >> by | value << (32u - by) : value;
        *carry = r >> 31;
        return r;
    }
    if (amount < 32 || (amount == 32 && type != SHIFT_LSL))
        return shifted(cpu, value, type, amount, carry);
    if (type == SHIFT_ASR)
        return shifted(cpu, value, type, 32, carry);
    *carry = amount == 32 ? value & 1u : 0;
    return 0;
}

#define SHIFT_REG(name, type)                                                                      \
    static SIM_OP(name##_reg)                                                                      \
    {                                                                                              \
        uint32_t carry;                                                                            \
        RD = shift_by(cpu, RN, type, RM & 0xFFu, &carry);                                          \
        return NEXT;                                                                               \
    }                                                                                              \
    static SIM_OP(name##s_reg)                                                                     \
    {                                                                                              \
        uint32_t carry;                                                                            \
        uint32_t r = shift_by(cpu, RN, type, RM & 0xFFu, &carry);                                  \
        RD = r;                                                                                    \
        sim_set_nz(cpu, r);                                                                        \
        cpu->f.c = carry;                                                                          \
        return NEXT;                                                                               \
    }
SHIFT_REG(lsl, SHIFT_LSL)
SHIFT_REG(lsr, SHIFT_LSR)
SHIFT_REG(asr, SHIFT_ASR)
SHIFT_REG(ror, SHIFT_ROR)
const sim_op sim_shift_reg_ops[4][2] = {
    { lsl_reg, lsls_reg }, { lsr_reg, lsrs_reg }, { asr_reg, asrs_reg }, { ror_reg, rors_reg }
};

SIM_OP(op_movw)
{
    RD = i->imm;
    return NEXT;
}

SIM_OP(op_movt)
{
    RD = (RD & 0xFFFFu) | i->imm << 16;
    return NEXT;
}

SIM_OP(op_adr)
{
    RD = ((pc + 4u) & ~3u) + i->imm;
    return NEXT;
}

SIM_OP(op_add_sp)
{
    sim_write_reg(cpu, i->rd, cpu->r[13] + i->imm);
    return NEXT;
}

SIM_OP(op_add_hi)
{
    uint32_t a = i->rd == 15 ? pc + 4u : RD;
    uint32_t b = i->rm == 15 ? pc + 4u : RM;
    if (i->rd == 15)
        return sim_branch_to(cpu, a + b, COST_BRANCH_INDIRECT);
    sim_write_reg(cpu, i->rd, a + b);
    return NEXT;
}

SIM_OP(op_mov_hi)
{
    uint32_t b = i->rm == 15 ? pc + 4u : RM;
    if (i->rd == 15)
        return sim_branch_to(cpu, b, COST_BRANCH_INDIRECT);
    sim_write_reg(cpu, i->rd, b);
    return NEXT;
}

SIM_OP(op_to_sp)
{
    uint32_t carry;
    uint32_t b = shifted(cpu, RM, (i->imm >> 8) & 7u, i->imm & 0xFFu, &carry);
    bool subtract = i->imm >> 16 & 1u;
    uint32_t r;
    if (i->imm >> 17 & 1u)
        r = sim_add_flags(cpu, RN, subtract ? ~b : b, subtract);
    else
        r = subtract ? RN - b : RN + b;
    sim_write_reg(cpu, 13, r);
    return NEXT;
}

static uint32_t field_mask(uint32_t width)
{
    return width >= 32 ? 0xFFFFFFFFu : (1u << width) - 1u;
}

SIM_OP(op_bfi)
{
    uint32_t mask = field_mask(i->imm) << i->rm;
    RD = (RD & ~mask) | (RN << i->rm & mask);
    return NEXT;
}

SIM_OP(op_bfc)
{
    RD &= ~(field_mask(i->imm) << i->rm);
    return NEXT;
}

SIM_OP(op_ubfx)
{
    RD = RN >> i->rm & field_mask(i->imm);
    return NEXT;
}

SIM_OP(op_sbfx)
{
    uint32_t up = 32u - i->imm - i->rm;
    RD = (uint32_t)((int32_t)(RN << up) >> (32u - i->imm));
    return NEXT;
}

static uint32_t clamp_signed(sim_cpu *cpu, int32_t value, unsigned bits)
{
    int64_t top = (int64_t)1 << (bits - 1u);
    if (value >= top) {
        cpu->q = true;
        return (uint32_t)(top - 1);
    }
    if (value < -top) {
        cpu->q = true;
        return (uint32_t)-top;
    }
    return (uint32_t)value;
}

static uint32_t clamp_unsigned(sim_cpu *cpu, int32_t value, unsigned bits)
{
    int64_t top = ((int64_t)1 << bits) - 1;
    if (value < 0 || value > top) {
        cpu->q = true;
        return value < 0 ? 0 : (uint32_t)top;
    }
    return (uint32_t)value;
}

SIM_OP(op_ssat)
{
    uint32_t carry;
    RD = clamp_signed(cpu, (int32_t)shifted(cpu, RN, i->imm >> 8, i->imm & 0xFFu, &carry), i->rm);
    return NEXT;
}

SIM_OP(op_usat)
{
    uint32_t carry;
    RD = clamp_unsigned(cpu, (int32_t)shifted(cpu, RN, i->imm >> 8, i->imm & 0xFFu, &carry), i->rm);
    return NEXT;
}

SIM_OP(op_ssat16)
{
    uint32_t n = RN;
    uint32_t low = clamp_signed(cpu, (int16_t)n, i->rm) & 0xFFFFu;
    RD = low | clamp_signed(cpu, (int16_t)(n >> 16), i->rm) << 16;
    return NEXT;
}

SIM_OP(op_usat16)
{
    uint32_t n = RN;
    uint32_t low = clamp_unsigned(cpu, (int16_t)n, i->rm);
    RD = low | clamp_unsigned(cpu, (int16_t)(n >> 16), i->rm) << 16;
    return NEXT;
}

static uint32_t pair_add(uint32_t a, uint32_t b)
{
    return ((a + b) & 0xFFFFu) | ((a & 0xFFFF0000u) + (b & 0xFFFF0000u));
}

/* Kinds as in the encoding's op1: SXTH UXTH SXTB16 UXTB16 SXTB UXTB. */
SIM_OP(op_extend)
{
    uint32_t by = i->imm & 31u;
    uint32_t m = by ? RM >> by | RM << (32u - by) : RM;
    uint32_t a = i->rn == 15 ? 0 : RN;
    switch (i->imm >> 8) {
    case 0:
        m = (uint32_t)(int16_t)m;
        RD = a + m;
        break;
    case 1:
        RD = a + (m & 0xFFFFu);
        break;
    case 2:
        RD = pair_add(a, ((uint32_t)(int8_t)m & 0xFFFFu) | (uint32_t)(int8_t)(m >> 16) << 16);
        break;
    case 3:
        RD = pair_add(a, m & 0x00FF00FFu);
        break;
    case 4:
        m = (uint32_t)(int8_t)m;
        RD = a + m;
        break;
    default:
        RD = a + (m & 0xFFu);
        break;
    }
    return NEXT;
}

SIM_OP(op_uxtb)
{
    RD = RM & 0xFFu;
    return NEXT;
}

SIM_OP(op_uxth)
{
    RD = RM & 0xFFFFu;
    return NEXT;
}

SIM_OP(op_sxtb)
{
    RD = (uint32_t)(int8_t)RM;
    return NEXT;
}

SIM_OP(op_sxth)
{
    RD = (uint32_t)(int16_t)RM;
    return NEXT;
}

SIM_OP(op_rev)
{
    RD = __builtin_bswap32(RM);
    return NEXT;
}

SIM_OP(op_rev16)
{
    uint32_t m = RM;
    RD = (m >> 8 & 0x00FF00FFu) | (m << 8 & 0xFF00FF00u);
    return NEXT;
}

SIM_OP(op_revsh)
{
    RD = (uint32_t)(int16_t)__builtin_bswap16((uint16_t)RM);
    return NEXT;
}

SIM_OP(op_rbit)
{
    uint32_t m = __builtin_bswap32(RM);
    m = (m >> 4 & 0x0F0F0F0Fu) | (m & 0x0F0F0F0Fu) << 4;
    m = (m >> 2 & 0x33333333u) | (m & 0x33333333u) << 2;
    RD = (m >> 1 & 0x55555555u) | (m & 0x55555555u) << 1;
    return NEXT;
}

SIM_OP(op_clz)
{
    RD = RM ? (uint32_t)__builtin_clz(RM) : 32u;
    return NEXT;
}

SIM_OP(op_pkh)
{
    uint32_t carry;
    bool top = i->imm >> 16 & 1u;
    uint32_t b = shifted(cpu, RM, i->imm >> 8 & 7u, i->imm & 0xFFu, &carry);
    RD = top ? (RN & 0xFFFF0000u) | (b & 0xFFFFu) : (b & 0xFFFF0000u) | (RN & 0xFFFFu);
    return NEXT;
}
