/* The two flash controllers of the STM32H7 (RM0433 4.3, RM0455 4.3): what
 * chips/stm32/flash.c leaves to the family. A controller belongs to the place where a bank
 * is mapped now, not to the bank; and a read of a flash word that ECC cannot correct is a
 * bus error. */
#include <string.h>

#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/stm32/crc.h"
#include "chips/stm32/flash.h"
#include "registers.h"
#include "tb_target.h"

/* Rounds of the waiting loop, each a read of 10 cycles over the bus: 5 s at 480 MHz, for
 * a sector of 128 KB that takes 4 s at most (DS12110). */
#define BUSY_ROUNDS 0x10000000u
#define FEED_MASK 0x3FFFu
/* As much is read in one piece with exceptions masked: about 20 us at 64 MHz. */
#define PIECE_BYTES 256u
#define CACHE_LINE_BYTES 32u

tb_error chip_flash_mode(void)
{
    return TB_OK; /* there are always two banks */
}

/* ---- reads ---- */

/* RM0433 4.3.9: the double error stands in SR until it is cleared, and so does what a
 * protected area answers with. */
bool flash_take_ecc_error(void)
{
    if (((FLASH(0u)->SR | FLASH(1u)->SR) & FLASH_SR_READ_ERRORS) == 0u) {
        return false;
    }
    FLASH(0u)->CCR = FLASH_SR_READ_ERRORS;
    FLASH(1u)->CCR = FLASH_SR_READ_ERRORS;
    SCB_CFSR = SCB_CFSR_BFSR; /* a fault that was not taken may stand there all the same */
    return true;
}

/* ARMv7-M B3.2.8: with CCR.BFHFNMIGN, and FAULTMASK set, a load that meets a bus error
 * goes on with any value. So nothing depends on who owns the fault handlers. Either copies
 * one piece, or gives it to the CRC unit. */
__attribute__((noinline)) static uint32_t read_piece(void *to, const void *from, uint32_t bytes)
{
    uint32_t piece = bytes < PIECE_BYTES ? bytes : PIECE_BYTES;
    uint32_t ccr = SCB_CCR;

    SCB_CCR = ccr | SCB_CCR_BFHFNMIGN;
    __asm volatile("cpsid f\n\tdsb\n\tisb" ::: "memory");
    if (to != NULL) {
        memcpy(to, from, piece);
    } else {
        crc_words(from, piece / sizeof(uint32_t));
    }
    __asm volatile("dsb\n\tcpsie f" ::: "memory");
    SCB_CCR = ccr;
    return piece;
}

void flash_copy(void *to, const void *from, size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        done += read_piece((uint8_t *)to + done, (const uint8_t *)from + done, bytes - done);
    }
}

uint32_t chip_crc32_fresh(const void *data, uint32_t bytes)
{
    crc_begin();
    for (uint32_t done = 0; done < bytes;) {
        done += read_piece(NULL, (const uint8_t *)data + done, bytes - done);
    }
    return ~CRC->DR;
}

/* What was read with an error is in no cache; what is written is dropped from there below. */
void flash_flush_caches(void)
{
}

/* An application may have switched the core's data cache on; where it is off this does
 * nothing (ARMv7-M B2.2.7). */
static void data_cache_drop(uint32_t address, uint32_t bytes)
{
    for (uint32_t at = address; at - address < bytes; at += CACHE_LINE_BYTES) {
        SCB_DCIMVAC = at;
    }
    arm_dsb();
}

/* ---- operations ---- */

/* A sector takes longer to erase than many a watchdog waits: it is fed here, as long as
 * the hardware may still come to an end. */
__attribute__((noinline)) static bool wait_idle(const flash_registers *flash)
{
    for (uint32_t i = 1; i < BUSY_ROUNDS; i++) {
        if ((flash->SR & FLASH_SR_BUSY) == 0u) {
            return true;
        }
        chip_while_busy();
        if ((i & FEED_MASK) == 0u) {
            chip_watchdog_feed();
        }
    }
    return false;
}

/* RM0433 4.3.10: eight words (H7A3: four) fill the write buffer; an interrupt may not come
 * between them, as it might write here too. */
static void burst(volatile uint32_t *target, const uint32_t *word)
{
    arm_dsb();
    for (unsigned i = 0; i < TB_TARGET->unit_bytes / sizeof *word; i++) {
        target[i] = word[i];
    }
    arm_dsb();
}

/* One operation; without `target` it is an erase (RM0433 4.3.11). PSIZE stays as it is: the
 * board's supply decides. */
static tb_error operate(unsigned place, uint32_t cr, volatile uint32_t *target,
                        const uint32_t *word)
{
    flash_registers *flash = FLASH(place);
    uint32_t primask, sr;

    cr |= flash->CR & FLASH_CR_PSIZE;
    if (!wait_idle(flash)) {
        return TB_ERR_TIMEOUT;
    }
    primask = arm_interrupts_mask();
    if ((flash->CR & FLASH_CR_LOCK) != 0u) {
        flash->KEYR = FLASH_KEY1;
        flash->KEYR = FLASH_KEY2;
    }
    flash->CCR = FLASH_SR_ERRORS;
    flash->CR = cr;
    sr = flash->CR & FLASH_CR_LOCK;
    if (sr == 0u && target != NULL) {
        burst(target, word);
    } else if (sr == 0u) {
        flash->CR = cr | FLASH_CR_START;
    }
    arm_interrupts_restore(primask);
    if (!wait_idle(flash)) {
        return TB_ERR_TIMEOUT;
    }
    sr |= flash->SR & FLASH_SR_ERRORS;
    flash->CCR = FLASH_SR_ERRORS;
    flash->CR = FLASH_CR_LOCK | (cr & FLASH_CR_PSIZE);
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

/* RM0433 4.3.12: CR1 and SR1 serve what is mapped first, whichever bank that is. */
tb_error flash_program_unit(volatile uint32_t *target, const uint32_t *word)
{
    uint32_t address = (uint32_t)target;
    tb_error error =
        operate(address >= TB_TARGET->bank2_base ? 1u : 0u, FLASH_CR_PG, target, word);

    data_cache_drop(address, TB_TARGET->unit_bytes);
    return error;
}

tb_error flash_erase_page(unsigned bank, unsigned page)
{
    bool swapped = chip_mapped_bank() == 1u;
    uint32_t bytes = TB_TARGET->pages[0].bytes; /* all sectors are of one size */
    tb_error error = operate((bank == 1u) != swapped ? 1u : 0u,
                             FLASH_CR_SER | ((uint32_t)page << FLASH_CR_SNB_SHIFT), NULL, NULL);

    data_cache_drop(tb_mapped_address(TB_TARGET, swapped, bank, page * bytes), bytes);
    return error;
}
