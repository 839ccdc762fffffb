/* DMA1 and DMA2 as controllers of eight streams with a FIFO of four words each (RM0410 8,
 * RM0433 15, RM0455 15). On F7 a stream picks one of its own requests by CHSEL, on H7 DMAMUX1
 * feeds it. Memory never makes a stream wait, so that DMEIF, and FEIF for an overrun or an
 * underrun, do not come; priorities and bursts cost nothing. */
#include <string.h>

#include "sim/periph/dma_stream.h"
#include "sim/periph/dmamux.h"

#define CONTROLLERS 2u
#define STREAMS 8u
#define FIFO_BYTES 16u
#define APB1 0x40000000u /* of the F7 */
#define APB1_BYTES 0x8000u

enum { R_LISR, R_HISR, R_LIFCR, R_HIFCR, R_STREAMS };
enum { S_CR, S_NDTR, S_PAR, S_M0AR, S_M1AR, S_FCR, S_COUNT };
#define ROWS (R_STREAMS + STREAMS * S_COUNT)

#define CR_EN 1u
#define CR_PFCTRL (1u << 5)
#define CR_DIR(cr) ((cr) >> 6 & 3u)
#define CR_CIRC (1u << 8)
#define CR_PINC (1u << 9)
#define CR_MINC (1u << 10)
#define CR_PSIZE(cr) ((cr) >> 11 & 3u)
#define CR_MSIZE(cr) ((cr) >> 13 & 3u)
#define CR_MSIZE_MASK (3u << 13)
#define CR_PINCOS (1u << 15)
#define CR_DBM (1u << 18)
#define CR_CT (1u << 19)
#define CR_PBURST(cr) ((cr) >> 21 & 3u)
#define CR_MBURST(cr) ((cr) >> 23 & 3u)
#define CR_BURSTS (15u << 21)
#define CR_CHSEL(cr) ((cr) >> 25 & 15u)
/* Only written while EN is 0; the interrupt enables and CIRC may be at any time. */
#define CR_FIXED 0x1FFFFEE0u
#define FCR_FTH(fcr) ((fcr) & 3u)
#define FCR_DMDIS 4u
#define FCR_FEIE 0x80u
#define FCR_FIXED 7u
#define FLAG_FE 1u
#define FLAG_DME 4u
#define FLAG_TE 8u
#define FLAG_HT 16u
#define FLAG_TC 32u
#define FLAGS 0x3Du

enum { TO_MEMORY, TO_PERIPH, MEMORY_TO_MEMORY };

#define STREAM(n, at)                                                                        \
    {(at), "S" #n "CR", 0, 0x1FFFFFFFu}, {(at) + 4u, "S" #n "NDTR", 0, 0xFFFFu},             \
        {(at) + 8u, "S" #n "PAR", 0, 0xFFFFFFFFu}, {(at) + 12u, "S" #n "M0AR", 0, 0xFFFFFFFFu}, \
        {(at) + 16u, "S" #n "M1AR", 0, 0xFFFFFFFFu}, {(at) + 20u, "S" #n "FCR", 1u, 0x87u}
static const sim_reg rows[ROWS] = {
    {0x00, "LISR", 0, 0}, {0x04, "HISR", 0, 0}, {0x08, "LIFCR", 0, 0}, {0x0C, "HIFCR", 0, 0},
    STREAM(0, 0x10),      STREAM(1, 0x28),      STREAM(2, 0x40),       STREAM(3, 0x58),
    STREAM(4, 0x70),      STREAM(5, 0x88),      STREAM(6, 0xA0),       STREAM(7, 0xB8),
};

struct controller;
typedef struct stream {
    struct controller *of;
    unsigned number;
    uint32_t programmed; /* NDTR as software wrote it, for the next round */
    uint32_t periph_at, memory_at;
    uint32_t to_fetch; /* bytes still in memory, of this round */
    uint8_t fifo[FIFO_BYTES];
    unsigned level; /* bytes in it */
    bool stopping;  /* EN was written 0 while a datum was on its way */
    sim_event next;
} stream;

typedef struct controller {
    sim_block block;
    struct both *both;
    unsigned number;
    stream streams[STREAMS];
} controller;

typedef struct both {
    const sim_dma_stream_kind *kind;
    controller controllers[CONTROLLERS];
    sim_dmamux mux; /* H7 */
    sim_dma_listener listener;
} both;

static uint32_t *reg_of(const stream *s, unsigned which)
{
    return &s->of->block.value[R_STREAMS + s->number * S_COUNT + which];
}

static uint32_t cr_of(const stream *s)
{
    return *reg_of(s, S_CR);
}

static sim_machine *machine_of(const stream *s)
{
    return s->of->block.part->m;
}

/* ---- flags ---- */

static unsigned flags_shift(const stream *s)
{
    static const uint8_t shifts[4] = {0, 6, 16, 22};
    return shifts[s->number % 4u];
}

static uint32_t *flags_word(const stream *s)
{
    return &s->of->block.value[s->number < 4u ? R_LISR : R_HISR];
}

static uint32_t flags_of(const stream *s)
{
    return *flags_word(s) >> flags_shift(s) & FLAGS;
}

static void update_irq(const stream *s)
{
    static const uint8_t irqs[CONTROLLERS][STREAMS] = {{11, 12, 13, 14, 15, 16, 17, 47},
                                                       {56, 57, 58, 59, 60, 68, 69, 70}};
    uint32_t flags = flags_of(s), cr = cr_of(s);
    uint32_t enabled = (cr & 2u) << 1 | (cr & 4u) << 1 | (cr & 8u) << 1 | (cr & 16u) << 1;
    enabled |= (*reg_of(s, S_FCR) & FCR_FEIE) != 0u ? FLAG_FE : 0u;
    sim_part_irq(s->of->block.part, irqs[s->of->number][s->number], 0, (flags & enabled) != 0u);
}

static void raise(stream *s, uint32_t flags)
{
    *flags_word(s) |= flags << flags_shift(s);
    update_irq(s);
}

static void clear_flags(controller *d, unsigned first, uint32_t raw)
{
    for (unsigned i = first; i < first + 4u; i++) {
        stream *s = &d->streams[i];
        *flags_word(s) &= ~(raw & FLAGS << flags_shift(s));
        update_irq(s);
    }
}

/* ---- requests ---- */

static unsigned request_of(const stream *s)
{
    const both *all = s->of->both;
    if (all->kind->mux) {
        return sim_dmamux_request(&all->mux, s->of->number * STREAMS + s->number);
    }
    for (unsigned i = 0; i < all->kind->choices_count; i++) {
        const sim_dma_choice *c = &all->kind->choices[i];
        if (c->controller == s->of->number + 1u && c->stream == s->number &&
            c->channel == CR_CHSEL(cr_of(s))) {
            return c->request;
        }
    }
    return 0;
}

static bool wanted(const stream *s)
{
    if ((cr_of(s) & CR_EN) == 0u || *reg_of(s, S_NDTR) == 0u ||
        !sim_block_clocked(&s->of->block)) {
        return false;
    }
    return CR_DIR(cr_of(s)) == MEMORY_TO_MEMORY ||
           sim_dma_requested(s->of->block.part, request_of(s));
}

static void plan(stream *s)
{
    sim_machine *m = machine_of(s);
    if (s->stopping) {
        return;
    }
    if (!wanted(s)) {
        sim_cancel(m, &s->next);
    } else if (!s->next.queued) {
        uint64_t cycles = s->of->both->kind->cycles;
        sim_schedule(m, &s->next, sim_now(m) + sim_periods(cycles, sim_hclk_hz(m)));
    }
}

static void line_changed(void *owner, unsigned request)
{
    both *all = owner;
    for (unsigned i = 0; i < CONTROLLERS * STREAMS; i++) {
        stream *s = &all->controllers[i / STREAMS].streams[i % STREAMS];
        if (request_of(s) == request) {
            plan(s);
        }
    }
}

static void selection_changed(void *owner, unsigned channel)
{
    both *all = owner;
    plan(&all->controllers[channel / STREAMS].streams[channel % STREAMS]);
}

/* ---- the two ports ---- */

static bool reached(const stream *s, uint32_t address, bool periph_port)
{
    const sim_dma_stream_kind *kind = s->of->both->kind;
    for (unsigned i = 0; i < SIM_DMA_WALLS && kind->walls[i].bytes != 0u; i++) {
        if (address - kind->walls[i].base < kind->walls[i].bytes) {
            return false;
        }
    }
    return !periph_port || !kind->dma1_apb1 || s->of->number != 0u ||
           address - APB1 < APB1_BYTES;
}

static bool take(stream *s, uint32_t address, unsigned size, bool periph_port)
{
    uint32_t value;
    if (!reached(s, address, periph_port) ||
        sim_bus_read(machine_of(s), address, size, &value) != SIM_ACCESS_OK) {
        return false;
    }
    for (unsigned i = 0; i < size; i++) {
        s->fifo[s->level++] = (uint8_t)(value >> (8u * i));
    }
    return true;
}

/* What is missing of the last item is whatever the FIFO had there before (RM0410 8.3.14). */
static bool put(stream *s, uint32_t address, unsigned size, bool periph_port)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value |= (uint32_t)s->fifo[i] << (8u * i);
    }
    unsigned gone = s->level < size ? s->level : size;
    s->level -= gone;
    memmove(s->fifo, s->fifo + gone, FIFO_BYTES - gone);
    return reached(s, address, periph_port) &&
           sim_bus_write(machine_of(s), address, size, value) == SIM_ACCESS_OK;
}

static unsigned periph_bytes(const stream *s)
{
    return 1u << CR_PSIZE(cr_of(s));
}

static unsigned memory_bytes(const stream *s)
{
    return 1u << CR_MSIZE(cr_of(s));
}

static uint32_t next_periph(stream *s)
{
    uint32_t at = s->periph_at, cr = cr_of(s);
    if ((cr & CR_PINC) != 0u) {
        s->periph_at += (cr & CR_PINCOS) != 0u ? 4u : periph_bytes(s);
    }
    return at;
}

static uint32_t next_memory(stream *s)
{
    uint32_t at = s->memory_at;
    s->memory_at += (cr_of(s) & CR_MINC) != 0u ? memory_bytes(s) : 0u;
    return at;
}

static unsigned threshold_bytes(const stream *s)
{
    return (FCR_FTH(*reg_of(s, S_FCR)) + 1u) * (FIFO_BYTES / 4u);
}

static bool direct(const stream *s)
{
    return (*reg_of(s, S_FCR) & FCR_DMDIS) == 0u;
}

static bool drain(stream *s, unsigned least)
{
    while (s->level != 0u && s->level >= least) {
        if (!put(s, next_memory(s), memory_bytes(s), false)) {
            return false;
        }
    }
    return true;
}

/* RM0410 8.3.14: in direct mode one datum ahead, otherwise the whole FIFO. */
static bool fill(stream *s)
{
    unsigned room = direct(s) ? memory_bytes(s) : FIFO_BYTES;
    while (s->to_fetch != 0u && s->level + memory_bytes(s) <= room) {
        s->to_fetch -= memory_bytes(s);
        if (!take(s, next_memory(s), memory_bytes(s), false)) {
            return false;
        }
    }
    return true;
}

/* ---- a transfer ---- */

static void to_start(stream *s)
{
    uint32_t cr = cr_of(s);
    s->periph_at = *reg_of(s, S_PAR);
    s->memory_at =
        *reg_of(s, (cr & (CR_DBM | CR_CT)) == (CR_DBM | CR_CT) ? S_M1AR : S_M0AR);
    s->to_fetch = CR_DIR(cr) == TO_PERIPH ? *reg_of(s, S_NDTR) * periph_bytes(s) : 0u;
}

static void switch_off(stream *s, uint32_t flags)
{
    *reg_of(s, S_CR) &= ~CR_EN;
    s->level = 0;
    s->stopping = false;
    sim_cancel(machine_of(s), &s->next);
    raise(s, flags);
}

/* One peripheral datum, and what it sets off on the memory's side. */
static bool move(stream *s, uint32_t left)
{
    if (CR_DIR(cr_of(s)) == TO_PERIPH) {
        if (s->level < periph_bytes(s) && !fill(s)) {
            return false;
        }
        return put(s, next_periph(s), periph_bytes(s), true) &&
               ((!direct(s) && s->level > threshold_bytes(s)) || fill(s));
    }
    if (!take(s, next_periph(s), periph_bytes(s), true)) {
        return false;
    }
    bool whole = left == 0u || direct(s) || s->level >= threshold_bytes(s);
    return !whole || drain(s, left == 0u ? 1u : memory_bytes(s));
}

static void round_done(stream *s)
{
    uint32_t *cr = reg_of(s, S_CR);
    if ((*cr & (CR_CIRC | CR_DBM)) == 0u) {
        switch_off(s, FLAG_TC);
        return;
    }
    *cr ^= (*cr & CR_DBM) != 0u ? CR_CT : 0u;
    *reg_of(s, S_NDTR) = s->programmed;
    to_start(s);
    raise(s, FLAG_TC);
    if (CR_DIR(*cr) == TO_PERIPH && !fill(s)) {
        switch_off(s, FLAG_TE);
    }
}

static bool beat(stream *s)
{
    uint32_t *left = reg_of(s, S_NDTR);
    /* Counted first: the access below may make its peripheral look at the stream again. */
    *left -= 1u;
    if (!move(s, *left)) {
        switch_off(s, FLAG_TE);
        return false;
    }
    if (*left == s->programmed / 2u) {
        raise(s, FLAG_HT);
    }
    if (*left == 0u) {
        round_done(s);
        return false;
    }
    return true;
}

/* RM0410 8.3.15: what the FIFO has goes to memory, and TCIF tells that the stream is off. */
static void stop(stream *s)
{
    bool sound = CR_DIR(cr_of(s)) == TO_PERIPH || drain(s, 1u);
    switch_off(s, sound ? FLAG_TC : FLAG_TE);
}

static unsigned burst_of(unsigned field)
{
    return field == 0u ? 1u : 2u << field;
}

static void transfer(void *self)
{
    stream *s = self;
    unsigned beats = burst_of(CR_PBURST(cr_of(s)));
    while (beats != 0u && wanted(s) && beat(s)) {
        beats--;
    }
    if ((cr_of(s) & CR_EN) == 0u) {
        return;
    }
    if (s->stopping) {
        stop(s);
    } else {
        plan(s);
    }
}

/* ---- registers ---- */

/* What the manual forbids. NULL: nothing wrong. */
static const char *forbidden(const stream *s)
{
    uint32_t cr = cr_of(s);
    bool copies = CR_DIR(cr) == MEMORY_TO_MEMORY;
    unsigned p = periph_bytes(s), m = memory_bytes(s);
    if (flags_of(s) != 0u) {
        return "enabled before its flags were cleared";
    }
    if (CR_DIR(cr) == 3u || CR_PSIZE(cr) == 3u || CR_MSIZE(cr) == 3u) {
        return "a reserved direction or data size";
    }
    if ((cr & CR_PFCTRL) != 0u) {
        return "the peripheral as flow controller is not modelled";
    }
    if (copies && s->of->both->kind->dma1_apb1 && s->of->number == 0u) {
        return "memory to memory is DMA2's alone";
    }
    if (copies && (cr & (CR_CIRC | CR_DBM)) != 0u) {
        return "memory to memory neither circular nor with two buffers";
    }
    if (((*reg_of(s, S_PAR) & (p - 1u)) | (*reg_of(s, S_M0AR) & (m - 1u))) != 0u ||
        ((cr & CR_DBM) != 0u && (*reg_of(s, S_M1AR) & (m - 1u)) != 0u)) {
        return "an address that is not aligned to the size of its data";
    }
    if (*reg_of(s, S_NDTR) * p % m != 0u) {
        return "NDTR is not a whole number of memory data";
    }
    unsigned burst = burst_of(CR_PBURST(cr)) * p;
    if (burst > FIFO_BYTES || (burst == FIFO_BYTES && threshold_bytes(s) == 12u)) {
        return "a peripheral burst that the FIFO cannot take";
    }
    return NULL;
}

/* RM0410 8.3.13: the threshold is to be whole bursts. */
static bool burst_fits(const stream *s)
{
    unsigned bytes = burst_of(CR_MBURST(cr_of(s))) * memory_bytes(s);
    return bytes == memory_bytes(s) || threshold_bytes(s) % bytes == 0u;
}

static sim_access enable(stream *s, unsigned reg, uint32_t raw)
{
    uint32_t *cr = reg_of(s, S_CR);
    if (*reg_of(s, S_NDTR) == 0u) {
        *reg_of(s, S_NDTR) = s->programmed;
    }
    *reg_of(s, S_FCR) |= CR_DIR(*cr) == MEMORY_TO_MEMORY ? FCR_DMDIS : 0u;
    *cr |= (*cr & CR_DBM) != 0u ? CR_CIRC : 0u;
    if (direct(s)) {
        *cr = (*cr & ~(CR_MSIZE_MASK | CR_BURSTS | CR_PINCOS)) | CR_PSIZE(*cr) << 13;
    }
    *cr &= ~(CR_PBURST(*cr) != 0u ? CR_PINCOS : 0u);
    const char *why = forbidden(s);
    if (why != NULL) {
        return sim_block_unmodelled(&s->of->block, reg, raw, why);
    }
    if (!direct(s) && !burst_fits(s)) {
        switch_off(s, FLAG_FE);
        return SIM_ACCESS_OK;
    }
    s->level = 0;
    to_start(s);
    if (CR_DIR(*cr) == TO_PERIPH && !fill(s)) {
        switch_off(s, FLAG_TE);
    }
    return SIM_ACCESS_OK;
}

static sim_access write_cr(stream *s, unsigned reg, uint32_t old, uint32_t raw)
{
    uint32_t *cr = reg_of(s, S_CR);
    *cr &= s->of->both->kind->cr_bits;
    if ((old & CR_EN) == 0u) {
        if ((*cr & CR_EN) != 0u && enable(s, reg, raw) != SIM_ACCESS_OK) {
            return SIM_ACCESS_STOP;
        }
        plan(s);
    } else {
        bool off = (*cr & CR_EN) == 0u;
        *cr = (*cr & ~CR_FIXED) | (old & CR_FIXED) | CR_EN;
        if (off && s->next.queued) {
            s->stopping = true; /* EN reads 1 until the datum has arrived */
        } else if (off) {
            stop(s);
        }
    }
    update_irq(s);
    return SIM_ACCESS_OK;
}

/* The buffer that is not in use may be moved; a write to the other is an error. */
static void write_memory_address(stream *s, unsigned which, uint32_t old)
{
    uint32_t cr = cr_of(s);
    bool current = ((cr & CR_CT) != 0u) == (which == S_M1AR);
    if ((cr & CR_EN) == 0u || ((cr & CR_DBM) != 0u && !current)) {
        return;
    }
    *reg_of(s, which) = old;
    if ((cr & CR_DBM) != 0u) {
        switch_off(s, FLAG_TE);
    }
}

static sim_access write_stream(controller *d, unsigned reg, uint32_t old, uint32_t raw)
{
    stream *s = &d->streams[(reg - R_STREAMS) / S_COUNT];
    unsigned which = (reg - R_STREAMS) % S_COUNT;
    uint32_t *value = &d->block.value[reg];
    bool on = (cr_of(s) & CR_EN) != 0u;
    switch (which) {
    case S_CR:
        return write_cr(s, reg, old, raw);
    case S_M0AR:
    case S_M1AR:
        write_memory_address(s, which, old);
        break;
    case S_FCR:
        *value = on ? (*value & ~FCR_FIXED) | (old & FCR_FIXED) : *value;
        update_irq(s);
        break;
    default: /* read-only while the stream is on */
        *value = on ? old : *value;
        s->programmed = which == S_NDTR && !on ? *value : s->programmed;
        break;
    }
    return SIM_ACCESS_OK;
}

static sim_access dma_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    controller *d = owner;
    if (reg >= R_STREAMS) {
        return write_stream(d, reg, old, raw);
    }
    if (reg >= R_LIFCR) {
        clear_flags(d, reg == R_LIFCR ? 0u : 4u, raw);
    }
    return SIM_ACCESS_OK;
}

/* FCR.FS: how full the FIFO is. */
static uint32_t dma_read(void *owner, unsigned reg, uint32_t stored)
{
    const controller *d = owner;
    if (reg < R_STREAMS || (reg - R_STREAMS) % S_COUNT != S_FCR) {
        return stored;
    }
    unsigned level = d->streams[(reg - R_STREAMS) / S_COUNT].level;
    unsigned quarters = level * 4u / FIFO_BYTES;
    return stored | (level == 0u ? 4u : level == FIFO_BYTES ? 5u : quarters) << 3;
}

static void dma_reset(void *owner, unsigned cause, bool backup_lost)
{
    controller *d = owner;
    (void)cause, (void)backup_lost;
    for (unsigned i = 0; i < STREAMS; i++) {
        stream *s = &d->streams[i];
        sim_cancel(d->block.part->m, &s->next);
        s->level = 0;
        s->programmed = 0;
        s->stopping = false;
        update_irq(s);
    }
}

/* The registers take words only (RM0410 8.2, RM0433 15.2). */
static sim_access bus_read(void *self, uint32_t offset, unsigned size, uint32_t *value)
{
    sim_block *b = self;
    return size == 4u
               ? sim_block_read(self, offset, size, value)
               : sim_unmodelled(b->part->m, &b->periph, offset, size, false, 0, "not a word");
}

static sim_access bus_write(void *self, uint32_t offset, unsigned size, uint32_t value)
{
    sim_block *b = self;
    return size == 4u
               ? sim_block_write(self, offset, size, value)
               : sim_unmodelled(b->part->m, &b->periph, offset, size, true, value, "not a word");
}

void sim_dma_streams_new(sim_part *part, const sim_dma_stream_kind *kind)
{
    static const sim_block_hooks hooks = {dma_read, dma_write, dma_reset};
    static const sim_dmamux_kind mux = {"DMAMUX1", 0x40020800u, 16u, 8u, 0x1FFF037Fu};
    both *all = sim_part_alloc(part, sizeof *all);
    all->kind = kind;
    for (unsigned i = 0; i < CONTROLLERS; i++) {
        controller *d = &all->controllers[i];
        sim_block_spec spec = {i == 0u ? "DMA1" : "DMA2", kind->base + 0x400u * i, 0x400u, false,
                               rows, ROWS, &hooks};
        d->both = all;
        d->number = i;
        for (unsigned n = 0; n < STREAMS; n++) {
            d->streams[n] = (stream){.of = d, .number = n};
            d->streams[n].next = (sim_event){.fire = transfer, .self = &d->streams[n]};
        }
        sim_block_init(&d->block, part, d, &spec);
        d->block.periph.read = bus_read;
        d->block.periph.write = bus_write;
    }
    if (kind->mux) {
        sim_dmamux_init(&all->mux, part, &mux, selection_changed, all);
    }
    all->listener = (sim_dma_listener){.changed = line_changed, .owner = all};
    sim_dma_listen(part, &all->listener);
}
