@ Code in RAM, rewritten and run again.
    .include "common.inc"
    .equ CODE, 0x20000200

template:
    adds r0, #1
    bx lr
    .align 2
template_end:

    .macro run
    mov32 r4, CODE + 1
    blx r4
    .endm

    .macro sync
    dsb
    isb
    .endm

function start
    movs r0, #0
    mov32 r5, CODE
    ldr r1, template
    str r1, [r5]
    sync
    run
    run
    movw r1, #0x3010              @ adds r0, #16
    strh r1, [r5]
    sync
    run
    movs r1, #0x20                @ adds r0, #32: one byte changed
    strb r1, [r5]
    sync
    run
    @ a 32-bit instruction, then its second half changed
    mov32 r1, 0x0011F100          @ add.w r0, r0, #0x11
    mov32 r2, 0x47704770
    strd r1, r2, [r5]
    sync
    run
    movs r1, #0x22
    strb r1, [r5, #2]
    sync
    run
    @ unaligned, across two instructions
    mov32 r1, 0x70300730 & 0xFFFFFFFF
    mov32 r2, 0x30013001
    str r2, [r5]
    str r2, [r5, #4]
    mov32 r2, 0x4770
    strh r2, [r5, #8]
    sync
    run
    mov32 r2, 0x30023002
    str r2, [r5, #2]
    sync
    run
    mov32 r2, 0x02300330
    str r2, [r5, #1]
    sync
    run
    @ through a store multiple and a push
    mov32 r1, 0x30043004
    mov32 r2, 0x30083008
    mov r3, r5
    stmia r3!, {r1, r2}
    sync
    run
    mov r6, sp
    add r7, r5, #8
    mov sp, r7
    mov32 r1, 0x30103010
    push {r1}
    mov sp, r6
    sync
    run
    @ a loop that rewrites the instruction that it runs
    movs r6, #4
1:  ldrb r1, [r5]
    adds r1, #1
    strb r1, [r5]
    sync
    run
    subs r6, #1
    bne 1b
    @ at the end of a granule of 1 KB, a 32-bit instruction across it
    mov32 r5, 0x200003FE
    mov32 r1, 0x0033F100
    str r1, [r5]
    movw r1, #0x4770
    strh r1, [r5, #4]
    sync
    mov32 r4, 0x200003FF
    blx r4
    movs r1, #0x44
    strb r1, [r5, #2]
    sync
    blx r4
    b finish
