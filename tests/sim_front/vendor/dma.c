/* Reception by circular DMA with the idle line, FIFO on, 921600 baud: counts and sums what
 * comes, and answers each pause with both. */
#include <stdio.h>

#include "hal.h"

static uint8_t buffer[64];
static size_t taken;
static volatile uint32_t count, sum;
static volatile uint32_t last;

void hal_uart_rx_done(void) {}

void hal_uart_rx_event(size_t bytes)
{
    for (; taken < bytes; taken++) {
        sum = sum * 31u + buffer[taken];
        count++;
    }
    if (taken == sizeof buffer) {
        taken = 0;
    }
    last = hal_tick();
}

int main(void)
{
    uint32_t told = 0;
    hal_init();
    hal_clock_170mhz();
    hal_uart_init(921600, true);
    hal_uart_receive_dma(buffer, sizeof buffer);
    printf("listening\r\n");
    for (;;) {
        __asm volatile("wfi");
        if (count != told && hal_tick() - last > 3u) {
            told = count;
            printf("bytes %lu sum %08lX\r\n", (unsigned long)told, (unsigned long)sum);
        }
    }
}
