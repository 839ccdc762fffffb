/* The flash of a part with two banks, above its controller. One rule is easy to miss: erase
 * takes the physical bank, programming takes the address at which the unit is mapped now. */
#include "chips/stm32/flash.h"

#include <string.h>

#include "chips/armv7m.h"
#include "chips/chips.h"
#include "tb_target.h"

static struct {
    bool swapped;
    volatile bool ecc_seen; /* set by the NMI handler, or by finding ECCD standing */
} flash_state;

bool chip_nmi_is_ecc(void)
{
    if (!flash_take_ecc_error()) {
        return false;
    }
    flash_state.ecc_seen = true;
    return true;
}

static void ecc_forget(void)
{
    (void)chip_nmi_is_ecc();
    flash_state.ecc_seen = false;
}

/* True if a read since ecc_forget() met an uncorrectable unit. The NMI has been taken
 * once the barrier is passed; where it is not ours to handle the flag still tells. */
static bool ecc_met(void)
{
    arm_dsb();
    arm_isb();
    return chip_nmi_is_ecc() || flash_state.ecc_seen;
}

static uint32_t mapped(unsigned bank, uint32_t offset)
{
    return tb_mapped_address(TB_TARGET, flash_state.swapped, bank, offset);
}

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
    return to_write || bank != 0u || offset >= TB_TARGET->slot_offset ? flash_mode() : TB_OK;
}

/* The NMI handler lets a bad unit's read return, so the flag is asked once, at the end. */
static tb_error flash_read(void *ctx, unsigned bank, uint32_t offset, void *data, size_t bytes)
{
    tb_error error = reachable(bank, offset, bytes, false);

    (void)ctx;
    if (error == TB_OK) {
        ecc_forget();
        flash_copy(data, (const void *)mapped(bank, offset), bytes);
        if (ecc_met()) {
            /* A line that came in with an error must not answer the next read in silence. */
            flash_flush_caches();
            error = TB_ERR_ECC;
        }
    }
    return error;
}

static tb_error flash_program(void *ctx, unsigned bank, uint32_t offset, const void *unit)
{
    uint32_t word[TB_MAX_UNIT_BYTES / sizeof(uint32_t)];
    uint32_t bytes = TB_TARGET->unit_bytes;
    tb_error error = reachable(bank, offset, bytes, true);

    (void)ctx;
    if (error == TB_OK && offset % bytes != 0u) {
        error = TB_ERR_RANGE;
    }
    if (error != TB_OK) {
        return error;
    }
    memcpy(word, unit, bytes);
    return flash_program_unit((volatile uint32_t *)mapped(bank, offset), word);
}

static tb_error flash_erase(void *ctx, unsigned bank, uint32_t page_offset)
{
    tb_page page;
    tb_error error = reachable(bank, page_offset, 1u, true);

    (void)ctx;
    if (error == TB_OK &&
        (!tb_page_at(TB_TARGET, page_offset, &page) || page.offset != page_offset)) {
        error = TB_ERR_RANGE;
    }
    if (error != TB_OK) {
        return error;
    }
    return flash_erase_page(bank, page.number);
}

static tb_error flash_crc32(void *ctx, unsigned bank, uint32_t offset, uint32_t bytes,
                            uint32_t *crc)
{
    tb_error error = reachable(bank, offset, bytes, false);

    (void)ctx;
    if (error == TB_OK && (offset | bytes) % sizeof(uint32_t) != 0u) {
        error = TB_ERR_RANGE;
    }
    if (error == TB_OK) {
        ecc_forget();
        *crc = chip_crc32((const void *)mapped(bank, offset), bytes);
        error = ecc_met() ? TB_ERR_ECC : TB_OK;
    }
    return error;
}

static unsigned flash_mapped_bank(void *ctx)
{
    (void)ctx;
    return flash_state.swapped ? 1u : 0u;
}

static void flash_alive(void *ctx)
{
    (void)ctx;
    chip_watchdog_feed();
}

const tb_flash chip_flash = {
    .chip = TB_TARGET, .read = flash_read, .program = flash_program, .erase = flash_erase,
    .crc32 = flash_crc32, .mapped_bank = flash_mapped_bank, .alive = flash_alive,
};

void chip_flash_init(void)
{
    /* The mapping changes only in the last act of stage 1, so it is read once. */
    flash_state.swapped = chip_mapped_bank() == 1u;
}
