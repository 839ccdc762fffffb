/* USARTs, UARTs and LPUARTs (RM0440 37, 38): asynchronous mode, with and without
 * FIFO, in real bit times. What is synchronous, LIN, IrDA, smartcard, half duplex,
 * mute mode or flow control stops the run. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sim/periph/part/part.h"

enum { R_CR1, R_CR2, R_CR3, R_BRR, R_RQR, R_ISR, R_ICR, R_RDR, R_TDR, R_PRESC, R_GTPR, R_RTOR };

#define CR1_UE (1u << 0)
#define CR1_RE (1u << 2)
#define CR1_TE (1u << 3)
#define CR1_IDLEIE (1u << 4)
#define CR1_RXNEIE (1u << 5)
#define CR1_TCIE (1u << 6)
#define CR1_TXEIE (1u << 7)
#define CR1_PEIE (1u << 8)
#define CR1_PS (1u << 9)
#define CR1_PCE (1u << 10)
#define CR1_M0 (1u << 12)
#define CR1_MME (1u << 13)
#define CR1_CMIE (1u << 14)
#define CR1_OVER8 (1u << 15)
#define CR1_RTOIE (1u << 26)
#define CR1_M1 (1u << 28)
#define CR1_FIFOEN (1u << 29)
#define CR1_TXFEIE (1u << 30)
#define CR1_RXFFIE (1u << 31)
#define CR1_FIXED (CR1_PS | CR1_PCE | CR1_M0 | CR1_OVER8 | CR1_M1 | CR1_FIFOEN)
#define CR2_FIXED 0x001FFF01u
#define CR2_RTOEN (1u << 23)
#define CR3_EIE (1u << 0)
#define CR3_DMAR (1u << 6)
#define CR3_DMAT (1u << 7)
#define CR3_OVRDIS (1u << 12)
#define CR3_TXFTIE (1u << 23)
#define CR3_RXFTIE (1u << 28)
#define CR3_FIXED 0xEE0FF82Au
#define ISR_PE (1u << 0)
#define ISR_FE (1u << 1)
#define ISR_NE (1u << 2)
#define ISR_ORE (1u << 3)
#define ISR_IDLE (1u << 4)
#define ISR_RXNE (1u << 5)
#define ISR_TC (1u << 6)
#define ISR_TXE (1u << 7)
#define ISR_RTOF (1u << 11)
#define ISR_BUSY (1u << 16)
#define ISR_CMF (1u << 17)
#define ISR_SBKF (1u << 18)
#define ISR_TEACK (1u << 21)
#define ISR_REACK (1u << 22)
#define ISR_TXFE (1u << 23)
#define ISR_RXFF (1u << 24)
#define ISR_TCBGT (1u << 25)
#define ISR_RXFT (1u << 26)
#define ISR_TXFT (1u << 27)
#define RQR_ABRRQ (1u << 0)
#define RQR_SBKRQ (1u << 1)
#define RQR_MMRQ (1u << 2)
#define RQR_RXFRQ (1u << 3)
#define RQR_TXFRQ (1u << 4)

#define FIFO_DEPTH 8u
#define USUAL_BAUD 115200u

static const sim_reg rows_usart[] = {
    [R_CR1] = {0x00, "CR1", 0, 0xFFFFFFFFu},   [R_CR2] = {0x04, "CR2", 0, 0xFFFFFF79u},
    [R_CR3] = {0x08, "CR3", 0, 0xFFFEFFFFu},   [R_BRR] = {0x0C, "BRR", 0, 0xFFFFu},
    [R_RQR] = {0x18, "RQR", 0, 0},             [R_ISR] = {0x1C, "ISR", 0, 0},
    [R_ICR] = {0x20, "ICR", 0, 0},             [R_RDR] = {0x24, "RDR", 0, 0},
    [R_TDR] = {0x28, "TDR", 0, 0x1FFu},        [R_PRESC] = {0x2C, "PRESC", 0, 0xFu},
    [R_GTPR] = {0x10, "GTPR", 0, 0xFFFFu},     [R_RTOR] = {0x14, "RTOR", 0, 0xFFFFFFFFu},
};
static const sim_reg rows_plain[] = {
    [R_CR1] = {0x00, "CR1", 0, 0x1FFFFFFFu},   [R_CR2] = {0x04, "CR2", 0, 0xFFFFFF70u},
    [R_CR3] = {0x08, "CR3", 0, 0x007EFFFFu},   [R_BRR] = {0x0C, "BRR", 0, 0xFFFFu},
    [R_RQR] = {0x18, "RQR", 0, 0},             [R_ISR] = {0x1C, "ISR", 0, 0},
    [R_ICR] = {0x20, "ICR", 0, 0},             [R_RDR] = {0x24, "RDR", 0, 0},
    [R_TDR] = {0x28, "TDR", 0, 0x1FFu},        [R_PRESC] = {0x2C, NULL, 0, 0},
    [R_GTPR] = {0x10, "GTPR", 0, 0xFFFFu},     [R_RTOR] = {0x14, "RTOR", 0, 0xFFFFFFFFu},
};
static const sim_reg rows_lpuart_plain[] = {
    [R_CR1] = {0x00, "CR1", 0, 0x13FF7FFFu},   [R_CR2] = {0x04, "CR2", 0, 0xFF0FB010u},
    [R_CR3] = {0x08, "CR3", 0, 0x0070F7C9u},   [R_BRR] = {0x0C, "BRR", 0, 0xFFFFFu},
    [R_RQR] = {0x18, "RQR", 0, 0},             [R_ISR] = {0x1C, "ISR", 0, 0},
    [R_ICR] = {0x20, "ICR", 0, 0},             [R_RDR] = {0x24, "RDR", 0, 0},
    [R_TDR] = {0x28, "TDR", 0, 0x1FFu},        [R_PRESC] = {0x2C, NULL, 0, 0},
};
static const sim_reg rows_lpuart[] = {
    [R_CR1] = {0x00, "CR1", 0, 0xF3FF7FFFu},   [R_CR2] = {0x04, "CR2", 0, 0xFF0FB010u},
    [R_CR3] = {0x08, "CR3", 0, 0xFFF0F7C9u},   [R_BRR] = {0x0C, "BRR", 0, 0xFFFFFu},
    [R_RQR] = {0x18, "RQR", 0, 0},             [R_ISR] = {0x1C, "ISR", 0, 0},
    [R_ICR] = {0x20, "ICR", 0, 0},             [R_RDR] = {0x24, "RDR", 0, 0},
    [R_TDR] = {0x28, "TDR", 0, 0x1FFu},        [R_PRESC] = {0x2C, "PRESC", 0, 0xFu},
};

typedef enum shift_kind { SHIFT_NONE, SHIFT_DATA, SHIFT_IDLE, SHIFT_BREAK } shift_kind;

typedef struct frame {
    uint16_t data;
    uint8_t errors; /* PE, FE, NE at their places in ISR */
} frame;

typedef struct sim_uart {
    sim_block block;
    const sim_uart_kind *kind;
    const sim_uart_link *link;
    uint32_t flags; /* the bits of ISR that are events; the rest is worked out */

    uint16_t tx[FIFO_DEPTH];
    unsigned tx_count;
    shift_kind shift;
    uint16_t shift_data;
    bool idle_first, break_asked;
    sim_event tx_end;

    frame rx[FIFO_DEPTH];
    unsigned rx_count;
    sim_event idle, timeout;

    /* The far end's side of the wire goes on whatever the part does. */
    sim_event wire_end;
    uint8_t wire_byte;
    uint32_t wire_baud;
    bool wire_busy, heard;

    sim_event low_end; /* the receiver's frame that began with a pin driven low */
    uint32_t polled; /* the answer of the last look at ISR, */
    unsigned polls;  /* and how often it was the same before */
    sim_ps low_from, low_until;
    bool low_busy;
} sim_uart;

/* ---- frame and rate ------------------------------------------------------------------- */

static bool flag(const sim_uart *u, unsigned reg, uint32_t bit)
{
    return (u->block.value[reg] & bit) != 0u;
}

static unsigned depth(const sim_uart *u)
{
    return flag(u, R_CR1, CR1_FIFOEN) ? FIFO_DEPTH : 1u;
}

static unsigned word_bits(const sim_uart *u) /* the parity bit included */
{
    return flag(u, R_CR1, CR1_M1) ? 7u : flag(u, R_CR1, CR1_M0) ? 9u : 8u;
}

static unsigned frame_half_bits(const sim_uart *u)
{
    static const uint8_t stop_half_bits[4] = {2, 1, 4, 3};
    return 2u * (1u + word_bits(u)) + stop_half_bits[(u->block.value[R_CR2] >> 12) & 3u];
}

/* The rate as a fraction: one bit is `count` periods of `hz`. 0: no clock, or BRR is
 * below what the baud generator can do, so that nothing moves. */
typedef struct rate {
    uint64_t count, hz;
} rate;

static rate rate_of(const sim_uart *u)
{
    static const uint16_t prescale[16] = {1,  2,  4,  6,   8,   10,  12,  16,
                                          32, 64, 128, 256, 256, 256, 256, 256};
    uint32_t brr = u->block.value[R_BRR];
    rate r = {0, sim_uart_clock_hz(u->block.part->m, u->kind->base)};
    uint64_t divider = prescale[u->block.value[R_PRESC]];
    if (u->kind->low_power) {
        r.hz *= 256u;
        r.count = brr >= 0x300u ? brr * divider : 0u;
    } else if (flag(u, R_CR1, CR1_OVER8)) {
        uint32_t div = (brr & 0xFFF0u) | ((brr & 7u) << 1);
        r.hz *= 2u;
        r.count = div >= 16u ? div * divider : 0u;
    } else {
        r.count = brr >= 16u ? brr * divider : 0u;
    }
    if (r.hz == 0u) {
        r.count = 0;
    }
    return r;
}

static sim_ps half_bits_ps(const rate *r, uint64_t half_bits)
{
    return sim_periods(half_bits * r->count, 2u * r->hz);
}

static uint32_t baud_of(const rate *r)
{
    return r->count == 0u ? 0u : (uint32_t)((r->hz + r->count / 2u) / r->count);
}

static bool on(const sim_uart *u, uint32_t direction)
{
    return flag(u, R_CR1, CR1_UE) && flag(u, R_CR1, direction) && sim_block_clocked(&u->block);
}

static bool connected(const sim_uart *u, const sim_uart_pin_choice *choices, const sim_uart_pin_choice **which)
{
    for (unsigned i = 0; i < SIM_UART_PINS && choices[i].function != 0u; i++) {
        const sim_uart_pin_choice *c = &choices[i];
        if (sim_gpio_is_alternate(u->block.part, c->port, c->pin, c->function)) {
            *which = c;
            return true;
        }
    }
    return false;
}

static bool listening(const sim_uart *u)
{
    const sim_uart_pin_choice *pin;
    return on(u, CR1_RE) && rate_of(u).count != 0u && connected(u, u->kind->rx, &pin) &&
           !sim_gpio_held_low(u->block.part, pin->port, pin->pin);
}

/* ---- status, interrupt, DMA ----------------------------------------------------------- */

static bool at_threshold(unsigned have, unsigned setting)
{
    static const uint8_t eighths[8] = {1, 2, 4, 6, 7, 8, 8, 8};
    return have >= eighths[setting];
}

static uint32_t status(const sim_uart *u)
{
    uint32_t isr = u->flags;
    uint32_t cr3 = u->block.value[R_CR3];
    bool fifo = flag(u, R_CR1, CR1_FIFOEN);
    isr |= u->rx_count != 0u ? ISR_RXNE : 0u;
    isr |= u->tx_count < depth(u) ? ISR_TXE : 0u;
    isr |= on(u, CR1_TE) ? ISR_TEACK : 0u;
    isr |= on(u, CR1_RE) ? ISR_REACK : 0u;
    isr |= (u->wire_busy && u->heard) || u->low_busy ? ISR_BUSY : 0u;
    isr |= u->break_asked || u->shift == SHIFT_BREAK ? ISR_SBKF : 0u;
    if (fifo) {
        isr |= u->tx_count == 0u ? ISR_TXFE : 0u;
        isr |= u->rx_count == FIFO_DEPTH ? ISR_RXFF : 0u;
        isr |= at_threshold(u->rx_count, (cr3 >> 25) & 7u) ? ISR_RXFT : 0u;
        isr |= at_threshold(FIFO_DEPTH - u->tx_count, (cr3 >> 29) & 7u) ? ISR_TXFT : 0u;
    }
    if (fifo && u->rx_count != 0u) {
        isr |= u->rx[0].errors;
    }
    return isr;
}

static void update(sim_uart *u)
{
    uint32_t isr = status(u), cr1 = u->block.value[R_CR1], cr3 = u->block.value[R_CR3];
    bool irq = ((isr & (ISR_RXNE | ISR_ORE)) != 0u && (cr1 & CR1_RXNEIE) != 0u) ||
               ((isr & ISR_TXE) != 0u && (cr1 & CR1_TXEIE) != 0u) ||
               ((isr & ISR_TC) != 0u && (cr1 & CR1_TCIE) != 0u) ||
               ((isr & ISR_IDLE) != 0u && (cr1 & CR1_IDLEIE) != 0u) ||
               ((isr & ISR_PE) != 0u && (cr1 & CR1_PEIE) != 0u) ||
               ((isr & ISR_CMF) != 0u && (cr1 & CR1_CMIE) != 0u) ||
               ((isr & ISR_RTOF) != 0u && (cr1 & CR1_RTOIE) != 0u) ||
               ((isr & ISR_TXFE) != 0u && (cr1 & CR1_TXFEIE) != 0u) ||
               ((isr & ISR_RXFF) != 0u && (cr1 & CR1_RXFFIE) != 0u) ||
               ((isr & ISR_RXFT) != 0u && (cr3 & CR3_RXFTIE) != 0u) ||
               ((isr & ISR_TXFT) != 0u && (cr3 & CR3_TXFTIE) != 0u) ||
               ((isr & (ISR_FE | ISR_NE | ISR_ORE)) != 0u && (cr3 & CR3_EIE) != 0u);
    bool enabled = (cr1 & CR1_UE) != 0u;
    sim_part_irq(u->block.part, u->kind->irq, 0, irq && enabled);
    sim_dma_request(u->block.part, u->kind->rx_request,
                    enabled && (cr3 & CR3_DMAR) != 0u && (isr & ISR_RXNE) != 0u);
    sim_dma_request(u->block.part, u->kind->tx_request,
                    enabled && (cr3 & CR3_DMAT) != 0u && (isr & ISR_TXE) != 0u);
}

/* ---- transmitter ---------------------------------------------------------------------- */

static void start_shift(sim_uart *u)
{
    rate r = rate_of(u);
    if (u->shift != SHIFT_NONE || !on(u, CR1_TE) || r.count == 0u) {
        return;
    }
    if (u->idle_first) { /* TE begins with a frame of ones */
        u->idle_first = false;
        u->shift = SHIFT_IDLE;
    } else if (u->break_asked) {
        u->break_asked = false;
        u->shift = SHIFT_BREAK;
    } else if (u->tx_count != 0u) {
        u->shift = SHIFT_DATA;
        u->shift_data = u->tx[0];
        u->tx_count--;
        memmove(&u->tx[0], &u->tx[1], u->tx_count * sizeof u->tx[0]);
    } else {
        return;
    }
    sim_machine *m = u->block.part->m;
    sim_schedule(m, &u->tx_end, sim_now(m) + half_bits_ps(&r, frame_half_bits(u)));
}

static void send_out(sim_uart *u)
{
    const sim_uart_pin_choice *pin;
    unsigned data_bits = word_bits(u) - (flag(u, R_CR1, CR1_PCE) ? 1u : 0u);
    uint8_t byte = (uint8_t)(u->shift_data & ((1u << data_bits) - 1u));
    sim_machine *m = u->block.part->m;
    rate r = rate_of(u);
    bool wired = connected(u, u->kind->tx, &pin);
    sim_trace(m, SIM_TRACE_UART, "%s sends 0x%02X%s", u->kind->link_name, byte,
              wired ? "" : ", but no pin is set to it");
    if (wired && u->link != NULL && u->link->byte_out != NULL) {
        u->link->byte_out(u->link->ctx, byte, baud_of(&r));
    }
}

static void tx_end(void *self)
{
    sim_uart *u = self;
    shift_kind was = u->shift;
    u->shift = SHIFT_NONE;
    if (was == SHIFT_DATA) {
        send_out(u);
    } else if (was == SHIFT_BREAK) {
        sim_trace(u->block.part->m, SIM_TRACE_UART, "%s sends a break", u->kind->link_name);
    }
    start_shift(u);
    if (u->shift == SHIFT_NONE && was != SHIFT_IDLE && u->tx_count == 0u) {
        u->flags |= ISR_TC;
    }
    update(u);
}

/* ---- receiver ------------------------------------------------------------------------- */

static void receive(sim_uart *u, uint32_t data, uint32_t errors)
{
    sim_machine *m = u->block.part->m;
    bool keep_old = (u->block.value[R_CR3] & CR3_OVRDIS) == 0u;
    bool full = u->rx_count == depth(u);
    sim_trace(m, SIM_TRACE_UART, "%s hears 0x%02X%s%s", u->kind->link_name, data & 0x1FFu,
              (errors & ISR_FE) != 0u ? " framing error" : "",
              keep_old && full ? ", lost: overrun" : "");
    if (keep_old && (u->flags & ISR_ORE) != 0u) {
        return; /* until ORE is cleared */
    }
    if (full && keep_old) {
        u->flags |= ISR_ORE;
        return;
    }
    if (full) {
        u->rx_count--; /* OVRDIS: the newest replaces the last */
    }
    u->rx[u->rx_count] = (frame){(uint16_t)data, (uint8_t)errors};
    u->rx_count++;
    if (!flag(u, R_CR1, CR1_FIFOEN)) {
        u->flags |= errors;
    }
    if ((data & 0xFFu) == u->block.value[R_CR2] >> 24) {
        u->flags |= ISR_CMF;
    }
}

/* After the last frame: IDLE a frame later, RTOF when RTOR's time has passed. */
static void plan_silence(sim_uart *u)
{
    sim_machine *m = u->block.part->m;
    rate r = rate_of(u);
    if (!on(u, CR1_RE) || r.count == 0u) {
        return;
    }
    sim_schedule(m, &u->idle, sim_now(m) + half_bits_ps(&r, frame_half_bits(u)));
    if (!u->kind->low_power && flag(u, R_CR2, CR2_RTOEN)) {
        uint64_t bits = u->block.value[R_RTOR] & 0xFFFFFFu;
        sim_schedule(m, &u->timeout, sim_now(m) + half_bits_ps(&r, 2u * bits));
    }
}

static void line_idle(void *self)
{
    sim_uart *u = self;
    u->flags |= ISR_IDLE;
    update(u);
}

static void line_timeout(void *self)
{
    sim_uart *u = self;
    u->flags |= ISR_RTOF;
    update(u);
}

static uint32_t with_parity(const sim_uart *u, uint32_t byte)
{
    unsigned bits = word_bits(u);
    if (!flag(u, R_CR1, CR1_PCE)) {
        return byte;
    }
    byte &= (1u << (bits - 1u)) - 1u;
    uint32_t odd = flag(u, R_CR1, CR1_PS) ? 1u : 0u;
    for (uint32_t rest = byte; rest != 0u; rest &= rest - 1u) {
        odd ^= 1u;
    }
    return byte | odd << (bits - 1u);
}

/* What the receiver makes of a frame sent at another rate: it samples the middle of
 * its own bits; after the far end's stop bit the line is high. */
static void receive_sampled(sim_uart *u, const rate *r)
{
    unsigned bits = word_bits(u);
    uint32_t wave = with_parity(u, u->wire_byte) << 1 | ~0u << (bits + 1u);
    uint32_t data = 0;
    bool stop = true;
    for (unsigned i = 1; i <= bits + 1u; i++) {
        uint64_t sent = half_bits_ps(r, 2u * i + 1u) / sim_periods(1, u->wire_baud);
        bool level = sent > 31u || (wave >> sent & 1u) != 0u;
        if (i <= bits) {
            data |= (level ? 1u : 0u) << (i - 1u);
        } else {
            stop = level;
        }
    }
    uint32_t errors = stop ? 0u : ISR_FE;
    if (flag(u, R_CR1, CR1_PCE) && with_parity(u, data) != data) {
        errors |= ISR_PE;
    }
    receive(u, data, errors);
}

static void next_from_wire(sim_uart *u)
{
    sim_machine *m = u->block.part->m;
    if (u->wire_busy || u->link == NULL || u->link->byte_in == NULL) {
        return;
    }
    int byte = u->link->byte_in(u->link->ctx);
    if (byte < 0) {
        return;
    }
    rate r = rate_of(u);
    sim_ps length;
    u->wire_baud = u->link->baud;
    if (u->wire_baud == 0u && flag(u, R_CR1, CR1_UE) && r.count != 0u) {
        length = half_bits_ps(&r, frame_half_bits(u));
    } else {
        uint32_t baud = u->wire_baud != 0u ? u->wire_baud : USUAL_BAUD;
        length = sim_periods(frame_half_bits(u), 2ull * baud);
    }
    u->wire_byte = (uint8_t)byte;
    u->wire_busy = true;
    u->heard = listening(u);
    if (u->heard) {
        sim_cancel(m, &u->idle);
        sim_cancel(m, &u->timeout);
    }
    sim_schedule(m, &u->wire_end, sim_now(m) + length);
}

static void wire_end(void *self)
{
    sim_uart *u = self;
    rate r = rate_of(u);
    u->wire_busy = false;
    bool heard = u->heard && listening(u);
    if (heard && (u->wire_baud == 0u || u->wire_baud == baud_of(&r))) {
        receive(u, with_parity(u, u->wire_byte), 0);
    } else if (heard) {
        receive_sampled(u, &r);
    } else {
        sim_trace(u->block.part->m, SIM_TRACE_UART, "%s does not listen, 0x%02X is lost",
                  u->kind->link_name, u->wire_byte);
    }
    next_from_wire(u);
    if (heard && !u->wire_busy) {
        plan_silence(u);
    }
    update(u);
}

/* ---- a pin driven by hand: breaks and noise ------------------------------------------- */

static void low_end(void *self)
{
    sim_uart *u = self;
    rate r = rate_of(u);
    unsigned bits = word_bits(u);
    uint32_t data = 0;
    u->low_busy = false;
    if (!on(u, CR1_RE) || r.count == 0u ||
        u->low_from + half_bits_ps(&r, 1) >= u->low_until) { /* not even a start bit */
        update(u);
        return;
    }
    for (unsigned i = 1; i <= bits; i++) {
        bool level = u->low_from + half_bits_ps(&r, 2u * i + 1u) >= u->low_until;
        data |= (level ? 1u : 0u) << (i - 1u);
    }
    bool stop = u->low_from + half_bits_ps(&r, 2u * bits + 3u) >= u->low_until;
    receive(u, data, stop ? 0u : ISR_FE);
    plan_silence(u);
    update(u);
}

static void pin_changed(sim_uart *u, bool level)
{
    sim_machine *m = u->block.part->m;
    rate r = rate_of(u);
    if (level) {
        if (u->low_until == SIM_NEVER) {
            u->low_until = sim_now(m);
        }
        return;
    }
    u->heard = false; /* a frame in progress is trampled on */
    if (on(u, CR1_RE) && r.count != 0u && !u->low_busy) {
        u->low_busy = true;
        u->low_from = sim_now(m);
        u->low_until = SIM_NEVER;
        sim_schedule(m, &u->low_end, sim_now(m) + half_bits_ps(&r, frame_half_bits(u)));
    }
}

void sim_uart_pin(sim_part *part, unsigned port, unsigned pin, bool level)
{
    for (unsigned i = 0; i < SIM_PART_UARTS && part->uarts[i] != NULL; i++) {
        const sim_uart_pin_choice *used;
        sim_uart *u = part->uarts[i];
        if (connected(u, u->kind->rx, &used) && used->port == port && used->pin == pin) {
            pin_changed(u, level);
        }
    }
}

/* ---- registers ------------------------------------------------------------------------ */

/* Asked again and again while it still sends, and always with the same answer: a loop that waits
 * for the transmitter. */
static uint32_t polled(sim_uart *u)
{
    uint32_t isr = status(u);
    bool sends = (isr & (ISR_TXE | ISR_TC)) != (ISR_TXE | ISR_TC) && (isr & ISR_RXNE) == 0u;
    u->polls = sends && u->polled == isr ? u->polls + 1u : 0u;
    if (u->polls > 2u) {
        (void)sim_poll_busy(u->block.part->m);
        isr = status(u);
    }
    u->polled = isr;
    return isr;
}

static uint32_t uart_read(void *owner, unsigned reg, uint32_t stored)
{
    sim_uart *u = owner;
    if (reg == R_ISR) {
        return polled(u);
    }
    u->polls = 0;
    if (reg != R_RDR) {
        return stored;
    }
    uint32_t data = u->block.value[R_RDR];
    if (u->rx_count != 0u) {
        data = u->rx[0].data;
        u->rx_count--;
        memmove(&u->rx[0], &u->rx[1], u->rx_count * sizeof u->rx[0]);
        u->block.value[R_RDR] = data;
        update(u);
    }
    return data;
}

static void forget(sim_uart *u)
{
    sim_machine *m = u->block.part->m;
    sim_cancel(m, &u->tx_end);
    sim_cancel(m, &u->idle);
    sim_cancel(m, &u->timeout);
    sim_cancel(m, &u->low_end);
    u->flags = ISR_TC;
    u->tx_count = u->rx_count = 0;
    u->shift = SHIFT_NONE;
    u->idle_first = u->break_asked = u->low_busy = u->heard = false;
}

static void write_cr1(sim_uart *u, uint32_t old)
{
    uint32_t *cr1 = &u->block.value[R_CR1];
    if ((old & CR1_UE) != 0u && (*cr1 & CR1_UE) != 0u) {
        *cr1 = (*cr1 & ~CR1_FIXED) | (old & CR1_FIXED);
    }
    if ((*cr1 & CR1_UE) == 0u) {
        forget(u);
    }
    uint32_t now_on = *cr1 & ((*cr1 & CR1_UE) != 0u ? ~0u : 0u);
    uint32_t was_on = old & ((old & CR1_UE) != 0u ? ~0u : 0u);
    if ((now_on & ~was_on & CR1_TE) != 0u) {
        u->idle_first = true;
    }
    if ((now_on & CR1_RE) == 0u) {
        u->heard = false;
    }
    start_shift(u);
}

static sim_access refuse(sim_uart *u, unsigned reg, uint32_t raw)
{
    static const struct {
        uint8_t reg;
        uint32_t bits;
        const char *what;
    } missing[] = {{R_CR1, CR1_MME, "mute mode"},
                   {R_CR2, 1u << 0, "synchronous slave mode"},
                   {R_CR2, 1u << 11, "synchronous mode"},
                   {R_CR2, 1u << 14, "LIN mode"},
                   {R_CR2, 1u << 15, "swapped pins"},
                   {R_CR2, 7u << 16, "inverted levels or data"},
                   {R_CR2, 1u << 19, "most significant bit first"},
                   {R_CR2, 1u << 20, "automatic baud rate"},
                   {R_CR3, 1u << 1, "IrDA mode"},
                   {R_CR3, 1u << 3, "half duplex"},
                   {R_CR3, 1u << 5, "smartcard mode"},
                   {R_CR3, 3u << 8, "RTS and CTS flow control"},
                   {R_RQR, RQR_ABRRQ, "automatic baud rate"},
                   {R_RQR, RQR_MMRQ, "mute mode"}};
    for (size_t i = 0; i < SIM_ROWS(missing); i++) {
        if (missing[i].reg == reg && (raw & missing[i].bits) != 0u) {
            char why[64];
            snprintf(why, sizeof why, "%s is not modelled", missing[i].what);
            return sim_block_unmodelled(&u->block, reg, raw, why);
        }
    }
    return SIM_ACCESS_OK;
}

static void write_rqr(sim_uart *u, uint32_t raw)
{
    if ((raw & RQR_RXFRQ) != 0u) {
        u->rx_count = 0;
    }
    if ((raw & RQR_TXFRQ) != 0u) {
        u->tx_count = 0;
    }
    if ((raw & RQR_SBKRQ) != 0u) {
        u->break_asked = true;
        u->flags &= ~ISR_TC;
        start_shift(u);
    }
}

static void write_tdr(sim_uart *u)
{
    uint16_t data = (uint16_t)u->block.value[R_TDR];
    if (!flag(u, R_CR1, CR1_UE)) {
        return;
    }
    if (u->tx_count == depth(u)) { /* written without TXE: the newest replaces the last */
        u->tx_count--;
    }
    u->tx[u->tx_count++] = data;
    u->flags &= ~ISR_TC;
    start_shift(u);
}

static sim_access uart_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    static const uint32_t fixed[] = {[R_CR2] = CR2_FIXED, [R_CR3] = CR3_FIXED,
                                     [R_BRR] = ~0u,       [R_PRESC] = ~0u};
    sim_uart *u = owner;
    u->polls = 0;
    sim_access result = refuse(u, reg, raw);
    if (result != SIM_ACCESS_OK) {
        return result;
    }
    uint32_t *value = &u->block.value[reg];
    switch (reg) {
    case R_CR1:
        write_cr1(u, old);
        break;
    case R_CR2:
    case R_CR3:
    case R_BRR:
    case R_PRESC:
        if (flag(u, R_CR1, CR1_UE)) { /* these bits are read-only while UE is set */
            if (((*value ^ old) & fixed[reg]) != 0u) {
                sim_trace(u->block.part->m, SIM_TRACE_UART,
                          "%s: %s written while UE is set: ignored", u->kind->link_name,
                          u->block.regs[reg].name);
            }
            *value = (*value & ~fixed[reg]) | (old & fixed[reg]);
        }
        break;
    case R_RQR:
        write_rqr(u, raw);
        break;
    case R_ICR:
        u->flags &= ~(raw & (ISR_PE | ISR_FE | ISR_NE | ISR_ORE | ISR_IDLE | ISR_TC | ISR_RTOF |
                             ISR_CMF));
        if (u->rx_count != 0u) {
            u->rx[0].errors = (uint8_t)(u->rx[0].errors & ~raw);
        }
        break;
    case R_TDR:
        write_tdr(u);
        break;
    default:
        break;
    }
    update(u);
    return SIM_ACCESS_OK;
}

static void uart_reset(void *owner, unsigned cause, bool backup_lost)
{
    (void)cause, (void)backup_lost;
    forget(owner);
    update(owner);
}

/* ---- the far end ---------------------------------------------------------------------- */

static sim_uart *find(sim_machine *m, const char *name)
{
    sim_part *part = sim_get_part(m);
    for (unsigned i = 0; i < SIM_PART_UARTS && part->uarts[i] != NULL; i++) {
        if (strcasecmp(part->uarts[i]->kind->link_name, name) == 0) {
            return part->uarts[i];
        }
    }
    return NULL;
}

bool sim_uart_connect(sim_machine *m, const char *name, const sim_uart_link *link)
{
    sim_uart *u = find(m, name);
    if (u == NULL) {
        return false;
    }
    u->link = link;
    sim_gpio_line(u->block.part, u->kind->rx[0].port, u->kind->rx[0].pin, link != NULL ? 1 : -1);
    next_from_wire(u);
    return true;
}

const char *sim_uart_name(sim_machine *m, unsigned index)
{
    sim_part *part = sim_get_part(m);
    return index < SIM_PART_UARTS && part->uarts[index] != NULL
               ? part->uarts[index]->kind->link_name : NULL;
}

void sim_uart_poll(sim_machine *m, const char *name)
{
    sim_uart *u = find(m, name);
    if (u != NULL) {
        next_from_wire(u);
    }
}

static void make(sim_part *part, const sim_uart_kind *kinds, unsigned count, bool plain)
{
    static const sim_block_hooks hooks = {uart_read, uart_write, uart_reset};
    for (unsigned i = 0; i < count; i++) {
        sim_uart *u = sim_part_alloc(part, sizeof *u);
        bool low_power = kinds[i].low_power;
        sim_block_spec spec = {kinds[i].name,
                               kinds[i].base,
                               0x400u,
                               true,
                               low_power ? (plain ? rows_lpuart_plain : rows_lpuart)
                                         : (plain ? rows_plain : rows_usart),
                               low_power ? SIM_ROWS(rows_lpuart) : SIM_ROWS(rows_usart),
                               &hooks};
        u->kind = &kinds[i];
        u->flags = ISR_TC;
        sim_block_init(&u->block, part, u, &spec);
        u->tx_end = (sim_event){.fire = tx_end, .self = u};
        u->idle = (sim_event){.fire = line_idle, .self = u};
        u->timeout = (sim_event){.fire = line_timeout, .self = u};
        u->wire_end = (sim_event){.fire = wire_end, .self = u};
        u->low_end = (sim_event){.fire = low_end, .self = u};
        u->low_until = SIM_NEVER;
        part->uarts[i] = u;
    }
}

void sim_uarts_new(sim_part *part, const sim_uart_kind *kinds, unsigned count)
{
    make(part, kinds, count, false);
}

void sim_uarts_plain_new(sim_part *part, const sim_uart_kind *kinds, unsigned count)
{
    make(part, kinds, count, true);
}
