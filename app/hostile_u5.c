#include "app/hostile.h"
#include "chips/armv7m.h"
#include "registers.h"

#define HOSTILE_CR (FLASH->NSCR)
#define CR_LOCK FLASH_NSCR_LOCK
#define CR_START FLASH_NSCR_STRT
#define CR_PROGRAM FLASH_NSCR_PG
#define WRP_NONE 0xFF00FFFFu /* UNLOCK too */
#define UNIT_WORDS 4u

HOSTILE_INLINE uint32_t settle(void)
{
    uint32_t errors;

    while ((FLASH->NSSR & (FLASH_NSSR_BSY | FLASH_NSSR_WDW)) != 0u) {
    }
    errors = FLASH->NSSR & FLASH_NSSR_ERRORS;
    FLASH->NSSR = FLASH_NSSR_ERRORS;
    return errors;
}

HOSTILE_INLINE void unlock(void)
{
    (void)settle();
    if ((FLASH->NSCR & FLASH_NSCR_LOCK) != 0u) {
        FLASH->NSKEYR = FLASH_KEY1;
        FLASH->NSKEYR = FLASH_KEY2;
    }
}

HOSTILE_INLINE uint32_t cr_erase(unsigned bank, unsigned page)
{
    return FLASH_NSCR_PER | page << FLASH_NSCR_PNB_SHIFT | (bank == 1u ? FLASH_NSCR_BKER : 0u);
}

HOSTILE_INLINE uint32_t cr_erase_banks(unsigned banks)
{
    return ((banks & 1u) != 0u ? FLASH_NSCR_MER1 : 0u) |
           ((banks & 2u) != 0u ? FLASH_NSCR_MER2 : 0u);
}

/* Zeros go over anything that was programmed (RM0456 7.3.7). */
HOSTILE_INLINE uint32_t zero_unit(volatile uint32_t *at)
{
    for (unsigned word = 0; word < UNIT_WORDS; word++) {
        at[word] = 0u;
    }
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

    FLASH->NSCR = FLASH_NSCR_OPTSTRT;
    errors = settle();
    if (errors == 0u) {
        FLASH->NSCR = FLASH_NSCR_OBL_LAUNCH;
    }
    FLASH->NSCR = FLASH_NSCR_LOCK;
    return errors;
}

HOSTILE_RAM uint32_t hostile_swap(void)
{
    unlock_options();
    FLASH->OPTR ^= FLASH_OPTR_SWAP_BANK;
    return write_options();
}

HOSTILE_RAM uint32_t hostile_unprotect(void)
{
    unlock_options();
    for (unsigned i = 0; i < 2u; i++) {
        FLASH->WRP1R[i] = WRP_NONE;
        FLASH->WRP2R[i] = WRP_NONE;
    }
    return write_options();
}
