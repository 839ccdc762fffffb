/* The last act of stage 1. The bank that is mapped is the one to be started:
 * chip_swap_by_option() has seen to that. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "registers.h"

/* Nothing runs before stage 1 on this line, and stage 1 enables no interrupt: of the core
 * only SysTick is not as reset leaves it. */
static _Noreturn void jump(uint32_t vectors, uint32_t argument)
{
    SYST_CSR = 0u;
    SYST_RVR = 0u;
    SYST_CVR = 0u;
    SCB_VTOR = vectors;
    __asm volatile("dsb\n\t"
                   "mov r0, %1\n\t"
                   "ldr r2, [%0]\n\t"
                   "ldr r3, [%0, #4]\n\t"
                   "msr msp, r2\n\t"
                   "movs r2, #0\n\t"
                   "msr control, r2\n\t"
                   "msr basepri, r2\n\t"
                   "isb\n\t"
                   "cpsie f\n\t"
                   "cpsie i\n\t"
                   "bx r3" ::"r"(vectors), "r"(argument) : "r0", "r2", "r3", "memory");
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
