/* --control: commands over a unix socket, one line each, each answered by one line. */
#ifndef SIM_FRONT_CONTROL_H
#define SIM_FRONT_CONTROL_H

#include <stddef.h>

#include "sim/front/error.h"

#define FRONT_CONTROL_CLIENTS 8u
#define FRONT_CONTROL_LINE 256u

typedef struct front_client {
    int fd; /* -1: free */
    char line[FRONT_CONTROL_LINE];
    size_t used;
    bool overlong;
} front_client;

typedef struct front_control {
    int listen_fd; /* -1: none */
    const char *path;
    front_client clients[FRONT_CONTROL_CLIENTS];
    /* Does what the line says and writes the answer, without the newline. */
    void (*command)(void *ctx, char *line, char *answer, size_t bytes);
    void *ctx;
} front_control;

/* Replaces a socket that nobody answers at; refuses anything else that is there. */
bool front_control_open(front_control *c, const char *path, front_error *error);
void front_control_close(front_control *c);
/* Takes new clients and does their commands, as far as they are there. */
void front_control_serve(front_control *c);
/* The other end, for --send: prints the answer; true where it is no error. */
bool front_control_send(const char *path, char *const *words, int count, front_error *error);

#endif
