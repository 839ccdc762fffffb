/* Where in the source the image's bytes are: long agreements found by suffix array, kept
 * through single differences, as in Percival's "Naive differences of executable code". */
#include <divsufsort.h>
#include <stdlib.h>
#include <string.h>

#include "host/lib/compress_internal.h"

#define LEAST_MATCH 8u /* a shorter one does not pay for its jump */
#define BETTER_BY 7u   /* bytes that a new place must agree in more than the present one */

typedef struct finder {
    const uint8_t *source;
    uint32_t bytes;
    saidx_t *order;
} finder;

static uint32_t common(const uint8_t *a, size_t a_bytes, const uint8_t *b, size_t b_bytes)
{
    size_t n = 0, most = a_bytes < b_bytes ? a_bytes : b_bytes;

    while (n < most && a[n] == b[n]) {
        n++;
    }
    return (uint32_t)n;
}

/* The longest agreement of what begins with p anywhere in the source. */
static uint32_t longest(const finder *f, const uint8_t *p, size_t bytes, uint32_t *place)
{
    uint32_t low = 0, high = f->bytes;

    while (high - low > 1u) {
        uint32_t middle = low + (high - low) / 2u;
        uint32_t at = (uint32_t)f->order[middle];
        size_t n = f->bytes - at < bytes ? f->bytes - at : bytes;

        if (memcmp(f->source + at, p, n) <= 0) {
            low = middle;
        } else {
            high = middle;
        }
    }
    uint32_t best = 0;
    for (uint32_t i = low; i < low + 2u && i < f->bytes; i++) {
        uint32_t at = (uint32_t)f->order[i];
        uint32_t n = common(f->source + at, f->bytes - at, p, bytes);
        if (n > best) {
            best = n;
            *place = at;
        }
    }
    return best;
}

static uint32_t agreements(const uint8_t *image, size_t from, uint32_t count, int64_t shift,
                           const finder *f)
{
    uint32_t same = 0;

    for (size_t i = from; i < from + count; i++) {
        int64_t at = (int64_t)i + shift;
        if (at >= 0 && at < (int64_t)f->bytes && f->source[at] == image[i]) {
            same++;
        }
    }
    return same;
}

static void align(const uint8_t *image, size_t image_bytes, size_t start, const finder *f,
                  int64_t *shift)
{
    int64_t now = 0;

    for (size_t i = start; i < image_bytes; i++) {
        int64_t at = (int64_t)i + now;
        bool same = at >= 0 && at < (int64_t)f->bytes && f->source[at] == image[i];

        if (!same) {
            uint32_t place = 0;
            uint32_t n = longest(f, image + i, image_bytes - i, &place);
            if (n >= LEAST_MATCH && n > agreements(image, i, n, now, f) + BETTER_BY) {
                now = (int64_t)place - (int64_t)i;
            }
        }
        shift[i] = now;
    }
}

int source_align(const uint8_t *image, size_t image_bytes, size_t start, const uint8_t *source,
                 size_t source_bytes, int64_t *shift)
{
    finder f = {.source = source, .bytes = (uint32_t)source_bytes};
    int result = -1;

    f.order = malloc(source_bytes * sizeof *f.order);
    if (f.order != NULL && divsufsort(source, f.order, (saidx_t)source_bytes) == 0) {
        align(image, image_bytes, start, &f, shift);
        result = 0;
    }
    free(f.order);
    return result;
}
