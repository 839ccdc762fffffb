@ Every way to return from an exception, and the ways that are faults.
    .include "common.inc"
    .equ FAULT_LR, SCRATCH + 8

    .macro number                 @ r1: the SVC's number, r0: the frame
    tst lr, #4
    ite eq
    mrseq r0, msp
    mrsne r0, psp
    ldr r1, [r0, #24]
    ldrb r1, [r1, #-2]
    .endm

function svc_handler
    number
    tbb [pc, r1]
table:
    .byte (by_bx - table) / 2
    .byte (by_pop - table) / 2
    .byte (by_ldr - table) / 2
    .byte (by_ldm - table) / 2
    .byte (bad_f0 - table) / 2
    .byte (bad_f5 - table) / 2
    .byte (bad_to_handler - table) / 2
    .byte (bad_frame_handler - table) / 2
    .byte (in_it - table) / 2
    .byte (by_pop_wide - table) / 2
    .align 1
by_bx:
    bx lr
by_pop:
    push {r4, r5, lr}
    pop {r4, r5, pc}
by_ldr:
    mov32 r2, SCRATCH
    str lr, [r2]
    ldr pc, [r2]
by_ldm:
    mov32 r2, SCRATCH
    stmia r2, {r4, r5, lr}
    ldmia r2, {r4, r5, pc}
by_pop_wide:
    str lr, [sp, #-4]!
    ldr pc, [sp], #4
in_it:
    cmp r1, r1
    itt ne
    movne r1, #1
    bxne r0
    it eq
    bxeq lr
bad_f0:                           @ UsageFault, INVPC
    mov32 r3, FAULT_LR
    str lr, [r3]
    mov lr, #0xFFFFFFF0
    bx lr
bad_f5:
    mov32 r3, FAULT_LR
    str lr, [r3]
    mov lr, #0xFFFFFFF5
    bx lr
bad_to_handler:                   @ to Handler mode with no other exception active
    mov32 r3, FAULT_LR
    str lr, [r3]
    ldm r0, {r0-r3}               @ UNKNOWN in the handler that follows: as in the frame
    mov lr, #0xFFFFFFF1
    bx lr
bad_frame_handler:                @ to Thread mode with an exception number in the frame
    mov32 r3, FAULT_LR
    str lr, [r3]
    ldr r2, [r0, #28]
    orr r2, r2, #11
    str r2, [r0, #28]
    ldm r0, {r0-r3}
    bx lr

@ After INVPC the frame of the SVC is still there (or put back): return through it.
    .macro recover
    mrs r0, msp
    mrs r1, psp
    mrs r2, ipsr
    peek r2, SCB_CFSR
    peek r3, SCB_HFSR
    peek r2, SCB_SHCSR
    mov32 r1, SCB_CFSR
    mov r2, #-1
    str r2, [r1]
    str r2, [r1, #4]
    peek lr, FAULT_LR
    tst lr, #4
    ite eq
    mrseq r0, msp
    mrsne r0, psp
    ldm r0, {r2, r3, r12}
    ldr r2, [r0, #24]
    ldr r2, [r0, #28]
    bfc r2, #0, #9
    str r2, [r0, #28]
    bx lr
    .endm

function usagefault_handler
    recover
function hardfault_handler
    recover

function pendsv_handler           @ returns to a handler: SVC below it
    mov r0, sp
    bx lr

    .macro all_returns
    patterns
    svc #0
    svc #1
    svc #2
    svc #3
    svc #8
    svc #9
    sub sp, #4
    svc #0
    svc #1
    add sp, #4
    .endm

function start
    poke SCB_SHPR2, 0x40000000
    all_returns
    mov32 r0, PSP_TOP
    msr psp, r0
    movs r0, #2
    msr control, r0
    isb
    all_returns
    movs r0, #0
    msr control, r0
    isb
    patterns
    svc #4
    svc #5
    svc #6
    svc #7
    faults_enabled
    svc #4
    svc #5
    svc #6
    svc #7
    @ the frame's T bit lost: INVSTATE at the target
    b finish
