@ The memory protection unit: its registers, regions, sub-regions, permissions, the
@ background region, and what a violation leaves behind.
    .include "common.inc"
    .equ MPU, 0xE000ED90
    .equ AREA, 0x20002000

    .macro region number, base, attributes_size
    mov32 r4, MPU
    movs r0, #\number
    mov32 r1, \base
    mov32 r2, \attributes_size
    str r0, [r4, #8]
    str r1, [r4, #12]
    str r2, [r4, #16]
    ldr r3, [r4, #12]
    ldr r3, [r4, #16]
    .endm

function svc_handler              @ privileged again
    mrs r0, control
    bic r0, r0, #1
    msr control, r0
    bx lr

    .macro touch
    mov32 r4, AREA
    ldr r0, [r4]
    str r0, [r4]
    ldr r0, [r4, #0x20]
    str r0, [r4, #0x20]
    ldrb r0, [r4, #0xFF]
    strb r0, [r4, #0xFF]
    ldr r0, [r4, #0x100]
    str r0, [r4, #0x100]
    ldrt r0, [r4]
    strt r0, [r4]
    .endm

    .macro touch_both
    touch
    movs r0, #1
    msr control, r0
    isb
    touch
    svc #0
    .endm

function start
    peek r0, MPU
    peek r0, MPU + 4
    faults_enabled
    region 0, 0x08000000, 0x06020027       @ flash: 1 MB, read only for all
    region 1, 0x20000000, 0x03000021 | 31 << 1 & 0x3E
    region 1, 0x20000000, 0x03000000 | 16 << 1 | 1
    region 2, AREA, 0x03000000 | 7 << 1 | 1
    mov32 r4, MPU
    movs r0, #1
    str r0, [r4, #4]
    dsb
    isb
    touch_both
    .irp ap, 0, 1, 2, 3, 5, 6
    region 2, AREA, 0x01000000 * \ap | 7 << 1 | 1
    isb
    touch_both
    .endr
    @ A sub-region that is off falls through to region 1. Large ones: QEMU 7.2 keeps the
    @ answer for the whole page when a sub-region is less than one.
    region 2, 0x20008000, 14 << 1 | 1 | 0x0200
    mov32 r4, 0x20008000
    ldr r0, [r4]
    ldr r0, [r4, #0xFFC]
    add r4, r4, #0x1000
    ldr r0, [r4]
    str r0, [r4, #0xFFC]
    add r4, r4, #0x1000
    ldr r0, [r4]
    str r0, [r4]
    region 2, AREA + 0x20, 4 << 1 | 1      @ the smallest, 32 bytes
    touch_both
    region 2, AREA + 0xC0, 5 << 1 | 1
    touch_both
    region 2, AREA, 7 << 1                 @ off
    touch_both
    @ execution
    mov32 r5, AREA
    movw r1, #0x4770
    strh r1, [r5]
    orr r5, r5, #1
    region 2, AREA, 0x13000000 | 7 << 1 | 1
    isb
    mov32 r12, 1f
    blx r5
    nop
1:  region 2, AREA, 0x03000000 | 7 << 1 | 1
    isb
    blx r5
    @ the background region
    mov32 r4, MPU
    movs r0, #0
    str r0, [r4, #4]
    region 0, 0, 0
    region 1, 0, 0
    region 2, AREA, 7 << 1 | 1
    mov32 r4, MPU
    movs r0, #5
    str r0, [r4, #4]
    dsb
    isb
    touch
    @ the background is for privileged accesses only
    region 0, 0x08000000, 0x06020027
    region 1, 0x20000000, 0x03000000 | 12 << 1 | 1
    isb
    mov32 r4, 0x20008000
    ldr r0, [r4]
    str r4, [r4]
    movs r0, #1
    msr control, r0
    isb
    ldr r0, [r4]
    str r4, [r4]
    ldrt r0, [r4]
    svc #0
    ldrt r0, [r4]
    cpsid f                                 @ HFNMIENA is 0: no MPU at priority -1
    touch
    cpsie f
    movs r0, #0
    mov32 r4, MPU
    str r0, [r4, #4]
    b finish
