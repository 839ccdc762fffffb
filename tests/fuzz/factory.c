/* `factory`: any stage 1 object, any images. What it writes, the hex reader reads back as
 * the same bytes at the same addresses. */
#include <stdlib.h>
#include <string.h>

#include "host/lib/factory.h"
#include "host/lib/objfile.h"
#include "tests/fuzz/fuzz.h"

static void seal(tb_image_head *head, const uint8_t *file, size_t bytes)
{
    head->magic = TB_IMAGE_MAGIC;
    head->size = (uint32_t)(bytes - TB_HEADER_BYTES);
    head->tlv_crc32 = tb_crc32(0, file + TB_HEAD_BYTES, TB_TLV_BYTES);
    head->crc32 = tb_crc32(0, file + TB_HEADER_BYTES, bytes - TB_HEADER_BYTES);
    head->header_crc32 = tb_crc32(0, head, offsetof(tb_image_head, header_crc32));
}

/* An image for the part with the input's payload, its head changed by the input. */
static const char *image_of(unsigned which, const tb_chip *chip, tb_image_kind kind,
                            fuzz_input *in)
{
    static uint8_t file[TB_HEADER_BYTES + 4096u];
    size_t changes = fuzz_u8(in) % 4u, payload;
    const uint8_t *bytes = fuzz_bytes(in, (size_t)fuzz_u16(in) % 4096u, &payload);
    uint32_t base = tb_payload_base(chip, kind);
    uint32_t vectors[2] = {chip->sram.base + chip->sram.bytes, base + 5u};
    tb_image_head head = {.kind = (uint8_t)kind, .format = TB_IMAGE_FORMAT,
                          .device_id = chip->device_id,
                          .bank_kib = (uint16_t)(chip->bank_bytes / 1024u),
                          .load_address = kind == TB_IMAGE_STAGE2 ? base : base - TB_HEADER_BYTES};
    size_t total = TB_HEADER_BYTES + 8u + (payload & ~(size_t)3u);

    memset(file, 0xFF, sizeof file);
    if (total > sizeof file) {
        total = sizeof file;
    }
    memcpy(file + TB_HEADER_BYTES, vectors, sizeof vectors);
    memcpy(file + TB_HEADER_BYTES + 8u, bytes, total - TB_HEADER_BYTES - 8u);
    seal(&head, file, total);
    memcpy(file, &head, sizeof head);
    for (; changes > 0; changes--) {
        file[(size_t)fuzz_u16(in) % total] ^= fuzz_u8(in);
    }
    return fuzz_file(which, file, total);
}

static void check_hex(const tb_factory *f)
{
    size_t bytes, segment = 0;
    char *hex = tb_factory_hex(f, &bytes);
    tb_objfile o;

    FUZZ_CHECK(hex != NULL);
    FUZZ_CHECK(tb_objfile_parse(&o, "factory", hex, bytes, TB_NO_ADDRESS));
    for (size_t i = 0; i < f->count; i++) {
        const tb_factory_part *p = &f->parts[i];

        while (segment < o.count &&
               o.segments[segment].address + o.segments[segment].bytes <= p->address) {
            segment++;
        }
        FUZZ_CHECK(segment < o.count && o.segments[segment].address <= p->address);
        uint32_t at = p->address - o.segments[segment].address;
        FUZZ_CHECK(p->bytes <= o.segments[segment].bytes - at);
        FUZZ_CHECK(memcmp(o.segments[segment].data + at, p->data, p->bytes) == 0);
    }
    tb_objfile_free(&o);
    free(hex);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = {data, size};
    size_t rows, stage1_bytes;
    const tb_chip *chips = tb_chips(&rows);
    const tb_chip *chip = &chips[fuzz_u8(&in) % rows];
    unsigned flags = fuzz_u8(&in);
    tb_factory_options o = {.chip = chip};
    tb_factory f;
    tb_complaint why = {0};

    if (!chip->has_banks) {
        return 0;
    }
    o.stage2 = image_of(1, chip, flags & 1u ? TB_IMAGE_APPLICATION : TB_IMAGE_STAGE2, &in);
    if (flags & 2u) {
        o.app = image_of(2, chip, flags & 4u ? TB_IMAGE_STAGE2 : TB_IMAGE_APPLICATION, &in);
    }
    const uint8_t *stage1 = fuzz_bytes(&in, in.left, &stage1_bytes);
    uint8_t *copy = malloc(stage1_bytes + 8u);
    FUZZ_CHECK(copy != NULL);
    uint32_t vectors[2] = {chip->sram.base + 16u, TB_FLASH_BASE + 5u};
    size_t front = flags & 8u ? sizeof vectors : 0u;
    memcpy(copy, vectors, front);
    memcpy(copy + front, stage1, stage1_bytes);
    o.stage1 = fuzz_file(0, copy, front + stage1_bytes);
    if (tb_factory_make(&o, &f, &why)) {
        check_hex(&f);
        tb_factory_free(&f);
    } else {
        FUZZ_CHECK(why.what[0] != 0 && f.count == 0);
    }
    free(copy);
    return 0;
}
