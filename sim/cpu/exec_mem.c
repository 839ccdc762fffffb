/* Loads and stores. */
#include "sim/cpu/internal.h"

/* A load that directly follows another one overlaps with it (TRM 3.3.2). */
static inline void load_cost(sim_cpu *cpu, const sim_insn *i, uint32_t pc)
{
    cpu->cycles += cpu->load_next != pc;
    cpu->load_next = pc + i->len;
}

/* The slow way is a function of its own, so that the usual one needs no stack. */
#define SLOW_FORM(form)                                                                            \
    static __attribute__((noinline)) uint32_t form##_slow(sim_cpu *cpu, const sim_insn *i,         \
                                                          uint32_t pc, uint32_t at)

/* The five kinds of load, by the way the address is made. */
#define LOAD_FORM(form, size, convert, address, after)                                             \
    SLOW_FORM(form)                                                                                \
    {                                                                                              \
        uint32_t value;                                                                            \
        if (!sim_load_slow(cpu, pc, at, size, &value))                                             \
            return pc;                                                                             \
        load_cost(cpu, i, pc);                                                                     \
        after;                                                                                     \
        RD = convert;                                                                              \
        return pc + i->len;                                                                        \
    }                                                                                              \
    static SIM_OP(form)                                                                            \
    {                                                                                              \
        uint32_t at = address, value;                                                              \
        if (!sim_load_fast(cpu, at, size, &value))                                                 \
            return form##_slow(cpu, i, pc, at);                                                    \
        load_cost(cpu, i, pc);                                                                     \
        after;                                                                                     \
        RD = convert;                                                                              \
        return NEXT;                                                                               \
    }

#define LOAD_ALL(name, size, convert)                                                              \
    LOAD_FORM(name##_imm, size, convert, RN + i->imm, (void)0)                                     \
    LOAD_FORM(name##_reg, size, convert, RN + (RM << i->imm), (void)0)                             \
    LOAD_FORM(name##_lit, size, convert, ((pc + 4u) & ~3u) + i->imm, (void)0)                      \
    LOAD_FORM(name##_pre, size, convert, RN + i->imm, sim_write_reg(cpu, i->rn, at))               \
    LOAD_FORM(name##_post, size, convert, RN, sim_write_reg(cpu, i->rn, at + i->imm))

LOAD_ALL(ldrb, 1, value)
LOAD_ALL(ldrh, 2, value)
LOAD_ALL(ldr, 4, value)
LOAD_ALL(ldrsb, 1, (uint32_t)(int8_t)value)
LOAD_ALL(ldrsh, 2, (uint32_t)(int16_t)value)

const sim_op sim_load_imm_ops[5] = { ldrb_imm, ldrh_imm, ldr_imm, ldrsb_imm, ldrsh_imm };
const sim_op sim_load_reg_ops[5] = { ldrb_reg, ldrh_reg, ldr_reg, ldrsb_reg, ldrsh_reg };
const sim_op sim_load_lit_ops[5] = { ldrb_lit, ldrh_lit, ldr_lit, ldrsb_lit, ldrsh_lit };
const sim_op sim_load_idx_ops[5][2] = { { ldrb_pre, ldrb_post },
                                        { ldrh_pre, ldrh_post },
                                        { ldr_pre, ldr_post },
                                        { ldrsb_pre, ldrsb_post },
                                        { ldrsh_pre, ldrsh_post } };

#define STORE_FORM(form, size, address, after)                                                     \
    SLOW_FORM(form)                                                                                \
    {                                                                                              \
        if (!sim_store_slow(cpu, pc, at, size, RD))                                                \
            return pc;                                                                             \
        after;                                                                                     \
        return pc + i->len;                                                                        \
    }                                                                                              \
    static SIM_OP(form)                                                                            \
    {                                                                                              \
        uint32_t at = address;                                                                     \
        if (!sim_store_fast(cpu, at, size, RD))                                                    \
            return form##_slow(cpu, i, pc, at);                                                    \
        after;                                                                                     \
        return NEXT;                                                                               \
    }

#define STORE_ALL(name, size)                                                                      \
    STORE_FORM(name##_imm, size, RN + i->imm, (void)0)                                             \
    STORE_FORM(name##_reg, size, RN + (RM << i->imm), (void)0)                                     \
    STORE_FORM(name##_pre, size, RN + i->imm, sim_write_reg(cpu, i->rn, at))                       \
    STORE_FORM(name##_post, size, RN, sim_write_reg(cpu, i->rn, at + i->imm))

STORE_ALL(strb, 1)
STORE_ALL(strh, 2)
STORE_ALL(str, 4)

const sim_op sim_store_imm_ops[3] = { strb_imm, strh_imm, str_imm };
const sim_op sim_store_reg_ops[3] = { strb_reg, strh_reg, str_reg };
const sim_op sim_store_idx_ops[3][2] = { { strb_pre, strb_post },
                                         { strh_pre, strh_post },
                                         { str_pre, str_post } };

/* Loads that branch: a word, interworking (LoadWritePC). */
#define LOAD_PC(name, address, after)                                                              \
    SIM_OP(name)                                                                                   \
    {                                                                                              \
        uint32_t at = address, value;                                                              \
        if (!sim_load_aligned(cpu, pc, at, &value))                                                \
            return pc;                                                                             \
        cpu->cycles++;                                                                             \
        after;                                                                                     \
        return sim_branch_interwork(cpu, pc, value);                                               \
    }
LOAD_PC(op_ldr_pc_imm, RN + i->imm, (void)0)
LOAD_PC(op_ldr_pc_reg, RN + (RM << i->imm), (void)0)
LOAD_PC(op_ldr_pc_lit, ((pc + 4u) & ~3u) + i->imm, (void)0)
LOAD_PC(op_ldr_pc_pre, RN + i->imm, sim_write_reg(cpu, i->rn, at))
LOAD_PC(op_ldr_pc_post, RN, sim_write_reg(cpu, i->rn, at + i->imm))

/* LDRT and STRT: as the unprivileged would see it. nPRIV is what the memory code asks. */
SIM_OP(op_load_user)
{
    static const unsigned sizes[5] = { 1, 2, 4, 1, 2 };
    unsigned kind = i->imm >> 8;
    uint32_t value;
    cpu->as_user = true;
    bool ok = sim_load(cpu, pc, RN + (i->imm & 0xFFu), sizes[kind], &value);
    cpu->as_user = false;
    if (!ok)
        return pc;
    load_cost(cpu, i, pc);
    if (kind == 3)
        value = (uint32_t)(int8_t)value;
    else if (kind == 4)
        value = (uint32_t)(int16_t)value;
    RD = value;
    return NEXT;
}

SIM_OP(op_store_user)
{
    cpu->as_user = true;
    bool ok = sim_store(cpu, pc, RN + (i->imm & 0xFFu), 1u << (i->imm >> 8), RD);
    cpu->as_user = false;
    return ok ? NEXT : pc;
}

/* Host memory of a whole list, or NULL where it must go word by word: over an edge, by the
 * bus, or onto decoded code. */
static inline uint8_t *list_in_host(const sim_cpu *cpu, uint32_t at, uint32_t bytes, bool write)
{
    const sim_granule *g = sim_granule_at(cpu, at);
    uint32_t offset = at & (SIM_GRANULE_BYTES - 1u);
    uint8_t *host = write ? g->wr : g->rd;
    if (!host || (g->flags & cpu->slow_flags) || (at & 3u) || offset + bytes > SIM_GRANULE_BYTES)
        return NULL;
    if (write && g->code) {
        const uint8_t *live = g->code->live;
        if (live[offset >> 8] | live[(offset + bytes - 1u) >> 8])
            return NULL;
    }
    return host + offset;
}

/* All values are read before any register changes, so that a fault or a stop in the
 * middle leaves the registers as they were. */
static inline bool load_list(sim_cpu *cpu, uint32_t pc, uint32_t at, uint32_t list,
                             unsigned count, uint32_t *target)
{
    uint32_t values[16];
    unsigned k = 0;
    const uint8_t *host = list_in_host(cpu, at, 4u * count, false);
    if (SIM_LIKELY(host)) {
        for (uint32_t left = list & 0x7FFFu; left; left &= left - 1u, host += 4)
            memcpy(&cpu->r[__builtin_ctz(left)], host, 4);
        if (list & 0x8000u)
            memcpy(target, host, 4);
        cpu->cycles += count;
        return true;
    }
    for (; k < count; k++)
        if (!sim_load_aligned(cpu, pc, at + 4u * k, &values[k]))
            return false;
    cpu->cycles += count;
    k = 0;
    for (uint32_t left = list & 0x7FFFu; left; left &= left - 1u)
        cpu->r[__builtin_ctz(left)] = values[k++];
    if (list & 0x8000u)
        *target = values[k];
    return true;
}

static inline bool store_list(sim_cpu *cpu, uint32_t pc, uint32_t at, uint32_t list,
                              unsigned count)
{
    unsigned k = 0;
    uint8_t *host = list_in_host(cpu, at, 4u * count, true);
    if (SIM_LIKELY(host)) {
        for (uint32_t left = list; left; left &= left - 1u, host += 4)
            memcpy(host, &cpu->r[__builtin_ctz(left)], 4);
    } else {
        for (uint32_t left = list; left; left &= left - 1u, k++)
            if (!sim_store_aligned(cpu, pc, at + 4u * k, cpu->r[__builtin_ctz(left)]))
                return false;
    }
    cpu->cycles += count;
    return true;
}

static uint32_t load_multiple(sim_cpu *cpu, const sim_insn *i, uint32_t pc, uint32_t at,
                              uint32_t end)
{
    uint32_t target = 0;
    if (!load_list(cpu, pc, at, i->imm, i->rd, &target))
        return pc;
    if (i->rm)
        sim_write_reg(cpu, i->rn, end);
    return i->imm & 0x8000u ? sim_branch_interwork(cpu, pc, target) : NEXT;
}

SIM_OP(op_ldmia)
{
    uint32_t at = RN;
    return load_multiple(cpu, i, pc, at, at + 4u * i->rd);
}

SIM_OP(op_ldmdb)
{
    uint32_t at = RN - 4u * i->rd;
    return load_multiple(cpu, i, pc, at, at);
}

SIM_OP(op_stmia)
{
    uint32_t at = RN;
    if (!store_list(cpu, pc, at, i->imm, i->rd))
        return pc;
    if (i->rm)
        sim_write_reg(cpu, i->rn, at + 4u * i->rd);
    return NEXT;
}

SIM_OP(op_stmdb)
{
    uint32_t at = RN - 4u * i->rd;
    if (!store_list(cpu, pc, at, i->imm, i->rd))
        return pc;
    if (i->rm)
        sim_write_reg(cpu, i->rn, at);
    return NEXT;
}

SIM_OP(op_push)
{
    uint32_t at = cpu->r[13] - 4u * i->rd;
    if (!store_list(cpu, pc, at, i->imm, i->rd))
        return pc;
    cpu->r[13] = at;
    return NEXT;
}

SIM_OP(op_pop)
{
    uint32_t at = cpu->r[13], target = 0;
    if (!load_list(cpu, pc, at, i->imm, i->rd, &target))
        return pc;
    cpu->r[13] = at + 4u * i->rd;
    return NEXT;
}

SIM_OP(op_pop_pc)
{
    uint32_t at = cpu->r[13], target = 0;
    if (!load_list(cpu, pc, at, i->imm, i->rd, &target))
        return pc;
    cpu->r[13] = at + 4u * i->rd;
    return sim_branch_interwork(cpu, pc, target);
}

static inline uint32_t dual_address(const sim_cpu *cpu, const sim_insn *i, uint32_t pc,
                                    uint32_t *after)
{
    uint32_t base = i->rn == 15 ? (pc + 4u) & ~3u : RN;
    uint32_t offset = i->imm & 0x3FFu;
    *after = i->imm & DUAL_ADD ? base + offset : base - offset;
    return i->imm & DUAL_INDEX ? *after : base;
}

SIM_OP(op_ldrd)
{
    uint32_t after, at = dual_address(cpu, i, pc, &after), first, second;
    if (i->rn == 13 && (i->imm & DUAL_WRITE_BACK) && !sim_stack_allows(cpu, after))
        return pc;
    if (!sim_load_aligned(cpu, pc, at, &first) || !sim_load_aligned(cpu, pc, at + 4u, &second))
        return pc;
    cpu->cycles += 2;
    if (i->imm & DUAL_WRITE_BACK)
        sim_write_reg(cpu, i->rn, after);
    RD = first;
    RM = second;
    return NEXT;
}

SIM_OP(op_strd)
{
    uint32_t after, at = dual_address(cpu, i, pc, &after);
    if (i->rn == 13 && (i->imm & DUAL_WRITE_BACK) && !sim_stack_allows(cpu, after))
        return pc;
    if (!sim_store_aligned(cpu, pc, at, RD) || !sim_store_aligned(cpu, pc, at + 4u, RM))
        return pc;
    cpu->cycles += 2;
    if (i->imm & DUAL_WRITE_BACK)
        sim_write_reg(cpu, i->rn, after);
    return NEXT;
}

static uint32_t load_exclusive(sim_cpu *cpu, const sim_insn *i, uint32_t pc, unsigned size)
{
    uint32_t at = RN + i->imm, value;
    if (at & (size - 1u)) {
        sim_fault_usage(cpu, CFSR_UNALIGNED);
        return pc;
    }
    if (!sim_load(cpu, pc, at, size, &value))
        return pc;
    cpu->cycles++;
    cpu->exclusive = true;
    RD = value;
    return NEXT;
}

/* The local monitor of this core tags no address: any STREX after a LDREX passes. */
static uint32_t store_exclusive(sim_cpu *cpu, const sim_insn *i, uint32_t pc, unsigned size)
{
    uint32_t at = RN + i->imm;
    if (at & (size - 1u)) {
        sim_fault_usage(cpu, CFSR_UNALIGNED);
        return pc;
    }
    cpu->cycles++;
    if (!cpu->exclusive) {
        RD = 1;
        return NEXT;
    }
    if (!sim_store(cpu, pc, at, size, RM))
        return pc;
    cpu->exclusive = false;
    RD = 0;
    return NEXT;
}

SIM_OP(op_ldrex)
{
    return load_exclusive(cpu, i, pc, 4);
}

SIM_OP(op_ldrexh)
{
    return load_exclusive(cpu, i, pc, 2);
}

SIM_OP(op_ldrexb)
{
    return load_exclusive(cpu, i, pc, 1);
}

SIM_OP(op_strex)
{
    return store_exclusive(cpu, i, pc, 4);
}

SIM_OP(op_strexh)
{
    return store_exclusive(cpu, i, pc, 2);
}

SIM_OP(op_strexb)
{
    return store_exclusive(cpu, i, pc, 1);
}

SIM_OP(op_clrex)
{
    cpu->exclusive = false;
    return NEXT;
}
