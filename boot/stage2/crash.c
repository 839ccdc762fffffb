/* A stage 2 for tests: faults as soon as it runs. */
#include "boot/stage2/stage2.h"

_Noreturn void stage2_main(unsigned bank)
{
    (void)bank;
    __builtin_trap();
}

void stage2_tick(void)
{
}

void stage2_line_interrupt(void)
{
}
