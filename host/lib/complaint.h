/* An error for people: what was wrong and what was expected, and what to do about it. */
#ifndef TWINBANK_HOST_COMPLAINT_H
#define TWINBANK_HOST_COMPLAINT_H

#include <stdbool.h>

typedef struct tb_complaint {
    char what[512];
    char hint[384]; /* may be empty */
} tb_complaint;

/* Both set one text and return false, so that a failing function ends in them. */
bool tb_complain(tb_complaint *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool tb_hint(tb_complaint *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
