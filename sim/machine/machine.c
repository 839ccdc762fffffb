/* Making the machine, resets, and the run. */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cpu/cpu_state.h"
#include "sim/machine/state.h"

#define SCR_SLEEPDEEP (1u << 2)

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15ull; /* splitmix64 */
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

void sim_set_random(sim_machine *m, uint64_t random)
{
    m->random = random;
}

uint32_t sim_random(sim_machine *m)
{
    sim_watch_random(m);
    return (uint32_t)(next_random(&m->random) >> 32);
}

void sim_poison(sim_machine *m, uint8_t *bytes, size_t count)
{
    while (count > 0u) {
        uint64_t value = next_random(&m->random);
        size_t part = count < sizeof value ? count : sizeof value;
        memcpy(bytes, &value, part);
        bytes += part;
        count -= part;
    }
}

/* ---- trace, stop ---- */

bool sim_tracing(const sim_machine *m, unsigned category)
{
    return (m->options.trace & category) != 0u && m->options.trace_line != NULL;
}

void sim_trace(sim_machine *m, unsigned category, const char *format, ...)
{
    static const char *const names[] = {"flash", "option", "gpio",     "uart",
                                        "irq",   "exception", "reset"};
    if (!sim_tracing(m, category)) {
        return;
    }
    unsigned which = 0;
    while (which + 1u < sizeof names / sizeof names[0] && (category >> which & 1u) == 0u) {
        which++;
    }
    char line[512];
    uint64_t ns = sim_now(m) / 1000u;
    int head = snprintf(line, sizeof line, "[%5" PRIu64 ".%06" PRIu64 " ms] %s: ", ns / 1000000u,
                        ns % 1000000u, names[which]);
    va_list args;
    va_start(args, format);
    vsnprintf(line + head, sizeof line - (size_t)head, format, args);
    va_end(args);
    m->options.trace_line(m->options.trace_ctx, line);
}

static void trace_exception(void *ctx, bool entry, unsigned number, uint32_t pc)
{
    sim_machine *m = ctx;
    const char *way = entry ? "enter" : "leave";
    if (number >= 16u) {
        sim_trace(m, SIM_TRACE_IRQ, "%s %u, PC 0x%08" PRIX32, way, number - 16u, pc);
    } else {
        sim_trace(m, SIM_TRACE_EXCEPTION, "%s %u, PC 0x%08" PRIX32, way, number, pc);
    }
}

void sim_wake_up_run(sim_machine *m)
{
    if (m->running) {
        sim_cpu_break(m->cpu);
    }
}

/* The first reason counts: what comes after it is a consequence. */
void sim_stop(sim_machine *m, const char *format, ...)
{
    if (!m->stopped) {
        m->stopped = true;
        va_list args;
        va_start(args, format);
        vsnprintf(m->text, sizeof m->text, format, args);
        va_end(args);
    }
    sim_wake_up_run(m);
}

void sim_break(sim_machine *m)
{
    m->breaking = true;
    sim_wake_up_run(m);
}

const char *sim_end_text(const sim_machine *m)
{
    return m->text;
}

/* ---- make and free ---- */

sim_machine *sim_new(const tb_chip *chip, const sim_options *options)
{
    const sim_family *family = chip == NULL || !chip->has_banks ? NULL : sim_family_of(chip);
    if (family == NULL) {
        return NULL;
    }
    sim_machine *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return NULL;
    }
    m->chip = chip;
    m->family = family;
    m->seen = calloc(1, sizeof *m->seen);
    if (m->seen == NULL) {
        abort();
    }
    if (options != NULL) {
        m->options = *options;
    }
    m->random = m->options.seed;
    m->hz = chip->reset_hz;
    sim_bus bus;
    sim_bus_init(m, &bus);
    m->cpu = sim_cpu_new(&family->core, &bus);
    if (m->cpu == NULL) {
        abort();
    }
    m->rams_off = family->gated_rams;
    sim_cpu_set_cache_hook(m->cpu, sim_dcache_told, m);
    for (unsigned i = 0; i < SIM_RAMS && family->rams[i].bytes != 0u; i++) {
        m->rams[i].bytes = calloc(1, family->rams[i].bytes);
        m->rams[i].code = sim_code_new(family->rams[i].bytes);
        if (m->rams[i].bytes == NULL || m->rams[i].code == NULL) {
            abort();
        }
    }
    sim_map_ram(m);
    if ((m->options.trace & (SIM_TRACE_IRQ | SIM_TRACE_EXCEPTION)) != 0u) {
        sim_cpu_set_exception_hook(m->cpu, trace_exception, m);
    }
    family->build(m);
    assert(m->flash != NULL);
    snprintf(m->text, sizeof m->text, "the machine has no power yet");
    return m;
}

void sim_free(sim_machine *m)
{
    if (m == NULL) {
        return;
    }
    if (m->part_destroy != NULL) {
        m->part_destroy(m->part);
    }
    if (m->flash != NULL) {
        m->flash->destroy(m->flash->self);
    }
    sim_free_cuts(m);
    sim_free_watch(m);
    sim_dcache_free(m);
    for (size_t i = 0; i < PERIPH_TOPS; i++) {
        free(m->slots[i]);
    }
    sim_cpu_free(m->cpu);
    for (unsigned i = 0; i < SIM_RAMS; i++) {
        sim_code_free(m->rams[i].code);
        free(m->rams[i].bytes);
    }
    free(m->seen);
    free(m);
}

const tb_chip *sim_chip(const sim_machine *m) { return m->chip; }
void sim_set_skip_polls(sim_machine *m, bool skip)
{
    m->options.skip_polls = skip;
}

bool sim_has_reading(const sim_machine *m, unsigned reading)
{
    return (m->options.readings & reading) != 0u;
}

bool sim_slowest_flash(const sim_machine *m)
{
    return m->options.slowest_flash;
}

sim_cpu *sim_core(sim_machine *m) { return m->cpu; }
uint64_t sim_instructions(const sim_machine *m) { return m->cpu->instructions; }

void sim_set_part(sim_machine *m, struct sim_part *part, void (*destroy)(struct sim_part *part))
{
    m->part = part;
    m->part_destroy = destroy;
}

struct sim_part *sim_get_part(const sim_machine *m) { return m->part; }
void sim_set_flash(sim_machine *m, const sim_flash_model *flash) { m->flash = flash; }
uint32_t sim_flash_optr(const sim_machine *m) { return m->flash->optr(m->flash->self); }
unsigned sim_flash_latency(const sim_machine *m) { return m->flash->latency(m->flash->self); }
uint8_t *sim_flash_bank(sim_machine *m, unsigned bank)
{
    return m->flash->bank(m->flash->self, bank);
}

bool sim_flash_load(sim_machine *m, uint32_t address, const uint8_t *data, size_t bytes)
{
    return m->flash->load(m->flash->self, address, data, bytes);
}

bool sim_flash_damage(sim_machine *m, unsigned bank, uint32_t offset, sim_damage damage)
{
    return m->flash->damage(m->flash->self, bank, offset, damage);
}

sim_unit sim_flash_unit(const sim_machine *m, unsigned bank, uint32_t offset, uint8_t *other)
{
    return m->flash->unit == NULL ? SIM_UNIT_WHOLE
                                  : m->flash->unit(m->flash->self, bank, offset, other);
}

void sim_irq(sim_machine *m, unsigned irq, bool level) { sim_cpu_irq(m->cpu, irq, level); }
bool sim_in_standby(const sim_machine *m) { return m->standby; }
void sim_nmi(sim_machine *m) { sim_cpu_pend_nmi(m->cpu); }

void sim_set_mapping(sim_machine *m, bool fb_mode, unsigned mem_mode)
{
    bool other = fb_mode != m->fb_mode;
    m->fb_mode = fb_mode;
    m->mem_mode = mem_mode;
    if (other) {
        m->flash->set_mapping(m->flash->self, fb_mode);
    }
}

void sim_get_mapping(const sim_machine *m, bool *fb_mode, unsigned *mem_mode)
{
    *fb_mode = m->fb_mode;
    *mem_mode = m->mem_mode;
}

/* ---- resets ---- */

void sim_request_reset(sim_machine *m, unsigned cause)
{
    m->reset_pending |= cause;
    sim_wake_up_run(m);
}

static void poison_ram(sim_machine *m, unsigned which, uint32_t bytes)
{
    sim_poison(m, m->rams[which].bytes, bytes);
    sim_code_invalidate(m->rams[which].code, 0u, bytes);
}

void sim_set_ram_clock(sim_machine *m, unsigned ram, bool on)
{
    unsigned bit = 1u << ram;
    if (on == ((m->rams_off & bit) == 0u)) {
        return;
    }
    m->rams_off ^= bit;
    if (on && (m->rams_lost & bit) != 0u) {
        poison_ram(m, ram, m->family->rams[ram].bytes);
        m->rams_lost &= ~bit;
    }
    if (!sim_watches_ram(m)) {
        sim_map_ram(m);
    }
}

/* An option of the part: one SRAM is erased at each system reset. */
static void erase_ram(sim_machine *m)
{
    const sim_family *f = m->family;
    if (f->cleared_optr_bit != 0u && (sim_flash_optr(m) >> f->cleared_optr_bit & 1u) == 0u) {
        memset(m->rams[f->cleared_ram].bytes, 0, f->rams[f->cleared_ram].bytes);
        sim_code_invalidate(m->rams[f->cleared_ram].code, 0u, f->rams[f->cleared_ram].bytes);
    }
}

static const char *cause_name(unsigned cause)
{
    static const char *const names[] = {"power-on", "pin", "software", "independent watchdog",
                                        "window watchdog", "option load", "low power",
                                        "wake from Standby"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((cause >> i & 1u) != 0u) {
            return names[i];
        }
    }
    return "none";
}

/* Where the core begins: the hardware's and the ROM's choice (RM0440 2.6, AN2606). */
static void boot(sim_machine *m)
{
    sim_boot to = m->flash->boot(m->flash->self);
    m->fb_mode = to.fb_mode;
    m->mem_mode = to.mem_mode;
    m->flash->set_mapping(m->flash->self, to.fb_mode);
    if (to.by_rom) {
        poison_ram(m, 0u, m->family->rom_uses_bytes);
    }
    sim_cpu_reset(m->cpu, to.vector_base, to.vtor);
    if (to.area == SIM_BOOT_SYSTEM) {
        sim_stop(m, "the ROM bootloader runs: %s",
                 to.by_rom ? "it is to choose a bank, and neither begins with a stack pointer in SRAM"
                           : "boot pins and option bytes select system memory");
    }
    sim_trace(m, SIM_TRACE_RESET, "starts in %s%s%s, SP 0x%08" PRIX32 ", PC 0x%08" PRIX32,
              to.area == SIM_BOOT_FLASH  ? "flash"
              : to.area == SIM_BOOT_SRAM ? "SRAM"
                                         : "system memory",
              to.fb_mode ? ", banks swapped" : "", to.by_rom ? ", by the ROM" : "",
              sim_cpu_reg(m->cpu, 13u), sim_cpu_reg(m->cpu, 15u));
}

static void reset(sim_machine *m, unsigned cause, bool backup_lost)
{
    m->reset_pending = 0;
    m->resets++;
    if (m->standby && (cause & SIM_RESET_POWER) == 0u) {
        cause |= SIM_RESET_STANDBY; /* whatever ends Standby is a wake too */
    }
    m->standby = false;
    m->stopped = m->locked_up = false;
    m->text[0] = '\0';
    sim_cuts_reset(m);
    sim_dcache_off(m);
    sim_trace(m, SIM_TRACE_RESET, "%s%s", cause_name(cause),
              backup_lost ? ", backup domain lost" : "");
    if ((cause & (SIM_RESET_POWER | SIM_RESET_STANDBY)) != 0u) {
        m->rams_lost = m->family->gated_rams;
        for (unsigned i = 0; i < SIM_RAMS; i++) {
            if ((m->rams_lost >> i & 1u) == 0u) {
                poison_ram(m, i, m->family->rams[i].bytes);
            }
        }
    }
    m->flash->reset(m->flash->self, cause);
    erase_ram(m);
    for (sim_periph *p = m->periphs; p != NULL; p = p->next) {
        if (p->reset != NULL) {
            p->reset(p->self, cause, backup_lost);
        }
    }
    boot(m);
}

void sim_power_on(sim_machine *m, bool backup_lost)
{
    bool lost = backup_lost || m->cut_backup_lost;
    m->powered = true;
    m->power_cut = m->cut_backup_lost = false;
    reset(m, SIM_RESET_POWER, lost);
}

unsigned sim_resets(const sim_machine *m) { return m->resets; }

void sim_pin_reset(sim_machine *m)
{
    if (m->powered && !m->power_cut) {
        reset(m, SIM_RESET_PIN, false);
    }
}

/* ---- the run ---- */

/* The core sleeps, or is locked up: to the next thing that happens. false: nothing will. */
static bool sleep_on(sim_machine *m, sim_ps until, bool locked)
{
    uint64_t tick = locked ? CYCLES_NEVER : sim_cpu_next_tick(m->cpu);
    uint64_t target = sim_cycle_at(m, until);
    bool idle = m->events == NULL && tick >= CYCLES_NEVER;
    if (m->events != NULL && sim_cycle_at(m, m->events->when) < target) {
        target = sim_cycle_at(m, m->events->when);
    }
    target = tick < target ? tick : target;
    if (target < CYCLES_NEVER && target > sim_cpu_cycles(m->cpu)) {
        sim_cpu_skip_to(m->cpu, target);
    }
    return !idle;
}

static bool interrupted(const sim_machine *m)
{
    return m->power_cut || m->reset_pending != 0u || m->stopped;
}

/* Standby leaves power to the backup domain, the wake-up logic and the watchdog. All else is
 * from here on as after a reset, so that nothing of it goes on; memory is lost by the wake. */
static void deep_sleep(sim_machine *m)
{
    const char *why_not = sim_deep_sleep(m);
    if (why_not != NULL) {
        sim_stop(m, "WFI or WFE with SCR.SLEEPDEEP, PC 0x%08" PRIX32 ": %s", sim_cpu_pc(m->cpu),
                 why_not);
        return;
    }
    sim_trace(m, SIM_TRACE_RESET, "Standby");
    m->standby = true;
    for (sim_periph *p = m->periphs; p != NULL; p = p->next) {
        if (p->reset != NULL) {
            p->reset(p->self, SIM_RESET_STANDBY, false);
        }
    }
}

/* What the core came back with. false: it is idle for good. */
static bool after_core(sim_machine *m, sim_cpu_stop stop, sim_ps until)
{
    switch (stop) {
    case SIM_CPU_DEADLINE:
    case SIM_CPU_BREAK:
        return true;
    case SIM_CPU_SLEEP:
        if ((m->cpu->scr & SCR_SLEEPDEEP) != 0u) {
            deep_sleep(m);
            return true;
        }
        return interrupted(m) || m->breaking || sleep_on(m, until, false);
    case SIM_CPU_RESET_REQUEST:
        sim_request_reset(m, SIM_RESET_SOFTWARE);
        return true;
    case SIM_CPU_LOCKUP:
        if (m->options.lockup_waits) {
            m->locked_up = true;
            sim_trace(m, SIM_TRACE_EXCEPTION, "lockup: %s", sim_cpu_stop_text(m->cpu));
        } else {
            sim_stop(m, "lockup: %s", sim_cpu_stop_text(m->cpu));
        }
        return true;
    case SIM_CPU_BUS_STOP:
        if (interrupted(m)) {
            return true; /* the access was cut short by a reset or by the end of power */
        }
        sim_stop(m, "the bus stopped at PC 0x%08" PRIX32, sim_cpu_pc(m->cpu));
        return true;
    case SIM_CPU_UNMODELLED:
        break;
    }
    sim_stop(m, "%s", sim_cpu_stop_text(m->cpu));
    return true;
}

/* Everything that ends a run or comes before the core's next instruction. */
static bool at_rest(sim_machine *m, sim_ps until, sim_end *end)
{
    sim_fire_due(m, sim_now(m));
    if (m->power_cut) {
        *end = SIM_END_POWER_CUT;
        return true;
    }
    if (m->stopped || !m->powered) {
        *end = SIM_END_STOP;
        return true;
    }
    if (m->reset_pending != 0u) {
        reset(m, m->reset_pending, false);
        return false;
    }
    if (m->breaking) {
        m->breaking = false;
        *end = SIM_END_BREAK;
        return true;
    }
    if (sim_now(m) >= until) {
        *end = SIM_END_TIME;
        return true;
    }
    return false;
}

sim_end sim_run(sim_machine *m, sim_ps until)
{
    sim_end end;
    bool idle = false;
    m->running = true;
    for (;;) {
        if (at_rest(m, until, &end)) {
            break;
        }
        if (interrupted(m)) {
            continue; /* a reset ended in a stop at once */
        }
        if (m->breaking) {
            continue; /* asked for as a reset came: before its first instruction */
        }
        sim_ps next = until;
        if (m->events != NULL && m->events->when < next) {
            next = m->events->when;
        }
        m->deadline = sim_cycle_at(m, next);
        if (m->locked_up || m->standby) {
            idle = !sleep_on(m, until, true);
        } else {
            idle = !after_core(m, sim_cpu_run(m->cpu, m->deadline), until);
        }
        if (idle) {
            end = SIM_END_IDLE;
            break;
        }
    }
    m->running = false;
    return end;
}
