/* The last act of stage 1: from its own state to the state that an image expects. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "registers.h"

/* In SRAM, since the flash under the code changes (RM0440 3.3.4). The copy is made at the
 * end, so that stage 1 has nothing to set up at its start. r0 is the image's argument, r1 its
 * vectors, r2 for r3, SYSCFG_MEMRMP; r5 for r4, FLASH_ACR; r6 APB2ENR, SYSCFG's clock: the
 * mapping stays without it; r7 VTOR. */
#define SWITCH_BYTES 32u
__attribute__((naked, used, aligned(4))) static void map_and_jump(void)
{
    __asm volatile("str r2, [r3]\n\t"
                   "ldr r2, [r3]\n\t"
                   "dsb\n\t"
                   "isb\n\t"
                   "str r5, [r4]\n\t"
                   "movs r2, #0\n\t"
                   "str r2, [r6]\n\t"
                   "str r1, [r7]\n\t"
                   "ldr r2, [r1]\n\t"
                   "ldr r3, [r1, #4]\n\t"
                   "msr msp, r2\n\t"
                   "bx r3");
}

static uint32_t ram[SWITCH_BYTES / sizeof(uint32_t)];

/* Caches are off while the mapping changes, and hold nothing of before. */
static _Noreturn void launch(uint32_t memrmp, uint32_t vectors, uint32_t argument)
{
    /* Its address but for the Thumb bit. */
    (void)chip_stage1_read(ram, (const uint32_t *)((uintptr_t)map_and_jump - 1u), SWITCH_BYTES);
    for (volatile uint32_t *nvic = NVIC_ICER; nvic != NVIC_ICER + NVIC_WORDS; nvic++) {
        nvic[0] = 0xFFFFFFFFu;
        nvic[NVIC_ICPR - NVIC_ICER] = 0xFFFFFFFFu;
    }
    SCB_ICSR = SCB_ICSR_PENDSTCLR | SCB_ICSR_PENDSVCLR;
    FLASH->ACR = FLASH_ACR_RESET & ~(FLASH_ACR_ICEN | FLASH_ACR_DCEN);
    FLASH->ACR = (FLASH_ACR_RESET & ~(FLASH_ACR_ICEN | FLASH_ACR_DCEN)) | FLASH_ACR_ICRST |
                 FLASH_ACR_DCRST;
    FLASH->ACR = FLASH_ACR_RESET & ~(FLASH_ACR_ICEN | FLASH_ACR_DCEN);

    register uint32_t r0 __asm("r0") = argument;
    register uint32_t r1 __asm("r1") = vectors;
    register uint32_t r2 __asm("r2") = memrmp;
    register reg *r3 __asm("r3") = &SYSCFG_MEMRMP;
    register reg *r4 __asm("r4") = &FLASH->ACR;
    register uint32_t r5 __asm("r5") = FLASH_ACR_RESET;
    register reg *r6 __asm("r6") = &RCC->APB2ENR;
    register reg *r7 __asm("r7") = &SCB_VTOR;
    __asm volatile("msr control, %[zero]\n\t"
                   "msr basepri, %[zero]\n\t"
                   "cpsie f\n\t"
                   "cpsie i\n\t"
                   "dsb\n\t"
                   "isb\n\t"
                   "bx %[there]"
                   :: "r"(r0), "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r6), "r"(r7),
                   [zero] "r"(0u), [there] "r"((uintptr_t)ram | 1u) : "memory");
    __builtin_unreachable();
}

tb_error chip_swap_by_option(unsigned bank, bool again)
{
    (void)bank, (void)again; /* FB_MODE does it, without an option byte */
    return TB_OK;
}

_Noreturn void chip_launch(unsigned bank, uint32_t vectors, uint32_t argument)
{
    launch((SYSCFG_MEMRMP & SYSCFG_MEMRMP_MEM_MODE_MASK) | bank * SYSCFG_MEMRMP_FB_MODE, vectors,
           argument);
}

_Noreturn void chip_launch_rom(void)
{
    launch((SYSCFG_MEMRMP & SYSCFG_MEMRMP_FB_MODE) | SYSCFG_MEMRMP_MEM_MODE_SYSTEM, SYSTEM_MEMORY,
           0u);
}
