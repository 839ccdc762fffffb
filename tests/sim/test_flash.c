/* The G4 flash controller's rules, each as RM0440 3.3 and 3.7 and silicon.md state it. */
#include <string.h>

#include "rig.h"


static int setup(void **state)
{
    *state = rig_new("stm32g474re");
    return 0;
}

static int teardown(void **state)
{
    sim_free(*state);
    return 0;
}

/* ---- keys and locks ---- */

static void reset_values(void **state)
{
    sim_machine *m = *state;
    assert_int_equal(rd(m, FLASH_ACR), 0x00040601u);
    assert_int_equal(rd(m, FLASH_CR), 0xC0000000u);
    assert_int_equal(rd(m, FLASH_SR), 0u);
    assert_int_equal(rd(m, FLASH_OPTR), 0xFFEFF8AAu);
    assert_int_equal(rd(m, FLASH_WRP1AR), 0xFF00FFFFu);
}

static void locked_controller_ignores_writes(void **state)
{
    sim_machine *m = *state;
    wr(m, FLASH_CR, PER | PNB(5) | STRT);
    assert_int_equal(rd(m, FLASH_CR), 0xC0000000u);
    assert_int_equal(rd(m, FLASH_SR) & BSY, 0);
}

static void keys_unlock_and_lock_locks(void **state)
{
    sim_machine *m = *state;
    rig_unlock(m);
    assert_int_equal(rd(m, FLASH_CR), OPTLOCK);
    wr(m, FLASH_CR, LOCK);
    assert_int_equal(rd(m, FLASH_CR), LOCK | OPTLOCK);
    rig_unlock(m);
    assert_int_equal(rd(m, FLASH_CR), OPTLOCK);
}

static void wrong_key_faults_and_locks_until_reset(void **state)
{
    sim_machine *m = *state;
    wr(m, FLASH_KEYR, 0x45670123u);
    assert_int_equal(sim_core_write(m, FLASH_KEYR, 4u, 0x12345678u), SIM_ACCESS_FAULT);
    assert_int_equal(sim_core_write(m, FLASH_KEYR, 4u, 0x45670123u), SIM_ACCESS_FAULT);
    assert_int_equal(rd(m, FLASH_CR), LOCK | OPTLOCK);
    sim_pin_reset(m);
    rig_sleep(m);
    rig_unlock(m);
    assert_int_equal(rd(m, FLASH_CR), OPTLOCK);
}

static void key_to_an_open_lock_is_wrong(void **state)
{
    sim_machine *m = *state;
    rig_unlock(m);
    assert_int_equal(sim_core_write(m, FLASH_KEYR, 4u, 0x45670123u), SIM_ACCESS_FAULT);
    assert_int_equal(rd(m, FLASH_CR), LOCK | OPTLOCK);
}

static void option_keys_need_the_first_lock_open(void **state)
{
    sim_machine *m = *state;
    assert_int_equal(sim_core_write(m, FLASH_OPTKEYR, 4u, 0x08192A3Bu), SIM_ACCESS_FAULT);
    sim_pin_reset(m);
    rig_sleep(m);
    rig_unlock_options(m);
    assert_int_equal(rd(m, FLASH_CR), 0u);
    wr(m, FLASH_CR, OPTLOCK);
    assert_int_equal(rd(m, FLASH_CR), OPTLOCK);
    wr(m, FLASH_CR, LOCK);
    assert_int_equal(rd(m, FLASH_CR), LOCK | OPTLOCK);
}

/* ---- programming ---- */

static void two_words_make_one_operation(void **state)
{
    sim_machine *m = *state;
    rig_unlock(m);
    wr(m, FLASH_CR, PG);
    wr(m, BANK1 + 0x2000u, 0x11223344u);
    assert_int_equal(rd(m, FLASH_SR), 0u); /* latched only */
    assert_int_equal(sim_op_count(m, 0u), 0);
    sim_ps begin = sim_now(m);
    wr(m, BANK1 + 0x2004u, 0x55667788u);
    assert_int_equal(rd(m, FLASH_SR), BSY);
    assert_int_equal(raw(m, 0u, 0x2000u), BLANK);
    assert_int_equal(rd(m, BANK1 + 0x2000u), 0x11223344u); /* stalls until it is done */
    sim_ps took = sim_now(m) - begin;
    assert_true(took >= 81700000u && took < 81700000u + 200000u);
    assert_int_equal(rd(m, FLASH_SR), 0u); /* no EOP without EOPIE */
    assert_int_equal(raw(m, 0u, 0x2004u), 0x55667788u);
    assert_int_equal(sim_op_count(m, 1u << SIM_OP_PROGRAM), 1);
    assert_int_equal(sim_op_count(m, 1u << SIM_OP_ERASE_PAGE), 0);
}

static void size_errors(void **state)
{
    sim_machine *m = *state;
    rig_unlock(m);
    wr(m, FLASH_CR, PG);
    for (unsigned size = 1u; size <= 2u; size++) {
        assert_int_equal(sim_core_write(m, BANK1 + 0x2000u, size, 0u), SIM_ACCESS_OK);
        assert_int_equal(rig_take_errors(m), SIZERR);
    }
    assert_int_equal(sim_op_count(m, 0u), 0);
}

static void alignment_errors(void **state)
{
    sim_machine *m = *state;
    rig_unlock(m);
    wr(m, FLASH_CR, PG);
    wr(m, BANK1 + 0x2004u, 1u); /* the upper word first */
    assert_int_equal(rig_take_errors(m), PGAERR);
    wr(m, BANK1 + 0x2000u, 1u);
    wr(m, BANK1 + 0x200Cu, 2u); /* another double word */
    assert_int_equal(rig_take_errors(m), PGAERR);
    wr(m, BANK1 + 0x2000u, 1u);
    wr(m, BANK1 + 0x2000u, 1u);
    assert_int_equal(rig_take_errors(m), PGAERR);
    assert_int_equal(sim_op_count(m, 0u), 0);
}

static void a_lone_word_is_dropped_with_pg(void **state)
{
    sim_machine *m = *state;
    rig_unlock(m);
    wr(m, FLASH_CR, PG);
    wr(m, BANK1 + 0x2000u, 1u);
    wr(m, FLASH_CR, 0u);
    assert_int_equal(rig_program(m, BANK1 + 0x2008u, 3u, 4u), 0);
    assert_int_equal(raw(m, 0u, 0x2000u), BLANK);
    assert_int_equal(raw(m, 0u, 0x2008u), 3u);
}

static void a_programmed_unit_takes_only_zeros(void **state)
{
    sim_machine *m = *state;
    rig_unlock(m);
    assert_int_equal(rig_program(m, BANK1 + 0x2000u, 0x12345678u, BLANK), 0);
    assert_int_equal(rig_program(m, BANK1 + 0x2000u, 0x12345678u, BLANK), PROGERR);
    assert_int_equal(rig_program(m, BANK1 + 0x2000u, 0x12345678u, 0u), PROGERR);
    assert_int_equal(raw(m, 0u, 0x2000u), 0x12345678u);
    assert_int_equal(rig_program(m, BANK1 + 0x2000u, 0u, 0u), 0);
    assert_int_equal(rd(m, BANK1 + 0x2000u), 0u);
    assert_int_equal(rig_program(m, BANK1 + 0x2000u, 0u, 1u), PROGERR);
}

static void all_ones_spend_the_unit(void **state)
{
    sim_machine *m = *state;
    rig_unlock(m);
    assert_int_equal(rig_program(m, BANK1 + 0x2000u, BLANK, BLANK), 0);
    assert_int_equal(rig_program(m, BANK1 + 0x2000u, 1u, 2u), PROGERR);
    assert_int_equal(rig_erase_page(m, 0u, 4u), 0);
    assert_int_equal(rig_program(m, BANK1 + 0x2000u, 1u, 2u), 0);
}

static void sequence_errors(void **state)
{
    sim_machine *m = *state;
    rig_unlock(m);
    wr(m, BANK1 + 0x2000u, 1u); /* neither PG nor FSTPG */
    assert_int_equal(rig_take_errors(m), PGSERR);
    wr(m, FLASH_CR, PG | PER);
    wr(m, BANK1 + 0x2000u, 1u);
    assert_int_equal(rig_take_errors(m), PGSERR);
    wr(m, FLASH_CR, PG | PER | STRT);
    assert_int_equal(rd(m, FLASH_SR), PGSERR);
    wr(m, FLASH_CR, PER | PNB(9) | STRT); /* the flag is stale now */
    assert_int_equal(rd(m, FLASH_SR) & BSY, 0);
    assert_int_equal(rig_take_errors(m), PGSERR);
    wr(m, FLASH_CR, PER | MER1 | STRT);
    assert_int_equal(rig_take_errors(m), PGSERR);
    assert_int_equal(sim_op_count(m, 0u), 0);
}

static void stale_error_flags_refuse_programming(void **state)
{
    sim_machine *m = *state;
    rig_unlock(m);
    wr(m, FLASH_CR, PG);
    assert_int_equal(sim_core_write(m, BANK1 + 0x2000u, 1u, 0u), SIM_ACCESS_OK);
    assert_int_equal(rd(m, FLASH_SR), SIZERR);
    wr(m, BANK1 + 0x2000u, 1u);
    assert_int_equal(rd(m, FLASH_SR), SIZERR | PGSERR);
    wr(m, FLASH_SR, SIZERR); /* write one to clear, that one only */
    assert_int_equal(rd(m, FLASH_SR), PGSERR);
    assert_int_equal(rig_take_errors(m), PGSERR);
    assert_int_equal(rig_program(m, BANK1 + 0x2000u, 1u, 2u), 0);
}

static void optverr_of_a_virgin_part_refuses_too(void **state)
{
    sim_machine *m = *state;
    sim_power_on(m, false);
    rig_sleep(m);
    assert_int_equal(rd(m, FLASH_SR), OPTVERR);
    rig_unlock(m);
    wr(m, FLASH_CR, PG);
    wr(m, BANK1 + 0x2000u, 1u);
    assert_int_equal(rig_take_errors(m), OPTVERR | PGSERR);
}

static void cr_write_waits_for_the_operation(void **state)
{
    sim_machine *m = *state;
    rig_unlock(m);
    wr(m, FLASH_CR, PER | PNB(7) | STRT);
    assert_int_equal(rd(m, FLASH_SR), BSY);
    sim_ps begin = sim_now(m);
    wr(m, FLASH_CR, 0u);
    assert_true(sim_now(m) - begin >= 22000u * SIM_PS_PER_US);
    assert_int_equal(rd(m, FLASH_SR) & BSY, 0);
}

static void strt_without_a_kind_of_erase_stops(void **state)
{
    sim_machine *m = *state;
    rig_unlock(m);
    wr(m, FLASH_CR, STRT);
    assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_MS), SIM_END_STOP);
    assert_non_null(strstr(sim_end_text(m), "STRT"));
}

/* ---- erasing: physical bank, and addresses by mapping ---- */

static void fill_page_marks(sim_machine *m)
{
    static const uint8_t mark[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    for (uint32_t page = 0; page < 128u; page++) {
        assert_true(sim_flash_load(m, BANK1 + page * 2048u + 2040u, mark, sizeof mark));
        assert_true(sim_flash_load(m, BANK2 + page * 2048u + 2040u, mark, sizeof mark));
    }
}

static void check_only_erased(sim_machine *m, unsigned bank, unsigned page)
{
    for (unsigned b = 0; b < 2u; b++) {
        for (unsigned p = 0; p < 128u; p++) {
            uint32_t expected = b == bank && p == page ? BLANK : 0x04030201u;
            assert_int_equal(raw(m, b, p * 2048u + 2040u), expected);
        }
    }
}

static void page_erase_is_by_physical_bank_in_both_mappings(void **state)
{
    sim_machine *m = *state;
    for (unsigned swapped = 0; swapped < 2u; swapped++) {
        for (unsigned bank = 0; bank < 2u; bank++) {
            sim_set_mapping(m, swapped != 0u, 0u);
            if (rd(m, FLASH_CR) != OPTLOCK) {
                rig_unlock(m);
            }
            fill_page_marks(m);
            assert_int_equal(rig_erase_page(m, bank, 77u), 0);
            check_only_erased(m, bank, 77u);
        }
    }
}

static void programming_is_by_mapped_address(void **state)
{
    sim_machine *m = *state;
    wr(m, FLASH_ACR, 1u); /* caches off, then empty */
    wr(m, FLASH_ACR, 1u | 1u << 11 | 1u << 12);
    wr(m, FLASH_ACR, 1u);
    rig_unlock(m);
    sim_set_mapping(m, true, 0u);
    assert_int_equal(rig_program(m, BANK1 + 0x3000u, 0xAAu, 0xBBu), 0);
    assert_int_equal(raw(m, 1u, 0x3000u), 0xAAu);
    assert_int_equal(raw(m, 0u, 0x3000u), BLANK);
    assert_int_equal(rd(m, BANK1 + 0x3000u), 0xAAu);
    assert_int_equal(rd(m, 0x3000u), 0xAAu); /* the alias at 0 follows */
    assert_int_equal(rig_program(m, BANK2 + 0x3000u, 0xCCu, 0xDDu), 0);
    assert_int_equal(raw(m, 0u, 0x3000u), 0xCCu);
    sim_set_mapping(m, false, 0u);
    assert_int_equal(rd(m, BANK1 + 0x3000u), 0xCCu);
    assert_int_equal(rd(m, BANK2 + 0x3000u), 0xAAu);
}

static void mass_erase_by_bank(void **state)
{
    sim_machine *m = *state;
    rig_unlock(m);
    fill_page_marks(m);
    assert_int_equal(rig_mass_erase(m, MER2), 0);
    assert_int_equal(raw(m, 0u, 2040u), 0x04030201u);
    assert_int_equal(raw(m, 1u, 2040u), BLANK);
    assert_int_equal(raw(m, 1u, 0x3FFF8u), BLANK);
    assert_int_equal(rig_mass_erase(m, MER1 | MER2), 0);
    assert_int_equal(raw(m, 0u, 2040u), BLANK);
    assert_int_equal(sim_op_count(m, 1u << SIM_OP_ERASE_BANK), 2);
}

static void erase_times(void **state)
{
    sim_machine *m = *state;
    rig_unlock(m);
    wr(m, FLASH_CR, PER | PNB(3) | STRT);
    rig_pass(m, 22019u * SIM_PS_PER_US);
    assert_int_equal(rd(m, FLASH_SR), BSY);
    rig_pass(m, 2u * SIM_PS_PER_US);
    assert_int_equal(rd(m, FLASH_SR), 0);
    wr(m, FLASH_CR, MER1 | STRT);
    rig_pass(m, 22129u * SIM_PS_PER_US);
    assert_int_equal(rd(m, FLASH_SR), BSY);
    rig_pass(m, 2u * SIM_PS_PER_US);
    assert_int_equal(rd(m, FLASH_SR), 0);
}

static void trimmed_parts_have_a_hole(void **state)
{
    (void)state;
    static const char *const chips[] = {"stm32g474rc", "stm32g474rb"};
    for (unsigned i = 0; i < 2u; i++) {
        sim_machine *m = rig_new(chips[i]);
        uint32_t bank = sim_chip(m)->bank_bytes, word;
        assert_int_equal(rd(m, BANK1 + bank - 4u), BLANK);
        assert_int_equal(sim_core_read(m, BANK1 + bank, 4u, &word), SIM_ACCESS_FAULT);
        assert_int_equal(sim_core_read(m, BANK2 - 4u, 4u, &word), SIM_ACCESS_FAULT);
        assert_int_equal(rd(m, BANK2), BLANK);
        assert_int_equal(sim_core_read(m, BANK2 + bank, 4u, &word), SIM_ACCESS_FAULT);
        assert_int_equal(rd(m, 0x1FFF75E0u) & 0xFFFFu, sim_chip(m)->flash_kib);
        assert_false(sim_flash_load(m, BANK1 + bank - 4u, (const uint8_t *)"12345678", 8u));
        rig_unlock(m);
        assert_int_equal(rig_program(m, BANK2, 5u, 6u), 0);
        assert_int_equal(raw(m, 1u, 0u), 5u);
        assert_int_equal(rig_erase_page(m, 1u, 0u), 0);
        assert_int_equal(raw(m, 1u, 0u), BLANK);
        assert_int_equal(rig_erase_page(m, 0u, bank / 2048u), 0); /* hidden: no flag, no effect */
        sim_free(m);
    }
}

/* ---- protection ---- */

static void set_option(sim_machine *m, uint32_t reg, uint32_t value)
{
    wr(m, FLASH_CR, LOCK);
    rig_unlock_options(m);
    wr(m, reg, value);
    wr(m, FLASH_CR, OPTSTRT);
    rig_pass(m, 60u * SIM_PS_PER_MS);
    assert_int_equal(rd(m, FLASH_SR) & BSY, 0);
    wr(m, FLASH_CR, OBL_LAUNCH);
    sim_run(m, sim_now(m)); /* the reset comes with the next instruction */
    rig_sleep(m);
    wr(m, FLASH_SR, ERRORS);
}

static void wrp_is_inclusive_and_physical(void **state)
{
    sim_machine *m = *state;
    fill_page_marks(m);
    set_option(m, FLASH_WRP2AR, 0xFF00FF00u | 3u << 16 | 2u); /* pages 2 and 3 of bank 2 */
    assert_int_equal(rd(m, FLASH_WRP2AR), 0xFF03FF02u);
    sim_set_mapping(m, true, 0u);
    rig_unlock(m);
    assert_int_equal(rig_erase_page(m, 1u, 2u), WRPERR);
    assert_int_equal(rig_erase_page(m, 1u, 3u), WRPERR);
    assert_int_equal(raw(m, 1u, 2u * 2048u + 2040u), 0x04030201u);
    assert_int_equal(rig_erase_page(m, 0u, 2u), 0);
    assert_int_equal(rig_erase_page(m, 1u, 1u), 0);
    assert_int_equal(rig_erase_page(m, 1u, 4u), 0);
    assert_int_equal(rig_program(m, BANK1 + 0x1000u, 1u, 2u), WRPERR); /* bank 2 is mapped there */
    assert_int_equal(rig_program(m, BANK2 + 0x1000u, 1u, 2u), 0);
    assert_int_equal(rig_mass_erase(m, MER2), WRPERR);
    assert_int_equal(rig_mass_erase(m, MER1 | MER2), WRPERR);
    assert_int_equal(raw(m, 0u, 2040u), 0x04030201u);
    assert_int_equal(rig_mass_erase(m, MER1), 0);
}

static void wrp_with_start_after_end_is_empty(void **state)
{
    sim_machine *m = *state;
    set_option(m, FLASH_WRP1AR, 0xFF00FF00u | 1u << 16 | 2u);
    rig_unlock(m);
    assert_int_equal(rig_erase_page(m, 0u, 1u), 0);
    assert_int_equal(rig_erase_page(m, 0u, 2u), 0);
    set_option(m, FLASH_WRP1AR, 0xFF00FF00u | 2u << 16 | 2u); /* start = end: one page */
    rig_unlock(m);
    assert_int_equal(rig_erase_page(m, 0u, 1u), 0);
    assert_int_equal(rig_erase_page(m, 0u, 2u), WRPERR);
    assert_int_equal(rig_erase_page(m, 0u, 3u), 0);
}

static void pcrop_hides_from_the_data_bus(void **state)
{
    sim_machine *m = *state;
    static const uint8_t mark[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    assert_true(sim_flash_load(m, BANK1 + 0x4000u, mark, sizeof mark));
    rig_unlock_options(m);
    wr(m, FLASH_PCROP1SR, 0xFFFF0000u | 0x4000u / 8u);
    wr(m, FLASH_PCROP1ER, 0x4000u / 8u);
    wr(m, FLASH_CR, LOCK);
    set_option(m, FLASH_OPTR, 0xFFEFF8AAu);
    assert_int_equal(rd(m, BANK1 + 0x4000u), 0u);
    assert_int_equal(rig_take_errors(m), RDERR);
    assert_int_equal(rd(m, BANK1 + 0x4008u), 0x0C0B0A09u);
    rig_unlock(m);
    assert_int_equal(rig_erase_page(m, 0u, 8u), WRPERR);
    assert_int_equal(rig_program(m, BANK1 + 0x4000u, 0u, 0u), WRPERR);
}

static void securable_area_closes_until_reset(void **state)
{
    sim_machine *m = *state;
    uint32_t word;
    set_option(m, FLASH_SEC1R, 0xFF00FF02u); /* two pages */
    rig_unlock(m);
    assert_int_equal(rd(m, BANK1), 0x20018000u);
    wr(m, FLASH_CR, SEC_PROT1);
    assert_int_equal(sim_core_read(m, BANK1, 4u, &word), SIM_ACCESS_FAULT);
    assert_int_equal(rd(m, BANK1 + 0x1000u), BLANK);
    assert_int_equal(rig_erase_page(m, 0u, 1u), WRPERR);
    assert_int_equal(rig_erase_page(m, 0u, 2u), 0);
    sim_pin_reset(m);
    assert_int_equal(rd(m, BANK1), 0x20018000u);
}

/* ---- interrupts, caches ---- */

static void eop_and_operr_need_their_enables(void **state)
{
    sim_machine *m = *state;
    rig_unlock(m);
    wr(m, FLASH_CR, PG | EOPIE);
    wr(m, BANK1 + 0x2000u, 1u);
    wr(m, BANK1 + 0x2004u, 2u);
    rig_pass(m, SIM_PS_PER_MS);
    assert_int_equal(rd(m, FLASH_SR), EOP);
    wr(m, FLASH_SR, EOP);
    assert_int_equal(rd(m, FLASH_SR), 0);
    wr(m, FLASH_CR, PG | ERRIE);
    wr(m, BANK1 + 0x2004u, 2u);
    assert_int_equal(rd(m, FLASH_SR), PGAERR | OPERR);
}

static void caches_serve_erased_contents_until_they_are_reset(void **state)
{
    sim_machine *m = *state;
    static const uint8_t mark[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    assert_true(sim_flash_load(m, BANK2 + 0x800u, mark, sizeof mark));
    rig_unlock(m);
    assert_int_equal(rig_erase_page(m, 1u, 1u), 0);
    assert_int_equal(raw(m, 1u, 0x800u), BLANK);
    assert_int_equal(rd(m, BANK2 + 0x800u), 0x04030201u);
    wr(m, FLASH_ACR, 0x00040201u);             /* DCEN off: the array itself */
    assert_int_equal(rd(m, BANK2 + 0x800u), BLANK);
    wr(m, FLASH_ACR, 0x00040601u);             /* on again without a reset: stale */
    assert_int_equal(rd(m, BANK2 + 0x800u), 0x04030201u);
    wr(m, FLASH_ACR, 0x00040601u | 1u << 12);  /* DCRST does nothing while it is on */
    assert_int_equal(rd(m, BANK2 + 0x800u), 0x04030201u);
    wr(m, FLASH_ACR, 0x00040201u);
    wr(m, FLASH_ACR, 0x00040201u | 1u << 12);
    wr(m, FLASH_ACR, 0x00040201u);
    wr(m, FLASH_ACR, 0x00040601u);
    assert_int_equal(rd(m, BANK2 + 0x800u), BLANK);
}

static void caches_serve_the_old_mapping_until_they_are_reset(void **state)
{
    sim_machine *m = *state;
    assert_int_equal(rd(m, BANK1), 0x20018000u);
    sim_set_mapping(m, true, 0u);
    assert_int_equal(rd(m, BANK1), 0x20018000u);
    wr(m, FLASH_ACR, 1u);
    assert_int_equal(rd(m, BANK1), BLANK);
    wr(m, FLASH_ACR, 1u | 1u << 11 | 1u << 12);
    wr(m, FLASH_ACR, 0x601u);
    assert_int_equal(rd(m, BANK1), BLANK);
    sim_pin_reset(m); /* FB_MODE is cleared by a system reset */
    assert_int_equal(rd(m, BANK1), 0x20018000u);
}

static void otp_is_programmed_once(void **state)
{
    sim_machine *m = *state;
    rig_unlock(m);
    assert_int_equal(rig_program(m, 0x1FFF7000u, 0xCAFEu, 0u), 0);
    assert_int_equal(rd(m, 0x1FFF7000u), 0xCAFEu);
    assert_int_equal(rig_program(m, 0x1FFF7000u, 0xCAFFu, 0u), PROGERR);
    assert_int_equal(rig_mass_erase(m, MER1 | MER2), 0);
    assert_int_equal(rd(m, 0x1FFF7000u), 0xCAFEu);
}

/* ---- fast programming ---- */

#define FSTPG (1u << 18)

static void write_row(sim_machine *m, uint32_t address, unsigned words)
{
    for (uint32_t i = 0; i < words; i++) {
        wr(m, address + 4u * i, 0x1000u + i);
    }
}

static void fast_rows_need_a_mass_erase(void **state)
{
    sim_machine *m = *state;
    rig_unlock(m);
    wr(m, FLASH_CR, FSTPG);
    wr(m, BANK2, 1u);
    assert_int_equal(rig_take_errors(m), PGSERR);
    assert_int_equal(rig_mass_erase(m, MER1), 0);
    wr(m, FLASH_CR, FSTPG);
    wr(m, BANK2, 1u); /* the other bank was not */
    assert_int_equal(rig_take_errors(m), PGSERR);
}

static void a_fast_row(void **state)
{
    sim_machine *m = *state;
    rig_unlock(m);
    assert_int_equal(rig_mass_erase(m, MER2), 0);
    wr(m, FLASH_CR, FSTPG | EOPIE);
    sim_ps begin = sim_now(m);
    write_row(m, BANK2 + 0x300u, 64u);
    assert_int_equal(rd(m, FLASH_SR), BSY); /* EOP at the row's end only */
    rig_pass(m, SIM_PS_PER_MS);
    assert_int_equal(rd(m, FLASH_SR), EOP);
    wr(m, FLASH_SR, EOP);
    for (uint32_t i = 0; i < 64u; i++) {
        assert_int_equal(raw(m, 1u, 0x300u + 4u * i), 0x1000u + i);
    }
    assert_int_equal(sim_op_count(m, 1u << SIM_OP_PROGRAM), 32);
    begin = sim_now(m);
    write_row(m, BANK2 + 0x400u, 64u);
    wr(m, FLASH_CR, 0u); /* waits for the last */
    sim_ps took = sim_now(m) - begin;
    assert_true(took > 1900u * SIM_PS_PER_US && took < 1950u * SIM_PS_PER_US);
}

static void fast_row_errors(void **state)
{
    sim_machine *m = *state;
    rig_unlock(m);
    assert_int_equal(rig_mass_erase(m, MER2), 0);
    wr(m, FLASH_CR, FSTPG);
    wr(m, BANK2 + 8u, 1u); /* not at a row's begin */
    assert_int_equal(rig_take_errors(m), PGAERR);
    write_row(m, BANK2, 4u);
    wr(m, BANK2 + 8u, 1u); /* descending */
    assert_int_equal(rig_take_errors(m), PGAERR);
    write_row(m, BANK2 + 0x100u, 4u);
    rig_pass(m, 200u * SIM_PS_PER_US); /* too long a pause */
    wr(m, BANK2 + 0x110u, 1u);
    assert_int_equal(rig_take_errors(m), 1u << 8);
    assert_int_equal(sim_core_write(m, BANK2 + 0x200u, 2u, 1u), SIM_ACCESS_OK);
    assert_int_equal(rig_take_errors(m), SIZERR);
    write_row(m, BANK2 + 0x300u, 4u);
    rd(m, BANK2 + 0x800u); /* a read of the bank ends the row, without a flag */
    write_row(m, BANK2 + 0x310u, 60u);
    assert_int_equal(rig_take_errors(m), 0);
    assert_int_equal(raw(m, 1u, 0x308u), 0x1002u);
    assert_int_equal(raw(m, 1u, 0x310u), BLANK);
}

static void fast_rows_do_not_look(void **state)
{
    sim_machine *m = *state;
    rig_unlock(m);
    assert_int_equal(rig_mass_erase(m, MER2), 0);
    wr(m, FLASH_CR, FSTPG);
    write_row(m, BANK2, 64u);
    for (uint32_t i = 0; i < 64u; i++) {
        wr(m, BANK2 + 4u * i, 0xEEEE0000u);
    }
    wr(m, FLASH_CR, 0u);
    assert_int_equal(rig_take_errors(m), 0);
    wr(m, FLASH_ACR, 1u);
    rd(m, BANK2 + 0x10u);
    assert_int_equal(rd(m, 0x40022018u), 1u << 31 | 1u << 21 | 0x10u);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(reset_values),
        T(locked_controller_ignores_writes),
        T(keys_unlock_and_lock_locks),
        T(wrong_key_faults_and_locks_until_reset),
        T(key_to_an_open_lock_is_wrong),
        T(option_keys_need_the_first_lock_open),
        T(two_words_make_one_operation),
        T(size_errors),
        T(alignment_errors),
        T(a_lone_word_is_dropped_with_pg),
        T(a_programmed_unit_takes_only_zeros),
        T(all_ones_spend_the_unit),
        T(sequence_errors),
        T(stale_error_flags_refuse_programming),
        T(optverr_of_a_virgin_part_refuses_too),
        T(cr_write_waits_for_the_operation),
        T(strt_without_a_kind_of_erase_stops),
        T(page_erase_is_by_physical_bank_in_both_mappings),
        T(programming_is_by_mapped_address),
        T(mass_erase_by_bank),
        T(erase_times),
        cmocka_unit_test(trimmed_parts_have_a_hole),
        T(wrp_is_inclusive_and_physical),
        T(wrp_with_start_after_end_is_empty),
        T(pcrop_hides_from_the_data_bus),
        T(securable_area_closes_until_reset),
        T(eop_and_operr_need_their_enables),
        T(caches_serve_erased_contents_until_they_are_reset),
        T(caches_serve_the_old_mapping_until_they_are_reset),
        T(otp_is_programmed_once),
        T(fast_rows_need_a_mass_erase),
        T(a_fast_row),
        T(fast_row_errors),
        T(fast_rows_do_not_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
