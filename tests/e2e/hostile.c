#include "tests/e2e/hostile.h"

#define SLICE_MS 2u /* what is due is looked for so often */

static uint64_t now_of(const hostile *h)
{
    return h->inner.now_ms(h->inner.ctx);
}

/* Gives the device what has arrived for it. */
static bool deliver(hostile *h)
{
    uint8_t bytes[256];
    size_t n;

    do {
        int byte;

        for (n = 0; n < sizeof bytes && (byte = bad_line_get(&h->to_device, now_of(h))) >= 0;) {
            bytes[n++] = (uint8_t)byte;
        }
        if (n > 0 && !h->inner.write(h->inner.ctx, bytes, n)) {
            return false;
        }
    } while (n == sizeof bytes);
    return true;
}

static int line_read(void *ctx, uint8_t *data, size_t bytes, unsigned timeout_ms)
{
    hostile *h = ctx;
    uint64_t end = now_of(h) + timeout_ms;

    if (h->calm) {
        return h->inner.read(h->inner.ctx, data, bytes, timeout_ms);
    }
    for (;;) {
        uint8_t in[256];
        size_t count = 0;
        int byte;

        while (count < bytes && (byte = bad_line_get(&h->to_host, now_of(h))) >= 0) {
            data[count++] = (uint8_t)byte;
        }
        if (count > 0 || now_of(h) >= end) {
            return (int)count;
        }
        if (!deliver(h)) {
            return -1;
        }
        int got = h->inner.read(h->inner.ctx, in, sizeof in, SLICE_MS);
        if (got < 0) {
            return -1;
        }
        for (int i = 0; i < got; i++) {
            bad_line_put(&h->to_host, in[i], now_of(h));
        }
    }
}

static bool line_write(void *ctx, const uint8_t *data, size_t bytes)
{
    hostile *h = ctx;

    if (h->calm) {
        return h->inner.write(h->inner.ctx, data, bytes);
    }
    for (size_t i = 0; i < bytes; i++) {
        bad_line_put(&h->to_device, data[i], now_of(h));
    }
    return deliver(h);
}

static bool line_reopen(void *ctx)
{
    hostile *h = ctx;

    return h->inner.reopen(h->inner.ctx);
}

static void line_pause(void *ctx, unsigned ms)
{
    hostile *h = ctx;

    h->inner.pause(h->inner.ctx, ms);
}

static uint64_t line_now_ms(void *ctx)
{
    return now_of(ctx);
}

void hostile_init(hostile *h, const tb_link *inner, const line_faults *faults)
{
    h->inner = *inner;
    h->link = (tb_link){.ctx = h, .name = "a hostile line", .baud = inner->baud,
                        .read = line_read, .write = line_write, .reopen = line_reopen,
                        .pause = line_pause, .now_ms = line_now_ms};
    h->calm = false;
    bad_line_init(&h->to_device, faults, 0);
    bad_line_init(&h->to_host, faults, 1);
}

void hostile_end(hostile *h)
{
    h->calm = true;
    bad_line_clear(&h->to_device);
    bad_line_clear(&h->to_host);
}
