@ Floating point without access, with access for privileged code only, and in IT blocks.
    .include "fp_common.inc"

    .macro accesses
    vmov s0, r0
    vldr s0, [r4]
    vstr s0, [r4]
    vmrs r0, fpscr
    vadd.f32 s0, s1, s2
    cmp r0, r0
    it ne
    vmovne s1, r0
    it eq
    vmoveq s1, r0
    .endm

function start
    faults_enabled
    poke SCB_SHPR1, 0x00002020
    poke SCB_SHPR2, 0x80000000
    patterns
    accesses                      @ NOCP
    fp_privileged_only
    accesses
    movs r0, #1
    msr control, r0
    isb
    accesses                      @ NOCP again
    svc #0
    b finish
