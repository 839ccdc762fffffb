/* Dual-bank or single-bank mode of the STM32F76x: nDBANK (RM0410 3.4.1, 3.7.6). Parts are
 * delivered in single-bank mode. Whether the array's layout changes with the option write or
 * with the reset after it is not known for sure (docs/families/f7.md): from SRAM, and with
 * an erase that is right in either mode, it does not matter. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/f7/mode.h"
#include "registers.h"

/* Rounds of the waiting loop, at least 6 cycles each: more than 40 s at 180 MHz. A mass
 * erase of 2 MB takes 32 s at most at any PSIZE (DS11532). */
#define BUSY_ROUNDS 0x50000000u
#define FEED_MASK 0xFFu

bool chip_dual_bank(void)
{
    return (FLASH->OPTCR & FLASH_OPTCR_NDBANK) == 0u;
}

bool chip_dual_bank_optional(void)
{
    return true;
}

/* A watchdog reset inside of the option write would be a power cut, and all of the erase is
 * longer than most watchdogs wait. */
__attribute__((noinline)) bool mode_wait_idle(void)
{
    for (uint32_t i = 0; i < BUSY_ROUNDS; i++) {
        if ((FLASH->SR & FLASH_SR_BSY) == 0u) {
            return true;
        }
        if ((i & FEED_MASK) == 0u) {
            chip_watchdog_feed();
        }
    }
    return false;
}

/* RM0410 3.3.5, 3.4.2: keys only where it is locked. */
bool mode_unlock(void)
{
    if ((FLASH->CR & FLASH_CR_LOCK) != 0u) {
        FLASH->KEYR = FLASH_KEY1;
        FLASH->KEYR = FLASH_KEY2;
    }
    if ((FLASH->OPTCR & FLASH_OPTCR_OPTLOCK) != 0u) {
        FLASH->OPTKEYR = FLASH_OPTKEY1;
        FLASH->OPTKEYR = FLASH_OPTKEY2;
    }
    arm_dsb();
    return (FLASH->CR & FLASH_CR_LOCK) == 0u && (FLASH->OPTCR & FLASH_OPTCR_OPTLOCK) == 0u;
}

/* Errors are of no account: what is refused here was refused for a sector that is still write
 * protected until the reset, or because there is no such bank in this mode. */
static bool erase(uint32_t mer)
{
    FLASH->SR = FLASH_SR_ERRORS;
    FLASH->CR = mer | FLASH_CR_PSIZE_32;
    FLASH->CR = mer | FLASH_CR_PSIZE_32 | FLASH_CR_STRT;
    arm_dsb();
    return mode_wait_idle();
}

tb_error chip_dual_bank_set(bool dual)
{
    uint32_t optcr = FLASH->OPTCR, primask, sr;
    bool idle;

    if (chip_dual_bank() == dual) {
        return TB_OK;
    }
    if ((optcr & FLASH_OPTCR_RDP_MASK) == FLASH_OPTCR_RDP_LEVEL_2) {
        return TB_ERR_OPTIONS;
    }
    if (!mode_wait_idle()) {
        return TB_ERR_TIMEOUT;
    }
    chip_watchdog_feed();
    primask = arm_interrupts_mask();
    if (!mode_unlock()) {
        arm_interrupts_restore(primask);
        return TB_ERR_LOCKED;
    }
    FLASH->SR = FLASH_SR_ERRORS;
    optcr &= ~(FLASH_OPTCR_NDBANK | FLASH_OPTCR_OPTLOCK | FLASH_OPTCR_OPTSTRT);
    /* nWRP counts other sectors in the other mode: none is protected from now on. */
    optcr |= FLASH_OPTCR_NWRP | (dual ? 0u : FLASH_OPTCR_NDBANK);
    FLASH->OPTCR = optcr;
    FLASH->OPTCR = optcr | FLASH_OPTCR_OPTSTRT;
    arm_dsb();
    idle = mode_wait_idle();
    sr = FLASH->SR & FLASH_SR_ERRORS;
    if (idle && sr == 0u) {
        /* MER1 is all of the array with one bank, and bank 1 with two (3.7.5). */
        idle = erase(FLASH_CR_MER1) && erase(FLASH_CR_MER2);
    }
    if (idle) { /* else CR may not be written: the bus would stall */
        FLASH->OPTCR |= FLASH_OPTCR_OPTLOCK;
        FLASH->CR = FLASH_CR_LOCK;
    }
    arm_interrupts_restore(primask);
    if (!idle) {
        return TB_ERR_TIMEOUT;
    }
    return sr == 0u ? TB_OK : TB_ERR_OPTIONS;
}

/* Every reset loads them. */
_Noreturn void chip_options_load(void)
{
    (void)mode_wait_idle();
    chip_reset();
}
