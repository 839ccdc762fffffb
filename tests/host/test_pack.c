/* The packing of stage 2 (boot/pack/): a second decoder, written from the head of
 * boot/stage2/unpack.S, makes the program whole in the memory that the stream lies in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot/pack/pack.h"

#define BYTES 3000u
#define FIRST 100u

typedef struct reader {
    const uint8_t *memory;
    size_t at; /* the byte above what is read next */
    unsigned byte, left;
} reader;

#define ADDRESS 0x20004000u

static uint8_t program[BYTES], packed[BYTES], memory[BYTES];

static unsigned noise(void)
{
    static uint32_t state = 1;

    state = state * 1664525u + 1013904223u;
    return state >> 16;
}

static unsigned bit(reader *r)
{
    if (r->left == 0) {
        assert_int_not_equal(r->at, 0);
        r->byte = r->memory[--r->at];
        r->left = 8;
    }
    r->left--;
    return r->byte >> r->left & 1u;
}

static size_t number(reader *r)
{
    size_t n = 1;

    while (bit(r)) {
        n = 2 * n + bit(r);
    }
    return n;
}

/* What was not read yet is never above the place that is written. */
static void unpack(size_t stream_end, size_t first)
{
    reader r = {.memory = memory, .at = stream_end};
    size_t out = BYTES;

    while (out > first) {
        size_t count = 1, distance = 0;

        assert_true(r.at <= out);
        if (bit(&r)) {
            count = number(&r) + 1u;
            distance = (number(&r) - 1u) << 8;
            distance += memory[--r.at] + 1u;
            assert_in_range(out + distance, 1, BYTES);
        }
        for (; count > 0; count--) {
            assert_true(out > first);
            out--;
            memory[out] = distance == 0 ? memory[--r.at] : memory[out + distance];
        }
    }
    assert_true(r.at >= first);
    for (size_t i = first; i + 4u <= BYTES; i += 2u) {
        unsigned high = memory[i] | (unsigned)memory[i + 1] << 8;
        unsigned low = memory[i + 2] | (unsigned)memory[i + 3] << 8;

        if (high >> 11 == 0x1E && low >> 11 == 0x1F) {
            uint32_t address = (high & 0x7FFu) << 11 | (low & 0x7FFu);
            uint32_t distance = address - (ADDRESS + (uint32_t)i) / 2u;

            high = 0xF000u | (distance >> 11 & 0x7FFu);
            low = 0xF800u | (distance & 0x7FFu);
            memory[i] = (uint8_t)high;
            memory[i + 1] = (uint8_t)(high >> 8);
            memory[i + 2] = (uint8_t)low;
            memory[i + 3] = (uint8_t)(low >> 8);
            i += 2u;
        }
    }
}

static void check(size_t at_most)
{
    size_t made = 0, from = 0;

    assert_true(pack_in_place(program, ADDRESS, BYTES, FIRST, packed, &made, &from));
    assert_in_range(made, FIRST, at_most);
    assert_int_equal(made % 4u, 0);
    assert_in_range(from, FIRST, BYTES);
    assert_memory_equal(packed, program, from);
    memset(memory, 0xEE, sizeof memory);
    memcpy(memory, packed, made);
    unpack(made, from);
    assert_memory_equal(memory, program, BYTES);
}

static void code_becomes_smaller_and_whole_again_in_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < BYTES; i++) {
        bool again = i > 64 && noise() % 4u != 0;

        program[i] = again ? program[i - 1u - noise() % 64u] : (uint8_t)noise();
    }
    check(BYTES - 1u);
}

static void what_is_all_the_same_becomes_next_to_nothing(void **state)
{
    (void)state;
    memset(program, 0x5A, BYTES);
    check(FIRST + 16u);
}

/* Literals take more than their own place: the front that has none but them stays as it is. */
static void a_front_that_would_be_overtaken_stays_as_it_is(void **state)
{
    (void)state;
    memset(program, 0, BYTES);
    for (size_t i = 0; i < 250; i++) {
        program[i] = (uint8_t)noise();
    }
    check(450);
}

static void far_copies_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < BYTES; i++) {
        program[i] = i < BYTES / 2 ? (uint8_t)noise() : program[i - BYTES / 2];
    }
    check(BYTES / 2 + BYTES / 10 + FIRST);
}

/* Calls of one function from many places, each with another distance. */
static void calls_of_one_function_are_alike(void **state)
{
    (void)state;
    for (size_t i = 0; i + 8u <= BYTES; i += 8u) {
        uint32_t distance = (uint32_t)(0u - i) / 2u;

        memset(program + i, (int)noise(), 4);
        program[i + 4] = (uint8_t)(distance >> 11);
        program[i + 5] = (uint8_t)(0xF0u | (distance >> 19 & 7u));
        program[i + 6] = (uint8_t)distance;
        program[i + 7] = (uint8_t)(0xF8u | (distance >> 8 & 7u));
    }
    check(FIRST + BYTES / 2u);
}

/* The first that is unpacked may be one, and the last; what stands at an odd place is none. */
static void calls_at_both_ends_are_turned(void **state)
{
    static const uint8_t call[4] = {0x01, 0xF0, 0x02, 0xF8};

    (void)state;
    memset(program, 0, BYTES);
    memcpy(program + FIRST, call, sizeof call);
    memcpy(program + FIRST + 101u, call, sizeof call);
    memcpy(program + BYTES - 4u, call, sizeof call);
    check(BYTES / 4u);
}

static void noise_is_refused(void **state)
{
    size_t made, from;

    (void)state;
    for (size_t i = 0; i < BYTES; i++) {
        program[i] = (uint8_t)noise();
    }
    assert_false(pack_in_place(program, ADDRESS, BYTES, FIRST, packed, &made, &from));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_becomes_smaller_and_whole_again_in_place),
        cmocka_unit_test(what_is_all_the_same_becomes_next_to_nothing),
        cmocka_unit_test(a_front_that_would_be_overtaken_stays_as_it_is),
        cmocka_unit_test(far_copies_are_found),
        cmocka_unit_test(calls_of_one_function_are_alike),
        cmocka_unit_test(calls_at_both_ends_are_turned),
        cmocka_unit_test(noise_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
