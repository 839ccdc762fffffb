@ Exceptions that begin and end inside IT blocks.
    .include "common.inc"

function svc_handler
    mrs r0, xpsr
    cmp r0, #0                    @ flags of its own
    itt ne
    movne r1, #1
    movne r2, #2
    bx lr

function pendsv_handler
    movs r0, #0
    it eq
    moveq r3, #9
    bx lr

function start
    mov32 r6, SCB_ICSR
    mov32 r7, 0x10000000
    movs r5, #0
    itttt eq
    svceq #1
    moveq r8, #1
    svceq #2
    moveq r9, #2
    itete eq
    svceq #1
    svcne #2
    addeq r8, #1
    addne r8, #2
    itttt ne
    svcne #1
    udfne #0
    udivne r0, r0, r5
    movne r8, #9
    @ made pending in the middle
    itttt eq
    streq r7, [r6]
    addeq r8, #1
    addeq r8, #1
    addeq r8, #1
    itett eq
    streq r7, [r6]
    addne r8, #1
    addeq r8, #2
    addeq r8, #3
    movs r5, #0
    @ flags changed in the middle
    itete eq
    cmpeq r6, #0
    addne r8, #1
    svceq #3
    movne r8, #0
    movs r5, #0
    @ faults; the handler leaves the block
    mov32 r4, NOWHERE
    itte eq
    ldreq r0, [r4]
    addeq r8, #1
    addne r8, #1
    faults_enabled
    movs r5, #0
    itte eq
    moveq r8, #4
    udfeq.w #1
    movne r8, #5
    it eq
    ldreq r0, [r4]
    b finish
