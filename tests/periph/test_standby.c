/* Standby on a G4: what WFI with SLEEPDEEP means, what ends it, and what outlasts it (RM0440
 * 6.3.8, 6.4; 42 for the watchdog). */
#include "bench.h"

#define CR1 (PWR + 0x00u)
#define CR3 (PWR + 0x08u)
#define CR4 (PWR + 0x0Cu)
#define SR1 (PWR + 0x10u)
#define SCR (PWR + 0x18u)
#define PUCRA (PWR + 0x20u)
#define IWDG 0x40003000u
#define SBF (1u << 8)
#define WUF1 1u
#define RMVF (1u << 23)
#define FLAGS 0xFF000000u
#define OPTR 0xFFEFF8AAu
#define OPTR_IWDG_STDBY (1u << 18)

static void pwr_on(sim_machine *m)
{
    set_bits(m, RCC_APB1ENR1, 1u << 28);
}

static void enter(sim_machine *m)
{
    set_standby(m, true);
    reset_part(m, SIM_RESET_STANDBY, false);
}

static void leave(sim_machine *m, unsigned other)
{
    set_standby(m, false);
    reset_part(m, SIM_RESET_STANDBY | other, false);
    pwr_on(m);
}

static void modes(void **state)
{
    sim_machine *m = *state;
    pwr_on(m);
    assert_non_null(sim_deep_sleep(m)); /* Stop 0 */
    wr(m, CR1, 0x204u);
    assert_non_null(sim_deep_sleep(m)); /* Shutdown */
    wr(m, CR1, 0x203u);
    assert_null(sim_deep_sleep(m));
    set_bits(m, CR3, 1u << 8);
    assert_non_null(sim_deep_sleep(m)); /* SRAM2 kept */
    clear_bits(m, CR3, 1u << 8);
    set_bits(m, CR3, 2u);
    assert_non_null(sim_deep_sleep(m)); /* WKUP2 */
}

static void the_pin_wakes(void **state)
{
    sim_machine *m = *state;
    pwr_on(m);
    sim_pin_drive(m, 0, 0, 1);
    assert_int_equal(rd(m, SR1), 0); /* not enabled */
    set_bits(m, CR3, 1u);
    assert_int_equal(rd(m, SR1), WUF1); /* the level was there */
    enter(m);
    assert_int_equal(reset_asked(m), SIM_RESET_STANDBY); /* the flag was not cleared before */
    leave(m, 0);
    assert_int_equal(rd(m, SR1), SBF | WUF1);
    wr(m, SCR, 1u << 8 | 0x1Fu);
    wr(m, CR3, rd(m, CR3));
    assert_int_equal(rd(m, SR1), 0);
    enter(m);
    assert_int_equal(reset_asked(m), 0); /* high, and no edge */
    sim_pin_drive(m, 0, 0, 0);
    sim_pin_drive(m, 0, 1, 1); /* another pin */
    assert_int_equal(reset_asked(m), 0);
    sim_pin_drive(m, 0, 0, 1);
    assert_int_equal(reset_asked(m), SIM_RESET_STANDBY);
    leave(m, 0);
    set_bits(m, CR4, 1u); /* falling */
    wr(m, SCR, 1u << 8 | 0x1Fu);
    enter(m);
    assert_int_equal(reset_asked(m), 0);
    sim_pin_drive(m, 0, 0, 0);
    assert_int_equal(reset_asked(m), SIM_RESET_STANDBY);
    leave(m, 0);
    clear_bits(m, CR3, 1u);
    wr(m, SCR, 1u << 8 | 0x1Fu);
    enter(m);
    sim_pin_drive(m, 0, 0, 1);
    sim_pin_drive(m, 0, 0, 0);
    assert_int_equal(reset_asked(m), 0);
}

static void what_outlasts_it(void **state)
{
    sim_machine *m = *state;
    pwr_on(m);
    wr(m, RCC_CSR, RMVF);
    wr(m, CR1, 0x303u); /* DBP too */
    set_bits(m, CR3, 1u);
    wr(m, CR4, 1u);
    wr(m, PUCRA, 0x10u);
    wr(m, SCR, 1u << 8 | 0x1Fu);
    enter(m);
    leave(m, 0);
    assert_int_equal(rd(m, RCC_CSR) & FLAGS, 0); /* a wake has no flag of its own there */
    assert_int_equal(rd(m, CR1), 0x200);
    assert_int_equal(rd(m, CR3) & 1u, 1);
    assert_int_equal(rd(m, CR4), 1);
    assert_int_equal(rd(m, PUCRA), 0x10);
    assert_int_equal(rd(m, SR1) & SBF, SBF);
    reset_part(m, SIM_RESET_PIN, false); /* SBF stands until it is cleared, or power-on */
    pwr_on(m);
    assert_int_equal(rd(m, SR1) & SBF, SBF);
    assert_int_equal(rd(m, CR3), 0x8000);
    wr(m, RCC_CSR, RMVF);
    enter(m);
    leave(m, SIM_RESET_PIN);
    assert_int_equal(rd(m, RCC_CSR) & FLAGS, 1u << 26);
    reset_part(m, SIM_RESET_POWER, false);
    pwr_on(m);
    assert_int_equal(rd(m, SR1), 0);
}

/* Of 100 ms 40 have passed at the entry; it sleeps for 50. */
static void the_watchdog_goes_on_or_stands_still(void **state)
{
    sim_machine *m = *state;
    for (unsigned stands = 0; stands < 2u; stands++) {
        set_optr(m, stands != 0u ? OPTR & ~OPTR_IWDG_STDBY : OPTR);
        reset_part(m, SIM_RESET_POWER, true);
        wr(m, IWDG, 0xCCCCu);
        wr(m, IWDG, 0x5555u);
        wr(m, IWDG + 8u, 799u); /* of 8 kHz */
        pass(m, MS);
        wr(m, IWDG, 0xAAAAu);
        pass(m, 40u * MS);
        enter(m);
        pass(m, 50u * MS);
        leave(m, 0);
        pass(m, 9u * MS);
        assert_int_equal(reset_asked(m), 0);
        pass(m, 2u * MS);
        assert_int_equal(reset_asked(m), stands != 0u ? 0 : SIM_RESET_IWDG);
        pass(m, 48u * MS);
        assert_int_equal(reset_asked(m), stands != 0u ? 0 : SIM_RESET_IWDG);
        pass(m, 2u * MS);
        assert_int_equal(reset_asked(m), SIM_RESET_IWDG);
    }
    /* It bites in Standby, and is off after that. */
    set_optr(m, OPTR);
    reset_part(m, SIM_RESET_POWER, true);
    wr(m, IWDG, 0xCCCCu);
    enter(m);
    pass(m, 513u * MS);
    assert_int_equal(reset_asked(m), SIM_RESET_IWDG);
    leave(m, SIM_RESET_IWDG);
    pass(m, 1000u * MS);
    assert_int_equal(reset_asked(m), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(modes), T(the_pin_wakes), T(what_outlasts_it), T(the_watchdog_goes_on_or_stands_still),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
