#include "core/internal.h"
#include "twinbank/image.h"

/* The two first words of the vector table. */
#define SMALLEST_PAYLOAD 8u

/* Who asks for a yes or a no only need not carry the numbers. */
#define REFUSE(error) return whys ? (error) : TB_ERR_MAGIC

static inline tb_error check(const tb_image_head *head, const tb_chip *chip,
                             const uint32_t *product_id, bool whys)
{
    uint32_t address = TB_FLASH_BASE + chip->slot_offset;
    uint32_t room = tb_slot_image_bytes(chip);

    if (head->magic != TB_IMAGE_MAGIC) {
        REFUSE(TB_ERR_MAGIC);
    }
    if (head->header_crc32 != tb_crc32(0, head, offsetof(tb_image_head, header_crc32))) {
        REFUSE(TB_ERR_HEADER_CRC);
    }
    if (head->format != TB_IMAGE_FORMAT || head->flags != 0) {
        REFUSE(TB_ERR_FORMAT);
    }
    if (head->kind == TB_IMAGE_STAGE2) {
        address = chip->stage2_run;
        room = chip->stage2_bytes;
    } else if (head->kind != TB_IMAGE_APPLICATION) {
        REFUSE(TB_ERR_KIND);
    }
    if (head->device_id != chip->device_id) {
        REFUSE(TB_ERR_CHIP);
    }
    if ((uint32_t)head->bank_kib * 1024u != chip->bank_bytes) {
        REFUSE(TB_ERR_GEOMETRY);
    }
    if (product_id != NULL && head->product_id != *product_id) {
        REFUSE(TB_ERR_PRODUCT);
    }
    if (head->load_address != address) {
        REFUSE(TB_ERR_ADDRESS);
    }
    if (head->size % 4u != 0 ||
        head->size - SMALLEST_PAYLOAD > room - TB_HEADER_BYTES - SMALLEST_PAYLOAD) {
        REFUSE(TB_ERR_SIZE);
    }
    return TB_OK;
}

tb_error tb_image_check_head(const tb_image_head *head, const tb_identity *device)
{
    return check(head, known_chip(device->chip), &device->product_id, true);
}

bool tb_image_head_good(const tb_image_head *head, const tb_chip *chip, tb_image_kind kind)
{
    return head->kind == kind && check(head, chip, NULL, false) == TB_OK;
}
