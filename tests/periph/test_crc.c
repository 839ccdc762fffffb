/* The CRC unit against a bitwise computation, in every mode, and its cycles. */
#include <string.h>

#include "tests/periph/bench.h"

#define CRC 0x40023000u
#define DR (CRC + 0x00u)
#define CR (CRC + 0x08u)
#define INIT (CRC + 0x10u)
#define POL (CRC + 0x14u)

static uint32_t reversed(uint32_t value, unsigned bits)
{
    uint32_t out = 0;
    for (unsigned i = 0; i < bits; i++) {
        out = out << 1 | (value >> i & 1u);
    }
    return out;
}

/* One datum, bit by bit, as RM0440 16.3.3 tells it. */
static uint32_t step(uint32_t crc, unsigned width, uint32_t pol, unsigned rev_in, uint32_t data,
                     unsigned bytes)
{
    uint32_t in = data;
    unsigned unit = rev_in == 0u ? 0u : 8u << (rev_in - 1u);
    unit = unit > 8u * bytes ? 8u * bytes : unit;
    if (unit != 0u) {
        in = 0;
        for (unsigned at = 0; at < 8u * bytes; at += unit) {
            uint32_t mask = unit == 32u ? ~0u : (1u << unit) - 1u;
            in |= reversed(data >> at & mask, unit) << at;
        }
    }
    for (unsigned bit = 8u * bytes; bit-- > 0u;) {
        uint32_t top = crc >> (width - 1u) & 1u;
        crc <<= 1;
        crc ^= (top ^ (in >> bit & 1u)) != 0u ? pol : 0u;
        crc &= width == 32u ? ~0u : (1u << width) - 1u;
    }
    return crc;
}

static void start(sim_machine *m, uint32_t cr)
{
    set_bits(m, RCC_AHB1ENR, 1u << 12);
    wr(m, CR, cr | 1u);
}

static const char text[] = "123456789";

static uint32_t word_at(const char *s)
{
    uint32_t word;
    memcpy(&word, s, 4);
    return word;
}

static void known_vectors(void **state)
{
    sim_machine *m = *state;
    start(m, 0);
    for (unsigned i = 0; i < 9u; i++) {
        wr_sized(m, DR, 1u, (uint8_t)text[i]);
    }
    assert_int_equal(rd(m, DR), 0x0376E6E7); /* CRC-32/MPEG-2 */
    start(m, 1u << 5 | 1u << 7);
    for (unsigned i = 0; i < 9u; i++) {
        wr_sized(m, DR, 1u, (uint8_t)text[i]);
    }
    assert_int_equal(~rd(m, DR), 0xCBF43926); /* zlib's */
    start(m, 3u << 5 | 1u << 7); /* words, then the tail by byte */
    wr(m, DR, word_at(text));
    wr(m, DR, word_at(text + 4));
    wr(m, CR, 1u << 5 | 1u << 7);
    wr_sized(m, DR, 1u, '9');
    assert_int_equal(~rd(m, DR), 0xCBF43926);
    start(m, 1u << 5 | 1u << 7); /* byte-swapped words with REV_IN by byte */
    wr(m, DR, __builtin_bswap32(word_at(text)));
    wr(m, DR, __builtin_bswap32(word_at(text + 4)));
    wr_sized(m, DR, 1u, '9');
    assert_int_equal(~rd(m, DR), 0xCBF43926);
    wr(m, POL, 0x8005u);
    wr(m, INIT, 0);
    start(m, 1u << 3 | 1u << 5 | 1u << 7); /* 16 bits */
    for (unsigned i = 0; i < 9u; i++) {
        wr_sized(m, DR, 1u, (uint8_t)text[i]);
    }
    assert_int_equal(rd(m, DR), 0xBB3D); /* CRC-16/ARC */
    /* The wire's: each byte as a 32-bit word, not reflected. */
    wr(m, POL, 0x04C11DB7u);
    wr(m, INIT, 0xFFFFFFFFu);
    start(m, 0);
    wr(m, DR, 0x23u);
    assert_int_equal(rd(m, DR), step(0xFFFFFFFFu, 32, 0x04C11DB7u, 0, 0x23u, 4));
}

static void every_mode(void **state)
{
    static const unsigned widths[4] = {32, 16, 8, 7};
    static const uint32_t pols[4] = {0x04C11DB7u, 0x1021u, 0x07u, 0x09u};
    sim_machine *m = *state;
    set_bits(m, RCC_AHB1ENR, 1u << 12);
    for (unsigned mode = 0; mode < 32u; mode++) {
        unsigned size = mode & 3u, rev_in = mode >> 2 & 3u, rev_out = mode >> 4;
        uint32_t crc = 0x5A5A5A5Au & (widths[size] == 32u ? ~0u : (1u << widths[size]) - 1u);
        wr(m, POL, pols[size]);
        wr(m, INIT, crc);
        wr(m, CR, size << 3 | rev_in << 5 | rev_out << 7 | 1u);
        uint32_t data = 0x01234567u;
        for (unsigned i = 0; i < 30u; i++) {
            unsigned bytes = 1u << (i % 3u);
            uint32_t datum = bytes == 4u ? data : data & ((1u << (8u * bytes)) - 1u);
            wr_sized(m, DR, bytes, datum);
            crc = step(crc, widths[size], pols[size], rev_in, datum, bytes);
            assert_int_equal(rd(m, DR), rev_out != 0u ? reversed(crc, widths[size]) : crc);
            data = data * 1664525u + 1013904223u;
        }
    }
}

static void cycles_and_buffer(void **state)
{
    sim_machine *m = *state;
    start(m, 0);
    pass(m, US);
    uint64_t t = cycles(m);
    wr(m, DR, 1u); /* works at once */
    wr(m, DR, 2u); /* waits in the buffer */
    assert_int_equal(cycles(m) - t, 0);
    wr(m, DR, 3u); /* waits for the buffer */
    assert_int_equal(cycles(m) - t, 4);
    rd(m, DR);
    assert_int_equal(cycles(m) - t, 12);
    t = cycles(m);
    wr_sized(m, DR, 1u, 1u);
    rd(m, DR);
    assert_int_equal(cycles(m) - t, 1);
    wr_sized(m, DR, 2u, 1u);
    rd(m, DR);
    assert_int_equal(cycles(m) - t, 3);
}

static void registers(void **state)
{
    sim_machine *m = *state;
    set_bits(m, RCC_AHB1ENR, 1u << 12);
    assert_int_equal(rd(m, DR), 0xFFFFFFFF);
    assert_int_equal(rd(m, INIT), 0xFFFFFFFF);
    assert_int_equal(rd(m, POL), 0x04C11DB7);
    wr(m, CRC + 4u, 0x12345678u);
    assert_int_equal(rd(m, CRC + 4u), 0x12345678);
    wr(m, INIT, 7u);
    assert_int_equal(rd(m, DR), 0xFFFFFFFF); /* only RESET loads it */
    wr(m, CR, 1u);
    assert_int_equal(rd(m, DR), 7);
    assert_int_equal(rd(m, CR), 0);
    assert_non_null(strstr(wr_stops(m, POL, 0x04C11DB6u), "even"));
    assert_non_null(strstr(rd_stops(m, CRC + 0xCu), "CRC"));
    wr(m, RCC + 0x28u, 1u << 12);
    wr(m, RCC + 0x28u, 0);
    assert_int_equal(rd(m, DR), 0xFFFFFFFF);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {T(known_vectors), T(every_mode), T(cycles_and_buffer),
                                       T(registers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
