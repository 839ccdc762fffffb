/* Identity, mapping, reset cause, backup registers, watchdog. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/stm32/flash.h"
#include "chips/g4/registers.h"

#define BACKUP_FIRST 28u /* the last four of TAMP's 32 */
#define IWDG_UPDATE_ROUNDS 0x40000u /* five LSI periods are 27,000 cycles at 170 MHz */

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
    return flash_mode();
}

void chip_uid(uint8_t uid[12])
{
    for (unsigned i = 0; i < 12u; i++) {
        uid[i] = (uint8_t)(UID_WORDS[i / 4u] >> (8u * (i % 4u)));
    }
}

void chip_backup_read(uint32_t words[TB_BACKUP_COUNT])
{
    clock_on(&RCC->APB1ENR1, RCC_APB1ENR1_RTCAPBEN);
    for (unsigned i = 0; i < TB_BACKUP_COUNT; i++) {
        words[i] = TAMP_BKPR[BACKUP_FIRST + i];
    }
}

void chip_backup_write(unsigned index, uint32_t word)
{
    uint32_t cr1;

    clock_on(&RCC->APB1ENR1, RCC_APB1ENR1_RTCAPBEN | RCC_APB1ENR1_PWREN);
    cr1 = PWR_CR1;
    PWR_CR1 = cr1 | PWR_CR1_DBP;
    (void)PWR_CR1; /* the write must have arrived before the protected one starts */
    TAMP_BKPR[BACKUP_FIRST + index] = word;
    (void)TAMP_BKPR[BACKUP_FIRST + index];
    PWR_CR1 = cr1;
}

/* The pin is pulled low by almost every reset, so its flag is asked last (RM0440 7.1.2). */
tb_reset_cause chip_reset_cause(void)
{
    uint32_t csr = RCC->CSR;
    bool standby;

    clock_on(&RCC->APB1ENR1, RCC_APB1ENR1_PWREN);
    standby = (PWR_SR1 & PWR_SR1_SBF) != 0u;

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

void chip_reset_cause_clear(void)
{
    RCC->CSR |= RCC_CSR_RMVF;
}

/* RM0440 42.3.3: start, unlock, set, wait for the registers to pass into the LSI
 * domain, reload. The ROM may have left an update under way (AN2606).
 * 8 ms to a tick, 32 s at most. */
void chip_watchdog_start(uint32_t timeout_ms)
{
    uint32_t ticks = timeout_ms / (256u * 1000u / LSI_HZ);

    IWDG->KR = IWDG_KEY_START;
    for (uint32_t i = 0; IWDG->SR != 0u && i < IWDG_UPDATE_ROUNDS; i++) {
    }
    IWDG->KR = IWDG_KEY_UNLOCK;
    IWDG->PR = IWDG_PR_256;
    IWDG->RLR = ticks < IWDG_RLR_MAX ? ticks : IWDG_RLR_MAX;
    for (uint32_t i = 0; IWDG->SR != 0u && i < IWDG_UPDATE_ROUNDS; i++) {
    }
    IWDG->KR = IWDG_KEY_RELOAD;
}

void chip_watchdog_feed(void)
{
    IWDG->KR = IWDG_KEY_RELOAD;
}

_Noreturn void chip_reset(void)
{
    arm_dsb();
    for (;;) {
        SCB_AIRCR = SCB_AIRCR_SYSRESETREQ;
        arm_dsb();
    }
}
