#include "host/lib/client.h"

#include <string.h>

#define SLICE_MS 100u /* how long Ctrl-C may go unseen */
#define HELLO_TRY_MS 400u
#define COMMAND_TRIES 3u
#define DAMAGED_TRIES 10u

void tb_client_init(tb_client *c, tb_link *link, const volatile sig_atomic_t *stop)
{
    *c = (tb_client){.link = link, .stop = stop, .hello_timeout_ms = 5000};
    /* Not from 1: what a device still answers to an earlier run must not match. */
    c->seq = (uint8_t)(link->now_ms(link->ctx) * 29u);
    tb_receiver_init(&c->receiver, c->buffer, TB_WIRE_MAX_PAYLOAD);
}

uint8_t tb_client_seq(tb_client *c)
{
    c->seq = (uint8_t)(c->seq + 1u);
    if (c->seq == 0) {
        c->seq = 1; /* 0 is the device's, for frames it could not read */
    }
    return c->seq;
}

void tb_client_tell(tb_client *c, tb_client_event event, uint32_t done, uint32_t total)
{
    if (c->event) {
        c->event(c->event_ctx, event, done, total);
    }
}

static bool stopped(const tb_client *c)
{
    return c->stop && *c->stop;
}

/* ---- results -------------------------------------------------------------------------- */

tb_client_result tb_client_gone(tb_client *c)
{
    if (stopped(c)) {
        (void)tb_complain(&c->why, "interrupted");
        return TB_CLIENT_INTERRUPTED;
    }
    (void)tb_complain(&c->why, "port %s went away or takes no more data", c->link->name);
    (void)tb_hint(&c->why, "check the cable, then run the same command again");
    return TB_CLIENT_PORT;
}

tb_client_result tb_client_no_answer(tb_client *c, const char *doing)
{
    (void)tb_complain(&c->why, "no answer from the device on %s %s", c->link->name, doing);
    (void)tb_hint(&c->why,
                  "is it powered, is this its port, and is its speed %u? With an application that "
                  "does not answer, hold the RX line low during a reset: that starts stage 2",
                  (unsigned)c->link->baud);
    return TB_CLIENT_NO_ANSWER;
}

tb_client_result tb_client_nonsense(tb_client *c, const char *doing)
{
    (void)tb_complain(&c->why, "the device's answer makes no sense %s", doing);
    (void)tb_hint(&c->why, "its firmware may speak another version of the protocol (this is %u)",
                  TB_WIRE_PROTOCOL);
    return TB_CLIENT_PROTOCOL;
}

tb_client_result tb_client_refused(tb_client *c, tb_error error, const char *doing)
{
    const char *hint = tb_error_hint(error);
    c->device_error = error;
    (void)tb_complain(&c->why, "the device refused %s: %s", doing, tb_error_text(error));
    if (hint) {
        (void)tb_hint(&c->why, "%s", hint);
    }
    return TB_CLIENT_REFUSED;
}

/* ---- frames --------------------------------------------------------------------------- */

bool tb_client_put(tb_client *c, uint8_t command, uint8_t seq, const void *payload, uint16_t bytes)
{
    uint8_t body[TB_WIRE_MAX_PAYLOAD], frame[TB_WIRE_OVERHEAD + TB_WIRE_MAX_PAYLOAD];
    body[0] = seq;
    if (bytes) {
        memcpy(body + 1, payload, bytes);
    }
    size_t n = tb_frame_put(frame, TB_WIRE_TOKEN_NATIVE, command, body, (uint16_t)(bytes + 1u));
    return c->link->write(c->link->ctx, frame, n) && !stopped(c);
}

/* Takes what the link has; false when it is gone or Ctrl-C was pressed. */
static bool fill_input(tb_client *c, uint64_t now, uint64_t deadline)
{
    uint64_t left = deadline - now;
    unsigned wait = left < SLICE_MS ? (unsigned)left : SLICE_MS;
    int n = c->link->read(c->link->ctx, c->in, sizeof c->in, wait);
    if (n < 0 || stopped(c)) {
        return false;
    }
    c->in_at = 0;
    c->in_fill = (size_t)n;
    c->last_look_ms = c->link->now_ms(c->link->ctx);
    if (n > 0) {
        c->last_byte_ms = c->last_look_ms;
    }
    return true;
}

/* What the receiver says next, without waiting. */
static tb_receive step(tb_client *c, tb_frame *frame)
{
    tb_error unused;
    if (c->more) {
        return tb_receiver_next(&c->receiver, frame, &unused);
    }
    if (c->in_at < c->in_fill) {
        return tb_receiver_byte(&c->receiver, c->in[c->in_at++], frame, &unused);
    }
    /* By the last look: a write may have taken long since, and the rest be there. */
    uint64_t silent = c->last_look_ms - c->last_byte_ms;
    if (!tb_receiver_idle(&c->receiver) && silent >= TB_WIRE_FRAME_TIMEOUT_MS) {
        return tb_receiver_timeout(&c->receiver, frame, &unused);
    }
    return TB_RECEIVE_MORE;
}

int tb_client_next(tb_client *c, uint64_t deadline_ms, tb_frame *frame)
{
    bool read = false;
    for (;;) {
        tb_receive got = step(c, frame);
        c->more = got != TB_RECEIVE_MORE;
        if (got == TB_RECEIVE_FRAME && frame->token == TB_WIRE_TOKEN_NATIVE &&
            (frame->command & TB_WIRE_REPLY) && frame->length >= 2) {
            return 1;
        }
        if (c->more || c->in_at < c->in_fill) {
            continue;
        }
        uint64_t now = c->link->now_ms(c->link->ctx);
        if (read || (deadline_ms != 0 && now >= deadline_ms)) {
            return stopped(c) ? -1 : 0;
        }
        read = deadline_ms == 0; /* what is there already, and no more */
        if (!fill_input(c, now, read ? now : deadline_ms)) {
            return -1;
        }
    }
}

/* ---- one question, one answer ------------------------------------------------------------ */

#define AWAIT_DAMAGED 2 /* the request arrived damaged: send it again at once */

/* 1: answered, status in *status; 0: no answer in time; -1: gone; or AWAIT_DAMAGED. */
static int await_reply(tb_client *c, uint8_t command, uint8_t seq, uint64_t deadline,
                       tb_error *status)
{
    tb_frame f;
    int got;
    *status = TB_OK;
    while ((got = tb_client_next(c, deadline, &f)) == 1) {
        if (f.command == TB_WIRE_REPLY && f.payload[1] != TB_OK) {
            return AWAIT_DAMAGED;
        }
        if (f.command == (command | TB_WIRE_REPLY) && f.payload[0] == seq) {
            *status = (tb_error)f.payload[1];
            c->reply_bytes = f.length - 2u;
            memcpy(c->reply, f.payload + 2, c->reply_bytes);
            return 1;
        }
    }
    return got;
}

static const char *command_text(tb_command command)
{
    switch (command) {
    case TB_CMD_HELLO:
        return "to hello";
    case TB_CMD_STATUS:
        return "the status request";
    case TB_CMD_BEGIN:
        return "the image";
    case TB_CMD_FINISH:
        return "the finished image";
    case TB_CMD_BOOT:
        return "to boot";
    case TB_CMD_CONFIRM:
        return "to confirm";
    case TB_CMD_ROLLBACK:
        return "to roll back";
    case TB_CMD_ERASE:
        return "to erase";
    case TB_CMD_RESET:
        return "to reset";
    case TB_CMD_PROTECT:
        return "to protect stage 1";
    case TB_CMD_BAUD:
        return "another rate of the line";
    case TB_CMD_MODE:
        return "to switch the bank mode";
    default:
        return "the command";
    }
}

/* No part takes longer than 1 ms for each 32 bytes (H743 at its lowest supply: 4 s for a
 * sector of 128 KB). A device of no known row: as the slowest. */
uint32_t tb_client_erase_ms(const tb_client *c)
{
    const tb_chip *chip = tb_chip_by_id(c->hello.device_id, c->hello.bank_kib);
    uint32_t largest = chip != NULL ? 0u : 128u * 1024u;
    for (unsigned i = 0; i < TB_PAGE_RUNS && chip != NULL; i++) {
        largest = chip->pages[i].bytes > largest ? chip->pages[i].bytes : largest;
    }
    return largest / 32u;
}

tb_client_result tb_client_command(tb_client *c, tb_command command, const void *payload,
                                   uint16_t bytes, uint32_t timeout_ms)
{
    uint8_t seq = tb_client_seq(c);
    unsigned silent = 0, damaged = 0;
    while (silent < COMMAND_TRIES && damaged < DAMAGED_TRIES) {
        tb_error status;
        if (!tb_client_put(c, (uint8_t)command, seq, payload, bytes)) {
            return tb_client_gone(c);
        }
        int got = await_reply(c, (uint8_t)command, seq, c->link->now_ms(c->link->ctx) + timeout_ms,
                              &status);
        if (got < 0) {
            return tb_client_gone(c);
        }
        if (got == 1) {
            return status == TB_OK ? TB_CLIENT_OK
                                   : tb_client_refused(c, status, command_text(command));
        }
        silent += got == 0;
        damaged += got == AWAIT_DAMAGED;
        if (silent == COMMAND_TRIES - 1u && c->usual_baud != 0) {
            tb_client_result result = tb_client_lower_baud(c); /* it may have reset */
            if (result != TB_CLIENT_OK) {
                return result;
            }
            silent = 0;
        }
    }
    return tb_client_no_answer(c, "after it had answered before");
}

tb_client_result tb_client_connect(tb_client *c)
{
    const uint8_t protocol = TB_WIRE_PROTOCOL;
    uint64_t deadline = c->link->now_ms(c->link->ctx) + c->hello_timeout_ms;
    do {
        uint64_t until = c->link->now_ms(c->link->ctx) + HELLO_TRY_MS;
        tb_error status;
        uint8_t seq = tb_client_seq(c);
        if (!tb_client_put(c, TB_CMD_HELLO, seq, &protocol, 1)) {
            return tb_client_gone(c);
        }
        int got = await_reply(c, TB_CMD_HELLO, seq, until < deadline ? until : deadline, &status);
        if (got < 0) {
            return tb_client_gone(c);
        }
        if (got == 1 && status != TB_OK) {
            return tb_client_refused(c, status, "to say hello");
        }
        if (got == 1) {
            return tb_hello_get(&c->hello, c->reply, c->reply_bytes) && c->hello.max_payload >= 16
                       ? TB_CLIENT_OK
                       : tb_client_nonsense(c, "to hello");
        }
    } while (c->link->now_ms(c->link->ctx) < deadline);
    if (c->usual_baud != 0) {
        return tb_client_lower_baud(c); /* and connects */
    }
    return tb_client_no_answer(c, "to hello");
}

tb_client_result tb_client_status(tb_client *c)
{
    tb_client_result result = tb_client_command(c, TB_CMD_STATUS, NULL, 0, 2000);
    if (result == TB_CLIENT_OK && !tb_status_get(&c->status, c->reply, c->reply_bytes)) {
        return tb_client_nonsense(c, "to the status request");
    }
    return result;
}

tb_client_result tb_client_reset(tb_client *c, tb_command command, uint8_t mode)
{
    uint8_t seq = tb_client_seq(c);
    tb_error status;
    int got = AWAIT_DAMAGED;
    for (unsigned i = 0; i < DAMAGED_TRIES && got == AWAIT_DAMAGED; i++) {
        if (!tb_client_put(c, (uint8_t)command, seq, &mode, command == TB_CMD_RESET ? 1 : 0)) {
            return tb_client_gone(c);
        }
        uint64_t deadline = c->link->now_ms(c->link->ctx) + 2000u;
        got = await_reply(c, (uint8_t)command, seq, deadline, &status);
    }
    c->reset_unanswered = got == 0;
    if (got != 1 || status == TB_OK) {
        tb_client_usual_baud(c);
    }
    if (got < 0) {
        return stopped(c) ? tb_client_gone(c) : TB_CLIENT_OK; /* a USB port goes with the reset */
    }
    return got == 1 && status != TB_OK ? tb_client_refused(c, status, command_text(command))
                                       : TB_CLIENT_OK;
}
