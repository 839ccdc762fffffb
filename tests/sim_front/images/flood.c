/* Numbers without end, faster than most would read them: 4 Mbaud. */
#include "board.h"

int main(void)
{
    uart_begin();
    LPUART1_CR1 = 0;
    LPUART1_BRR = 0x400u;
    LPUART1_CR1 = 0xDu;
    for (uint32_t n = 0;; n++) {
        uart_number(n);
        uart_char('\n');
    }
}
