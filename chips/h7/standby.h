/* What chips/stm32/standby.c asks of the family. */
#ifndef CHIPS_H7_STANDBY_H
#define CHIPS_H7_STANDBY_H

#include <stdbool.h>

#include "registers.h"

/* But for those of the core and of its domains, which a wake may set (RM0433 8.4.4). */
#define RCC_RSR_FLAGS                                                                          \
    (RCC_RSR_BORRSTF | RCC_RSR_PINRSTF | RCC_RSR_PORRSTF | RCC_RSR_SFTRSTF |                   \
     RCC_RSR_IWDG1RSTF | RCC_RSR_WWDG1RSTF | RCC_RSR_LPWRRSTF)

static inline bool standby_flag(void)
{
    return (PWR_CPUCR & PWR_CPUCR_SBF) != 0u;
}

static inline uint32_t reset_flags(void)
{
    return RCC_GATES->RSR & RCC_RSR_FLAGS;
}

/* RM0433 6.7.8: Standby of all domains. The H7A3 has two of them, and bit 0 is something else
 * there. */
static inline void standby_choose(void)
{
    PWR_WKUPEPR = PWR_WKUPEPR_WKUPEN1;
    PWR_WKUPCR = PWR_WKUPCR_WKUPC;
    PWR_CPUCR = PWR_CPUCR_CSSF | (IS_H7A3 ? PWR_CPUCR_PDDS_SRD : PWR_CPUCR_PDDS);
    (void)PWR_CPUCR;
}

#endif
