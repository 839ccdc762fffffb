/* The DMA controllers with streams, of F767, H743 and H7A3 (RM0410 8, RM0433 15, RM0455 15). */
#include <string.h>

#include "rig.h"
#include "sim/periph/part/part.h"

#define LISR 0x00u
#define HISR 0x04u
#define LIFCR 0x08u
#define HIFCR 0x0Cu
#define S(n) (0x10u + 0x18u * (n))
#define CR 0x00u
#define NDTR 0x04u
#define PAR 0x08u
#define M0AR 0x0Cu
#define M1AR 0x10u
#define FCR 0x14u
#define EN 1u
#define TEIE 4u
#define HTIE 8u
#define TCIE 16u
#define TO_PERIPH (1u << 6)
#define COPY (2u << 6)
#define CIRC (1u << 8)
#define PINC (1u << 9)
#define MINC (1u << 10)
#define PWORD (2u << 11)
#define MWORD (2u << 13)
#define DBM (1u << 18)
#define CT (1u << 19)
#define MBURST4 (1u << 23)
#define DMDIS 4u
#define FEIE 0x80u
#define FE 1u
#define TE 8u
#define HT 16u
#define TC 32u

#define USART3 0x40004800u
#define RDR (USART3 + 0x24u)
#define TDR (USART3 + 0x28u)
#define DMAMUX1 0x40020800u
#define RX_STREAM 1u /* USART3 on F7: RX is stream 1, TX stream 3, channel 4 both */
#define TX_STREAM 3u
#define FRAME (87u * SIM_PS_PER_US) /* 10 bits at 115200 baud */

typedef struct line {
    const char *name;
    uint32_t dma1, dma2, ahb1enr, apb1enr, gpio_enable, gpio_d, ram;
    bool mux;
    uint32_t hz;
} line;

static const line lines[] = {
    {"stm32f767zi", 0x40026000u, 0x40026400u, 0x40023830u, 0x40023840u, 0x40023830u, 0x40020C00u,
     0x20020000u, false, 16000000u},
    {"stm32h743zi", 0x40020000u, 0x40020400u, 0x580244D8u, 0x580244E8u, 0x580244E0u, 0x58020C00u,
     0x24000000u, true, 64000000u},
    {"stm32h7a3zi", 0x40020000u, 0x40020400u, 0x58024538u, 0x58024548u, 0x58024540u, 0x58020C00u,
     0x24000000u, true, 64000000u},
};
#define LINES (sizeof lines / sizeof lines[0])

static uint8_t heard[64];
static unsigned heard_count, to_send;

static void byte_out(void *ctx, uint8_t byte, uint32_t baud)
{
    (void)ctx, (void)baud;
    heard[heard_count++ % sizeof heard] = byte;
}

/* The far end sends 'a', 'b' ... */
static uint8_t sent;
static int byte_in(void *ctx)
{
    (void)ctx;
    if (to_send == 0u) {
        return -1;
    }
    to_send--;
    return 'a' + sent++ % 26u;
}

static const sim_uart_link wire = {.byte_out = byte_out, .byte_in = byte_in};

static void set(sim_machine *m, uint32_t address, uint32_t bits)
{
    wr(m, address, rd(m, address) | bits);
}

/* DMA clocked, USART3 at 115200 baud on PD8 and PD9 with DMA requests as `cr3` says. */
static sim_machine *new_part(const line *l, uint32_t cr3)
{
    sim_machine *m = rig_m7_new(l->name);
    heard_count = to_send = sent = 0;
    set(m, l->ahb1enr, l->mux ? 3u : 3u << 21);
    set(m, l->apb1enr, 1u << 18);
    set(m, l->gpio_enable, 1u << 3);
    wr(m, l->gpio_d + 0x24u, 0x77u);
    wr(m, l->gpio_d, (rd(m, l->gpio_d) & ~(15u << 16)) | 10u << 16);
    wr(m, USART3 + 0x0Cu, l->hz / 115200u);
    wr(m, USART3 + 0x08u, cr3);
    wr(m, USART3, 0xDu);
    assert_true(sim_uart_connect(m, "usart3", &wire));
    rig_pass(m, 2u * FRAME);
    return m;
}

static uint32_t flags(sim_machine *m, uint32_t dma, unsigned stream)
{
    static const uint8_t shifts[4] = {0, 6, 16, 22};
    return rd(m, dma + (stream < 4u ? LISR : HISR)) >> shifts[stream % 4u] & 0x3Fu;
}

static void clear(sim_machine *m, uint32_t dma, unsigned stream)
{
    static const uint8_t shifts[4] = {0, 6, 16, 22};
    wr(m, dma + (stream < 4u ? LIFCR : HIFCR), 0x3Fu << shifts[stream % 4u]);
}

static bool irq(sim_machine *m, unsigned number)
{
    return sim_get_part(m)->irq_sources[number] != 0u;
}

static void put(sim_machine *m, uint32_t at, const void *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(sim_core_write(m, at + i, 1u, ((const uint8_t *)bytes)[i]), SIM_ACCESS_OK);
    }
}

static void expect(sim_machine *m, uint32_t at, const void *bytes, unsigned count)
{
    uint8_t have[64];
    assert_true(sim_peek(m, at, have, count));
    assert_memory_equal(have, bytes, count);
}

static void stream(sim_machine *m, uint32_t dma, unsigned n, uint32_t par, uint32_t m0ar,
                   uint32_t count)
{
    wr(m, dma + S(n) + NDTR, count);
    wr(m, dma + S(n) + PAR, par);
    wr(m, dma + S(n) + M0AR, m0ar);
}

/* Which request USART3's stream listens to. */
static uint32_t choose(sim_machine *m, const line *l, unsigned n, unsigned request)
{
    if (l->mux) {
        wr(m, DMAMUX1 + 4u * n, request);
    }
    return l->mux ? 0u : 4u << 25;
}

/* The far end sends so much; then so long. */
static void hear(sim_machine *m, unsigned count, sim_ps time)
{
    to_send = count;
    sim_uart_poll(m, "usart3");
    rig_pass(m, time);
}

static void stops(sim_machine *m, uint32_t address, unsigned size, uint32_t value, const char *text)
{
    assert_int_equal(sim_core_write(m, address, size, value), SIM_ACCESS_STOP);
    if (strstr(sim_end_text(m), text) == NULL) {
        fail_msg("'%s' is not in '%s'", text, sim_end_text(m));
    }
}

static void registers_are_where_the_manual_has_them(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        sim_machine *m = rig_m7_new(l->name);
        wr(m, l->dma1 + S(0) + NDTR, 5u); /* without its clock: not there */
        assert_int_equal(rd(m, l->dma1 + S(0) + FCR), 0u);
        set(m, l->ahb1enr, l->mux ? 3u : 3u << 21);
        for (unsigned n = 0; n < 8u; n++) {
            assert_int_equal(rd(m, l->dma2 + S(n) + CR), 0u);
            assert_int_equal(rd(m, l->dma2 + S(n) + NDTR), 0u);
            assert_int_equal(rd(m, l->dma2 + S(n) + FCR), 0x21u); /* empty, threshold 1/2 */
            wr(m, l->dma2 + S(n) + M1AR, 0x1000u * n);
        }
        assert_int_equal(rd(m, l->dma2 + 0xC8u), 0x7000u);
        stops(m, l->dma2 + S(0) + NDTR, 2u, 1u, "not a word");
        sim_free(m);
    }
}

/* DMA2 stream 5 (line 68), bytes read, words written: four to one. */
static void copies_and_packs(void **state)
{
    static const char text[17] = "sixteen letters.";
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        sim_machine *m = new_part(l, 0);
        uint32_t from = l->ram + 0x101u, to = l->ram + 0x200u, s = l->dma2 + S(5);
        put(m, from, text, 16u);
        stream(m, l->dma2, 5, from, to, 16u);
        uint32_t cr = COPY | PINC | MINC | MWORD | TCIE;
        wr(m, s + CR, cr);
        wr(m, s + CR, cr | EN);
        assert_int_equal(rd(m, s + FCR) & DMDIS, DMDIS); /* direct mode is not for copies */
        rig_pass(m, SIM_PS_PER_MS);
        expect(m, to, text, 16u);
        assert_int_equal(flags(m, l->dma2, 5), HT | TC);
        assert_int_equal(rd(m, s + NDTR), 0u);
        assert_int_equal(rd(m, s + CR), cr);
        assert_true(irq(m, 68u));
        clear(m, l->dma2, 5);
        assert_false(irq(m, 68u));
        put(m, from, "again", 5u);
        wr(m, s + CR, cr | EN); /* NDTR as programmed before */
        rig_pass(m, SIM_PS_PER_MS);
        expect(m, to, "againen letters.", 16u);
        sim_free(m);
    }
}

static void unpacks_words(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        sim_machine *m = new_part(l, 0);
        uint32_t s = l->dma2 + S(0), from = l->ram + 0x100u, to = l->ram + 0x201u;
        put(m, from, "wordwise", 8u);
        stream(m, l->dma2, 0, from, to, 2u);
        wr(m, s + FCR, DMDIS | 3u);
        wr(m, s + CR, COPY | PINC | PWORD | MINC | EN);
        rig_pass(m, SIM_PS_PER_MS);
        expect(m, to, "wordwise", 8u);
        assert_int_equal(flags(m, l->dma2, 0) & TC, TC);
        sim_free(m);
    }
}

static void only_dma2_copies_on_f7(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        sim_machine *m = new_part(l, 0);
        put(m, l->ram, "x", 1u);
        stream(m, l->dma1, 0, l->ram, l->ram + 1u, 1u);
        if (!l->mux) {
            stops(m, l->dma1 + S(0) + CR, 4u, COPY | EN, "S0CR");
        } else {
            wr(m, l->dma1 + S(0) + CR, COPY | EN);
            rig_pass(m, SIM_PS_PER_MS);
            expect(m, l->ram + 1u, "x", 1u);
        }
        sim_free(m);
    }
}

static void receives_in_circles(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        sim_machine *m = new_part(l, 1u << 6);
        uint32_t s = l->dma1 + S(RX_STREAM), channel = choose(m, l, RX_STREAM, 45u);
        stream(m, l->dma1, RX_STREAM, RDR, l->ram, 8u);
        wr(m, s + CR, channel | MINC | CIRC | HTIE | TCIE | EN);
        hear(m, 4u, 3u * FRAME + FRAME / 2u);
        assert_int_equal(rd(m, s + NDTR), 5u);
        assert_int_equal(flags(m, l->dma1, RX_STREAM), 0u);
        rig_pass(m, FRAME);
        assert_int_equal(rd(m, s + NDTR), 4u);
        assert_int_equal(flags(m, l->dma1, RX_STREAM), HT);
        assert_true(irq(m, 12u));
        clear(m, l->dma1, RX_STREAM);
        hear(m, 6u, 7u * FRAME);
        assert_int_equal(flags(m, l->dma1, RX_STREAM), TC);
        assert_int_equal(rd(m, s + NDTR), 6u); /* begun anew */
        assert_int_equal(rd(m, s + CR) & EN, EN);
        expect(m, l->ram, "ijcdefgh", 8u);
        sim_free(m);
    }
}

/* In direct mode one datum is fetched as the stream is enabled, and one after each that went. */
static void sends(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        sim_machine *m = new_part(l, 0);
        uint32_t s = l->dma1 + S(TX_STREAM), channel = choose(m, l, TX_STREAM, 46u);
        put(m, l->ram, "abcd", 4u);
        stream(m, l->dma1, TX_STREAM, TDR, l->ram, 4u);
        wr(m, s + CR, channel | MINC | TO_PERIPH | EN);
        put(m, l->ram, "ABCD", 4u);
        rig_pass(m, 2u * FRAME);
        assert_int_equal(heard_count, 0u); /* nobody asked */
        set(m, USART3 + 0x08u, 1u << 7);
        rig_pass(m, 5u * FRAME);
        assert_int_equal(heard_count, 4u);
        assert_memory_equal(heard, "aBCD", 4u);
        assert_int_equal(flags(m, l->dma1, TX_STREAM), HT | TC);
        assert_int_equal(rd(m, s + CR) & EN, 0u);
        sim_free(m);
    }
}

/* Threshold 1/2: eight bytes wait in the FIFO, and FS tells how full it is. */
static void the_fifo_holds_back(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        sim_machine *m = new_part(l, 1u << 6);
        uint32_t s = l->dma1 + S(RX_STREAM), channel = choose(m, l, RX_STREAM, 45u);
        put(m, l->ram, "............", 12u);
        wr(m, s + FCR, DMDIS | 1u);
        stream(m, l->dma1, RX_STREAM, RDR, l->ram, 100u);
        wr(m, s + CR, channel | MINC | MWORD | EN);
        hear(m, 7u, 8u * FRAME);
        expect(m, l->ram, "............", 12u);
        assert_int_equal(rd(m, s + FCR) >> 3 & 7u, 1u); /* 1/4 to 1/2 */
        assert_int_equal(rd(m, s + NDTR), 93u);
        hear(m, 1u, 2u * FRAME);
        expect(m, l->ram, "abcdefgh....", 12u);
        assert_int_equal(rd(m, s + FCR) >> 3 & 7u, 4u);
        hear(m, 4u, 5u * FRAME);
        expect(m, l->ram, "abcdefgh....", 12u);
        wr(m, s + CR, rd(m, s + CR) & ~EN); /* off: the rest goes to memory, TCIF tells */
        expect(m, l->ram, "abcdefghijkl", 12u);
        assert_int_equal(flags(m, l->dma1, RX_STREAM), TC);
        assert_int_equal(rd(m, s + NDTR), 88u);
        sim_free(m);
    }
}

static void two_buffers_take_turns(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        sim_machine *m = new_part(l, 1u << 6);
        uint32_t s = l->dma1 + S(RX_STREAM), channel = choose(m, l, RX_STREAM, 45u);
        stream(m, l->dma1, RX_STREAM, RDR, l->ram, 2u);
        wr(m, s + M1AR, l->ram + 0x10u);
        wr(m, s + CR, channel | MINC | DBM | EN);
        assert_int_equal(rd(m, s + CR) & (CIRC | CT), CIRC);
        hear(m, 3u, 4u * FRAME);
        assert_int_equal(rd(m, s + CR) & CT, CT);
        assert_int_equal(flags(m, l->dma1, RX_STREAM), HT | TC);
        wr(m, s + M0AR, l->ram + 0x20u); /* the one not in use */
        hear(m, 2u, 3u * FRAME);
        expect(m, l->ram, "ab", 2u);
        expect(m, l->ram + 0x10u, "cd", 2u);
        expect(m, l->ram + 0x20u, "e", 1u);
        assert_int_equal(rd(m, s + CR) & (CT | EN), EN);
        assert_int_equal(flags(m, l->dma1, RX_STREAM) & TE, 0u);
        wr(m, s + M0AR, l->ram + 0x30u); /* the one in use */
        assert_int_equal(flags(m, l->dma1, RX_STREAM) & TE, TE);
        assert_int_equal(rd(m, s + CR) & EN, 0u);
        assert_int_equal(rd(m, s + M0AR), l->ram + 0x20u);
        sim_free(m);
    }
}

static void a_burst_must_fit_the_threshold(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        sim_machine *m = new_part(l, 0);
        uint32_t s = l->dma2 + S(4);
        stream(m, l->dma2, 4, l->ram, l->ram + 0x100u, 4u);
        wr(m, s + FCR, DMDIS | FEIE); /* 1/4: one word, and bursts of four */
        wr(m, s + CR, COPY | PINC | MINC | PWORD | MWORD | MBURST4 | EN);
        assert_int_equal(flags(m, l->dma2, 4), FE);
        assert_int_equal(rd(m, s + CR) & EN, 0u);
        assert_true(irq(m, 60u));
        clear(m, l->dma2, 4);
        wr(m, s + FCR, DMDIS | FEIE | 3u); /* full: one such burst */
        wr(m, s + CR, rd(m, s + CR) | EN);
        rig_pass(m, SIM_PS_PER_MS);
        assert_int_equal(flags(m, l->dma2, 4), HT | TC);
        assert_false(irq(m, 60u));
        sim_free(m);
    }
}

static bool copy_fails(sim_machine *m, const line *l, uint32_t from, uint32_t to)
{
    uint32_t s = l->dma2 + S(0);
    clear(m, l->dma2, 0);
    stream(m, l->dma2, 0, from, to, 1u);
    wr(m, s + CR, COPY | TEIE | EN);
    rig_pass(m, SIM_PS_PER_MS);
    uint32_t have = flags(m, l->dma2, 0);
    assert_int_equal(have & TE ? TC : TE, ~have & (TE | TC));
    assert_int_equal(rd(m, s + CR) & EN, 0u);
    assert_int_equal(irq(m, 56u), (have & TE) != 0u);
    return (have & TE) != 0u;
}

/* DTCM, ITCM and where nothing is. */
static void what_no_stream_reaches_is_an_error(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        sim_machine *m = new_part(l, 0);
        assert_false(copy_fails(m, l, l->ram, l->ram + 4u));
        assert_false(copy_fails(m, l, BANK1, l->ram + 4u)); /* flash by AXI */
        assert_int_equal(copy_fails(m, l, l->ram, 0x20004000u), l->mux);
        assert_int_equal(copy_fails(m, l, 0x20004000u, l->ram), l->mux);
        assert_true(copy_fails(m, l, l->ram, 0x00000100u));
        assert_true(copy_fails(m, l, 0x00200000u, l->ram)); /* flash by ITCM, F7 */
        assert_true(copy_fails(m, l, 0x2FFFFFFCu, l->ram));
        sim_free(m);
    }
}

/* RM0410 figure 1: DMA1's peripheral port ends at APB1. */
static void dma1_of_f7_reaches_apb1_only(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        sim_machine *m = new_part(l, 1u << 6);
        uint32_t s = l->dma1 + S(RX_STREAM), channel = choose(m, l, RX_STREAM, 45u);
        stream(m, l->dma1, RX_STREAM, l->gpio_d + 0x10u, l->ram, 4u);
        wr(m, s + CR, channel | PWORD | EN);
        hear(m, 1u, 2u * FRAME);
        assert_int_equal(flags(m, l->dma1, RX_STREAM) & TE, l->mux ? 0u : TE);
        sim_free(m);
    }
}

static void a_running_stream_is_not_changed(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        sim_machine *m = new_part(l, 1u << 6);
        uint32_t s = l->dma1 + S(RX_STREAM), channel = choose(m, l, RX_STREAM, 45u);
        stream(m, l->dma1, RX_STREAM, RDR, l->ram, 8u);
        wr(m, s + CR, channel | MINC | EN);
        wr(m, s + NDTR, 3u);
        wr(m, s + PAR, TDR);
        wr(m, s + M0AR, l->ram + 4u);
        wr(m, s + FCR, DMDIS | FEIE);
        wr(m, s + CR, DBM | TCIE | TO_PERIPH | EN);
        assert_int_equal(rd(m, s + NDTR), 8u);
        assert_int_equal(rd(m, s + PAR), RDR);
        assert_int_equal(rd(m, s + M0AR), l->ram);
        assert_int_equal(rd(m, s + FCR) & 0x87u, FEIE | 1u); /* the interrupt alone */
        assert_int_equal(rd(m, s + CR), channel | MINC | TCIE | EN);
        sim_free(m);
    }
}

/* EN reads 1 until the datum on its way has arrived; only then is the stream off. */
static void disabling_waits_for_the_datum(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        sim_machine *m = new_part(l, 0);
        uint32_t s = l->dma2 + S(0);
        put(m, l->ram, "0123", 4u);
        put(m, l->ram + 0x10u, "....", 4u);
        stream(m, l->dma2, 0, l->ram, l->ram + 0x10u, 4u);
        wr(m, s + CR, COPY | PINC | MINC | EN);
        wr(m, s + CR, COPY | PINC | MINC);
        assert_int_equal(rd(m, s + CR) & EN, EN);
        assert_int_equal(flags(m, l->dma2, 0), 0u);
        rig_pass(m, SIM_PS_PER_MS);
        assert_int_equal(rd(m, s + CR) & EN, 0u);
        assert_int_equal(rd(m, s + NDTR), 3u);
        assert_int_equal(flags(m, l->dma2, 0), TC);
        expect(m, l->ram + 0x10u, "0...", 4u);
        sim_free(m);
    }
}

static void what_the_manual_forbids_stops_the_run(void **state)
{
    static const struct {
        uint32_t par, m0ar, count, fcr, cr;
        const char *text;
    } cases[] = {
        {0, 4, 4, 0, COPY | CIRC, "circular"},
        {0, 4, 4, 0, COPY | DBM, "two buffers"},
        {0, 4, 4, 0, 3u << 6, "reserved"},
        {0, 4, 4, 0, 3u << 11, "reserved"},
        {0, 4, 4, 0, COPY | 1u << 5, "flow controller"},
        {2, 4, 4, 0, COPY | PWORD, "aligned"},
        {0, 6, 4, 0, COPY | MWORD, "aligned"},
        {0, 4, 3, 0, COPY | MWORD, "whole number"},
        {0, 4, 4, DMDIS, COPY | PWORD | 2u << 21, "peripheral burst"},
        {0, 4, 4, DMDIS | 2u, COPY | PWORD | 1u << 21, "peripheral burst"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const line *l = &lines[i % LINES];
        sim_machine *m = new_part(l, 0);
        stream(m, l->dma2, 2, l->ram + cases[i].par, l->ram + cases[i].m0ar, cases[i].count);
        wr(m, l->dma2 + S(2) + FCR, cases[i].fcr);
        stops(m, l->dma2 + S(2) + CR, 4u, cases[i].cr | EN, cases[i].text);
        assert_non_null(strstr(sim_end_text(m), "DMA2"));
        assert_non_null(strstr(sim_end_text(m), "S2CR"));
        sim_free(m);
    }
}

static void flags_are_cleared_before_the_next_start(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        sim_machine *m = new_part(l, 0);
        assert_false(copy_fails(m, l, l->ram, l->ram + 4u));
        stops(m, l->dma2 + S(0) + CR, 4u, COPY | EN, "flags");
        sim_free(m);
    }
}

/* F7: CHSEL; H7: DMAMUX1. Another choice, and the stream gets nothing. */
static void a_stream_listens_to_its_own_request(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        sim_machine *m = new_part(l, 1u << 6);
        uint32_t s = l->dma1 + S(RX_STREAM);
        choose(m, l, RX_STREAM, 43u); /* USART2_RX */
        stream(m, l->dma1, RX_STREAM, RDR, l->ram, 8u);
        wr(m, s + CR, MINC | (l->mux ? 0u : 5u << 25) | EN);
        hear(m, 1u, 2u * FRAME);
        assert_int_equal(rd(m, s + NDTR), 8u);
        assert_int_equal(rd(m, USART3 + 0x1Cu) & 0x20u, 0x20u);
        if (l->mux) {
            choose(m, l, RX_STREAM, 45u); /* taken up at once */
            rig_pass(m, FRAME);
            assert_int_equal(rd(m, s + NDTR), 7u);
            stops(m, DMAMUX1 + 4u * RX_STREAM, 4u, 1u << 16 | 45u, "not modelled");
        }
        sim_free(m);
    }
}

/* A reset takes a transfer and its interrupt with it. */
static void a_reset_ends_transfers(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        sim_machine *m = new_part(l, 1u << 6);
        uint32_t s = l->dma1 + S(RX_STREAM), channel = choose(m, l, RX_STREAM, 45u);
        stream(m, l->dma1, RX_STREAM, RDR, l->ram, 1u);
        wr(m, s + CR, channel | TCIE | EN);
        hear(m, 1u, 2u * FRAME);
        assert_true(irq(m, 12u));
        uint32_t rstr = l->ahb1enr - (l->mux ? 0x58u : 0x20u);
        if (strcmp(l->name, "stm32h7a3zi") == 0) {
            rstr = 0x58024480u;
        }
        wr(m, rstr, l->mux ? 1u : 1u << 21);
        wr(m, rstr, 0u);
        assert_false(irq(m, 12u));
        assert_int_equal(rd(m, s + CR), 0u);
        assert_int_equal(flags(m, l->dma1, RX_STREAM), 0u);
        sim_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_are_where_the_manual_has_them),
        cmocka_unit_test(copies_and_packs),
        cmocka_unit_test(unpacks_words),
        cmocka_unit_test(only_dma2_copies_on_f7),
        cmocka_unit_test(receives_in_circles),
        cmocka_unit_test(sends),
        cmocka_unit_test(the_fifo_holds_back),
        cmocka_unit_test(two_buffers_take_turns),
        cmocka_unit_test(a_burst_must_fit_the_threshold),
        cmocka_unit_test(what_no_stream_reaches_is_an_error),
        cmocka_unit_test(dma1_of_f7_reaches_apb1_only),
        cmocka_unit_test(a_running_stream_is_not_changed),
        cmocka_unit_test(disabling_waits_for_the_datum),
        cmocka_unit_test(what_the_manual_forbids_stops_the_run),
        cmocka_unit_test(flags_are_cleared_before_the_next_start),
        cmocka_unit_test(a_stream_listens_to_its_own_request),
        cmocka_unit_test(a_reset_ends_transfers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
