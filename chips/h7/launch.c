/* The last act of stage 1. The bank that is mapped is the one to be started:
 * chip_swap_by_option() has seen to that. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "registers.h"

/* Nothing runs before stage 1 on this line, and it leaves the core as it is after reset. */
static _Noreturn void jump(uint32_t vectors, uint32_t argument)
{
    SCB_VTOR = vectors;
    arm_dsb();
    arm_start(vectors, argument);
    __builtin_unreachable();
}

_Noreturn void chip_launch(unsigned bank, uint32_t vectors, uint32_t argument)
{
    (void)bank;
    jump(vectors, argument);
}

_Noreturn void chip_launch_rom(void)
{
    jump(SYSTEM_MEMORY, 0u);
}
