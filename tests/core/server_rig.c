#include "server_rig.h"

#include <string.h>

flash_model m;
static tb_flash flash;
tb_server s;
image v1, im;
uint32_t now_ms;

uint8_t sent[SENT_BYTES];
size_t sent_bytes;
uint8_t reply[REPLY_BYTES];
size_t reply_bytes;
server_options options;
server_line line;
uint32_t queue_bytes;
tb_expand expand;
const tb_expand_service *expand_served;
static uint8_t queue[4096];
uint8_t frame_bytes[TB_WIRE_OVERHEAD + TB_WIRE_MAX_PAYLOAD];

static void capture(void *ctx, const uint8_t *bytes, size_t count)
{
    assert_ptr_equal(ctx, &m);
    assert_true(sent_bytes + count <= sizeof sent);
    memcpy(sent + sent_bytes, bytes, count);
    sent_bytes += count;
}

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

void power_on(int running)
{
    tb_server_config config = {
        .flash = &flash, .role = running >= 0 ? TB_ROLE_APPLICATION : TB_ROLE_STAGE2,
        .policy = running >= 0 ? policy_app(&chip_small, running) : policy_stage2(&chip_small, 0),
        .report = {.present = true, .why = TB_WHY_TRIAL, .cause = TB_RESET_WATCHDOG, .attempts = 2,
                   .bank = 1, .swapped = true, .generation = 77, .fault_pc = 1, .fault_status = 2},
        .window = 2048, .usual_baud = 115200, .baud_reached = line.keeps ? NULL : baud_reached,
        .baud_set = line.keeps ? NULL : baud_set, .version_text = "twinbank test 1.0.0",
        .expand = &expand, .expand_served = expand_served,
        .queue = queue_bytes > 0 ? queue : NULL, .queue_bytes = queue_bytes,
        .send = capture, .ctx = &m, .uid = {9, 8, 7},
        .refusal = options.single ? TB_ERR_SINGLE_BANK : TB_OK,
        .mode_set = options.offered ? mode_set : NULL,
        .protected_banks = options.protected_banks, .protect = options.offered ? protect : NULL};

    sent_bytes = 0;
    tb_server_init(&s, &config);
}

void start(int running)
{
    device_make(&m, &chip_small, &v1);
    flash = model_port(&m);
    image_make(&im, &chip_small, TB_IMAGE_APPLICATION, TB_VERSION(1, 1, 0), 3000, 2, false);
    now_ms = 1000;
    power_on(running);
}

tb_error take_reply(uint8_t command, uint8_t seq)
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

tb_error ask(uint8_t command, const void *fields, size_t bytes)
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

uint32_t reply_u32(size_t at)
{
    assert_true(at + 4u <= reply_bytes);
    return (uint32_t)reply[at] | (uint32_t)reply[at + 1] << 8 | (uint32_t)reply[at + 2] << 16 |
           (uint32_t)reply[at + 3] << 24;
}

tb_error ask_u8(uint8_t command, uint8_t field)
{
    return ask(command, &field, 1);
}

tb_error begin(void)
{
    return ask(TB_CMD_BEGIN, im.bytes, TB_HEAD_BYTES);
}

tb_error data(uint32_t offset, const uint8_t *bytes, size_t count)
{
    uint8_t fields[TB_WIRE_MAX_PAYLOAD] = {(uint8_t)offset, (uint8_t)(offset >> 8),
                                           (uint8_t)(offset >> 16), (uint8_t)(offset >> 24)};

    memcpy(fields + 4, bytes, count);
    return ask(TB_CMD_DATA, fields, count + 4u);
}

tb_error data_until(uint32_t end)
{
    tb_error error = TB_OK;

    for (uint32_t at = s.update.next; error == TB_OK && at < end; at = reply_u32(0)) {
        uint32_t n = end - at < 256u ? end - at : 256u;

        error = data(at, im.bytes + at, n);
        assert_int_equal(reply_u32(4), 2048);
    }
    return error;
}

tb_error flash_all(void)
{
    tb_error error = begin();

    if (error == TB_OK) {
        error = data_until(im.total);
    }
    return error == TB_OK ? ask(TB_CMD_FINISH, NULL, 0) : error;
}

void next_good_update_works(void)
{
    assert_memory_equal(m.bytes[0] + chip_small.slot_offset, v1.bytes, v1.total);
    image_make(&im, &chip_small, TB_IMAGE_APPLICATION, TB_VERSION(1, 1, 0), 3000, 5, false);
    assert_int_equal(flash_all(), TB_OK);
    assert_true(holds_image(&m, 1, chip_small.slot_offset, &im));
    assert_int_equal(ask(TB_CMD_BOOT, NULL, 0), TB_OK);
    assert_int_equal(tb_server_take_action(&s), TB_SERVER_RESET);
    assert_int_equal(tb_server_take_action(&s), TB_SERVER_NONE);
}

uint8_t tutorial(uint8_t command, const void *payload, uint16_t bytes)
{
    size_t n = tb_frame_put(frame_bytes, TB_WIRE_TOKEN_TUTORIAL, command, payload, bytes);

    now_ms++;
    sent_bytes = 0;
    tb_server_receive(&s, frame_bytes, n, now_ms);
    assert_int_equal(sent_bytes, 1);
    sent_bytes = 0;
    return sent[0];
}
