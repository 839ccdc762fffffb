/* The receiver of frames against a plain reading of docs/wire.md: whatever bytes come, it
 * finds the good frames that a search through the whole stream finds, and no other. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "twinbank/image.h"
#include "twinbank/wire.h"

#define MAX_PAYLOAD 128u
#define MOST_FRAMES 1024u

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool good_frame(const uint8_t *p, uint32_t length)
{
    uint32_t crc = p[0] == TB_WIRE_TOKEN_TUTORIAL ? tb_crc_tutorial(0xFFFFFFFFu, p, 4u + length)
                                                  : tb_crc32(0, p, 4u + length);

    return get_u32(p + 4u + length) == crc;
}

/* Where the good frames begin. */
static size_t search(const uint8_t *stream, size_t bytes, size_t *starts)
{
    size_t count = 0;

    for (size_t at = 0; at < bytes && count < MOST_FRAMES;) {
        size_t left = bytes - at;
        uint32_t length;

        if (stream[at] != TB_WIRE_TOKEN_TUTORIAL && stream[at] != TB_WIRE_TOKEN_NATIVE) {
            at++;
            continue;
        }
        if (left < 4u) {
            break; /* more may come */
        }
        length = (uint32_t)stream[at + 2u] | (uint32_t)stream[at + 3u] << 8;
        if (length > MAX_PAYLOAD) {
            at++;
        } else if (left < TB_WIRE_OVERHEAD + length) {
            break;
        } else if (good_frame(stream + at, length)) {
            starts[count++] = at;
            at += TB_WIRE_OVERHEAD + length;
        } else {
            at++;
        }
    }
    return count;
}

/* The input with its marks replaced: 0x01 n makes a whole frame of the next n bytes. */
static size_t make_stream(fuzz_input in, uint8_t *out, size_t room)
{
    size_t bytes = 0;

    while (in.left > 0 && bytes + TB_WIRE_OVERHEAD + 256u < room) {
        uint8_t byte = fuzz_u8(&in);

        if (byte == 0x01u || byte == 0x02u) {
            size_t n;
            uint8_t command = fuzz_u8(&in);
            const uint8_t *payload = fuzz_bytes(&in, fuzz_u8(&in) % 140u, &n);

            bytes += tb_frame_put(out + bytes,
                                  byte == 0x01u ? TB_WIRE_TOKEN_NATIVE : TB_WIRE_TOKEN_TUTORIAL,
                                  command, payload, (uint16_t)n);
        } else {
            out[bytes++] = byte;
        }
    }
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t stream[16384];
    static size_t starts[MOST_FRAMES];
    uint8_t buffer[TB_WIRE_OVERHEAD + MAX_PAYLOAD];
    size_t bytes = make_stream((fuzz_input){data, size}, stream, sizeof stream);
    size_t count = search(stream, bytes, starts), seen = 0;
    tb_receiver r;
    tb_frame frame;
    tb_error error;

    tb_receiver_init(&r, buffer, MAX_PAYLOAD);
    for (size_t i = 0; i < bytes; i++) {
        tb_receive got = tb_receiver_byte(&r, stream[i], &frame, &error);

        for (unsigned steps = 0; got != TB_RECEIVE_MORE; steps++) {
            FUZZ_CHECK(steps <= sizeof buffer);
            if (got == TB_RECEIVE_FRAME && seen < MOST_FRAMES) {
                const uint8_t *expected = stream + starts[seen];

                FUZZ_CHECK(seen < count);
                FUZZ_CHECK(frame.token == expected[0] && frame.command == expected[1]);
                FUZZ_CHECK(memcmp(frame.payload, expected + 4, frame.length) == 0);
                seen++;
            }
            got = tb_receiver_next(&r, &frame, &error);
        }
    }
    FUZZ_CHECK(seen == count);
    /* Silence ends whatever is pending. */
    for (tb_receive got = tb_receiver_timeout(&r, &frame, &error); got != TB_RECEIVE_MORE;) {
        got = tb_receiver_next(&r, &frame, &error);
    }
    FUZZ_CHECK(tb_receiver_idle(&r));
    return 0;
}
