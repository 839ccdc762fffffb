/* A wake from Standby is a reset like any other: this build checks the payload at each. */
#ifndef BOOT_STAGE1_TOKEN_H
#define BOOT_STAGE1_TOKEN_H

#include <stdbool.h>

#include "twinbank/boot.h"
#include "twinbank/image.h"

static inline void token_look(void)
{
}

static inline bool token_vouches(const tb_boot_inputs *in, unsigned bank, const tb_image_head *head)
{
    (void)in, (void)bank, (void)head;
    return false;
}

static inline void token_leave(const tb_boot_inputs *in, unsigned bank, const tb_image_head *head)
{
    (void)in, (void)bank, (void)head;
}

#endif
