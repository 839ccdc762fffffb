/* The main job, as the README promises it, with the real binaries in virtual time.
 * test_e2e_main_job [CHIP] */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/e2e/bench.h"
#include "twinbank/update.h"

static const char *chip = "stm32g474re";

static void it_boots_from_the_factory(void **state)
{
    (void)state;
    bench w;
    bench_open(&w, chip, "factory.hex");
    assert_true(board_wait(w.b, "1.0.0", SIM_PS_PER_S));
    const tb_status *s = bench_status(&w);
    assert_int_equal(s->running_bank, 0);
    assert_int_equal(s->slot[0].state, TB_SLOT_CONFIRMED);
    assert_int_equal(s->slot[1].state, TB_SLOT_EMPTY);
    assert_int_equal(s->stage2[0].error, TB_OK);
    assert_int_equal(s->stage2[1].error, TB_OK);
    uint64_t before = sim_op_count(w.b->machine, 0);
    sim_pin_reset(w.b->machine);
    board_forget(w.b);
    assert_true(board_wait(w.b, "1.0.0", SIM_PS_PER_S));
    assert_int_equal(sim_op_count(w.b->machine, 0), before); /* an idle boot writes nothing */
    board_free(w.b);
}

static void main_job_on(const char *name)
{
    bench w;
    tb_sent sent;
    bench_open(&w, name, "factory.hex");
    assert_true(board_wait(w.b, "1.0.0", SIM_PS_PER_S));

    /* 1.1.0 goes into the other bank, is tried and confirms itself */
    assert_int_equal(bench_flash(&w, "app-1.1.0.twb", &sent), TB_FATE_CONFIRMED);
    const tb_status *s = bench_status(&w);
    assert_int_equal(s->running_bank, 1);
    assert_int_equal(s->slot[1].confirmed_by, TB_CONFIRMED_BY_APPLICATION);
    assert_int_equal(s->slot[0].state, TB_SLOT_CONFIRMED);

    /* the crashing one is tried three times and rolled back, with the reason */
    assert_int_equal(bench_flash(&w, "app-crash.twb", &sent), TB_FATE_REJECTED);
    s = bench_status(&w);
    assert_int_equal(s->running_bank, 1);
    assert_int_equal(s->slot[0].state, TB_SLOT_REJECTED);
    assert_int_equal(s->slot[0].reason, TB_REASON_FAULT);
    assert_int_equal(s->slot[0].attempts, TB_TRIAL_ATTEMPTS);

    /* the hanging one is caught by the watchdog */
    assert_int_equal(bench_flash(&w, "app-hang.twb", &sent), TB_FATE_REJECTED);
    s = bench_status(&w);
    assert_int_equal(s->slot[0].reason, TB_REASON_WATCHDOG);
    assert_int_equal(s->slot[0].attempts, TB_TRIAL_ATTEMPTS);

    /* and the next good one works, back in bank 1 */
    assert_int_equal(bench_flash(&w, "app-1.2.0.twb", &sent), TB_FATE_CONFIRMED);
    assert_int_equal(bench_status(&w)->running_bank, 0);
    if (!board_swaps_by_option(w.b)) {
        assert_int_equal(sim_op_count(w.b->machine, 1u << SIM_OP_OPTION), 0); /* P6 */
    }
    board_free(w.b);
}

static void the_main_job(void **state)
{
    (void)state;
    main_job_on(chip);
}

static void the_main_job_on_the_trimmed_parts(void **state)
{
    (void)state;
    if (strcmp(chip, "stm32g474re") != 0) {
        skip(); /* once */
    }
    main_job_on("stm32g474rc");
    main_job_on("stm32g474rb");
}

static void power_is_cut_in_mid_update(void **state)
{
    (void)state;
    bench w;
    tb_sent sent;
    tb_image_file image;
    tb_complaint why;
    bench_open(&w, chip, "factory.hex");
    assert_true(board_wait(w.b, "1.0.0", SIM_PS_PER_S));
    assert_int_equal(bench_flash(&w, "app-1.1.0.twb", &sent), TB_FATE_CONFIRMED);
    assert_true(tb_image_load(&image, board_file(w.b, "app-1.2.0.twb"), &why));

    sim_cut cut = { .op = sim_op_count(w.b->machine, 1u << SIM_OP_PROGRAM) +
                          image.bytes / 2u / w.b->chip->unit_bytes,
                    .kind_mask = 1u << SIM_OP_PROGRAM, .when = SIM_CUT_DURING,
                    .outcome = SIM_CUT_ECC };
    sim_schedule_cut(w.b->machine, &cut);
    bench_status(&w);
    board_forget(w.b);
    w.client.plain_only = true; /* all of it, so that the cut is in its midst */
    assert_int_equal(tb_client_send(&w.client, &image, &sent), TB_CLIENT_OK);
    assert_int_equal(sim_cuts_fired(w.b->machine), 1);
    assert_int_equal(w.b->power_cycles, 1);
    assert_true(board_wait(w.b, "1.1.0", SIM_PS_PER_S)); /* it came back in the old image */
    assert_int_equal(bench_flash(&w, "app-1.2.0.twb", &sent), TB_FATE_CONFIRMED);
    assert_true(board_wait(w.b, "1.2.0", SIM_PS_PER_S));
    tb_image_file_free(&image);
    board_free(w.b);
}

/* 1.0 runs, and the tool has its file: little is sent. Then from 1.1 to 1.2, of which the other
 * bank, with 1.0, has pages. */
static void fewer_bytes_do(void **state)
{
    (void)state;
    bench w;
    tb_sent sent;
    tb_image_file source;
    tb_complaint why;
    bench_open(&w, chip, "factory.hex");
    assert_true(board_wait(w.b, "1.0.0", SIM_PS_PER_S));
    assert_true(tb_image_load(&source, board_file(w.b, "app-1.0.0.twb"), &why));
    w.client.sources = &source;
    w.client.source_count = 1;
    assert_int_equal(bench_flash(&w, "app-1.1.0.twb", &sent), TB_FATE_CONFIRMED);
    assert_int_equal(sent.how, TB_SENT_DELTA);
    assert_true(sent.sent_bytes < source.bytes / 20u);
    uint64_t erased = sim_op_count(w.b->machine, 1u << SIM_OP_ERASE_PAGE);
    assert_int_equal(bench_flash(&w, "app-1.2.0.twb", &sent), TB_FATE_CONFIRMED);
    assert_true(board_wait(w.b, "1.2.0", SIM_PS_PER_S));
    if (w.b->chip->pages[0].bytes <= 2048u) { /* else all of it is on pages that change */
        assert_true(sent.kept_bytes > 0);
        assert_true(sim_op_count(w.b->machine, 1u << SIM_OP_ERASE_PAGE) - erased <
                    source.bytes / 2048u);
    }
    tb_image_file_free(&source);
    board_free(w.b);
}

static void never_confirming_is_rolled_back(void **state)
{
    (void)state;
    bench w;
    tb_sent sent;
    bench_open(&w, chip, "factory.hex");
    assert_true(board_wait(w.b, "1.0.0", SIM_PS_PER_S));
    assert_int_equal(bench_flash(&w, "app-never-confirm.twb", &sent), TB_FATE_ON_TRIAL);
    for (unsigned boot = 1; boot < TB_TRIAL_ATTEMPTS; boot++) {
        const tb_status *s = bench_status(&w);
        assert_int_equal(s->running_bank, 1);
        assert_int_equal(s->slot[1].attempts, boot);
        sim_pin_reset(w.b->machine);
        board_run(w.b, 300 * SIM_PS_PER_MS);
    }
    sim_pin_reset(w.b->machine);
    board_forget(w.b);
    assert_true(board_wait(w.b, "1.0.0", SIM_PS_PER_S));
    const tb_status *s = bench_status(&w);
    assert_int_equal(s->slot[1].state, TB_SLOT_REJECTED);
    assert_int_equal(s->slot[1].reason, TB_REASON_NOT_CONFIRMED);
    board_free(w.b);
}

static void a_trial_can_be_confirmed_or_rolled_back_by_wire(void **state)
{
    (void)state;
    bench w;
    tb_sent sent;
    bench_open(&w, chip, "factory.hex");
    assert_true(board_wait(w.b, "1.0.0", SIM_PS_PER_S));
    /* no fallback yet */
    assert_int_equal(tb_client_connect(&w.client), TB_CLIENT_OK);
    assert_int_equal(tb_client_command(&w.client, TB_CMD_ROLLBACK, NULL, 0, 2000),
                     TB_CLIENT_REFUSED);
    assert_int_equal(w.client.device_error, TB_ERR_NO_IMAGE);

    assert_int_equal(bench_flash(&w, "app-never-confirm.twb", &sent), TB_FATE_ON_TRIAL);
    assert_int_equal(tb_client_command(&w.client, TB_CMD_CONFIRM, NULL, 0, 2000), TB_CLIENT_OK);
    assert_int_equal(tb_client_command(&w.client, TB_CMD_CONFIRM, NULL, 0, 2000), TB_CLIENT_OK);
    assert_int_equal(bench_status(&w)->slot[1].confirmed_by, TB_CONFIRMED_BY_WIRE);
    for (int i = 0; i < 5; i++) { /* confirmed is confirmed */
        sim_pin_reset(w.b->machine);
        board_run(w.b, 300 * SIM_PS_PER_MS);
    }
    assert_int_equal(bench_status(&w)->running_bank, 1);

    assert_int_equal(tb_client_command(&w.client, TB_CMD_ROLLBACK, NULL, 0, 2000), TB_CLIENT_OK);
    board_forget(w.b);
    assert_int_equal(tb_client_reset(&w.client, TB_CMD_RESET, 0), TB_CLIENT_OK);
    assert_true(board_wait(w.b, "1.0.0", SIM_PS_PER_S));
    assert_int_equal(bench_status(&w)->slot[1].reason, TB_REASON_REQUESTED);
    board_free(w.b);
}

static void stage2_works_without_an_application(void **state)
{
    (void)state;
    bench w;
    tb_sent sent;
    bench_open(&w, chip, "factory-no-app.hex");
    const tb_status *s = bench_status(&w);
    assert_int_equal(w.client.hello.role, TB_ROLE_STAGE2);
    assert_int_equal(s->preferred, 0xFF);
    assert_int_equal(bench_flash(&w, "app-1.0.0.twb", &sent), TB_FATE_CONFIRMED);
    assert_int_equal(w.client.hello.role, TB_ROLE_APPLICATION);
    board_free(w.b);
}

static void stage2_is_reached_by_request_and_by_the_line(void **state)
{
    (void)state;
    bench w;
    bench_open(&w, chip, "factory.hex");
    assert_true(board_wait(w.b, "1.0.0", SIM_PS_PER_S));
    assert_int_equal(tb_client_connect(&w.client), TB_CLIENT_OK);
    assert_int_equal(tb_client_reset(&w.client, TB_CMD_RESET, 1), TB_CLIENT_OK);
    board_run(w.b, 100 * SIM_PS_PER_MS);
    assert_int_equal(bench_status(&w)->why, TB_WHY_REQUESTED);
    assert_int_equal(w.client.hello.role, TB_ROLE_STAGE2);
    /* once only: the next boot is the application's */
    board_forget(w.b);
    assert_int_equal(tb_client_reset(&w.client, TB_CMD_BOOT, 0), TB_CLIENT_OK);
    assert_true(board_wait(w.b, "1.0.0", SIM_PS_PER_S));

    sim_pin_drive(w.b->machine, w.b->chip->board.port, w.b->chip->board.rx_pin, 0);
    sim_pin_reset(w.b->machine);
    board_run(w.b, 100 * SIM_PS_PER_MS);
    sim_pin_drive(w.b->machine, w.b->chip->board.port, w.b->chip->board.rx_pin, -1);
    board_run(w.b, 100 * SIM_PS_PER_MS);
    bench_status(&w);
    assert_int_equal(w.client.hello.role, TB_ROLE_STAGE2);
    board_free(w.b);
}

static void stage2_updates_its_other_copy(void **state)
{
    (void)state;
    bench w;
    tb_sent sent;
    bench_open(&w, chip, "factory.hex");
    assert_true(board_wait(w.b, "1.0.0", SIM_PS_PER_S));
    assert_int_equal(tb_client_connect(&w.client), TB_CLIENT_OK);
    assert_int_equal(tb_client_reset(&w.client, TB_CMD_RESET, 1), TB_CLIENT_OK);
    board_run(w.b, 100 * SIM_PS_PER_MS);
    const tb_status *s = bench_status(&w);
    uint8_t old_bank = s->stage2_bank;
    uint32_t old_version = s->stage2[old_bank].version;
    assert_int_equal(bench_flash(&w, "stage2-next.twb", &sent), TB_FATE_CONFIRMED);
    s = bench_status(&w);
    assert_int_equal(s->stage2[old_bank].version, old_version);
    assert_true(s->stage2[1 - old_bank].version > old_version);
    assert_int_equal(s->stage2[1 - old_bank].error, TB_OK);
    /* and the newer one is used from now on */
    assert_int_equal(tb_client_reset(&w.client, TB_CMD_RESET, 1), TB_CLIENT_OK);
    board_run(w.b, 100 * SIM_PS_PER_MS);
    assert_int_equal(bench_status(&w)->stage2_bank, 1 - old_bank);
    board_free(w.b);
}

int main(int argc, char **argv)
{
    chip = argc > 1 ? argv[1] : chip;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_boots_from_the_factory),
        cmocka_unit_test(the_main_job),
        cmocka_unit_test(the_main_job_on_the_trimmed_parts),
        cmocka_unit_test(power_is_cut_in_mid_update),
        cmocka_unit_test(fewer_bytes_do),
        cmocka_unit_test(never_confirming_is_rolled_back),
        cmocka_unit_test(a_trial_can_be_confirmed_or_rolled_back_by_wire),
        cmocka_unit_test(stage2_works_without_an_application),
        cmocka_unit_test(stage2_is_reached_by_request_and_by_the_line),
        cmocka_unit_test(stage2_updates_its_other_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
