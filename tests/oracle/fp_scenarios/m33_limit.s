@ Stack limits: every instruction that moves SP, below, at and above the limit, with frames
@ that fit there and frames that do not, with floating point and without.
    .include "fp_common.inc"
    .cpu cortex-m33
    .fpu fpv5-sp-d16
    .equ LIMIT, 0x20000400

    .macro each offset            @ r9: where the handler goes on
    .irp insn, "push {r1}", "push {r1, r2, lr}", "push.w {r4-r8}", "sub sp, #4", "sub sp, #64", "add sp, #8", "sub.w sp, sp, #12", "subw sp, sp, #20", "str r1, [sp, #-4]!", "str r1, [sp], #-8", "strh r1, [sp, #-4]!", "ldr r1, [sp, #-4]!", "ldr r1, [sp], #4", "ldrb r1, [sp, #-12]!", "strd r2, r3, [sp, #-8]!", "ldrd r2, r3, [sp], #8", "strd r2, r3, [sp], #-16", "stmdb sp!, {r1-r4}", "ldmia sp!, {r2-r5}", "stmia.w sp!, {r1, r2}", "ldmdb sp!, {r4, r5}", "pop {r2}", "sub sp, sp, r6", "mov sp, r8", "mov.w sp, r8", "subs sp, sp, #4", "add sp, r7", "vpush {s0}", "vpush {d0-d3}", "vpop {s4, s5}", "vstmia sp!, {s1}", "str r1, [sp, #-4]", "vstr s0, [sp, #-8]", "svc #0", "mov r2, sp"
    mov32 r9, 1f
    mov32 r6, 16
    mov32 r7, -12
    mov32 r8, LIMIT + \offset - 8
    mov32 r0, LIMIT + \offset
    mov sp, r0
    mov32 r0, LIMIT
    msr psplim, r0
    \insn
    mov r2, sp
    mov32 r0, 0
    msr psplim, r0
1:
    .endr
    .endm

@ No frame, or one: a new one is made, and the limit is taken away.
function usagefault_handler
    mov r1, lr
    mrs r0, psp
    mrs r1, psplim
    mov32 r3, SCB_CFSR
    ldr r2, [r3]
    str r2, [r3]
    peek r2, FPCCR
    ldr r2, [r0]
    ldr r2, [r0, #24]
    ldr r2, [r0, #28]
    mov32 r2, 0
    msr psplim, r2
    mov32 r0, 0x20000780
    msr psp, r0
    str r9, [r0, #24]
    mov32 r2, 0x01000000
    str r2, [r0, #28]
    mov32 lr, 0xFFFFFFBC
    bx lr

function svc_handler
    mov r1, lr
    mrs r0, psp
    peek r2, FPCCR
    bx lr

function start
    faults_enabled
    poke SCB_SHPR1, 0x00202020
    poke SCB_SHPR2, 0x80000000
    patterns
    mov32 r0, 0x20000207          @ the low three bits are not there
    msr psplim, r0
    mrs r1, psplim
    msr msplim, r0
    mrs r1, msplim
    mov32 r0, 0x20000800
    msr psp, r0
    mov32 r0, 0
    msr psplim, r0
    msr msplim, r0
    mrs r0, control
    orr r0, #2
    msr control, r0
    isb
    fp_on
    poke FPCCR, 0                 @ without frames of floating point
    each 0
    each 4
    each 8
    each 64
    each 160
    poke FPCCR, 0xC0000000
    each 0
    each 16
    each 56
    each 160
    mov32 r0, 0x20000800
    mov sp, r0
    b finish
