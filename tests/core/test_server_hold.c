/* Data behind a lost frame: what is held, what is refused, when it goes on, and what becomes of it
 * where something else comes in between. */
#include <stdlib.h>
#include <string.h>

#include "host/lib/compress_internal.h"
#include "server_rig.h"

#define QUEUE_BYTES 2048u
#define PAYLOAD 6500u
#define TUTORIAL_PIECE 128u

static tb_compressed stream;

static int with_queue(void **state)
{
    (void)state;
    queue_bytes = QUEUE_BYTES;
    expand_served = &tb_expand_served;
    return 0;
}

static void new_image(uint32_t fill)
{
    image_make(&im, &chip_small, TB_IMAGE_APPLICATION, TB_VERSION(1, 1, 0), PAYLOAD, fill, false);
}

static void start_session(void)
{
    start(0);
    new_image(2);
    assert_int_equal(begin(), TB_OK);
}

/* Of an answer to data; or to a frame of a stream, which has one field more. */
static void assert_place(size_t fields, uint32_t next, uint32_t from, uint32_t to)
{
    assert_int_equal(reply_u32(0), next);
    assert_int_equal(reply_u32(4), 2048);
    if (from == to) {
        assert_int_equal(reply_bytes, fields);
        return;
    }
    assert_int_equal(reply_bytes, fields + 8u);
    assert_int_equal(reply_u32(fields), from);
    assert_int_equal(reply_u32(fields + 4u), to);
}

static void piece(uint32_t from, uint32_t to, tb_error expected, uint32_t next, uint32_t held_from,
                  uint32_t held_to)
{
    assert_int_equal(data(from, im.bytes + from, to - from), expected);
    assert_place(8, next, held_from, held_to);
}

static void assert_rest_installs(void)
{
    assert_int_equal(data_until(im.total), TB_OK);
    assert_int_equal(ask(TB_CMD_FINISH, NULL, 0), TB_OK);
    assert_true(holds_image(&m, 1, chip_small.slot_offset, &im));
}

static void told_where_there_is_memory(void **state)
{
    tb_hello h;

    (void)state;
    start_session();
    assert_int_equal(ask_u8(TB_CMD_HELLO, 1), TB_OK);
    assert_true(tb_hello_get(&h, reply, reply_bytes));
    assert_true(h.capabilities & TB_CAP_HOLD);
    queue_bytes = 0;
    start_session();
    assert_int_equal(ask_u8(TB_CMD_HELLO, 1), TB_OK);
    assert_true(tb_hello_get(&h, reply, reply_bytes));
    assert_false(h.capabilities & TB_CAP_HOLD);
    piece(0, 256, TB_OK, 256, 0, 0);
    piece(512, 768, TB_ERR_OFFSET, 256, 0, 0);
    piece(256, 512, TB_OK, 512, 0, 0);
    assert_rest_installs();
    queue_bytes = QUEUE_BYTES;
}

static void held_until_the_gap_is_closed(void **state)
{
    (void)state;
    start_session();
    piece(0, 256, TB_OK, 256, 0, 0);
    unsigned programs = m.programs;
    piece(512, 768, TB_ERR_OFFSET, 256, 512, 768);
    piece(768, 800, TB_ERR_OFFSET, 256, 512, 800);
    piece(800, 1500, TB_ERR_OFFSET, 256, 512, 1500);
    assert_int_equal(m.programs, programs);
    assert_int_equal(s.update.next, 256);
    piece(100, 256, TB_OK, 256, 512, 1500); /* an old one */
    piece(256, 500, TB_OK, 500, 512, 1500); /* a part of what is missing */
    piece(500, 512, TB_OK, 1500, 0, 0);
    assert_int_equal(s.update.next, 1500);
    assert_rest_installs();
}

static void a_second_gap_is_refused(void **state)
{
    (void)state;
    start_session();
    piece(0, 256, TB_OK, 256, 0, 0);
    piece(512, 768, TB_ERR_OFFSET, 256, 512, 768);
    piece(1024, 1280, TB_ERR_OFFSET, 256, 512, 768); /* 768 was lost too */
    piece(1280, 1536, TB_ERR_OFFSET, 256, 512, 768);
    piece(256, 512, TB_OK, 768, 0, 0);
    piece(1536, 1792, TB_ERR_OFFSET, 768, 1536, 1792); /* was under way */
    piece(768, 1024, TB_OK, 1024, 1536, 1792);
    piece(1024, 1280, TB_OK, 1280, 1536, 1792);
    piece(1280, 1536, TB_OK, 1792, 0, 0);
    assert_rest_installs();
}

static void overlaps(void **state)
{
    (void)state;
    start_session();
    piece(0, 256, TB_OK, 256, 0, 0);
    piece(512, 1024, TB_ERR_OFFSET, 256, 512, 1024);
    piece(512, 1024, TB_ERR_OFFSET, 256, 512, 1024); /* doubled */
    piece(600, 700, TB_ERR_OFFSET, 256, 512, 1024);
    piece(1000, 1100, TB_ERR_OFFSET, 256, 512, 1024);
    piece(384, 512, TB_ERR_OFFSET, 256, 512, 1024); /* in front of it */
    piece(400, 1200, TB_ERR_OFFSET, 256, 512, 1024);
    piece(256, 640, TB_OK, 1024, 0, 0); /* more than the gap */
    piece(1280, 1536, TB_ERR_OFFSET, 1024, 1280, 1536);
    piece(1024, 1700, TB_OK, 1700, 0, 0); /* all of it */
    assert_rest_installs();
}

/* As much as there is memory for, wherever it begins. */
static void room_has_an_end(void **state)
{
    (void)state;
    for (uint32_t from = 300; from < 300u + 2u * QUEUE_BYTES; from += 257u) {
        uint32_t to = from + QUEUE_BYTES;

        start_session();
        assert_int_equal(data_until(from - 10u), TB_OK);
        for (uint32_t at = from; at < to; at += 256u) {
            piece(at, at + 256u, TB_ERR_OFFSET, from - 10u, from, at + 256u);
        }
        piece(to, to + 1u, TB_ERR_OFFSET, from - 10u, from, to);
        piece(from - 10u, from, TB_OK, to, 0, 0);
        assert_rest_installs();
    }
    start_session();
    piece(100, 101, TB_ERR_OFFSET, 0, 100, 101); /* before the header even */
    piece(0, 100, TB_OK, 101, 0, 0);
    assert_rest_installs();
}

static void offsets_that_lie(void **state)
{
    static const uint32_t wrong[] = {0xFFFFFFFFu, 0xFFFFFFF8u, 0x80000000u, 0x7FFFFFFFu};

    (void)state;
    start_session();
    piece(0, 256, TB_OK, 256, 0, 0);
    for (unsigned held = 0; held < 2u; held++) {
        uint32_t from = held ? im.total - 8u : 0, to = held ? im.total : 0;

        for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
            assert_int_equal(data(wrong[i], im.bytes, 16), TB_ERR_OVERLONG);
            assert_place(8, 256, from, to);
        }
        assert_int_equal(data(im.total, im.bytes, 1), TB_ERR_OVERLONG);
        assert_place(8, 256, from, to);
        assert_int_equal(data(im.total - 8u, im.bytes, 9), TB_ERR_OVERLONG);
        assert_place(8, 256, from, to);
        piece(im.total - 8u, im.total, TB_ERR_OFFSET, 256, im.total - 8u, im.total);
    }
    assert_int_equal(ask(TB_CMD_FINISH, NULL, 0), TB_ERR_INCOMPLETE);
    /* what is held far away keeps no frame from its place */
    piece(512, 768, TB_ERR_OFFSET, 256, im.total - 8u, im.total);
    while (s.update.next < im.total - 8u) {
        uint32_t at = s.update.next, to = at + 256u < im.total - 8u ? at + 256u : im.total - 8u;

        assert_int_equal(data(at, im.bytes + at, to - at), TB_OK);
    }
    assert_int_equal(reply_u32(0), im.total);
    assert_rest_installs();
}

static void hold_some(void)
{
    start_session();
    piece(0, 256, TB_OK, 256, 0, 0);
    piece(512, 1024, TB_ERR_OFFSET, 256, 512, 1024);
}

static void a_session_given_up_takes_it_along(void **state)
{
    (void)state;
    hold_some();
    assert_int_equal(begin(), TB_OK); /* the same goes on, as after a host's restart */
    assert_int_equal(reply_u32(0), 256);
    piece(256, 512, TB_OK, 512, 0, 0);
    assert_rest_installs();
    hold_some();
    new_image(3);
    assert_int_equal(begin(), TB_OK);
    piece(0, 512, TB_OK, 512, 0, 0);
    assert_rest_installs();
    hold_some();
    now_ms += TB_SESSION_HOLD_MS;
    assert_int_equal(ask_u8(TB_CMD_ERASE, 1), TB_OK);
    assert_int_equal(data(256, im.bytes + 256, 256), TB_ERR_NO_SESSION);
    assert_int_equal(begin(), TB_OK);
    piece(0, 512, TB_OK, 512, 0, 0);
    assert_rest_installs();
    hold_some();
    power_on(0);
    assert_int_equal(data(256, im.bytes + 256, 256), TB_ERR_NO_SESSION);
    assert_int_equal(begin(), TB_OK);
    piece(0, 512, TB_OK, 512, 0, 0);
    assert_rest_installs();
}

static void tutorial_pieces(uint32_t to, uint32_t size)
{
    for (uint32_t at = 0; at < to; at += size) {
        uint16_t n = (uint16_t)(to - at < size ? to - at : size);

        assert_int_equal(tutorial(TB_TUTORIAL_DATA, im.bytes + at, n), TB_WIRE_ACK);
    }
}

static void tutorial_update(uint32_t size)
{
    now_ms += TB_SESSION_HOLD_MS;
    new_image(3);
    tutorial_pieces(im.total, size);
    assert_int_equal(data(1024, im.bytes, 8), TB_ERR_NO_SESSION);
    assert_int_equal(tutorial(TB_TUTORIAL_FINISH, NULL, 0), TB_WIRE_ACK);
    assert_true(holds_image(&m, 1, chip_small.slot_offset, &im));
}

static void the_tutorial_in_between(void **state)
{
    (void)state;
    hold_some();
    assert_int_equal(tutorial(TB_TUTORIAL_DATA, im.bytes, TUTORIAL_PIECE), TB_WIRE_NACK); /* BUSY */
    piece(256, 512, TB_OK, 1024, 0, 0);
    piece(1500, 2000, TB_ERR_OFFSET, 1024, 1500, 2000);
    tutorial_update(TUTORIAL_PIECE);
    hold_some();
    tutorial_update(50); /* not even its header is in one piece */
    /* its pieces that wait are not taken for what a native session holds */
    start(0);
    new_image(4);
    tutorial_pieces(1024, TUTORIAL_PIECE);
    assert_true(s.queued > 0);
    now_ms += TB_SESSION_HOLD_MS;
    new_image(2);
    assert_int_equal(begin(), TB_OK);
    piece(0, 8, TB_OK, 8, 0, 0);
    assert_rest_installs();
}

/* What does not change the session does not change what is held. */
static void questions_in_between(void **state)
{
    static const uint8_t baud[] = {0, 0xC2, 1, 0}, digest[] = {0, 0, 0, 1};

    (void)state;
    hold_some();
    assert_int_equal(ask(TB_CMD_STATUS, NULL, 0), TB_OK);
    assert_int_equal(ask(TB_CMD_DIGEST, digest, sizeof digest), TB_OK);
    assert_int_equal(ask(TB_CMD_BAUD, baud, sizeof baud), TB_OK);
    assert_int_equal(ask(TB_CMD_FINISH, NULL, 0), TB_ERR_INCOMPLETE);
    assert_int_equal(ask(TB_CMD_STREAM, "\0\0\0\0x", 4), TB_ERR_FRAME_LENGTH);
    tb_server_overrun(&s);
    sent_bytes = 0;
    while (tb_server_idle(&s, now_ms)) {
    }
    piece(256, 512, TB_OK, 1024, 0, 0);
    assert_rest_installs();
}

static void flash_fails_as_it_goes_on(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 128u; n += 21u) { /* in what closes it, and in what was held */
        start_session();
        assert_int_equal(data_until(1024), TB_OK);
        piece(1536, 2048, TB_ERR_OFFSET, 1024, 1536, 2048);
        while (tb_server_idle(&s, now_ms)) {
        }
        m.fail_at = m.operations + n;
        m.fail_error = TB_ERR_PROGRAM;
        assert_int_equal(data(1024, im.bytes + 1024, 512), TB_ERR_PROGRAM);
        assert_int_equal(data(1024, im.bytes + 1024, 512), TB_ERR_PROGRAM);
        m.fail_at = UINT32_MAX;
        assert_int_equal(begin(), TB_OK);
        assert_rest_installs();
    }
}

/* ---- compressed streams ---------------------------------------------------------------------- */

static tb_error stream_piece(uint32_t at, uint32_t bytes)
{
    uint8_t fields[TB_WIRE_MAX_PAYLOAD] = {(uint8_t)at, (uint8_t)(at >> 8)};

    memcpy(fields + 4, stream.data + at, bytes);
    return ask(TB_CMD_STREAM, fields, bytes + 4u);
}

static void open_stream(void)
{
    uint8_t fields[16] = {(uint8_t)s.update.next, (uint8_t)(s.update.next >> 8)};

    tb_compressed_free(&stream);
    assert_int_equal(tb_compress(im.bytes, im.total, s.update.next, NULL, 0, &stream), 0);
    fields[4] = (uint8_t)stream.bytes;
    fields[5] = (uint8_t)(stream.bytes >> 8);
    assert_int_equal(ask(TB_CMD_EXPAND, fields, sizeof fields), TB_OK);
}

static void hold_stream(void)
{
    start_session();
    open_stream();
    assert_int_equal(stream_piece(0, 200), TB_OK);
    assert_place(12, 200, 0, 0);
    assert_int_equal(stream_piece(300, 100), TB_ERR_OFFSET);
    assert_place(12, 200, 300, 400);
    assert_int_equal(stream_piece(400, 200), TB_ERR_OFFSET);
    assert_place(12, 200, 300, 600);
}

static void streams_are_held_too(void **state)
{
    (void)state;
    hold_stream();
    assert_int_equal(stream_piece(200, 100), TB_OK);
    assert_place(12, 600, 0, 0);
    assert_int_equal(reply_u32(8), s.update.next);
    for (uint32_t at = 600, n; at < stream.bytes; at += n) {
        n = (uint32_t)stream.bytes - at < 500u ? (uint32_t)stream.bytes - at : 500u;
        assert_int_equal(stream_piece(at, n), TB_OK);
    }
    assert_rest_installs();
}

/* Bytes of a stream are not the image's, nor another stream's. */
static void streams_and_plain_data_do_not_mix(void **state)
{
    (void)state;
    hold_stream();
    uint32_t next = s.update.next;

    piece(next, next + 300u, TB_OK, next + 300u, 0, 0);
    assert_int_equal(stream_piece(200, 100), TB_ERR_NO_SESSION);
    assert_rest_installs();
    hold_stream();
    open_stream();
    assert_int_equal(stream_piece(0, 300), TB_OK);
    assert_place(12, 300, 0, 0);
    assert_rest_installs();
    start_session();
    piece(0, 256, TB_OK, 256, 0, 0);
    piece(512, 1024, TB_ERR_OFFSET, 256, 512, 1024);
    open_stream();
    assert_int_equal(stream_piece(0, 600), TB_OK);
    assert_place(12, 600, 0, 0);
    assert_rest_installs();
    hold_stream();
    tutorial_update(TUTORIAL_PIECE);
}

static void a_stream_that_is_none(void **state)
{
    (void)state;
    start_session();
    open_stream();
    memset(stream.data + 300, 0x55, stream.bytes - 300u);
    assert_int_equal(stream_piece(300, 1000), TB_ERR_OFFSET);
    assert_place(12, 0, 300, 1300);
    tb_error error = stream_piece(0, 300);

    for (uint32_t at = 1300, n; at < stream.bytes && error == TB_OK; at += n) {
        n = (uint32_t)stream.bytes - at < 1000u ? (uint32_t)stream.bytes - at : 1000u;
        error = stream_piece(at, n);
    }
    assert_true(error == TB_ERR_STREAM || s.update.next == im.total);
    assert_int_equal(ask(TB_CMD_STREAM, "\0\0\0\0x", 5), TB_ERR_NO_SESSION);
    (void)data_until(im.total);
    assert_int_equal(ask(TB_CMD_FINISH, NULL, 0), TB_ERR_PAYLOAD_CRC);
    next_good_update_works();
}

/* ---- any order ------------------------------------------------------------------------------ */

static void any_order_installs_the_image(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 40u; round++) {
        uint32_t next = 0;

        start_session();
        m.random = round + 1u;
        for (unsigned frames = 0; next < im.total; frames++) {
            uint32_t reach = next + model_random(&m) % 3000u;
            uint32_t at = model_random(&m) % 4u == 0 ? next : reach > 1500u ? reach - 1500u : 0;
            uint32_t left = at < im.total ? im.total - at : 0, n = 1u + model_random(&m) % 600u;
            tb_error error;

            n = n < left ? n : left;
            if (n == 0) {
                continue;
            }
            error = data(at, im.bytes + at, n);
            assert_true(frames < 3000u);
            assert_int_equal(error, at > next ? TB_ERR_OFFSET : TB_OK);
            assert_true(reply_u32(0) >= next && (error != TB_OK || reply_u32(0) >= at + n));
            next = reply_u32(0);
            assert_int_equal(next, s.update.next);
            assert_true(reply_bytes == 8u || (reply_u32(8) > next && reply_u32(12) <= im.total));
        }
        assert_int_equal(reply_bytes, 8);
        assert_rest_installs();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(told_where_there_is_memory),
        cmocka_unit_test(held_until_the_gap_is_closed),
        cmocka_unit_test(a_second_gap_is_refused),
        cmocka_unit_test(overlaps),
        cmocka_unit_test(room_has_an_end),
        cmocka_unit_test(offsets_that_lie),
        cmocka_unit_test(a_session_given_up_takes_it_along),
        cmocka_unit_test(the_tutorial_in_between),
        cmocka_unit_test(questions_in_between),
        cmocka_unit_test(flash_fails_as_it_goes_on),
        cmocka_unit_test(streams_are_held_too),
        cmocka_unit_test(streams_and_plain_data_do_not_mix),
        cmocka_unit_test(a_stream_that_is_none),
        cmocka_unit_test(any_order_installs_the_image),
    };

    return cmocka_run_group_tests(tests, with_queue, NULL);
}
