/* The tutorial's client, written from docs/wire.md alone: 128 bytes at a time, stop and
 * wait, one byte of answer. It must work unchanged against stage 2 and an application.
 * test_e2e_tutorial [CHIP] */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/e2e/board.h"

static const char *chip = "stm32g474re";

#define ACK 0x5F
#define NACK 0xAA

/* Bit by bit, on purpose not the library's: each byte enters as a 32-bit word. */
static uint32_t unit_crc(const uint8_t *data, size_t bytes)
{
    uint32_t crc = 0xFFFFFFFFu;
    while (bytes--) {
        crc ^= *data++;
        for (int i = 0; i < 32; i++)
            crc = (crc & 0x80000000u) ? (crc << 1) ^ 0x04C11DB7u : crc << 1;
    }
    return crc;
}

static size_t frame(uint8_t *out, uint8_t command, const uint8_t *payload, size_t bytes)
{
    out[0] = 0x23;
    out[1] = command;
    out[2] = (uint8_t)bytes;
    out[3] = (uint8_t)(bytes >> 8);
    if (bytes)
        memcpy(out + 4, payload, bytes);
    uint32_t crc = unit_crc(out, 4 + bytes);
    for (int i = 0; i < 4; i++)
        out[4 + bytes + (size_t)i] = (uint8_t)(crc >> (8 * i));
    return bytes + 8;
}

static int ask(board *b, uint8_t command, const uint8_t *payload, size_t bytes)
{
    uint8_t out[512], answer;
    board_send(b, out, frame(out, command, payload, bytes));
    return board_receive(b, &answer, 1, 3 * SIM_PS_PER_S) == 1 ? answer : -1;
}

/* How many pieces were acknowledged; stops at the first that is not. */
static size_t send_pieces(board *b, const uint8_t *image, size_t bytes)
{
    size_t sent = 0;
    while (sent < bytes) {
        size_t n = bytes - sent < 128 ? bytes - sent : 128;
        if (ask(b, 0x42, image + sent, n) != ACK)
            break;
        sent += n;
    }
    return sent;
}

static void check_version_text(board *b)
{
    uint8_t out[16], text[64];
    board_send(b, out, frame(out, 0x41, NULL, 0));
    size_t n = 0;
    while (n < 27) {
        size_t got = board_receive(b, text + n, 27 - n, SIM_PS_PER_S);
        assert_int_not_equal(got, 0);
        n += got;
    }
    for (size_t i = 0; i < n; i++)
        assert_true(text[i] >= 0x20 && text[i] < 0x7F);
    assert_int_equal(board_receive(b, text, 1, 20 * SIM_PS_PER_MS), 0);
}

static void stage2_takes_an_image_from_the_tutorials_client(void **state)
{
    (void)state;
    board *b = board_new(chip, "factory-no-app.hex", 1);
    size_t bytes;
    uint8_t *image = board_read_file(board_file(b, "app-1.1.0.twb"), &bytes);
    board_run(b, 50 * SIM_PS_PER_MS);
    check_version_text(b);
    assert_int_equal(send_pieces(b, image, bytes), bytes);
    assert_int_equal(ask(b, 0x43, NULL, 0), ACK);
    assert_true(board_wait(b, "1.1.0", 2 * SIM_PS_PER_S));
    free(image);
    board_free(b);
}

static void a_running_application_does_too(void **state)
{
    (void)state;
    board *b = board_new(chip, "factory.hex", 1);
    size_t bytes;
    uint8_t *image = board_read_file(board_file(b, "app-1.2.0.twb"), &bytes);
    assert_true(board_wait(b, "1.0.0", SIM_PS_PER_S));
    check_version_text(b);
    assert_int_equal(send_pieces(b, image, bytes), bytes);
    assert_int_equal(ask(b, 0x43, NULL, 0), ACK);
    assert_true(board_wait(b, "1.2.0", 2 * SIM_PS_PER_S));
    free(image);
    board_free(b);
}

static void damage_is_refused_and_the_next_try_works(void **state)
{
    (void)state;
    board *b = board_new(chip, "factory-no-app.hex", 1);
    size_t bytes;
    uint8_t *image = board_read_file(board_file(b, "app-1.1.0.twb"), &bytes);
    board_run(b, 50 * SIM_PS_PER_MS);

    /* finish before data, an unknown command, a damaged frame */
    assert_int_equal(ask(b, 0x43, NULL, 0), NACK);
    assert_int_equal(ask(b, 0x44, NULL, 0), NACK);
    uint8_t out[256], answer = 0;
    size_t n = frame(out, 0x42, image, 128);
    out[20] ^= 1;
    board_send(b, out, n);
    assert_int_equal(board_receive(b, &answer, 1, SIM_PS_PER_S), 1);
    assert_int_equal(answer, NACK);

    /* one wrong byte of payload: all pieces are taken, the finish is not */
    image[5000] ^= 0x10;
    assert_int_equal(send_pieces(b, image, bytes), bytes);
    assert_int_equal(ask(b, 0x43, NULL, 0), NACK);

    /* stopped half-way, then begun again from the header */
    image[5000] ^= 0x10;
    assert_int_equal(send_pieces(b, image, 4096), 4096);
    assert_int_equal(send_pieces(b, image, bytes), bytes);
    assert_int_equal(ask(b, 0x43, NULL, 0), ACK);
    assert_true(board_wait(b, "1.1.0", 2 * SIM_PS_PER_S));
    free(image);
    board_free(b);
}

/* What was acknowledged and not in flash yet is lost with the power: the client begins again. */
static void a_cut_after_an_ack_costs_a_new_start(void **state)
{
    (void)state;
    board *b = board_new(chip, "factory-no-app.hex", 1);
    size_t bytes;
    uint8_t *image = board_read_file(board_file(b, "app-1.1.0.twb"), &bytes);
    board_run(b, 50 * SIM_PS_PER_MS);
    assert_int_equal(send_pieces(b, image, 2048), 2048);
    sim_cut cut = { .op = sim_op_count(b->machine, 0) + 1u, .when = SIM_CUT_DURING,
                    .outcome = SIM_CUT_MIXED };
    sim_schedule_cut(b->machine, &cut);
    size_t sent = 2048 + send_pieces(b, image + 2048, bytes - 2048);
    assert_true(sent < bytes || ask(b, 0x43, NULL, 0) != ACK);
    assert_int_equal(sim_cuts_fired(b->machine), 1);
    board_run(b, 2 * SIM_PS_PER_S);
    assert_int_equal(send_pieces(b, image, bytes), bytes);
    assert_int_equal(ask(b, 0x43, NULL, 0), ACK);
    assert_true(board_wait(b, "1.1.0", 2 * SIM_PS_PER_S));
    free(image);
    board_free(b);
}

/* However much waits for flash when it comes; too early it is refused, and the session goes on. */
static void finish_waits_for_what_is_acknowledged(void **state)
{
    (void)state;
    board *b = board_new(chip, "factory-no-app.hex", 1);
    size_t bytes;
    uint8_t *image = board_read_file(board_file(b, "app-1.1.0.twb"), &bytes);
    board_run(b, 50 * SIM_PS_PER_MS);
    assert_int_equal(send_pieces(b, image, 4096), 4096);
    board_run(b, 10 * SIM_PS_PER_S); /* all of it is in flash */
    size_t last = bytes - bytes % 128 - 128;
    assert_int_equal(send_pieces(b, image + 4096, last - 4096), last - 4096);
    /* finish at once, with the rest missing: refused, and the session goes on */
    assert_int_equal(ask(b, 0x43, NULL, 0), NACK);
    assert_int_equal(send_pieces(b, image + last, bytes - last), bytes - last);
    assert_int_equal(ask(b, 0x43, NULL, 0), ACK);
    assert_true(board_wait(b, "1.1.0", 2 * SIM_PS_PER_S));
    free(image);
    board_free(b);
}

int main(int argc, char **argv)
{
    chip = argc > 1 ? argv[1] : chip;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stage2_takes_an_image_from_the_tutorials_client),
        cmocka_unit_test(a_running_application_does_too),
        cmocka_unit_test(damage_is_refused_and_the_next_try_works),
        cmocka_unit_test(a_cut_after_an_ack_costs_a_new_start),
        cmocka_unit_test(finish_waits_for_what_is_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
