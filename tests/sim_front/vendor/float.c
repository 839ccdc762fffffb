/* Uses the FPU that start-up has enabled: what the simulator cannot do yet, it must say. */
#include "hal.h"

static volatile float value = 1.5f;

void hal_uart_rx_done(void) {}
void hal_uart_rx_event(size_t bytes) { (void)bytes; }

int main(void)
{
    hal_init();
    for (;;) {
        value = value * 2.0f;
    }
}
