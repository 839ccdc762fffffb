/* What ARMv8-M mainline adds (DDI 0553 C2.4): load-acquire and store-release, TT, and the
 * stack limits. Without the Security Extension TTA, BXNS and BLXNS are undefined, and SG does
 * nothing. Memory is in order here, so acquire and release cost and change nothing. */
#include "sim/cpu/internal.h"

static bool aligned(sim_cpu *cpu, uint32_t at, unsigned size)
{
    if (at & (size - 1u)) {
        sim_fault_usage(cpu, CFSR_UNALIGNED);
        return false;
    }
    return true;
}

SIM_OP(op_lda)
{
    uint32_t at = RN, value;
    unsigned size = i->imm;
    if (!aligned(cpu, at, size) || !sim_load(cpu, pc, at, size, &value))
        return pc;
    cpu->cycles++;
    RD = value;
    return NEXT;
}

SIM_OP(op_stl)
{
    uint32_t at = RN;
    unsigned size = i->imm;
    if (!aligned(cpu, at, size) || !sim_store(cpu, pc, at, size, RD))
        return pc;
    return NEXT;
}

SIM_OP(op_tt)
{
    RD = sim_mpu_v8_test(cpu, RN, i->imm);
    return NEXT;
}

/* ---- stack limits: the instructions that move SP, as the decoder of an ARMv8-M core has
 * them. An access below the limit is not made. */

/* false: UsageFault. */
static bool within(sim_cpu *cpu, uint32_t sp)
{
    if (SIM_LIKELY(!sim_below_limit(cpu, sp)))
        return true;
    sim_fault_usage(cpu, CFSR_STKOF);
    return false;
}

bool sim_stack_allows(sim_cpu *cpu, uint32_t after)
{
    uint32_t now = cpu->r[13];
    return within(cpu, after < now ? after : now);
}

#define CHECKED(name, plain, sp)                                                                   \
    static SIM_OP(name)                                                                            \
    {                                                                                              \
        if (!within(cpu, sp))                                                                      \
            return pc;                                                                             \
        return plain(cpu, i, pc);                                                                  \
    }
CHECKED(checked_push, op_push, cpu->r[13] - 4u * i->rd)
CHECKED(checked_pop, op_pop, cpu->r[13])
CHECKED(checked_pop_pc, op_pop_pc, cpu->r[13])
CHECKED(checked_ldmia, op_ldmia, cpu->r[13])
CHECKED(checked_stmia, op_stmia, cpu->r[13])
CHECKED(checked_ldmdb, op_ldmdb, cpu->r[13] - 4u * i->rd)
CHECKED(checked_stmdb, op_stmdb, cpu->r[13] - 4u * i->rd)
CHECKED(checked_add_sp, op_add_sp, cpu->r[13] + i->imm)

/* Sums that have more to them: done, looked at, and taken back. */
#define CHECKED_AFTER(name, plain)                                                                 \
    static SIM_OP(name)                                                                            \
    {                                                                                              \
        sim_flags flags = cpu->f;                                                                  \
        uint32_t before = cpu->r[13];                                                              \
        cpu->chain_until = 0;                                                                      \
        uint32_t next = plain(cpu, i, pc);                                                         \
        if (SIM_LIKELY(!sim_below_limit(cpu, cpu->r[13])))                                         \
            return next;                                                                           \
        cpu->f = flags;                                                                            \
        cpu->r[13] = before;                                                                       \
        sim_fault_usage(cpu, CFSR_STKOF);                                                          \
        return pc;                                                                                 \
    }
CHECKED_AFTER(checked_to_sp, op_to_sp)
CHECKED_AFTER(checked_adds, sim_alu_ops[ALU_ADD][ALU_IMM + ALU_FLAGS])
CHECKED_AFTER(checked_subs, sim_alu_ops[ALU_SUB][ALU_IMM + ALU_FLAGS])

static SIM_OP(checked_add_hi)
{
    if (!within(cpu, cpu->r[13] + (i->rm == 15 ? pc + 4u : RM)))
        return pc;
    return op_add_hi(cpu, i, pc);
}

static SIM_OP(checked_mov_hi)
{
    if (!within(cpu, i->rm == 15 ? pc + 4u : RM))
        return pc;
    return op_mov_hi(cpu, i, pc);
}

/* Loads and stores that write SP back; rm, which they do not use, tells which one. */
enum { INDEXED_LOADS = 10, INDEXED_STORES = 16, INDEXED_ALL = 18 };

static sim_op indexed(unsigned n)
{
    if (n < INDEXED_LOADS)
        return sim_load_idx_ops[n / 2u][n % 2u];
    if (n < INDEXED_STORES)
        return sim_store_idx_ops[(n - INDEXED_LOADS) / 2u][n % 2u];
    return n == INDEXED_STORES ? op_ldr_pc_pre : op_ldr_pc_post;
}

static SIM_OP(checked_indexed)
{
    if (!sim_stack_allows(cpu, cpu->r[13] + i->imm))
        return pc;
    return indexed(i->rm)(cpu, i, pc);
}

void sim_check_stack(sim_insn *i)
{
    static const struct pair {
        sim_op plain, checked;
    } always[] = { { op_push, checked_push },
                   { op_pop, checked_pop },
                   { op_pop_pc, checked_pop_pc } },
      lists[] = { { op_ldmia, checked_ldmia },
                  { op_stmia, checked_stmia },
                  { op_ldmdb, checked_ldmdb },
                  { op_stmdb, checked_stmdb } };
    for (size_t k = 0; k < sizeof always / sizeof always[0]; k++)
        if (i->op == always[k].plain) {
            i->op = always[k].checked;
            return;
        }
    if (i->rd == 13 && i->op == op_add_sp)
        i->op = checked_add_sp;
    else if (i->rd == 13 && i->op == op_add_hi)
        i->op = checked_add_hi;
    else if (i->rd == 13 && i->op == op_mov_hi)
        i->op = checked_mov_hi;
    else if (i->rn == 13 && i->op == op_to_sp)
        i->op = checked_to_sp;
    else if (i->rd == 13 && i->rn == 13 && i->op == sim_alu_ops[ALU_ADD][ALU_IMM + ALU_FLAGS])
        i->op = checked_adds;
    else if (i->rd == 13 && i->rn == 13 && i->op == sim_alu_ops[ALU_SUB][ALU_IMM + ALU_FLAGS])
        i->op = checked_subs;
    if (i->rn != 13)
        return;
    for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++)
        if (i->op == lists[k].plain && i->rm) {
            i->op = lists[k].checked;
            return;
        }
    for (unsigned n = 0; n < INDEXED_ALL; n++)
        if (i->op == indexed(n)) {
            i->rm = (uint8_t)n;
            i->op = checked_indexed;
            return;
        }
}
