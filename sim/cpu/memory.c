/* The memory map: host memory by granules of 1 KB, everything else by the bus. */
#include "sim/cpu/internal.h"

#include <assert.h>
#include <stdlib.h>

sim_granule sim_no_granules[SIM_TABLE_GRANULES];

/* ---- code records ------------------------------------------------------------------ */

/* A guard in front, so that the granule before the first may be touched like any other. */
sim_code *sim_code_new(uint32_t bytes)
{
    size_t count = ((size_t)bytes + SIM_GRANULE_BYTES - 1u) / SIM_GRANULE_BYTES;
    sim_code *guard = calloc(count + 1u, sizeof *guard);
    if (!guard)
        return NULL;
    guard->count = (uint32_t)count;
    return guard + 1;
}

void sim_code_free(sim_code *code)
{
    if (code)
        free(code - 1);
}

sim_code *sim_code_at(sim_code *code, uint32_t offset)
{
    return code + offset / SIM_GRANULE_BYTES;
}

/* The instruction that ends in the first halfword begins one halfword earlier. */
void sim_code_hit(sim_code *code, uint32_t offset, uint32_t size)
{
    uint32_t first = offset / 2u, last = (offset + size - 1u) / 2u;
    if (first == 0)
        code[-1].insn[SIM_GRANULE_BYTES / 2 - 1].op = NULL;
    else
        code->insn[first - 1u].op = NULL;
    for (uint32_t k = first; k <= last; k++)
        code->insn[k].op = NULL;
}

/* Anything decoded that a change there may hit? A record says so of where it ends, too. */
static bool is_live(const sim_code *granule, uint32_t within, uint32_t part)
{
    uint8_t live = 0;
    for (uint32_t k = within >> 8; k <= (within + part - 1u) >> 8; k++)
        live |= granule->live[k];
    return live != 0;
}

void sim_code_invalidate(sim_code *code, uint32_t offset, uint32_t bytes)
{
    while (bytes) {
        sim_code *granule = code + offset / SIM_GRANULE_BYTES;
        uint32_t within = offset % SIM_GRANULE_BYTES;
        uint32_t part = SIM_GRANULE_BYTES - within;
        part = part < bytes ? part : bytes;
        if (part == SIM_GRANULE_BYTES) {
            if (granule->live[0] | granule->live[1] | granule->live[2] | granule->live[3])
                memset(granule, 0, offsetof(sim_code, count));
            sim_insn *before = &granule[-1].insn[SIM_GRANULE_BYTES / 2 - 1];
            if (before->op) /* else the page stays shared with who has forked */
                before->op = NULL;
        } else if (is_live(granule, within, part)) { /* else the page stays shared */
            sim_code_hit(granule, within, part);
        }
        offset += part;
        bytes -= part;
    }
}

/* ---- mapping ----------------------------------------------------------------------- */

static sim_table *table_at(sim_cpu *cpu, uint32_t address)
{
    sim_table **table = &cpu->table[address >> SIM_TABLE_SHIFT];
    if (!*table) {
        *table = calloc(1, sizeof **table);
        if (!*table)
            abort();
    }
    return *table;
}

/* Some of it is about to be changed. */
static sim_granule *granules_for_change(sim_cpu *cpu, uint32_t address)
{
    sim_table *table = table_at(cpu, address);
    sim_granule **map = &cpu->map[address >> SIM_TABLE_SHIFT];
    if (*map == sim_no_granules) {
        memset(table->granule, 0, sizeof table->granule);
        *map = table->granule;
    }
    table->whole = false;
    return sim_granule_at(cpu, address);
}

/* A record that reaches over the edge of the range may have read what is mapped no more. */
static void forget_edge(sim_cpu *cpu, uint32_t address)
{
    const sim_granule *g = sim_granule_at(cpu, address);
    if (g->code)
        g->code->insn[SIM_GRANULE_BYTES / 2 - 1].op = NULL;
}

/* How many granules from there on are in one table, of `bytes` at most. */
static uint32_t run_of(uint32_t address, uint32_t bytes)
{
    uint32_t in_table = SIM_TABLE_GRANULES -
                        ((address >> SIM_GRANULE_SHIFT) & (SIM_TABLE_GRANULES - 1u));
    uint32_t wanted = bytes >> SIM_GRANULE_SHIFT;
    return wanted < in_table ? wanted : in_table;
}

static void fill(sim_granule *g, uint32_t count, const sim_granule *first, const bool *clear)
{
    sim_granule one = *first;
    const size_t rd = one.rd ? SIM_GRANULE_BYTES : 0, wr = one.wr ? SIM_GRANULE_BYTES : 0,
                 code = one.code ? 1 : 0;
    for (uint32_t k = 0; k < count; k++) {
        if (clear && !clear[k])
            g[k] = (sim_granule){ .flags = one.flags }; /* costs what it costs */
        else
            g[k] = one;
        one.rd += rd;
        one.wr += wr;
        one.code += code;
    }
}

static void map_part(sim_cpu *cpu, uint32_t base, uint32_t count, uint8_t *host, sim_code *code,
                     unsigned flags, const bool *clear)
{
    sim_table *table = table_at(cpu, base);
    bool whole = count == SIM_TABLE_GRANULES;
    if (whole && table->whole && table->host == host && table->code == code &&
        table->flags == flags && table->clear == clear &&
        table->veil_changes == cpu->veil_changes) {
        cpu->map[base >> SIM_TABLE_SHIFT] = table->granule; /* as it was */
        return;
    }
    sim_granule first = { .flags = flags };
    first.rd = flags & SIM_MAP_READ ? host : NULL;
    first.wr = flags & SIM_MAP_WRITE ? host : NULL;
    first.code = code && (flags & SIM_MAP_EXEC) ? code : NULL;
    fill(whole ? table->granule : granules_for_change(cpu, base), count, &first, clear);
    cpu->map[base >> SIM_TABLE_SHIFT] = table->granule;
    table->whole = whole;
    table->host = host;
    table->code = code;
    table->flags = flags;
    table->clear = clear;
    table->veil_changes = cpu->veil_changes;
}

void sim_cpu_map(sim_cpu *cpu, uint32_t base, uint32_t bytes, uint8_t *host, sim_code *code,
                 unsigned flags)
{
    assert(base % SIM_GRANULE_BYTES == 0 && bytes % SIM_GRANULE_BYTES == 0);
    const bool *clear = NULL;
    if (cpu->veil && (flags & SIM_MAP_FLASH))
        clear = cpu->veil(cpu->veil_ctx, base, bytes, host, code);
    forget_edge(cpu, base - SIM_GRANULE_BYTES);
    for (uint32_t done = 0, count; done < bytes; done += count << SIM_GRANULE_SHIFT) {
        count = run_of(base + done, bytes - done);
        map_part(cpu, base + done, count, host ? host + done : NULL,
                 code ? code + (done >> SIM_GRANULE_SHIFT) : NULL, flags,
                 clear ? clear + (done >> SIM_GRANULE_SHIFT) : NULL);
    }
    if (bytes)
        forget_edge(cpu, base + bytes - SIM_GRANULE_BYTES);
    sim_attention(cpu);
}

void sim_cpu_unmap(sim_cpu *cpu, uint32_t base, uint32_t bytes)
{
    assert(base % SIM_GRANULE_BYTES == 0 && bytes % SIM_GRANULE_BYTES == 0);
    forget_edge(cpu, base - SIM_GRANULE_BYTES);
    for (uint32_t done = 0, count; done < bytes; done += count << SIM_GRANULE_SHIFT) {
        count = run_of(base + done, bytes - done);
        sim_granule **map = &cpu->map[(base + done) >> SIM_TABLE_SHIFT];
        if (count == SIM_TABLE_GRANULES)
            *map = sim_no_granules;
        else if (*map != sim_no_granules)
            memset(granules_for_change(cpu, base + done), 0, count * sizeof(sim_granule));
    }
    if (cpu->veil)
        (void)cpu->veil(cpu->veil_ctx, base, bytes, NULL, NULL);
    sim_attention(cpu);
}

void sim_cpu_set_veil(sim_cpu *cpu, sim_cpu_veil veil, void *ctx)
{
    cpu->veil = veil;
    cpu->veil_ctx = ctx;
    cpu->veil_changes++;
}

void sim_cpu_set_flash_line(sim_cpu *cpu, unsigned bytes)
{
    cpu->line_shift = (unsigned)__builtin_ctz(bytes);
    cpu->last_data_line = cpu->last_fetch_line = UINT32_MAX;
}

void sim_icache_changed(sim_cpu *cpu)
{
    cpu->icache = cpu->part_icache || (cpu->ccr & CCR_IC);
    cpu->fetch_by_line = cpu->wait_states && !cpu->icache && !cpu->prefetch;
    sim_attention(cpu);
}

void sim_cpu_set_flash_timing(sim_cpu *cpu, unsigned wait_states, bool icache, bool dcache,
                              bool prefetch)
{
    cpu->wait_states = wait_states;
    cpu->part_icache = icache;
    cpu->dcache = dcache;
    cpu->prefetch = prefetch;
    sim_icache_changed(cpu);
    cpu->last_data_line = cpu->last_fetch_line = UINT32_MAX;
    if (wait_states && !dcache)
        cpu->slow_flags |= SIM_MAP_FLASH;
    else
        cpu->slow_flags &= ~(uint32_t)SIM_MAP_FLASH;
    sim_attention(cpu);
}

/* ---- raw access -------------------------------------------------------------------- */

static bool is_ppb(uint32_t address)
{
    return address >> 20 == 0xE00u;
}

/* 0x22000000 and 0x42000000: each word is a bit of the first megabyte of the region. The
 * access to the region has the size of the one to the alias. */
static bool is_bit_band(const sim_cpu *cpu, uint32_t address)
{
    return ((address & 0xFE000000u) == 0x22000000u || (address & 0xFE000000u) == 0x42000000u) &&
           cpu->core->bit_band;
}

static uint32_t bit_band_target(uint32_t address, unsigned size, unsigned *bit)
{
    uint32_t byte = (address & 0xF0000000u) + ((address & 0x01FFFFFFu) >> 5);
    uint32_t at = byte & ~(size - 1u);
    *bit = 8u * (byte - at) + (address >> 2 & 7u);
    return at;
}

static sim_access ppb_read(sim_cpu *cpu, uint32_t address, unsigned size, uint32_t *value)
{
    uint32_t word;
    if (!sim_privileged(cpu) || cpu->as_user)
        return SIM_ACCESS_FAULT;
    if (!sim_scs_read(cpu, address & ~3u, &word))
        return cpu->bus.read(cpu->bus.ctx, address, size, SIM_ACCESS_DATA, value);
    word >>= 8u * (address & 3u);
    *value = size == 4 ? word : word & ((1u << (8u * size)) - 1u);
    return SIM_ACCESS_OK;
}

static sim_access ppb_write(sim_cpu *cpu, uint32_t address, unsigned size, uint32_t value)
{
    bool user = !sim_privileged(cpu) || cpu->as_user;
    if (user && !((address & ~3u) == 0xE000EF00u && (cpu->ccr & CCR_USERSETMPEND)))
        return SIM_ACCESS_FAULT;
    uint32_t shift = 8u * (address & 3u);
    uint32_t lanes = size == 4 ? 0xFFFFFFFFu : ((1u << (8u * size)) - 1u) << shift;
    if (sim_scs_write(cpu, address & ~3u, value << shift, lanes))
        return SIM_ACCESS_OK;
    return cpu->bus.write(cpu->bus.ctx, address, size, value);
}

static void flash_read_cost(sim_cpu *cpu, uint32_t address)
{
    uint32_t line = address >> cpu->line_shift;
    if (cpu->dcache || line == cpu->last_data_line)
        return;
    cpu->last_data_line = line;
    cpu->cycles += cpu->wait_states;
}

sim_access sim_raw_read(sim_cpu *cpu, uint32_t address, unsigned size, sim_access_kind kind,
                        uint32_t *value)
{
    const sim_granule *g = sim_granule_at(cpu, address);
    cpu->mpu_denied = kind != SIM_ACCESS_VECTOR &&
                      !sim_mpu_allows(cpu, address, false, kind == SIM_ACCESS_FETCH);
    if (cpu->mpu_denied)
        return SIM_ACCESS_FAULT;
    if (g->rd && (kind != SIM_ACCESS_FETCH || (g->flags & SIM_MAP_EXEC))) {
        if ((g->flags & SIM_MAP_FLASH) && kind != SIM_ACCESS_FETCH)
            flash_read_cost(cpu, address);
        *value = 0;
        memcpy(value, g->rd + (address & (SIM_GRANULE_BYTES - 1u)), size);
        return SIM_ACCESS_OK;
    }
    if ((g->flags & SIM_MAP_FLASH) && !g->rd && kind != SIM_ACCESS_FETCH)
        flash_read_cost(cpu, address); /* veiled */
    if (is_ppb(address))
        return ppb_read(cpu, address, size, value);
    if (is_bit_band(cpu, address)) {
        unsigned bit;
        uint32_t at = bit_band_target(address, size, &bit);
        sim_access answer = sim_raw_read(cpu, at, size, kind, value);
        if (answer == SIM_ACCESS_OK)
            *value = *value >> bit & 1u;
        return answer;
    }
    return cpu->bus.read(cpu->bus.ctx, address, size, kind, value);
}

sim_access sim_raw_write(sim_cpu *cpu, uint32_t address, unsigned size, uint32_t value)
{
    const sim_granule *g = sim_granule_at(cpu, address);
    cpu->mpu_denied = !sim_mpu_allows(cpu, address, true, false);
    if (cpu->mpu_denied)
        return SIM_ACCESS_FAULT;
    if (g->wr) {
        uint32_t offset = address & (SIM_GRANULE_BYTES - 1u);
        memcpy(g->wr + offset, &value, size);
        if (g->code && g->code->live[offset >> 8])
            sim_code_hit(g->code, offset, size);
        return SIM_ACCESS_OK;
    }
    if (is_ppb(address))
        return ppb_write(cpu, address, size, value);
    if (is_bit_band(cpu, address)) {
        unsigned bit;
        uint32_t old, at = bit_band_target(address, size, &bit);
        sim_access answer = sim_raw_read(cpu, at, size, SIM_ACCESS_DATA, &old);
        if (answer != SIM_ACCESS_OK)
            return answer;
        return sim_raw_write(cpu, at, size, value & 1u ? old | 1u << bit : old & ~(1u << bit));
    }
    return cpu->bus.write(cpu->bus.ctx, address, size, value);
}

/* ---- the slow path of loads and stores ---------------------------------------------- */

/* false: the instruction ends here. *ignored: a fault that BFHFNMIGN swallows. */
static bool accept(sim_cpu *cpu, sim_access answer, uint32_t address)
{
    if (answer == SIM_ACCESS_OK)
        return true;
    if (answer == SIM_ACCESS_STOP) {
        cpu->abort = true;
        sim_stop_run(cpu, SIM_CPU_BUS_STOP);
        return false;
    }
    if (cpu->mpu_denied) {
        sim_fault_mem(cpu, CFSR_DACCVIOL | CFSR_MMARVALID, address);
        return false;
    }
    if ((cpu->ccr & CCR_BFHFNMIGN) && sim_execution_priority(cpu) <= -1) {
        cpu->cfsr |= CFSR_PRECISERR | CFSR_BFARVALID;
        cpu->bfar = address;
        return true;
    }
    sim_fault_bus(cpu, CFSR_PRECISERR | CFSR_BFARVALID, address);
    return false;
}

/* An unaligned access goes over the bus as the largest aligned pieces (TRM 3.3.2). */
static unsigned piece_at(uint32_t address, unsigned left)
{
    if ((address & 1u) || left == 1)
        return 1;
    return (address & 2u) || left < 4 ? 2 : 4;
}

bool sim_load_slow(sim_cpu *cpu, uint32_t pc, uint32_t address, unsigned size, uint32_t *value)
{
    cpu->pc = pc;
    if ((address & (size - 1u)) && (cpu->ccr & CCR_UNALIGN_TRP)) {
        sim_fault_usage(cpu, CFSR_UNALIGNED);
        return false;
    }
    *value = 0;
    for (unsigned done = 0; done < size;) {
        unsigned piece = piece_at(address + done, size - done);
        uint32_t part = 0;
        cpu->cycles += done != 0;
        if (!accept(cpu, sim_raw_read(cpu, address + done, piece, SIM_ACCESS_DATA, &part),
                    address + done))
            return false;
        *value |= part << (8u * done);
        done += piece;
    }
    return true;
}

bool sim_store_slow(sim_cpu *cpu, uint32_t pc, uint32_t address, unsigned size, uint32_t value)
{
    cpu->pc = pc;
    if ((address & (size - 1u)) && (cpu->ccr & CCR_UNALIGN_TRP)) {
        sim_fault_usage(cpu, CFSR_UNALIGNED);
        return false;
    }
    for (unsigned done = 0; done < size;) {
        unsigned piece = piece_at(address + done, size - done);
        uint32_t part = value >> (8u * done);
        cpu->cycles += done != 0;
        if (piece < 4)
            part &= (1u << (8u * piece)) - 1u;
        if (!accept(cpu, sim_raw_write(cpu, address + done, piece, part), address + done))
            return false;
        done += piece;
    }
    return true;
}

/* Device and system regions never execute (B3.1, table of the address map). */
static bool never_executes(uint32_t address)
{
    return (address >= 0x40000000u && address < 0x60000000u) || address >= 0xA0000000u;
}

bool sim_fetch_slow(sim_cpu *cpu, uint32_t pc, uint32_t address, uint32_t *value)
{
    cpu->pc = pc;
    if (never_executes(address)) {
        sim_fault_mem(cpu, CFSR_IACCVIOL, address);
        return false;
    }
    switch (sim_raw_read(cpu, address, 2, SIM_ACCESS_FETCH, value)) {
    case SIM_ACCESS_OK:
        return true;
    case SIM_ACCESS_STOP:
        cpu->abort = true;
        sim_stop_run(cpu, SIM_CPU_BUS_STOP);
        return false;
    default:
        if (cpu->mpu_denied)
            sim_fault_mem(cpu, CFSR_IACCVIOL, address);
        else
            sim_fault_bus(cpu, CFSR_IBUSERR, address);
        return false;
    }
}
