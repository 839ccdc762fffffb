/* Stage 1 and stage 2 where things go wrong: images that relapse, copies of stage 2 that
 * crash or hang, a stage 1 that is damaged; and what an application finds.
 * test_firmware_boot [CHIP] */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/e2e/bench.h"
#include "tests/sim/rig.h"
#include "twinbank/update.h"

#define FACTORY_OPTR 0xFFEFF8AAu
#define OPTR_BFB2 (1u << 20)
#define MS(n) ((n)*SIM_PS_PER_MS)

static const char *chip = "stm32g474re";

static void send_image(bench *w, const char *name)
{
    tb_sent sent;

    bench_send(w, name, &sent);
}

static void reset(bench *w, bool into_stage2)
{
    assert_int_equal(tb_client_reset(&w->client, TB_CMD_RESET, into_stage2 ? 1 : 0), TB_CLIENT_OK);
}

static void a_confirmed_image_that_stops_coming_up_is_rolled_back(void **state)
{
    bench w;

    (void)state;
    bench_open(&w, chip, "factory.hex");
    assert_true(board_wait(w.b, "app 1.0.0 running", MS(100)));
    send_image(&w, "app-relapse.twb");
    reset(&w, false);
    assert_true(board_wait(w.b, "app 1.7.0 confirmed", MS(1000)));
    sim_pin_reset(w.b->machine);
    for (unsigned i = 0; i < TB_BOOT_FAILURES; i++) {
        assert_true(board_wait(w.b, "app 1.7.0 running", MS(100)));
    }
    assert_true(board_wait(w.b, "app 1.0.0 running from bank 1", MS(100)));
    assert_true(board_wait(w.b, "rolled back from 1.7.0: stopped coming up", MS(100)));
    const tb_status *s = bench_status(&w);
    assert_int_equal(s->slot[1].state, TB_SLOT_REJECTED);
    assert_int_equal(s->slot[1].reason, TB_REASON_BOOT_COUNTER);
    board_free(w.b);
}

/* Healthy resets of every kind, any number of them, never add up to a rollback. */
static void resets_in_good_health_are_not_counted(void **state)
{
    bench w;

    (void)state;
    bench_open(&w, chip, "factory.hex");
    assert_true(board_wait(w.b, "app 1.0.0 running", MS(100)));
    send_image(&w, "app-1.1.0.twb");
    reset(&w, false);
    assert_true(board_wait(w.b, "app 1.1.0 confirmed", MS(1000)));
    for (unsigned i = 0; i < 3u * TB_BOOT_FAILURES; i++) {
        if (i % 3u == 0u) {
            sim_pin_reset(w.b->machine);
        } else if (i % 3u == 1u) {
            sim_power_on(w.b->machine, false);
        } else {
            bench_status(&w);
            reset(&w, false);
        }
        assert_true(board_wait(w.b, "app 1.1.0 running from bank 2 (confirmed)", MS(100)));
    }
    board_free(w.b);
}

static void bad_stage2_gives_way_to_the_other_copy(const char *name, sim_ps within)
{
    bench w;
    const tb_status *s;
    unsigned old_bank;

    bench_open(&w, chip, "factory.hex");
    assert_true(board_wait(w.b, "app 1.0.0 running", MS(100)));
    bench_status(&w);
    reset(&w, true);
    board_run(w.b, MS(50));
    old_bank = bench_status(&w)->stage2_bank;
    send_image(&w, name);
    reset(&w, true);
    board_run(w.b, within);
    s = bench_status(&w);
    assert_int_equal(s->stage2_bank, old_bank);
    assert_int_equal(s->stage2[1u - old_bank].error, TB_OK);
    /* and it stays: it has said that it is well */
    board_run(w.b, MS(20000));
    assert_int_equal(bench_status(&w)->stage2_bank, old_bank);
    reset(&w, false);
    assert_true(board_wait(w.b, "app 1.0.0 running", MS(100)));
    board_free(w.b);
}

static void a_stage2_that_crashes_gives_way(void **state)
{
    (void)state;
    bad_stage2_gives_way_to_the_other_copy("stage2-crash.twb", MS(100));
}

static void a_stage2_that_hangs_gives_way(void **state)
{
    (void)state;
    bad_stage2_gives_way_to_the_other_copy("stage2-hang.twb", MS(10000));
}

static void rot(sim_machine *m, unsigned bank, uint32_t offset)
{
    static const uint8_t zeros[64];
    memcpy(sim_flash_bank(m, bank) + offset, zeros, sizeof zeros);
}

static void an_image_that_rots_is_not_started(void **state)
{
    bench w;
    const tb_chip *c = tb_chip_find(chip);

    (void)state;
    bench_open(&w, chip, "factory.hex");
    assert_true(board_wait(w.b, "app 1.0.0 running", MS(100)));
    send_image(&w, "app-1.1.0.twb");
    reset(&w, false);
    assert_true(board_wait(w.b, "app 1.1.0 confirmed", MS(1000)));
    rot(w.b->machine, 1, c->slot_offset + 0x1000u);
    sim_pin_reset(w.b->machine);
    assert_true(board_wait(w.b, "app 1.0.0 running from bank 1 (confirmed)", MS(100)));
    rot(w.b->machine, 0, c->slot_offset + 0x1000u);
    sim_pin_reset(w.b->machine);
    board_run(w.b, MS(100));
    assert_int_equal(bench_status(&w)->why, TB_WHY_NO_IMAGE);
    /* one copy of stage 2 rots as well: the other answers */
    rot(w.b->machine, 0, c->stage2_offset + 0x800u);
    sim_pin_reset(w.b->machine);
    board_run(w.b, MS(100));
    assert_int_equal(bench_status(&w)->stage2_bank, 1);
    board_free(w.b);
}

static void a_short_pulse_on_the_line_is_no_break(void **state)
{
    bench w;

    (void)state;
    bench_open(&w, chip, "factory.hex");
    sim_pin_drive(w.b->machine, w.b->chip->board.port, w.b->chip->board.rx_pin, 0);
    sim_pin_reset(w.b->machine);
    board_run(w.b, MS(1));
    sim_pin_drive(w.b->machine, w.b->chip->board.port, w.b->chip->board.rx_pin, -1);
    assert_true(board_wait(w.b, "app 1.0.0 running", MS(100)));
    board_free(w.b);
}

/* BFB2: the ROM maps bank 2, with VTOR still its own; stage 1 there decides as ever. */
static void the_roms_choice_of_bank_does_not_matter(void **state)
{
    bench w;

    (void)state;
    if (tb_chip_find(chip)->family > TB_FAMILY_L4PLUS) {
        skip(); /* has no such choice */
    }
    bench_open(&w, chip, "factory.hex");
    assert_true(board_wait(w.b, "app 1.0.0 running from bank 1", MS(100)));
    rig_option(w.b->machine, FLASH_OPTR, FACTORY_OPTR | OPTR_BFB2);
    assert_true(board_wait(w.b, "app 1.0.0 running from bank 1", MS(100)));
    send_image(&w, "app-1.1.0.twb");
    reset(&w, false);
    assert_true(board_wait(w.b, "app 1.1.0 running from bank 2 (trial", MS(100)));
    assert_true(board_wait(w.b, "app 1.1.0 confirmed", MS(1000)));
    send_image(&w, "app-reset-state.twb");
    reset(&w, false);
    board_forget(w.b);
    assert_true(board_wait(w.b, "as after reset", MS(1000)));
    assert_null(strstr(w.b->console, "not as after reset"));
    board_free(w.b);
}

static void an_application_finds_the_state_of_reset(void **state)
{
    bench w;

    (void)state;
    bench_open(&w, chip, "factory.hex");
    assert_true(board_wait(w.b, "app 1.0.0 running", MS(100)));
    send_image(&w, "app-reset-state.twb");
    reset(&w, false);
    board_forget(w.b);
    assert_true(board_wait(w.b, "after reset", MS(1000)));
    board_run(w.b, MS(20));
    assert_null(strstr(w.b->console, "not as after reset"));
    assert_non_null(strstr(w.b->console, "as after reset"));
    board_free(w.b);
}

int main(int argc, char **argv)
{
    chip = argc > 1 ? argv[1] : chip;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_confirmed_image_that_stops_coming_up_is_rolled_back),
        cmocka_unit_test(resets_in_good_health_are_not_counted),
        cmocka_unit_test(a_stage2_that_crashes_gives_way),
        cmocka_unit_test(a_stage2_that_hangs_gives_way),
        cmocka_unit_test(an_image_that_rots_is_not_started),
        cmocka_unit_test(a_short_pulse_on_the_line_is_no_break),
        cmocka_unit_test(the_roms_choice_of_bank_does_not_matter),
        cmocka_unit_test(an_application_finds_the_state_of_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
