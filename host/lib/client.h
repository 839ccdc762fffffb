/* The wire from the host's side: ask, send an image, see what became of it. */
#ifndef TWINBANK_HOST_CLIENT_H
#define TWINBANK_HOST_CLIENT_H

#include <signal.h>

#include "host/lib/complaint.h"
#include "host/lib/imagefile.h"
#include "host/lib/link.h"
#include "twinbank/boot.h"
#include "twinbank/slotlog.h"
#include "twinbank/wire.h"

typedef enum tb_client_result {
    TB_CLIENT_OK = 0,
    TB_CLIENT_PORT, /* the port is gone */
    TB_CLIENT_NO_ANSWER,
    TB_CLIENT_REFUSED, /* client->device_error says why */
    TB_CLIENT_INTERRUPTED,
    TB_CLIENT_PROTOCOL /* the device answers what it should not */
} tb_client_result;

typedef enum tb_client_event {
    TB_EVENT_PROGRESS,  /* done, total */
    TB_EVENT_RESUMED,   /* done: where it goes on */
    TB_EVENT_RESTARTED, /* the device lost the session and was given it again; done: where */
    TB_EVENT_RETRY,     /* done: where; total: retries in a row */
    TB_EVENT_TRIAL,     /* done: attempt */
    TB_EVENT_SILENT,    /* waiting: nothing answers yet */
    TB_EVENT_BAUD       /* done: the line's rate from now on; total: until now; c->baud_state */
} tb_client_event;

typedef enum tb_baud_state {
    TB_BAUD_USUAL, /* never asked for another one */
    TB_BAUD_RAISED,
    TB_BAUD_NOT_PORT,   /* this end's port does none of the higher rates */
    TB_BAUD_NOT_DEVICE, /* the device does none of them */
    TB_BAUD_NOT_LINE,   /* both do, but what is between them carries none */
    TB_BAUD_GIVEN_UP    /* it was raised, until too much was lost */
} tb_baud_state;

#define TB_CLIENT_QUEUE 255u /* frames under way: no two of one number, and 256 KB of whole ones */

typedef struct tb_client_sent {
    uint8_t seq;
    bool stale; /* sent before a rewind: it will not be taken, and its reply says nothing new */
    uint32_t at, end, frame_bytes;
} tb_client_sent;

struct tb_compressed;

struct tb_sent;

typedef struct tb_client {
    tb_link *link;
    const volatile sig_atomic_t *stop; /* Ctrl-C; may be NULL */
    void (*event)(void *ctx, tb_client_event event, uint32_t done,
                  uint32_t total); /* may be NULL */
    /* How it will be sent (sent->how, and why: its times): `bytes` instead of `whole`, without
     * compression and kept pages. May be NULL. */
    void (*planned)(void *ctx, const struct tb_sent *sent, uint32_t bytes, uint32_t whole);
    void *event_ctx;
    uint32_t hello_timeout_ms;
    bool plain_only;               /* send whole bytes, neither compressed nor fewer pages */
    const tb_image_file *sources;  /* images that a delta may be against; the device's is found */
    size_t source_count;
    /* Who compresses: an image from `start` on, against `source` or NULL. 0, or -1 for none. NULL:
     * tb_compress(). For a caller that sends the same images again and again. */
    int (*compress)(void *ctx, const tb_image_file *image, size_t start,
                    const tb_image_file *source, struct tb_compressed *out);
    void *compress_ctx;
    uint16_t most_payload; /* of a frame, from 16 on: short ones lose less on a bad line; 0: what
                            * the device takes */

    tb_complaint why;      /* set with every result but OK */
    tb_error device_error; /* with REFUSED */
    tb_hello hello;        /* after tb_client_connect() */
    tb_status status;      /* after tb_client_status() */
    tb_baud_state baud_state; /* after tb_client_raise_baud() */

    /* below: the client's own */
    uint8_t seq;
    bool more;
    tb_receiver receiver;
    uint8_t buffer[TB_WIRE_OVERHEAD + TB_WIRE_MAX_PAYLOAD];
    uint8_t in[512];
    size_t in_at, in_fill;
    uint64_t last_byte_ms, last_look_ms;
    uint8_t reply[TB_WIRE_MAX_PAYLOAD]; /* of the last exchange, after seq and status */
    size_t reply_bytes;
    bool reset_unanswered; /* the last RESET or BOOT: it, or its answer, was lost */
    uint32_t usual_baud;  /* to go back to; 0: the line was not raised */
    uint32_t baud_strain; /* how much was lost lately at the raised rate */
} tb_client;

void tb_client_init(tb_client *c, tb_link *link, const volatile sig_atomic_t *stop);

/* HELLO until answered or hello_timeout_ms are over. */
tb_client_result tb_client_connect(tb_client *c);
tb_client_result tb_client_status(tb_client *c);
/* A command without much of a payload: one answer, or why not. Retried. */
tb_client_result tb_client_command(tb_client *c, tb_command command, const void *payload,
                                   uint16_t bytes, uint32_t timeout_ms);
/* RESET and BOOT: the device answers and resets; silence after that is no error. */
tb_client_result tb_client_reset(tb_client *c, tb_command command, uint8_t mode);

/* ---- the rate of the line ------------------------------------------------------------- */

/* Changes the line to the highest of 921600 (1000000 where the device's clock cannot make that),
 * 460800 and 230400 that both ends can do and that a HELLO comes through at; else it stays as it
 * is, and c->baud_state says why. After tb_client_connect(). An error: the device is no longer
 * found, the port is gone, or Ctrl-C. Not for a line with something in it that must be told of
 * the rate: a radio modem, an isolator with a limit. From then on the client goes back by itself
 * when much is lost, when nothing answers, and with tb_client_reset(). */
tb_client_result tb_client_raise_baud(tb_client *c);
/* Back to the usual rate, both ends. */
tb_client_result tb_client_lower_baud(tb_client *c);
/* The same without waiting for an answer: before the port is closed, after any end. */
void tb_client_leave_baud(tb_client *c);

/* ---- an update ---------------------------------------------------------------------- */

/* What the device would refuse, found before a byte is sent: needs connect and status. */
tb_client_result tb_client_check(tb_client *c, const tb_image_file *image);

typedef enum tb_sent_how { TB_SENT_PLAIN, TB_SENT_COMPRESSED, TB_SENT_DELTA } tb_sent_how;

typedef struct tb_sent {
    uint8_t bank;
    uint16_t generation;
    uint32_t resumed_from; /* bytes that were there already */
    uint32_t kept_bytes;   /* in pages that were right already */
    uint32_t sent_bytes;   /* of the image, or of what it was compressed to; repeats included */
    uint32_t resent_bytes; /* of these the repeats */
    tb_sent_how how;
    uint32_t source_version; /* DELTA */
    /* Estimates, by the rates of line, flash and core that its row tells: as it is sent; without
     * a stream; with the quickest that is possible, 0: none is. */
    uint32_t expected_ms, whole_ms, stream_ms;
} tb_sent;

/* Begin (resuming what is there), data, finish. After an error or Ctrl-C the device still
 * has its old image, and the next call resumes. */
tb_client_result tb_client_send(tb_client *c, const tb_image_file *image, tb_sent *sent);

/* Did the last boot pass over a newer image that is good, since its bank could not be mapped?
 * Only where stage 1 may refuse that: U5, H7, F7. As far as the two answers can tell: an image
 * that has been sent since, in place of one that was bad, looks the same until the next reset. */
bool tb_swap_refused(const tb_hello *hello, const tb_status *status);

typedef enum tb_fate {
    TB_FATE_CONFIRMED,   /* it runs and is confirmed */
    TB_FATE_ON_TRIAL,    /* it runs, not confirmed in time */
    TB_FATE_REJECTED,    /* rolled back: status.slot[bank].reason */
    TB_FATE_NOT_RUNNING, /* something else runs; nothing was rejected in time, or the swap was
                          * refused */
    TB_FATE_LOST         /* the slot no longer holds it */
} tb_fate;

typedef struct tb_wait_options {
    uint32_t total_ms;   /* for the device to come back, failed trials included */
    uint32_t confirm_ms; /* for a running trial to confirm itself */
    bool confirm;        /* confirm it by wire as soon as it answers */
} tb_wait_options;

/* After a reset: what became of that image? Where nothing answered tb_client_reset() and the image
 * is still to be booted for the first time, RESET was lost and is sent again. Also for stage 2,
 * where CONFIRMED means that the copy is there and good. */
tb_client_result tb_client_wait(tb_client *c, const tb_image_file *image, const tb_sent *sent,
                                const tb_wait_options *options, tb_fate *fate);

/* ---- shared by client's files ---------------------------------------------------------- */

/* The next reply of the device before the deadline: 1, 0: none, -1: port or Ctrl-C. deadline_ms 0:
 * what has come already. After any other deadline nothing is read, or a line that talks without
 * end would be listened to without end. */
int tb_client_next(tb_client *c, uint64_t deadline_ms, tb_frame *frame);
bool tb_client_put(tb_client *c, uint8_t command, uint8_t seq, const void *payload, uint16_t bytes);
uint8_t tb_client_seq(tb_client *c);
/* The longest that one page of the device that said hello takes to erase. */
uint32_t tb_client_erase_ms(const tb_client *c);
tb_client_result tb_client_refused(tb_client *c, tb_error error, const char *doing);
tb_client_result tb_client_gone(tb_client *c); /* port or Ctrl-C */
tb_client_result tb_client_no_answer(tb_client *c, const char *doing);
tb_client_result tb_client_nonsense(tb_client *c, const char *doing);
/* This end alone goes back: the device has reset. */
void tb_client_usual_baud(tb_client *c);
/* What became of frames at a raised rate; strained: lower it. */
void tb_client_baud_lost(tb_client *c);
void tb_client_baud_carried(tb_client *c);
bool tb_client_baud_strained(const tb_client *c);
void tb_client_tell(tb_client *c, tb_client_event event, uint32_t done, uint32_t total);
static inline uint32_t tb_get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
/* What to do about a device's error; NULL: nothing particular. */
const char *tb_error_hint(tb_error error);

#endif
