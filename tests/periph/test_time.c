/* Watchdogs, timers, backup domain, RTC, RNG. */
#include <string.h>

#include "tests/periph/bench.h"

#define IWDG 0x40003000u
#define KR (IWDG + 0x00u)
#define PR (IWDG + 0x04u)
#define RLR (IWDG + 0x08u)
#define SR (IWDG + 0x0Cu)
#define WINR (IWDG + 0x10u)
#define LSI_PS 31250000ull

static void iwdg_times_out(void **state)
{
    sim_machine *m = *state;
    wr(m, PR, 6u);
    assert_int_equal(rd(m, PR), 0); /* locked */
    wr(m, KR, 0xCCCCu);
    wr(m, KR, 0x5555u);
    wr(m, PR, 1u); /* by 8: 4 kHz */
    wr(m, RLR, 99u);
    assert_int_equal(rd(m, SR), 3);
    wr(m, RLR, 50u); /* an update is under way: lost */
    pass(m, 5u * LSI_PS + 62500u);
    assert_int_equal(rd(m, SR), 0);
    assert_int_equal(rd(m, RLR), 99);
    wr(m, KR, 0xAAAAu); /* 100 * 8 / 32 kHz = 25 ms */
    pass(m, 25u * MS - US);
    assert_int_equal(reset_asked(m), 0);
    wr(m, KR, 0xAAAAu);
    pass(m, 25u * MS - US);
    assert_int_equal(reset_asked(m), 0);
    pass(m, US + 62500u);
    assert_int_equal(reset_asked(m), SIM_RESET_IWDG);
    reset_part(m, SIM_RESET_IWDG, false);
    pass(m, 40000u * MS);
    assert_int_equal(reset_asked(m), 0); /* off again */
    wr(m, KR, 0xCCCCu);
    pass(m, 256u * MS); /* half of 4096 ticks of 8 kHz */
    wr(m, KR, 0x5555u);
    wr(m, PR, 1u); /* the other half takes twice as long */
    pass(m, 511u * MS);
    assert_int_equal(reset_asked(m), 0);
    pass(m, 2u * MS);
    assert_int_equal(reset_asked(m), SIM_RESET_IWDG);
}

static void iwdg_window_and_hardware_start(void **state)
{
    sim_machine *m = *state;
    wr(m, KR, 0x5555u);
    wr(m, WINR, 100u); /* LSI is off: waits for the start */
    pass(m, MS);
    assert_int_equal(rd(m, SR), 4);
    wr(m, KR, 0xCCCCu);
    pass(m, MS);
    assert_int_equal(rd(m, SR), 0);
    wr(m, KR, 0xAAAAu); /* 4095 - 8 is above the window */
    assert_int_equal(reset_asked(m), SIM_RESET_IWDG);
    set_optr(m, 0xFFEFF8AAu & ~(1u << 16));
    reset_part(m, SIM_RESET_PIN, false);
    pass(m, 511u * MS);
    assert_int_equal(reset_asked(m), 0);
    pass(m, 2u * MS); /* 4096 * 4 / 32 kHz = 512 ms */
    assert_int_equal(reset_asked(m), SIM_RESET_IWDG);
}

#define WWDG 0x40002C00u

static void wwdg(void **state)
{
    sim_machine *m = *state;
    set_bits(m, RCC_APB1ENR1, 1u << 11);
    wr(m, RCC_APB1ENR1, 0);
    assert_int_equal(rd(m, RCC_APB1ENR1), 1u << 11); /* cannot be switched off */
    wr(m, WWDG + 4u, 0x60u | 1u << 9);
    wr(m, WWDG, 0xFFu);
    pass(m, 256u * US); /* 4096 cycles at 16 MHz: one tick */
    assert_int_equal(rd(m, WWDG), 0xFE);
    pass(m, 40u * 256u * US);
    wr(m, WWDG, 0xFFu); /* within the window */
    assert_int_equal(reset_asked(m), 0);
    pass(m, 62u * 256u * US);
    assert_false(irq_line(m, 0));
    pass(m, 256u * US + US);
    assert_true(irq_line(m, 0)); /* 0x40 */
    wr(m, WWDG + 8u, 0);
    assert_false(irq_line(m, 0));
    pass(m, 256u * US);
    assert_int_equal(reset_asked(m), SIM_RESET_WWDG);
    reset_part(m, SIM_RESET_WWDG, false);
    set_bits(m, RCC_APB1ENR1, 1u << 11);
    wr(m, WWDG + 4u, 0x50u);
    wr(m, WWDG, 0xFFu);
    wr(m, WWDG, 0xFFu); /* too early */
    assert_int_equal(reset_asked(m), SIM_RESET_WWDG);
}

#define BKP0 0x40002500u
#define BKP31 (BKP0 + 0x7Cu)

static void backup_registers(void **state)
{
    sim_machine *m = *state;
    wr(m, BKP31, 1u);
    assert_int_equal(rd(m, BKP31), 0); /* DBP is clear */
    set_bits(m, RCC_APB1ENR1, 1u << 28);
    set_bits(m, PWR, 1u << 8);
    assert_true(sim_backup_writable(m));
    wr(m, BKP31, 0x11111111u);
    wr(m, BKP0, 0x22222222u);
    clear_bits(m, RCC_APB1ENR1, 1u << 10);
    assert_int_equal(rd(m, BKP0), 0); /* RTCAPBEN */
    wr(m, BKP0, 3u);
    set_bits(m, RCC_APB1ENR1, 1u << 10);
    assert_int_equal(rd(m, BKP0), 0x22222222);
    reset_part(m, SIM_RESET_IWDG, false);
    assert_int_equal(rd(m, BKP31), 0x11111111);
    wr(m, BKP31, 5u);
    wr(m, RCC_BDCR, 1u << 16);
    assert_int_equal(rd(m, BKP31), 0x11111111);
    reset_part(m, SIM_RESET_POWER, false); /* VBAT was there */
    assert_int_equal(rd(m, BKP0), 0x22222222);
    set_bits(m, RCC_APB1ENR1, 1u << 28);
    set_bits(m, PWR, 1u << 8);
    wr(m, RCC_BDCR, 1u << 16);
    wr(m, RCC_BDCR, 0);
    assert_int_equal(rd(m, BKP0), 0);
    wr(m, BKP0, 7u);
    reset_part(m, SIM_RESET_POWER, true);
    assert_int_equal(rd(m, BKP0), 0);
}

static void backup_words_carry_the_domain(void **state)
{
    sim_machine *m = *state;
    uint32_t kept[256];
    size_t count;
    set_bits(m, RCC_APB1ENR1, 1u << 28);
    set_bits(m, PWR, 1u << 8);
    wr(m, BKP0, 0xCAFEu);
    wr(m, RCC_BDCR, 1u | 1u << 8 | 1u << 15);
    uint32_t *words = sim_backup_words(m, &count);
    assert_in_range(count, 33, 256);
    memcpy(kept, words, count * sizeof kept[0]);
    reset_part(m, SIM_RESET_POWER, true);
    assert_int_equal(rd(m, RCC_BDCR), 0);
    memcpy(sim_backup_words(m, &count), kept, count * sizeof kept[0]);
    reset_part(m, SIM_RESET_POWER, false);
    assert_int_equal(rd(m, BKP0), 0xCAFE);
    assert_int_equal(rd(m, RCC_BDCR), 3u | 1u << 8 | 1u << 15);
}

#define RTC 0x40002800u

static void rtc_counts(void **state)
{
    sim_machine *m = *state;
    set_bits(m, RCC_APB1ENR1, 1u << 28);
    set_bits(m, PWR, 1u << 8);
    wr(m, RCC_BDCR, 1u | 1u << 8 | 1u << 15);
    pass(m, 2001u * MS);
    assert_int_equal(rd(m, RCC_BDCR) & 2u, 2);
    wr(m, RTC + 0xCu, 1u << 7);
    assert_int_equal(rd(m, RTC + 0xCu) & 1u << 7, 0); /* no keys */
    wr(m, RTC + 0x24u, 0xCAu);
    wr(m, RTC + 0x24u, 0x53u);
    wr(m, RTC + 0xCu, 1u << 7);
    assert_int_equal(rd(m, RTC + 0xCu) & 1u << 6, 0);
    pass(m, 100u * US);
    assert_int_equal(rd(m, RTC + 0xCu) & 1u << 6, 1u << 6);
    wr(m, RTC, 0x235958u);
    wr(m, RTC + 4u, 0x240228u | 3u << 13);
    wr(m, RTC + 0xCu, 0);
    pass(m, 1000u * MS + US);
    assert_int_equal(rd(m, RTC), 0x235959);
    assert_int_equal(rd(m, RTC + 0xCu) & 1u << 5, 1u << 5);
    pass(m, 1000u * MS);
    assert_int_equal(rd(m, RTC), 0);
    assert_int_equal(rd(m, RTC + 4u), 0x240229u | 4u << 13);
    wr(m, RTC, 0x111111u);
    assert_int_equal(rd(m, RTC), 0); /* not in initialisation mode */
    reset_part(m, SIM_RESET_PIN, false);
    pass(m, 3600000u * MS);
    assert_int_equal(rd(m, RTC), 0x010000);
    set_bits(m, RCC_APB1ENR1, 1u << 28);
    set_bits(m, PWR, 1u << 8);
    wr(m, RTC + 0x24u, 0xCAu);
    wr(m, RTC + 0x24u, 0x53u);
    assert_non_null(strstr(wr_stops(m, RTC + 0x18u, 1u << 8), "alarms"));
}

#define TIM6 0x40001000u
#define TIM2 0x40000000u
#define TCR1 0x00u
#define DIER 0x0Cu
#define TSR 0x10u
#define EGR 0x14u
#define CNT 0x24u
#define PSC 0x28u
#define ARR 0x2Cu
#define CCR1 0x34u

static void time_base(void **state)
{
    sim_machine *m = *state;
    set_bits(m, RCC_APB1ENR1, 1u << 4);
    wr(m, TIM6 + PSC, 15u); /* 1 MHz */
    wr(m, TIM6 + ARR, 999u);
    wr(m, TIM6 + EGR, 1u);
    assert_int_equal(rd(m, TIM6 + TSR), 1);
    wr(m, TIM6 + TSR, 0);
    wr(m, TIM6 + DIER, 1u);
    wr(m, TIM6 + TCR1, 1u);
    pass(m, 500u * US);
    assert_in_range(rd(m, TIM6 + CNT), 499, 500);
    assert_false(irq_line(m, 54));
    pass(m, 500u * US + 125000u);
    assert_true(irq_line(m, 54));
    wr(m, TIM6 + TSR, 0);
    assert_false(irq_line(m, 54));
    for (unsigned i = 0; i < 10u; i++) {
        pass(m, MS);
        assert_true(irq_line(m, 54));
        wr(m, TIM6 + TSR, 0xFFFFFFFEu);
        assert_false(irq_line(m, 54));
    }
    clock_170_mhz(m); /* the timer goes on, faster */
    uint32_t before = rd(m, TIM6 + CNT);
    pass(m, 10u * US);
    assert_in_range(rd(m, TIM6 + CNT) - before, 105, 107);
    wr(m, RCC_CFGR, 3u | 5u << 8); /* PCLK1 is HCLK / 4, the timer runs at HCLK / 2 */
    before = rd(m, TIM6 + CNT);
    pass(m, 10u * US);
    assert_in_range(rd(m, TIM6 + CNT) - before, 52, 54);
}

static void prescaler_and_reload_come_with_the_update(void **state)
{
    sim_machine *m = *state;
    set_bits(m, RCC_APB1ENR1, 1u << 4);
    wr(m, TIM6 + PSC, 15u);
    wr(m, TIM6 + ARR, 99u);
    wr(m, TIM6 + TCR1, 1u << 7 | 4u);
    wr(m, TIM6 + EGR, 1u);
    assert_int_equal(rd(m, TIM6 + TSR), 0); /* URS */
    set_bits(m, TIM6 + TCR1, 1u);
    wr(m, TIM6 + PSC, 159u);
    wr(m, TIM6 + ARR, 49u);
    pass(m, 90u * US);
    assert_in_range(rd(m, TIM6 + CNT), 89, 90); /* still the old ones */
    pass(m, 10u * US + 495u * US);
    assert_in_range(rd(m, TIM6 + CNT), 49, 50);
    wr(m, TIM6 + DIER, 1u);
    wr(m, TIM6 + TSR, 0);
    pass(m, 300u * US);
    assert_true(irq_line(m, 54));
    assert_in_range(rd(m, TIM6 + CNT), 29, 30);
}

static void free_running_tim2(void **state)
{
    sim_machine *m = *state;
    set_bits(m, RCC_APB1ENR1, 1u);
    wr(m, TIM2 + TCR1, 1u);
    pass(m, 10000u * MS);
    assert_in_range(rd(m, TIM2 + CNT), 160000000, 160000010);
    wr(m, TIM2 + CCR1, 170000000u);
    wr(m, TIM2 + TSR, 0);
    wr(m, TIM2 + DIER, 2u);
    assert_false(irq_line(m, 28));
    pass(m, 620u * MS);
    assert_false(irq_line(m, 28));
    pass(m, 10u * MS);
    assert_true(irq_line(m, 28));
    assert_int_equal(rd(m, TIM2 + TSR) & 3u, 2);
    wr(m, TIM2 + TCR1, 0x9u); /* one pulse */
    wr(m, TIM2 + CNT, 0xFFFFFF00u);
    pass(m, 100u * US);
    assert_int_equal(rd(m, TIM2 + TCR1) & 1u, 0);
    assert_int_equal(rd(m, TIM2 + CNT), 0);
    assert_non_null(strstr(wr_stops(m, TIM2 + TCR1, 1u << 4), "counting up"));
    assert_non_null(strstr(wr_stops(m, TIM2 + 8u, 7u), "slave"));
}

static void rng(void **state)
{
    sim_machine *m = *state;
    uint32_t base = 0x50060800u;
    set_bits(m, RCC_AHB2ENR, 1u << 26);
    wr(m, base, 4u);
    assert_int_equal(rd(m, base + 4u), 2); /* no 48 MHz clock */
    wr(m, base, 0);
    wr(m, RCC + 0x98u, 1u);
    pass(m, 10u * US);
    wr(m, base, 4u);
    pass(m, US);
    assert_int_equal(rd(m, base + 4u), 1);
    uint32_t first = rd(m, base + 8u);
    assert_int_equal(rd(m, base + 4u), 0);
    pass(m, US);
    assert_int_not_equal(rd(m, base + 8u), first);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(iwdg_times_out), T(iwdg_window_and_hardware_start), T(wwdg), T(backup_registers),
        T(backup_words_carry_the_domain), T(rtc_counts), T(time_base),
        T(prescaler_and_reload_come_with_the_update), T(free_running_tim2),
        T(rng),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
