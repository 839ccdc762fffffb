/* The self-test: what the design takes for granted about the part, checked on it. One line
 * for each thing checked; the run goes on over the resets that it makes itself, and over
 * faults and hangs, of which each is a FAIL of the check that it came in. */
#include "boot/selftest/selftest.h"

#include <stddef.h>
#include <string.h>

#include "chips/armv7m.h"
#include "twinbank/image.h"

#define MAGIC 0x5E1F7E57u
/* In the backup registers while a run is under way; the last of them says besides whether
 * a reset of our own is to come, after which RAM has to be as it was. */
#define BACKUP_MARK 0x5E1F7E00u
#define BACKUP_ARMED 0x80u
#define HANG_MS 30000u
#define KEEP_WORDS 1024u

_Noreturn void selftest_main(void);

__attribute__((section(".noinit"))) st_state st;
__attribute__((section(".noinit"))) static uint32_t keep[KEEP_WORDS];

static uint32_t sum(void)
{
    const uint32_t *word = (const uint32_t *)&st;
    uint32_t total = 0;

    for (unsigned i = 0; i < offsetof(st_state, sum) / sizeof *word; i++) {
        total = (total << 1 | total >> 31) + word[i];
    }
    return ~total;
}

void st_seal(void)
{
    st.sum = sum();
}

/* ---- resets ----------------------------- */

static void backup_mark(bool armed)
{
    for (unsigned i = 0; i < TB_BACKUP_COUNT; i++) {
        chip_backup_write(i, BACKUP_MARK | i |
                                 (armed && i == TB_BACKUP_COUNT - 1u ? BACKUP_ARMED : 0u));
    }
}

static bool backup_marked(bool armed)
{
    uint32_t words[TB_BACKUP_COUNT];
    bool good = true;

    chip_backup_read(words);
    for (unsigned i = 0; i < TB_BACKUP_COUNT; i++) {
        good = good && words[i] == (BACKUP_MARK | i |
                                    (armed && i == TB_BACKUP_COUNT - 1u ? BACKUP_ARMED : 0u));
    }
    return good;
}

static uint32_t keep_word(uint32_t i)
{
    return (i + 1u) * 0x9E3779B9u;
}

static void prepare(st_expect expect, uint32_t phase)
{
    for (uint32_t i = 0; i < KEEP_WORDS; i++) {
        keep[i] = keep_word(i);
    }
    st_flush();
    backup_mark(true);
    st.phase = phase;
    st.expect = expect;
    st_seal();
}

_Noreturn void st_reset(uint32_t phase)
{
    prepare(ST_EXPECT_SOFTWARE, phase);
    chip_reset();
}

void st_expect_watchdog(uint32_t phase)
{
    prepare(ST_EXPECT_WATCHDOG, phase);
    chip_watchdog_start(0u);
}

void st_expect_option(uint32_t phase)
{
    prepare(ST_EXPECT_OPTION, phase);
}

/* ---- the checks that need no flash ----------------------------- */

static void check_identity(void)
{
    uint32_t idcode = st_idcode(), kib = st_flash_kib();
    tb_error error = chip_check(TB_TARGET);
    uint8_t uid[12];

    st_begin(idcode == 0u ? ST_SKIP : st_judge((idcode & 0xFFFu) == TB_TARGET->device_id), "id");
    st_text("DEV_ID ");
    st_hex(idcode & 0xFFFu);
    st_text(", expected ");
    st_hex(TB_TARGET->device_id);
    st_text("; REV_ID ");
    st_hex(idcode >> 16);
    st_end();
    st_begin(st_judge(kib == TB_TARGET->flash_kib), "flash-size");
    st_number(kib);
    st_text(" KB, expected ");
    st_number(TB_TARGET->flash_kib);
    st_end();
    chip_uid(uid);
    st_line(st_judge(!st_is(uid, 0xFFu, sizeof uid) && !st_is(uid, 0u, sizeof uid)), "uid",
            "the unique id is neither zeros nor ones");
    st_line(st_judge(error == TB_OK), "dual-bank",
            error == TB_OK ? "the part has two banks now" : tb_error_text(error));
}

static bool judge_reset(tb_reset_cause expected, const char *cause, const char *ram,
                        const char *backup)
{
    bool kept = true, marked = backup_marked(true);

    for (uint32_t i = 0; i < KEEP_WORDS; i++) {
        kept = kept && keep[i] == keep_word(i);
    }
    backup_mark(false);
    st_begin(st_judge(st.came == (uint32_t)expected && family_reset_flags() == 0u), cause);
    st_text(tb_reset_cause_text((tb_reset_cause)st.came));
    st_text(", flags cleared to ");
    st_hex(family_reset_flags());
    st_end();
    st_line(st_judge(kept), ram, "4 KB of SRAM as before the reset");
    st_line(st_judge(marked), backup, "the last four backup registers as before the reset");
    return kept;
}

/* With the other bank mapped, where the family can do that: the reset has to end it. */
void st_check_reset_software(void)
{
    if (st.phase == 0u) {
        (void)family_map(1u);
        st_reset(1u);
    }
    st.back = chip_mapped_bank();
    judge_reset(TB_RESET_SOFTWARE, "reset-software", "ram-software", "backup-software");
    if (family_map(0u)) {
        st_line(st_judge(st.back == 0u), "swap-ends", "bank 1 is mapped again after a system reset");
    } else {
        st_line(ST_SKIP, "swap-ends", "the banks of this family are swapped by option bytes");
    }
}

void st_check_reset_watchdog(void)
{
    if (st.phase == 0u) {
        st_expect_watchdog(1u);
        for (uint32_t i = 0; i < TB_TARGET->reset_hz / 4u; i++) { /* a second at least */
            arm_dsb();
        }
        st_line(ST_FAIL, "reset-watchdog", "a watchdog of 8 ms did not bite within a second");
        st_reset(2u);
    }
    if (st.phase == 1u) {
        judge_reset(TB_RESET_WATCHDOG, "reset-watchdog", "ram-watchdog", "backup-watchdog");
    }
}

static const char *const crc_names[] = {"crc-words", "crc-bytes", "crc-tail"};

void st_check_crc(void)
{
    static const uint8_t text[] = "123456789";
    static uint32_t data[64];
    uint8_t *bytes = (uint8_t *)data;
    bool good[3] = {true, true, true};

    for (uint32_t i = 0; i < sizeof data; i++) {
        bytes[i] = (uint8_t)(i * i + 7u * i + 3u);
    }
    for (uint32_t n = 0; n <= sizeof data; n += 4u) {
        good[0] = good[0] && chip_crc32(data, n) == tb_crc32(0u, data, n);
    }
    for (uint32_t n = 0; n <= 67u; n++) {
        uint32_t expected = tb_crc32(0u, data, n);
        good[1] = good[1] && st_crc(bytes, n, true) == expected;
        good[2] = good[2] && st_crc(bytes, n, false) == expected;
    }
    /* The check value of the catalogue, so that the table is checked as well. */
    good[1] = good[1] && st_crc(text, sizeof text - 1u, true) == 0xCBF43926u;
    for (unsigned i = 0; i < 3u; i++) {
        st_line(st_judge(good[i]), crc_names[i], "the CRC unit agrees with the table");
    }
}

/* ---- the run ----------------------------- */

static void say_part(void)
{
    uint8_t uid[12];
    uint32_t idcode = st_idcode();

    chip_uid(uid);
    st_text(TB_TARGET->name);
    st_text(", DEV_ID ");
    st_hex(idcode & 0xFFFu);
    st_text(", REV_ID ");
    st_hex(idcode >> 16);
    st_text(", UID");
    for (unsigned i = 0; i < sizeof uid; i += 4u) {
        uint32_t word;
        memcpy(&word, &uid[i], sizeof word);
        st_text(" ");
        st_hex(word);
    }
    st_text(", flash ");
    st_number(st_flash_kib());
    st_text(" KB\r\n");
}

/* What was touched is put back; the reset takes the watchdog away. */
static void finish(void)
{
    if (st.phase == 0u && chip_mapped_bank() != st.home && family_swap_refusal() == NULL) {
        st_expect_option(2u); /* a check did not come to its end */
        family_swap_to(st.home);
    }
    if (st.phase != 1u) {
        bool clean = st_copy_erased();

        for (unsigned i = 0; i < 2u * st_pages() && st.scratch != 0u; i++) {
            clean = st_page_erased(i % 2u, i / 2u) && clean;
        }
        st_line(st.scratch != 0u ? st_judge(clean) : ST_SKIP, "restored",
                st.scratch != 0u ? "the scratch pages are blank" : "no page was touched");
        st_reset(1u);
    }
    for (unsigned i = 0; i < TB_BACKUP_COUNT; i++) {
        chip_backup_write(i, st.backup[i]);
    }
    st_text("selftest: ");
    say_part();
    st_text("selftest: ");
    st_number(st.passed);
    st_text(" passed, ");
    st_number(st.failed);
    st_text(" failed, ");
    st_number(st.skipped);
    st_text(" skipped\r\n");
    st.magic = 0u;
}

static const st_check checks[] = {
    {"identity", check_identity, false},
    {"options", family_check_options, false},
    {"mapping", family_check_mapping, false},
    {"crc", st_check_crc, false},
    {"reset-software", st_check_reset_software, false},
    {"reset-watchdog", st_check_reset_watchdog, false},
    {"scratch", st_check_scratch, false},
    {"windows", st_check_windows, true},
    {"reads", st_check_reads, true},
    {"swap", st_check_swap, true},
    {"units", st_check_units, true},
    {"family", family_check_more, true},
    {"torn-unit", st_check_torn_unit, true},
    {"torn-erase", st_check_torn_erase, true},
    {"timing", st_check_timing, true},
    {"finish", finish, false},
};
#define CHECKS (sizeof checks / sizeof checks[0])

static void start_anew(tb_reset_cause cause, uint32_t flags)
{
    uint32_t words[TB_BACKUP_COUNT];
    bool ours = backup_marked(false) || backup_marked(true);

    memset(&st, 0, sizeof st);
    st.magic = MAGIC;
    st.first_cause = (uint32_t)cause;
    st.first_flags = flags;
    st.home = chip_mapped_bank();
    chip_backup_read(words);
    if (ours) { /* a run before this one did not come to its end */
        memset(words, 0, sizeof words);
        st.scratch = 1u;
    }
    memcpy(st.backup, words, sizeof words);
    backup_mark(false);
    st_seal();
    st_text("\r\ntwinbank self-test, log format 1: ");
    st_text(TB_TARGET->board.name);
    st_text(", ");
    say_part();
    st_text("started by ");
    st_text(tb_reset_cause_text(cause));
    st_text(", reset flags ");
    st_hex(flags);
    st_end();
}

/* Nothing of the state can be trusted: a part where RAM does not outlive a reset. */
static _Noreturn void ram_was_lost(void)
{
    memset(&st, 0, sizeof st);
    backup_mark(false);
    st_line(ST_FAIL, "ram", "SRAM does not hold over a reset: the run cannot go on");
    st_text("selftest: the run is not complete\r\n");
    for (;;) {
        chip_watchdog_feed();
    }
}

/* true: the check under way goes on at its phase. */
static bool goes_on(tb_reset_cause cause)
{
    uint32_t expected = st.expect;

    st.expect = ST_EXPECT_NONE;
    st.came = (uint32_t)cause;
    if ((expected == ST_EXPECT_SOFTWARE && cause == TB_RESET_SOFTWARE) ||
        (expected == ST_EXPECT_WATCHDOG && cause == TB_RESET_WATCHDOG) ||
        (expected == ST_EXPECT_OPTION && cause == TB_RESET_OPTION)) {
        return true;
    }
    st_end(); /* of what it was about to say */
    st_begin(ST_FAIL, checks[st.step].name);
    if (expected == ST_EXPECT_FAULT) {
        st_text("a fault at ");
        st_hex(st.fault_pc);
        st_text(", CFSR ");
        st_hex(st.fault_status);
    } else {
        st_text("ended by a reset, cause: ");
        st_text(tb_reset_cause_text(cause));
    }
    st_end();
    return false;
}

_Noreturn void selftest_main(void)
{
    tb_reset_cause cause = chip_reset_cause();
    uint32_t flags = family_reset_flags();
    bool ours = cause == TB_RESET_SOFTWARE || cause == TB_RESET_WATCHDOG ||
                cause == TB_RESET_OPTION;
    bool whole = st.magic == MAGIC && st.sum == sum() && st.step < CHECKS;

    chip_watchdog_feed(); /* one that the option bytes started */
    chip_reset_cause_clear();
    chip_flash_init();
    st_uart_open();
    /* Without a reset of ours under way it is somebody's wish to begin. */
    if (whole && ours && (st.expect != ST_EXPECT_NONE || cause == TB_RESET_WATCHDOG)) {
        if (!goes_on(cause)) {
            st.step++;
            st.phase = 0u;
        }
    } else if (!whole && ours && backup_marked(true)) {
        ram_was_lost();
    } else {
        start_anew(cause, flags);
    }
    for (; st.step < CHECKS; st.step++, st.phase = 0u) {
        const st_check *check = &checks[st.step];
        st_seal();
        if (check->scratch && st.scratch == 0u) {
            st_line(ST_SKIP, check->name, "needs the scratch pages");
        } else {
            if (check->run != finish) {
                chip_watchdog_start(HANG_MS);
            }
            check->run();
        }
    }
    for (;;) {
        chip_watchdog_feed();
    }
}
