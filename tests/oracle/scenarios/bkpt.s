@ BKPT with no debugger and the monitor off. HFSR is not looked at: QEMU 7.2 says
@ FORCED where the architecture says DEBUGEVT (B3.2.16, C1.6).
    .include "common.inc"

function hardfault_handler
    mrs r0, ipsr
    mov r3, sp
    ldm r3, {r0, r1, r2}
    ldr r0, [r3, #24]
    adds r0, #2
    str r0, [r3, #24]
    ldr r1, [r3, #28]
    bic r1, r1, #0x06000000
    bic r1, r1, #0xFC00
    str r1, [r3, #28]
    bx lr

function start
    patterns
    bkpt #0
    bkpt #1
    cmp r0, r0
    it ne                         @ no condition holds a BKPT back
    bkpt #2
    itt eq
    moveq r4, #1
    bkpt #3
    b finish
