/* Bytes that do not compress, for an image of 200 KB. */
    .section .rodata.ballast, "aR", %progbits
    .global app_ballast
    .balign 4
app_ballast:
    .set x, 0x1234567
    .rept 48700
    .set x, (x * 1103515245 + 12345) & 0xFFFFFFFF
    .word x ^ (x >> 15)
    .endr
