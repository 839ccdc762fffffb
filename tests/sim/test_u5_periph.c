/* EXTI, timers and CRS of the STM32U5 (RM0456 12, 23, 54 to 57): where they are, and that what
 * happens reaches the NVIC. */
#include "rig_u5.h"
#include "sim/periph/part/part.h"

#define EXTI(offset) (0x46022000u + (offset))
#define RTSR1 EXTI(0x00u)
#define FTSR1 EXTI(0x04u)
#define SWIER1 EXTI(0x08u)
#define RPR1 EXTI(0x0Cu)
#define FPR1 EXTI(0x10u)
#define EXTICR(n) EXTI(0x60u + 4u * (n))
#define IMR1 EXTI(0x80u)
#define EMR1 EXTI(0x84u)
#define AHB2ENR1 0x46020C8Cu
#define APB1ENR1 0x46020C9Cu
#define APB2ENR 0x46020CA4u
#define RCC_CR 0x46020C00u
#define GPIO(port) (0x42020000u + 0x400u * (port))
#define TIM_CR1 0x00u
#define TIM_DIER 0x0Cu
#define TIM_SR 0x10u
#define TIM_EGR 0x14u
#define TIM_CNT 0x24u
#define TIM_PSC 0x28u
#define TIM_ARR 0x2Cu
#define CRS_CR 0x40006000u

static bool irq(sim_machine *m, unsigned number)
{
    return sim_get_part(m)->irq_sources[number] != 0u;
}

/* Each pin has a line of its own to the NVIC, and each kind of edge a pending bit. */
static void each_pin_has_its_interrupt(void **state)
{
    (void)state;
    for (unsigned pin = 0; pin < 16u; pin++) {
        unsigned port = 1u + pin % 8u;
        sim_machine *m = new_part("stm32u575zi");
        wr(m, AHB2ENR1, rd(m, AHB2ENR1) | 0x1FFu);
        wr(m, GPIO(port), rd(m, GPIO(port)) & ~(3u << 2u * pin));
        wr(m, GPIO(0), rd(m, GPIO(0)) & ~(3u << 2u * pin));
        sim_pin_drive(m, port, pin, 0);
        sim_pin_drive(m, 0u, pin, 0);
        wr(m, EXTICR(pin / 4u), port << 8u * (pin % 4u));
        wr(m, RTSR1, 1u << pin);
        wr(m, FTSR1, 1u << pin);
        sim_pin_drive(m, 0u, pin, 1); /* of another port */
        assert_int_equal(rd(m, RPR1), 0u);
        sim_pin_drive(m, port, pin, 1);
        assert_int_equal(rd(m, RPR1), 1u << pin);
        assert_int_equal(rd(m, FPR1), 0u);
        assert_false(irq(m, 11u + pin));
        wr(m, IMR1, 1u << pin);
        assert_true(irq(m, 11u + pin));
        wr(m, RPR1, 1u << pin);
        assert_int_equal(rd(m, RPR1), 0u);
        assert_false(irq(m, 11u + pin));
        sim_pin_drive(m, port, pin, 0);
        assert_int_equal(rd(m, RPR1), 0u);
        assert_int_equal(rd(m, FPR1), 1u << pin);
        assert_true(irq(m, 11u + pin));
        wr(m, FPR1, 0xFFFFFFFFu);
        assert_false(irq(m, 11u + pin));
        wr(m, SWIER1, 1u << pin);
        assert_int_equal(rd(m, RPR1), 1u << pin);
        assert_int_equal(rd(m, SWIER1), 0u);
        assert_true(irq(m, 11u + pin));
        sim_free(m);
    }
}

static void internal_lines_are_told(void **state)
{
    static const uint32_t registers[] = {RTSR1, FTSR1, SWIER1, IMR1, EMR1};
    (void)state;
    for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++) {
        sim_machine *m = new_part("stm32u575zi");
        assert_int_equal(sim_core_write(m, registers[i], 4u, 1u << 16), SIM_ACCESS_STOP);
        assert_non_null(strstr(sim_end_text(m), "internal lines"));
        sim_free(m);
    }
}

/* At 4 MHz as reset leaves it: 1 ms. TIM2 to TIM5 are 32 bits wide. */
static void timers_count_and_interrupt(void **state)
{
    static const struct {
        uint32_t base, enable;
        unsigned bit, irq;
        uint32_t top;
    } timers[] = {
        {0x40000000u, APB1ENR1, 0, 45, 0xFFFFFFFFu}, {0x40000400u, APB1ENR1, 1, 46, 0xFFFFFFFFu},
        {0x40000800u, APB1ENR1, 2, 47, 0xFFFFFFFFu}, {0x40000C00u, APB1ENR1, 3, 48, 0xFFFFFFFFu},
        {0x40001000u, APB1ENR1, 4, 49, 0xFFFFu},     {0x40001400u, APB1ENR1, 5, 50, 0xFFFFu},
        {0x40012C00u, APB2ENR, 11, 42, 0xFFFFu},     {0x40013400u, APB2ENR, 13, 52, 0xFFFFu},
        {0x40014000u, APB2ENR, 16, 69, 0xFFFFu},     {0x40014400u, APB2ENR, 17, 70, 0xFFFFu},
        {0x40014800u, APB2ENR, 18, 71, 0xFFFFu}};
    (void)state;
    for (size_t i = 0; i < sizeof timers / sizeof timers[0]; i++) {
        sim_machine *m = new_part("stm32u575zi");
        uint32_t base = timers[i].base;
        wr(m, base + TIM_ARR, 5u);
        assert_int_equal(rd(m, base + TIM_ARR), 0u); /* not clocked */
        wr(m, timers[i].enable, 1u << timers[i].bit);
        assert_int_equal(rd(m, base + TIM_ARR), timers[i].top);
        wr(m, base + TIM_PSC, 3u);
        wr(m, base + TIM_ARR, 999u);
        wr(m, base + TIM_EGR, 1u);
        wr(m, base + TIM_SR, 0u);
        wr(m, base + TIM_DIER, 1u);
        wr(m, base + TIM_CR1, 1u);
        rig_pass(m, 500u * SIM_PS_PER_US);
        assert_in_range(rd(m, base + TIM_CNT), 499u, 501u);
        assert_false(irq(m, timers[i].irq));
        rig_pass(m, 501u * SIM_PS_PER_US);
        assert_true(irq(m, timers[i].irq));
        wr(m, base + TIM_CR1, 0u);
        wr(m, base + TIM_SR, 0u);
        assert_false(irq(m, timers[i].irq));
        sim_free(m);
    }
}

static void hsi48_comes_up_and_crs_trims_it(void **state)
{
    (void)state;
    sim_machine *m = new_part("stm32u575zi");
    wr(m, APB1ENR1, 1u << 24);
    assert_int_equal(rd(m, CRS_CR), 0x4000u); /* seven bits of TRIM */
    wr(m, CRS_CR, 0x7F00u);
    assert_int_equal(rd(m, CRS_CR), 0x7F00u);
    wr(m, RCC_CR, rd(m, RCC_CR) | 1u << 12);
    assert_int_equal(rd(m, RCC_CR) & 1u << 13, 0u);
    rig_pass(m, 10u * SIM_PS_PER_US);
    assert_int_equal(rd(m, RCC_CR) & 1u << 13, 1u << 13);
    sim_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pin_has_its_interrupt),
        cmocka_unit_test(internal_lines_are_told),
        cmocka_unit_test(timers_count_and_interrupt),
        cmocka_unit_test(hsi48_comes_up_and_crs_trims_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
