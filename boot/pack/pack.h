/* The stream that boot/stage2/unpack.S makes stage 2 whole from. */
#ifndef BOOT_PACK_H
#define BOOT_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Packs a program of so many bytes, which runs at `address`, into its `first` ones as they are
 * and a stream behind them, so that it can be unpacked in place: `out` has room for `bytes`,
 * *out_bytes is what was made, and *unpacked_from, at least `first`, where the packed part
 * begins. Tried out before it is believed. False: no memory, or it would not become smaller. */
bool pack_in_place(const uint8_t *program, uint32_t address, size_t bytes, size_t first,
                   uint8_t *out, size_t *out_bytes, size_t *unpacked_from);

#endif
