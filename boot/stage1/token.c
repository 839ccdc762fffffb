#include "token.h"

#include "chips/chips.h"

void token_look(void)
{
    if (!chip_stage1_woke()) {
        chip_stage1_backup()[TB_BACKUP_TOKEN] = TB_TOKEN_NONE;
    }
}

/* An image on trial has no token, whatever else there was before it. */
static uint32_t token_of(const tb_boot_inputs *in, unsigned bank, const tb_image_head *head)
{
    return head != NULL && in->slot[bank].log.state == TB_SLOT_CONFIRMED
               ? tb_check_token(in, bank, head)
               : TB_TOKEN_NONE;
}

bool token_vouches(const tb_boot_inputs *in, unsigned bank, const tb_image_head *head)
{
    uint32_t token = chip_stage1_backup()[TB_BACKUP_TOKEN];

    return token != TB_TOKEN_NONE && token == token_of(in, bank, head);
}

void token_leave(const tb_boot_inputs *in, unsigned bank, const tb_image_head *head)
{
    chip_stage1_backup()[TB_BACKUP_TOKEN] = token_of(in, bank, head);
}
