/* The decoder of compressed images: any stream, in any pieces, with and without a source, and
 * real streams with changes. It never writes outside the other bank's slot, and afterwards
 * the session takes the rest, or the whole image, as plain data. */
#include <stdlib.h>
#include <string.h>

#include "host/lib/compress.h"
#include "tests/core/fixture.h"
#include "tests/fuzz/fuzz.h"
#include "twinbank/expand.h"

static flash_model m;
static tb_flash flash, port;
static tb_update u;
static tb_expand e;

static struct { /* made once */
    flash_model factory;
    image v1, next;
    tb_compressed streams[2]; /* plain, delta */
} stock;

static tb_error checked_program(void *ctx, unsigned bank, uint32_t offset, const void *unit)
{
    FUZZ_CHECK(bank == 1u && offset >= m.chip->slot_offset);
    return flash.program(ctx, bank, offset, unit);
}

static tb_error checked_erase(void *ctx, unsigned bank, uint32_t offset)
{
    FUZZ_CHECK(bank == 1u && offset >= m.chip->slot_offset);
    return flash.erase(ctx, bank, offset);
}

static void make_stock(void)
{
    device_make(&stock.factory, &chip_small, &stock.v1);
    image_make(&stock.next, &chip_small, TB_IMAGE_APPLICATION, TB_VERSION(1, 1, 0), 2400, 1,
               false);
    memcpy(stock.next.bytes + TB_HEADER_BYTES + 900, stock.v1.bytes + TB_HEADER_BYTES + 40, 1200);
    image_seal(&stock.next);
    for (unsigned delta = 0; delta < 2u; delta++) {
        FUZZ_CHECK(tb_compress(stock.next.bytes, stock.next.total, 0,
                               delta != 0 ? stock.v1.bytes : NULL, stock.v1.total,
                               &stock.streams[delta]) == 0);
    }
}

/* The session is where it was, or has the image's next bytes. */
static tb_error begin(void)
{
    tb_image_head head;
    uint32_t next;

    memcpy(&head, stock.next.bytes, sizeof head);
    return tb_update_begin(&u, &head, &next);
}

static void feed(fuzz_input *in, const uint8_t *stream, uint32_t bytes)
{
    uint32_t at = 0;

    for (unsigned i = 0; at < bytes && i < 5000u; i++) {
        uint32_t piece = 1u + fuzz_u8(in) * 4u, before = u.next;
        uint32_t n = piece < bytes - at ? piece : bytes - at;
        uint8_t *exact = malloc(n);

        FUZZ_CHECK(exact != NULL);
        memcpy(exact, stream + at, n);
        tb_error error = tb_expand_write(&e, at, exact, n);
        free(exact);
        FUZZ_CHECK(u.next >= before && u.next <= stock.next.total);
        if (error != TB_OK) {
            FUZZ_CHECK(u.open || u.failure != TB_OK);
            return;
        }
        at += n;
    }
}

static void plain_to_the_end(void)
{
    FUZZ_CHECK(u.open && u.failure == TB_OK);
    while (u.next < stock.next.total) {
        uint32_t n = stock.next.total - u.next < 512u ? stock.next.total - u.next : 512u;

        FUZZ_CHECK(tb_update_write(&u, u.next, stock.next.bytes + u.next, n) == TB_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t stream[8192];
    fuzz_input in = {data, size};
    unsigned how = fuzz_u8(&in);
    bool delta = (how & 1u) != 0;
    tb_update_policy policy = policy_app(&chip_small, 0);
    size_t bytes = 0;

    if (stock.factory.chip == NULL) {
        make_stock();
    }
    m = stock.factory;
    flash = port = model_port(&m);
    port.program = checked_program;
    port.erase = checked_erase;
    tb_update_init(&u, &port, &policy);
    FUZZ_CHECK(begin() == TB_OK);
    if ((how & 2u) != 0) { /* a real one, with changes */
        const tb_compressed *real = &stock.streams[delta];

        bytes = real->bytes;
        FUZZ_CHECK(bytes <= sizeof stream);
        memcpy(stream, real->data, bytes);
        for (unsigned changes = how >> 5; changes > 0; changes--) {
            stream[fuzz_u16(&in) % bytes] ^= fuzz_u8(&in);
        }
    } else {
        size_t got;
        const uint8_t *raw = fuzz_bytes(&in, sizeof stream, &got);
        memcpy(stream, raw, got);
        bytes = got;
    }
    const tb_image_head *source = image_head(&stock.v1);
    tb_error opened = tb_expand_begin(&e, &u, (uint32_t)bytes + (how >> 3 & 1u),
                                      delta ? source->size : 0u, delta ? source->crc32 : 0u);
    if (opened == TB_OK) {
        feed(&in, stream, (uint32_t)bytes);
    }
    plain_to_the_end();
    if (tb_update_finish(&u) != TB_OK) { /* what the stream wrote was not the image */
        FUZZ_CHECK((how & 2u) == 0 || how >> 5 != 0);
        FUZZ_CHECK(begin() == TB_OK);
        plain_to_the_end();
        FUZZ_CHECK(tb_update_finish(&u) == TB_OK);
    }
    FUZZ_CHECK(holds_image(&m, 1, m.chip->slot_offset, &stock.next));
    FUZZ_CHECK(m.programs_refused == 0);
    return 0;
}
