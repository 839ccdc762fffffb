@ What the core says of itself: the feature registers of debug, memory and instruction set, and
@ those of floating point. Not of a Cortex-M4: QEMU 7.2 gives it those of a Cortex-M3. ID_PFR1
@ tells of the Security Extension, which the board of the Cortex-M33 has.
    .include "fp_common.inc"

function start
    peek r0, 0xE000ED40           @ ID_PFR0
    mov32 r1, 0xE000ED48          @ ID_DFR0 to ID_ISAR4
    mov32 r2, 0xE000ED74
1:  ldr r0, [r1], #4
    cmp r1, r2
    bne 1b
    peek r0, 0xE000EF40           @ MVFR0 to 2
    peek r0, 0xE000EF44
    peek r0, 0xE000EF48
    b finish
