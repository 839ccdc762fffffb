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
    pid_t pid;
    int log;
    char image[64];
    char *buffer;
    size_t head, tail;
    bool timed_out;
} qemu;

/* Runs the flash image from its reset vector. False with a line on stderr when
 * QEMU cannot be started. */
bool qemu_start(qemu *q, const uint8_t *flash, size_t bytes);
/* The state before the next instruction; false at the end of the log, or when
 * nothing came for a long time (timed_out). */
bool qemu_next(qemu *q, oracle_state *state);
/* Ends the process that qemu_start() made, and removes its image. */
void qemu_stop(qemu *q);

#endif
