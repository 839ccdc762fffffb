/* Exceptions: priority, entry, return, faults and their escalation (DDI 0403 B1.5). */
#include "sim/cpu/internal.h"

enum { FRAME_BYTES = 32, FP_FRAME_BYTES = 104, NO_PRIORITY = 256 };
#define EXC_RETURN_BASIC (1u << 4) /* no floating-point part in the frame */

static int group_priority(const sim_cpu *cpu, int priority)
{
    if (priority < 0)
        return priority;
    unsigned split = cpu->aircr_prigroup + 1u; /* bits below are the subpriority */
    return split > 7 ? 0 : (int)((unsigned)priority >> split << split);
}

int sim_exception_priority(const sim_cpu *cpu, unsigned exception)
{
    switch (exception) {
    case SIM_EXC_RESET:
        return -3;
    case SIM_EXC_NMI:
        return -2;
    case SIM_EXC_HARDFAULT:
        return -1;
    default:
        return cpu->priority[exception];
    }
}

static int active_priority(const sim_cpu *cpu)
{
    int highest = NO_PRIORITY;
    for (unsigned w = 0; w < SIM_EXCEPTION_WORDS; w++)
        for (uint32_t left = cpu->active[w]; left; left &= left - 1u) {
            unsigned n = 32u * w + (unsigned)__builtin_ctz(left);
            int p = group_priority(cpu, sim_exception_priority(cpu, n));
            if (p < highest)
                highest = p;
        }
    return highest;
}

static int boosted(const sim_cpu *cpu, int active, bool with_primask)
{
    int boost = NO_PRIORITY;
    if (cpu->basepri)
        boost = group_priority(cpu, (int)cpu->basepri);
    if (with_primask && cpu->primask)
        boost = 0;
    if (cpu->faultmask)
        boost = -1;
    return boost < active ? boost : active;
}

int sim_execution_priority(const sim_cpu *cpu)
{
    return boosted(cpu, active_priority(cpu), true);
}

unsigned sim_best_pending(const sim_cpu *cpu, int *priority)
{
    unsigned best = 0;
    int best_priority = NO_PRIORITY;
    for (unsigned w = 0; w < SIM_EXCEPTION_WORDS; w++)
        for (uint32_t left = cpu->pending[w] & cpu->enabled[w]; left; left &= left - 1u) {
            unsigned n = 32u * w + (unsigned)__builtin_ctz(left);
            int p = sim_exception_priority(cpu, n);
            if (p < best_priority) {
                best = n;
                best_priority = p;
            }
        }
    *priority = best ? group_priority(cpu, best_priority) : NO_PRIORITY;
    return best;
}

bool sim_wakes(sim_cpu *cpu)
{
    int priority;
    if (cpu->sleep_is_wfe && cpu->sleeping && cpu->event)
        return true;
    return sim_best_pending(cpu, &priority) &&
           priority < boosted(cpu, active_priority(cpu), false);
}

void sim_pend(sim_cpu *cpu, unsigned exception)
{
    if (!sim_bit(cpu->pending, exception) && (cpu->scr & SCR_SEVONPEND))
        cpu->event = true;
    sim_put_bit(cpu->pending, exception, true);
    sim_attention(cpu);
}

void sim_lock_up(sim_cpu *cpu, const char *why)
{
    cpu->lockup = why;
    sim_stop_run(cpu, SIM_CPU_LOCKUP);
}

bool sim_could_take(const sim_cpu *cpu, unsigned exception)
{
    return sim_bit(cpu->enabled, exception) &&
           group_priority(cpu, sim_exception_priority(cpu, exception)) <
               sim_execution_priority(cpu);
}

/* The exception that a fault comes to now: itself, HardFault, or 0 for lockup. */
static unsigned escalate(sim_cpu *cpu, unsigned exception)
{
    if (sim_could_take(cpu, exception))
        return exception;
    if (sim_execution_priority(cpu) <= -1)
        return 0;
    cpu->hfsr |= HFSR_FORCED;
    return SIM_EXC_HARDFAULT;
}

void sim_raise(sim_cpu *cpu, unsigned exception)
{
    unsigned taken = escalate(cpu, exception);
    if (taken)
        sim_pend(cpu, taken);
    else
        sim_lock_up(cpu, "a fault in HardFault or NMI");
}

void sim_fault_usage(sim_cpu *cpu, uint32_t cfsr_bit)
{
    cpu->abort = true;
    cpu->cfsr |= cfsr_bit;
    sim_raise(cpu, SIM_EXC_USAGEFAULT);
}

void sim_fault_bus(sim_cpu *cpu, uint32_t cfsr_bits, uint32_t address)
{
    cpu->abort = true;
    cpu->cfsr |= cfsr_bits;
    if (cfsr_bits & CFSR_BFARVALID)
        cpu->bfar = address;
    sim_raise(cpu, SIM_EXC_BUSFAULT);
}

void sim_fault_mem(sim_cpu *cpu, uint32_t cfsr_bits, uint32_t address)
{
    cpu->abort = true;
    cpu->cfsr |= cfsr_bits;
    if (cfsr_bits & CFSR_MMARVALID)
        cpu->mmfar = address;
    sim_raise(cpu, SIM_EXC_MEMMANAGE);
}

void sim_fault_debug(sim_cpu *cpu)
{
    cpu->abort = true;
    cpu->dfsr |= 2u;
    if (sim_could_take(cpu, SIM_EXC_DEBUGMON)) {
        sim_pend(cpu, SIM_EXC_DEBUGMON);
        return;
    }
    if (sim_execution_priority(cpu) <= -1) {
        sim_lock_up(cpu, "BKPT in HardFault or NMI");
        return;
    }
    cpu->hfsr |= HFSR_DEBUGEVT;
    sim_pend(cpu, SIM_EXC_HARDFAULT);
}

void sim_use_psp(sim_cpu *cpu, bool psp)
{
    if (psp == cpu->psp_in_use)
        return;
    uint32_t sp = cpu->r[13];
    cpu->r[13] = cpu->other_sp;
    cpu->other_sp = sp;
    cpu->psp_in_use = psp;
}

/* Reads the vector and starts the handler. */
static void take(sim_cpu *cpu, unsigned exception)
{
    uint32_t vector;
    sim_access answer =
        sim_raw_read(cpu, cpu->vtor + 4u * exception, 4, SIM_ACCESS_VECTOR, &vector);
    if (answer == SIM_ACCESS_STOP) {
        sim_stop_run(cpu, SIM_CPU_BUS_STOP);
        return;
    }
    if (answer != SIM_ACCESS_OK) {
        cpu->hfsr |= HFSR_VECTTBL;
        if (exception == SIM_EXC_HARDFAULT || exception == SIM_EXC_NMI ||
            sim_raw_read(cpu, cpu->vtor + 4u * SIM_EXC_HARDFAULT, 4, SIM_ACCESS_VECTOR, &vector) !=
                SIM_ACCESS_OK) {
            sim_lock_up(cpu, "no vector could be read");
            return;
        }
        exception = SIM_EXC_HARDFAULT;
    }
    sim_put_bit(cpu->pending, exception, false);
    sim_put_bit(cpu->active, exception, true);
    cpu->ipsr = exception;
    cpu->pc = vector & ~1u;
    cpu->t = vector & 1u;
    cpu->it = 0;
    cpu->control &= ~(CONTROL_SPSEL | CONTROL_FPCA);
    sim_use_psp(cpu, false);
    cpu->exclusive = false;
    cpu->event = true;
    sim_attention(cpu);
    if (cpu->hook)
        cpu->hook(cpu->hook_ctx, true, exception, cpu->pc);
}

/* What became of a frame: all well, a bus answer, or a fault of its own. */
typedef struct frame_result {
    sim_access answer;
    uint32_t cfsr;   /* with a fault: the bit, */
    unsigned fault;  /* and its exception */
} frame_result;

static frame_result frame_answer(const sim_cpu *cpu, sim_access answer, uint32_t mem_bit,
                                 uint32_t bus_bit)
{
    if (cpu->mpu_denied)
        return (frame_result){ answer, mem_bit, SIM_EXC_MEMMANAGE };
    return (frame_result){ answer, bus_bit, SIM_EXC_BUSFAULT };
}

static frame_result usage(uint32_t cfsr_bit)
{
    return (frame_result){ SIM_ACCESS_FAULT, cfsr_bit, SIM_EXC_USAGEFAULT };
}

/* The floating-point part: later (lazily), or at once. */
static frame_result push_fp(sim_cpu *cpu, uint32_t at, bool below_limit)
{
    const frame_result ok = { SIM_ACCESS_OK, 0, 0 };
    if (cpu->fpccr & FPCCR_LSPEN) {
        sim_fp_reserve(cpu, at, below_limit);
        return ok;
    }
    if (below_limit)
        return ok;
    if (!sim_fp_allowed(cpu))
        return usage(CFSR_NOCP);
    sim_access answer = sim_fp_stack(cpu, at);
    if (answer == SIM_ACCESS_OK)
        sim_fp_forget(cpu); /* the registers are UNKNOWN now */
    return answer == SIM_ACCESS_OK ? ok : frame_answer(cpu, answer, CFSR_MSTKERR, CFSR_STKERR);
}

static frame_result push_frame(sim_cpu *cpu)
{
    uint32_t sp = cpu->r[13];
    bool fp = cpu->control & CONTROL_FPCA;
    bool align = (fp || (cpu->ccr & CCR_STKALIGN)) && (sp & 4u);
    uint32_t at = sp - (fp ? FP_FRAME_BYTES : FRAME_BYTES) - (align ? 4u : 0);
    uint32_t psr = sim_cpu_xpsr(cpu);
    uint32_t frame[8] = { cpu->r[0],  cpu->r[1],  cpu->r[2], cpu->r[3],
                          cpu->r[12], cpu->r[14], cpu->pc,   psr | (align ? 1u << 9 : 0) };
    if (sim_below_limit(cpu, at)) { /* nothing is written */
        cpu->r[13] = cpu->sp_limit[cpu->psp_in_use];
        if (fp)
            push_fp(cpu, at + FRAME_BYTES, true);
        return usage(CFSR_STKOF);
    }
    cpu->r[13] = at;
    for (unsigned k = 0; k < 8; k++) {
        sim_access answer = sim_store_fast(cpu, at + 4u * k, 4, frame[k])
                                ? SIM_ACCESS_OK : sim_raw_write(cpu, at + 4u * k, 4, frame[k]);
        if (answer == SIM_ACCESS_STOP)
            cpu->r[13] = sp;
        if (answer != SIM_ACCESS_OK)
            return frame_answer(cpu, answer, CFSR_MSTKERR, CFSR_STKERR);
    }
    frame_result result = { SIM_ACCESS_OK, 0, 0 };
    if (fp)
        result = push_fp(cpu, at + FRAME_BYTES, false);
    if (result.answer == SIM_ACCESS_STOP)
        cpu->r[13] = sp;
    return result;
}

/* EXC_RETURN: ARMv7-M B1.5.8; ARMv8-M without the Security Extension, where bits 6 and 0
 * (secure) are 0. */
static uint32_t link_value(const sim_cpu *cpu)
{
    uint32_t basic = cpu->control & CONTROL_FPCA ? 0 : EXC_RETURN_BASIC;
    if (cpu->core->v8m)
        return 0xFFFFFFA0u | basic | (cpu->ipsr ? 0 : 8u) | (cpu->control & CONTROL_SPSEL) << 1;
    return 0xFFFFFFE1u | basic | (cpu->ipsr ? 0 : cpu->psp_in_use ? 12u : 8u);
}

void sim_exception_enter(sim_cpu *cpu, unsigned exception)
{
    uint32_t link = link_value(cpu);
    cpu->cycles += COST_ENTRY;
    cpu->sleeping = false;
    frame_result pushed = push_frame(cpu);
    if (pushed.answer == SIM_ACCESS_STOP) {
        sim_stop_run(cpu, SIM_CPU_BUS_STOP);
        return;
    }
    if (pushed.answer != SIM_ACCESS_OK) {
        /* A derived exception: it goes first where its priority is higher, and the other
         * way round stays pending behind the first (B1.5.11). */
        cpu->cfsr |= pushed.cfsr;
        unsigned derived = escalate(cpu, pushed.fault);
        if (!derived) {
            sim_lock_up(cpu, "stacking failed");
            return;
        }
        sim_put_bit(cpu->pending, derived, true);
        if (sim_exception_priority(cpu, derived) < sim_exception_priority(cpu, exception))
            exception = derived;
    }
    cpu->r[14] = link;
    take(cpu, exception);
}

static void deactivate(sim_cpu *cpu, unsigned exception)
{
    sim_put_bit(cpu->active, exception, false);
    if (exception != SIM_EXC_NMI)
        cpu->faultmask = 0;
    if (exception >= SIM_EXC_IRQ0 && sim_bit(cpu->level, exception))
        sim_pend(cpu, exception);
}

/* A return that is not legal, or whose frame cannot be read: the fault is taken in place
 * of the return, on the stack as it is. */
static void fault_in_return(sim_cpu *cpu, uint32_t cfsr_bit, unsigned fault, uint32_t link)
{
    cpu->cfsr |= cfsr_bit;
    unsigned taken = escalate(cpu, fault);
    if (!taken) {
        sim_lock_up(cpu, "a fault on exception return");
        return;
    }
    cpu->r[14] = link;
    take(cpu, taken);
}

static unsigned active_count(const sim_cpu *cpu)
{
    unsigned count = 0;
    for (unsigned w = 0; w < SIM_EXCEPTION_WORDS; w++)
        count += (unsigned)__builtin_popcount(cpu->active[w]);
    return count;
}

static void pop_frame(sim_cpu *cpu, const uint32_t frame[8], uint32_t at, bool fp)
{
    cpu->r[0] = frame[0];
    cpu->r[1] = frame[1];
    cpu->r[2] = frame[2];
    cpu->r[3] = frame[3];
    cpu->r[12] = frame[4];
    cpu->r[14] = frame[5];
    cpu->pc = frame[6] & ~1u;
    uint32_t psr = frame[7];
    bool aligned = (fp || (cpu->ccr & CCR_STKALIGN)) && (psr >> 9 & 1u);
    cpu->r[13] = at + (fp ? FP_FRAME_BYTES : FRAME_BYTES) + (aligned ? 4u : 0);
    sim_set_apsr_nzcvq(cpu, psr);
    cpu->ge = psr >> 16 & 15u;
    cpu->t = psr >> 24 & 1u;
    cpu->it = (uint8_t)((psr >> 25 & 3u) | (psr >> 8 & 0xFCu));
    cpu->it_loaded = true;
    cpu->control = (cpu->control & ~CONTROL_FPCA) | (fp ? CONTROL_FPCA : 0);
}

/* Legal combinations of EXC_RETURN and the state returned to. */
static bool return_is_legal(const sim_cpu *cpu, uint32_t exc_return)
{
    unsigned nested = active_count(cpu);
    if (cpu->core->v8m) /* S, ES and the reserved bit are 0, DCRS is 1 */
        return (exc_return & 0x00FFFFE3u) == 0x00FFFFA0u;
    if ((exc_return & 0x0FFFFFE0u) != 0x0FFFFFE0u)
        return false;
    switch (exc_return & 15u) {
    case 1:
        return nested > 1;
    case 9:
    case 13:
        return nested == 1 || (cpu->ccr & CCR_NONBASETHRDENA);
    default:
        return false;
    }
}

/* The core's part of the frame; then what FType says of the other. */
static frame_result read_frame(sim_cpu *cpu, uint32_t at, bool fp, uint32_t frame[8])
{
    const frame_result ok = { SIM_ACCESS_OK, 0, 0 };
    sim_access answer = SIM_ACCESS_OK;
    for (unsigned k = 0; k < 8 && answer == SIM_ACCESS_OK; k++)
        if (!sim_load_fast(cpu, at + 4u * k, 4, &frame[k]))
            answer = sim_raw_read(cpu, at + 4u * k, 4, SIM_ACCESS_DATA, &frame[k]);
    if (answer != SIM_ACCESS_OK)
        return frame_answer(cpu, answer, CFSR_MUNSTKERR, CFSR_UNSTKERR);
    if (!fp)
        return ok;
    if (cpu->fpccr & FPCCR_LSPACT) { /* never written: the registers still hold it */
        cpu->fpccr &= ~FPCCR_LSPACT;
        return ok;
    }
    if (!sim_fp_allowed(cpu)) { /* found after the core's part has been popped */
        memcpy(cpu->r, frame, 4 * sizeof frame[0]);
        cpu->r[12] = frame[4];
        return usage(CFSR_NOCP);
    }
    answer = sim_fp_unstack(cpu, at + FRAME_BYTES);
    return answer == SIM_ACCESS_OK ? ok : frame_answer(cpu, answer, CFSR_MUNSTKERR, CFSR_UNSTKERR);
}

/* Thread mode or another handler, by what EXC_RETURN says; the frame has been read. */
static uint32_t return_to(sim_cpu *cpu, unsigned from, uint32_t exc_return,
                          const uint32_t frame[8], uint32_t at)
{
    bool thread = exc_return & 8u, psp = thread && (exc_return & 4u);
    uint32_t to = frame[7] & 0x1FFu;
    if (thread ? to != 0 : to == 0) { /* pushed again, which leaves the frame as it is */
        if (!(exc_return & EXC_RETURN_BASIC))
            push_fp(cpu, at + FRAME_BYTES, false);
        fault_in_return(cpu, CFSR_INVPC, SIM_EXC_USAGEFAULT, exc_return | 0xF0000000u);
        return cpu->pc;
    }
    cpu->ipsr = to;
    if (thread || cpu->core->v8m)
        cpu->control = (cpu->control & ~CONTROL_SPSEL) | (exc_return >> 1 & CONTROL_SPSEL);
    sim_use_psp(cpu, psp);
    pop_frame(cpu, frame, at, !(exc_return & EXC_RETURN_BASIC));
    cpu->exclusive = false;
    cpu->event = true;
    if (cpu->hook)
        cpu->hook(cpu->hook_ctx, false, from, cpu->pc);
    if (thread && (cpu->scr & SCR_SLEEPONEXIT) && active_count(cpu) == 0) {
        cpu->sleeping = true;
        cpu->sleep_is_wfe = false;
    }
    return cpu->pc;
}

uint32_t sim_exception_return(sim_cpu *cpu, uint32_t exc_return)
{
    unsigned from = cpu->ipsr;
    int priority;
    uint32_t link = exc_return | 0xF0000000u;
    bool legal = sim_bit(cpu->active, from) && return_is_legal(cpu, exc_return);
    cpu->load_next = 1;
    if ((cpu->fpccr & FPCCR_CLRONRET) && (cpu->control & CONTROL_FPCA) &&
        !(cpu->fpccr & FPCCR_LSPACT))
        sim_fp_forget(cpu);
    deactivate(cpu, from);
    sim_attention(cpu);
    if (!legal) {
        fault_in_return(cpu, CFSR_INVPC, SIM_EXC_USAGEFAULT, link);
        return cpu->pc;
    }
    unsigned next = sim_best_pending(cpu, &priority);
    if (next && priority < sim_execution_priority(cpu)) {
        cpu->cycles += COST_TAIL_CHAIN;
        if (cpu->hook)
            cpu->hook(cpu->hook_ctx, false, from, cpu->pc);
        cpu->r[14] = link;
        take(cpu, next);
        return cpu->pc;
    }
    cpu->cycles += COST_RETURN;
    bool fp = !(exc_return & EXC_RETURN_BASIC), psp = (exc_return & 12u) == 12u;
    uint32_t at = psp ? cpu->other_sp : cpu->r[13], frame[8];
    frame_result read = read_frame(cpu, at, fp, frame);
    if (read.answer == SIM_ACCESS_OK)
        return return_to(cpu, from, exc_return, frame, at);
    if (read.answer == SIM_ACCESS_STOP) {
        sim_put_bit(cpu->active, from, true);
        sim_stop_run(cpu, SIM_CPU_BUS_STOP);
    } else {
        fault_in_return(cpu, read.cfsr, read.fault, link);
    }
    return cpu->pc;
}

void sim_exception_reset(sim_cpu *cpu)
{
    memset(cpu->pending, 0, sizeof cpu->pending);
    memset(cpu->enabled, 0, sizeof cpu->enabled);
    memset(cpu->active, 0, sizeof cpu->active);
    memset(cpu->priority, 0, sizeof cpu->priority);
    static const uint8_t always[] = { SIM_EXC_NMI, SIM_EXC_HARDFAULT, SIM_EXC_SVCALL,
                                      SIM_EXC_PENDSV, SIM_EXC_SYSTICK };
    for (size_t k = 0; k < sizeof always; k++)
        sim_put_bit(cpu->enabled, always[k], true);
    cpu->fresh = true;
}
