/* The UART by DMA on L4 and L4+: circular reception with its half, its end and the idle line, and
 * transmission. */
#include "channels.h"

enum { ENABLE = 1, TCIE = 2, HTIE = 4, FROM_MEMORY = 0x10, CIRC = 0x20, MINC = 0x80, COMPLETE = 2 };

static size_t bytes_in;

static uint32_t take_flags(unsigned n)
{
    uint32_t flags = channels.dma->ISR >> 4u * n & 0xFu;
    channels.dma->IFCR = flags << 4u * n;
    return flags;
}

static void start(unsigned n, reg *at, const void *data, size_t bytes, uint32_t ccr)
{
    channel_block *c = &channels.dma->channel[n];
    c->CCR &= ~(uint32_t)ENABLE;
    (void)take_flags(n);
    c->CNDTR = bytes;
    c->CPAR = (uint32_t)(uintptr_t)at;
    c->CMAR = (uint32_t)(uintptr_t)data;
    c->CCR = MINC | TCIE | ccr;
    c->CCR |= ENABLE;
}

static size_t fill(void) { return bytes_in - channels.dma->channel[channels.rx].CNDTR; }

void uart_dma_receive(uint8_t *data, size_t bytes)
{
    bytes_in = bytes;
    channels_on();
    hal_irq_enable(DMA_RX_IRQ, 5);
    hal_irq_enable(DMA_TX_IRQ, 5);
    start(channels.rx, &family.uart->RDR, data, bytes, CIRC | HTIE);
}

void uart_dma_send(const uint8_t *data, size_t bytes)
{
    start(channels.tx, &family.uart->TDR, data, bytes, FROM_MEMORY);
}

void uart_idle(void) { hal_uart_rx_event(fill()); }

void DMA_RX_IRQHandler(void)
{
    uint32_t flags = take_flags(channels.rx);
    hal_uart_rx_event((flags & COMPLETE) != 0u ? bytes_in : fill());
}

void DMA_TX_IRQHandler(void)
{
    if ((take_flags(channels.tx) & COMPLETE) != 0u) {
        uart_dma_sent();
    }
}
