/* What chips/stm32/standby.c asks of the family. */
#ifndef CHIPS_F7_STANDBY_H
#define CHIPS_F7_STANDBY_H

#include <stdbool.h>

#include "registers.h"

#define RCC_CSR_FLAGS 0xFE000000u

static inline bool standby_flag(void)
{
    return (PWR_SR1 & PWR_SR1_SBF) != 0u;
}

static inline uint32_t reset_flags(void)
{
    return RCC->CSR & RCC_CSR_FLAGS;
}

/* RM0410 4.3.7: the wake-up flag is cleared while the pin is off, or a level that stands wakes
 * at once. */
static inline void standby_choose(void)
{
    RCC->APB1ENR1 |= RCC_APB1ENR1_PWREN;
    (void)RCC->APB1ENR1;
    PWR_CSR2 &= ~PWR_CSR2_EWUP1;
    PWR_CR2 = PWR_CR2_CWUPF; /* and each of them rising */
    PWR_CSR2 |= PWR_CSR2_EWUP1;
    PWR_CR1 |= PWR_CR1_PDDS | PWR_CR1_CSBF;
    (void)PWR_SR1;
}

#endif
