/* GPDMA1 of the STM32U5 (RM0456 17): blocks, linked lists, events, errors, suspension, and which
 * request is which UART's. */
#include "serial.h"

#include "rig_u5.h"
#include "sim/periph/part/part.h"

#define GPDMA 0x40020000u
#define MISR (GPDMA + 0x0Cu)
#define CH(n) (GPDMA + 0x50u + 0x80u * (n))
#define LBAR 0x00u
#define FCR 0x0Cu
#define SR 0x10u
#define CR 0x14u
#define TR1 0x40u
#define TR2 0x44u
#define BR1 0x48u
#define SAR 0x4Cu
#define DAR 0x50u
#define TR3 0x54u
#define LLR 0x7Cu
#define IDLEF 1u
#define TCF (1u << 8)
#define HTF (1u << 9)
#define DTEF (1u << 10)
#define ULEF (1u << 11)
#define USEF (1u << 12)
#define SUSPF (1u << 13)
#define EN 1u
#define RESET 2u
#define SUSP 4u
#define LSM (1u << 16)
#define WIDTHS(source, target) ((source) | (target) << 16) /* 0, 1, 2: bytes, halves, words */
#define PAM(n) ((uint32_t)(n) << 11)
#define SINC (1u << 3)
#define DINC (1u << 19)
#define SWREQ (1u << 9)
#define DREQ (1u << 10)
#define TCEM(n) ((uint32_t)(n) << 30)
#define UPDATE_ALL 0xF8010000u
#define UB1 (1u << 29)
#define USA (1u << 28)
#define UDA (1u << 27)
#define ULL (1u << 16)

#define AHB1ENR 0x46020C88u
#define AHB2ENR1 0x46020C8Cu
#define APB1ENR1 0x46020C9Cu
#define APB2ENR 0x46020CA4u
#define APB3ENR 0x46020CA8u
#define GPIO 0x42020000u
#define FROM 0x20010000u
#define TO 0x20011000u
#define NODES 0x20020000u
#define NOTHING_THERE 0x2F000000u

static sim_machine *new_board(void)
{
    sim_machine *m = new_part("stm32u575zi");
    wr(m, AHB1ENR, rd(m, AHB1ENR) | 1u);
    wr(m, AHB2ENR1, rd(m, AHB2ENR1) | 0xFu);
    return m;
}

static bool irq(sim_machine *m, unsigned number)
{
    return sim_get_part(m)->irq_sources[number] != 0u;
}

static void fill(sim_machine *m, uint32_t at, unsigned words)
{
    for (unsigned i = 0; i < words; i++) {
        wr(m, at + 4u * i, 0x03020100u + 0x04040404u * i);
    }
}

static void set_up(sim_machine *m, unsigned n, uint32_t tr1, uint32_t tr2, uint32_t bytes)
{
    wr(m, CH(n) + TR1, tr1);
    wr(m, CH(n) + TR2, tr2);
    wr(m, CH(n) + BR1, bytes);
    wr(m, CH(n) + SAR, FROM);
    wr(m, CH(n) + DAR, TO);
    wr(m, CH(n) + LLR, 0u);
}

/* As long as a few dozen data take. */
static void a_while(sim_machine *m)
{
    rig_pass(m, SIM_PS_PER_MS);
}

static void copies_by_software_request(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 16u; n++) {
        sim_machine *m = new_board();
        unsigned number = n < 8u ? 29u + n : 80u + n - 8u;
        fill(m, FROM, 8u);
        assert_int_equal(rd(m, CH(n) + SR), IDLEF);
        set_up(m, n, WIDTHS(2u, 2u) | SINC | DINC, SWREQ, 32u);
        wr(m, CH(n) + CR, TCF | EN);
        assert_int_equal(rd(m, CH(n) + SR) & IDLEF, 0u);
        assert_int_equal(rd(m, CH(n) + CR) & EN, EN);
        a_while(m);
        assert_int_equal(rd(m, CH(n) + SR), IDLEF | TCF | HTF);
        assert_int_equal(rd(m, CH(n) + CR), TCF);
        assert_int_equal(rd(m, CH(n) + BR1), 0u);
        assert_int_equal(rd(m, CH(n) + SAR), FROM + 32u);
        assert_int_equal(rd(m, CH(n) + DAR), TO + 32u);
        assert_int_equal(rd(m, TO + 28u), 0x1F1E1D1Cu);
        assert_int_equal(rd(m, MISR), 1u << n);
        assert_true(irq(m, number));
        wr(m, CH(n) + FCR, TCF);
        assert_int_equal(rd(m, CH(n) + SR), IDLEF | HTF);
        assert_int_equal(rd(m, MISR), 0u);
        assert_false(irq(m, number));
        sim_free(m);
    }
}

/* RM0456 17.8.8: PAM, by what is wider. */
static void widths_meet(void **state)
{
    static const struct {
        uint32_t tr1, bytes, expected[2];
    } cases[] = {
        {WIDTHS(0u, 0u) | PAM(2u), 3u, {0x00836281u, 0u}},
        {WIDTHS(0u, 1u), 4u, {0x00620081u, 0x00040083u}},           /* zeros before */
        {WIDTHS(0u, 1u) | PAM(1u), 4u, {0x0062FF81u, 0x0004FF83u}}, /* the sign */
        {WIDTHS(1u, 2u) | PAM(1u), 4u, {0x00006281u, 0x00000483u}},
        {WIDTHS(2u, 1u), 8u, {0x0A096281u, 0u}},                    /* the lower half */
        {WIDTHS(2u, 0u) | PAM(1u), 8u, {0x00000C04u, 0u}},          /* the uppermost byte */
        {WIDTHS(0u, 2u) | PAM(2u), 8u, {0x04836281u, 0x0C0B0A09u}}, /* packed */
        {WIDTHS(2u, 0u) | PAM(3u), 8u, {0x04836281u, 0x0C0B0A09u}}, /* unpacked */
        {WIDTHS(1u, 2u) | PAM(2u), 4u, {0x04836281u, 0u}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sim_machine *m = new_board();
        wr(m, FROM, 0x04836281u);
        wr(m, FROM + 4u, 0x0C0B0A09u);
        wr(m, TO, 0u);
        wr(m, TO + 4u, 0u);
        set_up(m, 0, cases[i].tr1 | SINC | DINC, SWREQ, cases[i].bytes);
        wr(m, CH(0) + CR, EN);
        a_while(m);
        assert_int_equal(rd(m, CH(0) + SR), IDLEF | TCF | HTF);
        assert_int_equal(rd(m, TO), cases[i].expected[0]);
        assert_int_equal(rd(m, TO + 4u), cases[i].expected[1]);
        sim_free(m);
    }
}

enum { A, B, C, D };
static const struct {
    serial_uart uart;
    uint8_t rx, tx;
} uarts[] = {
    {{"usart1", 0x40013800u, APB2ENR, 14, A, 10, A, 9, 7}, 24, 25},
    {{"usart2", 0x40004400u, APB1ENR1, 17, A, 3, A, 2, 7}, 26, 27},
    {{"usart3", 0x40004800u, APB1ENR1, 18, C, 11, C, 10, 7}, 28, 29},
    {{"uart4", 0x40004C00u, APB1ENR1, 19, A, 1, A, 0, 8}, 30, 31},
    {{"uart5", 0x40005000u, APB1ENR1, 20, D, 2, C, 12, 8}, 32, 33},
    {{"lpuart1", 0x46002400u, APB3ENR, 6, C, 0, C, 1, 8}, 34, 35},
};
#define FRAME (87u * SIM_PS_PER_US)

static void uart_on(sim_machine *m, unsigned i, serial *far)
{
    serial_connect(far, m, uarts[i].uart.name);
    serial_uart_on(m, &uarts[i].uart, GPIO, uarts[i].rx == 34u ? 8889u : 35u);
    rig_pass(m, 2u * FRAME);
}

static void uarts_ask_for_their_bytes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof uarts / sizeof uarts[0]; i++) {
        sim_machine *m = new_board();
        serial far;
        uart_on(m, i, &far);
        set_up(m, 3, DINC, uarts[i].rx, 5u);
        wr(m, CH(3) + SAR, uarts[i].uart.base + UART_RDR);
        wr(m, CH(3) + CR, HTF | EN);
        set_up(m, 4, SINC, uarts[i].tx | DREQ, 4u);
        wr(m, CH(4) + DAR, uarts[i].uart.base + UART_TDR);
        wr(m, FROM, 0x65676170u);
        rig_pass(m, FRAME);
        assert_int_equal(rd(m, CH(3) + BR1), 5u); /* nothing came */
        serial_send(&far, m, "abcde", 5u);
        rig_pass(m, 2u * FRAME + FRAME / 2u);
        assert_int_equal(rd(m, CH(3) + BR1), 3u);
        assert_int_equal(rd(m, CH(3) + SR), 0u); /* half of five is three */
        rig_pass(m, FRAME);
        assert_int_equal(rd(m, CH(3) + SR), HTF);
        assert_true(irq(m, 32));
        rig_pass(m, 3u * FRAME);
        assert_int_equal(rd(m, CH(3) + SR), IDLEF | HTF | TCF);
        assert_int_equal(rd(m, CH(3) + SAR), uarts[i].uart.base + UART_RDR);
        assert_int_equal(rd(m, TO), 0x64636261u);
        assert_int_equal(far.out_count, 0);
        wr(m, CH(4) + CR, EN);
        rig_pass(m, 6u * FRAME);
        assert_int_equal(rd(m, CH(4) + SR), IDLEF | HTF | TCF);
        assert_int_equal(far.out_count, 4);
        assert_memory_equal(far.out, "page", 4);
        sim_free(m);
    }
}

/* As ST's driver has it: the registers hold no block, and the node links to itself. */
static void a_circle_is_a_node_that_links_to_itself(void **state)
{
    (void)state;
    sim_machine *m = new_board();
    serial far;
    uart_on(m, 0, &far);
    const uint32_t node[6] = {DINC, 24u, 4u, 0x40013824u, TO, UPDATE_ALL | (NODES & 0xFFFFu)};
    for (unsigned i = 0; i < 6u; i++) {
        wr(m, NODES + 4u * i, node[i]);
    }
    wr(m, CH(0) + LBAR, NODES);
    wr(m, CH(0) + LLR, node[5]);
    wr(m, CH(0) + CR, TCF | HTF | EN);
    a_while(m);
    assert_int_equal(rd(m, CH(0) + SR), 0u); /* no event of the item without data */
    assert_int_equal(rd(m, CH(0) + BR1), 4u);
    assert_int_equal(rd(m, CH(0) + DAR), TO);
    serial_send(&far, m, "abcdef", 6u);
    rig_pass(m, 2u * FRAME + FRAME / 2u);
    assert_int_equal(rd(m, CH(0) + SR), HTF);
    rig_pass(m, 2u * FRAME);
    assert_int_equal(rd(m, CH(0) + SR), HTF | TCF);
    assert_int_equal(rd(m, CH(0) + BR1), 4u);
    assert_int_equal(rd(m, CH(0) + DAR), TO);
    assert_int_equal(rd(m, CH(0) + CR) & EN, EN);
    rig_pass(m, 2u * FRAME);
    assert_int_equal(rd(m, CH(0) + BR1), 2u);
    assert_int_equal(rd(m, CH(0) + DAR), TO + 2u);
    assert_int_equal(rd(m, TO), 0x64636665u); /* "ef" over "ab" */
    sim_free(m);
}

/* Three items: 8 bytes by the registers, then twice 8 more, of which the first node gives only a
 * target and the second a source too. Events by TCEM (RM0456 17.8.9). */
static void a_list_ends_where_its_link_is_empty(void **state)
{
    static const struct {
        unsigned tcem;
        uint32_t after_first, after_last;
    } cases[] = {{0, HTF | TCF, HTF | TCF}, {1, HTF | TCF, HTF | TCF}, {2, HTF | TCF, HTF | TCF},
                 {3, 0u, HTF | TCF}};
    (void)state;
    for (size_t i = 0; i < 4u; i++) {
        sim_machine *m = new_board();
        fill(m, FROM, 8u);
        wr(m, NODES + 0x40u, TO + 0x100u);
        wr(m, NODES + 0x44u, USA | UDA | ULL | 0x80u);
        wr(m, NODES + 0x80u, FROM + 4u);
        wr(m, NODES + 0x84u, TO + 0x200u);
        wr(m, NODES + 0x88u, 0u);
        set_up(m, 0, WIDTHS(2u, 2u) | SINC | DINC, SWREQ | TCEM(cases[i].tcem), 8u);
        wr(m, CH(0) + LBAR, NODES);
        wr(m, CH(0) + LLR, UDA | ULL | 0x40u);
        wr(m, CH(0) + CR, LSM | EN); /* one item at a time */
        a_while(m);
        assert_int_equal(rd(m, CH(0) + SR), IDLEF | cases[i].after_first);
        assert_int_equal(rd(m, CH(0) + CR), LSM);
        assert_int_equal(rd(m, CH(0) + BR1), 8u); /* restored: no UB1 */
        assert_int_equal(rd(m, CH(0) + SAR), FROM + 8u);
        assert_int_equal(rd(m, CH(0) + DAR), TO + 0x100u);
        assert_int_equal(rd(m, CH(0) + LLR), USA | UDA | ULL | 0x80u);
        wr(m, CH(0) + FCR, 0x7F00u);
        wr(m, CH(0) + CR, EN);
        a_while(m);
        assert_int_equal(rd(m, CH(0) + SR), IDLEF | cases[i].after_last);
        assert_int_equal(rd(m, CH(0) + CR), 0u);
        assert_int_equal(rd(m, CH(0) + BR1), 0u);
        assert_int_equal(rd(m, TO + 4u), 0x07060504u);
        assert_int_equal(rd(m, TO + 0x104u), 0x0F0E0D0Cu);
        assert_int_equal(rd(m, TO + 0x200u), 0x07060504u);
        assert_int_equal(rd(m, TO + 0x204u), 0x0B0A0908u);
        sim_free(m);
    }
}

/* LA without an update: the last item goes on for ever, from where its addresses are. */
static void an_item_may_go_on_for_ever(void **state)
{
    (void)state;
    sim_machine *m = new_board();
    serial far;
    uart_on(m, 0, &far);
    set_up(m, 0, DINC, 24u, 2u);
    wr(m, CH(0) + SAR, 0x40013824u);
    wr(m, CH(0) + LLR, 4u);
    wr(m, CH(0) + CR, EN);
    serial_send(&far, m, "abcde", 5u);
    rig_pass(m, 7u * FRAME);
    assert_int_equal(rd(m, CH(0) + SR), HTF | TCF);
    assert_int_equal(rd(m, CH(0) + BR1), 1u);
    assert_int_equal(rd(m, CH(0) + DAR), TO + 5u);
    sim_free(m);
}

static void wrong_settings_move_nothing(void **state)
{
    static const struct {
        uint32_t tr1, bytes, from, to;
    } cases[] = {
        {WIDTHS(3u, 2u), 8u, 0u, 0u},  {WIDTHS(2u, 3u), 8u, 0u, 0u}, /* 8 bytes wide */
        {WIDTHS(2u, 2u), 6u, 0u, 0u},                                /* not whole words */
        {WIDTHS(2u, 2u), 8u, 2u, 0u},  {WIDTHS(2u, 2u), 8u, 0u, 1u}, /* not aligned */
        {WIDTHS(0u, 2u) | PAM(2u), 6u, 0u, 0u}};                     /* does not fill words */
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sim_machine *m = new_board();
        wr(m, TO, 0u);
        fill(m, FROM, 2u);
        set_up(m, 0, cases[i].tr1 | SINC | DINC, SWREQ, cases[i].bytes);
        wr(m, CH(0) + SAR, FROM + cases[i].from);
        wr(m, CH(0) + DAR, TO + cases[i].to);
        wr(m, CH(0) + CR, USEF | EN);
        assert_int_equal(rd(m, CH(0) + SR), IDLEF | USEF);
        assert_int_equal(rd(m, CH(0) + CR), USEF);
        assert_true(irq(m, 29));
        a_while(m);
        assert_int_equal(rd(m, TO), 0u);
        assert_int_equal(rd(m, CH(0) + BR1), cases[i].bytes);
        sim_free(m);
    }
}

static void errors_on_the_bus_stop_the_channel(void **state)
{
    (void)state;
    sim_machine *m = new_board();
    set_up(m, 0, SINC | DINC, SWREQ, 4u);
    wr(m, CH(0) + SAR, NOTHING_THERE);
    wr(m, CH(0) + CR, DTEF | EN);
    a_while(m);
    assert_int_equal(rd(m, CH(0) + SR), IDLEF | DTEF);
    assert_int_equal(rd(m, CH(0) + CR), DTEF);
    assert_true(irq(m, 29));
    wr(m, CH(0) + FCR, DTEF);
    set_up(m, 0, SINC | DINC, SWREQ, 4u);
    wr(m, CH(0) + DAR, NOTHING_THERE);
    wr(m, CH(0) + CR, EN);
    a_while(m);
    assert_int_equal(rd(m, CH(0) + SR), IDLEF | DTEF);
    wr(m, CH(0) + FCR, DTEF);
    set_up(m, 0, SINC | DINC, SWREQ, 4u);
    wr(m, CH(0) + LBAR, NOTHING_THERE);
    wr(m, CH(0) + LLR, UB1);
    wr(m, CH(0) + CR, ULEF | EN);
    a_while(m);
    assert_int_equal(rd(m, CH(0) + SR), IDLEF | HTF | TCF | ULEF);
    assert_true(irq(m, 29));
    sim_free(m);
}

static void suspended_it_waits_and_reset_it_forgets(void **state)
{
    (void)state;
    sim_machine *m = new_board();
    serial far;
    uart_on(m, 0, &far);
    set_up(m, 0, DINC, 24u, 4u);
    wr(m, CH(0) + SAR, 0x40013824u);
    wr(m, CH(0) + CR, EN);
    wr(m, CH(0) + CR, 0u); /* does not clear EN */
    assert_int_equal(rd(m, CH(0) + CR), EN);
    wr(m, CH(0) + DAR, FROM); /* read-only meanwhile, as is the priority */
    wr(m, CH(0) + CR, 3u << 22 | SUSPF);
    assert_int_equal(rd(m, CH(0) + DAR), TO);
    assert_int_equal(rd(m, CH(0) + CR), SUSPF | EN);
    wr(m, CH(0) + CR, SUSPF | SUSP);
    assert_int_equal(rd(m, CH(0) + SR), SUSPF | IDLEF);
    assert_int_equal(rd(m, CH(0) + CR), SUSPF | SUSP | EN);
    assert_true(irq(m, 29));
    serial_send(&far, m, "a", 1u);
    rig_pass(m, 2u * FRAME);
    assert_int_equal(rd(m, CH(0) + BR1), 4u);
    wr(m, CH(0) + FCR, SUSPF);
    wr(m, CH(0) + CR, 0u); /* goes on */
    assert_int_equal(rd(m, CH(0) + SR), 0u);
    rig_pass(m, FRAME);
    assert_int_equal(rd(m, CH(0) + BR1), 3u);
    wr(m, CH(0) + CR, SUSP);
    wr(m, CH(0) + CR, rd(m, CH(0) + CR) | RESET);
    assert_int_equal(rd(m, CH(0) + CR), 0u);
    assert_int_equal(rd(m, CH(0) + SR) & IDLEF, IDLEF);
    serial_send(&far, m, "b", 1u);
    rig_pass(m, 2u * FRAME);
    assert_int_equal(rd(m, CH(0) + BR1), 3u);
    wr(m, CH(0) + CR, EN);
    wr(m, CH(0) + CR, SUSP | RESET); /* both at once */
    assert_int_equal(rd(m, CH(0) + CR), 0u);
    sim_free(m);
}

static void unclocked_it_is_deaf(void **state)
{
    (void)state;
    sim_machine *m = new_board();
    wr(m, AHB1ENR, rd(m, AHB1ENR) & ~1u);
    wr(m, CH(0) + SAR, FROM);
    assert_int_equal(rd(m, CH(0) + SR), 0u);
    wr(m, AHB1ENR, rd(m, AHB1ENR) | 1u);
    assert_int_equal(rd(m, CH(0) + SAR), 0u);
    wr(m, CH(0) + SAR, FROM);
    wr(m, 0x46020C60u, 1u); /* AHB1RSTR */
    wr(m, 0x46020C60u, 0u);
    assert_int_equal(rd(m, CH(0) + SAR), 0u);
    sim_free(m);
}

static void what_is_not_modelled_is_told(void **state)
{
    static const struct {
        unsigned channel;
        uint32_t tr1, tr2, br1, llr, then;
        const char *text;
    } cases[] = {
        {0, 0, SWREQ | 1u << 24, 4u, 0, 0, "C0TR2: triggers"},
        {0, 0, 24u | 1u << 11, 4u, 0, 0, "C0TR2: requests for a whole block"},
        {1, 3u << 4, 24u, 4u, 0, 0, "C1TR1: bursts"},
        {1, 3u << 20, 25u | DREQ, 4u, 0, 0, "C1TR1: bursts"},
        {0, WIDTHS(2u, 2u) | 1u << 27, SWREQ, 4u, 0, 0, "C0TR1: the exchange"},
        {12, 0, SWREQ, 4u | 1u << 16, 0, 0, "C12BR1: repeated blocks"},
        {0, 0, SWREQ, 0, 0x40u, 0, "C0LLR: an item of no bytes"},
        {0, 0, SWREQ, 0, UPDATE_ALL | 0xFFFCu, 0, "C0LLR: a node across"},
        {0, 0, 24u, 4u, 0, RESET, "C0CR: RESET"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sim_machine *m = new_board();
        set_up(m, cases[i].channel, cases[i].tr1, cases[i].tr2, cases[i].br1);
        wr(m, CH(cases[i].channel) + LBAR, NODES);
        wr(m, CH(cases[i].channel) + LLR, cases[i].llr);
        (void)sim_core_write(m, CH(cases[i].channel) + CR, 4u, EN);
        (void)sim_core_write(m, CH(cases[i].channel) + CR, 4u, cases[i].then);
        assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_MS), SIM_END_STOP);
        if (strstr(sim_end_text(m), cases[i].text) == NULL) {
            fail_msg("'%s' is not in '%s'", cases[i].text, sim_end_text(m));
        }
        sim_free(m);
    }
    static const uint32_t missing[] = {CH(11) + TR3, CH(0) + 0x04u, GPDMA + 0x14u};
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++) {
        uint32_t value;
        sim_machine *m = new_board();
        assert_int_equal(sim_core_read(m, missing[i], 4u, &value), SIM_ACCESS_STOP);
        sim_free(m);
    }
    sim_machine *m = new_board();
    assert_int_equal(sim_core_write(m, GPDMA + 4u, 4u, 1u), SIM_ACCESS_STOP);
    assert_non_null(strstr(sim_end_text(m), "privilege"));
    sim_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_by_software_request),
        cmocka_unit_test(widths_meet),
        cmocka_unit_test(uarts_ask_for_their_bytes),
        cmocka_unit_test(a_circle_is_a_node_that_links_to_itself),
        cmocka_unit_test(a_list_ends_where_its_link_is_empty),
        cmocka_unit_test(an_item_may_go_on_for_ever),
        cmocka_unit_test(wrong_settings_move_nothing),
        cmocka_unit_test(errors_on_the_bus_stop_the_channel),
        cmocka_unit_test(suspended_it_waits_and_reset_it_forgets),
        cmocka_unit_test(unclocked_it_is_deaf),
        cmocka_unit_test(what_is_not_modelled_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
