/* Clocks. The core stays on HSI, 64 MHz: more than that takes a higher VOS, and before it
 * PWR_CR3, which can be written once after power-on and says how the board feeds the core
 * (RM0433 6.4.1). That is the application's to know. Flash waits 7 cycles after reset,
 * where 1 is enough at this clock (RM0433 table 17). */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/startup.h"
#include "registers.h"

CHIP_EARLY void chip_clock_start(void)
{
}

CHIP_EARLY void chip_clock_switch(void)
{
    if (!IS_H7A3) {
        FLASH(0u)->ACR = FLASH_ACR_64_MHZ;
    }
}

CHIP_EARLY void chip_clock_raise(void)
{
    chip_clock_switch();
}

void chip_restore_reset_state(const tb_chip *chip)
{
    SCB_CCR &= ~SCB_CCR_BFHFNMIGN;
    arm_icache_off();
    if (!IS_H7A3) {
        FLASH(0u)->ACR = FLASH_ACR_RESET;
    }
    PWR_CR1 &= ~PWR_CR1_DBP;
    RCC->AHB4RSTR = 1u << chip->board.port;
    RCC->AHB4RSTR = 0u;
    *CRC_RSTR = CRC_ENR_CRCEN;
    *CRC_RSTR = 0u;
    *CRC_ENR = 0u;
    RCC_GATES->AHB4ENR = 0u;
    RCC_GATES->APB4ENR = RCC_APB4ENR_RESET;
}
