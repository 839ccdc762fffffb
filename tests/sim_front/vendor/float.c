/* Compiled for the FPU: sums a series in single precision while the tick's interrupts come,
 * whose handler uses the FPU too, and prints the bits of the results. */
#include <stdio.h>
#include <string.h>

#include "hal.h"

static volatile float half_life = 1.0f;
static volatile unsigned decays;

void hal_uart_rx_done(void) {}
void hal_uart_rx_event(size_t bytes) { (void)bytes; }

void hal_tick_hook(void)
{
    half_life *= 0.5f;
    if (half_life < 1e-30f) {
        half_life = 1.0f;
    }
    decays++;
}

static unsigned long bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

int main(void)
{
    hal_init();
    hal_clock_full();
    hal_uart_init(115200u, true);
    float sum = 0.0f;
    for (unsigned n = 200000u; n > 0u; n--) {
        float x = (float)n;
        sum += 1.0f / (x * x);
    }
    printf("sum %08lX\r\n", bits_of(sum));
    printf("decays: %s\r\n", decays > 5u ? "many" : "few");
    printf("done\r\n");
    for (;;) {
    }
}
