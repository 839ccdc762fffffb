/* Bad images and bad frames against the real firmware: each gets its own error, nothing
 * is erased for them, and the next good update works. test_e2e_refusals [CHIP] */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/lib/client.h"
#include "tests/e2e/board.h"

static const char *chip = "stm32g474re";

typedef struct bench {
    board *b;
    tb_link link;
    tb_client client;
    tb_image_file image;
} bench;

static void open_bench(bench *w, const char *hex)
{
    tb_complaint why;
    w->b = board_new(chip, hex, 1);
    board_link(w->b, &w->link);
    tb_client_init(&w->client, &w->link, NULL);
    assert_true(tb_image_load(&w->image, board_file(w->b, "app-1.1.0.twb"), &why));
    board_run(w->b, 500 * SIM_PS_PER_MS);
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
}

static void seal(tb_image_head *head)
{
    head->header_crc32 = tb_crc32(0, head, offsetof(tb_image_head, header_crc32));
}

static tb_error begin(bench *w, const tb_image_head *head)
{
    tb_client_result r =
        tb_client_command(&w->client, TB_CMD_BEGIN, head, sizeof *head, 5000);
    return r == TB_CLIENT_OK ? TB_OK : r == TB_CLIENT_REFUSED ? w->client.device_error : (tb_error)0xFF;
}

static void good_update_works(bench *w)
{
    tb_sent sent;
    tb_fate fate = TB_FATE_LOST;
    const tb_wait_options wait = { .total_ms = 20000, .confirm_ms = 5000 };
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(tb_client_send(&w->client, &w->image, &sent), TB_CLIENT_OK);
    assert_int_equal(tb_client_reset(&w->client, TB_CMD_RESET, 0), TB_CLIENT_OK);
    assert_int_equal(tb_client_wait(&w->client, &w->image, &sent, &wait, &fate), TB_CLIENT_OK);
    assert_int_equal(fate, TB_FATE_CONFIRMED);
}

static void close_bench(bench *w)
{
    tb_image_file_free(&w->image);
    board_free(w->b);
}

static void bad_headers(const char *hex)
{
    bench w;
    open_bench(&w, hex);
    uint64_t ops = sim_op_count(w.b->machine, 0);
    tb_image_head h;
#define REFUSED(change, expected)                     \
    do {                                              \
        h = w.image.head;                             \
        change;                                       \
        seal(&h);                                     \
        assert_int_equal(begin(&w, &h), (expected));  \
    } while (0)
    REFUSED(h.magic ^= 1u, TB_ERR_MAGIC);
    REFUSED(h.format = 99, TB_ERR_FORMAT);
    REFUSED(h.kind = 7, TB_ERR_KIND);
    REFUSED(h.device_id ^= 0x100u, TB_ERR_CHIP);
    REFUSED(h.bank_kib = 64, TB_ERR_GEOMETRY);
    REFUSED(h.product_id ^= 0x55u, TB_ERR_PRODUCT);
    REFUSED(h.load_address += 0x40000u, TB_ERR_ADDRESS);
    REFUSED(h.size = 0, TB_ERR_SIZE);
    REFUSED(h.size = 0xFFFFFFFCu, TB_ERR_SIZE);
    REFUSED(h.size = tb_slot_image_bytes(w.b->chip), TB_ERR_SIZE);
    h = w.image.head;
    h.version ^= 1u; /* not sealed again */
    assert_int_equal(begin(&w, &h), TB_ERR_HEADER_CRC);
    if (strcmp(hex, "factory.hex") == 0)
        REFUSED(h.version = TB_VERSION(0, 9, 9), TB_ERR_VERSION);
#undef REFUSED
    assert_int_equal(sim_op_count(w.b->machine, 0), ops); /* nothing was written for them */
    good_update_works(&w);
    close_bench(&w);
}

static void an_application_refuses_bad_headers(void **state)
{
    (void)state;
    bad_headers("factory.hex");
}

static void stage2_refuses_bad_headers(void **state)
{
    (void)state;
    bad_headers("factory-no-app.hex");
}

/* A raw native request; gives the status of the reply to it. */
static int ask(bench *w, uint8_t command, const void *payload, uint16_t bytes)
{
    uint8_t out[TB_WIRE_OVERHEAD + TB_WIRE_MAX_PAYLOAD + 16];
    board_send(w->b, out, tb_frame_put(out, TB_WIRE_TOKEN_NATIVE, command, payload, bytes));
    return 0;
}

static int answer(bench *w, uint8_t *command)
{
    uint8_t buffer[TB_WIRE_OVERHEAD + TB_WIRE_MAX_PAYLOAD], byte;
    tb_receiver r;
    tb_frame f;
    tb_error e;
    tb_receiver_init(&r, buffer, TB_WIRE_MAX_PAYLOAD);
    while (board_receive(w->b, &byte, 1, 2 * SIM_PS_PER_S) == 1)
        if (tb_receiver_byte(&r, byte, &f, &e) == TB_RECEIVE_FRAME) {
            *command = f.command;
            assert_true(f.length >= 2);
            return f.payload[1];
        }
    return -1;
}

static void frames_out_of_place_get_their_own_errors(void **state)
{
    (void)state;
    bench w;
    uint8_t command = 0, p[256] = { 1 };
    open_bench(&w, "factory.hex");

    ask(&w, TB_CMD_DATA, p, 5 + 64); /* data before begin */
    assert_int_equal(answer(&w, &command), TB_ERR_NO_SESSION);
    assert_int_equal(command, TB_CMD_DATA | TB_WIRE_REPLY);
    ask(&w, TB_CMD_FINISH, p, 1);
    assert_int_equal(answer(&w, &command), TB_ERR_NO_SESSION);
    ask(&w, 0x3F, p, 1);
    assert_int_equal(answer(&w, &command), TB_ERR_COMMAND);
    ask(&w, TB_CMD_BEGIN, p, 10); /* a head that is too short */
    assert_int_equal(answer(&w, &command), TB_ERR_FRAME_LENGTH);

    assert_int_equal(begin(&w, &w.image.head), TB_OK);
    p[1] = 0x80; /* offset 128 where 0 is expected */
    ask(&w, TB_CMD_DATA, p, 5 + 64);
    assert_int_equal(answer(&w, &command), TB_ERR_OFFSET);
    ask(&w, TB_CMD_FINISH, p, 1);
    assert_int_equal(answer(&w, &command), TB_ERR_INCOMPLETE);

    /* damaged, cut short, and with a length that lies; a good frame right behind each */
    uint8_t f[64];
    size_t n = tb_frame_put(f, TB_WIRE_TOKEN_NATIVE, TB_CMD_HELLO, "\x05\x01", 2);
    f[5] ^= 0x40;
    board_send(w.b, f, n);
    assert_int_equal(answer(&w, &command), TB_ERR_FRAME_CRC);
    f[5] ^= 0x40;
    board_send(w.b, f, n - 3); /* cut: silence follows */
    assert_int_equal(answer(&w, &command), TB_ERR_FRAME_TIMEOUT);
    board_send(w.b, f, n);
    assert_int_equal(answer(&w, &command), TB_OK);
    f[3] = 0x7F; /* claims 32 KB */
    board_send(w.b, f, n);
    assert_int_equal(answer(&w, &command), TB_ERR_FRAME_LENGTH);
    f[3] = 0;
    board_send(w.b, f, n);
    assert_int_equal(answer(&w, &command), TB_OK);
    assert_int_equal(command, TB_CMD_HELLO | TB_WIRE_REPLY);

    good_update_works(&w);
    close_bench(&w);
}

/* More answers than the device has room for while they leave, and a reset right behind them. */
static void questions_in_a_row(const char *hex)
{
    enum { QUESTIONS = 24 };
    bench w;
    uint8_t command = 0;
    open_bench(&w, hex);
    for (uint8_t i = 0; i < QUESTIONS; i++)
        ask(&w, TB_CMD_HELLO, (const uint8_t[]){ i, 1 }, 2);
    ask(&w, TB_CMD_RESET, (const uint8_t[]){ QUESTIONS, 0 }, 2);
    for (unsigned i = 0; i < QUESTIONS; i++) {
        assert_int_equal(answer(&w, &command), TB_OK);
        assert_int_equal(command, TB_CMD_HELLO | TB_WIRE_REPLY);
    }
    assert_int_equal(answer(&w, &command), TB_OK);
    assert_int_equal(command, TB_CMD_RESET | TB_WIRE_REPLY);
    close_bench(&w);
}

static void all_questions_in_a_row_are_answered(void **state)
{
    (void)state;
    questions_in_a_row("factory.hex");
    questions_in_a_row("factory-no-app.hex");
}

static void overlong_and_damaged_payloads_are_refused_at_the_end(void **state)
{
    (void)state;
    bench w;
    tb_sent sent;
    open_bench(&w, "factory.hex");

    w.image.data[TB_HEADER_BYTES + 3000] ^= 4; /* the header's CRC of it no longer fits */
    assert_int_equal(tb_client_send(&w.client, &w.image, &sent), TB_CLIENT_REFUSED);
    assert_int_equal(w.client.device_error, TB_ERR_PAYLOAD_CRC);
    w.image.data[TB_HEADER_BYTES + 3000] ^= 4;

    /* more data than the header said */
    assert_int_equal(tb_client_connect(&w.client), TB_CLIENT_OK);
    assert_int_equal(begin(&w, &w.image.head), TB_OK);
    uint8_t p[5 + 64] = { 9 }, command;
    uint32_t at = 0;
    tb_client_result r = TB_CLIENT_OK;
    while (at < w.image.bytes && r == TB_CLIENT_OK) {
        uint8_t data[4 + 512];
        uint32_t n = (uint32_t)w.image.bytes - at < 512 ? (uint32_t)w.image.bytes - at : 512;
        memcpy(data, &at, 4);
        memcpy(data + 4, w.image.data + at, n);
        r = tb_client_command(&w.client, TB_CMD_DATA, data, (uint16_t)(4 + n), 3000);
        at += n;
    }
    assert_int_equal(r, TB_CLIENT_OK);
    memcpy(p + 1, &at, 4);
    ask(&w, TB_CMD_DATA, p, sizeof p);
    assert_int_equal(answer(&w, &command), TB_ERR_OVERLONG);
    assert_int_equal(tb_client_command(&w.client, TB_CMD_FINISH, NULL, 0, 5000), TB_CLIENT_OK);
    close_bench(&w);
}

static void erase_refuses_what_runs(void **state)
{
    (void)state;
    bench w;
    open_bench(&w, "factory.hex");
    uint8_t bank = 0;
    assert_int_equal(tb_client_command(&w.client, TB_CMD_ERASE, &bank, 1, 10000), TB_CLIENT_REFUSED);
    assert_int_equal(w.client.device_error, TB_ERR_RUNNING);
    bank = 1;
    assert_int_equal(tb_client_command(&w.client, TB_CMD_ERASE, &bank, 1, 10000), TB_CLIENT_OK);
    bank = 2;
    assert_int_equal(tb_client_command(&w.client, TB_CMD_ERASE, &bank, 1, 10000), TB_CLIENT_REFUSED);
    good_update_works(&w);
    close_bench(&w);
}

int main(int argc, char **argv)
{
    chip = argc > 1 ? argv[1] : chip;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_application_refuses_bad_headers),
        cmocka_unit_test(stage2_refuses_bad_headers),
        cmocka_unit_test(frames_out_of_place_get_their_own_errors),
        cmocka_unit_test(all_questions_in_a_row_are_answered),
        cmocka_unit_test(overlong_and_damaged_payloads_are_refused_at_the_end),
        cmocka_unit_test(erase_refuses_what_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
