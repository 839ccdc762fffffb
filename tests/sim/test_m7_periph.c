/* EXTI, SYSCFG and timers of F767, H743 and H7A3: where they are, and that an event reaches the
 * NVIC (RM0410, RM0433, RM0455). */
#include <string.h>

#include "rig.h"
#include "sim/periph/part/part.h"

#define TIM_CR1 0x00u
#define TIM_DIER 0x0Cu
#define TIM_SR 0x10u
#define TIM_EGR 0x14u
#define TIM_CNT 0x24u
#define TIM_PSC 0x28u
#define TIM_ARR 0x2Cu
#define PORT_D 3u

typedef struct line {
    const char *name;
    uint32_t syscfg_enable, syscfg_bit, syscfg;
    uint32_t gpio_enable, gpio;
    uint32_t imr, rtsr, swier, pr;
    uint32_t apb1_enable, apb2_enable;
    uint32_t hz;
} line;

static const line lines[] = {
    {"stm32f767zi", 0x40023844u, 1u << 14, 0x40013800u, 0x40023830u, 0x40020C00u, 0x40013C00u,
     0x40013C08u, 0x40013C10u, 0x40013C14u, 0x40023840u, 0x40023844u, 16000000u},
    {"stm32h743zi", 0x580244F4u, 1u << 1, 0x58000400u, 0x580244E0u, 0x58020C00u, 0x58000080u,
     0x58000000u, 0x58000008u, 0x58000088u, 0x580244E8u, 0x580244F0u, 64000000u},
    {"stm32h7a3zi", 0x58024554u, 1u << 1, 0x58000400u, 0x58024540u, 0x58020C00u, 0x58000080u,
     0x58000000u, 0x58000008u, 0x58000088u, 0x58024548u, 0x58024550u, 64000000u},
};
#define LINES (sizeof lines / sizeof lines[0])

/* The line to the NVIC is up. */
static bool pending(sim_machine *m, unsigned irq)
{
    return sim_get_part(m)->irq_sources[irq] != 0u;
}

static void a_pin_s_edge_reaches_the_nvic(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        sim_machine *m = rig_m7_new(l->name);
        wr(m, l->syscfg + 0x0Cu, PORT_D << 8); /* EXTICR2 without its clock: not there */
        assert_int_equal(rd(m, l->syscfg + 0x0Cu), 0u);
        wr(m, l->syscfg_enable, rd(m, l->syscfg_enable) | l->syscfg_bit);
        wr(m, l->syscfg + 0x0Cu, PORT_D << 8); /* line 6 */
        wr(m, l->gpio_enable, rd(m, l->gpio_enable) | 1u << PORT_D);
        wr(m, l->gpio, rd(m, l->gpio) & ~(3u << 12)); /* PD6: input */
        sim_pin_drive(m, PORT_D, 6u, 0);
        wr(m, l->imr, rd(m, l->imr) | 1u << 6);
        wr(m, l->rtsr, 1u << 6);
        sim_pin_drive(m, 0u, 6u, 1); /* another port's pin of that number */
        assert_int_equal(rd(m, l->pr) & 1u << 6, 0u);
        sim_pin_drive(m, PORT_D, 6u, 1);
        assert_int_equal(rd(m, l->pr) & 1u << 6, 1u << 6);
        assert_true(pending(m, 23u)); /* EXTI9_5 */
        wr(m, l->pr, 1u << 6);
        assert_int_equal(rd(m, l->pr) & 1u << 6, 0u);
        wr(m, l->imr, rd(m, l->imr) | 1u << 13);
        wr(m, l->swier, 1u << 13);
        assert_int_equal(rd(m, l->pr) & 1u << 13, 1u << 13);
        assert_true(pending(m, 40u)); /* EXTI15_10 */
        sim_free(m);
    }
}

/* 1 ms, by the timer's clock as reset leaves it. */
static void check_timer(sim_machine *m, const line *l, uint32_t base, unsigned irq)
{
    wr(m, base + TIM_PSC, l->hz / 1000000u - 1u);
    wr(m, base + TIM_ARR, 999u);
    wr(m, base + TIM_EGR, 1u);
    wr(m, base + TIM_SR, 0u);
    wr(m, base + TIM_DIER, 1u);
    wr(m, base + TIM_CR1, 1u);
    rig_pass(m, 500u * SIM_PS_PER_US);
    assert_in_range(rd(m, base + TIM_CNT), 499u, 501u);
    assert_false(pending(m, irq));
    rig_pass(m, 501u * SIM_PS_PER_US);
    assert_int_equal(rd(m, base + TIM_SR) & 1u, 1u);
    assert_true(pending(m, irq));
    wr(m, base + TIM_CR1, 0u);
    wr(m, base + TIM_SR, 0u);
    assert_false(pending(m, irq));
}

static void timers_count_and_interrupt(void **state)
{
    static const struct { uint32_t base; unsigned irq_f7, irq_h7; } timers[] = {
        {0x40000000u, 28, 28}, {0x40000C00u, 50, 50}, {0x40001000u, 54, 54}, {0x40001400u, 55, 55},
        {0x40010000u, 25, 25}, {0x40010400u, 44, 44}, {0x40014000u, 24, 116},
        {0x40014400u, 25, 117}, {0x40014800u, 26, 118}, {0x40001800u, 43, 43},
    };
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        sim_machine *m = rig_m7_new(l->name);
        wr(m, 0x40001000u + TIM_ARR, 5u); /* TIM6 without its clock */
        assert_int_equal(rd(m, 0x40001000u + TIM_ARR), 0u);
        wr(m, l->apb1_enable, rd(m, l->apb1_enable) | 0x1FFu);
        wr(m, l->apb2_enable, rd(m, l->apb2_enable) | 7u << 16 | 3u);
        for (size_t i = 0; i < sizeof timers / sizeof timers[0]; i++) {
            check_timer(m, l, timers[i].base, l == lines ? timers[i].irq_f7 : timers[i].irq_h7);
        }
        sim_free(m);
    }
}

#define PWR_CR3 0x5802480Cu
#define PWR_D3CR 0x58024818u
#define SYSCFG_PWRCR 0x5800042Cu
#define SYSCFG_CCCSR 0x58000420u
#define SYSCFG_UR0 0x58000700u

/* RM0433 6.6.2: VOS1, then over-drive, for 480 MHz. */
static void over_drive_allows_480_mhz_on_h743(void **state)
{
    (void)state;
    for (unsigned over_drive = 0; over_drive < 2u; over_drive++) {
        sim_machine *m = rig_m7_new(lines[1].name);
        wr(m, 0x580244F4u, rd(m, 0x580244F4u) | 2u);
        assert_int_equal(rd(m, SYSCFG_UR0), 0x00AA0000u);
        wr(m, SYSCFG_CCCSR, 1u);
        assert_int_equal(rd(m, SYSCFG_CCCSR), 0x101u);
        wr(m, PWR_CR3, rd(m, PWR_CR3));
        wr(m, PWR_D3CR, 3u << 14);
        rig_pass(m, 100u * SIM_PS_PER_US);
        wr(m, SYSCFG_PWRCR, over_drive);
        rig_pass(m, 100u * SIM_PS_PER_US);
        wr(m, 0x52002000u, 0x24u);                              /* FLASH_ACR: 4 wait states */
        wr(m, 0x58024428u, 4u << 4);                            /* HSI / 4 */
        wr(m, 0x58024430u, 59u | 1u << 9 | 1u << 16 | 1u << 24); /* x 60, P / 2 */
        wr(m, 0x58024418u, 8u);                                 /* AXI at half the core */
        wr(m, 0x58024400u, rd(m, 0x58024400u) | 1u << 24);
        rig_pass(m, SIM_PS_PER_MS);
        sim_access access = sim_core_write(m, 0x58024410u, 4u, 3u); /* SW: PLL1 */
        if (over_drive != 0u) {
            assert_int_equal(access, SIM_ACCESS_OK);
            assert_int_equal(sim_hclk_hz(m), 480000000u);
        } else {
            assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_MS), SIM_END_STOP);
            assert_non_null(strstr(sim_end_text(m), "VOS1 allows 400 MHz"));
        }
        sim_free(m);
    }
}

#define H7_RCC(offset) (0x58024400u + (offset))
#define USART1 0x40011000u
#define USART3 0x40004800u

/* RM0433 8.7: PLL2 and PLL3 have M, N, fraction and outputs of their own; the source is PLL1's. */
static void h7_serial_ports_run_from_pll2_and_pll3(void **state)
{
    (void)state;
    for (const line *l = lines + 1; l < lines + LINES; l++) {
        sim_machine *m = rig_m7_new(l->name);
        wr(m, H7_RCC(0x54u), 1u | 2u << 3); /* USART3: pll2_q; USART1: pll3_q */
        assert_int_equal(sim_uart_clock_hz(m, USART3), 0u);
        wr(m, H7_RCC(0x28u), 8u << 12 | 16u << 20);               /* HSI / 8, HSI / 16 */
        wr(m, H7_RCC(0x38u), 29u | 1u << 9 | 4u << 16 | 1u << 24); /* x 30, Q / 5 */
        wr(m, H7_RCC(0x40u), 49u | 1u << 9 | 9u << 16 | 1u << 24); /* x 50.5, Q / 10 */
        wr(m, H7_RCC(0x44u), 4096u << 3);
        wr(m, H7_RCC(0x2Cu), rd(m, H7_RCC(0x2Cu)) | 1u << 8); /* PLL3FRACEN */
        wr(m, H7_RCC(0x60u), 1u << 7); /* PLL2RDYIE */
        wr(m, H7_RCC(0x00u), rd(m, H7_RCC(0x00u)) | 5u << 26);
        assert_int_equal(rd(m, H7_RCC(0x00u)) >> 26, 5u);
        assert_int_equal(sim_uart_clock_hz(m, USART3), 0u);
        rig_pass(m, SIM_PS_PER_MS);
        assert_int_equal(rd(m, H7_RCC(0x00u)) >> 26, 15u); /* both ready */
        assert_int_equal(rd(m, H7_RCC(0x64u)), 1u << 7);
        assert_true(pending(m, 5u));
        wr(m, H7_RCC(0x68u), 1u << 7);
        assert_false(pending(m, 5u));
        assert_int_equal(sim_uart_clock_hz(m, USART3), 48000000u);
        assert_int_equal(sim_uart_clock_hz(m, USART1), 20200000u);
        wr(m, H7_RCC(0x38u), 0u); /* fixed while it runs; so is the source, and M of each */
        wr(m, H7_RCC(0x28u), 2u | 4u << 4 | 1u << 12);
        assert_int_equal(rd(m, H7_RCC(0x28u)), 4u << 4 | 8u << 12 | 16u << 20);
        assert_int_equal(sim_uart_clock_hz(m, USART3), 48000000u);
        wr(m, H7_RCC(0x2Cu), rd(m, H7_RCC(0x2Cu)) & ~(1u << 20)); /* DIVQ2EN */
        assert_int_equal(sim_uart_clock_hz(m, USART3), 0u);
        wr(m, H7_RCC(0x00u), rd(m, H7_RCC(0x00u)) & ~(1u << 28));
        assert_int_equal(sim_uart_clock_hz(m, USART1), 0u);
        assert_int_equal(rd(m, H7_RCC(0x00u)) >> 26, 3u);
        sim_free(m);
    }
}

static void h7_plls_have_limits(void **state)
{
    static const struct { uint32_t select, divider, on; const char *text; } cases[] = {
        {0u, 29u, 1u << 26, "DIVM2 of 0"},
        {2u << 0 | 1u << 20, 29u, 1u << 28, "source is not ready"},
        {1u << 20, 1u, 1u << 28, "PLL3 input of 64000000 Hz"},
        {8u << 12, 1u, 1u << 26, "PLL2 VCO of 16000000 Hz"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sim_machine *m = rig_m7_new(lines[1].name);
        wr(m, H7_RCC(0x28u), cases[i].select);
        wr(m, H7_RCC(0x38u), cases[i].divider);
        wr(m, H7_RCC(0x40u), cases[i].divider);
        (void)sim_core_write(m, H7_RCC(0x00u), 4u, rd(m, H7_RCC(0x00u)) | cases[i].on);
        assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_MS), SIM_END_STOP);
        assert_non_null(strstr(sim_end_text(m), cases[i].text));
        sim_free(m);
    }
}

#define F7_RCC(offset) (0x40023800u + (offset))

static uint32_t clk48(sim_machine *m)
{
    sim_part *part = sim_get_part(m);
    return part->services.clk48_hz(part);
}

/* RM0410 5.3.1, 5.3.22 to 5.3.25. */
static void f7_has_two_more_plls(void **state)
{
    (void)state;
    sim_machine *m = rig_m7_new(lines[0].name);
    wr(m, F7_RCC(0x04u), 16u | 192u << 6 | 4u << 24);     /* HSI / 16 for all three */
    wr(m, F7_RCC(0x88u), 192u << 6 | 1u << 16 | 2u << 24); /* PLLSAI x 192, P / 4 */
    wr(m, F7_RCC(0x0Cu), 3u << 13);                        /* interrupts of both */
    wr(m, F7_RCC(0x00u), rd(m, F7_RCC(0x00u)) | 5u << 26);
    assert_int_equal(rd(m, F7_RCC(0x00u)) >> 26, 5u);
    rig_pass(m, SIM_PS_PER_MS);
    assert_int_equal(rd(m, F7_RCC(0x00u)) >> 26, 15u);
    assert_int_equal(rd(m, F7_RCC(0x0Cu)) & 0xFFu, 3u << 5);
    assert_true(pending(m, 5u));
    wr(m, F7_RCC(0x0Cu), 3u << 21);
    assert_false(pending(m, 5u));
    assert_int_equal(clk48(m), 0u); /* of the main PLL, which is off */
    wr(m, F7_RCC(0x90u), 1u << 27);
    assert_int_equal(clk48(m), 48000000u);
    wr(m, F7_RCC(0x88u), 100u << 6); /* fixed while it runs; so are source and M */
    wr(m, F7_RCC(0x04u), 8u | 200u << 6 | 1u << 22);
    assert_int_equal(rd(m, F7_RCC(0x04u)), 16u | 200u << 6);
    assert_int_equal(clk48(m), 48000000u);
    wr(m, F7_RCC(0x00u), rd(m, F7_RCC(0x00u)) & ~(1u << 28));
    assert_int_equal(rd(m, F7_RCC(0x00u)) >> 26, 3u);
    assert_int_equal(clk48(m), 0u);
    wr(m, F7_RCC(0x88u), 99u << 6); /* 99 MHz */
    (void)sim_core_write(m, F7_RCC(0x00u), 4u, rd(m, F7_RCC(0x00u)) | 1u << 28);
    assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_MS), SIM_END_STOP);
    assert_non_null(strstr(sim_end_text(m), "PLLSAI VCO of 99000000 Hz"));
    sim_free(m);
}

/* APB1 at a quarter: its timers run at half of AHB, and with TIMPRE at all of it. */
static void timpre_doubles_the_timers(void **state)
{
    static const struct { uint32_t apb, apb_value, timpre, timpre_bit; } where[] = {
        {F7_RCC(0x08u), 5u << 10, F7_RCC(0x8Cu), 1u << 24},
        {H7_RCC(0x1Cu), 5u << 4, H7_RCC(0x10u), 1u << 15},
        {H7_RCC(0x1Cu), 5u << 4, H7_RCC(0x10u), 1u << 15},
    };
    (void)state;
    for (size_t i = 0; i < LINES; i++) {
        sim_machine *m = rig_m7_new(lines[i].name);
        sim_part *part = sim_get_part(m);
        assert_int_equal(part->services.timer_hz(part, false), lines[i].hz);
        wr(m, where[i].apb, where[i].apb_value);
        assert_int_equal(part->services.timer_hz(part, false), lines[i].hz / 2u);
        wr(m, where[i].timpre, where[i].timpre_bit);
        assert_int_equal(part->services.timer_hz(part, false), lines[i].hz);
        assert_int_equal(part->services.timer_hz(part, true), lines[i].hz);
        sim_free(m);
    }
}

/* RM0433 2.4, RM0455 2.3: not there without its clock, and kept without it. */
static void h7_sram_of_the_second_domain_has_a_clock(void **state)
{
    static const uint32_t bases[2][3] = {{0x30000000u, 0x30020000u, 0x30040000u},
                                         {0x30000000u, 0x30010000u, 0u}};
    (void)state;
    for (const line *l = lines + 1; l < lines + LINES; l++) {
        const uint32_t *base = bases[l - lines - 1], enable = l == lines + 1 ? 0xDCu : 0x13Cu;
        sim_machine *m = rig_m7_new(l->name);
        uint32_t value;
        for (unsigned i = 0; i < 3u && base[i] != 0u; i++) {
            assert_false(sim_peek(m, base[i], &value, 4u));
            wr(m, H7_RCC(enable), 1u << (29u + i));
            wr(m, base[i] + 0x7FFCu, 0x1000u + i);
            assert_int_equal(rd(m, base[i] + 0x7FFCu), 0x1000u + i);
        }
        wr(m, H7_RCC(enable), 7u << 29);
        assert_int_equal(rd(m, base[0] + 0x7FFCu), 0x1000u);
        sim_pin_reset(m);
        assert_false(sim_peek(m, base[0], &value, 4u));
        wr(m, H7_RCC(enable), 1u << 30);
        assert_int_equal(rd(m, base[1] + 0x7FFCu), 0x1001u);
        sim_power_on(m, false);
        wr(m, H7_RCC(enable), 3u << 29);
        assert_int_not_equal(rd(m, base[0] + 0x7FFCu), 0x1000u);
        wr(m, H7_RCC(enable), 0u);
        assert_int_equal(sim_core_read(m, base[0], 4u, &value), SIM_ACCESS_STOP);
        assert_non_null(strstr(sim_end_text(m), "without its clock"));
        sim_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(h7_serial_ports_run_from_pll2_and_pll3),
        cmocka_unit_test(h7_plls_have_limits),
        cmocka_unit_test(f7_has_two_more_plls),
        cmocka_unit_test(timpre_doubles_the_timers),
        cmocka_unit_test(h7_sram_of_the_second_domain_has_a_clock),
        cmocka_unit_test(a_pin_s_edge_reaches_the_nvic),
        cmocka_unit_test(timers_count_and_interrupt),
        cmocka_unit_test(over_drive_allows_480_mhz_on_h743),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
