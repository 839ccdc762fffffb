/* Dual-bank or single-bank mode of the STM32F76x, by nDBANK (RM0410 3.4.2). Every reset loads
 * the options; until then the part is in its old mode. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "registers.h"

/* Rounds of the waiting loop, at least 6 cycles each: 2 s and more at 180 MHz, for a sector of
 * 16 or 32 KB that takes 0.8 s at most, or an option write. */
#define BUSY_ROUNDS 0x4000000u
#define FEED_MASK 0x3FFFu
#define SNB_BANK2 16u

bool chip_dual_bank(void)
{
    return (FLASH->OPTCR & FLASH_OPTCR_NDBANK) == 0u;
}

__attribute__((noinline)) static bool wait_idle(void)
{
    for (uint32_t i = 1; i < BUSY_ROUNDS; i++) {
        if ((FLASH->SR & FLASH_SR_BSY) == 0u) {
            return true;
        }
        if ((i & FEED_MASK) == 0u) {
            chip_watchdog_feed();
        }
    }
    return false;
}

/* Keys only where it is locked (RM0410 3.3.5). */
static bool unlock(void)
{
    if ((FLASH->CR & FLASH_CR_LOCK) != 0u) {
        FLASH->KEYR = FLASH_KEY1;
        FLASH->KEYR = FLASH_KEY2;
    }
    if ((FLASH->OPTCR & FLASH_OPTCR_OPTLOCK) != 0u) {
        FLASH->OPTKEYR = FLASH_OPTKEY1;
        FLASH->OPTKEYR = FLASH_OPTKEY2;
    }
    return ((FLASH->CR & FLASH_CR_LOCK) | (FLASH->OPTCR & FLASH_OPTCR_OPTLOCK)) == 0u;
}

static void erase_sector(uint32_t number)
{
    uint32_t cr = FLASH_CR_SER | FLASH_CR_PSIZE_32 | number << FLASH_CR_SNB_SHIFT;

    FLASH->SR = FLASH_SR_ERRORS;
    FLASH->CR = cr;
    FLASH->CR = cr | FLASH_CR_STRT;
    (void)wait_idle();
}

tb_error chip_dual_bank_set(bool dual)
{
    tb_error error = TB_OK;
    uint32_t optcr = FLASH->OPTCR, primask;

    if (chip_dual_bank() == dual) {
        return TB_OK;
    }
    if ((optcr & FLASH_OPTCR_RDP_MASK) == FLASH_OPTCR_RDP_LEVEL_2) {
        return TB_ERR_OPTIONS; /* frozen */
    }
    if (!wait_idle()) {
        return TB_ERR_TIMEOUT;
    }
    /* A watchdog reset inside of the option write would be a power cut. */
    chip_watchdog_feed();
    primask = arm_interrupts_mask();
    if (!unlock()) {
        arm_interrupts_restore(primask);
        return TB_ERR_LOCKED;
    }
    /* nWRP counts other sectors in the other mode: off. */
    optcr = (optcr & ~(FLASH_OPTCR_NDBANK | FLASH_OPTCR_OPTLOCK)) | FLASH_OPTCR_NWRP |
            (dual ? 0u : FLASH_OPTCR_NDBANK);
    FLASH->SR = FLASH_SR_ERRORS;
    FLASH->OPTCR = optcr;
    FLASH->OPTCR = optcr | FLASH_OPTCR_OPTSTRT;
    arm_dsb();
    if (!wait_idle()) {
        error = TB_ERR_TIMEOUT;
    } else if ((FLASH->SR & FLASH_SR_ERRORS) != 0u) {
        error = TB_ERR_OPTIONS;
    } else {
        /* Contents are out of order from the next reset on. What would be started then is the
         * first sector, in either mode: with it gone nothing is. */
        erase_sector(0u);
        if (!dual) {
            erase_sector(SNB_BANK2);
        }
        FLASH->CR = FLASH_CR_LOCK;
    }
    FLASH->OPTCR = optcr | FLASH_OPTCR_OPTLOCK;
    arm_interrupts_restore(primask);
    return error;
}

_Noreturn void chip_options_load(void)
{
    chip_reset();
}
