/* Write protection of stage 1 on the STM32F76x in dual-bank mode (RM0410 3.4.1, 3.5.2): nWRP
 * goes by pairs of sectors, and the row leaves sector 1 free. Whether a bit belongs to the bank
 * or to the place is not known: both are protected or neither. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/f7/mode.h"
#include "registers.h"
#include "tb_target.h"

#define PVD_ROUNDS 0x800u /* over 50 us at 180 MHz, for the detector to settle */
#define NWRP_BOTH (FLASH_OPTCR_NWRP_FIRST(0u) | FLASH_OPTCR_NWRP_FIRST(1u))

uint8_t chip_protected_banks(void)
{
    uint32_t open = FLASH->OPTCR;
    uint8_t banks = 0u;

    for (unsigned bank = 0; bank < 2u; bank++) {
        if ((open & FLASH_OPTCR_NWRP_FIRST(bank)) == 0u) {
            banks |= (uint8_t)(1u << bank);
        }
    }
    return banks;
}

/* RM0410 4.2.3. */
static bool supply_good(void)
{
    uint32_t cr1;
    bool good;

    RCC->APB1ENR1 |= RCC_APB1ENR1_PWREN;
    cr1 = PWR_CR1;
    PWR_CR1 = (cr1 & ~PWR_CR1_PLS_MASK) | PWR_CR1_PVDE;
    for (uint32_t i = 0; i < PVD_ROUNDS; i++) {
        __asm volatile("");
    }
    good = (PWR_SR1 & PWR_SR1_PVDO) == 0u;
    PWR_CR1 = cr1;
    return good;
}

tb_error chip_protect(void)
{
    uint32_t optcr = FLASH->OPTCR, primask;
    tb_error error = TB_OK;

    if ((optcr & FLASH_OPTCR_RDP_MASK) == FLASH_OPTCR_RDP_LEVEL_2) {
        return TB_ERR_OPTIONS;
    }
    if (!supply_good()) {
        return TB_ERR_SUPPLY;
    }
    if (!mode_wait_idle()) {
        return TB_ERR_TIMEOUT;
    }
    chip_watchdog_feed(); /* a reset inside of the option write would be a power cut */
    primask = arm_interrupts_mask();
    if (!mode_unlock()) {
        arm_interrupts_restore(primask);
        return TB_ERR_LOCKED;
    }
    optcr &= ~(NWRP_BOTH | FLASH_OPTCR_OPTLOCK);
    FLASH->SR = FLASH_SR_ERRORS;
    FLASH->OPTCR = optcr;
    FLASH->OPTCR = optcr | FLASH_OPTCR_OPTSTRT;
    arm_dsb();
    if (!mode_wait_idle()) {
        error = TB_ERR_TIMEOUT;
    } else if ((FLASH->SR & FLASH_SR_ERRORS) != 0u) {
        error = TB_ERR_OPTIONS;
    }
    FLASH->OPTCR = optcr | FLASH_OPTCR_OPTLOCK;
    FLASH->CR = FLASH_CR_LOCK;
    arm_interrupts_restore(primask);
    return error;
}
