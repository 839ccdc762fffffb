/* How far an update is: a bar on a terminal, lines elsewhere, events with --json. */
#ifndef TWINBANK_HOST_PROGRESS_H
#define TWINBANK_HOST_PROGRESS_H

#include "host/lib/client.h"

typedef struct progress {
    const tb_link *link;
    uint64_t start_ms, drawn_ms;
    uint32_t start, done, total; /* bytes */
    unsigned said_percent, retries;
    bool terminal, drawn, started;
} progress;

void progress_init(progress *p, const tb_link *link);
/* For tb_client.event. */
void progress_event(void *ctx, tb_client_event event, uint32_t done, uint32_t total);
/* Ends the bar's line. */
void progress_end(progress *p);

#endif
