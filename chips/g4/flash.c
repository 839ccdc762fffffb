/* The flash controller of G4, L4 and L4+ (RM0440 3.3). One rule is easy to miss: erase
 * takes the physical bank (BKER), programming takes the address at which the unit is
 * mapped now. */
#include <string.h>

#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/g4/registers.h"
#include "tb_target.h"

/* Rounds of the waiting loop, at least 4 cycles each: more than 0.19 s at 170 MHz, for
 * an erase of 25 ms at most (DS12288). */
#define BUSY_ROUNDS 0x800000u

static struct {
    bool swapped;
    volatile bool ecc_seen; /* set by the NMI handler, or by finding ECCD standing */
} flash_state;

bool chip_nmi_is_ecc(void)
{
    uint32_t eccr = FLASH->ECCR;

    if ((eccr & FLASH_ECCR_ECCD) == 0u) {
        return false;
    }
    /* While the flag stands the next error's address is lost (RM0440 3.7.7); ECCC is
     * written as 0 and so stays. */
    FLASH->ECCR = (eccr & FLASH_ECCR_ECCIE) | FLASH_ECCR_ECCD;
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

/* RM0440 3.3.4: a cache can be flushed only while it is off. */
static void caches_flush(void)
{
    uint32_t acr = FLASH->ACR;
    uint32_t off = acr & ~(FLASH_ACR_ICEN | FLASH_ACR_DCEN);

    FLASH->ACR = off;
    FLASH->ACR = off | FLASH_ACR_ICRST | FLASH_ACR_DCRST;
    FLASH->ACR = off;
    FLASH->ACR = acr;
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
 * nothing answers there), and pages are twice as large: only the first can be read. */
static tb_error reachable(unsigned bank, uint32_t offset, size_t bytes, bool to_write)
{
    if (!in_bank(bank, offset, bytes)) {
        return TB_ERR_RANGE;
    }
    if ((FLASH->OPTR & FLASH_OPTR_DBANK) == 0u && (to_write || bank != 0u)) {
        return TB_ERR_SINGLE_BANK;
    }
    return TB_OK;
}

/* The NMI handler lets a bad unit's read return, so the flag is asked once, at the end. */
static tb_error flash_read(void *ctx, unsigned bank, uint32_t offset, void *data, size_t bytes)
{
    tb_error error = reachable(bank, offset, bytes, false);

    (void)ctx;
    if (error == TB_OK) {
        ecc_forget();
        memcpy(data, (const void *)mapped(bank, offset), bytes);
        if (ecc_met()) {
            /* A line that came in with an error must not answer the next read in silence. */
            caches_flush();
            error = TB_ERR_ECC;
        }
    }
    return error;
}

__attribute__((noinline)) static bool wait_idle(void)
{
    for (uint32_t i = 0; i < BUSY_ROUNDS; i++) {
        if ((FLASH->SR & FLASH_SR_BSY) == 0u) {
            return true;
        }
    }
    return false;
}

/* One operation. RM0440 3.3.5: a wrong order of keys locks the controller until the next
 * reset, so they are written only when it is locked; nothing may come between them, nor
 * between the two words (3.3.7), of which the second starts the programming. Without
 * `target` it is an erase (3.3.6). */
static tb_error operate(uint32_t cr, volatile uint32_t *target, const uint32_t *word)
{
    uint32_t acr = FLASH->ACR;
    uint32_t primask, sr;

    if (!wait_idle()) {
        return TB_ERR_TIMEOUT;
    }
    primask = arm_interrupts_mask();
    if ((FLASH->CR & FLASH_CR_LOCK) != 0u) {
        FLASH->KEYR = FLASH_KEY1;
        FLASH->KEYR = FLASH_KEY2;
    }
    /* ES0430 2.2.2: the data cache may be corrupted by a read while the other bank is
     * written, so it is off until the end. */
    FLASH->ACR = acr & ~FLASH_ACR_DCEN;
    /* RM0440 3.3.7: any flag left standing makes the next operation fail (PGSERR). */
    FLASH->SR = FLASH_SR_ERRORS;
    FLASH->CR = cr;
    sr = FLASH->CR & FLASH_CR_LOCK;
    if (sr == 0u && target != NULL) {
        target[0] = word[0];
        arm_isb();
        target[1] = word[1];
    } else if (sr == 0u) {
        FLASH->CR = cr | FLASH_CR_STRT;
    }
    arm_interrupts_restore(primask);
    /* CR may not be written while BSY stands: the bus would stall (RM0440 3.7.6). */
    if (!wait_idle()) {
        return TB_ERR_TIMEOUT; /* with the data cache off: whatever hangs, it hangs still */
    }
    sr |= FLASH->SR & FLASH_SR_ERRORS;
    FLASH->SR = FLASH_SR_ERRORS;
    FLASH->CR = FLASH_CR_LOCK; /* PG and PER with it: nothing clears them by itself */
    FLASH->ACR = acr;
    caches_flush();
    if ((sr & FLASH_CR_LOCK) != 0u) {
        return TB_ERR_LOCKED;
    }
    if ((sr & FLASH_SR_WRPERR) != 0u) {
        return TB_ERR_WRITE_PROTECTED;
    }
    if (sr == 0u) {
        return TB_OK;
    }
    return target != NULL ? TB_ERR_PROGRAM : TB_ERR_ERASE;
}

static tb_error flash_program(void *ctx, unsigned bank, uint32_t offset, const void *unit)
{
    uint32_t word[2];
    tb_error error = reachable(bank, offset, sizeof word, true);

    (void)ctx;
    if (error == TB_OK && offset % sizeof word != 0u) {
        error = TB_ERR_RANGE;
    }
    if (error != TB_OK) {
        return error;
    }
    memcpy(word, unit, sizeof word);
    return operate(FLASH_CR_PG, (volatile uint32_t *)mapped(bank, offset), word);
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
    return operate(FLASH_CR_PER | ((uint32_t)page.number << FLASH_CR_PNB_SHIFT) |
                       (bank == 1u ? FLASH_CR_BKER : 0u), NULL, NULL);
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
