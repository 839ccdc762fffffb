/* The DMA controllers with streams, of F7 and H7: what differs between the lines. */
#ifndef SIM_DMA_STREAM_H
#define SIM_DMA_STREAM_H

#include "sim/periph/part/part.h"

/* F7: what a stream gets by CHSEL. */
typedef struct sim_dma_choice {
    uint8_t controller; /* 1 or 2 */
    uint8_t stream, channel;
    uint8_t request; /* the line of sim_dma_request() */
} sim_dma_choice;

typedef struct sim_dma_area {
    uint32_t base, bytes;
} sim_dma_area;

#define SIM_DMA_WALLS 3u
typedef struct sim_dma_stream_kind {
    uint32_t base;    /* of DMA1; DMA2 follows at + 0x400 */
    uint32_t cr_bits; /* that SxCR has */
    unsigned cycles;  /* of the core's clock for each datum, arbitration included */
    bool mux;         /* DMAMUX1 chooses; otherwise CHSEL, by `choices` */
    bool dma1_apb1;   /* DMA1's peripheral port reaches APB1 and nothing else */
    sim_dma_area walls[SIM_DMA_WALLS]; /* no stream reaches these; bytes 0: end */
    const sim_dma_choice *choices;
    unsigned choices_count;
} sim_dma_stream_kind;
void sim_dma_streams_new(sim_part *part, const sim_dma_stream_kind *kind);

#endif
