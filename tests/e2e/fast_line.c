/* flash --fast with the real binaries in virtual time: the running application, and stage 2.
 * test_e2e_fast_line [CHIP] */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "host/lib/client.h"
#include "tests/e2e/board.h"
#include "twinbank/server.h"

static const char *chip = "stm32g474re";

typedef struct bench {
    board *b;
    tb_link link;
    tb_client client;
    tb_image_file image;
    sim_ps sent_at;
} bench;

static bool port_sticks(void *ctx, uint32_t baud)
{
    board *b = ctx;
    b->wire.baud = 115200; /* says yes, and goes on as before */
    (void)baud;
    return true;
}

static void open_bench(bench *w)
{
    tb_complaint why;
    w->b = board_new(chip, "factory.hex", 1);
    board_link(w->b, &w->link);
    tb_client_init(&w->client, &w->link, NULL);
    w->client.plain_only = true;
    assert_true(tb_image_load(&w->image, board_file(w->b, "app-1.1.0.twb"), &why));
    assert_true(board_wait(w->b, "1.0.0", SIM_PS_PER_S));
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(tb_client_status(&w->client), TB_CLIENT_OK);
}

static void close_bench(bench *w)
{
    tb_image_file_free(&w->image);
    board_free(w->b);
}

/* 16 MHz does not make 921600 within 2 %, but for the LPUART, which has fractions. */
static uint32_t highest(const bench *w)
{
    bool fractions = strcmp(w->b->chip->board.uart_name, "lpuart1") == 0;
    return fractions || w->b->chip->family == TB_FAMILY_H7 ? 921600 : 1000000;
}

static void raise_line(bench *w)
{
    assert_int_equal(tb_client_raise_baud(&w->client), TB_CLIENT_OK);
    assert_int_equal(w->client.baud_state, TB_BAUD_RAISED);
    assert_int_equal(w->link.baud, highest(w));
}

static void update(bench *w, tb_sent *sent)
{
    const tb_wait_options wait = {.total_ms = 60000, .confirm_ms = 5000};
    tb_fate fate = TB_FATE_LOST;
    assert_int_equal(tb_client_send(&w->client, &w->image, sent), TB_CLIENT_OK);
    w->sent_at = sim_now(w->b->machine);
    assert_int_equal(tb_client_reset(&w->client, TB_CMD_RESET, 0), TB_CLIENT_OK);
    assert_int_equal(w->link.baud, 115200);
    assert_int_equal(tb_client_wait(&w->client, &w->image, sent, &wait, &fate), TB_CLIENT_OK);
    assert_int_equal(fate, TB_FATE_CONFIRMED);
}

static void fast_update(bool stage2)
{
    bench w;
    tb_sent sent;
    open_bench(&w);
    if (stage2) {
        assert_int_equal(tb_client_reset(&w.client, TB_CMD_RESET, 1), TB_CLIENT_OK);
        assert_int_equal(tb_client_connect(&w.client), TB_CLIENT_OK);
        assert_int_equal(tb_client_status(&w.client), TB_CLIENT_OK);
        assert_int_equal(w.client.hello.role, TB_ROLE_STAGE2);
    }
    sim_ps start = sim_now(w.b->machine);
    raise_line(&w);
    assert_in_range((sim_now(w.b->machine) - start) / SIM_PS_PER_MS, 0, 50);
    start = sim_now(w.b->machine);
    update(&w, &sent);
    assert_int_equal(sent.sent_bytes, w.image.bytes);
    if (w.b->chip->family == TB_FAMILY_G4) { /* elsewhere the erase takes what it takes */
        sim_ps usual = w.image.bytes * 10u * SIM_PS_PER_S / 115200u;
        assert_in_range(w.sent_at - start, 0, usual / 2u);
    }
    close_bench(&w);
}

static void the_application_updates_itself_fast(void **state)
{
    (void)state;
    fast_update(false);
}

static void so_does_stage2(void **state)
{
    (void)state;
    fast_update(true);
}

static void line_that_carries_nothing_faster(void **state)
{
    (void)state;
    bench w;
    tb_sent sent;
    open_bench(&w);
    w.link.set_baud = port_sticks;
    sim_ps start = sim_now(w.b->machine);
    assert_int_equal(tb_client_raise_baud(&w.client), TB_CLIENT_OK);
    assert_int_equal(w.client.baud_state, TB_BAUD_NOT_LINE);
    assert_in_range((sim_now(w.b->machine) - start) / SIM_PS_PER_MS, 0, 5000);
    update(&w, &sent);
    close_bench(&w);
}

static void power_cut_at_the_raised_rate(void **state)
{
    (void)state;
    bench w;
    tb_sent sent;
    open_bench(&w);
    raise_line(&w);
    const sim_cut cut = {.op = sim_op_count(w.b->machine, 0) + 200u, .when = SIM_CUT_DURING,
                         .outcome = SIM_CUT_MIXED};
    sim_schedule_cut(w.b->machine, &cut);
    update(&w, &sent);
    assert_int_equal(w.b->power_cycles, 1);
    assert_int_equal(w.client.baud_state, TB_BAUD_GIVEN_UP);
    close_bench(&w);
}

/* The tool is killed: who comes later at the usual rate finds the device there. */
static void nobody_is_there_any_more(void **state)
{
    (void)state;
    bench w;
    open_bench(&w);
    raise_line(&w);
    assert_true(w.link.set_baud(w.link.ctx, 115200));
    w.link.pause(w.link.ctx, TB_BAUD_SILENCE_MS + 100u);
    w.link.baud = 115200;
    tb_client_init(&w.client, &w.link, NULL);
    w.client.hello_timeout_ms = 300;
    assert_int_equal(tb_client_connect(&w.client), TB_CLIENT_OK);
    close_bench(&w);
}

static void what_the_clock_cannot_make(void **state)
{
    static const uint32_t rates[] = {0, 1, 1500000, 3500000, 10000000, UINT32_MAX};
    (void)state;
    bench w;
    open_bench(&w);
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        uint8_t wanted[4];
        for (unsigned byte = 0; byte < 4u; byte++) {
            wanted[byte] = (uint8_t)(rates[i] >> 8u * byte);
        }
        tb_client_result result = tb_client_command(&w.client, TB_CMD_BAUD, wanted, 4, 2000);
        if (rates[i] == 1500000u || rates[i] == 3500000u) { /* some UARTs can */
            assert_true(result == TB_CLIENT_OK || w.client.device_error == TB_ERR_ARGUMENT);
            w.link.pause(w.link.ctx, 2u * TB_BAUD_TRIAL_MS);
        } else {
            assert_int_equal(result, TB_CLIENT_REFUSED);
            assert_int_equal(w.client.device_error, TB_ERR_ARGUMENT);
        }
        assert_int_equal(tb_client_connect(&w.client), TB_CLIENT_OK);
    }
    close_bench(&w);
}

int main(int argc, char **argv)
{
    chip = argc > 1 ? argv[1] : chip;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_application_updates_itself_fast),
        cmocka_unit_test(so_does_stage2),
        cmocka_unit_test(line_that_carries_nothing_faster),
        cmocka_unit_test(power_cut_at_the_raised_rate),
        cmocka_unit_test(nobody_is_there_any_more),
        cmocka_unit_test(what_the_clock_cannot_make),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
