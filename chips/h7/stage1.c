/* Stage 1's own registers: what it needs from the first. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/stm32/flash.h"
#include "registers.h"
#include "tb_target.h"

/* RTC and PWR have their clocks; others need a moment (RM0433 8.5.14), and the write of DBP
 * must have arrived before a protected one starts. */
void chip_stage1_begin(void)
{
    SCB_CCR |= SCB_CCR_BFHFNMIGN; /* for chips/h7/stage1.h */
    arm_icache_on();
    IWDG->KR = IWDG_KEY_RELOAD; /* a hardware watchdog may be running since reset */
    RCC_GATES->AHB4ENR = 1u << TB_TARGET->board.port;
    *CRC_ENR |= CRC_ENR_CRCEN;
    PWR_CR1 |= PWR_CR1_DBP;
    (void)PWR_CR1;
}

void chip_stage1_prepare(void)
{
}

bool chip_stage1_program(uint32_t *to, const uint32_t *unit)
{
    return flash_program_unit(to, unit) == TB_OK;
}
