/* The client and the core's server over a hostile line, without a simulator: many frames in
 * little time, and under the sanitizers. test_host_bad_line [FRAMES [SEED]] */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/e2e/hostile.h"
#include "tests/host/loop_wire.h"

#define ROUNDS 3u
#define LONGEST_MS (3600u * 1000u) /* virtual, for all rounds of a case */

static uint64_t frames_wanted = 40000, frames, updates, refusals, cuts;
static uint32_t seed = 1, random_state;

static uint32_t dice(uint32_t sides)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return (random_state >> 4) % sides;
}

static line_faults choose_faults(void)
{
    static const uint16_t most[] = {5, 30, 100, 300};
    uint16_t top = (uint16_t)(most[dice(4)] + 1u);

    return (line_faults){.drop = (uint16_t)dice(top), .twice = (uint16_t)dice(top),
                         .reorder = (uint16_t)dice(top), .corrupt = (uint16_t)dice(top),
                         .stall = (uint16_t)(dice(top) / 8u), .babble = (uint16_t)dice(top),
                         .stall_ms = (uint16_t)(1u << dice(11)), .seed = random_state};
}

static bool update(wire *w, tb_client *c, const tb_image_file *image)
{
    const tb_wait_options wait = {.total_ms = 20000, .confirm_ms = 3000};
    tb_sent sent;
    tb_fate fate = TB_FATE_LOST;
    /* Compressing takes longer than all else here. */
    c->plain_only = dice(8) != 0;
    tb_client_result result = tb_client_connect(c);

    if (result == TB_CLIENT_OK) {
        result = tb_client_status(c);
    }
    if (result == TB_CLIENT_OK) {
        result = tb_client_send(c, image, &sent);
    }
    if (result == TB_CLIENT_OK) {
        (void)tb_client_reset(c, TB_CMD_RESET, 0);
        result = tb_client_wait(c, image, &sent, &wait, &fate);
    }
    assert_true(w->now_ms < LONGEST_MS);
    assert_true(result == TB_CLIENT_OK || c->why.what[0] != '\0');
    return result == TB_CLIENT_OK && fate == TB_FATE_CONFIRMED;
}

static void one_case(uint32_t number)
{
    static const uint32_t rooms[] = {0, 2048, sizeof(((fake_device *)0)->queue)};
    random_state = (seed * 40503u + number + 1u) * 2654435761u | 1u;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    w->device.queue_bytes = rooms[number % 3u]; /* for what comes behind a lost frame */
    fake_device_boot(&w->device, TB_RESET_PIN);
    tb_image_file image = fake_image(chip(), TB_VERSION(1, 1, 0), 2000u + 4u * dice(4000), number);
    tb_image_file last = fake_image(chip(), TB_VERSION(1, 2, 0), 3000, number + 1u);
    line_faults faults = choose_faults();
    hostile *h = calloc(1, sizeof *h);
    tb_client client;
    bool done = false;

    assert_non_null(h);
    hostile_init(h, &w->link, &faults);
    tb_client_init(&client, &h->link, NULL);
    client.most_payload = (uint16_t)(16u + dice(32u << dice(6)));
    w->device.programs_until_cut = dice(3) == 0 ? (int)dice(2000) : -1;
    for (unsigned round = 0; round < ROUNDS && !done; round++) {
        done = update(w, &client, &image);
        updates += done;
        refusals += !done;
    }
    cuts += w->device.cuts;
    w->device.programs_until_cut = -1;
    frames += h->to_device.frames + h->to_host.frames;
    hostile_end(h);
    w->link.pause(w, 3000);
    w->head = w->tail;
    tb_client_init(&client, &w->link, NULL);
    if (!update(w, &client, &last)) {
        fail_msg("case %u/%u: after the attack a clean update does not succeed: %s", seed, number,
                 client.why.what);
    }
    tb_image_file_free(&image);
    tb_image_file_free(&last);
    free_wire(w);
    free(h);
}

static void devices_outlive_a_hostile_line(void **state)
{
    (void)state;
    for (uint32_t number = 0; frames < frames_wanted; number++) {
        one_case(number);
    }
    printf("%llu frames, under attack %llu updates done, %llu not, %llu power cuts\n",
           (unsigned long long)frames, (unsigned long long)updates, (unsigned long long)refusals,
           (unsigned long long)cuts);
}

static void shares_are_read_from_text(void **state)
{
    line_faults f;

    (void)state;
    assert_null(line_faults_parse("drop=10,twice=2,stall-ms=900,seed=77", &f));
    assert_int_equal(f.drop, 10);
    assert_int_equal(f.twice, 2);
    assert_int_equal(f.stall_ms, 900);
    assert_int_equal(f.seed, 77);
    assert_int_equal(f.babble, 0);
    assert_non_null(line_faults_parse("drop", &f));
    assert_non_null(line_faults_parse("drop=", &f));
    assert_non_null(line_faults_parse("drop=1001", &f));
    assert_non_null(line_faults_parse("noise=1", &f));
    assert_non_null(line_faults_parse("drop=1;twice=1", &f));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shares_are_read_from_text),
                                       cmocka_unit_test(devices_outlive_a_hostile_line)};

    frames_wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : frames_wanted;
    seed = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : seed;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
