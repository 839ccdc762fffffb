#include <stdint.h>

#include "twinbank/ota.h"

extern uint32_t _estack, _sidata, _sdata, _edata, _sbss, _ebss;

int main(void);
void Reset_Handler(void);
void SysTick_Handler(void);

static void Default_Handler(void)
{
    for (;;) {
    }
}

void Reset_Handler(void)
{
    const uint32_t *from = &_sidata;

    *(volatile uint32_t *)0xE000ED88u |= 0xF00000u; /* SystemInit(): the FPU */
    for (uint32_t *to = &_sdata; to < &_edata;) {
        *to++ = *from++;
    }
    for (uint32_t *to = &_sbss; to < &_ebss;) {
        *to++ = 0u;
    }
    (void)main();
}

__attribute__((section(".isr_vector"), used)) static void (*const vectors[])(void) = {
    (void (*)(void))(uintptr_t)&_estack, Reset_Handler, tb_ota_nmi_handler, tb_ota_fault_handler,
    tb_ota_fault_handler, tb_ota_fault_handler, tb_ota_fault_handler, 0, 0, 0, 0, Default_Handler,
    Default_Handler, 0, Default_Handler, SysTick_Handler,
};
