/* Stage 1's own registers: what it needs from the first. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/stm32/flash.h"
#include "registers.h"
#include "tb_target.h"

extern uint32_t __data_load, __data_start, __data_end;

/* A gated SYSCFG reads 0, bank 1 from either bank; two cycles until a clock is there
 * (RM0410 5.2.13), and the write of DBP must have arrived before a protected one starts. */
void chip_stage1_begin(void)
{
    arm_icache_on();
    IWDG->KR = IWDG_KEY_RELOAD; /* a hardware watchdog may be running since reset */
    RCC->AHB1ENR = RCC_AHB1ENR_RESET | RCC_AHB1ENR_CRCEN | 1u << TB_TARGET->board.port;
    RCC->APB1ENR1 = RCC_APB1ENR1_RTCAPBEN | RCC_APB1ENR1_PWREN;
    RCC->APB2ENR = RCC_APB2ENR_SYSCFGEN;
    (void)RCC->APB2ENR;
    PWR_CR1 |= PWR_CR1_DBP;
    (void)PWR_CR1;
}

/* What chips/f7/launch.c runs from SRAM. */
void chip_stage1_prepare(void)
{
    (void)chip_stage1_read(&__data_start, &__data_load,
                           (uint32_t)((uintptr_t)&__data_end - (uintptr_t)&__data_start));
    arm_dsb();
}

bool chip_stage1_program(uint32_t *to, const uint32_t *unit)
{
    return flash_program_unit(to, unit) == TB_OK;
}
