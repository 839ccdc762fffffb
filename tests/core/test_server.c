/* Dialogues in the native dialect: the good ones, and each bad input. */
#include <string.h>

#include "server_rig.h"

static void hello_and_status(void **state)
{
    tb_hello h;
    tb_status st;

    (void)state;
    start(0);
    assert_int_equal(ask_u8(TB_CMD_HELLO, TB_WIRE_PROTOCOL), TB_OK);
    assert_true(tb_hello_get(&h, reply, reply_bytes));
    assert_int_equal(h.protocol, 1);
    assert_int_equal(h.role, TB_ROLE_APPLICATION);
    assert_int_equal(h.device_id, 0x7A7);
    assert_int_equal(h.flash_kib, 32);
    assert_int_equal(h.bank_kib, 16);
    assert_int_equal(h.unit_bytes, 8);
    assert_int_equal(h.product_id, PRODUCT);
    assert_int_equal(h.slot_image_bytes, 12u * 1024u - 128u);
    assert_int_equal(h.stage2_bytes, 3072);
    assert_int_equal(h.max_payload, TB_WIRE_MAX_PAYLOAD);
    assert_int_equal(h.window, 2048);
    assert_int_equal(h.capabilities, TB_CAP_RESUME | TB_CAP_ROLLBACK | TB_CAP_STAGE2_UPDATE |
                                         TB_CAP_DIGEST | TB_CAP_BAUD);
    assert_int_equal(h.uid[0], 9);
    assert_int_equal(begin(), TB_OK);
    assert_int_equal(data_until(300), TB_OK);
    m.operations = 0;
    assert_int_equal(ask(TB_CMD_STATUS, NULL, 0), TB_OK);
    assert_int_equal(m.operations, 0); /* a getter never writes */
    assert_true(tb_status_get(&st, reply, reply_bytes));
    assert_int_equal(st.slot[0].state, TB_SLOT_CONFIRMED);
    assert_int_equal(st.slot[0].version, TB_VERSION(1, 0, 0));
    assert_int_equal(st.slot[0].crc32, image_head(&v1)->crc32);
    assert_int_equal(st.slot[1].state, TB_SLOT_EMPTY);
    assert_int_equal(st.slot[1].payload_error, TB_ERR_PAYLOAD_CRC);
    assert_int_equal(st.stage2[0].error, TB_OK);
    assert_int_equal(st.stage2[1].version, TB_VERSION(1, 0, 0));
    assert_int_equal(st.running_bank, 0);
    assert_int_equal(st.stage2_bank, 0xFF);
    assert_int_equal(st.preferred, 0);
    assert_true(st.report_present && st.swapped);
    assert_int_equal(st.report_generation, 77);
    assert_true(st.session_open);
    assert_int_equal(st.session_next, 300);
    assert_int_equal(st.session_total, im.total);
    start(-1);
    assert_int_equal(ask_u8(TB_CMD_HELLO, 99), TB_OK); /* HELLO always */
    assert_true(tb_hello_get(&h, reply, reply_bytes));
    assert_int_equal(h.capabilities & TB_CAP_BAUD, TB_CAP_BAUD);
    m.read_error = TB_ERR_TIMEOUT;
    assert_int_equal(ask(TB_CMD_STATUS, NULL, 0), TB_ERR_TIMEOUT);
}

static void an_update(void **state)
{
    (void)state;
    for (int running = -1; running <= 0; running++) {
        start(running);
        assert_int_equal(begin(), TB_OK);
        assert_int_equal(reply_bytes, 10);
        assert_int_equal(reply_u32(0), 0);
        assert_int_equal(reply_u32(4), 2048);
        assert_int_equal(reply[8], 1);
        assert_int_equal(data_until(im.total), TB_OK);
        assert_int_equal(ask(TB_CMD_FINISH, NULL, 0), TB_OK);
        assert_int_equal(reply_bytes, 3);
        assert_int_equal(reply[0], 1);
        assert_int_equal(reply[1], 2);
        assert_int_equal(ask(TB_CMD_FINISH, NULL, 0), TB_OK); /* its reply was lost */
        assert_int_equal(reply[1], 2);
        assert_int_equal(begin(), TB_OK);
        assert_int_equal(reply_u32(0), im.total);
    }
}

static void bad_headers(void **state)
{
    tb_image_head *head = image_head(&im);

    (void)state;
#define REFUSED(change, error)                                           \
    do {                                                                 \
        start(0);                                                        \
        change;                                                          \
        image_seal(&im);                                                 \
        m.operations = 0;                                                \
        assert_int_equal(begin(), error);                                \
        assert_int_equal(m.operations, 0);                               \
        assert_int_equal(data(0, im.bytes, 64), TB_ERR_NO_SESSION);      \
        next_good_update_works();                                        \
    } while (0)
    REFUSED(head->magic = 1, TB_ERR_MAGIC);
    REFUSED(head->format = 2, TB_ERR_FORMAT);
    REFUSED(head->kind = 7, TB_ERR_KIND);
    REFUSED(head->device_id = 0x469, TB_ERR_CHIP);
    REFUSED(head->bank_kib = 256, TB_ERR_GEOMETRY);
    REFUSED(head->product_id = 1, TB_ERR_PRODUCT);
    REFUSED(head->load_address = 0x08008000u, TB_ERR_ADDRESS);
    REFUSED(head->size = 0x10000, TB_ERR_SIZE);
    REFUSED(head->version = 1, TB_ERR_VERSION);
    REFUSED(head->security_version = 0, TB_ERR_SECURITY);
#undef REFUSED
    start(0);
    im.bytes[60] ^= 1u;
    assert_int_equal(begin(), TB_ERR_HEADER_CRC);
    next_good_update_works();
}

static void bad_data(void **state)
{
    (void)state;
    start(0);
    assert_int_equal(data(0, im.bytes, 64), TB_ERR_NO_SESSION);
    assert_int_equal(ask(TB_CMD_FINISH, NULL, 0), TB_ERR_NO_SESSION);
    assert_int_equal(begin(), TB_OK);
    assert_int_equal(data_until(512), TB_OK);
    assert_int_equal(data(520, im.bytes + 520, 8), TB_ERR_OFFSET);
    assert_int_equal(reply_u32(0), 512);                             /* where to go on */
    assert_int_equal(data(256, im.bytes + 256, 256), TB_OK);         /* doubled */
    assert_int_equal(reply_u32(0), 512);
    assert_int_equal(ask(TB_CMD_FINISH, NULL, 0), TB_ERR_INCOMPLETE); /* truncated */
    assert_int_equal(begin(), TB_OK);
    assert_int_equal(reply_u32(0), 512);
    assert_int_equal(data_until(im.total), TB_OK);
    assert_int_equal(data(im.total - 8u, im.bytes, 16), TB_ERR_OVERLONG);
    assert_int_equal(data(im.total, im.bytes, 1), TB_ERR_OVERLONG);
    next_good_update_works(); /* another image: the session is given up */
    start(0);
    im.bytes[2000] ^= 1u;
    assert_int_equal(flash_all(), TB_ERR_PAYLOAD_CRC);
    next_good_update_works();
    start(0);
    im.bytes[200] ^= 1u;
    assert_int_equal(flash_all(), TB_ERR_TLV_CRC);
    next_good_update_works();
    start(0);
    im.bytes[TB_HEADER_BYTES + 4] ^= 1u;
    image_seal(&im);
    assert_int_equal(flash_all(), TB_ERR_VECTORS);
    next_good_update_works();
}

static void flash_faults(void **state)
{
    (void)state;
    start(0);
    assert_int_equal(begin(), TB_OK);
    m.fail_at = m.operations + 20u;
    m.fail_error = TB_ERR_PROGRAM;
    assert_int_equal(data_until(im.total), TB_ERR_PROGRAM);
    assert_int_equal(data(0, im.bytes, 8), TB_ERR_PROGRAM); /* until begun again */
    assert_int_equal(ask(TB_CMD_FINISH, NULL, 0), TB_ERR_PROGRAM);
    next_good_update_works();
}

static void bad_frames(void **state)
{
    size_t n;

    (void)state;
    start(0);
    assert_int_equal(begin(), TB_OK);
    n = tb_frame_put(frame_bytes, 0x24, TB_CMD_DATA, "\1\0\0\0\0abcdefgh", 13);
    for (size_t i = 4; i < n; i++) { /* corrupted */
        frame_bytes[i] ^= 0x40u;
        tb_server_receive(&s, frame_bytes, n, now_ms);
        assert_int_equal(take_reply(0, 0), TB_ERR_FRAME_CRC);
        frame_bytes[i] ^= 0x40u;
    }
    tb_server_receive(&s, frame_bytes, n - 3u, now_ms); /* cut: silence in mid-frame */
    assert_int_equal(sent_bytes, 0);
    tb_server_idle(&s, now_ms + TB_WIRE_FRAME_TIMEOUT_MS - 1u);
    assert_int_equal(sent_bytes, 0);
    tb_server_idle(&s, now_ms + TB_WIRE_FRAME_TIMEOUT_MS);
    assert_int_equal(take_reply(0, 0), TB_ERR_FRAME_TIMEOUT);
    tb_server_receive(&s, (const uint8_t *)"\x24\x04\xFF\xFF", 4, now_ms); /* a length that lies */
    assert_int_equal(take_reply(0, 0), TB_ERR_FRAME_LENGTH);
    tb_server_overrun(&s);
    assert_int_equal(take_reply(0, 0), TB_ERR_OVERRUN);
    tb_server_receive(&s, (const uint8_t *)"noise", 5, now_ms);
    assert_int_equal(sent_bytes, 0);
    /* whole frames that say nonsense */
    n = tb_frame_put(frame_bytes, 0x24, TB_CMD_STATUS, NULL, 0);
    tb_server_receive(&s, frame_bytes, n, now_ms);
    assert_int_equal(take_reply(TB_CMD_STATUS, 0), TB_ERR_FRAME_LENGTH);
    assert_int_equal(ask(TB_CMD_STATUS, "x", 1), TB_ERR_FRAME_LENGTH);
    assert_int_equal(ask(TB_CMD_BEGIN, im.bytes, 63), TB_ERR_FRAME_LENGTH);
    assert_int_equal(ask(TB_CMD_DATA, "\0\0\0\0", 4), TB_ERR_FRAME_LENGTH);
    assert_int_equal(reply_bytes, 8);
    assert_int_equal(ask(TB_CMD_PROTECT, NULL, 0), TB_ERR_FRAME_LENGTH);
    assert_int_equal(ask(TB_CMD_DIGEST, NULL, 0), TB_ERR_FRAME_LENGTH);
    assert_int_equal(ask(TB_CMD_BEGIN, im.bytes, 70), TB_ERR_FRAME_LENGTH);
    assert_int_equal(ask(0x7F, NULL, 0), TB_ERR_COMMAND);
    assert_int_equal(ask(0, NULL, 0), TB_ERR_COMMAND);
    next_good_update_works();
}

/* A length that lies in the midst of an update: the frames behind it are all found. */
static void lie_then_data(void **state)
{
    (void)state;
    for (unsigned length = 13; length <= 1024u; length += 13u) {
        uint8_t lie[] = {0x24, 0x04, (uint8_t)length, (uint8_t)(length >> 8), 1, 2, 3};
        size_t n;

        start(0);
        assert_int_equal(begin(), TB_OK);
        tb_server_receive(&s, lie, sizeof lie, now_ms);
        n = tb_frame_put(frame_bytes, 0x24, TB_CMD_DATA, "\1\0\0\0\0TBNK", 9);
        tb_server_receive(&s, frame_bytes, n, now_ms);
        tb_server_idle(&s, now_ms + TB_WIRE_FRAME_TIMEOUT_MS);
        assert_int_equal(s.update.next, 4);
        sent_bytes = 0;
        next_good_update_works();
    }
}

static void every_frame_doubled(void **state)
{
    uint8_t payload[5 + 200];

    (void)state;
    start(0);
    assert_int_equal(begin(), TB_OK);
    for (uint32_t at = 0; at < im.total; at += 200u) {
        uint16_t n = (uint16_t)(im.total - at < 200u ? im.total - at : 200u);
        size_t bytes;

        payload[0] = 7;
        memcpy(payload + 1, &at, 4);
        memcpy(payload + 5, im.bytes + at, n);
        bytes = tb_frame_put(frame_bytes, 0x24, TB_CMD_DATA, payload, (uint16_t)(n + 5u));
        for (unsigned i = 0; i < 2u; i++) {
            tb_server_receive(&s, frame_bytes, bytes, now_ms);
            assert_int_equal(take_reply(TB_CMD_DATA, 7), TB_OK);
            assert_int_equal(reply_u32(0), at + n);
        }
    }
    assert_int_equal(ask(TB_CMD_FINISH, NULL, 0), TB_OK);
    assert_true(holds_image(&m, 1, chip_small.slot_offset, &im));
}

static void idle_erases_ahead(void **state)
{
    (void)state;
    start(0);
    assert_false(tb_server_idle(&s, now_ms));
    assert_int_equal(begin(), TB_OK);
    while (tb_server_idle(&s, now_ms)) {
    }
    m.erases = 0;
    assert_int_equal(data_until(im.total), TB_OK);
    assert_int_equal(m.erases, 0);
}

static void resumed_over_power_loss(void **state)
{
    (void)state;
    start(0);
    assert_int_equal(begin(), TB_OK);
    assert_int_equal(data_until(3000), TB_OK);
    power_on(0);
    assert_int_equal(data(3000, im.bytes + 3000, 8), TB_ERR_NO_SESSION);
    assert_int_equal(begin(), TB_OK);
    assert_int_equal(reply_u32(0), 2048);
    assert_int_equal(data_until(im.total), TB_OK);
    assert_int_equal(ask(TB_CMD_FINISH, NULL, 0), TB_OK);
}

static void confirm_rollback_boot(void **state)
{
    (void)state;
    start(0);
    assert_int_equal(ask(TB_CMD_CONFIRM, NULL, 0), TB_OK);
    assert_int_equal(reply[0], 0);
    assert_int_equal(ask(TB_CMD_ROLLBACK, NULL, 0), TB_ERR_NO_IMAGE); /* nothing to go back to */
    assert_int_equal(flash_all(), TB_OK);
    power_on(1); /* 1.1.0 on trial */
    assert_int_equal(begin(), TB_ERR_CONFIRM_FIRST);
    assert_int_equal(ask_u8(TB_CMD_ERASE, 0), TB_ERR_CONFIRM_FIRST);
    assert_int_equal(ask(TB_CMD_CONFIRM, NULL, 0), TB_OK);
    assert_int_equal(reply[0], 1);
    assert_int_equal(ask(TB_CMD_ROLLBACK, NULL, 0), TB_OK);
    assert_int_equal(reply[0], 1);
    assert_int_equal(ask(TB_CMD_CONFIRM, NULL, 0), TB_ERR_REJECTED);
    assert_int_equal(ask_u8(TB_CMD_ERASE, 0), TB_ERR_CONFIRM_FIRST);
    power_on(-1); /* stage 2: about what would be booted */
    assert_int_equal(ask(TB_CMD_CONFIRM, NULL, 0), TB_OK);
    assert_int_equal(reply[0], 0);
    assert_int_equal(ask_u8(TB_CMD_ERASE, 0), TB_OK);
    assert_int_equal(ask(TB_CMD_CONFIRM, NULL, 0), TB_ERR_NO_IMAGE);
    assert_int_equal(ask(TB_CMD_ROLLBACK, NULL, 0), TB_ERR_NO_IMAGE);
    assert_int_equal(ask(TB_CMD_BOOT, NULL, 0), TB_ERR_NO_IMAGE);
    assert_int_equal(tb_server_take_action(&s), TB_SERVER_NONE);
}

static void erase_and_reset(void **state)
{
    (void)state;
    start(0);
    assert_int_equal(ask_u8(TB_CMD_ERASE, 2), TB_ERR_ARGUMENT);
    assert_int_equal(ask_u8(TB_CMD_ERASE, 0), TB_ERR_RUNNING);
    assert_int_equal(begin(), TB_OK);
    assert_int_equal(ask_u8(TB_CMD_ERASE, 1), TB_ERR_BUSY);
    now_ms += TB_SESSION_HOLD_MS;
    assert_int_equal(ask_u8(TB_CMD_ERASE, 1), TB_OK);
    assert_int_equal(data(0, im.bytes, 8), TB_ERR_NO_SESSION);
    assert_int_equal(flash_all(), TB_OK);
    assert_int_equal(ask_u8(TB_CMD_ERASE, 1), TB_OK);
    assert_int_equal(ask(TB_CMD_FINISH, NULL, 0), TB_ERR_NO_SESSION);
    assert_int_equal(ask_u8(TB_CMD_RESET, 0), TB_OK);
    assert_int_equal(tb_server_take_action(&s), TB_SERVER_RESET);
    assert_int_equal(ask_u8(TB_CMD_RESET, 1), TB_OK);
    assert_int_equal(tb_server_take_action(&s), TB_SERVER_RESET_TO_STAGE2);
    assert_int_equal(ask_u8(TB_CMD_RESET, 2), TB_ERR_ARGUMENT);
}

/* Anything at all on the line: no crash, no write to the running bank, still there after. */
static void babble(void **state)
{
    uint32_t x = 1;

    (void)state;
    start(0);
    for (unsigned round = 0; round < 20000u; round++) {
        uint8_t payload[80];
        size_t n;

        for (unsigned i = 0; i < sizeof payload; i++) {
            x = x * 1664525u + 1013904223u;
            payload[i] = (uint8_t)(x >> 24);
        }
        if (round % 7u == 0) {
            memcpy(payload + 1, im.bytes, TB_HEAD_BYTES);
        }
        n = tb_frame_put(frame_bytes, (uint8_t)(0x23u + (x >> 9 & 1u)),
                         (uint8_t)((x >> 10 & 1u) != 0 ? x >> 11 & 15u : 0x41u + (x >> 11 & 3u)),
                         payload, (uint16_t)((x >> 16) % sizeof payload));
        if (round % 5u == 0) {
            frame_bytes[(x >> 20) % n] ^= (uint8_t)(x >> 3);
        }
        sent_bytes = 0;
        now_ms += x >> 12 & 511u;
        tb_server_receive(&s, frame_bytes, n, now_ms);
        if (round % 11u == 0) {
            tb_server_idle(&s, now_ms + 300u);
        }
        tb_server_take_action(&s);
    }
    assert_memory_equal(m.bytes[0] + chip_small.slot_offset, v1.bytes, v1.total);
    sent_bytes = 0;
    now_ms += 5000;
    tb_server_idle(&s, now_ms);
    sent_bytes = 0;
    if (ask(TB_CMD_STATUS, NULL, 0) == TB_OK) {
        tb_status st;

        assert_true(tb_status_get(&st, reply, reply_bytes));
        assert_int_equal(st.preferred, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_and_status),
        cmocka_unit_test(an_update),
        cmocka_unit_test(bad_headers),
        cmocka_unit_test(bad_data),
        cmocka_unit_test(flash_faults),
        cmocka_unit_test(bad_frames),
        cmocka_unit_test(lie_then_data),
        cmocka_unit_test(every_frame_doubled),
        cmocka_unit_test(idle_erases_ahead),
        cmocka_unit_test(resumed_over_power_loss),
        cmocka_unit_test(confirm_rollback_boot),
        cmocka_unit_test(erase_and_reset),
        cmocka_unit_test(babble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
