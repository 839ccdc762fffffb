/* The flash controller of G4, L4 and L4+ (RM0440 3.3): what chips/stm32/flash.c leaves to
 * the family. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/stm32/flash.h"
#include "registers.h"

/* Rounds of the waiting loop, at least 4 cycles each: more than 0.19 s at 170 MHz, for
 * an erase of 25 ms at most (DS12288). */
#define BUSY_ROUNDS 0x800000u

tb_error chip_flash_mode(void)
{
    return (FLASH->OPTR & FLASH_OPTR_DBANK) == FLASH_OPTR_DBANK ? TB_OK : TB_ERR_SINGLE_BANK;
}

bool flash_take_ecc_error(void)
{
    uint32_t eccr = FLASH->ECCR;

    if ((eccr & FLASH_ECCR_ECCD) == 0u) {
        return false;
    }
    /* While the flag stands the next error's address is lost (RM0440 3.7.7); ECCC is
     * written as 0 and so stays. */
    FLASH->ECCR = (eccr & FLASH_ECCR_ECCIE) | FLASH_ECCR_ECCD;
    return true;
}

/* RM0440 3.3.4: a cache can be flushed only while it is off. */
void flash_flush_caches(void)
{
    uint32_t acr = FLASH->ACR;
    uint32_t off = acr & ~(FLASH_ACR_ICEN | FLASH_ACR_DCEN);

    FLASH->ACR = off;
    FLASH->ACR = off | FLASH_ACR_ICRST | FLASH_ACR_DCRST;
    FLASH->ACR = off;
    FLASH->ACR = acr;
}

__attribute__((noinline)) static bool wait_idle(void)
{
    for (uint32_t i = 0; i < BUSY_ROUNDS; i++) {
        if ((FLASH->SR & FLASH_SR_BSY) == 0u) {
            return true;
        }
        chip_while_busy();
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
    flash_flush_caches();
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

tb_error flash_program_unit(volatile uint32_t *target, const uint32_t *word)
{
    return operate(FLASH_CR_PG, target, word);
}

tb_error flash_erase_page(unsigned bank, unsigned page)
{
    return operate(FLASH_CR_PER | ((uint32_t)page << FLASH_CR_PNB_SHIFT) |
                       (bank == 1u ? FLASH_CR_BKER : 0u), NULL, NULL);
}
