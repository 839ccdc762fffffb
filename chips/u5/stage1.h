/* What chips/stm32/stage1.c asks of the family. */
#ifndef CHIPS_U5_STAGE1_H
#define CHIPS_U5_STAGE1_H

#include "chips/stm32/flash.h"
#include "registers.h"

#define STAGE1_MAPPED_BANK (FLASH->OPTR / FLASH_OPTR_SWAP_BANK & 1u)
#define BACKUP_REGISTERS TAMP_BKPR
#define STAGE1_ECC_IS_NMI true

static inline bool stage1_ecc_clear(void)
{
    return flash_take_ecc_error();
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

/* A line that came in with an error must not answer the next read in silence. */
static inline void stage1_distrust_caches(void)
{
    flash_flush_caches();
}

#endif
