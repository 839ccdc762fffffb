/* Reports each change of PA0, pulled up. */
#include "board.h"

int main(void)
{
    uart_begin();
    GPIOA_MODER &= ~3u;
    GPIOA_PUPDR = (GPIOA_PUPDR & ~3u) | 1u;
    uint32_t last = 2u;
    for (;;) {
        uint32_t now = GPIOA_IDR & 1u;
        if (now != last) {
            last = now;
            uart_text(now ? "high\n" : "low\n");
        }
    }
}
