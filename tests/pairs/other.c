/* A program that has the self-update with pair-base in common and nothing else: the coder,
 * the host's judgement of images, and other parts of the C library. */
#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "app/app.h"
#include "host/lib/compress_internal.h"
#include "host/lib/imagefile.h"

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

/* Is it an image, and what is wrong with it? */
static uint32_t judge(const uint8_t *bytes, size_t count)
{
    static uint8_t header[TB_HEADER_BYTES];
    static tb_image_verdict verdict;
    tb_complaint why;
    uint32_t version = 0;

    memcpy(header, bytes, count < sizeof header ? count : sizeof header);
    tb_image_judge(header, sizeof header, &verdict);
    tb_image_explain("it", sizeof header, &verdict, &why);
    (void)tb_version_parse(why.what, &version);
    return version + (uint32_t)strlen(why.what) + (tb_image_good(&verdict) ? 1u : 0u);
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
    double complex z = cexp(x + 1.0 * I) * csqrt(x - 2.0 * I) + clog(x + 0.5 * I);
    z += cpow(x, 0.3 * I);
    float f = tgammaf((float)x) + erff((float)x) + j0f((float)x) + atan2f((float)x, 2.0f);
    f += log2f((float)x + 3.0f) + sinhf((float)x) + asinf((float)x / 100.0f) + fmaf(f, f, f);
    double r = remainder(x, 0.7) + nextafter(x, 9.0) + scalbn(x, 3) + rint(x) + exp2(x);
    r += y0(x + 1.0);
    return (uint32_t)(creal(z) + cimag(z) + (double)f + r + yn(3, x + 1.0));
}

void app_at_start(bool trial)
{
    static const uint8_t bytes[] = "the quick brown fox, the lazy dog, the quick lazy dog";
    char line[80];

    (void)trial;
    uint32_t sum = code(bytes, sizeof bytes) ^ judge(bytes, sizeof bytes);
    sum ^= texts("loaf 123") ^ numbers(1.75);
    (void)snprintf(line, sizeof line, "other: %08lX %.2f\r\n", (unsigned long)sum,
                   (double)sum / 3.0);
    console_text(line);
}

bool app_is_well(uint32_t up_ms)
{
    return up_ms >= 200u;
}
