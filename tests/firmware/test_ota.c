/* The application's library by itself, without the server (twinbank/ota.h): app/own_line.c has a
 * transport of its own, and says what each call answers. test_firmware_ota [CHIP] */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/lib/imagefile.h"
#include "tests/e2e/bench.h"

#define MS(n) ((n)*SIM_PS_PER_MS)
#define PIECE 200u

static const char *chip = "stm32g474re";

static uint64_t count(const board *b, sim_op_kind kind)
{
    return sim_op_count(b->machine, 1u << kind);
}

static unsigned receive(board *b)
{
    uint8_t byte = 0;

    assert_int_equal(board_receive(b, &byte, 1, MS(30000)), 1);
    return byte;
}

static unsigned ask(board *b, char command, const void *bytes, size_t size)
{
    board_send(b, &command, 1);
    board_send(b, bytes, size);
    return receive(b);
}

static unsigned command(board *b, char what)
{
    return ask(b, what, NULL, 0);
}

static unsigned begin(board *b, const tb_image_file *image, uint32_t *next)
{
    unsigned error = ask(b, 'i', image->data, TB_HEAD_BYTES);

    *next = 0;
    for (unsigned i = 0; i < 4u; i++) {
        *next |= receive(b) << 8u * i;
    }
    return error;
}

static void send_rest(board *b, const tb_image_file *image, uint32_t next)
{
    for (uint32_t n; next < image->bytes; next += n) {
        uint8_t piece[1u + PIECE];

        n = (uint32_t)image->bytes - next < PIECE ? (uint32_t)image->bytes - next : PIECE;
        piece[0] = (uint8_t)n;
        memcpy(piece + 1, image->data + next, n);
        assert_int_equal(ask(b, 'd', piece, 1u + n), TB_OK);
    }
}

static board *board_of_its_own(void)
{
    board *b = board_new(chip, "factory.hex", 1);
    char stage1[256], app[256];

    snprintf(stage1, sizeof stage1, "%s", board_file(b, "stage1.elf"));
    snprintf(app, sizeof app, "%s", board_file(b, "app-own.twb"));
    board_program(b, stage1, app);
    sim_power_on(b->machine, true);
    assert_true(board_wait(b, "app 1.0.5 running from bank 1: ", MS(200)));
    board_run(b, MS(5)); /* until it listens */
    return b;
}

static void an_image_comes_by_another_transport_and_idle_moments_erase(void **state)
{
    board *b = board_of_its_own();
    tb_image_file image;
    tb_complaint why;
    uint32_t next;
    uint64_t erases, pages = 0;

    (void)state;
    assert_true(tb_image_load(&image, board_file(b, "app-1.1.0.twb"), &why));
    assert_int_equal(command(b, 'w'), 0); /* without a session there is nothing to erase */
    assert_int_equal(command(b, 'f'), TB_ERR_NO_SESSION);
    assert_int_equal(sim_op_count(b->machine, 0), 0);
    image.data[0] ^= 1u;
    assert_int_equal(begin(b, &image, &next), TB_ERR_MAGIC);
    image.data[0] ^= 1u;
    assert_int_equal(begin(b, &image, &next), TB_OK);
    assert_int_equal(next, 0);
    assert_int_equal(sim_op_count(b->machine, 0), 0);
    for (;; pages++) {
        erases = count(b, SIM_OP_ERASE_PAGE);
        assert_int_equal(erases, pages);
        if (command(b, 'w') == 0) {
            break;
        }
    }
    assert_int_equal(count(b, SIM_OP_ERASE_PAGE), pages);
    assert_int_equal(count(b, SIM_OP_PROGRAM), 0);
    /* Header and log at least; what it leaves is for data to make room for. */
    assert_in_range(pages, 2, 64);
    assert_int_equal(command(b, 'f'), TB_ERR_INCOMPLETE);
    send_rest(b, &image, next);
    assert_int_equal(count(b, SIM_OP_ERASE_PAGE), pages);
    assert_int_equal(command(b, 'f'), TB_OK);
    assert_int_equal(command(b, 'w'), 0);
    board_send(b, "b", 1);
    assert_true(board_wait(b, "app 1.1.0 running from bank 2 (trial", MS(1000)));
    assert_true(board_wait(b, "app 1.1.0 confirmed", MS(1000)));
    tb_image_file_free(&image);
    board_free(b);
}

static void a_rollback_without_another_image_is_refused(void **state)
{
    board *b = board_of_its_own();

    (void)state;
    assert_int_equal(command(b, 'r'), TB_ERR_NO_IMAGE);
    assert_int_equal(sim_op_count(b->machine, 0), 0);
    board_send(b, "b", 1);
    assert_true(board_wait(b, "app 1.0.5 running from bank 1: ", MS(200)));
    board_free(b);
}

static void a_rollback_rejects_and_leaves_the_reboot_to_the_caller(void **state)
{
    (void)state;
    for (unsigned confirmed = 0; confirmed < 2u; confirmed++) {
        bench w;
        tb_sent sent;
        uint64_t units;

        bench_open(&w, chip, "factory.hex");
        assert_true(board_wait(w.b, "app 1.0.0 running", MS(200)));
        bench_send(&w, "app-own.twb", &sent);
        assert_int_equal(tb_client_reset(&w.client, TB_CMD_RESET, 0), TB_CLIENT_OK);
        assert_true(board_wait(w.b, "app 1.0.5 running from bank 2 (trial): ", MS(1000)));
        board_run(w.b, MS(5));
        w.b->out_tail = w.b->out_head;
        units = count(w.b, SIM_OP_PROGRAM);
        if (confirmed != 0u) {
            assert_int_equal(command(w.b, 'c'), TB_OK);
            units = 2u * count(w.b, SIM_OP_PROGRAM) - units; /* a record more, as long as this */
        }
        assert_int_equal(command(w.b, 'r'), TB_OK);
        assert_true(count(w.b, SIM_OP_PROGRAM) > 0u);
        if (confirmed != 0u) {
            assert_int_equal(count(w.b, SIM_OP_PROGRAM), units);
        }
        assert_int_equal(command(w.b, 'c'), TB_ERR_REJECTED); /* it runs on, and is rejected */
        board_send(w.b, "b", 1);
        assert_true(board_wait(w.b, "app 1.0.0 running from bank 1 (confirmed)", MS(1000)));
        assert_true(board_wait(w.b, "rolled back from 1.0.5: rollback asked for", MS(200)));
        const tb_status *s = bench_status(&w);
        assert_int_equal(s->slot[1].state, TB_SLOT_REJECTED);
        assert_int_equal(s->slot[1].reason, TB_REASON_REQUESTED);
        board_free(w.b);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_comes_by_another_transport_and_idle_moments_erase),
        cmocka_unit_test(a_rollback_without_another_image_is_refused),
        cmocka_unit_test(a_rollback_rejects_and_leaves_the_reboot_to_the_caller),
    };
    chip = argc > 1 ? argv[1] : chip;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
