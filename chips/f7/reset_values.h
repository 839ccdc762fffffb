/* What reset leaves (RM0410 3.7, 4.4, 5.3, 6.4, 12.4): for app/reset_state.c. */
#include "chips/f7/registers.h"

static const reset_value reset_values[] = {
    {"RCC_CR", &RCC->CR, 0xFFFF00FFu, 0x00000083u}, /* HSICAL is the part's own */
    {"RCC_CFGR", &RCC->CFGR, ~0u, 0},
    {"RCC_PLLCFGR", &RCC->PLLCFGR, ~0u, RCC_PLLCFGR_RESET},
    {"RCC_AHB1RSTR", &RCC->AHB1RSTR, ~0u, 0},
    {"RCC_AHB1ENR", &RCC->AHB1ENR, ~0u, RCC_AHB1ENR_RESET},
    {"RCC_APB1ENR", &RCC->APB1ENR1, ~0u, RCC_APB1ENR1_RESET},
    {"RCC_APB2ENR", &RCC->APB2ENR, ~0u, 0},
    {"RCC_DCKCFGR2", &RCC->DCKCFGR2, ~0u, 0},
    {"RCC_CIR", &RCC->CIR, ~0u, 0},
    {"FLASH_ACR", &FLASH->ACR, ~0u, FLASH_ACR_RESET},
    {"FLASH_SR", &FLASH->SR, ~0u, 0},
    {"FLASH_CR", &FLASH->CR, FLASH_CR_LOCK, FLASH_CR_LOCK},
};

/* Readable only with their clocks on. */
static void reset_values_clock(void)
{
    RCC->AHB1ENR |= RCC_AHB1ENR_CRCEN | 1u << 3;
    RCC->APB1ENR1 |= RCC_APB1ENR1_PWREN;
    (void)RCC->APB1ENR1;
}

static const reset_value reset_values_clocked[] = {
    {"GPIOD_MODER", &GPIO(3)->MODER, ~0u, 0},
    {"GPIOD_PUPDR", &GPIO(3)->PUPDR, ~0u, 0},
    {"GPIOD_AFRH", &GPIO(3)->AFR[1], ~0u, 0},
    {"CRC_CR", &CRC->CR, ~0u, 0},
    {"CRC_INIT", &CRC->INIT, ~0u, 0xFFFFFFFFu},
    {"CRC_POL", &CRC->POL, ~0u, CRC_POL_ETHERNET},
    {"PWR_CR1", &PWR_CR1, ~0u, 0x0000C000u},
};
