/* twinbank-sim as a child of a test, in a folder of its own. */
#ifndef SIM_FRONT_PROCESS_H
#define SIM_FRONT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define OUTPUT_BYTES 65536u

extern char folder[64];           /* of the present test, removed after it */
extern char out[OUTPUT_BYTES];    /* what the last finished child wrote to stdout ... */
extern char err[OUTPUT_BYTES];    /* ... and stderr */

int make_folder(void **state);
int remove_folder(void **state);

/* A name in the folder. */
const char *in_folder(const char *name);
/* Of an image built for the tests. */
const char *image(const char *name);

/* Words separated by spaces; %20 stands for a space inside of a word. Runs to its end;
 * the exit status, or -1 where it was killed. `input` goes to its stdin. */
int sim(const char *input, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Starts it and does not wait. */
pid_t sim_start(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Waits for its end: as sim(). */
int sim_wait(pid_t pid);
/* `twinbank-sim --send control.sock ...`: its status, the answer in out. */
int control(const char *words);

/* Opens the pty behind that link as soon as it is there. */
int open_port(const char *link);
/* Reads until `text` was seen, at most ten seconds of wall time; the rest is thrown away. */
bool port_expect(int fd, const char *text);
void port_write(int fd, const char *text);

#endif
