/* Identity, mapping, reset cause, backup registers. */
#include "chips/chips.h"
#include "registers.h"

#define BACKUP_FIRST 28u /* the last four of 32 */

static void backup_clock_on(void)
{
    RCC_GATES->APB4ENR |= RCC_APB4ENR_RTCAPBEN;
    (void)RCC_GATES->APB4ENR; /* the clock needs a moment (RM0433 8.5.14) */
}

unsigned chip_mapped_bank(void)
{
    return (FLASH(0u)->OPTCR & FLASH_OPTCR_SWAP_BANK) != 0u ? 1u : 0u;
}

tb_error chip_check(const tb_chip *chip)
{
    uint32_t id = DBGMCU_IDCODE & 0xFFFu;

    return id == 0u || id == chip->device_id ? TB_OK : TB_ERR_CHIP;
}

void chip_backup_read(uint32_t words[TB_BACKUP_COUNT])
{
    backup_clock_on();
    for (unsigned i = 0; i < TB_BACKUP_COUNT; i++) {
        words[i] = BACKUP_REGISTERS[BACKUP_FIRST + i];
    }
}

void chip_backup_write(unsigned index, uint32_t word)
{
    uint32_t cr1 = PWR_CR1;

    backup_clock_on();
    PWR_CR1 = cr1 | PWR_CR1_DBP;
    (void)PWR_CR1; /* the write must have arrived before the protected one starts */
    BACKUP_REGISTERS[BACKUP_FIRST + index] = word;
    (void)BACKUP_REGISTERS[BACKUP_FIRST + index];
    PWR_CR1 = cr1;
}

/* The pin is pulled low by almost every reset, so its flag is asked last (RM0433 8.4.4). */
tb_reset_cause chip_stage1_reset_cause(void)
{
    uint32_t rsr = RCC_GATES->RSR;

    if ((rsr & (RCC_RSR_IWDG1RSTF | RCC_RSR_WWDG1RSTF)) != 0u) {
        return TB_RESET_WATCHDOG;
    }
    if ((rsr & RCC_RSR_SFTRSTF) != 0u) {
        return TB_RESET_SOFTWARE;
    }
    if ((PWR_CPUCR & PWR_CPUCR_SBF) != 0u || (rsr & RCC_RSR_LPWRRSTF) != 0u) {
        return TB_RESET_STANDBY;
    }
    rsr &= RCC_RSR_BORRSTF | RCC_RSR_PORRSTF | RCC_RSR_PINRSTF;
    return rsr == RCC_RSR_PINRSTF ? TB_RESET_PIN : TB_RESET_POWER;
}

tb_reset_cause chip_reset_cause(void)
{
    return chip_stage1_reset_cause();
}

void chip_reset_cause_clear(void)
{
    RCC_GATES->RSR |= RCC_RSR_RMVF;
}
