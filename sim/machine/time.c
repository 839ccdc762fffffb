/* Virtual time: cycles of the core on one side, picoseconds on the other. */
#include <assert.h>

#include "sim/cpu/cpu_state.h"
#include "sim/machine/state.h"

#define PS_PER_S SIM_PS_PER_S
#define MILLION 1000000ull

/* So many cycles times 10^12 fit into 64 bits, a rest below any hz added. */
#define NEAR_CYCLES 18000000u

/* floor(cycles * 10^12 / hz) without 128-bit arithmetic, and what is left over. */
static sim_ps cycles_to_ps(uint64_t cycles, uint32_t hz, uint64_t *rest)
{
    uint64_t seconds = cycles / hz, part = cycles % hz * MILLION;
    uint64_t us = part / hz, low = part % hz * MILLION;
    *rest = low % hz;
    return seconds * PS_PER_S + us * MILLION + low / hz;
}

/* ceil(ps * hz / 10^12). */
static uint64_t ps_to_cycles(sim_ps ps, uint32_t hz)
{
    uint64_t seconds = ps / PS_PER_S, rest = ps % PS_PER_S;
    uint64_t high = rest / MILLION * hz, low = rest % MILLION * hz;
    uint64_t whole = high / MILLION, part = high % MILLION * MILLION + low;
    return seconds * hz + whole + (part + PS_PER_S - 1u) / PS_PER_S;
}

static void base_is(sim_machine *m, sim_ps now)
{
    m->base_ps = now;
    m->base_cycles = sim_cpu_cycles(m->cpu);
    *m->seen = (sim_seen_time){.cycles = m->base_cycles, .ps = now};
}

/* From where it was looked at last: one division, and none where the core stands. */
sim_ps sim_now(const sim_machine *m)
{
    sim_seen_time *seen = m->seen;
    uint64_t now = m->cpu->cycles, since = now - seen->cycles;
    if (since == 0u) {
        return seen->ps;
    }
    if (since > NEAR_CYCLES) { /* or not since then */
        seen->ps = m->base_ps + cycles_to_ps(now - m->base_cycles, m->hz, &seen->rest);
    } else {
        uint64_t part = since * PS_PER_S + seen->rest;
        seen->ps += part / m->hz;
        seen->rest = part % m->hz;
    }
    seen->cycles = now;
    return seen->ps;
}

uint64_t sim_cycle_at(const sim_machine *m, sim_ps when)
{
    if (when <= m->base_ps) {
        return m->base_cycles;
    }
    if (when == SIM_NEVER) {
        return CYCLES_NEVER;
    }
    return m->base_cycles + ps_to_cycles(when - m->base_ps, m->hz); /* 2^64 ps are few seconds */
}

/* The fraction of a picosecond at the moment of a change is dropped: the same in every run. */
void sim_set_hclk(sim_machine *m, uint32_t hz)
{
    assert(hz > 0u);
    if (hz == m->hz) {
        return;
    }
    base_is(m, sim_now(m));
    m->hz = hz;
    sim_wake_up_run(m); /* the deadline in cycles is another one now */
}

void sim_rest_until(sim_machine *m, sim_ps when)
{
    assert(when >= sim_now(m));
    base_is(m, when);
}

uint32_t sim_hclk_hz(const sim_machine *m)
{
    return m->hz;
}

void sim_schedule(sim_machine *m, sim_event *event, sim_ps when)
{
    sim_cancel(m, event);
    event->when = when;
    event->queued = true;
    sim_event **at = &m->events;
    while (*at != NULL && (*at)->when <= when) {
        at = &(*at)->next;
    }
    event->next = *at;
    *at = event;
    if (m->running && m->events == event && sim_cycle_at(m, when) < m->deadline) {
        sim_wake_up_run(m);
    }
}

void sim_cancel(sim_machine *m, sim_event *event)
{
    if (!event->queued) {
        return;
    }
    sim_event **at = &m->events;
    while (*at != event) {
        assert(*at != NULL);
        at = &(*at)->next;
    }
    *at = event->next;
    event->next = NULL;
    event->queued = false;
}

static bool interrupted(const sim_machine *m)
{
    return m->power_cut || m->reset_pending != 0u || m->stopped;
}

void sim_fire_due(sim_machine *m, sim_ps now)
{
    while (m->events != NULL && m->events->when <= now && !interrupted(m)) {
        sim_event *event = m->events;
        m->events = event->next;
        event->next = NULL;
        event->queued = false;
        event->fire(event->self);
    }
}

bool sim_stall_until(sim_machine *m, sim_ps when)
{
    assert(when != SIM_NEVER);
    while (!interrupted(m)) {
        sim_ps next = when;
        if (m->events != NULL && m->events->when < when) {
            next = m->events->when;
        }
        uint64_t now = sim_cpu_cycles(m->cpu), target = sim_cycle_at(m, next);
        if (target > now) {
            sim_cpu_stall(m->cpu, target - now);
        }
        sim_fire_due(m, sim_now(m));
        if (sim_now(m) >= when) {
            return !interrupted(m);
        }
    }
    return false;
}

/* A loop that feeds a watchdog once in 16,384 polls still does so in time; where nobody feeds, the
 * bite is come to all the same. */
#define POLLS_TO_A_BITE 32768u

static uint64_t poll_target(const sim_machine *m, uint64_t now)
{
    uint64_t target = sim_cpu_next_tick(m->cpu);
    target = m->deadline < target ? m->deadline : target;
    for (const sim_event *e = m->events; e != NULL; e = e->next) {
        uint64_t at = sim_cycle_at(m, e->when);
        at = e->avertible && at > now ? now + (at - now) / POLLS_TO_A_BITE : at;
        target = at < target ? at : target;
    }
    return target;
}

bool sim_poll_busy(sim_machine *m)
{
    if (!m->options.skip_polls || !m->running || m->events == NULL) {
        return true;
    }
    uint64_t now = sim_cpu_cycles(m->cpu), target = poll_target(m, now);
    if (m->options.poll_most != 0u) {
        uint64_t most = sim_cycle_at(m, sim_now(m) + m->options.poll_most);
        target = most < target ? most : target;
    }
    if (target > now) {
        sim_cpu_stall(m->cpu, target - now);
    }
    sim_fire_due(m, sim_now(m));
    return !interrupted(m);
}
