/* STM32L4 and L4+, where they differ from the G4 that the other suites are about; and the
 * flash controller that all three share: every page of every row, in both mappings. */
#include "rig.h"

#include <string.h>

#include "sim/periph/part/part.h"

#define RCC_CR 0x40021000u
#define RCC_CFGR 0x40021008u
#define RCC_PLLCFGR 0x4002100Cu
#define RCC_PLLSAI1CFGR 0x40021010u
#define RCC_PLLSAI2CFGR 0x40021014u
#define RCC_CIER 0x40021018u
#define RCC_CIFR 0x4002101Cu
#define RCC_CCIPR 0x40021088u
#define CRS_CR 0x40006000u
#define CRS_CFGR 0x40006004u
#define RCC_AHB2ENR 0x4002104Cu
#define RCC_APB1ENR1 0x40021058u
#define RCC_APB2ENR 0x40021060u
#define PWR_CR1 0x40007000u
#define PWR_CR2 0x40007004u
#define PWR_CR5 0x40007080u
#define SYSCFG_MEMRMP 0x40010000u
#define GPIOG_MODER 0x48001800u
#define GPIOG_IDR 0x48001810u
#define RTC_BKP31R 0x400028CCu
#define USART2_CR1 0x40004400u

#define HSION (1u << 8)
#define PLLON (1u << 24)
#define PLL_80 0x01000A02u  /* HSI16, N 10, R 2 */
#define PLL_120 0x01000F02u
#define PWREN (1u << 28)
#define RTCAPBEN (1u << 10)
#define DBP (1u << 8)
#define IOSV (1u << 9)
#define FB_MODE (1u << 8)
#define BFB2 (1u << 20)
#define DUALBANK (1u << 21) /* DB1M on L4R */
#define DBANK (1u << 22)
#define PRODUCTION 0xFFEFF8AAu
#define ECCD (1u << 31)

static void caches_off(sim_machine *m)
{
    wr(m, FLASH_ACR, rd(m, FLASH_ACR) & ~0x600u);
    wr(m, FLASH_ACR, rd(m, FLASH_ACR) | 0x1800u);
}

static void swap(sim_machine *m, bool swapped)
{
    wr(m, RCC_APB2ENR, 1u);
    wr(m, SYSCFG_MEMRMP, swapped ? FB_MODE : 0u);
}

/* ---- pages ---- */

#define MARK_BYTES 8u
static const uint8_t mark[MARK_BYTES] = {0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0xDE, 0x01};

/* Both ends of every page carry a mark, through the mapping at reset. */
static void mark_all(sim_machine *m, const tb_chip *c)
{
    for (uint32_t at = 0; at < c->bank_bytes; at += c->pages[0].bytes) {
        uint32_t last = at + c->pages[0].bytes - MARK_BYTES;
        assert_true(sim_flash_load(m, BANK1 + at, mark, MARK_BYTES));
        assert_true(sim_flash_load(m, BANK1 + last, mark, MARK_BYTES));
        assert_true(sim_flash_load(m, c->bank2_base + at, mark, MARK_BYTES));
        assert_true(sim_flash_load(m, c->bank2_base + last, mark, MARK_BYTES));
    }
}

static bool marked(sim_machine *m, unsigned bank, uint32_t offset)
{
    return memcmp(sim_flash_bank(m, bank) + offset, mark, MARK_BYTES) == 0;
}

static void check_erased_up_to(sim_machine *m, const tb_chip *c, unsigned bank, uint32_t end)
{
    for (unsigned b = 0; b < 2u; b++) {
        for (uint32_t at = 0; at < c->bank_bytes; at += c->pages[0].bytes) {
            bool expected = b == bank ? at >= end : b > bank;
            assert_int_equal(marked(m, b, at), expected);
            assert_int_equal(marked(m, b, at + c->pages[0].bytes - MARK_BYTES), expected);
        }
    }
}

static void every_page_of(const tb_chip *c, bool swapped)
{
    sim_machine *m = rig_new(c->name);
    mark_all(m, c);
    caches_off(m);
    swap(m, swapped);
    rig_unlock(m);
    for (unsigned bank = 0; bank < 2u; bank++) {
        for (uint32_t at = 0; at < c->bank_bytes; at += c->pages[0].bytes) {
            tb_page page;
            assert_true(tb_page_at(c, at, &page));
            assert_int_equal(rig_erase_page(m, bank, page.number), 0);
            check_erased_up_to(m, c, bank, at + page.bytes);
            /* and programming goes where the row says that the page is mapped now */
            uint32_t mapped = tb_mapped_address(c, swapped, bank, at);
            if (page.number % 16u == 0u) {
                assert_int_equal(rig_program(m, mapped + 8u, 0xCAFE0000u + at, ~at), 0);
                assert_int_equal(raw(m, bank, at + 8u), 0xCAFE0000u + at);
                assert_int_equal(rd(m, mapped + 12u), ~at);
            }
        }
    }
    sim_free(m);
}

static void every_page_of_every_row_in_both_mappings(void **state)
{
    size_t count;
    const tb_chip *rows = tb_chips(&count);
    unsigned tested = 0;
    (void)state;
    for (const tb_chip *c = rows; c < rows + count; c++) {
        if (c->has_banks && (c->family == TB_FAMILY_G4 || c->family == TB_FAMILY_L4 ||
                             c->family == TB_FAMILY_L4PLUS)) {
            every_page_of(c, false);
            every_page_of(c, true);
            tested++;
        }
    }
    assert_true(tested >= 8u);
}

/* ---- flash ---- */

static void reset_values(void **state)
{
    static const char *const chips[] = {"stm32l476rg", "stm32l4r5zi"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        sim_machine *m = rig_new(chips[i]);
        assert_int_equal(rd(m, FLASH_ACR), 0x00000600u);
        assert_int_equal(rd(m, FLASH_CR), 0xC0000000u);
        assert_int_equal(rd(m, FLASH_OPTR), PRODUCTION);
        assert_int_equal(rd(m, RCC_CR), 0x00000063u);
        assert_int_equal(rd(m, RCC_CFGR), 0u);
        assert_int_equal(rd(m, RCC_APB1ENR1), i == 0 ? 0u : RTCAPBEN);
        assert_int_equal(rd(m, 0xE0042000u) & 0xFFFu, sim_chip(m)->device_id);
        assert_int_equal(rd(m, 0x1FFF75E0u) & 0xFFFFu, sim_chip(m)->flash_kib);
        assert_int_equal(sim_hclk_hz(m), 4000000u);
        sim_free(m);
    }
}

static void ecc_flags_have_their_places(void **state)
{
    static const struct { const char *chip; uint32_t bank2; } cases[] = {
        {"stm32l476rg", 1u << 19}, {"stm32l4r5zi", 1u << 21}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        sim_machine *m = rig_new(cases[i].chip);
        for (unsigned bank = 0; bank < 2u; bank++) {
            uint32_t address = tb_mapped_address(sim_chip(m), false, bank, 0x6000u), value;
            assert_true(sim_flash_damage(m, bank, 0x6000u, SIM_DAMAGE_UNCORRECTABLE));
            assert_int_equal(sim_core_read(m, address, 4u, &value), SIM_ACCESS_OK);
            assert_int_equal(rd(m, FLASH_ECCR), ECCD | 0x6000u | (bank != 0u ? cases[i].bank2 : 0u));
            wr(m, FLASH_ECCR, ECCD);
            assert_int_equal(rd(m, FLASH_ECCR) & ECCD, 0u);
        }
        sim_free(m);
    }
}

static void load_option(sim_machine *m, uint32_t optr)
{
    rig_unlock_options(m);
    wr(m, FLASH_OPTR, optr);
    wr(m, FLASH_CR, OPTSTRT);
    rig_pass(m, 100u * SIM_PS_PER_MS);
    rig_power_on(m, false);
    assert_int_equal(rd(m, FLASH_OPTR), optr);
}

/* What makes one bank of two, and what that does to the contents and to the pages. */
static void one_bank(void **state)
{
    static const struct { const char *chip; uint32_t bit; bool has, interleaved; } cases[] = {
        {"stm32l476rg", DUALBANK, false, false}, {"stm32l476re", DUALBANK, true, false},
        {"stm32l476rc", DUALBANK, true, false},  {"stm32l4r5zi", DBANK, true, true},
        {"stm32l4r5zi", DUALBANK, false, false}, {"stm32l4r5zg", DUALBANK, true, true}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sim_machine *m = rig_new(cases[i].chip);
        const tb_chip *c = sim_chip(m);
        uint32_t bank2 = c->bank2_base, page = c->pages[0].bytes;
        uint8_t unit[8] = {1, 2, 3, 4, 5, 6, 7, 8};
        assert_true(sim_flash_load(m, bank2, unit, sizeof unit));
        load_option(m, PRODUCTION & ~cases[i].bit);
        caches_off(m);
        /* interleaved: a line of 16 bytes has 8 of either bank */
        assert_int_equal(rd(m, cases[i].interleaved ? BANK1 + 8u : bank2), 0x04030201u);
        rig_unlock(m);
        mark_all(m, c);
        assert_int_equal(rig_erase_page(m, 0u, 2u), 0);
        uint32_t bytes = cases[i].interleaved ? 2u * page : page;
        assert_int_equal(rd(m, BANK1 + 2u * bytes), BLANK);
        assert_int_equal(rd(m, BANK1 + 3u * bytes - 4u), BLANK);
        assert_int_not_equal(rd(m, BANK1 + 2u * bytes - 4u), BLANK);
        assert_int_not_equal(rd(m, BANK1 + 3u * bytes), BLANK);
        if (cases[i].has) { /* FB_MODE has nothing to swap, pages count on into the upper half */
            swap(m, true);
            assert_int_equal(rd(m, BANK1 + 2u * bytes), BLANK);
            assert_int_equal(rig_erase_page(m, 0u, c->bank_bytes / bytes), 0);
            assert_int_equal(rd(m, bank2), BLANK);
        }
        sim_free(m);
    }
}

static void the_rom_chooses_by_the_stack_pointer(void **state)
{
    static const struct { const char *chip; uint32_t sp; bool taken; } cases[] = {
        {"stm32l476rg", 0x20018000u, true},  {"stm32l476rg", 0x10008000u, true},
        {"stm32l476rg", 0x20018008u, false}, {"stm32l476rg", BLANK, false},
        {"stm32l4r5zi", 0x20018000u, true},  {"stm32l4r5zi", 0x20030000u, true},
        {"stm32l4r5zi", 0x20040000u, false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sim_machine *m = rig_new(cases[i].chip);
        uint32_t vectors[2] = {cases[i].sp, 0x20000101u};
        load_option(m, PRODUCTION | BFB2);
        assert_true(sim_flash_load(m, sim_chip(m)->bank2_base, (const uint8_t *)vectors, 8u));
        rig_power_on(m, false);
        wr(m, RCC_APB2ENR, 1u);
        assert_int_equal(rd(m, SYSCFG_MEMRMP) & FB_MODE, cases[i].taken ? FB_MODE : 0u);
        sim_free(m);
    }
}

static void what_the_line_has_not_is_told(void **state)
{
    uint32_t value;
    sim_machine *m = rig_new("stm32l476rg");
    (void)state;
    assert_int_equal(sim_core_read(m, FLASH_SEC1R, 4u, &value), SIM_ACCESS_STOP);
    assert_int_equal(sim_core_read(m, PWR_CR5, 4u, &value), SIM_ACCESS_OK); /* not clocked */
    wr(m, RCC_APB1ENR1, PWREN | 1u << 17);
    assert_int_equal(sim_core_read(m, PWR_CR5, 4u, &value), SIM_ACCESS_STOP);
    wr(m, USART2_CR1, 1u << 29); /* no FIFO */
    assert_int_equal(rd(m, USART2_CR1), 0u);
    assert_int_equal(sim_core_read(m, USART2_CR1 + 0x2Cu, 4u, &value), SIM_ACCESS_STOP);
    sim_free(m);
}

/* ---- clocks, supply, backup domain ---- */

static const char *clock_up(const char *chip, uint32_t pll, uint32_t latency, bool boost)
{
    static char text[200];
    sim_machine *m = rig_new(chip);
    wr(m, RCC_APB1ENR1, PWREN);
    if (boost) {
        wr(m, PWR_CR5, 0u);
    }
    wr(m, FLASH_ACR, 0x600u | latency);
    wr(m, RCC_CR, 0x63u | HSION);
    rig_pass(m, 10u * SIM_PS_PER_US);
    wr(m, RCC_PLLCFGR, pll);
    wr(m, RCC_CR, 0x63u | HSION | PLLON);
    rig_pass(m, 50u * SIM_PS_PER_US);
    (void)sim_core_write(m, RCC_CFGR, 4u, 3u);
    uint32_t hz = sim_hclk_hz(m);
    bool stopped = sim_run(m, sim_now(m) + SIM_PS_PER_US) == SIM_END_STOP;
    assert_int_equal(hz, (pll >> 8 & 127u) * 8000000u);
    strncpy(text, stopped ? sim_end_text(m) : "", sizeof text - 1u);
    sim_free(m);
    return text;
}

static void clocks_and_their_limits(void **state)
{
    (void)state;
    assert_string_equal(clock_up("stm32l476rg", PLL_80, 4u, false), "");
    assert_non_null(strstr(clock_up("stm32l476rg", PLL_80, 3u, false), "LATENCY 3"));
    assert_string_equal(clock_up("stm32l4r5zi", PLL_80, 3u, false), "");
    assert_non_null(strstr(clock_up("stm32l4r5zi", PLL_80, 2u, false), "LATENCY 2"));
    assert_non_null(strstr(clock_up("stm32l4r5zi", PLL_120, 5u, false), "range 1 normal"));
    assert_string_equal(clock_up("stm32l4r5zi", PLL_120, 5u, true), "");
    sim_machine *m = rig_new("stm32l476rg");
    wr(m, FLASH_ACR, 0x602u);
    wr(m, RCC_CR, 0xB1u | 1u << 3); /* MSIRGSEL, 48 MHz */
    assert_int_equal(sim_hclk_hz(m), 48000000u);
    sim_free(m);
}

#define SAI1ON (1u << 26)
#define SAI1RDY (1u << 27)
#define SAI2ON (1u << 28)
#define SAI2RDY (1u << 29)

static uint32_t clk48(sim_machine *m)
{
    sim_part *part = sim_get_part(m);
    return part->services.clk48_hz(part);
}

/* RM0351 6.2.5, RM0432 6.2.5: they have the PLL's source, and on L47x its M; Q of PLLSAI1 may be
 * the clock of 48 MHz. */
static void pllsai1_makes_48_mhz(void **state)
{
    static const struct { const char *chip; uint32_t pll_m, sai_m; } cases[] = {
        {"stm32l476rg", 1u << 4, 0u}, {"stm32l4r5zi", 0u, 1u << 4}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        sim_machine *m = rig_new(cases[i].chip);
        uint32_t sai = cases[i].sai_m | 24u << 8 | 1u << 20 | 1u << 21; /* 16 / 2 x 24 / 4 */
        wr(m, RCC_CR, 0x63u | HSION);
        rig_pass(m, 10u * SIM_PS_PER_US);
        wr(m, RCC_PLLCFGR, 2u | cases[i].pll_m | 10u << 8);
        wr(m, RCC_PLLSAI1CFGR, sai);
        wr(m, RCC_CCIPR, 1u << 26);
        wr(m, RCC_CIER, 1u << 6);
        wr(m, RCC_CR, 0x63u | HSION | SAI1ON);
        assert_int_equal(rd(m, RCC_CR) & SAI1RDY, 0u);
        assert_int_equal(clk48(m), 0u);
        rig_pass(m, 50u * SIM_PS_PER_US);
        assert_int_equal(rd(m, RCC_CR) & (SAI1RDY | SAI2RDY), SAI1RDY);
        assert_int_equal(rd(m, RCC_CIFR), 1u << 6);
        assert_int_equal(clk48(m), 48000000u);
        wr(m, RCC_PLLSAI1CFGR, 30u << 8); /* but for the enables, fixed while it runs */
        assert_int_equal(rd(m, RCC_PLLSAI1CFGR), sai & ~(1u << 20));
        assert_int_equal(clk48(m), 0u);
        wr(m, RCC_PLLCFGR, 1u | 10u << 8); /* the source too */
        assert_int_equal(rd(m, RCC_PLLCFGR) & 3u, 2u);
        wr(m, RCC_CR, 0x63u | SAI1ON); /* the source goes, and the lock with it */
        assert_int_equal(rd(m, RCC_CR) & (SAI1ON | SAI1RDY), SAI1ON);
        sim_free(m);
    }
}

static void pllsai2_locks_or_says_why_not(void **state)
{
    static const char *const chips[] = {"stm32l476rg", "stm32l4r5zi"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        sim_machine *m = rig_new(chips[i]);
        wr(m, RCC_PLLCFGR, 1u);
        wr(m, RCC_PLLSAI2CFGR, 20u << 8);
        wr(m, RCC_CR, 0x63u | SAI2ON);
        rig_pass(m, 50u * SIM_PS_PER_US);
        assert_int_equal(rd(m, RCC_CR) & (SAI1RDY | SAI2RDY), SAI2RDY);
        wr(m, RCC_PLLSAI1CFGR, 7u << 8);
        (void)sim_core_write(m, RCC_CR, 4u, 0x63u | SAI2ON | SAI1ON);
        assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_US), SIM_END_STOP);
        assert_non_null(strstr(sim_end_text(m), "PLLSAI1N of 7, allowed 8"));
        sim_free(m);
    }
    sim_machine *m = rig_new("stm32l476rg");
    (void)sim_core_write(m, RCC_CR, 4u, 0x63u | SAI2ON);
    assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_US), SIM_END_STOP);
    assert_non_null(strstr(sim_end_text(m), "PLLSAI2ON without a source"));
    sim_free(m);
}

/* L4R's has six bits of TRIM (G4's and U5's seven); L47x has no HSI48 and no CRS. */
static void crs_trims_and_synchronises_to_nothing(void **state)
{
    (void)state;
    sim_machine *m = rig_new("stm32l4r5zi");
    wr(m, RCC_APB1ENR1, 1u << 24);
    assert_int_equal(rd(m, CRS_CR), 0x2000u);
    assert_int_equal(rd(m, CRS_CFGR), 0x2022BB7Fu);
    wr(m, CRS_CR, 0x7F00u);
    assert_int_equal(rd(m, CRS_CR), 0x3F00u);
    wr(m, CRS_CR, 0x1060u); /* CEN, AUTOTRIMEN: TRIM is the hardware's */
    assert_int_equal(rd(m, CRS_CR), 0x3F60u);
    wr(m, CRS_CFGR, 0u); /* protected while it counts */
    assert_int_equal(rd(m, CRS_CFGR), 0x2022BB7Fu);
    wr(m, CRS_CR, 0x2000u);
    wr(m, CRS_CFGR, 0x1022BB7Fu); /* LSE */
    assert_int_equal(sim_core_write(m, CRS_CR, 4u, 0x2020u), SIM_ACCESS_STOP);
    assert_non_null(strstr(sim_end_text(m), "CRS"));
    sim_free(m);
}

static void port_g_waits_for_its_supply(void **state)
{
    static const char *const chips[] = {"stm32l476rg", "stm32l4r5zi"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        sim_machine *m = rig_new(chips[i]);
        wr(m, RCC_AHB2ENR, 1u << 6);
        wr(m, RCC_APB1ENR1, PWREN);
        wr(m, GPIOG_MODER, 0u);
        sim_pin_drive(m, 6, 8, 1);
        sim_pin_drive(m, 6, 1, 1); /* PG0 and PG1 are on VDD */
        assert_int_equal(rd(m, GPIOG_IDR), 1u << 1);
        wr(m, PWR_CR2, IOSV);
        assert_int_equal(rd(m, GPIOG_IDR), 1u << 1 | 1u << 8);
        rig_power_on(m, false);
        wr(m, RCC_AHB2ENR, 1u << 6);
        wr(m, GPIOG_MODER, 0u);
        assert_int_equal(rd(m, GPIOG_IDR), 1u << 1);
        sim_free(m);
    }
}

static void backup_registers_of_the_rtc(void **state)
{
    static const char *const chips[] = {"stm32l476rg", "stm32l4r5zi"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        sim_machine *m = rig_new(chips[i]);
        wr(m, RCC_APB1ENR1, PWREN | RTCAPBEN);
        wr(m, RTC_BKP31R, 0x11111111u);
        assert_int_equal(rd(m, RTC_BKP31R), 0u);
        wr(m, PWR_CR1, 0x200u | DBP);
        wr(m, RTC_BKP31R, 0x22222222u);
        assert_int_equal(rd(m, RTC_BKP31R), 0x22222222u);
        sim_pin_reset(m);
        rig_sleep(m);
        wr(m, RCC_APB1ENR1, RTCAPBEN);
        assert_int_equal(rd(m, RTC_BKP31R), 0x22222222u);
        wr(m, RCC_APB1ENR1, 0u); /* L47x has no gate for it */
        assert_int_equal(rd(m, RTC_BKP31R), i == 0 ? 0x22222222u : 0u);
        rig_power_on(m, true);
        wr(m, RCC_APB1ENR1, RTCAPBEN);
        assert_int_equal(rd(m, RTC_BKP31R), 0u);
        sim_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_of_every_row_in_both_mappings),
        cmocka_unit_test(reset_values),
        cmocka_unit_test(ecc_flags_have_their_places),
        cmocka_unit_test(one_bank),
        cmocka_unit_test(the_rom_chooses_by_the_stack_pointer),
        cmocka_unit_test(what_the_line_has_not_is_told),
        cmocka_unit_test(clocks_and_their_limits),
        cmocka_unit_test(pllsai1_makes_48_mhz),
        cmocka_unit_test(pllsai2_locks_or_says_why_not),
        cmocka_unit_test(crs_trims_and_synchronises_to_nothing),
        cmocka_unit_test(port_g_waits_for_its_supply),
        cmocka_unit_test(backup_registers_of_the_rtc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
