/* What chips/stm32/stage1.c asks of the family. */
#ifndef CHIPS_H7_STAGE1_H
#define CHIPS_H7_STAGE1_H

#include "chips/armv7m.h"
#include "chips/stm32/flash.h"
#include "registers.h"

#define STAGE1_MAPPED_BANK ((FLASH(0u)->OPTCR & FLASH_OPTCR_SWAP_BANK) != 0u ? 1u : 0u)
#define STAGE1_ECC_IS_NMI false

/* What cannot be corrected is a bus error here, and no NMI. */
static inline bool stage1_ecc_clear(void)
{
    return false;
}

/* ARMv7-M B3.2.8: so a load that meets a bus error goes on with any value, with BFHFNMIGN,
 * which chip_stage1_begin() has set. Nothing of stage 1's is kept waiting by it. */
static inline void stage1_read_begin(void)
{
    __asm volatile("cpsid f\n\tdsb\n\tisb" ::: "memory");
}

static inline void stage1_read_end(void)
{
    __asm volatile("dsb\n\tcpsie f" ::: "memory");
}

static inline bool stage1_read_failed(void)
{
    return flash_take_ecc_error();
}

/* The data cache is off. */
static inline void stage1_distrust_caches(void)
{
}

#endif
