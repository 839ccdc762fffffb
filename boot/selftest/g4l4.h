/* What g4l4.c needs to know of the one family that it is built for. */
#ifndef BOOT_SELFTEST_G4L4_H
#define BOOT_SELFTEST_G4L4_H

#include <stdbool.h>
#include <stdint.h>

/* Bits of FLASH_OPTR that the design leans on: RDP, watchdogs started by software, BFB2,
 * two banks, where to boot from. */
extern const uint32_t g4l4_optr_bits;
extern const uint32_t g4l4_reset_flags; /* of RCC_CSR */
bool g4l4_options_stored(void); /* at 0x1FFF7800, each word with its complement */

#endif
