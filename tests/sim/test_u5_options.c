/* The STM32U5's option bytes (RM0456 7.4, 7.5.8), and what resets and power cuts make of an
 * operation that is under way (7.3.12, OPSR). */
#include "rig_u5.h"

static const char *const parts[] = {"stm32u575zi", "stm32u545re", "stm32u5a5zj", "stm32u575zg"};

/* ---- option bytes ---- */

static bool swapped_now(sim_machine *m)
{
    return rd(m, BANK1 + 0x10u) == 2u;
}

static sim_machine *new_marked(const char *name)
{
    sim_machine *m = new_part(name);
    const uint32_t one[4] = {1u, 1u, 1u, 1u}, two[4] = {2u, 2u, 2u, 2u};
    assert_true(sim_flash_load(m, BANK1 + 0x10u, (const uint8_t *)one, sizeof one));
    assert_true(sim_flash_load(m, high(m) + 0x10u, (const uint8_t *)two, sizeof two));
    return m;
}

static void a_swap_begins_with_the_load(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 2u; way++) {
        sim_machine *m = new_marked(parts[0]);
        write_options(m, OPTR, OPTR_PRODUCTION | SWAP_BANK);
        rig_pass(m, 20u * SIM_PS_PER_MS);
        assert_int_equal(rd(m, NSSR) & (BSY | U_ERRORS), 0u);
        assert_false(swapped_now(m));
        sim_pin_reset(m); /* loads nothing */
        asleep(m);
        assert_false(swapped_now(m));
        if (way == 0u) {
            unlock_options(m);
            wr(m, NSCR, OBL_LAUNCH);
            (void)sim_run(m, sim_now(m) + SIM_PS_PER_US);
            asleep(m);
            assert_int_equal(rd(m, 0x46020CF4u) >> 25 & 1u, 1u); /* RCC_CSR.OBLRSTF */
        } else {
            sim_power_on(m, false);
            asleep(m);
        }
        assert_true(swapped_now(m));
        assert_int_equal(rd(m, high(m) + 0x10u), 1u);
        assert_int_equal(rd(m, OPTR) & SWAP_BANK, SWAP_BANK);
        assert_int_equal(rd(m, NSCR), LOCK | OPTLOCK);
        sim_free(m);
    }
}

static void an_option_write_stalls_both_banks(void **state)
{
    (void)state;
    for (unsigned bank = 0; bank < 2u; bank++) {
        sim_machine *m = new_part(parts[0]);
        write_options(m, OPTR, OPTR_PRODUCTION | SWAP_BANK);
        sim_ps began = sim_now(m);
        assert_int_equal(rd(m, NSSR) & BSY, BSY);
        (void)rd(m, bank == 0u ? BANK1 : high(m));
        assert_int_equal(rd(m, NSSR) & BSY, 0u);
        assert_true(sim_now(m) - began >= SIM_PS_PER_MS);
        sim_free(m);
    }
}

/* RM0456 7.9.8: LSE off before OBL_LAUNCH. */
static void lse_stands_in_the_way_of_the_load(void **state)
{
    (void)state;
    sim_machine *m = new_part(parts[0]);
    wr(m, 0x46020C94u, 0x80000004u); /* PWREN */
    wr(m, 0x46020828u, 1u);          /* DBP */
    wr(m, 0x46020CF0u, 1u);          /* LSEON */
    rig_pass(m, 3u * SIM_PS_PER_S);
    assert_int_equal(rd(m, 0x46020CF0u) & 3u, 3u);
    unlock_options(m);
    wr(m, NSCR, OBL_LAUNCH);
    assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_US), SIM_END_STOP);
    assert_non_null(strstr(sim_end_text(m), "LSE"));
    sim_free(m);
}

static void readout_protection(void **state)
{
    (void)state;
    sim_machine *m = new_marked(parts[0]);
    set_options(m, OPTR, (OPTR_PRODUCTION & ~0xFFu) | 0xBBu);
    assert_int_equal(raw(m, 1u, 0x10u), 2u);
    set_options(m, OPTR, OPTR_PRODUCTION); /* back: all of it goes */
    assert_int_equal(raw(m, 0u, 0x10u), BLANK);
    assert_int_equal(raw(m, 1u, 0x10u), BLANK);
    set_options(m, OPTR, (OPTR_PRODUCTION & ~0xFFu) | 0xCCu);
    write_options(m, OPTR, OPTR_PRODUCTION | SWAP_BANK);
    assert_int_equal(rd(m, NSSR) & (BSY | U_ERRORS), U_OPTWERR);
    sim_free(m);
}

/* Half the size of the line: DUALBANK = 0 makes one bank of it, by the same addresses. */
static void one_bank_where_the_part_can(void **state)
{
    (void)state;
    sim_machine *m = new_marked("stm32u575zg");
    unlock(m);
    assert_int_equal(program(m, BANK1 + 0x80000u + 5u * PAGE, 0x5555u), 0u);
    set_options(m, OPTR, (OPTR_PRODUCTION & ~DUALBANK) | SWAP_BANK);
    assert_false(swapped_now(m)); /* nothing to swap */
    assert_int_equal(rd(m, BANK1 + 0x80010u), 2u);
    unlock(m);
    assert_int_equal(erase(m, 1u, 5u), 0u); /* there is no bank 2 */
    assert_int_equal(raw(m, 1u, 5u * PAGE), 0x5555u);
    wr(m, NSCR, PER | PNB(64u + 5u) | STRT);
    (void)rd(m, BANK1); /* no reading beside it */
    assert_int_equal(rd(m, NSSR) & BSY, 0u);
    assert_int_equal(done(m), 0u);
    assert_int_equal(raw(m, 1u, 5u * PAGE), BLANK);
    assert_int_equal(raw(m, 1u, 0x10u), 2u);
    assert_true(sim_flash_damage(m, 1u, 0x4000u, SIM_DAMAGE_UNCORRECTABLE));
    assert_int_equal(eccr_of(m, BANK1 + 0x84000u), ECCD | 0x84000u);
    set_options(m, WRP1AR, 0x80000000u | 0x45u << 16 | 0x45u);
    unlock(m);
    assert_int_equal(erase(m, 0u, 0x45u), WRPERR);
    wr(m, NSCR, MER2 | STRT);
    assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_US), SIM_END_STOP);
    sim_free(m);
}

static void full_size_is_always_two_banks(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3u; i++) {
        sim_machine *m = new_marked(parts[i]);
        set_options(m, OPTR, (OPTR_PRODUCTION & ~DUALBANK) | SWAP_BANK);
        assert_true(swapped_now(m));
        unlock(m);
        assert_int_equal(erase(m, 1u, 0u), 0u);
        assert_int_equal(raw(m, 1u, 0x10u), BLANK);
        assert_int_equal(raw(m, 0u, 0x10u), 1u);
        sim_free(m);
    }
}

/* RM0456 4.2: the address, whatever is there; BOOT0 the other address, the ROM. */
static void the_core_starts_where_the_options_say(void **state)
{
    (void)state;
    sim_machine *m = new_part(parts[0]);
    set_options(m, 0x40022044u, 0x08004000u | 0x7Fu); /* NSBOOTADD0: blank */
    assert_int_equal(sim_cpu_reg(sim_core(m), 13u), 0x20018000u);
    sim_pin_reset(m);
    assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_MS), SIM_END_STOP);
    assert_non_null(strstr(sim_end_text(m), "lockup"));
    sim_free(m);
    m = new_part(parts[0]);
    sim_pin_drive(m, 7u, 3u, 1); /* PH3 */
    sim_pin_reset(m);
    assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_MS), SIM_END_STOP);
    assert_non_null(strstr(sim_end_text(m), "ROM bootloader"));
    sim_free(m);
}

/* ---- what is interrupted ---- */

typedef void start_operation(sim_machine *m);

static void start_program(sim_machine *m)
{
    put(m, high(m) + 0x4010u, 0x600D0000u);
}

static void start_page(sim_machine *m)
{
    wr(m, NSCR, PER | PNB(3u) | BKER | STRT);
}

static void start_bank(sim_machine *m)
{
    wr(m, NSCR, MER2 | STRT);
}

static void start_both(sim_machine *m)
{
    wr(m, NSCR, MER1 | MER2 | STRT);
}

static void start_options(sim_machine *m)
{
    wr(m, OPTKEYR, 0x08192A3Bu);
    wr(m, OPTKEYR, 0x4C5D6E7Fu);
    wr(m, OPTR, OPTR_PRODUCTION | SWAP_BANK);
    wr(m, NSCR, OPTSTRT);
}

/* CODE_OP with bank and address; power takes it away, the next operation too. */
static void opsr_tells_what_a_reset_met(void **state)
{
    static const struct {
        start_operation *start;
        uint32_t code, where;
    } operations[] = {{start_program, 1u, ECC_BK | 0x4010u}, {start_page, 3u, ECC_BK | 3u * PAGE},
                      {start_bank, 4u, BLANK}, {start_both, 5u, BLANK}, {start_options, 6u, BLANK}};
    (void)state;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        for (unsigned power = 0; power < 2u; power++) {
            sim_machine *m = new_part(parts[0]);
            unlock(m);
            operations[i].start(m);
            assert_int_equal(rd(m, NSSR) & BSY, BSY);
            if (power != 0u) {
                sim_power_on(m, false);
                assert_int_equal(rd(m, OPSR), 0u);
            } else {
                sim_pin_reset(m);
                assert_int_equal(rd(m, OPSR) >> 29, operations[i].code);
                if (operations[i].where != BLANK) { /* else it is said of no place */
                    assert_int_equal(rd(m, OPSR) & 0x1FFFFFFFu, operations[i].where);
                    asleep(m);
                    unlock(m);
                    assert_int_equal(erase(m, 1u, 3u), 0u);
                    assert_int_equal(rd(m, OPSR), 0u);
                }
            }
            sim_free(m);
        }
    }
}

static void cut(sim_machine *m, start_operation *start, unsigned kind, sim_cut_outcome outcome,
                bool reset_only)
{
    const sim_cut c = {.kind_mask = 1u << kind, .when = SIM_CUT_DURING, .outcome = outcome,
                       .reset_only = reset_only};
    sim_schedule_cut(m, &c);
    unlock(m);
    start(m);
    (void)sim_run(m, sim_now(m) + SIM_PS_PER_S);
    assert_int_equal(sim_cuts_fired(m), 1u);
    if (!reset_only) {
        sim_power_on(m, false);
    }
    asleep(m);
}

/* How the unit at bank 2, 0x4010 reads: each of its words and flags, over many reads. */
static void a_cut_program_leaves(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2u * SIM_CUT_RANDOM; i++) {
        sim_cut_outcome outcome = (sim_cut_outcome)(i / 2u);
        sim_machine *m = new_with(parts[0], 0u, 7u + i);
        unsigned old = 0, fresh = 0, other = 0, ecc = 0;
        cut(m, start_program, SIM_OP_PROGRAM, outcome, i % 2u == 1u);
        for (unsigned n = 0; n < 64u; n++) {
            uint32_t word = rd(m, high(m) + 0x4010u), eccr = rd(m, ECCR);
            wr(m, ECCR, eccr);
            rig_pass(m, SIM_PS_PER_US);
            ecc += (eccr & ECCD) != 0u ? 1u : 0u;
            old += word == BLANK && (eccr & ECCD) == 0u ? 1u : 0u;
            fresh += word == 0x600D0000u && (eccr & ECCD) == 0u ? 1u : 0u;
            other += word != BLANK && word != 0x600D0000u && (eccr & ECCD) == 0u ? 1u : 0u;
        }
        assert_true(outcome != SIM_CUT_OLD || old == 64u);
        assert_true(outcome != SIM_CUT_NEW || fresh == 64u);
        assert_true(outcome != SIM_CUT_MIXED || ecc == 0u);
        assert_true(outcome != SIM_CUT_ECC || ecc == 64u);
        assert_true(outcome != SIM_CUT_UNSTABLE || (old > 0u && fresh > 0u && ecc > 0u));
        assert_true(other == 0u || outcome == SIM_CUT_MIXED);
        assert_int_equal(raw(m, 1u, 0x4000u), BLANK); /* its neighbours */
        assert_int_equal(raw(m, 1u, 0x4020u), BLANK);
        unlock(m);
        assert_int_equal(erase(m, 1u, 2u), 0u);
        assert_int_equal(program(m, high(m) + 0x4010u, 3u), 0u);
        assert_int_equal(eccr_of(m, high(m) + 0x4010u) & (ECCC | ECCD), 0u);
        sim_free(m);
    }
}

/* Page 3 of bank 2, full before: units as they were, blank, unreadable, unstable. */
static void a_cut_erase_leaves(void **state)
{
    (void)state;
    for (unsigned outcome = SIM_CUT_OLD; outcome < SIM_CUT_RANDOM; outcome++) {
        sim_machine *m = new_with(parts[0], 0u, outcome);
        uint32_t words[PAGE / 4u];
        unsigned kept = 0, blank = 0, ecc = 0;
        memset(words, 0x3C, sizeof words);
        assert_true(sim_flash_load(m, high(m) + 3u * PAGE, (const uint8_t *)words, sizeof words));
        assert_true(sim_flash_load(m, high(m) + 4u * PAGE, (const uint8_t *)words, 16u));
        cut(m, start_page, SIM_OP_ERASE_PAGE, (sim_cut_outcome)outcome, false);
        for (uint32_t at = 3u * PAGE; at < 4u * PAGE; at += 16u) {
            uint32_t word = rd(m, high(m) + at), eccr = rd(m, ECCR);
            wr(m, ECCR, eccr);
            rig_pass(m, SIM_PS_PER_US);
            ecc += (eccr & ECCD) != 0u ? 1u : 0u;
            kept += word == 0x3C3C3C3Cu ? 1u : 0u;
            blank += word == BLANK ? 1u : 0u;
        }
        assert_true(outcome != SIM_CUT_OLD || kept == PAGE / 16u);
        assert_true(outcome != SIM_CUT_NEW || blank == PAGE / 16u);
        assert_true(outcome != SIM_CUT_MIXED || (kept > 0u && blank > 0u && ecc == 0u));
        assert_true(outcome < SIM_CUT_ECC || (ecc > 0u && kept > 0u && blank > 0u));
        assert_int_equal(raw(m, 1u, 4u * PAGE), 0x3C3C3C3Cu);
        unlock(m);
        assert_int_equal(erase(m, 1u, 3u), 0u); /* the manual's way out */
        for (uint32_t at = 3u * PAGE; at < 4u * PAGE; at += 16u) {
            assert_int_equal(rd(m, high(m) + at), BLANK);
        }
        assert_int_equal(rd(m, ECCR) & (ECCC | ECCD), 0u);
        sim_free(m);
    }
}

/* The old options or the new ones: the manual knows no third. */
static void a_cut_option_change_leaves_either(void **state)
{
    unsigned took = 0, runs = 0;
    (void)state;
    for (unsigned i = 0; i < 8u * SIM_CUT_RANDOM; i++) {
        sim_cut_outcome outcome = (sim_cut_outcome)(i / 8u);
        sim_machine *m = new_with(parts[0], 0u, i);
        cut(m, start_options, SIM_OP_OPTION, outcome, false);
        uint32_t optr = rd(m, OPTR);
        assert_int_equal(optr & ~SWAP_BANK, OPTR_PRODUCTION);
        assert_true(outcome != SIM_CUT_OLD || optr == OPTR_PRODUCTION);
        assert_true(outcome != SIM_CUT_NEW || optr != OPTR_PRODUCTION);
        if (outcome >= SIM_CUT_MIXED) {
            took += optr != OPTR_PRODUCTION ? 1u : 0u;
            runs++;
        }
        sim_free(m);
    }
    assert_true(took > 0u && took < runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_swap_begins_with_the_load),
        cmocka_unit_test(an_option_write_stalls_both_banks),
        cmocka_unit_test(lse_stands_in_the_way_of_the_load),
        cmocka_unit_test(readout_protection),
        cmocka_unit_test(one_bank_where_the_part_can),
        cmocka_unit_test(full_size_is_always_two_banks),
        cmocka_unit_test(the_core_starts_where_the_options_say),
        cmocka_unit_test(opsr_tells_what_a_reset_met),
        cmocka_unit_test(a_cut_program_leaves),
        cmocka_unit_test(a_cut_erase_leaves),
        cmocka_unit_test(a_cut_option_change_leaves_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
