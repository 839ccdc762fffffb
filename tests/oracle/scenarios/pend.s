@ PendSV, NMI and SysTick through ICSR: order, masking, nesting, tail-chaining.
    .include "common.inc"
    .equ ORDER, SCRATCH           @ each handler appends its number

    .macro note
    mov32 r2, ORDER
    ldr r0, [r2]
    mrs r1, ipsr
    add r0, r1, r0, lsl #4
    str r0, [r2]
    .endm

    .macro seen
    peek r0, ORDER
    poke ORDER, 0
    .endm

    .macro pend bits
    mov32 r4, SCB_ICSR
    mov32 r5, \bits
    str r5, [r4]
    .endm

    .equ NMI, 0x80000000
    .equ PENDSV, 0x10000000
    .equ UNPENDSV, 0x08000000
    .equ TICK, 0x04000000
    .equ UNTICK, 0x02000000

function nmi_handler
    note
    peek r6, SCRATCH + 8          @ once more from within
    cbz r6, 1f
    poke SCRATCH + 8, 0
    pend NMI
    peek r0, SCB_ICSR
1:
    peek r0, SCB_ICSR
    pend PENDSV
    mov r3, sp
    bx lr

function pendsv_handler
    note
    peek r0, SCB_ICSR
    peek r0, SCB_SHCSR
    mov r3, sp
    bx lr

function systick_handler
    push {r4, r5, r6, lr}
    note
    peek r0, SCB_ICSR
    peek r6, SCRATCH + 4
    cbz r6, 1f
    subs r6, #1
    mov32 r0, SCRATCH + 4
    str r6, [r0]
    pend PENDSV | NMI             @ one nests, the other may
    pend TICK                     @ itself again, when it is done
    peek r0, SCB_ICSR
    note
1:  pop {r4, r5, r6, pc}

function svc_handler
    push {r4, lr}
    note
    pend TICK | PENDSV
    note
    pop {r4, pc}

    .macro all_orders
    patterns
    pend PENDSV
    nop
    seen
    pend TICK
    seen
    pend NMI
    seen
    poke SCRATCH + 8, 1
    pend NMI
    seen
    pend PENDSV | TICK
    seen
    pend PENDSV | TICK | NMI
    seen
    svc #0
    seen
    cpsid i
    pend PENDSV | TICK
    nop
    peek r0, SCB_ICSR
    pend UNPENDSV
    peek r0, SCB_ICSR
    pend PENDSV
    pend UNTICK
    cpsie i
    seen
    cpsid i
    pend TICK | PENDSV | NMI      @ NMI all the same
    seen
    pend UNTICK | UNPENDSV
    cpsie i
    seen
    cpsid f
    pend TICK | NMI
    peek r0, SCB_ICSR
    seen
    cpsie f
    seen
    movs r0, #0x40
    msr basepri, r0
    pend TICK | PENDSV
    peek r0, SCB_ICSR
    seen
    movs r0, #0x50
    msr basepri_max, r0           @ lowers nothing
    mrs r0, basepri
    movs r0, #0x20
    msr basepri_max, r0
    mrs r0, basepri
    movs r0, #0
    msr basepri_max, r0
    mrs r0, basepri
    movs r0, #0x60
    msr basepri, r0
    seen
    movs r0, #0
    msr basepri, r0
    seen
    poke SCRATCH + 4, 1
    pend TICK
    seen
    poke SCRATCH + 4, 2
    pend TICK
    seen
    cpsid i
    cpsid f
    pend TICK | PENDSV
    cpsie f
    cpsie i
    seen
    .endm

function start
    all_orders
    poke SCB_SHPR3, 0x40300000    @ PendSV 0x30, SysTick 0x40
    peek r0, SCB_SHPR3
    all_orders
    poke SCB_SHPR3, 0x40500000
    poke SCB_SHPR2, 0x60000000
    all_orders
    poke SCB_SHPR3, 0x50500000
    all_orders
    b finish
