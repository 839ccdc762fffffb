@ WFI that something wakes at once: pending and masked, pending and not; WFE after an
@ event; and sleep on exit with an interrupt that makes the next one pending.
    .include "common.inc"

function pendsv_handler
    mov r3, sp
    bx lr

function irq0_handler
    poke NVIC_STIR, 1
    bx lr

function irq1_handler             @ ends the sleep on exit
    poke SCB_SCR, 0
    bx lr

function start
    cpsid i
    poke SCB_ICSR, 0x10000000
    wfi
    nop
    peek r0, SCB_ICSR
    wfi.w
    cpsie i
    poke NVIC_ISER, 3
    cpsid i
    poke NVIC_ISPR, 1
    wfi
    peek r0, NVIC_ISPR
    poke NVIC_ICER, 1
    poke NVIC_ICPR, 3
    cpsie i
    sev
    wfe
    sev
    wfe.w
    svc #0                        @ an exception is an event
    wfe
    poke NVIC_ISER, 3
    poke SCB_SCR, 2               @ SLEEPONEXIT: 0 chains to 1, which clears it
    poke NVIC_STIR, 0
    nop
    mrs r0, ipsr
    b finish
