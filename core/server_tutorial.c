#include <string.h>

#include "core/server_internal.h"

void tb_tutorial_answer(tb_server *s, tb_error error)
{
    uint8_t byte = error == TB_OK ? TB_WIRE_ACK : TB_WIRE_NACK;

    known_send(&s->config, &byte, 1);
}

static void send_version(tb_server *s)
{
    const char *from = s->config.version_text != NULL ? s->config.version_text : "";
    uint8_t text[TB_WIRE_VERSION_TEXT_BYTES];

    for (unsigned i = 0; i < sizeof text; i++) {
        text[i] = *from != '\0' ? (uint8_t)*from++ : (uint8_t)' ';
    }
    known_send(&s->config, text, sizeof text);
}

/* The dialect has no begin, so a whole header at the start of a piece is one: when the
 * last piece failed, when the line was quiet for a while, or when it is the header that
 * the session began with. Otherwise it is data, as an image may contain another one. */
static bool starts_stream(const tb_server *s, const tb_frame *frame)
{
    tb_image_head head;

    if (s->queue_end == 0) {
        return true;
    }
    if (frame->length < sizeof head) {
        return false;
    }
    memcpy(&head, frame->payload, sizeof head);
    if (head.magic != TB_IMAGE_MAGIC ||
        head.header_crc32 != tb_crc32(0, &head, offsetof(tb_image_head, header_crc32))) {
        return false;
    }
    return s->tutorial_restart || memcmp(&head, s->tutorial_head, sizeof head) == 0 ||
           s->last_byte_ms - s->session_ms >= TB_SESSION_HOLD_MS;
}

/* ---- pieces that wait for flash ---------------------------------------------------------- */

bool tb_tutorial_work(tb_server *s)
{
    if (!s->tutorial || s->queued == 0u) {
        return false;
    }
    if (tb_queue_work(s) != TB_OK) {
        s->queued = 0; /* the session has failed, and says so to the next frame */
    }
    return true;
}

static void finish_work(tb_server *s)
{
    while (tb_tutorial_work(s)) {
    }
}

/* Only what can neither fail nor take long. */
bool tb_tutorial_piece(tb_server *s, const tb_frame *frame)
{
    const tb_update *u = &s->update;

    if (frame->token != TB_WIRE_TOKEN_TUTORIAL || frame->command != TB_TUTORIAL_DATA ||
        !s->tutorial || !u->open || u->failure != TB_OK || frame->length == 0 ||
        s->queue_end < TB_HEAD_BYTES || starts_stream(s, frame) ||
        frame->length > tb_image_bytes(&u->head) - s->queue_end ||
        !tb_queue_put(s, frame->payload, frame->length)) {
        return false;
    }
    s->session_ms = s->last_byte_ms;
    s->tutorial_restart = false;
    tb_tutorial_answer(s, TB_OK);
    return true;
}

/* Data of the stream, wherever its pieces begin: the header is collected, then begun. Nothing
 * waits for flash. */
static tb_error take_piece(tb_server *s, const uint8_t *data, uint32_t bytes)
{
    tb_error error = TB_OK;

    if (s->queue_end < TB_HEAD_BYTES) {
        uint32_t n = smaller(bytes, TB_HEAD_BYTES - s->queue_end);
        tb_image_head head;
        uint32_t next;

        memcpy(s->tutorial_head + s->queue_end, data, n);
        s->queue_end += n;
        data += n;
        bytes -= n;
        if (s->queue_end < TB_HEAD_BYTES) {
            return TB_OK;
        }
        memcpy(&head, s->tutorial_head, sizeof head);
        error = tb_update_begin(&s->update, &head, &next);
        if (error == TB_OK && bytes <= tb_image_bytes(&head) - TB_HEAD_BYTES &&
            TB_HEAD_BYTES + bytes <= s->config.queue_bytes) { /* nor need this wait for erases */
            s->queue_end = 0;
            (void)tb_queue_put(s, s->tutorial_head, TB_HEAD_BYTES);
            (void)tb_queue_put(s, data, bytes);
            return TB_OK;
        }
        if (error == TB_OK) {
            error = tb_update_write(&s->update, 0, s->tutorial_head, TB_HEAD_BYTES);
        }
    }
    if (error == TB_OK && bytes > 0) {
        /* The client cannot be told where to resume: what is there already is ignored. */
        error = tb_update_write(&s->update, s->queue_end, data, bytes);
        if (error == TB_OK) {
            s->queue_end += bytes;
        }
    }
    return error;
}

static tb_error on_data(tb_server *s, const tb_frame *frame)
{
    tb_error error;

    finish_work(s);
    if (frame->length == 0) {
        return TB_ERR_FRAME_LENGTH;
    }
    if (tb_session_held(s, false)) {
        return TB_ERR_BUSY;
    }
    if (!s->tutorial || starts_stream(s, frame)) { /* or a native session was in between */
        s->queue_end = s->queued = 0;
        s->queue_stream = false;
    }
    s->tutorial = true;
    error = take_piece(s, frame->payload, frame->length);
    s->session_ms = s->last_byte_ms;
    s->tutorial_restart = error != TB_OK;
    if (error != TB_OK && !s->update.open) {
        s->queue_end = 0;
    }
    return error;
}

static tb_error on_finish(tb_server *s)
{
    tb_error error = TB_ERR_NO_SESSION;

    finish_work(s);
    if (s->tutorial) {
        error = tb_update_finish(&s->update);
    }

    s->tutorial_restart = true;
    if (error == TB_OK) {
        s->queue_end = 0;
        s->action = TB_SERVER_RESET;
    } else if (!s->update.open) {
        s->queue_end = 0;
    }
    return error;
}

void tb_tutorial_frame(tb_server *s, const tb_frame *frame)
{
    if (s->config.refusal != TB_OK && frame->command != TB_TUTORIAL_VERSION) {
        tb_tutorial_answer(s, s->config.refusal);
        return;
    }
    switch (frame->command) {
    case TB_TUTORIAL_VERSION:
        send_version(s);
        break;
    case TB_TUTORIAL_DATA:
        if (!tb_tutorial_piece(s, frame)) {
            tb_tutorial_answer(s, on_data(s, frame));
        }
        break;
    case TB_TUTORIAL_FINISH:
        tb_tutorial_answer(s, on_finish(s));
        break;
    default:
        tb_tutorial_answer(s, TB_ERR_COMMAND);
        break;
    }
}
