#include "sim/periph/flash/cells.h"

#include <stdlib.h>
#include <string.h>

static void *need(void *p)
{
    if (p == NULL) {
        abort();
    }
    return p;
}

void cells_init(flash_cells *c, unsigned number, uint32_t bytes, uint32_t unit_bytes,
                bool executable)
{
    *c = (flash_cells){.number = number, .bytes = bytes, .unit_bytes = unit_bytes};
    c->data = need(malloc(bytes));
    memset(c->data, 0xFF, bytes);
    c->state = need(calloc(bytes / unit_bytes, 1u));
    c->other = need(calloc(bytes, 1u));
    c->old = need(calloc(bytes, 1u));
    c->stale = need(calloc(bytes / GRANULE_BYTES, 1u));
    c->bad = need(calloc(bytes / GRANULE_BYTES, sizeof *c->bad));
    c->code = executable ? need(sim_code_new(bytes)) : NULL;
}

void cells_free(flash_cells *c)
{
    free(c->data);
    free(c->state);
    free(c->other);
    free(c->old);
    free(c->stale);
    free(c->bad);
    if (c->code != NULL) {
        sim_code_free(c->code);
    }
}

/* ---- contents ---- */

static uint32_t unit_of(const flash_cells *c, uint32_t offset)
{
    return offset / c->unit_bytes;
}

static bool reads_as_is(uint8_t state)
{
    return state == UNIT_OK || state == UNIT_ONES;
}

void cells_set(flash_cells *c, uint32_t offset, const uint8_t *data, unit_state state)
{
    uint32_t unit = unit_of(c, offset), granule = offset / GRANULE_BYTES;
    bool was_bad = !reads_as_is(c->state[unit]), bad = !reads_as_is((uint8_t)state);
    memcpy(c->data + offset, data, c->unit_bytes);
    c->state[unit] = (uint8_t)state;
    if (was_bad != bad) {
        c->bad[granule] = (uint16_t)(bad ? c->bad[granule] + 1u : c->bad[granule] - 1u);
        c->bad_total = bad ? c->bad_total + 1u : c->bad_total - 1u;
    }
    if (c->code != NULL) {
        sim_code_invalidate(c->code, offset, c->unit_bytes);
    }
}

void cells_set_unstable(flash_cells *c, uint32_t offset, const uint8_t *data,
                        const uint8_t *other)
{
    memcpy(c->other + offset, other, c->unit_bytes);
    cells_set(c, offset, data, UNIT_UNSTABLE);
}

#define ONES 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF
static const uint8_t blank[CELLS_UNIT_MAX] = {ONES, ONES, ONES, ONES};

void cells_erase(flash_cells *c, uint32_t offset, uint32_t bytes)
{
    for (uint32_t at = offset; at < offset + bytes; at += c->unit_bytes) {
        cells_set(c, at, blank, UNIT_OK);
    }
}

void cells_recount(flash_cells *c)
{
    c->bad_total = 0;
    memset(c->bad, 0, c->bytes / GRANULE_BYTES * sizeof *c->bad);
    for (uint32_t at = 0; at < c->bytes; at += c->unit_bytes) {
        if (!reads_as_is(c->state[unit_of(c, at)])) {
            c->bad[at / GRANULE_BYTES]++;
            c->bad_total++;
        }
    }
    if (c->code != NULL) {
        sim_code_invalidate(c->code, 0u, c->bytes);
    }
}

size_t cells_load(flash_cells *c, uint32_t offset, const uint8_t *data, size_t bytes)
{
    uint8_t unit[CELLS_UNIT_MAX];
    uint32_t skip = offset % c->unit_bytes;
    size_t count = bytes < c->unit_bytes - skip ? bytes : c->unit_bytes - skip;
    memcpy(unit, c->data + offset - skip, c->unit_bytes);
    memcpy(unit + skip, data, count);
    cells_set(c, offset - skip, unit, UNIT_OK);
    return count;
}

void cells_damage(flash_cells *c, uint32_t offset, sim_damage kind)
{
    static const unit_state states[] = {UNIT_SINGLE, UNIT_DOUBLE, UNIT_OK};
    uint8_t unit[CELLS_UNIT_MAX];
    uint32_t skip = offset % c->unit_bytes;
    memcpy(unit, c->data + offset - skip, c->unit_bytes);
    if (kind == SIM_DAMAGE_UNSTABLE) {
        cells_set_unstable(c, offset - skip, unit, blank);
        return;
    }
    if (kind != SIM_DAMAGE_CORRECTABLE) {
        unit[skip] ^= 0x41u;
    }
    cells_set(c, offset - skip, unit, states[kind]);
}

sim_unit cells_unit(const flash_cells *c, uint32_t offset, uint8_t *other)
{
    uint32_t unit = unit_of(c, offset);
    switch (c->state[unit]) {
    case UNIT_DOUBLE:
        return SIM_UNIT_UNREADABLE;
    case UNIT_UNSTABLE:
        if (other != NULL) {
            memcpy(other, c->other + unit * c->unit_bytes, c->unit_bytes);
        }
        return SIM_UNIT_UNSTABLE;
    default:
        return SIM_UNIT_WHOLE;
    }
}

size_t cells_take(const flash_cells *c, uint32_t offset, uint32_t bytes, uint8_t *out)
{
    memcpy(out, c->data + offset, bytes);
    out += bytes;
    for (uint32_t at = offset; at < offset + bytes; at += c->unit_bytes) {
        uint8_t state = c->state[unit_of(c, at)];
        *out++ = state;
        if (state == UNIT_UNSTABLE) {
            memcpy(out, c->other + at, c->unit_bytes);
        } else {
            memset(out, 0, c->unit_bytes);
        }
        out += c->unit_bytes;
    }
    return 2u * (size_t)bytes + bytes / c->unit_bytes;
}

void cells_give(flash_cells *c, uint32_t offset, uint32_t bytes, const uint8_t *in)
{
    const uint8_t *kept = in + bytes;
    for (uint32_t at = 0; at < bytes; at += c->unit_bytes, kept += c->unit_bytes + 1u) {
        memcpy(c->other + offset + at, kept + 1, c->unit_bytes);
        cells_set(c, offset + at, in + at, (unit_state)*kept);
    }
}

size_t cells_saved_bytes(const flash_cells *c)
{
    return 2u * (size_t)c->bytes + c->bytes / c->unit_bytes;
}

void cells_save(const flash_cells *c, uint8_t *out)
{
    memcpy(out, c->data, c->bytes);
    memcpy(out + c->bytes, c->other, c->bytes);
    memcpy(out + 2u * (size_t)c->bytes, c->state, c->bytes / c->unit_bytes);
}

bool cells_can_restore(const flash_cells *c, const uint8_t *in)
{
    for (uint32_t unit = 0; unit < c->bytes / c->unit_bytes; unit++) {
        if (in[2u * (size_t)c->bytes + unit] >= UNIT_STATES) {
            return false;
        }
    }
    return true;
}

void cells_restore(flash_cells *c, const uint8_t *in)
{
    memcpy(c->data, in, c->bytes);
    memcpy(c->other, in + c->bytes, c->bytes);
    memcpy(c->state, in + 2u * (size_t)c->bytes, c->bytes / c->unit_bytes);
    cells_recount(c);
}

void cells_map(const flash_cells *c, sim_cpu *cpu, uint32_t base)
{
    sim_cpu_map(cpu, base, c->bytes, c->data, c->code,
                SIM_MAP_READ | SIM_MAP_EXEC | SIM_MAP_FLASH);
    for (uint32_t g = 0; c->bad_total != 0u && g < c->bytes / GRANULE_BYTES; g++) {
        if (c->bad[g] != 0u) {
            sim_cpu_unmap(cpu, base + g * GRANULE_BYTES, GRANULE_BYTES);
        }
    }
}

/* ---- caches ---- */

void cells_keep_stale(flash_cells *c, uint32_t offset, uint32_t bytes, unsigned caches)
{
    if (caches == 0u) {
        return;
    }
    for (uint32_t g = offset / GRANULE_BYTES; g * GRANULE_BYTES < offset + bytes; g++) {
        if (c->stale[g] == 0u) {
            c->stale_total++;
            memcpy(c->old + g * GRANULE_BYTES, c->data + g * GRANULE_BYTES, GRANULE_BYTES);
        }
        c->stale[g] = (uint8_t)caches;
    }
}

void cells_drop_stale(flash_cells *c, unsigned caches)
{
    for (uint32_t g = 0; c->stale_total > 0u && g < c->bytes / GRANULE_BYTES; g++) {
        if (c->stale[g] != 0u && (c->stale[g] = (uint8_t)(c->stale[g] & ~caches)) == 0u) {
            c->stale_total--;
        }
    }
}

/* ---- reads ---- */

uint32_t cells_value(const uint8_t *bytes, unsigned size)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value |= (uint32_t)bytes[i] << (8u * i);
    }
    return value;
}

uint32_t cells_read(const flash_cells *c, sim_machine *m, uint32_t offset, unsigned size,
                    cells_ecc_event *event, void *flash)
{
    const uint8_t *from = c->data + offset;
    switch (c->state[unit_of(c, offset)]) {
    case UNIT_SINGLE:
        event(flash, c->number, offset, false);
        break;
    case UNIT_DOUBLE:
        event(flash, c->number, offset, true);
        break;
    case UNIT_UNSTABLE:
        switch (sim_random(m) % 8u) {
        case 0u:
        case 1u:
        case 2u:
            break;
        case 3u:
            event(flash, c->number, offset, false);
            break;
        case 4u:
        case 5u:
            from = c->other + offset;
            break;
        default:
            event(flash, c->number, offset, true);
            return cells_value(from, size) ^ (cells_value(c->other + offset, size) & sim_random(m));
        }
        break;
    default:
        break;
    }
    return cells_value(from, size);
}

/* ---- programming ---- */

bool cells_all(const uint8_t *bytes, uint32_t count, uint8_t value)
{
    for (uint32_t i = 0; i < count; i++) {
        if (bytes[i] != value) {
            return false;
        }
    }
    return true;
}

bool cells_programmable(const flash_cells *c, sim_machine *m, uint32_t offset,
                        const uint8_t *data)
{
    uint8_t state = c->state[unit_of(c, offset)];
    if (cells_all(data, c->unit_bytes, 0x00)) {
        return state != UNIT_ONES;
    }
    const uint8_t *seen = c->data + offset;
    if (state == UNIT_UNSTABLE && (sim_random(m) & 1u) != 0u) {
        seen = c->other + offset;
    }
    return (state == UNIT_OK || state == UNIT_UNSTABLE) && cells_all(seen, c->unit_bytes, 0xFF);
}

void cells_program(flash_cells *c, uint32_t offset, const uint8_t *data)
{
    if (c->state[unit_of(c, offset)] == UNIT_UNSTABLE && !cells_all(data, c->unit_bytes, 0x00)) {
        /* Cells that only looked erased: what was written on them does not hold. */
        cells_set_unstable(c, offset, data, c->other + offset);
    } else {
        cells_set(c, offset, data, cells_all(data, c->unit_bytes, 0xFF) ? UNIT_ONES : UNIT_OK);
    }
}

/* ---- cuts ---- */

/* Programming only clears bits: some of those that it was to clear, but not all, if it
 * was to clear more than one. */
static void mix(const flash_cells *c, sim_machine *m, const uint8_t *old, const uint8_t *fresh,
                uint8_t *out)
{
    for (unsigned tries = 0; tries < 16u; tries++) {
        for (uint32_t i = 0; i < c->unit_bytes; i++) {
            out[i] = (uint8_t)(fresh[i] | (old[i] & sim_random(m)));
        }
        if (memcmp(out, old, c->unit_bytes) != 0 && memcmp(out, fresh, c->unit_bytes) != 0) {
            return;
        }
    }
}

void cells_tear_program(flash_cells *c, sim_machine *m, uint32_t offset, const uint8_t *data,
                        sim_cut_outcome outcome)
{
    uint8_t old[CELLS_UNIT_MAX], mixed[CELLS_UNIT_MAX];
    memcpy(old, c->data + offset, c->unit_bytes);
    mix(c, m, old, data, mixed); /* whatever the outcome, so that a seed's numbers stay */
    if (outcome == SIM_CUT_MIXED || outcome == SIM_CUT_ECC) {
        cells_set(c, offset, mixed, outcome == SIM_CUT_ECC ? UNIT_DOUBLE : UNIT_OK);
    } else if (outcome == SIM_CUT_UNSTABLE) {
        cells_set_unstable(c, offset, data, old);
    }
}

static void tear_erased_unit(flash_cells *c, sim_machine *m, uint32_t offset,
                             sim_cut_outcome outcome)
{
    uint8_t old[CELLS_UNIT_MAX];
    memcpy(old, c->data + offset, c->unit_bytes);
    uint32_t chance = sim_random(m);
    if (outcome == SIM_CUT_UNSTABLE) {
        cells_set_unstable(c, offset, blank, old);
    } else if (outcome == SIM_CUT_ECC && chance % 3u == 0u) {
        for (uint32_t i = 0; i < c->unit_bytes; i++) {
            old[i] = (uint8_t)(old[i] | sim_random(m));
        }
        cells_set(c, offset, old, UNIT_DOUBLE);
    } else if ((chance & 0x100u) != 0u) {
        cells_set(c, offset, blank, UNIT_OK);
    }
}

void cells_tear_erase(flash_cells *c, sim_machine *m, uint32_t offset, uint32_t bytes,
                      sim_cut_outcome outcome)
{
    bool torn = outcome != SIM_CUT_OLD && outcome != SIM_CUT_NEW;
    for (uint32_t at = offset; torn && at < offset + bytes; at += c->unit_bytes) {
        tear_erased_unit(c, m, at, outcome);
    }
}
