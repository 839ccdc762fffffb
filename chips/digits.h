/* A number in words for people. */
#ifndef CHIPS_DIGITS_H
#define CHIPS_DIGITS_H

#include <stdint.h>

#define CHIP_DIGITS_BYTES 11u

/* In base 10 or 16, with zeros before it up to `width` digits; the text lies somewhere in `room`. */
static inline const char *chip_digits(char room[CHIP_DIGITS_BYTES], uint32_t value, uint32_t base,
                                      unsigned width)
{
    unsigned at = CHIP_DIGITS_BYTES - 1u;

    room[at] = '\0';
    do {
        room[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0u || CHIP_DIGITS_BYTES - 1u - at < width);
    return &room[at];
}

#endif
