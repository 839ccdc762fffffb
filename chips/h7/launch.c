/* The last act of stage 1. The bank that is mapped is the one to be started:
 * chip_swap_by_option() has seen to that. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "registers.h"

static _Noreturn void jump(uint32_t vectors, uint32_t argument)
{
    SYST_CSR = 0u;
    SYST_RVR = 0u;
    SYST_CVR = 0u;
    for (unsigned i = 0; i < NVIC_WORDS; i++) {
        NVIC_ICER[i] = 0xFFFFFFFFu;
        NVIC_ICPR[i] = 0xFFFFFFFFu;
    }
    SCB_ICSR = SCB_ICSR_PENDSTCLR | SCB_ICSR_PENDSVCLR;
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
