/* The functions that the compiler calls by itself, for stage 2: every byte that it receives passes
 * here several times on its way to flash. By words, aligned or not, which RAM and flash take
 * (ARMv7-M A3.2.1) and peripherals would not; and smaller than what the compiler makes. */
    .syntax unified
    .thumb

    .macro function name
    .section .text.\name, "ax", %progbits
    .global \name
    .type \name, %function
    .thumb_func
\name:
    .endm

/* Downwards: so it is right for what overlaps and moves up, too. */
    function memmove
    cmp r0, r1
    bhi 4f
    movs r3, #0
1:  cmp r3, r2
    beq 2f
    ldrb ip, [r1, r3]
    strb ip, [r0, r3]
    adds r3, #1
    b 1b
    .global memcpy
    .type memcpy, %function
    .thumb_func
memcpy:
4:  subs r2, #4
    blo 5f
    ldr r3, [r1, r2]
    str r3, [r0, r2]
    b 4b
5:  adds r2, #4
6:  subs r2, #1
    blo 2f
    ldrb r3, [r1, r2]
    strb r3, [r0, r2]
    b 6b
2:  bx lr

    function memset
1:  subs r2, #1
    blo 2f
    strb r1, [r0, r2]
    b 1b
2:  bx lr

    function memcmp
1:  subs r2, #4
    blo 2f
    ldr r3, [r0], #4
    ldr ip, [r1], #4
    cmp r3, ip
    beq 1b
    subs r0, #4 /* which byte differs */
    subs r1, #4
2:  movs r3, #0
    adds r2, #4
3:  subs r2, #1
    blo 4f
    ldrb r3, [r0], #1
    ldrb ip, [r1], #1
    subs r3, r3, ip
    beq 3b
4:  mov r0, r3
    bx lr
