/* Reception by circular DMA, half, full and by the idle line, FIFO on where there is one, 921600
 * baud: counts and sums what comes, and answers each pause with both, by DMA too. */
#include <stdio.h>

#include "hal.h"

enum { INCOMING_BYTES = 64, ANSWER_BYTES = 64 };

static uint8_t *incoming;
static size_t taken;
static volatile uint32_t count, sum;
static volatile uint32_t last;

void hal_uart_rx_done(void) {}

void hal_uart_rx_event(size_t bytes)
{
    for (; taken < bytes; taken++) {
        sum = sum * 31u + incoming[taken];
        count++;
    }
    if (taken == INCOMING_BYTES) {
        taken = 0;
    }
    last = hal_tick();
}

int main(void)
{
    uint32_t told = 0;
    hal_init();
    hal_clock_full();
    hal_uart_init(921600, true);
    incoming = hal_dma_memory(INCOMING_BYTES + ANSWER_BYTES);
    char *answer = (char *)incoming + INCOMING_BYTES;
    hal_uart_receive_dma(incoming, INCOMING_BYTES);
    int length = snprintf(answer, ANSWER_BYTES, "listening\r\n");
    hal_uart_transmit_dma((const uint8_t *)answer, (size_t)length);
    for (;;) {
        __asm volatile("wfi");
        if (count != told && hal_tick() - last > 3u && !hal_uart_sending()) {
            told = count;
            length = snprintf(answer, ANSWER_BYTES, "bytes %lu sum %08lX\r\n",
                              (unsigned long)told, (unsigned long)sum);
            hal_uart_transmit_dma((const uint8_t *)answer, (size_t)length);
        }
    }
}
