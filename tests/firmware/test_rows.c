/* Every page of every row, in both mappings: address -> (bank, offset) -> page and back;
 * names and ids; that the regions fit each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "twinbank/chip.h"
#include "twinbank/image.h"
#include "twinbank/update.h"

static void every_page_is_found_in_both_mappings(void **state)
{
    size_t count;
    const tb_chip *rows = tb_chips(&count);

    (void)state;
    assert_true(count >= 4);
    for (const tb_chip *c = rows; c < rows + count; c++) {
        uint32_t offset = 0;
        unsigned number = 0;
        tb_page page;

        while (c->has_banks && offset < c->bank_bytes) {
            assert_true(tb_page_at(c, offset, &page));
            assert_int_equal(page.offset, offset);
            assert_int_equal(page.number, number);
            assert_true(tb_page_at(c, offset + page.bytes - 1u, &page));
            assert_int_equal(page.number, number);
            for (unsigned bank = 0; bank < 2u; bank++) {
                for (unsigned swapped = 0; swapped < 2u; swapped++) {
                    uint32_t address = tb_mapped_address(c, swapped != 0, bank, offset);
                    unsigned back_bank = 9;
                    uint32_t back = 0;
                    assert_int_equal(address < c->bank2_base, bank == swapped);
                    assert_true(tb_physical(c, swapped != 0, address, &back_bank, &back));
                    assert_int_equal(back_bank, bank);
                    assert_int_equal(back, offset);
                }
            }
            offset += page.bytes;
            number++;
        }
        assert_int_equal(offset, c->bank_bytes);
        assert_false(tb_page_at(c, c->bank_bytes, &page));
        assert_false(tb_page_at(c, UINT32_MAX, &page));
    }
}

static void addresses_outside_the_banks_are_in_neither(void **state)
{
    const tb_chip *c = tb_chip_find("stm32g474rb");
    uint32_t outside[] = {0, TB_FLASH_BASE - 1u, TB_FLASH_BASE + 0x10000u, c->bank2_base - 1u,
                          c->bank2_base + 0x10000u, 0x20000000u, UINT32_MAX};
    unsigned bank;
    uint32_t offset;

    (void)state;
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        assert_false(tb_physical(c, false, outside[i], &bank, &offset));
        assert_false(tb_physical(c, true, outside[i], &bank, &offset));
    }
    assert_false(tb_physical(tb_chip_find("stm32g491re"), false, TB_FLASH_BASE, &bank, &offset));
}

static void rows_fit_together(void **state)
{
    size_t count;
    const tb_chip *rows = tb_chips(&count);

    (void)state;
    for (const tb_chip *c = rows; c < rows + count; c++) {
        tb_page page;
        if (!c->has_banks) {
            assert_non_null(c->refusal);
            continue;
        }
        const uint32_t starts[] = {c->stage2_offset, c->slot_offset};
        for (size_t i = 0; i < 2; i++) {
            assert_true(tb_page_at(c, starts[i], &page));
            assert_int_equal(page.offset, starts[i]);
        }
        assert_true(c->stage1_bytes <= c->stage2_offset);
        assert_true(c->stage2_offset + c->stage2_bytes <= c->slot_offset);
        assert_true(tb_page_at(c, c->bank_bytes - 1u, &page));
        assert_true(tb_log_offset(c) >= page.offset);
        /* RM0440 3.3.1: not base + size / 2 on the smaller ones */
        assert_true(c->family != TB_FAMILY_G4 || c->bank2_base == 0x08040000u);
        assert_true(c->bank2_base >= TB_FLASH_BASE + c->bank_bytes);
        assert_true(c->unit_bytes <= TB_MAX_UNIT_BYTES && c->unit_bytes % 8u == 0);
        assert_true(c->family != TB_FAMILY_G4 || c->sram.base + c->sram.bytes <= 0x20018000u);
        assert_int_equal(c->stage2_run % 1024u, 0);
        assert_true(c->stage2_run + c->stage2_bytes < c->sram.base + c->sram.bytes - 0x1000u);
        assert_int_equal(c->flash_kib * 1024u, 2u * c->bank_bytes);
        assert_true(c->ring.bytes >= 0x4000u && (c->ring.bytes & (c->ring.bytes - 1u)) == 0);
        assert_int_equal(c->ring.bytes % tb_queue_bytes(c), 0);
        assert_true(c->ring.base == 0 || c->ring.base - c->sram.base >= c->sram.bytes);
        /* What the engine writes at a time is of one page, and the log is no part of it. */
        assert_int_equal((c->stage2_offset | c->slot_offset | page.bytes | tb_log_offset(c)) %
                             TB_UPDATE_LINE_BYTES, 0);
        assert_int_equal(TB_UPDATE_LINE_BYTES % c->unit_bytes, 0);
        assert_int_equal((TB_FLASH_BASE + c->slot_offset + TB_HEADER_BYTES) % 512u, 0);
    }
}

/* A hole below bank 2, as on the smaller G4. */
static void the_1_mb_h743_has_bank_2_where_the_2_mb_part_has_it(void **state)
{
    const tb_chip *c = tb_chip_find("stm32h743zg");
    unsigned bank;
    uint32_t offset;

    (void)state;
    assert_int_equal(c->bank2_base, 0x08100000u);
    assert_int_equal(c->bank_bytes, 4u * 0x20000u);
    assert_false(tb_physical(c, false, 0x08080000u, &bank, &offset));
    assert_false(tb_physical(c, true, 0x080FFFFFu, &bank, &offset));
    assert_true(tb_physical(c, true, 0x08100000u, &bank, &offset));
    assert_int_equal(bank, 0);
}

static void names_are_found_as_people_write_them(void **state)
{
    static const struct { const char *asked, *row; } cases[] = {
        {"stm32g474re", "stm32g474re"}, {"STM32G474QET6", "stm32g474re"},
        {"STM32G474VCT6TR", "stm32g474rc"}, {"stm32g474xb", "stm32g474rb"},
        {"STM32G491CE", "stm32g491re"}, {"STM32F769BIT6", "stm32f769ni"},
        {"STM32H743VGT6", "stm32h743zg"}, {"STM32H753XIH6", "stm32h753zi"},
    };
    static const char *unknown[] = {"", "stm32", "stm32g474", "stm32g474r", "stm32g472re",
                                    "stm32g474re-", "stm32g474r?", "stm32g474reT6TRxxx",
                                    "stm32f103cb"};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const tb_chip *c = tb_chip_find(cases[i].asked);
        assert_non_null(c);
        assert_string_equal(c->name, cases[i].row);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_null(tb_chip_find(unknown[i]));
    }
}

static void ids_are_found_with_their_bank_size(void **state)
{
    (void)state;
    assert_string_equal(tb_chip_by_id(0x469, 256)->name, "stm32g474re");
    assert_string_equal(tb_chip_by_id(0x469, 128)->name, "stm32g474rc");
    assert_string_equal(tb_chip_by_id(0x469, 64)->name, "stm32g474rb");
    assert_null(tb_chip_by_id(0x469, 512));
    assert_false(tb_chip_by_id(0x479, 0)->has_banks);
    assert_string_equal(tb_chip_by_id(0x415, 512)->name, "stm32l476rg");
    assert_string_equal(tb_chip_by_id(0x415, 128)->name, "stm32l476rc");
    assert_string_equal(tb_chip_by_id(0x470, 1024)->name, "stm32l4r5zi");
    assert_string_equal(tb_chip_by_id(0x470, 512)->name, "stm32l4r5zg");
    assert_string_equal(tb_chip_by_id(0x451, 1024)->name, "stm32f767zi");
    assert_null(tb_chip_by_id(0x415, 1024));
    assert_string_equal(tb_chip_by_id(0x450, 1024)->name, "stm32h743zi");
    assert_string_equal(tb_chip_by_id(0x450, 512)->name, "stm32h743zg");
    assert_null(tb_chip_by_id(0x451, 512)); /* 1 MB F765: where bank 2 is is not known */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_is_found_in_both_mappings),
        cmocka_unit_test(addresses_outside_the_banks_are_in_neither),
        cmocka_unit_test(rows_fit_together),
        cmocka_unit_test(the_1_mb_h743_has_bank_2_where_the_2_mb_part_has_it),
        cmocka_unit_test(names_are_found_as_people_write_them),
        cmocka_unit_test(ids_are_found_with_their_bank_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
