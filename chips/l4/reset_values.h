/* What reset leaves (RM0351, RM0432 3.7, 5.4, 6.4, 8.5): for app/reset_state.c. */
#include "chips/l4/registers.h"

static const reset_value reset_values[] = {
    {"RCC_CR", &RCC->CR, ~0u, 0x00000063u}, /* MSI at 4 MHz, ready */
    {"RCC_CFGR", &RCC->CFGR, ~0u, 0},
    {"RCC_PLLCFGR", &RCC->PLLCFGR, ~0u, RCC_PLLCFGR_RESET},
    {"RCC_AHB1ENR", &RCC->AHB1ENR, ~0u, RCC_AHB1ENR_RESET},
    {"RCC_AHB2ENR", &RCC->AHB2ENR, ~0u, 0},
    {"RCC_APB1ENR1", &RCC->APB1ENR1, ~(1u << 10), 0}, /* RTCAPBEN: 1 on L4+ */
    {"RCC_APB1ENR2", &RCC->APB1ENR2, ~0u, 0},
    {"RCC_APB2ENR", &RCC->APB2ENR, ~0u, 0},
    {"RCC_CCIPR", &RCC->CCIPR, ~0u, 0},
    {"RCC_AHB2RSTR", &RCC->AHB2RSTR, ~0u, 0},
    {"RCC_CIER", &RCC->CIER, ~0u, 0},
    {"FLASH_ACR", &FLASH->ACR, ~0u, FLASH_ACR_RESET},
    {"FLASH_SR", &FLASH->SR, ~FLASH_SR_OPTVERR, 0},
};

/* Readable only with their clocks on. */
static void reset_values_clock(void)
{
    RCC->AHB1ENR |= RCC_AHB1ENR_CRCEN;
    RCC->AHB2ENR |= 1u | 1u << VDDIO2_PORT;
    RCC->APB1ENR1 |= RCC_APB1ENR1_PWREN;
    (void)RCC->APB1ENR1;
}

static const reset_value reset_values_clocked[] = {
    {"GPIOA_MODER", &GPIO(0)->MODER, ~0u, 0xABFFFFFFu},
    {"GPIOA_PUPDR", &GPIO(0)->PUPDR, ~0u, 0x64000000u},
    {"GPIOA_AFRL", &GPIO(0)->AFR[0], ~0u, 0},
    {"GPIOG_MODER", &GPIO(VDDIO2_PORT)->MODER, ~0u, 0xFFFFFFFFu},
    {"GPIOG_PUPDR", &GPIO(VDDIO2_PORT)->PUPDR, ~0u, 0},
    {"CRC_CR", &CRC->CR, ~0u, 0},
    {"CRC_INIT", &CRC->INIT, ~0u, 0xFFFFFFFFu},
    {"CRC_POL", &CRC->POL, ~0u, CRC_POL_ETHERNET},
    {"PWR_CR1", &PWR_CR1, ~0u, 0x00000200u},
    {"PWR_CR2", &PWR_CR2, ~0u, 0},
};
