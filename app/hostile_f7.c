#include "app/hostile.h"
#include "chips/armv7m.h"
#include "registers.h"

#define HOSTILE_CR (FLASH->CR)
#define CR_LOCK FLASH_CR_LOCK
#define CR_START FLASH_CR_STRT
#define CR_PROGRAM (FLASH_CR_PSIZE_32 | FLASH_CR_PG)
#define SNB_BANK2 16u /* RM0410 3.7.5 */
#define UNIT_WORDS 2u

HOSTILE_INLINE uint32_t settle(void)
{
    uint32_t errors;

    while ((FLASH->SR & FLASH_SR_BSY) != 0u) {
        IWDG->KR = IWDG_KEY_RELOAD;
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

HOSTILE_INLINE uint32_t cr_erase(unsigned bank, unsigned page)
{
    return FLASH_CR_PSIZE_32 | FLASH_CR_SER | (page + bank * SNB_BANK2) << FLASH_CR_SNB_SHIFT;
}

HOSTILE_INLINE uint32_t cr_erase_banks(unsigned banks)
{
    return FLASH_CR_PSIZE_32 | ((banks & 1u) != 0u ? FLASH_CR_MER1 : 0u) |
           ((banks & 2u) != 0u ? FLASH_CR_MER2 : 0u);
}

HOSTILE_INLINE uint32_t zero_unit(volatile uint32_t *at)
{
    uint32_t errors = 0u;

    for (unsigned word = 0; word < UNIT_WORDS; word++) {
        at[word] = 0u;
        arm_dsb();
        errors |= settle();
    }
    return errors;
}

#include "app/hostile_steps.h"

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
