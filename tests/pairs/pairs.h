#ifndef PAIRS_PAIRS_H
#define PAIRS_PAIRS_H

#include <stdint.h>

/* A few things that the C library does; `which` picks one, what comes back says that it was
 * done. */
uint32_t pair_libc(unsigned which, const char *text, double number);
#define PAIR_LIBC_JOBS 6u

#endif
