/* Identity, mapping, reset cause, backup registers. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/stm32/flash.h"
#include "chips/u5/swap.h"
#include "registers.h"

#define BACKUP_FIRST 28u /* the last four of TAMP's 32 */

static uint32_t flags; /* of the last reset, and of those before it that nobody cleared */

/* The clock stays on: taking it away again might take it from the application. */
__attribute__((noinline)) static void clock_on(reg *enable, uint32_t bits)
{
    *enable |= bits;
    (void)*enable; /* a moment until the clock is there (RM0456 11.4.18) */
}

/* OPTR shows what was loaded: what is asked for and not yet loaded has no effect
 * (RM0456 7.5.8), and swap.c loads at once what it asks for. */
unsigned chip_mapped_bank(void)
{
    return (FLASH->OPTR & FLASH_OPTR_SWAP_BANK) != 0u ? 1u : 0u;
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
    clock_on(&RCC->APB3ENR, RCC_APB3ENR_RTCAPBEN);
    for (unsigned i = 0; i < TB_BACKUP_COUNT; i++) {
        words[i] = TAMP_BKPR[BACKUP_FIRST + i];
    }
}

void chip_backup_write(unsigned index, uint32_t word)
{
    uint32_t dbpr;

    clock_on(&RCC->APB3ENR, RCC_APB3ENR_RTCAPBEN);
    clock_on(&RCC->AHB3ENR, RCC_AHB3ENR_PWREN);
    dbpr = PWR->DBPR;
    PWR->DBPR = dbpr | PWR_DBPR_DBP;
    (void)PWR->DBPR; /* the write must have arrived before the protected one starts */
    TAMP_BKPR[BACKUP_FIRST + index] = word;
    (void)TAMP_BKPR[BACKUP_FIRST + index];
    PWR->DBPR = dbpr;
}

/* The pin is pulled low by almost every reset, so its flag is asked last. The option load
 * of a swap adds its flag to those of the reset before it. */
tb_reset_cause chip_stage1_reset_cause(void)
{
    uint32_t csr = RCC->CSR;
    bool standby;

    flags = csr;

    clock_on(&RCC->AHB3ENR, RCC_AHB3ENR_PWREN);
    standby = (PWR->SR & PWR_SR_SBF) != 0u;

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
    return chip_stage1_reset_cause();
}

bool swap_options_were_loaded(void)
{
    return (flags & RCC_CSR_OBLRSTF) != 0u;
}

bool swap_was_interrupted(void)
{
    return FLASH->OPSR >> FLASH_OPSR_CODE_SHIFT == FLASH_OPSR_CODE_OPTIONS;
}

/* A reset in the middle of an option change: whether OPTR then shows what is in force is
 * not said, so the options are loaded again before anything is decided on it. */
void chip_reset_cause_clear(void)
{
    if (swap_was_interrupted() && !swap_options_were_loaded()) {
        swap_load_options();
    }
    RCC->CSR |= RCC_CSR_RMVF;
}
