@ BusFaults, precise, on loads, stores and fetches; base registers unchanged; BFAR;
@ as BusFault and as HardFault.
    .include "common.inc"

    .macro all_bus_faults
    patterns
    mov32 r4, NOWHERE
    ldr r0, [r4]
    ldrb r0, [r4, #1]
    ldrsh r0, [r4, #6]
    ldr r0, [r4, #4]!
    ldr r0, [r4], #4
    str r0, [r4, #8]
    strb r0, [r4, #13]
    strh r0, [r4, #-2]!
    str r0, [r4], #8
    ldrd r0, r1, [r4, #16]
    strd r0, r1, [r4, #24]!
    ldmia r4, {r0-r3}
    ldmia r4!, {r0-r3}
    ldmdb r4!, {r0-r3, lr}
    stmia r4!, {r0, r1}
    stmdb r4!, {r0, r1, r2}
    ldrex r0, [r4]
    ldr r0, [r4, r5, lsl #2]
    ldmia r4, {r3, r4}
    mov32 r5, SCRATCH
    ldr r6, [r5]
    mov32 r12, 1f
    mov32 r3, NOWHERE + 1
    bx r3                         @ IBUSERR
    nop
1:  mov32 r12, 2f
    mvn r3, #6
    bx r3                         @ no exception return in a thread: never executable
    nop
2:  mov32 r12, 3f
    mov32 r3, 0x40000001
    bx r3                         @ never executable: IACCVIOL
    nop
3:  nop
    .endm

function start
    all_bus_faults
    faults_enabled
    all_bus_faults
    cpsid i
    all_bus_faults
    cpsie i
    @ in a handler of the same priority, and of a lower one
    poke SCB_ICSR, 0x10000000
    isb
    poke SCB_SHPR3, 0x00400000
    poke SCB_ICSR, 0x10000000
    isb
    @ CCR.BFHFNMIGN is left out: QEMU 7.2 has no such bit and locks up.
    b finish

function pendsv_handler
    push {r4, lr}
    mov32 r4, NOWHERE
    ldr r0, [r4]
    str r0, [r4, #4]
    pop {r4, pc}
