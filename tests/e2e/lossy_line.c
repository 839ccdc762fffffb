/* A line that loses frames, each way, and the real binaries: the image arrives, and little more
 * than what was lost goes over the line again.
 * test_e2e_lossy_line [CHIP] */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/e2e/bench.h"

static const char *chip = "stm32g474re";

typedef struct lossy {
    tb_link inner;
    uint32_t random, share; /* of 1000 frames of the host's; of the device's answers the same */
    unsigned frames, next_loss, lost;
    size_t lost_bytes;
    bool calm;
} lossy;

static uint32_t dice(lossy *l)
{
    l->random ^= l->random << 13;
    l->random ^= l->random >> 17;
    l->random ^= l->random << 5;
    return (l->random >> 4) % 1000u;
}

/* What is lost was on the line all the same, as something that begins no frame. */
static bool lossy_write(void *ctx, const uint8_t *data, size_t bytes)
{
    static const uint8_t noise[TB_WIRE_OVERHEAD + TB_WIRE_MAX_PAYLOAD];
    lossy *l = ctx;

    l->frames++;
    if (!l->calm && l->frames >= l->next_loss) {
        l->next_loss = l->frames + 1u + dice(l) * 2u / l->share;
        l->lost++;
        l->lost_bytes += bytes;
        data = noise;
    }
    return l->inner.write(l->inner.ctx, data, bytes);
}

/* An answer of data has about 20 bytes: of every share-th a byte is wrong. */
static int lossy_read(void *ctx, uint8_t *data, size_t bytes, unsigned timeout_ms)
{
    lossy *l = ctx;
    int n = l->inner.read(l->inner.ctx, data, bytes, timeout_ms);

    for (int i = 0; i < n && !l->calm; i++) {
        data[i] ^= dice(l) * 20u < l->share ? 0x40u : 0u;
    }
    return n;
}

static bool lossy_reopen(void *ctx)
{
    lossy *l = ctx;

    return l->inner.reopen(l->inner.ctx);
}

static void lossy_pause(void *ctx, unsigned ms)
{
    lossy *l = ctx;

    l->inner.pause(l->inner.ctx, ms);
}

static uint64_t lossy_now_ms(void *ctx)
{
    lossy *l = ctx;

    return l->inner.now_ms(l->inner.ctx);
}

/* least_percent: of the line's time, that carries what is sent, repeats included. */
static void update(bool stage2, bool plain, uint32_t share, uint32_t seed, unsigned least_percent)
{
    const tb_wait_options wait = {.total_ms = 60000, .confirm_ms = 5000};
    lossy l = {.random = seed * 2654435761u, .share = share, .calm = true};
    tb_fate fate = TB_FATE_LOST;
    tb_image_file image;
    tb_complaint why;
    tb_sent sent;
    bench w;

    bench_open(&w, chip, "factory.hex");
    l.inner = w.link;
    w.link = (tb_link){.ctx = &l, .name = "a line that loses", .baud = l.inner.baud,
                       .read = lossy_read, .write = lossy_write, .reopen = lossy_reopen,
                       .pause = lossy_pause, .now_ms = lossy_now_ms};
    w.client.plain_only = plain;
    assert_true(tb_image_load(&image, board_file(w.b, plain ? "app-200k.twb" : "app-1.1.0.twb"),
                              &why));
    assert_true(board_wait(w.b, "1.0.0", SIM_PS_PER_S));
    (void)bench_status(&w);
    if (stage2) {
        assert_int_equal(tb_client_reset(&w.client, TB_CMD_RESET, 1), TB_CLIENT_OK);
        (void)bench_status(&w);
    }
    assert_true(w.client.hello.capabilities & TB_CAP_HOLD);
    l.calm = false;
    l.next_loss = l.frames + 8u + seed; /* an early one, so that a small image loses some too */
    uint64_t begun = lossy_now_ms(&l);
    assert_int_equal(tb_client_send(&w.client, &image, &sent), TB_CLIENT_OK);
    uint64_t took = lossy_now_ms(&l) - begun;
    uint64_t line_ms = (uint64_t)sent.sent_bytes * 10000u / 115200u;
    print_message("%s, %s, losing %u in 1000: %u of %u frames lost, %u of %u bytes again, %u %% of "
                  "the line\n", stage2 ? "stage 2" : "application", plain ? "whole" : "compressed",
                  (unsigned)share, l.lost, l.frames, (unsigned)sent.resent_bytes,
                  (unsigned)sent.sent_bytes, (unsigned)(100u * line_ms / took));
    assert_true(l.lost > 0 && sent.resent_bytes > 0);
    assert_true(sent.how == (plain ? TB_SENT_PLAIN : TB_SENT_COMPRESSED));
    assert_true(sent.resent_bytes <= l.lost_bytes * (share > 20u ? 3u : 1u));
    assert_true(100u * line_ms / took >= least_percent);
    l.calm = true;
    assert_int_equal(tb_client_reset(&w.client, TB_CMD_RESET, 0), TB_CLIENT_OK);
    assert_int_equal(tb_client_wait(&w.client, &image, &sent, &wait, &fate), TB_CLIENT_OK);
    assert_int_equal(fate, TB_FATE_CONFIRMED);
    tb_image_file_free(&image);
    board_free(w.b);
}

static void one_in_a_hundred(void **state)
{
    (void)state;
    update(true, true, 10, 1, 95);
    update(false, true, 10, 2, 95);
}

static void one_in_twenty(void **state)
{
    (void)state;
    update(true, true, 50, 3, 80);
    update(true, false, 50, 4, 0); /* small: its erases and time-outs take the time */
    update(false, false, 50, 5, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_in_a_hundred),
                                       cmocka_unit_test(one_in_twenty)};

    chip = argc > 1 ? argv[1] : chip;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
