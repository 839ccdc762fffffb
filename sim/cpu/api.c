/* Interface: registers, time, interrupt lines. */
#include "sim/cpu/internal.h"

uint64_t sim_cpu_cycles(const sim_cpu *cpu)
{
    return cpu->cycles;
}

uint64_t sim_cpu_instructions(const sim_cpu *cpu)
{
    return cpu->instructions;
}

void sim_cpu_stall(sim_cpu *cpu, uint64_t cycles)
{
    cpu->cycles += cycles;
}

void sim_cpu_skip_to(sim_cpu *cpu, uint64_t cycles)
{
    if (cycles > cpu->cycles)
        cpu->cycles = cycles;
    sim_tick_sync(cpu);
}

void sim_cpu_irq(sim_cpu *cpu, unsigned irq, bool level)
{
    unsigned n = SIM_EXC_IRQ0 + irq;
    if (n >= cpu->exceptions)
        return;
    bool before = sim_bit(cpu->level, n);
    sim_put_bit(cpu->level, n, level);
    if (level && !before)
        sim_pend(cpu, n);
}

void sim_cpu_pend_nmi(sim_cpu *cpu)
{
    sim_pend(cpu, SIM_EXC_NMI);
}

void sim_cpu_event(sim_cpu *cpu)
{
    cpu->event = true;
    sim_attention(cpu);
}

uint32_t sim_cpu_reg(const sim_cpu *cpu, unsigned n)
{
    return n >= 15 ? cpu->pc : cpu->r[n];
}

void sim_cpu_set_reg(sim_cpu *cpu, unsigned n, uint32_t value)
{
    if (n >= 15)
        cpu->pc = value & ~1u;
    else
        cpu->r[n] = n == 13 ? value & ~3u : value;
    sim_attention(cpu);
}

uint32_t sim_cpu_xpsr(const sim_cpu *cpu)
{
    uint32_t it = (uint32_t)(cpu->it & 3u) << 25 | (uint32_t)(cpu->it >> 2) << 10;
    return sim_apsr(cpu) | it | (cpu->t ? 1u << 24 : 0) | cpu->ipsr;
}

void sim_cpu_set_xpsr(sim_cpu *cpu, uint32_t value)
{
    sim_set_apsr_nzcvq(cpu, value);
    cpu->ge = value >> 16 & 15u;
    cpu->t = value >> 24 & 1u;
    cpu->it = (uint8_t)((value >> 25 & 3u) | (value >> 8 & 0xFCu));
    cpu->ipsr = value & 0x1FFu;
    sim_attention(cpu);
}

uint32_t sim_cpu_pc(const sim_cpu *cpu)
{
    return cpu->pc;
}

const char *sim_cpu_stop_text(const sim_cpu *cpu)
{
    return cpu->stop_text;
}

void sim_cpu_set_exception_hook(sim_cpu *cpu, sim_cpu_exception_hook hook, void *ctx)
{
    cpu->hook = hook;
    cpu->hook_ctx = ctx;
}
