/* At a wake from Standby a confirmed image that has been checked since power-on is started
 * without its payload being read again (docs/boot.md). In token_off/ the same for builds that
 * do not choose this: nothing. */
#ifndef BOOT_STAGE1_TOKEN_H
#define BOOT_STAGE1_TOKEN_H

#include <stdbool.h>

#include "twinbank/boot.h"
#include "twinbank/image.h"

/* Before the reset flags are cleared: only a wake leaves the token as it is. */
void token_look(void);
/* Has this image been checked, and has nothing changed since that the heads and logs tell? */
bool token_vouches(const tb_boot_inputs *in, unsigned bank, const tb_image_head *head);
/* At a start: for the next wake. head NULL: it is no application. */
void token_leave(const tb_boot_inputs *in, unsigned bank, const tb_image_head *head);

#endif
