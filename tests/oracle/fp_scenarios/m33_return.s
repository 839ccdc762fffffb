@ EXC_RETURN of ARMv8-M: from both stacks, with and without floating point, and what is not
@ a return. SPSEL is kept in a handler.
    .include "fp_common.inc"
    .cpu cortex-m33
    .fpu fpv5-sp-d16

function svc_handler
    tst lr, #4
    ite eq
    mrseq r0, msp
    mrsne r0, psp
    mov r1, lr
    mrs r2, control
    ldr r1, [r0, #24]
    ldrb r1, [r1, #-2]
    tbb [pc, r1]
table:
    .byte (plain - table) / 2
    .byte (to_handler - table) / 2
    .byte (reserved_bit - table) / 2
    .byte (no_dcrs - table) / 2
    .byte (select - table) / 2
    .byte (bad_frame - table) / 2
    .align 1
plain:
    bx lr
to_handler:                       @ with a frame of Thread mode
    bic lr, #8
    bx lr
reserved_bit:
    orr lr, #2
    bx lr
no_dcrs:
    bic lr, #0x20
    bx lr
select:
    mrs r2, control
    orr r2, #2
    msr control, r2
    mrs r2, control
    mrs r2, psp
    mrs r2, msp
    poke SCB_ICSR, 0x10000000
    isb
    mrs r2, control
    bx lr
bad_frame:
    ldr r2, [r0, #28]
    orr r2, #11
    str r2, [r0, #28]
    bx lr

function pendsv_handler
    mov r1, lr
    mrs r2, control
    bx lr

@ An illegal return: the frame is where it was; the return is made as it should be.
function usagefault_handler
    mov r1, lr
    peek r2, SCB_CFSR
    mov32 r3, SCB_CFSR
    str r2, [r3]
    mrs r0, msp
    ldr r2, [r0, #28]
    bic r2, #0xFF
    str r2, [r0, #28]
    orr lr, #0x28
    bic lr, #2
    bx lr

    .macro every_return
    svc #0
    svc #4
    svc #1
    svc #2
    svc #5
    .endm

function start
    faults_enabled
    poke SCB_SHPR1, 0x00202020
    poke SCB_SHPR2, 0x80000000
    poke SCB_SHPR3, 0x00400000
    patterns
    every_return
    fp_on
    fp_patterns
    patterns
    every_return
    mov32 r0, PSP_TOP
    msr psp, r0
    mrs r0, control
    orr r0, #2
    msr control, r0
    isb
    svc #0
    svc #4
    mrs r0, control
    bic r0, #4
    msr control, r0
    svc #0
    svc #4
    b finish
