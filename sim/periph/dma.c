/* DMA1 and DMA2 of STM32G4, L4 and L4+ (RM0440 12, RM0351 11, RM0432 11): memory to memory, and the
 * requests of the modelled peripherals. A channel gets its request from DMAMUX1, or on L47x from
 * the controller's own CSELR. */
#include "sim/periph/dmamux.h"

#define CONTROLLERS 2u
#define CHANNELS 8u
#define TRANSFER_CYCLES 5u /* HCLK per datum, arbitration included */

enum { R_ISR, R_IFCR, R_CSELR, R_CHANNELS };
enum { C_CCR, C_CNDTR, C_CPAR, C_CMAR, C_COUNT };
#define DMA_ROWS (R_CHANNELS + CHANNELS * C_COUNT)

#define CCR_EN 1u
#define CCR_DIR (1u << 4)
#define CCR_CIRC (1u << 5)
#define CCR_PINC (1u << 6)
#define CCR_MINC (1u << 7)
#define CCR_MEM2MEM (1u << 14)
#define CCR_INTERRUPTS 0xEu
#define FLAG_GIF 1u
#define FLAG_TC 2u
#define FLAG_HT 4u
#define FLAG_TE 8u

#define CHANNEL(n, at)                                                                     \
    {(at), "CCR" #n, 0, 0x7FFFu}, {(at) + 4u, "CNDTR" #n, 0, 0xFFFFu},                     \
        {(at) + 8u, "CPAR" #n, 0, 0xFFFFFFFFu}, {(at) + 12u, "CMAR" #n, 0, 0xFFFFFFFFu}
#define SEVEN_CHANNELS                                                                     \
    CHANNEL(1, 0x08), CHANNEL(2, 0x1C), CHANNEL(3, 0x30), CHANNEL(4, 0x44), CHANNEL(5, 0x58), \
        CHANNEL(6, 0x6C), CHANNEL(7, 0x80)
#define FLAGS {0x00, "ISR", 0, 0}, {0x04, "IFCR", 0, 0}
static const sim_reg rows_g4[DMA_ROWS] = {
    FLAGS, {0xA8, NULL, 0, 0}, SEVEN_CHANNELS, CHANNEL(8, 0x94)};
static const sim_reg rows_l4r[DMA_ROWS] = {FLAGS, {0xA8, NULL, 0, 0}, SEVEN_CHANNELS};
static const sim_reg rows_l47x[DMA_ROWS] = {
    FLAGS, {0xA8, "CSELR", 0, 0x0FFFFFFFu}, SEVEN_CHANNELS};

/* What CxS of CSELR has to be for a channel to listen to a line (RM0351 11.4.7). Lines that
 * nothing modelled drives are left out. */
typedef struct selection {
    uint8_t controller, channel, code, request;
} selection;

typedef struct dma_kind {
    const sim_reg *rows;
    unsigned channels;
    uint8_t irqs[CONTROLLERS][CHANNELS];
    const sim_dmamux_kind *mux;
    const selection *selections; /* where there is no DMAMUX */
    unsigned selection_count;
} dma_kind;

struct controller;
typedef struct channel {
    struct controller *of;
    unsigned number;
    uint32_t reload, periph_at, memory_at;
    sim_event next;
} channel;

typedef struct controller {
    sim_block block;
    struct dma *of;
    unsigned number;
    channel channels[CHANNELS];
} controller;

typedef struct dma {
    const dma_kind *kind;
    controller controllers[CONTROLLERS];
    sim_dmamux mux;
    sim_dma_listener listener;
} dma;

static uint32_t *reg_of(const channel *c, unsigned which)
{
    return &c->of->block.value[R_CHANNELS + c->number * C_COUNT + which];
}

static void update_irq(const channel *c)
{
    uint32_t flags = c->of->block.value[R_ISR] >> (4u * c->number);
    sim_part_irq(c->of->block.part, c->of->of->kind->irqs[c->of->number][c->number], 0,
                 (flags & *reg_of(c, C_CCR) & CCR_INTERRUPTS) != 0u);
}

static void raise(channel *c, uint32_t flags)
{
    c->of->block.value[R_ISR] |= (flags | FLAG_GIF) << (4u * c->number);
    update_irq(c);
}

static unsigned request_of(const channel *c)
{
    const dma *d = c->of->of;
    if (d->kind->mux != NULL) {
        return sim_dmamux_request(&d->mux, c->of->number * d->kind->channels + c->number);
    }
    uint32_t code = c->of->block.value[R_CSELR] >> (4u * c->number) & 15u;
    for (const selection *s = d->kind->selections;
         s < d->kind->selections + d->kind->selection_count; s++) {
        if (s->controller == c->of->number && s->channel == c->number && s->code == code) {
            return s->request;
        }
    }
    return 0;
}

static bool wanted(const channel *c)
{
    uint32_t ccr = *reg_of(c, C_CCR);
    if ((ccr & CCR_EN) == 0u || *reg_of(c, C_CNDTR) == 0u || !sim_block_clocked(&c->of->block)) {
        return false;
    }
    return (ccr & CCR_MEM2MEM) != 0u || sim_dma_requested(c->of->block.part, request_of(c));
}

static void plan(channel *c)
{
    sim_machine *m = c->of->block.part->m;
    if (!wanted(c)) {
        sim_cancel(m, &c->next);
    } else if (!c->next.queued) {
        sim_schedule(m, &c->next,
                     sim_now(m) + sim_periods(TRANSFER_CYCLES, sim_hclk_hz(m)));
    }
}

static bool move(channel *c)
{
    sim_machine *m = c->of->block.part->m;
    uint32_t ccr = *reg_of(c, C_CCR);
    unsigned psize = 1u << ((ccr >> 8) & 3u), msize = 1u << ((ccr >> 10) & 3u);
    bool to_periph = (ccr & CCR_DIR) != 0u;
    uint32_t value;
    sim_access result =
        sim_bus_read(m, to_periph ? c->memory_at : c->periph_at, to_periph ? msize : psize, &value);
    if (result == SIM_ACCESS_OK) {
        unsigned size = to_periph ? psize : msize;
        value &= size == 4u ? ~0u : (1u << (8u * size)) - 1u;
        result = sim_bus_write(m, to_periph ? c->periph_at : c->memory_at, size, value);
    }
    c->periph_at += (ccr & CCR_PINC) != 0u ? psize : 0u;
    c->memory_at += (ccr & CCR_MINC) != 0u ? msize : 0u;
    return result == SIM_ACCESS_OK;
}

static void transfer(void *self)
{
    channel *c = self;
    if (!wanted(c)) {
        return;
    }
    uint32_t *left = reg_of(c, C_CNDTR);
    /* Counted first: the access below may make its peripheral look at the channel again. */
    *left -= 1u;
    if (!move(c)) {
        *reg_of(c, C_CCR) &= ~CCR_EN;
        raise(c, FLAG_TE);
        return;
    }
    if (*left == c->reload / 2u) {
        raise(c, FLAG_HT);
    }
    if (*left == 0u) {
        if ((*reg_of(c, C_CCR) & CCR_CIRC) != 0u) {
            *left = c->reload;
            c->periph_at = *reg_of(c, C_CPAR);
            c->memory_at = *reg_of(c, C_CMAR);
        }
        raise(c, FLAG_TC);
    }
    plan(c);
}

static void line_changed(void *owner, unsigned request)
{
    dma *d = owner;
    unsigned count = d->kind->channels;
    for (unsigned i = 0; i < CONTROLLERS * count; i++) {
        channel *c = &d->controllers[i / count].channels[i % count];
        if (request_of(c) == request) {
            plan(c);
        }
    }
}

static void selection_changed(void *owner, unsigned output)
{
    dma *d = owner;
    unsigned count = d->kind->channels;
    plan(&d->controllers[output / count].channels[output % count]);
}

static sim_access write_channel(controller *d, unsigned reg, uint32_t old, uint32_t raw)
{
    channel *c = &d->channels[(reg - R_CHANNELS) / C_COUNT];
    unsigned which = (reg - R_CHANNELS) % C_COUNT;
    uint32_t *ccr = reg_of(c, C_CCR);
    if (which != C_CCR) {
        if ((*ccr & CCR_EN) != 0u) { /* read-only while the channel is on */
            d->block.value[reg] = old;
        } else if (which == C_CNDTR) {
            c->reload = d->block.value[reg];
        }
        return SIM_ACCESS_OK;
    }
    if ((*ccr & CCR_EN) != 0u && (((*ccr >> 8) & 3u) == 3u || ((*ccr >> 10) & 3u) == 3u)) {
        return sim_block_unmodelled(&d->block, reg, raw, "a reserved data size");
    }
    if ((old & CCR_EN) == 0u && (*ccr & CCR_EN) != 0u) {
        c->reload = *reg_of(c, C_CNDTR);
        c->periph_at = *reg_of(c, C_CPAR);
        c->memory_at = *reg_of(c, C_CMAR);
    }
    update_irq(c);
    plan(c);
    return SIM_ACCESS_OK;
}

static sim_access dma_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    controller *d = owner;
    if (reg >= R_CHANNELS) {
        return write_channel(d, reg, old, raw);
    }
    if (reg == R_CSELR) {
        for (unsigned i = 0; i < d->of->kind->channels; i++) {
            plan(&d->channels[i]);
        }
    } else if (reg == R_IFCR) {
        uint32_t *isr = &d->block.value[R_ISR];
        for (unsigned i = 0; i < d->of->kind->channels; i++) {
            uint32_t clear = (raw >> (4u * i)) & 15u;
            clear |= (clear & FLAG_GIF) != 0u ? 15u : 0u;
            *isr &= ~(clear << (4u * i));
            if (((*isr >> (4u * i)) & 14u) == 0u) {
                *isr &= ~(FLAG_GIF << (4u * i));
            }
            update_irq(&d->channels[i]);
        }
    }
    return SIM_ACCESS_OK;
}

static void dma_reset(void *owner, unsigned cause, bool backup_lost)
{
    controller *d = owner;
    (void)cause, (void)backup_lost;
    for (unsigned i = 0; i < d->of->kind->channels; i++) {
        sim_cancel(d->block.part->m, &d->channels[i].next);
        update_irq(&d->channels[i]);
    }
}

static void make(sim_part *part, const dma_kind *kind)
{
    static const sim_block_hooks hooks = {NULL, dma_write, dma_reset};
    dma *d = sim_part_alloc(part, sizeof *d);
    d->kind = kind;
    for (unsigned i = 0; i < CONTROLLERS; i++) {
        controller *k = &d->controllers[i];
        sim_block_spec spec = {i == 0u ? "DMA1" : "DMA2", 0x40020000u + 0x400u * i, 0x400u, false,
                               kind->rows, R_CHANNELS + kind->channels * C_COUNT, &hooks};
        k->of = d;
        k->number = i;
        for (unsigned n = 0; n < kind->channels; n++) {
            k->channels[n] = (channel){.of = k, .number = n};
            k->channels[n].next = (sim_event){.fire = transfer, .self = &k->channels[n]};
        }
        sim_block_init(&k->block, part, k, &spec);
    }
    if (kind->mux != NULL) {
        sim_dmamux_init(&d->mux, part, kind->mux, selection_changed, d);
    }
    d->listener = (sim_dma_listener){.changed = line_changed, .owner = d};
    sim_dma_listen(part, &d->listener);
}

void sim_dma_g4_new(sim_part *part)
{
    static const sim_dmamux_kind mux = {"DMAMUX1", 0x40020800u, 16u, 4u, 0x1FFF037Fu};
    static const dma_kind kind = {
        .rows = rows_g4, .channels = 8u, .mux = &mux,
        .irqs = {{11, 12, 13, 14, 15, 16, 17, 96}, {56, 57, 58, 59, 60, 97, 98, 99}}};
    make(part, &kind);
}

#define IRQS_L4 {{11, 12, 13, 14, 15, 16, 17}, {56, 57, 58, 59, 60, 68, 69}}

void sim_dma_l47x_new(sim_part *part)
{
    /* Requests by the numbers that DMAMUX gives them on the other lines. */
    static const selection selections[] = {
        {0, 1, 2, 29}, {0, 2, 2, 28}, /* USART3 TX, RX */
        {0, 3, 2, 25}, {0, 4, 2, 24}, /* USART1 */
        {0, 5, 2, 26}, {0, 6, 2, 27}, /* USART2 RX, TX */
        {1, 0, 2, 33}, {1, 1, 2, 32}, /* UART5 TX, RX */
        {1, 2, 2, 31}, {1, 4, 2, 30}, /* UART4 */
        {1, 5, 2, 25}, {1, 6, 2, 24}, /* USART1 */
        {1, 5, 4, 35}, {1, 6, 4, 34}, /* LPUART1 */
    };
    static const dma_kind kind = {.rows = rows_l47x, .channels = 7u, .irqs = IRQS_L4,
                                  .selections = selections,
                                  .selection_count = SIM_ROWS(selections)};
    make(part, &kind);
}

void sim_dma_l4r_new(sim_part *part)
{
    static const sim_dmamux_kind mux = {"DMAMUX1", 0x40020800u, 14u, 4u, 0x1FFF037Fu};
    static const dma_kind kind = {.rows = rows_l4r, .channels = 7u, .irqs = IRQS_L4, .mux = &mux};
    make(part, &kind);
}
