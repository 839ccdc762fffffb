/* Files into flash and out of it, by the memory of a real machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "sim/front/load.h"
#include "twinbank/image.h"

static char path[64];
static sim_machine *m;
static front_error error;

static int make(void **state)
{
    (void)state;
    strcpy(path, "/tmp/tb-load-XXXXXX");
    int fd = mkstemp(path);
    m = sim_new(tb_chip_find("stm32g474rc"), &(sim_options){.seed = 1u});
    return fd < 0 || close(fd) != 0 || !m;
}

static int destroy(void **state)
{
    (void)state;
    sim_free(m);
    return unlink(path);
}

static void put(const void *data, size_t bytes)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, bytes, f), bytes);
    assert_int_equal(fclose(f), 0);
}

static bool load(bool has_address, uint32_t address)
{
    front_load l = {.path = path, .has_address = has_address, .address = address};
    return front_load_file(m, &l, &error);
}

static bool load_bytes(const void *data, size_t bytes, uint32_t address)
{
    put(data, bytes);
    return load(true, address);
}

static void units_keep_their_other_bytes(void **state)
{
    (void)state;
    const uint8_t *bank = sim_flash_bank(m, 0);
    assert_true(load_bytes("abcdefgh", 8, 0x08000000u));
    assert_true(load_bytes("XYZ", 3, 0x08000006u));
    assert_memory_equal(bank, "abcdefXYZ\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 17);
}

static void banks_and_their_hole(void **state)
{
    (void)state;
    const tb_chip *c = sim_chip(m);
    assert_true(load_bytes("end", 3, 0x08000000u + c->bank_bytes - 3u));
    assert_memory_equal(sim_flash_bank(m, 0) + c->bank_bytes - 3u, "end", 3);
    assert_true(load_bytes("two", 3, c->bank2_base));
    assert_memory_equal(sim_flash_bank(m, 1), "two", 3);
    /* One byte too many, and nothing of the file is written. */
    assert_false(load_bytes("long", 4, 0x08000000u + c->bank_bytes - 3u));
    assert_non_null(strstr(error.text, "0x08020000"));
    assert_memory_equal(sim_flash_bank(m, 0) + c->bank_bytes - 3u, "end", 3);
    assert_false(load_bytes("low", 3, 0x07FFFFFEu));
    assert_false(load_bytes("ram", 3, 0x20000000u));
    assert_non_null(strstr(error.text, "SRAM"));
    assert_false(load_bytes("opt", 3, 0x1FFF7800u));
    assert_non_null(strstr(error.text, "option bytes"));
}

static void two_banks_of_the_large_part_touch(void **state)
{
    (void)state;
    sim_machine *small = m;
    m = sim_new(tb_chip_find("stm32g474re"), &(sim_options){.seed = 1u});
    assert_true(load_bytes("onetwo", 6, 0x0803FFFDu));
    assert_memory_equal(sim_flash_bank(m, 0) + 0x3FFFDu, "one", 3);
    assert_memory_equal(sim_flash_bank(m, 1), "two", 3);
    sim_free(m);
    m = small;
}

static size_t image(uint8_t *data, tb_image_kind kind)
{
    const tb_chip *c = sim_chip(m);
    bool stage2 = kind == TB_IMAGE_STAGE2;
    memset(data, 0xFF, TB_HEADER_BYTES);
    memset(data + TB_HEADER_BYTES, 0x5A, 64);
    tb_image_head h = {.magic = TB_IMAGE_MAGIC,
                       .size = 64,
                       .version = TB_VERSION(1, 0, 0),
                       .kind = (uint8_t)kind,
                       .format = TB_IMAGE_FORMAT,
                       .device_id = c->device_id,
                       .bank_kib = (uint16_t)(c->bank_bytes / 1024u),
                       .product_id = 77,
                       .load_address = stage2 ? c->stage2_run : TB_FLASH_BASE + c->slot_offset};
    h.crc32 = tb_crc32(0, data + TB_HEADER_BYTES, 64);
    h.tlv_crc32 = tb_crc32(0, data + TB_HEAD_BYTES, TB_TLV_BYTES);
    h.header_crc32 = tb_crc32(0, &h, offsetof(tb_image_head, header_crc32));
    memcpy(data, &h, sizeof h);
    return TB_HEADER_BYTES + 64u;
}

static void images_know_their_place(void **state)
{
    (void)state;
    static uint8_t data[TB_HEADER_BYTES + 64u];
    const tb_chip *c = sim_chip(m);
    put(data, image(data, TB_IMAGE_APPLICATION));
    assert_true(load(false, 0));
    assert_memory_equal(sim_flash_bank(m, 0) + c->slot_offset, data, sizeof data);
    assert_true(load(true, c->bank2_base + c->slot_offset));
    assert_memory_equal(sim_flash_bank(m, 1) + c->slot_offset, data, sizeof data);
    put(data, image(data, TB_IMAGE_STAGE2));
    assert_true(load(false, 0));
    assert_memory_equal(sim_flash_bank(m, 0) + c->stage2_offset, data, sizeof data);
}

static void bad_images_are_refused(void **state)
{
    (void)state;
    static uint8_t data[TB_HEADER_BYTES + 64u];
    size_t bytes = image(data, TB_IMAGE_APPLICATION);
    put(data, bytes - 1u);
    assert_false(load(false, 0));
    assert_non_null(strstr(error.text, "promises"));
    put(data, 100);
    assert_false(load(false, 0));
    data[12] ^= 1u;
    put(data, bytes);
    assert_false(load(false, 0));
    assert_non_null(strstr(error.text, tb_error_text(TB_ERR_HEADER_CRC)));
    assert_int_equal(sim_flash_bank(m, 0)[sim_chip(m)->slot_offset], 0xFF);
}

static void dumps_load_again(void **state)
{
    (void)state;
    static uint8_t before[2][131072];
    char name[80];
    for (size_t i = 0; i < 4; i++) {
        assert_true(load_bytes("some bytes, not aligned", 23,
                               (i & 1u ? 0x08040000u : 0x08000000u) + 0xFFF3u * (uint32_t)(i / 2u)));
    }
    memcpy(before[0], sim_flash_bank(m, 0), sizeof before[0]);
    memcpy(before[1], sim_flash_bank(m, 1), sizeof before[1]);
    (void)snprintf(name, sizeof name, "%s.hex", path);
    assert_true(front_dump_flash(m, name, &error));
    sim_free(m);
    m = sim_new(tb_chip_find("stm32g474rc"), &(sim_options){.seed = 2u});
    assert_true(front_load_file(m, &(front_load){.path = name}, &error));
    assert_memory_equal(before[0], sim_flash_bank(m, 0), sizeof before[0]);
    assert_memory_equal(before[1], sim_flash_bank(m, 1), sizeof before[1]);
    assert_int_equal(unlink(name), 0);
    assert_false(front_dump_flash(m, "/nowhere/at/all.bin", &error));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(units_keep_their_other_bytes),
                                       TEST(banks_and_their_hole),
                                       TEST(two_banks_of_the_large_part_touch),
                                       TEST(images_know_their_place),
                                       TEST(bad_images_are_refused),
                                       TEST(dumps_load_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
