@ SysTick counts in another time here than there: only what it leads to is compared.
    .include "common.inc"
    .equ TICKS, SCRATCH
    .equ SEEN, SCRATCH + 4

function systick_handler
    ldr r0, =TICKS
    ldr r1, [r0]
    adds r1, #1
    str r1, [r0]
    bx lr

function start
    ldr r4, =SYST_CSR
    ldr r5, =SEEN
    ldr r0, [r4]
    str r0, [r5], #4
    ldr r0, =0xFF001387
    str r0, [r4, #4]
    ldr r0, [r4, #4]              @ 24 bits
    str r0, [r5], #4
    movs r0, #1
    str r0, [r4, #8]
    ldr r0, [r4, #8]              @ any write clears it
    str r0, [r5], #4
    movs r0, #7
    str r0, [r4]
1:  ldr r0, =TICKS
    ldr r1, [r0]
    cmp r1, #2
    blo 1b
2:  wfi                           @ the next tick wakes it
    ldr r1, [r0]
    cmp r1, #5
    blo 2b
    movs r0, #6
    str r0, [r4]
    movs r0, #5
    ldr r1, =TICKS
    str r0, [r1]                  @ there may have been more
    ldr r0, =SCB_ICSR
    ldr r1, =0x02000000
    str r1, [r0]
    ldr r0, [r4]                  @ COUNTFLAG
    ldr r0, [r4]
    str r0, [r5], #4
    @ COUNTFLAG by polling, without the exception; reading clears it
    movs r0, #0
    str r0, [r4, #8]
    movs r0, #5
    str r0, [r4]
3:  ldr r0, [r4]
    tst r0, #0x10000
    beq 3b
    str r0, [r5], #4
    movs r0, #0
    str r0, [r4]
    str r0, [r4, #8]
    ldr r0, [r4]
    str r0, [r5], #4
    ldr r0, [r4, #8]
    str r0, [r5], #4
    ldr r0, =SCB_ICSR
    ldr r0, [r0]
    str r0, [r5], #4
    movs r0, #0                   @ the frames hold return addresses, which depend on time
    mov r1, sp
    sub r2, sp, #0x200
4:  str r0, [r2], #4
    cmp r2, r1
    bne 4b
    cmp r0, r0
    movs r3, #0
    .global compare_from
    .thumb_func
compare_from:
    b finish
    .ltorg
