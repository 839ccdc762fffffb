/* Option bytes, their interruption, and the choice of boot area (RM0440 2.6, 3.4; AN2606;
 * silicon.md 3.2 to 3.4). */
#include <string.h>

#include "rig.h"

#define PRODUCTION 0xFFEFF8AAu
#define BFB2 (1u << 20)
#define DBANK (1u << 22)
#define NBOOT1 (1u << 23)
#define NSWBOOT0 (1u << 26)
#define NBOOT0 (1u << 27)

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

static void load_vectors(sim_machine *m, uint32_t at, uint32_t sp, uint32_t pc)
{
    uint8_t v[8];
    for (unsigned i = 0; i < 4u; i++) {
        v[i] = (uint8_t)(sp >> (8u * i));
        v[4u + i] = (uint8_t)(pc >> (8u * i));
    }
    assert_true(sim_flash_load(m, at, v, sizeof v));
}

static void start_options(sim_machine *m, uint32_t optr)
{
    wr(m, FLASH_CR, LOCK);
    rig_unlock_options(m);
    wr(m, FLASH_OPTR, optr);
    wr(m, FLASH_CR, OPTSTRT);
}

static void set_options(sim_machine *m, uint32_t optr)
{
    start_options(m, optr);
    rig_pass(m, 100u * SIM_PS_PER_MS);
    assert_int_equal(rd(m, FLASH_SR) & (BSY | ERRORS), 0);
}

static void options_apply_at_load_only(void **state)
{
    sim_machine *m = *state;
    wr(m, FLASH_OPTR, 0u); /* OPTLOCK: ignored */
    assert_int_equal(rd(m, FLASH_OPTR), PRODUCTION);
    set_options(m, PRODUCTION | BFB2);
    assert_int_equal(sim_op_count(m, 1u << SIM_OP_OPTION), 1);
    assert_int_equal(sim_flash_optr(m), PRODUCTION);
    sim_pin_reset(m); /* a plain system reset does not load */
    rig_sleep(m);
    assert_int_equal(sim_flash_optr(m), PRODUCTION);
    sim_power_on(m, false);
    rig_sleep(m);
    assert_int_equal(sim_flash_optr(m), PRODUCTION | BFB2);
    assert_int_equal(rd(m, FLASH_SR), 0); /* no longer virgin: no OPTVERR */
    assert_int_equal(rd(m, 0x1FFF7800u), PRODUCTION | BFB2);
    assert_int_equal(rd(m, 0x1FFF7804u), ~(PRODUCTION | BFB2));
}

static void obl_launch_resets_and_loads(void **state)
{
    sim_machine *m = *state;
    set_options(m, PRODUCTION & ~NBOOT1);
    wr(m, 0x20000000u, 0x12345678u);
    wr(m, FLASH_CR, OBL_LAUNCH);
    assert_int_equal(sim_run(m, sim_now(m)), SIM_END_TIME);
    assert_int_equal(sim_flash_optr(m), PRODUCTION & ~NBOOT1);
    assert_int_equal(rd(m, FLASH_CR), LOCK | OPTLOCK);
    assert_int_equal(rd(m, 0x20000000u), 0x12345678u); /* RAM outlives it */
}

static void ccm_is_erased_at_reset_where_options_say_so(void **state)
{
    sim_machine *m = *state;
    wr(m, 0x10000100u, 0xC0DEC0DEu);
    sim_pin_reset(m);
    rig_sleep(m);
    assert_int_equal(rd(m, 0x10000100u), 0xC0DEC0DEu);
    wr(m, FLASH_SR, ERRORS);
    set_options(m, PRODUCTION & ~(1u << 25)); /* CCMSRAM_RST */
    sim_power_on(m, false);
    rig_sleep(m);
    wr(m, 0x10000100u, 0xC0DEC0DEu);
    wr(m, 0x20010000u, 0xC0DEC0DEu);
    sim_pin_reset(m);
    assert_int_equal(rd(m, 0x10000100u), 0u);
    assert_int_equal(rd(m, 0x20010000u), 0xC0DEC0DEu);
}

static void option_write_takes_its_time_and_stalls(void **state)
{
    sim_machine *m = *state;
    start_options(m, PRODUCTION);
    sim_ps begin = sim_now(m);
    assert_int_equal(rd(m, FLASH_SR) & BSY, BSY);
    rd(m, BANK2);
    assert_true(sim_now(m) - begin >= 2u * 22020u * SIM_PS_PER_US);
}

static void cut_options(sim_machine *m, sim_cut_outcome outcome)
{
    sim_cut cut = {.op = sim_op_count(m, 1u << SIM_OP_OPTION),
                   .kind_mask = 1u << SIM_OP_OPTION,
                   .when = SIM_CUT_DURING,
                   .outcome = outcome};
    sim_schedule_cut(m, &cut);
    start_options(m, PRODUCTION & ~NBOOT1);
    assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_S), SIM_END_POWER_CUT);
    assert_int_equal(sim_cuts_fired(m), sim_cuts_scheduled(m));
    sim_power_on(m, false);
}

static void interrupted_options_come_back_secure(void **state)
{
    sim_machine *m = *state;
    cut_options(m, SIM_CUT_OLD);
    assert_int_equal(sim_flash_optr(m), PRODUCTION);
    rig_sleep(m);
    wr(m, FLASH_SR, ERRORS);
    cut_options(m, SIM_CUT_NEW);
    assert_int_equal(sim_flash_optr(m), PRODUCTION & ~NBOOT1);
    rig_sleep(m);
    cut_options(m, SIM_CUT_MIXED);
    uint32_t optr = sim_flash_optr(m);
    assert_int_equal(optr >> 8, 0xFFFFF8u); /* user bits 1, BOR level 0 */
    assert_true((optr & 0xFFu) != 0xAAu && (optr & 0xFFu) != 0xCCu); /* RDP level 1 */
    rig_sleep(m);
    assert_int_equal(rd(m, FLASH_SR), OPTVERR);
    assert_int_equal(rd(m, FLASH_WRP1AR), 0xFF00FFFFu); /* no WRP */
    assert_int_equal(rd(m, FLASH_PCROP1SR) & 0x7FFFu, 0u);
    assert_int_equal(rd(m, FLASH_PCROP1ER) & 0x7FFFu, 0x7FFFu);
    assert_int_equal(rd(m, BANK1), 0u); /* PCROP: the data bus reads nothing */
    assert_int_equal(rd(m, FLASH_SR), OPTVERR | RDERR);
    /* BFB2 is 1 now, and the ROM cannot read either bank's first word. */
    assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_MS), SIM_END_STOP);
    assert_non_null(strstr(sim_end_text(m), "ROM bootloader"));
}

static void regression_erases(void **state)
{
    sim_machine *m = *state;
    set_options(m, (PRODUCTION & ~0xFFu) | 0xBBu);
    sim_power_on(m, false);
    rig_sleep(m);
    assert_int_equal(raw(m, 0u, 0u), 0x20018000u);
    set_options(m, PRODUCTION);
    assert_int_equal(raw(m, 0u, 0u), BLANK);
}

static void level_2_freezes_options(void **state)
{
    sim_machine *m = *state;
    set_options(m, (PRODUCTION & ~0xFFu) | 0xCCu);
    sim_power_on(m, false);
    rig_sleep(m);
    start_options(m, PRODUCTION);
    assert_int_equal(rig_take_errors(m), WRPERR);
    assert_int_equal(rd(m, FLASH_SR) & BSY, 0);
}

/* ---- boot ---- */

static uint32_t mapping(const sim_machine *m, unsigned *mem_mode)
{
    bool fb;
    sim_get_mapping(m, &fb, mem_mode);
    return fb ? 1u : 0u;
}

static void boot_with(sim_machine *m, uint32_t optr, uint32_t sp1, uint32_t sp2)
{
    load_vectors(m, BANK1, sp1, 0x08000201u);
    load_vectors(m, BANK2, sp2, 0x08000301u);
    set_options(m, optr);
    sim_power_on(m, false);
}

static void main_flash_without_bfb2(void **state)
{
    sim_machine *m = *state;
    unsigned mem_mode;
    boot_with(m, PRODUCTION, 0x20018000u, 0x20018000u);
    assert_int_equal(mapping(m, &mem_mode), 0);
    assert_int_equal(mem_mode, 0);
    assert_int_equal(sim_cpu_reg(sim_core(m), 13u), 0x20018000u);
    assert_int_equal(sim_cpu_reg(sim_core(m), 15u), 0x08000200u);
    assert_int_equal(rd(m, 0u), 0x20018000u);
}

static void rom_prefers_bank_2(void **state)
{
    sim_machine *m = *state;
    unsigned mem_mode;
    boot_with(m, PRODUCTION | BFB2, 0x20018000u, 0x20010000u);
    assert_int_equal(mapping(m, &mem_mode), 1);
    assert_int_equal(mem_mode, 1); /* address 0 is system memory: VTOR = 0 points into the ROM */
    assert_int_equal(sim_cpu_reg(sim_core(m), 13u), 0x20010000u);
    assert_int_equal(sim_cpu_reg(sim_core(m), 15u), 0x08000300u);
    assert_int_equal(rd(m, 4u) >> 16, 0x1FFFu);
    assert_int_equal(rd(m, BANK1), 0x20010000u);
    rig_sleep(m);
    sim_pin_reset(m); /* the ROM chooses again at each reset */
    assert_int_equal(mapping(m, &mem_mode), 1);
}

static void rom_falls_back_to_bank_1(void **state)
{
    sim_machine *m = *state;
    static const uint32_t refused[] = {0xFFFFFFFFu, 0u,          0x10008000u,
                                       0x20020000u, 0x20018004u, 0x1FFFFFFCu};
    unsigned mem_mode;
    for (unsigned i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        boot_with(m, PRODUCTION | BFB2, 0x20018000u, refused[i]);
        assert_int_equal(mapping(m, &mem_mode), 0);
        assert_int_equal(sim_cpu_reg(sim_core(m), 15u), 0x08000200u);
        rig_sleep(m);
    }
}

static void rom_uses_its_part_of_sram(void **state)
{
    sim_machine *m = *state;
    boot_with(m, PRODUCTION | BFB2, 0x20018000u, 0x20018000u);
    wr(m, 0x20003FFCu, 0x5AA55AA5u);
    wr(m, 0x20004000u, 0x5AA55AA5u);
    sim_pin_reset(m);
    assert_true(rd(m, 0x20003FFCu) != 0x5AA55AA5u);
    assert_int_equal(rd(m, 0x20004000u), 0x5AA55AA5u);
}

static void rom_stays_when_neither_bank_starts(void **state)
{
    sim_machine *m = *state;
    boot_with(m, PRODUCTION | BFB2, BLANK, BLANK);
    assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_S), SIM_END_STOP);
    assert_non_null(strstr(sim_end_text(m), "the ROM bootloader runs"));
}

static void boot_pin_and_bits(void **state)
{
    sim_machine *m = *state;
    unsigned mem_mode;
    sim_pin_drive(m, 1u, 8u, 1); /* PB8 = BOOT0 */
    sim_pin_reset(m);
    assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_MS), SIM_END_STOP);
    assert_non_null(strstr(sim_end_text(m), "system memory"));
    sim_pin_drive(m, 1u, 8u, -1);
    sim_pin_reset(m);
    rig_sleep(m);
    set_options(m, PRODUCTION & ~(NSWBOOT0 | NBOOT0 | NBOOT1)); /* BOOT0 by bit: SRAM */
    sim_power_on(m, false);
    assert_int_equal(mapping(m, &mem_mode), 0);
    assert_int_equal(mem_mode, 3);
    rig_sleep(m);
    wr(m, 0x20000000u, 0xABCD1234u);
    assert_int_equal(rd(m, 0u), 0xABCD1234u);
}

static void boot_lock_overrules(void **state)
{
    sim_machine *m = *state;
    unsigned mem_mode;
    rig_unlock_options(m);
    wr(m, FLASH_SEC1R, 0xFF01FF00u);
    wr(m, FLASH_OPTR, PRODUCTION | BFB2);
    wr(m, FLASH_CR, OPTSTRT);
    rig_pass(m, 100u * SIM_PS_PER_MS);
    load_vectors(m, BANK2, 0x20018000u, 0x08000301u);
    sim_pin_drive(m, 1u, 8u, 1);
    sim_power_on(m, false);
    assert_int_equal(mapping(m, &mem_mode), 0);
    assert_int_equal(mem_mode, 0);
}

/* ---- one bank ---- */

static void single_bank_mode(void **state)
{
    sim_machine *m = *state;
    uint8_t line[32];
    for (unsigned i = 0; i < 16u; i++) {
        line[i] = (uint8_t)i;
        line[16u + i] = (uint8_t)(0x80u + i);
    }
    assert_true(sim_flash_load(m, BANK1 + 0x8000u, line, 16u));
    assert_true(sim_flash_load(m, BANK2 + 0x8000u, line + 16, 16u));
    set_options(m, PRODUCTION & ~DBANK);
    sim_power_on(m, false);
    rig_sleep(m);
    wr(m, FLASH_SR, ERRORS);
    /* A line of 16 bytes is made of 8 from each bank: the contents come out of order. */
    assert_int_equal(rd(m, BANK1 + 0x10000u), 0x03020100u);
    assert_int_equal(rd(m, BANK1 + 0x10008u), 0x83828180u);
    assert_int_equal(rd(m, BANK1 + 0x10010u), 0x0B0A0908u);
    sim_set_mapping(m, true, 0u); /* FB_MODE means nothing here */
    assert_int_equal(rd(m, BANK1 + 0x10000u), 0x03020100u);
    rig_unlock(m);
    assert_int_equal(rig_mass_erase(m, MER1), PGSERR); /* both MER bits, or none */
    assert_int_equal(rig_program(m, BANK1 + 0x40000u, 1u, 2u), 0);
    assert_int_equal(rig_program(m, BANK1 + 0x40FF8u, 3u, 4u), 0);
    assert_int_equal(rig_program(m, BANK1 + 0x41000u, 5u, 6u), 0);
    assert_int_equal(rig_erase_page(m, 0u, 64u), 0); /* 4 KB pages */
    wr(m, FLASH_ACR, 1u);
    assert_int_equal(rd(m, BANK1 + 0x40000u), BLANK);
    assert_int_equal(rd(m, BANK1 + 0x40FF8u), BLANK);
    assert_int_equal(rd(m, BANK1 + 0x41000u), 5u);
    assert_int_equal(rig_mass_erase(m, MER1 | MER2), 0);
    assert_int_equal(rd(m, BANK1 + 0x41000u), BLANK);
}

static void single_bank_order_is_undone(void **state)
{
    sim_machine *m = *state;
    set_options(m, PRODUCTION & ~DBANK);
    sim_power_on(m, false);
    rig_sleep(m);
    set_options(m, PRODUCTION);
    sim_power_on(m, false);
    assert_int_equal(raw(m, 0u, 0u), 0x20018000u);
    assert_int_equal(sim_cpu_reg(sim_core(m), 13u), 0x20018000u);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(options_apply_at_load_only),
        T(obl_launch_resets_and_loads),
        T(ccm_is_erased_at_reset_where_options_say_so),
        T(option_write_takes_its_time_and_stalls),
        T(interrupted_options_come_back_secure),
        T(regression_erases),
        T(level_2_freezes_options),
        T(main_flash_without_bfb2),
        T(rom_prefers_bank_2),
        T(rom_falls_back_to_bank_1),
        T(rom_uses_its_part_of_sram),
        T(rom_stays_when_neither_bank_starts),
        T(boot_pin_and_bits),
        T(boot_lock_overrules),
        T(single_bank_mode),
        T(single_bank_order_is_undone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
