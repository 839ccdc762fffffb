#include "app/hostile.h"
#include "chips/armv7m.h"
#include "registers.h"

#define CR_BER (1u << 3)
#define CR_SNB(page) ((uint32_t)(page) << FLASH_CR_SNB_SHIFT)
#define UNIT_WORDS (IS_H7A3 ? 4u : 8u)

/* A controller belongs to the place of a bank (RM0433 4.3.12). */
HOSTILE_INLINE flash_registers *controller(unsigned bank)
{
    return FLASH(bank ^ FLASH(0u)->OPTCR >> 31);
}

HOSTILE_INLINE uint32_t settle(flash_registers *flash)
{
    uint32_t errors;

    while ((flash->SR & FLASH_SR_BUSY) != 0u) {
    }
    errors = flash->SR & FLASH_SR_ERRORS;
    flash->CCR = FLASH_SR_ERRORS;
    return errors;
}

HOSTILE_INLINE void unlock(flash_registers *flash)
{
    if ((flash->CR & FLASH_CR_LOCK) != 0u) {
        flash->KEYR = FLASH_KEY1;
        flash->KEYR = FLASH_KEY2;
    }
    flash->CCR = FLASH_SR_ERRORS;
}

HOSTILE_RAM uint32_t hostile_erase(unsigned bank, unsigned first, unsigned end)
{
    flash_registers *flash = controller(bank);
    uint32_t primask = arm_interrupts_mask(), errors = 0u;

    unlock(flash);
    for (unsigned page = first; page < end; page++) {
        uint32_t cr = FLASH_CR_PSIZE | FLASH_CR_SER | CR_SNB(page);

        flash->CR = cr;
        flash->CR = cr | FLASH_CR_START;
        while ((flash->SR & FLASH_SR_BUSY) != 0u) {
            IWDG->KR = IWDG_KEY_RELOAD;
        }
        errors |= settle(flash);
    }
    flash->CR = FLASH_CR_LOCK | FLASH_CR_PSIZE;
    arm_interrupts_restore(primask);
    return errors;
}

HOSTILE_RAM uint32_t hostile_erase_banks(unsigned banks)
{
    uint32_t primask = arm_interrupts_mask(), errors = 0u;

    for (unsigned bank = 0; bank < 2u; bank++) {
        flash_registers *flash = controller(bank);

        unlock(flash);
        if ((banks >> bank & 1u) != 0u) {
            flash->CR = FLASH_CR_PSIZE | CR_BER;
            flash->CR = FLASH_CR_PSIZE | CR_BER | FLASH_CR_START;
        }
        errors |= settle(flash);
        flash->CR = FLASH_CR_LOCK | FLASH_CR_PSIZE;
    }
    arm_interrupts_restore(primask);
    return errors;
}

/* Over a flash word that was programmed: what is left fails its ECC. */
HOSTILE_RAM uint32_t hostile_zero(unsigned bank, volatile uint32_t *at, unsigned units)
{
    flash_registers *flash = controller(bank);
    uint32_t primask = arm_interrupts_mask(), errors = 0u;

    unlock(flash);
    flash->CR = FLASH_CR_PSIZE | FLASH_CR_PG;
    for (unsigned i = 0; i < units; i++) {
        for (unsigned word = 0; word < UNIT_WORDS; word++) {
            *at++ = 0u;
        }
        arm_dsb();
        errors |= settle(flash);
    }
    flash->CR = FLASH_CR_LOCK | FLASH_CR_PSIZE;
    arm_interrupts_restore(primask);
    return errors;
}

HOSTILE_INLINE void unlock_options(void)
{
    if ((FLASH(0u)->OPTCR & FLASH_OPTCR_OPTLOCK) != 0u) {
        FLASH(0u)->OPTKEYR = FLASH_OPTKEY1;
        FLASH(0u)->OPTKEYR = FLASH_OPTKEY2;
    }
}

HOSTILE_INLINE _Noreturn void write_options(void)
{
    FLASH(0u)->OPTCR = FLASH_OPTCR_OPTSTART;
    while ((FLASH(0u)->OPTSR_CUR & FLASH_OPTSR_OPT_BUSY) != 0u) {
    }
    arm_dsb();
    SCB_AIRCR = SCB_AIRCR_SYSRESETREQ;
    for (;;) {
    }
}

HOSTILE_RAM uint32_t hostile_swap(void)
{
    unlock_options();
    FLASH(0u)->OPTSR_PRG ^= FLASH_OPTSR_SWAP_BANK_OPT;
    write_options();
}

HOSTILE_RAM uint32_t hostile_unprotect(void)
{
    unlock_options();
    FLASH(0u)->WPSN_PRG = ~0u;
    FLASH(1u)->WPSN_PRG = ~0u;
    write_options();
}
