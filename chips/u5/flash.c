/* The flash controller of the U5 with TZEN = 0 (RM0456 7.3): what chips/stm32/flash.c leaves
 * to the family. */
#include "chips/u5/flash.h"

#include <stddef.h>

#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/stm32/flash.h"
#include "registers.h"
#include "tb_target.h"

/* Rounds of the waiting loop, at least 4 cycles each: more than 0.2 s at 160 MHz, for an
 * operation of some ms (not in the manual; Zephyr allows 5 ms for a page). */
#define BUSY_ROUNDS 0x800000u

bool flash_always_dual(void)
{
    return TB_TARGET->device_id == 0x455u ? TB_TARGET->flash_kib == 512u
           : TB_TARGET->device_id == 0x482u ? TB_TARGET->flash_kib == 2048u
                                            : TB_TARGET->flash_kib == 4096u;
}

tb_error chip_flash_mode(void)
{
    uint32_t optr = FLASH->OPTR;

    if ((optr & FLASH_OPTR_TZEN) != 0u) {
        return TB_ERR_TRUSTZONE;
    }
    return flash_always_dual() || (optr & FLASH_OPTR_DUALBANK) != 0u ? TB_OK : TB_ERR_SINGLE_BANK;
}

bool flash_take_ecc_error(void)
{
    uint32_t eccr = FLASH->ECCR;

    if ((eccr & FLASH_ECCR_ECCD) == 0u) {
        return false;
    }
    /* ECCC is written as 0 and so stays. */
    FLASH->ECCR = (eccr & FLASH_ECCR_ECCIE) | FLASH_ECCR_ECCD;
    return true;
}

/* Neither erasing nor programming reaches what ICACHE holds (RM0456 8.4.6). */
void flash_flush_caches(void)
{
    ICACHE->CR |= ICACHE_CR_CACHEINV;
    while ((ICACHE->SR & ICACHE_SR_BUSYF) != 0u) {
    }
}

/* WDW too: it stands while a quad-word is incomplete (RM0456 7.3.7). */
__attribute__((noinline)) bool flash_wait_idle(void)
{
    for (uint32_t i = 0; i < BUSY_ROUNDS; i++) {
        if ((FLASH->NSSR & (FLASH_NSSR_BSY | FLASH_NSSR_WDW)) == 0u) {
            return true;
        }
        chip_while_busy();
    }
    return false;
}

/* RM0456 7.3.5: a wrong order of keys locks the controller until the next reset, so they
 * are written only when it is locked. Flags left standing make an operation fail. */
void flash_unlock(void)
{
    if ((FLASH->NSCR & FLASH_NSCR_LOCK) != 0u) {
        FLASH->NSKEYR = FLASH_KEY1;
        FLASH->NSKEYR = FLASH_KEY2;
    }
    FLASH->NSSR = FLASH_NSSR_ERRORS;
}

/* One operation (RM0456 7.3.6, 7.3.7). The fourth word starts the programming; nothing may
 * come between the words. Without `target` it is an erase. */
static tb_error operate(uint32_t nscr, volatile uint32_t *target, const uint32_t *word)
{
    uint32_t primask, nssr;

    if (!flash_wait_idle()) {
        return TB_ERR_TIMEOUT;
    }
    primask = arm_interrupts_mask();
    flash_unlock();
    FLASH->NSCR = nscr;
    nssr = FLASH->NSCR & FLASH_NSCR_LOCK;
    if (nssr == 0u && target != NULL) {
        for (unsigned i = 0; i < 4u; i++) {
            target[i] = word[i];
        }
        arm_dsb();
    } else if (nssr == 0u) {
        FLASH->NSCR = nscr | FLASH_NSCR_STRT;
    }
    arm_interrupts_restore(primask);
    /* NSCR may not be written while BSY stands: the bus would stall. */
    if (!flash_wait_idle()) {
        return TB_ERR_TIMEOUT;
    }
    nssr |= FLASH->NSSR & FLASH_NSSR_ERRORS;
    FLASH->NSSR = FLASH_NSSR_ERRORS;
    FLASH->NSCR = FLASH_NSCR_LOCK; /* PG and PER with it: nothing clears them by itself */
    flash_flush_caches();
    if ((nssr & FLASH_NSCR_LOCK) != 0u) {
        return TB_ERR_LOCKED;
    }
    if ((nssr & FLASH_NSSR_WRPERR) != 0u) {
        return TB_ERR_WRITE_PROTECTED;
    }
    if (nssr == 0u) {
        return TB_OK;
    }
    return target != NULL ? TB_ERR_PROGRAM : TB_ERR_ERASE;
}

tb_error flash_program_unit(volatile uint32_t *target, const uint32_t *word)
{
    return operate(FLASH_NSCR_PG, target, word);
}

tb_error flash_erase_page(unsigned bank, unsigned page)
{
    return operate(FLASH_NSCR_PER | (uint32_t)page << FLASH_NSCR_PNB_SHIFT |
                       (bank == 1u ? FLASH_NSCR_BKER : 0u), NULL, NULL);
}
