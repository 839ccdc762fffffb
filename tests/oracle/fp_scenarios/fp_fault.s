@ Alignment faults and bus errors of floating-point loads and stores; lazy stacking that fails;
@ returns without access.
    .include "fp_common.inc"

    .macro unaligned offset
    mov32 r4, SCRATCH + \offset
    vldr s0, [r4]
    vldr d1, [r4, #8]
    vstr s0, [r4, #4]
    vstr d1, [r4, #12]
    vldmia r4!, {s3-s5}
    vstmdb r4!, {s3-s5}
    vldmia r4, {d3-d5}
    mov r5, r4
    .endm

    .macro bus_errors
    mov32 r4, NOWHERE
    vldr s0, [r4]
    vldr d1, [r4, #8]
    vstr s0, [r4, #4]
    vstr d1, [r4, #12]
    vldmia r4!, {s3-s5}
    vldmdb r4!, {d3-d5}
    vstmia r4!, {s3-s5}
    vstmdb r4!, {d3-d5}
    mov r5, r4
    .endm

function busfault_handler
    peek r2, SCB_CFSR
    tst r2, #0x2000               @ LSPERR: elsewhere, and the instruction comes again
    beq default_handler
    see_fp
    mov32 r0, FPCAR
    mov32 r1, SCRATCH + 0x80
    str r1, [r0]
    mov32 r0, SCB_CFSR
    str r2, [r0]
    bx lr

function svc_handler
    mrs r0, msp
    ldr r1, [r0, #24]
    ldrb r1, [r1, #-2]
    cmp r1, #1
    beq lazy_fault
    cmp r1, #2
    beq without_access
    cmp r1, #3
    beq denied
    bx lr
lazy_fault:
    mov32 r0, FPCAR
    mov32 r1, NOWHERE
    str r1, [r0]
    see_fp
    vmov s0, r1
    see_fp
    vmov r1, s0
    bx lr
without_access:                   @ saved, so the return must load what it may not
    vmov s0, r1
    push {r0, r1}
    fp_off
    pop {r0, r1}
    bx lr
denied:                           @ not saved: nothing to load
    fp_off
    vmov s0, r1
    bx lr

@ NOCP: opens the access again and goes on with the instruction or the return. The first
@ such return comes with the lazy state gone.
function usagefault_handler
    peek r2, SCB_CFSR
    tst r2, #0x80000
    beq default_handler
    fp_on
    mov32 r0, SCB_CFSR
    str r2, [r0]
    bx lr

function start
    faults_enabled
    poke SCB_SHPR1, 0x00202020
    poke SCB_SHPR2, 0x80000000
    fp_on
    fp_patterns
    patterns
    unaligned 0
    unaligned 1
    unaligned 2
    unaligned 3
    bus_errors
    fp_patterns
    poke SCB_SHCSR, 0x30000
    svc #1
    vmov r0, s0
    vmov r0, s1
    vmrs r0, fpscr
    faults_enabled
    svc #3
    vmov r0, s0
    svc #2
    vmov r0, s0
    vmov r0, s15
    b finish
