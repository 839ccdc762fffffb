/* Lines for people on the row's console, 115200 baud. */
#include "app/app.h"

#include <string.h>

#include "chips/chips.h"
#include "chips/digits.h"
#include "tb_target.h"

static chip_uart console;

void console_open(void)
{
    chip_uart_open(&console, &TB_TARGET->console, 115200u, NULL, 0u);
}

void console_text(const char *text)
{
    chip_uart_send(&console, (const uint8_t *)text, strlen(text));
}

void console_flush(void)
{
    chip_uart_flush(&console);
}

static void console_digits(uint32_t value, uint32_t base, unsigned width)
{
    char room[CHIP_DIGITS_BYTES];

    console_text(chip_digits(room, value, base, width));
}

void console_number(uint32_t value)
{
    console_digits(value, 10u, 1u);
}

void console_hex(uint32_t value)
{
    console_text("0x");
    console_digits(value, 16u, 8u);
}

void console_version(uint32_t version)
{
    console_number(version >> 24);
    console_text(".");
    console_number(version >> 16 & 0xFFu);
    console_text(".");
    console_number(version & 0xFFFFu);
}
