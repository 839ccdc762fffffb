/* Why something given by the user cannot be done, in one line for people. */
#ifndef SIM_FRONT_ERROR_H
#define SIM_FRONT_ERROR_H

#include <stdbool.h>

typedef struct front_error {
    char text[512];
} front_error;

/* Fills in the text; returns false, to be returned. */
bool front_fail(front_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
