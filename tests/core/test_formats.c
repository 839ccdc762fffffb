/* Image header and log records against docs/image.md, and every refusal of a header. */
#include <string.h>

#include "fixture.h"
#include "vectors.h"

#define PAGE "docs/image.md"

static const tb_chip *g474(void)
{
    return tb_chip_find("stm32g474re");
}

static uint32_t crc32_by_bits(const uint8_t *p, size_t n)
{
    uint32_t crc = 0xFFFFFFFFu;

    for (size_t i = 0; i < n * 8u; i++) {
        uint32_t bit = (crc ^ (uint32_t)(p[i / 8u] >> i % 8u)) & 1u;

        crc = crc >> 1 ^ (bit != 0 ? 0xEDB88320u : 0u);
    }
    return ~crc;
}

static void crc32_known(void **state)
{
    uint8_t bytes[1500];

    (void)state;
    assert_int_equal(tb_crc32(0, "123456789", 9), 0xCBF43926u);
    assert_int_equal(tb_crc32(0, "", 0), 0);
    for (unsigned i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * i >> 3);
    }
    for (size_t cut = 0; cut <= sizeof bytes; cut += 77) {
        assert_int_equal(tb_crc32(tb_crc32(0, bytes, cut), bytes + cut, sizeof bytes - cut),
                         crc32_by_bits(bytes, sizeof bytes));
    }
}

static void image_vector(void **state)
{
    tb_identity device = {g474(), 0x11223344u};
    tb_image_head head;
    uint8_t payload[32];

    (void)state;
    assert_int_equal(vector_read(PAGE, "head", (uint8_t *)&head, sizeof head), sizeof head);
    assert_int_equal(vector_read(PAGE, "payload", payload, sizeof payload), 16);
    assert_int_equal(tb_image_check_head(&head, &device), TB_OK);
    assert_int_equal(head.version, TB_VERSION(1, 2, 3));
    assert_int_equal(head.size, 16);
    assert_int_equal(head.crc32, crc32_by_bits(payload, 16));
    assert_int_equal(head.trial_watchdog_ms, 4000);
    assert_int_equal(head.security_version, 5);
    assert_int_equal(head.build_id[7], 8);
    assert_int_equal(tb_image_bytes(&head), 1040);
}

static void record_vectors(void **state)
{
    static const struct {
        const char *name;
        unsigned unit;
        tb_record_kind kind;
        uint8_t argument;
        uint16_t generation;
    } rows[] = {
        {"installed-7", 8, TB_RECORD_INSTALLED, 0, 7},
        {"attempt-1-of-7", 8, TB_RECORD_ATTEMPT, 1, 7},
        {"confirmed-7-by-application", 8, TB_RECORD_CONFIRMED, 1, 7},
        {"rejected-7-watchdog", 8, TB_RECORD_REJECTED, 2, 7},
        {"installed-4660-in-16-bytes", 16, TB_RECORD_INSTALLED, 0, 4660},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t wanted[TB_MAX_UNIT_BYTES], unit[TB_MAX_UNIT_BYTES];

        assert_int_equal(vector_read(PAGE, rows[i].name, wanted, sizeof wanted), rows[i].unit);
        tb_record_encode(unit, rows[i].unit, rows[i].kind, rows[i].argument, rows[i].generation);
        assert_memory_equal(unit, wanted, rows[i].unit);
    }
}

static void record_kinds_are_apart(void **state)
{
    static const unsigned kinds[] = {TB_RECORD_INSTALLED, TB_RECORD_ATTEMPT, TB_RECORD_CONFIRMED,
                                     TB_RECORD_REJECTED, 0xFF, 0x00};

    (void)state;
    for (unsigned a = 0; a < 6u; a++) {
        for (unsigned b = 0; b < a; b++) {
            assert_true(__builtin_popcount(kinds[a] ^ kinds[b]) >= 4);
        }
    }
}

/* Each field wrong in turn: its own error, and in the documented order. */
static void header_refusals(void **state)
{
    static image im;
    tb_identity device = {g474(), PRODUCT};
    tb_image_head *head = image_head(&im);

    (void)state;
#define REFUSED(change, error)                                                              \
    do {                                                                                    \
        image_make(&im, g474(), TB_IMAGE_APPLICATION, 1, 1024, 1, false);                    \
        change;                                                                             \
        head->header_crc32 = tb_crc32(0, head, 60);                                         \
        assert_int_equal(tb_image_check_head(head, &device), error);                        \
    } while (0)
    REFUSED((void)0, TB_OK);
    REFUSED(head->magic ^= 1u, TB_ERR_MAGIC);
    REFUSED(head->format = 2, TB_ERR_FORMAT);
    REFUSED(head->flags = 1, TB_ERR_FORMAT);
    REFUSED(head->kind = 3, TB_ERR_KIND);
    REFUSED(head->kind = 0, TB_ERR_KIND);
    REFUSED(head->device_id ^= 1u, TB_ERR_CHIP);
    REFUSED(head->bank_kib = 128, TB_ERR_GEOMETRY);
    REFUSED(head->product_id ^= 1u, TB_ERR_PRODUCT);
    REFUSED(head->load_address += 4u, TB_ERR_ADDRESS);
    REFUSED(head->kind = TB_IMAGE_STAGE2, TB_ERR_ADDRESS);
    REFUSED(head->size = 0, TB_ERR_SIZE);
    REFUSED(head->size = 4, TB_ERR_SIZE);
    REFUSED(head->size = 1022, TB_ERR_SIZE);
    REFUSED(head->size = tb_slot_image_bytes(g474()) - TB_HEADER_BYTES, TB_OK);
    REFUSED(head->size = tb_slot_image_bytes(g474()) - TB_HEADER_BYTES + 4u, TB_ERR_SIZE);
    REFUSED(head->size = 0xFFFFFFFCu, TB_ERR_SIZE);
    REFUSED((head->format = 2, head->kind = 9, head->device_id = 0), TB_ERR_FORMAT);
    REFUSED((head->kind = 9, head->device_id = 0), TB_ERR_KIND);
    REFUSED((head->device_id = 0, head->bank_kib = 0), TB_ERR_CHIP);
    REFUSED((head->bank_kib = 0, head->product_id = 0), TB_ERR_GEOMETRY);
    REFUSED((head->product_id = 0, head->load_address = 0), TB_ERR_PRODUCT);
    REFUSED((head->load_address = 0, head->size = 0), TB_ERR_ADDRESS);
#undef REFUSED
    for (unsigned bit = 0; bit < 64u * 8u; bit++) { /* no flipped bit goes unseen */
        image_make(&im, g474(), TB_IMAGE_APPLICATION, 1, 1024, 1, false);
        im.bytes[bit / 8u] ^= (uint8_t)(1u << bit % 8u);
        assert_int_equal(tb_image_check_head(head, &device),
                         bit < 32u ? TB_ERR_MAGIC : TB_ERR_HEADER_CRC);
    }
}

static void stage2_header(void **state)
{
    static image im;
    tb_identity device = {g474(), PRODUCT};

    (void)state;
    image_make(&im, g474(), TB_IMAGE_STAGE2, 1, g474()->stage2_bytes - TB_HEADER_BYTES, 1, false);
    assert_int_equal(tb_image_check_head(image_head(&im), &device), TB_OK);
    image_head(&im)->size += 4u;
    image_seal(&im);
    assert_int_equal(tb_image_check_head(image_head(&im), &device), TB_ERR_SIZE);
}

/* Every code has a name and a text of its own, and no other number has. */
static void error_texts(void **state)
{
    unsigned known = 0;

    (void)state;
    for (unsigned a = 0; a < 256u; a++) {
        const char *name = tb_error_name((tb_error)a);

        assert_non_null(tb_error_text((tb_error)a));
        if (strcmp(name, "TB_ERR_UNKNOWN") == 0) {
            continue;
        }
        known++;
        for (unsigned b = 0; b < a; b++) {
            assert_string_not_equal(name, tb_error_name((tb_error)b));
            assert_string_not_equal(tb_error_text((tb_error)a), tb_error_text((tb_error)b));
        }
    }
    assert_int_equal(known, 48);
    for (unsigned i = 0; i < 20u; i++) {
        assert_non_null(tb_reason_text((tb_reason)i));
        assert_non_null(tb_why_text((tb_why)i));
        assert_non_null(tb_reset_cause_text((tb_reset_cause)i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32_known),      cmocka_unit_test(image_vector),
        cmocka_unit_test(record_vectors),   cmocka_unit_test(record_kinds_are_apart),
        cmocka_unit_test(header_refusals),  cmocka_unit_test(stage2_header),
        cmocka_unit_test(error_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
