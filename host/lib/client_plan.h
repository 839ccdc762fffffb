/* What the rest of an image costs in each way that the device can take it, and the cheapest. */
#ifndef TWINBANK_HOST_CLIENT_PLAN_H
#define TWINBANK_HOST_CLIENT_PLAN_H

#include "host/lib/client.h"
#include "host/lib/compress.h"
#include "twinbank/update.h"

typedef struct tb_plan {
    bool no_stream, no_source;    /* set where the device would not have one */
    tb_sent_how how;
    tb_compressed stream;         /* COMPRESSED, DELTA */
    const tb_image_file *source;  /* DELTA */
    uint8_t bank;                 /* that `keep` is about */
    uint8_t keep[TB_KEEP_BYTES];
    uint32_t kept_bytes;          /* of the image, in kept pages */
    uint32_t expected_ms;         /* what it takes, by the rates of line, flash and decoder */
    uint32_t whole_ms, stream_ms; /* without a stream; with the quickest one, 0: none is possible */
} tb_plan;

/* Before BEGIN: asks the device for digests and finds the pages that need not be sent. None,
 * where it has no digests or holds nothing whole in the bank that it would write. */
tb_client_result tb_plan_keep(tb_client *c, const tb_image_file *image, tb_plan *plan);
/* After BEGIN: how to send image[next..] in the least time. kept: the device left the kept pages alone. */
void tb_plan_rest(tb_client *c, const tb_image_file *image, uint32_t next, uint8_t bank, bool kept,
                  tb_plan *plan);
/* Where sending goes on from `at`: behind kept pages. */
uint32_t tb_plan_pass_kept(const tb_client *c, const tb_plan *plan, uint32_t at, uint32_t total);
/* Bytes from `at` up to the next kept page, or to `total`. */
uint32_t tb_plan_run(const tb_client *c, const tb_plan *plan, uint32_t at, uint32_t total);
void tb_plan_free(tb_plan *plan);

#endif
