#include "tests/periph/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/periph/periph.h"

#define RAM_BASE 0x20000000u
#define RAM_BYTES 0x20000u
#define TRACE_BYTES 65536u

struct sim_cpu {
    uint64_t cycles;
    unsigned events;
};

struct sim_machine {
    struct sim_cpu cpu;
    sim_ps base_ps;
    uint64_t base_cycles;
    uint32_t hz;
    sim_event *queue;
    sim_periph *periphs;
    struct sim_part *part;
    void (*destroy)(struct sim_part *part);
    bool fb_mode, stopped;
    unsigned mem_mode, latency, reset_cause;
    uint32_t optr, random;
    uint8_t ram[RAM_BYTES];
    bool irq[102];
    bool standby;
    char text[400];
    char trace[TRACE_BYTES];
};

static const tb_chip chip = {.name = "stm32g474re", .device_id = 0x469, .flash_kib = 512};

/* ---- what the peripherals ask of the machine --------------------------------- */

uint64_t sim_cpu_cycles(const sim_cpu *cpu) { return cpu->cycles; }
void sim_cpu_stall(sim_cpu *cpu, uint64_t count) { cpu->cycles += count; }
void sim_cpu_event(sim_cpu *cpu) { cpu->events++; }
sim_cpu *sim_core(sim_machine *m) { return &m->cpu; }
const tb_chip *sim_chip(const sim_machine *m) { (void)m; return &chip; }
struct sim_part *sim_get_part(const sim_machine *m) { return m->part; }
uint32_t sim_hclk_hz(const sim_machine *m) { return m->hz; }
uint32_t sim_flash_optr(const sim_machine *m) { return m->optr; }
unsigned sim_flash_latency(const sim_machine *m) { return m->latency; }
void sim_flash_g4_new(sim_machine *m) { (void)m; }
void sim_irq(sim_machine *m, unsigned irq, bool level) { m->irq[irq] = level; }
bool sim_has_reading(const sim_machine *m, unsigned which) { (void)m, (void)which; return false; }
bool sim_in_standby(const sim_machine *m) { return m->standby; }
void sim_request_reset(sim_machine *m, unsigned cause) { m->reset_cause |= cause; }
bool sim_tracing(const sim_machine *m, unsigned category) { (void)m, (void)category; return true; }
bool sim_poll_busy(sim_machine *m) { return m != NULL; }
uint32_t sim_random(sim_machine *m) { return m->random = m->random * 1664525u + 1013904223u; }

void sim_set_part(sim_machine *m, struct sim_part *part, void (*destroy)(struct sim_part *part))
{
    m->part = part;
    m->destroy = destroy;
}

void sim_set_mapping(sim_machine *m, bool fb_mode, unsigned mem_mode)
{
    m->fb_mode = fb_mode;
    m->mem_mode = mem_mode;
}

void sim_get_mapping(const sim_machine *m, bool *fb_mode, unsigned *mem_mode)
{
    *fb_mode = m->fb_mode;
    *mem_mode = m->mem_mode;
}

sim_ps sim_now(const sim_machine *m)
{
    return m->base_ps +
           (sim_ps)((unsigned __int128)(m->cpu.cycles - m->base_cycles) * SIM_PS_PER_S / m->hz);
}

void sim_set_hclk(sim_machine *m, uint32_t hz)
{
    sim_ps now = m->hz != 0u ? sim_now(m) : 0u;
    m->base_ps = now;
    m->base_cycles = m->cpu.cycles;
    m->hz = hz;
}

void sim_cancel(sim_machine *m, sim_event *event)
{
    for (sim_event **at = &m->queue; event->queued && *at != NULL; at = &(*at)->next) {
        if (*at == event) {
            *at = event->next;
            event->queued = false;
            return;
        }
    }
}

void sim_schedule(sim_machine *m, sim_event *event, sim_ps when)
{
    sim_cancel(m, event);
    sim_event **at = &m->queue;
    while (*at != NULL && (*at)->when <= when) {
        at = &(*at)->next;
    }
    event->when = when;
    event->next = *at;
    event->queued = true;
    *at = event;
}

void sim_add_periph(sim_machine *m, sim_periph *periph)
{
    sim_periph **at = &m->periphs;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    periph->next = NULL;
    *at = periph;
}

void sim_stop(sim_machine *m, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!m->stopped) {
        vsnprintf(m->text, sizeof m->text, format, args);
    }
    m->stopped = true;
    va_end(args);
}

sim_access sim_unmodelled(sim_machine *m, const sim_periph *p, uint32_t offset, unsigned size,
                          bool write, uint32_t value, const char *why)
{
    sim_stop(m, "%s+0x%02X %s(%u) 0x%08X: %s", p->name, offset, write ? "write" : "read", size,
             value, why);
    return SIM_ACCESS_STOP;
}

void sim_trace(sim_machine *m, unsigned category, const char *format, ...)
{
    size_t used = strlen(m->trace);
    va_list args;
    (void)category;
    va_start(args, format);
    vsnprintf(m->trace + used, sizeof m->trace - used, format, args);
    va_end(args);
    used = strlen(m->trace);
    snprintf(m->trace + used, sizeof m->trace - used, "\n");
}

static sim_periph *at(sim_machine *m, uint32_t address)
{
    for (sim_periph *p = m->periphs; p != NULL; p = p->next) {
        if (address - p->base < p->bytes) {
            return p;
        }
    }
    return NULL;
}

sim_access sim_bus_read(sim_machine *m, uint32_t address, unsigned size, uint32_t *value)
{
    if (address - RAM_BASE < RAM_BYTES) {
        *value = 0;
        memcpy(value, &m->ram[address - RAM_BASE], size);
        return SIM_ACCESS_OK;
    }
    sim_periph *p = at(m, address);
    return p == NULL ? SIM_ACCESS_FAULT : p->read(p->self, address - p->base, size, value);
}

sim_access sim_bus_write(sim_machine *m, uint32_t address, unsigned size, uint32_t value)
{
    if (address - RAM_BASE < RAM_BYTES) {
        memcpy(&m->ram[address - RAM_BASE], &value, size);
        return SIM_ACCESS_OK;
    }
    sim_periph *p = at(m, address);
    return p == NULL ? SIM_ACCESS_FAULT : p->write(p->self, address - p->base, size, value);
}

/* ---- for the tests ---------------------------------------------------------------- */

uint32_t rd_sized(sim_machine *m, uint32_t address, unsigned size)
{
    uint32_t value = 0xDEADBEEFu;
    sim_access result = sim_bus_read(m, address, size, &value);
    if (result != SIM_ACCESS_OK) {
        fail_msg("read of 0x%08X: %s", address, m->text);
    }
    return value;
}

void wr_sized(sim_machine *m, uint32_t address, unsigned size, uint32_t value)
{
    if (sim_bus_write(m, address, size, value) != SIM_ACCESS_OK) {
        fail_msg("write of 0x%08X to 0x%08X: %s", value, address, m->text);
    }
}

uint32_t rd(sim_machine *m, uint32_t address) { return rd_sized(m, address, 4u); }
void wr(sim_machine *m, uint32_t address, uint32_t value) { wr_sized(m, address, 4u, value); }

const char *wr_stops(sim_machine *m, uint32_t address, uint32_t value)
{
    forgive(m);
    sim_bus_write(m, address, 4u, value);
    assert_true(m->stopped);
    m->stopped = false;
    return m->text;
}

const char *rd_stops(sim_machine *m, uint32_t address)
{
    uint32_t value;
    forgive(m);
    assert_int_equal(sim_bus_read(m, address, 4u, &value), SIM_ACCESS_STOP);
    assert_true(m->stopped);
    m->stopped = false;
    return m->text;
}

void set_bits(sim_machine *m, uint32_t address, uint32_t bits)
{
    wr(m, address, rd(m, address) | bits);
}

void clear_bits(sim_machine *m, uint32_t address, uint32_t bits)
{
    wr(m, address, rd(m, address) & ~bits);
}

static void advance(sim_machine *m, sim_ps when)
{
    unsigned __int128 need = (unsigned __int128)(when - m->base_ps) * m->hz;
    uint64_t target = m->base_cycles + (uint64_t)((need + SIM_PS_PER_S - 1u) / SIM_PS_PER_S);
    if (target > m->cpu.cycles) {
        m->cpu.cycles = target;
    }
}

void pass(sim_machine *m, sim_ps time)
{
    sim_ps until = sim_now(m) + time;
    while (m->queue != NULL && m->queue->when <= until) {
        sim_event *event = m->queue;
        m->queue = event->next;
        event->queued = false;
        advance(m, event->when);
        event->fire(event->self);
    }
    advance(m, until);
}

uint64_t cycles(sim_machine *m) { return m->cpu.cycles; }
bool irq_line(const sim_machine *m, unsigned irq) { return m->irq[irq]; }
unsigned events_sent(const sim_machine *m) { return m->cpu.events; }
unsigned reset_asked(const sim_machine *m) { return m->reset_cause; }
const char *stop_text(const sim_machine *m) { return m->stopped ? m->text : ""; }
void set_latency(sim_machine *m, unsigned wait_states) { m->latency = wait_states; }
void set_optr(sim_machine *m, uint32_t optr) { m->optr = optr; }
void set_standby(sim_machine *m, bool standby) { m->standby = standby; }
const char *trace_text(const sim_machine *m) { return m->trace; }
void reset_trace(sim_machine *m) { m->trace[0] = '\0'; }

void forgive(sim_machine *m)
{
    m->stopped = false;
    m->text[0] = '\0';
}

void reset_part(sim_machine *m, unsigned cause, bool backup_lost)
{
    m->reset_cause = 0;
    m->latency = 1;
    for (sim_periph *p = m->periphs; p != NULL; p = p->next) {
        p->reset(p->self, cause, backup_lost);
    }
    m->fb_mode = false;
    m->mem_mode = 0;
    pass(m, 0);
}

int bench_setup(void **state)
{
    sim_machine *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return 1;
    }
    m->latency = 1;
    m->optr = 0xFFEFF8AAu;
    sim_part_g4_build(m);
    reset_part(m, SIM_RESET_POWER, true);
    *state = m;
    return 0;
}

int bench_teardown(void **state)
{
    sim_machine *m = *state;
    m->destroy(m->part);
    free(m);
    return 0;
}

void clock_170_mhz(sim_machine *m)
{
    set_bits(m, RCC_APB1ENR1, 1u << 28);
    wr(m, PWR + 0x80u, 0);
    set_latency(m, 4);
    wr(m, RCC_PLLCFGR, 2u | 3u << 4 | 85u << 8 | 1u << 24);
    set_bits(m, RCC_CR, 1u << 24);
    pass(m, 20u * US);
    assert_int_equal(rd(m, RCC_CR) >> 25 & 1u, 1);
    wr(m, RCC_CFGR, 3u);
    assert_int_equal(rd(m, RCC_CFGR) & 0xCu, 0xCu);
    assert_int_equal(sim_hclk_hz(m), 170000000);
}
