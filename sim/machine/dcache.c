/* The data cache of a Cortex-M7, as it comes between the core and other masters (DMA). While it is
 * on it is taken to hold every line of cacheable RAM all the time: a line comes back as soon as it
 * is dropped, and none leaves to make room. So the core sees what DMA wrote only after it dropped
 * the line, and DMA what the core wrote only after it was cleaned; on the part either may happen
 * by itself, which no firmware can count on. The RAM of sim_machine is what the core sees;
 * here is the rest. Flash and instruction fetches are not looked at. */
#include <stdlib.h>
#include <string.h>

#include "sim/machine/state.h"

#define LINE 32u
#define SETS 128u /* 16 KB, four ways */

enum { CCR = 0xE000ED14u, DCIMVAC = 0xE000EF5Cu, DCISW = 0xE000EF60u, DCCMVAU = 0xE000EF64u,
       DCCMVAC = 0xE000EF68u, DCCSW = 0xE000EF6Cu, DCCIMVAC = 0xE000EF70u, DCCISW = 0xE000EF74u };
#define CCR_DC (1u << 16)

typedef struct held {
    uint8_t *memory; /* behind the cache */
    uint8_t *loaded; /* lines as they came in: what the core sees differs where it wrote */
} held;

typedef struct sim_dcache {
    bool on;
    held ram[SIM_RAMS];
} sim_dcache;

static bool cached(const sim_machine *m, unsigned ram)
{
    return (m->family->cached_rams >> ram & 1u) != 0u;
}

static bool find(const sim_machine *m, uint32_t address, unsigned *ram, uint32_t *offset)
{
    for (unsigned i = 0; i < SIM_RAMS && m->family->rams[i].bytes != 0u; i++) {
        *offset = address - m->family->rams[i].base;
        if (cached(m, i) && *offset < m->family->rams[i].bytes) {
            *ram = i;
            return true;
        }
    }
    return false;
}

/* ---- one line ---- */

static void clean(sim_machine *m, unsigned ram, uint32_t at)
{
    held *h = &m->dcache->ram[ram];
    const uint8_t *seen = m->rams[ram].bytes + at;
    if (memcmp(seen, h->loaded + at, LINE) != 0) {
        memcpy(h->memory + at, seen, LINE);
        memcpy(h->loaded + at, seen, LINE);
    }
}

static void drop(sim_machine *m, unsigned ram, uint32_t at)
{
    held *h = &m->dcache->ram[ram];
    uint8_t *seen = m->rams[ram].bytes + at;
    if (memcmp(seen, h->memory + at, LINE) != 0) {
        memcpy(seen, h->memory + at, LINE);
        sim_code_invalidate(m->rams[ram].code, at, LINE);
    }
    memcpy(h->loaded + at, seen, LINE);
}

/* ---- what the core does with it ---- */

static void switch_on(sim_machine *m)
{
    for (unsigned i = 0; i < SIM_RAMS; i++) {
        uint32_t bytes = m->family->rams[i].bytes;
        held *h = &m->dcache->ram[i];
        if (!cached(m, i)) {
            continue;
        }
        if (h->memory == NULL) {
            h->memory = malloc(bytes);
            h->loaded = malloc(bytes);
        }
        if (h->memory == NULL || h->loaded == NULL) {
            abort();
        }
        memcpy(h->memory, m->rams[i].bytes, bytes);
        memcpy(h->loaded, m->rams[i].bytes, bytes);
    }
    m->dcache->on = true;
}

static void all_lines(sim_machine *m, uint32_t first, uint32_t step, bool cleans, bool drops)
{
    for (unsigned i = 0; i < SIM_RAMS; i++) {
        uint32_t bytes = cached(m, i) ? m->family->rams[i].bytes : 0u;
        for (uint32_t at = first; at < bytes; at += step) {
            if (cleans) {
                clean(m, i, at);
            }
            if (drops) {
                drop(m, i, at);
            }
        }
    }
}

/* Dirty lines are not lost: kinder than a part may be. */
void sim_dcache_off(sim_machine *m)
{
    if (m->dcache != NULL && m->dcache->on) {
        all_lines(m, 0u, LINE, true, true);
        m->dcache->on = false;
    }
}

void sim_dcache_told(void *ctx, uint32_t address, uint32_t value)
{
    sim_machine *m = ctx;
    bool cleans = address >= DCCMVAU, drops = address <= DCISW || address >= DCCIMVAC;
    unsigned ram;
    uint32_t at;
    if (m->dcache == NULL) {
        m->dcache = calloc(1, sizeof *m->dcache);
        if (m->dcache == NULL) {
            abort();
        }
    }
    if (address == CCR) {
        if ((value & CCR_DC) == 0u) {
            sim_dcache_off(m);
        } else if (!m->dcache->on) {
            switch_on(m);
        }
    } else if (!m->dcache->on || address < DCIMVAC || address > DCCISW) {
        return;
    } else if (address == DCISW || address == DCCSW || address == DCCISW) {
        all_lines(m, value & (SETS - 1u) * LINE, SETS * LINE, cleans, drops);
    } else if (find(m, value & ~(LINE - 1u), &ram, &at)) {
        if (cleans) {
            clean(m, ram, at);
        }
        if (drops) {
            drop(m, ram, at);
        }
    }
}

/* ---- what another master meets ---- */

uint8_t *sim_dcache_memory(sim_machine *m, uint32_t address)
{
    unsigned ram;
    uint32_t offset;
    if (m->dcache == NULL || !m->dcache->on || !find(m, address, &ram, &offset)) {
        return NULL;
    }
    sim_cache_policy policy = sim_cpu_cache_policy(m->cpu, address);
    if (policy != SIM_CACHE_BACK) { /* the core's writes have gone through */
        clean(m, ram, offset & ~(LINE - 1u));
    }
    if (policy == SIM_CACHE_NONE) {
        drop(m, ram, offset & ~(LINE - 1u));
        return NULL;
    }
    return m->dcache->ram[ram].memory + offset;
}

/* After such a write: what was not cached then is not stale when it is later. */
void sim_dcache_wrote(sim_machine *m, uint32_t address)
{
    unsigned ram;
    uint32_t offset;
    if (m->dcache != NULL && m->dcache->on && find(m, address, &ram, &offset)) {
        uint32_t at = offset & ~(LINE - 1u);
        memcpy(m->dcache->ram[ram].memory + at, m->rams[ram].bytes + at, LINE);
        memcpy(m->dcache->ram[ram].loaded + at, m->rams[ram].bytes + at, LINE);
    }
}

void sim_dcache_free(sim_machine *m)
{
    for (unsigned i = 0; m->dcache != NULL && i < SIM_RAMS; i++) {
        free(m->dcache->ram[i].memory);
        free(m->dcache->ram[i].loaded);
    }
    free(m->dcache);
}
