@ Accesses that must be aligned whatever CCR says, and those that need not be.
    .include "common.inc"

    @ STREX and STREXH stand only where they are aligned: QEMU 7.2 looks at the monitor
    @ first and reports a failed store, where the core faults (A3.2.1, B2.3.7).
    .macro all_alignments offset
    mov32 r4, SCRATCH + \offset
    ldrd r0, r1, [r4]
    ldrd r0, r1, [r4, #8]!
    ldrd r0, r1, [r4], #8
    strd r0, r1, [r4]
    strd r0, r1, [r4, #-8]!
    ldmia r4, {r0, r1}
    ldmia r4!, {r0, r1, r2}
    ldmdb r4!, {r0, r1, r2}
    stmia r4!, {r0, r1}
    stmdb r4!, {r0, r1}
    ldrex r0, [r4]
    .if (\offset & 3) == 0
    strex r2, r0, [r4]
    .endif
    ldrexh r0, [r4]
    .if (\offset & 1) == 0
    strexh r2, r0, [r4]
    .endif
    ldrexb r0, [r4]
    strexb r2, r0, [r4]
    clrex
    ldr r0, [r4]
    ldrh r0, [r4]
    ldrsh r0, [r4]
    str r0, [r4, #4]
    strh r0, [r4, #9]
    ldrt r0, [r4, #3]
    mov r5, sp
    .endm

function start
    patterns
    all_alignments 0
    all_alignments 1
    all_alignments 2
    all_alignments 3
    faults_enabled
    all_alignments 1
    all_alignments 2
    all_alignments 3
    b finish
