/* What wears flash out and what takes time: a boot that has nothing to do writes nothing, failing
 * images cost a bounded number of units, and no watchdog comes while firmware erases. The part
 * is the first argument. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "torture/scenario.h"

#define SECOND SIM_PS_PER_S
#define TRIALS 3u

static const tb_chip *chip;

static rig *start(const char *factory)
{
    return rig_new(chip, factory, 1, false);
}

static void pause(rig *r, unsigned ms)
{
    r->link.pause(r, ms);
}

static uint64_t written(const rig *r)
{
    return sim_op_count(r->m, 0);
}

static void reset_somehow(rig *r, unsigned i)
{
    rig_forget(r);
    if (i % 3u == 0u) {
        sim_pin_reset(r->m);
    } else {
        sim_power_on(r->m, i % 3u == 1u);
    }
}

/* ---- idle ------------------------------------------------------------ */

static void boots_of_a_confirmed_image_write_nothing(void **state)
{
    (void)state;
    rig *r = start("factory.hex");
    for (unsigned i = 0; i < 12u; i++) {
        assert_true(rig_wait(r, "app 1.0.0 running", SECOND));
        pause(r, 50);
        reset_somehow(r, i);
    }
    assert_int_equal(written(r), 0);
    rig_free(r);
}

static void a_device_without_an_image_writes_nothing(void **state)
{
    (void)state;
    rig *r = start("factory-no-app.hex");
    for (unsigned i = 0; i < 12u; i++) {
        pause(r, 100);
        assert_int_equal(tb_client_connect(&r->client), TB_CLIENT_OK);
        assert_int_equal(r->client.hello.role, TB_ROLE_STAGE2);
        reset_somehow(r, i);
    }
    assert_int_equal(written(r), 0);
    rig_free(r);
}

/* F7 programs by words. */
static unsigned writes_of_a_record(void)
{
    return chip->family == TB_FAMILY_F7 ? chip->unit_bytes / 4u : 1u;
}

/* ---- boot loops ------------------------------------------------------------ */

static rig *with(const char *image)
{
    rig *r = start("factory.hex");
    tb_sent sent;
    assert_true(rig_wait(r, "app 1.0.0 running", SECOND));
    assert_int_equal(tb_client_connect(&r->client), TB_CLIENT_OK);
    assert_int_equal(tb_client_send(&r->client, scenario_image(chip, image), &sent),
                     TB_CLIENT_OK);
    return r;
}

/* An ATTEMPT for each trial, REJECTED, and on U5 and H7 the swap there and back. */
static void a_failing_image_costs_few_units(void **state)
{
    static const char *const images[] = {"app-crash.twb", "app-hang.twb"};
    (void)state;
    for (unsigned i = 0; i < 2u; i++) {
        rig *r = with(images[i]);
        uint64_t before = written(r);
        rig_forget(r);
        assert_int_equal(tb_client_reset(&r->client, TB_CMD_RESET, 0), TB_CLIENT_OK);
        assert_true(rig_wait(r, "app 1.0.0 running", 20u * SECOND));
        uint64_t options = sim_op_count(r->m, 1u << SIM_OP_OPTION);
        assert_true(options <= 2u);
        assert_true(written(r) - before - options <= (TRIALS + 1u) * writes_of_a_record());
        uint64_t after = written(r);
        for (unsigned k = 0; k < 6u; k++) {
            reset_somehow(r, k);
            assert_true(rig_wait(r, "app 1.0.0 running", SECOND));
        }
        assert_int_equal(written(r), after);
        rig_free(r);
    }
}

static void an_image_that_never_confirms_costs_few_units(void **state)
{
    (void)state;
    rig *r = with("app-never-confirm.twb");
    uint64_t before = written(r);
    rig_forget(r);
    assert_int_equal(tb_client_reset(&r->client, TB_CMD_RESET, 0), TB_CLIENT_OK);
    for (unsigned i = 0; i < 10u; i++) {
        pause(r, 300);
        reset_somehow(r, 1u); /* power, VBAT too */
    }
    assert_true(rig_wait(r, "app 1.0.0 running", SECOND));
    uint64_t options = sim_op_count(r->m, 1u << SIM_OP_OPTION);
    assert_true(written(r) - before - options <= (TRIALS + 1u) * writes_of_a_record());
    assert_true(options <= 2u);
    rig_free(r);
}

/* ---- the watchdog ------------------------------------------------------------ */

static void put(rig *r, uint32_t address, uint32_t value)
{
    assert_int_equal(sim_core_write(r->m, address, 4, value), SIM_ACCESS_OK);
}

/* The independent watchdog as a reset leaves it, 4 * 4096 periods of the LSI: half a second,
 * which is less than an erase of a sector takes on F7 and H7. */
static void start_watchdog(rig *r)
{
    uint32_t base = chip->family == TB_FAMILY_H7 ? 0x58004800u : 0x40003000u;
    put(r, base, 0xCCCCu);
    put(r, base, 0x5555u);
    put(r, base + 4u, 0u);
    put(r, base + 8u, 0xFFFu);
    put(r, base, 0xAAAAu);
    pause(r, 2);
    put(r, base, 0xAAAAu);
}

static void sent_without_a_reset(rig *r, const char *image)
{
    tb_sent sent;
    start_watchdog(r);
    unsigned resets = sim_resets(r->m);
    assert_int_equal(tb_client_send(&r->client, scenario_image(chip, image), &sent), TB_CLIENT_OK);
    assert_true(sim_op_count(r->m, 1u << SIM_OP_ERASE_PAGE) > 0u);
    assert_int_equal(sim_resets(r->m), resets);
}

/* The longest times of the datasheet: a watchdog that does not come in these comes in no other.
 * It is fed between the polls of a busy flag, so each of them is short; longer still than those
 * of the part, which feeds the oftener. */
static void with_the_slowest_flash(void)
{
    rig_poll_most = 5u * SIM_PS_PER_US;
    rig_slowest_flash = true;
}

typedef struct longest {
    rig *r;
    sim_op_kind last;
    sim_ps before, of[SIM_OP_OPTION + 1]; /* by kind */
} longest;

static void note_longest(void *ctx, sim_op_kind kind)
{
    longest *x = ctx;
    sim_ps took = sim_op_time(x->r->m) - x->before;
    x->of[x->last] = took > x->of[x->last] ? took : x->of[x->last];
    x->before += took;
    x->last = kind;
}

/* What the datasheets allow, of a unit (F7: a word) and of the largest page of a slot. */
static void took_as_long_as_allowed(const longest *x)
{
    static const struct {
        sim_ps program_ns, erase_us;
    } most[] = {
        [TB_FAMILY_G4] = {83350, 24470},    [TB_FAMILY_L4] = {90760, 24470},
        [TB_FAMILY_L4PLUS] = {90760, 24470}, [TB_FAMILY_U5] = {236000, 5000},
        [TB_FAMILY_F7] = {100000, 2000000}, [TB_FAMILY_H7] = {200000, 2000000},
    };
    assert_int_equal(x->of[SIM_OP_PROGRAM], most[chip->family].program_ns * 1000u);
    assert_int_equal(x->of[SIM_OP_ERASE_PAGE], most[chip->family].erase_us * SIM_PS_PER_US);
}

static void no_watchdog_comes_while_stage_2_erases(void **state)
{
    (void)state;
    with_the_slowest_flash();
    rig *r = start("factory-no-app.hex");
    longest x = {.r = r};
    sim_set_op_hook(r->m, note_longest, &x);
    pause(r, 100);
    assert_int_equal(tb_client_connect(&r->client), TB_CLIENT_OK);
    sent_without_a_reset(r, "app-1.1.0.twb");
    sent_without_a_reset(r, "stage2-next.twb");
    took_as_long_as_allowed(&x);
    rig_free(r);
}

static void no_watchdog_comes_while_an_application_erases(void **state)
{
    (void)state;
    with_the_slowest_flash();
    rig *r = start("factory.hex");
    assert_true(rig_wait(r, "app 1.0.0 running", SECOND));
    assert_int_equal(tb_client_connect(&r->client), TB_CLIENT_OK);
    sent_without_a_reset(r, "app-1.1.0.twb");
    rig_free(r);
}

/* The same where the host skips to the end of what is polled for: the watchdog comes before that
 * end, and the loop would have fed it. */
static void skipped_polls_starve_no_watchdog(void **state)
{
    (void)state;
    rig_poll_most = 0;
    rig_slowest_flash = true;
    rig *r = start("factory.hex");
    assert_true(rig_wait(r, "app 1.0.0 running", SECOND));
    assert_int_equal(tb_client_connect(&r->client), TB_CLIENT_OK);
    sent_without_a_reset(r, "app-1.1.0.twb");
    rig_free(r);
}

/* Three trials, the swap and the fall back: stage 1 programs, and its watchdog runs. */
static void a_failing_image_falls_back_with_the_slowest_flash(void **state)
{
    (void)state;
    rig_slowest_flash = true;
    rig *r = with("app-crash.twb");
    rig_forget(r);
    assert_int_equal(tb_client_reset(&r->client, TB_CMD_RESET, 0), TB_CLIENT_OK);
    assert_true(rig_wait(r, "app 1.0.0 running", 20u * SECOND));
    rig_free(r);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boots_of_a_confirmed_image_write_nothing),
        cmocka_unit_test(a_device_without_an_image_writes_nothing),
        cmocka_unit_test(a_failing_image_costs_few_units),
        cmocka_unit_test(an_image_that_never_confirms_costs_few_units),
        cmocka_unit_test(a_failing_image_falls_back_with_the_slowest_flash),
        cmocka_unit_test(no_watchdog_comes_while_stage_2_erases),
        cmocka_unit_test(no_watchdog_comes_while_an_application_erases),
        cmocka_unit_test(skipped_polls_starve_no_watchdog),
    };
    chip = tb_chip_find(argc > 1 ? argv[1] : "stm32g474re");
    return chip == NULL ? 2 : cmocka_run_group_tests(tests, NULL, NULL);
}
