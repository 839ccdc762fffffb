#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/host/loop_wire.h"

#define QUEUE_BYTES (1u << 20)

static unsigned dice(wire *w)
{
    w->random = w->random * 1664525u + 1013904223u;
    return (w->random >> 8) % 1000u;
}

static void queue(wire *w, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(w->tail - w->head < QUEUE_BYTES);
        w->to_host[w->tail++ % QUEUE_BYTES] = bytes[i];
    }
}

/* Calls with whole frames, so that a test can count them. */
static size_t spoil(wire *w, uint8_t *copy, const uint8_t *bytes, size_t count)
{
    memcpy(copy, bytes, count);
    if (dice(w) < w->drop) {
        return 0;
    }
    if (dice(w) < w->corrupt) {
        copy[dice(w) % count] ^= (uint8_t)(1u << (dice(w) % 8u));
    }
    return count;
}

/* At another rate than the far end's, or one that the line does not carry: garbage. */
static void at_its_rate(const wire *w, uint8_t *bytes, size_t count, uint32_t most)
{
    bool carried = w->link.baud == w->device.baud && (most == 0 || w->link.baud <= most);
    for (size_t i = 0; i < count && !carried; i++) {
        bytes[i] = (uint8_t)(bytes[i] * 7u | 0x81u);
    }
}

static bool lost_as_fast(wire *w)
{
    return w->drop_fast != 0 && w->device.baud > 115200u && dice(w) < w->drop_fast;
}

static void from_device(void *ctx, const uint8_t *bytes, size_t count)
{
    wire *w = ctx;
    uint8_t copy[TB_WIRE_OVERHEAD + TB_WIRE_MAX_PAYLOAD] = {0};
    if (w->silent) {
        return;
    }
    if (dice(w) < w->garbage) {
        static const uint8_t junk[] = {'#', 'B', 0xFF, 3, 'h', 'i', '$', 0x82, 9, 0, 0x5F, 0xAA};
        queue(w, junk, sizeof junk);
    }
    size_t n = lost_as_fast(w) ? 0 : spoil(w, copy, bytes, count);
    if (n && w->lies) {
        w->lies(w, copy, &n);
    }
    if (n && w->damage_answers && w->damage_answers--) {
        copy[n - 1] ^= 0x20u;
    }
    at_its_rate(w, copy, n, w->most_to_host);
    queue(w, copy, n);
    if (n && dice(w) < w->repeat) {
        queue(w, copy, n);
    }
}

static void answer_anything(wire *w, const uint8_t *request)
{
    static const uint8_t errors[] = {TB_ERR_OFFSET, TB_ERR_NO_SESSION,  TB_ERR_OVERRUN,
                                     TB_ERR_BUSY,   TB_ERR_PAYLOAD_CRC, 0xEE};
    uint8_t payload[200], frame[TB_WIRE_OVERHEAD + sizeof payload];
    unsigned luck = dice(w);
    size_t n = luck < 800 ? (luck < 400 ? 10 : TB_STATUS_BYTES + 2u) : dice(w) % sizeof payload;
    for (size_t i = 0; i < n; i++) {
        payload[i] = (uint8_t)(luck % 3u ? dice(w) % 4u * 40u : dice(w));
    }
    if (n > 1 && dice(w) < 950) {
        payload[0] = request[4];
        payload[1] = dice(w) < 850 ? 0 : errors[dice(w) % sizeof errors];
    }
    if (request[1] == TB_CMD_HELLO && dice(w) < 900) {
        const tb_hello hello = {.protocol = 1,
                                .device_id = 0x469,
                                .bank_kib = 256,
                                .max_payload = 256,
                                .slot_image_bytes = 200000,
                                .capabilities = dice(w) < 500 ? TB_CAP_HOLD : 0u,
                                .window = (uint32_t)dice(w) * 9u};
        tb_hello_put(payload + 2, &hello);
        payload[0] = request[4];
        payload[1] = 0;
        n = TB_HELLO_BYTES + 2u;
    }
    if (request[1] == TB_CMD_DATA && dice(w) < 950) {
        uint32_t end = tb_get_u32(request + 5) + request[2] + request[3] * 256u - 5u;
        for (unsigned i = 0; i < 4; i++) {
            payload[2 + i] = (uint8_t)(end >> 8u * i);
        }
        n = 10;
        if (dice(w) < 200) { /* and holds something, or says so */
            payload[1] = dice(w) < 500 ? TB_ERR_OFFSET : TB_OK;
            for (unsigned i = 0; i < 3; i++) {
                uint32_t at = dice(w) * 100u;
                memcpy(payload + (i < 2 ? 10 + 4 * i : 2), &at, sizeof at);
            }
            n = 18;
        }
    }
    if (request[1] == TB_CMD_BEGIN && dice(w) < 800) {
        memset(payload + 2, 0, 9);
        payload[7] = 8;
        n = 11;
    }
    if (request[1] == TB_CMD_BEGIN && w->begin_next) {
        for (unsigned i = 0; i < 4; i++) {
            payload[2 + i] = (uint8_t)(w->begin_next >> 8u * i);
        }
    }
    queue(w, frame,
          tb_frame_put(frame, TB_WIRE_TOKEN_NATIVE, request[1] | TB_WIRE_REPLY, payload,
                       (uint16_t)n));
}

static bool link_write(void *ctx, const uint8_t *data, size_t bytes)
{
    wire *w = ctx;
    uint8_t copy[TB_WIRE_OVERHEAD + TB_WIRE_MAX_PAYLOAD] = {0};
    if (w->hostile) {
        answer_anything(w, data);
        return true;
    }
    if (w->stop_after_bytes >= 0 && (w->stop_after_bytes -= (long)bytes) < 0) {
        w->stop_after_bytes = -1;
        w->stop = 1;
        bytes /= 2;
    }
    if (w->cut_after_bytes >= 0 && (w->cut_after_bytes -= (long)bytes) < 0) {
        w->cut_after_bytes = -1;
        w->device.alive = false;
    }
    w->now_ms += w->write_ms * bytes / sizeof copy;
    w->come = w->tail;
    w->unanswered += bytes;
    if (w->unanswered > w->most_unanswered) {
        w->most_unanswered = w->unanswered;
    }
    if (w->mute_after_bytes >= 0 && (w->mute_after_bytes -= (long)bytes) < 0) {
        w->mute_after_bytes = -1;
        w->silent = true;
    }
    size_t n = bytes && !lost_as_fast(w) ? spoil(w, copy, data, bytes) : 0;
    if (n && w->loses && w->loses(w, copy)) {
        n = 0;
    }
    at_its_rate(w, copy, n, w->most_to_device);
    if (n && w->damage_next && w->damage_next--) {
        copy[n - 1] ^= 0x20u;
    }
    fake_device_receive(&w->device, copy, n, (uint32_t)w->now_ms);
    if (n && dice(w) < w->repeat) {
        fake_device_receive(&w->device, copy, n, (uint32_t)w->now_ms);
    }
    return true;
}

static void link_pause(void *ctx, unsigned ms)
{
    wire *w = ctx;
    w->now_ms += ms;
    if (!w->device.alive) {
        fake_device_boot(&w->device, TB_RESET_POWER);
    }
    fake_device_idle(&w->device, (uint32_t)w->now_ms);
}

static int link_read(void *ctx, uint8_t *data, size_t bytes, unsigned timeout_ms)
{
    wire *w = ctx;
    if (w->late && timeout_ms == 0) {
        return 0;
    }
    if (w->head == w->tail) {
        link_pause(w, timeout_ms);
    }
    size_t n = 0, end = w->tail;
    if (w->write_ms && timeout_ms == 0 && end - w->come > 3u) {
        end -= 3u;
    }
    while (n < bytes && w->head != end) {
        data[n++] = w->to_host[w->head++ % QUEUE_BYTES];
    }
    w->unanswered = n > 0 && w->head == w->tail ? 0 : w->unanswered;
    return (int)n;
}

static bool link_set_baud(void *ctx, uint32_t baud)
{
    const wire *w = ctx;
    return w->most_of_port == 0 || baud <= w->most_of_port;
}

static bool link_reopen(void *ctx)
{
    (void)ctx;
    return true;
}

static uint64_t link_now(void *ctx)
{
    return ((wire *)ctx)->now_ms;
}

static void on_event(void *ctx, tb_client_event event, uint32_t done, uint32_t total)
{
    wire *w = ctx;
    (void)total;
    w->events[event]++;
    if (event == TB_EVENT_RESUMED) {
        w->resumed_at = done;
    }
}

static void on_planned(void *ctx, const tb_sent *sent, uint32_t bytes, uint32_t whole)
{
    wire *w = ctx;
    w->planned++;
    assert_true(sent->how == TB_SENT_PLAIN ? bytes <= whole : sent->expected_ms < sent->whole_ms);
}

void new_client(wire *w)
{
    tb_client_init(&w->client, &w->link, &w->stop);
    w->client.event = on_event;
    w->client.planned = on_planned;
    w->client.event_ctx = w;
    w->stop = 0;
}

const tb_chip *chip(void)
{
    return tb_chip_find("stm32g474re");
}

wire *new_wire(const tb_image_file *app)
{
    wire *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->to_host = malloc(QUEUE_BYTES);
    w->cut_after_bytes = w->stop_after_bytes = w->mute_after_bytes = -1;
    w->random = 12345;
    w->link = (tb_link){.ctx = w,
                        .name = "loop",
                        .baud = 115200,
                        .read = link_read,
                        .write = link_write,
                        .reopen = link_reopen,
                        .pause = link_pause,
                        .now_ms = link_now,
                        .set_baud = link_set_baud};
    fake_device_init(&w->device, chip());
    w->device.send = from_device;
    w->device.ctx = w;
    fake_device_install(&w->device, app);
    new_client(w);
    return w;
}

void free_wire(wire *w)
{
    fake_device_free(&w->device);
    free(w->to_host);
    free(w);
}

wire *wire_with(uint32_t version)
{
    tb_image_file app = fake_image(chip(), version, 30000, 1);
    wire *w = new_wire(&app);
    tb_image_file_free(&app);
    return w;
}

void expect_bank(const wire *w, unsigned bank, const tb_image_file *image)
{
    assert_memory_equal(w->device.banks[bank] + chip()->slot_offset, image->data, image->bytes);
}

tb_client_result connect_and_send(wire *w, const tb_image_file *image, tb_sent *sent)
{
    tb_client_result result = tb_client_connect(&w->client);
    if (result == TB_CLIENT_OK) {
        result = tb_client_status(&w->client);
    }
    return result == TB_CLIENT_OK ? tb_client_send(&w->client, image, sent) : result;
}

tb_fate wait_for(wire *w, const tb_image_file *image, const tb_sent *sent, bool confirm)
{
    tb_wait_options options = {.total_ms = 60000, .confirm_ms = 5000, .confirm = confirm};
    tb_fate fate = TB_FATE_LOST;
    assert_int_equal(tb_client_reset(&w->client, TB_CMD_RESET, 0), TB_CLIENT_OK);
    assert_int_equal(tb_client_wait(&w->client, image, sent, &options, &fate), TB_CLIENT_OK);
    return fate;
}
