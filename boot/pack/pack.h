/* The stream that boot/stage2/unpack.c makes stage 2 whole from. */
#ifndef BOOT_PACK_H
#define BOOT_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Packs the last `bytes` - `first` bytes of a program into a stream behind the first ones, so
 * that it can be unpacked in place: `out` has room for `bytes`, *out_bytes is what was made,
 * and *unpacked_from, at least `first`, where the packed part begins. Tried out before it is
 * believed. False: no memory, or it would not become smaller. */
bool pack_in_place(const uint8_t *program, size_t bytes, size_t first, uint8_t *out,
                   size_t *out_bytes, size_t *unpacked_from);

#endif
