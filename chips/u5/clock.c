/* MSIS from 4 to 48 MHz and back (RM0456 10.5.4, 11.8.3, 7.3.3). */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/startup.h"
#include "chips/stm32/flash.h"
#include "registers.h"

#define READY_ROUNDS 0x2000u /* the range is ready within 100 us; this is over 8 ms at 4 MHz */

CHIP_EARLY static bool range_ready(void)
{
    for (uint32_t i = 0; i < READY_ROUNDS; i++) {
        if ((PWR->VOSR & PWR_VOSR_VOSRDY) != 0u) {
            return true;
        }
    }
    return false;
}

/* The fastest that needs neither PLL nor booster, nor another number of wait states than
 * reset leaves: one is right to 64 MHz in range 1. */
CHIP_EARLY void chip_clock_start(void)
{
    PWR->VOSR = PWR_VOSR_VOS_RANGE1;
}

CHIP_EARLY void chip_clock_switch(void)
{
    if (range_ready()) {
        RCC->ICSCR1 = RCC->ICSCR1 << 4 >> 4 | RCC_ICSCR1_MSIRGSEL;
    }
}

CHIP_EARLY void chip_clock_raise(void)
{
    RCC->AHB3ENR |= RCC_AHB3ENR_PWREN;
    chip_clock_start();
    chip_clock_switch();
}

void chip_restore_reset_state(const tb_chip *chip)
{
    ICACHE->CR &= ~ICACHE_CR_EN;
    flash_flush_caches();
    RCC->ICSCR1 |= 4u << RCC_ICSCR1_MSISRANGE_SHIFT;
    PWR->VOSR = 0u;
    (void)range_ready();
    PWR->DBPR = 0u;
    RCC->AHB2RSTR1 = 1u << chip->board.port;
    RCC->AHB2RSTR1 = 0u;
    *CRC_RSTR = CRC_ENR_CRCEN;
    *CRC_RSTR = 0u;
    *CRC_ENR = RCC_AHB1ENR_RESET;
    RCC->AHB2ENR1 = RCC_AHB2ENR1_RESET;
    RCC->AHB3ENR = RCC_AHB3ENR_RESET;
    RCC->APB3ENR = 0u;
}
