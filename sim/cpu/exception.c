/* Exceptions: priority, entry, return, faults and their escalation (DDI 0403 B1.5). */
#include "sim/cpu/internal.h"

enum { FRAME_BYTES = 32, NO_PRIORITY = 256 };

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

static void lock_up(sim_cpu *cpu, const char *why)
{
    cpu->lockup = why;
    sim_stop_run(cpu, SIM_CPU_LOCKUP);
}

/* The exception that a fault comes to now: itself, HardFault, or 0 for lockup. */
static unsigned escalate(sim_cpu *cpu, unsigned exception)
{
    int now = sim_execution_priority(cpu);
    if (sim_bit(cpu->enabled, exception) &&
        group_priority(cpu, sim_exception_priority(cpu, exception)) < now)
        return exception;
    if (now <= -1)
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
        lock_up(cpu, "a fault in HardFault or NMI");
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
    if (sim_bit(cpu->enabled, SIM_EXC_DEBUGMON) &&
        group_priority(cpu, sim_exception_priority(cpu, SIM_EXC_DEBUGMON)) <
            sim_execution_priority(cpu)) {
        sim_pend(cpu, SIM_EXC_DEBUGMON);
        return;
    }
    if (sim_execution_priority(cpu) <= -1) {
        lock_up(cpu, "BKPT in HardFault or NMI");
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
            lock_up(cpu, "no vector could be read");
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
    cpu->control &= ~2u;
    sim_use_psp(cpu, false);
    cpu->exclusive = false;
    cpu->event = true;
    sim_attention(cpu);
    if (cpu->hook)
        cpu->hook(cpu->hook_ctx, true, exception, cpu->pc);
}

static sim_access push_frame(sim_cpu *cpu)
{
    uint32_t sp = cpu->r[13];
    bool align = (cpu->ccr & CCR_STKALIGN) && (sp & 4u);
    uint32_t at = sp - FRAME_BYTES - (align ? 4u : 0);
    uint32_t psr = sim_cpu_xpsr(cpu);
    uint32_t frame[8] = { cpu->r[0],  cpu->r[1],  cpu->r[2], cpu->r[3],
                          cpu->r[12], cpu->r[14], cpu->pc,   psr | (align ? 1u << 9 : 0) };
    cpu->r[13] = at;
    for (unsigned k = 0; k < 8; k++) {
        sim_access answer = sim_raw_write(cpu, at + 4u * k, 4, frame[k]);
        if (answer == SIM_ACCESS_STOP)
            cpu->r[13] = sp;
        if (answer != SIM_ACCESS_OK)
            return answer;
    }
    return SIM_ACCESS_OK;
}

void sim_exception_enter(sim_cpu *cpu, unsigned exception)
{
    uint32_t link = cpu->ipsr ? 0xFFFFFFF1u : cpu->psp_in_use ? 0xFFFFFFFDu : 0xFFFFFFF9u;
    cpu->cycles += COST_ENTRY;
    cpu->sleeping = false;
    sim_access pushed = push_frame(cpu);
    if (pushed == SIM_ACCESS_STOP) {
        sim_stop_run(cpu, SIM_CPU_BUS_STOP);
        return;
    }
    if (pushed != SIM_ACCESS_OK) {
        /* A derived exception: it goes first where its priority is higher, and the other
         * way round stays pending behind the first (B1.5.11). */
        cpu->cfsr |= cpu->mpu_denied ? CFSR_MSTKERR : CFSR_STKERR;
        unsigned fault = cpu->mpu_denied ? SIM_EXC_MEMMANAGE : SIM_EXC_BUSFAULT;
        unsigned derived = escalate(cpu, fault);
        if (!derived) {
            lock_up(cpu, "stacking failed");
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
        lock_up(cpu, "a fault on exception return");
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

static void pop_frame(sim_cpu *cpu, const uint32_t frame[8], uint32_t at)
{
    cpu->r[0] = frame[0];
    cpu->r[1] = frame[1];
    cpu->r[2] = frame[2];
    cpu->r[3] = frame[3];
    cpu->r[12] = frame[4];
    cpu->r[14] = frame[5];
    cpu->pc = frame[6] & ~1u;
    uint32_t psr = frame[7];
    bool aligned = (cpu->ccr & CCR_STKALIGN) && (psr >> 9 & 1u);
    cpu->r[13] = at + FRAME_BYTES + (aligned ? 4u : 0);
    sim_set_apsr_nzcvq(cpu, psr);
    cpu->ge = psr >> 16 & 15u;
    cpu->t = psr >> 24 & 1u;
    cpu->it = (uint8_t)((psr >> 25 & 3u) | (psr >> 8 & 0xFCu));
    cpu->it_loaded = true;
}

/* Legal combinations of EXC_RETURN and the state returned to. */
static bool return_is_legal(const sim_cpu *cpu, uint32_t exc_return)
{
    unsigned nested = active_count(cpu);
    if ((exc_return & 0x0FFFFFF0u) != 0x0FFFFFF0u)
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

uint32_t sim_exception_return(sim_cpu *cpu, uint32_t exc_return)
{
    unsigned from = cpu->ipsr;
    int priority;
    uint32_t link = exc_return | 0xF0000000u;
    bool legal = sim_bit(cpu->active, from) && return_is_legal(cpu, exc_return);
    cpu->load_next = 1;
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
    bool to_thread = (exc_return & 15u) != 1, psp = (exc_return & 15u) == 13;
    uint32_t at = psp ? cpu->other_sp : cpu->r[13], frame[8];
    for (unsigned k = 0; k < 8; k++) {
        sim_access answer = sim_raw_read(cpu, at + 4u * k, 4, SIM_ACCESS_DATA, &frame[k]);
        if (answer == SIM_ACCESS_OK)
            continue;
        if (answer == SIM_ACCESS_STOP) {
            sim_put_bit(cpu->active, from, true);
            sim_stop_run(cpu, SIM_CPU_BUS_STOP);
        } else if (cpu->mpu_denied) {
            fault_in_return(cpu, CFSR_MUNSTKERR, SIM_EXC_MEMMANAGE, link);
        } else {
            fault_in_return(cpu, CFSR_UNSTKERR, SIM_EXC_BUSFAULT, link);
        }
        return cpu->pc;
    }
    uint32_t to = frame[7] & 0x1FFu;
    if (to_thread ? to != 0 : to == 0) {
        fault_in_return(cpu, CFSR_INVPC, SIM_EXC_USAGEFAULT, link);
        return cpu->pc;
    }
    cpu->ipsr = to;
    if (to_thread) {
        cpu->control = (cpu->control & ~2u) | (psp ? 2u : 0);
        sim_use_psp(cpu, psp);
    }
    pop_frame(cpu, frame, at);
    cpu->exclusive = false;
    cpu->event = true;
    if (cpu->hook)
        cpu->hook(cpu->hook_ctx, false, from, cpu->pc);
    if (to_thread && (cpu->scr & SCR_SLEEPONEXIT) && active_count(cpu) == 0) {
        cpu->sleeping = true;
        cpu->sleep_is_wfe = false;
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
