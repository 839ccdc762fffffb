/* What is written into option bytes: MODE and PROTECT, and a part in single-bank mode. */
#include <string.h>

#include "server_rig.h"

static const uint8_t to_dual[5] = {TB_MODE_DUAL, 'E', 'R', 'A', 'S'};
static const uint8_t to_single[5] = {TB_MODE_SINGLE, 'E', 'R', 'A', 'S'};

static void start_mode(int running, bool single, tb_error error)
{
    memset(&options, 0, sizeof options);
    options.single = single;
    options.offered = running < 0;
    options.error = error;
    start(running);
}

static void nothing_switched(void)
{
    assert_true(options.writes == 0 && tb_server_take_action(&s) == TB_SERVER_NONE);
}

static void mode_is_shown_and_switched(void **state)
{
    (void)state;
    for (unsigned single = 0; single < 2u; single++) {
        uint8_t now = single ? TB_MODE_SINGLE : TB_MODE_DUAL;
        uint8_t other = single ? TB_MODE_DUAL : TB_MODE_SINGLE;
        const uint8_t *request = single ? to_dual : to_single;

        start_mode(-1, single != 0, TB_OK);
        assert_int_equal(ask_u8(TB_CMD_MODE, TB_MODE_SHOW), TB_OK);
        assert_int_equal(reply_bytes, 2);
        assert_int_equal(reply[0], now);
        assert_int_equal(reply[1], now);
        assert_int_equal(ask(TB_CMD_MODE, single ? to_single : to_dual, 5), TB_OK); /* is so */
        assert_int_equal(reply[1], now);
        nothing_switched();
        assert_int_equal(ask(TB_CMD_MODE, request, 5), TB_OK);
        assert_int_equal(reply[0], now);
        assert_int_equal(reply[1], other);
        assert_int_equal(options.writes, 1);
        assert_int_equal(tb_server_take_action(&s), TB_SERVER_LOAD_OPTIONS);
    }
}

static void mode_is_not_switched_by_accident(void **state)
{
    static const uint8_t wrong[5] = {TB_MODE_SINGLE, 'E', 'R', 'A', 'T'};

    (void)state;
    start_mode(-1, false, TB_OK);
    m.operations = 0;
    assert_int_equal(ask_u8(TB_CMD_MODE, TB_MODE_SINGLE), TB_ERR_CONTENTS);
    assert_int_equal(reply_bytes, 0);
    assert_int_equal(ask(TB_CMD_MODE, wrong, 5), TB_ERR_CONTENTS);
    assert_int_equal(ask(TB_CMD_MODE, to_single, 4), TB_ERR_FRAME_LENGTH);
    assert_int_equal(ask(TB_CMD_MODE, to_single, 0), TB_ERR_FRAME_LENGTH);
    assert_int_equal(ask_u8(TB_CMD_MODE, 3), TB_ERR_ARGUMENT);
    assert_int_equal(begin(), TB_OK);
    assert_int_equal(ask(TB_CMD_MODE, to_single, 5), TB_ERR_BUSY);
    nothing_switched();
    options.error = TB_ERR_OPTIONS;
    now_ms += TB_SESSION_HOLD_MS;
    assert_int_equal(ask(TB_CMD_MODE, to_single, 5), TB_ERR_OPTIONS);
    assert_int_equal(options.writes, 1);
    assert_int_equal(tb_server_take_action(&s), TB_SERVER_NONE);
    next_good_update_works();
    start_mode(0, false, TB_OK); /* an application shows it, and no more */
    assert_int_equal(ask_u8(TB_CMD_MODE, TB_MODE_SHOW), TB_OK);
    assert_int_equal(ask(TB_CMD_MODE, to_single, 5), TB_ERR_NOT_HERE);
    nothing_switched();
}

/* ---- write protection of stage 1 ----------------------------------------------------- */

static const uint8_t to_protect[5] = {TB_PROTECT_STAGE1, 'P', 'R', 'O', 'T'};

static void protection_is_shown_and_set(void **state)
{
    tb_hello h;

    (void)state;
    for (uint8_t banks = 0; banks <= TB_PROTECT_STAGE1; banks++) {
        start_mode(-1, false, TB_OK);
        options.protected_banks = banks;
        power_on(-1);
        assert_int_equal(ask_u8(TB_CMD_HELLO, 1), TB_OK);
        assert_true(tb_hello_get(&h, reply, reply_bytes));
        assert_int_equal(h.capabilities & TB_CAP_PROTECT, TB_CAP_PROTECT);
        assert_int_equal(ask_u8(TB_CMD_PROTECT, TB_PROTECT_SHOW), TB_OK);
        assert_int_equal(reply_bytes, 2);
        assert_true(reply[0] == banks && reply[1] == banks);
        nothing_switched();
        assert_int_equal(ask(TB_CMD_PROTECT, to_protect, 5), TB_OK);
        assert_true(reply[0] == banks && reply[1] == TB_PROTECT_STAGE1);
        if (banks == TB_PROTECT_STAGE1) { /* is so: nothing is written */
            nothing_switched();
        } else {
            assert_int_equal(options.writes, 1);
            assert_int_equal(tb_server_take_action(&s), TB_SERVER_PROTECTED);
        }
    }
}

static void protection_is_not_set_by_accident(void **state)
{
    static const uint8_t wrong[5] = {TB_PROTECT_STAGE1, 'P', 'R', 'O', 'S'};
    static const uint8_t one_bank[5] = {1, 'P', 'R', 'O', 'T'};

    (void)state;
    start_mode(-1, false, TB_OK);
    assert_int_equal(ask_u8(TB_CMD_PROTECT, TB_PROTECT_STAGE1), TB_ERR_ARGUMENT);
    assert_int_equal(reply_bytes, 0);
    assert_int_equal(ask(TB_CMD_PROTECT, wrong, 5), TB_ERR_ARGUMENT);
    assert_int_equal(ask(TB_CMD_PROTECT, to_protect, 4), TB_ERR_ARGUMENT);
    assert_int_equal(ask(TB_CMD_PROTECT, one_bank, 5), TB_ERR_ARGUMENT);
    assert_int_equal(begin(), TB_OK);
    assert_int_equal(ask(TB_CMD_PROTECT, to_protect, 5), TB_ERR_BUSY);
    nothing_switched();
    now_ms += TB_SESSION_HOLD_MS;
    options.error = TB_ERR_SUPPLY;
    assert_int_equal(ask(TB_CMD_PROTECT, to_protect, 5), TB_ERR_SUPPLY);
    assert_int_equal(options.writes, 1);
    assert_int_equal(tb_server_take_action(&s), TB_SERVER_NONE);
    next_good_update_works();
    start_mode(0, false, TB_OK); /* an application shows it, and no more */
    assert_int_equal(ask_u8(TB_CMD_PROTECT, TB_PROTECT_SHOW), TB_OK);
    assert_int_equal(ask(TB_CMD_PROTECT, to_protect, 5), TB_ERR_NOT_HERE);
    nothing_switched();
}

/* Refused with the reason, whatever is asked; HELLO says it too. */
static void single_bank_is_refused(void **state)
{
    static const struct {
        uint8_t command, bytes;
    } refused[] = {{TB_CMD_STATUS, 0}, {TB_CMD_BEGIN, TB_HEAD_BYTES}, {TB_CMD_DATA, 64},
                   {TB_CMD_FINISH, 0}, {TB_CMD_BOOT, 0}, {TB_CMD_CONFIRM, 0},
                   {TB_CMD_ROLLBACK, 0}, {TB_CMD_ERASE, 1}};
    tb_hello h;

    (void)state;
    for (int running = -1; running <= 0; running++) {
        start_mode(running, true, TB_OK);
        m.operations = 0;
        assert_int_equal(ask_u8(TB_CMD_HELLO, 1), TB_OK);
        assert_true(tb_hello_get(&h, reply, reply_bytes));
        assert_int_equal(h.capabilities,
                         TB_CAP_SINGLE_BANK | TB_CAP_BAUD | (running < 0 ? TB_CAP_MODE : 0u));
        for (unsigned i = 0; i < sizeof refused / sizeof refused[0]; i++) {
            assert_int_equal(ask(refused[i].command, im.bytes, refused[i].bytes),
                             TB_ERR_SINGLE_BANK);
        }
        assert_int_equal(ask_u8(TB_CMD_PROTECT, TB_PROTECT_SHOW), TB_ERR_SINGLE_BANK);
        assert_int_equal(tutorial(TB_TUTORIAL_DATA, im.bytes, 128), TB_WIRE_NACK);
        assert_int_equal(tutorial(TB_TUTORIAL_FINISH, NULL, 0), TB_WIRE_NACK);
        assert_int_equal(m.operations, 0);
        nothing_switched();
        assert_int_equal(ask_u8(TB_CMD_RESET, 1), TB_OK);
        assert_int_equal(tb_server_take_action(&s), TB_SERVER_RESET_TO_STAGE2);
    }
    memset(&options, 0, sizeof options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mode_is_shown_and_switched),
        cmocka_unit_test(mode_is_not_switched_by_accident),
        cmocka_unit_test(protection_is_shown_and_set),
        cmocka_unit_test(protection_is_not_set_by_accident),
        cmocka_unit_test(single_bank_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
