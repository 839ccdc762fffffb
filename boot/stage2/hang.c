/* A stage 2 for tests: never answers. */
#include "boot/stage2/stage2.h"

_Noreturn void stage2_main(unsigned bank)
{
    (void)bank;
    for (;;) {
        __asm volatile("");
    }
}

void stage2_tick(void)
{
}

void stage2_line_interrupt(void)
{
}
