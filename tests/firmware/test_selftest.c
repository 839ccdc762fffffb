/* The self-test firmware on the simulated part: every line a PASS, each name explained on
 * the page; the part left as it was found; and a FAIL where something is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/e2e/board.h"
#include "tests/sim/rig_u5.h"

#define MS(n) ((n)*SIM_PS_PER_MS)
#define LIMIT MS(200000)
#define QUESTION "for the checks of the flash.\r\n"
#define END " skipped\r\n"
#define BACKUP_WORDS 32u
#define F7_OWN_SECTOR 0xC000u

static const char *const parts[] = {
    "stm32g474re", "stm32g474rc", "stm32g474rb", "stm32l476rg", "stm32l4r5zi",
    "stm32f767zi", "stm32h743zi", "stm32h7a3zi", "stm32u575zi", "stm32u575zg",
};
#define PARTS (sizeof parts / sizeof parts[0])

typedef struct run {
    board *b;
    char log[32768];
    size_t fill;
} run;

/* Sectors that take a second to erase: there polls are skipped. */
static bool slow(const char *part)
{
    return strcmp(part, "stm32f767zi") == 0 || strcmp(part, "stm32h743zi") == 0;
}

static run *run_with(const char *part, const char *file, const sim_options *options)
{
    run *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->b = board_new_with(part, file, options);
    return r;
}

static run *run_new(const char *part, const char *file, uint32_t seed)
{
    const sim_options options = {.seed = seed, .skip_polls = slow(part)};
    return run_with(part, file, &options);
}

static void run_free(run *r)
{
    board_free(r->b);
    free(r);
}

static bool run_until(run *r, const char *text, sim_ps limit)
{
    sim_ps end = sim_now(r->b->machine) + limit;
    size_t from = r->fill;

    while (!strstr(r->log + from, text)) {
        if (sim_now(r->b->machine) >= end || r->fill + 1u >= sizeof r->log) {
            return false;
        }
        r->fill += board_receive(r->b, (uint8_t *)r->log + r->fill, sizeof r->log - 1u - r->fill,
                                 end - sim_now(r->b->machine));
        r->log[r->fill] = '\0';
    }
    return true;
}

static void show(const run *r)
{
    fputs(r->log, stderr); /* cmocka cuts long texts */
}

static void run_to_end(run *r)
{
    /* One check counts what is read between polls. */
    if (slow(r->b->chip->name) && run_until(r, "PASS program-bank", LIMIT)) {
        sim_set_skip_polls(r->b->machine, false);
        (void)run_until(r, " read-while-erase", LIMIT);
        sim_set_skip_polls(r->b->machine, true);
    }
    if (!run_until(r, END, LIMIT)) {
        show(r);
        fail_msg("the run has no end");
    }
}

static void press(run *r, const char *keys)
{
    sim_ps when = sim_now(r->b->machine) + MS(500);
    while (sim_now(r->b->machine) < when) { /* each byte that it sends ends a board_run() */
        board_run(r->b, when - sim_now(r->b->machine));
    }
    board_send(r->b, keys, strlen(keys));
}

/* ---- the log ------------------------------------------------------------------------- */

typedef struct tally {
    unsigned passed, failed, skipped;
} tally;

/* Every name stands on the page, in backquotes. */
static void check_explained(const char *page, const char *name, size_t length)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "`%.*s`", (int)length, name);
    if (!strstr(page, quoted)) {
        fail_msg("docs/silicon-log.md does not explain %s", quoted);
    }
}

/* Of the last run in the log; its last line has to say the same. */
static tally count(const run *r)
{
    tally t = {0};
    char summary[96];
    size_t bytes;
    char *page = (char *)board_read_file("docs/silicon-log.md", &bytes);
    const char *line = r->log, *next;

    page[bytes] = '\0';
    while ((next = strstr(line, "\r\n")) != NULL) {
        if (strncmp(line, "twinbank self-test", 18) == 0) {
            t = (tally){0};
        }
        unsigned *counter = strncmp(line, "PASS ", 5) == 0   ? &t.passed
                            : strncmp(line, "FAIL ", 5) == 0 ? &t.failed
                            : strncmp(line, "SKIP ", 5) == 0 ? &t.skipped
                                                             : NULL;
        if (counter) {
            (*counter)++;
            size_t name = strcspn(line + 5, ":\r");
            if (line[5 + name] == ':') { /* a fault may have cut it short */
                check_explained(page, line + 5, name);
            }
        }
        line = next + 2;
    }
    snprintf(summary, sizeof summary, "selftest: %u passed, %u failed, %u skipped\r\n", t.passed,
             t.failed, t.skipped);
    if (!strstr(r->log, summary)) {
        show(r);
        fail_msg("the log does not say \"%s\"", summary);
    }
    free(page);
    return t;
}

static bool says(const run *r, const char *text)
{
    return strstr(r->log, text) != NULL;
}

static void assert_all_pass(const run *r)
{
    tally t = count(r);
    /* What a family cannot have. */
    static const struct { tb_family family; const char *line; } never[] = {
        {TB_FAMILY_L4PLUS, "SKIP options-stored"}, {TB_FAMILY_F7, "SKIP torn-ecc"},
        {TB_FAMILY_H7, "SKIP swap-ends"},          {TB_FAMILY_H7, "SKIP swap-windows"},
        {TB_FAMILY_U5, "SKIP swap-ends"},
    };
    unsigned skips = 0;
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        skips += r->b->chip->family == never[i].family && says(r, never[i].line) ? 1u : 0u;
    }
    if (t.failed != 0u || t.skipped != skips || t.passed + 3u * skips < 40u) {
        show(r);
        fail_msg("not every line is a PASS");
    }
}

/* ---- the part before and after ---------------------------------------------------------- */

static uint32_t scratch_offset(const tb_chip *c)
{
    tb_page page;
    assert_true(tb_page_at(c, c->bank_bytes - 1u, &page));
    assert_true(tb_page_at(c, page.offset - 1u, &page));
    return page.offset;
}

/* Something everywhere behind the program, up to `end` of each bank. */
static void fill_banks(board *b, uint32_t end)
{
    const tb_chip *c = b->chip;
    uint8_t *bytes = malloc(c->bank_bytes);
    assert_non_null(bytes);
    for (uint32_t i = 0; i < c->bank_bytes; i++) {
        bytes[i] = (uint8_t)(i * 7u + i / 251u);
    }
    assert_true(sim_flash_load(b->machine, TB_FLASH_BASE + c->slot_offset, bytes,
                               end - c->slot_offset));
    if (c->family == TB_FAMILY_U5) { /* where a copy of the program goes, for the swap */
        assert_true(sim_flash_load(b->machine, c->bank2_base + c->slot_offset, bytes,
                                   end - c->slot_offset));
    } else if (c->family == TB_FAMILY_F7) { /* whose driver has a sector for itself, up to the slot */
        assert_true(sim_flash_load(b->machine, c->bank2_base, bytes, F7_OWN_SECTOR));
        assert_true(sim_flash_load(b->machine, c->bank2_base + c->slot_offset, bytes,
                                   end - c->slot_offset));
    } else {
        assert_true(sim_flash_load(b->machine, c->bank2_base, bytes, end));
    }
    free(bytes);
}

static uint8_t *copy_banks(board *b)
{
    uint32_t bytes = b->chip->bank_bytes;
    uint8_t *copy = malloc(2u * bytes);
    assert_non_null(copy);
    memcpy(copy, sim_flash_bank(b->machine, 0), bytes);
    memcpy(copy + bytes, sim_flash_bank(b->machine, 1), bytes);
    return copy;
}

/* The last words of the backup domain. */
static uint32_t *backup_registers(board *b)
{
    size_t words;
    uint32_t *all = sim_backup_words(b->machine, &words);
    assert_true(words >= BACKUP_WORDS);
    return all + words - BACKUP_WORDS;
}

static void every_line_passes_and_nothing_is_left_behind(void **state)
{
    (void)state;
    for (size_t i = 0; i < PARTS; i++) {
        run *r = run_new(parts[i], "selftest.hex", 1);
        uint32_t bytes = r->b->chip->bank_bytes;
        uint32_t *backup = backup_registers(r->b);
        fill_banks(r->b, scratch_offset(r->b->chip));
        uint8_t *before = copy_banks(r->b);
        for (uint32_t w = 0; w < BACKUP_WORDS; w++) {
            backup[w] = 0xB0000000u + w;
        }
        run_to_end(r);
        assert_all_pass(r);
        assert_true(says(r, parts[i]));
        assert_true(r->b->chip->family != TB_FAMILY_F7 || says(r, "SNB counts physical banks"));
        assert_memory_equal(before, sim_flash_bank(r->b->machine, 0), bytes);
        assert_memory_equal(before + bytes, sim_flash_bank(r->b->machine, 1), bytes);
        assert_int_equal(sim_op_count(r->b->machine, 1u << SIM_OP_OPTION),
                         r->b->chip->family == TB_FAMILY_U5 ? 2 : 0); /* there and back */
        for (uint32_t w = 0; w < BACKUP_WORDS; w++) {
            assert_int_equal(backup[w], 0xB0000000u + w);
        }
        free(before);
        run_free(r);
    }
}

/* What is unsure about the F767: the log says which it is, and nothing is lost by it. */
static void the_log_says_what_is_unsure_about_the_f767(void **state)
{
    static const struct { unsigned readings, failed; const char *line; } cases[] = {
        {SIM_READING_F7_SNB_BY_PLACE, 0u, "PASS snb-swapped: SNB counts places"},
        {SIM_READING_F7_SWP_FB_DEAD, 1u, "FAIL swap-windows"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const sim_options options = {.seed = 2u, .readings = cases[i].readings, .skip_polls = true};
        run *r = run_with("stm32f767zi", "selftest.hex", &options);
        run_to_end(r);
        assert_true(says(r, cases[i].line));
        assert_int_equal(count(r).failed, cases[i].failed);
        assert_true(says(r, "PASS restored"));
        run_free(r);
    }
}

/* U5: from either bank, and left as it was where a check goes wrong on the other side. */
static void a_swap_by_option_is_undone(void **state)
{
    const uint32_t loop = 0x2003B000u;

    (void)state;
    for (unsigned i = 0; i < 4u; i++) {
        run *r = run_new("stm32u575zi", "selftest.hex", 3u + i);
        sim_machine *m = r->b->machine;
        uint32_t home = i < 2u ? OPTR_PRODUCTION : OPTR_PRODUCTION | SWAP_BANK;
        uint32_t bytes = r->b->chip->bank_bytes;
        if (i >= 2u) { /* began swapped: the program is in bank 2 */
            memcpy(sim_flash_bank(m, 1), sim_flash_bank(m, 0), bytes);
            memset(sim_flash_bank(m, 0), 0xFF, bytes);
            sim_power_on(m, false);
            asleep(m);
            write_options(m, OPTR, home);
            rig_pass(m, MS(50));
            sim_power_on(m, false);
        }
        uint8_t *before = copy_banks(r->b);
        if (i % 2u == 1u) { /* a hang while swapped */
            assert_true(run_until(r, "PASS swap-windows", LIMIT));
            assert_int_equal(sim_flash_optr(m), home ^ SWAP_BANK);
            assert_int_equal(sim_core_write(m, loop, 4, 0xE7FEE7FEu), SIM_ACCESS_OK);
            sim_cpu_set_reg(sim_core(m), 15, loop);
        }
        run_to_end(r);
        tally t = count(r);
        assert_int_equal(t.failed, i % 2u);
        assert_int_equal(says(r, "FAIL swap: ended by a reset, cause: watchdog"), i % 2u);
        assert_int_equal(sim_flash_optr(m), home);
        assert_memory_equal(before, sim_flash_bank(m, 0), bytes);
        assert_memory_equal(before + bytes, sim_flash_bank(m, 1), bytes);
        free(before);
        run_free(r);
    }
}

static void a_swap_by_option_is_left_out_where_it_would_cost(void **state)
{
    run *r = run_new("stm32u575zi", "selftest.hex", 1);
    const uint8_t used[16] = {1};

    (void)state;
    assert_true(sim_flash_load(r->b->machine, r->b->chip->bank2_base + 0x40u, used, sizeof used));
    run_to_end(r);
    assert_int_equal(count(r).failed, 0);
    assert_true(says(r, "SKIP swap-windows: the other bank's first pages"));
    assert_int_equal(sim_op_count(r->b->machine, 1u << SIM_OP_OPTION), 0);
    assert_int_equal(raw(r->b->machine, 1u, 0x40u), 1u);
    run_free(r);
}

static void a_run_repeats_and_any_seed_will_do(void **state)
{
    run *first = run_new(parts[0], "selftest.hex", 5), *second;

    (void)state;
    run_to_end(first);
    second = run_new(parts[0], "selftest.hex", 5);
    run_to_end(second);
    assert_string_equal(first->log, second->log);
    run_free(second);
    for (uint32_t seed = 6; seed < 9; seed++) {
        second = run_new(parts[0], "selftest.hex", seed);
        run_to_end(second);
        assert_int_equal(count(second).failed, 0);
        run_free(second);
    }
    /* the button: a run of its own */
    sim_pin_reset(first->b->machine);
    run_to_end(first);
    assert_true(says(first, "started by reset pin"));
    assert_all_pass(first);
    run_free(first);
}

static void pages_in_use_are_asked_for(void **state)
{
    (void)state;
    for (unsigned yes = 0; yes < 2u; yes++) {
        run *r = run_new(parts[0], "selftest.hex", 1);
        uint32_t bytes = r->b->chip->bank_bytes;
        fill_banks(r->b, bytes);
        uint8_t *before = copy_banks(r->b);
        board_send(r->b, "yyy", 3); /* before it is asked: no answer */
        assert_true(run_until(r, QUESTION, LIMIT));
        if (yes) {
            press(r, "xy");
        }
        run_to_end(r);
        if (yes) {
            assert_all_pass(r);
        } else {
            assert_int_equal(count(r).failed, 0);
            assert_true(says(r, "SKIP scratch: in use"));
            assert_true(says(r, "SKIP torn-unit: "));
            assert_memory_equal(before, sim_flash_bank(r->b->machine, 0), bytes);
            assert_memory_equal(before + bytes, sim_flash_bank(r->b->machine, 1), bytes);
        }
        free(before);
        run_free(r);
    }
}

static void another_part_is_seen_and_not_written(void **state)
{
    run *r = run_new("stm32g474re", "../stm32g474rb/selftest.hex", 1);

    (void)state;
    run_to_end(r);
    assert_true(says(r, "FAIL flash-size: 512 KB, expected 128"));
    assert_true(says(r, "SKIP scratch: not the part"));
    assert_int_equal(sim_op_count(r->b->machine, 0), 0);
    run_free(r);
}

static void a_protected_page_is_a_fail(void **state)
{
    run *r = run_new(parts[0], "selftest.hex", 1);
    sim_machine *m = r->b->machine;

    (void)state;
    rig_option(m, FLASH_WRP2AR, 127u << 16 | 127u);
    run_to_end(r);
    assert_true(count(r).failed >= 1u);
    assert_true(says(r, "FAIL scratch"));
    run_free(r);
}

/* Power goes at any moment: the next run is as good as the first. */
static void an_interrupted_run_begins_anew(void **state)
{
    (void)state;
    for (unsigned ms = 20; ms < 1400u; ms += 139u) {
        run *r = run_new(parts[0], "selftest.hex", ms);
        r->b->backup_lost = ms % 2u == 0u;
        sim_schedule_cut_at(r->b->machine, MS(ms), SIM_CUT_RANDOM, r->b->backup_lost);
        while (r->b->power_cycles == 0u) {
            board_run(r->b, MS(10));
        }
        r->fill = 0;
        r->b->out_tail = r->b->out_head;
        memset(r->log, 0, sizeof r->log);
        if (r->b->backup_lost && run_until(r, QUESTION, MS(400))) {
            press(r, "y");
        }
        if (!says(r, END)) {
            run_to_end(r);
        }
        if (count(r).failed != 0u) {
            show(r);
            fail_msg("after a cut at %u ms", ms);
        }
        run_free(r);
    }
}

/* The core is led astray: into nothing, then into a loop. The run says so and goes on. */
static void a_fault_and_a_hang_are_fails_of_their_check(void **state)
{
    run *r = run_new(parts[0], "selftest.hex", 1);
    const uint32_t loop = 0x20013000u;

    (void)state;
    assert_true(run_until(r, "PASS windows", LIMIT));
    sim_cpu_set_reg(sim_core(r->b->machine), 15, 0x50000000u);
    assert_true(run_until(r, "FAIL windows: a fault at 0x50000000", LIMIT));
    assert_true(run_until(r, "PASS swap-windows", LIMIT));
    assert_int_equal(sim_core_write(r->b->machine, loop, 4, 0xE7FEE7FEu), SIM_ACCESS_OK);
    sim_cpu_set_reg(sim_core(r->b->machine), 15, loop);
    assert_true(run_until(r, "FAIL swap: ended by a reset, cause: watchdog", LIMIT));
    run_to_end(r);
    assert_int_equal(count(r).failed, 2);
    run_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_passes_and_nothing_is_left_behind),
        cmocka_unit_test(the_log_says_what_is_unsure_about_the_f767),
        cmocka_unit_test(a_swap_by_option_is_undone),
        cmocka_unit_test(a_swap_by_option_is_left_out_where_it_would_cost),
        cmocka_unit_test(a_run_repeats_and_any_seed_will_do),
        cmocka_unit_test(pages_in_use_are_asked_for),
        cmocka_unit_test(another_part_is_seen_and_not_written),
        cmocka_unit_test(a_protected_page_is_a_fail),
        cmocka_unit_test(an_interrupted_run_begins_anew),
        cmocka_unit_test(a_fault_and_a_hang_are_fails_of_their_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
