/* A byte stream to a device. The client knows nothing of ports; tests put a device in the
 * same process behind this, with a clock of its own. */
#ifndef TWINBANK_HOST_LINK_H
#define TWINBANK_HOST_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tb_link {
    void *ctx;
    const char *name; /* for messages */
    uint32_t baud;    /* 0: unknown */
    /* At most `bytes`, waiting at most timeout_ms for the first: how many, 0 after the
     * time or a signal, -1 when the port is gone. */
    int (*read)(void *ctx, uint8_t *data, size_t bytes, unsigned timeout_ms);
    bool (*write)(void *ctx, const uint8_t *data, size_t bytes); /* all, or false: gone */
    bool (*reopen)(void *ctx);                                   /* after it has gone; one try */
    void (*pause)(void *ctx, unsigned ms);
    uint64_t (*now_ms)(void *ctx); /* monotonic */
    /* Another rate, for what is read and written from now on; what is on its way out already
     * must have left. false: not to be had. NULL: the link keeps to one. */
    bool (*set_baud)(void *ctx, uint32_t baud);
} tb_link;

#endif
