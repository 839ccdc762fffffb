/* Standby, and a stage 1 that skips the payload's check at a wake where its token says that
 * this image has been checked since power-on (docs/boot.md).
 * test_e2e_standby [CHIP] */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/e2e/bench.h"
#include "twinbank/boot.h"
#include "twinbank/image.h"

#define MS(n) ((n)*SIM_PS_PER_MS)
#define LIMIT MS(3) /* stage 1 with a small application takes 0.6 at most */

static const char *chip = "stm32g474re";

/* With that stage 1 and that application; app NULL: none. */
static void program(bench *w, const char *stage1, const char *app)
{
    char first[256], second[256];

    snprintf(first, sizeof first, "%s", board_file(w->b, stage1));
    if (app != NULL) {
        snprintf(second, sizeof second, "%s", board_file(w->b, app));
    }
    board_program(w->b, first, app != NULL ? second : NULL);
    sim_power_on(w->b->machine, true);
}

static void open_with(bench *w, const char *stage1, const char *app)
{
    bench_open(w, chip, "factory-no-app.hex");
    program(w, stage1, app);
}

static void wait_asleep(bench *w)
{
    assert_true(board_wait(w->b, "to Standby", MS(500)));
    board_run(w->b, MS(5));
    assert_true(sim_in_standby(w->b->machine));
}

/* Cycles from the wake to the application; 0: it is not started. */
static uint64_t wake(bench *w)
{
    unsigned resets = sim_resets(w->b->machine);
    uint64_t cycles;

    assert_true(sim_in_standby(w->b->machine));
    sim_pin_drive(w->b->machine, 0, 0, 1);
    cycles = board_to_slot(w->b, LIMIT);
    assert_int_equal(sim_resets(w->b->machine), resets + 1u);
    sim_pin_drive(w->b->machine, 0, 0, 0);
    return cycles;
}

static uint32_t payload_words(const bench *w)
{
    tb_image_head head;

    assert_true(sim_peek(w->b->machine, TB_FLASH_BASE + w->b->chip->slot_offset, &head,
                         sizeof head));
    return head.size / 4u;
}

/* A byte of the payload that has nothing to do with how the application starts. */
static void decay(bench *w, unsigned bank)
{
    assert_true(sim_flash_damage(w->b->machine, bank,
                                 w->b->chip->slot_offset + TB_HEADER_BYTES + 1024u,
                                 SIM_DAMAGE_SILENT));
}

/* The register of the token: the one before the word that the control's key is in. */
static uint32_t *token(bench *w)
{
    size_t count;
    uint32_t *words = sim_backup_words(w->b->machine, &count);

    for (size_t i = 1; i < count; i++) {
        if ((words[i] & 0xFFFF0000u) == TB_CONTROL_KEY) {
            return &words[i] + TB_BACKUP_TOKEN;
        }
    }
    fail_msg("there is no control word in the backup registers");
    return NULL;
}

/* Stage 2 runs, and leaves no token behind. */
static void assert_stage2(bench *w)
{
    assert_int_not_equal(bench_status(w)->stage2_bank, 0xFF);
    assert_int_equal(*token(w), TB_TOKEN_NONE);
}

static void without_the_choice_a_wake_checks_everything(void **state)
{
    bench w;

    (void)state;
    open_with(&w, "stage1.elf", "app-standby.twb");
    wait_asleep(&w);
    for (unsigned i = 0; i < 2u; i++) {
        assert_true(wake(&w) > payload_words(&w) * 3u);
        assert_true(board_wait(w.b, "reset: wake-up from Standby", MS(100)));
        wait_asleep(&w);
        assert_int_equal(*token(&w), 0);
    }
    decay(&w, 0);
    assert_int_equal(wake(&w), 0);
    assert_stage2(&w);
    board_free(w.b);
}

static void chosen_a_wake_skips_the_loop_and_nothing_else_does(void **state)
{
    uint64_t plain, quick, full;
    uint32_t before = 0x12345678u, after, scratch;
    bench w;

    (void)state;
    open_with(&w, "stage1.elf", "app-standby.twb");
    wait_asleep(&w);
    plain = wake(&w);
    board_free(w.b);

    open_with(&w, "stage1-token.elf", "app-standby.twb");
    scratch = w.b->chip->sram.base + w.b->chip->sram.bytes / 2u; /* nobody's */
    wait_asleep(&w);
    assert_int_equal(sim_core_write(w.b->machine, scratch, 4, before), SIM_ACCESS_OK);
    for (unsigned i = 0; i < 2u; i++) { /* what was checked once is checked until power-on */
        quick = wake(&w);
        assert_true(quick != 0u && quick + payload_words(&w) * 3u < plain);
        assert_true(board_wait(w.b, "reset: wake-up from Standby", MS(100)));
        wait_asleep(&w);
    }
    assert_true(sim_peek(w.b->machine, scratch, &after, sizeof after));
    assert_int_not_equal(after, before); /* SRAM has been without power */

    /* The risk that goes with it: what decays asleep is started. SBF stands all the while. */
    decay(&w, 0);
    assert_int_not_equal(wake(&w), 0);
    sim_pin_reset(w.b->machine);
    assert_int_equal(board_to_slot(w.b, LIMIT), 0);
    assert_stage2(&w);
    board_free(w.b);

    /* A reset out of Standby by pin is no wake. */
    open_with(&w, "stage1-token.elf", "app-standby.twb");
    wait_asleep(&w);
    sim_pin_reset(w.b->machine);
    full = board_to_slot(w.b, LIMIT);
    assert_true(full > quick + payload_words(&w) * 3u);
    wait_asleep(&w);
    decay(&w, 0);
    sim_pin_reset(w.b->machine);
    assert_int_equal(board_to_slot(w.b, LIMIT), 0);
    assert_stage2(&w);
    board_free(w.b);
}

static void power_on_checks_with_the_battery_and_without(void **state)
{
    (void)state;
    for (unsigned lost = 0; lost < 2u; lost++) {
        bench w;

        open_with(&w, "stage1-token.elf", "app-standby.twb");
        wait_asleep(&w);
        assert_int_not_equal(*token(&w), TB_TOKEN_NONE);
        decay(&w, 0);
        sim_power_on(w.b->machine, lost != 0u);
        assert_int_equal(board_to_slot(w.b, LIMIT), 0);
        assert_stage2(&w);
        board_free(w.b);
    }
}

static void a_token_that_is_not_this_images_counts_for_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3u; i++) {
        char stage1[256], other[256];
        bench w;

        open_with(&w, "stage1-token.elf", "app-standby.twb");
        wait_asleep(&w);
        if (i == 0u) { /* the backup domain was reset, and SBF was not */
            *token(&w) = TB_TOKEN_NONE;
        } else if (i == 1u) {
            *token(&w) ^= 1u;
        } else { /* another image in its place */
            snprintf(stage1, sizeof stage1, "%s", board_file(w.b, "stage1-token.elf"));
            snprintf(other, sizeof other, "%s", board_file(w.b, "app-standby-trial.twb"));
            board_program(w.b, stage1, other);
        }
        decay(&w, 0);
        assert_int_equal(wake(&w), 0);
        assert_stage2(&w);
        board_free(w.b);
    }
}

/* Sent to a board without an application, it lies in bank 1. */
static void an_image_on_trial_is_checked_at_every_wake(void **state)
{
    tb_sent sent;
    bench w;

    (void)state;
    open_with(&w, "stage1-token.elf", NULL);
    bench_send(&w, "app-standby-trial.twb", &sent);
    assert_int_equal(tb_client_reset(&w.client, TB_CMD_RESET, 0), TB_CLIENT_OK);
    wait_asleep(&w);
    assert_int_equal(*token(&w), TB_TOKEN_NONE);
    assert_true(wake(&w) > payload_words(&w) * 3u);
    wait_asleep(&w);
    assert_int_equal(*token(&w), TB_TOKEN_NONE);
    decay(&w, 0);
    assert_int_equal(wake(&w), 0);
    assert_stage2(&w);
    board_free(w.b);
}

/* Where a part sets reset flags at a wake, as one may read some of the manuals, nothing is gained
 * and nothing is lost. */
static void a_wake_with_reset_flags_is_a_full_check(void **state)
{
    const sim_options options = {.seed = 1, .readings = SIM_READING_WAKE_FLAGS};
    bench w;

    (void)state;
    bench_take(&w, board_new_with(chip, "factory-no-app.hex", &options));
    program(&w, "stage1-token.elf", "app-standby.twb");
    wait_asleep(&w);
    assert_true(wake(&w) > payload_words(&w) * 3u);
    wait_asleep(&w);
    decay(&w, 0);
    assert_int_equal(wake(&w), 0);
    assert_stage2(&w);
    board_free(w.b);
}

/* From the wire into the other bank; the first wake after its trial is a full check. */
static void the_token_is_of_the_bank_that_runs(void **state)
{
    uint64_t full, quick;
    tb_sent sent;
    bench w;

    (void)state;
    open_with(&w, "stage1-token.elf", "app-1.0.0.twb");
    assert_true(board_wait(w.b, "1.0.0 running from bank 1", SIM_PS_PER_S));
    bench_send(&w, "app-standby.twb", &sent);
    assert_int_equal(tb_client_reset(&w.client, TB_CMD_RESET, 0), TB_CLIENT_OK);
    assert_true(board_wait(w.b, "2.0.0 running from bank 2 (trial)", SIM_PS_PER_S));
    wait_asleep(&w);
    full = wake(&w);
    wait_asleep(&w);
    quick = wake(&w);
    assert_true(quick != 0u && quick + payload_words(&w) * 3u < full);
    assert_true(board_wait(w.b, "2.0.0 running from bank 2 (confirmed)", MS(100)));
    wait_asleep(&w);
    decay(&w, 0); /* the other one: it is not looked at */
    assert_int_not_equal(wake(&w), 0);
    wait_asleep(&w);
    sim_pin_reset(w.b->machine);
    assert_int_not_equal(board_to_slot(w.b, LIMIT), 0);
    board_free(w.b);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_choice_a_wake_checks_everything),
        cmocka_unit_test(chosen_a_wake_skips_the_loop_and_nothing_else_does),
        cmocka_unit_test(power_on_checks_with_the_battery_and_without),
        cmocka_unit_test(a_token_that_is_not_this_images_counts_for_nothing),
        cmocka_unit_test(an_image_on_trial_is_checked_at_every_wake),
        cmocka_unit_test(a_wake_with_reset_flags_is_a_full_check),
        cmocka_unit_test(the_token_is_of_the_bank_that_runs),
    };

    chip = argc > 1 ? argv[1] : chip;
    return cmocka_run_group_tests_name(chip, tests, NULL, NULL);
}
