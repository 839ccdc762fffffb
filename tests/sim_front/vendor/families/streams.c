/* The UART by DMA on F7 and H7, in direct mode: circular reception with its half, its end and the
 * idle line, and transmission. */
#include "streams.h"

enum { ALL = 0x3D, HALF = 0x10, COMPLETE = 0x20, OFF_MS = 5 };

static uint8_t *data_in;
static size_t bytes_in;

static uint32_t take_flags(unsigned n)
{
    static const uint8_t shift[4] = {0, 6, 16, 22};
    uint32_t flags = streams.dma->LISR >> shift[n] & ALL;
    streams.dma->LIFCR = flags << shift[n];
    return flags;
}

static void start(unsigned n, reg *at, const void *data, size_t bytes, uint32_t cr)
{
    stream_block *s = &streams.dma->stream[n];
    s->CR &= ~1u;
    (void)wait_for(&s->CR, 1u, 0, OFF_MS);
    (void)take_flags(n);
    s->FCR = 0; /* direct */
    s->PAR = (uint32_t)(uintptr_t)at;
    s->M0AR = (uint32_t)(uintptr_t)data;
    s->NDTR = bytes;
    s->CR = cr | streams.select;
    s->CR |= 1u;
}

/* What DMA wrote is behind the lines that the cache may hold of it. */
static void event(size_t bytes)
{
    cache_drop(data_in, bytes_in);
    hal_uart_rx_event(bytes);
}

static size_t fill(void) { return bytes_in - streams.dma->stream[streams.rx].NDTR; }

void uart_dma_receive(uint8_t *data, size_t bytes)
{
    data_in = data;
    bytes_in = bytes;
    streams_on();
    cache_drop(data, bytes);
    hal_irq_enable(DMA_RX_IRQ, 5);
    hal_irq_enable(DMA_TX_IRQ, 5);
    /* MINC, CIRC, TCIE, HTIE, TEIE */
    start(streams.rx, &family.uart->RDR, data, bytes, 1u << 10 | 1u << 8 | 0x1Cu);
}

void uart_dma_send(const uint8_t *data, size_t bytes)
{
    start(streams.tx, &family.uart->TDR, data, bytes, 1u << 10 | 1u << 6 | 0x14u);
}

void uart_idle(void) { event(fill()); }

void DMA_RX_IRQHandler(void)
{
    uint32_t flags = take_flags(streams.rx);
    if ((flags & (HALF | COMPLETE)) != 0u) {
        event((flags & COMPLETE) != 0u ? bytes_in : fill());
    }
}

void DMA_TX_IRQHandler(void)
{
    if ((take_flags(streams.tx) & COMPLETE) != 0u) {
        uart_dma_sent();
    }
}
