/* The client against core's server: the good way, a bad line, interruptions, refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/host/loop_wire.h"

/* ---- the good way --------------------------------------------------------------------- */

static void test_update(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 100000, 2);
    tb_sent sent;
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
    assert_int_equal(w->client.hello.role, TB_ROLE_APPLICATION);
    assert_int_equal(sent.bank, 1);
    assert_int_equal(sent.generation, 2);
    assert_int_equal(sent.sent_bytes, next.bytes);
    assert_int_equal(w->events[TB_EVENT_RETRY], 0);
    assert_true(w->events[TB_EVENT_PROGRESS] > 50);
    expect_bank(w, 1, &next);
    assert_int_equal(wait_for(w, &next, &sent, false), TB_FATE_CONFIRMED);
    assert_int_equal(w->device.running, 1);
    tb_image_file_free(&next);
    free_wire(w);
}

static void test_fates(void **state)
{
    (void)state;
    static const struct {
        uint32_t patch;
        bool confirm;
        tb_fate fate;
        int running;
    } cases[] = {
        {FAKE_NEVER_CONFIRMS, false, TB_FATE_ON_TRIAL, 1},
        {FAKE_NEVER_CONFIRMS, true, TB_FATE_CONFIRMED, 1},
        {FAKE_CRASHES, false, TB_FATE_REJECTED, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        wire *w = wire_with(TB_VERSION(1, 0, 0));
        tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, cases[i].patch), 20000, 2);
        tb_sent sent;
        assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
        assert_int_equal(wait_for(w, &next, &sent, cases[i].confirm), cases[i].fate);
        assert_int_equal(w->device.running, cases[i].running);
        if (cases[i].fate == TB_FATE_REJECTED) {
            assert_int_equal(w->client.status.slot[1].reason, TB_REASON_FAULT);
        }
        tb_image_file_free(&next);
        free_wire(w);
    }
}

static void test_no_application(void **state)
{
    (void)state;
    wire *w = new_wire(NULL);
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 0, 0), 5000, 2);
    tb_sent sent;
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
    assert_int_equal(w->client.hello.role, TB_ROLE_STAGE2);
    assert_int_equal(wait_for(w, &next, &sent, false), TB_FATE_CONFIRMED);
    tb_image_file_free(&next);
    free_wire(w);
}

/* The window is the device's receive buffer: never more than that without an answer. */
static void test_small_windows(void **state)
{
    (void)state;
    static const uint32_t windows[] = {128, 1032, 1500, 60000};
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        wire *w = wire_with(TB_VERSION(1, 0, 0));
        w->device.window = windows[i];
        fake_device_boot(&w->device, TB_RESET_PIN);
        tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 20000, 2);
        tb_sent sent;
        assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
        assert_true(w->most_unanswered <= windows[i]);
        assert_true(w->most_unanswered > windows[i] / 2 || windows[i] > sizeof w->client.buffer);
        expect_bank(w, 1, &next);
        tb_image_file_free(&next);
        free_wire(w);
    }
}

/* ---- a bad line ------------------------------------------------------------------------- */

static void test_bad_line(void **state)
{
    (void)state;
    static const struct {
        unsigned drop, corrupt, repeat, garbage;
    } lines[] = {
        {50, 0, 0, 0}, {0, 50, 0, 0}, {0, 0, 200, 0}, {0, 0, 0, 300}, {40, 40, 40, 100},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        for (uint32_t seed = 1; seed <= 6; seed++) {
            wire *w = wire_with(TB_VERSION(1, 0, 0));
            tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 120000, seed);
            tb_sent sent;
            w->random = seed * 7919u;
            w->drop = lines[i].drop;
            w->corrupt = lines[i].corrupt;
            w->repeat = lines[i].repeat;
            w->garbage = lines[i].garbage;
            tb_client_result result = connect_and_send(w, &next, &sent);
            if (result != TB_CLIENT_OK) {
                print_message("line %zu seed %u: %s\n", i, seed, w->client.why.what);
            }
            assert_int_equal(result, TB_CLIENT_OK);
            expect_bank(w, 1, &next);
            assert_int_equal(wait_for(w, &next, &sent, false), TB_FATE_CONFIRMED);
            tb_image_file_free(&next);
            free_wire(w);
        }
    }
}

/* RESET, or its answer, is lost: the image is booted all the same, and once. */
static bool loses_reset(wire *w, const uint8_t *frame)
{
    return frame[1] == TB_CMD_RESET && w->lost_resets > 0 && w->lost_resets-- > 0;
}

static void loses_answer(wire *w, uint8_t *answer, size_t *bytes)
{
    (void)w;
    *bytes = answer[1] == (TB_CMD_RESET | TB_WIRE_REPLY) ? 0 : *bytes;
}

static void test_lost_reset(void **state)
{
    (void)state;
    for (unsigned lost = 0; lost < 5u; lost++) {
        wire *w = wire_with(TB_VERSION(1, 0, 0));
        unsigned patch = lost == 4u ? FAKE_NEVER_CONFIRMS : 0;
        tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, patch), 10000, 2);
        tb_sent sent;
        assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
        unsigned boots = w->device.boots;
        w->lost_resets = lost < 3u ? lost : 0;
        w->loses = loses_reset;
        w->lies = lost >= 3u ? loses_answer : NULL;
        assert_int_equal(wait_for(w, &next, &sent, false),
                         lost == 4u ? TB_FATE_ON_TRIAL : TB_FATE_CONFIRMED);
        assert_int_equal(w->device.boots, boots + 1u);
        tb_image_file_free(&next);
        free_wire(w);
    }
    /* One that was booted before might be on its last trial: that is the user's to decide. */
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 10000, 2);
    tb_sent sent;
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
    assert_int_equal(tb_slot_log_append(&w->device.flash, 1, TB_RECORD_ATTEMPT, 0, sent.generation),
                     TB_OK);
    w->lost_resets = 1;
    w->loses = loses_reset;
    assert_int_equal(wait_for(w, &next, &sent, false), TB_FATE_NOT_RUNNING);
    tb_image_file_free(&next);
    free_wire(w);
}

/* A port that is slow to take a frame: what is left of an answer waits in it meanwhile, however
 * long (at 9600 baud a frame takes a second). */
static void test_slow_port(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 60000, 2);
    tb_sent sent;
    w->write_ms = 4u * TB_WIRE_FRAME_TIMEOUT_MS;
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
    assert_int_equal(sent.sent_bytes, next.bytes);
    assert_int_equal(sent.resent_bytes, 0);
    assert_int_equal(w->events[TB_EVENT_RETRY], 0);
    assert_true(w->events[TB_EVENT_PROGRESS] > next.bytes / 1016u); /* each answer is heard */
    expect_bank(w, 1, &next);
    tb_image_file_free(&next);
    free_wire(w);
}

static void test_dead_line(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    w->silent = true;
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_NO_ANSWER);
    assert_true(w->now_ms >= 5000);
    assert_non_null(strstr(w->client.why.what, "no answer"));
    w->silent = false;
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    free_wire(w);
}

/* The line dies in the middle: bounded retries, an error, and the next try resumes. */
static void test_line_dies(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 100000, 2);
    tb_sent sent;
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(tb_client_status(&w->client), TB_CLIENT_OK);
    w->drop = 997;
    assert_int_equal(tb_client_send(&w->client, &next, &sent), TB_CLIENT_NO_ANSWER);
    w->drop = 0;
    new_client(w);
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
    expect_bank(w, 1, &next);
    tb_image_file_free(&next);
    free_wire(w);
}

/* A device that answers with nonsense in good frames: every call ends, none crashes. */
static void test_hostile_device(void **state)
{
    (void)state;
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 20000, 2);
    tb_wait_options options = {.total_ms = 5000, .confirm_ms = 1000, .confirm = true};
    unsigned reached = 0;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    w->hostile = true;
    for (uint32_t seed = 1; seed <= 3000; seed++) {
        tb_sent sent = {0};
        tb_fate fate;
        w->random = seed * 2654435761u;
        w->head = w->tail;
        new_client(w);
        if (tb_client_connect(&w->client) != TB_CLIENT_OK) {
            continue;
        }
        (void)tb_client_status(&w->client);
        (void)tb_client_check(&w->client, &next);
        reached += tb_client_send(&w->client, &next, &sent) == TB_CLIENT_OK;
        (void)tb_client_wait(&w->client, &next, &sent, &options, &fate);
    }
    assert_true(reached > 0);
    tb_image_file_free(&next);
    free_wire(w);
}

static void test_mute_in_the_middle(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 100000, 2);
    tb_sent sent;
    w->mute_after_bytes = 50000;
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_NO_ANSWER);
    assert_non_null(strstr(w->client.why.what, "in the middle of the image"));
    assert_non_null(strstr(w->client.why.hint, "goes on where"));
    assert_true(w->now_ms < 60000); /* of the virtual clock */
    tb_image_file_free(&next);
    free_wire(w);
}

/* A damaged request is answered at once and repeated at once: nobody waits. */
static void test_damaged_request(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    uint64_t before = w->now_ms;
    w->damage_next = 3;
    assert_int_equal(tb_client_status(&w->client), TB_CLIENT_OK);
    assert_int_equal(w->now_ms, before);
    w->damage_next = 1000;
    assert_int_equal(tb_client_status(&w->client), TB_CLIENT_NO_ANSWER);
    free_wire(w);
}

/* An old answer to the same question is not taken for the new one. */
static void test_late_answer(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    w->repeat = 1000;
    assert_int_equal(tb_client_status(&w->client), TB_CLIENT_OK);
    assert_int_equal(w->client.status.slot[0].state, TB_SLOT_CONFIRMED);
    w->repeat = 0;
    (void)tb_slot_log_append(&w->device.flash, 0, TB_RECORD_REJECTED, TB_REASON_REQUESTED, 1);
    assert_int_equal(tb_client_status(&w->client), TB_CLIENT_OK);
    assert_int_equal(w->client.status.slot[0].state, TB_SLOT_REJECTED);
    free_wire(w);
}

static void test_begin_beyond_the_end(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 20000, 2);
    tb_sent sent;
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    w->hostile = true;
    w->begin_next = (uint32_t)next.bytes + 1u;
    tb_client_result result = TB_CLIENT_REFUSED;
    while (result == TB_CLIENT_REFUSED ||
           result == TB_CLIENT_NO_ANSWER) { /* it errs at random too */
        result = tb_client_send(&w->client, &next, &sent);
    }
    assert_int_equal(result, TB_CLIENT_PROTOCOL);
    tb_image_file_free(&next);
    free_wire(w);
}

/* Somebody else has been there between sending and looking. */
static void test_lost(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 20000, 2);
    tb_image_file other = fake_image(chip(), TB_VERSION(1, 1, 0), 20000, 3);
    tb_sent sent, good;
    assert_int_equal(connect_and_send(w, &next, &good), TB_CLIENT_OK);
    sent = good;
    sent.generation++;
    assert_int_equal(wait_for(w, &next, &sent, false), TB_FATE_LOST);
    assert_int_equal(wait_for(w, &other, &good, false), TB_FATE_LOST);
    assert_int_equal(wait_for(w, &next, &good, false), TB_FATE_CONFIRMED);
    tb_image_file_free(&next);
    tb_image_file_free(&other);
    free_wire(w);
}

/* ---- interruptions ------------------------------------------------------------------------ */

static void test_ctrl_c_and_resume(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 100000, 2);
    tb_sent sent;
    w->stop_after_bytes = 60000;
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_INTERRUPTED);
    assert_int_equal(w->device.running, 0);
    new_client(w);
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
    assert_true(sent.resumed_from > 50000);
    assert_int_equal(w->resumed_at, sent.resumed_from);
    assert_true(sent.sent_bytes <= next.bytes - sent.resumed_from);
    assert_int_equal(wait_for(w, &next, &sent, false), TB_FATE_CONFIRMED);
    expect_bank(w, 1, &next);
    tb_image_file_free(&next);
    free_wire(w);
}

static void test_power_cuts(void **state)
{
    (void)state;
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 100000, 2);
    for (long cut = 500; cut < 104000; cut += 6007) {
        wire *w = wire_with(TB_VERSION(1, 0, 0));
        tb_sent sent;
        assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
        assert_int_equal(tb_client_status(&w->client), TB_CLIENT_OK);
        w->cut_after_bytes = cut;
        assert_int_equal(tb_client_send(&w->client, &next, &sent), TB_CLIENT_OK);
        assert_true(w->events[TB_EVENT_RESTARTED] == 1 || w->cut_after_bytes >= 0 || cut < 1200);
        expect_bank(w, 1, &next);
        assert_int_equal(wait_for(w, &next, &sent, false), TB_FATE_CONFIRMED);
        free_wire(w);
    }
    tb_image_file_free(&next);
}

/* What is found after a cut is damaged in a way that only the whole CRC sees. */
static void test_resume_on_damage(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 100000, 2);
    tb_sent sent;
    w->stop_after_bytes = 60000;
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_INTERRUPTED);
    w->device.banks[1][chip()->slot_offset + 5000u] ^= 0x40u;
    new_client(w);
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
    expect_bank(w, 1, &next);
    tb_image_file_free(&next);
    free_wire(w);
}

/* ---- refusals ---------------------------------------------------------------------------- */

static void reseal(tb_image_file *f)
{
    f->head.header_crc32 = tb_crc32(0, &f->head, offsetof(tb_image_head, header_crc32));
    memcpy(f->data, &f->head, sizeof f->head);
}

typedef struct refusal {
    const char *what;
    void (*spoil)(tb_image_file *f);
    tb_error error;
    bool tool_sees; /* tb_client_check() finds it too */
} refusal;

static void bad_magic(tb_image_file *f)
{
    f->head.magic ^= 1u;
    reseal(f);
}
static void bad_chip(tb_image_file *f)
{
    f->head.device_id = 0x415;
    reseal(f);
}
static void bad_geometry(tb_image_file *f)
{
    f->head.bank_kib = 128;
    reseal(f);
}
static void bad_product(tb_image_file *f)
{
    f->head.product_id = 7;
    reseal(f);
}
static void bad_address(tb_image_file *f)
{
    f->head.load_address += 0x800;
    reseal(f);
}
static void bad_size(tb_image_file *f)
{
    f->head.size = 0x40000;
    reseal(f);
}
static void bad_kind(tb_image_file *f)
{
    f->head.kind = 9;
    reseal(f);
}
static void bad_format(tb_image_file *f)
{
    f->head.format = 2;
    reseal(f);
}
static void bad_version(tb_image_file *f)
{
    f->head.version = TB_VERSION(0, 9, 0);
    reseal(f);
}
static void bad_header_crc(tb_image_file *f)
{
    f->data[60] ^= 1u;
}
static void bad_payload(tb_image_file *f)
{
    f->data[9000] ^= 1u;
}
static void bad_tlv(tb_image_file *f)
{
    f->data[900] ^= 1u;
}

static const refusal refusals[] = {
    {"magic", bad_magic, TB_ERR_MAGIC, false},
    {"chip", bad_chip, TB_ERR_CHIP, true},
    {"geometry", bad_geometry, TB_ERR_GEOMETRY, true},
    {"product", bad_product, TB_ERR_PRODUCT, true},
    {"address", bad_address, TB_ERR_ADDRESS, false},
    {"size", bad_size, TB_ERR_SIZE, false},
    {"kind", bad_kind, TB_ERR_KIND, false},
    {"format", bad_format, TB_ERR_FORMAT, false},
    {"version", bad_version, TB_ERR_VERSION, true},
    {"header CRC", bad_header_crc, TB_ERR_HEADER_CRC, false},
    {"payload CRC", bad_payload, TB_ERR_PAYLOAD_CRC, false},
    {"TLV CRC", bad_tlv, TB_ERR_TLV_CRC, false},
};

/* Each by the device itself, and nothing is lost by it: the next good update works. */
static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        wire *w = wire_with(TB_VERSION(1, 0, 0));
        tb_image_file bad = fake_image(chip(), TB_VERSION(1, 1, 0), 20000, 2);
        tb_image_file good = fake_image(chip(), TB_VERSION(1, 1, 0), 20000, 3);
        tb_sent sent;
        refusals[i].spoil(&bad);
        print_message("%s\n", refusals[i].what);
        assert_int_equal(connect_and_send(w, &bad, &sent), TB_CLIENT_REFUSED);
        assert_int_equal(w->client.device_error, refusals[i].error);
        assert_non_null(tb_error_hint(refusals[i].error));
        assert_non_null(strstr(w->client.why.what, tb_error_text(refusals[i].error)));
        if (refusals[i].tool_sees) {
            assert_int_equal(tb_client_check(&w->client, &bad), TB_CLIENT_REFUSED);
            assert_int_equal(w->client.device_error, refusals[i].error);
        }
        assert_int_equal(tb_client_check(&w->client, &good), TB_CLIENT_OK);
        assert_int_equal(connect_and_send(w, &good, &sent), TB_CLIENT_OK);
        assert_int_equal(wait_for(w, &good, &sent, false), TB_FATE_CONFIRMED);
        tb_image_file_free(&bad);
        tb_image_file_free(&good);
        free_wire(w);
    }
}

static void test_confirm_first(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    tb_image_file trial = fake_image(chip(), TB_VERSION(1, 1, FAKE_NEVER_CONFIRMS), 20000, 2);
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 2, 0), 20000, 3);
    tb_sent sent;
    assert_int_equal(connect_and_send(w, &trial, &sent), TB_CLIENT_OK);
    assert_int_equal(wait_for(w, &trial, &sent, false), TB_FATE_ON_TRIAL);
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_REFUSED);
    assert_int_equal(w->client.device_error, TB_ERR_CONFIRM_FIRST);
    assert_int_equal(tb_client_command(&w->client, TB_CMD_CONFIRM, NULL, 0, 1000), TB_CLIENT_OK);
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
    assert_int_equal(sent.bank, 0);
    assert_int_equal(wait_for(w, &next, &sent, false), TB_FATE_CONFIRMED);
    tb_image_file_free(&trial);
    tb_image_file_free(&next);
    free_wire(w);
}

static void test_rollback_and_erase(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    tb_image_file next = fake_image(chip(), TB_VERSION(1, 1, 0), 20000, 2);
    tb_client *c = &w->client;
    tb_sent sent;
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
    assert_int_equal(wait_for(w, &next, &sent, false), TB_FATE_CONFIRMED);
    assert_int_equal(tb_client_command(c, TB_CMD_ROLLBACK, NULL, 0, 1000), TB_CLIENT_OK);
    assert_int_equal(c->reply[0], 1);
    assert_int_equal(tb_client_reset(c, TB_CMD_RESET, 0), TB_CLIENT_OK);
    assert_int_equal(tb_client_connect(c), TB_CLIENT_OK);
    assert_int_equal(tb_client_status(c), TB_CLIENT_OK);
    assert_int_equal(c->status.running_bank, 0);
    assert_int_equal(c->status.slot[1].state, TB_SLOT_REJECTED);
    const uint8_t banks[2] = {0, 1};
    assert_int_equal(tb_client_command(c, TB_CMD_ERASE, &banks[0], 1, 1000), TB_CLIENT_REFUSED);
    assert_int_equal(c->device_error, TB_ERR_RUNNING);
    assert_int_equal(tb_client_command(c, TB_CMD_ERASE, &banks[1], 1, 1000), TB_CLIENT_OK);
    assert_int_equal(tb_client_status(c), TB_CLIENT_OK);
    assert_int_equal(c->status.slot[1].state, TB_SLOT_EMPTY);
    tb_image_file_free(&next);
    free_wire(w);
}

static void test_reset_to_stage2(void **state)
{
    (void)state;
    wire *w = wire_with(TB_VERSION(1, 0, 0));
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(tb_client_reset(&w->client, TB_CMD_RESET, 1), TB_CLIENT_OK);
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(w->client.hello.role, TB_ROLE_STAGE2);
    assert_int_equal(tb_client_reset(&w->client, TB_CMD_BOOT, 0), TB_CLIENT_OK);
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(w->client.hello.role, TB_ROLE_APPLICATION);
    free_wire(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_update),
        cmocka_unit_test(test_fates),
        cmocka_unit_test(test_no_application),
        cmocka_unit_test(test_small_windows),
        cmocka_unit_test(test_bad_line),
        cmocka_unit_test(test_lost_reset),
        cmocka_unit_test(test_slow_port),
        cmocka_unit_test(test_dead_line),
        cmocka_unit_test(test_line_dies),
        cmocka_unit_test(test_hostile_device),
        cmocka_unit_test(test_mute_in_the_middle),
        cmocka_unit_test(test_damaged_request),
        cmocka_unit_test(test_late_answer),
        cmocka_unit_test(test_begin_beyond_the_end),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_ctrl_c_and_resume),
        cmocka_unit_test(test_power_cuts),
        cmocka_unit_test(test_resume_on_damage),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_confirm_first),
        cmocka_unit_test(test_rollback_and_erase),
        cmocka_unit_test(test_reset_to_stage2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
