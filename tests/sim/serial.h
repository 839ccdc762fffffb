/* The far end of a serial line in a test: what came out, and what goes in. */
#ifndef TEST_SIM_SERIAL_H
#define TEST_SIM_SERIAL_H

#include "rig.h"

#define UART_CR1 0x00u
#define UART_CR3 0x08u
#define UART_BRR 0x0Cu
#define UART_ISR 0x1Cu
#define UART_ICR 0x20u
#define UART_RDR 0x24u
#define UART_TDR 0x28u
#define UART_DMAR (1u << 6)
#define UART_DMAT (1u << 7)

typedef struct serial {
    sim_uart_link link;
    const char *name;
    uint8_t out[64];
    unsigned out_count;
    const uint8_t *in;
    unsigned in_count;
} serial;

static inline void serial_byte_out(void *ctx, uint8_t byte, uint32_t baud)
{
    serial *s = ctx;
    (void)baud;
    assert_true(s->out_count < sizeof s->out);
    s->out[s->out_count++] = byte;
}

static inline int serial_byte_in(void *ctx)
{
    serial *s = ctx;
    return s->in_count == 0u ? -1 : (s->in_count--, *s->in++);
}

static inline void serial_connect(serial *s, sim_machine *m, const char *name)
{
    *s = (serial){.name = name};
    s->link = (sim_uart_link){.ctx = s, .byte_out = serial_byte_out, .byte_in = serial_byte_in};
    assert_true(sim_uart_connect(m, name, &s->link));
}

static inline void serial_send(serial *s, sim_machine *m, const void *bytes, unsigned count)
{
    s->in = bytes;
    s->in_count = count;
    sim_uart_poll(m, s->name);
}

/* One of the board's UARTs: where it is, its clock, and its pins (all on enabled ports). */
typedef struct serial_uart {
    const char *name;
    uint32_t base, enable, enable_bit;
    uint8_t rx_port, rx_pin, tx_port, tx_pin, function;
} serial_uart;

static inline void serial_pin(sim_machine *m, uint32_t gpio, unsigned port, unsigned pin,
                              unsigned function)
{
    uint32_t base = gpio + 0x400u * port, afr = base + 0x20u + pin / 8u * 4u;
    unsigned shift = 4u * (pin % 8u);
    wr(m, afr, (rd(m, afr) & ~(15u << shift)) | (uint32_t)function << shift);
    wr(m, base, (rd(m, base) & ~(3u << 2u * pin)) | 2u << 2u * pin);
}

/* On its pins, at a tenth of a millisecond a byte or less. Its ports' clocks are on. */
static inline void serial_uart_on(sim_machine *m, const serial_uart *u, uint32_t gpio,
                                  uint32_t brr)
{
    wr(m, u->enable, rd(m, u->enable) | 1u << u->enable_bit);
    serial_pin(m, gpio, u->rx_port, u->rx_pin, u->function);
    serial_pin(m, gpio, u->tx_port, u->tx_pin, u->function);
    wr(m, u->base + UART_CR1, 0u);
    wr(m, u->base + UART_BRR, brr);
    wr(m, u->base + UART_CR3, UART_DMAR | UART_DMAT);
    wr(m, u->base + UART_CR1, 0xDu);
}

#endif
