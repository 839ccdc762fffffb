/* The boards of QEMU that the cores are compared on. */
#ifndef ORACLE_BOARD_H
#define ORACLE_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "qemu.h"
#include "sim/cpu/cpu.h"

typedef struct oracle_board {
    const char *name, *machine;
    uint32_t load;  /* where QEMU is given the image; 0: where it takes it by itself */
    uint32_t start; /* offset of the vectors that our core starts from */
    uint32_t code;  /* address of the image */
    uint32_t ram, ram_bytes;
    sim_core_kind core;
    uint32_t cpuid;
    unsigned irqs, priority_bits;
} oracle_board;

/* By the name of the core, m4, m7 or m33; NULL when there is none. */
const oracle_board *oracle_board_find(const char *name);

/* Puts into the image what lies before the board's `start`. */
void oracle_board_prepare(const oracle_board *board, uint8_t *image);

/* When `theirs` stands at the first instruction of a handler: gives our core what QEMU has in the
 * registers that the architecture leaves UNKNOWN there. True when it did. */
bool oracle_board_adopt(const oracle_board *board, const uint8_t *image, const oracle_state *theirs,
                        const oracle_state *ours, sim_cpu *cpu);

#endif
