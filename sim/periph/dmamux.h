/* The lines by which peripherals ask for DMA, and the multiplexer that gives each channel or
 * stream one of them (RM0440 13, RM0432 12, RM0433 17). */
#ifndef SIM_DMAMUX_H
#define SIM_DMAMUX_H

#include "sim/periph/part/part.h"

/* A controller, told of each line that changed its level. */
typedef struct sim_dma_listener {
    void (*changed)(void *owner, unsigned request);
    void *owner;
    struct sim_dma_listener *next;
} sim_dma_listener;

void sim_dma_listen(sim_part *part, sim_dma_listener *listener);
/* Whether this line asks. Line 0 is nobody's and never does. */
bool sim_dma_requested(const sim_part *part, unsigned request);

#define SIM_DMAMUX_CHANNELS 16u
#define SIM_DMAMUX_GENERATORS 8u

typedef struct sim_dmamux_kind {
    const char *name;
    uint32_t base;
    unsigned channels, generators;
    uint32_t channel_bits; /* writable in CxCR */
} sim_dmamux_kind;

typedef struct sim_dmamux {
    sim_block block;
    void (*changed)(void *owner, unsigned output);
    void *owner;
} sim_dmamux;

/* `changed` is called when an output (a channel or stream) may have got another line. */
void sim_dmamux_init(sim_dmamux *mux, sim_part *part, const sim_dmamux_kind *kind,
                     void (*changed)(void *owner, unsigned output), void *owner);
/* The line that this channel listens to; 0: none. */
unsigned sim_dmamux_request(const sim_dmamux *mux, unsigned channel);

#endif
