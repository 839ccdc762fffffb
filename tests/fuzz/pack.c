/* `image pack`: any object file and any options. What it makes, its own reader finds good. */
#include <string.h>

#include "host/lib/imagefile.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = {data, size};
    size_t rows;
    const tb_chip *chips = tb_chips(&rows);
    char name[TB_NAME_BYTES + 2u] = {0};
    size_t name_bytes;
    tb_pack_options o = {.chip = &chips[fuzz_u8(&in) % rows]};
    tb_image_file image;
    tb_complaint why = {0};

    o.kind = fuzz_u8(&in) % 2u != 0 ? TB_IMAGE_STAGE2 : TB_IMAGE_APPLICATION;
    o.version = TB_VERSION(fuzz_u8(&in), 0, fuzz_u16(&in));
    o.trial_watchdog_ms = fuzz_u16(&in);
    const uint8_t *text = fuzz_bytes(&in, fuzz_u8(&in) % sizeof name, &name_bytes);
    for (size_t i = 0; i < name_bytes; i++) {
        name[i] = (char)(text[i] != 0 ? text[i] : 'x');
    }
    o.name = name;
    if (in.left == 0) {
        return 0;
    }
    if (!tb_image_pack(&o, fuzz_file(0, in.at, in.left), &image, &why)) {
        FUZZ_CHECK(why.what[0] != 0 && image.data == NULL);
        return 0;
    }
    tb_image_verdict verdict;
    tb_image_judge(image.data, image.bytes, &verdict);
    FUZZ_CHECK(tb_image_good(&verdict));
    FUZZ_CHECK(verdict.head.version == o.version && verdict.head.kind == (uint8_t)o.kind);
    FUZZ_CHECK(strlen(verdict.name) == strlen(name));
    tb_image_file_free(&image);
    return 0;
}
