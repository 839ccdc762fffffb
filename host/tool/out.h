/* Everything that the tool prints goes through here: colour, errors, JSON. */
#ifndef TWINBANK_HOST_OUT_H
#define TWINBANK_HOST_OUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "host/lib/complaint.h"
#include "twinbank/error.h"

typedef enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_GOOD, STYLE_WARN, STYLE_BAD } style;

/* The escape sequence for this stream, or "" where colour is off. */
const char *out_style(FILE *stream, style s);
bool out_is_utf8(void);

/* Normal output: nothing with --quiet or --json. */
void out_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* An error with its hint, to standard error, or as {"error":...} with --json. `name` is
 * the device's error, or NULL. Returns code, for "return out_error(...)". */
int out_error(int code, const char *name, const tb_complaint *why);
void out_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* One JSON value on one line of standard output, with --json; takes the reference. */
void out_json(json_t *value);
/* Standard output is complete: a full disk or a closed pipe is an error. */
int out_finish(int code);

/* Text that came from a command line or a file: never NULL, whatever the bytes. */
json_t *json_text(const char *text);
json_t *json_hex(const void *bytes, size_t count);
json_t *json_version(uint32_t version);
json_t *json_address(uint32_t address);
const char *hex_text(const void *bytes, size_t count, char *out, size_t room);

#endif
