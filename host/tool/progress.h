/* How far an update is: a bar on a terminal, lines elsewhere, events with --json. */
#ifndef TWINBANK_HOST_PROGRESS_H
#define TWINBANK_HOST_PROGRESS_H

#include "host/lib/client.h"

typedef struct progress {
    const tb_link *link;
    const tb_client *client;
    uint64_t start_ms, drawn_ms;
    uint32_t start, done, total; /* bytes */
    unsigned said_percent, retries;
    bool terminal, drawn, started;
} progress;

void progress_init(progress *p, tb_client *client);
/* Ends the bar's line. */
void progress_end(progress *p);

#endif
