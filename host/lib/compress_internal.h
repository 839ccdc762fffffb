/* What the encoder's files share. */
#ifndef HOST_COMPRESS_INTERNAL_H
#define HOST_COMPRESS_INTERNAL_H

#include <stdbool.h>

#include "host/lib/compress.h"
#include "twinbank/expand.h"

/* ---- compress_coder.c: the mirror of the decoder's arithmetic ------------------------- */

typedef struct coder {
    uint64_t low;
    uint32_t range;
    uint8_t cache;
    uint64_t cached; /* bytes that a carry may still change */
    bool first;      /* the first byte is always 0 and stays away */
    uint32_t at;     /* for `reached` */
    tb_compressed *out;
    size_t room;
    bool failed;
} coder;

void coder_init(coder *c, tb_compressed *out);
void coder_bit(coder *c, uint16_t *p, unsigned bit);
void coder_tree(coder *c, uint16_t *tree, unsigned bits, uint32_t value);
void coder_number(coder *c, tb_expand_number *model, uint32_t value);
void coder_flush(coder *c);

/* Prices in 16ths of a bit, by probabilities as they stand. */
uint32_t price_bit(uint16_t p, unsigned bit);
uint32_t price_tree(const uint16_t *tree, unsigned bits, uint32_t value);
uint32_t price_number(const tb_expand_number *model, uint32_t value);

/* ---- compress_source.c: where in the source the image's bytes are -------------------------- */

#define NOWHERE INT64_MIN
/* shift[i]: the source's byte that stands for image[i] is source[i + shift[i]]; NOWHERE: none. */
int source_align(const uint8_t *image, size_t image_bytes, size_t start, const uint8_t *source,
                 size_t source_bytes, int64_t *shift);

/* ---- compress_match.c: what was there before ------------------------------------------------ */

#define MATCHES_MAX 24u
typedef struct match {
    uint32_t length, distance;
} match;
typedef struct matcher {
    const uint8_t *image;
    uint32_t bytes, added;
    uint32_t *head, *chain;
} matcher;
int matcher_init(matcher *m, const uint8_t *image, size_t bytes);
void matcher_free(matcher *m);
/* Ever longer copies, the nearest of each length, that end at `limit` at the latest. Call with
 * rising `at`. */
unsigned matcher_find(matcher *m, uint32_t at, uint32_t limit, match found[MATCHES_MAX]);
uint32_t match_length(const uint8_t *image, uint32_t at, uint32_t distance, uint32_t limit);

#endif
