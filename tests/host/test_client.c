/* The client against core's server over a wire that damages what it carries, with a clock
 * that only moves when somebody waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/lib/client.h"
#include "tests/host/fake_device.h"

#define QUEUE_BYTES (1u << 20)

typedef struct wire {
    fake_device device;
    tb_link link;
    tb_client client;
    uint64_t now_ms;
    uint8_t *to_host;
    size_t head, tail;
    uint32_t random;
    /* frames in 1000 that suffer, each way */
    unsigned drop, corrupt, repeat;
    unsigned garbage;      /* bytes in front of each frame to the host, of 1000 frames */
    long cut_after_bytes;  /* to the device: then it loses power until the host waits; -1 */
    long stop_after_bytes; /* then Ctrl-C; -1 */
    bool hostile;          /* whole frames come back, with anything in them */
    bool silent;           /* the device answers nothing */
    volatile sig_atomic_t stop;
    unsigned events[6];
    size_t unanswered, most_unanswered; /* bytes to the device since the host read last */
    uint32_t resumed_at;
} wire;

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
    size_t n = spoil(w, copy, bytes, count);
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
    }
    if (request[1] == TB_CMD_BEGIN && dice(w) < 800) {
        memset(payload + 2, 0, 9);
        payload[7] = 8;
        n = 11;
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
    w->unanswered += bytes;
    if (w->unanswered > w->most_unanswered) {
        w->most_unanswered = w->unanswered;
    }
    size_t n = bytes ? spoil(w, copy, data, bytes) : 0;
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
    if (w->head == w->tail) {
        link_pause(w, timeout_ms);
    }
    size_t n = 0;
    while (n < bytes && w->head != w->tail) {
        data[n++] = w->to_host[w->head++ % QUEUE_BYTES];
    }
    w->unanswered = n > 0 && w->head == w->tail ? 0 : w->unanswered;
    return (int)n;
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

static void new_client(wire *w)
{
    tb_client_init(&w->client, &w->link, &w->stop);
    w->client.event = on_event;
    w->client.event_ctx = w;
    w->stop = 0;
}

static const tb_chip *chip(void)
{
    return tb_chip_find("stm32g474re");
}

static wire *new_wire(const tb_image_file *app)
{
    wire *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->to_host = malloc(QUEUE_BYTES);
    w->cut_after_bytes = w->stop_after_bytes = -1;
    w->random = 12345;
    w->link = (tb_link){.ctx = w,
                        .name = "loop",
                        .baud = 115200,
                        .read = link_read,
                        .write = link_write,
                        .reopen = link_reopen,
                        .pause = link_pause,
                        .now_ms = link_now};
    fake_device_init(&w->device, chip());
    w->device.send = from_device;
    w->device.ctx = w;
    fake_device_install(&w->device, app);
    new_client(w);
    return w;
}

static void free_wire(wire *w)
{
    fake_device_free(&w->device);
    free(w->to_host);
    free(w);
}

static wire *wire_with(uint32_t version)
{
    tb_image_file app = fake_image(chip(), version, 30000, 1);
    wire *w = new_wire(&app);
    tb_image_file_free(&app);
    return w;
}

static void expect_bank(const wire *w, unsigned bank, const tb_image_file *image)
{
    assert_memory_equal(w->device.banks[bank] + chip()->slot_offset, image->data, image->bytes);
}

static tb_client_result connect_and_send(wire *w, const tb_image_file *image, tb_sent *sent)
{
    tb_client_result result = tb_client_connect(&w->client);
    if (result == TB_CLIENT_OK) {
        result = tb_client_status(&w->client);
    }
    return result == TB_CLIENT_OK ? tb_client_send(&w->client, image, sent) : result;
}

static tb_fate wait_for(wire *w, const tb_image_file *image, const tb_sent *sent, bool confirm)
{
    tb_wait_options options = {.total_ms = 60000, .confirm_ms = 5000, .confirm = confirm};
    tb_fate fate = TB_FATE_LOST;
    assert_int_equal(tb_client_reset(&w->client, TB_CMD_RESET, 0), TB_CLIENT_OK);
    assert_int_equal(tb_client_wait(&w->client, image, sent, &options, &fate), TB_CLIENT_OK);
    return fate;
}

/* ---- the good way --------------------------------------------------------------------- */

static void test_update(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 100000, 2);
    tb_sent sent;
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
    assert_int_equal(w->client.hello.role, TB_ROLE_APPLICATION);
    assert_int_equal(sent.bank, 1);
    assert_int_equal(sent.generation, 2);
    assert_int_equal(sent.sent_bytes, next.bytes);
    assert_int_equal(w->events[TB_EVENT_RETRY], 0);
    assert_true(w->events[TB_EVENT_PROGRESS] > 50);
    expect_bank(w, 1, &next);
    assert_int_equal(wait_for(w, &next, &sent, false), TB_FATE_CONFIRMED);
    assert_int_equal(w->device.running, 1);
    tb_image_file_free(&next);
    free_wire(w);
}

static void test_fates(void **state)
{
    (void)state;
    static const struct {
        uint32_t patch;
        bool confirm;
        tb_fate fate;
        int running;
    } cases[] = {
        {FAKE_NEVER_CONFIRMS, false, TB_FATE_ON_TRIAL, 1},
        {FAKE_NEVER_CONFIRMS, true, TB_FATE_CONFIRMED, 1},
        {FAKE_CRASHES, false, TB_FATE_REJECTED, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        wire *w = wire_with(TB_VERSION(1, 0, 0));
        tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, cases[i].patch), 20000, 2);
        tb_sent sent;
        assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
        assert_int_equal(wait_for(w, &next, &sent, cases[i].confirm), cases[i].fate);
        assert_int_equal(w->device.running, cases[i].running);
        if (cases[i].fate == TB_FATE_REJECTED) {
            assert_int_equal(w->client.status.slot[1].reason, TB_REASON_FAULT);
        }
        tb_image_file_free(&next);
        free_wire(w);
    }
}

static void test_no_application(void **state)
{
    (void)state;
    wire *w = new_wire(NULL);
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 0, 0), 5000, 2);
    tb_sent sent;
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
    assert_int_equal(w->client.hello.role, TB_ROLE_STAGE2);
    assert_int_equal(wait_for(w, &next, &sent, false), TB_FATE_CONFIRMED);
    tb_image_file_free(&next);
    free_wire(w);
}

/* The window is the device's receive buffer: never more than that without an answer. */
static void test_small_windows(void **state)
{
    (void)state;
    static const uint32_t windows[] = {128, 1032, 1500, 60000};
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        wire *w = wire_with(TB_VERSION(1, 0, 0));
        w->device.window = windows[i];
        fake_device_boot(&w->device, TB_RESET_PIN);
        tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 20000, 2);
        tb_sent sent;
        assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
        assert_true(w->most_unanswered <= windows[i]);
        assert_true(w->most_unanswered > windows[i] / 2 || windows[i] > sizeof w->client.buffer);
        expect_bank(w, 1, &next);
        tb_image_file_free(&next);
        free_wire(w);
    }
}

/* ---- a bad line ------------------------------------------------------------------------- */

static void test_bad_line(void **state)
{
    (void)state;
    static const struct {
        unsigned drop, corrupt, repeat, garbage;
    } lines[] = {
        {50, 0, 0, 0}, {0, 50, 0, 0}, {0, 0, 200, 0}, {0, 0, 0, 300}, {40, 40, 40, 100},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        for (uint32_t seed = 1; seed <= 6; seed++) {
            wire *w = wire_with(TB_VERSION(1, 0, 0));
            tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 120000, seed);
            tb_sent sent;
            w->random = seed * 7919u;
            w->drop = lines[i].drop;
            w->corrupt = lines[i].corrupt;
            w->repeat = lines[i].repeat;
            w->garbage = lines[i].garbage;
            tb_client_result result = connect_and_send(w, &next, &sent);
            if (result != TB_CLIENT_OK) {
                print_message("line %zu seed %u: %s\n", i, seed, w->client.why.what);
            }
            assert_int_equal(result, TB_CLIENT_OK);
            expect_bank(w, 1, &next);
            assert_int_equal(wait_for(w, &next, &sent, false), TB_FATE_CONFIRMED);
            tb_image_file_free(&next);
            free_wire(w);
        }
    }
}

static void test_dead_line(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    w->silent = true;
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_NO_ANSWER);
    assert_true(w->now_ms >= 5000);
    assert_non_null(strstr(w->client.why.what, "no answer"));
    w->silent = false;
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    free_wire(w);
}

/* The line dies in the middle: bounded retries, an error, and the next try resumes. */
static void test_line_dies(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 100000, 2);
    tb_sent sent;
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(tb_client_status(&w->client), TB_CLIENT_OK);
    w->drop = 997;
    assert_int_equal(tb_client_send(&w->client, &next, &sent), TB_CLIENT_NO_ANSWER);
    w->drop = 0;
    new_client(w);
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
    expect_bank(w, 1, &next);
    tb_image_file_free(&next);
    free_wire(w);
}

/* A device that answers with nonsense in good frames: every call ends, none crashes. */
static void test_hostile_device(void **state)
{
    (void)state;
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 20000, 2);
    tb_wait_options options = {.total_ms = 5000, .confirm_ms = 1000, .confirm = true};
    unsigned reached = 0;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    w->hostile = true;
    for (uint32_t seed = 1; seed <= 3000; seed++) {
        tb_sent sent = {0};
        tb_fate fate;
        w->random = seed * 2654435761u;
        w->head = w->tail;
        new_client(w);
        if (tb_client_connect(&w->client) != TB_CLIENT_OK) {
            continue;
        }
        (void)tb_client_status(&w->client);
        (void)tb_client_check(&w->client, &next);
        reached += tb_client_send(&w->client, &next, &sent) == TB_CLIENT_OK;
        (void)tb_client_wait(&w->client, &next, &sent, &options, &fate);
    }
    assert_true(reached > 0);
    tb_image_file_free(&next);
    free_wire(w);
}

/* ---- interruptions ------------------------------------------------------------------------ */

static void test_ctrl_c_and_resume(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 100000, 2);
    tb_sent sent;
    w->stop_after_bytes = 60000;
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_INTERRUPTED);
    assert_int_equal(w->device.running, 0);
    new_client(w);
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
    assert_true(sent.resumed_from > 50000);
    assert_int_equal(w->resumed_at, sent.resumed_from);
    assert_true(sent.sent_bytes <= next.bytes - sent.resumed_from);
    assert_int_equal(wait_for(w, &next, &sent, false), TB_FATE_CONFIRMED);
    expect_bank(w, 1, &next);
    tb_image_file_free(&next);
    free_wire(w);
}

static void test_power_cuts(void **state)
{
    (void)state;
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 100000, 2);
    for (long cut = 500; cut < 104000; cut += 6007) {
        wire *w = wire_with(TB_VERSION(1, 0, 0));
        tb_sent sent;
        assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
        assert_int_equal(tb_client_status(&w->client), TB_CLIENT_OK);
        w->cut_after_bytes = cut;
        assert_int_equal(tb_client_send(&w->client, &next, &sent), TB_CLIENT_OK);
        assert_true(w->events[TB_EVENT_RESTARTED] == 1 || w->cut_after_bytes >= 0 || cut < 1200);
        expect_bank(w, 1, &next);
        assert_int_equal(wait_for(w, &next, &sent, false), TB_FATE_CONFIRMED);
        free_wire(w);
    }
    tb_image_file_free(&next);
}

/* What is found after a cut is damaged in a way that only the whole CRC sees. */
static void test_resume_on_damage(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 100000, 2);
    tb_sent sent;
    w->stop_after_bytes = 60000;
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_INTERRUPTED);
    w->device.banks[1][chip()->slot_offset + 5000u] ^= 0x40u;
    new_client(w);
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
    expect_bank(w, 1, &next);
    tb_image_file_free(&next);
    free_wire(w);
}

/* ---- refusals ---------------------------------------------------------------------------- */

static void reseal(tb_image_file *f)
{
    f->head.header_crc32 = tb_crc32(0, &f->head, offsetof(tb_image_head, header_crc32));
    memcpy(f->data, &f->head, sizeof f->head);
}

typedef struct refusal {
    const char *what;
    void (*spoil)(tb_image_file *f);
    tb_error error;
    bool tool_sees; /* tb_client_check() finds it too */
} refusal;

static void bad_magic(tb_image_file *f)
{
    f->head.magic ^= 1u;
    reseal(f);
}
static void bad_chip(tb_image_file *f)
{
    f->head.device_id = 0x415;
    reseal(f);
}
static void bad_geometry(tb_image_file *f)
{
    f->head.bank_kib = 128;
    reseal(f);
}
static void bad_product(tb_image_file *f)
{
    f->head.product_id = 7;
    reseal(f);
}
static void bad_address(tb_image_file *f)
{
    f->head.load_address += 0x800;
    reseal(f);
}
static void bad_size(tb_image_file *f)
{
    f->head.size = 0x40000;
    reseal(f);
}
static void bad_kind(tb_image_file *f)
{
    f->head.kind = 9;
    reseal(f);
}
static void bad_format(tb_image_file *f)
{
    f->head.format = 2;
    reseal(f);
}
static void bad_version(tb_image_file *f)
{
    f->head.version = TB_VERSION(0, 9, 0);
    reseal(f);
}
static void bad_header_crc(tb_image_file *f)
{
    f->data[60] ^= 1u;
}
static void bad_payload(tb_image_file *f)
{
    f->data[9000] ^= 1u;
}
static void bad_tlv(tb_image_file *f)
{
    f->data[900] ^= 1u;
}

static const refusal refusals[] = {
    {"magic", bad_magic, TB_ERR_MAGIC, false},
    {"chip", bad_chip, TB_ERR_CHIP, true},
    {"geometry", bad_geometry, TB_ERR_GEOMETRY, true},
    {"product", bad_product, TB_ERR_PRODUCT, true},
    {"address", bad_address, TB_ERR_ADDRESS, false},
    {"size", bad_size, TB_ERR_SIZE, false},
    {"kind", bad_kind, TB_ERR_KIND, false},
    {"format", bad_format, TB_ERR_FORMAT, false},
    {"version", bad_version, TB_ERR_VERSION, true},
    {"header CRC", bad_header_crc, TB_ERR_HEADER_CRC, false},
    {"payload CRC", bad_payload, TB_ERR_PAYLOAD_CRC, false},
    {"TLV CRC", bad_tlv, TB_ERR_TLV_CRC, false},
};

/* Each by the device itself, and nothing is lost by it: the next good update works. */
static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        wire *w = wire_with(TB_VERSION(1, 0, 0));
        tb_image_file bad = fake_image(chip(), TB_VERSION(1, 1, 0), 20000, 2);
        tb_image_file good = fake_image(chip(), TB_VERSION(1, 1, 0), 20000, 3);
        tb_sent sent;
        refusals[i].spoil(&bad);
        print_message("%s\n", refusals[i].what);
        assert_int_equal(connect_and_send(w, &bad, &sent), TB_CLIENT_REFUSED);
        assert_int_equal(w->client.device_error, refusals[i].error);
        assert_non_null(tb_error_hint(refusals[i].error));
        assert_non_null(strstr(w->client.why.what, tb_error_text(refusals[i].error)));
        if (refusals[i].tool_sees) {
            assert_int_equal(tb_client_check(&w->client, &bad), TB_CLIENT_REFUSED);
            assert_int_equal(w->client.device_error, refusals[i].error);
        }
        assert_int_equal(tb_client_check(&w->client, &good), TB_CLIENT_OK);
        assert_int_equal(connect_and_send(w, &good, &sent), TB_CLIENT_OK);
        assert_int_equal(wait_for(w, &good, &sent, false), TB_FATE_CONFIRMED);
        tb_image_file_free(&bad);
        tb_image_file_free(&good);
        free_wire(w);
    }
}

static void test_confirm_first(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    tb_image_file trial = fake_image(chip(), TB_VERSION(1, 1, FAKE_NEVER_CONFIRMS), 20000, 2);
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 2, 0), 20000, 3);
    tb_sent sent;
    assert_int_equal(connect_and_send(w, &trial, &sent), TB_CLIENT_OK);
    assert_int_equal(wait_for(w, &trial, &sent, false), TB_FATE_ON_TRIAL);
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_REFUSED);
    assert_int_equal(w->client.device_error, TB_ERR_CONFIRM_FIRST);
    assert_int_equal(tb_client_command(&w->client, TB_CMD_CONFIRM, NULL, 0, 1000), TB_CLIENT_OK);
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
    assert_int_equal(sent.bank, 0);
    assert_int_equal(wait_for(w, &next, &sent, false), TB_FATE_CONFIRMED);
    tb_image_file_free(&trial);
    tb_image_file_free(&next);
    free_wire(w);
}

static void test_rollback_and_erase(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 20000, 2);
    tb_client *c = &w->client;
    tb_sent sent;
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
    assert_int_equal(wait_for(w, &next, &sent, false), TB_FATE_CONFIRMED);
    assert_int_equal(tb_client_command(c, TB_CMD_ROLLBACK, NULL, 0, 1000), TB_CLIENT_OK);
    assert_int_equal(c->reply[0], 1);
    assert_int_equal(tb_client_reset(c, TB_CMD_RESET, 0), TB_CLIENT_OK);
    assert_int_equal(tb_client_connect(c), TB_CLIENT_OK);
    assert_int_equal(tb_client_status(c), TB_CLIENT_OK);
    assert_int_equal(c->status.running_bank, 0);
    assert_int_equal(c->status.slot[1].state, TB_SLOT_REJECTED);
    const uint8_t banks[2] = {0, 1};
    assert_int_equal(tb_client_command(c, TB_CMD_ERASE, &banks[0], 1, 1000), TB_CLIENT_REFUSED);
    assert_int_equal(c->device_error, TB_ERR_RUNNING);
    assert_int_equal(tb_client_command(c, TB_CMD_ERASE, &banks[1], 1, 1000), TB_CLIENT_OK);
    assert_int_equal(tb_client_status(c), TB_CLIENT_OK);
    assert_int_equal(c->status.slot[1].state, TB_SLOT_EMPTY);
    tb_image_file_free(&next);
    free_wire(w);
}

static void test_reset_to_stage2(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(tb_client_reset(&w->client, TB_CMD_RESET, 1), TB_CLIENT_OK);
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(w->client.hello.role, TB_ROLE_STAGE2);
    assert_int_equal(tb_client_reset(&w->client, TB_CMD_BOOT, 0), TB_CLIENT_OK);
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(w->client.hello.role, TB_ROLE_APPLICATION);
    free_wire(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_update),
        cmocka_unit_test(test_fates),
        cmocka_unit_test(test_no_application),
        cmocka_unit_test(test_small_windows),
        cmocka_unit_test(test_bad_line),
        cmocka_unit_test(test_dead_line),
        cmocka_unit_test(test_line_dies),
        cmocka_unit_test(test_hostile_device),
        cmocka_unit_test(test_ctrl_c_and_resume),
        cmocka_unit_test(test_power_cuts),
        cmocka_unit_test(test_resume_on_damage),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_confirm_first),
        cmocka_unit_test(test_rollback_and_erase),
        cmocka_unit_test(test_reset_to_stage2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
