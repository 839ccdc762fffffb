/* Stage 1's own registers: what it needs from the first. */
#include "chips/chips.h"
#include "chips/stm32/flash.h"
#include "registers.h"
#include "tb_target.h"

#define CACHE_ROUNDS 0x1000u

/* A moment until a clock is there (RM0456 11.4.18), and the write of DBP must have arrived
 * before a protected one starts. */
void chip_stage1_begin(void)
{
    IWDG->KR = IWDG_KEY_RELOAD; /* a hardware watchdog may be running since reset */
    RCC->AHB1ENR = RCC_AHB1ENR_RESET | RCC_AHB1ENR_CRCEN;
    RCC->AHB2ENR1 = RCC_AHB2ENR1_RESET | 1u << TB_TARGET->board.port;
    RCC->AHB3ENR = RCC_AHB3ENR_RESET | RCC_AHB3ENR_PWREN;
    RCC->APB3ENR = RCC_APB3ENR_RTCAPBEN;
    (void)RCC->APB3ENR;
    PWR->DBPR = PWR_DBPR_DBP;
    (void)PWR->DBPR;
    /* A reset begins with an invalidation (RM0456 8.4.2). */
    for (uint32_t i = CACHE_ROUNDS; i != 0u && (ICACHE->SR & ICACHE_SR_BUSYF) != 0u; i--) {
    }
    ICACHE->CR |= ICACHE_CR_EN;
}

void chip_stage1_prepare(void)
{
}

bool chip_stage1_program(uint32_t *to, const uint32_t *unit)
{
    return flash_program_unit(to, unit) == TB_OK;
}
