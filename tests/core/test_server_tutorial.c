/* The tutorial's dialect, and both dialects at once. */
#include <string.h>

#include "server_rig.h"

static uint8_t tutorial_pieces(uint32_t from, uint32_t to, uint32_t piece)
{
    uint8_t answer = TB_WIRE_ACK;

    for (uint32_t at = from; answer == TB_WIRE_ACK && at < to; at += piece) {
        answer = tutorial(TB_TUTORIAL_DATA, im.bytes + at,
                          (uint16_t)(to - at < piece ? to - at : piece));
    }
    return answer;
}

/* Idle until nothing is left to do. */
static void settle(void)
{
    while (tb_server_idle(&s, now_ms)) {
    }
}

static void tutorial_update(uint32_t piece)
{
    assert_int_equal(tutorial_pieces(0, im.total, piece), TB_WIRE_ACK);
    assert_int_equal(tutorial(TB_TUTORIAL_FINISH, NULL, 0), TB_WIRE_ACK);
    assert_int_equal(tb_server_take_action(&s), TB_SERVER_RESET);
    assert_true(holds_image(&m, 1, chip_small.slot_offset, &im));
}

static void tutorial_client(void **state)
{
    static const uint32_t pieces[] = {1, 63, 64, 65, 128, 1024};
    size_t n;

    (void)state;
    for (unsigned i = 0; i < 6u; i++) {
        start(-1);
        tutorial_update(pieces[i]);
        assert_int_equal(tutorial(TB_TUTORIAL_FINISH, NULL, 0), TB_WIRE_ACK); /* ACK was lost */
    }
    sent_bytes = 0;
    n = tb_frame_put(frame_bytes, TB_WIRE_TOKEN_TUTORIAL, TB_TUTORIAL_VERSION, NULL, 0);
    tb_server_receive(&s, frame_bytes, n, now_ms);
    assert_int_equal(sent_bytes, TB_WIRE_VERSION_TEXT_BYTES);
    assert_memory_equal(sent, "twinbank test 1.0.0        ", 27);
    assert_int_equal(tutorial(0x44, NULL, 0), TB_WIRE_NACK);
    assert_int_equal(tutorial(TB_TUTORIAL_DATA, NULL, 0), TB_WIRE_NACK);
}

static void tutorial_bad_input(void **state)
{
    size_t n;

    (void)state;
    start(-1);
    assert_int_equal(tutorial(TB_TUTORIAL_FINISH, NULL, 0), TB_WIRE_NACK);
    assert_int_equal(tutorial(TB_TUTORIAL_DATA,
                              "garbage, not a header; sixty-four bytes are waited for............",
                              66),
                     TB_WIRE_NACK);
    /* a damaged frame: NACK, and the same piece again */
    assert_int_equal(tutorial_pieces(0, 512, 128), TB_WIRE_ACK);
    n = tb_frame_put(frame_bytes, TB_WIRE_TOKEN_TUTORIAL, TB_TUTORIAL_DATA, im.bytes + 512, 128);
    frame_bytes[40] ^= 1u;
    sent_bytes = 0;
    tb_server_receive(&s, frame_bytes, n, now_ms);
    assert_int_equal(sent_bytes, 1);
    assert_int_equal(sent[0], TB_WIRE_NACK);
    assert_int_equal(tutorial_pieces(512, 2000, 128), TB_WIRE_ACK);
    /* too early, then the header again: from the start */
    assert_int_equal(tutorial(TB_TUTORIAL_FINISH, NULL, 0), TB_WIRE_NACK);
    assert_int_equal(tb_server_take_action(&s), TB_SERVER_NONE);
    tutorial_update(128);
    /* more than announced */
    start(-1);
    assert_int_equal(tutorial_pieces(0, im.total, 128), TB_WIRE_ACK);
    assert_int_equal(tutorial(TB_TUTORIAL_DATA, im.bytes, 8), TB_WIRE_NACK);
    tutorial_update(128);
    /* a payload that does not match */
    start(-1);
    im.bytes[2500] ^= 1u;
    assert_int_equal(tutorial_pieces(0, im.total, 128), TB_WIRE_ACK);
    assert_int_equal(tutorial(TB_TUTORIAL_FINISH, NULL, 0), TB_WIRE_NACK);
    im.bytes[2500] ^= 1u;
    tutorial_update(128);
    /* silence, and lost bytes */
    sent_bytes = 0;
    tb_frame_put(frame_bytes, TB_WIRE_TOKEN_TUTORIAL, TB_TUTORIAL_DATA, im.bytes, 128);
    tb_server_receive(&s, frame_bytes, 30, now_ms);
    tb_server_idle(&s, now_ms + 250u);
    assert_int_equal(sent_bytes, 1);
    assert_int_equal(sent[0], TB_WIRE_NACK);
    tb_server_overrun(&s);
    assert_int_equal(sent[1], TB_WIRE_NACK);
}

static void tutorial_restarts(void **state)
{
    static image other;

    (void)state;
    /* power lost half way: what is there is acknowledged, and not written again */
    start(-1);
    assert_int_equal(tutorial_pieces(0, 3100, 128), TB_WIRE_ACK);
    settle();
    power_on(-1);
    m.programs = 0;
    tutorial_update(128);
    assert_true(m.programs < im.total / 8u / 2u);
    /* the client started again with the same image, without a word */
    start(-1);
    assert_int_equal(tutorial_pieces(0, 2048, 128), TB_WIRE_ACK);
    tutorial_update(128);
    /* and with another one, after a pause */
    start(-1);
    assert_int_equal(tutorial_pieces(0, 2048, 128), TB_WIRE_ACK);
    image_make(&im, &chip_small, TB_IMAGE_APPLICATION, TB_VERSION(1, 2, 0), 2000, 7, false);
    now_ms += TB_SESSION_HOLD_MS;
    tutorial_update(128);
    /* an image may contain another one: that is data */
    start(-1);
    image_make(&other, &chip_small, TB_IMAGE_APPLICATION, TB_VERSION(3, 0, 0), 64, 8, false);
    memcpy(im.bytes + 2048, other.bytes, TB_HEAD_BYTES);
    image_seal(&im);
    tutorial_update(128);
}

static void two_clients(void **state)
{
    (void)state;
    start(-1);
    assert_int_equal(tutorial_pieces(0, 512, 128), TB_WIRE_ACK);
    assert_int_equal(begin(), TB_ERR_BUSY);
    assert_int_equal(data(512, im.bytes + 512, 8), TB_ERR_NO_SESSION);
    assert_int_equal(ask(TB_CMD_FINISH, NULL, 0), TB_ERR_NO_SESSION);
    assert_int_equal(tutorial_pieces(512, im.total, 128), TB_WIRE_ACK);
    now_ms += TB_SESSION_HOLD_MS;
    assert_int_equal(begin(), TB_OK);
    assert_int_equal(tutorial(TB_TUTORIAL_DATA, im.bytes, 128), TB_WIRE_NACK);
    assert_int_equal(tutorial(TB_TUTORIAL_FINISH, NULL, 0), TB_WIRE_NACK);
    now_ms += TB_SESSION_HOLD_MS;
    tutorial_update(128);
}

/* ---- pieces that wait for flash ---------------------------------------------------------- */

#define QUEUE_BYTES 2048u

static int with_queue(void **state)
{
    (void)state;
    queue_bytes = QUEUE_BYTES;
    return 0;
}

static int without_queue(void **state)
{
    (void)state;
    queue_bytes = 0;
    return 0;
}

static void acks_do_not_wait_for_flash(void **state)
{
    (void)state;
    start(-1);
    assert_int_equal(tutorial_pieces(0, QUEUE_BYTES, 128), TB_WIRE_ACK);
    assert_int_equal(m.operations, 0);
    /* no room: this one waits, and nothing is lost */
    assert_int_equal(tutorial_pieces(QUEUE_BYTES, QUEUE_BYTES + 128u, 128), TB_WIRE_ACK);
    assert_true(m.erases > 2u && m.programs > 100u);
    assert_int_equal(tutorial_pieces(QUEUE_BYTES + 128u, im.total, 128), TB_WIRE_ACK);
    assert_true(s.queued > 0);
    /* finish waits for what is in the queue */
    assert_int_equal(tutorial(TB_TUTORIAL_FINISH, NULL, 0), TB_WIRE_ACK);
    assert_true(holds_image(&m, 1, chip_small.slot_offset, &im));
    /* without queue each piece is in flash when it is answered */
    queue_bytes = 0;
    start(-1);
    assert_int_equal(tutorial_pieces(0, 512, 128), TB_WIRE_ACK);
    assert_int_equal(s.update.next, 512);
    queue_bytes = QUEUE_BYTES;
}

static void flash_errors_are_told_by_the_next_frame(void **state)
{
    (void)state;
    for (unsigned fail_at = 0; fail_at < 60u; fail_at += 7u) { /* erases, then programs */
        start(-1);
        assert_int_equal(tutorial_pieces(0, 1536, 128), TB_WIRE_ACK);
        m.fail_at = m.operations + fail_at;
        m.fail_error = TB_ERR_PROGRAM;
        settle();
        assert_int_equal(s.queued, 0);
        assert_int_equal(tutorial(TB_TUTORIAL_DATA, im.bytes + 1536, 128), TB_WIRE_NACK);
        assert_int_equal(tutorial(TB_TUTORIAL_FINISH, NULL, 0), TB_WIRE_NACK);
        assert_int_equal(tb_server_take_action(&s), TB_SERVER_NONE);
        m.fail_at = UINT32_MAX;
        tutorial_update(128);
    }
    /* the last piece's error: nobody is behind it but finish */
    start(-1);
    assert_int_equal(tutorial_pieces(0, im.total - 8u, 128), TB_WIRE_ACK);
    settle();
    assert_int_equal(tutorial_pieces(im.total - 8u, im.total, 128), TB_WIRE_ACK);
    m.fail_at = m.operations;
    m.fail_error = TB_ERR_PROGRAM;
    assert_int_equal(tutorial(TB_TUTORIAL_FINISH, NULL, 0), TB_WIRE_NACK);
    assert_int_equal(tb_server_take_action(&s), TB_SERVER_NONE);
    m.fail_at = UINT32_MAX;
    tutorial_update(128);
}

static void a_cut_between_ack_and_program(void **state)
{
    (void)state;
    for (uint32_t acked = 64; acked < im.total; acked += 448) {
        start(-1);
        assert_int_equal(tutorial_pieces(0, acked, 64), TB_WIRE_ACK);
        for (unsigned i = 0; i < 3u; i++) {
            (void)tb_server_idle(&s, now_ms);
        }
        power_on(-1);
        assert_int_equal(tutorial(TB_TUTORIAL_FINISH, NULL, 0), TB_WIRE_NACK);
        tutorial_update(128);
    }
}

/* The client goes on while the flash is at work: as a line would, a frame at a time. */
static uint32_t client_at, acks, looked_at;
static bool stop_and_wait(uint8_t command, const uint8_t *payload, uint16_t bytes)
{
    size_t n = tb_frame_put(frame_bytes, TB_WIRE_TOKEN_TUTORIAL, command, payload, bytes), i = 0;

    sent_bytes = 0;
    while (i < n && tb_server_looks(&s)) {
        tb_server_look(&s, frame_bytes[i++], now_ms);
    }
    if (sent_bytes > 0) {
        assert_int_equal(sent[0], TB_WIRE_ACK);
        acks++;
        sent_bytes = 0;
        return true;
    }
    assert_true(i == 0 || i == n);
    looked_at += i == n;
    return false;
}

static void client_goes_on(void)
{
    for (unsigned i = 0; i < 2u && tb_server_looks(&s) && client_at + 128u <= im.total; i++) {
        if (stop_and_wait(TB_TUTORIAL_DATA, im.bytes + client_at, 128)) {
            client_at += 128u;
        }
    }
}

static void acks_while_flash_works(void **state)
{
    (void)state;
    start(-1);
    client_at = acks = looked_at = 0;
    client_goes_on(); /* nothing is listened to outside of flash work */
    assert_int_equal(client_at, 0);
    assert_int_equal(tutorial(TB_TUTORIAL_DATA, im.bytes, 128), TB_WIRE_ACK);
    client_at = 128;
    m.meanwhile = client_goes_on;
    assert_true(tb_server_idle(&s, now_ms)); /* erases, programs 128 bytes */
    assert_true(acks >= 15u);
    /* the one that there was no room for: it is answered afterwards, not lost */
    assert_int_equal(looked_at, 1);
    assert_false(tb_server_looks(&s));
    m.meanwhile = NULL;
    sent_bytes = 0;
    tb_server_receive(&s, NULL, 0, now_ms);
    assert_int_equal(sent_bytes, 1);
    assert_int_equal(sent[0], TB_WIRE_ACK);
    client_at += 128u;
    assert_int_equal(tutorial_pieces(client_at, im.total, 128), TB_WIRE_ACK);
    assert_int_equal(tutorial(TB_TUTORIAL_FINISH, NULL, 0), TB_WIRE_ACK);
    assert_true(holds_image(&m, 1, chip_small.slot_offset, &im));
}

static void finish_early(void)
{
    if (tb_server_looks(&s)) {
        assert_false(stop_and_wait(TB_TUTORIAL_FINISH, NULL, 0));
    }
}

static void what_is_no_piece_waits_until_flash_is_done(void **state)
{
    (void)state;
    start(-1);
    looked_at = 0;
    assert_int_equal(tutorial_pieces(0, im.total, 128), TB_WIRE_ACK);
    m.meanwhile = finish_early;
    assert_true(tb_server_idle(&s, now_ms));
    assert_int_equal(looked_at, 1);
    assert_int_equal(sent_bytes, 0);
    m.meanwhile = NULL;
    (void)tb_server_idle(&s, now_ms);
    assert_int_equal(sent_bytes, 1);
    assert_int_equal(sent[0], TB_WIRE_ACK);
    assert_int_equal(tb_server_take_action(&s), TB_SERVER_RESET);
    assert_true(holds_image(&m, 1, chip_small.slot_offset, &im));
}

static void nobody_looks(void)
{
    looked_at += tb_server_looks(&s);
}

/* What waits for flash is the tutorial's: a native session that follows has none of it. */
static void a_native_session_drops_what_waits(void **state)
{
    (void)state;
    start(-1);
    assert_int_equal(tutorial_pieces(0, 1024, 128), TB_WIRE_ACK);
    now_ms += TB_SESSION_HOLD_MS;
    assert_int_equal(begin(), TB_OK);
    assert_int_equal(reply_u32(0), 0);
    looked_at = 0;
    m.meanwhile = nobody_looks;
    settle();
    m.meanwhile = NULL;
    assert_true(m.erases > 2u);
    assert_int_equal(looked_at, 0);
    assert_int_equal(s.update.next, 0);
    assert_int_equal(data_until(im.total), TB_OK);
    assert_int_equal(ask(TB_CMD_FINISH, NULL, 0), TB_OK);
    assert_true(holds_image(&m, 1, chip_small.slot_offset, &im));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tutorial_client),
        cmocka_unit_test(tutorial_bad_input),
        cmocka_unit_test(tutorial_restarts),
        cmocka_unit_test(two_clients),
    };
    const struct CMUnitTest queue_tests[] = {
        cmocka_unit_test(acks_do_not_wait_for_flash),
        cmocka_unit_test(flash_errors_are_told_by_the_next_frame),
        cmocka_unit_test(a_cut_between_ack_and_program),
        cmocka_unit_test(acks_while_flash_works),
        cmocka_unit_test(what_is_no_piece_waits_until_flash_is_done),
        cmocka_unit_test(a_native_session_drops_what_waits),
    };
    return cmocka_run_group_tests(tests, without_queue, NULL) +
           cmocka_run_group_tests(tests, with_queue, NULL) +
           cmocka_run_group_tests(queue_tests, with_queue, NULL);
}
