/* The decoder of docs/compression.md: adaptive binary range coding (after Martin, 1979), over
 * bytes that are the same as a source's, literals and copies from what was written. */
#include "twinbank/expand.h"

#include <string.h>

#include "core/internal.h"

#define HALF (1u << (TB_EXPAND_PROBABILITY_BITS - 1u))
/* The most that one symbol can take: 24 bits of the least likely sort, 7.1 each, and 52
 * direct ones. */
#define SYMBOL_BYTES 32u
#define WRITE_BYTES 16u
/* Nearer than this the ring has it, as flash may not: what is not written yet and the
 * line that is read must not meet. */
#define NEAR_BYTES (TB_EXPAND_LINE_BYTES + WRITE_BYTES + TB_UPDATE_LINE_BYTES)

_Static_assert(SYMBOL_BYTES <= TB_EXPAND_CARRY_BYTES, "what waits for more fits");
_Static_assert(NEAR_BYTES + WRITE_BYTES <= TB_EXPAND_RING_BYTES, "the ring holds what is near");

void tb_expand_model_init(tb_expand_model *model)
{
    uint16_t *p = (uint16_t *)model;

    for (size_t i = 0; i < sizeof *model / sizeof *p; i++) {
        p[i] = HALF;
    }
}

/* ---- the range decoder --------------------------------------------------------------- */

static uint32_t in_waiting(const tb_expand *e)
{
    return (uint32_t)(e->carry_fill - e->carry_at) + e->in_bytes;
}

static uint8_t in_byte(tb_expand *e)
{
    if (e->carry_at < e->carry_fill) {
        return e->carry[e->carry_at++];
    }
    if (e->in_bytes == 0u) {
        e->overrun = true;
        return 0;
    }
    e->in_bytes--;
    return *e->in++;
}

static void renew(tb_expand *e)
{
    while (e->range < TB_EXPAND_RENEW) {
        e->range <<= 8;
        e->code = e->code << 8 | in_byte(e);
    }
}

static unsigned get_bit(tb_expand *e, uint16_t *p)
{
    uint32_t bound = (e->range >> TB_EXPAND_PROBABILITY_BITS) * *p;
    unsigned bit = e->code >= bound;

    if (bit != 0u) {
        e->range -= bound;
        e->code -= bound;
        *p = (uint16_t)(*p - (*p >> TB_EXPAND_LEARN_SHIFT));
    } else {
        e->range = bound;
        *p = (uint16_t)(*p + ((2u * HALF - *p) >> TB_EXPAND_LEARN_SHIFT));
    }
    renew(e);
    return bit;
}

/* The highest bit first. */
static uint32_t get_tree(tb_expand *e, uint16_t *tree, unsigned bits)
{
    uint32_t node = 1;

    for (unsigned i = 0; i < bits; i++) {
        node = node << 1 | get_bit(e, &tree[node]);
    }
    return node - (1u << bits);
}

static uint32_t get_number(tb_expand *e, tb_expand_number *model)
{
    uint32_t slot = get_tree(e, model->slot, 6);
    uint32_t value = 2u | (slot & 1u);
    uint32_t node = 1;

    if (slot < 4u) {
        return slot;
    }
    for (unsigned left = slot / 2u - 1u; left > 0u; left--) {
        unsigned bit;

        if (left > 4u) {
            e->range >>= 1;
            bit = e->code >= e->range;
            e->code -= bit * e->range;
            renew(e);
        } else {
            bit = get_bit(e, &model->low[node]);
            node = (node << 1 | bit) & 15u;
        }
        value = value << 1 | bit;
    }
    return value;
}

/* ---- the two windows --------------------------------------------------------------------- */

/* One byte of flash, by lines. */
static uint8_t flash_byte(tb_expand *e, tb_expand_line *line, unsigned bank, uint32_t offset)
{
    const tb_flash *flash = flash_of(e->update);
    uint32_t start = offset & ~(TB_EXPAND_LINE_BYTES - 1u);

    if (!line->valid || line->offset != start) {
        line->valid = true;
        line->offset = start;
        tb_error error = port_read(flash, bank, e->update->region_offset + start,
                                     line->bytes, sizeof line->bytes);
        if (error != TB_OK) {
            e->error = error;
        }
    }
    return line->bytes[offset - start];
}

static bool has_expected(const tb_expand *e)
{
    return e->state.source < e->source_bytes;
}

static uint8_t expected_byte(tb_expand *e)
{
    return flash_byte(e, &e->source, e->update->bank ^ 1u, e->state.source);
}

static uint8_t earlier_byte(tb_expand *e, uint32_t distance)
{
    uint32_t offset = e->state.at - distance;

    return distance <= NEAR_BYTES ? e->ring[offset % TB_EXPAND_RING_BYTES]
                                  : flash_byte(e, &e->image, e->update->bank, offset);
}

static void write_pending(tb_expand *e)
{
    uint8_t chunk[WRITE_BYTES];
    uint32_t offset = e->state.at - e->pending;

    for (uint32_t i = 0; i < e->pending; i++) {
        chunk[i] = e->ring[(offset + i) % TB_EXPAND_RING_BYTES];
    }
    tb_error error = tb_update_write(e->update, offset, chunk, e->pending);
    if (error != TB_OK) {
        e->error = error;
    }
    e->pending = 0;
}

static void put_byte(tb_expand *e, uint8_t byte)
{
    e->ring[e->state.at % TB_EXPAND_RING_BYTES] = byte;
    e->state.at++;
    e->state.source++;
    if (++e->pending == WRITE_BYTES) {
        write_pending(e);
    }
}

/* ---- symbols -------------------------------------------------------------------------------- */

static void expand_literal(tb_expand *e)
{
    tb_expand_state *s = &e->state;
    unsigned odd = s->at & 1u;
    uint8_t byte;

    if (has_expected(e) && s->history != 0u) {
        byte = (uint8_t)(expected_byte(e) + get_tree(e, e->model.difference[odd], 8));
    } else {
        byte = (uint8_t)get_tree(e, e->model.literal[odd], 8);
    }
    s->after_copy = 0;
    put_byte(e, byte);
}

static void expand_copy(tb_expand *e)
{
    tb_expand_state *s = &e->state;
    unsigned repeat = get_bit(e, &e->model.repeat);
    uint32_t length = get_number(e, &e->model.length[repeat]) + TB_EXPAND_MIN_LENGTH;

    if (repeat == 0u) {
        unsigned is_long = length >= TB_EXPAND_SHORT;

        s->distance = get_number(e, &e->model.distance[is_long]) + 1u;
    }
    if (s->distance == 0u || s->distance > s->at ||
        length > tb_image_bytes(&e->update->head) - s->at) {
        e->error = TB_ERR_STREAM;
        return;
    }
    s->after_copy = 1;
    while (length-- > 0u && e->error == TB_OK) {
        put_byte(e, earlier_byte(e, s->distance));
    }
}

static void expand_symbol(tb_expand *e)
{
    tb_expand_state *s = &e->state;
    unsigned odd = s->at & 1u;

    if (has_expected(e)) {
        unsigned same = get_bit(e, &e->model.same[s->history][odd]);

        s->history = (uint8_t)(((unsigned)s->history << 1 | same) & 7u);
        if (same != 0u) {
            s->after_copy = 0;
            put_byte(e, expected_byte(e));
            return;
        }
    }
    if (get_bit(e, &e->model.copy[s->after_copy][odd]) == 0u) {
        expand_literal(e);
    } else if (e->source_bytes != 0u && get_bit(e, &e->model.jump) != 0u) {
        s->source = get_number(e, &e->model.target);
        s->history = 7;
        if (!has_expected(e)) {
            e->error = TB_ERR_STREAM;
        }
    } else {
        expand_copy(e);
    }
}

/* ---- a stream ------------------------------------------------------------------------------- */

/* The end of what is there already: from flash, and the line that is being filled. */
static tb_error ring_fill(tb_expand *e)
{
    const tb_update *u = e->update;
    uint32_t written = u->next - u->line_fill;
    uint32_t offset = u->next - smaller(u->next, NEAR_BYTES);

    for (; offset < u->next; offset++) {
        e->ring[offset % TB_EXPAND_RING_BYTES] =
            offset < written ? flash_byte(e, &e->image, u->bank, offset)
                             : u->line[offset - written];
    }
    e->image.valid = false;
    return e->error;
}

tb_error tb_expand_begin(tb_expand *e, tb_update *u, uint32_t stream_bytes, uint32_t source_bytes,
                         uint32_t source_crc32)
{
    tb_slot_info source;
    tb_error error;

    e->update = NULL;
    if (!u->open || u->failure != TB_OK) {
        return u->failure != TB_OK ? (tb_error)u->failure : TB_ERR_NO_SESSION;
    }
    if (u->head.kind != TB_IMAGE_APPLICATION) {
        return TB_ERR_KIND;
    }
    if (stream_bytes == 0u) {
        return TB_ERR_ARGUMENT;
    }
    memset(e, 0, sizeof *e);
    if (source_bytes != 0u) {
        error = tb_slot_inspect(flash_of(u), device_of(u), u->bank ^ 1u, true, &source);
        if (error != TB_OK) {
            return error;
        }
        if (source.head_error != TB_OK || source.payload_error != TB_OK ||
            source.head.size != source_bytes || source.head.crc32 != source_crc32) {
            return TB_ERR_SOURCE;
        }
        e->source_bytes = tb_image_bytes(&source.head);
    }
    e->update = u;
    e->stream_bytes = stream_bytes;
    e->range = UINT32_MAX;
    e->state.at = e->state.source = u->next;
    e->state.history = 7;
    tb_expand_model_init(&e->model);
    error = ring_fill(e);
    if (error != TB_OK) {
        e->update = NULL;
    }
    return error;
}

/* The session went on without this stream, or ended. */
static bool is_stale(const tb_expand *e)
{
    return e->update == NULL || !e->update->open || e->update->next != e->state.at;
}

static void keep_rest(tb_expand *e)
{
    uint8_t fill = 0;

    while (in_waiting(e) > 0u && fill < TB_EXPAND_CARRY_BYTES) {
        uint8_t byte = in_byte(e); /* never before the place that it was read from */

        e->carry[fill++] = byte;
    }
    e->carry_fill = fill;
    e->carry_at = 0;
}

tb_error tb_expand_write(tb_expand *e, uint32_t offset, const uint8_t *data, uint32_t bytes)
{
    if (is_stale(e)) {
        return TB_ERR_NO_SESSION;
    }
    if (offset > e->stream_bytes || bytes > e->stream_bytes - offset) {
        return TB_ERR_OVERLONG;
    }
    if (offset > e->received) {
        return TB_ERR_OFFSET;
    }
    if (bytes <= e->received - offset) {
        return TB_OK;
    }
    e->in = data + (e->received - offset);
    e->in_bytes = bytes - (e->received - offset);
    e->received += e->in_bytes;

    bool whole = e->received == e->stream_bytes;
    uint32_t total = tb_image_bytes(&e->update->head);

    while (e->error == TB_OK && e->state.at < total &&
           (whole || in_waiting(e) >= SYMBOL_BYTES)) {
        if (!e->started) {
            e->started = true;
            for (unsigned i = 0; i < 4u; i++) {
                e->code = e->code << 8 | in_byte(e);
            }
        }
        expand_symbol(e);
        if (e->overrun) {
            e->error = TB_ERR_STREAM;
        }
    }
    if (e->pending > 0u && e->update->open) {
        write_pending(e);
    }
    keep_rest(e);
    if (e->error != TB_OK) {
        e->update = NULL;
    }
    return e->error;
}

const tb_expand_service tb_expand_served = {tb_expand_begin, tb_expand_write};
