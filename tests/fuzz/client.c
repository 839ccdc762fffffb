/* The host's client against a device that answers anything: the right thing, the wrong
 * thing, nothing, too much. Every call comes back within bounded time, and says why. */
#include <string.h>

#include "host/lib/client.h"
#include "tests/fuzz/fuzz.h"
#include "tests/host/fake_device.h"

#define QUEUE_BYTES 8192u
#define PENDING 128u
#define BYTE_US 87u /* 115200 baud */

static struct line {
    fuzz_input in;
    uint64_t now_us;
    unsigned answers; /* of the input, so far */
    uint8_t afterwards, status; /* status: what becomes of the image */
    uint8_t queue[QUEUE_BYTES];
    size_t head, fill;
    size_t last_bytes; /* of the frame that was queued last */
    struct request {
        uint8_t command, seq;
        uint32_t end; /* of data */
    } pending[PENDING];
    size_t requests;
    bool gone;
    volatile sig_atomic_t stop;
    const tb_image_file *image;
} l;

static void queue(const uint8_t *bytes, size_t count)
{
    if (l.head == l.fill) {
        l.head = l.fill = 0;
    }
    count = count < QUEUE_BYTES - l.fill ? count : QUEUE_BYTES - l.fill;
    memcpy(l.queue + l.fill, bytes, count);
    l.fill += count;
}

static void queue_reply(uint8_t command, const uint8_t *payload, size_t bytes)
{
    uint8_t frame[TB_WIRE_OVERHEAD + TB_WIRE_MAX_PAYLOAD];

    l.last_bytes = tb_frame_put(frame, TB_WIRE_TOKEN_NATIVE, command, payload, (uint16_t)bytes);
    queue(frame, l.last_bytes);
}

static void put_u32_at(uint8_t *p, uint32_t value)
{
    for (unsigned i = 0; i < 4u; i++) {
        p[i] = (uint8_t)(value >> 8u * i);
    }
}

/* What a device in good order says. */
static size_t good_answer(const struct request *r, uint8_t *payload)
{
    static const tb_hello hello = {.protocol = 1, .device_id = 0x469, .flash_kib = 512,
                                   .bank_kib = 256, .unit_bytes = 8, .max_payload = 256,
                                   .slot_image_bytes = 200000, .stage2_bytes = 28672,
                                   .window = 1000, .capabilities = 7 | TB_CAP_HOLD};
    tb_status status = {.running_bank = 0, .preferred = 0};

    payload[0] = r->seq;
    payload[1] = TB_OK;
    memset(payload + 2, 0, 16);
    switch (r->command) {
    case TB_CMD_HELLO:
        tb_hello_put(payload + 2, &hello);
        return 2u + TB_HELLO_BYTES;
    case TB_CMD_STATUS:
        status.running_bank = (l.status & 1u) == 0 ? 1 : 0;
        status.slot[1] = (tb_wire_slot){.state = (l.status >> 1 & 3u) ^ TB_SLOT_CONFIRMED,
                                        .attempts = l.status >> 3 & 3u,
                                        .generation = (l.status & 32u) == 0 ? 2 : 3,
                                        .crc32 = l.image->head.crc32};
        tb_status_put(payload + 2, &status);
        return 2u + TB_STATUS_BYTES;
    case TB_CMD_BEGIN:
        put_u32_at(payload + 6, 1000);
        payload[10] = 1;
        return 11;
    case TB_CMD_DATA:
        put_u32_at(payload + 2, r->end);
        put_u32_at(payload + 6, 1000);
        return 10;
    case TB_CMD_FINISH:
        payload[2] = 1;
        payload[3] = 2;
        return 5;
    default:
        return 4;
    }
}

static void answer(struct request r, bool own, uint8_t status)
{
    uint8_t payload[TB_WIRE_MAX_PAYLOAD];
    size_t n = good_answer(&r, payload), got;

    payload[1] = status;
    if (own) {
        const uint8_t *bytes = fuzz_bytes(&l.in, fuzz_u8(&l.in), &got);
        memcpy(payload + 2, bytes, got);
        n = 2u + got;
    }
    queue_reply((uint8_t)(r.command | TB_WIRE_REPLY), payload, n);
}

/* The oldest request that is not answered, or the newest. */
static struct request take_request(bool newest)
{
    struct request r = {0};

    if (l.requests > 0) {
        size_t i = newest ? l.requests - 1u : 0u;
        r = l.pending[i];
        l.requests--;
        memmove(l.pending + i, l.pending + i + 1u, (l.requests - i) * sizeof l.pending[0]);
    }
    return r;
}

static void babble(unsigned times)
{
    uint8_t copy[TB_WIRE_OVERHEAD + TB_WIRE_MAX_PAYLOAD];
    size_t n = l.last_bytes < l.fill ? l.last_bytes : l.fill;

    memcpy(copy, l.queue + l.fill - n, n);
    for (; times > 0 && n > 0; times--) {
        queue(copy, n);
    }
}

/* One move of the device's. false: it is silent this time. */
static bool move(void)
{
    size_t n;
    uint8_t what = fuzz_u8(&l.in);

    l.answers++;
    switch (what % 12u) {
    case 0:
        return false;
    case 1: {
        const uint8_t *bytes = fuzz_bytes(&l.in, fuzz_u8(&l.in), &n);
        queue(bytes, n);
        break;
    }
    case 2:
        answer(take_request(what >= 128u), true, TB_OK);
        break;
    case 3:
        answer(take_request(what >= 128u), true, fuzz_u8(&l.in));
        break;
    case 4:
        answer(take_request(what >= 128u), false, fuzz_u8(&l.in));
        break;
    case 5: {
        const uint8_t bad[2] = {0, fuzz_u8(&l.in)};
        queue_reply(TB_WIRE_REPLY, bad, 2);
        break;
    }
    case 6:
        babble(fuzz_u8(&l.in));
        break;
    case 7:
        l.gone = what >= 250u;
        l.stop = what >= 240u && !l.gone;
        break;
    case 8:
        if (l.fill > l.head) {
            l.queue[l.head + fuzz_u8(&l.in) % (l.fill - l.head)] ^= fuzz_u8(&l.in);
        }
        break;
    default:
        answer(take_request(what >= 128u), false, TB_OK);
        break;
    }
    return true;
}

/* The input is at its end: silence, or a good device, or one that says the same for ever. */
static bool move_on(void)
{
    switch (l.afterwards % 3u) {
    case 0:
        return false;
    case 1:
        if (l.requests == 0) {
            return false;
        }
        answer(take_request(false), false, TB_OK);
        return true;
    default: {
        const uint8_t nothing_new[12] = {0, l.afterwards > 128u ? TB_ERR_OFFSET : TB_OK};
        if (l.requests > 0) {
            (void)take_request(false);
        }
        queue_reply(TB_CMD_DATA | TB_WIRE_REPLY, nothing_new, 10);
        return true;
    }
    }
}

static int link_read(void *ctx, uint8_t *data, size_t bytes, unsigned timeout_ms)
{
    (void)ctx;
    if (l.head == l.fill && !(l.in.left > 0 ? move() : move_on())) {
        l.now_us += timeout_ms * 1000u;
        return 0;
    }
    if (l.gone) {
        return -1;
    }
    size_t n = l.fill - l.head < bytes ? l.fill - l.head : bytes;
    memcpy(data, l.queue + l.head, n);
    l.head += n;
    l.now_us += n * BYTE_US + (n == 0 ? 1000u : 0u);
    return (int)n;
}

static bool link_write(void *ctx, const uint8_t *data, size_t bytes)
{
    (void)ctx;
    /* What the client sends is a frame, always. */
    FUZZ_CHECK(bytes >= TB_WIRE_OVERHEAD + 1u && data[0] == TB_WIRE_TOKEN_NATIVE);
    uint32_t length = (uint32_t)data[2] | (uint32_t)data[3] << 8;
    FUZZ_CHECK(bytes == TB_WIRE_OVERHEAD + length && length <= TB_WIRE_MAX_PAYLOAD);
    FUZZ_CHECK(tb_get_u32(data + 4 + length) == tb_crc32(0, data, 4u + length));
    struct request r = {.command = data[1], .seq = data[4]};
    if (r.command == TB_CMD_DATA) {
        FUZZ_CHECK(length > 5u);
        r.end = tb_get_u32(data + 5) + length - 5u;
        FUZZ_CHECK(r.end <= l.image->bytes);
        FUZZ_CHECK(memcmp(data + 9, l.image->data + (r.end - (length - 5u)), length - 5u) == 0);
    }
    if (l.requests == PENDING) {
        (void)take_request(false);
    }
    l.pending[l.requests++] = r;
    l.now_us += bytes * BYTE_US;
    return !l.gone;
}

static bool link_reopen(void *ctx)
{
    (void)ctx;
    l.gone = false;
    return true;
}

static void link_pause(void *ctx, unsigned ms)
{
    (void)ctx;
    l.now_us += ms * 1000u;
}

static uint64_t link_now_ms(void *ctx)
{
    (void)ctx;
    /* 100 s for a call, and what each answer can have delayed it by. */
    FUZZ_CHECK(l.now_us < (400u + 60u * (uint64_t)l.answers) * 1000000u);
    return l.now_us / 1000u;
}

static void check(tb_client *c, tb_client_result result)
{
    FUZZ_CHECK(result == TB_CLIENT_OK || c->why.what[0] != 0);
    FUZZ_CHECK(result != TB_CLIENT_REFUSED || c->device_error != TB_OK);
    c->why.what[0] = 0;
}

static void job(tb_client *c, const tb_image_file *image)
{
    const tb_wait_options wait = {.total_ms = 3000, .confirm_ms = 1000, .confirm = true};
    tb_sent sent;
    tb_fate fate;
    tb_client_result result = tb_client_connect(c);

    check(c, result);
    if (result == TB_CLIENT_OK) {
        check(c, result = tb_client_status(c));
    }
    if (result == TB_CLIENT_OK) {
        check(c, result = tb_client_check(c, image));
    }
    if (result == TB_CLIENT_OK) {
        check(c, result = tb_client_send(c, image, &sent));
    }
    if (result == TB_CLIENT_OK) {
        check(c, tb_client_reset(c, TB_CMD_RESET, 0));
        check(c, tb_client_wait(c, image, &sent, &wait, &fate));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tb_image_file image;
    tb_link link = {.name = "fuzz", .baud = 115200, .read = link_read, .write = link_write,
                    .reopen = link_reopen, .pause = link_pause, .now_ms = link_now_ms};
    tb_client client;

    if (image.data == NULL) {
        image = fake_image(tb_chip_find("stm32g474re"), TB_VERSION(1, 1, 0), 2500, 3);
    }
    memset(&l, 0, sizeof l);
    l.in = (fuzz_input){data, size};
    l.image = &image;
    l.afterwards = fuzz_u8(&l.in);
    l.status = l.afterwards / 3u;
    tb_client_init(&client, &link, &l.stop);
    for (unsigned i = 0; i < 3u && !l.stop; i++) {
        job(&client, &image);
    }
    return 0;
}
