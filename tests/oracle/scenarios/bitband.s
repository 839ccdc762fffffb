@ The bit-band alias of SRAM, which the Cortex-M4 has (B2.1, the M4's TRM 3.7).
    .include "common.inc"
    .equ WORD, SCRATCH + 8
    .equ ALIAS, 0x22000000 + (WORD - RAM) * 32

function start
    poke WORD, 0x80000001
    mov32 r4, ALIAS
    ldr r0, [r4]
    ldr r0, [r4, #4]
    ldr r0, [r4, #124]
    ldrb r0, [r4, #124]
    ldrh r0, [r4, #120]
    movs r1, #1
    str r1, [r4, #8]
    mov r1, #-2
    str r1, [r4]
    strb r1, [r4, #124]
    mov r1, #3
    strh r1, [r4, #64]
    peek r0, WORD
    b finish
