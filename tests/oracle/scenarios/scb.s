@ What the system registers read, at reset and after writes.
    .include "common.inc"

    .macro all_registers
    peek r0, SCB_CPUID
    peek r0, SCB_ICSR
    peek r0, SCB_VTOR
    peek r0, SCB_AIRCR
    peek r0, SCB_SCR
    peek r0, SCB_CCR
    peek r0, SCB_SHPR1
    peek r0, SCB_SHPR2
    peek r0, SCB_SHPR3
    peek r0, SCB_SHCSR
    peek r0, SCB_CFSR
    peek r0, SCB_HFSR
    peek r0, SCB_CPACR
    mov32 r4, SCB_CFSR
    ldrb r0, [r4]
    ldrb r0, [r4, #1]
    ldrh r0, [r4, #2]
    .endm

function start
    all_registers
    poke SCB_VTOR, 0x20000080
    poke SCB_SCR, 0x12            @ not SLEEPDEEP, which QEMU 7.2 does not keep
    poke SCB_CCR, 0x31B
    poke SCB_SHPR1, 0x00A0B0C0
    poke SCB_SHPR2, 0xD0000000
    poke SCB_SHPR3, 0xE0F00010
    mov32 r4, SCB_SHPR1
    movs r1, #0x30
    strb r1, [r4, #1]
    poke SCB_SHCSR, 0x00070000
    all_registers
    poke SCB_SCR, 0
    poke SCB_VTOR, 0x08000000
    @ pending bits by hand: the fault is taken when it is enabled
    poke SCB_SHCSR, 0x00077000
    nop
    all_registers
    poke SCB_CFSR, 0xFFFFFFFF
    poke SCB_HFSR, 0xFFFFFFFF
    all_registers
    mov32 r4, 0xE000ED40          @ processor, debug and auxiliary features. Memory model and
    movs r5, #4                   @ instruction set ones are wrong in QEMU 7.2 (M4 TRM 4.1)
1:  ldr r0, [r4], #4
    subs r5, #1
    bne 1b
    b finish
