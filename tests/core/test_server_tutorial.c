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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tutorial_client),
        cmocka_unit_test(tutorial_bad_input),
        cmocka_unit_test(tutorial_restarts),
        cmocka_unit_test(two_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
