/* What the driver of the DMA controllers with channels (channels.c) asks of its family. */
#ifndef CHANNELS_H
#define CHANNELS_H

#include "family.h"

typedef struct {
    reg CCR, CNDTR, CPAR, CMAR, reserved;
} channel_block;
typedef struct {
    reg ISR, IFCR;
    channel_block channel[7];
} channels_block;

typedef struct {
    channels_block *dma;
    unsigned rx, tx; /* channels, from 0 */
} uart_channels;
extern const uart_channels channels;

/* Clocks, and which request each of the two channels gets. */
void channels_on(void);

#endif
