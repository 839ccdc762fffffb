/* Frames and fields against docs/wire.md, and the receiver against everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "twinbank/image.h"
#include "twinbank/wire.h"
#include "vectors.h"

#define PAGE "docs/wire.md"
#define ROOM (TB_WIRE_OVERHEAD + TB_WIRE_MAX_PAYLOAD)

static uint32_t seed = 1;

static uint32_t random_u32(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

/* As the manual draws the unit: 32 bits in, most significant first. */
static uint32_t unit_crc(const uint8_t *p, size_t n)
{
    uint32_t crc = 0xFFFFFFFFu;

    for (size_t i = 0; i < n; i++) {
        uint32_t word = p[i];

        for (int bit = 31; bit >= 0; bit--) {
            uint32_t top = (crc >> 31 ^ word >> bit) & 1u;

            crc = crc << 1 ^ (top != 0 ? 0x04C11DB7u : 0u);
        }
    }
    return crc;
}

static void tutorial_crc(void **state)
{
    uint8_t bytes[300];

    (void)state;
    for (unsigned i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)random_u32();
    }
    assert_int_equal(tb_crc_tutorial(0xFFFFFFFFu, bytes, sizeof bytes),
                     unit_crc(bytes, sizeof bytes));
    assert_int_equal(tb_crc_tutorial(tb_crc_tutorial(0xFFFFFFFFu, bytes, 99), bytes + 99, 201),
                     unit_crc(bytes, sizeof bytes));
}

/* Every vector of the document is a good frame and is what the encoder makes of its parts. */
static void vectors_are_frames(void **state)
{
    uint8_t bytes[ROOM], again[ROOM], buffer[ROOM];
    char name[64];
    unsigned count;

    (void)state;
    for (count = 0; vector_name(PAGE, count, name, sizeof name); count++) {
        size_t n = vector_read(PAGE, name, bytes, sizeof bytes);
        tb_receiver r;
        tb_frame frame;
        tb_error error;

        tb_receiver_init(&r, buffer, TB_WIRE_MAX_PAYLOAD);
        for (size_t i = 0; i + 1u < n; i++) {
            assert_int_equal(tb_receiver_byte(&r, bytes[i], &frame, &error), TB_RECEIVE_MORE);
        }
        assert_int_equal(tb_receiver_byte(&r, bytes[n - 1u], &frame, &error), TB_RECEIVE_FRAME);
        assert_int_equal(
            tb_frame_put(again, frame.token, frame.command, frame.payload, frame.length), n);
        assert_memory_equal(again, bytes, n);
    }
    assert_int_equal(count, 30);
}

static void hello_vector(void **state)
{
    uint8_t bytes[ROOM], out[TB_HELLO_BYTES];
    tb_hello h;

    (void)state;
    assert_int_equal(vector_read(PAGE, "hello-reply", bytes, sizeof bytes), 4 + 2 + 44 + 4);
    assert_true(tb_hello_get(&h, bytes + 6, TB_HELLO_BYTES));
    assert_false(tb_hello_get(&h, bytes + 6, TB_HELLO_BYTES - 1u));
    assert_int_equal(h.role, TB_ROLE_APPLICATION);
    assert_int_equal(h.device_id, 0x469);
    assert_int_equal(h.flash_kib, 512);
    assert_int_equal(h.bank_kib, 256);
    assert_int_equal(h.mapped_bank, 1);
    assert_int_equal(h.product_id, 0x11223344);
    assert_int_equal(h.stage2_bytes, 28672);
    assert_int_equal(h.window, 4096);
    assert_int_equal(h.uid[11], 11);
    tb_hello_put(out, &h);
    assert_memory_equal(out, bytes + 6, sizeof out);
}

static void status_vector(void **state)
{
    uint8_t bytes[ROOM], out[TB_STATUS_BYTES];
    tb_status s;

    (void)state;
    assert_int_equal(vector_read(PAGE, "status-reply", bytes, sizeof bytes), 4 + 2 + 126 + 4);
    assert_true(tb_status_get(&s, bytes + 6, TB_STATUS_BYTES));
    assert_false(tb_status_get(&s, bytes + 6, TB_STATUS_BYTES - 1u));
    assert_int_equal(s.slot[0].state, 2);
    assert_int_equal(s.slot[1].reason, 2);
    assert_int_equal(s.slot[1].crc32, 0xDEADBEEFu);
    assert_int_equal(s.slot[1].build_id[0], 8);
    assert_int_equal(s.stage2[0].size, 0x3000);
    assert_int_equal(s.stage2[1].error, 1);
    assert_int_equal(s.stage2_bank, 0xFF);
    assert_int_equal(s.report_generation, 7);
    assert_int_equal(s.fault_pc, 0x08008401);
    assert_int_equal(s.session_next, 0x800);
    assert_int_equal(s.session_total, 0x2500);
    tb_status_put(out, &s);
    assert_memory_equal(out, bytes + 6, sizeof out);
}

/* ---- the receiver ------------------------------------------------------------------------ */

typedef struct tally {
    unsigned frames, bad;
    tb_error last_error;
    uint8_t last_command;
    uint16_t last_length;
    uint8_t last_token;
} tally;

typedef struct line {
    tb_receiver r;
    uint8_t buffer[ROOM];
    uint8_t guard[16];
    tally t;
} line;

static void line_init(line *l, uint16_t max)
{
    memset(l, 0x77, sizeof *l);
    memset(&l->t, 0, sizeof l->t);
    tb_receiver_init(&l->r, l->buffer, max);
}

static void drain(line *l, tb_receive got, tb_frame *frame, tb_error *error)
{
    while (got != TB_RECEIVE_MORE) {
        l->t.last_token = frame->token;
        if (got == TB_RECEIVE_FRAME) {
            l->t.frames++;
            l->t.last_command = frame->command;
            l->t.last_length = frame->length;
        } else {
            l->t.bad++;
            l->t.last_error = *error;
        }
        got = tb_receiver_next(&l->r, frame, error);
    }
}

static void feed(line *l, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        tb_frame frame;
        tb_error error = TB_OK;

        drain(l, tb_receiver_byte(&l->r, bytes[i], &frame, &error), &frame, &error);
    }
}

static void silence(line *l)
{
    tb_frame frame;
    tb_error error = TB_OK;

    drain(l, tb_receiver_timeout(&l->r, &frame, &error), &frame, &error);
    assert_true(tb_receiver_idle(&l->r));
}

static size_t good(uint8_t *out, uint8_t command)
{
    uint8_t payload[20];

    for (unsigned i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)random_u32();
    }
    return tb_frame_put(out, (uint8_t)(0x23u + (command & 1u)), command, payload,
                        (uint16_t)(random_u32() % sizeof payload));
}

static void each_damage_has_its_error(void **state)
{
    line l;
    uint8_t f[ROOM];
    size_t n;

    (void)state;
    line_init(&l, 128);
    n = tb_frame_put(f, 0x24, 4, "abcdef", 6);
    f[6] ^= 1u;
    feed(&l, f, n);
    assert_int_equal(l.t.bad, 1);
    assert_int_equal(l.t.last_error, TB_ERR_FRAME_CRC);
    assert_int_equal(l.t.last_token, 0x24);

    n = tb_frame_put(f, 0x23, 0x42, "abcdef", 6);
    f[n - 1u] ^= 0x80u;
    feed(&l, f, n);
    assert_int_equal(l.t.bad, 2);
    assert_int_equal(l.t.last_token, 0x23);

    f[2] = 129;
    feed(&l, f, 4);
    assert_int_equal(l.t.bad, 3);
    assert_int_equal(l.t.last_error, TB_ERR_FRAME_LENGTH);
    silence(&l);
    assert_int_equal(l.t.bad, 3);

    n = tb_frame_put(f, 0x24, 4, "abcdef", 6);
    for (size_t cut = 1; cut < n; cut++) {
        feed(&l, f, cut);
        silence(&l);
        assert_int_equal(l.t.bad, 3 + cut);
        assert_int_equal(l.t.last_error, TB_ERR_FRAME_TIMEOUT);
    }
    assert_int_equal(l.t.frames, 0);
    silence(&l);
    feed(&l, f, n);
    assert_int_equal(l.t.frames, 1);
    assert_int_equal(l.t.last_length, 6);
}

/* One bad frame, one answer: tokens within it are not answered again. */
static void one_report_for_each_bad_frame(void **state)
{
    line l;
    uint8_t f[ROOM], payload[100];
    size_t n;

    (void)state;
    line_init(&l, 128);
    memset(payload, 0x24, sizeof payload);
    n = tb_frame_put(f, 0x24, 4, payload, sizeof payload);
    f[3 + sizeof payload / 2u] ^= 1u;
    feed(&l, f, n);
    assert_int_equal(l.t.bad, 1);
    memset(f + 4, 0x23, 60);
    for (unsigned i = 0; i < 60u; i += 3u) {
        f[4 + i] = 0x23; /* a token, then a length that is not there yet */
        f[5 + i] = 0x42;
        f[6 + i] = 40;
    }
    feed(&l, f, n);
    silence(&l);
    assert_true(l.t.bad <= 3u);
    n = good(f, 9);
    feed(&l, f, n);
    assert_int_equal(l.t.frames, 1);
}

/* A length that lies about what follows costs no good frame behind it. */
static void lying_lengths(void **state)
{
    (void)state;
    for (unsigned length = 0; length < 65536u; length += length < 300u ? 1u : 97u) {
        line l;
        uint8_t lie[] = {(uint8_t)(0x23u + (length & 1u)), 0x42, (uint8_t)length,
                         (uint8_t)(length >> 8)};
        uint8_t f[ROOM];
        size_t n;

        line_init(&l, 128);
        feed(&l, lie, sizeof lie);
        n = good(f, 5);
        feed(&l, f, n);
        if (l.t.frames == 0) {
            silence(&l);
        }
        assert_int_equal(l.t.frames, 1);
        assert_int_equal(l.t.last_command, 5);
        n = good(f, 6);
        feed(&l, f, n);
        assert_int_equal(l.t.frames, 2);
    }
}

/* Any garbage, then silence or not, then a good frame: it is always found. */
static void garbage(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 30000u; round++) {
        line l;
        uint8_t junk[400], f[ROOM];
        unsigned count = random_u32() % sizeof junk;
        unsigned before;
        size_t n;

        line_init(&l, (uint16_t)(128u + random_u32() % 897u));
        for (unsigned i = 0; i < count; i++) {
            uint32_t r = random_u32();

            junk[i] = r % 5u == 0 ? (uint8_t)(0x23u + (r >> 9 & 1u)) : (uint8_t)(r >> 16);
            junk[i] = r % 5u == 1u ? (uint8_t)(r >> 16 & 3u) : junk[i];
        }
        feed(&l, junk, count);
        if (round % 2u == 0) {
            silence(&l);
        }
        before = l.t.frames;
        n = good(f, 0x55);
        feed(&l, f, n);
        if (l.t.frames == before) {
            silence(&l);
        }
        assert_int_equal(l.t.frames, before + 1u);
        assert_int_equal(l.t.last_command, 0x55);
        for (unsigned i = 0; i < sizeof l.guard; i++) {
            assert_int_equal(l.guard[i], 0x77);
        }
    }
}

/* An owner that ignores what it is told must not make the receiver write beyond. */
static void undrained(void **state)
{
    line l;

    (void)state;
    line_init(&l, TB_WIRE_MAX_PAYLOAD);
    for (unsigned i = 0; i < 200000u; i++) {
        tb_frame frame;
        tb_error error;
        uint32_t r = random_u32();

        tb_receiver_byte(&l.r, r % 3u == 0 ? 0x24 : (uint8_t)(r >> 8 & 3u), &frame, &error);
        assert_true(l.r.fill <= ROOM);
    }
    assert_int_equal(l.guard[0], 0x77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tutorial_crc),  cmocka_unit_test(vectors_are_frames),
        cmocka_unit_test(hello_vector),  cmocka_unit_test(status_vector),
        cmocka_unit_test(each_damage_has_its_error),
        cmocka_unit_test(one_report_for_each_bad_frame),
        cmocka_unit_test(lying_lengths), cmocka_unit_test(garbage),
        cmocka_unit_test(undrained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
