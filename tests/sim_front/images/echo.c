/* Says "ready", then sends back what it receives, letters in upper case. */
#include "board.h"

static const char *greeting = "ready\r\n";

int main(void)
{
    uart_begin();
    uart_text(greeting);
    for (;;) {
        char c = uart_wait();
        uart_char(c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
    }
}
