@ Frames that cannot be pushed or popped: STKERR and UNSTKERR, on the process stack.
    .include "common.inc"
    .equ GOOD, PSP_TOP - 0x100
    .set bad, NOWHERE + 0x100     @ later, where the MPU forbids it

@ Puts a frame at GOOD that returns to r12's place, and PSP there.
    .macro repair
    mov32 r0, GOOD
    mov32 r1, 0x11111111
    str r1, [r0]
    str r1, [r0, #4]
    str r1, [r0, #8]
    str r1, [r0, #12]
    str r1, [r0, #16]
    str r1, [r0, #20]
    mov r2, r10
    str r2, [r0, #24]
    mov32 r2, 0x01000000
    str r2, [r0, #28]
    msr psp, r0
    .endm

    .macro look
    mrs r1, ipsr
    peek r2, SCB_ICSR
    peek r2, SCB_SHCSR
    peek r2, SCB_HFSR
    peek r3, SCB_CFSR
    mrs r3, psp
    mov r3, sp
    mov r2, lr
    mov32 r2, SCB_CFSR
    mov r3, #-1
    str r3, [r2]
    str r3, [r2, #4]
    .endm

    .macro clear_scratch          @ UNKNOWN on entry when the frame was lost
    movs r0, #0
    movs r1, #0
    movs r2, #0
    movs r3, #0
    mov r12, r0
    .endm

function busfault_handler
    clear_scratch
    look
    repair
    bx lr

function memmanage_handler
    clear_scratch
    look
    repair
    bx lr

function hardfault_handler
    clear_scratch
    look
    repair
    bx lr

function svc_handler
    clear_scratch
    look
    repair
    bx lr

function pendsv_handler           @ breaks the way back
    clear_scratch
    mov32 r0, bad
    msr psp, r0
    bx lr

    .macro broken_push where
    adr r10, 1f
    mov32 r0, \where
    msr psp, r0
    mov32 r0, SCRATCH
    clear_scratch
    svc #0
    nop
    .align 2
1:  mov r0, sp
    .endm

    .macro broken_pop
    adr r10, 1f
    mov32 r0, GOOD
    msr psp, r0
    poke SCB_ICSR, 0x10000000
    nop
    nop
    .align 2
1:  mov r0, sp
    .endm

    .macro all_broken
    broken_push bad
    broken_push 0x20000004        @ the frame would begin below the RAM
    broken_pop
    .endm

function start
    mov32 r0, GOOD
    msr psp, r0
    movs r0, #2
    msr control, r0
    isb
    all_broken
    faults_enabled
    @ Never of one priority: QEMU 7.2 then takes the lower number, the core the exception
    @ that was being entered, since the derived one is not of higher priority (B1.5.11).
    poke SCB_SHPR2, 0x80000000
    poke SCB_SHPR3, 0x00800000
    all_broken
    poke SCB_SHPR1, 0x0000C000    @ BusFault below SVC and PendSV
    all_broken
    @ the same where the MPU forbids it: MSTKERR, MUNSTKERR
    .equ MPU, 0xE000ED90
    poke MPU + 8, 0
    poke MPU + 12, 0x08000000
    poke MPU + 16, 0x06020027
    poke MPU + 12, 0x20000011     @ VALID: region 1 without RNR
    poke MPU + 16, 0x03000000 | 12 << 1 | 1
    peek r0, MPU + 8
    poke MPU + 20, 0x20010012     @ the first alias, region 2
    poke MPU + 24, 0x03000000 | 7 << 1
    poke MPU + 28, 0x20012013
    poke MPU + 36, 0x20014004     @ the third, not VALID: the region that RNR names
    peek r0, MPU + 8
    peek r0, MPU + 12
    peek r0, MPU + 20
    peek r0, MPU + 16
    poke MPU + 8, 2
    peek r0, MPU + 12
    peek r0, MPU + 16
    poke MPU + 4, 1
    dsb
    isb
    .set bad, 0x20008000
    all_broken
    poke SCB_SHPR1, 0
    all_broken
    faults_disabled
    all_broken
    b finish
