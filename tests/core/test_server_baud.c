/* The rate of the line: BAUD, and the way back. */
#include <string.h>

#include "server_rig.h"

#define BAUD_921600 "\x00\x10\x0E\x00"
#define BAUD_115200 "\x00\xC2\x01\x00"

static uint32_t capabilities(void)
{
    uint8_t protocol = TB_WIRE_PROTOCOL;
    tb_hello hello;

    assert_int_equal(ask(TB_CMD_HELLO, &protocol, 1), TB_OK);
    assert_true(tb_hello_get(&hello, reply, reply_bytes));
    return hello.capabilities;
}

static void start_line(int running, bool keeps)
{
    memset(&line, 0, sizeof line);
    line.keeps = keeps;
    line.now = 115200;
    start(running);
}

static void baud_changes_after_the_reply(void **state)
{
    (void)state;
    start_line(0, true);
    assert_true((capabilities() & TB_CAP_BAUD) == 0);
    assert_int_equal(ask(TB_CMD_BAUD, BAUD_921600, 4), TB_ERR_NOT_HERE);
    for (int running = -1; running <= 0; running++) {
        start_line(running, false);
        assert_true((capabilities() & TB_CAP_BAUD) != 0);
        assert_int_equal(ask(TB_CMD_BAUD, "\x00\x00\x00\x00", 4), TB_ERR_ARGUMENT);
        assert_int_equal(ask(TB_CMD_BAUD, "\xFF\xFF\xFF\xFF", 4), TB_ERR_ARGUMENT);
        assert_int_equal(line.changes, 0);
        assert_int_equal(ask(TB_CMD_BAUD, BAUD_921600, 4), TB_OK);
        assert_int_equal(line.changes, 1);
        assert_int_equal(line.now, 921600);
        assert_int_equal(line.sent_before, TB_WIRE_OVERHEAD + 2u);
        /* back when asked: nothing is on trial then */
        assert_int_equal(ask(TB_CMD_BAUD, BAUD_115200, 4), TB_OK);
        assert_int_equal(line.now, 115200);
        tb_server_idle(&s, now_ms + 10u * TB_BAUD_SILENCE_MS);
        assert_int_equal(line.changes, 2);
    }
}

static void baud_without_a_good_frame(void **state)
{
    (void)state;
    for (unsigned noisy = 0; noisy < 2u; noisy++) {
        start_line(0, false);
        assert_int_equal(ask(TB_CMD_BAUD, BAUD_921600, 4), TB_OK);
        for (uint32_t ms = 0; ms < TB_BAUD_TRIAL_MS; ms += 9u) {
            assert_int_equal(line.now, 921600);
            if (noisy) { /* no frame, but never silent */
                sent_bytes = 0;
                tb_server_receive(&s, (const uint8_t *)"\x24\xF8\x80", 3, now_ms + ms);
            } else {
                tb_server_idle(&s, now_ms + ms);
            }
        }
        now_ms += TB_BAUD_TRIAL_MS;
        tb_server_receive(&s, (const uint8_t *)"\xFF", 1, now_ms);
        assert_int_equal(line.now, 115200);
        sent_bytes = 0;
        (void)capabilities(); /* heard at once: what was noise is forgotten */
        assert_int_equal(line.changes, 2);
    }
}

static void baud_is_kept_while_it_carries(void **state)
{
    (void)state;
    start_line(0, false);
    assert_int_equal(ask(TB_CMD_BAUD, BAUD_921600, 4), TB_OK);
    now_ms += TB_BAUD_TRIAL_MS - 1u;
    for (unsigned i = 0; i < 3u; i++) {
        (void)capabilities();
        tb_server_idle(&s, now_ms);
        now_ms += TB_BAUD_SILENCE_MS - 1u;
        tb_server_idle(&s, now_ms);
    }
    assert_int_equal(line.now, 921600);
    /* Nobody is there any more, as after a tool that was killed. */
    tb_server_idle(&s, now_ms + 1u);
    assert_int_equal(line.now, 115200);
    tb_server_idle(&s, now_ms + 10u * TB_BAUD_SILENCE_MS);
    assert_int_equal(line.changes, 2);
}

/* The owner does not look at the line while flash works. */
static void baud_and_a_long_erase(void **state)
{
    (void)state;
    start_line(0, false);
    assert_int_equal(ask(TB_CMD_BAUD, BAUD_921600, 4), TB_OK);
    (void)capabilities();
    assert_int_equal(begin(), TB_OK);
    now_ms += 2u * TB_BAUD_SILENCE_MS; /* passed in that BEGIN */
    tb_server_receive(&s, (const uint8_t *)"\x24", 1, now_ms); /* the next one begins */
    assert_int_equal(line.now, 921600);
    power_on(0);
    tb_server_idle(&s, now_ms);
    assert_int_equal(line.changes, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(baud_changes_after_the_reply),
        cmocka_unit_test(baud_without_a_good_frame),
        cmocka_unit_test(baud_is_kept_while_it_carries),
        cmocka_unit_test(baud_and_a_long_erase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
