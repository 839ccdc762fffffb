/* HSI -> PLL -> 180 MHz and back (RM0410 3.3.2, 4.1.4, 5.2). 180 MHz is what voltage scale 1
 * gives without over-drive; the 216 MHz with it would bring a fifth and cost the waits for
 * the regulator. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/startup.h"
#include "registers.h"

#define READY_ROUNDS 0x8000u /* the PLL locks within 0.3 ms; this is over 8 ms at 16 MHz */
#define WAIT_STATES 5u       /* to 180 MHz at 2.7 V (RM0410 table 7) */

CHIP_EARLY __attribute__((noinline)) static bool wait_for(const reg *address, uint32_t mask,
                                                          uint32_t value)
{
    for (uint32_t i = 0; i < READY_ROUNDS; i++) {
        if ((*address & mask) == value) {
            return true;
        }
    }
    return false;
}

CHIP_EARLY static void set_latency(uint32_t wait_states)
{
    FLASH->ACR = wait_states;
    (void)wait_for(&FLASH->ACR, FLASH_ACR_LATENCY_MASK, wait_states);
}

CHIP_EARLY void chip_clock_start(void)
{
    RCC->PLLCFGR = 8u | 180u << RCC_PLLCFGR_N_SHIFT | 8u << RCC_PLLCFGR_Q_SHIFT |
                   2u << RCC_PLLCFGR_R_SHIFT; /* 16 / 8 x 180 / 2 */
    RCC->CR |= RCC_CR_PLLON;
}

CHIP_EARLY void chip_clock_switch(void)
{
    set_latency(WAIT_STATES);
    if (wait_for(&RCC->CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY)) {
        /* APB1 stands 45 MHz, APB2 90 MHz. */
        RCC->CFGR = RCC_CFGR_PPRE1_DIV4 | RCC_CFGR_PPRE2_DIV2;
        RCC->CFGR = RCC_CFGR_PPRE1_DIV4 | RCC_CFGR_PPRE2_DIV2 | RCC_CFGR_SW_PLL;
        (void)wait_for(&RCC->CFGR, RCC_CFGR_SW_MASK << RCC_CFGR_SWS_SHIFT,
                       RCC_CFGR_SW_PLL << RCC_CFGR_SWS_SHIFT);
    }
}

CHIP_EARLY void chip_clock_raise(void)
{
    chip_clock_start();
    chip_clock_switch();
}

void chip_restore_reset_state(const tb_chip *chip)
{
    arm_icache_off();
    RCC->CFGR = 0u;
    (void)wait_for(&RCC->CFGR, RCC_CFGR_SW_MASK << RCC_CFGR_SWS_SHIFT, 0u);
    RCC->CR &= ~RCC_CR_PLLON;
    (void)wait_for(&RCC->CR, RCC_CR_PLLRDY, 0u);
    RCC->PLLCFGR = RCC_PLLCFGR_RESET;
    set_latency(FLASH_ACR_RESET);
    PWR_CR1 &= ~PWR_CR1_DBP;
    RCC->AHB1RSTR = 1u << chip->board.port | CRC_ENR_CRCEN;
    RCC->AHB1RSTR = 0u;
    RCC->AHB1ENR = RCC_AHB1ENR_RESET;
    RCC->APB1ENR1 = RCC_APB1ENR1_RESET; /* APB2ENR, SYSCFG's, comes after the swap */
}
