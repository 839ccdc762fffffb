/* What the client leaves out: bytes that compress, a source that the device has, pages that
 * are right already. The image that arrives is the same in each way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/host/loop_wire.h"

#define PAYLOAD 60000u

static void seal(tb_image_file *f)
{
    tb_image_head *head = &f->head;

    head->crc32 = tb_crc32(0, f->data + TB_HEADER_BYTES, head->size);
    head->header_crc32 = tb_crc32(0, head, offsetof(tb_image_head, header_crc32));
    memcpy(f->data, head, sizeof *head);
}

/* Code has its words again and again; `other` of them in a thousand are strangers. */
static tb_image_file code_like(uint32_t version, uint32_t others)
{
    tb_image_file f = fake_image(chip(), version, PAYLOAD, 5);

    for (uint32_t i = 8; i + 4u <= PAYLOAD; i += 4u) {
        uint8_t *word = f.data + TB_HEADER_BYTES + i;
        if (word[0] * 256u + word[1] >= others * 65u) {
            uint32_t usual = (word[2] & 31u) * 0x01004B18u;
            memcpy(word, &usual, sizeof usual);
        }
    }
    seal(&f);
    return f;
}

/* Some bytes changed, some more in the middle: as a new release is to the one before. */
static tb_image_file release_after(const tb_image_file *before, uint32_t version)
{
    tb_image_file f = fake_image(chip(), version, PAYLOAD, 5);
    uint8_t *to = f.data + TB_HEADER_BYTES;
    const uint8_t *from = before->data + TB_HEADER_BYTES;

    memcpy(to, from, 20000);
    memset(to + 20000, 0x47, 120);
    memcpy(to + 20120, from + 20000, PAYLOAD - 20120u);
    for (uint32_t i = 1000; i < PAYLOAD; i += 5000) {
        to[i] ^= 0x10u;
    }
    seal(&f);
    return f;
}

static void expect_good(wire *w, const tb_image_file *image, tb_sent *sent)
{
    assert_int_equal(connect_and_send(w, image, sent), TB_CLIENT_OK);
    expect_bank(w, sent->bank, image);
    assert_int_equal(wait_for(w, image, sent, false), TB_FATE_CONFIRMED);
}

static void test_compressed(void **state)
{
    (void)state;
    tb_image_file next = code_like(TB_VERSION(1, 1, 0), 250);
    tb_sent sent;

    wire *w = wire_with(TB_VERSION(1, 0, 0));
    expect_good(w, &next, &sent);
    assert_int_equal(sent.how, TB_SENT_COMPRESSED);
    assert_true(sent.sent_bytes < next.bytes * 65u / 100u);
    assert_int_equal(w->planned, 1);
    assert_true(w->events[TB_EVENT_PROGRESS] > 5);
    free_wire(w);

    w = wire_with(TB_VERSION(1, 0, 0));
    w->client.plain_only = true;
    expect_good(w, &next, &sent);
    assert_int_equal(sent.how, TB_SENT_PLAIN);
    assert_int_equal(sent.sent_bytes, next.bytes);
    free_wire(w);

    /* A line that brings more than the flash takes: expanding would come on top. */
    w = wire_with(TB_VERSION(1, 0, 0));
    w->device.baud = w->link.baud = 921600;
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
    assert_int_equal(sent.how, TB_SENT_PLAIN);
    assert_true(sent.stream_ms > sent.whole_ms);
    free_wire(w);

    w = wire_with(TB_VERSION(1, 0, 0));
    w->device.cannot_expand = true;
    fake_device_boot(&w->device, TB_RESET_POWER);
    expect_good(w, &next, &sent);
    assert_int_equal(sent.how, TB_SENT_PLAIN);
    free_wire(w);
    tb_image_file_free(&next);
}

static void test_delta(void **state)
{
    (void)state;
    tb_image_file sources[2] = {code_like(TB_VERSION(0, 9, 0), 300),
                                code_like(TB_VERSION(1, 0, 0), 250)};
    tb_image_file next = release_after(&sources[1], TB_VERSION(1, 1, 0));
    tb_sent sent;

    wire *w = new_wire(&sources[1]);
    w->client.sources = sources; /* it finds the one that the device has */
    w->client.source_count = 2;
    expect_good(w, &next, &sent);
    assert_int_equal(sent.how, TB_SENT_DELTA);
    assert_int_equal(sent.source_version, TB_VERSION(1, 0, 0));
    assert_true(sent.sent_bytes < next.bytes * 5u / 100u);
    free_wire(w);

    /* Neither does a delta make up for it where flash is what takes the time. */
    w = new_wire(&sources[1]);
    w->client.sources = sources;
    w->client.source_count = 2;
    w->device.baud = w->link.baud = 921600;
    assert_int_equal(connect_and_send(w, &next, &sent), TB_CLIENT_OK);
    assert_int_equal(sent.how, TB_SENT_PLAIN);
    free_wire(w);

    /* The device has another one: no delta. */
    w = wire_with(TB_VERSION(1, 0, 0));
    w->client.sources = sources;
    w->client.source_count = 2;
    expect_good(w, &next, &sent);
    assert_int_equal(sent.how, TB_SENT_COMPRESSED);
    free_wire(w);

    /* It says that it has it, and it is damaged: found by the device, and done without. */
    w = new_wire(&sources[1]);
    w->client.sources = sources;
    w->client.source_count = 2;
    assert_int_equal(tb_client_connect(&w->client), TB_CLIENT_OK);
    assert_int_equal(tb_client_status(&w->client), TB_CLIENT_OK);
    w->device.banks[0][chip()->slot_offset + 30000u] ^= 1u;
    assert_int_equal(tb_client_send(&w->client, &next, &sent), TB_CLIENT_OK);
    assert_int_equal(sent.how, TB_SENT_COMPRESSED);
    expect_bank(w, 1, &next);
    free_wire(w);
    for (unsigned i = 0; i < 2u; i++) {
        tb_image_file_free(&sources[i]);
    }
    tb_image_file_free(&next);
}

/* 1.0, then 1.1 in the other bank, then 1.2 over 1.0, which it is almost the same as. */
static void test_kept_pages(void **state)
{
    (void)state;
    tb_image_file first = fake_image(chip(), TB_VERSION(1, 0, 0), PAYLOAD, 5);
    tb_image_file second = fake_image(chip(), TB_VERSION(1, 1, 0), PAYLOAD, 6);
    tb_image_file third = fake_image(chip(), TB_VERSION(1, 2, 0), PAYLOAD, 5);
    tb_sent sent;

    third.data[TB_HEADER_BYTES + 25000u] ^= 0x40u;
    third.data[TB_HEADER_BYTES + 45000u] ^= 0x40u;
    seal(&third);
    wire *w = new_wire(&first);
    expect_good(w, &second, &sent);
    assert_int_equal(sent.kept_bytes, 0); /* nothing was there */
    new_client(w);
    w->device.erases = 0;
    expect_good(w, &third, &sent);
    assert_int_equal(sent.bank, 0);
    assert_true(sent.sent_bytes <= 4u * 2048u); /* the header's page, two, what is left over */
    assert_int_equal(sent.kept_bytes + sent.sent_bytes, third.bytes);
    assert_true(w->device.erases <= 5u);
    tb_image_file_free(&first);
    tb_image_file_free(&second);
    tb_image_file_free(&third);
    free_wire(w);
}

/* A line that damages and loses frames; a device that loses power: it goes on where it was,
 * with what is missing compressed anew. */
static void test_bad_line_and_cuts(void **state)
{
    (void)state;
    tb_image_file source = code_like(TB_VERSION(1, 0, 0), 250);
    tb_image_file next = release_after(&source, TB_VERSION(1, 1, 0));
    tb_sent sent;

    for (unsigned delta = 0; delta < 2u; delta++) {
        wire *w = new_wire(&source);
        w->client.sources = &source;
        w->client.source_count = delta;
        w->drop = w->corrupt = w->repeat = 40;
        expect_good(w, &next, &sent);
        free_wire(w);
        for (long cut = 300; cut < 33000; cut += 1709) {
            w = new_wire(&source);
            w->client.sources = &source;
            w->client.source_count = delta;
            w->cut_after_bytes = cut;
            expect_good(w, &next, &sent);
            free_wire(w);
        }
    }
    tb_image_file_free(&source);
    tb_image_file_free(&next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compressed),
        cmocka_unit_test(test_delta),
        cmocka_unit_test(test_kept_pages),
        cmocka_unit_test(test_bad_line_and_cuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
