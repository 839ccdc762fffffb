/* The small languages of the command line. Each parser takes the whole text and
 * returns false, with the reason, for anything it does not understand. */
#ifndef SIM_FRONT_PARSE_H
#define SIM_FRONT_PARSE_H

#include <stdint.h>

#include "sim/front/error.h"
#include "sim/machine/machine.h"

/* "10ms", "1.5s", "500us", "20ns", "2min"; a bare 0 too. */
bool front_parse_time(const char *text, sim_ps *time, front_error *error);
/* Decimal, or hexadecimal after 0x; at most `limit`. */
bool front_parse_number(const char *text, uint64_t limit, uint64_t *number, front_error *error);
/* Comma-separated names of enum sim_trace, or "all". */
bool front_parse_trace(const char *text, unsigned *mask, front_error *error);

typedef struct front_load {
    const char *path; /* the caller frees */
    bool has_address;
    uint32_t address;
} front_load;
/* FILE or FILE@ADDR */
bool front_parse_load(const char *text, front_load *load, front_error *error);

typedef struct front_gpio {
    unsigned port, pin;
    int level; /* -1: let go */
    sim_ps when;
} front_gpio;
/* "PA3=0", "PA3=1@5ms", "PC13=z" */
bool front_parse_gpio(const char *text, front_gpio *gpio, front_error *error);

/* "3.3V", "1.9V": of the supply, 1.71 V to 3.6 V, in millivolts. */
bool front_parse_supply(const char *text, unsigned *millivolts, front_error *error);

typedef enum front_wire_kind { FRONT_WIRE_PTY, FRONT_WIRE_STDIO, FRONT_WIRE_FILE } front_wire_kind;

typedef struct front_wire_spec {
    char name[16]; /* lower case */
    front_wire_kind kind;
    const char *path; /* of the symlink or the file; NULL: none. Points into the text. */
} front_wire_spec;
/* "lpuart1=pty", "lpuart1=pty:/tmp/board", "usart2=stdio", "usart3=file:log.txt" */
bool front_parse_wire(const char *text, front_wire_spec *wire, front_error *error);

#endif
