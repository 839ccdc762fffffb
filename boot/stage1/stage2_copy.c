#include "boot/stage1/stage1.h"

/* The copy in SRAM is what is checked: that covers the flash, and the way from there. */
static bool payload_load(unsigned bank, const tb_image_head *head)
{
    uint32_t *run = (uint32_t *)TB_TARGET->stage2_run;

    uint32_t offset = TB_TARGET->stage2_offset + TB_HEADER_BYTES;

    return chip_flash_bare.read(chip_flash_bare.ctx, bank, offset, run, head->size) == TB_OK &&
           chip_crc32_fresh(run, head->size) == head->crc32 &&
           stage1_vectors_good(run, TB_TARGET->stage2_run, head->size);
}

int stage2_load(bool older)
{
    tb_image_head head[2];
    bool good[2] = {false, false};
    unsigned banks = chip_flash_mode() == TB_OK ? 2u : 1u;

    for (unsigned bank = 0; bank < banks; bank++) {
        good[bank] = stage1_head_read(bank, TB_TARGET->stage2_offset, TB_IMAGE_STAGE2, &head[bank]);
    }
    unsigned bank = good[1] && (!good[0] || head[1].version > head[0].version) ? 1u : 0u;
    bank ^= older ? 1u : 0u;
    for (unsigned tries = 0; tries < 2u; tries++, bank ^= 1u) {
        if (good[bank] && payload_load(bank, &head[bank])) {
            return (int)bank;
        }
    }
    return -1;
}
