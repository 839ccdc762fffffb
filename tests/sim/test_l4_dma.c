/* DMA of STM32L47x, where CSELR of each controller selects the requests, and of STM32L4R/S, where
 * DMAMUX1 does (RM0351 11, RM0432 11 and 12): which channel hears which UART, and what is not
 * there. Transfers themselves are the G4's: test_periph_uart. */
#include <string.h>

#include "serial.h"
#include "sim/periph/part/part.h"

#define GPIO 0x48000000u
#define AHB1ENR 0x40021048u
#define AHB2ENR 0x4002104Cu
#define APB1ENR1 0x40021058u
#define APB1ENR2 0x4002105Cu
#define APB2ENR 0x40021060u
#define DMAMUX1 0x40020800u
#define DMA(n) (0x40020000u + 0x400u * (n))
#define CSELR 0xA8u
#define CCR(c) (0x08u + 0x14u * (c))
#define CNDTR(c) (0x0Cu + 0x14u * (c))
#define CPAR(c) (0x10u + 0x14u * (c))
#define CMAR(c) (0x14u + 0x14u * (c))
#define MINC 0x80u
#define FROM_MEMORY 0x10u
#define TCIE 2u
#define BUFFER 0x20004000u
#define FRAME_US 100u

enum { A, B, C, D };
enum { USART1, USART2, USART3, UART4, UART5, LPUART1 };
static const serial_uart uarts[] = {
    {"usart1", 0x40013800u, APB2ENR, 14, A, 10, A, 9, 7},
    {"usart2", 0x40004400u, APB1ENR1, 17, A, 3, A, 2, 7},
    {"usart3", 0x40004800u, APB1ENR1, 18, B, 11, B, 10, 7},
    {"uart4", 0x40004C00u, APB1ENR1, 19, A, 1, A, 0, 8},
    {"uart5", 0x40005000u, APB1ENR1, 20, D, 2, C, 12, 8},
    {"lpuart1", 0x40008000u, APB1ENR2, 0, C, 0, C, 1, 8},
};

static const uint8_t irqs[2][7] = {{11, 12, 13, 14, 15, 16, 17}, {56, 57, 58, 59, 60, 68, 69}};

static sim_machine *new_board(const char *chip)
{
    sim_machine *m = rig_new(chip);
    wr(m, AHB1ENR, 0x107u);
    wr(m, AHB2ENR, 0xFu);
    return m;
}

/* Four bytes asked for. Gives whether they went, all of them, and the interrupt came. */
static bool goes(sim_machine *m, const serial_uart *u, unsigned dma, unsigned channel, bool send)
{
    static const uint8_t text[4] = {'p', 'a', 'g', 'e'};
    serial far;
    serial_connect(&far, m, u->name);
    serial_uart_on(m, u, GPIO, u->base == 0x40008000u ? 8889u : 35u); /* 115200 of 4 MHz */
    wr(m, BUFFER, send ? 0x65676170u : 0u);
    wr(m, DMA(dma) + CNDTR(channel), 4u);
    wr(m, DMA(dma) + CPAR(channel), u->base + (send ? UART_TDR : UART_RDR));
    wr(m, DMA(dma) + CMAR(channel), BUFFER);
    wr(m, DMA(dma) + CCR(channel), MINC | (send ? FROM_MEMORY : 0u) | TCIE | 1u);
    if (!send) {
        serial_send(&far, m, text, 4u);
    }
    rig_pass(m, 8u * FRAME_US * SIM_PS_PER_US);
    bool all = rd(m, DMA(dma) + CNDTR(channel)) == 0u;
    bool irq = sim_get_part(m)->irq_sources[irqs[dma][channel]] != 0u;
    assert_int_equal(irq, all);
    assert_int_equal(rd(m, DMA(dma)) >> 4u * channel & 2u, all ? 2u : 0u);
    if (all && send) {
        assert_int_equal(far.out_count, 4);
        assert_memory_equal(far.out, text, 4);
    } else if (all) {
        assert_int_equal(rd(m, BUFFER), 0x65676170u);
    } else {
        assert_int_equal(rd(m, DMA(dma) + CNDTR(channel)), 4u);
    }
    wr(m, DMA(dma) + CCR(channel), 0u);
    wr(m, DMA(dma) + 4u, 0xFFFFFFFFu);
    sim_uart_connect(m, u->name, NULL);
    return all;
}

/* RM0351 11.4.7, tables of the requests. */
static void cselr_gives_each_channel_its_uart(void **state)
{
    static const struct {
        uint8_t uart, dma, channel, code;
        bool send;
    } rows[] = {
        {USART3, 0, 1, 2, true},  {USART3, 0, 2, 2, false}, {USART1, 0, 3, 2, true},
        {USART1, 0, 4, 2, false}, {USART2, 0, 5, 2, false}, {USART2, 0, 6, 2, true},
        {UART5, 1, 0, 2, true},   {UART5, 1, 1, 2, false},  {UART4, 1, 2, 2, true},
        {UART4, 1, 4, 2, false},  {USART1, 1, 5, 2, true},  {USART1, 1, 6, 2, false},
        {LPUART1, 1, 5, 4, true}, {LPUART1, 1, 6, 4, false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned code = 0; code < 16u; code++) {
            if (code != rows[i].code && code != 0u && code != 4u && code != 2u) {
                continue;
            }
            sim_machine *m = new_board("stm32l476rg");
            wr(m, DMA(rows[i].dma) + CSELR, code << 4u * rows[i].channel);
            assert_int_equal(goes(m, &uarts[rows[i].uart], rows[i].dma, rows[i].channel,
                                  rows[i].send), code == rows[i].code);
            sim_free(m);
        }
    }
}

/* A channel that waits gets its request when CSELR turns to it. */
static void cselr_may_come_last(void **state)
{
    (void)state;
    sim_machine *m = new_board("stm32l476rg");
    assert_false(goes(m, &uarts[USART2], 0, 6, true));
    wr(m, DMA(0) + CCR(6), MINC | FROM_MEMORY | 1u);
    rig_pass(m, FRAME_US * SIM_PS_PER_US);
    assert_int_equal(rd(m, DMA(0) + CNDTR(6)), 4u);
    wr(m, DMA(0) + CSELR, 2u << 24);
    rig_pass(m, 8u * FRAME_US * SIM_PS_PER_US);
    assert_int_equal(rd(m, DMA(0) + CNDTR(6)), 0u);
    sim_free(m);
}

/* Outputs 0 to 6 are DMA1's, 7 to 13 DMA2's, and each takes any request. */
static void dmamux_has_seven_outputs_for_each(void **state)
{
    (void)state;
    for (unsigned output = 0; output < 14u; output++) {
        sim_machine *m = new_board("stm32l4r5zi");
        wr(m, DMAMUX1 + 4u * output, 26u); /* USART2_RX */
        assert_true(goes(m, &uarts[USART2], output / 7u, output % 7u, false));
        wr(m, DMAMUX1 + 4u * output, 35u); /* LPUART1_TX */
        assert_true(goes(m, &uarts[LPUART1], output / 7u, output % 7u, true));
        wr(m, DMAMUX1 + 4u * output, 34u);
        assert_false(goes(m, &uarts[LPUART1], output / 7u, output % 7u, true));
        sim_free(m);
    }
}

static void what_is_not_there_is_told(void **state)
{
    static const struct {
        const char *chip;
        uint32_t address;
    } missing[] = {{"stm32l476rg", DMA(0) + CCR(7)}, {"stm32l4r5zi", DMA(1) + CCR(7)},
                   {"stm32l4r5zi", DMA(0) + CSELR},  {"stm32l4r5zi", DMAMUX1 + 0x38u},
                   {"stm32g474re", DMA(0) + CSELR}};
    (void)state;
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++) {
        uint32_t value;
        sim_machine *m = new_board(missing[i].chip);
        assert_int_equal(sim_core_read(m, missing[i].address, 4u, &value), SIM_ACCESS_STOP);
        assert_non_null(strstr(sim_end_text(m), "no such register"));
        sim_free(m);
    }
    sim_machine *m = new_board("stm32l4r5zi");
    assert_int_equal(sim_core_write(m, DMAMUX1, 4u, 1u << 16 | 26u), SIM_ACCESS_STOP);
    assert_non_null(strstr(sim_end_text(m), "C0CR"));
    sim_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cselr_gives_each_channel_its_uart),
        cmocka_unit_test(cselr_may_come_last),
        cmocka_unit_test(dmamux_has_seven_outputs_for_each),
        cmocka_unit_test(what_is_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
