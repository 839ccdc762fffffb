/* A simulated board with the host's client on its wire, and what most tests do with it. Each of
 * these fails the test where something else than the expected comes of it. */
#ifndef E2E_BENCH_H
#define E2E_BENCH_H

#include "host/lib/client.h"
#include "tests/e2e/board.h"

typedef struct bench {
    board *b;
    tb_link link;
    tb_client client;
} bench;

/* As board_new(), with seed 1. */
void bench_open(bench *w, const char *chip, const char *hex);
/* The same with a board that somebody made. */
void bench_take(bench *w, board *b);
/* Says hello and asks. */
const tb_status *bench_status(bench *w);
/* Sends an image, and no more. */
void bench_send(bench *w, const char *name, tb_sent *sent);
/* Sends, resets, waits: what `twinbank flash` does. */
tb_fate bench_flash(bench *w, const char *name, tb_sent *sent);

#endif
