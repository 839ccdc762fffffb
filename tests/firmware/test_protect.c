/* Write protection of stage 1: set by stage 2, and what a hostile application can do to a part
 * that has it, and to one that has not (docs/protection.md). test_firmware_protect [CHIP] */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/lib/client.h"
#include "tests/e2e/board.h"
#include "tests/sim/rig.h"

#define MS(n) ((n)*SIM_PS_PER_MS)
#define OPTION_MASK (1u << SIM_OP_OPTION)
#define LOW_MV 1800u
#define GOOD_MV 3000u
#define OPTR_FACTORY 0xFFEFF8AAu
#define RDP_LEVEL_1 0xFFu
#define RDP_LEVEL_2 0xCCu
#define F7_OPTCR 0x40023C14u
#define FLASH_WRP1BR 0x40022030u
#define WRP_ELSEWHERE 0xFF300020u /* pages 32 to 48, in bank 1 */

static const char *chip = "stm32g474re";

typedef struct bench {
    board *b;
    tb_link link;
    tb_client client;
    uint8_t *stage1[2]; /* as they were programmed */
} bench;

static void open_bench(bench *w)
{
    w->b = board_new(chip, "factory.hex", 1);
    board_link(w->b, &w->link);
    tb_client_init(&w->client, &w->link, NULL);
    for (unsigned bank = 0; bank < 2u; bank++) {
        w->stage1[bank] = malloc(w->b->chip->stage1_bytes);
        assert_non_null(w->stage1[bank]);
        memcpy(w->stage1[bank], sim_flash_bank(w->b->machine, bank), w->b->chip->stage1_bytes);
    }
    assert_true(board_wait(w->b, "app 1.0.0 running", MS(1000)));
}

static void close_bench(bench *w)
{
    free(w->stage1[0]);
    free(w->stage1[1]);
    board_free(w->b);
}

static bool register_of_g4(void)
{
    return strncmp(chip, "stm32g4", 7) == 0 || strncmp(chip, "stm32l4", 7) == 0;
}

static void connect(bench *w, tb_role role)
{
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(w->client.hello.role, role);
}

static void into_stage2(bench *w)
{
    connect(w, TB_ROLE_APPLICATION);
    assert_int_equal(tb_client_reset(&w->client, TB_CMD_RESET, 1), TB_CLIENT_OK);
    connect(w, TB_ROLE_STAGE2);
}

static void boot(bench *w)
{
    assert_int_equal(tb_client_reset(&w->client, TB_CMD_BOOT, 0), TB_CLIENT_OK);
}

static void update(bench *w, const char *name)
{
    tb_image_file image;
    tb_complaint why;
    tb_sent sent;

    assert_true(tb_image_load(&image, board_file(w->b, name), &why));
    assert_int_equal(tb_client_status(&w->client), TB_CLIENT_OK);
    assert_int_equal(tb_client_send(&w->client, &image, &sent), TB_CLIENT_OK);
    tb_image_file_free(&image);
}

static const uint8_t to_protect[5] = {TB_PROTECT_STAGE1, 'P', 'R', 'O', 'T'};

static tb_error ask(bench *w, const void *payload, uint16_t bytes)
{
    tb_client_result result =
        tb_client_command(&w->client, TB_CMD_PROTECT, payload, bytes, 5000);

    if (result == TB_CLIENT_REFUSED) {
        return w->client.device_error;
    }
    assert_int_equal(result, TB_CLIENT_OK);
    assert_int_equal(w->client.reply_bytes, 2);
    return TB_OK;
}

static unsigned shown(bench *w)
{
    static const uint8_t show = TB_PROTECT_SHOW;

    assert_int_equal(ask(w, &show, 1), TB_OK);
    assert_int_equal(w->client.reply[0], w->client.reply[1]);
    return w->client.reply[0];
}

static uint64_t option_writes(const bench *w)
{
    return sim_op_count(w->b->machine, OPTION_MASK);
}

/* From stage 2 into stage 2. */
static void protect(bench *w)
{
    uint64_t before = option_writes(w);

    assert_int_equal(ask(w, to_protect, sizeof to_protect), TB_OK);
    assert_int_equal(w->client.reply[0], 0);
    assert_int_equal(w->client.reply[1], TB_PROTECT_STAGE1);
    connect(w, TB_ROLE_STAGE2);
    assert_int_equal(shown(w), TB_PROTECT_STAGE1);
    assert_int_equal(option_writes(w), before + 1u);
}

static bool stage1_intact(const bench *w)
{
    const tb_chip *c = w->b->chip;

    for (unsigned bank = 0; bank < 2u; bank++) {
        for (uint32_t at = 0; at < c->stage1_bytes; at += c->unit_bytes) {
            uint8_t other[TB_MAX_UNIT_BYTES];

            if (sim_flash_unit(w->b->machine, bank, at, other) != SIM_UNIT_WHOLE) {
                return false;
            }
        }
        if (memcmp(sim_flash_bank(w->b->machine, bank), w->stage1[bank], c->stage1_bytes) != 0) {
            return false;
        }
    }
    return true;
}

/* ---- set ----------------------------------------------------------------------------- */

static void stage2_sets_it_once_and_everything_else_goes_on(void **state)
{
    bench w;

    (void)state;
    open_bench(&w);
    connect(&w, TB_ROLE_APPLICATION);
    assert_int_equal(shown(&w), 0);
    assert_int_equal(ask(&w, to_protect, sizeof to_protect), TB_ERR_NOT_HERE);
    into_stage2(&w);
    assert_true((w.client.hello.capabilities & TB_CAP_PROTECT) != 0u);
    assert_int_equal(shown(&w), 0);
    assert_int_equal(ask(&w, to_protect, 1), TB_ERR_ARGUMENT);
    assert_int_equal(option_writes(&w), 0);
    protect(&w);
    assert_int_equal(ask(&w, to_protect, sizeof to_protect), TB_OK); /* nothing more to write */
    assert_int_equal(option_writes(&w), 1);
    update(&w, "stage2-next.twb");
    boot(&w);
    assert_true(board_wait(w.b, "app 1.0.0 running", MS(1000)));
    connect(&w, TB_ROLE_APPLICATION);
    assert_int_equal(shown(&w), TB_PROTECT_STAGE1);
    update(&w, "app-1.1.0.twb");
    boot(&w);
    assert_true(board_wait(w.b, "app 1.1.0 confirmed", MS(5000)));
    connect(&w, TB_ROLE_APPLICATION);
    update(&w, "app-1.2.0.twb");
    boot(&w);
    assert_true(board_wait(w.b, "app 1.2.0 confirmed", MS(5000)));
    into_stage2(&w); /* whichever bank is mapped by now */
    assert_int_equal(shown(&w), TB_PROTECT_STAGE1);
    assert_true(stage1_intact(&w));
    close_bench(&w);
}

static void a_low_supply_is_refused(void **state)
{
    bench w;

    (void)state;
    open_bench(&w);
    into_stage2(&w);
    assert_true(sim_set_supply(w.b->machine, LOW_MV));
    assert_int_equal(ask(&w, to_protect, sizeof to_protect), TB_ERR_SUPPLY);
    assert_int_equal(option_writes(&w), 0);
    assert_int_equal(shown(&w), 0);
    assert_true(sim_set_supply(w.b->machine, GOOD_MV));
    protect(&w);
    close_bench(&w);
}

static void two_different_stages_1_are_not_frozen(void **state)
{
    static const uint8_t zeros[TB_MAX_UNIT_BYTES] = {0};
    bench w;

    (void)state;
    open_bench(&w);
    into_stage2(&w);
    assert_true(sim_flash_load(w.b->machine, w.b->chip->bank2_base + 0x400u, zeros,
                               w.b->chip->unit_bytes));
    assert_int_equal(ask(&w, to_protect, sizeof to_protect), TB_ERR_STAGE1);
    assert_int_equal(option_writes(&w), 0);
    close_bench(&w);
}

/* As a debugger would: the core held in SRAM, one option word written, power off and on. */
static void debugger_writes(bench *w, uint32_t reg, uint32_t value)
{
    rig_option(w->b->machine, reg, value);
    board_run(w->b, MS(50));
}

static void other_areas_stay_and_full_ones_are_refused(void **state)
{
    bench w;

    (void)state;
    if (!register_of_g4()) {
        return;
    }
    open_bench(&w);
    debugger_writes(&w, FLASH_WRP1AR, WRP_ELSEWHERE);
    into_stage2(&w);
    protect(&w); /* in area B */
    rig_sleep(w.b->machine);
    assert_int_equal(rd(w.b->machine, FLASH_WRP1AR), WRP_ELSEWHERE);
    close_bench(&w);
    open_bench(&w);
    debugger_writes(&w, FLASH_WRP1AR, WRP_ELSEWHERE);
    debugger_writes(&w, FLASH_WRP1BR, WRP_ELSEWHERE);
    into_stage2(&w);
    uint64_t before = option_writes(&w);
    assert_int_equal(ask(&w, to_protect, sizeof to_protect), TB_ERR_OPTIONS);
    assert_int_equal(option_writes(&w), before);
    close_bench(&w);
    open_bench(&w);
    debugger_writes(&w, FLASH_OPTR, (OPTR_FACTORY & ~0xFFu) | RDP_LEVEL_2);
    into_stage2(&w);
    before = option_writes(&w);
    assert_int_equal(ask(&w, to_protect, sizeof to_protect), TB_ERR_OPTIONS);
    assert_int_equal(option_writes(&w), before);
    close_bench(&w);
}

/* ---- cut in it ----------------------------------------------------------------------- */

/* RDP is at level 1: no image of ours does that. */
static bool options_lost(const bench *w)
{
    switch (w->b->chip->family) {
    case TB_FAMILY_F7:
        return (rd(w->b->machine, F7_OPTCR) >> 8 & 0xFFu) == RDP_LEVEL_1;
    case TB_FAMILY_H7:
        return false;
    default:
        return (sim_flash_optr(w->b->machine) & 0xFFu) == RDP_LEVEL_1;
    }
}

static void cut(sim_cut_when when, sim_cut_outcome outcome)
{
    bench w;

    open_bench(&w);
    into_stage2(&w);
    sim_cut c = {.kind_mask = OPTION_MASK, .when = when, .outcome = outcome};
    sim_schedule_cut(w.b->machine, &c);
    assert_true(tb_client_put(&w.client, TB_CMD_PROTECT, 1, to_protect, sizeof to_protect));
    assert_int_equal(sim_run(w.b->machine, sim_now(w.b->machine) + MS(2000)), SIM_END_POWER_CUT);
    assert_int_equal(sim_cuts_fired(w.b->machine), 1);
    sim_power_on(w.b->machine, true);
    assert_true(stage1_intact(&w));
    if (options_lost(&w)) { /* RM0440 3.4.2: nothing runs until a debugger or the ROM regresses */
        assert_true(when == SIM_CUT_DURING);
        close_bench(&w);
        return;
    }
    assert_true(board_wait(w.b, "app 1.0.0 running", MS(1000)));
    into_stage2(&w);
    if (shown(&w) != TB_PROTECT_STAGE1) {
        assert_true(when != SIM_CUT_AFTER);
        protect(&w);
    }
    close_bench(&w);
}

static void a_cut_anywhere_and_once_more(void **state)
{
    (void)state;
    cut(SIM_CUT_BEFORE, SIM_CUT_OLD);
    cut(SIM_CUT_DURING, SIM_CUT_OLD);
    cut(SIM_CUT_DURING, SIM_CUT_NEW);
    cut(SIM_CUT_DURING, SIM_CUT_MIXED);
    cut(SIM_CUT_AFTER, SIM_CUT_NEW);
}

/* ---- a hostile application ------------------------------------------------------------- */

static void with_hostile(bench *w, bool protected)
{
    open_bench(w);
    if (protected) {
        into_stage2(w);
        protect(w);
    } else {
        connect(w, TB_ROLE_APPLICATION);
    }
    update(w, "app-hostile.twb");
    boot(w);
    assert_true(board_wait(w->b, "app 1.0.1 running from bank 2, hostile", MS(5000)));
    assert_true(board_wait(w->b, "app 1.0.1 confirmed", MS(1000)));
}

static void attack(bench *w, char letter)
{
    board_forget(w->b);
    board_send(w->b, &letter, 1);
}

/* The controller's flags that the attack came back with. */
static uint32_t flags_of(bench *w, char letter, sim_ps limit)
{
    char text[] = {'a', 't', 't', 'a', 'c', 'k', ' ', letter, ' ', '\0'};
    size_t from = w->b->console_fill;

    attack(w, letter);
    assert_true(board_wait(w->b, text, limit));
    board_run(w->b, MS(5));
    const char *at = strstr(w->b->console + from, text);
    assert_non_null(at);
    return (uint32_t)strtoul(at + sizeof text - 1u, NULL, 16);
}

static uint32_t write_protect_error(const bench *w)
{
    return w->b->chip->family == TB_FAMILY_H7 ? 1u << 17 : 1u << 4;
}

static void forced_into_stage2(bench *w)
{
    const tb_board *port = &w->b->chip->board;

    sim_pin_drive(w->b->machine, port->port, port->rx_pin, 0);
    sim_power_on(w->b->machine, false);
    board_run(w->b, MS(100));
    sim_pin_drive(w->b->machine, port->port, port->rx_pin, -1);
    connect(w, TB_ROLE_STAGE2);
}

/* Something runs after power-on, and an update repairs the part for good. */
static void survives(bench *w)
{
    assert_true(stage1_intact(w));
    board_forget(w->b);
    sim_power_on(w->b->machine, false);
    if (!board_wait(w->b, "running from bank", MS(2000))) {
        connect(w, TB_ROLE_STAGE2);
    }
    forced_into_stage2(w);
    assert_int_equal(shown(w), TB_PROTECT_STAGE1);
    update(w, "app-1.1.0.twb");
    boot(w);
    assert_true(board_wait(w->b, "app 1.1.0 confirmed", MS(5000)));
    assert_true(stage1_intact(w));
    close_bench(w);
}

static void stage1_is_neither_erased_nor_written(void **state)
{
    bench w;

    (void)state;
    with_hostile(&w, true);
    assert_true((flags_of(&w, 'e', MS(10000)) & write_protect_error(&w)) != 0u);
    assert_true(stage1_intact(&w));
    assert_true((flags_of(&w, 'z', MS(1000)) & write_protect_error(&w)) != 0u);
    assert_true(stage1_intact(&w));
    assert_true((flags_of(&w, 'm', MS(1000)) & write_protect_error(&w)) != 0u);
    survives(&w);
}

static void the_fallback_and_its_stage2_are_not_needed(void **state)
{
    bench w;

    (void)state;
    with_hostile(&w, true);
    assert_int_equal(flags_of(&w, 'o', MS(60000)), 0);
    survives(&w);
}

static void logs_that_are_zeroed(void **state)
{
    bench w;

    (void)state;
    with_hostile(&w, true);
    (void)flags_of(&w, 'l', MS(1000));
    survives(&w);
}

static void the_bank_that_starts_does_not_matter(void **state)
{
    bench w;

    (void)state;
    with_hostile(&w, true);
    attack(&w, 's');
    board_run(w.b, MS(2000)); /* the options are loaded, which resets */
    survives(&w);
}

/* Not survived on the wire: there is no stage 2 left. The ROM's bootloader is. */
static void everything_else_erased_ends_in_the_rom(void **state)
{
    bench w;
    sim_end end;

    (void)state;
    with_hostile(&w, true);
    attack(&w, 'w');
    end = sim_run(w.b->machine, sim_now(w.b->machine) + MS(120000));
    assert_true(stage1_intact(&w));
    assert_int_equal(end, SIM_END_STOP);
    assert_non_null(strstr(sim_end_text(w.b->machine), "ROM"));
    close_bench(&w);
}

/* WRP is no lock: who has the option keys takes it off. docs/protection.md says what is. */
static void the_option_keys_take_it_off(void **state)
{
    bench w;

    (void)state;
    with_hostile(&w, true);
    attack(&w, 'u');
    assert_true(board_wait(w.b, "hostile", MS(2000)));
    assert_true(stage1_intact(&w));
    (void)flags_of(&w, 'z', MS(1000));
    assert_false(stage1_intact(&w));
    close_bench(&w);
}

/* What the same letters do where nothing is protected: that they bite. */
static void without_protection_stage1_is_lost(void **state)
{
    bench w;

    (void)state;
    with_hostile(&w, false);
    (void)flags_of(&w, 'z', MS(1000));
    assert_false(stage1_intact(&w));
    close_bench(&w);
    with_hostile(&w, false);
    assert_int_equal(flags_of(&w, 'e', MS(20000)), 0);
    assert_false(stage1_intact(&w));
    sim_power_on(w.b->machine, true);
    assert_int_equal(sim_run(w.b->machine, sim_now(w.b->machine) + MS(100)), SIM_END_STOP);
    close_bench(&w);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stage2_sets_it_once_and_everything_else_goes_on),
        cmocka_unit_test(a_low_supply_is_refused),
        cmocka_unit_test(two_different_stages_1_are_not_frozen),
        cmocka_unit_test(other_areas_stay_and_full_ones_are_refused),
        cmocka_unit_test(a_cut_anywhere_and_once_more),
        cmocka_unit_test(stage1_is_neither_erased_nor_written),
        cmocka_unit_test(the_fallback_and_its_stage2_are_not_needed),
        cmocka_unit_test(logs_that_are_zeroed),
        cmocka_unit_test(the_bank_that_starts_does_not_matter),
        cmocka_unit_test(everything_else_erased_ends_in_the_rom),
        cmocka_unit_test(the_option_keys_take_it_off),
        cmocka_unit_test(without_protection_stage1_is_lost),
    };

    if (argc > 1) {
        chip = argv[1];
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
