/* Lost frames: what the client sends again, to a device that holds what comes behind a gap and to
 * one that does not. The answers are late, so that a whole window is under way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/host/loop_wire.h"

#define WINDOW 12000u
#define FRAME 1016u /* bytes of the image in one: eleven of them fill the window */
#define PAYLOAD 60000u

static struct {
    uint32_t offset[3]; /* of frames that are lost ... */
    unsigned times[3];  /* ... so often */
    unsigned lost, frames;
} plan;

static uint32_t offset_of(const uint8_t *frame)
{
    return tb_get_u32(frame + 5);
}

static bool loses(wire *w, const uint8_t *frame)
{
    (void)w;
    if (frame[1] != TB_CMD_DATA && frame[1] != TB_CMD_STREAM) {
        return false;
    }
    plan.frames++;
    for (unsigned i = 0; i < 3u; i++) {
        if (plan.times[i] > 0 && plan.offset[i] == offset_of(frame)) {
            plan.times[i]--;
            plan.lost++;
            return true;
        }
    }
    return false;
}

static wire *late_wire(bool holds)
{
    wire *w = wire_with(TB_VERSION(1, 0, 0));

    memset(&plan, 0, sizeof plan);
    w->late = true;
    w->loses = loses;
    w->device.window = WINDOW;
    w->device.queue_bytes = holds ? sizeof w->device.queue : 0u;
    fake_device_boot(&w->device, TB_RESET_PIN);
    return w;
}

static void lose(unsigned i, uint32_t frame, unsigned times)
{
    plan.offset[i] = frame * FRAME;
    plan.times[i] = times;
}

/* Sends it whole, and gives how much of it was sent again. */
static uint32_t resent(wire *w, unsigned lost)
{
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), PAYLOAD, 2);
    tb_sent sent;

    w->client.plain_only = true;
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
    expect_bank(w, 1, &next);
    assert_int_equal(plan.lost, lost);
    assert_int_equal(sent.sent_bytes, next.bytes + sent.resent_bytes);
    assert_int_equal(wait_for(w, &next, &sent, false), TB_FATE_CONFIRMED);
    tb_image_file_free(&next);
    return sent.resent_bytes;
}

static void one_frame_lost_is_one_frame_sent_again(void **state)
{
    (void)state;
    for (uint32_t frame = 1; frame < 59u; frame += 19u) {
        wire *w = late_wire(true);
        lose(0, frame, 1);
        uint64_t begun = w->now_ms;
        assert_int_equal(resent(w, 1), FRAME);
        assert_int_equal(w->events[TB_EVENT_RETRY], 1);
        assert_true(w->now_ms - begun < 1500u); /* nothing waited for a time-out */
        free_wire(w);
    }
}

/* The device says from where on; all from there goes again. */
static void an_old_device_is_gone_back_on(void **state)
{
    (void)state;
    wire *w = late_wire(false);
    lose(0, 22, 1);
    uint32_t again = resent(w, 1);
    assert_false(w->client.hello.capabilities & TB_CAP_HOLD);
    assert_in_range(again, 10u * FRAME, WINDOW);
    assert_int_equal(w->events[TB_EVENT_RETRY], 1);
    free_wire(w);
}

static void gaps_one_behind_the_other(void **state)
{
    (void)state;
    wire *w = late_wire(true);
    lose(0, 22, 1); /* two frames, one gap */
    lose(1, 23, 1);
    assert_int_equal(resent(w, 2), 2u * FRAME);
    free_wire(w);
    /* A second gap in the window: what came behind it has to come again. */
    w = late_wire(true);
    lose(0, 22, 1);
    lose(1, 28, 1);
    uint32_t again = resent(w, 2);
    assert_in_range(again, 2u * FRAME, 7u * FRAME);
    free_wire(w);
    w = late_wire(true);
    lose(0, 22, 1);
    lose(1, 23, 1);
    lose(2, 25, 2);
    assert_in_range(resent(w, 4), 4u * FRAME, WINDOW);
    free_wire(w);
}

static void what_is_sent_again_is_lost_again(void **state)
{
    (void)state;
    wire *w = late_wire(true);
    lose(0, 22, 3);
    assert_int_equal(resent(w, 3), 3u * FRAME);
    assert_int_equal(w->events[TB_EVENT_RETRY], 3);
    free_wire(w);
    /* ... without end: given up, with a reason. */
    w = late_wire(true);
    lose(0, 22, 1000);
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), PAYLOAD, 2);
    tb_sent sent;
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_NO_ANSWER);
    assert_in_range(plan.lost, 10, 20);
    assert_true(w->now_ms < 120000u);
    tb_image_file_free(&next);
    free_wire(w);
}

/* Nobody is behind it: that takes a time-out. */
static void the_last_frame(void **state)
{
    (void)state;
    wire *w = late_wire(true);
    lose(0, (PAYLOAD + TB_HEADER_BYTES) / FRAME, 1);
    assert_int_equal(resent(w, 1), (PAYLOAD + TB_HEADER_BYTES) % FRAME);
    free_wire(w);
}

/* Short frames until one is lost, long ones from there on: the gap is not overfilled. */
static bool loses_a_short_one(wire *w, const uint8_t *frame)
{
    w->client.hello.max_payload = plan.lost > 0 ? TB_WIRE_MAX_PAYLOAD : 128;
    if (frame[1] == TB_CMD_DATA && offset_of(frame) > 10000u && plan.lost == 0) {
        plan.lost++;
        w->client.hello.max_payload = TB_WIRE_MAX_PAYLOAD;
        return true;
    }
    return false;
}

static void a_gap_shorter_than_a_frame(void **state)
{
    (void)state;
    wire *w = late_wire(true);
    w->loses = loses_a_short_one;
    assert_int_equal(resent(w, 1), 120);
    free_wire(w);
}

/* "I have all, but for its beginning; no, that too": whatever it says, the client comes back. */
static uint32_t lie[3];

static void lies(wire *w, uint8_t *answer, size_t *bytes)
{
    uint8_t payload[18];

    (void)w;
    if (answer[1] == (TB_CMD_DATA | TB_WIRE_REPLY)) {
        memcpy(payload, answer + 4, 10);
        payload[1] = TB_ERR_OFFSET;
        memcpy(payload + 2, &lie[0], 4);
        memcpy(payload + 10, &lie[1], 8);
        *bytes = tb_frame_put(answer, TB_WIRE_TOKEN_NATIVE, answer[1], payload, sizeof payload);
    }
}

static void a_device_that_lies(void **state)
{
    static const uint32_t stories[][3] = {
        {0, 0, FRAME}, {0, 0, UINT32_MAX}, {0, 8, 60000}, {0, 8, UINT32_MAX}, {5000, 0, 8},
        {5000, 4000, 8000}, {0, FRAME, FRAME}, {0, FRAME, 8}, {UINT32_MAX, 0, FRAME},
        {PAYLOAD, PAYLOAD + 8u, PAYLOAD + 16u}, {FRAME, 2u * FRAME, 3u * FRAME},
    };
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), PAYLOAD, 2);

    (void)state;
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++) {
        wire *w = late_wire(true);
        tb_sent sent;
        memcpy(lie, stories[i], sizeof lie);
        w->lies = lies;
        w->client.plain_only = true;
        assert_int_not_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
        assert_true(w->now_ms < 120000u);
        assert_true(plan.frames < 2000u);
        w->lies = NULL;
        assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
        expect_bank(w, 1, &next);
        free_wire(w);
    }
    tb_image_file_free(&next);
}

/* Less room than the window: what does not fit is sent again. */
static void little_room(void **state)
{
    (void)state;
    wire *w = late_wire(true);
    w->device.queue_bytes = 4096;
    fake_device_boot(&w->device, TB_RESET_PIN);
    lose(0, 22, 1);
    assert_in_range(resent(w, 1), 5u * FRAME, 8u * FRAME);
    free_wire(w);
}

/* Words again and again, and some strangers, as code has them. */
static tb_image_file code_like(void)
{
    tb_image_file f = fake_image(chip(), TB_VERSION(1, 1, 0), PAYLOAD, 5);

    for (uint32_t i = 8; i + 4u <= PAYLOAD; i += 4u) {
        uint8_t *word = f.data + TB_HEADER_BYTES + i;
        if (word[0] > 60u) {
            uint32_t usual = (word[2] & 31u) * 0x01004B18u;
            memcpy(word, &usual, sizeof usual);
        }
    }
    f.head.crc32 = tb_crc32(0, f.data + TB_HEADER_BYTES, f.head.size);
    f.head.header_crc32 = tb_crc32(0, &f.head, offsetof(tb_image_head, header_crc32));
    memcpy(f.data, &f.head, sizeof f.head);
    return f;
}

static bool loses_third(wire *w, const uint8_t *frame)
{
    (void)w;
    plan.frames += frame[1] == TB_CMD_STREAM;
    return plan.frames == 3u && plan.lost++ == 0;
}

static void a_frame_of_a_stream(void **state)
{
    (void)state;
    for (unsigned holds = 0; holds < 2u; holds++) {
        wire *w = late_wire(holds != 0);
        tb_image_file next = code_like();
        tb_sent sent;
        w->loses = loses_third;
        assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
        assert_int_equal(sent.how, TB_SENT_COMPRESSED);
        assert_int_equal(plan.lost, 1);
        expect_bank(w, 1, &next);
        assert_true(holds ? sent.resent_bytes <= FRAME : sent.resent_bytes > 3u * FRAME);
        assert_true(sent.resent_bytes > 0);
        assert_int_equal(wait_for(w, &next, &sent, false), TB_FATE_CONFIRMED);
        tb_image_file_free(&next);
        free_wire(w);
    }
}

/* Many lost at random, answers too: all arrives, and less is sent than by going back. */
static void a_bad_line(void **state)
{
    static const unsigned shares[] = {10, 50, 200};

    (void)state;
    for (unsigned i = 0; i < 3u; i++) {
        uint32_t again[2] = {0, 0};
        for (unsigned round = 0; round < 12u; round++) {
            wire *w = late_wire(round % 2u != 0);
            tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 200000, 2);
            tb_sent sent;
            w->random = 77u + round / 2u;
            w->client.plain_only = true;
            w->drop = shares[i];
            tb_client_result result = connect_and_send(w, &next, &sent);
            /* at 1 in 5 a question that is asked three times may be lost three times */
            assert_true(result == TB_CLIENT_OK || shares[i] == 200u);
            if (result == TB_CLIENT_OK) {
                expect_bank(w, 1, &next);
            }
            again[round % 2u] += sent.resent_bytes;
            tb_image_file_free(&next);
            free_wire(w);
        }
        print_message("1 in %u lost: %u bytes sent again, by going back %u\n", 1000u / shares[i],
                      (unsigned)again[1], (unsigned)again[0]);
        assert_true(again[1] < again[0] / (shares[i] < 100u ? 2u : 1u));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_frame_lost_is_one_frame_sent_again),
        cmocka_unit_test(an_old_device_is_gone_back_on),
        cmocka_unit_test(gaps_one_behind_the_other),
        cmocka_unit_test(what_is_sent_again_is_lost_again),
        cmocka_unit_test(the_last_frame),
        cmocka_unit_test(a_gap_shorter_than_a_frame),
        cmocka_unit_test(a_device_that_lies),
        cmocka_unit_test(little_room),
        cmocka_unit_test(a_frame_of_a_stream),
        cmocka_unit_test(a_bad_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
