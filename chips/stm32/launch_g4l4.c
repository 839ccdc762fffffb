/* The last act of stage 1: from its own state to the state that an image expects. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "registers.h"

/* In SRAM, since the flash under the code changes. No call leaves it (RM0440 3.3.4;
 * prefetch and caches are off while the mapping changes, and hold nothing of before). */
__attribute__((section(".ramfunc"), noinline, long_call)) static _Noreturn void
map_and_jump(uint32_t memrmp, uint32_t vectors, uint32_t argument)
{
    FLASH->ACR = FLASH_ACR_RESET & ~(FLASH_ACR_ICEN | FLASH_ACR_DCEN);
    FLASH->ACR = (FLASH_ACR_RESET & ~(FLASH_ACR_ICEN | FLASH_ACR_DCEN)) | FLASH_ACR_ICRST |
                 FLASH_ACR_DCRST;
    __asm volatile("dsb\n\tisb" ::: "memory");
    SYSCFG_MEMRMP = memrmp;
    (void)SYSCFG_MEMRMP;
    __asm volatile("dsb\n\tisb" ::: "memory");
    FLASH->ACR = FLASH_ACR_RESET & ~(FLASH_ACR_ICEN | FLASH_ACR_DCEN);
    FLASH->ACR = FLASH_ACR_RESET;
    RCC->APB2ENR = 0u; /* SYSCFG's clock; the mapping stays */
    SCB_VTOR = vectors;
    arm_start(vectors, argument);
    __builtin_unreachable();
}

static _Noreturn void launch(uint32_t set, uint32_t clear, uint32_t vectors, uint32_t argument)
{
    SYST_CSR = 0u;
    SYST_RVR = 0u;
    SYST_CVR = 0u;
    for (unsigned i = 0; i < NVIC_WORDS; i++) {
        NVIC_ICER[i] = 0xFFFFFFFFu;
        NVIC_ICPR[i] = 0xFFFFFFFFu;
    }
    SCB_ICSR = SCB_ICSR_PENDSTCLR | SCB_ICSR_PENDSVCLR;
    RCC->APB2ENR = RCC_APB2ENR_SYSCFGEN;
    (void)RCC->APB2ENR;
    map_and_jump((SYSCFG_MEMRMP & ~clear) | set, vectors, argument);
}

tb_error chip_swap_by_option(unsigned bank)
{
    (void)bank; /* FB_MODE does it, without an option byte */
    return TB_OK;
}

_Noreturn void chip_launch(unsigned bank, uint32_t vectors, uint32_t argument)
{
    launch(bank == 1u ? SYSCFG_MEMRMP_FB_MODE : 0u, SYSCFG_MEMRMP_FB_MODE, vectors, argument);
}

_Noreturn void chip_launch_rom(void)
{
    launch(SYSCFG_MEMRMP_MEM_MODE_SYSTEM, SYSCFG_MEMRMP_MEM_MODE_MASK, SYSTEM_MEMORY, 0u);
}
