/* What the engine may take for granted about the program that it is compiled for. Here
 * nothing: everything is as its structs say. Stage 2, which has one flash and one role, and no
 * bytes to spare, is compiled with boot/stage2/known/known.h in its place. */
#ifndef KNOWN_H
#define KNOWN_H

#include "twinbank/update.h"

static inline const tb_flash *known_flash(const tb_flash *flash)
{
    return flash;
}

static inline const tb_chip *known_chip(const tb_chip *chip)
{
    return chip;
}

/* Of a tb_update_policy. */
static inline const tb_identity *known_device(const tb_identity *device)
{
    return device;
}

static inline int known_running_bank(int bank)
{
    return bank;
}

#endif
