/* SysTick. The counter is not stepped: it is known by the tick at which it becomes 0. */
#include "sim/cpu/internal.h"

enum { ENABLE = 1u, TICKINT = 2u, CLKSOURCE = 4u, COUNTFLAG = 1u << 16, MAX = 0xFFFFFFu };

static uint64_t divider(const sim_cpu *cpu)
{
    return cpu->tick.ctrl & CLKSOURCE ? 1 : 8; /* the external reference is HCLK / 8 */
}

static uint64_t ticks_now(const sim_cpu *cpu)
{
    return cpu->cycles / divider(cpu);
}

void sim_tick_sync(sim_cpu *cpu)
{
    sim_systick *s = &cpu->tick;
    if (!(s->ctrl & ENABLE) || s->stopped)
        return;
    uint64_t now = ticks_now(cpu);
    if (now < s->zero_tick)
        return;
    s->count_flag = true;
    if (s->ctrl & TICKINT)
        sim_pend(cpu, SIM_EXC_SYSTICK);
    if (s->reload == 0) {
        s->stopped = true;
        s->held = 0;
        return;
    }
    uint64_t period = (uint64_t)s->reload + 1u;
    s->zero_tick += ((now - s->zero_tick) / period + 1u) * period;
    s->wrap = period;
}

static uint32_t current(const sim_cpu *cpu)
{
    const sim_systick *s = &cpu->tick;
    if (!(s->ctrl & ENABLE) || s->stopped)
        return s->held;
    /* At the tick of the zero itself sync has moved zero_tick on by a whole period. */
    uint64_t left = s->zero_tick - ticks_now(cpu);
    return left == s->wrap ? 0 : (uint32_t)left;
}

/* Counting goes on from `value`; 0 is followed by a reload. */
static void count_from(sim_cpu *cpu, uint32_t value)
{
    sim_systick *s = &cpu->tick;
    s->stopped = value == 0 && s->reload == 0;
    s->held = value;
    s->wrap = value ? 0 : (uint64_t)s->reload + 1u;
    s->zero_tick = ticks_now(cpu) + (value ? value : s->wrap);
    sim_attention(cpu);
}

uint64_t sim_cpu_next_tick(const sim_cpu *cpu)
{
    const sim_systick *s = &cpu->tick;
    if ((s->ctrl & (ENABLE | TICKINT)) != (ENABLE | TICKINT) || s->stopped)
        return UINT64_MAX;
    return s->zero_tick * divider(cpu);
}

void sim_tick_reset(sim_cpu *cpu)
{
    memset(&cpu->tick, 0, sizeof cpu->tick);
}

bool sim_tick_read(sim_cpu *cpu, uint32_t address, uint32_t *value)
{
    sim_systick *s = &cpu->tick;
    sim_tick_sync(cpu);
    switch (address) {
    case 0xE000E010u:
        *value = s->ctrl | (s->count_flag ? COUNTFLAG : 0);
        s->count_flag = false;
        return true;
    case 0xE000E014u:
        *value = s->reload;
        return true;
    case 0xE000E018u:
        *value = current(cpu);
        return true;
    case 0xE000E01Cu: /* SKEW and a 1 ms calibration that is not given */
        *value = 0x40000000u;
        return true;
    default:
        return false;
    }
}

bool sim_tick_write(sim_cpu *cpu, uint32_t address, uint32_t value, uint32_t lanes)
{
    sim_systick *s = &cpu->tick;
    sim_tick_sync(cpu);
    switch (address) {
    case 0xE000E010u: {
        uint32_t held = current(cpu);
        s->ctrl = ((s->ctrl & ~lanes) | (value & lanes)) & (ENABLE | TICKINT | CLKSOURCE);
        count_from(cpu, held);
        return true;
    }
    case 0xE000E014u:
        s->reload = ((s->reload & ~lanes) | (value & lanes)) & MAX;
        if (s->stopped && s->reload)
            count_from(cpu, 0);
        return true;
    case 0xE000E018u:
        s->count_flag = false;
        count_from(cpu, 0);
        return true;
    default:
        return address == 0xE000E01Cu;
    }
}
