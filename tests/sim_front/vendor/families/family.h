/* What the application of main.c and common.c asks of a family's own file. */
#ifndef FAMILY_H
#define FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../blocks.h"
#include "../hal.h"

#define REG(address) (*(reg *)(uintptr_t)(address))

typedef struct {
    reg KR, PR, RLR, SR;
} iwdg_block;

typedef struct {
    gpio_block *port;
    unsigned pin, function;
} family_pin;

typedef struct {
    const char *name;
    uint32_t hz, uart_hz; /* the core's clock, and that of the UART, once family_clock() is done */
    uint32_t reset_hz;
    bool caches; /* the core's own */
    uart_block *uart;
    unsigned uart_irq;
    bool uart_low_power, uart_fifo;
    family_pin tx, rx, led;
    iwdg_block *iwdg;
    reg *backup; /* registers of the backup domain */
    reg *reset_flags;
    uint32_t watchdog, software, power, clear; /* bits of reset_flags */
    uint32_t flash_page;                       /* one of the other bank, */
    uint32_t flash_page_bytes;                 /* of this size */
    uint32_t flash_unit_bytes;
    uint8_t *dma_memory; /* that DMA reaches; NULL: all of it */
} family_description;

extern const family_description family;

/* Clocks of the blocks that are used, the supply of the pins, the backup domain opened. */
void family_blocks(void);
/* To full speed. NULL, or which flag did not come in time. */
const char *family_clock(void);
/* Of the page at family.flash_page; 0, or the error flags. */
uint32_t family_erase(void);
/* One unit. */
uint32_t family_program(uint32_t address, const uint32_t *words);

/* Of a family's DMA: circular, with hal_uart_rx_event(), and one transfer, with
 * uart_dma_sent(). The UART's own interrupt calls uart_idle(). */
void uart_dma_receive(uint8_t *data, size_t bytes);
void uart_dma_send(const uint8_t *data, size_t bytes);
void uart_idle(void);
void DMA_RX_IRQHandler(void);
void DMA_TX_IRQHandler(void);

/* common.c. Time-outs are by the tick: 1 ms. */
void clock_changed(void); /* SystemCoreClock and the tick are brought to family.hz */
bool wait_for(const reg *r, uint32_t mask, uint32_t value, uint32_t timeout_ms);
/* As the vendors' drivers program a unit: its words one after the other, nothing between. */
void write_unit(uint32_t address, const uint32_t *words, unsigned count);
void delay_us(uint32_t us, uint32_t hz); /* by the cycle counter */
void uart_dma_sent(void); /* to be called when DMA has given the last byte to the UART */
/* Where there are caches: lines are written to memory, or dropped. */
void cache_clean(const void *data, size_t bytes);
void cache_drop(const void *data, size_t bytes);

#endif
