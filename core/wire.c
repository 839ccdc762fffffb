#include "twinbank/wire.h"

#include <string.h>

#include "core/bytes.h"
#include "twinbank/image.h"

#define FRAME_HEAD 4u /* token, command, length */
#define CRC_BYTES 4u
#define TUTORIAL_POLYNOMIAL 0x04C11DB7u

uint32_t tb_crc_tutorial(uint32_t crc, const void *data, size_t bytes)
{
    const uint8_t *p = data;

    for (; bytes > 0; bytes--) {
        crc ^= *p++; /* into the low byte: the unit takes each byte as a 32-bit word */
        for (unsigned i = 0; i < 32u; i++) {
            crc = crc << 1 ^ (TUTORIAL_POLYNOMIAL & (0u - (crc >> 31)));
        }
    }
    return crc;
}

/* From frame[from] on; crc is what the bytes before gave. */
static uint32_t frame_crc(uint32_t crc, const uint8_t *frame, size_t from, size_t to)
{
    if (frame[0] == TB_WIRE_TOKEN_TUTORIAL) {
        return tb_crc_tutorial(from == 0 ? 0xFFFFFFFFu : crc, frame + from, to - from);
    }
    return tb_crc32(from == 0 ? 0 : crc, frame + from, to - from);
}

size_t tb_frame_put(uint8_t *out, uint8_t token, uint8_t command, const void *payload,
                    uint16_t bytes)
{
    size_t at = FRAME_HEAD + (size_t)bytes;
    uint8_t *end = out + at;

    out[0] = token;
    out[1] = command;
    out[2] = (uint8_t)bytes;
    out[3] = (uint8_t)(bytes >> 8);
    if (bytes > 0) {
        memmove(out + FRAME_HEAD, payload, bytes);
    }
    put_u32(&end, frame_crc(0, out, 0, at));
    return at + CRC_BYTES;
}

void tb_receiver_init(tb_receiver *r, uint8_t *buffer, uint16_t max_payload)
{
    memset(r, 0, sizeof *r);
    r->buffer = buffer;
    r->max_payload = max_payload;
}

static void drop(tb_receiver *r, size_t bytes)
{
    if (bytes == 0) {
        return; /* once for every byte received: moving the buffer onto itself is dear */
    }
    r->fill = (uint16_t)(r->fill - bytes);
    r->folded = 0;
    memmove(r->buffer, r->buffer + bytes, r->fill);
    r->suspect -= bytes < r->suspect ? (uint32_t)bytes : r->suspect;
}

static bool is_token(uint8_t byte)
{
    return byte == TB_WIRE_TOKEN_TUTORIAL || byte == TB_WIRE_TOKEN_NATIVE;
}

static void fold(tb_receiver *r, size_t to)
{
    if (to > r->folded) {
        r->crc = frame_crc(r->crc, r->buffer, r->folded, to);
        r->folded = (uint16_t)to;
    }
}

static bool crc_matches(tb_receiver *r, size_t bytes)
{
    const uint8_t *sent = r->buffer + bytes;

    fold(r, bytes);
    return get_u32(&sent) == r->crc;
}

/* The token at the front starts no good frame. Only the token is dropped: what follows
 * is searched again. `span` is how far the frame said it would reach. */
static bool report_bad(tb_receiver *r, uint32_t span)
{
    bool known = r->suspect > 0;

    if (!known) {
        r->suspect = span;
    }
    r->consumed = 1;
    return !known;
}

tb_receive tb_receiver_next(tb_receiver *r, tb_frame *frame, tb_error *error)
{
    for (;;) {
        size_t skip = r->consumed;
        uint32_t length;

        r->consumed = 0;
        while (skip < r->fill && !is_token(r->buffer[skip])) {
            skip++;
        }
        drop(r, skip);
        if (r->fill == 0) {
            r->flush = false;
            return TB_RECEIVE_MORE;
        }
        frame->token = r->buffer[0];
        frame->command = r->fill > 1u ? r->buffer[1] : 0u;
        frame->length = 0;
        frame->payload = r->buffer + FRAME_HEAD;
        length = r->fill < FRAME_HEAD ? 0u : (uint32_t)r->buffer[2] | (uint32_t)r->buffer[3] << 8;
        if (length > r->max_payload) {
            *error = TB_ERR_FRAME_LENGTH;
        } else if (r->fill < FRAME_HEAD || r->fill < TB_WIRE_OVERHEAD + length) {
            if (!r->flush) {
                fold(r, r->fill < FRAME_HEAD + length ? r->fill : FRAME_HEAD + length);
                return TB_RECEIVE_MORE;
            }
            *error = TB_ERR_FRAME_TIMEOUT;
        } else if (crc_matches(r, FRAME_HEAD + length)) {
            frame->length = (uint16_t)length;
            r->consumed = (uint16_t)(TB_WIRE_OVERHEAD + length);
            r->suspect = 0;
            return TB_RECEIVE_FRAME;
        } else {
            *error = TB_ERR_FRAME_CRC;
        }
        if (report_bad(r, TB_WIRE_OVERHEAD + length)) {
            return TB_RECEIVE_BAD;
        }
    }
}

/* What is in the buffer began well; a length that is too large was found when it came. */
static size_t still_missing(const tb_receiver *r)
{
    size_t length = (size_t)r->buffer[2] | (size_t)r->buffer[3] << 8;

    return r->fill < FRAME_HEAD ? 1u : TB_WIRE_OVERHEAD + length - r->fill;
}

tb_receive tb_receiver_bytes(tb_receiver *r, const uint8_t *bytes, size_t count, size_t *taken,
                             tb_frame *frame, tb_error *error)
{
    size_t missing;

    drop(r, r->consumed);
    r->consumed = 0;
    missing = still_missing(r);
    *taken = count < missing ? count : missing;
    memcpy(r->buffer + r->fill, bytes, *taken);
    r->fill = (uint16_t)(r->fill + *taken);
    return tb_receiver_next(r, frame, error);
}

tb_receive tb_receiver_byte(tb_receiver *r, uint8_t byte, tb_frame *frame, tb_error *error)
{
    size_t taken;

    return tb_receiver_bytes(r, &byte, 1, &taken, frame, error);
}

tb_receive tb_receiver_timeout(tb_receiver *r, tb_frame *frame, tb_error *error)
{
    tb_receive got;

    r->flush = true;
    got = tb_receiver_next(r, frame, error);
    /* What comes after the silence is a new start, whatever was announced before it. */
    if (r->suspect > r->fill) {
        r->suspect = r->fill;
    }
    return got;
}
