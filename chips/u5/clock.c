/* MSIS 4 MHz -> PLL1 -> 160 MHz and back (RM0456 10.5.4, 11.4, 7.3.3). */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "registers.h"

#define READY_ROUNDS 0x2000u /* the slowest is ready within 100 us; this is over 8 ms at 4 MHz */

__attribute__((noinline)) static bool wait_for(const reg *address, uint32_t mask, uint32_t value)
{
    for (uint32_t i = 0; i < READY_ROUNDS; i++) {
        if ((*address & mask) == value) {
            return true;
        }
    }
    return false;
}

static void select_clock(uint32_t source)
{
    RCC->CFGR1 = (RCC->CFGR1 & ~RCC_CFGR1_SW_MASK) | source;
    (void)wait_for(&RCC->CFGR1, RCC_CFGR1_SW_MASK << RCC_CFGR1_SWS_SHIFT,
                   source << RCC_CFGR1_SWS_SHIFT);
}

static void set_latency(uint32_t wait_states)
{
    FLASH->ACR = (FLASH->ACR & ~FLASH_ACR_LATENCY_MASK) | wait_states;
    (void)wait_for(&FLASH->ACR, FLASH_ACR_LATENCY_MASK, wait_states);
}

/* The booster takes its clock from PLL1's source, here MSIS, and must be ready above 55 MHz
 * (RM0456 10.5.4); only then the PLL. */
void chip_clock_raise(void)
{
    const uint32_t ready = PWR_VOSR_VOSRDY | PWR_VOSR_BOOSTRDY;

    RCC->AHB3ENR |= RCC_AHB3ENR_PWREN;
    RCC->PLL1CFGR = RCC_PLL1CFGR_SRC_MSIS | RCC_PLL1CFGR_REN;
    RCC->PLL1DIVR = RCC_PLL1DIVR_RESET_PQR | (80u - 1u); /* 4 x 80 / 2 */
    PWR->VOSR = PWR_VOSR_VOS_RANGE1 | PWR_VOSR_BOOSTEN;
    if (wait_for(&PWR->VOSR, ready, ready)) {
        set_latency(4u); /* 160 MHz in range 1 */
        RCC->CR |= RCC_CR_PLL1ON;
        if (wait_for(&RCC->CR, RCC_CR_PLL1RDY, RCC_CR_PLL1RDY)) {
            select_clock(RCC_CFGR1_SW_PLL);
        }
    }
}

/* What was on at reset stays on (SRAM, caches, flash): only what stage 1 added goes. */
void chip_restore_reset_state(const tb_chip *chip)
{
    select_clock(RCC_CFGR1_SW_MSIS);
    RCC->CR &= ~RCC_CR_PLL1ON;
    (void)wait_for(&RCC->CR, RCC_CR_PLL1RDY, 0u);
    RCC->PLL1CFGR = 0u;
    RCC->PLL1DIVR = RCC_PLL1DIVR_RESET;
    PWR->VOSR = 0u;
    (void)wait_for(&PWR->VOSR, PWR_VOSR_VOSRDY, PWR_VOSR_VOSRDY);
    set_latency(FLASH_ACR_RESET);
    RCC->AHB2RSTR1 = 1u << chip->board.port;
    RCC->AHB2RSTR1 = 0u;
    RCC->AHB2ENR1 = RCC_AHB2ENR1_RESET;
    RCC->AHB3ENR &= ~RCC_AHB3ENR_PWREN;
    RCC->APB3ENR = 0u;
}
