/* U5 parts that are not served: TrustZone on, or one bank. Stage 1 starts no application, and
 * stage 2 says why. test_firmware_refused: needs the firmware of stm32u575zi and stm32u575zg. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/e2e/bench.h"
#include "tests/sim/rig_u5.h"

#define MS(n) ((n)*SIM_PS_PER_MS)

/* As a debugger would: the core held in SRAM, one option word written, power off and on. */
static void option(board *b, uint32_t reg, uint32_t value)
{
    asleep(b->machine);
    write_options(b->machine, reg, value);
    rig_pass(b->machine, MS(50));
    assert_int_equal(rd(b->machine, NSSR) & (BSY | U_ERRORS), 0);
    sim_power_on(b->machine, false);
    board_forget(b);
}

static tb_error ask(bench *w, tb_command command, const void *payload, uint16_t bytes)
{
    tb_client_result result = tb_client_command(&w->client, command, payload, bytes, 2000);

    return result == TB_CLIENT_REFUSED ? w->client.device_error
                                       : result == TB_CLIENT_OK ? TB_OK : TB_ERR_TIMEOUT;
}

static void refuses_everything(bench *w, tb_error reason, uint32_t capabilities)
{
    static const char *const images[] = {"app-1.1.0.twb", "stage2-next.twb"};
    uint64_t before = sim_op_count(w->b->machine, 0);
    const uint8_t bank = 0;
    tb_complaint why;
    tb_sent sent;

    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(w->client.hello.role, TB_ROLE_STAGE2);
    assert_int_equal(w->client.hello.capabilities & (TB_CAP_SINGLE_BANK | TB_CAP_RESUME |
                                                     TB_CAP_ROLLBACK), capabilities);
    assert_int_equal(tb_client_status(&w->client), TB_CLIENT_REFUSED); /* `info` */
    assert_int_equal(w->client.device_error, reason);
    assert_non_null(strstr(w->client.why.what, tb_error_text(reason)));
    assert_true(w->client.why.hint[0] != '\0');
    for (unsigned i = 0; i < 2u; i++) { /* `flash` */
        tb_image_file image;
        assert_true(tb_image_load(&image, board_file(w->b, images[i]), &why));
        assert_int_equal(tb_client_send(&w->client, &image, &sent), TB_CLIENT_REFUSED);
        assert_int_equal(w->client.device_error, reason);
        tb_image_file_free(&image);
    }
    assert_int_equal(ask(w, TB_CMD_ERASE, &bank, 1), reason);
    assert_int_equal(ask(w, TB_CMD_BOOT, NULL, 0), reason);
    assert_int_equal(sim_op_count(w->b->machine, 0), before);
    /* and a reset changes nothing */
    assert_int_equal(tb_client_reset(&w->client, TB_CMD_RESET, 0), TB_CLIENT_OK);
    board_run(w->b, MS(500));
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(w->client.hello.role, TB_ROLE_STAGE2);
    assert_int_equal(sim_op_count(w->b->machine, 0), before);
}

static void found(const char *chip, uint32_t optr, tb_error reason, uint32_t capabilities)
{
    static const char *const files[] = {"factory.hex", "factory-no-app.hex"};

    for (unsigned i = 0; i < 2u; i++) {
        bench w;
        bench_open(&w, chip, files[i]);
        option(w.b, OPTR, optr);
        board_run(w.b, MS(50));
        refuses_everything(&w, reason, capabilities);
        assert_string_equal(w.b->console, ""); /* no application ever ran */
        option(w.b, OPTR, OPTR_PRODUCTION);
        if (i == 0u) {
            assert_true(board_wait(w.b, "app 1.0.0 running from bank 1 (confirmed)", MS(100)));
        }
        board_free(w.b);
    }
}

static void trustzone(void **state)
{
    (void)state;
    found("stm32u575zi", OPTR_PRODUCTION | TZEN, TB_ERR_TRUSTZONE, 0u);
}

static void one_bank(void **state)
{
    (void)state;
    found("stm32u575zg", OPTR_PRODUCTION & ~DUALBANK, TB_ERR_SINGLE_BANK, TB_CAP_SINGLE_BANK);
}

/* An image in bank 2 that was running by SWAP_BANK when somebody clears DUALBANK. */
static void one_bank_after_a_swap(void **state)
{
    bench w;
    tb_image_file image;
    tb_complaint why;
    tb_sent sent;

    (void)state;
    bench_open(&w, "stm32u575zg", "factory.hex");
    assert_true(board_wait(w.b, "1.0.0 running", MS(500)));
    assert_true(tb_image_load(&image, board_file(w.b, "app-1.1.0.twb"), &why));
    assert_int_equal(tb_client_connect(&w.client), TB_CLIENT_OK);
    assert_int_equal(tb_client_send(&w.client, &image, &sent), TB_CLIENT_OK);
    assert_int_equal(tb_client_reset(&w.client, TB_CMD_RESET, 0), TB_CLIENT_OK);
    assert_true(board_wait(w.b, "1.1.0 confirmed", MS(2000)));
    option(w.b, OPTR, (OPTR_PRODUCTION | SWAP_BANK) & ~DUALBANK);
    board_run(w.b, MS(50));
    refuses_everything(&w, TB_ERR_SINGLE_BANK, TB_CAP_SINGLE_BANK);
    option(w.b, OPTR, OPTR_PRODUCTION | SWAP_BANK);
    assert_true(board_wait(w.b, "1.1.0 running from bank 2 (confirmed)", MS(500)));
    tb_image_file_free(&image);
    board_free(w.b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trustzone),
        cmocka_unit_test(one_bank),
        cmocka_unit_test(one_bank_after_a_swap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
