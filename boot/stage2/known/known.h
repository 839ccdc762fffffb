/* core/known/known.h for stage 2: the compiler sees the driver, the row and the role. */
#ifndef KNOWN_H
#define KNOWN_H

#include "chips/chips.h"
#include "tb_target.h"
#include "twinbank/update.h"

static inline const tb_flash *known_flash(const tb_flash *flash)
{
    (void)flash;
    return &chip_flash;
}

static inline const tb_chip *known_chip(const tb_chip *chip)
{
    (void)chip;
    return TB_TARGET;
}

extern tb_identity stage2_device;

static inline const tb_identity *known_device(const tb_identity *device)
{
    (void)device;
    return &stage2_device;
}

static inline int known_running_bank(int bank)
{
    (void)bank;
    return -1;
}

#endif
