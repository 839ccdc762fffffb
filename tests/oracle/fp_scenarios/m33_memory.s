@ Load-acquire, store-release and their exclusive forms; TT and TTT; what needs the Security
@ Extension; the MPU of ARMv8-M.
    .include "fp_common.inc"
    .cpu cortex-m33
    .fpu fpv5-sp-d16
    .equ MPU_TYPE, 0xE000ED90
    .equ MPU_CTRL, 0xE000ED94
    .equ MPU_RNR, 0xE000ED98
    .equ MPU_RBAR, 0xE000ED9C
    .equ MPU_RLAR, 0xE000EDA0
    .equ MPU_RBAR_A1, 0xE000EDA4
    .equ MPU_RLAR_A1, 0xE000EDA8
    .equ MPU_MAIR0, 0xE000EDC0
    .equ MPU_MAIR1, 0xE000EDC4

    .macro acquire offset
    mov32 r4, SCRATCH + \offset
    lda r0, [r4]
    ldah r1, [r4]
    ldab r2, [r4]
    stl r2, [r4]
    stlh r1, [r4]
    stlb r0, [r4]
    ldaex r0, [r4]
    .if (\offset & 3) == 0
    stlex r1, r2, [r4]
    stlex r1, r2, [r4]
    .endif
    ldaexh r0, [r4]
    .if (\offset & 1) == 0
    stlexh r1, r3, [r4]
    .endif
    ldaexb r0, [r4]
    stlexb r1, r5, [r4]
    ldaex r0, [r4]
    clrex
    stlexb r1, r5, [r4]
    .endm

    .macro test_target address
    mov32 r4, \address
    tt r0, r4
    ttt r1, r4
    .endm

    .macro test_targets
    test_target SCRATCH
    test_target 0x20000700
    test_target 0x20001000
    test_target 0x20002000
    test_target 0x20002FFF
    test_target 0x00010000
    test_target 0xE000ED00
    test_target 0x40000000
    .endm

    .macro region n, base, limit
    poke MPU_RNR, \n
    poke MPU_RBAR, \base
    poke MPU_RLAR, \limit
    .endm

    .macro accesses
    mov32 r4, 0x20002000
    ldr r0, [r4]
    str r0, [r4]
    mov32 r4, 0x20003000
    ldr r0, [r4]
    str r0, [r4]
    ldrt r0, [r4]
    strt r0, [r4]
    mov32 r4, 0x20004000
    ldr r0, [r4]
    str r0, [r4]
    ldrb r0, [r4, #0x1f]
    ldrb r0, [r4, #0x20]
    ldrt r0, [r4, #8]
    mov32 r4, 0x20005000
    ldr r0, [r4]
    mov32 r12, 1f
    mov32 r3, 0x20004001
    bx r3                         @ never executes
    nop
1:  nop
    .endm

function start
    faults_enabled
    poke SCB_SHPR1, 0x00202020
    patterns
    acquire 0
    acquire 1
    acquire 2
    acquire 3
    mov r5, #0x55
    sg
    .inst.w 0xE844F080            @ tta
    .inst.w 0xE844F0C0            @ ttat
    .inst.n 0x470C                @ bxns r1
    .inst.n 0x478C                @ blxns r1
    .inst.w 0xEC240A00            @ vlstm r4
    .inst.w 0xEC340A00            @ vlldm r4
    test_targets
    poke MPU_MAIR0, 0x12345678
    poke MPU_MAIR1, 0x9ABCDEF0
    peek r0, MPU_MAIR0
    peek r0, MPU_MAIR1
    region 0, 0x00000002, 0x000FFFE1      @ code: read and write for all, executes
    region 1, 0x20000003, 0x20001FE1      @ RAM: all, never executes
    region 2, 0x20003001, 0x20003FE3      @ privileged
    region 3, 0x20004007, 0x20004001      @ 32 bytes, read-only for all, never executes
    region 4, 0x20005003, 0x20005FE1
    region 5, 0x20005803, 0x20006FE1      @ overlaps: a fault
    region 6, 0x20007003, 0x20007FE0      @ off
    peek r0, MPU_RBAR
    peek r0, MPU_RLAR
    peek r0, MPU_RNR
    poke MPU_RNR, 0
    peek r0, MPU_RBAR_A1
    peek r0, MPU_RLAR_A1
    peek r0, MPU_RLAR_A1 + 8
    poke MPU_RLAR_A1 + 16, 0x20004001
    poke MPU_RNR, 5
    peek r0, MPU_RLAR_A1 + 8
    poke MPU_CTRL, 1
    dsb
    isb
    test_targets
    accesses
    poke MPU_CTRL, 5
    dsb
    isb
    test_targets
    accesses
    test_target 0x20003000
    test_target 0x20004000
    test_target 0x20005800
    test_target 0x20005900
    mov32 r0, PSP_TOP
    msr psp, r0
    movs r0, #3
    msr control, r0
    isb
    accesses
    test_targets
    b finish_here

function finish_here              @ finish sweeps what this program may not read
    svc #0

function svc_handler
    poke MPU_CTRL, 0
    dsb
    isb
    mov32 r0, PSP_TOP - 0x40
    msr psp, r0
    mov32 r1, finish
    str r1, [r0, #24]
    mov32 r1, 0x01000000
    str r1, [r0, #28]
    bx lr
