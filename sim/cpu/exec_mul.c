/* Multiplies and divides, DSP multiplies included. */
#include "sim/cpu/internal.h"

#define RA cpu->r[i->imm & 15u]
#define RDLO cpu->r[i->imm & 15u]
#define OPTION4 ((i->imm >> 4) & 1u)
#define OPTION5 ((i->imm >> 5) & 1u)

SIM_OP(op_mul)
{
    RD = RN * RM;
    return NEXT;
}

SIM_OP(op_muls)
{
    uint32_t r = RN * RM;
    RD = r;
    sim_set_nz(cpu, r);
    return NEXT;
}

SIM_OP(op_mla)
{
    RD = RA + RN * RM;
    cpu->cycles++;
    return NEXT;
}

SIM_OP(op_mls)
{
    RD = RA - RN * RM;
    cpu->cycles++;
    return NEXT;
}

/* 2 to 12 cycles: early termination by the number of quotient bits, four in a cycle. */
static void divide_cost(sim_cpu *cpu, uint32_t dividend, uint32_t divisor)
{
    uint32_t bits = 0;
    if (dividend >= divisor && divisor)
        bits = (uint32_t)(__builtin_clz(divisor) - __builtin_clz(dividend)) + 1u;
    cpu->cycles += 1u + (bits + 3u) / 4u + (bits > 16u) + (bits > 28u);
}

static bool divide_by_zero(sim_cpu *cpu)
{
    if (!(cpu->ccr & CCR_DIV_0_TRP))
        return false;
    sim_fault_usage(cpu, CFSR_DIVBYZERO);
    return true;
}

SIM_OP(op_udiv)
{
    uint32_t n = RN, m = RM;
    if (m == 0 && divide_by_zero(cpu))
        return pc;
    divide_cost(cpu, n, m);
    RD = m ? n / m : 0;
    return NEXT;
}

static uint32_t magnitude(int32_t value)
{
    return value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
}

SIM_OP(op_sdiv)
{
    int32_t n = (int32_t)RN, m = (int32_t)RM;
    if (m == 0 && divide_by_zero(cpu))
        return pc;
    divide_cost(cpu, magnitude(n), magnitude(m));
    if (m == 0)
        RD = 0;
    else
        RD = (uint32_t)((int64_t)n / m); /* INT32_MIN / -1 wraps as on the part */
    return NEXT;
}

static inline void put_long(sim_cpu *cpu, const sim_insn *i, uint64_t value)
{
    RDLO = (uint32_t)value;
    RD = (uint32_t)(value >> 32);
}

static inline uint64_t get_long(const sim_cpu *cpu, const sim_insn *i)
{
    return (uint64_t)RD << 32 | RDLO;
}

static inline uint64_t product_signed(uint32_t a, uint32_t b)
{
    return (uint64_t)((int64_t)(int32_t)a * (int32_t)b);
}

SIM_OP(op_umull)
{
    put_long(cpu, i, (uint64_t)RN * RM);
    return NEXT;
}

SIM_OP(op_smull)
{
    put_long(cpu, i, product_signed(RN, RM));
    return NEXT;
}

SIM_OP(op_umlal)
{
    put_long(cpu, i, get_long(cpu, i) + (uint64_t)RN * RM);
    return NEXT;
}

SIM_OP(op_smlal)
{
    put_long(cpu, i, get_long(cpu, i) + product_signed(RN, RM));
    return NEXT;
}

SIM_OP(op_umaal)
{
    put_long(cpu, i, (uint64_t)RN * RM + RD + RDLO);
    return NEXT;
}

static inline int32_t half(uint32_t value, uint32_t top)
{
    return (int16_t)(top ? value >> 16 : value);
}

/* Sets Q when the exact sum does not fit. */
static inline uint32_t sum_q(sim_cpu *cpu, int64_t exact)
{
    if (exact != (int32_t)exact)
        cpu->q = true;
    return (uint32_t)exact;
}

SIM_OP(op_smulxy)
{
    RD = (uint32_t)(half(RN, OPTION5) * half(RM, OPTION4));
    return NEXT;
}

SIM_OP(op_smlaxy)
{
    int64_t product = (int64_t)half(RN, OPTION5) * half(RM, OPTION4);
    RD = sum_q(cpu, product + (int32_t)RA);
    return NEXT;
}

SIM_OP(op_smulwy)
{
    RD = (uint32_t)((int64_t)(int32_t)RN * half(RM, OPTION4) >> 16);
    return NEXT;
}

SIM_OP(op_smlawy)
{
    int64_t product = (int64_t)(int32_t)RN * half(RM, OPTION4) >> 16;
    RD = sum_q(cpu, product + (int32_t)RA);
    return NEXT;
}

/* The two halfword products; the second operand is exchanged by the X forms. */
static inline void dual(const sim_cpu *cpu, const sim_insn *i, int64_t *low, int64_t *high)
{
    uint32_t m = OPTION4 ? RM >> 16 | RM << 16 : RM;
    *low = (int64_t)half(RN, 0) * half(m, 0);
    *high = (int64_t)half(RN, 1) * half(m, 1);
}

SIM_OP(op_smuad)
{
    int64_t low, high;
    dual(cpu, i, &low, &high);
    RD = sum_q(cpu, low + high);
    return NEXT;
}

SIM_OP(op_smusd)
{
    int64_t low, high;
    dual(cpu, i, &low, &high);
    RD = (uint32_t)(low - high);
    return NEXT;
}

SIM_OP(op_smlad)
{
    int64_t low, high;
    dual(cpu, i, &low, &high);
    RD = sum_q(cpu, low + high + (int32_t)RA);
    return NEXT;
}

SIM_OP(op_smlsd)
{
    int64_t low, high;
    dual(cpu, i, &low, &high);
    RD = sum_q(cpu, low - high + (int32_t)RA);
    return NEXT;
}

static inline uint32_t high_word(uint64_t value, uint32_t round)
{
    return (uint32_t)((value + (round ? 0x80000000u : 0u)) >> 32);
}

SIM_OP(op_smmul)
{
    RD = high_word(product_signed(RN, RM), OPTION4);
    return NEXT;
}

SIM_OP(op_smmla)
{
    RD = high_word(((uint64_t)RA << 32) + product_signed(RN, RM), OPTION4);
    return NEXT;
}

SIM_OP(op_smmls)
{
    RD = high_word(((uint64_t)RA << 32) - product_signed(RN, RM), OPTION4);
    return NEXT;
}

SIM_OP(op_smlalxy)
{
    int64_t product = (int64_t)half(RN, OPTION5) * half(RM, OPTION4);
    put_long(cpu, i, get_long(cpu, i) + (uint64_t)product);
    return NEXT;
}

SIM_OP(op_smlald)
{
    int64_t low, high;
    dual(cpu, i, &low, &high);
    put_long(cpu, i, get_long(cpu, i) + (uint64_t)(low + high));
    return NEXT;
}

SIM_OP(op_smlsld)
{
    int64_t low, high;
    dual(cpu, i, &low, &high);
    put_long(cpu, i, get_long(cpu, i) + (uint64_t)(low - high));
    return NEXT;
}

static inline uint32_t absolute_differences(uint32_t n, uint32_t m)
{
    uint32_t sum = 0;
    for (unsigned by = 0; by < 32; by += 8) {
        uint32_t a = n >> by & 0xFFu, b = m >> by & 0xFFu;
        sum += a > b ? a - b : b - a;
    }
    return sum;
}

SIM_OP(op_usad8)
{
    RD = absolute_differences(RN, RM);
    return NEXT;
}

SIM_OP(op_usada8)
{
    RD = RA + absolute_differences(RN, RM);
    return NEXT;
}
