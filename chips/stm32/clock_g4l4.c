/* HSI16 -> PLL -> boot_hz and back (RM0440 6.1.5, 7.2.4, 3.3.3), on G4, L4 and L4+. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/startup.h"
#include "registers.h"

#define READY_ROUNDS 0x8000u /* the PLL locks within 40 us; this is over 8 ms at 16 MHz */
#define HALF_SPEED_ROUNDS 64u /* of 2 cycles at least, at 85 MHz: over 1 us */

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

CHIP_EARLY static void select_clock(uint32_t source)
{
    /* Crossing 80 MHz goes by way of half speed for 1 us (RM0440 7.2.7). */
    RCC->CFGR = (RCC->CFGR & ~(RCC_CFGR_SW_MASK | RCC_CFGR_HPRE_MASK)) | source |
                (CLOCK_BOOST ? RCC_CFGR_HPRE_DIV2 : 0u);
    (void)wait_for(&RCC->CFGR, RCC_CFGR_SW_MASK << RCC_CFGR_SWS_SHIFT,
                   source << RCC_CFGR_SWS_SHIFT);
    if (CLOCK_BOOST) {
        for (uint32_t i = 0; i < HALF_SPEED_ROUNDS; i++) {
            __asm volatile("");
        }
        RCC->CFGR &= ~RCC_CFGR_HPRE_MASK;
    }
}

CHIP_EARLY static void set_latency(uint32_t wait_states)
{
    FLASH->ACR = (FLASH->ACR & ~FLASH_ACR_LATENCY_MASK) | wait_states;
    (void)wait_for(&FLASH->ACR, FLASH_ACR_LATENCY_MASK, wait_states);
}

static void lower(void)
{
    select_clock(RCC_CFGR_SW_RESET);
    RCC->CR &= ~(RCC_CR_PLLON | CLOCK_HSI_ON);
    (void)wait_for(&RCC->CR, RCC_CR_PLLRDY, 0u);
    RCC->PLLCFGR = RCC_PLLCFGR_RESET;
    set_latency(FLASH_ACR_RESET & FLASH_ACR_LATENCY_MASK);
    if (CLOCK_BOOST) {
        PWR_CR5 |= PWR_CR5_R1MODE;
    }
}

CHIP_EARLY void chip_clock_raise(void)
{
    RCC->APB1ENR1 |= RCC_APB1ENR1_PWREN;
    (void)RCC->APB1ENR1;
    if (CLOCK_BOOST) {
        PWR_CR5 &= ~PWR_CR5_R1MODE;
    }
    set_latency(CLOCK_WAIT_STATES);
    RCC->PLLCFGR = CLOCK_PLLCFGR;
    if (CLOCK_HSI_ON != 0u) {
        RCC->CR |= CLOCK_HSI_ON;
        (void)wait_for(&RCC->CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY);
    }
    RCC->CR |= RCC_CR_PLLON;
    if (wait_for(&RCC->CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY)) {
        select_clock(RCC_CFGR_SW_PLL);
    }
}

void chip_restore_reset_state(const tb_chip *chip)
{
    if ((RCC->CR & RCC_CR_PLLON) != 0u) {
        lower();
    }
    supply_restore(chip);
    RCC->AHB2RSTR = 1u << chip->board.port;
    RCC->AHB2RSTR = 0u;
    *CRC_RSTR = CRC_ENR_CRCEN;
    *CRC_RSTR = 0u;
    RCC->AHB1ENR = RCC_AHB1ENR_RESET;
    RCC->AHB2ENR = 0u;
    RCC->APB1ENR1 = RCC_APB1ENR1_RESET;
    RCC->APB2ENR = 0u;
}
