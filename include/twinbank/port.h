/* What core/ asks of a family: one struct of functions (chips/) and the row beside it.
 * Banks are PHYSICAL here: bank 0 is the bank that sits at 0x08000000 when nothing is
 * swapped. The driver turns (bank, offset) into a mapped address or a page number. */
#ifndef TWINBANK_PORT_H
#define TWINBANK_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "twinbank/chip.h"
#include "twinbank/error.h"

typedef struct tb_flash {
    void *ctx;
    const tb_chip *chip;
    /* Copies out. Never faults: an uncorrectable word gives TB_ERR_ECC and, in its
     * place, undefined bytes. */
    tb_error (*read)(void *ctx, unsigned bank, uint32_t offset, void *data, size_t bytes);
    /* One unit (chip->unit_bytes), aligned, never all ones (the caller skips those).
     * Does not read back; core does. A power cut leaves the unit undefined. */
    tb_error (*program)(void *ctx, unsigned bank, uint32_t offset, const void *unit);
    /* The page that starts at this offset. A power cut leaves the page undefined. */
    tb_error (*erase)(void *ctx, unsigned bank, uint32_t page_offset);
    /* CRC-32 (zlib) of a range in flash, offset and length multiples of 4, by hardware
     * where there is some. */
    tb_error (*crc32)(void *ctx, unsigned bank, uint32_t offset, uint32_t bytes, uint32_t *crc);
    /* The bank at 0x08000000 now: 0 or 1. */
    unsigned (*mapped_bank)(void *ctx);
    /* Called between flash operations of long work, to feed a watchdog; may be NULL. */
    void (*alive)(void *ctx);
} tb_flash;

#endif
