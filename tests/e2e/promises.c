/* What is promised of option bytes (docs/design.md, P5 and P6): an idle device writes nothing
 * at all; updates and rollbacks write no option byte where the swap needs none, and else one
 * for each change of bank; nor does it matter that the ROM chooses the bank (BFB2).
 * test_e2e_promises [CHIP] */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/e2e/bench.h"
#include "tests/sim/rig.h"

#define MS(n) ((n)*SIM_PS_PER_MS)
#define FACTORY_OPTR 0xFFEFF8AAu /* of G4, L4 and L4+ */
#define OPTR_BFB2 (1u << 20)
/* To 1.1.0; to the one that crashes and back; to 1.2.0; and back to 1.1.0 by request. */
#define CHANGES_OF_BANK 5u

static const char *chip = "stm32g474re";

static void open_bench(bench *w)
{
    bench_open(w, chip, "factory.hex");
    assert_true(board_wait(w->b, "1.0.0 running from bank 1", SIM_PS_PER_S));
}

static uint64_t option_writes(const bench *w)
{
    return sim_op_count(w->b->machine, 1u << SIM_OP_OPTION);
}

static void command(bench *w, tb_command which, uint8_t mode)
{
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(tb_client_reset(&w->client, which, mode), TB_CLIENT_OK);
}

static void flash(bench *w, const char *name, tb_fate expected)
{
    tb_sent sent;

    assert_int_equal(bench_flash(w, name, &sent), expected);
}

static void an_idle_device_writes_nothing(void **state)
{
    bench w;

    (void)state;
    open_bench(&w);
    for (unsigned i = 0; i < 2u; i++) {
        sim_power_on(w.b->machine, i == 0u);
        board_forget(w.b);
        assert_true(board_wait(w.b, "1.0.0 running", SIM_PS_PER_S));
        sim_pin_reset(w.b->machine);
        assert_true(board_wait(w.b, "1.0.0 running", SIM_PS_PER_S));
        command(&w, TB_CMD_RESET, 0);
        assert_true(board_wait(w.b, "1.0.0 running", SIM_PS_PER_S));
        command(&w, TB_CMD_RESET, 1);
        board_run(w.b, MS(2000)); /* stage 2, for as long as it takes to call itself well */
        board_forget(w.b);
        command(&w, TB_CMD_BOOT, 0);
        assert_true(board_wait(w.b, "1.0.0 running", SIM_PS_PER_S));
    }
    assert_int_equal(sim_op_count(w.b->machine, 0), 0);
    board_free(w.b);
}

static void update_and_roll_back(bench *w)
{
    uint64_t before = option_writes(w);

    flash(w, "app-1.1.0.twb", TB_FATE_CONFIRMED);
    flash(w, "app-crash.twb", TB_FATE_REJECTED);
    flash(w, "app-1.2.0.twb", TB_FATE_CONFIRMED);
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(tb_client_command(&w->client, TB_CMD_ROLLBACK, NULL, 0, 2000), TB_CLIENT_OK);
    board_forget(w->b);
    command(w, TB_CMD_RESET, 0);
    assert_true(board_wait(w->b, "1.1.0 running from bank 2", SIM_PS_PER_S));
    command(w, TB_CMD_RESET, 1);
    board_run(w->b, MS(200));
    flash(w, "stage2-next.twb", TB_FATE_CONFIRMED);
    assert_int_equal(option_writes(w) - before,
                     board_swaps_by_option(w->b) ? CHANGES_OF_BANK : 0u);
}

static void options_are_written_for_the_swap_or_not_at_all(void **state)
{
    bench w;

    (void)state;
    open_bench(&w);
    update_and_roll_back(&w);
    board_free(w.b);
}

/* As a programmer would set it. The ROM then prefers bank 2, whatever is in it. */
static void the_same_with_the_rom_choosing(void **state)
{
    bench w;

    (void)state;
    if (tb_chip_find(chip)->family > TB_FAMILY_L4PLUS) {
        skip();
    }
    open_bench(&w);
    sim_machine *m = w.b->machine;
    rig_option(m, FLASH_OPTR, FACTORY_OPTR | OPTR_BFB2);
    board_forget(w.b);
    assert_true(board_wait(w.b, "1.0.0 running from bank 1", SIM_PS_PER_S));
    update_and_roll_back(&w);
    assert_int_equal(sim_flash_optr(m), FACTORY_OPTR | OPTR_BFB2);
    board_free(w.b);
}

int main(int argc, char **argv)
{
    chip = argc > 1 ? argv[1] : chip;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_device_writes_nothing),
        cmocka_unit_test(options_are_written_for_the_swap_or_not_at_all),
        cmocka_unit_test(the_same_with_the_rom_choosing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
