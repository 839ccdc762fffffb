#include "flash_model.h"

#include <assert.h>
#include <string.h>

#include "twinbank/image.h"

void model_quiet(flash_model *m)
{
    m->operations = m->programs = m->erases = m->alive_calls = m->programs_refused = 0;
    m->cut_at = m->fail_at = UINT32_MAX;
    m->cut_fired = false;
    m->fail_error = m->read_error = TB_OK;
}

void model_init(flash_model *m, const tb_chip *chip)
{
    assert(chip->bank_bytes <= MODEL_BANK_MAX && chip->unit_bytes >= 8u);
    memset(m, 0, sizeof *m);
    m->chip = chip;
    m->random = 1;
    memset(m->bytes, 0xFF, sizeof m->bytes);
    model_quiet(m);
}

uint32_t model_random(flash_model *m)
{
    m->random ^= m->random << 13;
    m->random ^= m->random >> 17;
    m->random ^= m->random << 5;
    return m->random;
}

static uint8_t *state_of(flash_model *m, unsigned bank, uint32_t offset)
{
    return &m->state[bank][offset / m->chip->unit_bytes];
}

void model_put(flash_model *m, unsigned bank, uint32_t offset, const void *data, uint32_t bytes)
{
    uint32_t unit = m->chip->unit_bytes;

    assert(bank < 2u && offset + bytes <= m->chip->bank_bytes);
    memcpy(m->bytes[bank] + offset, data, bytes);
    for (uint32_t at = offset / unit * unit; at < offset + bytes; at += unit) {
        *state_of(m, bank, at) = UNIT_BLANK;
        for (uint32_t i = 0; i < unit; i++) {
            if (m->bytes[bank][at + i] != 0xFF) {
                *state_of(m, bank, at) = UNIT_WRITTEN;
            }
        }
    }
}

void model_set_unit(flash_model *m, unsigned bank, uint32_t offset, unit_state state)
{
    *state_of(m, bank, offset) = (uint8_t)state;
}

void model_flip(flash_model *m, unsigned bank, uint32_t offset)
{
    m->bytes[bank][offset] ^= 0x10u;
    *state_of(m, bank, offset) = UNIT_WRITTEN;
}

/* One unit as it reads now; false: uncorrectable. */
static bool unit_read(flash_model *m, unsigned bank, uint32_t at, uint8_t *out)
{
    uint32_t unit = m->chip->unit_bytes;
    unit_state state = (unit_state)*state_of(m, bank, at);
    const uint8_t *from = m->bytes[bank] + at;

    if (state == UNIT_UNSTABLE) {
        unsigned choice = model_random(m) % 3u;

        if (choice == 0) {
            state = UNIT_BAD;
        } else if (choice == 1u) {
            from = m->other[bank] + at;
        }
    }
    memcpy(out, from, unit);
    if (state == UNIT_BAD) {
        memset(out, 0x5A, unit);
    }
    return state != UNIT_BAD;
}

static tb_error model_read(void *ctx, unsigned bank, uint32_t offset, void *data, size_t bytes)
{
    flash_model *m = ctx;
    uint32_t unit = m->chip->unit_bytes;
    uint8_t whole[TB_MAX_UNIT_BYTES];
    uint8_t *out = data;
    bool good = true;

    assert(bank < 2u && offset + bytes <= m->chip->bank_bytes);
    if (m->read_error != TB_OK) {
        return m->read_error;
    }
    while (bytes > 0) {
        uint32_t at = offset / unit * unit;
        uint32_t n = unit - (offset - at);

        n = n < bytes ? n : (uint32_t)bytes;
        good &= unit_read(m, bank, at, whole);
        memcpy(out, whole + (offset - at), n);
        out += n;
        offset += n;
        bytes -= n;
    }
    return good ? TB_OK : TB_ERR_ECC;
}

static tb_error model_crc32(void *ctx, unsigned bank, uint32_t offset, uint32_t bytes,
                            uint32_t *crc)
{
    uint8_t chunk[256];

    *crc = 0;
    while (bytes > 0) {
        uint32_t n = bytes < sizeof chunk ? bytes : (uint32_t)sizeof chunk;
        tb_error error = model_read(ctx, bank, offset, chunk, n);

        if (error != TB_OK) {
            return error;
        }
        *crc = tb_crc32(*crc, chunk, n);
        offset += n;
        bytes -= n;
    }
    return TB_OK;
}

/* Counts an operation; true where this one is the one that is cut. */
static bool operation_is_cut(flash_model *m)
{
    return m->operations++ == m->cut_at;
}

static void power_off(flash_model *m)
{
    m->cut_fired = true;
    longjmp(*m->power_off, 1);
}

static void torn_program(flash_model *m, unsigned bank, uint32_t at, const uint8_t *unit)
{
    uint32_t bytes = m->chip->unit_bytes;
    uint8_t *cell = m->bytes[bank] + at;

    switch (m->outcome) {
    case CUT_OLD:
        return;
    case CUT_NEW:
        memcpy(cell, unit, bytes);
        break;
    case CUT_MIXED:
        for (uint32_t i = 0; i < bytes; i++) {
            cell[i] = (uint8_t)(cell[i] & (unit[i] | model_random(m)));
        }
        break;
    case CUT_ECC:
        *state_of(m, bank, at) = UNIT_BAD;
        return;
    default:
        memcpy(m->other[bank] + at, cell, bytes);
        memcpy(cell, unit, bytes);
        *state_of(m, bank, at) = UNIT_UNSTABLE;
        return;
    }
    *state_of(m, bank, at) = UNIT_WRITTEN;
}

/* An unstable unit that reads as blank at this look. */
static bool blank_by_chance(flash_model *m, unsigned bank, uint32_t at)
{
    uint8_t seen[TB_MAX_UNIT_BYTES];

    if (*state_of(m, bank, at) != UNIT_UNSTABLE || !unit_read(m, bank, at, seen)) {
        return false;
    }
    for (uint32_t i = 0; i < m->chip->unit_bytes; i++) {
        if (seen[i] != 0xFF) {
            return false;
        }
    }
    return true;
}

static tb_error model_program(void *ctx, unsigned bank, uint32_t offset, const void *unit)
{
    flash_model *m = ctx;
    uint32_t bytes = m->chip->unit_bytes;
    const uint8_t *p = unit;
    bool all_ones = true;
    bool cut = operation_is_cut(m);

    assert(bank < 2u && offset % bytes == 0 && offset < m->chip->bank_bytes);
    for (uint32_t i = 0; i < bytes; i++) {
        all_ones = all_ones && p[i] == 0xFF;
    }
    assert(!all_ones);
    m->programs++;
    if (m->meanwhile != NULL) {
        m->meanwhile();
    }
    if (m->operations - 1u == m->fail_at) {
        return m->fail_error;
    }
    if (blank_by_chance(m, bank, offset)) { /* what is written on it holds no better */
        memcpy(m->other[bank] + offset, m->bytes[bank] + offset, bytes);
        memcpy(m->bytes[bank] + offset, p, bytes);
        if (cut) {
            power_off(m);
        }
        return TB_OK;
    }
    if (*state_of(m, bank, offset) != UNIT_BLANK) {
        m->programs_refused += offset < tb_log_offset(m->chip); /* a log may try the next unit */
        if (cut) {
            power_off(m);
        }
        return TB_ERR_PROGRAM;
    }
    if (cut) {
        torn_program(m, bank, offset, p);
        power_off(m);
    }
    memcpy(m->bytes[bank] + offset, p, bytes);
    *state_of(m, bank, offset) = UNIT_WRITTEN;
    return TB_OK;
}

static void torn_erase_unit(flash_model *m, unsigned bank, uint32_t at)
{
    uint32_t bytes = m->chip->unit_bytes;
    bool chosen = (model_random(m) & 64u) != 0;

    switch (m->outcome) {
    case CUT_OLD:
        return;
    case CUT_ECC:
        if (chosen) {
            *state_of(m, bank, at) = UNIT_BAD;
        }
        return;
    case CUT_UNSTABLE:
        memcpy(m->other[bank] + at, m->bytes[bank] + at, bytes);
        memset(m->bytes[bank] + at, 0xFF, bytes);
        *state_of(m, bank, at) = UNIT_UNSTABLE;
        return;
    case CUT_MIXED:
        if (!chosen) {
            return;
        }
        break;
    default:
        break;
    }
    memset(m->bytes[bank] + at, 0xFF, bytes);
    *state_of(m, bank, at) = UNIT_BLANK;
}

static tb_error model_erase(void *ctx, unsigned bank, uint32_t page_offset)
{
    flash_model *m = ctx;
    bool cut = operation_is_cut(m);
    tb_page page;

    assert(bank < 2u && tb_page_at(m->chip, page_offset, &page) && page.offset == page_offset);
    m->erases++;
    if (m->meanwhile != NULL) {
        m->meanwhile();
    }
    if (m->operations - 1u == m->fail_at) {
        return m->fail_error;
    }
    for (uint32_t at = 0; at < page.bytes; at += m->chip->unit_bytes) {
        if (cut) {
            torn_erase_unit(m, bank, page.offset + at);
        } else {
            memset(m->bytes[bank] + page.offset + at, 0xFF, m->chip->unit_bytes);
            *state_of(m, bank, page.offset + at) = UNIT_BLANK;
        }
    }
    if (cut) {
        power_off(m);
    }
    return TB_OK;
}

static unsigned model_mapped(void *ctx)
{
    return ((flash_model *)ctx)->mapped;
}

static void model_alive(void *ctx)
{
    ((flash_model *)ctx)->alive_calls++;
}

tb_flash model_port(flash_model *m)
{
    return (tb_flash){.ctx = m, .chip = m->chip, .read = model_read, .program = model_program,
                      .erase = model_erase, .crc32 = model_crc32, .mapped_bank = model_mapped,
                      .alive = model_alive};
}
