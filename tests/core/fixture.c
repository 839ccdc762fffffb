#include "fixture.h"

#include <string.h>

#define SMALL_COMMON                                                                      \
    .has_banks = true, .device_id = 0x7A7u, .flash_kib = 32, .bank_bytes = 16u * 1024u,    \
    .bank2_base = 0x08004000u, .sram = {0x20000000u, 0x8000u}, .stage2_run = 0x20001000u,  \
    .reset_hz = 16000000u, .boot_hz = 16000000u

const tb_chip chip_small = {
    .name = "small", SMALL_COMMON, .pages = {{16, 1024}}, .unit_bytes = 8, .stage1_bytes = 1024,
    .stage2_offset = 1024, .stage2_bytes = 3072, .slot_offset = 4096, .log_units = 16};
const tb_chip chip_wide = {
    .name = "wide", SMALL_COMMON, .pages = {{8, 2048}}, .unit_bytes = 16, .stage1_bytes = 2048,
    .stage2_offset = 2048, .stage2_bytes = 4096, .slot_offset = 6144, .log_units = 128};
const tb_chip chip_sectors = {
    .name = "sectors", SMALL_COMMON, .pages = {{2, 2048}, {1, 4096}, {2, 4096}}, .unit_bytes = 32,
    .stage1_bytes = 2048, .stage2_offset = 2048, .stage2_bytes = 2048, .slot_offset = 4096,
    .log_units = 12};

tb_image_head *image_head(image *im)
{
    return (tb_image_head *)(void *)im->bytes;
}

void image_seal(image *im)
{
    tb_image_head *head = image_head(im);

    uint32_t room = IMAGE_MAX - TB_HEADER_BYTES; /* a test may have made the size a lie */

    head->crc32 = tb_crc32(0, im->bytes + TB_HEADER_BYTES, head->size < room ? head->size : room);
    head->tlv_crc32 = tb_crc32(0, im->bytes + TB_HEAD_BYTES, TB_TLV_BYTES);
    head->header_crc32 = tb_crc32(0, head, offsetof(tb_image_head, header_crc32));
}

static uint32_t mix(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7FEB352Du;
    x ^= x >> 15;
    x *= 0x846CA68Bu;
    return x ^ x >> 16;
}

void image_make(image *im, const tb_chip *chip, tb_image_kind kind, uint32_t version,
                uint32_t payload, uint32_t fill, bool sparse)
{
    uint32_t base = kind == TB_IMAGE_STAGE2 ? chip->stage2_run
                                            : TB_FLASH_BASE + chip->slot_offset + TB_HEADER_BYTES;
    uint32_t vectors[2] = {chip->sram.base + chip->sram.bytes, base + 5u};

    assert_true(TB_HEADER_BYTES + payload <= IMAGE_MAX);
    memset(im->bytes, 0xFF, sizeof im->bytes);
    *image_head(im) =
        (tb_image_head){.magic = TB_IMAGE_MAGIC,
                        .size = payload,
                        .version = version,
                        .kind = (uint8_t)kind,
                        .format = TB_IMAGE_FORMAT,
                        .device_id = chip->device_id,
                        .bank_kib = (uint16_t)(chip->bank_bytes / 1024u),
                        .product_id = PRODUCT,
                        .load_address = kind == TB_IMAGE_STAGE2 ? chip->stage2_run
                                                                : TB_FLASH_BASE + chip->slot_offset,
                        .security_version = 1};
    im->total = TB_HEADER_BYTES + payload;
    for (uint32_t i = 0; i < payload; i++) {
        if (!sparse || i % 512u < 24u || i + 8u > payload) {
            im->bytes[TB_HEADER_BYTES + i] = (uint8_t)mix(fill * 65536u + i);
        }
    }
    memcpy(im->bytes + TB_HEADER_BYTES, vectors, sizeof vectors);
    image_seal(im);
}

void put_stage1(flash_model *m, unsigned bank)
{
    uint8_t bytes[4096];
    uint32_t vectors[2] = {m->chip->sram.base + 0x2000u, TB_FLASH_BASE + 0x101u};

    assert_true(m->chip->stage1_bytes <= sizeof bytes);
    memset(bytes, 0xFF, sizeof bytes);
    for (uint32_t i = 0; i < 640u; i++) {
        bytes[i] = (uint8_t)(i % 256u < 64u ? mix(i) : 0xFFu);
    }
    memcpy(bytes, vectors, sizeof vectors);
    model_put(m, bank, 0, bytes, m->chip->stage1_bytes);
}

void put_stage2(flash_model *m, unsigned bank, uint32_t version)
{
    static image im;

    image_make(&im, m->chip, TB_IMAGE_STAGE2, version, 512, version, true);
    model_put(m, bank, m->chip->stage2_offset, im.bytes, im.total);
}

void put_record(flash_model *m, unsigned bank, unsigned unit, tb_record_kind kind, uint8_t argument,
                uint16_t generation)
{
    uint8_t bytes[TB_MAX_UNIT_BYTES];

    tb_record_encode(bytes, m->chip->unit_bytes, kind, argument, generation);
    model_put(m, bank, tb_log_offset(m->chip) + unit * m->chip->unit_bytes, bytes,
              m->chip->unit_bytes);
}

void put_app(flash_model *m, unsigned bank, const image *im, uint16_t generation)
{
    model_put(m, bank, m->chip->slot_offset, im->bytes, im->total);
    put_record(m, bank, 0, TB_RECORD_INSTALLED, 0, generation);
    put_record(m, bank, 1, TB_RECORD_CONFIRMED, TB_CONFIRMED_BY_FACTORY, generation);
}

void device_make(flash_model *m, const tb_chip *chip, image *v1)
{
    model_init(m, chip);
    for (unsigned bank = 0; bank < 2u; bank++) {
        put_stage1(m, bank);
        put_stage2(m, bank, TB_VERSION(1, 0, 0));
    }
    image_make(v1, chip, TB_IMAGE_APPLICATION, TB_VERSION(1, 0, 0), 1600, 1, true);
    put_app(m, 0, v1, 1);
}

tb_update_policy policy_app(const tb_chip *chip, int running)
{
    return (tb_update_policy){{chip, PRODUCT}, running, -1};
}

tb_update_policy policy_stage2(const tb_chip *chip, int copy)
{
    return (tb_update_policy){{chip, PRODUCT}, -1, copy};
}

tb_error update_all(tb_update *u, const image *im, uint32_t piece)
{
    tb_image_head head;
    uint32_t next;
    tb_error error;

    memcpy(&head, im->bytes, sizeof head);
    error = tb_update_begin(u, &head, &next);
    while (error == TB_OK && next < im->total) {
        uint32_t n = im->total - next < piece ? im->total - next : piece;

        error = tb_update_write(u, next, im->bytes + next, n);
        next += n;
    }
    return error == TB_OK ? tb_update_finish(u) : error;
}

bool holds_image(const flash_model *m, unsigned bank, uint32_t offset, const image *im)
{
    return memcmp(m->bytes[bank] + offset, im->bytes, im->total) == 0;
}
