/* What chips/stm32/standby.c asks of the family: G4, L4 and L4+. */
#ifndef CHIPS_STM32_STANDBY_G4L4_H
#define CHIPS_STM32_STANDBY_G4L4_H

#include <stdbool.h>

#include "registers.h"

#define RCC_CSR_FLAGS 0xFF000000u

static inline bool standby_flag(void)
{
    return (PWR_SR1 & PWR_SR1_SBF) != 0u;
}

static inline uint32_t reset_flags(void)
{
    return RCC->CSR & RCC_CSR_FLAGS;
}

/* RM0440 6.3.8; the flags last, since a change of the pin's settings may set them. */
static inline void standby_choose(void)
{
    RCC->APB1ENR1 |= RCC_APB1ENR1_PWREN;
    (void)RCC->APB1ENR1;
    PWR_CR4 &= ~PWR_CR4_WP1;
    PWR_CR3 |= PWR_CR3_EWUP1;
    PWR_CR1 = (PWR_CR1 & ~PWR_CR1_LPMS_MASK) | PWR_CR1_LPMS_STANDBY;
    PWR_SCR = PWR_SCR_CSBF | PWR_SCR_CWUF;
    (void)PWR_SR1;
}

#endif
