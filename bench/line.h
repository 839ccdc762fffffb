/* What lies between the host and the board's UART: a latency for each direction, and a rate
 * where that is less than the UART's (a gateway). In virtual time. */
#ifndef BENCH_LINE_H
#define BENCH_LINE_H

#include "tests/e2e/board.h"

#define LINE_BYTES 65536u

typedef struct line_way {
    sim_ps latency;
    sim_ps per_byte; /* 0: as fast as they come */
    sim_ps free_at;
    size_t head, tail;
    struct {
        uint8_t byte;
        sim_ps due;
    } queue[LINE_BYTES];
} line_way;

typedef struct line {
    board *b;
    line_way out, in; /* as the host sees it */
    unsigned lose_every, frames; /* of so many that the host sends one is lost; 0: none */
    /* Called every sample_every of the part's time at least, where set. */
    void (*sample)(void *ctx, sim_machine *m);
    void *sample_ctx;
    sim_ps sample_every;
} line;

void line_init(line *l, board *b);
/* The link for a client; `l` must outlive it. */
void line_link(line *l, tb_link *link);

#endif
