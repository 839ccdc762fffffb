/* USART and LPUART (RM0440 37, 38): the same registers, another baud rate generator. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/stm32/uart.h"
#include "registers.h"

#define LPUART_BRR_MIN 0x300u
#define LPUART_BRR_MAX 0xFFFFFu
#define USART_BRR_MIN 16u
#define USART_BRR_MAX 0xFFFFu
#define BAUD_MIN 4u /* 256 x clock / baud has 32 bits */
#define BAUD_MAX 4000000u
#define BAUD_ERROR_PART 50u /* 2 %: half of what a receiver stands (RM0440 37.5.8) */
#define MODE_ALTERNATE 2u
#define MODE_OUTPUT 1u
#define PULL_UP 1u

static usart_registers *registers(const chip_uart *uart)
{
    return (usart_registers *)uart->base;
}

/* 0: the rate cannot be made. */
static uint32_t divider(const chip_uart *uart, uint32_t baud)
{
    if (baud < BAUD_MIN || baud > BAUD_MAX) {
        return 0u;
    }
    if (uart->base == LPUART1_BASE) {
        /* 256 x clock / baud in two steps of 32 bits: a division of 64 costs 700 bytes. */
        uint32_t rest = UART_KERNEL_HZ % baud;
        uint32_t brr = 256u * (UART_KERNEL_HZ / baud) + (256u * rest + baud / 2u) / baud;
        /* ES0430 2.17.1: the receiver errs below 0x400. */
        return brr < LPUART_BRR_MIN + 0x100u || brr > LPUART_BRR_MAX ? 0u : brr;
    }
    uint32_t brr = (UART_KERNEL_HZ + baud / 2u) / baud;
    uint32_t made = brr * baud; /* the clock that this divider would be right for */
    uint32_t off = made > UART_KERNEL_HZ ? made - UART_KERNEL_HZ : UART_KERNEL_HZ - made;

    return brr < USART_BRR_MIN || brr > USART_BRR_MAX || BAUD_ERROR_PART * off >= made ? 0u : brr;
}

static void pin_mode(unsigned port, unsigned pin, uint32_t mode)
{
    GPIO_ENR |= 1u << port;
    (void)GPIO_ENR;
    GPIO(port)->MODER = (GPIO(port)->MODER & ~(3u << (2u * pin))) | mode << (2u * pin);
}

static void pin_alternate(unsigned port, unsigned pin, uint32_t function)
{
    GPIO_ENR |= 1u << port;
    (void)GPIO_ENR;
    reg *afr = &GPIO(port)->AFR[pin / 8u];
    *afr = (*afr & ~(0xFu << (4u * (pin % 8u)))) | function << (4u * (pin % 8u));
    pin_mode(port, pin, MODE_ALTERNATE);
}

static void start(const chip_uart *uart, uint32_t brr)
{
    usart_registers *r = registers(uart);

    r->CR1 = 0u;
    r->BRR = brr;
    r->CR1 = USART_CR1_FIFOEN | USART_CR1_TE | USART_CR1_UE |
             (uart->ring != NULL ? USART_CR1_RE | USART_CR1_RXNEIE : 0u);
}

void chip_uart_open(chip_uart *uart, const tb_board *board, uint32_t baud, uint8_t *ring,
                    uint32_t ring_bytes)
{
    *uart = (chip_uart){.base = board->uart_base, .ring = ring, .ring_bytes = ring_bytes};
    uart_clock_on(uart->base);
    pin_alternate(board->port, board->tx_pin, board->alternate);
    if (ring != NULL) {
        /* With nothing plugged in the line idles high. */
        pin_alternate(board->port, board->rx_pin, board->alternate);
        GPIO(board->port)->PUPDR |= PULL_UP << (2u * board->rx_pin);
    }
    start(uart, divider(uart, baud));
    if (ring != NULL) {
        NVIC_ISER[board->uart_irq / 32u] = 1u << (board->uart_irq % 32u);
    }
}

/* The errors of single bytes are the frame's CRC's affair, and no reason for an interrupt; a
 * standing ORE stops reception. */
void chip_uart_interrupt(chip_uart *uart)
{
    usart_registers *r = registers(uart);
    uint32_t isr;

    while (((isr = r->ISR) & (USART_ISR_RXNE | USART_ISR_ORE)) != 0u) {
        uint32_t head = uart->head;

        if ((isr & USART_ISR_ORE) != 0u) {
            r->ICR = USART_ISR_ORE;
            uart->lost = true;
        }
        if ((isr & USART_ISR_RXNE) == 0u) {
            continue;
        }
        uint8_t byte = (uint8_t)r->RDR;
        if (head - uart->tail == uart->ring_bytes) {
            uart->lost = true;
        } else {
            uart->ring[head & (uart->ring_bytes - 1u)] = byte;
            uart->head = head + 1u;
        }
    }
    if ((r->CR1 & USART_CR1_TXEIE) == 0u) {
        return;
    }
    if (uart->out_tail == uart->out_head) {
        r->CR1 &= ~USART_CR1_TXEIE;
    } else if ((isr & USART_ISR_TXE) != 0u) {
        r->TDR = uart->out[uart->out_tail++];
    }
}

uint16_t chip_uart_read(chip_uart *uart, uint8_t *out, uint16_t bytes)
{
    uint32_t mask = uart->ring_bytes - 1u;
    uint32_t tail = uart->tail;
    uint16_t count = 0;

    while (count < bytes && tail != uart->head) {
        out[count++] = uart->ring[tail & mask];
        tail++;
    }
    uart->tail = tail;
    return count;
}

uint16_t chip_uart_take(chip_uart *uart, const uint8_t **bytes, uint16_t most)
{
    uint32_t tail = uart->tail;
    uint32_t count = uart->head - tail, run = most - tail % most;

    *bytes = uart->ring + (tail & (uart->ring_bytes - 1u));
    count = count < run ? count : run;
    uart->tail = tail + count;
    return (uint16_t)count;
}

bool chip_uart_take_lost(chip_uart *uart)
{
    bool lost = uart->lost;

    if (lost) {
        uart->lost = false;
    }
    return lost;
}

void chip_uart_send(chip_uart *uart, const uint8_t *bytes, size_t count)
{
    usart_registers *r = registers(uart);

    for (size_t i = 0; i < count; i++) {
        while ((r->ISR & USART_ISR_TXE) == 0u) {
        }
        r->TDR = bytes[i];
    }
}

/* The handler clears TXEIE when nothing is left; where it does so in the middle of this it is set
 * again all the same, and other bits it leaves alone. */
void chip_uart_post(chip_uart *uart, const uint8_t *bytes, size_t count)
{
    usart_registers *r = registers(uart);

    for (size_t i = 0; i < count; i++) {
        while ((uint8_t)(uart->out_head + 1u) == uart->out_tail) {
        }
        uart->out[uart->out_head] = bytes[i];
        uart->out_head++;
        r->CR1 |= USART_CR1_TXEIE;
    }
}

void chip_uart_flush(chip_uart *uart)
{
    while (uart->out_tail != uart->out_head) {
    }
    while ((registers(uart)->ISR & USART_ISR_TC) == 0u) {
    }
}

bool chip_uart_reaches(const chip_uart *uart, uint32_t baud)
{
    return divider(uart, baud) != 0u;
}

void chip_uart_set_baud(chip_uart *uart, uint32_t baud)
{
    chip_uart_flush(uart);
    uint32_t primask = arm_interrupts_mask();
    start(uart, divider(uart, baud));
    uart->tail = uart->head;
    uart->lost = false;
    arm_interrupts_restore(primask);
}

void chip_pin_output(unsigned port, unsigned pin)
{
    pin_mode(port, pin, MODE_OUTPUT);
}

void chip_pin_set(unsigned port, unsigned pin, bool high)
{
    GPIO(port)->BSRR = high ? 1u << pin : 1u << (pin + 16u);
}
