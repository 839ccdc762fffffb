/* Compressed images: a stream that the host made is expanded straight into the target bank.
 * docs/compression.md is the reference. What has been written already is the window, so that
 * it is as long as the image and takes no RAM; the other bank's image, which nobody
 * modifies, may be a second one (a delta). The struct is all the memory that it takes. */
#ifndef TWINBANK_EXPAND_H
#define TWINBANK_EXPAND_H

#include "twinbank/update.h"

#define TB_EXPAND_RING_BYTES 128u
#define TB_EXPAND_LINE_BYTES 32u
#define TB_EXPAND_CARRY_BYTES 32u

/* A number is a slot (its length in bits and the bit below its highest), direct bits, and
 * its lowest four bits. */
typedef struct tb_expand_number {
    uint16_t slot[64];
    uint16_t low[16];
} tb_expand_number;

/* Probabilities of a 0, in 2048ths, that learn from what was coded. */
typedef struct tb_expand_model {
    uint16_t same[8][2];
    uint16_t copy[2][2];
    uint16_t jump;
    uint16_t repeat;
    uint16_t literal[2][256];
    uint16_t difference[2][256];
    tb_expand_number length[2], distance[2], target;
} tb_expand_model;

/* Where the decoder and the encoder stand between two symbols. */
typedef struct tb_expand_state {
    uint32_t at;       /* offset in the image of the next byte */
    uint32_t source;   /* offset in the source of the byte that is expected to be the same */
    uint32_t distance; /* of the last copy */
    uint8_t history;   /* the last three: 1 where the byte was the same as the source's */
    uint8_t after_copy;
} tb_expand_state;

typedef struct tb_expand_line {
    uint32_t offset;
    bool valid;
    uint8_t bytes[TB_EXPAND_LINE_BYTES];
} tb_expand_line;

/* The small fields first, within short reach of the instructions. */
typedef struct tb_expand {
    /* below: the decoder's own */
    tb_error error;
    bool started, overrun;
    uint8_t carry_fill, carry_at;
    tb_expand_state state;
    tb_update *update; /* NULL: no stream is open */
    uint32_t source_bytes;
    uint32_t stream_bytes, received; /* of the compressed stream */
    uint32_t range, code;
    const uint8_t *in;
    uint32_t in_bytes;
    uint32_t pending; /* bytes at the end of the ring that were not written yet */
    tb_expand_line image, source;
    uint8_t carry[TB_EXPAND_CARRY_BYTES];
    uint8_t ring[TB_EXPAND_RING_BYTES];
    tb_expand_model model;
} tb_expand;

/* Opens a stream of stream_bytes compressed bytes for the open session, from the byte that it
 * expects next. source_bytes and source_crc32 are the payload's size and CRC of the image in
 * the other bank, or 0, 0 for a stream without a source. Reads flash, writes nothing.
 * Errors: TB_ERR_NO_SESSION, TB_ERR_KIND (not an application's image), TB_ERR_ARGUMENT,
 * TB_ERR_SOURCE (the other bank does not hold that image, whole), flash errors. */
tb_error tb_expand_begin(tb_expand *e, tb_update *u, uint32_t stream_bytes, uint32_t source_bytes,
                         uint32_t source_crc32);

/* offset counts from the stream's first byte. Must be the next expected (TB_ERR_OFFSET
 * otherwise; bytes before it are ignored). Writes what can be expanded. TB_ERR_STREAM: not a
 * stream that the encoder makes; the session is as good as before, and goes on from its
 * next byte with another stream or with plain data. */
tb_error tb_expand_write(tb_expand *e, uint32_t offset, const uint8_t *data, uint32_t bytes);

/* The two, for a server that has them. */
typedef struct tb_expand_service {
    tb_error (*begin)(tb_expand *e, tb_update *u, uint32_t stream_bytes, uint32_t source_bytes,
                      uint32_t source_crc32);
    tb_error (*write)(tb_expand *e, uint32_t offset, const uint8_t *data, uint32_t bytes);
} tb_expand_service;
extern const tb_expand_service tb_expand_served;

/* ---- shared with the encoder ------------------------------------------------------------ */

#define TB_EXPAND_PROBABILITY_BITS 11u
#define TB_EXPAND_LEARN_SHIFT 4u
#define TB_EXPAND_RENEW (1u << 24)
#define TB_EXPAND_MIN_LENGTH 2u
#define TB_EXPAND_SHORT 4u /* copies shorter than this have distances of their own */

void tb_expand_model_init(tb_expand_model *model);

#endif
