/* What reset leaves (RM0456 7.9, 10.10, 11.8, 13.4, 20.4): for app/reset_state.c. */
#include "chips/u5/registers.h"

static const reset_value reset_values[] = {
    {"RCC_CR", &RCC->CR, ~0u, 0x00000035u}, /* MSIS and MSIK at 4 MHz, ready */
    /* The trim is the part's own, and MSIRGSEL only says that the range stands here, not in CSR. */
    {"RCC_ICSCR1", &RCC->ICSCR1, 0xFF700000u, 0x44000000u},
    {"RCC_CFGR1", &RCC->CFGR1, ~0u, 0},
    {"RCC_CFGR2", &RCC->CFGR2, ~0u, 0x00006000u},
    {"RCC_CFGR3", &RCC->CFGR3, ~0u, 0},
    {"RCC_PLL1CFGR", &RCC->PLL1CFGR, ~0u, 0},
    {"RCC_PLL1DIVR", &RCC->PLL1DIVR, ~0u, RCC_PLL1DIVR_RESET},
    {"RCC_AHB1ENR", &RCC->AHB1ENR, ~0u, 0xD0000100u},
    {"RCC_AHB2ENR1", &RCC->AHB2ENR1, ~0u, RCC_AHB2ENR1_RESET},
    {"RCC_AHB3ENR", &RCC->AHB3ENR, ~0u, RCC_AHB3ENR_RESET},
    {"RCC_APB1ENR1", &RCC->APB1ENR1, ~0u, 0},
    {"RCC_APB1ENR2", &RCC->APB1ENR2, ~0u, 0},
    {"RCC_APB2ENR", &RCC->APB2ENR, ~0u, 0},
    {"RCC_APB3ENR", &RCC->APB3ENR, ~0u, 0},
    {"RCC_AHB1RSTR", &RCC->AHB1RSTR, ~0u, 0},
    {"RCC_AHB2RSTR1", &RCC->AHB2RSTR1, ~0u, 0},
    {"RCC_CCIPR1", &RCC->CCIPR1, ~0u, 0},
    {"RCC_CCIPR3", &RCC->CCIPR3, ~0u, 0},
    {"RCC_CIER", &RCC->CIER, ~0u, 0},
    {"FLASH_ACR", &FLASH->ACR, ~0u, FLASH_ACR_RESET},
    {"FLASH_NSSR", &FLASH->NSSR, FLASH_NSSR_ERRORS | FLASH_NSSR_BSY | FLASH_NSSR_WDW, 0},
    {"FLASH_NSCR", &FLASH->NSCR, ~0u, FLASH_NSCR_LOCK | FLASH_NSCR_OPTLOCK},
    {"ICACHE_CR.EN", &ICACHE->CR, ICACHE_CR_EN, 0},
};

/* Readable only with their clocks on. */
static void reset_values_clock(void)
{
    RCC->AHB1ENR |= RCC_AHB1ENR_CRCEN;
    RCC->AHB2ENR1 |= 1u;
    RCC->AHB3ENR |= RCC_AHB3ENR_PWREN;
    (void)RCC->AHB3ENR;
}

static const reset_value reset_values_clocked[] = {
    {"GPIOA_MODER", &GPIO(0)->MODER, ~0u, 0xABFFFFFFu},
    {"GPIOA_PUPDR", &GPIO(0)->PUPDR, ~0u, 0x64000000u},
    {"GPIOA_AFRH", &GPIO(0)->AFR[1], ~0u, 0},
    {"CRC_CR", &CRC->CR, ~0u, 0},
    {"CRC_INIT", &CRC->INIT, ~0u, 0xFFFFFFFFu},
    {"CRC_POL", &CRC->POL, ~0u, CRC_POL_ETHERNET},
    {"PWR_VOSR", &PWR->VOSR, ~0u, PWR_VOSR_RESET},
    {"PWR_SVMCR", &PWR->SVMCR, ~0u, 0},
    {"PWR_DBPR", &PWR->DBPR, ~0u, 0},
};
