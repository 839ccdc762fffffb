/* HSI16 -> PLL -> boot_hz and back (RM0440 6.1.5, 7.2.4, 3.3.3), on G4, L4 and L4+. From
 * what reset leaves, so registers are written whole. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/startup.h"
#include "registers.h"

#define READY_ROUNDS 0x8000u /* the PLL locks within 40 us; this is over 8 ms at 16 MHz */
#define HALF_SPEED_ROUNDS 32u /* of 3 cycles at least, at 85 MHz: over 1 us */

/* Do the bits `shift` above those of the mask show what these ask for? */
CHIP_EARLY __attribute__((noinline)) static bool settled(const reg *address, unsigned shift,
                                                         uint32_t mask)
{
    for (uint32_t i = READY_ROUNDS; i != 0u; i--) {
        uint32_t now = *address;

        if (((now >> shift ^ now) & mask) == 0u) {
            return true;
        }
    }
    return false;
}

/* Crossing 80 MHz goes by way of half speed for 1 us (RM0440 7.2.7). On the way down that is over
 * when the clock has settled: at most 8 MHz. */
CHIP_EARLY static void select_clock(uint32_t source, uint32_t half_speed_rounds)
{
    RCC->CFGR = source | (CLOCK_BOOST ? RCC_CFGR_HPRE_DIV2 : 0u);
    (void)settled(&RCC->CFGR, RCC_CFGR_SWS_SHIFT, RCC_CFGR_SW_MASK);
    if (CLOCK_BOOST) {
        while (half_speed_rounds-- != 0u) {
            __asm volatile("");
        }
        RCC->CFGR = source;
    }
}

CHIP_EARLY void chip_clock_start(void)
{
    if (CLOCK_BOOST) {
        PWR_CR5 = 0u; /* R1MODE */
    }
    if (CLOCK_HSI_ON != 0u) {
        RCC->CR = RCC_CR_RESET | CLOCK_HSI_ON;
        (void)settled(&RCC->CR, 2u, RCC_CR_HSION);
    }
    RCC->PLLCFGR = CLOCK_PLLCFGR;
    RCC->CR = RCC_CR_RESET | CLOCK_HSI_ON | RCC_CR_PLLON;
}

CHIP_EARLY void chip_clock_switch(void)
{
    FLASH->ACR = (FLASH_ACR_RESET & ~FLASH_ACR_LATENCY_MASK) | CLOCK_WAIT_STATES;
    if (settled(&RCC->CR, 1u, RCC_CR_PLLON) &&
        (FLASH->ACR & FLASH_ACR_LATENCY_MASK) == CLOCK_WAIT_STATES) {
        select_clock(RCC_CFGR_SW_PLL, HALF_SPEED_ROUNDS);
    }
}

CHIP_EARLY void chip_clock_raise(void)
{
    RCC->APB1ENR1 |= RCC_APB1ENR1_PWREN;
    (void)RCC->APB1ENR1;
    chip_clock_start();
    chip_clock_switch();
}

void chip_restore_reset_state(const tb_chip *chip)
{
    select_clock(RCC_CFGR_SW_RESET, 0u);
    RCC->CR = RCC_CR_RESET;
    (void)settled(&RCC->CR, 1u, RCC_CR_PLLON);
    RCC->PLLCFGR = RCC_PLLCFGR_RESET;
    FLASH->ACR = FLASH_ACR_RESET;
    if (CLOCK_BOOST) {
        PWR_CR5 = PWR_CR5_R1MODE;
    }
    supply_restore(chip);
    PWR_CR1 = PWR_CR1_RESET;
    RCC->AHB2RSTR = 1u << chip->board.port;
    RCC->AHB2RSTR = 0u;
    *CRC_RSTR = CRC_ENR_CRCEN;
    *CRC_RSTR = 0u;
    RCC->AHB1ENR = RCC_AHB1ENR_RESET;
    RCC->AHB2ENR = 0u;
    RCC->APB1ENR1 = RCC_APB1ENR1_RESET; /* APB2ENR, SYSCFG's, comes after the swap */
}
