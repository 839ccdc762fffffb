/* The flash of the STM32U5 as modelled, with TZEN = 0: quad-words, keys, flags, physical banks,
 * ECC, ICACHE. Each as RM0456 7 and 8 state it. */
#include "rig_u5.h"

static const char *const parts[] = {"stm32u575zi", "stm32u545re", "stm32u5a5zj", "stm32u575zg"};
#define PARTS (sizeof parts / sizeof parts[0])

/* ---- registers and keys ---- */

static void reset_leaves(void **state)
{
    (void)state;
    for (size_t i = 0; i < PARTS; i++) {
        sim_machine *m = new_part(parts[i]);
        assert_int_equal(rd(m, 0x40022000u), 1u); /* ACR: one wait state */
        assert_int_equal(rd(m, NSSR), 0u);
        assert_int_equal(rd(m, NSCR), LOCK | OPTLOCK);
        assert_int_equal(rd(m, OPSR), 0u);
        assert_int_equal(rd(m, OPTR), OPTR_PRODUCTION);
        assert_int_equal(rd(m, 0x0BFA07A0u) & 0xFFFFu, sim_chip(m)->flash_kib);
        assert_int_equal(rd(m, 0xE0044000u) & 0xFFFu, sim_chip(m)->device_id);
        sim_free(m);
    }
}

static void keys_open_and_wrong_ones_lock_until_reset(void **state)
{
    (void)state;
    sim_machine *m = new_part(parts[0]);
    wr(m, NSCR, PG);
    assert_int_equal(rd(m, NSCR), LOCK | OPTLOCK); /* locked: not written */
    unlock(m);
    assert_int_equal(rd(m, NSCR), OPTLOCK);
    wr(m, NSCR, LOCK);
    assert_int_equal(rd(m, NSCR), LOCK | OPTLOCK);
    unlock_options(m);
    assert_int_equal(rd(m, NSCR), 0u);
    wr(m, NSCR, LOCK); /* locks both */
    assert_int_equal(rd(m, NSCR), LOCK | OPTLOCK);

    assert_int_equal(sim_core_write(m, NSKEYR, 4u, 0xCDEF89ABu), SIM_ACCESS_FAULT);
    assert_int_equal(sim_core_write(m, NSKEYR, 4u, 0x45670123u), SIM_ACCESS_FAULT);
    assert_int_equal(rd(m, NSCR) & LOCK, LOCK);
    sim_pin_reset(m);
    asleep(m);
    unlock(m);
    assert_int_equal(rd(m, NSCR), OPTLOCK);
    wr(m, OPTKEYR, 0x08192A3Bu);
    assert_int_equal(sim_core_write(m, OPTKEYR, 4u, 0u), SIM_ACCESS_FAULT);
    assert_int_equal(sim_core_write(m, OPTKEYR, 4u, 0x08192A3Bu), SIM_ACCESS_FAULT);
    assert_int_equal(rd(m, NSCR), OPTLOCK);
    sim_free(m);
}

static void option_keys_need_the_first_lock_open(void **state)
{
    (void)state;
    sim_machine *m = new_part(parts[0]);
    assert_int_equal(sim_core_write(m, OPTKEYR, 4u, 0x08192A3Bu), SIM_ACCESS_FAULT);
    unlock(m);
    assert_int_equal(sim_core_write(m, OPTKEYR, 4u, 0x08192A3Bu), SIM_ACCESS_FAULT);
    wr(m, OPTR, OPTR_PRODUCTION | SWAP_BANK);
    assert_int_equal(rd(m, OPTR), OPTR_PRODUCTION); /* OPTLOCK: not written */
    wr(m, NSCR, OPTSTRT);
    assert_int_equal(rd(m, NSSR) & BSY, 0u);
    wr(m, NSCR, OBL_LAUNCH);
    assert_int_equal(rd(m, NSCR), OPTLOCK);
    sim_free(m);
}

/* ---- programming ---- */

static void four_words_make_one_operation(void **state)
{
    (void)state;
    sim_machine *m = new_part(parts[0]);
    unlock(m);
    wr(m, NSCR, PG);
    for (uint32_t i = 0; i < 3u; i++) {
        wr(m, BANK1 + 0x4000u + 4u * i, i + 1u);
        assert_int_equal(rd(m, NSSR) & (BSY | U_WDW), U_WDW);
    }
    assert_int_equal(raw(m, 0u, 0x4000u), BLANK);
    wr(m, BANK1 + 0x400Cu, 4u);
    assert_int_equal(rd(m, NSSR) & BSY, BSY);
    assert_int_equal(done(m), 0u);
    assert_int_equal(rd(m, NSSR) & (BSY | U_WDW), 0u);
    for (uint32_t i = 0; i < 4u; i++) {
        assert_int_equal(rd(m, BANK1 + 0x4000u + 4u * i), i + 1u);
    }
    sim_free(m);
}

/* PROGERR but for all zeros over anything that was not programmed with ones. */
static void what_may_be_written_over_what(void **state)
{
    (void)state;
    sim_machine *m = new_part(parts[0]);
    unlock(m);
    assert_int_equal(program(m, BANK1 + 0x4000u, 0x12345678u), 0u);
    assert_int_equal(program(m, BANK1 + 0x4000u, 0x12345678u), PROGERR);
    assert_int_equal(program(m, BANK1 + 0x4000u, 0x00000001u), PROGERR);
    assert_int_equal(raw(m, 0u, 0x4000u), 0x12345678u);
    assert_int_equal(program(m, BANK1 + 0x4000u, 0u), 0u);
    assert_int_equal(program(m, BANK1 + 0x4000u, 0u), 0u);
    assert_int_equal(program(m, BANK1 + 0x4000u, 1u), PROGERR);
    assert_int_equal(raw(m, 0u, 0x4000u), 0u);
    /* Where nothing is said of ones written on purpose, they spend the unit. */
    assert_int_equal(program(m, BANK1 + 0x4010u, BLANK), 0u);
    assert_int_equal(program(m, BANK1 + 0x4010u, 5u), PROGERR);
    sim_free(m);
}

static void wrong_writes_have_their_flags(void **state)
{
    (void)state;
    sim_machine *m = new_part(parts[0]);
    wr(m, BANK1 + 0x4000u, 1u); /* locked, PG = 0 */
    assert_int_equal(rd(m, NSSR) & U_ERRORS, PGSERR);
    unlock(m);
    assert_int_equal(done(m), PGSERR);
    wr(m, NSCR, PG);
    wr(m, BANK1 + 0x4004u, 1u); /* does not begin a quad-word */
    assert_int_equal(done(m), PGAERR);
    wr(m, NSCR, PG);
    wr(m, BANK1 + 0x4000u, 1u);
    wr(m, BANK1 + 0x4010u, 1u); /* another quad-word */
    assert_int_equal(done(m), PGAERR);
    for (unsigned size = 1u; size <= 2u; size++) {
        wr(m, NSCR, PG);
        assert_int_equal(sim_core_write(m, BANK1 + 0x4000u, size, 0u), SIM_ACCESS_OK);
        assert_int_equal(done(m), SIZERR);
    }
    wr(m, NSCR, PG | PER); /* two kinds at once */
    wr(m, BANK1 + 0x4000u, 1u);
    assert_int_equal(done(m), PGSERR);
    wr(m, NSCR, STRT); /* neither PER nor MER */
    assert_int_equal(done(m), PGSERR);
    wr(m, NSCR, PER | MER1 | STRT);
    assert_int_equal(done(m), PGSERR);
    wr(m, NSCR, PG);
    wr(m, BANK1 + 0x4004u, 1u);
    assert_int_equal(rd(m, NSSR) & U_ERRORS, PGAERR);
    put(m, BANK1 + 0x4000u, 1u); /* the flag still stands */
    assert_int_equal(done(m), PGAERR | PGSERR);
    assert_int_equal(raw(m, 0u, 0x4000u), BLANK);
    assert_int_equal(program(m, BANK1 + 0x4000u, 1u), 0u);
    sim_free(m);
}

static void flags_have_their_interrupts(void **state)
{
    (void)state;
    sim_machine *m = new_part(parts[0]);
    unlock(m);
    assert_int_equal(program(m, BANK1 + 0x4000u, 7u), 0u);
    assert_int_equal(rd(m, NSSR) & EOP, 0u); /* EOPIE was 0 */
    wr(m, NSCR, PG | EOPIE | ERRIE);
    for (uint32_t i = 0; i < 4u; i++) {
        wr(m, BANK1 + 0x4010u + 4u * i, i);
    }
    rig_pass(m, SIM_PS_PER_MS);
    assert_int_equal(rd(m, NSSR), EOP);
    wr(m, BANK1 + 0x4024u, 1u);
    assert_int_equal(rd(m, NSSR), EOP | OPERR | PGAERR);
    wr(m, NSSR, EOP | OPERR | PGAERR);
    assert_int_equal(rd(m, NSSR), 0u);
    sim_free(m);
}

/* ---- erasing, in both mappings ---- */

static void mark_pages(sim_machine *m)
{
    const tb_chip *c = sim_chip(m);
    for (unsigned bank = 0; bank < 2u; bank++) {
        for (uint32_t at = 0; at < c->bank_bytes; at += PAGE) {
            uint32_t word[4] = {at, bank, ~at, 1u};
            assert_true(sim_flash_load(m, tb_mapped_address(c, false, bank, at + 0x100u),
                                       (const uint8_t *)word, sizeof word));
        }
    }
}

/* All pages of lower number, in that bank and all before it, are blank, and no other. */
static void only_erased_up_to(sim_machine *m, unsigned bank, uint32_t end)
{
    const tb_chip *c = sim_chip(m);
    for (unsigned b = 0; b < 2u; b++) {
        for (uint32_t at = 0; at < c->bank_bytes; at += PAGE) {
            bool gone = b < bank || (b == bank && at < end);
            assert_int_equal(raw(m, b, at + 0x100u), gone ? BLANK : at);
        }
    }
}

static void an_erase_takes_the_physical_bank(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2u * PARTS; i++) {
        bool swapped = i % 2u == 1u;
        sim_machine *m = new_part(parts[i / 2u]);
        const tb_chip *c = sim_chip(m);
        mark_pages(m);
        if (swapped) {
            set_options(m, OPTR, OPTR_PRODUCTION | SWAP_BANK);
        }
        unlock(m);
        for (unsigned bank = 0; bank < 2u; bank++) {
            for (uint32_t at = 0; at < c->bank_bytes; at += PAGE) {
                assert_int_equal(erase(m, bank, at / PAGE), 0u);
                if (at % (16u * PAGE) == 0u || at + PAGE == c->bank_bytes) {
                    only_erased_up_to(m, bank, at + PAGE);
                }
            }
        }
        for (unsigned bank = 0; bank < 2u; bank++) { /* and programs the mapped address */
            uint32_t at = c->bank_bytes - 16u, to = tb_mapped_address(c, swapped, bank, at);
            assert_int_equal(program(m, to, 0x7000u + bank), 0u);
            assert_int_equal(raw(m, bank, at), 0x7000u + bank);
        }
        sim_free(m);
    }
}

static void mass_erase_takes_physical_banks(void **state)
{
    static const uint32_t mers[] = {MER1, MER2, MER1 | MER2};
    (void)state;
    for (unsigned i = 0; i < 6u; i++) {
        sim_machine *m = new_part("stm32u545re");
        mark_pages(m);
        if (i >= 3u) {
            set_options(m, OPTR, OPTR_PRODUCTION | SWAP_BANK);
        }
        unlock(m);
        wr(m, NSCR, mers[i % 3u] | STRT);
        assert_int_equal(done(m), 0u);
        assert_int_equal(raw(m, 0u, 0x100u) == BLANK, (mers[i % 3u] & MER1) != 0u);
        assert_int_equal(raw(m, 1u, 0x3E100u) == BLANK, (mers[i % 3u] & MER2) != 0u);
        sim_free(m);
    }
}

static void the_busy_bank_stalls_and_the_other_is_read(void **state)
{
    (void)state;
    for (unsigned bank = 0; bank < 2u; bank++) {
        sim_machine *m = new_part(parts[0]);
        unlock(m);
        wr(m, NSCR, PER | PNB(5u) | (bank == 1u ? BKER : 0u) | STRT);
        sim_ps began = sim_now(m);
        (void)rd(m, bank == 0u ? high(m) : BANK1);
        assert_int_equal(rd(m, NSSR) & BSY, BSY);
        (void)rd(m, bank == 0u ? BANK1 : high(m));
        assert_int_equal(rd(m, NSSR) & BSY, 0u);
        assert_true(sim_now(m) - began >= SIM_PS_PER_MS);
        sim_free(m);
    }
}

static void protected_pages_are_physical_and_inclusive(void **state)
{
    (void)state;
    for (unsigned swapped = 0; swapped < 2u; swapped++) {
        sim_machine *m = new_part(parts[0]);
        uint32_t bank2_at = swapped != 0u ? BANK1 : high(m), bank1_at = high(m) + BANK1 - bank2_at;
        set_options(m, WRP2AR, 0x80000000u | 3u << 16 | 2u);
        set_options(m, OPTR, OPTR_PRODUCTION | (swapped != 0u ? SWAP_BANK : 0u));
        unlock(m);
        for (unsigned page = 1u; page <= 4u; page++) {
            uint32_t flag = page == 2u || page == 3u ? WRPERR : 0u;
            assert_int_equal(program(m, bank2_at + page * PAGE, 9u), flag);
            assert_int_equal(erase(m, 1u, page), flag);
            assert_int_equal(program(m, bank1_at + page * PAGE, 9u), 0u);
        }
        wr(m, NSCR, MER2 | STRT); /* one protected page keeps the bank */
        assert_int_equal(done(m), WRPERR);
        wr(m, NSCR, MER1 | STRT);
        assert_int_equal(done(m), 0u);
        sim_free(m);
    }
}

/* An area whose UNLOCK is 0 stays as it is (RM0456 7.6.1). */
static void a_locked_area_stays(void **state)
{
    (void)state;
    sim_machine *m = new_part(parts[0]);
    set_options(m, WRP1AR, 1u << 16 | 0u);
    write_options(m, WRP1AR, 0x80000000u | 0u << 16 | 0x7Fu);
    assert_int_equal(rd(m, NSSR) & U_ERRORS, U_OPTWERR);
    sim_power_on(m, false);
    asleep(m);
    assert_int_equal(rd(m, WRP1AR), 1u << 16);
    unlock(m);
    assert_int_equal(erase(m, 0u, 1u), WRPERR);
    sim_free(m);
}

/* ---- ECC ---- */

static void one_wrong_bit_reads_right(void **state)
{
    (void)state;
    sim_machine *m = new_part(parts[0]);
    unlock(m);
    assert_int_equal(program(m, high(m) + 0x6010u, 0x600Du), 0u);
    assert_true(sim_flash_damage(m, 1u, 0x6014u, SIM_DAMAGE_CORRECTABLE));
    assert_int_equal(rd(m, high(m) + 0x6014u), 0x600Eu);
    assert_int_equal(rd(m, ECCR), ECCC | ECC_BK | 0x6010u);
    wr(m, ECCR, ECCIE | ECCC);
    assert_int_equal(rd(m, ECCR) & (ECCC | ECCD | ECCIE), ECCIE);
    sim_free(m);
}

static void two_wrong_bits_are_told_by_the_physical_bank(void **state)
{
    (void)state;
    for (unsigned swapped = 0; swapped < 2u; swapped++) {
        sim_machine *m = new_part(parts[0]);
        if (swapped != 0u) {
            set_options(m, OPTR, OPTR_PRODUCTION | SWAP_BANK);
        }
        for (unsigned bank = 0; bank < 2u; bank++) {
            assert_true(sim_flash_damage(m, bank, 0xFFFF0u, SIM_DAMAGE_UNCORRECTABLE));
            assert_int_equal(eccr_of(m, tb_mapped_address(sim_chip(m), swapped != 0u, bank,
                                                          0xFFFFCu)),
                             ECCD | (bank == 1u ? ECC_BK : 0u) | 0xFFFF0u);
        }
        sim_free(m);
    }
}

/* The place is the first one's until the flags are cleared; whether a second error sets its
 * flag meanwhile can be read in two ways, and both are here. */
static void the_first_error_keeps_the_register(void **state)
{
    (void)state;
    for (unsigned once = 0; once < 2u; once++) {
        sim_machine *m = new_with(parts[0], once != 0u ? SIM_READING_U5_ECC_ONCE : 0u, 1u);
        assert_true(sim_flash_damage(m, 0u, 0x8000u, SIM_DAMAGE_CORRECTABLE));
        assert_true(sim_flash_damage(m, 0u, 0x9000u, SIM_DAMAGE_UNCORRECTABLE));
        (void)rd(m, BANK1 + 0x8000u);
        (void)rd(m, BANK1 + 0x9000u);
        assert_int_equal(rd(m, ECCR), ECCC | (once != 0u ? 0u : ECCD) | 0x8000u);
        rig_pass(m, SIM_PS_PER_US);
        wr(m, ECCR, ECCC | ECCD);
        assert_int_equal(eccr_of(m, BANK1 + 0x9000u), ECCD | 0x9000u);
        sim_free(m);
    }
}

/* ---- ICACHE ---- */

static void icache_serves_what_was_until_it_is_invalidated(void **state)
{
    (void)state;
    sim_machine *m = new_part(parts[0]);
    unlock(m);
    assert_int_equal(program(m, high(m) + 0x4000u, 0xAAAA0000u), 0u);
    assert_int_equal(rd(m, high(m) + 0x4000u), 0xAAAA0000u); /* off after reset */
    rig_pass(m, SIM_PS_PER_MS);
    assert_int_equal(rd(m, ICACHE_SR) & 1u, 0u);
    wr(m, ICACHE_CR, 5u); /* EN, two ways */
    assert_int_equal(erase(m, 1u, 2u), 0u);
    assert_int_equal(rd(m, high(m) + 0x4000u), 0xAAAA0000u);
    assert_int_equal(program(m, high(m) + 0x4000u, 0xBBBB0000u), 0u);
    assert_int_equal(rd(m, high(m) + 0x4000u), 0xAAAA0000u);
    wr(m, ICACHE_CR, 4u); /* off: past it */
    assert_int_equal(rd(m, high(m) + 0x4000u), 0xBBBB0000u);
    wr(m, ICACHE_CR, 5u);
    assert_int_equal(rd(m, high(m) + 0x4000u), 0xAAAA0000u);
    wr(m, ICACHE_CR, 7u);
    assert_int_equal(rd(m, ICACHE_SR) & 1u, 1u); /* BUSYF */
    assert_int_equal(rd(m, high(m) + 0x4000u), 0xBBBB0000u);
    rig_pass(m, SIM_PS_PER_MS);
    assert_int_equal(rd(m, ICACHE_SR), 2u); /* BSYENDF */
    sim_free(m);
}

static void a_reset_invalidates_icache(void **state)
{
    (void)state;
    sim_machine *m = new_part(parts[0]);
    wr(m, ICACHE_CR, 5u);
    unlock(m);
    assert_int_equal(program(m, high(m) + 0x4000u, 3u), 0u);
    assert_int_equal(rd(m, high(m) + 0x4000u), BLANK);
    sim_pin_reset(m);
    asleep(m);
    assert_int_equal(rd(m, ICACHE_CR) & 1u, 0u);
    assert_int_equal(rd(m, ICACHE_SR) & 1u, 1u);
    wr(m, ICACHE_CR, 5u);
    assert_int_equal(rd(m, high(m) + 0x4000u), 3u);
    sim_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reset_leaves),
        cmocka_unit_test(keys_open_and_wrong_ones_lock_until_reset),
        cmocka_unit_test(option_keys_need_the_first_lock_open),
        cmocka_unit_test(four_words_make_one_operation),
        cmocka_unit_test(what_may_be_written_over_what),
        cmocka_unit_test(wrong_writes_have_their_flags),
        cmocka_unit_test(flags_have_their_interrupts),
        cmocka_unit_test(an_erase_takes_the_physical_bank),
        cmocka_unit_test(mass_erase_takes_physical_banks),
        cmocka_unit_test(the_busy_bank_stalls_and_the_other_is_read),
        cmocka_unit_test(protected_pages_are_physical_and_inclusive),
        cmocka_unit_test(a_locked_area_stays),
        cmocka_unit_test(one_wrong_bit_reads_right),
        cmocka_unit_test(two_wrong_bits_are_told_by_the_physical_bank),
        cmocka_unit_test(the_first_error_keeps_the_register),
        cmocka_unit_test(icache_serves_what_was_until_it_is_invalidated),
        cmocka_unit_test(a_reset_invalidates_icache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
