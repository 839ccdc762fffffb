/* Dialogues over the wire, both dialects: the good ones, and each bad input. */
#include <string.h>

#include "fixture.h"
#include "twinbank/server.h"

static flash_model m;
static tb_flash flash;
static tb_server s;
static image v1, im;
static uint32_t now_ms;

static uint8_t sent[4096];
static size_t sent_bytes;

static void capture(void *ctx, const uint8_t *bytes, size_t count)
{
    assert_ptr_equal(ctx, &m);
    assert_true(sent_bytes + count <= sizeof sent);
    memcpy(sent + sent_bytes, bytes, count);
    sent_bytes += count;
}

static struct { /* the option bytes, for MODE and PROTECT */
    bool single, offered;
    uint8_t protected_banks;
    unsigned writes;
    tb_error error;
} options;

static tb_error mode_set(void *ctx, bool dual)
{
    assert_ptr_equal(ctx, &m);
    assert_true(options.single == dual);
    options.writes++;
    return options.error;
}

static tb_error protect(void *ctx)
{
    assert_ptr_equal(ctx, &m);
    options.writes++;
    return options.error;
}

static struct {
    bool keeps; /* to the one rate */
    uint32_t now;
    unsigned changes;
    size_t sent_before; /* bytes, the last change */
} line;

static bool baud_reached(void *ctx, uint32_t baud)
{
    assert_ptr_equal(ctx, &m);
    return baud >= 1200u && baud <= 1000000u;
}

static void baud_set(void *ctx, uint32_t baud)
{
    assert_ptr_equal(ctx, &m);
    line.now = baud;
    line.changes++;
    line.sent_before = sent_bytes;
}

static void power_on(int running)
{
    tb_server_config config = {
        .flash = &flash, .role = running >= 0 ? TB_ROLE_APPLICATION : TB_ROLE_STAGE2,
        .policy = running >= 0 ? policy_app(&chip_small, running) : policy_stage2(&chip_small, 0),
        .report = {.present = true, .why = TB_WHY_TRIAL, .cause = TB_RESET_WATCHDOG, .attempts = 2,
                   .bank = 1, .swapped = true, .generation = 77, .fault_pc = 1, .fault_status = 2},
        .window = 2048, .usual_baud = 115200, .baud_reached = line.keeps ? NULL : baud_reached,
        .baud_set = line.keeps ? NULL : baud_set, .version_text = "twinbank test 1.0.0",
        .send = capture, .ctx = &m, .uid = {9, 8, 7},
        .refusal = options.single ? TB_ERR_SINGLE_BANK : TB_OK,
        .mode_set = options.offered ? mode_set : NULL,
        .protected_banks = options.protected_banks, .protect = options.offered ? protect : NULL};

    sent_bytes = 0;
    tb_server_init(&s, &config);
}

static void start(int running)
{
    device_make(&m, &chip_small, &v1);
    flash = model_port(&m);
    image_make(&im, &chip_small, TB_IMAGE_APPLICATION, TB_VERSION(1, 1, 0), 3000, 2, false);
    now_ms = 1000;
    power_on(running);
}

/* ---- the native client ------------------------------------------------------------------ */

static uint8_t reply[256];
static size_t reply_bytes; /* after seq and status */

static tb_error take_reply(uint8_t command, uint8_t seq)
{
    uint16_t length = (uint16_t)(sent[2] | sent[3] << 8);

    assert_int_equal(sent_bytes, TB_WIRE_OVERHEAD + length);
    assert_int_equal(sent[0], TB_WIRE_TOKEN_NATIVE);
    assert_int_equal(sent[1], command | TB_WIRE_REPLY);
    assert_int_equal(sent[4], seq);
    assert_int_equal(tb_crc32(0, sent, 4u + length),
                     (uint32_t)sent[4 + length] | (uint32_t)sent[5 + length] << 8 |
                         (uint32_t)sent[6 + length] << 16 | (uint32_t)sent[7 + length] << 24);
    reply_bytes = length - 2u;
    memcpy(reply, sent + 6, reply_bytes);
    sent_bytes = 0;
    return (tb_error)sent[5];
}

static tb_error ask(uint8_t command, const void *fields, size_t bytes)
{
    static uint8_t seq;
    uint8_t payload[TB_WIRE_MAX_PAYLOAD], frame[TB_WIRE_OVERHEAD + TB_WIRE_MAX_PAYLOAD];

    payload[0] = ++seq;
    if (fields != NULL) {
        memcpy(payload + 1, fields, bytes);
    }
    now_ms++;
    bytes = tb_frame_put(frame, TB_WIRE_TOKEN_NATIVE, command, payload, (uint16_t)(bytes + 1u));
    tb_server_receive(&s, frame, bytes, now_ms);
    return take_reply(command, seq);
}

static uint32_t reply_u32(size_t at)
{
    assert_true(at + 4u <= reply_bytes);
    return (uint32_t)reply[at] | (uint32_t)reply[at + 1] << 8 | (uint32_t)reply[at + 2] << 16 |
           (uint32_t)reply[at + 3] << 24;
}

static tb_error ask_u8(uint8_t command, uint8_t field)
{
    return ask(command, &field, 1);
}

static tb_error begin(void)
{
    return ask(TB_CMD_BEGIN, im.bytes, TB_HEAD_BYTES);
}

static tb_error data(uint32_t offset, const uint8_t *bytes, size_t count)
{
    uint8_t fields[TB_WIRE_MAX_PAYLOAD] = {(uint8_t)offset, (uint8_t)(offset >> 8),
                                           (uint8_t)(offset >> 16), (uint8_t)(offset >> 24)};

    memcpy(fields + 4, bytes, count);
    return ask(TB_CMD_DATA, fields, count + 4u);
}

static tb_error data_until(uint32_t end)
{
    tb_error error = TB_OK;

    for (uint32_t at = s.update.next; error == TB_OK && at < end; at = reply_u32(0)) {
        uint32_t n = end - at < 256u ? end - at : 256u;

        error = data(at, im.bytes + at, n);
        assert_int_equal(reply_u32(4), 2048);
    }
    return error;
}

static tb_error flash_all(void)
{
    tb_error error = begin();

    if (error == TB_OK) {
        error = data_until(im.total);
    }
    return error == TB_OK ? ask(TB_CMD_FINISH, NULL, 0) : error;
}

/* Nothing is lost by what went wrong: 1.0.0 is whole, and a good update goes through. */
static void next_good_update_works(void)
{
    assert_memory_equal(m.bytes[0] + chip_small.slot_offset, v1.bytes, v1.total);
    image_make(&im, &chip_small, TB_IMAGE_APPLICATION, TB_VERSION(1, 1, 0), 3000, 5, false);
    assert_int_equal(flash_all(), TB_OK);
    assert_true(holds_image(&m, 1, chip_small.slot_offset, &im));
    assert_int_equal(ask(TB_CMD_BOOT, NULL, 0), TB_OK);
    assert_int_equal(tb_server_take_action(&s), TB_SERVER_RESET);
    assert_int_equal(tb_server_take_action(&s), TB_SERVER_NONE);
}

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

static uint8_t frame_bytes[TB_WIRE_OVERHEAD + TB_WIRE_MAX_PAYLOAD];

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

/* ---- the line's rate ----------------------------------------------------------------- */

#define BAUD_921600 "\x00\x10\x0E\x00"
#define BAUD_115200 "\x00\xC2\x01\x00"

static uint32_t capabilities(void)
{
    uint8_t protocol = TB_WIRE_PROTOCOL;
    tb_hello hello;

    assert_int_equal(ask(TB_CMD_HELLO, &protocol, 1), TB_OK);
    assert_true(tb_hello_get(&hello, reply, reply_bytes));
    return hello.capabilities;
}

static void start_line(int running, bool keeps)
{
    memset(&line, 0, sizeof line);
    line.keeps = keeps;
    line.now = 115200;
    start(running);
}

static void baud_changes_after_the_reply(void **state)
{
    (void)state;
    start_line(0, true);
    assert_true((capabilities() & TB_CAP_BAUD) == 0);
    assert_int_equal(ask(TB_CMD_BAUD, BAUD_921600, 4), TB_ERR_NOT_HERE);
    for (int running = -1; running <= 0; running++) {
        start_line(running, false);
        assert_true((capabilities() & TB_CAP_BAUD) != 0);
        assert_int_equal(ask(TB_CMD_BAUD, "\x00\x00\x00\x00", 4), TB_ERR_ARGUMENT);
        assert_int_equal(ask(TB_CMD_BAUD, "\xFF\xFF\xFF\xFF", 4), TB_ERR_ARGUMENT);
        assert_int_equal(line.changes, 0);
        assert_int_equal(ask(TB_CMD_BAUD, BAUD_921600, 4), TB_OK);
        assert_int_equal(line.changes, 1);
        assert_int_equal(line.now, 921600);
        assert_int_equal(line.sent_before, TB_WIRE_OVERHEAD + 2u);
        /* back when asked: nothing is on trial then */
        assert_int_equal(ask(TB_CMD_BAUD, BAUD_115200, 4), TB_OK);
        assert_int_equal(line.now, 115200);
        tb_server_idle(&s, now_ms + 10u * TB_BAUD_SILENCE_MS);
        assert_int_equal(line.changes, 2);
    }
}

static void baud_without_a_good_frame(void **state)
{
    (void)state;
    for (unsigned noisy = 0; noisy < 2u; noisy++) {
        start_line(0, false);
        assert_int_equal(ask(TB_CMD_BAUD, BAUD_921600, 4), TB_OK);
        for (uint32_t ms = 0; ms < TB_BAUD_TRIAL_MS; ms += 9u) {
            assert_int_equal(line.now, 921600);
            if (noisy) { /* no frame, but never silent */
                sent_bytes = 0;
                tb_server_receive(&s, (const uint8_t *)"\x24\xF8\x80", 3, now_ms + ms);
            } else {
                tb_server_idle(&s, now_ms + ms);
            }
        }
        now_ms += TB_BAUD_TRIAL_MS;
        tb_server_receive(&s, (const uint8_t *)"\xFF", 1, now_ms);
        assert_int_equal(line.now, 115200);
        sent_bytes = 0;
        (void)capabilities(); /* heard at once: what was noise is forgotten */
        assert_int_equal(line.changes, 2);
    }
}

static void baud_is_kept_while_it_carries(void **state)
{
    (void)state;
    start_line(0, false);
    assert_int_equal(ask(TB_CMD_BAUD, BAUD_921600, 4), TB_OK);
    now_ms += TB_BAUD_TRIAL_MS - 1u;
    for (unsigned i = 0; i < 3u; i++) {
        (void)capabilities();
        tb_server_idle(&s, now_ms);
        now_ms += TB_BAUD_SILENCE_MS - 1u;
        tb_server_idle(&s, now_ms);
    }
    assert_int_equal(line.now, 921600);
    /* Nobody is there any more, as after a tool that was killed. */
    tb_server_idle(&s, now_ms + 1u);
    assert_int_equal(line.now, 115200);
    tb_server_idle(&s, now_ms + 10u * TB_BAUD_SILENCE_MS);
    assert_int_equal(line.changes, 2);
}

/* The owner does not look at the line while flash works. */
static void baud_and_a_long_erase(void **state)
{
    (void)state;
    start_line(0, false);
    assert_int_equal(ask(TB_CMD_BAUD, BAUD_921600, 4), TB_OK);
    (void)capabilities();
    assert_int_equal(begin(), TB_OK);
    now_ms += 2u * TB_BAUD_SILENCE_MS; /* passed in that BEGIN */
    tb_server_receive(&s, (const uint8_t *)"\x24", 1, now_ms); /* the next one begins */
    assert_int_equal(line.now, 921600);
    power_on(0);
    tb_server_idle(&s, now_ms);
    assert_int_equal(line.changes, 1);
}

/* ---- dual-bank mode ------------------------------------------------------------------ */

static const uint8_t to_dual[5] = {TB_MODE_DUAL, 'E', 'R', 'A', 'S'};
static const uint8_t to_single[5] = {TB_MODE_SINGLE, 'E', 'R', 'A', 'S'};

static void start_mode(int running, bool single, tb_error error)
{
    memset(&options, 0, sizeof options);
    options.single = single;
    options.offered = running < 0;
    options.error = error;
    start(running);
}

static void nothing_switched(void)
{
    assert_true(options.writes == 0 && tb_server_take_action(&s) == TB_SERVER_NONE);
}

static void mode_is_shown_and_switched(void **state)
{
    (void)state;
    for (unsigned single = 0; single < 2u; single++) {
        uint8_t now = single ? TB_MODE_SINGLE : TB_MODE_DUAL;
        uint8_t other = single ? TB_MODE_DUAL : TB_MODE_SINGLE;
        const uint8_t *request = single ? to_dual : to_single;

        start_mode(-1, single != 0, TB_OK);
        assert_int_equal(ask_u8(TB_CMD_MODE, TB_MODE_SHOW), TB_OK);
        assert_int_equal(reply_bytes, 2);
        assert_int_equal(reply[0], now);
        assert_int_equal(reply[1], now);
        assert_int_equal(ask(TB_CMD_MODE, single ? to_single : to_dual, 5), TB_OK); /* is so */
        assert_int_equal(reply[1], now);
        nothing_switched();
        assert_int_equal(ask(TB_CMD_MODE, request, 5), TB_OK);
        assert_int_equal(reply[0], now);
        assert_int_equal(reply[1], other);
        assert_int_equal(options.writes, 1);
        assert_int_equal(tb_server_take_action(&s), TB_SERVER_LOAD_OPTIONS);
    }
}

static void mode_is_not_switched_by_accident(void **state)
{
    static const uint8_t wrong[5] = {TB_MODE_SINGLE, 'E', 'R', 'A', 'T'};

    (void)state;
    start_mode(-1, false, TB_OK);
    m.operations = 0;
    assert_int_equal(ask_u8(TB_CMD_MODE, TB_MODE_SINGLE), TB_ERR_CONTENTS);
    assert_int_equal(reply_bytes, 0);
    assert_int_equal(ask(TB_CMD_MODE, wrong, 5), TB_ERR_CONTENTS);
    assert_int_equal(ask(TB_CMD_MODE, to_single, 4), TB_ERR_FRAME_LENGTH);
    assert_int_equal(ask(TB_CMD_MODE, to_single, 0), TB_ERR_FRAME_LENGTH);
    assert_int_equal(ask_u8(TB_CMD_MODE, 3), TB_ERR_ARGUMENT);
    assert_int_equal(begin(), TB_OK);
    assert_int_equal(ask(TB_CMD_MODE, to_single, 5), TB_ERR_BUSY);
    nothing_switched();
    options.error = TB_ERR_OPTIONS;
    now_ms += TB_SESSION_HOLD_MS;
    assert_int_equal(ask(TB_CMD_MODE, to_single, 5), TB_ERR_OPTIONS);
    assert_int_equal(options.writes, 1);
    assert_int_equal(tb_server_take_action(&s), TB_SERVER_NONE);
    next_good_update_works();
    start_mode(0, false, TB_OK); /* an application shows it, and no more */
    assert_int_equal(ask_u8(TB_CMD_MODE, TB_MODE_SHOW), TB_OK);
    assert_int_equal(ask(TB_CMD_MODE, to_single, 5), TB_ERR_NOT_HERE);
    nothing_switched();
}

/* ---- write protection of stage 1 ----------------------------------------------------- */

static const uint8_t to_protect[5] = {TB_PROTECT_STAGE1, 'P', 'R', 'O', 'T'};

static void protection_is_shown_and_set(void **state)
{
    tb_hello h;

    (void)state;
    for (uint8_t banks = 0; banks <= TB_PROTECT_STAGE1; banks++) {
        start_mode(-1, false, TB_OK);
        options.protected_banks = banks;
        power_on(-1);
        assert_int_equal(ask_u8(TB_CMD_HELLO, 1), TB_OK);
        assert_true(tb_hello_get(&h, reply, reply_bytes));
        assert_int_equal(h.capabilities & TB_CAP_PROTECT, TB_CAP_PROTECT);
        assert_int_equal(ask_u8(TB_CMD_PROTECT, TB_PROTECT_SHOW), TB_OK);
        assert_int_equal(reply_bytes, 2);
        assert_true(reply[0] == banks && reply[1] == banks);
        nothing_switched();
        assert_int_equal(ask(TB_CMD_PROTECT, to_protect, 5), TB_OK);
        assert_true(reply[0] == banks && reply[1] == TB_PROTECT_STAGE1);
        if (banks == TB_PROTECT_STAGE1) { /* is so: nothing is written */
            nothing_switched();
        } else {
            assert_int_equal(options.writes, 1);
            assert_int_equal(tb_server_take_action(&s), TB_SERVER_PROTECTED);
        }
    }
}

static void protection_is_not_set_by_accident(void **state)
{
    static const uint8_t wrong[5] = {TB_PROTECT_STAGE1, 'P', 'R', 'O', 'S'};
    static const uint8_t one_bank[5] = {1, 'P', 'R', 'O', 'T'};

    (void)state;
    start_mode(-1, false, TB_OK);
    assert_int_equal(ask_u8(TB_CMD_PROTECT, TB_PROTECT_STAGE1), TB_ERR_ARGUMENT);
    assert_int_equal(reply_bytes, 0);
    assert_int_equal(ask(TB_CMD_PROTECT, wrong, 5), TB_ERR_ARGUMENT);
    assert_int_equal(ask(TB_CMD_PROTECT, to_protect, 4), TB_ERR_ARGUMENT);
    assert_int_equal(ask(TB_CMD_PROTECT, one_bank, 5), TB_ERR_ARGUMENT);
    assert_int_equal(begin(), TB_OK);
    assert_int_equal(ask(TB_CMD_PROTECT, to_protect, 5), TB_ERR_BUSY);
    nothing_switched();
    now_ms += TB_SESSION_HOLD_MS;
    options.error = TB_ERR_SUPPLY;
    assert_int_equal(ask(TB_CMD_PROTECT, to_protect, 5), TB_ERR_SUPPLY);
    assert_int_equal(options.writes, 1);
    assert_int_equal(tb_server_take_action(&s), TB_SERVER_NONE);
    next_good_update_works();
    start_mode(0, false, TB_OK); /* an application shows it, and no more */
    assert_int_equal(ask_u8(TB_CMD_PROTECT, TB_PROTECT_SHOW), TB_OK);
    assert_int_equal(ask(TB_CMD_PROTECT, to_protect, 5), TB_ERR_NOT_HERE);
    nothing_switched();
}

static uint8_t tutorial(uint8_t command, const void *payload, uint16_t bytes);
/* Refused with the reason, whatever is asked; HELLO says it too. */
static void single_bank_is_refused(void **state)
{
    static const struct {
        uint8_t command, bytes;
    } refused[] = {{TB_CMD_STATUS, 0}, {TB_CMD_BEGIN, TB_HEAD_BYTES}, {TB_CMD_DATA, 64},
                   {TB_CMD_FINISH, 0}, {TB_CMD_BOOT, 0}, {TB_CMD_CONFIRM, 0},
                   {TB_CMD_ROLLBACK, 0}, {TB_CMD_ERASE, 1}};
    tb_hello h;

    (void)state;
    for (int running = -1; running <= 0; running++) {
        start_mode(running, true, TB_OK);
        m.operations = 0;
        assert_int_equal(ask_u8(TB_CMD_HELLO, 1), TB_OK);
        assert_true(tb_hello_get(&h, reply, reply_bytes));
        assert_int_equal(h.capabilities,
                         TB_CAP_SINGLE_BANK | TB_CAP_BAUD | (running < 0 ? TB_CAP_MODE : 0u));
        for (unsigned i = 0; i < sizeof refused / sizeof refused[0]; i++) {
            assert_int_equal(ask(refused[i].command, im.bytes, refused[i].bytes),
                             TB_ERR_SINGLE_BANK);
        }
        assert_int_equal(ask_u8(TB_CMD_PROTECT, TB_PROTECT_SHOW), TB_ERR_SINGLE_BANK);
        assert_int_equal(tutorial(TB_TUTORIAL_DATA, im.bytes, 128), TB_WIRE_NACK);
        assert_int_equal(tutorial(TB_TUTORIAL_FINISH, NULL, 0), TB_WIRE_NACK);
        assert_int_equal(m.operations, 0);
        nothing_switched();
        assert_int_equal(ask_u8(TB_CMD_RESET, 1), TB_OK);
        assert_int_equal(tb_server_take_action(&s), TB_SERVER_RESET_TO_STAGE2);
    }
    memset(&options, 0, sizeof options);
}

/* ---- the tutorial's client ------------------------------------------------------------------ */

static uint8_t tutorial(uint8_t command, const void *payload, uint16_t bytes)
{
    size_t n = tb_frame_put(frame_bytes, TB_WIRE_TOKEN_TUTORIAL, command, payload, bytes);

    now_ms++;
    sent_bytes = 0;
    tb_server_receive(&s, frame_bytes, n, now_ms);
    assert_int_equal(sent_bytes, 1);
    sent_bytes = 0;
    return sent[0];
}

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
        cmocka_unit_test(hello_and_status),     cmocka_unit_test(an_update),
        cmocka_unit_test(bad_headers),          cmocka_unit_test(bad_data),
        cmocka_unit_test(flash_faults),         cmocka_unit_test(bad_frames),
        cmocka_unit_test(lie_then_data),        cmocka_unit_test(every_frame_doubled),
        cmocka_unit_test(idle_erases_ahead),    cmocka_unit_test(resumed_over_power_loss),
        cmocka_unit_test(confirm_rollback_boot), cmocka_unit_test(erase_and_reset),
        cmocka_unit_test(baud_changes_after_the_reply),
        cmocka_unit_test(baud_without_a_good_frame),
        cmocka_unit_test(baud_is_kept_while_it_carries),
        cmocka_unit_test(baud_and_a_long_erase),
        cmocka_unit_test(mode_is_shown_and_switched),
        cmocka_unit_test(mode_is_not_switched_by_accident),
        cmocka_unit_test(protection_is_shown_and_set),
        cmocka_unit_test(protection_is_not_set_by_accident),
        cmocka_unit_test(single_bank_is_refused),
        cmocka_unit_test(tutorial_client),      cmocka_unit_test(tutorial_bad_input),
        cmocka_unit_test(tutorial_restarts),    cmocka_unit_test(two_clients),
        cmocka_unit_test(babble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
