/* The run loop, and the parts of the interface that are about running. */
#include "sim/cpu/internal.h"

#include <stdio.h>
#include <stdlib.h>

sim_cpu *sim_cpu_new(const sim_cpu_config *config, const sim_bus *bus)
{
    const sim_core_row *core = sim_core_find(config->core);
    sim_cpu *cpu = core ? calloc(1, sizeof *cpu) : NULL;
    if (!cpu)
        return NULL;
    cpu->config = *config;
    cpu->core = core;
    if (!cpu->config.cpuid)
        cpu->config.cpuid = core->cpuid;
    if (!cpu->config.mpu_regions)
        cpu->config.mpu_regions = core->mpu_regions;
    cpu->bus = *bus;
    cpu->exceptions = SIM_EXC_IRQ0 + config->irq_count;
    if (cpu->exceptions > SIM_MAX_EXCEPTIONS)
        cpu->exceptions = SIM_MAX_EXCEPTIONS;
    cpu->priority_mask = 0xFFu << (8u - config->priority_bits) & 0xFFu;
    for (unsigned k = 0; k < SIM_TABLES; k++)
        cpu->map[k] = sim_no_granules;
    sim_cpu_set_flash_line(cpu, 8);
    return cpu;
}

void sim_cpu_free(sim_cpu *cpu)
{
    if (!cpu)
        return;
    for (unsigned k = 0; k < SIM_TABLES; k++)
        free(cpu->table[k]);
    free(cpu);
}

void sim_cpu_reset(sim_cpu *cpu, uint32_t vector_base, uint32_t vtor)
{
    uint32_t sp = 0, entry = 0;
    memset(cpu->r, 0, sizeof cpu->r);
    cpu->r[14] = 0xFFFFFFFFu;
    cpu->f = (sim_flags){ .z = 1 };
    cpu->q = false;
    cpu->ge = cpu->it = 0;
    cpu->abort = cpu->exclusive = cpu->sleeping = cpu->event = false;
    cpu->stop_pending = 0;
    cpu->other_sp = 0;
    cpu->psp_in_use = false;
    cpu->ipsr = cpu->control = cpu->primask = cpu->faultmask = cpu->basepri = 0;
    memset(cpu->s, 0, sizeof cpu->s);
    cpu->fpscr = 0;
    cpu->sp_limit[0] = cpu->sp_limit[1] = 0;
    cpu->load_next = 1;
    cpu->pc = 0;
    sim_scs_reset(cpu);
    sim_exception_reset(cpu);
    cpu->vtor = vtor;
    cpu->stop_text[0] = '\0';
    cpu->lockup = "";
    cpu->t = true;
    sim_access first = sim_raw_read(cpu, vector_base, 4, SIM_ACCESS_VECTOR, &sp);
    sim_access second = sim_raw_read(cpu, vector_base + 4u, 4, SIM_ACCESS_VECTOR, &entry);
    if (first != SIM_ACCESS_OK || second != SIM_ACCESS_OK) {
        cpu->lockup = "the reset vector cannot be read";
        sim_stop_run(cpu, first == SIM_ACCESS_STOP || second == SIM_ACCESS_STOP ? SIM_CPU_BUS_STOP
                                                                                : SIM_CPU_LOCKUP);
    }
    cpu->r[13] = sp & ~3u;
    cpu->pc = entry & ~1u;
    cpu->t = entry & 1u;
}

void sim_stop_run(sim_cpu *cpu, sim_cpu_stop why)
{
    /* A model that stops the run has the better reason; the first one stays. */
    if (!cpu->stop_pending || cpu->stop_pending == 1u + SIM_CPU_BREAK)
        cpu->stop_pending = (uint8_t)(1u + (unsigned)why);
    sim_attention(cpu);
}

void sim_cpu_break(sim_cpu *cpu)
{
    sim_stop_run(cpu, SIM_CPU_BREAK);
}

/* ---- fetching ------------------------------------------------------------------------ */

/* Decodes the instruction at pc where there may be no record for it. */
static bool decode_at(sim_cpu *cpu, uint32_t pc, sim_insn *insn, bool *quiet)
{
    uint32_t hw1, hw2;
    if (!sim_fetch_slow(cpu, pc, pc, &hw1))
        return false;
    *quiet = false;
    if (!sim_is_wide(hw1)) {
        sim_decode16(hw1, insn, quiet);
    } else {
        if (!sim_fetch_slow(cpu, pc, pc + 2u, &hw2))
            return false;
        sim_decode32(cpu->core, hw1, hw2, insn);
    }
    if (cpu->core->v8m)
        sim_check_stack(insn);
    return true;
}

/* Fills the record of an instruction in mapped code; NULL after a fault or stop. */
static const sim_insn *decode_record(sim_cpu *cpu, sim_code *code, uint32_t pc, sim_insn *local)
{
    uint32_t index = (pc & (SIM_GRANULE_BYTES - 1u)) / 2u;
    sim_insn *record = &code->insn[index];
    bool quiet;
    if (!decode_at(cpu, pc, local, &quiet))
        return NULL;
    if (index == SIM_GRANULE_BYTES / 2 - 1 && local->len == 4) {
        /* It reaches into the next granule: kept only where that is the neighbour in
         * memory too, so that a store there finds this record. */
        sim_code *next = sim_granule_at(cpu, pc + 2u)->code;
        if (next != code + 1)
            return local;
        next->live[0] = 1;
    }
    code->live[index / 128u] = 1;
    if (index % 128u == 127u && index + 1u < SIM_GRANULE_BYTES / 2)
        code->live[index / 128u + 1u] = 1;
    if (quiet)
        code->quiet[index / 32u] |= 1u << (index % 32u);
    else
        code->quiet[index / 32u] &= ~(1u << (index % 32u));
    *record = *local;
    return record;
}

static sim_code *code_at(sim_cpu *cpu, uint32_t pc)
{
    const sim_granule *g = sim_granule_at(cpu, pc);
    cpu->branch_wait = (g->flags & SIM_MAP_FLASH) && !cpu->icache ? cpu->wait_states : 0;
    return g->flags & cpu->slow_flags & SIM_MAP_EXEC ? NULL : g->code;
}

/* One instruction, wherever it is. *quiet as in the record. NULL after a fault. */
static const sim_insn *fetch(sim_cpu *cpu, uint32_t pc, sim_insn *local, bool *quiet)
{
    sim_code *code = code_at(cpu, pc);
    if (!code)
        return decode_at(cpu, pc, local, quiet) ? local : NULL;
    uint32_t index = (pc & (SIM_GRANULE_BYTES - 1u)) / 2u;
    const sim_insn *insn = &code->insn[index];
    if (!insn->op) {
        insn = decode_record(cpu, code, pc, local);
        if (!insn)
            return NULL;
    }
    if (insn == local) {
        *quiet = false; /* only wide ones come back in local */
        return insn;
    }
    *quiet = code->quiet[index / 32u] >> (index % 32u) & 1u;
    return insn;
}

/* Without cache and prefetch every line is waited for. */
static void line_cost(sim_cpu *cpu, uint32_t pc)
{
    uint32_t line = pc >> cpu->line_shift;
    if (line == cpu->last_fetch_line)
        return;
    cpu->last_fetch_line = line;
    if (sim_granule_at(cpu, pc)->flags & SIM_MAP_FLASH)
        cpu->cycles += cpu->wait_states;
}

/* ---- IT ------------------------------------------------------------------------------ */

static void advance_it(sim_cpu *cpu)
{
    cpu->it = cpu->it & 7u ? (uint8_t)((cpu->it & 0xE0u) | ((unsigned)cpu->it << 1 & 0x1Fu)) : 0;
}

/* An instruction of the block: done where the condition holds. Returns the next pc. */
static inline uint32_t do_in_it(sim_cpu *cpu, const sim_insn *insn, bool quiet, uint32_t pc)
{
    cpu->cycles++;
    cpu->instructions++;
    uint32_t next = pc + insn->len;
    if (sim_condition(cpu, cpu->it >> 4) || insn->op == op_bkpt) { /* BKPT has no condition */
        sim_flags kept = cpu->f;
        cpu->pc = pc;
        cpu->chain_until = 0;
        /* IT within IT is UNPREDICTABLE. */
        sim_op op = insn->op == op_it ? op_undefined : insn->op;
        next = op(cpu, insn, pc);
        if (quiet)
            cpu->f = kept;
    }
    if (cpu->abort)
        return next;
    /* An exception return brings its own ITSTATE. */
    if (cpu->it_loaded)
        cpu->it_loaded = false;
    else
        advance_it(cpu);
    return next;
}

static uint32_t step_in_it(sim_cpu *cpu, uint32_t pc)
{
    sim_insn local;
    bool quiet;
    if (cpu->fetch_by_line)
        line_cost(cpu, pc);
    const sim_insn *insn = fetch(cpu, pc, &local, &quiet);
    return insn ? do_in_it(cpu, insn, quiet, pc) : pc;
}

/* Decoded, and in the granule that the loop is in? */
static inline const sim_insn *at_hand(const sim_cpu *cpu, uint32_t pc, bool *quiet)
{
    const sim_code *code = cpu->window_code;
    uint32_t index = (pc & (SIM_GRANULE_BYTES - 1u)) / 2u;
    if (!code || (pc ^ cpu->window) >= SIM_GRANULE_BYTES || !code->insn[index].op)
        return NULL;
    *quiet = code->quiet[index / 32u] >> (index % 32u) & 1u;
    return &code->insn[index];
}

uint32_t sim_it_block(sim_cpu *cpu, uint32_t pc)
{
    while (cpu->it && cpu->cycles < cpu->stop_at) {
        bool quiet;
        const sim_insn *insn = at_hand(cpu, pc, &quiet);
        pc = insn ? do_in_it(cpu, insn, quiet, pc) : step_in_it(cpu, pc);
    }
    return pc;
}

/* ---- the loop ------------------------------------------------------------------------ */

/* Where the compiler makes no jumps of the calls at the operations' ends, the stack grows until
 * the loop is returned to. */
#define CHAIN_CYCLES 256u

static void run_block(sim_cpu *cpu)
{
    uint32_t pc = cpu->pc;
    if (cpu->it)
        pc = sim_it_block(cpu, pc);
    cpu->window = ~pc; /* of another granule: filled at once */
    while (cpu->cycles < cpu->stop_at) {
        if ((pc ^ cpu->window) >= SIM_GRANULE_BYTES) {
            cpu->window = pc & ~(SIM_GRANULE_BYTES - 1u);
            cpu->window_code = code_at(cpu, pc);
            if (!cpu->window_code || cpu->fetch_by_line)
                break;
        }
        const sim_insn *insn = &cpu->window_code->insn[(pc & (SIM_GRANULE_BYTES - 1u)) / 2u];
        sim_insn local;
        if (SIM_UNLIKELY(!insn->op)) {
            insn = decode_record(cpu, cpu->window_code, pc, &local);
            if (!insn)
                break;
        }
        cpu->cycles++;
        cpu->instructions++;
        uint64_t far = cpu->cycles + CHAIN_CYCLES;
        cpu->chain_until = far < cpu->stop_at ? far : cpu->stop_at;
        pc = insn->op(cpu, insn, pc);
    }
    cpu->chain_until = 0;
    cpu->window_code = NULL;
    cpu->pc = pc;
}

static bool needs_slow(sim_cpu *cpu)
{
    return cpu->fetch_by_line || !code_at(cpu, cpu->pc);
}

/* One instruction by the slow way: unmapped code, single steps. */
static void run_one(sim_cpu *cpu)
{
    uint32_t pc = cpu->pc;
    if (cpu->it) {
        cpu->pc = step_in_it(cpu, pc);
        return;
    }
    if (cpu->fetch_by_line)
        line_cost(cpu, pc);
    sim_insn local;
    bool quiet;
    const sim_insn *insn = fetch(cpu, pc, &local, &quiet);
    if (!insn)
        return;
    cpu->cycles++;
    cpu->instructions++;
    cpu->pc = insn->op(cpu, insn, pc);
}

/* Where each line of code is waited for: as run_block(), but that no operation goes on by
 * itself. */
static void run_lines(sim_cpu *cpu)
{
    uint32_t pc = cpu->it ? sim_it_block(cpu, cpu->pc) : cpu->pc;
    uint32_t window = ~pc, wait = 0;
    sim_code *code = NULL;
    while (cpu->cycles < cpu->stop_at) {
        if ((pc ^ window) >= SIM_GRANULE_BYTES) {
            code = code_at(cpu, pc);
            if (!code)
                break;
            window = pc & ~(SIM_GRANULE_BYTES - 1u);
            wait = sim_granule_at(cpu, pc)->flags & SIM_MAP_FLASH ? cpu->wait_states : 0;
        }
        if (pc >> cpu->line_shift != cpu->last_fetch_line) {
            cpu->last_fetch_line = pc >> cpu->line_shift;
            cpu->cycles += wait;
        }
        sim_insn local;
        const sim_insn *insn = &code->insn[(pc & (SIM_GRANULE_BYTES - 1u)) / 2u];
        if (SIM_UNLIKELY(!insn->op)) {
            insn = decode_record(cpu, code, pc, &local);
            if (!insn)
                break;
        }
        cpu->cycles++;
        cpu->instructions++;
        /* A branch to itself stays in its line: all rounds cost the same where the instruction
         * need not be read anew. */
        if (insn->op == op_b_self && insn != &local)
            cpu->chain_until = cpu->stop_at;
        pc = insn->op(cpu, insn, pc);
        cpu->chain_until = 0;
    }
    cpu->pc = pc;
}

static bool take_stop(sim_cpu *cpu, sim_cpu_stop *why)
{
    if (!cpu->stop_pending)
        return false;
    *why = (sim_cpu_stop)(cpu->stop_pending - 1u);
    cpu->stop_pending = 0;
    if (*why == SIM_CPU_LOCKUP)
        snprintf(cpu->stop_text, sizeof cpu->stop_text,
                 "lockup: %s, PC 0x%08X, CFSR 0x%08X, HFSR 0x%08X, BFAR 0x%08X", cpu->lockup,
                 (unsigned)cpu->pc, (unsigned)cpu->cfsr, (unsigned)cpu->hfsr, (unsigned)cpu->bfar);
    return true;
}

/* Between instructions: exceptions and sleep. true: the caller may go on. */
static bool settle(sim_cpu *cpu, bool *entered)
{
    int priority;
    *entered = false;
    cpu->abort = false;
    cpu->it_loaded = false;
    if (cpu->fresh) {
        cpu->fresh = false;
        for (unsigned w = 0; w < SIM_EXCEPTION_WORDS; w++)
            cpu->pending[w] |= cpu->level[w];
    }
    sim_tick_sync(cpu);
    if (cpu->sleeping) {
        if (!sim_wakes(cpu))
            return false;
        cpu->sleeping = false;
        if (cpu->sleep_is_wfe)
            cpu->event = false;
    }
    unsigned best = sim_best_pending(cpu, &priority);
    if (best && priority < sim_execution_priority(cpu)) {
        sim_exception_enter(cpu, best);
        *entered = true;
    } else if (!cpu->t) {
        sim_fault_usage(cpu, CFSR_INVSTATE);
        *entered = true;
    }
    return true;
}

sim_cpu_stop sim_cpu_run(sim_cpu *cpu, uint64_t deadline_cycles)
{
    sim_cpu_stop why;
    bool entered;
    for (;;) {
        if (take_stop(cpu, &why))
            return why;
        if (cpu->cycles >= deadline_cycles)
            return SIM_CPU_DEADLINE;
        if (!settle(cpu, &entered))
            return SIM_CPU_SLEEP;
        if (entered)
            continue;
        uint64_t tick = sim_cpu_next_tick(cpu);
        cpu->stop_at = tick < deadline_cycles ? tick : deadline_cycles;
        if (!needs_slow(cpu))
            run_block(cpu);
        while (cpu->cycles < cpu->stop_at && needs_slow(cpu)) {
            if (code_at(cpu, cpu->pc))
                run_lines(cpu);
            else
                run_one(cpu);
        }
    }
}

sim_cpu_stop sim_cpu_step(sim_cpu *cpu)
{
    sim_cpu_stop why;
    bool entered;
    if (take_stop(cpu, &why))
        return why;
    if (!settle(cpu, &entered))
        return SIM_CPU_SLEEP;
    if (!entered) {
        cpu->stop_at = 0; /* an IT instruction stops before its block */
        run_one(cpu);
    }
    return take_stop(cpu, &why) ? why : SIM_CPU_DEADLINE;
}
