@ SVC from both stacks, both alignments, inside IT, with its frame changed by the
@ handler; then where it cannot be taken and becomes a HardFault.
    .include "common.inc"

function svc_handler
    tst lr, #4
    ite eq
    mrseq r0, msp
    mrsne r0, psp
    mrs r1, control
    mrs r1, msp
    mrs r2, xpsr
    ldr r1, [r0, #24]
    ldrb r2, [r1, #-2]            @ its number
    cmp r2, #7
    beq nested
    ldr r3, [r0]
    adds r3, r2
    str r3, [r0]
    cmp r2, #3
    bne 1f
    ldr r3, [r0, #28]             @ other flags, Q and GE for the caller
    eor r3, r3, #0xF8000000
    eor r3, r3, #0x000F0000
    str r3, [r0, #28]
1:  mov r4, r2
    bx lr
nested:
    push {r0, lr}
    svc #1                        @ its own priority: HardFault, FORCED, whose handler
    nop                           @ steps over one instruction
    pop {r0, pc}

function start
    patterns
    svc #0
    svc #255
    svc #3
    mrs r9, apsr
    sub sp, #4                    @ now the frame needs the padding word
    patterns
    svc #1
    svc #3
    add sp, #4
    movs r5, #0
    ite eq
    svceq #2
    svcne #9
    itete ne
    svcne #9
    svceq #10
    movne r6, #1
    moveq r6, #2
    mov32 r0, PSP_TOP
    msr psp, r0
    movs r0, #2
    msr control, r0
    isb
    patterns
    svc #4
    sub sp, #4
    svc #5
    add sp, #4
    svc #7
    movs r0, #0
    msr control, r0
    isb
    svc #7
    poke SCB_CCR, 0               @ without STKALIGN
    patterns
    svc #1
    sub sp, #4
    svc #3
    add sp, #4
    poke SCB_CCR, 0x200
    cpsid i
    svc #6                        @ HardFault
    nop
    cpsie i
    cpsid f
    mrs r0, faultmask
    cpsie f
    poke SCB_SHPR2, 0x40000000
    movs r0, #0x40
    msr basepri, r0
    svc #8                        @ HardFault
    nop
    movs r0, #0x50
    msr basepri, r0
    svc #8
    movs r0, #0
    msr basepri, r0
    b finish
