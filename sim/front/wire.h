/* The far end of a UART: a pseudo-terminal, this terminal, or a file. Bytes from the
 * part wait in a bounded buffer; bytes for the part are handed over one per frame. */
#ifndef SIM_FRONT_WIRE_H
#define SIM_FRONT_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <termios.h>

#include "sim/front/error.h"
#include "sim/front/parse.h"
#include "sim/line/bad_line.h"
#include "sim/machine/machine.h"

#define FRONT_OUT_BYTES 65536u /* about 6 s of a full line at 115200 */
#define FRONT_IN_BYTES 4096u

typedef struct front_wire {
    front_wire_spec spec;
    sim_uart_link link; /* what the wire is to the part; the machine keeps a pointer to it */
    int in_fd, out_fd; /* the same for a pty; -1: none, or at its end */
    int slave_fd;      /* kept open, so that tools can come and go */
    char slave[64];
    bool linked, raw_terminal, packet_mode;
    struct termios terminal; /* as it was */

    uint8_t out[FRONT_OUT_BYTES];
    size_t out_head, out_used;
    uint8_t in[FRONT_IN_BYTES];
    size_t in_head, in_used;
    uint64_t sent, received, dropped; /* of the part: out, in, out and lost */

    bool out_blocked;     /* the last attempt to write met a full line */
    uint64_t blocked_ns;  /* wall time at which it began, while out_blocked */

    uint32_t part_baud;   /* of the last frame that left the part */
    speed_t first_speed;  /* of the pty, at its making */
    uint32_t warned_host, warned_part; /* the rates last complained of */
    bool to_warn;         /* of them, not yet told */
    uint64_t compared;    /* frames sent when the rates were last looked at */

    const char *until; /* NULL: nothing is looked for */
    size_t matched;
    uint8_t *failure;  /* of the search, one for each character */
    void (*seen)(void *ctx);
    void *ctx;
    struct front_bad *bad; /* what the line does to its frames; NULL: nothing */
} front_wire;

/* `seen` is called, with the part running, when `until` has gone by; until may be NULL. */
bool front_wire_open(front_wire *w, const front_wire_spec *spec, const char *until,
                     void (*seen)(void *ctx), void *ctx, front_error *error);
bool front_wire_connect(front_wire *w, sim_machine *m, front_error *error);
/* After connecting: frames suffer from now on, both ways. */
bool front_wire_spoil(front_wire *w, sim_machine *m, const line_faults *faults, front_error *error);
/* Gives the outside what it takes now; puts the terminal back, removes the link. */
void front_wire_close(front_wire *w);

/* Reads what is there from outside; true if the part has something to take. */
bool front_wire_fill(front_wire *w);
/* What is on its way to a part without power is lost. */
void front_wire_discard_input(front_wire *w);
/* Writes what the outside takes; now_ns is wall time. */
void front_wire_flush(front_wire *w, uint64_t now_ns);
/* The part should wait: the buffer fills while somebody is reading. */
bool front_wire_backlog(const front_wire *w, uint64_t now_ns);
/* What poll() should wait for; 0: nothing. */
short front_wire_events(const front_wire *w);
/* What the part sent has met the host at another rate: a line for people, once for each
 * pair of rates. false: nothing to say. */
bool front_wire_baud_warning(front_wire *w, char *text, size_t bytes);

#endif
