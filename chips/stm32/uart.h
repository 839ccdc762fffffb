/* What a family adds to the shared UART driver (uart.c), beside these names in its
 * registers.h: usart_registers, LPUART1_BASE, GPIO(), GPIO_ENR and UART_KERNEL_HZ. */
#ifndef CHIPS_STM32_UART_H
#define CHIPS_STM32_UART_H

#include <stdint.h>

/* The port's clocks: its kernel clock is one that does not follow the core's. */
void uart_clock_on(uint32_t base);

#endif
