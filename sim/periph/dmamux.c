/* DMA request lines, and DMAMUX: synchronisation, events and request generators stop the run. */
#include "sim/periph/dmamux.h"

enum { M_CSR = SIM_DMAMUX_CHANNELS, M_CFR, M_RGSR, M_RGCFR, M_RG0CR,
       MUX_ROWS = M_RG0CR + SIM_DMAMUX_GENERATORS };
#define CCR_REQUEST 0x7Fu
#define CCR_EGE (1u << 9)
#define CCR_SE (1u << 16)

/* ---- lines ---- */

void sim_dma_listen(sim_part *part, sim_dma_listener *listener)
{
    listener->next = part->dma_listeners;
    part->dma_listeners = listener;
}

bool sim_dma_requested(const sim_part *part, unsigned request)
{
    return request != 0u && request < SIM_DMA_REQUESTS && part->dma_requests[request];
}

void sim_dma_request(sim_part *part, unsigned request, bool level)
{
    if (part->dma_requests[request] == level) {
        return;
    }
    part->dma_requests[request] = level;
    for (sim_dma_listener *l = part->dma_listeners; l != NULL; l = l->next) {
        l->changed(l->owner, request);
    }
}

/* ---- DMAMUX ---- */

unsigned sim_dmamux_request(const sim_dmamux *mux, unsigned channel)
{
    return mux->block.value[channel] & CCR_REQUEST;
}

static sim_access mux_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_dmamux *mux = owner;
    (void)old;
    if (reg < M_CSR && (raw & (CCR_SE | CCR_EGE)) != 0u) {
        return sim_block_unmodelled(&mux->block, reg, raw,
                                    "synchronisation and events are not modelled");
    }
    if (reg >= M_RG0CR && raw != 0u) {
        return sim_block_unmodelled(&mux->block, reg, raw, "request generators are not modelled");
    }
    if (reg < M_CSR) {
        mux->changed(mux->owner, reg);
    }
    return SIM_ACCESS_OK;
}

void sim_dmamux_init(sim_dmamux *mux, sim_part *part, const sim_dmamux_kind *kind,
                     void (*changed)(void *owner, unsigned output), void *owner)
{
    static const sim_block_hooks hooks = {NULL, mux_write, NULL};
    static const char *const channels[SIM_DMAMUX_CHANNELS] = {
        "C0CR", "C1CR", "C2CR",  "C3CR",  "C4CR",  "C5CR",  "C6CR",  "C7CR",
        "C8CR", "C9CR", "C10CR", "C11CR", "C12CR", "C13CR", "C14CR", "C15CR"};
    static const char *const generators[SIM_DMAMUX_GENERATORS] = {
        "RG0CR", "RG1CR", "RG2CR", "RG3CR", "RG4CR", "RG5CR", "RG6CR", "RG7CR"};
    sim_reg *rows = sim_part_alloc(part, MUX_ROWS * sizeof *rows);
    for (unsigned i = 0; i < kind->channels; i++) {
        rows[i] = (sim_reg){(uint16_t)(4u * i), channels[i], 0, kind->channel_bits};
    }
    rows[M_CSR] = (sim_reg){0x80, "CSR", 0, 0};
    rows[M_CFR] = (sim_reg){0x84, "CFR", 0, 0};
    for (unsigned i = 0; i < kind->generators; i++) {
        rows[M_RG0CR + i] = (sim_reg){(uint16_t)(0x100u + 4u * i), generators[i], 0, 0};
    }
    rows[M_RGSR] = (sim_reg){0x140, "RGSR", 0, 0};
    rows[M_RGCFR] = (sim_reg){0x144, "RGCFR", 0, 0};
    mux->changed = changed;
    mux->owner = owner;
    sim_block_spec spec = {kind->name, kind->base, 0x400u, false, rows, MUX_ROWS, &hooks};
    sim_block_init(&mux->block, part, mux, &spec);
}
