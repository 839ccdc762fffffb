/* What chips/stm32/standby.c asks of the family. */
#ifndef CHIPS_U5_STANDBY_H
#define CHIPS_U5_STANDBY_H

#include <stdbool.h>

#include "registers.h"

#define RCC_CSR_FLAGS 0xFE000000u

static inline bool standby_flag(void)
{
    return (PWR->SR & PWR_SR_SBF) != 0u;
}

static inline uint32_t reset_flags(void)
{
    return RCC->CSR & RCC_CSR_FLAGS;
}

/* RM0456 10.7.9; the flags last, since a change of the pin's settings may set them. */
static inline void standby_choose(void)
{
    RCC->AHB3ENR |= RCC_AHB3ENR_PWREN;
    (void)RCC->AHB3ENR;
    PWR->WUCR3 = 0u; /* WKUP1 is PA0 */
    PWR->WUCR2 = 0u;
    PWR->WUCR1 = PWR_WUCR1_WUPEN1;
    PWR->CR1 = (PWR->CR1 & ~PWR_CR1_LPMS_MASK) | PWR_CR1_LPMS_STANDBY;
    PWR->SR = PWR_SR_CSSF;
    PWR->WUSCR = PWR_WUSCR_CWUF;
    (void)PWR->SR;
}

#endif
