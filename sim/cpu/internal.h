/* Between the files of the core. */
#ifndef SIM_CPU_INTERNAL_H
#define SIM_CPU_INTERNAL_H

#include <string.h>

#include "sim/cpu/cpu_state.h"

#define SIM_LIKELY(x) __builtin_expect(!!(x), 1)
#define SIM_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* An operation, and its usual end. */
#define SIM_OP(name) uint32_t name(sim_cpu *cpu, const sim_insn *i, uint32_t pc)
#define RD cpu->r[i->rd]
#define RN cpu->r[i->rn]
#define RM cpu->r[i->rm]
#define NEXT sim_next(cpu, i, pc)

enum { /* CFSR */
    CFSR_IACCVIOL = 1u << 0,
    CFSR_DACCVIOL = 1u << 1,
    CFSR_MUNSTKERR = 1u << 3,
    CFSR_MSTKERR = 1u << 4,
    CFSR_MLSPERR = 1u << 5,
    CFSR_MMARVALID = 1u << 7,
    CFSR_IBUSERR = 1u << 8,
    CFSR_PRECISERR = 1u << 9,
    CFSR_UNSTKERR = 1u << 11,
    CFSR_STKERR = 1u << 12,
    CFSR_LSPERR = 1u << 13,
    CFSR_BFARVALID = 1u << 15,
    CFSR_UNDEFINSTR = 1u << 16,
    CFSR_INVSTATE = 1u << 17,
    CFSR_INVPC = 1u << 18,
    CFSR_NOCP = 1u << 19,
    CFSR_STKOF = 1u << 20, /* ARMv8-M */
    CFSR_UNALIGNED = 1u << 24,
    CFSR_DIVBYZERO = 1u << 25
};

enum { /* CCR */
    CCR_NONBASETHRDENA = 1u << 0,
    CCR_USERSETMPEND = 1u << 1,
    CCR_UNALIGN_TRP = 1u << 3,
    CCR_DIV_0_TRP = 1u << 4,
    CCR_BFHFNMIGN = 1u << 8,
    CCR_STKALIGN = 1u << 9,
    CCR_STKOFHFNMIGN = 1u << 10, /* ARMv8-M */
    CCR_IC = 1u << 17 /* Cortex-M7 */
};

#define CONTROL_NPRIV 1u
#define CONTROL_SPSEL 2u
#define CONTROL_FPCA 4u

#define FPCCR_LSPACT (1u << 0)
#define FPCCR_USER (1u << 1)
#define FPCCR_THREAD (1u << 3)
#define FPCCR_HFRDY (1u << 4)
#define FPCCR_MMRDY (1u << 5)
#define FPCCR_BFRDY (1u << 6)
#define FPCCR_MONRDY (1u << 8)
#define FPCCR_SPLIMVIOL (1u << 9) /* ARMv8-M */
#define FPCCR_UFRDY (1u << 10)
#define FPCCR_CLRONRET (1u << 28)
#define FPCCR_LSPEN (1u << 30)
#define FPCCR_ASPEN (1u << 31)
#define FPCCR_CONTROL (FPCCR_ASPEN | FPCCR_LSPEN | FPCCR_CLRONRET)

enum { HFSR_VECTTBL = 1u << 1, HFSR_FORCED = 1u << 30 };
#define HFSR_DEBUGEVT (1u << 31)

enum { SCR_SLEEPONEXIT = 1u << 1, SCR_SEVONPEND = 1u << 4 };

/* Cycle costs beyond the one that every instruction has; docs/simulator-core.md. */
enum {
    COST_BRANCH = 1,
    COST_BRANCH_INDIRECT = 2,
    COST_ENTRY = 12,
    COST_TAIL_CHAIN = 6,
    COST_RETURN = 10
};

/* ---- cores.c */
typedef struct sim_core_row {
    const char *name;
    uint32_t cpuid;
    bool fpv5, fp_double;
    bool v8m;
    bool bit_band;
    bool caches; /* has the cache registers; of contents the bus is told */
    uint8_t mpu_regions;
    uint32_t actlr_bits, ccr_bits, ccr_fixed, ccr_reset;
    uint32_t features[13]; /* from ID_PFR0 on */
    uint32_t mvfr[3];
} sim_core_row;
const sim_core_row *sim_core_find(sim_core_kind kind);

/* ---- run.c */
static inline void sim_attention(sim_cpu *cpu)
{
    cpu->stop_at = cpu->chain_until = 0;
}
/* An operation ends by going on with the next one itself, while there is nothing to be looked
 * at, the limit is not reached and what comes next is decoded, in the granule of `window`; else
 * it returns to the loop. So the host predicts each kind of instruction by itself. */
static inline uint32_t sim_go_on(sim_cpu *cpu, const sim_insn *next, uint32_t pc)
{
    if (SIM_UNLIKELY(!next->op))
        return pc;
    cpu->cycles++;
    cpu->instructions++;
    return next->op(cpu, next, pc);
}
static inline uint32_t sim_next(sim_cpu *cpu, const sim_insn *i, uint32_t pc)
{
    if (SIM_UNLIKELY(cpu->cycles >= cpu->chain_until))
        return pc + i->len;
    /* A branch, which the host predicts, where a sum would be waited for. */
    if (i->len == 2) {
        if (SIM_UNLIKELY(((pc + 2u) & (SIM_GRANULE_BYTES - 1u)) == 0))
            return pc + 2u;
        return sim_go_on(cpu, i + 1, pc + 2u);
    }
    if (SIM_UNLIKELY(((pc + 4u) & (SIM_GRANULE_BYTES - 1u)) < 4u))
        return pc + 4u;
    return sim_go_on(cpu, i + 2, pc + 4u);
}
/* The same, wherever it is. */
static inline uint32_t sim_next_at(sim_cpu *cpu, uint32_t pc)
{
    if (cpu->cycles >= cpu->chain_until || (pc ^ cpu->window) >= SIM_GRANULE_BYTES)
        return pc;
    return sim_go_on(cpu, &cpu->window_code->insn[(pc & (SIM_GRANULE_BYTES - 1u)) / 2u], pc);
}
void sim_stop_run(sim_cpu *cpu, sim_cpu_stop why);
/* CCR.IC, or what sim_cpu_set_flash_timing() sets. */
void sim_icache_changed(sim_cpu *cpu);
/* Runs what is left of an IT block; returns the next pc. No operation chains from there. */
uint32_t sim_it_block(sim_cpu *cpu, uint32_t pc);

/* ---- decode*.c: fill *i; *quiet tells that the flags stay in an IT block. */
void sim_decode16(uint32_t hw, sim_insn *i, bool *quiet);
void sim_decode32(const sim_core_row *core, uint32_t hw1, uint32_t hw2, sim_insn *i);
void sim_decode_fp(const sim_core_row *core, uint32_t hw1, uint32_t hw2, sim_insn *i);
/* hw1 begins a 32-bit instruction. */
static inline bool sim_is_wide(uint32_t hw1)
{
    return hw1 >= 0xE800u;
}

/* ---- exception.c */
void sim_fault_usage(sim_cpu *cpu, uint32_t cfsr_bit);
void sim_fault_bus(sim_cpu *cpu, uint32_t cfsr_bits, uint32_t address);
void sim_fault_mem(sim_cpu *cpu, uint32_t cfsr_bits, uint32_t address);
void sim_fault_debug(sim_cpu *cpu);
void sim_raise(sim_cpu *cpu, unsigned exception);
void sim_exception_reset(sim_cpu *cpu);
int sim_execution_priority(const sim_cpu *cpu);
int sim_exception_priority(const sim_cpu *cpu, unsigned exception);
/* The pending and enabled exception of the highest priority, 0 for none. */
unsigned sim_best_pending(const sim_cpu *cpu, int *priority);
void sim_exception_enter(sim_cpu *cpu, unsigned exception);
uint32_t sim_exception_return(sim_cpu *cpu, uint32_t exc_return);
void sim_pend(sim_cpu *cpu, unsigned exception);
/* A sleeping core is to wake: an exception that would be taken but for PRIMASK. */
bool sim_wakes(sim_cpu *cpu);
void sim_use_psp(sim_cpu *cpu, bool psp);
void sim_lock_up(sim_cpu *cpu, const char *why);
/* Enabled, and of higher priority than what is being executed. */
bool sim_could_take(const sim_cpu *cpu, unsigned exception);

/* ARMv8-M: would the stack pointer in use be below its limit here? */
static inline bool sim_below_limit(const sim_cpu *cpu, uint32_t sp)
{
    return sp < cpu->sp_limit[cpu->psp_in_use] &&
           !((cpu->ccr & CCR_STKOFHFNMIGN) && sim_execution_priority(cpu) < 0);
}

/* ---- fp_context.c */
bool sim_fp_allowed(const sim_cpu *cpu);
/* Before each floating-point instruction; false: a fault, or the run ends. */
bool sim_fp_ready(sim_cpu *cpu, uint32_t pc);
/* The floating-point part of an extended frame: to be written later, written, read. */
void sim_fp_reserve(sim_cpu *cpu, uint32_t frame, bool below_limit);
sim_access sim_fp_stack(sim_cpu *cpu, uint32_t frame);
sim_access sim_fp_unstack(sim_cpu *cpu, uint32_t frame);
void sim_fp_forget(sim_cpu *cpu);

static inline bool sim_bit(const uint32_t *words, unsigned n)
{
    return (words[n >> 5] >> (n & 31u)) & 1u;
}
static inline void sim_put_bit(uint32_t *words, unsigned n, bool value)
{
    if (value)
        words[n >> 5] |= 1u << (n & 31u);
    else
        words[n >> 5] &= ~(1u << (n & 31u));
}
static inline bool sim_privileged(const sim_cpu *cpu)
{
    return cpu->ipsr != 0 || !(cpu->control & 1u);
}

/* ---- scs.c, systick.c, mpu.c */
void sim_scs_reset(sim_cpu *cpu);
/* false: not a register of the core, ask the bus. */
bool sim_scs_read(sim_cpu *cpu, uint32_t address, uint32_t *value);
/* lanes: mask of the bytes that the access covers. */
bool sim_scs_write(sim_cpu *cpu, uint32_t address, uint32_t value, uint32_t lanes);
void sim_tick_reset(sim_cpu *cpu);
bool sim_tick_read(sim_cpu *cpu, uint32_t address, uint32_t *value);
bool sim_tick_write(sim_cpu *cpu, uint32_t address, uint32_t value, uint32_t lanes);
/* Brings the counter up to date and pends SysTick when it passed 0. */
void sim_tick_sync(sim_cpu *cpu);

#define MPU_ENABLE 1u
#define MPU_HFNMIENA 2u
#define MPU_PRIVDEFENA 4u
bool sim_mpu_read(sim_cpu *cpu, uint32_t address, uint32_t *value);
/* May this access be made? Always true while the MPU is off. */
bool sim_mpu_allows(const sim_cpu *cpu, uint32_t address, bool write, bool fetch);
/* Do the regions and the background decide about this access? */
bool sim_mpu_decides(const sim_cpu *cpu, uint32_t address, bool fetch);
void sim_mpu_reset(sim_cpu *cpu);
bool sim_mpu_write(sim_cpu *cpu, uint32_t address, uint32_t value, uint32_t lanes);

/* mpu_v8.c */
bool sim_mpu_v8_allows(const sim_cpu *cpu, uint32_t address, bool privileged, bool write,
                       bool fetch);
uint32_t sim_mpu_v8_test(const sim_cpu *cpu, uint32_t address, bool as_user);
bool sim_mpu_v8_read(sim_cpu *cpu, uint32_t address, uint32_t *value);
bool sim_mpu_v8_write(sim_cpu *cpu, uint32_t address, uint32_t value, uint32_t lanes);

/* ---- memory.c */
extern sim_granule sim_no_granules[SIM_TABLE_GRANULES];
bool sim_load_slow(sim_cpu *cpu, uint32_t pc, uint32_t address, unsigned size, uint32_t *value);
bool sim_store_slow(sim_cpu *cpu, uint32_t pc, uint32_t address, unsigned size, uint32_t value);
void sim_code_hit(sim_code *code, uint32_t offset, uint32_t size);
/* One halfword of code by the slow path; false after a fault or stop. */
bool sim_fetch_slow(sim_cpu *cpu, uint32_t pc, uint32_t address, uint32_t *value);
/* For stacking and vectors: no fault is raised. */
sim_access sim_raw_read(sim_cpu *cpu, uint32_t address, unsigned size, sim_access_kind kind,
                        uint32_t *value);
sim_access sim_raw_write(sim_cpu *cpu, uint32_t address, unsigned size, uint32_t value);

static inline sim_granule *sim_granule_at(const sim_cpu *cpu, uint32_t address)
{
    return &cpu->map[address >> SIM_TABLE_SHIFT]
                    [(address >> SIM_GRANULE_SHIFT) & (SIM_TABLE_GRANULES - 1u)];
}

/* By the map alone. false: nothing has been done, and it must go by the slow way. */
static inline bool sim_load_fast(const sim_cpu *cpu, uint32_t address, unsigned size,
                                 uint32_t *value)
{
    const sim_granule *g = sim_granule_at(cpu, address);
    if (SIM_UNLIKELY(!g->rd || (g->flags & cpu->slow_flags) || (address & (size - 1u))))
        return false;
    const uint8_t *host = g->rd + (address & (SIM_GRANULE_BYTES - 1u));
    if (size == 4) {
        memcpy(value, host, 4);
    } else if (size == 2) {
        uint16_t half;
        memcpy(&half, host, 2);
        *value = half;
    } else {
        *value = *host;
    }
    return true;
}

static inline bool sim_load(sim_cpu *cpu, uint32_t pc, uint32_t address, unsigned size,
                            uint32_t *value)
{
    if (SIM_LIKELY(sim_load_fast(cpu, address, size, value)))
        return true;
    uint32_t slow; /* no address of what the operation has in its hands is given away */
    bool good = sim_load_slow(cpu, pc, address, size, &slow);
    *value = slow;
    return good;
}

static inline bool sim_store_fast(const sim_cpu *cpu, uint32_t address, unsigned size,
                                  uint32_t value)
{
    const sim_granule *g = sim_granule_at(cpu, address);
    if (SIM_UNLIKELY(!g->wr || (g->flags & cpu->slow_flags) || (address & (size - 1u))))
        return false;
    uint32_t offset = address & (SIM_GRANULE_BYTES - 1u);
    if (g->code && SIM_UNLIKELY(g->code->live[offset >> 8]))
        sim_code_hit(g->code, offset, size);
    if (size == 4) {
        memcpy(g->wr + offset, &value, 4);
    } else if (size == 2) {
        uint16_t half = (uint16_t)value;
        memcpy(g->wr + offset, &half, 2);
    } else {
        g->wr[offset] = (uint8_t)value;
    }
    return true;
}

static inline bool sim_store(sim_cpu *cpu, uint32_t pc, uint32_t address, unsigned size,
                             uint32_t value)
{
    return SIM_LIKELY(sim_store_fast(cpu, address, size, value)) ||
           sim_store_slow(cpu, pc, address, size, value);
}

/* For LDM, LDRD and the like, which never split. */
static inline bool sim_load_aligned(sim_cpu *cpu, uint32_t pc, uint32_t address, uint32_t *value)
{
    if (SIM_UNLIKELY(address & 3u)) {
        sim_fault_usage(cpu, CFSR_UNALIGNED);
        return false;
    }
    return sim_load(cpu, pc, address, 4, value);
}

static inline bool sim_store_aligned(sim_cpu *cpu, uint32_t pc, uint32_t address, uint32_t value)
{
    if (SIM_UNLIKELY(address & 3u)) {
        sim_fault_usage(cpu, CFSR_UNALIGNED);
        return false;
    }
    return sim_store(cpu, pc, address, 4, value);
}

/* ---- flags */
static inline void sim_set_nz(sim_cpu *cpu, uint32_t result)
{
    cpu->f.n = result;
    cpu->f.z = result;
}
static inline uint32_t sim_add_flags(sim_cpu *cpu, uint32_t a, uint32_t b, uint32_t carry)
{
    uint64_t wide = (uint64_t)a + b + carry;
    uint32_t r = (uint32_t)wide;
    cpu->f.n = r;
    cpu->f.z = r;
    cpu->f.c = (uint32_t)(wide >> 32);
    cpu->f.v = ((a ^ r) & (b ^ r)) >> 31;
    return r;
}
static inline bool sim_condition(const sim_cpu *cpu, unsigned cond)
{
    const sim_flags *f = &cpu->f;
    bool result;
    switch (cond >> 1) {
    case 0:
        result = f->z == 0;
        break;
    case 1:
        result = f->c != 0;
        break;
    case 2:
        result = f->n >> 31;
        break;
    case 3:
        result = f->v != 0;
        break;
    case 4:
        result = f->c && f->z;
        break;
    case 5:
        result = f->n >> 31 == f->v;
        break;
    case 6:
        result = f->z && f->n >> 31 == f->v;
        break;
    default:
        return true;
    }
    return cond & 1u ? !result : result;
}
uint32_t sim_apsr(const sim_cpu *cpu);
void sim_set_apsr_nzcvq(sim_cpu *cpu, uint32_t value);

/* ---- branches */
static inline uint32_t sim_branch_to(sim_cpu *cpu, uint32_t target, uint32_t cost)
{
    cpu->cycles += cost + cpu->branch_wait;
    return sim_next_at(cpu, target & ~1u);
}
/* BXWritePC and LoadWritePC: interworking bit, and exception return in Handler mode. */
uint32_t sim_branch_interwork(sim_cpu *cpu, uint32_t pc, uint32_t target);

static inline void sim_write_reg(sim_cpu *cpu, unsigned n, uint32_t value)
{
    cpu->r[n] = n == 13 ? value & ~3u : value;
}

/* ---- operations, by file */
enum sim_alu { /* exec_alu.c */
    ALU_AND, ALU_BIC, ALU_ORR, ALU_ORN, ALU_EOR, ALU_ADD, ALU_ADC, ALU_SBC, ALU_SUB, ALU_RSB,
    ALU_MOV, ALU_MVN, ALU_TST, ALU_TEQ, ALU_CMP, ALU_CMN, ALU_COUNT
};
/* Form: 0 immediate, 1 register, 2 shifted register; plus 3 when flags are set. rd, rn, rm;
 * imm is the constant (rm = 1: carry becomes its bit 31) or shift type << 8 | amount. */
enum { ALU_IMM, ALU_REG, ALU_SHIFTED, ALU_FLAGS, ALU_FORMS = 6 };
extern const sim_op sim_alu_ops[ALU_COUNT][ALU_FORMS];
enum sim_shift { SHIFT_LSL, SHIFT_LSR, SHIFT_ASR, SHIFT_ROR, SHIFT_RRX };
extern const sim_op sim_shift_imm_ops[3];   /* rd, rm, imm: sets flags (16-bit forms) */
extern const sim_op sim_shift_reg_ops[4][2]; /* rd, rn, rm; [1] sets flags */

SIM_OP(op_movw);
SIM_OP(op_movt);
SIM_OP(op_adr);      /* rd, imm signed, from Align(pc + 4, 4) */
SIM_OP(op_add_sp);   /* rd = SP + imm; also for rd = 13 */
SIM_OP(op_add_hi);   /* rd += rm, either may be PC */
SIM_OP(op_mov_hi);
SIM_OP(op_to_sp);    /* any ALU result to SP: rd = 13, rn, rm, imm = subtract << 16 | shift */
SIM_OP(op_bfi);      /* rd, rn, rm = lsb, imm = width */
SIM_OP(op_bfc);
SIM_OP(op_ubfx);
SIM_OP(op_sbfx);
SIM_OP(op_ssat);     /* rd, rn, rm = bits, imm = shift */
SIM_OP(op_usat);
SIM_OP(op_ssat16);
SIM_OP(op_usat16);
SIM_OP(op_extend);   /* rd, rn (15: none), rm, imm = kind << 8 | rotation */
SIM_OP(op_uxtb);
SIM_OP(op_uxth);
SIM_OP(op_sxtb);
SIM_OP(op_sxth);
SIM_OP(op_rev);
SIM_OP(op_rev16);
SIM_OP(op_revsh);
SIM_OP(op_rbit);
SIM_OP(op_clz);
SIM_OP(op_pkh);      /* rd, rn, rm, imm = tb << 8 | shift */

/* exec_mem.c: rd = rt; size index: 0 B, 1 H, 2 W, 3 SB, 4 SH */
extern const sim_op sim_load_imm_ops[5], sim_load_reg_ops[5], sim_load_lit_ops[5];
extern const sim_op sim_load_idx_ops[5][2]; /* [0] pre-, [1] post-indexed */
extern const sim_op sim_store_imm_ops[3], sim_store_reg_ops[3], sim_store_idx_ops[3][2];
SIM_OP(op_ldr_pc_imm);
SIM_OP(op_ldr_pc_reg);
SIM_OP(op_ldr_pc_lit);
SIM_OP(op_ldr_pc_pre);
SIM_OP(op_ldr_pc_post);
SIM_OP(op_load_user);  /* LDRT and the like: imm = size index << 8 | offset */
SIM_OP(op_store_user);
SIM_OP(op_ldmia);    /* rn, imm = list, rd = how many, rm = write back */
SIM_OP(op_ldmdb);
SIM_OP(op_stmia);
SIM_OP(op_stmdb);
SIM_OP(op_push);     /* imm = list, rd = how many */
SIM_OP(op_pop);      /* imm = list without PC */
SIM_OP(op_pop_pc);   /* imm = list with PC */
SIM_OP(op_ldrd);     /* rd, rm = second, rn, imm = offset | flags below */
SIM_OP(op_strd);
enum { DUAL_INDEX = 1u << 28, DUAL_WRITE_BACK = 1u << 29, DUAL_ADD = 1u << 30 };
SIM_OP(op_ldrex);    /* rd, rn, imm offset */
SIM_OP(op_strex);    /* rd = status, rm = value, rn, imm offset */
SIM_OP(op_ldrexb);
SIM_OP(op_ldrexh);
SIM_OP(op_strexb);
SIM_OP(op_strexh);
SIM_OP(op_clrex);

/* exec_branch.c */
extern const sim_op sim_branch_cond_ops[14]; /* imm */
SIM_OP(op_b);
SIM_OP(op_b_self);
SIM_OP(op_bl);
SIM_OP(op_bx);
SIM_OP(op_blx);
SIM_OP(op_cbz);
SIM_OP(op_cbnz);
SIM_OP(op_tbb);
SIM_OP(op_tbh);
SIM_OP(op_it);       /* imm = ITSTATE */

/* exec_sys.c */
SIM_OP(op_nop);
SIM_OP(op_undefined);
SIM_OP(op_svc);
SIM_OP(op_bkpt);
SIM_OP(op_cps);      /* imm: bits as encoded: 4 disable, 1 I -> 2, F -> 1 */
SIM_OP(op_mrs);      /* rd, imm = SYSm */
SIM_OP(op_msr);      /* rn, imm = SYSm, rm = mask */
SIM_OP(op_wfi);
SIM_OP(op_wfe);
SIM_OP(op_sev);
SIM_OP(op_coprocessor); /* imm = number */

/* exec_v8m.c */
SIM_OP(op_lda);      /* rd, rn, imm = size */
SIM_OP(op_stl);
SIM_OP(op_tt);       /* rd, rn, imm = as unprivileged */
/* Replaces the operation by one that looks at the stack limit, where it moves SP. */
void sim_check_stack(sim_insn *i);
/* false: SP, or SP as it will be, is below the limit, and the fault is raised. */
bool sim_stack_allows(sim_cpu *cpu, uint32_t after);

/* exec_fp.c: rd, rn, rm number single or double registers; imm is an operation or a
 * rounding mode (fp_soft.h), and flags. */
enum sim_fp_operation {
    FP_MLA, FP_MLS, FP_NMLS, FP_NMLA, FP_MUL, FP_NMUL, FP_ADD, FP_SUB, FP_DIV, FP_FNMS, FP_FNMA,
    FP_FMA, FP_FMS, FP_MAX, FP_MIN, FP_NONE
};
enum { FP_MOV, FP_ABS, FP_NEG, FP_SQRT };
enum {
    FP_IS_DOUBLE = 1u << 8,
    FP_CURRENT_MODE = 1u << 9, /* rounding as FPSCR says */
    FP_SIGNED = 1u << 10,
    FP_EXACT = 1u << 11,
    FP_SIGNALS = 1u << 12, /* VCMPE */
    FP_WITH_ZERO = 1u << 13,
    FP_TO_FIXED = 1u << 14,
    FP_TOP = 1u << 15,
    FP_TO_HALF = 1u << 16,
    FP_DECREMENT = 1u << 17, /* lists */
    FP_WRITE_BACK = 1u << 18
};
SIM_OP(op_fp_binary);
SIM_OP(op_fp_unary);
SIM_OP(op_fp_mov_imm);
SIM_OP(op_fp_compare);
SIM_OP(op_fp_round);
SIM_OP(op_fp_select);
SIM_OP(op_fp_to_integer);
SIM_OP(op_fp_from_integer);
SIM_OP(op_fp_fixed);
SIM_OP(op_fp_half);
SIM_OP(op_fp_precision);

/* exec_fp_move.c */
SIM_OP(op_fp_load);       /* rd = first single register, rm = how many, rn, imm = offset */
SIM_OP(op_fp_store);
SIM_OP(op_fp_load_list);  /* the same; imm = bytes and flags */
SIM_OP(op_fp_store_list);
SIM_OP(op_fp_to_core);    /* rd = core register, rn = single register */
SIM_OP(op_fp_from_core);
SIM_OP(op_fp_to_core_two);/* rd, rn = core registers, rm = the first of two */
SIM_OP(op_fp_from_core_two);
SIM_OP(op_vmrs);
SIM_OP(op_vmsr);

/* exec_mul.c: rd, rn, rm; imm = ra where there is one */
SIM_OP(op_mul);
SIM_OP(op_muls);
SIM_OP(op_mla);
SIM_OP(op_mls);
SIM_OP(op_udiv);
SIM_OP(op_sdiv);
/* Long ones: rd = RdHi, imm & 15 = RdLo. */
SIM_OP(op_umull);
SIM_OP(op_smull);
SIM_OP(op_umlal);
SIM_OP(op_smlal);
SIM_OP(op_umaal);
/* DSP multiplies: imm & 15 = ra, or RdLo; bit 4: N/top of rn or exchange or round; bit 5: M. */
SIM_OP(op_smulxy);
SIM_OP(op_smlaxy);
SIM_OP(op_smulwy);
SIM_OP(op_smlawy);
SIM_OP(op_smuad);
SIM_OP(op_smusd);
SIM_OP(op_smlad);
SIM_OP(op_smlsd);
SIM_OP(op_smmul);
SIM_OP(op_smmla);
SIM_OP(op_smmls);
SIM_OP(op_smlalxy);
SIM_OP(op_smlald);
SIM_OP(op_smlsld);
SIM_OP(op_usad8);
SIM_OP(op_usada8);

/* exec_dsp.c */
SIM_OP(op_parallel); /* rd, rn, rm, imm = prefix << 4 | operation, see the file */
SIM_OP(op_qadd);     /* rd, rn, rm, imm: 0 QADD, 1 QDADD, 2 QSUB, 3 QDSUB */
SIM_OP(op_sel);

#endif
