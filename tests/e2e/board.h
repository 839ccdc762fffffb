/* A simulated board in this process: the machine, its wire and its console, in virtual
 * time only. The same ARM binaries and the same host library as in real use; what is
 * left out is the pty. Everything repeats to the picosecond. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/lib/link.h"
#include "sim/machine/machine.h"

#define BOARD_QUEUE_BYTES 65536u
#define BOARD_PORT_BYTES 4096u /* what a host port takes before it blocks */
#define BOARD_CONSOLE_BYTES (1u << 20)

typedef struct board {
    sim_machine *machine;
    const tb_chip *chip;
    sim_uart_link wire, console_link;
    /* to the part */
    uint8_t in[BOARD_QUEUE_BYTES];
    size_t in_head, in_tail;
    /* from the part, not yet taken by the host */
    uint8_t out[BOARD_QUEUE_BYTES];
    size_t out_head, out_tail;
    uint64_t out_lost;
    /* what the application printed */
    char *console;
    size_t console_fill, console_seen;
    uint32_t host_baud;       /* what the host's port is set to */
    sim_ps host_latency;      /* of the host's adapter, both ways; 0 by default */
    bool powered;
    bool backup_lost;         /* at the next power-on */
    unsigned power_cycles;
    /* statistics of the wire, for the bench */
    uint64_t bytes_to_part, bytes_from_part;
    sim_ps first_in, last_in;
} board;

/* Loads build/firmware/<chip>/<file> (hex) and powers on. Fails the test on error. Polls of
 * a busy flag are skipped. */
board *board_new(const char *chip_name, const char *hex_file, uint32_t seed);
/* The same with every poll done: for what is measured to the cycle. */
board *board_new_exact(const char *chip_name, const char *hex_file, uint32_t seed);
board *board_new_with(const char *chip_name, const char *hex_file, const sim_options *options);
void board_free(board *b);
/* Programs what a production line would, over what is there, with this stage 1 and this
 * application (paths); the power stays as it is. */
void board_program(board *b, const char *stage1, const char *app);
/* The core's cycles from here to the first instruction in the slot; 0: not within `limit`. */
uint64_t board_to_slot(board *b, sim_ps limit);
/* Runs; after an injected power cut the power comes back at once and it goes on.
 * Returns the last end seen; fails the test on SIM_END_STOP with the machine's text. */
sim_end board_run(board *b, sim_ps duration);
/* Until `text` appears on the console after what was waited for before. */
bool board_wait(board *b, const char *text, sim_ps limit);
/* Skips what the console has said so far. */
void board_forget(board *b);
/* The wire as the host library sees it; time passes in the part while the host waits. */
void board_link(board *b, tb_link *link);
void board_send(board *b, const void *bytes, size_t count);
size_t board_receive(board *b, uint8_t *bytes, size_t room, sim_ps limit);
/* The swap is an option byte there; elsewhere nothing is written for it. */
bool board_swaps_by_option(const board *b);
/* Path of a built firmware file, in a static buffer. */
const char *board_file(const board *b, const char *name);
/* Reads a whole file; fails the test when it cannot. Caller frees. */
uint8_t *board_read_file(const char *path, size_t *bytes);

#endif
