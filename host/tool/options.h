/* Command lines: one table per verb gives both the parser and the help. */
#ifndef TWINBANK_HOST_OPTIONS_H
#define TWINBANK_HOST_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum option_kind {
    OPTION_FLAG,   /* bool * */
    OPTION_TEXT,   /* const char ** */
    OPTION_NUMBER, /* uint32_t *, decimal or 0x */
} option_kind;

typedef struct option {
    const char *name; /* without the dashes */
    char letter;      /* 0: none */
    option_kind kind;
    void *into;
    const char *argument; /* "FILE"; NULL for flags */
    const char *help;
    uint32_t limit; /* of numbers; 0: none */
} option;

typedef struct verb {
    const char *name;    /* "flash", "image pack" */
    const char *summary; /* one line */
    const char *usage;   /* what follows the name: "--port P [options] FILE" */
    const char *about;   /* paragraphs for --help */
    const char *examples;
    int (*run)(const struct verb *self, int argc, char **argv);
} verb;

typedef struct arguments {
    const char *positional[4];
    size_t count;
} arguments;

/* Parses argv (what follows the verb). Options are own, plus the common ones where
 * `device` (port, baud ...) and always (json, quiet, color, help). PARSE_DONE: the help
 * was asked for and printed. */
typedef enum parse_result { PARSE_OK, PARSE_DONE, PARSE_BAD } parse_result;
parse_result parse(const verb *v, const option *own, size_t own_count, bool device, int argc,
                   char **argv, arguments *out);
/* As parse() and demands exactly `positional` of them; `what` names them in the error. */
parse_result parse_exactly(const verb *v, const option *own, size_t own_count, bool device,
                           int argc, char **argv, arguments *out, size_t positional,
                           const char *what);
/* Prints the error with a pointer to --help; returns TB_EXIT_USAGE. */
int usage_error(const verb *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
void print_help(const verb *v, const option *own, size_t own_count, bool device);

/* What the common options say. */
typedef struct settings {
    bool json, quiet;
    const char *color;
    const char *port;
    uint32_t baud;
    uint32_t timeout_s;
} settings;
extern settings the_settings;

#endif
