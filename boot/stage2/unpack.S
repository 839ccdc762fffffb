/* Stage 2 lies packed in flash (boot/pack/): this part of it, which does not, makes it whole in
 * the place where it runs, from its end to its beginning, and starts it. What is read is always
 * below what is written. It calls nothing that is packed; the clock is raised first, as some parts
 * begin at 4 MHz.
 *
 * The stream is read from its end. A bit 0: a byte follows. A bit 1: a number, the count - 1; a
 * number, 1 + the distance - 1 without its lowest 8 bits; a byte, those. A number begins as 1;
 * a bit 1 and one more bit are another digit of it, a bit 0 ends it. Bits come in bytes, the
 * highest first, which stand where the first of them is asked for.
 *
 * Each call (BL, both halves with their highest five bits as near ones have them) has its
 * address in the place of its distance, in halfwords, so that calls of one function are alike. */
    .syntax unified
    .thumb

    .section .unpack, "ax", %progbits
    .balign 4
/* boot/stage2/packed.h */
facts:
    .word 0          /* the stream's end; 0: not packed */
    .word __packed   /* where what is unpacked begins */
    .word __data_end /* where it ends */

/* r0: the bank that this copy came from, which is for reset_handler. */
    .global unpack_handler
    .type unpack_handler, %function
    .thumb_func
unpack_handler:
    mov r8, r0
    bl chip_clock_raise
    adr.w r7, facts
    ldmia r7, {r1, r2, r4} /* r1 reads, r4 writes, down to r2 */
    subs r5, r4, #2
    mov r9, r5
    cbz r1, whole
    mov r3, #0x80000000    /* bits that are left, and a 1 behind them */
next:
    cmp r4, r2
    bls calls
    bl get_bit
    bcs copy
    ldrb r5, [r1, #-1]!
    strb r5, [r4, #-1]!
    b next
copy:
    bl get_number
    adds r5, r6, #1
    bl get_number
    subs r6, r6, #1
    ldrb r7, [r1, #-1]!
    add r6, r7, r6, lsl #8
copy_byte:
    ldrb r7, [r4, r6]
    strb r7, [r4, #-1]!
    subs r5, r5, #1
    bne copy_byte
    b next
calls:
    ldrh r3, [r2]
    ldrh r4, [r2, #2]
    lsrs r5, r3, #11
    cmp r5, #0x1E
    bne no_call
    lsrs r5, r4, #11
    cmp r5, #0x1F
    bne no_call
    bfi r4, r3, #11, #11
    sub r4, r4, r2, lsr #1
    lsrs r5, r4, #11
    bfi r3, r5, #0, #11
    strh r3, [r2]
    mov r5, #0xF800
    bfi r5, r4, #0, #11
    strh r5, [r2, #2]
    adds r2, r2, #2
no_call:
    adds r2, r2, #2
    cmp r2, r9
    bcc calls
whole:
    dsb
    isb
    mov r0, r8
    b.w reset_handler

/* Into the carry. */
get_bit:
    lsls r3, r3, #1
    bne got_bit
    ldrb r3, [r1, #-1]!
    lsls r3, r3, #1
    adds r3, r3, #1
    lsls r3, r3, #24
got_bit:
    bx lr

/* Into r6. */
get_number:
    mov r7, lr
    movs r6, #1
get_digit:
    bl get_bit
    bcc got_number
    bl get_bit
    adcs r6, r6, r6
    b get_digit
got_number:
    bx r7
    .size unpack_handler, . - unpack_handler
