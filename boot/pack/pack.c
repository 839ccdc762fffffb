#include "boot/pack/pack.h"

#include <stdlib.h>
#include <string.h>

#define WORD 4u
#define MARKER 0x80u
#define PAIRS 0x10000u
#define LONGEST_LOOK 1000u /* places that are tried for a copy */

/* Calls as unpack.S says: there, or with `back` from there. */
static void turn_calls(uint8_t *program, uint32_t address, size_t from, size_t bytes, bool back)
{
    for (size_t i = from; i + 4u <= bytes; i += 2u) {
        uint8_t *p = program + i;
        uint32_t place = (address + (uint32_t)i) / 2u;
        uint32_t field = (p[1] & 7u) << 19 | (uint32_t)p[0] << 11 | (p[3] & 7u) << 8 | p[2];

        if (p[1] >> 3 != 0x1Eu || p[3] >> 3 != 0x1Fu) {
            continue;
        }
        field = back ? field - place : field + place;
        p[0] = (uint8_t)(field >> 11);
        p[1] = (uint8_t)(0xF0u | (field >> 19 & 7u));
        p[2] = (uint8_t)field;
        p[3] = (uint8_t)(0xF8u | (field >> 8 & 7u));
        i += 2u;
    }
}

/* Everything else here runs backwards: `from` is the program's last byte, and what is counted up is
 * the way to its first. A step is a literal (count 1, distance 0) or a copy. */
typedef struct step {
    uint32_t bits; /* from here to the end */
    uint32_t count, distance;
} step;

typedef struct stream {
    uint8_t *bytes; /* in the order in which they are read */
    size_t count, room;
    size_t bits_at; /* the byte that takes bits */
    unsigned bits_left;
    bool full;
} stream;

static uint8_t at(const uint8_t *end, size_t place)
{
    return *(end - 1 - place);
}

static uint32_t number_bits(uint32_t number)
{
    uint32_t bits = 1;

    for (; number > 1u; number >>= 1) {
        bits += 2u;
    }
    return bits;
}

static uint32_t copy_bits(uint32_t count, uint32_t distance)
{
    return 1u + number_bits(count - 1u) + number_bits(((distance - 1u) >> 8) + 1u) + 8u;
}

/* The cheapest way from each place to the end, longest first. */
static void plan(const uint8_t *end, size_t bytes, const size_t *before, step *steps)
{
    steps[bytes] = (step){0};
    for (size_t i = bytes; i-- > 0;) {
        step best = {.bits = 9u + steps[i + 1].bits, .count = 1};
        size_t reach = 1, looks = LONGEST_LOOK;

        for (size_t j = before[i]; j != SIZE_MAX && i + reach < bytes && looks-- > 0;
             j = before[j]) {
            size_t length = 0;

            if (at(end, j + reach) != at(end, i + reach)) {
                continue; /* no longer than what is nearer */
            }
            while (i + length < bytes && at(end, j + length) == at(end, i + length)) {
                length++;
            }
            /* The nearer place is the cheaper one for what it reaches. */
            for (; reach < length; reach++) {
                uint32_t count = (uint32_t)reach + 1u, distance = (uint32_t)(i - j);
                uint32_t bits = copy_bits(count, distance) + steps[i + count].bits;

                if (bits < best.bits) {
                    best = (step){bits, count, distance};
                }
            }
        }
        steps[i] = best;
    }
}

/* For each place the last one before it where the same two bytes stand. */
static void chain(const uint8_t *end, size_t bytes, size_t *last, size_t *before)
{
    for (size_t i = 0; i < PAIRS; i++) {
        last[i] = SIZE_MAX;
    }
    for (size_t i = 0; i < bytes; i++) {
        before[i] = SIZE_MAX;
        if (i + 1 < bytes) {
            size_t *pair = &last[(size_t)at(end, i) << 8 | at(end, i + 1)];

            before[i] = *pair;
            *pair = i;
        }
    }
}

static void put_byte(stream *s, uint8_t byte)
{
    if (s->count == s->room) {
        s->full = true;
        return;
    }
    s->bytes[s->count++] = byte;
}

static void put_bit(stream *s, unsigned bit)
{
    if (s->bits_left == 0u) {
        s->bits_left = 8;
        s->bits_at = s->count;
        put_byte(s, 0);
    }
    s->bits_left--;
    if (!s->full) {
        s->bytes[s->bits_at] |= (uint8_t)(bit << s->bits_left);
    }
}

static void put_number(stream *s, uint32_t number)
{
    unsigned below = 0;

    while (number >> below > 1u) {
        below++;
    }
    while (below-- > 0u) {
        put_bit(s, 1);
        put_bit(s, number >> below & 1u);
    }
    put_bit(s, 0);
}

static void put_steps(stream *s, const uint8_t *end, size_t bytes, const step *steps)
{
    for (size_t i = 0; i < bytes; i += steps[i].count) {
        put_bit(s, steps[i].distance != 0u);
        if (steps[i].distance == 0u) {
            put_byte(s, at(end, i));
        } else {
            put_number(s, steps[i].count - 1u);
            put_number(s, ((steps[i].distance - 1u) >> 8) + 1u);
            put_byte(s, (uint8_t)(steps[i].distance - 1u));
        }
    }
}

static unsigned get_bit(const uint8_t **in, uint32_t *bits)
{
    *bits <<= 1;
    if ((*bits & 0xFFu) == 0u) {
        *bits = (uint32_t)*--*in << 1 | 1u;
    }
    return *bits >> 8 & 1u;
}

static uint32_t get_number(const uint8_t **in, uint32_t *bits)
{
    uint32_t number = 1;

    while (get_bit(in, bits) != 0u) {
        number = number << 1 | get_bit(in, bits);
    }
    return number;
}

/* What the device does, in the same memory. False where it overtakes itself. */
static bool unpack(uint8_t *memory, size_t stream_end, size_t bytes, size_t first)
{
    const uint8_t *in = memory + stream_end;
    uint8_t *out = memory + bytes;
    uint32_t bits = MARKER;

    while (out > memory + first && in <= out && in >= memory) {
        if (get_bit(&in, &bits) == 0u) {
            *--out = *--in;
            continue;
        }
        uint32_t count = get_number(&in, &bits) + 1u;
        uint32_t distance = ((get_number(&in, &bits) - 1u) << 8) + *--in + 1u;

        for (; count > 0 && out > memory; count--) {
            out--;
            if (out + distance >= memory + bytes) {
                return false;
            }
            *out = out[distance];
        }
    }
    return out == memory + first;
}

/* Lays out prefix, padding and stream in `out`, and tries it in `trial`: `turned` comes out. */
static bool lay_out(const uint8_t *turned, size_t bytes, size_t first, const stream *s,
                    uint8_t *out, size_t *out_bytes, uint8_t *trial)
{
    size_t padding = (WORD - (first + s->count) % WORD) % WORD;
    size_t made = first + padding + s->count;

    if (s->full || made >= bytes) {
        return false;
    }
    memcpy(out, turned, first);
    memset(out + first, 0, padding);
    for (size_t i = 0; i < s->count; i++) {
        out[made - 1u - i] = s->bytes[i];
    }
    *out_bytes = made;
    memset(trial, 0xA5, bytes);
    memcpy(trial, out, made);
    return unpack(trial, made, bytes, first) && memcmp(trial, turned, bytes) == 0;
}

bool pack_in_place(const uint8_t *program, uint32_t address, size_t bytes, size_t first,
                   uint8_t *out, size_t *out_bytes, size_t *unpacked_from)
{
    size_t *last = malloc(PAIRS * sizeof *last);
    size_t *before = malloc((bytes + 1u) * sizeof *before);
    step *steps = malloc((bytes + 1u) * sizeof *steps);
    uint8_t *made = malloc(bytes + 1u), *trial = malloc(bytes + 1u), *turned = malloc(bytes + 1u);
    bool good = false;

    if (last != NULL && before != NULL && steps != NULL && made != NULL && trial != NULL &&
        turned != NULL) {
        /* Where the first bytes pack badly, the last of the stream would be overwritten: then
         * they stay as they are. */
        for (; !good && first < bytes; first += WORD) {
            stream s = {.bytes = made, .room = bytes};
            const uint8_t *end = turned + bytes;

            memcpy(turned, program, bytes);
            turn_calls(turned, address, first, bytes, false);
            chain(end, bytes - first, last, before);
            plan(end, bytes - first, before, steps);
            put_steps(&s, end, bytes - first, steps);
            *unpacked_from = first;
            good = lay_out(turned, bytes, first, &s, out, out_bytes, trial);
            turn_calls(trial, address, first, bytes, true);
            good = good && memcmp(trial, program, bytes) == 0;
            if (s.count >= bytes) {
                break;
            }
        }
    }
    free(last);
    free(before);
    free(steps);
    free(made);
    free(trial);
    free(turned);
    return good;
}
