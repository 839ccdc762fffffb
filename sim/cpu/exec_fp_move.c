/* Floating-point registers to and from memory and the core's registers. Double registers are
 * pairs of single ones here. */
#include "sim/cpu/internal.h"

#include "sim/cpu/fp_soft.h"

static bool load_words(sim_cpu *cpu, uint32_t pc, uint32_t at, unsigned first, unsigned count)
{
    uint32_t values[32];
    for (unsigned k = 0; k < count; k++)
        if (!sim_load_aligned(cpu, pc, at + 4u * k, &values[k]))
            return false;
    memcpy(&cpu->s[first], values, 4u * count);
    cpu->cycles += count;
    return true;
}

static bool store_words(sim_cpu *cpu, uint32_t pc, uint32_t at, unsigned first, unsigned count)
{
    for (unsigned k = 0; k < count; k++)
        if (!sim_store_aligned(cpu, pc, at + 4u * k, cpu->s[first + k]))
            return false;
    cpu->cycles += count;
    return true;
}

static uint32_t base(const sim_cpu *cpu, const sim_insn *i, uint32_t pc)
{
    return (i->rn == 15 ? (pc + 4u) & ~3u : RN) + i->imm;
}

SIM_OP(op_fp_load)
{
    if (!sim_fp_ready(cpu, pc) || !load_words(cpu, pc, base(cpu, i, pc), i->rd, i->rm))
        return pc;
    return NEXT;
}

SIM_OP(op_fp_store)
{
    if (!sim_fp_ready(cpu, pc) || !store_words(cpu, pc, base(cpu, i, pc), i->rd, i->rm))
        return pc;
    return NEXT;
}

/* Where the list begins, and the base after it. */
static uint32_t list_start(const sim_cpu *cpu, const sim_insn *i, uint32_t *after)
{
    uint32_t start = RN, bytes = i->imm & 0x3FCu;
    if (i->imm & FP_DECREMENT)
        return *after = start - bytes;
    *after = start + bytes;
    return start;
}

SIM_OP(op_fp_load_list)
{
    if (!sim_fp_ready(cpu, pc))
        return pc;
    uint32_t after, at = list_start(cpu, i, &after);
    if (i->rn == 13 && (i->imm & FP_WRITE_BACK) && !sim_stack_allows(cpu, after))
        return pc;
    if (!load_words(cpu, pc, at, i->rd, i->rm))
        return pc;
    if (i->imm & FP_WRITE_BACK)
        sim_write_reg(cpu, i->rn, after);
    return NEXT;
}

SIM_OP(op_fp_store_list)
{
    if (!sim_fp_ready(cpu, pc))
        return pc;
    uint32_t after, at = list_start(cpu, i, &after);
    if (i->rn == 13 && (i->imm & FP_WRITE_BACK) && !sim_stack_allows(cpu, after))
        return pc;
    if (!store_words(cpu, pc, at, i->rd, i->rm))
        return pc;
    if (i->imm & FP_WRITE_BACK)
        sim_write_reg(cpu, i->rn, after);
    return NEXT;
}

SIM_OP(op_fp_to_core)
{
    if (!sim_fp_ready(cpu, pc))
        return pc;
    RD = cpu->s[i->rn];
    return NEXT;
}

SIM_OP(op_fp_from_core)
{
    if (!sim_fp_ready(cpu, pc))
        return pc;
    cpu->s[i->rn] = RD;
    return NEXT;
}

SIM_OP(op_fp_to_core_two)
{
    if (!sim_fp_ready(cpu, pc))
        return pc;
    cpu->cycles++;
    RD = cpu->s[i->rm];
    RN = cpu->s[i->rm + 1u];
    return NEXT;
}

SIM_OP(op_fp_from_core_two)
{
    if (!sim_fp_ready(cpu, pc))
        return pc;
    cpu->cycles++;
    cpu->s[i->rm] = RD;
    cpu->s[i->rm + 1u] = RN;
    return NEXT;
}

SIM_OP(op_vmrs)
{
    if (!sim_fp_ready(cpu, pc))
        return pc;
    if (i->rd == 15) /* APSR_nzcv */
        sim_set_apsr_nzcvq(cpu, (cpu->fpscr & 0xF0000000u) | (cpu->q ? 1u << 27 : 0));
    else
        RD = cpu->fpscr;
    return NEXT;
}

SIM_OP(op_vmsr)
{
    if (!sim_fp_ready(cpu, pc))
        return pc;
    cpu->fpscr = RD & FPSCR_BITS;
    return NEXT;
}
