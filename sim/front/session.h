/* One run of the part with the outside world around it. */
#ifndef SIM_FRONT_SESSION_H
#define SIM_FRONT_SESSION_H

#include <signal.h>
#include <stdio.h>

#include "sim/front/control.h"
#include "sim/front/options.h"
#include "sim/front/wire.h"

enum front_status { /* of the process; docs/simulator.md */
    FRONT_STATUS_OK = 0,
    FRONT_STATUS_FAILURE = 1,
    FRONT_STATUS_USAGE = 2,
    FRONT_STATUS_FILE = 3,
    FRONT_STATUS_STOPPED = 4,
    FRONT_STATUS_NOT_SEEN = 5,
    FRONT_STATUS_POWER_OFF = 6,
    FRONT_STATUS_NO_CUT = 7
};

typedef enum front_end {
    FRONT_END_NONE, /* still running */
    FRONT_END_TIME,
    FRONT_END_SEEN,
    FRONT_END_IDLE,   /* the core sleeps for ever */
    FRONT_END_SIGNAL,
    FRONT_END_QUIT,
    FRONT_END_STOPPED,
    FRONT_END_POWER_OFF
} front_end;

typedef struct front_session {
    const front_options *options;
    sim_machine *m;
    FILE *messages; /* NULL: quiet */
    FILE *trace;
    front_wire *wires;
    size_t wire_count;
    front_control control;

    front_cut cuts[FRONT_MAX_CUTS];
    size_t cut_count;
    unsigned hand_cuts;      /* of those the machine counts: asked for by hand */
    unsigned cuts_announced;
    unsigned timed_resets, timed_resets_fired; /* reset-only at a time: done here */

    size_t next_gpio;

    bool powered, backup_lost;
    bool seen;
    bool real, external; /* external: somebody outside may still act */
    sim_ps real_virtual; /* virtual time at ... */
    uint64_t real_wall;  /* ... this wall time */
    uint64_t started_ns;
    front_end end;
    char end_text[512];
} front_session;

/* Set by the signal handlers. */
extern volatile sig_atomic_t front_signal_end, front_signal_power, front_signal_reset;

/* Everything is loaded and connected: power on, and run until the end. */
void front_session_run(front_session *s);
enum front_status front_session_status(const front_session *s);
bool front_session_add_cut(front_session *s, const front_cut *cut, front_error *error);
/* One line of the control socket. */
void front_session_command(void *session, char *line, char *answer, size_t bytes);

void front_session_seen(void *session); /* for front_wire_open */
void front_session_say(const front_session *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void front_session_summary(const front_session *s, FILE *json);
uint64_t front_wall_ns(void);

#endif
