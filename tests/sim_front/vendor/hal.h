/* Drivers in the manner of the vendor's: clock by PLL, tick by SysTick, flash and UART by
 * polling and by interrupt. Written for these tests. */
#ifndef HAL_H
#define HAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern uint32_t SystemCoreClock;

void hal_init(void);             /* caches, priority grouping, SysTick at 1 ms */
void hal_clock_full(void);       /* as fast as the part goes, by the PLL */
uint32_t hal_tick(void);
void hal_delay(uint32_t ms);
void hal_irq_enable(unsigned irq, unsigned priority);
void hal_system_reset(void);

void hal_uart_init(uint32_t baud, bool fifo);
void hal_uart_write(const void *data, size_t bytes); /* polling, with a time-out by the tick */
void hal_uart_receive_it(uint8_t *data, size_t bytes);
void hal_uart_transmit_it(const uint8_t *data, size_t bytes);
bool hal_uart_sending(void);
/* Circular; hal_uart_rx_event() is called at IDLE, half and full with the bytes so far. */
void hal_uart_receive_dma(uint8_t *data, size_t bytes);
void hal_uart_transmit_dma(const uint8_t *data, size_t bytes); /* hal_uart_sending() meanwhile */
/* Memory that DMA reaches, aligned to a cache line; once. The two above keep caches right. */
uint8_t *hal_dma_memory(size_t bytes);

void hal_tick_hook(void);                 /* the application's, or none */
void hal_uart_rx_done(void);              /* the application's */
void hal_uart_rx_event(size_t bytes);     /* the application's */

/* 0, or the error flags of FLASH_SR. */
uint32_t hal_flash_erase(unsigned bank, unsigned page);
uint32_t hal_flash_program(uint32_t address, uint64_t data);
void hal_flash_erase_it(unsigned bank, unsigned page);
void hal_flash_program_it(uint32_t address, uint64_t data);
bool hal_flash_busy(void);                /* of the two above */
uint32_t hal_flash_errors(void);
unsigned hal_flash_interrupts(void);

#endif
