/* What the driver of the DMA controllers with streams (streams.c) asks of its family. */
#ifndef STREAMS_H
#define STREAMS_H

#include "family.h"

typedef struct {
    reg CR, NDTR, PAR, M0AR, M1AR, FCR;
} stream_block;
typedef struct {
    reg LISR, HISR, LIFCR, HIFCR;
    stream_block stream[8];
} streams_block;

typedef struct {
    streams_block *dma;
    unsigned rx, tx; /* streams, 0 to 3 */
    uint32_t select; /* bits of SxCR for both: CHSEL, or H7's TRBUFF (ES0392) */
} uart_streams;
extern const uart_streams streams;

/* Clocks, and where there is one, DMAMUX. */
void streams_on(void);

#endif
