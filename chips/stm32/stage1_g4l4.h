/* What flash_stage1.c asks of the family: G4, L4 and L4+. */
#ifndef CHIPS_STM32_STAGE1_G4L4_H
#define CHIPS_STM32_STAGE1_G4L4_H

#include <stdbool.h>

#include "registers.h"

/* SYSCFG has its clock since chip_stage1_begin(). */
#define STAGE1_MAPPED_BANK (SYSCFG_MEMRMP / SYSCFG_MEMRMP_FB_MODE & 1u)
#define STAGE1_ECC_IS_NMI true

/* An uncorrectable unit was read? The flag is cleared, or the NMI would stand (RM0440 3.7.7);
 * ECCC is written as 0 and so stays, and ECCIE is as after reset. */
static inline bool stage1_ecc_clear(void)
{
    bool error = (FLASH->ECCR & FLASH_ECCR_ECCD) != 0u;

    FLASH->ECCR = FLASH_ECCR_ECCD;
    return error;
}

/* A read of a bad unit is an NMI and gives some value: nothing to prepare. */
static inline void stage1_read_begin(void)
{
}

static inline void stage1_read_end(void)
{
}

static inline bool stage1_read_failed(void)
{
    return false;
}

/* The data cache goes off for good, until chip_launch() empties it: what is read after a bad
 * unit, and after a unit that was written, comes from flash itself (ES0430 2.2.2 too: it may
 * be corrupted by a read while the other bank is written). */
static inline void stage1_distrust_caches(void)
{
    FLASH->ACR &= ~FLASH_ACR_DCEN;
}

#endif
