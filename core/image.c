#include "core/internal.h"
#include "twinbank/image.h"

/* The two first words of the vector table. */
#define SMALLEST_PAYLOAD 8u

tb_error tb_image_check_head(const tb_image_head *head, const tb_identity *device)
{
    const tb_chip *chip = known_chip(device->chip);
    uint32_t address = TB_FLASH_BASE + chip->slot_offset;
    uint32_t room = tb_slot_image_bytes(chip);

    if (head->magic != TB_IMAGE_MAGIC) {
        return TB_ERR_MAGIC;
    }
    if (head->header_crc32 != tb_crc32(0, head, offsetof(tb_image_head, header_crc32))) {
        return TB_ERR_HEADER_CRC;
    }
    if (head->format != TB_IMAGE_FORMAT || head->flags != 0) {
        return TB_ERR_FORMAT;
    }
    if (head->kind == TB_IMAGE_STAGE2) {
        address = chip->stage2_run;
        room = chip->stage2_bytes;
    } else if (head->kind != TB_IMAGE_APPLICATION) {
        return TB_ERR_KIND;
    }
    if (head->device_id != chip->device_id) {
        return TB_ERR_CHIP;
    }
    if ((uint32_t)head->bank_kib * 1024u != chip->bank_bytes) {
        return TB_ERR_GEOMETRY;
    }
    if (head->product_id != device->product_id) {
        return TB_ERR_PRODUCT;
    }
    if (head->load_address != address) {
        return TB_ERR_ADDRESS;
    }
    if (head->size < SMALLEST_PAYLOAD || head->size % 4u != 0 ||
        head->size > room - TB_HEADER_BYTES) {
        return TB_ERR_SIZE;
    }
    return TB_OK;
}
