@ Linked before each scenario: vectors, the handler that looks at everything, the end.
    .include "common.inc"

    .macro handler name
    .weak \name
    .thumb_set \name, default_handler
    .word \name
    .endm

vectors:
    .word MSP_TOP
    .word start + 1
    handler nmi_handler
    handler hardfault_handler
    handler memmanage_handler
    handler busfault_handler
    handler usagefault_handler
    .word end_of_scenario         @ for the harness
    .weak compare_from            @ a scenario that depends on time defines it
    .word compare_from            @ for the harness
    .word 0, 0
    handler svc_handler
    handler debugmon_handler
    .word 0
    handler pendsv_handler
    handler systick_handler
    handler irq0_handler
    handler irq1_handler
    handler irq2_handler
    handler irq3_handler
    handler irq4_handler
    handler irq5_handler
    .rept 90
    .word default_handler + 1
    .endr

@ Looks at what the exception left behind, clears the faults, and for a fault steps
@ over the instruction and out of an IT block. r0-r3 and r12 are free here.
function default_handler
    tst lr, #4
    ite eq
    mrseq r0, msp
    mrsne r0, psp
    mrs r1, ipsr
    peek r2, SCB_ICSR
    peek r2, SCB_SHCSR
    peek r2, SCB_HFSR
    peek r3, SCB_CFSR
    tst r3, #0x80
    beq 1f
    peek r2, SCB_MMFAR
1:  tst r3, #0x8000
    beq 2f
    peek r2, SCB_BFAR
2:  mov32 r2, SCB_CFSR
    str r3, [r2]
    orr r12, r3, r3, lsr #8       @ IACCVIOL or IBUSERR in bit 0
    ldr r3, [r2, #4]
    str r3, [r2, #4]
    ldm r0, {r2, r3}
    ldr r2, [r0, #8]
    ldr r2, [r0, #12]
    ldr r2, [r0, #16]
    ldr r2, [r0, #20]
    ldr r2, [r0, #28]
    cmp r1, #3
    blo 5f
    cmp r1, #6
    bhi 5f
    ldr r2, [r0, #24]
    bic r2, r2, #1
    tst r12, #1                   @ nothing to step over where nothing was fetched
    beq 3f
    ldr r2, [r0, #16]             @ go on where r12 says
    bic r2, r2, #1
    str r2, [r0, #24]
    b 4f
3:  ldrh r3, [r2]
    lsrs r3, r3, #11
    cmp r3, #0x1d
    ite hs
    addhs r2, #4
    addlo r2, #2
    str r2, [r0, #24]
4:  ldr r2, [r0, #28]
    bic r2, r2, #0x06000000
    bic r2, r2, #0xFC00
    orr r2, r2, #0x01000000       @ a fault may have come from a lost T bit
    str r2, [r0, #28]
5:  bx lr
    .ltorg

@ All that the program wrote, through the registers, then the loop the harness waits for.
function finish
    mov32 r0, RAM
    mov32 r1, RAM_SWEPT
1:  ldmia r0!, {r2-r9}
    cmp r0, r1
    bne 1b
end_of_scenario:
    b end_of_scenario
    .ltorg
