/* Does what it is told by one letter: each is a way to end badly. */
#include "board.h"

int main(void)
{
    uart_begin();
    uart_text("go\n");
    char letter;
    do {
        letter = uart_wait();
    } while (letter == '.'); /* what comes too early is lost, as on any wire */
    switch (letter) {
    case 'a': /* an ADC, which the model does not have */
        RCC_AHB2ENR |= 1u << 13;
        REG(0x50000008u) = 0x10000000u;
        break;
    case 'l': /* a fault in the HardFault handler, whose vector is bad */
        REG(0x20000000u) = 0x20018000u;
        for (unsigned i = 1; i < 16u; i++) {
            REG(0x20000000u + 4u * i) = 0xF0000001u;
        }
        REG(0xE000ED08u) = 0x20000000u;
        __asm volatile("udf #0");
        break;
    case 's': /* sleeps with nothing to wake it */
        for (;;) {
            __asm volatile("cpsid i\n wfi");
        }
    default:
        break;
    }
    for (;;) {
    }
}
