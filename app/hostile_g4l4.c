#include "app/hostile.h"
#include "chips/armv7m.h"
#include "registers.h"

HOSTILE_INLINE uint32_t settle(void)
{
    uint32_t errors;

    while ((FLASH->SR & FLASH_SR_BSY) != 0u) {
    }
    errors = FLASH->SR & FLASH_SR_ERRORS & ~FLASH_SR_OPTVERR;
    FLASH->SR = FLASH_SR_ERRORS;
    return errors;
}

HOSTILE_INLINE void unlock(void)
{
    (void)settle();
    if ((FLASH->CR & FLASH_CR_LOCK) != 0u) {
        FLASH->KEYR = FLASH_KEY1;
        FLASH->KEYR = FLASH_KEY2;
    }
    FLASH->ACR &= ~FLASH_ACR_DCEN;
}

HOSTILE_RAM uint32_t hostile_erase(unsigned bank, unsigned first, unsigned end)
{
    uint32_t primask = arm_interrupts_mask(), errors = 0u;

    unlock();
    for (unsigned page = first; page < end; page++) {
        uint32_t cr = FLASH_CR_PER | page << FLASH_CR_PNB_SHIFT |
                      (bank == 1u ? FLASH_CR_BKER : 0u);

        FLASH->CR = cr;
        FLASH->CR = cr | FLASH_CR_STRT;
        errors |= settle();
        IWDG->KR = IWDG_KEY_RELOAD;
    }
    FLASH->CR = FLASH_CR_LOCK;
    arm_interrupts_restore(primask);
    return errors;
}

HOSTILE_RAM uint32_t hostile_erase_banks(unsigned banks)
{
    uint32_t primask = arm_interrupts_mask(), errors;
    uint32_t cr = ((banks & 1u) != 0u ? FLASH_CR_MER1 : 0u) |
                  ((banks & 2u) != 0u ? FLASH_CR_MER2 : 0u);

    unlock();
    FLASH->CR = cr;
    FLASH->CR = cr | FLASH_CR_STRT;
    errors = settle();
    FLASH->CR = FLASH_CR_LOCK;
    arm_interrupts_restore(primask);
    return errors;
}

/* Zeros go over anything that was programmed (RM0440 3.3.7). */
HOSTILE_RAM uint32_t hostile_zero(unsigned bank, volatile uint32_t *at, unsigned units)
{
    uint32_t primask = arm_interrupts_mask(), errors = 0u;

    (void)bank;
    unlock();
    FLASH->CR = FLASH_CR_PG;
    for (unsigned i = 0; i < units; i++) {
        *at++ = 0u;
        arm_isb();
        *at++ = 0u;
        errors |= settle();
    }
    FLASH->CR = FLASH_CR_LOCK;
    arm_interrupts_restore(primask);
    return errors;
}

HOSTILE_INLINE void unlock_options(void)
{
    unlock();
    FLASH->OPTKEYR = FLASH_OPTKEY1;
    FLASH->OPTKEYR = FLASH_OPTKEY2;
}

HOSTILE_INLINE uint32_t write_options(void)
{
    uint32_t errors;

    FLASH->CR = FLASH_CR_OPTSTRT;
    errors = settle();
    if (errors == 0u) {
        FLASH->CR = FLASH_CR_OBL_LAUNCH;
    }
    FLASH->CR = FLASH_CR_LOCK;
    return errors;
}

HOSTILE_RAM uint32_t hostile_swap(void)
{
    unlock_options();
    FLASH->OPTR ^= FLASH_OPTR_BFB2;
    return write_options();
}

HOSTILE_RAM uint32_t hostile_unprotect(void)
{
    unlock_options();
    for (unsigned i = 0; i < 2u; i++) {
        FLASH->WRP1R[i] = FLASH_WRP_MASK;
        FLASH->WRP2R[i] = FLASH_WRP_MASK;
    }
    return write_options();
}
