/* The floating-point context: access, lazy preservation, the extended frame (DDI 0403 B1.5.7,
 * DDI 0553 B3.21). */
#include "sim/cpu/internal.h"

#include "sim/cpu/fp_soft.h"

enum { FRAME_FPSCR = 16, FP_FRAME_WORDS = 17, COST_PRESERVE = 17 };

bool sim_fp_allowed(const sim_cpu *cpu)
{
    uint32_t access = cpu->cpacr >> 20 & 3u;
    return access == 3 || (access == 1 && sim_privileged(cpu));
}

/* The fault exception, as it was ready when the frame was reserved. */
static void raise_lazily(sim_cpu *cpu, unsigned fault, uint32_t ready_bit)
{
    if (!(cpu->fpccr & ready_bit)) {
        if (!(cpu->fpccr & FPCCR_HFRDY)) {
            sim_lock_up(cpu, "a fault in lazy stacking that nothing can take");
            return;
        }
        cpu->hfsr |= HFSR_FORCED;
        fault = SIM_EXC_HARDFAULT;
    }
    sim_pend(cpu, fault);
}

/* Writes the frame that an exception entry has reserved. */
static sim_access write_frame(sim_cpu *cpu, uint32_t at)
{
    for (unsigned k = 0; k < FP_FRAME_WORDS; k++) {
        uint32_t word = k == FRAME_FPSCR ? cpu->fpscr : cpu->s[k];
        sim_access answer = sim_raw_write(cpu, at + 4u * k, 4, word);
        if (answer != SIM_ACCESS_OK)
            return answer;
    }
    return SIM_ACCESS_OK;
}

/* With the privilege of the code whose registers these are. */
static sim_access write_lazily(sim_cpu *cpu)
{
    uint32_t control = cpu->control;
    cpu->as_user = cpu->fpccr & FPCCR_USER;
    cpu->control &= ~CONTROL_NPRIV;
    sim_access answer = write_frame(cpu, cpu->fpcar);
    cpu->control = control;
    cpu->as_user = false;
    return answer;
}

static bool background_had_access(const sim_cpu *cpu)
{
    uint32_t access = cpu->cpacr >> 20 & 3u;
    return !cpu->core->v8m || access == 3 || !(cpu->fpccr & FPCCR_USER);
}

/* Nothing is written below a stack limit: that was told when the frame was reserved. */
static sim_access write_or_fault(sim_cpu *cpu)
{
    if (!background_had_access(cpu)) {
        cpu->cfsr |= CFSR_NOCP;
        raise_lazily(cpu, SIM_EXC_USAGEFAULT, FPCCR_UFRDY);
        return SIM_ACCESS_FAULT;
    }
    if (cpu->fpccr & FPCCR_SPLIMVIOL)
        return SIM_ACCESS_OK;
    cpu->cycles += COST_PRESERVE;
    sim_access answer = write_lazily(cpu);
    if (answer != SIM_ACCESS_FAULT)
        return answer;
    cpu->cfsr |= cpu->mpu_denied ? CFSR_MLSPERR : CFSR_LSPERR;
    if (cpu->mpu_denied)
        raise_lazily(cpu, SIM_EXC_MEMMANAGE, FPCCR_MMRDY);
    else
        raise_lazily(cpu, SIM_EXC_BUSFAULT, FPCCR_BFRDY);
    return SIM_ACCESS_FAULT;
}

/* false: the instruction ends here. */
static bool preserve(sim_cpu *cpu)
{
    int priority;
    sim_access answer = write_or_fault(cpu);
    if (answer == SIM_ACCESS_STOP)
        sim_stop_run(cpu, SIM_CPU_BUS_STOP);
    /* A fault that is taken at once: the instruction comes again after it. One that is not
     * leaves the context lost. */
    bool taken = answer == SIM_ACCESS_FAULT &&
                 (cpu->stop_pending || (sim_best_pending(cpu, &priority) &&
                                        priority < sim_execution_priority(cpu)));
    if (answer == SIM_ACCESS_STOP || taken) {
        cpu->abort = true;
        return false;
    }
    cpu->fpccr &= ~FPCCR_LSPACT;
    return true;
}

bool sim_fp_ready(sim_cpu *cpu, uint32_t pc)
{
    if (!sim_fp_allowed(cpu)) {
        cpu->pc = pc;
        sim_fault_usage(cpu, CFSR_NOCP);
        return false;
    }
    if (SIM_UNLIKELY(cpu->fpccr & FPCCR_LSPACT)) {
        cpu->pc = pc;
        if (!preserve(cpu))
            return false;
    }
    if (!(cpu->control & CONTROL_FPCA) && (cpu->fpccr & FPCCR_ASPEN)) {
        cpu->fpscr = cpu->fpdscr;
        cpu->control |= CONTROL_FPCA;
    }
    return true;
}

/* ---- exception entry and return ------------------------------------------------------ */

static uint32_t ready(const sim_cpu *cpu, unsigned exception, uint32_t bit)
{
    return sim_could_take(cpu, exception) ? bit : 0;
}

void sim_fp_reserve(sim_cpu *cpu, uint32_t frame, bool below_limit)
{
    uint32_t state = FPCCR_LSPACT;
    state |= sim_privileged(cpu) ? 0 : FPCCR_USER;
    state |= cpu->ipsr == 0 ? FPCCR_THREAD : 0;
    state |= ready(cpu, SIM_EXC_HARDFAULT, FPCCR_HFRDY) |
             ready(cpu, SIM_EXC_MEMMANAGE, FPCCR_MMRDY) |
             ready(cpu, SIM_EXC_BUSFAULT, FPCCR_BFRDY) |
             ready(cpu, SIM_EXC_DEBUGMON, FPCCR_MONRDY);
    if (cpu->core->v8m)
        state |= ready(cpu, SIM_EXC_USAGEFAULT, FPCCR_UFRDY) |
                 (below_limit ? FPCCR_SPLIMVIOL : 0);
    cpu->fpccr = (cpu->fpccr & FPCCR_CONTROL) | state;
    cpu->fpcar = frame;
}

sim_access sim_fp_stack(sim_cpu *cpu, uint32_t frame)
{
    return write_frame(cpu, frame);
}

sim_access sim_fp_unstack(sim_cpu *cpu, uint32_t frame)
{
    uint32_t words[FP_FRAME_WORDS];
    for (unsigned k = 0; k < FP_FRAME_WORDS; k++) {
        sim_access answer = sim_raw_read(cpu, frame + 4u * k, 4, SIM_ACCESS_DATA, &words[k]);
        if (answer != SIM_ACCESS_OK)
            return answer;
    }
    memcpy(cpu->s, words, sizeof words - 4u);
    cpu->fpscr = words[FRAME_FPSCR] & FPSCR_BITS;
    return SIM_ACCESS_OK;
}

void sim_fp_forget(sim_cpu *cpu)
{
    memset(cpu->s, 0, FRAME_FPSCR * sizeof cpu->s[0]);
    cpu->fpscr = 0;
}
