/* Copies from what was there before: chains of the places that begin with the same two bytes
 * apart, nearest first. */
#include <stdlib.h>
#include <string.h>

#include "host/lib/compress_internal.h"

#define HASH_BITS 16u
#define CHAIN_DEPTH 256u
#define GOOD_ENOUGH 512u /* a copy of this length is taken without looking further */

int matcher_init(matcher *m, const uint8_t *image, size_t bytes)
{
    *m = (matcher){.image = image, .bytes = (uint32_t)bytes};
    m->head = calloc(1u << HASH_BITS, sizeof *m->head);
    m->chain = malloc((bytes + 1u) * sizeof *m->chain);
    return m->head != NULL && m->chain != NULL ? 0 : -1;
}

void matcher_free(matcher *m)
{
    free(m->head);
    free(m->chain);
}

static uint32_t hash(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

uint32_t match_length(const uint8_t *image, uint32_t at, uint32_t distance, uint32_t limit)
{
    uint32_t n = 0;

    if (distance == 0u || distance > at) {
        return 0;
    }
    while (at + n < limit && image[at + n] == image[at + n - distance]) {
        n++;
    }
    return n;
}

/* Chains hold offset + 1; 0 ends them. */
static void add_until(matcher *m, uint32_t at)
{
    for (; m->added < at && m->added + 1u < m->bytes; m->added++) {
        uint32_t h = hash(m->image + m->added);
        m->chain[m->added] = m->head[h];
        m->head[h] = m->added + 1u;
    }
}

unsigned matcher_find(matcher *m, uint32_t at, uint32_t limit, match found[MATCHES_MAX])
{
    unsigned count = 0;
    uint32_t longest = 1;

    add_until(m, at);
    if (at + 1u >= limit) {
        return 0;
    }
    uint32_t place = m->head[hash(m->image + at)];
    for (unsigned depth = 0; place != 0u && depth < CHAIN_DEPTH && count < MATCHES_MAX; depth++) {
        uint32_t distance = at - (place - 1u);
        if (at + longest < limit && m->image[at + longest] == m->image[place - 1u + longest]) {
            uint32_t n = match_length(m->image, at, distance, limit);
            if (n > longest) {
                longest = n;
                found[count++] = (match){.length = n, .distance = distance};
                if (n >= GOOD_ENOUGH) {
                    break;
                }
            }
        }
        place = m->chain[place - 1u];
    }
    return count;
}
