@ The NVIC's registers and interrupts made pending by software.
    .include "common.inc"
    .equ ORDER, SCRATCH
    .equ LEFT, SCRATCH + 4

    .macro note
    mov32 r2, ORDER
    ldr r0, [r2]
    mrs r1, ipsr
    add r0, r1, r0, lsl #5
    str r0, [r2]
    .endm

    .macro seen
    peek r0, ORDER
    poke ORDER, 0
    .endm

function irq0_handler
    note
    peek r0, NVIC_IABR
    peek r0, NVIC_ISPR
    peek r0, SCB_ICSR
    bx lr

function irq1_handler
    note
    poke NVIC_ISPR, 0x3D          @ all the others
    dsb
    note
    peek r0, NVIC_IABR
    peek r0, SCB_ICSR
    bx lr

function irq2_handler
    note
    peek r0, LEFT
    cbz r0, 1f
    subs r0, #1
    mov32 r1, LEFT
    str r0, [r1]
    mov32 r0, NVIC_STIR           @ itself, again
    movs r1, #2
    str r1, [r0]
    peek r0, NVIC_ISPR
    note
1:  bx lr

function irq3_handler
    note
    poke NVIC_ICPR, 0x30          @ takes 4 and 5 back
    poke NVIC_STIR, 0
    note
    bx lr

function irq4_handler
    note
    cpsid i
    poke NVIC_ISPR, 0x01
    note
    cpsie i
    note
    bx lr

function irq5_handler
    note
    movs r0, #0x30
    msr basepri, r0
    poke NVIC_ISPR, 0x05
    note
    movs r0, #0
    msr basepri, r0
    note
    bx lr

    .macro registers
    peek r0, SCS_ICTR
    peek r0, NVIC_ISER
    peek r0, NVIC_ICER
    peek r0, NVIC_ISPR
    peek r0, NVIC_ICPR
    peek r0, NVIC_IABR
    peek r0, NVIC_ISER + 4
    peek r0, NVIC_ISPR + 4
    peek r0, NVIC_IPR
    peek r0, NVIC_IPR + 4
    peek r0, SCB_AIRCR
    peek r0, SCB_ICSR
    .endm

    .macro all_interrupts
    .irp n, 0, 1, 2, 3, 4, 5
    poke NVIC_STIR, \n
    nop
    seen
    .endr
    poke LEFT, 2
    poke NVIC_ISPR, 0x04
    seen
    poke NVIC_ISPR, 0x3F
    seen
    cpsid i
    poke NVIC_ISPR, 0x3F
    registers
    poke NVIC_ICPR, 0x12
    registers
    poke NVIC_ICER, 0x08
    registers
    cpsie i
    seen
    registers
    poke NVIC_ISER, 0x08          @ still pending: now it comes
    seen
    .endm

function start
    mov32 r0, NVIC_IPR
    movs r1, #0x40
    strb r1, [r0]
    movs r1, #0x60
    strb r1, [r0, #1]
    mov32 r1, 0x3020              @ 2: 0x20, 3: 0x30
    strh r1, [r0, #2]
    mov32 r1, 0x00007050          @ 4: 0x50, 5: 0x70
    str r1, [r0, #4]
    ldrb r2, [r0, #3]
    ldrh r2, [r0]
    ldrsb r2, [r0, #5]
    registers
    poke NVIC_ISPR, 0x3F          @ not enabled: nothing comes
    registers
    poke NVIC_ICPR, 0xFFFFFFFF
    poke NVIC_ISER, 0x3F
    registers
    .irp group, 0, 3, 4, 5, 6, 7
    poke SCB_AIRCR, 0x05FA0000 + 256 * \group
    all_interrupts
    .endr
    poke SCB_AIRCR, 0x00000300    @ without the key
    registers
    poke SCB_AIRCR, 0x05FA0000
    @ interrupts in the other words of the registers
    .irp bit, 0, 15, 16, 31
    poke NVIC_ISER, 1 << \bit
    poke NVIC_ISER + 4, 1 << \bit
    poke NVIC_ISER + 8, 1 << \bit & 0x3FFFF
    peek r0, NVIC_ISER + 4
    peek r0, NVIC_ICER + 8
    poke NVIC_ISPR + 4, 1 << \bit
    nop
    poke NVIC_ISPR + 8, 1 << \bit & 0x3FFFF
    nop
    poke NVIC_STIR, 16 + \bit
    nop
    poke NVIC_STIR, 48 + \bit
    nop
    cpsid i
    poke NVIC_ISPR + 4, 1 << \bit
    poke NVIC_ISPR + 8, 1
    peek r0, SCB_ICSR
    peek r0, NVIC_ISPR + 4
    peek r0, NVIC_ICPR + 8
    cpsie i
    .endr
    poke NVIC_ICER, 0xFFFFFFC0
    poke NVIC_ICPR, 0xFFFFFFC0
    poke NVIC_ICER + 4, 0xFFFFFFFF
    poke NVIC_ICER + 8, 0xFFFFFFFF
    @ all of one priority: the lowest number first, no nesting
    poke NVIC_IPR + 4, 0x00004040
    poke NVIC_IPR, 0xF0E0D0C0     @ four priorities and no more
    peek r0, NVIC_IPR
    peek r0, NVIC_IPR + 4
    poke NVIC_IPR, 0x40404040
    all_interrupts
    @ vectors in RAM
    ldr r0, =0x08000000
    ldr r1, =0x20000400
    movs r2, #64
1:  ldr r3, [r0], #4
    str r3, [r1], #4
    subs r2, #1
    bne 1b
    ldr r1, =0x20000400
    ldr r3, [r1, #80]             @ interrupts 4 and 5 change places
    ldr r4, [r1, #84]
    str r4, [r1, #80]
    str r3, [r1, #84]
    ldr r3, [r1, #68]             @ interrupt 40 does what 1 does
    str r3, [r1, #224]
    ldr r0, =SCB_VTOR
    str r1, [r0]
    dsb
    ldr r2, [r0]
    all_interrupts
    @ a high number at a low priority is preempted by the low numbers
    poke NVIC_IPR + 40, 0x70
    peek r0, NVIC_IPR + 40
    poke NVIC_ISER + 4, 0x100
    poke NVIC_STIR, 40
    nop
    seen
    poke NVIC_IPR + 40, 0x40      @ not when it has theirs
    poke NVIC_STIR, 40
    nop
    seen
    b finish
    .ltorg
