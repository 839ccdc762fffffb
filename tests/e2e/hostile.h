/* A hostile line, both ways, between the host's client and any link: the simulated board's,
 * or a device in this process. */
#ifndef TESTS_E2E_HOSTILE_H
#define TESTS_E2E_HOSTILE_H

#include "host/lib/link.h"
#include "sim/line/bad_line.h"

typedef struct hostile {
    tb_link inner, link; /* link: what the client is given */
    bad_line to_device, to_host;
    bool calm; /* carries everything as it is */
} hostile;

void hostile_init(hostile *h, const tb_link *inner, const line_faults *faults);
/* The line is good from now on; what was under way is lost. */
void hostile_end(hostile *h);

#endif
