/* A program that has the self-update with pair-base in common and nothing else: the host's
 * side of the wire, the coder, and other parts of the C library. */
#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "app/app.h"
#include "host/lib/client.h"
#include "host/lib/compress_internal.h"

static tb_expand_model model;

static uint32_t code(const uint8_t *bytes, size_t count)
{
    tb_compressed out = {0};
    coder c;
    matcher m;
    match found[MATCHES_MAX];
    uint32_t sum = 0;

    tb_expand_model_init(&model);
    coder_init(&c, &out);
    if (matcher_init(&m, bytes, count) == 0) {
        for (uint32_t at = 0; at < count; at++) {
            unsigned n = matcher_find(&m, at, (uint32_t)count, found);
            sum += n ? found[n - 1u].length : 0u;
            coder_tree(&c, model.literal[at & 1u], 8, bytes[at]);
        }
        matcher_free(&m);
    }
    coder_number(&c, &model.target, sum);
    coder_flush(&c);
    free(out.data);
    free(out.reached);
    return sum + (uint32_t)out.bytes;
}

static int link_read(void *ctx, uint8_t *data, size_t bytes, unsigned timeout_ms)
{
    (void)ctx;
    (void)data;
    (void)bytes;
    (void)timeout_ms;
    return -1; /* nobody is there */
}

static bool link_write(void *ctx, const uint8_t *data, size_t bytes)
{
    (void)ctx;
    (void)data;
    (void)bytes;
    return false;
}

static bool link_reopen(void *ctx)
{
    (void)ctx;
    return false;
}

static void link_pause(void *ctx, unsigned ms)
{
    (void)ctx;
    (void)ms;
}

static uint64_t link_now(void *ctx)
{
    (void)ctx;
    return 0;
}

static uint32_t ask(void)
{
    static tb_client client;
    static tb_link link = {.name = "none", .read = link_read, .write = link_write,
                           .reopen = link_reopen, .pause = link_pause, .now_ms = link_now};
    static tb_image_file image;
    static tb_sent sent;
    const tb_wait_options wait = {.total_ms = 10, .confirm_ms = 10};
    tb_fate fate = TB_FATE_LOST;

    tb_client_init(&client, &link, NULL);
    uint32_t sum = (uint32_t)tb_client_connect(&client);
    sum += (uint32_t)tb_client_status(&client) + (uint32_t)tb_client_check(&client, &image);
    sum += (uint32_t)tb_client_reset(&client, TB_CMD_RESET, 0);
    return sum + (uint32_t)tb_client_wait(&client, &image, &sent, &wait, &fate) + (uint32_t)fate;
}

static uint32_t texts(const char *text)
{
    wchar_t wide[40];
    char back[40];
    uint32_t sum = (uint32_t)mbstowcs(wide, text, 40) + (uint32_t)wcstombs(back, wide, 40);

    sum += (uint32_t)wcslen(wide) + (uint32_t)wcstod(wide, NULL) + (uint32_t)wcstol(wide, NULL, 0);
    return sum;
}

static uint32_t numbers(double x)
{
    double complex z = cexp(x + 1.0 * I) * csqrt(x - 2.0 * I) + clog(x + 0.5 * I) + cpow(x, 0.3 * I);
    float f = tgammaf((float)x) + erff((float)x) + j0f((float)x) + atan2f((float)x, 2.0f);
    f += log2f((float)x + 3.0f) + sinhf((float)x) + asinf((float)x / 100.0f) + fmaf(f, f, f);
    double r = remainder(x, 0.7) + nextafter(x, 9.0) + scalbn(x, 3) + rint(x) + exp2(x) + y0(x + 1.0);
    return (uint32_t)(creal(z) + cimag(z) + (double)f + r + yn(3, x + 1.0));
}

void app_at_start(bool trial)
{
    static const uint8_t bytes[] = "the quick brown fox, the lazy dog, the quick lazy dog";
    char line[80];

    (void)trial;
    uint32_t sum = code(bytes, sizeof bytes) ^ ask() ^ texts("loaf 123") ^ numbers(1.75);
    (void)snprintf(line, sizeof line, "other: %08lX %.2f\r\n", (unsigned long)sum, (double)sum / 3.0);
    console_text(line);
}

bool app_is_well(uint32_t up_ms)
{
    return up_ms >= 200u;
}
