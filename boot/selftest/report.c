/* The lines of the log, 115200 baud, over the board's port. */
#include <string.h>

#include "boot/selftest/selftest.h"
#include "chips/digits.h"

#define BAUD 115200u

static chip_uart line;
static uint8_t ring[64];

void st_uart_open(void)
{
    chip_uart_open(&line, &TB_TARGET->board, BAUD, ring, sizeof ring);
}

void st_uart_interrupt(void)
{
    chip_uart_interrupt(&line);
}

bool st_key(uint8_t *key)
{
    return chip_uart_read(&line, key, 1u) == 1u;
}

void st_text(const char *text)
{
    chip_uart_send(&line, (const uint8_t *)text, strlen(text));
}

void st_flush(void)
{
    chip_uart_flush(&line);
}

static void digits(uint32_t value, uint32_t base, unsigned width)
{
    char room[CHIP_DIGITS_BYTES];

    st_text(chip_digits(room, value, base, width));
}

void st_number(uint32_t value)
{
    digits(value, 10u, 1u);
}

void st_hex(uint32_t value)
{
    st_text("0x");
    digits(value, 16u, value > 0xFFFFu ? 8u : 1u);
}

void st_tenths(uint32_t value)
{
    st_number(value / 10u);
    st_text(".");
    st_number(value % 10u);
}

void st_begin(st_verdict verdict, const char *name)
{
    static const char *const words[] = {"PASS ", "FAIL ", "SKIP "};

    chip_watchdog_feed();
    if (verdict == ST_PASS) {
        st.passed++;
    } else if (verdict == ST_FAIL) {
        st.failed++;
    } else {
        st.skipped++;
    }
    st_seal();
    st_text(words[verdict]);
    st_text(name);
    st_text(": ");
}

void st_end(void)
{
    st_text("\r\n");
}

void st_end_options(uint32_t odd)
{
    if (odd != 0u) {
        st_text(", not as produced in bits ");
        st_hex(odd);
    }
    st_end();
}

void st_line(st_verdict verdict, const char *name, const char *detail)
{
    st_begin(verdict, name);
    st_text(detail);
    st_end();
}
