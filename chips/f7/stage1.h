/* What chips/stm32/stage1.c asks of the family. There is no ECC, and the data cache is off. */
#ifndef CHIPS_F7_STAGE1_H
#define CHIPS_F7_STAGE1_H

#include <stdbool.h>

#include "registers.h"

/* SYSCFG has its clock since chip_stage1_begin(). */
#define STAGE1_MAPPED_BANK (SYSCFG_MEMRMP / SYSCFG_MEMRMP_FB_MODE & 1u)
#define STAGE1_ECC_IS_NMI false

static inline bool stage1_ecc_clear(void)
{
    return false;
}

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

static inline void stage1_distrust_caches(void)
{
}

#endif
