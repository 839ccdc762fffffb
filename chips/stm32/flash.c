/* The flash of a part with two banks, with all checks before it. */
#include "chips/stm32/flash.h"

#include <string.h>

#include "chips/chips.h"
#include "chips/stm32/crc.h"
#include "tb_target.h"

static bool in_bank(unsigned bank, uint32_t offset, size_t bytes)
{
    return bank <= 1u && offset <= TB_TARGET->bank_bytes &&
           bytes <= TB_TARGET->bank_bytes - offset;
}

/* In single-bank mode the second bank is not where the row says (on trimmed parts
 * nothing answers there), and pages are twice as large. Stage 1 and stage 2 of the first
 * can be read, so that the device says so on the wire; no slot, so that nobody ships a
 * device that runs, and turns out at its first update to be of one bank. */
static tb_error reachable(unsigned bank, uint32_t offset, size_t bytes, bool to_write)
{
    if (!in_bank(bank, offset, bytes)) {
        return TB_ERR_RANGE;
    }
    return to_write || bank != 0u || offset >= TB_TARGET->slot_offset ? chip_flash_mode() : TB_OK;
}

tb_error flash_read(unsigned bank, uint32_t offset, void *data, size_t bytes)
{
    tb_error error = reachable(bank, offset, bytes, false);

    return error != TB_OK ? error
                          : chip_flash_bare.read(chip_flash_bare.ctx, bank, offset, data, bytes);
}

tb_error flash_program(unsigned bank, uint32_t offset, const void *unit)
{
    uint32_t word[TB_MAX_UNIT_BYTES / sizeof(uint32_t)];
    uint32_t bytes = TB_TARGET->unit_bytes;
    tb_error error = reachable(bank, offset, bytes, true);

    if (error == TB_OK && offset % bytes != 0u) {
        error = TB_ERR_RANGE;
    }
    if (error != TB_OK) {
        return error;
    }
    memcpy(word, unit, bytes);
    return chip_flash_bare.program(chip_flash_bare.ctx, bank, offset, word);
}

tb_error flash_erase(unsigned bank, uint32_t page_offset)
{
    tb_page page;
    tb_error error = reachable(bank, page_offset, 1u, true);

    if (error == TB_OK &&
        (!tb_page_at(TB_TARGET, page_offset, &page) || page.offset != page_offset)) {
        error = TB_ERR_RANGE;
    }
    if (error != TB_OK) {
        return error;
    }
    return flash_erase_page(bank, page.number);
}

tb_error flash_crc32(unsigned bank, uint32_t offset, uint32_t bytes, uint32_t *crc)
{
    tb_error error = reachable(bank, offset, bytes, false);

    if (error == TB_OK && (offset | bytes) % sizeof(uint32_t) != 0u) {
        error = TB_ERR_RANGE;
    }
    return error != TB_OK
               ? error
               : chip_flash_bare.crc32(chip_flash_bare.ctx, bank, offset, bytes, crc);
}

/* ---- the same as a tb_flash ------------------------------------------------------------------ */

static tb_error driver_read(void *ctx, unsigned bank, uint32_t offset, void *data, size_t bytes)
{
    (void)ctx;
    return flash_read(bank, offset, data, bytes);
}

static tb_error driver_program(void *ctx, unsigned bank, uint32_t offset, const void *unit)
{
    (void)ctx;
    return flash_program(bank, offset, unit);
}

static tb_error driver_erase(void *ctx, unsigned bank, uint32_t page_offset)
{
    (void)ctx;
    return flash_erase(bank, page_offset);
}

static tb_error driver_crc32(void *ctx, unsigned bank, uint32_t offset, uint32_t bytes,
                             uint32_t *crc)
{
    crc_settings before = crc_keep();
    tb_error error = flash_crc32(bank, offset, bytes, crc);

    (void)ctx;
    crc_give_back(&before);
    return error;
}

static unsigned driver_mapped_bank(void *ctx)
{
    return chip_flash_bare.mapped_bank(ctx);
}

static void driver_alive(void *ctx)
{
    (void)ctx;
    chip_watchdog_feed();
}

const tb_flash chip_flash = {
    .chip = TB_TARGET, .read = driver_read, .program = driver_program, .erase = driver_erase,
    .crc32 = driver_crc32, .mapped_bank = driver_mapped_bank, .alive = driver_alive,
};
