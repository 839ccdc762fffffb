/* A line held low at reset, a UART break, asks for stage 2. The port has its clock since
 * chip_stage1_begin(). */
#include "chips/chips.h"
#include "registers.h"

#define HOLD_MS 2u
#define ROUND_CYCLES 6u /* at least: two for the read alone */
#define PULL_UP 1u

bool chip_line_held_low(const tb_chip *chip)
{
    gpio_registers *port = GPIO(chip->board.port);
    unsigned pin = chip->board.rx_pin;

    port->PUPDR |= PULL_UP << (2u * pin);
    port->MODER &= ~(3u << (2u * pin)); /* input: an analogue pin reads 0 */

    /* An open line rises through the pull-up long before the time is over. */
    for (uint32_t i = chip->reset_hz / 1000u * HOLD_MS / ROUND_CYCLES; i != 0u; i--) {
        if ((port->IDR >> pin & 1u) != 0u) {
            return false;
        }
    }
    return true;
}
