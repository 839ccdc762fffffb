/* What a run depends on. While somebody watches, flash is not mapped into the core, so that
 * each read comes by the bus, until it is said that of a granule no more need be told; and RAM
 * is not mapped until all of a granule has been written. */
#include <stdlib.h>
#include <string.h>

#include "sim/cpu/cpu_state.h"
#include "sim/machine/state.h"

#define GRANULE 1024u
#define GRANULE_SHIFT 10
#define VIEWS (0x10000000u >> GRANULE_SHIFT) /* flash is seen below 0x10000000 */
#define BANKS 2u

#define RANGES 8u

typedef struct view { /* what is seen at a range of addresses */
    uint32_t base, bytes;
    unsigned bank;
    uint32_t offset;
    sim_code *code;
} view;

typedef struct sim_watching {
    sim_watch w;
    uint32_t bank_bytes;
    const uint8_t *first[BANKS]; /* of each bank's contents */
    bool *told[BANKS]; /* per granule */
    view range[RANGES];
    unsigned ranges;
    bool *mapped; /* granules of address space: but for the veil */
    uint8_t *written[SIM_RAMS]; /* a bit per byte */
    uint16_t *count[SIM_RAMS];  /* bytes written, per granule */
} sim_watching;

static void *need(void *p)
{
    if (p == NULL) {
        abort();
    }
    return p;
}

static bool place_of(const sim_watching *w, const uint8_t *host, unsigned *bank,
                     uint32_t *offset)
{
    uintptr_t at = (uintptr_t)host;
    *bank = at - (uintptr_t)w->first[0] < w->bank_bytes ? 0u : 1u;
    *offset = (uint32_t)(at - (uintptr_t)w->first[*bank]);
    return at - (uintptr_t)w->first[*bank] < w->bank_bytes;
}

static view *range_at(sim_watching *w, uint32_t address)
{
    for (unsigned i = 0; i < w->ranges; i++) {
        if (address - w->range[i].base < w->range[i].bytes) {
            return &w->range[i];
        }
    }
    return NULL;
}

static const bool *veil(void *ctx, uint32_t base, uint32_t bytes, const uint8_t *host,
                        sim_code *code)
{
    sim_watching *w = ((sim_machine *)ctx)->watching;
    unsigned bank;
    uint32_t offset, granule = base >> GRANULE_SHIFT;
    if (granule >= VIEWS) {
        return NULL;
    }
    bool flash = host != NULL && place_of(w, host, &bank, &offset);
    memset(w->mapped + granule, flash, bytes >> GRANULE_SHIFT);
    if (!flash) {
        return NULL;
    }
    view *v = range_at(w, base);
    if (v == NULL && w->ranges < RANGES) {
        v = &w->range[w->ranges++];
        v->bytes = 0;
    }
    if (v != NULL && bytes >= v->bytes) { /* else a part of it, mapped again */
        *v = (view){.base = base, .bytes = bytes, .bank = bank, .offset = offset, .code = code};
    }
    return w->told[bank] + (offset >> GRANULE_SHIFT);
}

void sim_watch_flash(sim_machine *m, uint32_t address, unsigned size, bool fetch)
{
    sim_watching *w = m->watching;
    view *v = range_at(w, address);
    if (v == NULL) {
        return;
    }
    uint32_t offset = v->offset + (address - v->base), start = offset & ~(GRANULE - 1u);
    bool *told = &w->told[v->bank][offset >> GRANULE_SHIFT];
    if (*told || !w->w.flash(w->w.ctx, v->bank, offset, size, fetch)) {
        return;
    }
    *told = true;
    m->cpu->veil_changes++;
    if (w->mapped[address >> GRANULE_SHIFT]) {
        sim_cpu_map(m->cpu, address & ~(GRANULE - 1u), GRANULE,
                    sim_flash_bank(m, v->bank) + start,
                    sim_code_at(v->code, start - v->offset),
                    SIM_MAP_READ | SIM_MAP_EXEC | SIM_MAP_FLASH);
    }
}

static bool ram_place(const sim_machine *m, uint32_t address, unsigned *ram, uint32_t *offset)
{
    const sim_ram *r = m->family->rams;
    for (*ram = 0; *ram < SIM_RAMS && r[*ram].bytes != 0u; ++*ram) {
        *offset = address - r[*ram].base;
        if (*offset >= r[*ram].bytes && r[*ram].alias != SIM_NO_ADDRESS) {
            *offset = address - r[*ram].alias;
        }
        if (*offset < r[*ram].bytes) {
            return true;
        }
    }
    return false;
}

static void map_ram_granule(sim_machine *m, unsigned ram, uint32_t offset)
{
    const unsigned flags = SIM_MAP_READ | SIM_MAP_WRITE | SIM_MAP_EXEC;
    const sim_ram *r = &m->family->rams[ram];
    uint8_t *host = m->rams[ram].bytes + offset;
    sim_code *code = sim_code_at(m->rams[ram].code, offset);
    sim_cpu_map(m->cpu, r->base + offset, GRANULE, host, code, flags);
    if (r->alias != SIM_NO_ADDRESS) {
        sim_cpu_map(m->cpu, r->alias + offset, GRANULE, host, code, flags);
    }
}

void sim_watch_ram(sim_machine *m, uint32_t address, unsigned size, bool write)
{
    sim_watching *w = m->watching;
    unsigned ram;
    uint32_t offset;
    if (w->w.ram == NULL || !ram_place(m, address, &ram, &offset)) {
        return;
    }
    uint8_t *bits = &w->written[ram][offset / 8u];
    uint8_t mask = (uint8_t)(((1u << size) - 1u) << (offset % 8u)); /* size 1, 2, 4: aligned */
    if ((*bits & mask) == mask) {
        return;
    }
    if (!write) {
        w->w.ram(w->w.ctx, address & ~3u, 4u);
        size = 4u, offset &= ~3u; /* told: from now on it counts as known */
        bits = &w->written[ram][offset / 8u];
        mask = (uint8_t)(0xFu << (offset % 8u));
    }
    uint16_t *count = &w->count[ram][offset / GRANULE];
    for (unsigned i = 0; i < 8u; i++) {
        *count = (uint16_t)(*count + ((mask & ~(unsigned)*bits) >> i & 1u));
    }
    *bits |= mask;
    if (*count == GRANULE) {
        map_ram_granule(m, ram, offset & ~(GRANULE - 1u));
    }
}

void sim_watch_random(sim_machine *m)
{
    if (m->watching != NULL) {
        m->watching->w.random(m->watching->w.ctx);
    }
}

bool sim_watches_ram(const sim_machine *m)
{
    return m->watching != NULL && m->watching->w.ram != NULL;
}

static void unmap_rams(sim_machine *m)
{
    const sim_ram *r = m->family->rams;
    for (unsigned i = 0; i < SIM_RAMS && r[i].bytes != 0u; i++) {
        sim_cpu_unmap(m->cpu, r[i].base, r[i].bytes);
        if (r[i].alias != SIM_NO_ADDRESS) {
            sim_cpu_unmap(m->cpu, r[i].alias, r[i].bytes);
        }
    }
}

void sim_set_watch(sim_machine *m, const sim_watch *watch)
{
    bool ram_was = sim_watches_ram(m);
    sim_free_watch(m);
    if (watch != NULL) {
        sim_watching *w = need(calloc(1, sizeof *w));
        w->w = *watch;
        w->bank_bytes = m->chip->bank_bytes;
        w->mapped = need(calloc(VIEWS, sizeof *w->mapped));
        for (unsigned i = 0; i < BANKS; i++) {
            w->first[i] = sim_flash_bank(m, i);
            w->told[i] = need(calloc(w->bank_bytes / GRANULE, sizeof *w->told[i]));
        }
        for (unsigned i = 0; i < SIM_RAMS && m->family->rams[i].bytes != 0u; i++) {
            w->written[i] = need(calloc(m->family->rams[i].bytes / 8u, 1u));
            w->count[i] = need(calloc(m->family->rams[i].bytes / GRANULE, sizeof *w->count[i]));
        }
        m->watching = w;
        sim_cpu_set_veil(m->cpu, veil, m);
        if (watch->ram != NULL) {
            unmap_rams(m);
        }
    }
    if (ram_was && (watch == NULL || watch->ram == NULL)) {
        sim_map_ram(m);
    }
    m->flash->remap(m->flash->self);
}

void sim_free_watch(sim_machine *m)
{
    sim_watching *w = m->watching;
    if (w == NULL) {
        return;
    }
    m->watching = NULL;
    sim_cpu_set_veil(m->cpu, NULL, NULL);
    for (unsigned i = 0; i < BANKS; i++) {
        free(w->told[i]);
    }
    for (unsigned i = 0; i < SIM_RAMS; i++) {
        free(w->written[i]);
        free(w->count[i]);
    }
    free(w->mapped);
    free(w);
}

/* ---- contents without the core ------------------------------------------------------------ */

uint64_t sim_mix_bytes(uint64_t hash, const void *bytes, size_t count)
{
    const uint8_t *p = bytes;
    while (count > 0u) {
        uint64_t word = 0;
        size_t part = count < sizeof word ? count : sizeof word;
        memcpy(&word, p, part);
        hash = (hash ^ word) * 0x9E3779B97F4A7C15ull;
        hash ^= hash >> 29;
        p += part;
        count -= part;
    }
    return hash;
}

bool sim_flash_apply(sim_machine *m, const sim_what_if *op, uint64_t random)
{
    if (m->flash->apply == NULL) {
        return false;
    }
    uint64_t was = m->random;
    uint8_t data[TB_MAX_UNIT_BYTES]; /* the model's own operation may be where it lies */
    sim_what_if what = *op;
    if (op->kind == SIM_OP_PROGRAM) {
        memcpy(data, op->data, op->bytes);
        what.data = data;
    }
    m->random = random;
    m->flash->apply(m->flash->self, &what);
    m->random = was;
    return true;
}

size_t sim_flash_take(const sim_machine *m, unsigned bank, uint32_t offset, uint32_t bytes,
                      uint8_t *out)
{
    return m->flash->take(m->flash->self, bank, offset, bytes, out);
}

void sim_flash_give(sim_machine *m, unsigned bank, uint32_t offset, uint32_t bytes,
                    const uint8_t *in)
{
    m->flash->give(m->flash->self, bank, offset, bytes, in);
}

uint64_t sim_flash_options(const sim_machine *m)
{
    return m->flash->options(m->flash->self);
}
