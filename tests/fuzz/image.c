/* The image format: the core's check of a head, and the host's reader of whole files.
 * Bits of the first byte repair what a fuzzer cannot hit: magic, CRCs. */
#include <stdlib.h>
#include <string.h>

#include "host/lib/imagefile.h"
#include "tests/fuzz/fuzz.h"

enum { REPAIR_MAGIC = 1, REPAIR_HEADER_CRC = 2, REPAIR_TLV_CRC = 4, REPAIR_PAYLOAD_CRC = 8,
       REPAIR_SIZE = 16 };

static void repair(unsigned what, uint8_t *file, size_t bytes)
{
    tb_image_head head;

    if (bytes < TB_HEADER_BYTES) {
        return;
    }
    memcpy(&head, file, sizeof head);
    if (what & REPAIR_MAGIC) {
        head.magic = TB_IMAGE_MAGIC;
    }
    if (what & REPAIR_SIZE) {
        head.size = (uint32_t)(bytes - TB_HEADER_BYTES);
    }
    if (what & REPAIR_TLV_CRC) {
        head.tlv_crc32 = tb_crc32(0, file + TB_HEAD_BYTES, TB_TLV_BYTES);
    }
    if (what & REPAIR_PAYLOAD_CRC) {
        head.crc32 = tb_crc32(0, file + TB_HEADER_BYTES, bytes - TB_HEADER_BYTES);
    }
    if (what & REPAIR_HEADER_CRC) {
        head.header_crc32 = tb_crc32(0, &head, offsetof(tb_image_head, header_crc32));
    }
    memcpy(file, &head, sizeof head);
}

/* What docs/image.md says of a head that this part takes. */
static void check_head(const tb_image_head *head)
{
    size_t count;
    const tb_chip *chips = tb_chips(&count);

    for (size_t i = 0; i < count; i++) {
        const tb_identity self = {.chip = &chips[i], .product_id = head->product_id};
        const tb_identity other = {.chip = &chips[i], .product_id = head->product_id ^ 1u};
        bool stage2 = head->kind == TB_IMAGE_STAGE2;

        if (!chips[i].has_banks || tb_image_check_head(head, &self) != TB_OK) {
            continue;
        }
        FUZZ_CHECK(tb_image_check_head(head, &other) == TB_ERR_PRODUCT);
        FUZZ_CHECK(head->magic == TB_IMAGE_MAGIC && head->format == 1u && head->flags == 0);
        FUZZ_CHECK(stage2 || head->kind == TB_IMAGE_APPLICATION);
        FUZZ_CHECK(head->device_id == chips[i].device_id);
        FUZZ_CHECK(head->bank_kib * 1024u == chips[i].bank_bytes);
        FUZZ_CHECK(head->size >= 8u && head->size % 4u == 0);
        FUZZ_CHECK((uint64_t)head->size + TB_HEADER_BYTES <=
                   (stage2 ? chips[i].stage2_bytes : tb_slot_image_bytes(&chips[i])));
    }
}

static void check_file(const uint8_t *file, size_t bytes)
{
    const char *path = fuzz_file(0, file, bytes);
    tb_image_file image;
    tb_complaint why = {0};

    if (!tb_image_load(&image, path, &why)) {
        FUZZ_CHECK(strncmp(why.what, path, strlen(path)) == 0);
        FUZZ_CHECK(image.data == NULL);
        return;
    }
    FUZZ_CHECK(image.bytes == bytes && memcmp(image.data, file, bytes) == 0);
    FUZZ_CHECK(bytes == TB_HEADER_BYTES + (size_t)image.head.size);
    tb_image_file_free(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = {data, size};
    unsigned what = fuzz_u8(&in);
    uint8_t *file = malloc(in.left + 1u);

    FUZZ_CHECK(file != NULL);
    memcpy(file, in.at, in.left);
    repair(what, file, in.left);
    if (in.left >= TB_HEAD_BYTES) {
        tb_image_head head;

        memcpy(&head, file, sizeof head);
        check_head(&head);
    }
    if (in.left >= TB_HEADER_BYTES) {
        tb_image_verdict verdict;
        tb_complaint why = {0};
        uint8_t *exact = malloc(in.left);

        FUZZ_CHECK(exact != NULL);
        memcpy(exact, file, in.left);
        tb_image_judge(exact, in.left, &verdict);
        if (!tb_image_good(&verdict)) {
            tb_image_explain("file", in.left, &verdict, &why);
            FUZZ_CHECK(strncmp(why.what, "file: ", 6) == 0);
        }
        free(exact);
    }
    if (in.left > 0) {
        check_file(file, in.left);
    }
    free(file);
    return 0;
}
