/* Dual-bank and single-bank mode: parts found in either, and the switch by stage 2.
 * test_firmware_mode [CHIP] */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/lib/objfile.h"
#include "tests/e2e/bench.h"
#include "tests/sim/rig.h"

#define MS(n) ((n)*SIM_PS_PER_MS)
#define SWITCHED_WITHIN_MS 30000u /* F7 erases for 17 s */
#define F7_OPTCR 0x40023C14u
#define F7_OPTCR_LOCK_AND_START 3u
#define F7_PSIZE_32 (2u << 8)
#define U5_WRP1AR 0x40022058u
#define U5_WRP2AR 0x40022068u
#define G4_PCROP2ER 0x40022048u
#define SEC1R_BOOT_LOCK (1u << 16)
#define WRP_STAGE1 0xFF01FF00u /* pages 0 and 1 */
#define WRP_PAGES 0x00FF00FFu

/* Where a family's controller has what, and what decides on its banks. */
typedef struct family {
    uint32_t keyr, optkeyr, sr, cr, options; /* `options`: the register with the mode's bit */
    uint32_t production;                     /* what it holds of a part as the simulator makes it */
    uint32_t rdp_mask, rdp_level_2;
} family;

static const family g4_l4 = {0x40022008u, 0x4002200Cu, 0x40022010u, 0x40022014u, 0x40022020u,
                             0xFFEFF8AAu, 0xFFu, 0xCCu};
static const family u5 = {0x40022008u, 0x40022010u, 0x40022020u, 0x40022028u, 0x40022040u,
                          0x1FEFF8AAu, 0xFFu, 0xCCu};
static const family f7 = {0x40023C04u, 0x40023C08u, 0x40023C0Cu, 0x40023C10u, F7_OPTCR,
                          0xDFFFAAFCu, 0xFF00u, 0xCC00u};

static const char *name = "stm32g474re";
static const tb_chip *chip;
static const family *regs; /* NULL: always two banks, and no bit for it (H7) */
static uint32_t mode_bit;  /* 0: always two banks */
static bool dual_when_set;

static void know(const char *part)
{
    name = part;
    chip = tb_chip_find(part);
    dual_when_set = true;
    regs = &g4_l4;
    switch (chip->family) {
    case TB_FAMILY_G4:
        mode_bit = 1u << 22; /* DBANK */
        break;
    case TB_FAMILY_L4: /* DUALBANK, on parts below 1 MB */
        mode_bit = chip->flash_kib < 1024u ? 1u << 21 : 0u;
        break;
    case TB_FAMILY_L4PLUS: /* DBANK with 2 MB, DB1M with 1 MB */
        mode_bit = chip->flash_kib == 2048u ? 1u << 22 : 1u << 21;
        break;
    case TB_FAMILY_U5: /* DUALBANK, on U575 below 2 MB */
        regs = &u5;
        mode_bit = chip->device_id == 0x482u && chip->flash_kib < 2048u ? 1u << 21 : 0u;
        break;
    case TB_FAMILY_F7: /* nDBANK */
        regs = &f7;
        mode_bit = 1u << 29;
        dual_when_set = false;
        break;
    case TB_FAMILY_H7:
        regs = NULL;
        mode_bit = 0u;
    }
}

/* Tests of the switch are for parts that have one. */
static void need_the_switch(void)
{
    if (mode_bit == 0u) {
        skip();
    }
}

static void open_bench(bench *w)
{
    bench_open(w, name, "factory.hex");
}

/* ---- as a debugger would: the core held in SRAM ---- */

static void take_hold(sim_machine *m)
{
    rig_sleep(m);
    wr(m, regs->sr, rd(m, regs->sr));
    wr(m, regs->cr, LOCK);
    wr(m, regs->keyr, 0x45670123u);
    wr(m, regs->keyr, 0xCDEF89ABu);
}

static uint32_t option_word(sim_machine *m, uint32_t reg)
{
    return reg == F7_OPTCR ? rd(m, reg) & ~F7_OPTCR_LOCK_AND_START : rd(m, reg);
}

/* One option word written, power off and on. */
static void option(board *b, uint32_t reg, uint32_t value)
{
    sim_machine *m = b->machine;

    take_hold(m);
    wr(m, regs->optkeyr, 0x08192A3Bu);
    wr(m, regs->optkeyr, 0x4C5D6E7Fu);
    wr(m, reg, value);
    if (regs == &f7) {
        wr(m, reg, value | 2u); /* OPTSTRT */
    } else {
        wr(m, regs->cr, OPTSTRT);
    }
    rig_pass(m, MS(100));
    assert_int_equal(rd(m, regs->sr) & BSY, 0);
    sim_power_on(m, false);
}

/* Of the mode that is in force after the last power-on, as stored in the options. */
static bool dual_by_options(const bench *w)
{
    sim_machine *m = w->b->machine;
    return ((option_word(m, regs->options) & mode_bit) != 0u) == dual_when_set;
}

static uint32_t production_in_mode(bool dual)
{
    return dual == dual_when_set ? regs->production | mode_bit : regs->production & ~mode_bit;
}

/* As a programmer would: all erased, then the file by address, in whichever mode. */
static void program(bench *w, const char *file_name)
{
    board *b = w->b;
    sim_machine *m = b->machine;
    tb_objfile file;
    uint32_t mer = MER1 | MER2;

    sim_power_on(m, false); /* out of the lock-up of a blank part */
    take_hold(m);
    if (regs == &f7) {
        mer = F7_PSIZE_32 | MER1 | (dual_by_options(w) ? MER2 : 0u);
    }
    wr(m, regs->cr, mer);
    wr(m, regs->cr, mer | STRT);
    rig_pass(m, MS(SWITCHED_WITHIN_MS));
    assert_int_equal(rd(m, regs->sr) & (BSY | WRPERR | PGSERR), 0);
    assert_true(tb_objfile_read(&file, board_file(b, file_name), TB_NO_ADDRESS));
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

/* ---- on the wire ---- */

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
    tb_client_result result =
        tb_client_command(&w->client, command, payload, bytes, SWITCHED_WITHIN_MS);

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

/* With `consent` where the part has no choice, too: it is told so, and nothing happens. */
static void the_mode_is_told_and_kept(void **state)
{
    bench w;

    (void)state;
    open_bench(&w);
    assert_true(board_wait(w.b, "app 1.0.0 running", MS(1000)));
    assert_int_equal(tb_client_connect(&w.client), TB_CLIENT_OK);
    assert_int_equal(mode(&w, TB_MODE_SHOW, false), TB_OK);
    assert_int_equal(w.client.reply[0], TB_MODE_DUAL);
    assert_int_equal(mode(&w, TB_MODE_SINGLE, true), TB_ERR_NOT_HERE);
    assert_int_equal(w.client.hello.capabilities & TB_CAP_MODE, 0);
    into_stage2(&w);
    assert_int_equal((w.client.hello.capabilities & TB_CAP_MODE) != 0u, mode_bit != 0u);
    uint64_t before = flash_operations(&w);
    assert_int_equal(mode(&w, TB_MODE_SHOW, false), TB_OK);
    assert_int_equal(w.client.reply[0], TB_MODE_DUAL);
    assert_int_equal(mode(&w, TB_MODE_DUAL, true), TB_OK);
    assert_int_equal(mode(&w, TB_MODE_SINGLE, mode_bit == 0u),
                     mode_bit != 0u ? TB_ERR_CONTENTS : TB_ERR_NOT_HERE);
    board_run(w.b, MS(100));
    assert_int_equal(flash_operations(&w), before);
    updates(&w);
    board_free(w.b);
}

/* The bit that decides on smaller parts of the line, or nothing: here it decides nothing. */
static void parts_that_always_have_two_banks(void **state)
{
    bench w;

    (void)state;
    if (mode_bit != 0u || regs == NULL) {
        skip();
    }
    open_bench(&w);
    option(w.b, regs->options, regs->production & ~(1u << 21)); /* DUALBANK */
    assert_true(board_wait(w.b, "app 1.0.0 running from bank 1 (confirmed)", MS(1000)));
    updates(&w);
    board_free(w.b);
}

static void switched_both_ways(void **state)
{
    bench w;

    (void)state;
    need_the_switch();
    open_bench(&w);
    into_stage2(&w);
    assert_int_equal(mode(&w, TB_MODE_SINGLE, true), TB_OK);
    assert_int_equal(w.client.reply[0], TB_MODE_DUAL);
    assert_int_equal(w.client.reply[1], TB_MODE_SINGLE);
    assert_int_equal(sim_op_count(w.b->machine, 1u << SIM_OP_OPTION), 1);
    loads_and_locks_up(&w);
    assert_int_equal(option_word(w.b->machine, regs->options), production_in_mode(false));
    program(&w, "factory.hex");
    board_run(w.b, MS(100));
    refuses_everything(&w);
    assert_int_equal(mode(&w, TB_MODE_DUAL, false), TB_ERR_CONTENTS);
    assert_int_equal(mode(&w, TB_MODE_DUAL, true), TB_OK);
    loads_and_locks_up(&w);
    assert_int_equal(option_word(w.b->machine, regs->options), production_in_mode(true));
    program(&w, "factory.hex");
    assert_true(board_wait(w.b, "app 1.0.0 running from bank 1 (confirmed)", MS(1000)));
    updates(&w);
    board_free(w.b);
}

/* Programmed by address on a line that forgot the option: the application does not start. */
static void found_in_single_bank_mode(const char *hex)
{
    bench w;

    open_bench(&w);
    option(w.b, regs->options, production_in_mode(false));
    program(&w, hex);
    board_run(w.b, MS(100));
    refuses_everything(&w);
    assert_int_equal(tb_client_reset(&w.client, TB_CMD_RESET, 0), TB_CLIENT_OK);
    board_run(w.b, MS(500));
    assert_string_equal(w.b->console, "");
    assert_int_equal(tb_client_connect(&w.client), TB_CLIENT_OK);
    assert_int_equal(w.client.hello.role, TB_ROLE_STAGE2);
    assert_int_equal(mode(&w, TB_MODE_DUAL, true), TB_OK);
    loads_and_locks_up(&w);
    program(&w, "factory.hex");
    assert_true(board_wait(w.b, "app 1.0.0 running from bank 1 (confirmed)", MS(1000)));
    updates(&w);
    board_free(w.b);
}

static void single_bank_parts_are_refused(void **state)
{
    (void)state;
    need_the_switch();
    found_in_single_bank_mode("factory.hex");
    found_in_single_bank_mode("factory-no-app.hex");
}

/* Stage 1 in both banks. */
static void protect_stage1(bench *w)
{
    if (regs == &f7) { /* bit 16: sectors 0 and 1, bit 22: the same of bank 2 */
        option(w->b, F7_OPTCR, regs->production & ~(1u << 16 | 1u << 22));
        return;
    }
    option(w->b, regs == &u5 ? U5_WRP1AR : FLASH_WRP1AR, WRP_STAGE1);
    option(w->b, regs == &u5 ? U5_WRP2AR : FLASH_WRP2AR, WRP_STAGE1);
}

static bool unprotected(sim_machine *m, uint32_t wrp)
{
    uint32_t word = rd(m, wrp) & WRP_PAGES;
    return (word & 0xFFu) > word >> 16;
}

static void write_protection_is_cleared_by_the_switch(void **state)
{
    bench w;

    (void)state;
    need_the_switch();
    open_bench(&w);
    protect_stage1(&w);
    board_run(w.b, MS(100));
    into_stage2(&w);
    assert_int_equal(mode(&w, TB_MODE_SINGLE, true), TB_OK);
    /* Stage 1 could not be erased before the load. Out of order it is no program any more:
     * its core may do anything, the part is the programmer's. */
    (void)sim_run(w.b->machine, sim_now(w.b->machine) + MS(5));
    sim_power_on(w.b->machine, true);
    rig_sleep(w.b->machine);
    assert_false(dual_by_options(&w));
    if (regs == &f7) {
        assert_int_equal(option_word(w.b->machine, F7_OPTCR), production_in_mode(false));
    } else {
        assert_true(unprotected(w.b->machine, regs == &u5 ? U5_WRP1AR : FLASH_WRP1AR));
        assert_true(unprotected(w.b->machine, regs == &u5 ? U5_WRP2AR : FLASH_WRP2AR));
    }
    program(&w, "factory.hex");
    board_run(w.b, MS(100));
    refuses_everything(&w);
    board_free(w.b);
}

static void refused_where(uint32_t reg, uint32_t value, tb_error error)
{
    bench w;

    open_bench(&w);
    option(w.b, reg, value);
    board_run(w.b, MS(100));
    into_stage2(&w);
    uint64_t before = flash_operations(&w);
    assert_int_equal(mode(&w, TB_MODE_SINGLE, true), error);
    board_run(w.b, MS(100));
    assert_int_equal(flash_operations(&w), before);
    assert_int_equal(mode(&w, TB_MODE_SHOW, false), TB_OK);
    assert_int_equal(w.client.reply[0], TB_MODE_DUAL);
    assert_int_equal(tb_client_reset(&w.client, TB_CMD_RESET, 0), TB_CLIENT_OK);
    assert_true(board_wait(w.b, "app 1.0.0 running from bank 1", MS(1000)));
    board_free(w.b);
}

static void protections_that_stand_in_the_way(void **state)
{
    (void)state;
    need_the_switch();
    refused_where(regs->options, (regs->production & ~regs->rdp_mask) | regs->rdp_level_2,
                  TB_ERR_OPTIONS);
    if (regs == &g4_l4) { /* bank 2's last unit, which the row's log does not reach */
        refused_where(G4_PCROP2ER, chip->family == TB_FAMILY_G4       ? 0x7FFFu
                                   : chip->family == TB_FAMILY_L4PLUS ? 0x1FFFFu
                                                                      : 0xFFFFu,
                      TB_ERR_WRITE_PROTECTED);
    }
    if (chip->family == TB_FAMILY_G4) {
        refused_where(FLASH_SEC1R, 0xFF00FF00u | SEC1R_BOOT_LOCK, TB_ERR_OPTIONS);
    }
    if (regs == &u5) { /* UNLOCK = 0, of no page */
        refused_where(U5_WRP1AR, 0x7F00FFFFu, TB_ERR_WRITE_PROTECTED);
    }
}

/* ---- cuts: docs/bank-mode.md says what each of them leaves ---- */

static void cut_in_the_switch(bench *w, sim_cut_when when, sim_cut_outcome outcome)
{
    const uint8_t request[5] = {TB_MODE_SINGLE, 'E', 'R', 'A', 'S'};
    const sim_cut cut = {.kind_mask = 1u << SIM_OP_OPTION, .when = when, .outcome = outcome};

    open_bench(w);
    into_stage2(w);
    sim_schedule_cut(w->b->machine, &cut);
    assert_true(tb_client_put(&w->client, TB_CMD_MODE, 1, request, sizeof request));
    assert_int_equal(sim_run(w->b->machine, sim_now(w->b->machine) + MS(200)), SIM_END_POWER_CUT);
    assert_int_equal(sim_cuts_fired(w->b->machine), 1);
    assert_false(blank(w)); /* the erase comes after */
    sim_power_on(w->b->machine, true);
}

/* Not begun, or undone: nothing has happened. */
static void comes_back_as_it_was(bench *w)
{
    assert_true(board_wait(w->b, "app 1.0.0 running from bank 1 (confirmed)", MS(1000)));
    updates(w);
    board_free(w->b);
}

/* RM0440 3.4.2: what mismatched option bytes mean. The ROM finds no bank that it may start. */
static void comes_back_in_the_rom(bench *w)
{
    sim_machine *m = w->b->machine;

    assert_int_equal(rd(m, FLASH_OPTR), 0xFFFFF8FFu); /* RDP level 1, BFB2, two banks */
    assert_int_equal(sim_run(m, sim_now(m) + MS(50)), SIM_END_STOP);
    assert_non_null(strstr(sim_end_text(m), "the ROM bootloader runs"));
    board_free(w->b);
}

static void power_cuts_in_the_option_write(void **state)
{
    bench w;

    (void)state;
    need_the_switch();
    cut_in_the_switch(&w, SIM_CUT_BEFORE, SIM_CUT_OLD);
    comes_back_as_it_was(&w);
    cut_in_the_switch(&w, SIM_CUT_DURING, SIM_CUT_OLD);
    comes_back_as_it_was(&w);
    cut_in_the_switch(&w, SIM_CUT_DURING, SIM_CUT_MIXED);
    if (regs == &g4_l4) {
        comes_back_in_the_rom(&w);
    } else if (regs == &f7) { /* nobody knows; the model: erased, which is RDP level 1, one bank */
        assert_int_equal(option_word(w.b->machine, F7_OPTCR), 0xFFFFFFFCu);
        board_free(w.b);
    } else if (dual_by_options(&w)) {
        comes_back_as_it_was(&w);
    } else {
        board_run(w.b, MS(100));
        refuses_everything(&w);
        board_free(w.b);
    }
    /* Written, and not erased yet. */
    cut_in_the_switch(&w, SIM_CUT_AFTER, SIM_CUT_NEW);
    assert_false(dual_by_options(&w));
    if (regs == &u5 || chip->family == TB_FAMILY_L4) { /* one bank is in the order of two */
        board_run(w.b, MS(100));
        refuses_everything(&w);
    }
    board_free(w.b);
}

int main(int argc, char **argv)
{
    know(argc > 1 ? argv[1] : name);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mode_is_told_and_kept),
        cmocka_unit_test(parts_that_always_have_two_banks),
        cmocka_unit_test(switched_both_ways),
        cmocka_unit_test(single_bank_parts_are_refused),
        cmocka_unit_test(write_protection_is_cleared_by_the_switch),
        cmocka_unit_test(protections_that_stand_in_the_way),
        cmocka_unit_test(power_cuts_in_the_option_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
