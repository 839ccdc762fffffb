/* QEMU as a source of register states: one before each instruction. */
#ifndef ORACLE_QEMU_H
#define ORACLE_QEMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct oracle_state {
    uint32_t r[16];
    uint32_t xpsr;
} oracle_state;

typedef struct qemu {
    const char *machine;
    uint32_t address;
    bool fp;
    pid_t pid;
    int log;
    char image[64];
    char *buffer;
    size_t head, tail;
    bool timed_out;
} qemu;

/* Runs the image from its reset vector, on `machine`; loaded at `address`, or as the machine's own
 * loader does when that is 0. fp: the floating-point registers are in the log too. False with a
 * line on stderr when QEMU cannot be started. */
bool qemu_start(qemu *q, const char *machine, uint32_t address, bool fp, const uint8_t *image,
                size_t bytes);
/* The state before the next instruction; false at the end of the log, or when
 * nothing came for a long time (timed_out). */
bool qemu_next(qemu *q, oracle_state *state);
/* The floating-point part of the state that qemu_next() has just read. */
bool qemu_next_fp(qemu *q, uint32_t s[32], uint32_t *fpscr);
/* Ends the process that qemu_start() made, and removes its image. */
void qemu_stop(qemu *q);

#endif
