/* Compressed streams, from the encoder through the decoder into flash: whole, as a delta, from
 * the middle; and streams that nobody's encoder made. */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "host/lib/compress_internal.h"
#include "twinbank/expand.h"

#define PAYLOAD 5600u

static flash_model m;
static image v1, im;
static tb_update u;
static tb_flash flash;
static tb_expand e;
static const tb_chip *chip;

/* Words that repeat as code's do, with strangers between. */
static void code_like(image *of, uint32_t seed)
{
    flash_model random = {.random = seed};

    for (uint32_t i = 8; i + 4u <= image_head(of)->size; i += 4u) {
        uint32_t word = model_random(&random) % 64u * 0x01004B18u;
        if (model_random(&random) % 4u == 0u) {
            word = model_random(&random);
        }
        memcpy(of->bytes + TB_HEADER_BYTES + i, &word, sizeof word);
    }
    image_seal(of);
}

static void start_on(const tb_chip *part)
{
    tb_update_policy policy = policy_app(part, 0);

    chip = part;
    device_make(&m, chip, &v1);
    image_make(&v1, chip, TB_IMAGE_APPLICATION, TB_VERSION(1, 0, 0), PAYLOAD, 1, false);
    code_like(&v1, 7);
    put_app(&m, 0, &v1, 1);
    flash = model_port(&m);
    tb_update_init(&u, &flash, &policy);
    image_make(&im, chip, TB_IMAGE_APPLICATION, TB_VERSION(1, 1, 0), PAYLOAD, 2, false);
    code_like(&im, 8);
}

/* The new one is the old one with a few bytes more in its middle, and some changed. */
static void make_akin(void)
{
    memcpy(im.bytes + TB_HEADER_BYTES, v1.bytes + TB_HEADER_BYTES, 2000);
    memset(im.bytes + TB_HEADER_BYTES + 2000, 0x5A, 24);
    memcpy(im.bytes + TB_HEADER_BYTES + 2024, v1.bytes + TB_HEADER_BYTES + 2000, PAYLOAD - 2024u);
    for (uint32_t i = 600; i < PAYLOAD; i += 400) {
        im.bytes[TB_HEADER_BYTES + i] = (uint8_t)(im.bytes[TB_HEADER_BYTES + i] + 24u);
    }
    image_seal(&im);
}

static uint32_t begin(void)
{
    tb_image_head head;
    uint32_t next;

    memcpy(&head, im.bytes, sizeof head);
    assert_int_equal(tb_update_begin(&u, &head, &next), TB_OK);
    return next;
}

static tb_compressed compress(uint32_t start, bool delta)
{
    tb_compressed c;

    assert_int_equal(tb_compress(im.bytes, im.total, start, delta ? v1.bytes : NULL, v1.total, &c),
                     0);
    return c;
}

static tb_error open_stream(const tb_compressed *c, bool delta)
{
    const tb_image_head *source = image_head(&v1);

    return tb_expand_begin(&e, &u, (uint32_t)c->bytes, delta ? source->size : 0u,
                           delta ? source->crc32 : 0u);
}

static tb_error feed(const tb_compressed *c, uint32_t piece)
{
    tb_error error = TB_OK;

    for (uint32_t at = 0; at < c->bytes && error == TB_OK; at += piece) {
        uint32_t n = (uint32_t)c->bytes - at < piece ? (uint32_t)c->bytes - at : piece;
        uint8_t *copy = malloc(n); /* so that a read too far is found */

        memcpy(copy, c->data + at, n);
        error = tb_expand_write(&e, at, copy, n);
        free(copy);
    }
    return error;
}

static void assert_installed(void)
{
    tb_slot_log log;

    assert_int_equal(u.next, im.total);
    assert_int_equal(tb_update_finish(&u), TB_OK);
    assert_true(holds_image(&m, 1, chip->slot_offset, &im));
    assert_int_equal(tb_slot_log_read(&flash, 1, &log), TB_OK);
    assert_int_equal(log.state, TB_SLOT_TRIAL);
    assert_int_equal(m.programs_refused, 0);
}

static void in_pieces_of_any_size(void **state)
{
    static const tb_chip *const parts[] = {&chip_small, &chip_wide, &chip_sectors};
    static const uint32_t pieces[] = {1, 2, 31, 32, 33, 100, 1019, 100000};

    (void)state;
    for (unsigned p = 0; p < 3u; p++) {
        for (unsigned i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
            for (unsigned delta = 0; delta < 2u; delta++) {
                start_on(parts[p]);
                if (delta != 0u) {
                    make_akin();
                }
                begin();
                tb_compressed c = compress(0, delta != 0u);
                assert_true(c.bytes < im.total * (delta != 0u ? 8u : 65u) / 100u);
                assert_int_equal(open_stream(&c, delta != 0u), TB_OK);
                assert_int_equal(feed(&c, pieces[i]), TB_OK);
                assert_installed();
                tb_compressed_free(&c);
            }
        }
    }
}

/* The session stands somewhere, in the middle of a unit too: the stream begins there. */
static void from_anywhere(void **state)
{
    static const uint32_t starts[] = {1, 63, 64, 1000, 1021, 1024, 3003, 6619, 6623};

    (void)state;
    for (unsigned i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        start_on(i % 2u == 0u ? &chip_small : &chip_sectors);
        make_akin();
        /* What follows repeats the bytes before, of which the last are not in flash yet. */
        uint32_t low = starts[i] > TB_HEADER_BYTES + 40u ? starts[i] - 32u : TB_HEADER_BYTES + 8u;
        for (uint32_t at = low; at < low + 64u && at < im.total; at++) {
            im.bytes[at] = (uint8_t)(at % 3u + 1u);
        }
        image_seal(&im);
        begin();
        assert_int_equal(tb_update_write(&u, 0, im.bytes, starts[i]), TB_OK);
        tb_compressed c = compress(starts[i], i % 3u == 0u);
        assert_int_equal(open_stream(&c, i % 3u == 0u), TB_OK);
        assert_int_equal(feed(&c, 50), TB_OK);
        assert_installed();
        tb_compressed_free(&c);
    }
}

static void refusals(void **state)
{
    (void)state;
    start_on(&chip_small);
    tb_compressed c = compress(0, false);
    assert_int_equal(open_stream(&c, false), TB_ERR_NO_SESSION);
    assert_int_equal(tb_expand_write(&e, 0, c.data, 10), TB_ERR_NO_SESSION);
    begin();
    assert_int_equal(tb_expand_begin(&e, &u, 0, 0, 0), TB_ERR_ARGUMENT);
    assert_int_equal(tb_expand_write(&e, 0, c.data, 10), TB_ERR_NO_SESSION);

    /* Not the image that the other bank holds; or it is damaged. */
    const tb_image_head *source = image_head(&v1);
    assert_int_equal(tb_expand_begin(&e, &u, 100, source->size, source->crc32 ^ 1u), TB_ERR_SOURCE);
    assert_int_equal(tb_expand_begin(&e, &u, 100, source->size + 4u, source->crc32), TB_ERR_SOURCE);
    model_flip(&m, 0, chip->slot_offset + TB_HEADER_BYTES + 100u);
    assert_int_equal(open_stream(&c, true), TB_ERR_SOURCE);

    assert_int_equal(open_stream(&c, false), TB_OK);
    assert_int_equal(tb_expand_write(&e, 1, c.data, 10), TB_ERR_OFFSET);
    assert_int_equal(tb_expand_write(&e, 0, c.data, 10), TB_OK);
    assert_int_equal(tb_expand_write(&e, 0, c.data, 10), TB_OK); /* repeated: ignored */
    assert_int_equal(tb_expand_write(&e, 11, c.data, 10), TB_ERR_OFFSET);
    assert_int_equal(tb_expand_write(&e, 10, c.data, (uint32_t)c.bytes), TB_ERR_OVERLONG);
    assert_int_equal(tb_expand_write(&e, 0, c.data, (uint32_t)c.bytes), TB_OK);
    assert_installed();
    tb_compressed_free(&c);

    image_make(&im, chip, TB_IMAGE_STAGE2, TB_VERSION(1, 1, 0), 512, 3, false);
    begin();
    assert_int_equal(tb_expand_begin(&e, &u, 100, 0, 0), TB_ERR_KIND);
}

/* Plain data in between: the stream is over, as what it would expand is no longer next. */
static void plain_data_ends_a_stream(void **state)
{
    (void)state;
    start_on(&chip_small);
    begin();
    tb_compressed c = compress(0, false);
    assert_int_equal(open_stream(&c, false), TB_OK);
    assert_int_equal(tb_expand_write(&e, 0, c.data, 500), TB_OK);
    assert_int_equal(tb_update_write(&u, u.next, im.bytes + u.next, 40), TB_OK);
    assert_int_equal(tb_expand_write(&e, 500, c.data + 500, 500), TB_ERR_NO_SESSION);
    assert_int_equal(tb_update_write(&u, u.next, im.bytes + u.next, im.total - u.next), TB_OK);
    assert_installed();
    tb_compressed_free(&c);
}

static void a_stream_that_ends_early_is_told(void **state)
{
    (void)state;
    start_on(&chip_small);
    begin();
    tb_compressed c = compress(0, false);
    c.bytes -= c.bytes / 3u;
    assert_int_equal(open_stream(&c, false), TB_OK);
    assert_int_equal(feed(&c, 200), TB_ERR_STREAM);
    tb_compressed_free(&c);
}

/* ---- symbols that no encoder makes, coded by hand ---------------------------------------- */

typedef struct by_hand {
    tb_compressed c;
    coder coder;
    tb_expand_model m;
} by_hand;

static void hand_begin(by_hand *h)
{
    memset(h, 0, sizeof *h);
    coder_init(&h->coder, &h->c);
    tb_expand_model_init(&h->m);
}

/* The device has it; nothing of the image came out of it. */
static void assert_refused_at_once(by_hand *h, bool delta)
{
    coder_flush(&h->coder);
    assert_int_equal(open_stream(&h->c, delta), TB_OK);
    assert_int_equal(feed(&h->c, 100), TB_ERR_STREAM);
    assert_int_equal(u.next, 0);
    tb_compressed_free(&h->c);
}

static void a_copy_from_before_the_image(void **state)
{
    by_hand h;

    (void)state;
    start_on(&chip_small);
    begin();
    hand_begin(&h);
    coder_bit(&h.coder, &h.m.copy[0][0], 1);
    coder_bit(&h.coder, &h.m.repeat, 0);
    coder_number(&h.coder, &h.m.length[0], 0);
    coder_number(&h.coder, &h.m.distance[0], 4);
    assert_refused_at_once(&h, false);
}

static void a_repeated_distance_before_the_first(void **state)
{
    by_hand h;

    (void)state;
    start_on(&chip_small);
    begin();
    hand_begin(&h);
    coder_bit(&h.coder, &h.m.copy[0][0], 1);
    coder_bit(&h.coder, &h.m.repeat, 1);
    coder_number(&h.coder, &h.m.length[1], 0);
    assert_refused_at_once(&h, false);
}

static void a_jump_behind_the_source(void **state)
{
    by_hand h;

    (void)state;
    start_on(&chip_small);
    begin();
    hand_begin(&h);
    coder_bit(&h.coder, &h.m.same[7][0], 0);
    coder_bit(&h.coder, &h.m.copy[0][0], 1);
    coder_bit(&h.coder, &h.m.jump, 1);
    coder_number(&h.coder, &h.m.target, v1.total);
    assert_refused_at_once(&h, true);
}

/* Zeros are literals for as long as there are any: what is missing is not taken for zeros. */
static void no_more_comes_out_than_went_in(void **state)
{
    static const uint8_t zeros[4];

    (void)state;
    start_on(&chip_small);
    begin();
    assert_int_equal(tb_expand_begin(&e, &u, sizeof zeros, 0, 0), TB_OK);
    assert_int_equal(tb_expand_write(&e, 0, zeros, sizeof zeros), TB_ERR_STREAM);
    assert_true(u.next < 8u);
}

/* Whatever comes: the old image stays, nothing is installed that its CRC does not speak for,
 * and the next good attempt works. */
static void hostile_streams(void **state)
{
    (void)state;
    start_on(&chip_small);
    for (unsigned round = 0; round < 300u; round++) {
        bool delta = round % 2u != 0u;

        device_make(&m, chip, &v1);
        image_make(&v1, chip, TB_IMAGE_APPLICATION, TB_VERSION(1, 0, 0), PAYLOAD, 1, false);
        put_app(&m, 0, &v1, 1);
        tb_update_init(&u, &flash, &(tb_update_policy){{chip, PRODUCT}, 0, -1});
        m.random = round + 1u;
        begin();
        tb_compressed c = compress(0, delta);
        unsigned flips = 1u + round % 5u;
        if (round % 3u == 0u) {
            flips = (unsigned)c.bytes;
        }
        for (unsigned i = 0; i < flips; i++) {
            c.data[model_random(&m) % c.bytes] ^= (uint8_t)(1u << (model_random(&m) % 8u));
        }
        assert_int_equal(open_stream(&c, delta), TB_OK);
        tb_error error = feed(&c, 64);
        assert_true(error == TB_OK || error == TB_ERR_STREAM);
        assert_true(holds_image(&m, 0, chip->slot_offset, &v1));
        if (error == TB_OK && u.next == im.total) {
            error = tb_update_finish(&u);
            assert_true(error != TB_OK || holds_image(&m, 1, chip->slot_offset, &im));
        } else {
            /* What did come out is wrong: what follows is right, and the CRC finds it. */
            assert_int_equal(tb_update_write(&u, u.next, im.bytes + u.next, im.total - u.next), TB_OK);
            error = tb_update_finish(&u);
        }
        if (error != TB_OK) {
            assert_int_equal(update_all(&u, &im, 100), TB_OK);
        }
        assert_true(holds_image(&m, 1, chip->slot_offset, &im));
        tb_compressed_free(&c);
    }
}

/* A failing flash is told as that, by the session too. */
static void flash_errors_are_told(void **state)
{
    (void)state;
    start_on(&chip_small);
    begin();
    tb_compressed c = compress(0, false);
    assert_int_equal(open_stream(&c, false), TB_OK);
    m.fail_at = m.operations + 20u;
    m.fail_error = TB_ERR_PROGRAM;
    assert_int_equal(feed(&c, 200), TB_ERR_PROGRAM);
    assert_true(u.failure != TB_OK);
    tb_compressed_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_pieces_of_any_size),
        cmocka_unit_test(from_anywhere),
        cmocka_unit_test(refusals),
        cmocka_unit_test(plain_data_ends_a_stream),
        cmocka_unit_test(a_stream_that_ends_early_is_told),
        cmocka_unit_test(a_copy_from_before_the_image),
        cmocka_unit_test(a_repeated_distance_before_the_first),
        cmocka_unit_test(a_jump_behind_the_source),
        cmocka_unit_test(no_more_comes_out_than_went_in),
        cmocka_unit_test(hostile_streams),
        cmocka_unit_test(flash_errors_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
