#include "app/hostile.h"
#include "chips/armv7m.h"
#include "registers.h"

#define CR_MER1 (1u << 2)
#define CR_MER2 (1u << 15)
#define SNB_BANK2 16u /* RM0410 3.7.5 */
#define IWDG_RELOAD 0xAAAAu
#define UNIT_WORDS 2u

HOSTILE_INLINE uint32_t settle(void)
{
    uint32_t errors;

    while ((FLASH->SR & FLASH_SR_BSY) != 0u) {
        IWDG->KR = IWDG_RELOAD;
    }
    errors = FLASH->SR & FLASH_SR_ERRORS;
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
}

HOSTILE_RAM uint32_t hostile_erase(unsigned bank, unsigned first, unsigned end)
{
    uint32_t primask = arm_interrupts_mask(), errors = 0u;

    unlock();
    for (unsigned page = first; page < end; page++) {
        uint32_t cr = FLASH_CR_PSIZE_32 | FLASH_CR_SER |
                      (page + bank * SNB_BANK2) << FLASH_CR_SNB_SHIFT;

        FLASH->CR = cr;
        FLASH->CR = cr | FLASH_CR_STRT;
        arm_dsb();
        errors |= settle();
    }
    FLASH->CR = FLASH_CR_LOCK;
    arm_interrupts_restore(primask);
    return errors;
}

HOSTILE_RAM uint32_t hostile_erase_banks(unsigned banks)
{
    uint32_t primask = arm_interrupts_mask(), errors;
    uint32_t cr = FLASH_CR_PSIZE_32 | ((banks & 1u) != 0u ? CR_MER1 : 0u) |
                  ((banks & 2u) != 0u ? CR_MER2 : 0u);

    unlock();
    FLASH->CR = cr;
    FLASH->CR = cr | FLASH_CR_STRT;
    arm_dsb();
    errors = settle();
    FLASH->CR = FLASH_CR_LOCK;
    arm_interrupts_restore(primask);
    return errors;
}

HOSTILE_RAM uint32_t hostile_zero(unsigned bank, volatile uint32_t *at, unsigned units)
{
    uint32_t primask = arm_interrupts_mask(), errors = 0u;

    (void)bank;
    unlock();
    FLASH->CR = FLASH_CR_PSIZE_32 | FLASH_CR_PG;
    for (unsigned i = 0; i < units * UNIT_WORDS; i++) {
        *at++ = 0u;
        arm_dsb();
        errors |= settle();
    }
    FLASH->CR = FLASH_CR_LOCK;
    arm_interrupts_restore(primask);
    return errors;
}

/* nDBOOT would have the ROM choose the bank, as BFB2 on other lines; and only by a reset. */
HOSTILE_INLINE _Noreturn void write_options(uint32_t optcr)
{
    (void)settle();
    FLASH->OPTKEYR = FLASH_OPTKEY1;
    FLASH->OPTKEYR = FLASH_OPTKEY2;
    FLASH->OPTCR = optcr;
    FLASH->OPTCR = optcr | FLASH_OPTCR_OPTSTRT;
    arm_dsb();
    (void)settle();
    SCB_AIRCR = SCB_AIRCR_SYSRESETREQ;
    for (;;) {
    }
}

HOSTILE_RAM uint32_t hostile_swap(void)
{
    write_options((FLASH->OPTCR & ~FLASH_OPTCR_OPTLOCK) ^ FLASH_OPTCR_NDBOOT);
}

HOSTILE_RAM uint32_t hostile_unprotect(void)
{
    write_options((FLASH->OPTCR & ~FLASH_OPTCR_OPTLOCK) | FLASH_OPTCR_NWRP);
}
