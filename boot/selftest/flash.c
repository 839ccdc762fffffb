/* Flash: where programs and erases go, in both mappings. All of it on the last two pages of
 * each bank, at the same offsets in both, so that a wrong bank hits a page that is ours. */
#include <string.h>

#include "boot/selftest/selftest.h"
#include "chips/armv7m.h"

#define ASK_S 10u
#define READS_LEAST 100u
#define BANKS 2u
#define PAGES 2u /* that are programmed */

static tb_page page(unsigned which)
{
    tb_page last = {0};

    (void)tb_page_at(TB_TARGET, TB_TARGET->bank_bytes - 1u, &last);
    if (which == 1u) {
        (void)tb_page_at(TB_TARGET, last.offset - 1u, &last);
    } else if (which == 2u) {
        (void)tb_page_at(TB_TARGET, family_third_page, &last);
    }
    return last;
}

uint32_t st_page(unsigned which)
{
    return page(which).offset;
}

uint32_t st_page_bytes(unsigned which)
{
    return page(which).bytes;
}

void st_pattern(uint8_t unit[TB_MAX_UNIT_BYTES], unsigned bank, uint32_t offset)
{
    for (uint32_t i = 0; i < TB_MAX_UNIT_BYTES; i += 4u) {
        uint32_t word = 0x40000000u | bank << 28 | (offset & 0xFFFFFFu) | i << 22;
        memcpy(unit + i, &word, sizeof word);
    }
}

bool st_is(const uint8_t *bytes, uint8_t value, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (bytes[i] != value) {
            return false;
        }
    }
    return true;
}

static tb_error program(unsigned bank, uint32_t offset)
{
    uint8_t unit[TB_MAX_UNIT_BYTES];

    st_pattern(unit, bank, offset);
    return chip_flash.program(chip_flash.ctx, bank, offset, unit);
}

static bool blank(unsigned bank, unsigned which)
{
    uint8_t unit[TB_MAX_UNIT_BYTES];
    tb_page p = page(which);

    for (uint32_t at = 0; at < p.bytes; at += TB_TARGET->unit_bytes) {
        if (chip_flash.read(chip_flash.ctx, bank, p.offset + at, unit, TB_TARGET->unit_bytes) !=
                TB_OK || !st_is(unit, 0xFFu, TB_TARGET->unit_bytes)) {
            return false;
        }
    }
    return true;
}

bool st_page_erased(unsigned bank, unsigned which)
{
    chip_watchdog_feed();
    return chip_flash.erase(chip_flash.ctx, bank, st_page(which)) == TB_OK && blank(bank, which);
}

/* ---- the scratch pages ----------------------------- */

static bool asked_and_allowed(void)
{
    uint8_t key;

    st_text("The scratch pages of the banks are in use, by an application's log or data.\r\n"
            "Press y within 10 s to have them erased for the checks of the flash.\r\n");
    while (st_key(&key)) { /* what was pressed before the question is no answer to it */
    }
    for (unsigned second = 0; second < ASK_S; second++) {
        chip_watchdog_feed();
        SYST_RVR = TB_TARGET->reset_hz / 8u - 1u; /* 24 bits */
        SYST_CVR = 0u;
        SYST_CSR = SYST_CSR_ENABLE | SYST_CSR_CLKSOURCE;
        for (unsigned eighth = 0; eighth < 8u;) {
            if (st_key(&key) && (key == 'y' || key == 'Y')) {
                return true;
            }
            eighth += (SYST_CSR & SYST_CSR_COUNTFLAG) != 0u ? 1u : 0u;
        }
    }
    return false;
}

unsigned st_pages(void)
{
    return family_third_page != 0u ? PAGES + 1u : PAGES;
}

void st_check_scratch(void)
{
    unsigned pages = st_pages();
    bool clean = true;

    if (chip_check(TB_TARGET) != TB_OK || st_flash_kib() != TB_TARGET->flash_kib) {
        st.scratch = 0u;
        st_line(ST_SKIP, "scratch", "not the part that this program is for: nothing is written");
        return;
    }
    for (unsigned i = 0; i < BANKS * pages && st.scratch == 0u; i++) {
        clean = clean && blank(i / pages, i % pages);
    }
    if (!clean && !asked_and_allowed()) {
        st_line(ST_SKIP, "scratch", "in use, and nobody allowed to erase them");
        return;
    }
    clean = true;
    st.scratch = 1u;
    for (unsigned i = 0; i < BANKS * pages; i++) {
        clean = st_page_erased(i / pages, i % pages) && clean;
    }
    st_begin(st_judge(clean), "scratch");
    st_text("pages at offsets ");
    st_hex(st_page(1u));
    st_text(" and ");
    st_hex(st_page(0u));
    if (pages > PAGES) {
        st_text(", and at ");
        st_hex(st_page(2u));
    }
    st_text(" of both banks are blank");
    st_end();
    st.scratch = clean ? 1u : 0u;
}

/* ---- windows and banks ----------------------------- */

static bool marks_set(unsigned bank, unsigned which)
{
    tb_page p = page(which);

    return program(bank, p.offset) == TB_OK &&
           program(bank, p.offset + p.bytes - TB_TARGET->unit_bytes) == TB_OK;
}

/* Read by address, past the driver: is that page marked (or blank) at both its ends? */
static bool seen(bool swapped, unsigned bank, unsigned which, bool marked)
{
    tb_page p = page(which);

    for (unsigned end = 0; end < 2u; end++) {
        uint32_t offset = end == 0u ? p.offset : p.offset + p.bytes - TB_TARGET->unit_bytes;
        const volatile uint8_t *at =
            (const volatile uint8_t *)tb_mapped_address(TB_TARGET, swapped, bank, offset);
        uint8_t expected[TB_MAX_UNIT_BYTES];

        st_pattern(expected, bank, offset);
        for (unsigned i = 0; i < TB_TARGET->unit_bytes; i++) {
            if (at[i] != (marked ? expected[i] : 0xFFu)) {
                return false;
            }
        }
    }
    return true;
}

/* All four pages marked but one; none: -1. */
static bool all_seen_but(bool swapped, int but_bank, unsigned but_page)
{
    bool good = true;

    for (unsigned i = 0; i < BANKS * PAGES; i++) {
        bool marked = (int)(i / PAGES) != but_bank || i % PAGES != but_page;
        good = good && seen(swapped, i / PAGES, i % PAGES, marked);
    }
    return good;
}

static bool erase_reaches(bool swapped, unsigned bank, unsigned which)
{
    return chip_flash.erase(chip_flash.ctx, bank, st_page(which)) == TB_OK &&
           all_seen_but(swapped, (int)bank, which);
}

/* Each page in turn, and the last one of each bank marked again through the driver. */
static void check_erases(bool swapped, const char *erase_name, const char *program_name)
{
    bool erased = true, programmed = true;

    for (unsigned i = 0; i < BANKS * PAGES; i++) {
        chip_watchdog_feed();
        erased = erase_reaches(swapped, i / PAGES, i % PAGES) && erased;
        programmed = marks_set(i / PAGES, i % PAGES) && all_seen_but(swapped, -1, 0u) &&
                     programmed;
    }
    st_line(st_judge(erased), erase_name,
            "an erase reaches its page of its physical bank, and no other");
    st_line(st_judge(programmed), program_name, "a program at the mapped address reaches its page");
}

static bool all_marked(void)
{
    bool good = true;

    for (unsigned i = 0; i < BANKS * PAGES; i++) {
        good = st_page_erased(i / PAGES, i % PAGES) && good;
    }
    for (unsigned i = 0; i < BANKS * PAGES; i++) {
        good = marks_set(i / PAGES, i % PAGES) && good;
    }
    return good;
}

void st_check_windows(void)
{
    bool marked = all_marked();

    st_line(st_judge(marked && all_seen_but(chip_mapped_bank() == 1u, -1, 0u)), "windows",
            "each bank is read in its own window");
    check_erases(chip_mapped_bank() == 1u, "erase-bank", "program-bank");
}

/* What an update in the background stands on. A bank that stalls gives a read or two. */
void st_check_reads(void)
{
    uint32_t reads[BANKS];
    bool good = true;

    for (unsigned bank = 0; bank < BANKS; bank++) {
        tb_page erased = page(0u);
        const volatile uint32_t *words = (const volatile uint32_t *)tb_mapped_address(
            TB_TARGET, chip_mapped_bank() == 1u, bank ^ 1u, st_page(1u));
        chip_watchdog_feed();
        reads[bank] = family_reads_during_erase(bank, &erased, words, st_page_bytes(1u) / 4u);
        good = good && reads[bank] >= READS_LEAST;
    }
    st_begin(st_judge(good), "read-while-erase");
    st_number(reads[1]);
    st_text(" words of bank 1 were read while a page of bank 2 was erased, ");
    st_number(reads[0]);
    st_text(" the other way round");
    st_end();
}

/* ---- the swap by option byte, over two resets ----------------------------- */

static bool copies_equal(void)
{
    uint32_t bytes = (st_program_bytes() + 3u) & ~3u, crc[BANKS];

    for (unsigned bank = 0; bank < BANKS; bank++) {
        if (chip_flash.crc32(chip_flash.ctx, bank, 0u, bytes, &crc[bank]) != TB_OK) {
            return false;
        }
    }
    return crc[0] == crc[1];
}

/* What the reset is to start from the other bank: this program. NULL: it is there. */
static const char *copy_program(void)
{
    uint8_t unit[TB_MAX_UNIT_BYTES];
    unsigned to = st.home ^ 1u;
    uint32_t size = TB_TARGET->unit_bytes;

    if (copies_equal()) {
        return NULL;
    }
    for (uint32_t at = 0; at < st_program_bytes(); at += size) {
        if (chip_flash.read(chip_flash.ctx, to, at, unit, size) != TB_OK ||
            !st_is(unit, 0xFFu, size)) {
            return "the other bank's first pages, where a copy of this program goes, are in use";
        }
    }
    st.copied = 1u;
    st_seal();
    for (uint32_t at = 0; at < st_program_bytes(); at += size) {
        chip_watchdog_feed();
        (void)chip_flash.read(chip_flash.ctx, st.home, at, unit, size);
        if (!st_is(unit, 0xFFu, size)) {
            (void)chip_flash.program(chip_flash.ctx, to, at, unit);
        }
    }
    return copies_equal() ? NULL : "this program could not be copied to the other bank";
}

bool st_copy_erased(void)
{
    bool good = true;
    tb_page p = {0};

    for (uint32_t at = 0; st.copied != 0u && at < st_program_bytes(); at = p.offset + p.bytes) {
        (void)tb_page_at(TB_TARGET, at, &p);
        chip_watchdog_feed();
        good = chip_flash.erase(chip_flash.ctx, st.home ^ 1u, p.offset) == TB_OK && good;
    }
    st.copied = 0u;
    return good;
}

static void swap_by_option(uint32_t phase, unsigned bank, const char *name)
{
    st_expect_option(phase);
    family_swap_to(bank);
    st.expect = ST_EXPECT_NONE;
    st_line(ST_FAIL, name, "the option byte was not taken");
}

static void check_option_swap(void)
{
    bool home_is_2 = st.home == 1u, there;
    const char *why = st.phase == 0u ? family_swap_refusal() : NULL;

    if (st.phase == 0u) {
        why = why == NULL ? copy_program() : why;
        if (why != NULL) {
            st_line(ST_SKIP, "swap-windows", why);
            return;
        }
        (void)all_marked();
        swap_by_option(1u, st.home ^ 1u, "swap-windows");
    } else if (st.phase == 1u) {
        there = chip_mapped_bank() != st.home && all_seen_but(!home_is_2, -1, 0u);
        st_line(st_judge(there), "swap-windows",
                "after SWAP_BANK was loaded the banks are in each other's window");
        if (there) {
            check_erases(!home_is_2, "swap-erase", "swap-program");
        }
        swap_by_option(2u, st.home, "swap-back");
    } else {
        there = chip_mapped_bank() == st.home && all_seen_but(home_is_2, -1, 0u);
        st_line(st_judge(there && st_copy_erased()), "swap-back",
                "and back, with what was programmed meanwhile");
    }
}

void st_check_swap(void)
{
    uint32_t primask;
    bool marked;

    if (!family_map(0u)) {
        check_option_swap();
        return;
    }
    marked = all_marked();
    (void)family_map(1u);
    chip_flash_init();
    primask = arm_interrupts_mask();
    bool mapped = chip_mapped_bank() == 1u && chip_flash.mapped_bank(chip_flash.ctx) == 1u;
    bool windows = all_seen_but(true, -1, 0u);
    arm_interrupts_restore(primask);
    st_line(st_judge(marked && mapped && windows), "swap-windows",
            "bank 2 answers at 0x08000000 and bank 1 in the other window, at once");
    if (windows) { /* else the driver would be wrong about what is where */
        check_erases(true, "swap-erase", "swap-program");
    }
    (void)family_map(0u);
    chip_flash_init();
    st_line(st_judge(chip_mapped_bank() == 0u && all_seen_but(false, -1, 0u)), "swap-back",
            "and back, with what was programmed meanwhile");
}

/* ---- units: the rules are the family's ----------------------------- */

bool st_holds(uint32_t offset, const uint8_t *expected)
{
    uint8_t unit[TB_MAX_UNIT_BYTES];

    return chip_flash.read(chip_flash.ctx, 1u, offset, unit, TB_TARGET->unit_bytes) == TB_OK &&
           memcmp(unit, expected, TB_TARGET->unit_bytes) == 0;
}

void st_flags(uint32_t flags)
{
    const char *text = family_flag_text(flags);

    if (text != NULL) {
        st_text(text);
    } else {
        st_text("SR ");
        st_hex(flags);
    }
}

void st_rule(bool good, const char *name, const char *what, uint32_t flags)
{
    st_begin(st_judge(good), name);
    st_text(what);
    st_flags(flags);
    st_end();
}
