/* Serial lines: bit times to the picosecond, flags, FIFO, breaks, wrong rates, DMA. */
#include <string.h>

#include "tests/periph/bench.h"

#define CR1 0x00u
#define CR2 0x04u
#define CR3 0x08u
#define BRR 0x0Cu
#define RTOR 0x14u
#define RQR 0x18u
#define ISR 0x1Cu
#define ICR 0x20u
#define RDR 0x24u
#define TDR 0x28u
#define PRESC 0x2Cu
#define UE 1u
#define RE 4u
#define TE 8u
#define PE_FLAG 1u
#define FE 2u
#define ORE 8u
#define IDLE 0x10u
#define RXNE 0x20u
#define TC 0x40u
#define TXE 0x80u
#define FIFOEN (1u << 29)
#define BRR_115200 35556u /* 16 MHz, LPUART */
#define FRAME ((sim_ps)(10ull * BRR_115200 * 1000000000000ull / (256ull * 16000000ull)))

typedef struct far_end {
    sim_machine *m;
    uint8_t out[64];
    sim_ps out_at[64];
    uint32_t out_baud;
    unsigned out_count;
    const uint8_t *in;
    unsigned in_count;
} far_end;

static far_end end;
static sim_uart_link link_;

static void byte_out(void *ctx, uint8_t byte, uint32_t baud)
{
    far_end *e = ctx;
    e->out[e->out_count] = byte;
    e->out_at[e->out_count++] = sim_now(e->m);
    e->out_baud = baud;
}

static int byte_in(void *ctx)
{
    far_end *e = ctx;
    if (e->in_count == 0u) {
        return -1;
    }
    e->in_count--;
    return *e->in++;
}

static void send(sim_machine *m, const char *name, const void *bytes, unsigned count)
{
    end.in = bytes;
    end.in_count = count;
    sim_uart_poll(m, name);
}

static void connect(sim_machine *m, const char *name)
{
    end = (far_end){.m = m};
    link_ = (sim_uart_link){.ctx = &end, .byte_out = byte_out, .byte_in = byte_in};
    assert_true(sim_uart_connect(m, name, &link_));
}

static void lpuart(sim_machine *m, uint32_t cr1)
{
    set_bits(m, RCC_AHB2ENR, 1u);
    set_bits(m, RCC_APB1ENR2, 1u);
    wr(m, GPIOA + 0x20u, 12u << 8 | 12u << 12);
    wr(m, GPIOA, 0xABFFFFAFu); /* PA2, PA3 alternate */
    wr(m, LPUART1 + BRR, BRR_115200);
    wr(m, LPUART1 + CR1, cr1 | RE | TE);
    wr(m, LPUART1 + CR1, cr1 | RE | TE | UE);
}

static void sends_in_bit_times(void **state)
{
    sim_machine *m = *state;
    connect(m, "lpuart1");
    lpuart(m, 0);
    assert_int_equal(rd(m, LPUART1 + ISR), TC | TXE | 1u << 21 | 1u << 22);
    sim_ps start = sim_now(m);
    wr(m, LPUART1 + TDR, 'A');
    pass(m, FRAME); /* the frame of ones that TE begins with */
    assert_int_equal(rd(m, LPUART1 + ISR) & (TXE | TC), TXE);
    wr(m, LPUART1 + TDR, 'B');
    assert_int_equal(rd(m, LPUART1 + ISR) & (TXE | TC), 0);
    pass(m, 3u * FRAME);
    assert_int_equal(end.out_count, 2);
    assert_memory_equal(end.out, "AB", 2);
    assert_int_equal(end.out_baud, 115199); /* what BRR comes to */
    /* Exact but for the cycle of 62.5 ns to which the bench's clock is rounded up. */
    assert_in_range(end.out_at[0] - start, 2u * FRAME, 2u * FRAME + 2u * 62500u);
    assert_in_range(end.out_at[1] - end.out_at[0], FRAME, FRAME + 62500u);
    assert_int_equal(rd(m, LPUART1 + ISR) & (TXE | TC), TXE | TC);
    clear_bits(m, GPIOA, 3u << 4); /* PA2 is no UART pin any more */
    wr(m, LPUART1 + TDR, 'C');
    pass(m, 2u * FRAME);
    assert_int_equal(end.out_count, 2);
}

static void receives_and_overruns(void **state)
{
    sim_machine *m = *state;
    connect(m, "lpuart1");
    lpuart(m, RXNE);
    sim_ps start = sim_now(m);
    send(m, "lpuart1", "xyz", 3);
    pass(m, FRAME - 62500u);
    assert_false(irq_line(m, 91));
    pass(m, start + FRAME + 62500u - sim_now(m));
    assert_true(irq_line(m, 91));
    assert_int_equal(rd(m, LPUART1 + RDR), 'x');
    assert_false(irq_line(m, 91));
    pass(m, 2u * FRAME); /* y, and z without a reader */
    assert_int_equal(rd(m, LPUART1 + ISR) & (RXNE | ORE), RXNE | ORE);
    assert_int_equal(rd(m, LPUART1 + RDR), 'y');
    assert_true(irq_line(m, 91)); /* ORE */
    send(m, "lpuart1", "q", 1);
    pass(m, 2u * FRAME);
    assert_int_equal(rd(m, LPUART1 + ISR) & RXNE, 0); /* until ORE is cleared */
    wr(m, LPUART1 + ICR, ORE);
    send(m, "lpuart1", "r", 1);
    pass(m, 2u * FRAME);
    assert_int_equal(rd(m, LPUART1 + RDR), 'r');
}

static void fifo_holds_eight(void **state)
{
    sim_machine *m = *state;
    connect(m, "lpuart1");
    lpuart(m, FIFOEN);
    assert_int_equal(rd(m, LPUART1 + ISR) & 1u << 23, 1u << 23);
    send(m, "lpuart1", "123456789", 8);
    pass(m, 9u * FRAME);
    assert_int_equal(rd(m, LPUART1 + ISR) & (1u << 24 | ORE), 1u << 24);
    send(m, "lpuart1", "9", 1);
    pass(m, 2u * FRAME);
    assert_int_equal(rd(m, LPUART1 + ISR) & ORE, ORE);
    for (unsigned i = 0; i < 8u; i++) {
        assert_int_equal(rd(m, LPUART1 + RDR), '1' + i);
    }
    assert_int_equal(rd(m, LPUART1 + ISR) & RXNE, 0);
    for (unsigned i = 0; i < 8u; i++) {
        assert_int_equal(rd(m, LPUART1 + ISR) & TXE, TXE);
        wr(m, LPUART1 + TDR, 'a' + i);
    }
    wr(m, LPUART1 + TDR, 'i'); /* one is in the shift register by now */
    assert_int_equal(rd(m, LPUART1 + ISR) & TXE, 0);
    pass(m, 10u * FRAME);
    assert_int_equal(end.out_count, 9);
    assert_memory_equal(end.out, "abcdefghi", 9);
}

static void lost_when_nobody_listens(void **state)
{
    sim_machine *m = *state;
    connect(m, "lpuart1");
    send(m, "lpuart1", "lost", 4);
    pass(m, 4u * 90u * US);
    assert_int_equal(end.in_count, 0);
    lpuart(m, 0);
    pass(m, MS);
    assert_int_equal(rd(m, LPUART1 + ISR) & RXNE, 0);
    wr(m, GPIOA + 0x20u, 12u << 8 | 7u << 12); /* PA3 is USART2's now */
    send(m, "lpuart1", "x", 1);
    pass(m, MS);
    assert_int_equal(rd(m, LPUART1 + ISR) & RXNE, 0);
    wr(m, GPIOA + 0x20u, 12u << 8 | 12u << 12);
    send(m, "lpuart1", "xy", 2);
    pass(m, FRAME / 2u);
    clear_bits(m, LPUART1 + CR1, RE); /* in the middle of a frame */
    set_bits(m, LPUART1 + CR1, RE);
    pass(m, FRAME);
    assert_int_equal(rd(m, LPUART1 + ISR) & RXNE, 0);
    pass(m, FRAME);
    assert_int_equal(rd(m, LPUART1 + RDR), 'y');
    clear_bits(m, LPUART1 + CR1, RE);
    send(m, "lpuart1", "z", 1);
    pass(m, FRAME / 2u);
    set_bits(m, LPUART1 + CR1, RE); /* no start bit was seen */
    pass(m, FRAME);
    assert_int_equal(rd(m, LPUART1 + ISR) & RXNE, 0);
}

static void wrong_rate(void **state)
{
    sim_machine *m = *state;
    connect(m, "lpuart1");
    lpuart(m, 0);
    link_.baud = 117000; /* 1.6 % is nothing */
    send(m, "lpuart1", "\x55", 1);
    pass(m, 2u * FRAME);
    assert_int_equal(rd(m, LPUART1 + RDR), 0x55);
    assert_int_equal(rd(m, LPUART1 + ISR) & FE, 0);
    link_.baud = 57600;
    send(m, "lpuart1", "\x0F", 1);
    pass(m, 4u * FRAME);
    assert_int_equal(rd(m, LPUART1 + RDR), 0xFE); /* every bit twice */
    assert_int_equal(rd(m, LPUART1 + ISR) & FE, 0);
    send(m, "lpuart1", "\x00", 1);
    pass(m, 4u * FRAME);
    assert_int_equal(rd(m, LPUART1 + ISR) & FE, FE);
    assert_int_equal(rd(m, LPUART1 + RDR), 0);
    wr(m, LPUART1 + ICR, FE);
    assert_int_equal(rd(m, LPUART1 + ISR) & FE, 0);
}

static void break_is_a_framing_error(void **state)
{
    sim_machine *m = *state;
    connect(m, "lpuart1");
    assert_false(sim_pin_level(m, 0, 2));
    assert_true(sim_pin_level(m, 0, 3)); /* the host holds its line high */
    lpuart(m, 0);
    wr(m, LPUART1 + CR3, 1u); /* EIE */
    sim_pin_drive(m, 0, 3, 0);
    pass(m, 3u * FRAME);
    assert_int_equal(rd(m, LPUART1 + ISR) & (FE | RXNE), FE | RXNE);
    assert_true(irq_line(m, 91));
    assert_int_equal(rd(m, LPUART1 + RDR), 0);
    wr(m, LPUART1 + ICR, FE);
    pass(m, 10u * FRAME);
    assert_int_equal(rd(m, LPUART1 + ISR) & (FE | RXNE), 0); /* once per break */
    send(m, "lpuart1", "x", 1);
    pass(m, 2u * FRAME);
    assert_int_equal(rd(m, LPUART1 + ISR) & RXNE, 0);
    sim_pin_drive(m, 0, 3, -1);
    send(m, "lpuart1", "y", 1);
    pass(m, 2u * FRAME);
    assert_int_equal(rd(m, LPUART1 + RDR), 'y');
    sim_pin_drive(m, 0, 3, 0); /* five bits low, then high: 0xF0 */
    pass(m, FRAME / 2u);
    sim_pin_drive(m, 0, 3, -1);
    pass(m, FRAME);
    assert_int_equal(rd(m, LPUART1 + RDR), 0xF0);
    assert_int_equal(rd(m, LPUART1 + ISR) & FE, 0);
}

static void idle_and_timeout(void **state)
{
    sim_machine *m = *state;
    set_bits(m, RCC_AHB2ENR, 1u);
    set_bits(m, RCC_APB1ENR1, 1u << 17);
    wr(m, GPIOA + 0x20u, 7u << 8 | 7u << 12);
    wr(m, GPIOA, 0xABFFFFAFu);
    connect(m, "usart2");
    wr(m, USART2 + BRR, 16u); /* 1 Mbaud */
    wr(m, USART2 + CR2, 1u << 23 | (uint32_t)'\n' << 24);
    wr(m, USART2 + RTOR, 30u);
    wr(m, USART2 + CR1, UE | RE | TE | 1u << 4 | 1u << 14);
    send(m, "usart2", "a\n", 2);
    pass(m, 11u * US);
    assert_int_equal(rd(m, USART2 + RDR), 'a');
    assert_false(irq_line(m, 38));
    pass(m, 10u * US);
    assert_int_equal(rd(m, USART2 + ISR) & 1u << 17, 1u << 17);
    assert_true(irq_line(m, 38)); /* character match */
    wr(m, USART2 + ICR, 1u << 17);
    assert_int_equal(rd(m, USART2 + ISR) & IDLE, 0);
    pass(m, 9u * US + 500000u);
    assert_int_equal(rd(m, USART2 + ISR) & IDLE, IDLE);
    assert_int_equal(rd(m, USART2 + ISR) & 1u << 11, 0);
    pass(m, 20u * US);
    assert_int_equal(rd(m, USART2 + ISR) & 1u << 11, 1u << 11);
    wr(m, USART2 + ICR, IDLE | 1u << 11);
    pass(m, MS);
    assert_int_equal(rd(m, USART2 + ISR) & (IDLE | 1u << 11), 0);
    rd(m, USART2 + RDR);
    send(m, "usart2", "b", 1);
    pass(m, 15u * US);
    send(m, "usart2", "c", 1); /* half a frame later: the line was not idle */
    pass(m, 9u * US);
    assert_int_equal(rd(m, USART2 + ISR) & IDLE, 0);
}

static void over8_parity_prescaler(void **state)
{
    sim_machine *m = *state;
    set_bits(m, RCC_AHB2ENR, 1u);
    set_bits(m, RCC_APB1ENR1, 1u << 17);
    wr(m, GPIOA + 0x20u, 7u << 8 | 7u << 12);
    wr(m, GPIOA, 0xABFFFFAFu);
    connect(m, "usart2");
    wr(m, USART2 + BRR, 0x10u | 5u); /* USARTDIV 0x1A at OVER8 */
    wr(m, USART2 + CR1, 1u << 15);
    wr(m, USART2 + CR1, 1u << 15 | UE | TE);
    sim_ps start = sim_now(m);
    wr(m, USART2 + TDR, 0x1A5u);
    pass(m, 100u * US);
    assert_int_equal(end.out[0], 0xA5);
    assert_int_equal(end.out_baud, (2u * 16000000u + 13u) / 26u);
    assert_in_range(end.out_at[0] - start, 20u * 812500u, 20u * 812500u + 125000u);
    wr(m, USART2 + CR1, 0);
    wr(m, USART2 + PRESC, 5u); /* by 10 */
    wr(m, USART2 + BRR, 16u);
    wr(m, USART2 + CR1, 1u << 12 | 1u << 10 | UE | RE); /* 9 bits, even parity: 8E1 */
    send(m, "usart2", "\x07\x03", 2);
    pass(m, 11u * 10u * US + US);
    assert_int_equal(rd(m, USART2 + RDR), 0x107);
    pass(m, 11u * 10u * US + US);
    assert_int_equal(rd(m, USART2 + RDR), 0x003);
    assert_int_equal(rd(m, USART2 + ISR) & PE_FLAG, 0);
}

static void refused_and_locked(void **state)
{
    sim_machine *m = *state;
    lpuart(m, 0);
    wr(m, LPUART1 + BRR, 5000u);
    assert_int_equal(rd(m, LPUART1 + BRR), BRR_115200);
    wr(m, LPUART1 + CR1, UE | RE | TE | FIFOEN | 1u << 12);
    assert_int_equal(rd(m, LPUART1 + CR1), UE | RE | TE);
    wr(m, LPUART1 + CR1, 0);
    wr(m, LPUART1 + BRR, 5000u);
    assert_int_equal(rd(m, LPUART1 + BRR), 5000);
    assert_non_null(strstr(wr_stops(m, LPUART1 + CR1, 1u << 13), "CR1: mute mode"));
    assert_non_null(strstr(wr_stops(m, LPUART1 + CR3, 1u << 3), "half duplex"));
    assert_non_null(strstr(rd_stops(m, LPUART1 + RTOR), "LPUART1"));
    set_bits(m, RCC_APB1ENR1, 1u << 17);
    assert_non_null(strstr(wr_stops(m, USART2 + CR2, 1u << 14), "LIN"));
}

static void kernel_clock(void **state)
{
    sim_machine *m = *state;
    assert_int_equal(sim_uart_clock_hz(m, LPUART1), 16000000);
    wr(m, RCC_CFGR, 1u | 9u << 4 | 5u << 8); /* HCLK / 4, PCLK1 / 4 of it */
    assert_int_equal(sim_uart_clock_hz(m, LPUART1), 1000000);
    wr(m, RCC_CCIPR, 1u << 10);
    assert_int_equal(sim_uart_clock_hz(m, LPUART1), 16000000);
    wr(m, RCC_CCIPR, 2u << 10 | 3u << 2);
    assert_int_equal(sim_uart_clock_hz(m, LPUART1), 16000000);
    assert_int_equal(sim_uart_clock_hz(m, USART2), 0); /* LSE is off */
    assert_false(sim_uart_connect(m, "usart9", &link_));
}

#define DMA1 0x40020000u
#define DMAMUX 0x40020800u
#define RAM 0x20000000u

static void by_dma(void **state)
{
    sim_machine *m = *state;
    connect(m, "lpuart1");
    set_bits(m, RCC_AHB1ENR, 5u);
    lpuart(m, 0);
    wr(m, DMAMUX + 0u, 34u); /* channel 1: LPUART1_RX */
    wr(m, DMAMUX + 4u, 35u);
    wr(m, DMA1 + 0x0Cu, 4u);
    wr(m, DMA1 + 0x10u, LPUART1 + RDR);
    wr(m, DMA1 + 0x14u, RAM);
    wr(m, DMA1 + 0x08u, 1u << 7 | 1u << 5 | 6u | 1u); /* circular, HT, TC */
    wr(m, LPUART1 + CR3, 1u << 6 | 1u << 7);
    send(m, "lpuart1", "abcdef", 6);
    pass(m, 2u * FRAME + US);
    assert_int_equal(rd(m, DMA1) & 0xFu, 5); /* half */
    assert_true(irq_line(m, 11));
    wr(m, DMA1 + 4u, 1u);
    assert_false(irq_line(m, 11));
    pass(m, 2u * FRAME);
    assert_int_equal(rd(m, DMA1) & 0xFu, 3); /* complete */
    assert_int_equal(rd(m, DMA1 + 0x0Cu), 4);
    pass(m, 3u * FRAME);
    assert_int_equal(rd(m, DMA1 + 0x0Cu), 2);
    assert_int_equal(rd(m, RAM), 'e' | 'f' << 8 | 'c' << 16 | 'd' << 24);
    wr(m, RAM + 0x100u, 'o' | 'k' << 8 | '!' << 16);
    wr(m, DMA1 + 0x20u, 3u);
    wr(m, DMA1 + 0x24u, LPUART1 + TDR);
    wr(m, DMA1 + 0x28u, RAM + 0x100u);
    wr(m, DMA1 + 0x1Cu, 1u << 7 | 1u << 4 | 2u | 1u);
    pass(m, 5u * FRAME);
    assert_int_equal(end.out_count, 3);
    assert_memory_equal(end.out, "ok!", 3);
    assert_true(irq_line(m, 12));
    assert_int_equal(rd(m, LPUART1 + ISR) & TC, TC);
}

static void dma_memory_to_memory(void **state)
{
    sim_machine *m = *state;
    set_bits(m, RCC_AHB1ENR, 5u);
    for (unsigned i = 0; i < 16u; i++) {
        wr(m, RAM + 4u * i, 0x01010101u * i);
    }
    wr(m, DMA1 + 0x0Cu, 16u);
    wr(m, DMA1 + 0x10u, RAM);
    wr(m, DMA1 + 0x14u, RAM + 0x200u);
    wr(m, DMA1 + 0x08u, 1u << 14 | 2u << 10 | 2u << 8 | 3u << 6 | 1u);
    pass(m, 100u * US);
    assert_int_equal(rd(m, DMA1) & 0xFu, 7);
    assert_int_equal(rd(m, RAM + 0x23Cu), 0x0F0F0F0F);
    wr(m, DMA1 + 0x08u, 0);
    wr(m, DMA1 + 0x0Cu, 1u);
    wr(m, DMA1 + 0x10u, 0x70000000u); /* nobody there */
    wr(m, DMA1 + 0x08u, 1u << 14 | 8u | 1u);
    pass(m, 10u * US);
    assert_int_equal(rd(m, DMA1) & 8u, 8);
    assert_int_equal(rd(m, DMA1 + 0x08u) & 1u, 0);
    assert_true(irq_line(m, 11));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(sends_in_bit_times), T(receives_and_overruns), T(fifo_holds_eight),
        T(lost_when_nobody_listens), T(wrong_rate), T(break_is_a_framing_error),
        T(idle_and_timeout), T(over8_parity_prescaler), T(refused_and_locked),
        T(kernel_clock), T(by_dma), T(dma_memory_to_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
