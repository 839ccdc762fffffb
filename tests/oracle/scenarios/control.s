@ CONTROL, the two stack pointers, and what an unprivileged thread may not do.
    .include "common.inc"

function svc_handler
    ldr r1, [sp, #24]
    tst lr, #4
    itt ne
    mrsne r1, psp
    ldrne r1, [r1, #24]
    ldrb r1, [r1, #-2]
    cmp r1, #1                    @ 1: make the thread privileged again
    bne 1f
    mrs r0, control
    bic r0, r0, #1
    msr control, r0
1:  cmp r1, #2                    @ 2: write SPSEL in a handler, which is ignored
    bne 2f
    mrs r0, control
    eor r0, r0, #2
    msr control, r0
    mrs r0, control
    mov r0, sp
2:  cmp r1, #3                    @ 3: return to the other stack with a frame copied there
    bne 3f
    mrs r0, msp
    mrs r1, psp
    sub r1, #32
    ldmia r0!, {r2, r3}
    stmia r1!, {r2, r3}
    ldmia r0!, {r2, r3}
    stmia r1!, {r2, r3}
    ldmia r0!, {r2, r3}
    stmia r1!, {r2, r3}
    ldmia r0!, {r2, r3}
    stmia r1!, {r2, r3}
    sub r1, #32
    msr psp, r1
    msr msp, r0
    mov lr, #0xFFFFFFFD
3:  bx lr

    .macro touch_everything
    movs r2, #1
    msr primask, r2
    mrs r3, primask
    msr faultmask, r2
    mrs r3, faultmask
    movs r2, #0x20
    msr basepri, r2
    mrs r3, basepri
    msr basepri_max, r2
    mrs r3, basepri
    cpsid i
    mrs r3, primask
    cpsid f
    mrs r3, faultmask
    cpsie i
    cpsie f
    movs r2, #0
    msr primask, r2
    msr faultmask, r2
    msr basepri, r2
    mrs r3, msp
    mrs r3, psp
    mrs r3, xpsr
    mrs r3, ipsr
    mrs r3, control
    mov32 r2, 0xF80F0000
    msr apsr_nzcvqg, r2
    mrs r3, apsr
    cmp r2, r2
    .endm

function start
    mov32 r0, PSP_TOP + 3         @ bits 1:0 do not stick
    msr psp, r0
    mrs r1, psp
    mov32 r0, MSP_TOP + 2
    msr msp, r0
    mrs r1, msp
    mov r1, sp
    touch_everything
    movs r0, #2
    msr control, r0
    isb
    mov r1, sp
    mrs r1, msp
    touch_everything
    push {r0-r7}
    svc #0
    svc #2
    mrs r1, control
    pop {r0-r7}
    movs r0, #0
    msr control, r0
    isb
    svc #2
    mrs r1, control
    @ unprivileged, on the process stack, then on the main stack
    faults_enabled
    movs r0, #3
    msr control, r0
    isb
    touch_everything
    movs r0, #0
    msr control, r0               @ ignored
    mrs r1, control
    mov32 r0, PSP_TOP
    msr psp, r0
    msr msp, r0
    mov r1, sp
    mov32 r4, SCB_ICSR            @ BusFault
    ldr r1, [r4]
    str r1, [r4]
    mov32 r4, SYST_CSR
    ldr r1, [r4]
    mov32 r4, NVIC_STIR           @ BusFault unless CCR.USERSETMPEND
    movs r1, #3
    str r1, [r4]
    svc #1
    mrs r1, control
    poke SCB_CCR, 0x202
    mov32 r0, NVIC_ISER
    movs r1, #8
    str r1, [r0]
    movs r0, #3
    msr control, r0
    isb
    mov32 r4, NVIC_STIR
    movs r1, #3
    str r1, [r4]
    nop
    svc #1
    movs r0, #1
    msr control, r0
    isb
    touch_everything
    svc #1
    movs r0, #0
    msr control, r0
    isb
    @ from the main stack to the process stack in an exception return
    mov32 r0, PSP_TOP - 64
    msr psp, r0
    svc #3
    mrs r1, control
    mov r1, sp
    b finish
