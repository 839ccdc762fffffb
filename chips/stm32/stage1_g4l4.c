/* Stage 1's own registers on G4, L4 and L4+: what it needs from the first, how it writes a
 * unit, and what it leaves. Everything is written whole, from what reset leaves. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "stage1.h"
#include "tb_target.h"

#define BUSY_ROUNDS 0x800000u /* of at least 4 cycles, for at most 0.2 ms (DS12288) */

/* A gated SYSCFG reads 0, bank 1 from either bank; two cycles until a clock is there
 * (RM0440 7.2.17), and the write of DBP must have arrived before a protected one starts. */
void chip_stage1_begin(void)
{
    IWDG->KR = IWDG_KEY_RELOAD; /* a hardware watchdog may be running since reset */
    RCC->AHB1ENR = RCC_AHB1ENR_RESET | RCC_AHB1ENR_CRCEN;
    RCC->AHB2ENR = 1u << TB_TARGET->board.port;
    RCC->APB1ENR1 = RCC_APB1ENR1_RTCAPBEN | RCC_APB1ENR1_PWREN;
    RCC->APB2ENR = RCC_APB2ENR_SYSCFGEN;
    (void)RCC->APB2ENR;
    PWR_CR1 = PWR_CR1_RESET | PWR_CR1_DBP;
    (void)PWR_CR1;
    supply_need(TB_TARGET);
}

void chip_stage1_prepare(void)
{
}

__attribute__((noinline)) static bool wait_idle(void)
{
    for (uint32_t i = BUSY_ROUNDS; i != 0u; i--) {
        if ((FLASH->SR & FLASH_SR_BSY) == 0u) {
            return true;
        }
    }
    return false;
}

/* RM0440 3.3.5, 3.3.7, as in flash_g4l4.c; nothing interrupts stage 1. */
bool chip_stage1_program(uint32_t *to, const uint32_t *unit)
{
    volatile uint32_t *target = to;
    bool good;

    stage1_distrust_caches();
    if (!wait_idle()) {
        return false;
    }
    if ((FLASH->CR & FLASH_CR_LOCK) != 0u) {
        FLASH->KEYR = FLASH_KEY1;
        FLASH->KEYR = FLASH_KEY2;
    }
    FLASH->SR = FLASH_SR_ERRORS;
    FLASH->CR = FLASH_CR_PG;
    if ((FLASH->CR & FLASH_CR_LOCK) != 0u) {
        return false;
    }
    target[0] = unit[0];
    arm_isb();
    target[1] = unit[1];
    /* CR may not be written while BSY stands: the bus would stall (RM0440 3.7.6). */
    if (!wait_idle()) {
        return false;
    }
    good = (FLASH->SR & FLASH_SR_ERRORS) == 0u;
    FLASH->SR = FLASH_SR_ERRORS;
    FLASH->CR = FLASH_CR_LOCK; /* PG with it: nothing clears it by itself */
    return good;
}
