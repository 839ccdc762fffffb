#include "app/hostile.h"
#include "chips/armv7m.h"
#include "registers.h"

#define HOSTILE_CR (FLASH->CR)
#define CR_LOCK FLASH_CR_LOCK
#define CR_START FLASH_CR_STRT
#define CR_PROGRAM FLASH_CR_PG
#define UNIT_WORDS 2u

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

HOSTILE_INLINE uint32_t cr_erase(unsigned bank, unsigned page)
{
    return FLASH_CR_PER | page << FLASH_CR_PNB_SHIFT | (bank == 1u ? FLASH_CR_BKER : 0u);
}

HOSTILE_INLINE uint32_t cr_erase_banks(unsigned banks)
{
    return ((banks & 1u) != 0u ? FLASH_CR_MER1 : 0u) | ((banks & 2u) != 0u ? FLASH_CR_MER2 : 0u);
}

/* Zeros go over anything that was programmed (RM0440 3.3.7). */
HOSTILE_INLINE uint32_t zero_unit(volatile uint32_t *at)
{
    at[0] = 0u;
    arm_isb();
    at[1] = 0u;
    return settle();
}

#include "app/hostile_steps.h"

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
