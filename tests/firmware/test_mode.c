/* Dual-bank and single-bank mode: parts found in either, and the switch by stage 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/lib/client.h"
#include "host/lib/objfile.h"
#include "tests/e2e/board.h"
#include "tests/sim/rig.h"

#define OPTR_FACTORY 0xFFEFF8AAu
#define OPTR_DBANK (1u << 22)
#define RDP_LEVEL_2 0xCCu
#define FLASH_PCROP2ER 0x40022048u
#define SEC1R_BOOT_LOCK (1u << 16)
#define WRP_STAGE1 0xFF01FF00u /* pages 0 and 1 */
#define WRP_NONE 0xFF00FF7Fu   /* from 127 to 0 */
#define MS(n) ((n)*SIM_PS_PER_MS)

typedef struct bench {
    board *b;
    tb_link link;
    tb_client client;
} bench;

static void open_bench(bench *w, const char *chip)
{
    w->b = board_new(chip, "factory.hex", 1);
    board_link(w->b, &w->link);
    tb_client_init(&w->client, &w->link, NULL);
}

/* As a debugger would: the core held in SRAM, one option word written, power off and on. */
static void option(board *b, uint32_t reg, uint32_t value)
{
    sim_machine *m = b->machine;

    rig_sleep(m);
    (void)rig_take_errors(m);
    wr(m, FLASH_CR, LOCK);
    rig_unlock_options(m);
    wr(m, reg, value);
    wr(m, FLASH_CR, OPTSTRT);
    rig_pass(m, MS(100));
    assert_int_equal(rd(m, FLASH_SR) & (BSY | ERRORS), 0);
    sim_power_on(m, false);
}

/* As a programmer would: all erased, then the file by address, in whichever mode. */
static void program(board *b, const char *name)
{
    sim_machine *m = b->machine;
    tb_objfile file;

    sim_power_on(m, false); /* out of the lock-up of a blank part */
    rig_sleep(m);
    (void)rig_take_errors(m);
    wr(m, FLASH_CR, LOCK);
    rig_unlock(m);
    assert_int_equal(rig_mass_erase(m, MER1 | MER2), 0);
    assert_true(tb_objfile_read(&file, board_file(b, name), TB_NO_ADDRESS));
    for (size_t i = 0; i < file.count; i++) {
        bool taken = sim_flash_load(m, file.segments[i].address, file.segments[i].data,
                                    file.segments[i].bytes);
        /* Where a smaller part has its second bank there is nothing in single-bank mode. */
        assert_true(taken || file.segments[i].address >= b->chip->bank2_base);
    }
    tb_objfile_free(&file);
    sim_power_on(m, true);
    board_forget(b);
}

static void into_stage2(bench *w)
{
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(tb_client_reset(&w->client, TB_CMD_RESET, 1), TB_CLIENT_OK);
    board_run(w->b, MS(50));
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(w->client.hello.role, TB_ROLE_STAGE2);
}

static tb_error ask(bench *w, tb_command command, const void *payload, uint16_t bytes)
{
    tb_client_result result = tb_client_command(&w->client, command, payload, bytes, 2000);

    if (result == TB_CLIENT_REFUSED) {
        return w->client.device_error;
    }
    assert_int_equal(result, TB_CLIENT_OK);
    return TB_OK;
}

static tb_error mode(bench *w, tb_mode wanted, bool consent)
{
    const uint8_t payload[5] = {(uint8_t)wanted, 'E', 'R', 'A', 'S'};

    return ask(w, TB_CMD_MODE, payload, consent ? 5 : 1);
}

static uint64_t flash_operations(const bench *w)
{
    return sim_op_count(w->b->machine, 0);
}

static bool blank(const bench *w)
{
    for (unsigned bank = 0; bank < 2u; bank++) {
        const uint8_t *bytes = sim_flash_bank(w->b->machine, bank);

        for (uint32_t i = 0; i < w->b->chip->bank_bytes; i++) {
            if (bytes[i] != 0xFFu) {
                return false;
            }
        }
    }
    return true;
}

/* The reply is out; now the load, the reset, and a blank part, whose core finds no vectors. */
static void loads_and_locks_up(bench *w)
{
    sim_machine *m = w->b->machine;

    assert_int_equal(sim_run(m, sim_now(m) + MS(100)), SIM_END_STOP);
    assert_non_null(strstr(sim_end_text(m), "lockup"));
    assert_true(blank(w));
}

static void updates(bench *w)
{
    tb_image_file image;
    tb_complaint why;
    tb_sent sent;

    assert_true(tb_image_load(&image, board_file(w->b, "app-1.1.0.twb"), &why));
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(w->client.hello.capabilities & TB_CAP_SINGLE_BANK, 0);
    assert_int_equal(tb_client_status(&w->client), TB_CLIENT_OK);
    assert_int_equal(tb_client_send(&w->client, &image, &sent), TB_CLIENT_OK);
    assert_int_equal(tb_client_reset(&w->client, TB_CMD_RESET, 0), TB_CLIENT_OK);
    assert_true(board_wait(w->b, "app 1.1.0 confirmed", MS(2000)));
    tb_image_file_free(&image);
}

/* What a part in single-bank mode answers: the reason, to whatever is asked. */
static void refuses_everything(bench *w)
{
    uint64_t before = flash_operations(w);
    tb_image_file image;
    tb_complaint why;
    tb_sent sent;
    uint8_t bank = 0;
    static const uint8_t data[] = {0x23, 0x42, 0x04, 0x00, 1, 2, 3, 4, 0x5C, 0x12, 0xBF, 0xA1};
    uint8_t answer = 0;

    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(w->client.hello.role, TB_ROLE_STAGE2);
    assert_int_equal(w->client.hello.capabilities,
                     TB_CAP_SINGLE_BANK | TB_CAP_MODE | TB_CAP_BAUD);
    assert_int_equal(tb_client_status(&w->client), TB_CLIENT_REFUSED);
    assert_int_equal(w->client.device_error, TB_ERR_SINGLE_BANK);
    assert_non_null(strstr(w->client.why.hint, "twinbank mode --dual --erase-all"));
    assert_true(tb_image_load(&image, board_file(w->b, "app-1.1.0.twb"), &why));
    assert_int_equal(tb_client_send(&w->client, &image, &sent), TB_CLIENT_REFUSED);
    assert_int_equal(w->client.device_error, TB_ERR_SINGLE_BANK);
    tb_image_file_free(&image);
    assert_true(tb_image_load(&image, board_file(w->b, "stage2-next.twb"), &why));
    assert_int_equal(tb_client_send(&w->client, &image, &sent), TB_CLIENT_REFUSED);
    assert_int_equal(w->client.device_error, TB_ERR_SINGLE_BANK);
    tb_image_file_free(&image);
    assert_int_equal(ask(w, TB_CMD_ERASE, &bank, 1), TB_ERR_SINGLE_BANK);
    assert_int_equal(ask(w, TB_CMD_BOOT, NULL, 0), TB_ERR_SINGLE_BANK);
    board_send(w->b, data, sizeof data);
    assert_int_equal(board_receive(w->b, &answer, 1, MS(100)), 1);
    assert_int_equal(answer, TB_WIRE_NACK);
    assert_int_equal(flash_operations(w), before);
}

static void the_mode_is_told_and_kept(void **state)
{
    bench w;

    (void)state;
    open_bench(&w, "stm32g474re");
    assert_true(board_wait(w.b, "app 1.0.0 running", MS(100)));
    assert_int_equal(tb_client_connect(&w.client), TB_CLIENT_OK);
    assert_int_equal(mode(&w, TB_MODE_SHOW, false), TB_OK);
    assert_int_equal(w.client.reply[0], TB_MODE_DUAL);
    assert_int_equal(mode(&w, TB_MODE_SINGLE, true), TB_ERR_NOT_HERE);
    into_stage2(&w);
    assert_int_equal(w.client.hello.capabilities & TB_CAP_MODE, TB_CAP_MODE);
    uint64_t before = flash_operations(&w);
    assert_int_equal(mode(&w, TB_MODE_SHOW, false), TB_OK);
    assert_int_equal(w.client.reply[0], TB_MODE_DUAL);
    assert_int_equal(mode(&w, TB_MODE_DUAL, true), TB_OK);
    assert_int_equal(mode(&w, TB_MODE_SINGLE, false), TB_ERR_CONTENTS);
    board_run(w.b, MS(100));
    assert_int_equal(flash_operations(&w), before);
    updates(&w);
    board_free(w.b);
}

static void switched_both_ways(void **state)
{
    bench w;

    (void)state;
    open_bench(&w, "stm32g474re");
    into_stage2(&w);
    assert_int_equal(mode(&w, TB_MODE_SINGLE, true), TB_OK);
    assert_int_equal(w.client.reply[0], TB_MODE_DUAL);
    assert_int_equal(w.client.reply[1], TB_MODE_SINGLE);
    assert_int_equal(sim_op_count(w.b->machine, 1u << SIM_OP_OPTION), 1);
    loads_and_locks_up(&w);
    assert_int_equal(sim_flash_optr(w.b->machine), OPTR_FACTORY & ~OPTR_DBANK);
    program(w.b, "factory.hex");
    board_run(w.b, MS(50));
    refuses_everything(&w);
    assert_int_equal(mode(&w, TB_MODE_DUAL, false), TB_ERR_CONTENTS);
    assert_int_equal(mode(&w, TB_MODE_DUAL, true), TB_OK);
    loads_and_locks_up(&w);
    assert_int_equal(sim_flash_optr(w.b->machine), OPTR_FACTORY);
    program(w.b, "factory.hex");
    assert_true(board_wait(w.b, "app 1.0.0 running from bank 1 (confirmed)", MS(100)));
    updates(&w);
    board_free(w.b);
}

/* Programmed by address on a line that forgot the option: the application does not start. */
static void found_in_single_bank_mode(const char *chip, const char *hex)
{
    bench w;

    open_bench(&w, chip);
    option(w.b, FLASH_OPTR, OPTR_FACTORY & ~OPTR_DBANK);
    program(w.b, hex);
    board_run(w.b, MS(50));
    refuses_everything(&w);
    assert_int_equal(tb_client_reset(&w.client, TB_CMD_RESET, 0), TB_CLIENT_OK);
    board_run(w.b, MS(500));
    assert_string_equal(w.b->console, "");
    assert_int_equal(tb_client_connect(&w.client), TB_CLIENT_OK);
    assert_int_equal(w.client.hello.role, TB_ROLE_STAGE2);
    assert_int_equal(mode(&w, TB_MODE_DUAL, true), TB_OK);
    loads_and_locks_up(&w);
    program(w.b, "factory.hex");
    assert_true(board_wait(w.b, "app 1.0.0 running from bank 1 (confirmed)", MS(100)));
    updates(&w);
    board_free(w.b);
}

static void single_bank_parts_are_refused(void **state)
{
    (void)state;
    found_in_single_bank_mode("stm32g474re", "factory.hex");
    found_in_single_bank_mode("stm32g474re", "factory-no-app.hex");
    found_in_single_bank_mode("stm32g474rb", "factory.hex");
}

static void write_protection_is_cleared_by_the_switch(void **state)
{
    bench w;

    (void)state;
    open_bench(&w, "stm32g474re");
    option(w.b, FLASH_WRP1AR, WRP_STAGE1);
    option(w.b, FLASH_WRP2AR, WRP_STAGE1);
    board_run(w.b, MS(50));
    into_stage2(&w);
    assert_int_equal(mode(&w, TB_MODE_SINGLE, true), TB_OK);
    /* Stage 1 could not be erased before the load. Out of order it is no program any more:
     * its core may do anything, the part is the programmer's. */
    (void)sim_run(w.b->machine, sim_now(w.b->machine) + MS(5));
    assert_int_equal(sim_flash_optr(w.b->machine) & OPTR_DBANK, 0);
    sim_power_on(w.b->machine, true);
    rig_sleep(w.b->machine);
    assert_int_equal(rd(w.b->machine, FLASH_WRP1AR), WRP_NONE);
    assert_int_equal(rd(w.b->machine, FLASH_WRP2AR), WRP_NONE);
    program(w.b, "factory.hex");
    board_run(w.b, MS(50));
    refuses_everything(&w);
    board_free(w.b);
}

static void refused_where(uint32_t reg, uint32_t value, tb_error error)
{
    bench w;

    open_bench(&w, "stm32g474re");
    option(w.b, reg, value);
    board_run(w.b, MS(50));
    into_stage2(&w);
    uint64_t before = flash_operations(&w);
    assert_int_equal(mode(&w, TB_MODE_SINGLE, true), error);
    board_run(w.b, MS(100));
    assert_int_equal(flash_operations(&w), before);
    assert_int_equal(mode(&w, TB_MODE_SHOW, false), TB_OK);
    assert_int_equal(w.client.reply[0], TB_MODE_DUAL);
    assert_int_equal(tb_client_reset(&w.client, TB_CMD_RESET, 0), TB_CLIENT_OK);
    assert_true(board_wait(w.b, "app 1.0.0 running from bank 1", MS(200)));
    board_free(w.b);
}

static void protections_that_stand_in_the_way(void **state)
{
    (void)state;
    refused_where(FLASH_PCROP2ER, 0x7FFFu, TB_ERR_WRITE_PROTECTED); /* bank 2's last unit */
    refused_where(FLASH_OPTR, (OPTR_FACTORY & ~0xFFu) | RDP_LEVEL_2, TB_ERR_OPTIONS);
    refused_where(FLASH_SEC1R, 0xFF00FF00u | SEC1R_BOOT_LOCK, TB_ERR_OPTIONS);
}

/* RM0440 3.4.2: what mismatched option bytes mean. docs/bank-mode.md says what to do. */
static void a_power_cut_in_the_option_write(void **state)
{
    bench w;

    (void)state;
    open_bench(&w, "stm32g474re");
    into_stage2(&w);
    sim_cut cut = {.op = 0, .kind_mask = 1u << SIM_OP_OPTION, .when = SIM_CUT_DURING,
                   .outcome = SIM_CUT_MIXED};
    sim_schedule_cut(w.b->machine, &cut);
    const uint8_t request[5] = {TB_MODE_SINGLE, 'E', 'R', 'A', 'S'};
    assert_true(tb_client_put(&w.client, TB_CMD_MODE, 1, request, sizeof request));
    assert_int_equal(sim_run(w.b->machine, sim_now(w.b->machine) + MS(100)), SIM_END_POWER_CUT);
    assert_int_equal(sim_cuts_fired(w.b->machine), 1);
    assert_false(blank(&w)); /* the erase comes after */
    sim_power_on(w.b->machine, true);
    assert_int_equal(sim_flash_optr(w.b->machine), 0xFFFFF8FFu); /* RDP level 1, BFB2, DBANK */
    board_free(w.b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mode_is_told_and_kept),
        cmocka_unit_test(switched_both_ways),
        cmocka_unit_test(single_bank_parts_are_refused),
        cmocka_unit_test(write_protection_is_cleared_by_the_switch),
        cmocka_unit_test(protections_that_stand_in_the_way),
        cmocka_unit_test(a_power_cut_in_the_option_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
