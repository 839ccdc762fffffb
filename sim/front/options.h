/* The command line, read whole before anything is touched. */
#ifndef SIM_FRONT_OPTIONS_H
#define SIM_FRONT_OPTIONS_H

#include <stddef.h>
#include <stdio.h>

#include "sim/front/cut.h"
#include "sim/front/parse.h"
#include "sim/line/bad_line.h"

#define FRONT_MAX_LOADS 16u
#define FRONT_MAX_WIRES 8u
#define FRONT_MAX_GPIOS 64u
#define FRONT_MAX_CUTS 64u
#define FRONT_MAX_UNTIL 200u

typedef enum front_speed { FRONT_SPEED_UNSAID, FRONT_SPEED_REAL, FRONT_SPEED_MAX } front_speed;

/* What the program is asked for: a run, or one of the short answers. */
typedef enum front_verb {
    FRONT_RUN, FRONT_HELP, FRONT_VERSION, FRONT_LIST_CHIPS, FRONT_SEND
} front_verb;

typedef struct front_options {
    front_verb verb;
    const char *chip;
    front_load loads[FRONT_MAX_LOADS];
    size_t load_count;
    front_wire_spec wires[FRONT_MAX_WIRES];
    size_t wire_count;
    bool bad_link; /* faults: of the frames on every pty */
    line_faults faults;
    front_gpio gpios[FRONT_MAX_GPIOS]; /* by time */
    size_t gpio_count;
    front_cut cuts[FRONT_MAX_CUTS];
    size_t cut_count;
    const char *device, *until, *trace_file, *dump, *control;
    sim_ps for_time; /* SIM_NEVER: no limit */
    uint32_t seed;
    unsigned trace;
    front_speed speed;
    bool json, quiet, lockup_waits, slowest_flash;
    const char *send_path;  /* --send: a client of another run's --control */
    char *const *send_words;
    int send_count;
} front_options;

/* false: the text says what is wrong with the command line. */
bool front_options_read(front_options *o, int argc, char **argv, front_error *error);
void front_options_free(front_options *o);

void front_print_help(FILE *out);

#endif
