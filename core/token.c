#include "twinbank/boot.h"
#include "twinbank/image.h"

#define TOKEN_KEY 0x6B4F2E91u /* no other word of ours begins with it */

static uint32_t log_word(const tb_slot_log *log)
{
    return (uint32_t)log->generation << 16 | log->used_units;
}

uint32_t tb_check_token(const tb_boot_inputs *in, unsigned bank, const tb_image_head *head)
{
    uint32_t words[6], token;

    words[0] = TOKEN_KEY;
    words[1] = head->header_crc32;
    words[2] = head->crc32;
    words[3] = (in->mapped_bank & 1u) << 1 | (bank & 1u);
    words[4] = log_word(&in->slot[0].log);
    words[5] = log_word(&in->slot[1].log);
    token = tb_crc32(0, words, sizeof words);
    return token != TB_TOKEN_NONE ? token : TOKEN_KEY;
}
