/* Pages of the old image that an update leaves as they are: which are taken at their word, which
 * never, and that a word which is not true costs an update and nothing else. */
#include <string.h>

#include "fixture.h"

#define SMALL_PAYLOAD 6500u
#define TO_THE_LOG 11100u /* chip_small: ends in the page that holds the log as well */
#define CHANGED 2600u     /* what the new image has otherwise lies here, in the fourth page */

/* More pages than a map of them has bits. */
static const tb_chip chip_many = {
    .name = "many", .has_banks = true, .device_id = 0x7A7u, .flash_kib = 64,
    .bank_bytes = 32u * 1024u, .bank2_base = 0x08008000u, .sram = {0x20000000u, 0x8000u},
    .stage2_run = 0x20001000u, .reset_hz = 16000000u, .boot_hz = 16000000u, .pages = {{512, 64}},
    .unit_bytes = 8, .stage1_bytes = 1024, .stage2_offset = 1024, .stage2_bytes = 3072,
    .slot_offset = 4096, .log_units = 4};

static flash_model m;
static image v1, im, old; /* bank 0 runs v1, bank 1 holds old, and im comes */
static tb_update u;
static tb_flash flash;
static uint8_t keep[TB_KEEP_BYTES];

static bool is_marked(unsigned number)
{
    return number < 8u * TB_KEEP_BYTES && (keep[number / 8u] >> (number % 8u) & 1u) != 0;
}

/* Each page of the slot that reads as the new image has it, as an honest host says it. */
static void mark_what_is_equal(void)
{
    tb_page page;

    memset(keep, 0, sizeof keep);
    for (uint32_t at = m.chip->slot_offset; tb_page_at(m.chip, at, &page); at += page.bytes) {
        uint32_t offset = at - m.chip->slot_offset;

        if (offset > 0 && page.number < 8u * TB_KEEP_BYTES &&
            offset + page.bytes <= tb_slot_image_bytes(m.chip) &&
            memcmp(m.bytes[1] + at, im.bytes + offset, page.bytes) == 0) {
            keep[page.number / 8u] |= (uint8_t)(1u << (page.number % 8u));
        }
    }
}

static void mark(uint32_t offset)
{
    tb_page page;

    assert_true(tb_page_at(m.chip, m.chip->slot_offset + offset, &page));
    keep[page.number / 8u] |= (uint8_t)(1u << (page.number % 8u));
}

static void start_on(const tb_chip *chip, uint32_t payload)
{
    tb_update_policy policy = policy_app(chip, 0);

    device_make(&m, chip, &v1);
    image_make(&im, chip, TB_IMAGE_APPLICATION, TB_VERSION(1, 1, 0), payload, 2, false);
    old = im;
    image_head(&old)->version = TB_VERSION(0, 9, 0);
    old.bytes[TB_HEADER_BYTES + CHANGED] ^= 0x55u;
    image_seal(&old);
    put_record(&m, 0, 0, TB_RECORD_INSTALLED, 0, 7);
    put_record(&m, 0, 1, TB_RECORD_CONFIRMED, 1, 7);
    put_app(&m, 1, &old, 6);
    flash = model_port(&m);
    tb_update_init(&u, &flash, &policy);
    mark_what_is_equal();
    model_quiet(&m);
}

static void start(void)
{
    start_on(&chip_small, SMALL_PAYLOAD);
}

static tb_error begin_for(unsigned bank)
{
    tb_image_head head;
    uint32_t next;
    tb_error error;

    memcpy(&head, im.bytes, sizeof head);
    error = tb_update_begin_keeping(&u, &head, bank, keep, &next);
    assert_int_equal(next, 0);
    return error;
}

/* All of it, kept pages too. */
static tb_error send_all(void)
{
    tb_error error = TB_OK;

    for (uint32_t at = 0; error == TB_OK && at < im.total; at += 100u) {
        error = tb_update_write(&u, at, im.bytes + at, im.total - at < 100u ? im.total - at : 100u);
    }
    return error == TB_OK ? tb_update_finish(&u) : error;
}

/* Only what is not marked. */
static tb_error send_rest(void)
{
    tb_error error = TB_OK;
    tb_page page;

    for (uint32_t at = 0; error == TB_OK && at < im.total; at += 4u) {
        assert_true(tb_page_at(m.chip, m.chip->slot_offset + at, &page));
        if (!is_marked(page.number)) {
            error = tb_update_write(&u, at, im.bytes + at, 4u);
        }
    }
    return error == TB_OK ? tb_update_finish(&u) : error;
}

static void assert_installed(void)
{
    tb_slot_log log;

    assert_true(holds_image(&m, 1, m.chip->slot_offset, &im));
    assert_int_equal(tb_slot_log_read(&flash, 1, &log), TB_OK);
    assert_int_equal(log.state, TB_SLOT_TRIAL);
    assert_int_equal(log.generation, 8);
    assert_int_equal(m.programs_refused, 0);
}

/* Nothing kept: the whole image goes through. */
static void assert_nothing_kept(unsigned bank)
{
    assert_int_equal(begin_for(bank), TB_OK);
    assert_false(u.keeps);
    assert_int_equal(send_all(), TB_OK);
    assert_installed();
}

static void pages_may_be_left_out_or_sent_all_the_same(void **state)
{
    (void)state;
    start();
    assert_int_equal(begin_for(1), TB_OK);
    assert_true(u.keeps);
    assert_int_equal(send_rest(), TB_OK);
    assert_installed();
    assert_int_equal(m.erases, 3); /* the header, what differs, the log */

    start();
    assert_int_equal(begin_for(1), TB_OK);
    assert_int_equal(send_all(), TB_OK);
    assert_installed();
    assert_int_equal(m.erases, 3);

    /* and nothing comes of other bytes for a page that is kept */
    start();
    assert_int_equal(begin_for(1), TB_OK);
    uint32_t kept = 1024u;
    im.bytes[kept + 3u] ^= 0xFFu;
    assert_int_equal(send_all(), TB_OK);
    im.bytes[kept + 3u] ^= 0xFFu;
    assert_installed();
}

static void the_first_page_is_never_kept(void **state)
{
    (void)state;
    start();
    mark(0);
    assert_int_equal(begin_for(1), TB_OK);
    assert_true(u.keeps);
    assert_int_equal(send_all(), TB_OK);
    assert_installed();
}

static void the_page_of_the_log_is_never_kept(void **state)
{
    (void)state;
    start_on(&chip_small, TO_THE_LOG);
    mark(im.total - 1u);
    mark(tb_log_offset(m.chip) - m.chip->slot_offset);
    assert_int_equal(begin_for(1), TB_OK);
    assert_true(u.keeps);
    assert_int_equal(send_all(), TB_OK);
    assert_installed();
}

static void pages_beyond_the_map_are_not_kept(void **state)
{
    (void)state;
    start_on(&chip_many, SMALL_PAYLOAD);
    assert_int_equal(begin_for(1), TB_OK);
    assert_true(u.keeps);
    assert_int_equal(send_all(), TB_OK);
    assert_installed();
}

static void a_map_for_the_other_bank_is_ignored(void **state)
{
    (void)state;
    start();
    memset(keep, 0xFF, sizeof keep);
    assert_nothing_kept(0);
}

static void an_image_that_rots_is_not_kept_of(void **state)
{
    (void)state;
    start();
    model_flip(&m, 1, chip_small.slot_offset + 1024u + 8u); /* in a page that was marked before */
    assert_nothing_kept(1);
}

static void nor_one_without_a_header_or_a_record(void **state)
{
    (void)state;
    start();
    model_flip(&m, 1, chip_small.slot_offset + offsetof(tb_image_head, product_id));
    assert_nothing_kept(1);

    /* whole, and never installed */
    start();
    for (uint32_t at = tb_log_offset(&chip_small); at < chip_small.bank_bytes; at += 8u) {
        model_set_unit(&m, 1, at, UNIT_BLANK);
        memset(m.bytes[1] + at, 0xFF, 8u);
    }
    assert_nothing_kept(1);
}

/* Its pages have no log that says they were ever verified. */
static void a_copy_of_stage2_is_written_whole(void **state)
{
    (void)state;
    for (unsigned bank = 0; bank < 2u; bank++) {
        start();
        image_make(&im, &chip_small, TB_IMAGE_STAGE2, TB_VERSION(1, 5, 0), 1500, 3, false);
        memset(keep, 0xFF, sizeof keep);
        assert_int_equal(begin_for(bank), TB_OK);
        assert_false(u.keeps);
        assert_int_equal(send_all(), TB_OK);
        assert_true(holds_image(&m, u.bank, chip_small.stage2_offset, &im));
        assert_int_equal(m.programs_refused, 0);
    }
}

static void a_page_that_differs_is_found_out(void **state)
{
    tb_slot_log log;

    (void)state;
    start();
    mark(TB_HEADER_BYTES + CHANGED);
    assert_int_equal(begin_for(1), TB_OK);
    assert_int_equal(send_rest(), TB_ERR_PAYLOAD_CRC);
    assert_int_equal(tb_slot_log_read(&flash, 1, &log), TB_OK);
    assert_int_equal(log.state, TB_SLOT_EMPTY);
    assert_true(holds_image(&m, 0, chip_small.slot_offset, &v1));
    assert_nothing_kept(1); /* the same map again: there is no image to keep of any more */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_may_be_left_out_or_sent_all_the_same),
        cmocka_unit_test(the_first_page_is_never_kept),
        cmocka_unit_test(the_page_of_the_log_is_never_kept),
        cmocka_unit_test(pages_beyond_the_map_are_not_kept),
        cmocka_unit_test(a_map_for_the_other_bank_is_ignored),
        cmocka_unit_test(an_image_that_rots_is_not_kept_of),
        cmocka_unit_test(nor_one_without_a_header_or_a_record),
        cmocka_unit_test(a_copy_of_stage2_is_written_whole),
        cmocka_unit_test(a_page_that_differs_is_found_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
