#include "app/hostile.h"
#include "chips/armv7m.h"
#include "registers.h"

#define NSCR_MER1 (1u << 2)
#define NSCR_MER2 (1u << 15)
#define IWDG_RELOAD 0xAAAAu
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

HOSTILE_RAM uint32_t hostile_erase(unsigned bank, unsigned first, unsigned end)
{
    uint32_t primask = arm_interrupts_mask(), errors = 0u;

    unlock();
    for (unsigned page = first; page < end; page++) {
        uint32_t cr = FLASH_NSCR_PER | page << FLASH_NSCR_PNB_SHIFT |
                      (bank == 1u ? FLASH_NSCR_BKER : 0u);

        FLASH->NSCR = cr;
        FLASH->NSCR = cr | FLASH_NSCR_STRT;
        errors |= settle();
        IWDG->KR = IWDG_RELOAD;
    }
    FLASH->NSCR = FLASH_NSCR_LOCK;
    arm_interrupts_restore(primask);
    return errors;
}

HOSTILE_RAM uint32_t hostile_erase_banks(unsigned banks)
{
    uint32_t primask = arm_interrupts_mask(), errors;
    uint32_t cr = ((banks & 1u) != 0u ? NSCR_MER1 : 0u) | ((banks & 2u) != 0u ? NSCR_MER2 : 0u);

    unlock();
    FLASH->NSCR = cr;
    FLASH->NSCR = cr | FLASH_NSCR_STRT;
    errors = settle();
    FLASH->NSCR = FLASH_NSCR_LOCK;
    arm_interrupts_restore(primask);
    return errors;
}

/* Zeros go over anything that was programmed (RM0456 7.3.7). */
HOSTILE_RAM uint32_t hostile_zero(unsigned bank, volatile uint32_t *at, unsigned units)
{
    uint32_t primask = arm_interrupts_mask(), errors = 0u;

    (void)bank;
    unlock();
    FLASH->NSCR = FLASH_NSCR_PG;
    for (unsigned i = 0; i < units; i++) {
        for (unsigned word = 0; word < UNIT_WORDS; word++) {
            *at++ = 0u;
        }
        errors |= settle();
    }
    FLASH->NSCR = FLASH_NSCR_LOCK;
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
