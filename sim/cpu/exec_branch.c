/* Branches and IT. */
#include "sim/cpu/internal.h"

#define BRANCH_COND(name, cond)                                                                    \
    static SIM_OP(name)                                                                            \
    {                                                                                              \
        if (cond)                                                                                  \
            return sim_branch_to(cpu, pc + 4u + i->imm, COST_BRANCH);                              \
        return NEXT;                                                                               \
    }
BRANCH_COND(beq, cpu->f.z == 0)
BRANCH_COND(bne, cpu->f.z != 0)
BRANCH_COND(bcs, cpu->f.c)
BRANCH_COND(bcc, !cpu->f.c)
BRANCH_COND(bmi, cpu->f.n >> 31)
BRANCH_COND(bpl, !(cpu->f.n >> 31))
BRANCH_COND(bvs, cpu->f.v)
BRANCH_COND(bvc, !cpu->f.v)
BRANCH_COND(bhi, cpu->f.c && cpu->f.z)
BRANCH_COND(bls, !cpu->f.c || !cpu->f.z)
BRANCH_COND(bge, cpu->f.n >> 31 == cpu->f.v)
BRANCH_COND(blt, cpu->f.n >> 31 != cpu->f.v)
BRANCH_COND(bgt, cpu->f.z && cpu->f.n >> 31 == cpu->f.v)
BRANCH_COND(ble, !cpu->f.z || cpu->f.n >> 31 != cpu->f.v)
const sim_op sim_branch_cond_ops[14] = { beq, bne, bcs, bcc, bmi, bpl, bvs,
                                         bvc, bhi, bls, bge, blt, bgt, ble };

uint32_t sim_branch_interwork(sim_cpu *cpu, uint32_t pc, uint32_t target)
{
    if (SIM_UNLIKELY(target >= 0xF0000000u && cpu->ipsr != 0) &&
        (!cpu->core->v8m || target >= 0xFF000000u)) {
        cpu->pc = pc;
        return sim_exception_return(cpu, target);
    }
    if (SIM_UNLIKELY(!(target & 1u))) {
        cpu->t = false; /* INVSTATE at the target, before its first instruction */
        sim_attention(cpu);
    }
    return sim_branch_to(cpu, target, COST_BRANCH_INDIRECT);
}

SIM_OP(op_b)
{
    return sim_branch_to(cpu, pc + 4u + i->imm, COST_BRANCH);
}

/* To itself: nothing changes but the time, until something else makes it. All rounds that the
 * loop would make are made at once; not where each one's fetch is an access of its own. */
SIM_OP(op_b_self)
{
    uint32_t cost = COST_BRANCH + cpu->branch_wait, round = cost + 1u;
    cpu->cycles += cost;
    if (cpu->chain_until && cpu->cycles < cpu->stop_at) {
        uint64_t rounds = (cpu->stop_at - cpu->cycles - 1u) / round + 1u;
        cpu->cycles += rounds * round;
        cpu->instructions += rounds;
    }
    return i->imm + pc + 4u;
}

SIM_OP(op_bl)
{
    cpu->r[14] = (pc + 4u) | 1u;
    return sim_branch_to(cpu, pc + 4u + i->imm, COST_BRANCH);
}

SIM_OP(op_bx)
{
    return sim_branch_interwork(cpu, pc, i->rm == 15 ? pc + 4u : RM);
}

SIM_OP(op_blx)
{
    uint32_t target = RM;
    cpu->r[14] = (pc + 2u) | 1u;
    if (SIM_UNLIKELY(!(target & 1u))) { /* BLXWritePC: never an exception return */
        cpu->t = false;
        sim_attention(cpu);
    }
    return sim_branch_to(cpu, target, COST_BRANCH_INDIRECT);
}

SIM_OP(op_cbz)
{
    return RN == 0 ? sim_branch_to(cpu, pc + 4u + i->imm, COST_BRANCH) : NEXT;
}

SIM_OP(op_cbnz)
{
    return RN != 0 ? sim_branch_to(cpu, pc + 4u + i->imm, COST_BRANCH) : NEXT;
}

SIM_OP(op_tbb)
{
    uint32_t base = i->rn == 15 ? pc + 4u : RN, value;
    if (!sim_load(cpu, pc, base + RM, 1, &value))
        return pc;
    cpu->cycles++;
    return sim_branch_to(cpu, pc + 4u + 2u * value, COST_BRANCH_INDIRECT);
}

SIM_OP(op_tbh)
{
    uint32_t base = i->rn == 15 ? pc + 4u : RN, value;
    if (!sim_load(cpu, pc, base + RM * 2u, 2, &value))
        return pc;
    cpu->cycles++;
    return sim_branch_to(cpu, pc + 4u + 2u * value, COST_BRANCH_INDIRECT);
}

/* The block is run from here, so that the main loop need not ask for ITSTATE. */
SIM_OP(op_it)
{
    uint64_t until = cpu->chain_until;
    cpu->it = (uint8_t)i->imm;
    pc = sim_it_block(cpu, pc + i->len);
    cpu->chain_until = cpu->stop_at ? until : 0;
    return sim_next_at(cpu, pc);
}
