#include "torture/state.h"

#include <stdlib.h>
#include <string.h>

typedef struct undone {
    unsigned bank;
    uint32_t offset, bytes;
    size_t kept, before; /* bytes before this; undo_fill before them */
} undone;

enum { KIND_LOOKED = 1, KIND_WRITTEN = 2, KIND_UNREADABLE = 4, KIND_UNSTABLE = 8 };
enum { HEADER_BYTES = 1024 };

static void *need(void *p)
{
    if (p == NULL) {
        abort();
    }
    return p;
}

void state_init(state *x, sim_machine *m, oracle *o)
{
    const tb_chip *chip = sim_chip(m);
    *x = (state){.m = m, .oracle = o, .unit_bytes = chip->unit_bytes,
                 .granules = chip->bank_bytes / STATE_GRANULE};
    for (unsigned bank = 0; bank < 2u; bank++) {
        x->hash[bank] = need(calloc(x->granules, sizeof *x->hash[bank]));
        x->kind[bank] = need(calloc(x->granules, 1));
        x->turn[bank] = need(calloc(x->granules, sizeof *x->turn[bank]));
        x->unit[bank] = need(calloc(chip->bank_bytes / x->unit_bytes, sizeof *x->unit[bank]));
        for (uint32_t g = 0; g < x->granules; g++) {
            x->turn[bank][g] = 1u; /* no unit is known */
        }
    }
}

void state_free(state *x)
{
    free(x->hash[0]);
    free(x->hash[1]);
    free(x->kind[0]);
    free(x->kind[1]);
    for (unsigned bank = 0; bank < 2u; bank++) {
        free(x->turn[bank]);
        free(x->unit[bank]);
    }
    free(x->undo);
}

void state_touch(state *x, unsigned bank, uint32_t offset, uint32_t bytes)
{
    for (uint32_t g = offset / STATE_GRANULE; g * STATE_GRANULE < offset + bytes; g++) {
        x->hash[bank][g] = 0u;
        x->kind[bank][g] = 0u;
        x->turn[bank][g]++;
    }
    if (x->oracle != NULL) {
        oracle_touch(x->oracle, bank, offset, bytes);
    }
}

/* Whole units, as some parts program less than one. */
static void widen(const state *x, uint32_t *offset, uint32_t *bytes)
{
    uint32_t end = *offset + *bytes;
    *offset -= *offset % x->unit_bytes;
    end += x->unit_bytes - 1u;
    *bytes = end - end % x->unit_bytes - *offset;
}

void state_apply(state *x, const sim_what_if *op, uint64_t random)
{
    undone u = {.bank = op->bank, .offset = op->offset, .bytes = op->bytes,
                .before = x->undo_fill};
    widen(x, &u.offset, &u.bytes);
    size_t most = 3u * (size_t)u.bytes + sizeof u;
    if (x->undo_room - x->undo_fill < most) {
        x->undo_room = 2u * x->undo_room + most;
        x->undo = need(realloc(x->undo, x->undo_room));
    }
    u.kept = sim_flash_take(x->m, u.bank, u.offset, u.bytes, x->undo + x->undo_fill);
    x->undo_fill += u.kept;
    memcpy(x->undo + x->undo_fill, &u, sizeof u);
    x->undo_fill += sizeof u;
    (void)sim_flash_apply(x->m, op, random);
    state_touch(x, u.bank, u.offset, u.bytes);
}

void state_undo(state *x, size_t mark)
{
    while (x->undo_fill > mark) {
        undone u;
        memcpy(&u, x->undo + x->undo_fill - sizeof u, sizeof u);
        sim_flash_give(x->m, u.bank, u.offset, u.bytes,
                       x->undo + x->undo_fill - sizeof u - u.kept);
        state_touch(x, u.bank, u.offset, u.bytes);
        x->undo_fill = u.before;
    }
}

/* Four numbers at once, as each step of one waits for the step before. */
static uint64_t mix(const uint8_t *bytes, size_t count)
{
    uint64_t lane[4] = {1u, 2u, 3u, 4u};
    for (; count >= sizeof lane; count -= sizeof lane, bytes += sizeof lane) {
        uint64_t word[4];
        memcpy(word, bytes, sizeof word);
        for (unsigned i = 0; i < 4u; i++) {
            lane[i] = (lane[i] ^ word[i]) * 0x9E3779B97F4A7C15ull;
            lane[i] ^= lane[i] >> 29;
        }
    }
    return sim_mix_bytes(sim_mix_bytes(1u, bytes, count), lane, sizeof lane);
}

static uint64_t contents(const state *x, unsigned bank, uint32_t offset, uint32_t bytes)
{
    uint8_t kept[3u * STATE_GRANULE];
    size_t count = sim_flash_take(x->m, bank, offset, bytes, kept);
    return (count < 64u ? sim_mix_bytes(1u, kept, count) : mix(kept, count)) | 1u;
}

static uint64_t granule(state *x, unsigned bank, uint32_t index)
{
    uint64_t *hash = &x->hash[bank][index];
    if (*hash == 0u) {
        *hash = contents(x, bank, index * STATE_GRANULE, STATE_GRANULE);
    }
    return *hash;
}

static uint64_t unit_number(state *x, unsigned bank, uint32_t index)
{
    struct state_unit *unit = &x->unit[bank][index];
    uint32_t offset = index * x->unit_bytes, turn = x->turn[bank][offset / STATE_GRANULE];
    if (unit->turn != turn) {
        unit->hash = contents(x, bank, offset, x->unit_bytes);
        unit->turn = turn;
    }
    return unit->hash;
}

static bool blank(const uint8_t *bytes, uint32_t count)
{
    uint32_t i = 0;
    while (i < count && bytes[i] == 0xFFu) {
        i++;
    }
    return i == count;
}

static uint8_t kind_of(state *x, unsigned bank, uint32_t index)
{
    uint32_t offset = index * STATE_GRANULE;
    const uint8_t *data = sim_flash_bank(x->m, bank) + offset;
    unsigned kind = x->kind[bank][index];
    for (uint32_t at = 0; x->kind[bank][index] == 0u && at < STATE_GRANULE; at += x->unit_bytes) {
        sim_unit how = sim_flash_unit(x->m, bank, offset + at, NULL);
        if (how != SIM_UNIT_WHOLE) {
            kind |= how == SIM_UNIT_UNREADABLE ? KIND_UNREADABLE : KIND_UNSTABLE;
        } else if (!blank(data + at, x->unit_bytes)) {
            kind |= KIND_WRITTEN;
        }
    }
    x->kind[bank][index] = (uint8_t)(kind | KIND_LOOKED);
    return x->kind[bank][index];
}

bool state_payload(const state *x, uint32_t at, uint32_t *offset, uint32_t *bytes)
{
    const tb_chip *c = sim_chip(x->m);
    uint32_t log = c->bank_bytes - (uint32_t)c->log_units * c->unit_bytes;
    uint32_t from = at >= c->slot_offset ? c->slot_offset : c->stage2_offset;
    tb_page page = {0};
    if (at < c->stage2_offset || !tb_page_at(c, at, &page)) {
        return false;
    }
    uint32_t end = page.offset + page.bytes < log ? page.offset + page.bytes
                                                  : log - log % STATE_GRANULE;
    *offset = page.offset > from + HEADER_BYTES ? page.offset : from + HEADER_BYTES;
    *bytes = end > *offset ? end - *offset : 0u;
    return at >= *offset && at < end;
}

static uint64_t page_kind(state *x, unsigned bank, uint32_t index)
{
    uint32_t offset, bytes;
    unsigned kind = 0;
    if (state_payload(x, index * STATE_GRANULE, &offset, &bytes)) {
        for (uint32_t at = offset; at < offset + bytes; at += STATE_GRANULE) {
            kind |= kind_of(x, bank, at / STATE_GRANULE);
        }
    }
    return kind;
}

bool state_number(state *x, place at, bool ram, uint64_t chance, uint64_t *number)
{
    unsigned bank = (unsigned)(at >> 48 & 0xFFu);
    uint32_t index = (uint32_t)at, word;
    switch ((place_kind)(at >> 56)) {
    case PLACE_GRANULE:
        *number = granule(x, bank, index);
        return true;
    case PLACE_UNIT:
        *number = unit_number(x, bank, index);
        return true;
    case PLACE_RAM:
        if (!ram || !sim_peek(x->m, index, &word, sizeof word)) {
            return false;
        }
        *number = word;
        return true;
    case PLACE_CHANCE:
        *number = chance;
        return true;
    case PLACE_KIND:
        *number = page_kind(x, bank, index);
        return true;
    }
    return false;
}

uint64_t state_flash(state *x)
{
    uint64_t hash = 1;
    for (unsigned bank = 0; bank < 2u; bank++) {
        for (uint32_t i = 0; i < x->granules; i++) {
            uint64_t one = granule(x, bank, i);
            hash = sim_mix_bytes(hash, &one, sizeof one);
        }
    }
    return hash;
}
