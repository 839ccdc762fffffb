@ UsageFaults, first as HardFaults, then with their handler enabled; with the traps
@ of CCR off and on.
    .include "common.inc"

    .macro all_usage_faults
    patterns
    udf #1
    udf.w #0x123
    movs r0, #5
    movs r1, #0
    udiv r2, r0, r1
    sdiv r2, r0, r1
    mov32 r4, SCRATCH
    ldr r2, [r4, #1]
    ldrh r2, [r4, #1]
    ldrsh r2, [r4, #3]
    str r0, [r4, #2]
    strh r0, [r4, #1]
    ldr r2, [r4, #2]!
    mov32 r4, SCRATCH
    str r0, [r4], #3
    mov32 r4, SCRATCH + 1
    ldr r2, [r4], #4
    mcr p15, 0, r0, c1, c0, 0
    mrc p14, 0, r0, c1, c0, 0
    cdp p1, 0, c0, c0, c0, 0
    ldc p2, c0, [r4]
    stc2 p3, c0, [r4, #8]
    mcrr p7, 1, r0, r1, c2
    vmov s0, r0
    vldr s0, [r4]
    vadd.f32 s0, s1, s2
    vpush {s0-s3}
    adr r12, 1f
    bic r3, r12, #1
    bx r3                         @ INVSTATE, seen at the target
    nop
    .align 2
1:  nop
    adr r12, 2f
    bic r3, r12, #1
    blx r3
    nop
    .align 2
2:  nop
    .endm

function start
    all_usage_faults
    faults_enabled
    all_usage_faults
    poke SCB_CCR, 0x218           @ DIV_0_TRP, UNALIGN_TRP, STKALIGN
    peek r2, SCB_CCR
    all_usage_faults
    faults_disabled
    all_usage_faults
    poke SCB_CCR, 0x200
    @ enabled, but masked: HardFault
    faults_enabled
    cpsid i
    all_usage_faults
    cpsie i
    @ the handler of equal priority cannot take it either
    ldr r0, =SCB_ICSR
    mov32 r1, 0x10000000
    str r1, [r0]
    isb
    b finish

function pendsv_handler
    push {r4, lr}
    udf #2
    poke SCB_SHPR3, 0x00200000
    udf #3                        @ now UsageFault is above PendSV
    poke SCB_SHPR3, 0
    pop {r4, pc}
    .ltorg
