/* image pack, image info and factory, on the library's level. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/lib/factory.h"
#include "host/lib/objfile.h"
#include "tests/host/fake_device.h"
#include "twinbank/slotlog.h"

static char directory[] = "/tmp/twinbank-test-XXXXXX";
static tb_complaint why;

static const char *path(const char *name)
{
    static char paths[64][128];
    static unsigned next;
    char *p = paths[next++ % 64u];
    (void)snprintf(p, sizeof paths[0], "%s/%s", directory, name);
    return p;
}

static const char *put(const char *name, const void *data, size_t bytes)
{
    const char *p = path(name);
    assert_true(tb_file_write(p, data, bytes, &why));
    return p;
}

static const tb_chip *chip(void)
{
    return tb_chip_find("stm32g474re");
}

/* A raw program with a vector table for this base. */
static size_t program(uint8_t *out, uint32_t base, size_t bytes)
{
    uint32_t vectors[2] = {chip()->sram.base + chip()->sram.bytes, base + 9u};
    for (size_t i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(i * 7u + (i >> 8));
    }
    memcpy(out, vectors, sizeof vectors);
    return bytes;
}

static const char *put_program(const char *name, uint32_t base, size_t bytes)
{
    static uint8_t data[1u << 19];
    assert_true(bytes <= sizeof data);
    return put(name, data, program(data, base, bytes));
}

/* Bytes at an address as Intel HEX, 16 a line. */
static size_t hex_records(char *out, uint32_t address, const uint8_t *data, size_t bytes)
{
    char *at = out;
    uint32_t high = 0;
    for (size_t done = 0; done < bytes; done += 16) {
        uint32_t a = address + (uint32_t)done;
        unsigned n = bytes - done < 16 ? (unsigned)(bytes - done) : 16u;
        if (a >> 16 != high) {
            high = a >> 16;
            unsigned sum = 6u + (high >> 8) + (high & 255u);
            at += sprintf(at, ":02000004%04X%02X\n", high, (0u - sum) & 255u);
        }
        unsigned sum = n + ((a >> 8) & 255u) + (a & 255u);
        at += sprintf(at, ":%02X%04X00", n, a & 0xFFFFu);
        for (unsigned i = 0; i < n; i++) {
            at += sprintf(at, "%02X", data[done + i]);
            sum += data[done + i];
        }
        at += sprintf(at, "%02X\n", (0u - sum) & 255u);
    }
    return (size_t)(at - out);
}

static tb_pack_options app_options(void)
{
    return (tb_pack_options){
        .chip = chip(), .kind = TB_IMAGE_APPLICATION, .version = TB_VERSION(1, 2, 3)};
}

/* ---- pack -------------------------------------------------------------------------------- */

static void test_round_trip(void **state)
{
    (void)state;
    uint32_t base = tb_payload_base(chip(), TB_IMAGE_APPLICATION);
    assert_int_equal(base, 0x08008400);
    tb_pack_options o = app_options();
    o.product_id = 77;
    o.security_version = 5;
    o.trial_watchdog_ms = 4000;
    o.build_id[0] = 0xAB;
    o.name = "pump controller";
    tb_image_file f, back;
    assert_true(tb_image_pack(&o, put_program("a.bin", base, 1001), &f, &why));
    assert_int_equal(f.bytes, 1024 + 1004); /* padded to 4 */
    assert_int_equal(f.data[1024 + 1001], 0xFF);
    assert_int_equal(f.data[1024 + 1000], (uint8_t)(1000u * 7u + 3u));
    const char *p = put("a.twb", f.data, f.bytes);
    assert_true(tb_image_load(&back, p, &why));
    assert_int_equal(back.head.version, TB_VERSION(1, 2, 3));
    assert_int_equal(back.head.product_id, 77);
    assert_int_equal(back.head.security_version, 5);
    assert_int_equal(back.head.trial_watchdog_ms, 4000);
    assert_int_equal(back.head.load_address, 0x08008000);
    assert_int_equal(back.head.size, 1004);
    tb_image_verdict v;
    tb_image_judge(back.data, back.bytes, &v);
    assert_true(tb_image_good(&v));
    assert_string_equal(v.name, "pump controller");
    assert_ptr_equal(v.chip, chip());
    tb_image_file_free(&f);
    tb_image_file_free(&back);
}

static void test_gaps_and_hex(void **state)
{
    (void)state;
    static char text[20000];
    uint8_t data[300];
    uint32_t base = tb_payload_base(chip(), TB_IMAGE_APPLICATION);
    (void)program(data, base, sizeof data);
    size_t n = hex_records(text, base + 0x1000, data, 8); /* out of order, with a gap */
    n += hex_records(text + n, base, data, sizeof data);
    n += (size_t)sprintf(text + n, ":00000001FF\n");
    tb_pack_options o = app_options();
    tb_image_file f;
    assert_true(tb_image_pack(&o, put("g.hex", text, n), &f, &why));
    assert_int_equal(f.head.size, 0x1008);
    assert_memory_equal(f.data + 1024, data, sizeof data);
    for (size_t i = 1024 + sizeof data; i < 1024 + 0x1000; i++) {
        assert_int_equal(f.data[i], 0xFF);
    }
    assert_memory_equal(f.data + 1024 + 0x1000, data, 8);
    tb_image_file_free(&f);
}

static void expect_no_pack(const tb_pack_options *o, const char *p, const char *what,
                           const char *hint)
{
    tb_image_file f;
    if (tb_image_pack(o, p, &f, &why) || !strstr(why.what, what) || !strstr(why.hint, hint)) {
        fail_msg("expected '%s' / '%s', got '%s' / '%s'", what, hint, why.what, why.hint);
    }
    assert_null(f.data);
}

static void expect_outside(uint32_t address, const char *what)
{
    static char text[4000];
    uint8_t data[64] = {1};
    uint32_t base = tb_payload_base(chip(), TB_IMAGE_APPLICATION);
    (void)program(data, base, sizeof data);
    size_t n = hex_records(text, base, data, sizeof data);
    n += hex_records(text + n, address, data, 16);
    n += (size_t)sprintf(text + n, ":00000001FF\n");
    tb_pack_options o = app_options();
    char where[16];
    (void)snprintf(where, sizeof where, "0x%08X", (unsigned)address);
    expect_no_pack(&o, put("o.hex", text, n), where, "ORIGIN = 0x08008400, LENGTH = 227840");
    if (!strstr(why.what, what)) {
        fail_msg("expected '%s' in '%s'", what, why.what);
    }
}

static void test_outside(void **state)
{
    (void)state;
    expect_outside(0x08000000, "that is stage 1");
    expect_outside(0x08001000, "that is stage 2");
    expect_outside(0x08008000, "that is the image header");
    expect_outside(0x0803FE00, "that is the slot log");
    expect_outside(0x08048400, "that is the other bank");
    expect_outside(0x20000000, "that is RAM");
    expect_outside(0x60000000, "lie outside the slot; an application for stm32g474re goes from");
}

static void test_pack_sizes(void **state)
{
    (void)state;
    tb_pack_options o = app_options();
    uint32_t base = tb_payload_base(chip(), TB_IMAGE_APPLICATION);
    uint32_t limit = tb_payload_limit(chip(), TB_IMAGE_APPLICATION);
    tb_image_file f;
    assert_true(tb_image_pack(&o, put_program("max.bin", base, limit), &f, &why));
    assert_int_equal(f.bytes, tb_slot_image_bytes(chip()));
    tb_image_file_free(&f);
    expect_no_pack(&o, put_program("big.bin", base, limit + 1), "is 1 bytes too large", "smaller");
    expect_no_pack(&o, put_program("tiny.bin", base, 7), "no vector table", "");
}

static void test_pack_refusals(void **state)
{
    (void)state;
    tb_pack_options o = app_options();
    uint32_t base = tb_payload_base(chip(), TB_IMAGE_APPLICATION);
    uint8_t data[64];
    expect_no_pack(&o, put("text.bin", "this is a letter, no program", 28),
                   "neither ELF nor Intel HEX, and as a raw binary the first words", "ORIGIN");
    (void)program(data, base, sizeof data);
    data[2] = 0x02; /* SP 0x20028000: beyond the RAM that may hold it */
    expect_no_pack(&o, put("sp.bin", data, sizeof data), "stack pointer is 0x20028000", "_estack");
    (void)program(data, base, sizeof data);
    data[4] &= 0xFEu;
    expect_no_pack(&o, put("even.bin", data, sizeof data), "reset vector 0x08008408", "ORIGIN");
    (void)program(data, 0x08000000, sizeof data);
    expect_no_pack(&o, put("zero.bin", data, sizeof data), "reset vector 0x08000009", "0x08008400");
    expect_no_pack(&o, path("missing.elf"), "cannot be opened", "");
    expect_no_pack(&o, put("empty.bin", "", 0), "is empty", "");
    static const char late[] = ":020000040800F2\n:04850000010203046D\n:00000001FF\n";
    expect_no_pack(&o, put("late.hex", late, sizeof late - 1), "nothing at 0x08008400", "ORIGIN");
    o.chip = tb_chip_find("stm32g491re");
    expect_no_pack(&o, path("missing.elf"), "one flash bank", "");
    o = app_options();
    o.name = "0123456789012345678901234567890123456789012345678901234567890123456789";
    expect_no_pack(&o, put_program("a.bin", base, 100), "at most 64", "");
}

static void test_stage2(void **state)
{
    (void)state;
    tb_pack_options o = app_options();
    o.kind = TB_IMAGE_STAGE2;
    uint32_t base = tb_payload_base(chip(), TB_IMAGE_STAGE2);
    assert_int_equal(base, chip()->stage2_run);
    tb_image_file f;
    assert_true(tb_image_pack(&o, put_program("s2.bin", base, 5000), &f, &why));
    assert_int_equal(f.head.load_address, base);
    assert_int_equal(f.head.kind, TB_IMAGE_STAGE2);
    tb_image_file_free(&f);
    uint32_t limit = tb_payload_limit(chip(), TB_IMAGE_STAGE2);
    expect_no_pack(&o, put_program("s2big.bin", base, limit + 4), "4 bytes too large", "");
}

/* ---- reading ------------------------------------------------------------------------------ */

static void expect_bad(const void *data, size_t bytes, const char *what)
{
    tb_image_file f;
    if (tb_image_load(&f, put("bad.twb", data, bytes), &why) || !strstr(why.what, what)) {
        fail_msg("expected '%s', got '%s'", what, why.what);
    }
    assert_true(why.hint[0] || strstr(why.what, "truncated") || strstr(why.what, "empty"));
}

static void test_bad_images(void **state)
{
    (void)state;
    tb_image_file f = fake_image(chip(), TB_VERSION(1, 0, 0), 2000, 1);
    uint8_t *longer = malloc(f.bytes + 4);
    assert_non_null(longer);
    memcpy(longer, f.data, f.bytes);
    memset(longer + f.bytes, 0, 4);
    expect_bad(f.data, 0, "is empty");
    expect_bad(f.data, 100, "truncated: 100 bytes");
    expect_bad(f.data, f.bytes - 1,
               "truncated: the header announces 2000 bytes of payload, the file has 1999");
    expect_bad(longer, f.bytes + 4, "overlong");
    expect_bad("\177ELF and more of it", 18, "is not a Twinbank image");
    expect_bad("xy", 2, "truncated");
    struct {
        size_t at;
        const char *what;
    } flips[] = {
        {0, "not a Twinbank image"}, {20, "header is damaged"},         {62, "header is damaged"},
        {500, "second part"},        {1024 + 50, "payload is damaged"},
    };
    for (size_t i = 0; i < sizeof flips / sizeof flips[0]; i++) {
        memcpy(longer, f.data, f.bytes);
        longer[flips[i].at] ^= 0x10u;
        expect_bad(longer, f.bytes, flips[i].what);
    }
    free(longer);
    tb_image_file_free(&f);
}

/* Names come from a file and go to a terminal. */
static void test_hostile_name(void **state)
{
    (void)state;
    tb_image_file f = fake_image(chip(), TB_VERSION(1, 0, 0), 2000, 1);
    static const uint8_t tlv[] = {2,   0,   8,    0, 0x1B, '[', '2',  'J',
                                  'o', 'k', 0x9B, 7, 1,    0,   0xFF, 0x7F};
    memcpy(f.data + TB_HEAD_BYTES, tlv, sizeof tlv); /* and a signature that claims too much */
    f.head.tlv_crc32 = tb_crc32(0, f.data + TB_HEAD_BYTES, TB_TLV_BYTES);
    memcpy(f.data, &f.head, sizeof f.head);
    tb_image_verdict v;
    tb_image_judge(f.data, f.bytes, &v);
    assert_string_equal(v.name, "?[2Jok??");
    assert_int_equal(v.signature_bytes, 0);
    tb_image_file_free(&f);
}

static void test_versions(void **state)
{
    (void)state;
    uint32_t v;
    char text[16];
    assert_true(tb_version_parse("255.255.65535", &v));
    assert_string_equal(tb_version_text(v, text), "255.255.65535");
    static const char *const bad[] = {"",
                                      "1",
                                      "1.2",
                                      "1.2.3.4",
                                      "1.2.3x",
                                      "256.0.0",
                                      "0.256.0",
                                      "0.0.65536",
                                      "-1.0.0",
                                      " 1.0.0",
                                      "1..0",
                                      "1.2.",
                                      "99999999999999999999.0.0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(tb_version_parse(bad[i], &v));
    }
}

/* ---- factory ------------------------------------------------------------------------------ */

static const char *put_stage2(const char *name, uint32_t product)
{
    tb_pack_options o = app_options();
    o.kind = TB_IMAGE_STAGE2;
    o.product_id = product;
    tb_image_file f;
    assert_true(tb_image_pack(&o, put_program("s2.bin", chip()->stage2_run, 6001), &f, &why));
    const char *p = put(name, f.data, f.bytes);
    tb_image_file_free(&f);
    return p;
}

static const char *put_app(const char *name, const tb_chip *c, uint32_t payload)
{
    tb_image_file f = fake_image(c, TB_VERSION(1, 0, 0), payload, 9);
    const char *p = put(name, f.data, f.bytes);
    tb_image_file_free(&f);
    return p;
}

/* What a programmer would leave in the part, through our own reader and a plain array. */
static void load_flash(const tb_factory *f, uint8_t *flash, size_t bytes)
{
    size_t n;
    tb_objfile o;
    char *text = tb_factory_hex(f, &n);
    assert_non_null(text);
    assert_true(tb_objfile_parse(&o, "hex", text, n, TB_NO_ADDRESS));
    memset(flash, 0xFF, bytes);
    for (size_t i = 0; i < o.count; i++) {
        assert_true(o.segments[i].address >= TB_FLASH_BASE);
        uint32_t at = o.segments[i].address - TB_FLASH_BASE;
        assert_true(at + o.segments[i].bytes <= bytes);
        assert_int_equal(o.segments[i].bytes % 8u, 0); /* whole programming units */
        memcpy(flash + at, o.segments[i].data, o.segments[i].bytes);
    }
    tb_objfile_free(&o);
    free(text);
}

static void expect_file(const uint8_t *flash, uint32_t at, const char *name)
{
    char error[256];
    size_t n;
    uint8_t *data = tb_file_read(path(name), 1u << 20, &n, error, sizeof error);
    assert_non_null(data);
    assert_memory_equal(flash + at, data, n);
    free(data);
}

static void factory_bytes(const char *chip_name, uint32_t bank2)
{
    enum { FLASH = 0x80000 };
    const tb_chip *c = tb_chip_find(chip_name);
    uint8_t *flash = malloc(FLASH);
    assert_non_null(flash);
    uint32_t log = c->bank_bytes - 512u;
    (void)put_program("s1.bin", TB_FLASH_BASE, 1999);
    tb_image_file s2 = fake_image(c, TB_VERSION(0, 1, 0), 6004, 4);
    s2.head.kind = TB_IMAGE_STAGE2;
    s2.head.load_address = c->stage2_run;
    uint32_t reset = c->stage2_run + 9u;
    memcpy(s2.data + TB_HEADER_BYTES + 4, &reset, 4);
    s2.head.crc32 = tb_crc32(0, s2.data + TB_HEADER_BYTES, s2.head.size);
    s2.head.header_crc32 = tb_crc32(0, &s2.head, offsetof(tb_image_head, header_crc32));
    memcpy(s2.data, &s2.head, sizeof s2.head);
    (void)put("s2.twb", s2.data, s2.bytes);
    tb_image_file_free(&s2);
    (void)put_app("app.twb", c, 20000);
    tb_factory_options o = {
        .chip = c, .stage1 = path("s1.bin"), .stage2 = path("s2.twb"), .app = path("app.twb")};
    tb_factory f;
    if (!tb_factory_make(&o, &f, &why)) {
        fail_msg("%s", why.what);
    }
    load_flash(&f, flash, FLASH);
    tb_factory_free(&f);
    for (unsigned bank = 0; bank < 2; bank++) {
        uint32_t base = bank ? bank2 - TB_FLASH_BASE : 0;
        expect_file(flash, base, "s1.bin");
        assert_int_equal(flash[base + 1999], 0xFF);
        expect_file(flash, base + 0x1000, "s2.twb");
    }
    expect_file(flash, 0x8000, "app.twb");
    /* kind, argument, generation, and the CRC-32 of those four */
    static const uint8_t installed[4] = {0x1E, 0, 1, 0}, confirmed[4] = {0x4B, 0, 1, 0};
    uint32_t crc = tb_crc32(0, installed, 4);
    assert_memory_equal(flash + log, installed, 4);
    assert_memory_equal(flash + log + 4, &crc, 4);
    crc = tb_crc32(0, confirmed, 4);
    assert_memory_equal(flash + log + 8, confirmed, 4);
    assert_memory_equal(flash + log + 12, &crc, 4);
    for (uint32_t at = log + 16; at < c->bank_bytes; at++) {
        assert_int_equal(flash[at], 0xFF);
    }
    for (uint32_t at = bank2 - TB_FLASH_BASE + 0x8000; at < FLASH; at++) {
        assert_int_equal(flash[at], 0xFF); /* bank 2's slot stays empty */
    }
    free(flash);
}

static void test_factory(void **state)
{
    (void)state;
    factory_bytes("stm32g474re", 0x08040000);
    factory_bytes("stm32g474rc", 0x08040000); /* with the hole below bank 2 */
    factory_bytes("stm32g474rb", 0x08040000);
}

static void test_factory_without_app(void **state)
{
    (void)state;
    enum { FLASH = 0x80000 };
    uint8_t *flash = malloc(FLASH);
    assert_non_null(flash);
    tb_factory_options o = {.chip = chip(),
                            .stage1 = put_program("s1.bin", TB_FLASH_BASE, 4096),
                            .stage2 = put_stage2("s2.twb", 0)};
    tb_factory f;
    assert_true(tb_factory_make(&o, &f, &why));
    load_flash(&f, flash, FLASH);
    for (uint32_t at = 0x8000; at < 0x40000; at++) {
        assert_int_equal(flash[at], 0xFF);
    }
    tb_factory_free(&f);
    free(flash);
}

static void expect_no_factory(const tb_factory_options *o, const char *what)
{
    tb_factory f;
    if (tb_factory_make(o, &f, &why) || !strstr(why.what, what)) {
        fail_msg("expected '%s', got '%s'", what, why.what);
    }
}

static void test_factory_refusals(void **state)
{
    (void)state;
    const char *s1 = put_program("s1.bin", TB_FLASH_BASE, 1000), *s2 = put_stage2("s2.twb", 0);
    (void)put_app("app.twb", chip(), 2000);
    tb_factory_options good = {.chip = chip(), .stage1 = s1, .stage2 = s2}, o = good;
    char big[128], wrong[128], other[128], app[128];
    strcpy(big, put_program("s1big.bin", TB_FLASH_BASE, 4097));
    strcpy(wrong, put_program("s1wrong.bin", 0x08008000, 500));
    strcpy(app, path("app.twb"));
    o.stage1 = big;
    expect_no_factory(&o, "do not fit stage 1's place");
    o.stage1 = wrong;
    expect_no_factory(&o, "is no stage 1 for stm32g474re");
    o.stage1 = app;
    expect_no_factory(&o, "stage 1");
    o = good;
    o.stage2 = app;
    expect_no_factory(&o, "is an application, expected stage 2");
    o = good;
    o.app = good.stage2;
    expect_no_factory(&o, "is stage 2, expected an application");
    strcpy(other, put_app("other.twb", tb_chip_find("stm32g474rb"), 2000));
    o.app = other;
    expect_no_factory(&o, "is an application for stm32g474rb");
    strcpy(other, put_stage2("s2p.twb", 5));
    o.app = app;
    o.stage2 = other;
    expect_no_factory(&o, "for product 0x00000005");
    o = good;
    o.chip = tb_chip_find("stm32g491re");
    expect_no_factory(&o, "one flash bank");
}

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    char command[64];
    (void)snprintf(command, sizeof command, "rm -r %s", directory);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_gaps_and_hex),
        cmocka_unit_test(test_outside),
        cmocka_unit_test(test_pack_sizes),
        cmocka_unit_test(test_pack_refusals),
        cmocka_unit_test(test_stage2),
        cmocka_unit_test(test_bad_images),
        cmocka_unit_test(test_hostile_name),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_factory),
        cmocka_unit_test(test_factory_without_app),
        cmocka_unit_test(test_factory_refusals),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
