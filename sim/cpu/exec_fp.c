/* Floating-point data processing. Every operation first settles the access (CPACR), the
 * lazy stacking and the context; see fp_context.c. */
#include "sim/cpu/internal.h"

#include "sim/cpu/fp_soft.h"

enum { COST_MLA = 2, COST_DIV = 13 };

static uint64_t get(const sim_cpu *cpu, fp_size size, unsigned n)
{
    return size == FP_DOUBLE ? (uint64_t)cpu->s[2 * n + 1] << 32 | cpu->s[2 * n] : cpu->s[n];
}

static void put(sim_cpu *cpu, fp_size size, unsigned n, uint64_t value)
{
    if (size == FP_DOUBLE) {
        cpu->s[2 * n] = (uint32_t)value;
        cpu->s[2 * n + 1] = (uint32_t)(value >> 32);
    } else {
        cpu->s[n] = (uint32_t)value;
    }
}

static fp_size size_of(const sim_insn *i)
{
    return i->imm & FP_IS_DOUBLE ? FP_DOUBLE : FP_SINGLE;
}

static fp_rounding mode_of(const sim_cpu *cpu, const sim_insn *i)
{
    return i->imm & FP_CURRENT_MODE ? fp_mode(cpu->fpscr) : (fp_rounding)(i->imm & 7u);
}

/* Division and root take longer in double precision (Cortex-M7: 14 and 28 cycles). */
static unsigned long_cost(fp_size size)
{
    return size == FP_DOUBLE ? 2 * COST_DIV + 1 : COST_DIV;
}

static uint64_t chained(fp_size size, uint32_t operation, uint64_t d, uint64_t n, uint64_t m,
                        uint32_t *fpscr)
{
    uint64_t product = fp_mul(size, n, m, fpscr);
    if (operation == FP_MLS || operation == FP_NMLA)
        product = fp_negate(size, product);
    if (operation == FP_NMLA || operation == FP_NMLS)
        d = fp_negate(size, d);
    return fp_add(size, d, product, fpscr);
}

static uint64_t fused(fp_size size, uint32_t operation, uint64_t d, uint64_t n, uint64_t m,
                      uint32_t *fpscr)
{
    if (operation == FP_FMS || operation == FP_FNMA)
        n = fp_negate(size, n);
    if (operation == FP_FNMA || operation == FP_FNMS)
        d = fp_negate(size, d);
    return fp_fma(size, d, n, m, fpscr);
}

SIM_OP(op_fp_binary)
{
    if (!sim_fp_ready(cpu, pc))
        return pc;
    fp_size size = size_of(i);
    uint64_t d = get(cpu, size, i->rd), n = get(cpu, size, i->rn), m = get(cpu, size, i->rm);
    uint32_t *fpscr = &cpu->fpscr, operation = i->imm & 15u;
    switch (operation) {
    case FP_ADD:
        d = fp_add(size, n, m, fpscr);
        break;
    case FP_SUB:
        /* Not n + (-m): a NaN operand keeps its sign. */
        d = fp_sub(size, n, m, fpscr);
        break;
    case FP_MUL:
        d = fp_mul(size, n, m, fpscr);
        break;
    case FP_NMUL:
        d = fp_negate(size, fp_mul(size, n, m, fpscr));
        break;
    case FP_DIV:
        d = fp_div(size, n, m, fpscr);
        cpu->cycles += long_cost(size);
        break;
    case FP_MAX:
    case FP_MIN:
        d = fp_max_num(size, n, m, operation == FP_MIN, fpscr);
        break;
    case FP_FMA:
    case FP_FMS:
    case FP_FNMA:
    case FP_FNMS:
        d = fused(size, operation, d, n, m, fpscr);
        cpu->cycles += COST_MLA;
        break;
    default:
        d = chained(size, operation, d, n, m, fpscr);
        cpu->cycles += COST_MLA;
        break;
    }
    put(cpu, size, i->rd, d);
    return NEXT;
}

SIM_OP(op_fp_unary)
{
    if (!sim_fp_ready(cpu, pc))
        return pc;
    fp_size size = size_of(i);
    uint64_t m = get(cpu, size, i->rm);
    switch (i->imm & 15u) {
    case FP_ABS:
        m = fp_absolute(size, m);
        break;
    case FP_NEG:
        m = fp_negate(size, m);
        break;
    case FP_SQRT:
        m = fp_sqrt(size, m, &cpu->fpscr);
        cpu->cycles += long_cost(size);
        break;
    default:
        break;
    }
    put(cpu, size, i->rd, m);
    return NEXT;
}

SIM_OP(op_fp_mov_imm)
{
    if (!sim_fp_ready(cpu, pc))
        return pc;
    fp_size size = size_of(i);
    put(cpu, size, i->rd, fp_expand_imm(size, i->imm & 0xFFu));
    return NEXT;
}

SIM_OP(op_fp_compare)
{
    if (!sim_fp_ready(cpu, pc))
        return pc;
    fp_size size = size_of(i);
    uint64_t m = i->imm & FP_WITH_ZERO ? 0 : get(cpu, size, i->rm);
    uint32_t flags = fp_compare(size, get(cpu, size, i->rd), m, i->imm & FP_SIGNALS, &cpu->fpscr);
    cpu->fpscr = (cpu->fpscr & 0x0FFFFFFFu) | flags;
    return NEXT;
}

SIM_OP(op_fp_round)
{
    if (!sim_fp_ready(cpu, pc))
        return pc;
    fp_size size = size_of(i);
    uint64_t m = get(cpu, size, i->rm);
    put(cpu, size, i->rd,
        fp_round_int(size, m, mode_of(cpu, i), i->imm & FP_EXACT, &cpu->fpscr));
    return NEXT;
}

/* The four conditions of VSEL: EQ, VS, GE, GT. */
SIM_OP(op_fp_select)
{
    static const uint8_t conditions[4] = { 0, 6, 10, 12 };
    if (!sim_fp_ready(cpu, pc))
        return pc;
    fp_size size = size_of(i);
    bool first = sim_condition(cpu, conditions[i->imm & 3u]);
    put(cpu, size, i->rd, get(cpu, size, first ? i->rn : i->rm));
    return NEXT;
}

SIM_OP(op_fp_to_integer)
{
    if (!sim_fp_ready(cpu, pc))
        return pc;
    fp_size size = size_of(i);
    cpu->s[i->rd] = fp_to_fixed(size, get(cpu, size, i->rm), 32, 0, i->imm & FP_SIGNED,
                                mode_of(cpu, i), &cpu->fpscr);
    return NEXT;
}

SIM_OP(op_fp_from_integer)
{
    if (!sim_fp_ready(cpu, pc))
        return pc;
    fp_size size = size_of(i);
    uint32_t raw = cpu->s[i->rm];
    int64_t value = i->imm & FP_SIGNED ? (int64_t)(int32_t)raw : (int64_t)raw;
    put(cpu, size, i->rd, fp_from_fixed(size, value, 0, fp_mode(cpu->fpscr), &cpu->fpscr));
    return NEXT;
}

/* rm: bits of the fixed-point number, rn: those of its fraction. */
SIM_OP(op_fp_fixed)
{
    if (!sim_fp_ready(cpu, pc))
        return pc;
    fp_size size = size_of(i);
    uint64_t operand = get(cpu, size, i->rd);
    bool is_signed = i->imm & FP_SIGNED;
    if (i->imm & FP_TO_FIXED) {
        uint32_t fixed =
            fp_to_fixed(size, operand, i->rm, i->rn, is_signed, FP_TRUNCATE, &cpu->fpscr);
        /* sign- or zero-extended to the register */
        put(cpu, size, i->rd, is_signed ? (uint64_t)(int64_t)(int32_t)fixed : fixed);
        return NEXT;
    }
    uint32_t raw = (uint32_t)operand << (32u - i->rm);
    int64_t value = is_signed ? (int64_t)(int32_t)raw : (int64_t)raw;
    value >>= 32u - i->rm;
    put(cpu, size, i->rd, fp_from_fixed(size, value, i->rn, FP_NEAREST, &cpu->fpscr));
    return NEXT;
}

SIM_OP(op_fp_half)
{
    if (!sim_fp_ready(cpu, pc))
        return pc;
    fp_size size = size_of(i);
    unsigned shift = i->imm & FP_TOP ? 16 : 0;
    if (i->imm & FP_TO_HALF) {
        uint32_t half =
            (uint32_t)fp_convert(size, FP_HALF, get(cpu, size, i->rm), &cpu->fpscr);
        cpu->s[i->rd] = (cpu->s[i->rd] & ~(0xFFFFu << shift)) | half << shift;
    } else {
        uint32_t half = cpu->s[i->rm] >> shift & 0xFFFFu;
        put(cpu, size, i->rd, fp_convert(FP_HALF, size, half, &cpu->fpscr));
    }
    return NEXT;
}

SIM_OP(op_fp_precision)
{
    if (!sim_fp_ready(cpu, pc))
        return pc;
    fp_size from = size_of(i), to = from == FP_DOUBLE ? FP_SINGLE : FP_DOUBLE;
    put(cpu, to, i->rd, fp_convert(from, to, get(cpu, from, i->rm), &cpu->fpscr));
    return NEXT;
}
