/* Between the shared half of a flash driver (flash.c, flash_bare.c: banks,
 * addresses, ECC) and the half
 * that a family's controller needs. */
#ifndef CHIPS_STM32_FLASH_H
#define CHIPS_STM32_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "twinbank/chip.h"
#include "twinbank/error.h"

/* ---- chip_flash (chips/chips.h), for who wants it by name ------------------------------- */

tb_error flash_read(unsigned bank, uint32_t offset, void *data, size_t bytes);
tb_error flash_program(unsigned bank, uint32_t offset, const void *unit);
tb_error flash_erase(unsigned bank, uint32_t page_offset);
/* The CRC unit as in chip_crc32_fresh(). */
tb_error flash_crc32(unsigned bank, uint32_t offset, uint32_t bytes, uint32_t *crc);

/* ---- from the family -------------------------------------------------------------- */

/* An uncorrectable unit was read: true, and the flag is cleared. */
bool flash_take_ecc_error(void);
/* memcpy() that comes back whatever the source is; flash_take_ecc_error() tells then. This
 * and chip_crc32_fresh() are all that reads flash. */
void flash_copy(void *to, const void *from, size_t bytes);
/* What caches hold of flash is forgotten. */
void flash_flush_caches(void);
/* The unit at a mapped address. */
tb_error flash_program_unit(volatile uint32_t *target, const uint32_t *word);
/* A page by its number in its physical bank. */
tb_error flash_erase_page(unsigned bank, unsigned page);

#endif
