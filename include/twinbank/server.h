/* The device's side of the wire: frames in, update engine and slots behind, replies
 * out. Stage 2 and an application use the same; what differs is in the struct. */
#ifndef TWINBANK_SERVER_H
#define TWINBANK_SERVER_H

#include "twinbank/boot.h"
#include "twinbank/expand.h"
#include "twinbank/update.h"
#include "twinbank/wire.h"

/* What happens after the reply has left: the owner of the loop does it. */
typedef enum tb_server_action { TB_SERVER_NONE, TB_SERVER_RESET, TB_SERVER_RESET_TO_STAGE2,
                               TB_SERVER_LOAD_OPTIONS,
                               TB_SERVER_PROTECTED /* load the options, and stay in stage 2 */
                               } tb_server_action;

typedef struct tb_server_config {
    const tb_flash *flash;
    tb_update_policy policy;
    tb_role role;
    uint8_t uid[12];
    tb_boot_report report;
    uint32_t window;              /* receive buffer that the owner can fill while flash works */
    /* Other rates of the line, or both NULL: it keeps to the one. baud_reached: can the port's clock
     * make it, within 2 %? baud_set changes to it, once what was sent has left. The server asks,
     * changes after its reply, and goes back to usual_baud by itself. */
    bool (*baud_reached)(void *ctx, uint32_t baud);
    void (*baud_set)(void *ctx, uint32_t baud);
    uint32_t usual_baud;          /* after a reset */
    /* Why this part is not served (TB_ERR_SINGLE_BANK, ...), or TB_OK: the answer to all but
     * HELLO, MODE, RESET and BAUD. */
    tb_error refusal;
    /* Writes the other mode into the option bytes, and loses all contents; TB_OK is followed by
     * TB_SERVER_LOAD_OPTIONS. NULL: cannot be done here. */
    tb_error (*mode_set)(void *ctx, bool dual);
    uint8_t protected_banks;      /* whose stage 1 is write-protected now: bit 0 bank 1 */
    /* Write-protects stage 1 in both banks, by option byte; TB_OK is followed by
     * TB_SERVER_PROTECTED. NULL: cannot be done here. */
    tb_error (*protect)(void *ctx);
    /* Memory for compressed images, or NULL: whole ones only. expand_served is
     * &tb_expand_served, or NULL: a program that does not name it does not contain the decoder. */
    tb_expand *expand;
    const tb_expand_service *expand_served;
    /* Memory of a power of two, from 2 KB on, or NULL. The tutorial's pieces wait there for flash,
     * so that their ACKs need not; native data that comes behind a lost frame waits there for that
     * frame, so that it alone need be sent again: for that as large as the window. */
    uint8_t *queue;
    uint32_t queue_bytes;
    const char *version_text;     /* for the tutorial's 0x41: 27 bytes, padded with spaces */
    /* Sends; may block. */
    void (*send)(void *ctx, const uint8_t *bytes, size_t count);
    void *ctx;
} tb_server_config;

/* The small fields first, within short reach of the instructions. */
typedef struct tb_server {
    bool tutorial;          /* the open session speaks the tutorial's dialect */
    bool tutorial_restart;  /* the last piece failed: a header may start the stream again */
    uint8_t last_token;     /* dialect of the last good frame */
    bool good_frame;        /* since baud_since_ms */
    tb_server_action action;
    uint32_t last_byte_ms;
    uint32_t session_ms;    /* when the open session was last served */
    uint32_t queue_end;     /* the tutorial's next byte; where what waits in the queue ends */
    uint32_t queued;        /* bytes before queue_end that wait there */
    bool queue_stream;      /* they are a compressed stream's */
    bool working;           /* flash is at work: tb_server_look() may be called */
    tb_receive got;         /* what tb_server_look() found, and left for later */
    tb_frame frame;
    tb_error error;
    uint32_t new_baud;      /* once the reply has left; 0: as it is */
    uint32_t baud_since_ms, baud_limit_ms; /* so long without a good frame: back; 0: at usual_baud */
    tb_receiver receiver;
    tb_update update;
    tb_server_config config;
    uint8_t tutorial_head[TB_HEAD_BYTES];
    uint8_t reply[TB_WIRE_OVERHEAD + 2u + TB_STATUS_BYTES];
    uint8_t buffer[TB_WIRE_OVERHEAD + TB_WIRE_MAX_PAYLOAD];
} tb_server;

/* Without a good frame for so long a line at another rate than the usual one goes back to it. */
#define TB_BAUD_TRIAL_MS 1000u   /* until the first */
#define TB_BAUD_SILENCE_MS 8000u /* from then on: longer than any page takes to erase */
/* After this long without a frame of its own, a session no longer keeps others out. */
#define TB_SESSION_HOLD_MS 1000u

void tb_server_init(tb_server *s, const tb_server_config *config);
/* Feeds received bytes and does what they ask. now_ms may wrap. */
void tb_server_receive(tb_server *s, const uint8_t *bytes, size_t count, uint32_t now_ms);
/* To be called when nothing was received: frame time-out, erase ahead. True if it did
 * flash work (call again soon). */
bool tb_server_idle(tb_server *s, uint32_t now_ms);
/* To be called while flash works inside tb_server_idle(), from what waits for it there: a byte of
 * the line, as long as tb_server_looks(). The tutorial's client has its ACKs without waiting for
 * the flash then; what is not the next piece is served afterwards. */
static inline bool tb_server_looks(const tb_server *s)
{
    return s->working && s->got == TB_RECEIVE_MORE;
}
void tb_server_look(tb_server *s, uint8_t byte, uint32_t now_ms);
/* What is to be done now that the reply is out; reading it clears it. */
tb_server_action tb_server_take_action(tb_server *s);
/* The owner lost bytes (ring full, UART overrun): the sender is told. */
void tb_server_overrun(tb_server *s);

#endif
