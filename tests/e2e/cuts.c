/* Power cuts spread over a whole update of the real firmware: whatever is cut and
 * however, the device comes back with a whole image and takes the update again. A
 * sample; every operation with every outcome is for a longer run. test_e2e_cuts [CHIP] */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/lib/client.h"
#include "tests/e2e/bench.h"

static const char *const first_chip = "stm32g474re";
static const char *chip = "stm32g474re";

static const sim_cut_outcome outcomes[] = { SIM_CUT_OLD, SIM_CUT_NEW, SIM_CUT_MIXED, SIM_CUT_ECC,
                                            SIM_CUT_UNSTABLE };

/* One life: an update with a cut in it, to the end. Returns operations counted. */
static uint64_t life(uint64_t op, sim_cut_when when, sim_cut_outcome outcome, bool cut_it)
{
    board *b = board_new(chip, "factory.hex", (uint32_t)op + 1u);
    tb_link link;
    tb_client client;
    tb_image_file image;
    tb_complaint why;
    tb_sent sent;
    tb_fate fate = TB_FATE_LOST;
    const tb_wait_options wait = { .total_ms = 30000, .confirm_ms = 5000 };

    b->backup_lost = (op & 1u) != 0;
    assert_true(board_wait(b, "1.0.0", SIM_PS_PER_S));
    board_link(b, &link);
    tb_client_init(&client, &link, NULL);
    assert_true(tb_image_load(&image, board_file(b, "app-1.1.0.twb"), &why));
    if (cut_it) {
        sim_cut cut = { .op = op, .when = when, .outcome = outcome };
        sim_schedule_cut(b->machine, &cut);
    }
    for (int round = 0; round < 4 && fate != TB_FATE_CONFIRMED; round++) {
        if (tb_client_connect(&client) != TB_CLIENT_OK)
            fail_msg("op %u, when %d, outcome %d: the device is lost", (unsigned)op, when, outcome);
        if (tb_client_send(&client, &image, &sent) != TB_CLIENT_OK)
            continue;
        (void)tb_client_reset(&client, TB_CMD_RESET, 0);
        (void)tb_client_wait(&client, &image, &sent, &wait, &fate);
    }
    if (fate != TB_FATE_CONFIRMED)
        fail_msg("op %u, when %d, outcome %d: fate %d, %s", (unsigned)op, when, outcome, fate,
                 b->console);
    assert_int_equal(sim_cuts_fired(b->machine), sim_cuts_scheduled(b->machine));
    uint64_t ops = sim_op_count(b->machine, 0);
    uint64_t options = sim_op_count(b->machine, 1u << SIM_OP_OPTION);
    if (board_swaps_by_option(b)) {
        assert_in_range(options, 1, 1u + sim_cuts_fired(b->machine));
    } else {
        assert_int_equal(options, 0);
    }
    tb_image_file_free(&image);
    board_free(b);
    return ops;
}

/* The first and the last operations are where the records are: each of them in every way,
 * then a spread over the data. The sample is smaller on further parts. */
static void an_update_survives_cuts_all_over(void **state)
{
    bool small = strcmp(chip, first_chip) != 0;
    uint64_t edge = small ? 2 : 4, near = small ? 3 : 8, spread = small ? 8 : 24;
    (void)state;
    uint64_t ops = life(0, SIM_CUT_BEFORE, SIM_CUT_OLD, false);
    assert_true(ops > 4u * spread);
    for (uint64_t op = 0; op < ops;
         op += op < near || op + near >= ops ? 1 : (ops - 2 * near) / spread) {
        sim_cut_outcome outcome = outcomes[op % (sizeof outcomes / sizeof outcomes[0])];
        if (op >= edge && op + edge < ops) {
            life(op, SIM_CUT_DURING, outcome, true);
            continue;
        }
        for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
            life(op, SIM_CUT_DURING, outcomes[i], true);
        }
    }
    life(3, SIM_CUT_BEFORE, SIM_CUT_OLD, true);
    life(ops - 2, SIM_CUT_AFTER, SIM_CUT_NEW, true);
}

/* A cut in stage 2's own update may have left the last unit of its head so that stage 1 read it
 * well and stage 2 does not: it must know its product all the same, or it refuses every image
 * until the next reset, of a device that has none. Found by torture:
 * stage2-itself/1/1390.unstable.power. */
static void a_stage2_whose_head_is_unstable_takes_an_update(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 6u; seed++) {
        bench w;
        tb_sent sent;
        bench_take(&w, board_new(chip, "factory-no-app.hex", seed));
        sim_cpu *core = sim_core(w.b->machine);
        const tb_chip *row = w.b->chip;
        while (sim_cpu_reg(core, 15) - row->stage2_run >= row->stage2_bytes) {
            board_run(w.b, 10u * SIM_PS_PER_US);
            assert_true(sim_now(w.b->machine) < SIM_PS_PER_S);
        }
        assert_true(sim_flash_damage(w.b->machine, 0u, row->stage2_offset + TB_HEAD_BYTES - 1u,
                                     SIM_DAMAGE_UNSTABLE));
        assert_int_equal(bench_flash(&w, "app-1.0.0.twb", &sent), TB_FATE_CONFIRMED);
        board_free(w.b);
    }
}

int main(int argc, char **argv)
{
    chip = argc > 1 ? argv[1] : chip;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_update_survives_cuts_all_over),
        cmocka_unit_test(a_stage2_whose_head_is_unstable_takes_an_update),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
