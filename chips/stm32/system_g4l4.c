/* Identity, mapping, reset cause, backup registers. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/stm32/flash.h"
#include "registers.h"

#define BACKUP_FIRST 28u /* the last four of 32 */

/* The clock stays on: taking it away again might take it from the application. */
__attribute__((noinline)) static void clock_on(reg *enable, uint32_t bits)
{
    *enable |= bits;
    (void)*enable; /* two cycles until the clock is there (RM0440 7.2.17) */
}

unsigned chip_mapped_bank(void)
{
    /* A gated SYSCFG reads 0: bank 1 from either bank. */
    clock_on(&RCC->APB2ENR, RCC_APB2ENR_SYSCFGEN);
    return (SYSCFG_MEMRMP & SYSCFG_MEMRMP_FB_MODE) != 0u ? 1u : 0u;
}

tb_error chip_check(const tb_chip *chip)
{
    uint32_t id = DBGMCU_IDCODE & 0xFFFu;

    if (id != 0u && id != chip->device_id) {
        return TB_ERR_CHIP;
    }
    return chip_flash_mode();
}

void chip_backup_read(uint32_t words[TB_BACKUP_COUNT])
{
    clock_on(&RCC->APB1ENR1, RCC_APB1ENR1_RTCAPBEN);
    for (unsigned i = 0; i < TB_BACKUP_COUNT; i++) {
        words[i] = BACKUP_REGISTERS[BACKUP_FIRST + i];
    }
}

void chip_backup_write(unsigned index, uint32_t word)
{
    uint32_t cr1;

    clock_on(&RCC->APB1ENR1, RCC_APB1ENR1_RTCAPBEN | RCC_APB1ENR1_PWREN);
    cr1 = PWR_CR1;
    PWR_CR1 = cr1 | PWR_CR1_DBP;
    (void)PWR_CR1; /* the write must have arrived before the protected one starts */
    BACKUP_REGISTERS[BACKUP_FIRST + index] = word;
    (void)BACKUP_REGISTERS[BACKUP_FIRST + index];
    PWR_CR1 = cr1;
}

/* The pin is pulled low by almost every reset, so its flag is asked last (RM0440 7.1.2). PWR has its
 * clock since chip_stage1_begin(). */
tb_reset_cause chip_stage1_reset_cause(void)
{
    uint32_t csr = RCC->CSR;
    bool standby = (PWR_SR1 & PWR_SR1_SBF) != 0u;

    if ((csr & (RCC_CSR_IWDGRSTF | RCC_CSR_WWDGRSTF)) != 0u) {
        return TB_RESET_WATCHDOG;
    }
    if ((csr & RCC_CSR_SFTRSTF) != 0u) {
        return TB_RESET_SOFTWARE;
    }
    if ((csr & RCC_CSR_OBLRSTF) != 0u) {
        return TB_RESET_OPTION;
    }
    if (standby || (csr & RCC_CSR_LPWRRSTF) != 0u) {
        return TB_RESET_STANDBY;
    }
    return (csr & (RCC_CSR_BORRSTF | RCC_CSR_PINRSTF)) == RCC_CSR_PINRSTF ? TB_RESET_PIN
                                                                         : TB_RESET_POWER;
}

tb_reset_cause chip_reset_cause(void)
{
    clock_on(&RCC->APB1ENR1, RCC_APB1ENR1_PWREN);
    return chip_stage1_reset_cause();
}

void chip_reset_cause_clear(void)
{
    RCC->CSR |= RCC_CSR_RMVF;
}
