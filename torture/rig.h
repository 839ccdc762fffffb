/* A simulated board that is to be cut: the machine, the wire with the host's own client on
 * it, the console. After each injected interruption the power comes back and the run goes on
 * at `escape`, whatever the host was in the middle of. */
#ifndef TORTURE_RIG_H
#define TORTURE_RIG_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/lib/client.h"
#include "host/lib/imagefile.h"
#include "sim/machine/machine.h"
#include "torture/oracle.h"

#define RIG_QUEUE_BYTES 8192u
#define RIG_CONSOLE_BYTES 16384u
#define RIG_TEXT_BYTES 256u

/* See tb_client. */
typedef int rig_compress(void *ctx, const tb_image_file *image, size_t start,
                         const tb_image_file *source, struct tb_compressed *out);

typedef struct rig {
    const tb_chip *chip;
    sim_machine *m;
    sim_uart_link wire, console_link;
    uint8_t in[RIG_QUEUE_BYTES], out[RIG_QUEUE_BYTES];
    size_t in_head, in_tail, out_head, out_tail;
    char console[RIG_CONSOLE_BYTES]; /* since rig_forget() or the last interruption */
    size_t console_fill;
    tb_link link;
    tb_client client;
    rig_compress *compress; /* NULL: the client does it */
    void *compress_ctx;
    oracle oracle;
    unsigned cuts_seen;
    jmp_buf *escape;
    uint64_t poison, chance; /* after an interruption: what RAM holds, what chance gives */
    /* The part is about to start anew (lost: from power-on), and has just been reset. */
    void (*starting)(void *ctx, bool lost);
    void (*started)(void *ctx);
    /* It has been programmed anew: has what follows from here been seen? Then it need not be. */
    bool (*programmed)(void *ctx);
    void *start_ctx;
    unsigned boots; /* after an interruption: power-ons and resets that were injected */
    bool by_watchdog; /* the last interruption */
    const char *next_image; /* what the repetition sends where it is not the scenario's own */
    bool stage2_used; /* in this life: then a watchdog reset leads there again (docs/boot.md) */
    /* Of planted faults: before an image that runs is judged; on the wire, on the console. */
    void (*before_judge)(struct rig *r, unsigned bank);
    bool deaf, mute;
    bool stop_is_an_end, stopped; /* the part's stop is no failure; it has stopped */
    struct {                      /* of the scenario that switches it */
        uint32_t single, dual;    /* the option word in each */
        uint64_t erases;          /* of banks, before the switch */
        bool programmed;          /* anew, after it */
    } bank_mode;
    bool cutting;   /* operations may be cut: from the scenario's start on */
    uint64_t ops_before; /* operations before that */
    char failure[RIG_TEXT_BYTES]; /* the first thing that was wrong */
} rig;

/* Set before rig_new(), where it matters what is done between two polls of a busy flag: none
 * takes longer than this. 0: until something may have changed. */
extern sim_ps rig_poll_most;
/* Likewise: flash takes the longest times of the datasheet. */
extern bool rig_slowest_flash;

/* The file of build/firmware/<chip>/. In a static buffer. */
const char *rig_file(const tb_chip *chip, const char *name);
/* With the factory's file in flash and power on. Exits with a message where it cannot. */
rig *rig_new(const tb_chip *chip, const char *factory, uint32_t seed, bool trace);
void rig_free(rig *r);
/* As a programmer would: all erased, then the file; off and on again. No operation of the part. */
void rig_program(rig *r, const char *factory);
/* The host's client compresses with this from here on. */
void rig_set_compress(rig *r, rig_compress *compress, void *ctx);
/* Off and on again, VBAT too; the host begins anew. */
void rig_power_cycle(rig *r);
/* false: something went wrong that no cut explains; it is in `failure`. */
bool rig_run(rig *r, sim_ps duration);
/* Until the console has said it; false after `limit`. */
bool rig_wait(rig *r, const char *text, sim_ps limit);
void rig_forget(rig *r);
bool rig_said(const rig *r, const char *text);
void rig_send(rig *r, const void *bytes, size_t count);
size_t rig_receive(rig *r, uint8_t *bytes, size_t room, sim_ps limit);
/* Records the first failure. Returns false. */
bool rig_fail(rig *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Resets with the receive line held low: stage 2 answers. */
bool rig_force_stage2(rig *r);

#endif
