/* What the bench's programs measure with. Everything ends the program with a message where
 * it cannot be done. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "bench/figures.h"
#include "bench/line.h"
#include "host/lib/client.h"

void bench_must(bool good, const char *what);

/* ---- updates: polls of a busy flag are skipped, which changes a rate by less than 0.1 % ---- */

typedef struct update_case {
    const char *chip;
    const char *factory; /* hex file that the part is programmed with */
    const char *runs;    /* what its application says on the console when it is up */
    const char *image;
    const char *source;  /* the image that it runs, for a delta; NULL: none */
    bool stage2;         /* the application is asked to give way to it first */
    bool plain;
    uint32_t baud;
    unsigned lose_every; /* of the host's frames one is lost; 0: none */
    sim_ps in_latency, out_latency, per_byte; /* of what is between host and UART */
    void (*sample)(void *ctx, sim_machine *m);
    void *sample_ctx;
    sim_ps sample_every;
} update_case;

typedef struct update_result {
    bool possible;        /* false: what runs cannot change to that baud */
    size_t image_bytes;
    tb_sent sent;
    uint64_t to_part, from_part; /* bytes on the wire, from the first question on */
    double seconds;       /* from the first question to the answer to FINISH */
    double line_seconds;  /* from the first to the last byte that went to the part */
    double flash_seconds; /* that its operations take back to back */
    uint64_t units, pages;
} update_result;

update_result bench_update(const update_case *c);
/* Bytes a second: of what goes to the part from the first to the last byte, of its line, and of
 * flash that does nothing but the erases and programs of it. */
typedef struct update_rate {
    double got, line, flash;
} update_rate;
update_rate bench_rate(const update_result *r, uint32_t baud);
/* What `got` could be at most. */
static inline double bench_rate_limit(const update_rate *r)
{
    return r->line < r->flash ? r->line : r->flash;
}
/* The tutorial's client, stop and wait, 128 bytes at a time, at 115200 baud, to finish's ACK. */
update_result bench_tutorial(const char *chip, const char *factory, const char *image);

/* ---- boot ------------------------------------------------------------------------------- */

typedef struct boot_result {
    uint32_t payload_bytes;
    uint64_t cycles;      /* from a pin reset to the application's first instruction */
    uint64_t loop_cycles; /* in the loop over the payload */
    double microseconds;
    unsigned wait_states; /* in that loop */
    uint64_t flash_writes;
} boot_result;

/* full: the application fills its slot; otherwise it is the small one. */
boot_result bench_boot(const char *chip, bool full);
/* A confirmed application that fills its slot, woken from Standby by its pin: what the hardware
 * takes until the core's first instruction is not in it. token: the stage 1 that has one, with
 * one that matches. Of the result cycles and microseconds. */
boot_result bench_wake(const char *chip, bool token);
/* The time, and a line for each place of stage 1 that a boot of a full slot comes by: address, how
 * often, cycles (tools/stage1-cycles). */
void bench_boot_places(const char *chip, FILE *out);

/* A part without an application: stage 2 from power-on until it waits for a byte. */
typedef struct stage2_result {
    uint64_t unpack_cycles; /* from its first instruction, the clock's raising left out */
    double unpack_microseconds, microseconds;
} stage2_result;
stage2_result bench_stage2(const char *chip);

/* ---- test pairs ------------------------------------------------------------------------- */

typedef struct pair_result {
    const char *name;
    size_t raw, zlib, bsdiff, xdelta3, lz, delta;
    bool small; /* a change for which a delta must be small */
} pair_result;
#define PAIRS 4u

/* Files of other programs go to `scratch`, a directory. `others`: run bsdiff and xdelta3. */
void bench_pairs(const char *chip, const char *scratch, bool others, pair_result pairs[PAIRS]);

#endif
