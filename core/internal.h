/* What core's files share and nobody else needs. */
#ifndef CORE_INTERNAL_H
#define CORE_INTERNAL_H

#include "known.h"
#include "twinbank/boot.h"
#include "twinbank/update.h"

static inline uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static inline const tb_flash *flash_of(const tb_update *u)
{
    return known_flash(u->flash);
}

static inline const tb_identity *device_of(const tb_update *u)
{
    return known_device(&u->policy.device);
}

/* ---- unit.c: one programming unit ------------------------------------------------ */

bool tb_all_ones(const uint8_t *bytes, size_t count); /* a multiple of 4 */
/* A unit that a cut left unstable reads differently from look to look: where more hangs on it
 * than the next boot, it is looked at as often as this. */
#define TB_LOOKS 16u
/* Does flash hold that, at each look? For units that have been written or read, at most
 * TB_UPDATE_LINE_BYTES of them. TB_ERR_VERIFY, TB_ERR_ECC, or the driver's. */
tb_error tb_holds(const tb_flash *flash, unsigned bank, uint32_t offset, const uint8_t *expected,
                  size_t bytes, unsigned looks);
/* Programs one unit, and sees that it holds. */
tb_error tb_unit_write(const tb_flash *flash, unsigned bank, uint32_t offset, const uint8_t *unit,
                       unsigned looks);
/* Between flash operations of long work. */
void tb_alive(const tb_flash *flash);

/* ---- slots.c ------------------------------------------------------------------------ */

/* Trial with attempts left, or confirmed; the head good, and the payload where checked. */
bool tb_slot_bootable(const tb_slot_info *slot);
/* Payload CRC against the head's. */
tb_error tb_payload_check(const tb_flash *flash, unsigned bank, uint32_t region_offset,
                          const tb_image_head *head);
/* Erases the pages that hold [from, to) of the bank. */
tb_error tb_erase_range(const tb_flash *flash, unsigned bank, uint32_t from, uint32_t to);
/* The copy of stage 2 in this bank: head, and payload CRC. */
tb_error tb_stage2_inspect(const tb_flash *flash, const tb_identity *device, unsigned bank,
                           tb_image_head *head);

/* ---- target.c: where an image goes, and whether it may ---------------------------------- */

tb_error tb_target_choose(tb_update *u, const tb_image_head *head);
/* An application must not lose the image it would fall back to: TB_OK, or why not. */
tb_error tb_fallback_guard(const tb_flash *flash, const tb_update_policy *policy);

/* ---- update.c ---------------------------------------------------------------------------- */

/* Session bytes that end the last page which the image touches, or its log. */
tb_error tb_update_fail(tb_update *u, tb_error error);
tb_error tb_update_flush(tb_update *u);
void tb_update_pass_kept(tb_update *u, uint32_t to);
static inline bool tb_update_head_comes_last(const tb_update *u)
{
    return u->head.kind == TB_IMAGE_STAGE2 || u->keeps;
}

#endif
