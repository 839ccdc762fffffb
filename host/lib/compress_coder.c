/* Range coding with carries, as the decoder in core/expand.c undoes it. */
#include <math.h>
#include <stdlib.h>

#include "host/lib/compress_internal.h"

#define SIXTEENTHS 16.0

void coder_init(coder *c, tb_compressed *out)
{
    *c = (coder){.range = UINT32_MAX, .first = true, .out = out};
}

static void put_byte(coder *c, uint8_t byte)
{
    if (c->first) {
        c->first = false;
        return;
    }
    if (c->out->bytes == c->room) {
        size_t room = c->room * 2u + 4096u;
        uint8_t *data = realloc(c->out->data, room);
        if (data != NULL) {
            c->out->data = data;
        }
        uint32_t *reached = realloc(c->out->reached, room * sizeof *reached);
        if (reached != NULL) {
            c->out->reached = reached;
        }
        if (data == NULL || reached == NULL) {
            c->failed = true;
            return;
        }
        c->room = room;
    }
    c->out->reached[c->out->bytes] = c->at;
    c->out->data[c->out->bytes++] = byte;
}

static void shift_low(coder *c)
{
    if (c->low < 0xFF000000u || c->low > UINT32_MAX) {
        uint8_t carry = (uint8_t)(c->low >> 32);
        put_byte(c, (uint8_t)(c->cache + carry));
        for (; c->cached > 0u; c->cached--) {
            put_byte(c, (uint8_t)(0xFFu + carry));
        }
        c->cache = (uint8_t)(c->low >> 24);
    } else {
        c->cached++;
    }
    c->low = (c->low & 0x00FFFFFFu) << 8;
}

static void renew(coder *c)
{
    while (c->range < TB_EXPAND_RENEW) {
        c->range <<= 8;
        shift_low(c);
    }
}

void coder_bit(coder *c, uint16_t *p, unsigned bit)
{
    uint32_t bound = (c->range >> TB_EXPAND_PROBABILITY_BITS) * *p;

    if (bit != 0u) {
        c->low += bound;
        c->range -= bound;
        *p = (uint16_t)(*p - (*p >> TB_EXPAND_LEARN_SHIFT));
    } else {
        c->range = bound;
        *p = (uint16_t)(*p + (((1u << TB_EXPAND_PROBABILITY_BITS) - *p) >> TB_EXPAND_LEARN_SHIFT));
    }
    renew(c);
}

void coder_tree(coder *c, uint16_t *tree, unsigned bits, uint32_t value)
{
    uint32_t node = 1;

    while (bits-- > 0u) {
        unsigned bit = value >> bits & 1u;
        coder_bit(c, &tree[node], bit);
        node = node << 1 | bit;
    }
}

/* The slot of a number: its length in bits, and the bit below its highest. */
static uint32_t slot_of(uint32_t value)
{
    unsigned bits = 0;

    if (value < 4u) {
        return value;
    }
    while (value >> bits > 3u) {
        bits++;
    }
    return (bits + 1u) * 2u + (value >> bits & 1u);
}

void coder_number(coder *c, tb_expand_number *model, uint32_t value)
{
    uint32_t slot = slot_of(value);
    uint32_t node = 1;

    coder_tree(c, model->slot, 6, slot);
    if (slot < 4u) {
        return;
    }
    for (unsigned left = slot / 2u - 1u; left > 0u; left--) {
        unsigned bit = value >> (left - 1u) & 1u;
        if (left > 4u) {
            c->range >>= 1;
            c->low += bit * (uint64_t)c->range;
            renew(c);
        } else {
            coder_bit(c, &model->low[node], bit);
            node = (node << 1 | bit) & 15u;
        }
    }
}

void coder_flush(coder *c)
{
    for (unsigned i = 0; i < 5u; i++) {
        shift_low(c);
    }
}

uint32_t price_bit(uint16_t p, unsigned bit)
{
    static uint16_t table[1u << (TB_EXPAND_PROBABILITY_BITS - 3u)];
    const uint32_t entries = sizeof table / sizeof table[0];

    if (table[0] == 0u) {
        for (uint32_t i = 0; i < entries; i++) {
            table[i] = (uint16_t)(-log2((i + 0.5) / entries) * SIXTEENTHS + 0.5);
        }
    }
    uint32_t likely = bit != 0u ? (1u << TB_EXPAND_PROBABILITY_BITS) - p : p;
    return table[likely >> 3 < entries ? likely >> 3 : entries - 1u];
}

uint32_t price_tree(const uint16_t *tree, unsigned bits, uint32_t value)
{
    uint32_t node = 1, price = 0;

    while (bits-- > 0u) {
        unsigned bit = value >> bits & 1u;
        price += price_bit(tree[node], bit);
        node = node << 1 | bit;
    }
    return price;
}

uint32_t price_number(const tb_expand_number *model, uint32_t value)
{
    uint32_t slot = slot_of(value), node = 1;
    uint32_t price = price_tree(model->slot, 6, slot);

    if (slot < 4u) {
        return price;
    }
    for (unsigned left = slot / 2u - 1u; left > 0u; left--) {
        unsigned bit = value >> (left - 1u) & 1u;
        if (left > 4u) {
            price += (uint32_t)SIXTEENTHS;
        } else {
            price += price_bit(model->low[node], bit);
            node = (node << 1 | bit) & 15u;
        }
    }
    return price;
}
