/* Clock tree, gates, resets, power ranges, mapping, pins. */
#include <string.h>

#include "tests/periph/bench.h"

static void hse_pll_170(void **state)
{
    sim_machine *m = *state;
    set_bits(m, RCC_CR, 1u << 16);
    pass(m, 1999u * US);
    assert_int_equal(rd(m, RCC_CR) & 1u << 17, 0);
    pass(m, 2u * US);
    assert_int_not_equal(rd(m, RCC_CR) & 1u << 17, 0);
    set_bits(m, RCC_APB1ENR1, 1u << 28);
    wr(m, PWR + 0x80u, 0);
    set_latency(m, 4);
    wr(m, RCC_PLLCFGR, 3u | 5u << 4 | 85u << 8 | 1u << 24); /* 24 MHz / 6 * 85 / 2 */
    set_bits(m, RCC_CR, 1u << 24);
    wr(m, RCC_CFGR, 3u | 8u << 4);
    assert_int_equal(rd(m, RCC_CFGR) & 0xCu, 4); /* still HSI: the PLL has not locked */
    pass(m, 16u * US);
    assert_int_equal(rd(m, RCC_CFGR) & 0xCu, 0xC);
    assert_int_equal(sim_hclk_hz(m), 85000000);
    wr(m, RCC_CFGR, 3u | 4u << 8 | 5u << 11);
    assert_int_equal(sim_hclk_hz(m), 170000000);
    assert_int_equal(sim_clock_hz(m, SIM_CLOCK_PCLK1), 85000000);
    assert_int_equal(sim_clock_hz(m, SIM_CLOCK_PCLK2), 42500000);
    assert_string_equal(stop_text(m), "");
    clear_bits(m, RCC_CR, 1u << 24); /* carries SYSCLK: stays on */
    assert_int_equal(rd(m, RCC_CR) >> 24 & 3u, 3);
    wr(m, RCC_PLLCFGR, 2u | 3u << 4 | 40u << 8 | 1u << 24); /* fixed while it runs */
    assert_int_equal(sim_hclk_hz(m), 170000000);
    reset_part(m, SIM_RESET_SOFTWARE, false);
    assert_int_equal(sim_hclk_hz(m), 16000000);
    assert_int_equal(rd(m, RCC_CFGR), 5);
}

static void too_fast_stops(void **state)
{
    sim_machine *m = *state;
    set_bits(m, RCC_APB1ENR1, 1u << 28);
    wr(m, RCC_PLLCFGR, 2u | 3u << 4 | 85u << 8 | 1u << 24);
    set_bits(m, RCC_CR, 1u << 24);
    pass(m, 20u * US);
    set_latency(m, 4);
    assert_non_null(strstr(wr_stops(m, RCC_CFGR, 3u), "range 1 normal allows 150000000"));
    wr(m, RCC_CFGR, 1u);
    wr(m, PWR + 0x80u, 0);
    set_latency(m, 3);
    assert_non_null(strstr(wr_stops(m, RCC_CFGR, 3u), "LATENCY 3"));
    set_latency(m, 4);
    forgive(m);
    wr(m, RCC_CFGR, 3u);
    assert_string_equal(stop_text(m), "");
    set_latency(m, 2);
    sim_check_clock(m);
    assert_non_null(strstr(stop_text(m), "LATENCY 2"));
    forgive(m);
    set_latency(m, 4);
    assert_non_null(strstr(wr_stops(m, PWR, 0x400u), "range 2"));
}

static void pll_limits_stop(void **state)
{
    sim_machine *m = *state;
    uint32_t cr = rd(m, RCC_CR);
    wr(m, RCC_PLLCFGR, 0x1000u);
    assert_non_null(strstr(wr_stops(m, RCC_CR, cr | 1u << 24), "without a source"));
    wr(m, RCC_CR, cr);
    wr(m, RCC_PLLCFGR, 2u | 7u << 4 | 20u << 8);
    assert_non_null(strstr(wr_stops(m, RCC_CR, cr | 1u << 24), "PLL input of 2000000 Hz"));
    wr(m, RCC_CR, cr);
    wr(m, RCC_PLLCFGR, 2u | 0u << 4 | 127u << 8);
    assert_non_null(strstr(wr_stops(m, RCC_CR, cr | 1u << 24), "VCO of 2032000000 Hz"));
    wr(m, RCC_CR, cr);
    wr(m, RCC_PLLCFGR, 3u | 5u << 4 | 85u << 8);
    assert_non_null(strstr(wr_stops(m, RCC_CR, cr | 1u << 24), "not ready"));
}

static void gates(void **state)
{
    sim_machine *m = *state;
    assert_int_equal(rd(m, GPIOA), 0);
    wr(m, GPIOA, 0x12345678u);
    assert_false(sim_is_clocked(m, GPIOA));
    set_bits(m, RCC_AHB2ENR, 1u);
    assert_true(sim_is_clocked(m, GPIOA));
    assert_int_equal(rd(m, GPIOA), 0xABFFFFFF);
    assert_int_equal(rd(m, GPIOA + 0x0Cu), 0x64000000);
    set_bits(m, RCC_AHB2ENR, 0x7Eu);
    assert_int_equal(rd(m, GPIOA + 0x400u), 0xFFFFFEBF);
    assert_int_equal(rd(m, GPIOA + 0x40Cu), 0x100);
    assert_int_equal(rd(m, GPIOA + 0x1800u), 0xFFFFFFFF);
    wr(m, GPIOA, 1u);
    wr(m, RCC + 0x2Cu, 1u); /* AHB2RSTR.GPIOARST */
    assert_int_equal(rd(m, GPIOA), 0xABFFFFFF);
    wr(m, GPIOA, 1u);
    wr(m, RCC + 0x2Cu, 0u); /* was held in reset all the time */
    assert_int_equal(rd(m, GPIOA), 0xABFFFFFF);
    assert_non_null(strstr(rd_stops(m, RCC + 0x10u), "no such register"));
    assert_non_null(strstr(wr_stops(m, GPIOA + 0x2Cu, 1u), "GPIOA"));
}

static void reset_flags(void **state)
{
    sim_machine *m = *state;
    assert_int_equal(rd(m, RCC_CSR) & 0xFE000000u, 0x0C000000u);
    wr(m, RCC_CSR, 1u << 23);
    assert_int_equal(rd(m, RCC_CSR) & 0xFE000000u, 0);
    reset_part(m, SIM_RESET_IWDG, false);
    assert_int_equal(rd(m, RCC_CSR) & 0xFE000000u, 0x24000000u);
    reset_part(m, SIM_RESET_SOFTWARE, false);
    assert_int_equal(rd(m, RCC_CSR) & 0xFE000000u, 0x34000000u);
    reset_part(m, SIM_RESET_OPTION, false);
    assert_int_equal(rd(m, RCC_CSR) & 0xFE000000u, 0x36000000u);
    reset_part(m, SIM_RESET_POWER, false);
    assert_int_equal(rd(m, RCC_CSR) & 0xFE000000u, 0x0C000000u);
    reset_part(m, SIM_RESET_PIN, false);
    reset_part(m, SIM_RESET_WWDG, false);
    assert_int_equal(rd(m, RCC_CSR) & 0xFE000000u, 0x4C000000u);
}

static void ready_interrupt(void **state)
{
    sim_machine *m = *state;
    wr(m, RCC + 0x18u, 1u << 10); /* HSI48RDYIE */
    wr(m, RCC + 0x98u, 1u);
    assert_false(irq_line(m, 5));
    pass(m, 10u * US);
    assert_int_equal(rd(m, RCC + 0x98u) & 3u, 3);
    assert_true(irq_line(m, 5));
    wr(m, RCC + 0x20u, 1u << 10);
    assert_false(irq_line(m, 5));
}

static void power(void **state)
{
    sim_machine *m = *state;
    assert_int_equal(rd(m, PWR), 0); /* gated */
    set_bits(m, RCC_APB1ENR1, 1u << 28);
    assert_int_equal(rd(m, PWR), 0x200);
    assert_int_equal(rd(m, PWR + 0x80u), 0x100);
    assert_int_equal(rd(m, PWR + 0x08u), 0x8000);
    set_bits(m, PWR + 0x08u, 1u << 14);
    assert_int_equal(rd(m, PWR + 0x08u), 0xC000);
    set_latency(m, 2);
    wr(m, PWR, 0x400u);
    assert_int_equal(rd(m, PWR + 0x14u) & 1u << 10, 0);
    wr(m, PWR, 0x200u);
    assert_int_not_equal(rd(m, PWR + 0x14u) & 1u << 10, 0);
    pass(m, 20u * US);
    assert_int_equal(rd(m, PWR + 0x14u) & 1u << 10, 0);
    wr(m, PWR + 0x20u, 0xFFFFFFFFu);
    assert_int_equal(rd(m, PWR + 0x20u), 0xFFFF);
    wr(m, PWR + 0x04u, 0xFu); /* a detector of a supply that is always good */
    assert_int_equal(rd(m, PWR + 0x14u) & 1u << 11, 0);
    assert_non_null(strstr(wr_stops(m, PWR, 0x4200u), "LPR"));
    forgive(m);
    wr(m, RCC_CFGR, 1u | 10u << 4); /* 2 MHz */
    assert_int_equal(rd(m, PWR + 0x14u) & 1u << 9, 1u << 9);
    assert_string_equal(stop_text(m), "");
    assert_non_null(strstr(wr_stops(m, RCC + 0x28u, 1u << 8), "AHB1RSTR"));
    reset_part(m, SIM_RESET_STANDBY, false);
    set_bits(m, RCC_APB1ENR1, 1u << 28);
    assert_int_equal(rd(m, PWR + 0x10u), 1u << 8);
    wr(m, PWR + 0x18u, 1u << 8);
    assert_int_equal(rd(m, PWR + 0x10u), 0);
}

static void mapping(void **state)
{
    sim_machine *m = *state;
    bool fb;
    unsigned mode;
    wr(m, SYSCFG, 1u << 8);
    sim_get_mapping(m, &fb, &mode);
    assert_false(fb); /* SYSCFG was not clocked */
    set_bits(m, RCC_APB2ENR, 1u);
    wr(m, SYSCFG, 1u << 8);
    sim_get_mapping(m, &fb, &mode);
    assert_true(fb);
    assert_int_equal(rd(m, SYSCFG), 0x100);
    wr(m, SYSCFG, 3u);
    assert_int_equal(rd(m, SYSCFG), 3);
    wr(m, SYSCFG, 1u << 8);
    wr(m, RCC + 0x40u, 1u);
    wr(m, RCC + 0x40u, 0u);
    assert_int_equal(rd(m, SYSCFG), 0);
    assert_non_null(strstr(wr_stops(m, SYSCFG, 2u), "MEMRMP"));
    assert_int_equal(rd(m, 0xE0042000u), 0x20036469);
}

static void pins(void **state)
{
    sim_machine *m = *state;
    set_bits(m, RCC_AHB2ENR, 7u);
    reset_trace(m);
    clear_bits(m, GPIOA, 3u << 10);
    set_bits(m, GPIOA, 1u << 10); /* PA5 output */
    wr(m, GPIOA + 0x18u, 1u << 5);
    assert_true(sim_pin_level(m, 0, 5));
    assert_int_equal(rd(m, GPIOA + 0x14u), 1u << 5);
    wr(m, GPIOA + 0x18u, 1u << 21);
    assert_false(sim_pin_level(m, 0, 5));
    wr(m, GPIOA + 0x18u, 1u << 21 | 1u << 5); /* set wins */
    assert_true(sim_pin_level(m, 0, 5));
    wr(m, GPIOA + 0x28u, 1u << 5);
    assert_string_equal(trace_text(m), "PA5 = 0\nPA5 = 1\nPA5 = 0\nPA5 = 1\nPA5 = 0\n");
    set_bits(m, GPIOA + 0x04u, 1u << 5); /* open drain */
    wr(m, GPIOA + 0x18u, 1u << 5);
    assert_false(sim_pin_level(m, 0, 5));
    set_bits(m, GPIOA + 0x0Cu, 1u << 10); /* pull-up */
    assert_true(sim_pin_level(m, 0, 5));
    sim_pin_drive(m, 0, 5, 0);
    assert_false(sim_pin_level(m, 0, 5));
    sim_pin_drive(m, 0, 5, -1);
    clear_bits(m, GPIOA + 0x800u, 3u << 26); /* PC13 input */
    sim_pin_drive(m, 2, 13, 1);
    assert_int_equal(rd(m, GPIOA + 0x810u), 1u << 13);
    wr_sized(m, GPIOA + 0x1Au, 2u, 1u << 5); /* BR5 by half-word */
    assert_int_equal(rd(m, GPIOA + 0x14u), 0);
}

static void pin_lock(void **state)
{
    sim_machine *m = *state;
    set_bits(m, RCC_AHB2ENR, 1u);
    uint32_t lckr = GPIOA + 0x1Cu;
    wr(m, lckr, 1u << 16 | 3u);
    wr(m, lckr, 3u);
    wr(m, lckr, 1u << 16 | 3u);
    assert_int_equal(rd(m, lckr), 1u << 16 | 3u);
    wr(m, GPIOA, 0);
    assert_int_equal(rd(m, GPIOA), 0xF);
    reset_part(m, SIM_RESET_SOFTWARE, false);
    set_bits(m, RCC_AHB2ENR, 1u);
    wr(m, GPIOA, 0);
    assert_int_equal(rd(m, GPIOA), 0);
}

static void exti_button(void **state)
{
    sim_machine *m = *state;
    set_bits(m, RCC_AHB2ENR, 4u);
    set_bits(m, RCC_APB2ENR, 1u);
    clear_bits(m, GPIOA + 0x800u, 3u << 26);
    sim_pin_drive(m, 2, 13, 1);
    wr(m, SYSCFG + 0x14u, 2u << 4); /* EXTI13 = port C */
    wr(m, EXTI + 0x0Cu, 1u << 13);  /* falling */
    set_bits(m, EXTI, 1u << 13);
    sim_pin_drive(m, 2, 13, 0);
    assert_true(irq_line(m, 40));
    assert_int_equal(rd(m, EXTI + 0x14u), 1u << 13);
    wr(m, EXTI + 0x14u, 1u << 13);
    assert_false(irq_line(m, 40));
    sim_pin_drive(m, 2, 13, 1); /* rising: not asked for */
    assert_int_equal(rd(m, EXTI + 0x14u), 0);
    sim_pin_drive(m, 0, 13, 0); /* another port's pin 13 */
    assert_int_equal(rd(m, EXTI + 0x14u), 0);
    wr(m, EXTI + 0x10u, 1u << 13);
    assert_true(irq_line(m, 40));
    wr(m, EXTI + 0x14u, 1u << 13);
    assert_int_equal(rd(m, EXTI + 0x10u), 0);
    clear_bits(m, EXTI, 1u << 13);
    wr(m, EXTI + 0x04u, 1u << 13);
    sim_pin_drive(m, 2, 13, 0);
    assert_int_equal(events_sent(m), 1);
    assert_false(irq_line(m, 40));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(hse_pll_170), T(too_fast_stops), T(pll_limits_stop), T(gates),
        T(reset_flags), T(ready_interrupt), T(power), T(mapping),
        T(pins), T(pin_lock), T(exti_button),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
