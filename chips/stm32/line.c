/* A line held low at reset, a UART break, asks for stage 2. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "registers.h"

#define HOLD_MS 2u
#define PULL_UP 1u

bool chip_line_held_low(const tb_chip *chip)
{
    gpio_registers *port = GPIO(chip->board.port);
    unsigned pin = chip->board.rx_pin;
    reg *enable = &GPIO_ENR;
    bool low;

    *enable |= 1u << chip->board.port;
    (void)*enable;
    port->PUPDR |= PULL_UP << (2u * pin);
    port->MODER &= ~(3u << (2u * pin)); /* input: an analogue pin reads 0 */

    /* An open line rises through the pull-up long before the time is over. */
    SYST_RVR = chip->reset_hz / 1000u * HOLD_MS - 1u;
    SYST_CVR = 0u;
    SYST_CSR = SYST_CSR_ENABLE | SYST_CSR_CLKSOURCE;
    do {
        low = (port->IDR >> pin & 1u) == 0u;
    } while (low && (SYST_CSR & SYST_CSR_COUNTFLAG) == 0u);
    SYST_CSR = 0u;
    return low;
}
