#include "torture/record.h"

#include <stdlib.h>
#include <string.h>

enum { READ_WHOLE = 1, WRITTEN = 2 };

static void *need(void *p)
{
    if (p == NULL) {
        abort();
    }
    return p;
}

void record_init(record *x, rig *r, memo *m, state *s, uint8_t *const hot[2])
{
    *x = (record){.r = r, .memo = m, .state = s, .hot = {hot[0], hot[1]}};
    for (unsigned bank = 0; bank < 2u; bank++) {
        x->known[bank] = need(calloc(r->chip->bank_bytes / r->chip->unit_bytes, 1u));
        x->granule[bank] = need(malloc(s->granules));
    }
}

void record_free(record *x)
{
    for (unsigned bank = 0; bank < 2u; bank++) {
        free(x->known[bank]);
        free(x->granule[bank]);
    }
    free(x->places);
    free(x->numbers);
    free(x->ops);
    free(x->words);
}

uint8_t record_flags(const rig *r)
{
    return (uint8_t)((r->stage2_used ? 1u : 0u) | (r->next_image != NULL ? 2u : 0u));
}

static void add(record *x, place at)
{
    if (x->count == x->room) {
        x->room = 2u * x->room + 256u;
        x->places = need(realloc(x->places, x->room * sizeof *x->places));
        x->numbers = need(realloc(x->numbers, x->room * sizeof *x->numbers));
    }
    x->numbers[x->count] = 0;
    (void)state_number(x->state, at, true, x->chance, &x->numbers[x->count]);
    x->places[x->count++] = at;
}

/* A page is begun to be read: of what kind it is may be all that matters of it (by_kind()). */
static void note_page(record *x, unsigned bank, uint32_t at)
{
    uint32_t offset, bytes;
    for (unsigned i = 0; i < x->pages; i++) {
        if (x->page[i].bank == bank && at - x->page[i].offset < x->page[i].bytes) {
            return;
        }
    }
    if (x->pages == RECORD_PAGES || !state_payload(x->state, at, &offset, &bytes)) {
        return;
    }
    x->page[x->pages].bank = bank;
    x->page[x->pages].offset = offset;
    x->page[x->pages].bytes = bytes;
    x->page[x->pages].by_kind = false;
    (void)state_number(x->state, place_of(PLACE_KIND, bank, offset / STATE_GRANULE), true, 0,
                       &x->page[x->pages].kind);
    x->pages++;
}

/* It has been erased, and nothing of it was run: what was in it can have mattered to a scan only,
 * which looks for what is blank, written or unreadable. This is the one place where likeness is
 * taken for equality; see docs/torture.md, and --exact. */
static void by_kind(record *x, unsigned bank, uint32_t offset, uint32_t bytes)
{
    for (unsigned i = 0; i < x->pages; i++) {
        bool in = x->page[i].bank == bank && x->page[i].offset - offset < bytes;
        x->page[i].by_kind = x->page[i].by_kind || (in && !x->exact);
    }
}

/* Units of such pages give way to the page's kind. */
static void fold_pages(record *x)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < x->count; i++) {
        place at = x->places[i];
        bool gone = false;
        for (unsigned k = 0; at >> 56 == PLACE_UNIT && k < x->pages && !gone; k++) {
            gone = x->page[k].by_kind && x->page[k].bank == (at >> 48 & 0xFFu) &&
                   (uint32_t)at * x->state->unit_bytes - x->page[k].offset < x->page[k].bytes;
        }
        if (!gone) {
            x->numbers[kept] = x->numbers[i];
            x->places[kept++] = at;
        }
    }
    x->count = kept;
    for (unsigned k = 0; k < x->pages; k++) {
        if (x->page[k].by_kind) {
            add(x, place_of(PLACE_KIND, x->page[k].bank, x->page[k].offset / STATE_GRANULE));
            x->numbers[x->count - 1u] = x->page[k].kind;
        }
    }
}

static void add_unit(record *x, unsigned bank, uint32_t unit)
{
    if (x->known[bank][unit] != x->turn) {
        note_page(x, bank, unit * x->state->unit_bytes);
        x->known[bank][unit] = x->turn;
        add(x, place_of(PLACE_UNIT, bank, unit));
    }
}

static bool all_known(const record *x, unsigned bank, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (x->known[bank][first + i] != x->turn) {
            return false;
        }
    }
    return true;
}

/* true: all of the granule is known now. */
static bool reads(record *x, unsigned bank, uint32_t offset, uint32_t bytes, bool whole)
{
    uint32_t unit = x->state->unit_bytes, g = offset / STATE_GRANULE;
    uint32_t first = g * (STATE_GRANULE / unit);
    uint8_t *kind = &x->granule[bank][g];
    if (*kind == READ_WHOLE) {
        return true;
    }
    if (*kind == 0u && x->hot[bank][g] == 0u) {
        *kind = READ_WHOLE;
        add(x, place_of(PLACE_GRANULE, bank, g));
        memset(x->known[bank] + first, x->turn, STATE_GRANULE / unit);
        return true;
    }
    if (whole) {
        offset = g * STATE_GRANULE;
        bytes = STATE_GRANULE;
    }
    for (uint32_t u = offset / unit; u * unit < offset + bytes; u++) {
        add_unit(x, bank, u);
    }
    return whole || all_known(x, bank, first, STATE_GRANULE / unit);
}

static bool flash_read(void *ctx, unsigned bank, uint32_t offset, unsigned size, bool fetch)
{
    return reads(ctx, bank, offset, size, fetch);
}

static void ram_read(void *ctx, uint32_t address, unsigned size)
{
    (void)size;
    add(ctx, place_of(PLACE_RAM, 0, address));
}

static void random_asked(void *ctx)
{
    record *x = ctx;
    if (!x->chance_used) {
        x->chance_used = true;
        add(x, place_of(PLACE_CHANCE, 0, 0));
    }
}

void record_look(void *ctx, unsigned bank, uint32_t offset, uint32_t bytes)
{
    record *x = ctx;
    uint32_t end = offset + bytes;
    while (x->on && offset < end) {
        uint32_t part = STATE_GRANULE - offset % STATE_GRANULE;
        part = part < end - offset ? part : end - offset;
        (void)reads(x, bank, offset, part, false);
        offset += part;
    }
}

static uint16_t words_now(record *x)
{
    size_t count;
    const uint32_t *words = sim_backup_words(x->r->m, &count);
    x->word_count = (uint32_t)count;
    if (x->word_sets == 0u ||
        memcmp(x->words + (x->word_sets - 1u) * count, words, count * sizeof *words) != 0) {
        x->words = need(realloc(x->words, (x->word_sets + 1u) * count * sizeof *words));
        memcpy(x->words + x->word_sets * count, words, count * sizeof *words);
        x->word_sets++;
    }
    return (uint16_t)(x->word_sets - 1u);
}

void record_start(record *x, bool ram, uint64_t chance)
{
    x->on = true;
    x->ram = ram;
    x->chance = chance;
    x->chance_used = false;
    x->count = x->op_count = x->word_sets = 0;
    x->pages = 0;
    x->turn++;
    for (unsigned bank = 0; bank < 2u; bank++) {
        if (x->turn == 0u) {
            memset(x->known[bank], 0, x->r->chip->bank_bytes / x->state->unit_bytes);
        }
        memset(x->granule[bank], 0, x->state->granules);
    }
    x->turn = x->turn == 0u ? 1u : x->turn;
    sim_set_watch(x->r->m, &(sim_watch){.ctx = x, .flash = flash_read,
                                        .ram = ram ? ram_read : NULL, .random = random_asked});
}

void record_begins(record *x, uint64_t beginning)
{
    x->beginning = beginning;
    x->since = sim_now(x->r->m);
    x->resets = sim_resets(x->r->m);
}

void record_operation(record *x, sim_op_kind kind, unsigned bank, uint32_t offset, uint32_t bytes)
{
    uint32_t unit = x->state->unit_bytes;
    course_op op = {.kind = (uint8_t)kind, .bank = (uint8_t)bank, .flags = record_flags(x->r),
                    .words = words_now(x), .offset = offset, .bytes = bytes,
                    .options = sim_flash_options(x->r->m)};
    if (kind == SIM_OP_PROGRAM) {
        const uint8_t *data = sim_op_data(x->r->m);
        op.data = memo_keep(x->memo, data, bytes);
        /* The controller looks whether it is erased. */
        (void)reads(x, bank, offset, bytes, false);
    }
    if (kind == SIM_OP_ERASE_PAGE) {
        by_kind(x, bank, offset, bytes);
    }
    for (uint32_t at = offset; kind != SIM_OP_OPTION && at < offset + bytes; at += unit) {
        x->known[bank][at / unit] = x->turn;
        x->granule[bank][at / STATE_GRANULE] |= WRITTEN;
    }
    if (x->op_count == x->op_room) {
        x->op_room = 2u * x->op_room + 64u;
        x->ops = need(realloc(x->ops, x->op_room * sizeof *x->ops));
    }
    x->ops[x->op_count++] = op;
}

void record_end(record *x, bool file, uint8_t settled, unsigned bank)
{
    if (!x->on) {
        return;
    }
    x->on = false;
    if (file) {
        course c = {.op_count = x->op_count, .words_end = words_now(x), .settled = settled,
                    .bank = (uint8_t)bank, .flags = record_flags(x->r),
                    .resets = sim_resets(x->r->m) - x->resets,
                    .us = (sim_now(x->r->m) - x->since) / SIM_PS_PER_US,
                    .options = sim_flash_options(x->r->m)};
        c.word_count = x->word_count;
        c.ops = memo_keep(x->memo, x->ops, x->op_count * sizeof *x->ops);
        c.words = memo_keep(x->memo, x->words,
                            (size_t)x->word_sets * x->word_count * sizeof *x->words);
        uint64_t number = 1u;
        fold_pages(x);
        for (uint32_t i = 0; i < x->count; i++) {
            number = memo_fold(number, x->numbers[i]);
        }
        if (c.words != 0u && (c.ops != 0u || x->op_count == 0u)) {
            memo_file(x->memo, x->beginning, x->places, x->count, number, &c);
        }
    }
    sim_set_watch(x->r->m, NULL);
}
