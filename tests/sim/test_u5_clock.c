/* The STM32U5's clocks, power and backup domain as modelled (RM0456 10, 11): what comes up
 * when, what limits there are, and what resets leave. */
#include "rig_u5.h"

#define RCC(offset) (0x46020C00u + (offset))
#define RCC_CR RCC(0x00u)
#define ICSCR1 RCC(0x08u)
#define CFGR1 RCC(0x1Cu)
#define CFGR2 RCC(0x20u)
#define PLL1CFGR RCC(0x28u)
#define PLL1DIVR RCC(0x34u)
#define AHB1ENR RCC(0x88u)
#define AHB2ENR1 RCC(0x8Cu)
#define AHB3ENR RCC(0x94u)
#define APB3ENR RCC(0xA8u)
#define BDCR RCC(0xF0u)
#define CSR RCC(0xF4u)
#define PWR(offset) (0x46020800u + (offset))
#define VOSR PWR(0x0Cu)
#define SVMCR PWR(0x10u)
#define DBPR PWR(0x28u)
#define SVMSR PWR(0x3Cu)
#define ACR 0x40022000u
#define BKP31R 0x46007D7Cu
#define IWDG_KR 0x40003000u
#define MHZ 1000000u
#define RANGE(n) ((4u - (n)) << 16)
#define BOOSTEN (1u << 18)
#define BOOSTRDY (1u << 14)
#define VOSRDY (1u << 15)

static sim_machine *new_powered(void)
{
    sim_machine *m = new_part("stm32u575zi");
    wr(m, AHB3ENR, 0x80000004u);
    return m;
}

static void range(sim_machine *m, unsigned n)
{
    wr(m, VOSR, RANGE(n));
    rig_pass(m, SIM_PS_PER_MS);
    assert_int_equal(rd(m, VOSR) & VOSRDY, VOSRDY);
}

static bool stopped(sim_machine *m, const char *text)
{
    return sim_run(m, sim_now(m) + SIM_PS_PER_US) == SIM_END_STOP &&
           strstr(sim_end_text(m), text) != NULL;
}

static void reset_leaves_msis_at_4_mhz(void **state)
{
    (void)state;
    sim_machine *m = new_powered();
    assert_int_equal(sim_hclk_hz(m), 4u * MHZ);
    assert_int_equal(rd(m, RCC_CR), 0x35u);
    assert_int_equal(rd(m, ICSCR1) & 0xFFF00000u, 0x44000000u);
    assert_int_equal(rd(m, VOSR), VOSRDY); /* range 4 */
    sim_free(m);
}

static void msis_has_its_ranges(void **state)
{
    static const uint32_t khz[16] = {48000, 24000, 16000, 12000, 4000, 2000, 1330, 1000,
                                     3072,  1536,  1024,  768,   400,  200,  133,  100};
    (void)state;
    sim_machine *m = new_powered();
    range(m, 1u);
    wr(m, ICSCR1, 0x00000000u); /* MSIRGSEL is 0: CSR's range, 4 MHz */
    assert_int_equal(sim_hclk_hz(m), 4u * MHZ);
    for (uint32_t i = 0; i < 16u; i++) {
        wr(m, ICSCR1, i << 28 | 4u << 24 | 1u << 23);
        assert_int_equal(sim_hclk_hz(m), khz[i] * 1000u);
    }
    sim_free(m);
}

/* RM0456 7.3.3: HCLK by wait states and range. */
static void a_clock_too_fast_stops_the_run(void **state)
{
    static const struct {
        unsigned range, latency;
        uint32_t msis; /* range 0: 48 MHz, 1: 24, 2: 16, 3: 12 */
        const char *text;
    } cases[] = {{1u, 1u, 0u, NULL}, {1u, 0u, 0u, "LATENCY 0"}, {2u, 1u, 0u, NULL},
                 {2u, 0u, 1u, NULL}, {3u, 2u, 0u, "voltage range 3"}, {3u, 3u, 0u, NULL},
                 {4u, 4u, 0u, "voltage range 4"}, {4u, 2u, 1u, NULL}, {4u, 0u, 3u, "LATENCY 0"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sim_machine *m = new_powered();
        range(m, cases[i].range);
        wr(m, ACR, cases[i].latency);
        (void)sim_core_write(m, ICSCR1, 4u, cases[i].msis << 28 | 4u << 24 | 1u << 23);
        if (cases[i].text == NULL) {
            rig_pass(m, SIM_PS_PER_US);
        } else {
            assert_true(stopped(m, cases[i].text));
        }
        sim_free(m);
    }
}

/* To 160 MHz as vendor code goes: range 1, four wait states, booster, PLL1 from MSIS. */
static void pll1_with_the_booster(void **state)
{
    (void)state;
    sim_machine *m = new_powered();
    range(m, 1u);
    wr(m, ACR, 4u);
    wr(m, PLL1CFGR, 1u | 1u << 18); /* MSIS, divided by 1 for PLL and booster, R on */
    wr(m, PLL1DIVR, 79u | 1u << 9 | 1u << 16 | 1u << 24); /* 4 MHz x 80 / 2 */
    wr(m, VOSR, RANGE(1u) | BOOSTEN);
    assert_int_equal(rd(m, VOSR) & BOOSTRDY, 0u);
    rig_pass(m, SIM_PS_PER_MS);
    assert_int_equal(rd(m, VOSR) & BOOSTRDY, BOOSTRDY);
    wr(m, RCC_CR, 0x35u | 1u << 24);
    wr(m, CFGR1, 3u);
    assert_int_equal(rd(m, CFGR1), 3u); /* not ready: still MSIS */
    rig_pass(m, SIM_PS_PER_MS);
    assert_int_equal(rd(m, CFGR1), 0xFu);
    assert_int_equal(sim_hclk_hz(m), 160u * MHZ);
    wr(m, CFGR2, 0x6008u); /* HPRE: /2 */
    assert_int_equal(sim_hclk_hz(m), 80u * MHZ);
    wr(m, RCC_CR, 0x35u); /* what carries the clock stays on */
    assert_int_equal(rd(m, RCC_CR) >> 24 & 3u, 3u);
    sim_pin_reset(m);
    assert_int_equal(sim_hclk_hz(m), 4u * MHZ);
    sim_free(m);
}

static void what_the_booster_and_the_pll_need(void **state)
{
    (void)state;
    sim_machine *m = new_powered();
    wr(m, VOSR, BOOSTEN); /* range 4 */
    assert_true(stopped(m, "BOOSTEN in range 4"));
    sim_free(m);
    m = new_powered();
    range(m, 1u);
    wr(m, VOSR, RANGE(1u) | BOOSTEN);
    assert_true(stopped(m, "without a booster clock"));
    sim_free(m);
    m = new_powered();
    range(m, 1u);
    wr(m, ACR, 4u);
    wr(m, PLL1CFGR, 1u | 1u << 18);
    wr(m, PLL1DIVR, 79u | 1u << 24);
    wr(m, RCC_CR, 0x35u | 1u << 24);
    rig_pass(m, SIM_PS_PER_MS);
    wr(m, CFGR1, 3u);
    assert_true(stopped(m, "without the EPOD booster"));
    sim_free(m);
}

static void gates(void **state)
{
    (void)state;
    sim_machine *m = new_part("stm32u575zi");
    wr(m, VOSR, RANGE(1u)); /* PWR has no clock: nothing happens */
    assert_int_equal(rd(m, VOSR), 0u);
    wr(m, 0x42020000u, 0u); /* GPIOA */
    assert_int_equal(rd(m, 0x42020000u), 0u);
    wr(m, AHB3ENR, 0x80000004u);
    assert_int_equal(rd(m, VOSR), VOSRDY);
    wr(m, AHB2ENR1, 0xC0000001u);
    assert_int_equal(rd(m, 0x42020000u), 0xABFFFFFFu);
    wr(m, 0x42020000u, 0x12345678u);
    wr(m, RCC(0x64u), 1u); /* GPIOARST */
    wr(m, RCC(0x64u), 0u);
    assert_int_equal(rd(m, 0x42020000u), 0xABFFFFFFu);
    sim_free(m);
}

static void backup_registers(void **state)
{
    (void)state;
    sim_machine *m = new_powered();
    wr(m, APB3ENR, 1u << 21);
    wr(m, BKP31R, 1u); /* DBP is 0 */
    assert_int_equal(rd(m, BKP31R), 0u);
    wr(m, DBPR, 1u);
    wr(m, BKP31R, 0xB0B0B0B0u);
    for (unsigned i = 0; i < 3u; i++) {
        if (i == 0u) {
            sim_pin_reset(m);
        } else {
            sim_power_on(m, i == 2u); /* VBAT stays, and goes */
        }
        asleep(m);
        assert_int_equal(rd(m, DBPR), 0u);
        wr(m, AHB3ENR, 0x80000004u);
        wr(m, APB3ENR, 1u << 21);
        assert_int_equal(rd(m, BKP31R), i == 2u ? 0u : 0xB0B0B0B0u);
    }
    wr(m, DBPR, 1u);
    wr(m, BKP31R, 5u);
    wr(m, BDCR, 1u << 16); /* BDRST */
    wr(m, BDCR, 0u);
    assert_int_equal(rd(m, BKP31R), 0u);
    sim_free(m);
}

static void reset_flags_gather_until_rmvf(void **state)
{
    const uint32_t pin = 1u << 26;
    (void)state;
    sim_machine *m = new_powered();
    assert_int_equal(rd(m, CSR) >> 23, (pin | 1u << 27) >> 23); /* BORRSTF */
    wr(m, CSR, 1u << 23);
    assert_int_equal(rd(m, CSR) >> 24, 0u);
    sim_pin_reset(m);
    asleep(m);
    assert_int_equal(rd(m, CSR) >> 24, pin >> 24);
    unlock_options(m);
    wr(m, NSCR, OBL_LAUNCH);
    (void)sim_run(m, sim_now(m) + SIM_PS_PER_US);
    asleep(m);
    assert_int_equal(rd(m, CSR) >> 24, (pin | 1u << 25) >> 24);
    wr(m, IWDG_KR, 0xCCCCu);
    (void)sim_run(m, sim_now(m) + SIM_PS_PER_S);
    asleep(m);
    assert_int_equal(rd(m, CSR) >> 24, (pin | 1u << 25 | 1u << 29) >> 24);
    sim_free(m);
}

/* RM0456 10.6.2: PVDO is 1 below the level, when the detector is on and has settled. */
static void the_detector_sees_the_supply(void **state)
{
    static const uint16_t level_mv[] = {2000u, 2200u, 2400u, 2500u, 2600u, 2800u, 2900u};
    (void)state;
    sim_machine *m = new_powered();
    for (uint32_t i = 0; i < 7u; i++) {
        for (unsigned low = 0; low < 2u; low++) {
            assert_true(sim_set_supply(m, level_mv[i] - 10u + (low != 0u ? 0u : 20u)));
            wr(m, SVMCR, i << 5);
            assert_int_equal(rd(m, SVMSR) >> 4 & 1u, 0u);
            wr(m, SVMCR, i << 5 | 1u << 4);
            assert_int_equal(rd(m, SVMSR) >> 4 & 1u, 0u); /* not yet */
            rig_pass(m, SIM_PS_PER_MS);
            assert_int_equal(rd(m, SVMSR) >> 4 & 1u, low);
        }
    }
    assert_true(sim_set_supply(m, SIM_SUPPLY_MV));
    assert_int_equal(rd(m, SVMSR) >> 4 & 1u, 0u);
    sim_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reset_leaves_msis_at_4_mhz),
        cmocka_unit_test(msis_has_its_ranges),
        cmocka_unit_test(a_clock_too_fast_stops_the_run),
        cmocka_unit_test(pll1_with_the_booster),
        cmocka_unit_test(what_the_booster_and_the_pll_need),
        cmocka_unit_test(gates),
        cmocka_unit_test(backup_registers),
        cmocka_unit_test(reset_flags_gather_until_rmvf),
        cmocka_unit_test(the_detector_sees_the_supply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
