#include "chips/armv7m.h"
#include "chips/chips.h"
#include "tb_target.h"
#include "twinbank/ota.h"

void tb_ota_fault_from(const uint32_t *frame);

#define FRAME_BYTES 32u
#define FRAME_PC 6u /* r0-r3, r12, lr, pc (ARMv7-M B1.5.6) */

/* A stack that ran out of RAM has no frame to read. */
__attribute__((used)) void tb_ota_fault_from(const uint32_t *frame)
{
    uint32_t at = (uint32_t)frame - TB_TARGET->sram.base;
    bool readable = (uint32_t)frame % 4u == 0u && at <= TB_TARGET->sram.bytes - FRAME_BYTES;

    tb_ota_fault(readable ? frame[FRAME_PC] : 0u, SCB_CFSR);
}

/* Where the main stack has run out of SRAM it starts anew, from the vector table. */
__attribute__((naked)) void tb_ota_fault_handler(void)
{
    __asm volatile("tst lr, #4\n\t"
                   "ite eq\n\t"
                   "mrseq r0, msp\n\t"
                   "mrsne r0, psp\n\t"
                   "mrs r1, msp\n\t"
                   "lsrs r1, r1, #28\n\t"
                   "cmp r1, #2\n\t"
                   "beq 1f\n\t"
                   "ldr r1, =0xE000ED08\n\t"
                   "ldr r1, [r1]\n\t"
                   "ldr r1, [r1]\n\t"
                   "msr msp, r1\n"
                   "1:\tb tb_ota_fault_from\n\t"
                   ".ltorg");
}

void tb_ota_nmi_handler(void)
{
    if (!tb_ota_nmi()) {
        tb_ota_fault(0u, SCB_CFSR);
    }
}
