/* GPDMA1 of the U5 with TZEN = 0 (RM0456 17): blocks by hardware or software request, linked
 * lists, suspension, every flag but trigger overrun. Triggers, requests for a whole block, bursts
 * on request, byte exchange, two-dimensional addressing and privilege stop the run. */
#include <stdio.h>

#include "sim/periph/dmamux.h"
#include "sim/periph/part/u5.h"

#define CHANNELS 16u
#define FIRST_2D 12u
#define TRANSFER_CYCLES 5u /* HCLK per datum or word of a node, arbitration included: estimated */
#define LIST_BYTES 0x10000u

enum { R_SECCFGR, R_PRIVCFGR, R_RCFGLOCKR, R_MISR, R_SMISR, R_CHANNELS };
/* From TR1 on as the words of a node in memory. */
enum { C_LBAR, C_FCR, C_SR, C_CR, C_TR1, C_TR2, C_BR1, C_SAR, C_DAR, C_TR3, C_BR2, C_LLR, C_COUNT };
#define ROWS (R_CHANNELS + CHANNELS * C_COUNT)

#define SR_IDLEF (1u << 0)
#define SR_TCF (1u << 8)
#define SR_HTF (1u << 9)
#define SR_DTEF (1u << 10)
#define SR_ULEF (1u << 11)
#define SR_USEF (1u << 12)
#define SR_SUSPF (1u << 13)
#define SR_EVENTS 0x7F00u /* the enables in CR and the clears in FCR have the same places */
#define CR_EN (1u << 0)
#define CR_RESET (1u << 1)
#define CR_SUSP (1u << 2)
#define CR_LSM (1u << 16)
#define CR_FIXED 0x00C30000u /* while the channel is on */
#define TR1_SINC (1u << 3)
#define TR1_SBX (1u << 13)
#define TR1_DINC (1u << 19)
#define TR1_DBX (1u << 26)
#define TR1_DHX (1u << 27)
#define TR2_REQSEL 0x7Fu
#define TR2_SWREQ (1u << 9)
#define TR2_DREQ (1u << 10)
#define TR2_BREQ (1u << 11)
#define BR1_BNDT 0xFFFFu
#define LLR_LA 0xFFFCu
#define LLR_UB1 (1u << 29)
enum { TCEM_BLOCK, TCEM_BLOCK_2D, TCEM_ITEM, TCEM_LAST };

typedef struct channel_reg {
    uint16_t offset;
    const char *name;
    uint32_t reset, writable, writable_2d; /* the latter of channels 12 to 15; 0: as the others */
    uint32_t update;                       /* LLR's bit that has it loaded from memory */
} channel_reg;

static const channel_reg channel_regs[C_COUNT] = {
    [C_LBAR] = {0x00, "LBAR", 0, 0xFFFF0000u, 0, 0},
    [C_FCR] = {0x0C, "FCR", 0, 0, 0, 0},
    [C_SR] = {0x10, "SR", SR_IDLEF, 0, 0, 0},
    [C_CR] = {0x14, "CR", 0, 0x00C37F05u, 0, 0},
    [C_TR1] = {0x40, "TR1", 0, 0x4FFB7BFBu, 0, 1u << 31},
    [C_TR2] = {0x44, "TR2", 0, 0xC33FCE7Fu, 0, 1u << 30},
    [C_BR1] = {0x48, "BR1", 0, BR1_BNDT, 0xF7FFFFFFu, LLR_UB1},
    [C_SAR] = {0x4C, "SAR", 0, 0xFFFFFFFFu, 0, 1u << 28},
    [C_DAR] = {0x50, "DAR", 0, 0xFFFFFFFFu, 0, 1u << 27},
    [C_TR3] = {0x54, "TR3", 0, 0, 0x1FFF1FFFu, 1u << 26},
    [C_BR2] = {0x58, "BR2", 0, 0, 0xFFFFFFFFu, 1u << 25},
    [C_LLR] = {0x7C, "LLR", 0, 0xF801FFFCu, 0xFE01FFFCu, 1u << 16},
};
#define LLR_UPDATES 0xFE010000u

typedef struct channel {
    struct gpdma *of;
    unsigned number;
    uint32_t block;   /* BNDT as it was programmed or loaded */
    bool linking;     /* the item's data are through; what follows is the link */
    bool half_told;
    uint8_t fifo[8];  /* towards the destination */
    unsigned queued;
    sim_event next;
} channel;

typedef struct gpdma {
    sim_block block;
    channel channels[CHANNELS];
    sim_dma_listener listener;
} gpdma;

static unsigned row_of(const channel *c, unsigned which)
{
    return R_CHANNELS + c->number * C_COUNT + which;
}

static uint32_t *reg_of(const channel *c, unsigned which)
{
    return &c->of->block.value[row_of(c, which)];
}

static unsigned source_bytes(const channel *c) { return 1u << (*reg_of(c, C_TR1) & 3u); }
static unsigned target_bytes(const channel *c) { return 1u << (*reg_of(c, C_TR1) >> 16 & 3u); }
static bool packs(const channel *c)
{
    return (*reg_of(c, C_TR1) >> 12 & 1u) != 0u && source_bytes(c) != target_bytes(c);
}

static uint32_t left(const channel *c) { return *reg_of(c, C_BR1) & BR1_BNDT; }
static void set_left(channel *c, uint32_t bytes)
{
    *reg_of(c, C_BR1) = (*reg_of(c, C_BR1) & ~BR1_BNDT) | bytes;
}

/* ---- flags, requests ---- */

static void update_irq(const channel *c)
{
    unsigned irq = c->number < 8u ? 29u + c->number : 72u + c->number;
    sim_part_irq(c->of->block.part, irq, 0,
                 (*reg_of(c, C_SR) & *reg_of(c, C_CR) & SR_EVENTS) != 0u);
}

static void raise(channel *c, uint32_t flags)
{
    *reg_of(c, C_SR) |= flags;
    update_irq(c);
}

/* RM0456 17.8.9, TCEM: which events this item's transfer makes. */
static bool tells(const channel *c, unsigned from, unsigned to)
{
    unsigned tcem = *reg_of(c, C_TR2) >> 30;
    return tcem >= from && tcem <= to;
}

static bool wanted(const channel *c)
{
    uint32_t cr = *reg_of(c, C_CR), tr2 = *reg_of(c, C_TR2);
    if ((cr & (CR_EN | CR_SUSP)) != CR_EN || !sim_block_clocked(&c->of->block)) {
        return false;
    }
    return c->linking || (tr2 & TR2_SWREQ) != 0u ||
           sim_dma_requested(c->of->block.part, tr2 & TR2_REQSEL);
}

static unsigned words_to_load(const channel *c)
{
    unsigned words = 0;
    for (unsigned i = C_TR1; i < C_COUNT; i++) {
        words += (*reg_of(c, C_LLR) & channel_regs[i].update) != 0u ? 1u : 0u;
    }
    return words;
}

static void plan(channel *c)
{
    sim_machine *m = c->of->block.part->m;
    if (!wanted(c)) {
        sim_cancel(m, &c->next);
    } else if (!c->next.queued) {
        unsigned words = c->linking ? words_to_load(c) : 0u;
        unsigned cycles = TRANSFER_CYCLES * (words > 0u ? words : 1u);
        sim_schedule(m, &c->next, sim_now(m) + sim_periods(cycles, sim_hclk_hz(m)));
    }
}

static void line_changed(void *owner, unsigned request)
{
    gpdma *g = owner;
    for (channel *c = g->channels; c < g->channels + CHANNELS; c++) {
        if ((*reg_of(c, C_TR2) & TR2_REQSEL) == request) {
            plan(c);
        }
    }
}

static void switch_off(channel *c, uint32_t flags)
{
    *reg_of(c, C_CR) &= ~(CR_EN | CR_SUSP);
    c->linking = false;
    c->queued = 0;
    raise(c, flags | SR_IDLEF);
}

/* ---- an item begins ---- */

static bool refuse(channel *c, unsigned which, const char *why)
{
    (void)sim_block_unmodelled(&c->of->block, row_of(c, which), *reg_of(c, which), why);
    *reg_of(c, C_CR) &= ~CR_EN;
    return false;
}

static bool modelled(channel *c)
{
    uint32_t tr1 = *reg_of(c, C_TR1), tr2 = *reg_of(c, C_TR2);
    unsigned polarity = tr2 >> 24 & 3u;
    bool by_hardware = (tr2 & TR2_SWREQ) == 0u;
    bool bursts = ((tr2 & TR2_DREQ) != 0u ? tr1 >> 20 : tr1 >> 4) & 0x3Fu;
    if (polarity == 1u || polarity == 2u) {
        return refuse(c, C_TR2, "triggers are not modelled");
    }
    if (by_hardware && (tr2 & TR2_BREQ) != 0u) {
        return refuse(c, C_TR2, "requests for a whole block (BREQ) are not modelled");
    }
    if (by_hardware && bursts) {
        return refuse(c, C_TR1, "bursts on a hardware request are not modelled");
    }
    if (((tr1 & TR1_SBX) != 0u && source_bytes(c) == 4u) ||
        ((tr1 & TR1_DBX) != 0u && target_bytes(c) >= 2u) ||
        ((tr1 & TR1_DHX) != 0u && target_bytes(c) == 4u)) {
        return refuse(c, C_TR1, "the exchange of bytes and half-words is not modelled");
    }
    if ((*reg_of(c, C_BR1) & ~BR1_BNDT) != 0u) {
        return refuse(c, C_BR1, "repeated blocks are not modelled");
    }
    for (unsigned which = C_TR3; which <= C_BR2; which++) {
        if (*reg_of(c, which) != 0u) {
            return refuse(c, which, "two-dimensional addressing is not modelled");
        }
    }
    uint32_t llr = *reg_of(c, C_LLR);
    if (left(c) == 0u && (llr & LLR_UPDATES) == 0u && (llr & LLR_LA) != 0u) {
        return refuse(c, C_LLR, "an item of no bytes that repeats itself for ever");
    }
    return true;
}

/* What the channel checks before it moves anything (RM0456 17.8.8, 17.8.10). */
static bool setting_is_right(const channel *c)
{
    uint32_t tr1 = *reg_of(c, C_TR1);
    if (left(c) == 0u) {
        return true;
    }
    return (tr1 & 3u) != 3u && (tr1 >> 16 & 3u) != 3u && left(c) % source_bytes(c) == 0u &&
           (!packs(c) || left(c) % target_bytes(c) == 0u) &&
           *reg_of(c, C_SAR) % source_bytes(c) == 0u && *reg_of(c, C_DAR) % target_bytes(c) == 0u;
}

/* false: not modelled */
static bool begin_item(channel *c)
{
    if (!modelled(c)) {
        return false;
    }
    if (!setting_is_right(c)) {
        switch_off(c, SR_USEF);
        return true;
    }
    *reg_of(c, C_SR) &= ~SR_IDLEF;
    c->block = left(c);
    c->linking = c->block == 0u;
    c->half_told = c->block == 0u;
    c->queued = 0;
    return true;
}

/* ---- data ---- */

static bool read_one(channel *c)
{
    unsigned size = source_bytes(c), width = packs(c) ? size : target_bytes(c);
    uint32_t value, *at = reg_of(c, C_SAR), tr1 = *reg_of(c, C_TR1);
    if (sim_bus_read(c->of->block.part->m, *at, size, &value) != SIM_ACCESS_OK) {
        return false;
    }
    value &= size == 4u ? ~0u : (1u << 8u * size) - 1u;
    bool other_way = (tr1 >> 11 & 3u) == 1u; /* signed, or the upper part of what is too wide */
    if (other_way && width > size && (value >> (8u * size - 1u)) != 0u) {
        value |= ~0u << 8u * size;
    } else if (other_way && width < size) {
        value >>= 8u * (size - width);
    }
    for (unsigned i = 0; i < width; i++) {
        c->fifo[c->queued++] = (uint8_t)(value >> 8u * i);
    }
    *at += (tr1 & TR1_SINC) != 0u ? size : 0u;
    set_left(c, left(c) - size);
    return true;
}

static bool write_one(channel *c)
{
    unsigned size = target_bytes(c);
    uint32_t value = 0, *at = reg_of(c, C_DAR);
    for (unsigned i = 0; i < size; i++) {
        value |= (uint32_t)c->fifo[i] << 8u * i;
    }
    c->queued -= size;
    for (unsigned i = 0; i < c->queued; i++) {
        c->fifo[i] = c->fifo[i + size];
    }
    if (sim_bus_write(c->of->block.part->m, *at, size, value) != SIM_ACCESS_OK) {
        return false;
    }
    *at += (*reg_of(c, C_TR1) & TR1_DINC) != 0u ? size : 0u;
    return true;
}

/* A request of the destination has one datum written, and first read what that takes; one of the
 * source, or software's, has one read, and written what that fills. */
static bool move(channel *c)
{
    unsigned size = target_bytes(c);
    uint32_t tr2 = *reg_of(c, C_TR2);
    if ((tr2 & (TR2_SWREQ | TR2_DREQ)) == TR2_DREQ) {
        while (c->queued < size) {
            if (!read_one(c)) {
                return false;
            }
        }
        return write_one(c);
    }
    if (!read_one(c)) {
        return false;
    }
    while (c->queued >= size) {
        if (!write_one(c)) {
            return false;
        }
    }
    return true;
}

static void data(channel *c)
{
    if (!move(c)) {
        switch_off(c, SR_DTEF);
        return;
    }
    bool last = (*reg_of(c, C_LLR) & (LLR_UPDATES | LLR_LA)) == 0u;
    uint32_t done = c->block - left(c) - c->queued;
    if (!c->half_told && done >= (c->block + 1u) / 2u) {
        c->half_told = true;
        raise(c, tells(c, TCEM_BLOCK, TCEM_ITEM) || last ? SR_HTF : 0u);
    }
    if (left(c) != 0u || c->queued != 0u) {
        return;
    }
    c->linking = true;
    raise(c, tells(c, TCEM_BLOCK, TCEM_BLOCK_2D) ? SR_TCF : 0u);
    if (last) {
        switch_off(c, tells(c, TCEM_ITEM, TCEM_LAST) ? SR_TCF : 0u);
    }
}

/* ---- the next item ---- */

static bool load(channel *c)
{
    uint32_t llr = *reg_of(c, C_LLR), at = llr & LLR_LA;
    sim_machine *m = c->of->block.part->m;
    for (unsigned i = C_TR1; i < C_COUNT; i++) {
        if ((llr & channel_regs[i].update) == 0u) {
            continue;
        }
        uint32_t value;
        if (at == LIST_BYTES) {
            return refuse(c, C_LLR, "a node across a boundary of 64 KB");
        }
        if (sim_bus_read(m, *reg_of(c, C_LBAR) + at, 4u, &value) != SIM_ACCESS_OK) {
            switch_off(c, SR_ULEF);
            return false;
        }
        *reg_of(c, i) = value & c->of->block.regs[row_of(c, i)].writable;
        at += 4u;
    }
    return true;
}

static void link(channel *c)
{
    uint32_t llr = *reg_of(c, C_LLR);
    bool item_tells = tells(c, TCEM_ITEM, TCEM_ITEM);
    if ((llr & (LLR_UPDATES | LLR_LA)) == 0u) { /* an item of no bytes was the last */
        switch_off(c, tells(c, TCEM_ITEM, TCEM_LAST) ? SR_TCF : 0u);
        return;
    }
    if ((llr & LLR_UB1) == 0u) {
        set_left(c, c->block); /* restored, and done again */
    }
    if (!load(c)) {
        return;
    }
    raise(c, item_tells ? SR_TCF : 0u);
    if ((*reg_of(c, C_CR) & CR_LSM) != 0u) {
        switch_off(c, 0u);
    } else {
        (void)begin_item(c);
    }
}

static void step(void *self)
{
    channel *c = self;
    if (!wanted(c)) {
        return;
    }
    if (c->linking) {
        link(c);
    } else {
        data(c);
    }
    plan(c);
}

/* ---- registers ---- */

/* Between two transfers a channel stands still, so that a suspension is complete at once. EN set
 * is not cleared by a 0. A channel that works is reset once it is suspended, which the same write
 * may ask for; what RESET alone does to it, the manual does not say. */
static sim_access write_cr(channel *c, uint32_t old, uint32_t raw)
{
    uint32_t *cr = reg_of(c, C_CR);
    bool was_on = (old & CR_EN) != 0u;
    if (was_on) {
        *cr = (*cr & ~CR_FIXED) | (old & CR_FIXED) | CR_EN;
    }
    if ((raw & CR_RESET) != 0u) {
        if (was_on && ((old | raw) & CR_SUSP) == 0u) {
            return sim_block_unmodelled(&c->of->block, row_of(c, C_CR), raw,
                                        "RESET of a channel that is not suspended");
        }
        switch_off(c, 0u);
    } else if ((*cr & CR_EN) != 0u) {
        if (!was_on && !begin_item(c)) {
            return SIM_ACCESS_STOP;
        }
        bool on = (*cr & CR_EN) != 0u, suspended = (*cr & CR_SUSP) != 0u;
        if (on && suspended && (!was_on || (old & CR_SUSP) == 0u)) {
            raise(c, SR_SUSPF | SR_IDLEF);
        } else if (on && !suspended) {
            *reg_of(c, C_SR) &= ~SR_IDLEF;
        }
    }
    update_irq(c);
    plan(c);
    return SIM_ACCESS_OK;
}

static sim_access gpdma_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    gpdma *g = owner;
    if (reg == R_PRIVCFGR || reg == R_RCFGLOCKR) {
        return raw == 0u ? SIM_ACCESS_OK
                         : sim_block_unmodelled(&g->block, reg, raw, "privilege is not modelled");
    }
    if (reg < R_CHANNELS) {
        return SIM_ACCESS_OK;
    }
    channel *c = &g->channels[(reg - R_CHANNELS) / C_COUNT];
    unsigned which = (reg - R_CHANNELS) % C_COUNT;
    if (which == C_CR) {
        return write_cr(c, old, raw);
    }
    if (which == C_FCR) {
        *reg_of(c, C_SR) &= ~(raw & SR_EVENTS);
        update_irq(c);
    } else if ((*reg_of(c, C_CR) & CR_EN) != 0u) {
        g->block.value[reg] = old; /* read-only while the channel is on */
    }
    return SIM_ACCESS_OK;
}

static uint32_t gpdma_read(void *owner, unsigned reg, uint32_t stored)
{
    const gpdma *g = owner;
    if (reg == R_MISR) {
        for (unsigned i = 0; i < CHANNELS; i++) {
            const channel *c = &g->channels[i];
            bool up = (*reg_of(c, C_SR) & *reg_of(c, C_CR) & SR_EVENTS) != 0u;
            stored |= (up ? 1u : 0u) << i;
        }
    } else if (reg >= R_CHANNELS && (reg - R_CHANNELS) % C_COUNT == C_SR) {
        const channel *c = &g->channels[(reg - R_CHANNELS) / C_COUNT];
        stored |= c->queued / target_bytes(c) << 16; /* FIFOL */
    }
    return stored;
}

static void gpdma_reset(void *owner, unsigned cause, bool backup_lost)
{
    gpdma *g = owner;
    (void)cause, (void)backup_lost;
    for (channel *c = g->channels; c < g->channels + CHANNELS; c++) {
        sim_cancel(g->block.part->m, &c->next);
        c->linking = false;
        c->queued = 0;
        update_irq(c);
    }
}

static sim_reg *make_rows(sim_part *part)
{
    static const sim_reg common[R_CHANNELS] = {{0x00, "SECCFGR", 0, 0}, {0x04, "PRIVCFGR", 0, 0},
                                               {0x08, "RCFGLOCKR", 0, 0}, {0x0C, "MISR", 0, 0},
                                               {0x10, "SMISR", 0, 0}};
    enum { NAME_BYTES = 8 };
    sim_reg *rows = sim_part_alloc(part, ROWS * sizeof *rows);
    char *name = sim_part_alloc(part, ROWS * NAME_BYTES);
    for (unsigned i = 0; i < R_CHANNELS; i++) {
        rows[i] = common[i];
    }
    for (unsigned i = R_CHANNELS; i < ROWS; i++, name += NAME_BYTES) {
        unsigned number = (i - R_CHANNELS) / C_COUNT;
        const channel_reg *r = &channel_regs[(i - R_CHANNELS) % C_COUNT];
        bool wide = number >= FIRST_2D;
        uint32_t writable = wide && r->writable_2d != 0u ? r->writable_2d : r->writable;
        bool missing = !wide && r->writable == 0u && r->writable_2d != 0u;
        (void)snprintf(name, NAME_BYTES, "C%u%s", number % 100u, r->name);
        rows[i] = (sim_reg){(uint16_t)(0x50u + 0x80u * number + r->offset), missing ? NULL : name,
                            r->reset, writable};
    }
    return rows;
}

void sim_gpdma_new(sim_part *part)
{
    static const sim_block_hooks hooks = {gpdma_read, gpdma_write, gpdma_reset};
    gpdma *g = sim_part_alloc(part, sizeof *g);
    sim_block_spec spec = {"GPDMA1", 0x40020000u, 0x1000u, false, make_rows(part), ROWS, &hooks};
    for (unsigned i = 0; i < CHANNELS; i++) {
        g->channels[i] = (channel){.of = g, .number = i};
        g->channels[i].next = (sim_event){.fire = step, .self = &g->channels[i]};
    }
    sim_block_init(&g->block, part, g, &spec);
    g->listener = (sim_dma_listener){.changed = line_changed, .owner = g};
    sim_dma_listen(part, &g->listener);
}
