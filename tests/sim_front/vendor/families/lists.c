/* The UART by GPDMA on U5: circular reception by a node that links to itself, with its half, its
 * end and the idle line; transmission by the registers alone. */
#include "family.h"

enum { RX = 0, TX = 1, REQUEST_RX = 24, REQUEST_TX = 25, SUSPEND_MS = 2 }; /* USART1's */

typedef struct {
    reg CLBAR, reserved1[2], CFCR, CSR, CCR, reserved2[10], CTR1, CTR2, CBR1, CSAR, CDAR, CTR3,
        CBR2, reserved3[8], CLLR;
} gpdma_channel;

#define CHANNEL(n) ((gpdma_channel *)(0x40020050u + 0x80u * (n)))
#define RCC_AHB1ENR REG(0x46020C88u)
#define ENABLE 1u
#define RESET 2u
#define SUSPEND 4u
#define COMPLETE (1u << 8)
#define HALF (1u << 9)
#define ERRORS (7u << 10)
#define SUSPENDED (1u << 13)
#define ALL_FLAGS 0x7F00u
#define SOURCE_INCREMENTS (1u << 3)
#define TARGET_INCREMENTS (1u << 19)
#define TO_PERIPHERAL (1u << 10)
#define LOW_HALF 0xFFFFu
#define UPDATE_ALL 0xF8010000u /* CTR1, CTR2, CBR1, CSAR, CDAR and CLLR */

/* As a node lies in memory. */
typedef struct {
    uint32_t CTR1, CTR2, CBR1, CSAR, CDAR, CLLR;
} node;
static _Alignas(32) node circle;
static size_t bytes_in;

static void stop(gpdma_channel *c)
{
    if ((c->CCR & ENABLE) != 0u) {
        c->CCR |= SUSPEND;
        (void)wait_for(&c->CSR, SUSPENDED, SUSPENDED, SUSPEND_MS);
    }
    c->CCR |= RESET;
    c->CFCR = ALL_FLAGS;
}

static uint32_t take_flags(gpdma_channel *c)
{
    uint32_t flags = c->CSR & ALL_FLAGS;
    c->CFCR = flags;
    return flags;
}

void uart_dma_receive(uint8_t *data, size_t bytes)
{
    gpdma_channel *c = CHANNEL(RX);
    bytes_in = bytes;
    RCC_AHB1ENR |= 1u;
    (void)RCC_AHB1ENR;
    hal_irq_enable(DMA_RX_IRQ, 5);
    hal_irq_enable(DMA_TX_IRQ, 5);
    stop(c);
    uint32_t at = (uint32_t)(uintptr_t)&circle;
    circle = (node){.CTR1 = TARGET_INCREMENTS, .CTR2 = REQUEST_RX, .CBR1 = bytes,
                    .CSAR = (uint32_t)(uintptr_t)&family.uart->RDR,
                    .CDAR = (uint32_t)(uintptr_t)data, .CLLR = UPDATE_ALL | (at & LOW_HALF)};
    __asm volatile("dsb" ::: "memory");
    c->CBR1 = 0; /* the first item is the node */
    c->CLBAR = at & ~LOW_HALF;
    c->CLLR = circle.CLLR;
    c->CCR |= ERRORS | HALF | COMPLETE;
    c->CCR |= ENABLE;
}

void uart_dma_send(const uint8_t *data, size_t bytes)
{
    gpdma_channel *c = CHANNEL(TX);
    stop(c);
    c->CTR1 = SOURCE_INCREMENTS;
    c->CTR2 = REQUEST_TX | TO_PERIPHERAL;
    c->CBR1 = bytes;
    c->CSAR = (uint32_t)(uintptr_t)data;
    c->CDAR = (uint32_t)(uintptr_t)&family.uart->TDR;
    c->CLLR = 0;
    c->CCR |= ERRORS | COMPLETE;
    c->CCR |= ENABLE;
}

static size_t fill(void) { return bytes_in - (CHANNEL(RX)->CBR1 & LOW_HALF); }

void uart_idle(void) { hal_uart_rx_event(fill()); }

void DMA_RX_IRQHandler(void)
{
    uint32_t flags = take_flags(CHANNEL(RX));
    if ((flags & (HALF | COMPLETE)) != 0u) {
        hal_uart_rx_event((flags & COMPLETE) != 0u ? bytes_in : fill());
    }
}

void DMA_TX_IRQHandler(void)
{
    if ((take_flags(CHANNEL(TX)) & COMPLETE) != 0u) {
        uart_dma_sent();
    }
}
