/* Power cuts and resets at flash operations: what each leaves, that each fires, and how
 * the contents then read (silicon.md 2.8). */
#include <string.h>

#include "rig.h"

static int setup(void **state)
{
    *state = rig_new("stm32g474re");
    rig_unlock(*state);
    return 0;
}

static int teardown(void **state)
{
    sim_machine *m = *state;
    sim_free(m);
    return 0;
}

static const uint8_t page_bytes[2048] = {[0] = 1, [2047] = 2};

static void start_program(sim_machine *m, uint32_t address)
{
    wr(m, FLASH_CR, PG);
    wr(m, address, 0x12345678u);
    wr(m, address + 4u, 0x9ABCDEF0u);
}

static void schedule(sim_machine *m, unsigned kind, sim_cut_when when, sim_cut_outcome outcome)
{
    sim_cut cut = {.op = sim_op_count(m, 1u << kind),
                   .kind_mask = 1u << kind,
                   .when = when,
                   .outcome = outcome};
    sim_schedule_cut(m, &cut);
}

static void expect_cut(sim_machine *m)
{
    unsigned before = sim_cuts_scheduled(m);
    assert_int_equal(sim_run(m, sim_now(m) + 100u * SIM_PS_PER_MS), SIM_END_POWER_CUT);
    assert_int_equal(sim_run(m, sim_now(m) + 100u * SIM_PS_PER_MS), SIM_END_POWER_CUT);
    assert_int_equal(sim_cuts_fired(m), before);
    rig_power_on(m, false);
    rig_unlock(m);
}

/* ---- a program unit ---- */

static void cut_program(sim_machine *m, uint32_t offset, sim_cut_when when, sim_cut_outcome outcome)
{
    schedule(m, SIM_OP_PROGRAM, when, outcome);
    start_program(m, BANK1 + offset);
    expect_cut(m);
}

static void program_cut_before_and_after(void **state)
{
    sim_machine *m = *state;
    cut_program(m, 0x2000u, SIM_CUT_BEFORE, SIM_CUT_NEW);
    assert_int_equal(raw(m, 0u, 0x2000u), BLANK);
    cut_program(m, 0x2000u, SIM_CUT_AFTER, SIM_CUT_OLD);
    assert_int_equal(raw(m, 0u, 0x2000u), 0x12345678u);
    assert_int_equal(raw(m, 0u, 0x2004u), 0x9ABCDEF0u);
    assert_int_equal(sim_op_count(m, 0u), 2);
}

static void program_cut_old_new_mixed(void **state)
{
    sim_machine *m = *state;
    cut_program(m, 0x2000u, SIM_CUT_DURING, SIM_CUT_OLD);
    assert_int_equal(raw(m, 0u, 0x2000u), BLANK);
    cut_program(m, 0x2000u, SIM_CUT_DURING, SIM_CUT_NEW);
    assert_int_equal(rd(m, BANK1 + 0x2000u), 0x12345678u);
    cut_program(m, 0x2008u, SIM_CUT_DURING, SIM_CUT_MIXED);
    uint32_t low = rd(m, BANK1 + 0x2008u), high = rd(m, BANK1 + 0x200Cu);
    assert_int_equal(low & 0x12345678u, 0x12345678u); /* no bit falls that was to stay */
    assert_int_equal(high & 0x9ABCDEF0u, 0x9ABCDEF0u);
    assert_false(low == BLANK && high == BLANK);
    assert_false(low == 0x12345678u && high == 0x9ABCDEF0u);
    assert_int_equal(rd(m, FLASH_ECCR), 0u); /* its ECC is right */
}

static void program_cut_ecc(void **state)
{
    sim_machine *m = *state;
    cut_program(m, 0x2000u, SIM_CUT_DURING, SIM_CUT_ECC);
    for (unsigned i = 0; i < 3u; i++) {
        rd(m, BANK1 + 0x2004u);
        assert_int_equal(rd(m, FLASH_ECCR), 1u << 31 | 0x2000u);
        wr(m, FLASH_ECCR, 1u << 31);
        assert_int_equal(rd(m, FLASH_ECCR) & 1u << 31, 0u);
    }
    rd(m, BANK1 + 0x2008u); /* its neighbour is whole */
    assert_int_equal(rd(m, FLASH_ECCR) >> 30, 0u);
    assert_int_equal(rig_program(m, BANK1 + 0x2000u, 1u, 2u), PROGERR);
    assert_int_equal(rig_program(m, BANK1 + 0x2000u, 0u, 0u), 0); /* zeros kill it for good */
    rd(m, BANK1 + 0x2000u);
    assert_int_equal(rd(m, FLASH_ECCR) >> 30, 0u);
}

static void first_ecc_address_is_frozen(void **state)
{
    sim_machine *m = *state;
    cut_program(m, 0x2000u, SIM_CUT_DURING, SIM_CUT_ECC);
    schedule(m, SIM_OP_PROGRAM, SIM_CUT_DURING, SIM_CUT_ECC);
    start_program(m, BANK2 + 0x3000u);
    expect_cut(m);
    rd(m, BANK2 + 0x3000u);
    rd(m, BANK1 + 0x2000u);
    assert_int_equal(rd(m, FLASH_ECCR), 1u << 31 | 1u << 21 | 0x3000u);
    wr(m, FLASH_ECCR, 1u << 31);
    rd(m, BANK1 + 0x2000u);
    assert_int_equal(rd(m, FLASH_ECCR), 1u << 31 | 0x2000u);
}

static void program_cut_unstable(void **state)
{
    sim_machine *m = *state;
    unsigned old = 0, fresh = 0, bad = 0;
    cut_program(m, 0x2000u, SIM_CUT_DURING, SIM_CUT_UNSTABLE);
    for (unsigned i = 0; i < 200u; i++) {
        uint32_t word = rd(m, BANK1 + 0x2000u);
        if (rd(m, FLASH_ECCR) >> 31 != 0u) {
            bad++;
            wr(m, FLASH_ECCR, 1u << 31);
        } else if (word == BLANK) {
            old++;
        } else {
            assert_int_equal(word, 0x12345678u);
            fresh++;
        }
    }
    assert_true(old > 20u && fresh > 20u && bad > 20u);
    assert_int_equal(rig_erase_page(m, 0u, 4u), 0); /* an erase heals */
    assert_int_equal(rig_program(m, BANK1 + 0x2000u, 7u, 8u), 0);
    for (unsigned i = 0; i < 50u; i++) {
        wr(m, FLASH_ACR, 1u);
        assert_int_equal(rd(m, BANK1 + 0x2000u), 7u);
    }
}

static void random_outcomes_are_all_reached(void **state)
{
    sim_machine *m = *state;
    unsigned kept = 0, complete = 0, other = 0;
    for (uint32_t i = 0; i < 60u; i++) {
        cut_program(m, 0x4000u + 8u * i, SIM_CUT_DURING, SIM_CUT_RANDOM);
        uint32_t word = raw(m, 0u, 0x4000u + 8u * i);
        *(word == BLANK ? &kept : word == 0x12345678u ? &complete : &other) += 1u;
    }
    assert_true(kept > 3u && complete > 3u && other > 3u);
}

/* ---- an erase ---- */

static void cut_page(sim_machine *m, sim_cut_when when, sim_cut_outcome outcome)
{
    assert_true(sim_flash_load(m, BANK2 + 0x800u, page_bytes, sizeof page_bytes));
    schedule(m, SIM_OP_ERASE_PAGE, when, outcome);
    wr(m, FLASH_CR, PER | PNB(1) | BKER | STRT);
    expect_cut(m);
}

/* Units of the page by how they are: erased, as before, else. */
static void census(sim_machine *m, unsigned *erased, unsigned *kept, unsigned *other)
{
    *erased = *kept = *other = 0;
    for (uint32_t at = 0; at < 2048u; at += 8u) {
        const uint8_t *unit = sim_flash_bank(m, 1u) + 0x800u + at;
        static const uint8_t blank[8] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
        if (memcmp(unit, blank, 8u) == 0) {
            ++*erased;
        } else if (memcmp(unit, page_bytes + at, 8u) == 0) {
            ++*kept;
        } else {
            ++*other;
        }
    }
}

static unsigned ecc_errors_in_page(sim_machine *m)
{
    unsigned errors = 0;
    for (uint32_t at = 0; at < 2048u; at += 8u) {
        rd(m, BANK2 + 0x800u + at);
        if (rd(m, FLASH_ECCR) >> 31 != 0u) {
            errors++;
            wr(m, FLASH_ECCR, 1u << 31);
        }
    }
    return errors;
}

static void erase_cuts(void **state)
{
    sim_machine *m = *state;
    unsigned erased, kept, other;
    cut_page(m, SIM_CUT_BEFORE, SIM_CUT_NEW);
    census(m, &erased, &kept, &other);
    assert_int_equal(kept, 256);
    cut_page(m, SIM_CUT_DURING, SIM_CUT_OLD);
    census(m, &erased, &kept, &other);
    assert_int_equal(kept, 256);
    cut_page(m, SIM_CUT_DURING, SIM_CUT_MIXED);
    census(m, &erased, &kept, &other);
    assert_true(erased > 60u && kept > 60u && other == 0u);
    assert_int_equal(ecc_errors_in_page(m), 0);
    cut_page(m, SIM_CUT_DURING, SIM_CUT_NEW);
    census(m, &erased, &kept, &other);
    assert_int_equal(erased, 256);
    cut_page(m, SIM_CUT_AFTER, SIM_CUT_OLD);
    census(m, &erased, &kept, &other);
    assert_int_equal(erased, 256);
    cut_page(m, SIM_CUT_DURING, SIM_CUT_ECC);
    assert_true(ecc_errors_in_page(m) > 30u);
}

static void unstable_erase_looks_blank_and_does_not_hold(void **state)
{
    sim_machine *m = *state;
    unsigned erased, kept, other, progerr = 0, held = 0;
    cut_page(m, SIM_CUT_DURING, SIM_CUT_UNSTABLE);
    census(m, &erased, &kept, &other);
    assert_int_equal(erased, 256);
    assert_true(ecc_errors_in_page(m) > 20u);
    for (uint32_t at = 0; at < 2048u; at += 8u) {
        if (rig_program(m, BANK2 + 0x800u + at, 0x11111111u, 0x22222222u) != 0u) {
            progerr++;
            continue;
        }
        bool same = true;
        for (unsigned i = 0; i < 8u; i++) {
            same =
                same && rd(m, BANK2 + 0x800u + at) == 0x11111111u && rd(m, FLASH_ECCR) >> 31 == 0u;
            wr(m, FLASH_ECCR, 1u << 31);
        }
        held += same ? 1u : 0u;
    }
    assert_true(progerr > 60u && held < 40u);
    assert_int_equal(rig_erase_page(m, 1u, 1u), 0);
    assert_int_equal(rig_program(m, BANK2 + 0x800u, 1u, 2u), 0);
}

static void bank_erase_cut(void **state)
{
    sim_machine *m = *state;
    assert_true(sim_flash_load(m, BANK2 + 0x800u, page_bytes, sizeof page_bytes));
    schedule(m, SIM_OP_ERASE_BANK, SIM_CUT_DURING, SIM_CUT_MIXED);
    wr(m, FLASH_CR, MER2 | STRT);
    expect_cut(m);
    unsigned erased, kept, other;
    census(m, &erased, &kept, &other);
    assert_true(erased > 60u && kept > 60u);
    assert_int_equal(raw(m, 0u, 0u), 0x20018000u);
}

/* ---- other ways to be interrupted ---- */

static void pin_reset_instead_of_power(void **state)
{
    sim_machine *m = *state;
    sim_cut cut = {.op = 0u, .when = SIM_CUT_DURING, .outcome = SIM_CUT_ECC, .reset_only = true};
    sim_schedule_cut(m, &cut);
    wr(m, 0x20000000u, 0xC0FFEEu);
    start_program(m, BANK1 + 0x2000u);
    assert_int_equal(sim_run(m, sim_now(m) + 40u * SIM_PS_PER_US), SIM_END_TIME);
    assert_int_equal(sim_cuts_fired(m), 0);
    sim_run(m, sim_now(m) + SIM_PS_PER_US);
    assert_int_equal(sim_cuts_fired(m), 1);
    assert_int_equal(rd(m, FLASH_CR), LOCK | OPTLOCK);
    assert_int_equal(rd(m, FLASH_SR), 0);
    assert_int_equal(rd(m, 0x20000000u), 0xC0FFEEu);
    rd(m, BANK1 + 0x2000u);
    assert_int_equal(rd(m, FLASH_ECCR), 1u << 31 | 0x2000u);
}

static void a_reset_tears_what_it_meets(void **state)
{
    sim_machine *m = *state;
    unsigned whole = 0, torn = 0;
    for (uint32_t i = 0; i < 40u; i++) {
        start_program(m, BANK1 + 0x2000u + 8u * i);
        sim_pin_reset(m);
        rig_sleep(m);
        assert_int_equal(rd(m, FLASH_SR) & BSY, 0);
        rig_unlock(m);
        uint32_t word = rd(m, BANK1 + 0x2000u + 8u * i);
        wr(m, FLASH_ECCR, 1u << 31);
        *(word == 0x12345678u ? &whole : &torn) += 1u;
    }
    assert_true(whole > 3u && torn > 10u);
}

static void cut_at_a_time(void **state)
{
    sim_machine *m = *state;
    sim_ps when = sim_now(m) + 10u * SIM_PS_PER_MS;
    sim_schedule_cut_at(m, when, SIM_CUT_MIXED, false);
    assert_true(sim_flash_load(m, BANK2 + 0x800u, page_bytes, sizeof page_bytes));
    wr(m, FLASH_CR, PER | PNB(1) | BKER | STRT);
    assert_int_equal(sim_run(m, SIM_NEVER), SIM_END_POWER_CUT);
    assert_true(sim_now(m) >= when && sim_now(m) < when + SIM_PS_PER_US);
    unsigned erased, kept, other;
    census(m, &erased, &kept, &other);
    assert_true(erased > 60u && kept > 60u);
    /* Outside an operation it cuts no contents. */
    rig_power_on(m, false);
    sim_schedule_cut_at(m, sim_now(m) + SIM_PS_PER_MS, SIM_CUT_ECC, false);
    assert_int_equal(sim_run(m, SIM_NEVER), SIM_END_POWER_CUT);
    assert_int_equal(sim_cuts_fired(m), 2);
}

static void cut_while_the_core_stalls(void **state)
{
    sim_machine *m = *state;
    schedule(m, SIM_OP_ERASE_PAGE, SIM_CUT_DURING, SIM_CUT_OLD);
    wr(m, FLASH_CR, PER | PNB(1) | STRT);
    uint32_t word;
    sim_ps begin = sim_now(m);
    assert_int_equal(sim_core_read(m, BANK1, 4u, &word), SIM_ACCESS_STOP);
    assert_true(sim_now(m) - begin < 12u * SIM_PS_PER_MS);
    expect_cut(m);
}

static void a_cut_that_meets_nothing_does_not_count(void **state)
{
    sim_machine *m = *state;
    sim_cut cut = {.op = 5u, .when = SIM_CUT_DURING, .outcome = SIM_CUT_OLD};
    sim_schedule_cut(m, &cut);
    assert_int_equal(rig_program(m, BANK1 + 0x2000u, 1u, 2u), 0);
    assert_int_equal(sim_cuts_scheduled(m), 1);
    assert_int_equal(sim_cuts_fired(m), 0);
}

static void kinds_are_counted_apart(void **state)
{
    sim_machine *m = *state;
    sim_cut cut = {.op = 1u,
                   .kind_mask = 1u << SIM_OP_ERASE_PAGE,
                   .when = SIM_CUT_BEFORE,
                   .outcome = SIM_CUT_OLD};
    sim_schedule_cut(m, &cut);
    assert_int_equal(rig_program(m, BANK1 + 0x2000u, 1u, 2u), 0);
    assert_int_equal(rig_program(m, BANK1 + 0x2008u, 1u, 2u), 0);
    assert_int_equal(rig_erase_page(m, 0u, 9u), 0);
    assert_int_equal(rig_program(m, BANK1 + 0x2010u, 1u, 2u), 0);
    wr(m, FLASH_CR, PER | PNB(10) | STRT);
    expect_cut(m);
}

static void cuts_in_recovery(void **state)
{
    sim_machine *m = *state;
    schedule(m, SIM_OP_PROGRAM, SIM_CUT_DURING, SIM_CUT_OLD);
    sim_cut next = {.op = 2u,
                    .kind_mask = 1u << SIM_OP_PROGRAM,
                    .when = SIM_CUT_DURING,
                    .outcome = SIM_CUT_NEW};
    sim_schedule_cut(m, &next);
    start_program(m, BANK1 + 0x2000u);
    assert_int_equal(sim_run(m, SIM_NEVER), SIM_END_POWER_CUT);
    rig_power_on(m, false);
    rig_unlock(m);
    assert_int_equal(rig_program(m, BANK1 + 0x2000u, 1u, 2u), 0);
    start_program(m, BANK1 + 0x2008u);
    expect_cut(m);
    assert_int_equal(raw(m, 0u, 0x2008u), 0x12345678u);
}

static void ram_and_backup_over_a_cut(void **state)
{
    sim_machine *m = *state;
    size_t count;
    uint32_t *backup = sim_backup_words(m, &count);
    assert_true(count >= 32u);
    for (unsigned lost = 0; lost < 2u; lost++) {
        backup[3] = 0xB0B0B0B0u;
        wr(m, 0x20005000u, 0u);
        wr(m, 0x10000000u, 0u);
        sim_cut cut = {.op = sim_op_count(m, 0u), .when = SIM_CUT_AFTER, .outcome = SIM_CUT_OLD,
                       .backup_lost = lost != 0u};
        sim_schedule_cut(m, &cut);
        start_program(m, BANK1 + 0x2000u + 8u * lost);
        expect_cut(m);
        assert_int_equal(backup[3], lost != 0u ? 0u : 0xB0B0B0B0u);
        assert_true(rd(m, 0x20005000u) != 0u && rd(m, 0x10000000u) != 0u); /* poisoned */
    }
}

/* ---- as a program sees it ---- */

/* Reads the word at 0x08002000, stores it at 0x20000008 and 1 at 0x20000004; the NMI
 * handler counts at 0x20000000, stores ECCR at 0x2000000C and writes it back to clear it. */
static const uint8_t ecc_reader[] = {
    0x00, 0x80, 0x01, 0x20, 0x11, 0x00, 0x00, 0x08, 0x2b, 0x00, 0x00, 0x08, 0x3b, 0x00, 0x00, 0x08,
    0x20, 0x20, 0x00, 0x06, 0x00, 0x21, 0x01, 0x60, 0x41, 0x60, 0x08, 0x4a, 0x13, 0x68, 0x00, 0xbf,
    0x83, 0x60, 0x01, 0x21, 0x41, 0x60, 0x30, 0xbf, 0xfd, 0xe7, 0x01, 0x68, 0x01, 0x31, 0x01, 0x60,
    0x03, 0x4c, 0x25, 0x68, 0xc5, 0x60, 0x25, 0x60, 0x70, 0x47, 0xfe, 0xe7, 0x00, 0x20, 0x00, 0x08,
    0x18, 0x20, 0x02, 0x40};

static void double_ecc_error_is_an_nmi(void **state)
{
    sim_machine *m = *state;
    assert_true(sim_flash_load(m, BANK1, ecc_reader, sizeof ecc_reader));
    cut_program(m, 0x2000u, SIM_CUT_DURING, SIM_CUT_ECC);
    sim_pin_reset(m);
    assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_MS), SIM_END_IDLE);
    assert_int_equal(rd(m, 0x20000004u), 1u); /* the load itself went on */
    assert_int_equal(rd(m, 0x20000000u), 1u);
    assert_int_equal(rd(m, 0x2000000Cu), 1u << 31 | 0x2000u);
    assert_int_equal(rd(m, 0x20000008u), raw(m, 0u, 0x2000u));
    assert_int_equal(rd(m, FLASH_ECCR) >> 30, 0u);
}

static void whole_flash_is_no_nmi(void **state)
{
    sim_machine *m = *state;
    assert_true(sim_flash_load(m, BANK1, ecc_reader, sizeof ecc_reader));
    sim_pin_reset(m);
    assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_MS), SIM_END_IDLE);
    assert_int_equal(rd(m, 0x20000004u), 1u);
    assert_int_equal(rd(m, 0x20000000u), 0u);
    assert_int_equal(rd(m, 0x20000008u), BLANK);
}

/* Enables interrupt 4 and sleeps. Its handler counts at 0x20000000, stores SR and ECCR
 * after it, and takes the enables away. */
static const uint8_t flash_irq[] = {
    0x00, 0x80, 0x01, 0x20, 0x55, 0x00, 0x00, 0x08, 0x7f, 0x00, 0x00, 0x08, 0x7f, 0x00, 0x00, 0x08,
    [80] = 0x67, 0x00, 0x00, 0x08, 0x0a, 0x48, 0x10, 0x21, 0x01, 0x60, 0x20, 0x20, 0x00, 0x06, 0x00,
    0x21, 0x01, 0x60, 0x30, 0xbf, 0xfd, 0xe7, 0x01, 0x68, 0x01, 0x31, 0x01, 0x60, 0x05, 0x4a, 0x13,
    0x69, 0x43, 0x60, 0x93, 0x69, 0x83, 0x60, 0x00, 0x23, 0x53, 0x61, 0x93, 0x61, 0x70, 0x47, 0xfe,
    0xe7, 0x00, 0xe1, 0x00, 0xe0, 0x00, 0x20, 0x02, 0x40};

static void start_irq_program(sim_machine *m)
{
    assert_true(sim_flash_load(m, BANK1, flash_irq, sizeof flash_irq));
    sim_pin_reset(m);
    rig_unlock(m);
    rig_pass(m, SIM_PS_PER_MS);
}

static void end_of_operation_interrupts(void **state)
{
    sim_machine *m = *state;
    start_irq_program(m);
    assert_int_equal(rig_program(m, BANK2, 1u, 2u), 0); /* not enabled: none */
    assert_int_equal(rd(m, 0x20000000u), 0u);
    wr(m, FLASH_CR, PG | EOPIE);
    wr(m, BANK2 + 8u, 1u);
    wr(m, BANK2 + 12u, 2u);
    rig_pass(m, SIM_PS_PER_MS);
    assert_int_equal(rd(m, 0x20000000u), 1u);
    assert_int_equal(rd(m, 0x20000004u), EOP);
    wr(m, FLASH_CR, PG | ERRIE);
    wr(m, BANK2 + 12u, 2u);
    rig_pass(m, SIM_PS_PER_MS);
    assert_int_equal(rd(m, 0x20000000u), 2u);
    assert_int_equal(rd(m, 0x20000004u), EOP | OPERR | PGAERR);
}

static void corrected_ecc_error_interrupts(void **state)
{
    sim_machine *m = *state;
    start_irq_program(m);
    assert_int_equal(rig_program(m, BANK2 + 0x100u, 0x600DF00Du, 2u), 0);
    assert_true(sim_flash_damage(m, 1u, 0x100u, SIM_DAMAGE_CORRECTABLE));
    assert_int_equal(rd(m, BANK2 + 0x100u), 0x600DF00Du);
    assert_int_equal(rd(m, FLASH_ECCR), 1u << 30 | 1u << 21 | 0x100u);
    rig_pass(m, SIM_PS_PER_MS);
    assert_int_equal(rd(m, 0x20000000u), 0u); /* ECCIE is 0 */
    wr(m, FLASH_ECCR, 1u << 30 | 1u << 24);
    rd(m, BANK2 + 0x104u);
    rig_pass(m, SIM_PS_PER_MS);
    assert_int_equal(rd(m, 0x20000000u), 1u);
    assert_int_equal(rd(m, 0x20000008u), 1u << 30 | 1u << 24 | 1u << 21 | 0x100u);
}

static void damage_is_seen_or_silent(void **state)
{
    sim_machine *m = *state;
    assert_int_equal(rig_program(m, BANK2 + 0x100u, 1u, 2u), 0);
    assert_true(sim_flash_damage(m, 1u, 0x104u, SIM_DAMAGE_SILENT));
    assert_int_equal(rd(m, BANK2 + 0x104u), 2u ^ 0x41u);
    assert_int_equal(rd(m, FLASH_ECCR), 0u);
    assert_true(sim_flash_damage(m, 1u, 0x104u, SIM_DAMAGE_UNCORRECTABLE));
    rd(m, BANK2 + 0x100u);
    assert_int_equal(rd(m, FLASH_ECCR), 1u << 31 | 1u << 21 | 0x100u);
    assert_int_equal(rig_program(m, BANK2 + 0x108u, 1u, 2u), 0);
    assert_true(sim_flash_damage(m, 1u, 0x10Cu, SIM_DAMAGE_UNSTABLE));
    unsigned right = 0, ones = 0;
    for (unsigned look = 0; look < 60u; look++) {
        uint32_t value = rd(m, BANK2 + 0x10Cu);
        right += value == 2u;
        ones += value == UINT32_MAX;
        wr(m, FLASH_ECCR, 1u << 31);
    }
    assert_in_range(right, 1, 40);
    assert_in_range(ones, 1, 40);
    assert_false(sim_flash_damage(m, 2u, 0u, SIM_DAMAGE_SILENT));
    assert_false(sim_flash_damage(m, 0u, 0x40000u, SIM_DAMAGE_SILENT));
}

/* Counts at 0x20000000 for ever. */
static const uint8_t counter[] = {
    0x00, 0x80, 0x01, 0x20, 0x11, 0x00, 0x00, 0x08, 0x1d, 0x00, 0x00, 0x08, 0x1d, 0x00, 0x00,
    0x08, 0x20, 0x20, 0x00, 0x06, 0x00, 0x21, 0x01, 0x60, 0x01, 0x31, 0xfc, 0xe7, 0xfe, 0xe7};

static void fetches_stall_in_the_busy_bank_only(void **state)
{
    sim_machine *m = *state;
    assert_true(sim_flash_load(m, BANK1, counter, sizeof counter));
    sim_pin_reset(m);
    rig_unlock(m);
    rig_pass(m, SIM_PS_PER_MS);
    uint32_t per_ms = rd(m, 0x20000000u);
    assert_true(per_ms > 1000u);
    wr(m, FLASH_CR, PER | PNB(1) | BKER | STRT); /* the other bank */
    rig_pass(m, 10u * SIM_PS_PER_MS);
    assert_true(rd(m, 0x20000000u) - per_ms > 9u * per_ms);
    rig_pass(m, 20u * SIM_PS_PER_MS);
    uint32_t before = rd(m, 0x20000000u);
    wr(m, FLASH_CR, PER | PNB(1) | STRT); /* its own */
    rig_pass(m, 10u * SIM_PS_PER_MS);
    uint32_t stalled = rd(m, 0x20000000u);
    assert_true(stalled - before <= 4u);
    rig_pass(m, 20u * SIM_PS_PER_MS);
    assert_true(rd(m, 0x20000000u) - stalled > 6u * per_ms);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(program_cut_before_and_after),
        T(program_cut_old_new_mixed),
        T(program_cut_ecc),
        T(first_ecc_address_is_frozen),
        T(program_cut_unstable),
        T(random_outcomes_are_all_reached),
        T(erase_cuts),
        T(unstable_erase_looks_blank_and_does_not_hold),
        T(bank_erase_cut),
        T(pin_reset_instead_of_power),
        T(a_reset_tears_what_it_meets),
        T(cut_at_a_time),
        T(cut_while_the_core_stalls),
        T(a_cut_that_meets_nothing_does_not_count),
        T(kinds_are_counted_apart),
        T(cuts_in_recovery),
        T(ram_and_backup_over_a_cut),
        T(double_ecc_error_is_an_nmi),
        T(whole_flash_is_no_nmi),
        T(end_of_operation_interrupts),
        T(corrected_ecc_error_interrupts),
        T(damage_is_seen_or_silent),
        T(fetches_stall_in_the_busy_bank_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
