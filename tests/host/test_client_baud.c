/* flash --fast: the line's rate is raised where it is carried, and nothing is lost where not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/host/loop_wire.h"

#define USUAL 115200u

static wire *fast_wire(void)
{
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    w->device.most_baud = 4000000;
    fake_device_boot(&w->device, TB_RESET_POWER);
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(tb_client_status(&w->client), TB_CLIENT_OK);
    return w;
}

static tb_image_file next_image(void)
{
    return fake_image(chip(), TB_VERSION(1, 1, 0), 60000, 2);
}

/* The whole update from here on, whatever the rate: it is kept, both ends at the usual rate. */
static void update_goes_on(wire *w)
{
    tb_image_file image = next_image();
    tb_sent sent;
    assert_int_equal(tb_client_send(&w->client, &image, &sent), TB_CLIENT_OK);
    expect_bank(w, 1, &image);
    assert_int_equal(wait_for(w, &image, &sent, false), TB_FATE_CONFIRMED);
    assert_int_equal(w->device.baud, USUAL);
    assert_int_equal(w->link.baud, USUAL);
    tb_image_file_free(&image);
}

/* Raises, and says where both ends are then. */
static void raise_to(wire *w, uint32_t expected, tb_baud_state state)
{
    assert_int_equal(tb_client_raise_baud(&w->client), TB_CLIENT_OK);
    assert_int_equal(w->client.baud_state, state);
    assert_int_equal(w->link.baud, expected);
    assert_int_equal(w->device.baud, expected);
    assert_int_equal(w->events[TB_EVENT_BAUD], 1);
    assert_int_equal(w->device.boots, 2);
}

static void highest_that_is_carried(void **state)
{
    static const struct {
        uint32_t line, expected;
        tb_baud_state state;
        unsigned most_ms; /* a try that fails costs the device's second */
    } cases[] = {
        {0, 921600, TB_BAUD_RAISED, 500},
        {500000, 460800, TB_BAUD_RAISED, 2000},
        {230400, 230400, TB_BAUD_RAISED, 3500},
        {115200, 115200, TB_BAUD_NOT_LINE, 5000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        wire *w = fast_wire();
        uint64_t start = w->now_ms;
        w->most_to_device = w->most_to_host = cases[i].line;
        raise_to(w, cases[i].expected, cases[i].state);
        assert_in_range(w->now_ms - start, 0, cases[i].most_ms);
        update_goes_on(w);
        free_wire(w);
    }
}

static void device_that_makes_another(void **state)
{
    (void)state;
    wire *w = fast_wire();
    w->device.no_921600 = true;
    raise_to(w, 1000000, TB_BAUD_RAISED);
    update_goes_on(w);
    free_wire(w);

    w = fast_wire();
    w->device.most_baud = 300000;
    raise_to(w, 230400, TB_BAUD_RAISED);
    update_goes_on(w);
    free_wire(w);

    w = fast_wire();
    w->device.most_baud = 200000;
    raise_to(w, USUAL, TB_BAUD_NOT_DEVICE);
    update_goes_on(w);
    free_wire(w);
}

static void device_that_keeps_to_one(void **state)
{
    (void)state;
    for (unsigned lies = 0; lies < 2u; lies++) {
        wire *w = fast_wire();
        w->device.most_baud = 0;
        fake_device_boot(&w->device, TB_RESET_POWER);
        w->device.boots = 2;
        if (!lies) {
            assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
        }
        raise_to(w, USUAL, TB_BAUD_NOT_DEVICE);
        update_goes_on(w);
        free_wire(w);
    }
}

static void port_that_cannot(void **state)
{
    (void)state;
    wire *w = fast_wire();
    w->most_of_port = 500000;
    raise_to(w, 460800, TB_BAUD_RAISED);
    update_goes_on(w);
    free_wire(w);

    w = fast_wire();
    w->most_of_port = USUAL;
    raise_to(w, USUAL, TB_BAUD_NOT_PORT);
    update_goes_on(w);
    free_wire(w);

    w = fast_wire();
    w->link.set_baud = NULL;
    raise_to(w, USUAL, TB_BAUD_NOT_PORT);
    update_goes_on(w);
    free_wire(w);
}

/* What opened the port at 460800 by --baud is not slowed down. */
static void never_lower_than_it_was(void **state)
{
    (void)state;
    wire *w = fast_wire();
    w->link.baud = w->device.baud = 460800;
    w->most_to_device = 460800;
    w->device.server.config.usual_baud = 460800;
    raise_to(w, 460800, TB_BAUD_NOT_LINE);
    free_wire(w);
}

/* The device hears, so for it the rate is proved; the host does not: 8 s later it is back. */
static void line_that_carries_one_way(void **state)
{
    (void)state;
    wire *w = fast_wire();
    w->most_to_host = USUAL;
    raise_to(w, USUAL, TB_BAUD_NOT_LINE);
    update_goes_on(w);
    free_wire(w);
}

static void lost_answer_to_the_question(void **state)
{
    (void)state;
    wire *w = fast_wire();
    w->damage_answers = 1;
    raise_to(w, 921600, TB_BAUD_RAISED);
    update_goes_on(w);
    free_wire(w);
}

static void rate_that_loses_much_is_given_up(void **state)
{
    (void)state;
    for (unsigned lost = 200; lost <= 1000; lost += 200) {
        wire *w = fast_wire();
        raise_to(w, 921600, TB_BAUD_RAISED);
        w->drop_fast = lost;
        update_goes_on(w);
        assert_int_equal(w->client.baud_state, TB_BAUD_GIVEN_UP);
        assert_int_equal(w->events[TB_EVENT_BAUD], 2);
        free_wire(w);
    }
}

static void a_lost_frame_now_and_then_is_none_of_that(void **state)
{
    (void)state;
    wire *w = fast_wire();
    raise_to(w, 921600, TB_BAUD_RAISED);
    w->client.most_payload = 128;
    w->drop_fast = 12;
    update_goes_on(w);
    assert_true(w->events[TB_EVENT_RETRY] > 0);
    assert_int_equal(w->client.baud_state, TB_BAUD_RAISED);
    free_wire(w);
}

static void power_cut_at_the_raised_rate(void **state)
{
    (void)state;
    for (long after = 0; after < 60000; after += 4999) {
        wire *w = fast_wire();
        raise_to(w, 921600, TB_BAUD_RAISED);
        w->cut_after_bytes = after;
        update_goes_on(w);
        assert_int_equal(w->client.baud_state, TB_BAUD_GIVEN_UP);
        free_wire(w);
    }
}

static void device_that_goes_silent(void **state)
{
    (void)state;
    wire *w = fast_wire();
    tb_image_file image = next_image();
    tb_sent sent;
    raise_to(w, 921600, TB_BAUD_RAISED);
    w->mute_after_bytes = 20000;
    uint64_t start = w->now_ms;
    assert_int_equal(tb_client_send(&w->client, &image, &sent), TB_CLIENT_NO_ANSWER);
    assert_in_range(w->now_ms - start, 0, 60000);
    assert_int_equal(w->link.baud, USUAL);
    tb_image_file_free(&image);
    free_wire(w);
}

static void interrupted(void **state)
{
    (void)state;
    wire *w = fast_wire();
    tb_image_file image = next_image();
    tb_sent sent;
    raise_to(w, 921600, TB_BAUD_RAISED);
    w->stop_after_bytes = 20000;
    assert_int_equal(tb_client_send(&w->client, &image, &sent), TB_CLIENT_INTERRUPTED);
    uint64_t start = w->now_ms;
    tb_client_leave_baud(&w->client);
    assert_in_range(w->now_ms - start, 0, 200);
    assert_int_equal(w->device.baud, USUAL);
    assert_int_equal(w->link.baud, USUAL);
    new_client(w);
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(tb_client_status(&w->client), TB_CLIENT_OK);
    update_goes_on(w);
    tb_image_file_free(&image);
    free_wire(w);
}

/* Killed: the next tool finds the device where it always is, 8 s later at the most. */
static void killed(void **state)
{
    (void)state;
    wire *w = fast_wire();
    raise_to(w, 921600, TB_BAUD_RAISED);
    w->link.baud = USUAL;
    new_client(w);
    uint64_t start = w->now_ms;
    w->client.hello_timeout_ms = 20000;
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_in_range(w->now_ms - start, 0, 8800);
    assert_int_equal(tb_client_status(&w->client), TB_CLIENT_OK);
    update_goes_on(w);
    free_wire(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(highest_that_is_carried),
        cmocka_unit_test(device_that_makes_another),
        cmocka_unit_test(device_that_keeps_to_one),
        cmocka_unit_test(port_that_cannot),
        cmocka_unit_test(never_lower_than_it_was),
        cmocka_unit_test(line_that_carries_one_way),
        cmocka_unit_test(lost_answer_to_the_question),
        cmocka_unit_test(rate_that_loses_much_is_given_up),
        cmocka_unit_test(a_lost_frame_now_and_then_is_none_of_that),
        cmocka_unit_test(power_cut_at_the_raised_rate),
        cmocka_unit_test(device_that_goes_silent),
        cmocka_unit_test(interrupted),
        cmocka_unit_test(killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
