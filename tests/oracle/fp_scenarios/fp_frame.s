@ The extended frame: lazily, at once, never; on both stacks, at both alignments, nested,
@ with handlers that use floating point and handlers that do not.
    .include "fp_common.inc"

function svc_handler
    see_fp
    mrs r1, msp
    tst lr, #4
    ite eq
    mrseq r0, msp
    mrsne r0, psp
    ldr r1, [r0, #24]
    ldrb r1, [r1, #-2]
    ldr r2, [r0, #28]
    cmp r1, #0
    beq 9f
    ldr r2, [r0, #0x20]           @ S0, when it is there
    ldr r2, [r0, #0x60]
    cmp r1, #2
    beq nested
    cmp r1, #3
    beq forget
    vmov r2, s3                   @ writes the frame, begins a new context
    see_fp
    vmrs r2, fpscr
    ldr r2, [r0, #0x20]
    ldr r2, [r0, #0x5C]
    ldr r2, [r0, #0x60]
    vadd.f32 s1, s2, s3
    vmov s31, r1
    vmsr fpscr, r1
9:  bx lr
nested:
    vmov s4, r1
    push {r4, lr}
    poke SCB_ICSR, 0x10000000     @ PendSV, of higher priority
    isb
    vmov r2, s4
    vmov r2, s5
    see_fp
    pop {r4, pc}
forget:
    mov r2, #0                    @ a handler that gives the state up
    mrs r1, control
    bic r1, #4
    msr control, r1
    bx lr

function pendsv_handler
    see_fp
    vmov s4, r0
    vmov s5, r0
    see_fp
    bx lr

function try_all
    push {r4, lr}
    fp_patterns
    patterns
    svc #0
    vmrs r1, fpscr
    svc #1
    vmrs r1, fpscr
    see_fp
    svc #2
    see_fp
    fp_patterns
    sub sp, #4                    @ now a frame needs the padding word
    svc #0
    svc #1
    svc #2
    add sp, #4
    svc #3
    mrs r1, control
    bic r1, #4                    @ no context: a frame without floating point
    msr control, r1
    isb
    svc #0
    svc #1
    vmov r0, s0
    vmrs r0, fpscr
    see_fp
    pop {r4, pc}

function on_both_stacks
    push {r4, lr}
    bl try_all
    mov32 r0, PSP_TOP
    msr psp, r0
    mrs r0, control
    orr r0, #2
    msr control, r0
    isb
    bl try_all
    mrs r0, control
    bic r0, #2
    msr control, r0
    isb
    pop {r4, pc}

function start
    poke SCB_SHPR2, 0x80000000
    poke SCB_SHPR3, 0x00400000
    fp_on
    see_fp
    bl on_both_stacks             @ lazily
    poke FPDSCR, 0x03400000
    poke FPCCR, 0x80000000        @ at once
    bl on_both_stacks
    poke FPCCR, 0x00000000        @ by hand
    mrs r0, control
    bic r0, #4
    msr control, r0
    bl on_both_stacks
    poke FPCCR, 0xC0000000
    bl on_both_stacks
    b finish
