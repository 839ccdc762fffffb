/* A device of the small chip with a server on it, and both dialects' clients, for the tests
 * of the server. */
#ifndef TESTS_CORE_SERVER_RIG_H
#define TESTS_CORE_SERVER_RIG_H

#include "fixture.h"
#include "twinbank/server.h"

#define SENT_BYTES 4096u
#define REPLY_BYTES 256u

typedef struct server_options { /* the option bytes, for MODE and PROTECT */
    bool single, offered;
    uint8_t protected_banks;
    unsigned writes;
    tb_error error;
} server_options;

typedef struct server_line {
    bool keeps; /* to the one rate */
    uint32_t now;
    unsigned changes;
    size_t sent_before; /* bytes, the last change */
} server_line;

extern flash_model m;
extern tb_server s;
extern image v1, im; /* 1.0.0 in bank 0, and what is sent */
extern uint32_t now_ms;
extern uint8_t sent[SENT_BYTES]; /* by the server, and not taken yet */
extern size_t sent_bytes;
extern server_options options;
extern server_line line;
extern uint32_t queue_bytes; /* for the tutorial's pieces, and what is held; 0: none */
extern tb_expand expand;
extern const tb_expand_service *expand_served; /* NULL: it has no decoder */
extern uint8_t frame_bytes[TB_WIRE_OVERHEAD + TB_WIRE_MAX_PAYLOAD]; /* room for a test's frame */

/* A new server; running: the application's bank, or -1 in stage 2. */
void power_on(int running);
/* The same on a new device. */
void start(int running);

/* ---- the native client ------------------------------------------------------------------ */

extern uint8_t reply[REPLY_BYTES];
extern size_t reply_bytes; /* after seq and status */

/* What was sent must be exactly this command's reply. */
tb_error take_reply(uint8_t command, uint8_t seq);
tb_error ask(uint8_t command, const void *fields, size_t bytes);
tb_error ask_u8(uint8_t command, uint8_t field);
uint32_t reply_u32(size_t at);
tb_error begin(void);
tb_error data(uint32_t offset, const uint8_t *bytes, size_t count);
tb_error data_until(uint32_t end);
tb_error flash_all(void);
/* Nothing is lost by what went wrong: 1.0.0 is whole, and a good update goes through. */
void next_good_update_works(void);

/* ---- the tutorial's client ------------------------------------------------------------------ */

/* The one byte of the answer. */
uint8_t tutorial(uint8_t command, const void *payload, uint16_t bytes);

#endif
