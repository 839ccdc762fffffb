/* Start-up in the vendor's manner: SystemInit, .data, .bss, constructors, main; a table
 * of weak handlers that all end in an endless loop. */
    .syntax unified
    .cpu cortex-m4
    .thumb

    .section .text.Reset_Handler
    .global Reset_Handler
    .type Reset_Handler, %function
Reset_Handler:
    ldr r0, =_estack
    mov sp, r0
    bl SystemInit
    ldr r0, =_sdata
    ldr r1, =_edata
    ldr r2, =_sidata
    movs r3, #0
    b copy_test
copy:
    ldr r4, [r2, r3]
    str r4, [r0, r3]
    adds r3, r3, #4
copy_test:
    adds r4, r0, r3
    cmp r4, r1
    bcc copy
    ldr r2, =_sbss
    ldr r4, =_ebss
    movs r3, #0
    b zero_test
zero:
    str r3, [r2]
    adds r2, r2, #4
zero_test:
    cmp r2, r4
    bcc zero
    bl __libc_init_array
    bl main
hang:
    b hang

    .section .text.Default_Handler
    .type Default_Handler, %function
Default_Handler:
    b Default_Handler

    .macro handler name
    .weak \name
    .thumb_set \name, Default_Handler
    .word \name
    .endm

    .section .isr_vector, "a"
    .word _estack
    .word Reset_Handler
    handler NMI_Handler
    handler HardFault_Handler
    handler MemManage_Handler
    handler BusFault_Handler
    handler UsageFault_Handler
    .word 0, 0, 0, 0
    handler SVC_Handler
    handler DebugMon_Handler
    .word 0
    handler PendSV_Handler
    handler SysTick_Handler
    .rept 4
    .word Default_Handler
    .endr
    handler FLASH_IRQHandler
    .rept 6
    .word Default_Handler
    .endr
    handler DMA1_Channel1_IRQHandler
    handler DMA1_Channel2_IRQHandler
    .rept 78
    .word Default_Handler
    .endr
    handler LPUART1_IRQHandler
    .rept 10
    .word Default_Handler
    .endr
