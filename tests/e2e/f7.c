/* What no source says for sure about the STM32F767 (docs/families/f7.md), either way: whether
 * SWP_FB exchanges the banks at all, and what SNB counts while they are exchanged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/lib/objfile.h"
#include "tests/e2e/bench.h"
#include "twinbank/update.h"

#define PART "stm32f767zi"
#define SECTOR_2_TO_3 0xC000u /* the sector that the driver tries SNB on begins here */

static void open_bench(bench *w, const char *hex, unsigned readings)
{
    const sim_options options = {.seed = 1u, .readings = readings, .skip_polls = true};
    bench_take(w, board_new_with(PART, hex, &options));
}

static tb_client_result send_image(bench *w, const char *name, tb_sent *sent, tb_fate *fate)
{
    const tb_wait_options wait = {.total_ms = 3000, .confirm_ms = 2000};
    tb_image_file image;
    tb_complaint why;
    tb_client_result result;

    assert_true(tb_image_load(&image, board_file(w->b, name), &why));
    (void)bench_status(w);
    result = tb_client_send(&w->client, &image, sent);
    if (result == TB_CLIENT_OK && fate != NULL) {
        assert_int_equal(tb_client_reset(&w->client, TB_CMD_RESET, 0), TB_CLIENT_OK);
        assert_int_equal(tb_client_wait(&w->client, &image, sent, &wait, fate), TB_CLIENT_OK);
    }
    tb_image_file_free(&image);
    return result;
}

static tb_fate flash(bench *w, const char *name)
{
    tb_sent sent;
    tb_fate fate = TB_FATE_LOST;
    assert_int_equal(send_image(w, name, &sent, &fate), TB_CLIENT_OK);
    return fate;
}

static uint8_t *copy_of(bench *w, unsigned bank, uint32_t bytes)
{
    uint8_t *copy = malloc(bytes);
    assert_non_null(copy);
    memcpy(copy, sim_flash_bank(w->b->machine, bank), bytes);
    return copy;
}

/* ---- what SNB counts ---- */

static const unsigned snb_readings[] = {0u, SIM_READING_F7_SNB_BY_PLACE};

/* The second update erases while the banks are swapped: bank 1, and nothing of bank 2. */
static void updates_work_whatever_snb_counts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2u; i++) {
        bench w;
        open_bench(&w, "factory.hex", snb_readings[i]);
        uint32_t slot = w.b->chip->slot_offset, bytes = w.b->chip->bank_bytes;
        assert_int_equal(flash(&w, "app-1.1.0.twb"), TB_FATE_CONFIRMED);
        uint8_t *stages = copy_of(&w, 0u, SECTOR_2_TO_3), *runs = copy_of(&w, 1u, bytes);
        assert_int_equal(flash(&w, "app-1.2.0.twb"), TB_FATE_CONFIRMED);
        assert_int_equal(bench_status(&w)->running_bank, 0);
        assert_memory_equal(stages, sim_flash_bank(w.b->machine, 0u), SECTOR_2_TO_3);
        assert_memory_equal(runs, sim_flash_bank(w.b->machine, 1u), SECTOR_2_TO_3);
        assert_memory_equal(runs + slot, sim_flash_bank(w.b->machine, 1u) + slot, bytes - slot);
        assert_int_equal(flash(&w, "app-crash.twb"), TB_FATE_REJECTED); /* and back again */
        assert_int_equal(bench_status(&w)->running_bank, 0);
        assert_int_equal(sim_op_count(w.b->machine, 1u << SIM_OP_OPTION), 0); /* P6 */
        free(stages);
        free(runs);
        board_free(w.b);
    }
}

/* Operations of the trial: four words to mark either sector, one erase. */
#define TRIAL_PROGRAMS 8u

static void cut_in_the_trial(const char *saved, unsigned reading, uint64_t op, sim_op_kind kind,
                             sim_cut_outcome outcome)
{
    bench w;
    tb_sent sent;
    open_bench(&w, "factory.hex", reading);
    assert_null(sim_restore(w.b->machine, saved));
    sim_power_on(w.b->machine, true);
    assert_int_equal(bench_status(&w)->running_bank, 1);
    const sim_cut cut = {.op = sim_op_count(w.b->machine, 1u << kind) + op,
                         .kind_mask = 1u << kind, .when = SIM_CUT_DURING,
                         .outcome = outcome};
    sim_schedule_cut(w.b->machine, &cut);
    (void)send_image(&w, "app-1.2.0.twb", &sent, NULL);
    assert_int_equal(sim_cuts_fired(w.b->machine), 1u);
    assert_int_equal(bench_status(&w)->running_bank, 1); /* nothing was lost */
    assert_int_equal(w.client.status.slot[1].payload_error, TB_OK);
    assert_int_equal(w.client.status.stage2[0].error, TB_OK);
    assert_int_equal(w.client.status.stage2[1].error, TB_OK);
    assert_int_equal(flash(&w, "app-1.2.0.twb"), TB_FATE_CONFIRMED);
    board_free(w.b);
}

static void a_cut_in_the_trial_of_snb_costs_nothing(void **state)
{
    static const sim_cut_outcome outcomes[] = {SIM_CUT_MIXED, SIM_CUT_UNSTABLE};
    char saved[64];
    (void)state;
    for (unsigned i = 0; i < 2u; i++) {
        bench w;
        (void)snprintf(saved, sizeof saved, "build/host/f7-swapped-%u.state", i);
        open_bench(&w, "factory.hex", snb_readings[i]);
        assert_int_equal(flash(&w, "app-1.1.0.twb"), TB_FATE_CONFIRMED);
        assert_null(sim_save(w.b->machine, saved));
        board_free(w.b);
        for (unsigned k = 0; k < sizeof outcomes / sizeof outcomes[0]; k++) {
            cut_in_the_trial(saved, snb_readings[i], (3u * k + i) % TRIAL_PROGRAMS, SIM_OP_PROGRAM,
                             outcomes[k]);
            cut_in_the_trial(saved, snb_readings[i], 0u, SIM_OP_ERASE_PAGE, outcomes[k]);
        }
        (void)remove(saved);
    }
}

/* ---- SWP_FB that exchanges nothing ---- */

static void runs_from_bank_1(bench *w, uint32_t version)
{
    const tb_status *s = bench_status(w);
    assert_int_equal(w->client.hello.role, TB_ROLE_APPLICATION);
    assert_int_equal(s->running_bank, 0);
    assert_int_equal(s->slot[0].version, version);
}

/* The new image is there, whole, and not held to be bad; the old one runs, however often the
 * part is started, and says why. */
static void without_the_swap_the_old_image_stays_and_says_why(void **state)
{
    bench w;
    (void)state;
    open_bench(&w, "factory.hex", SIM_READING_F7_SWP_FB_DEAD);
    assert_true(board_wait(w.b, "1.0.0 running from bank 1", SIM_PS_PER_S));
    for (unsigned i = 0; i < 2u; i++) { /* and the next update is no worse off */
        assert_int_equal(flash(&w, i == 0u ? "app-1.1.0.twb" : "app-1.2.0.twb"),
                         TB_FATE_NOT_RUNNING);
        for (unsigned boot = 0; boot < 4u; boot++) {
            const tb_status *s = bench_status(&w);
            runs_from_bank_1(&w, TB_VERSION(1, 0, 0));
            assert_int_equal(s->why, TB_WHY_OTHER_INVALID);
            assert_true(tb_swap_refused(&w.client.hello, s)); /* what the tool tells */
            assert_int_equal(s->slot[1].state, TB_SLOT_TRIAL);
            assert_int_equal(s->slot[1].attempts, 0);
            assert_int_equal(s->slot[1].payload_error, TB_OK);
            board_forget(w.b);
            if (boot % 2u == 0u) {
                sim_pin_reset(w.b->machine);
            } else {
                sim_power_on(w.b->machine, true);
            }
            assert_true(board_wait(w.b, "1.0.0 running from bank 1 (confirmed)", SIM_PS_PER_S));
        }
    }
    board_free(w.b);
}

/* The only good image lies in the bank that cannot be mapped: stage 2 answers, and what it is
 * sent goes into the other bank, and runs. */
static void without_the_swap_and_the_old_image_stage_2_answers(void **state)
{
    bench w;
    (void)state;
    open_bench(&w, "factory.hex", SIM_READING_F7_SWP_FB_DEAD);
    assert_int_equal(flash(&w, "app-1.1.0.twb"), TB_FATE_NOT_RUNNING);
    assert_true(sim_flash_damage(w.b->machine, 0u, w.b->chip->slot_offset, SIM_DAMAGE_SILENT));
    for (unsigned boot = 0; boot < 2u; boot++) {
        sim_power_on(w.b->machine, boot != 0u);
        board_run(w.b, 300u * SIM_PS_PER_MS);
        (void)bench_status(&w);
        assert_int_equal(w.client.hello.role, TB_ROLE_STAGE2);
    }
    assert_int_equal(flash(&w, "app-1.2.0.twb"), TB_FATE_CONFIRMED);
    runs_from_bank_1(&w, TB_VERSION(1, 2, 0));
    board_free(w.b);
}

/* ---- nDBANK ---- */

static tb_error ask_mode(bench *w, tb_mode wanted, bool consent)
{
    const uint8_t payload[5] = {(uint8_t)wanted, 'E', 'R', 'A', 'S'};
    tb_client_result result =
        tb_client_command(&w->client, TB_CMD_MODE, payload, consent ? 5 : 1, 40000);
    return result == TB_CLIENT_REFUSED ? w->client.device_error
                                       : (tb_error)(result == TB_CLIENT_OK ? TB_OK : 0xFF);
}

/* As a programmer would, by address, in whichever mode the part is. */
static void program_again(bench *w)
{
    tb_objfile file;
    assert_true(tb_objfile_read(&file, board_file(w->b, "factory.hex"), TB_NO_ADDRESS));
    for (size_t i = 0; i < file.count; i++) {
        assert_true(sim_flash_load(w->b->machine, file.segments[i].address, file.segments[i].data,
                                   file.segments[i].bytes));
    }
    tb_objfile_free(&file);
    board_forget(w->b);
    sim_power_on(w->b->machine, true);
}

/* The reply is out, the reset comes, and nothing is there that could be started. */
static void locks_up(bench *w)
{
    sim_machine *m = w->b->machine;
    assert_int_equal(sim_run(m, sim_now(m) + 200u * SIM_PS_PER_MS), SIM_END_STOP);
    assert_non_null(strstr(sim_end_text(m), "lockup"));
    sim_power_on(m, true);
}

/* Parts are delivered with one bank. */
static void one_bank_is_told_and_switched_by_consent(void **state)
{
    bench w;
    (void)state;
    open_bench(&w, "factory.hex", 0u);
    assert_true(board_wait(w.b, "1.0.0 running from bank 1", SIM_PS_PER_S));
    (void)bench_status(&w);
    assert_int_equal(ask_mode(&w, TB_MODE_SINGLE, true), TB_ERR_NOT_HERE); /* an application */
    assert_int_equal(tb_client_reset(&w.client, TB_CMD_RESET, 1), TB_CLIENT_OK);
    board_run(w.b, 200u * SIM_PS_PER_MS);
    (void)bench_status(&w);
    assert_int_equal(ask_mode(&w, TB_MODE_DUAL, true), TB_OK); /* so it is already */
    assert_int_equal(ask_mode(&w, TB_MODE_SINGLE, false), TB_ERR_CONTENTS);
    assert_int_equal(sim_op_count(w.b->machine, 1u << SIM_OP_OPTION), 0);
    assert_int_equal(ask_mode(&w, TB_MODE_SINGLE, true), TB_OK);
    locks_up(&w);

    program_again(&w); /* by somebody who forgot the option */
    board_run(w.b, 300u * SIM_PS_PER_MS);
    assert_int_equal(tb_client_connect(&w.client), TB_CLIENT_OK);
    assert_int_equal(w.client.hello.role, TB_ROLE_STAGE2);
    assert_int_equal(w.client.hello.capabilities & TB_CAP_SINGLE_BANK, TB_CAP_SINGLE_BANK);
    assert_int_equal(tb_client_status(&w.client), TB_CLIENT_REFUSED);
    assert_int_equal(w.client.device_error, TB_ERR_SINGLE_BANK);
    assert_int_equal(ask_mode(&w, TB_MODE_DUAL, false), TB_ERR_CONTENTS);
    assert_int_equal(ask_mode(&w, TB_MODE_DUAL, true), TB_OK);
    locks_up(&w);

    program_again(&w);
    assert_true(board_wait(w.b, "1.0.0 running from bank 1", SIM_PS_PER_S));
    assert_int_equal(flash(&w, "app-1.1.0.twb"), TB_FATE_CONFIRMED);
    board_free(w.b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(updates_work_whatever_snb_counts),
        cmocka_unit_test(a_cut_in_the_trial_of_snb_costs_nothing),
        cmocka_unit_test(without_the_swap_the_old_image_stays_and_says_why),
        cmocka_unit_test(without_the_swap_and_the_old_image_stage_2_answers),
        cmocka_unit_test(one_bank_is_told_and_switched_by_consent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
