/* The last act of stage 1: from its own state to the state that an image expects. The bank
 * that is mapped is the one to be started: chip_swap_by_option() has seen to that. No
 * ROM runs before stage 1, and nothing in it enables or pends an interrupt. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "registers.h"

static _Noreturn void launch(uint32_t vectors, uint32_t argument)
{
    SCB_VTOR = vectors;
    arm_dsb();
    arm_start(vectors, argument);
    __builtin_unreachable();
}

_Noreturn void chip_launch(unsigned bank, uint32_t vectors, uint32_t argument)
{
    (void)bank;
    launch(vectors, argument);
}

_Noreturn void chip_launch_rom(void)
{
    launch(SYSTEM_MEMORY, 0u);
}
