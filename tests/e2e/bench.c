#include "tests/e2e/bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

void bench_take(bench *w, board *b)
{
    w->b = b;
    board_link(b, &w->link);
    tb_client_init(&w->client, &w->link, NULL);
}

void bench_open(bench *w, const char *chip, const char *hex)
{
    bench_take(w, board_new(chip, hex, 1));
}

const tb_status *bench_status(bench *w)
{
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(tb_client_status(&w->client), TB_CLIENT_OK);
    return &w->client.status;
}

static void load_and_send(bench *w, const char *name, tb_image_file *image, tb_sent *sent)
{
    tb_complaint why;

    assert_true(tb_image_load(image, board_file(w->b, name), &why));
    (void)bench_status(w);
    assert_int_equal(tb_client_check(&w->client, image), TB_CLIENT_OK);
    assert_int_equal(tb_client_send(&w->client, image, sent), TB_CLIENT_OK);
}

void bench_send(bench *w, const char *name, tb_sent *sent)
{
    tb_image_file image;

    load_and_send(w, name, &image, sent);
    tb_image_file_free(&image);
}

tb_fate bench_flash(bench *w, const char *name, tb_sent *sent)
{
    const tb_wait_options wait = {.total_ms = 60000, .confirm_ms = 5000};
    tb_image_file image;
    tb_fate fate = TB_FATE_LOST;

    load_and_send(w, name, &image, sent);
    assert_int_equal(tb_client_reset(&w->client, TB_CMD_RESET, 0), TB_CLIENT_OK);
    assert_int_equal(tb_client_wait(&w->client, &image, sent, &wait, &fate), TB_CLIENT_OK);
    tb_image_file_free(&image);
    return fate;
}
