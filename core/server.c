#include "twinbank/server.h"

#include <string.h>

#include "core/server_internal.h"

void tb_server_init(tb_server *s, const tb_server_config *config)
{
    memset(s, 0, sizeof *s);
    s->config = *config;
    s->last_token = TB_WIRE_TOKEN_NATIVE;
    tb_update_init(&s->update, config->flash, &config->policy);
    tb_receiver_init(&s->receiver, s->buffer, TB_WIRE_MAX_PAYLOAD);
}

bool tb_session_held(const tb_server *s, bool by_tutorial)
{
    return s->update.open && s->tutorial == by_tutorial &&
           s->last_byte_ms - s->session_ms < TB_SESSION_HOLD_MS;
}

static void serve(tb_server *s, tb_receive got, tb_frame *frame, tb_error *error)
{
    s->got = TB_RECEIVE_MORE;
    while (got != TB_RECEIVE_MORE) {
        bool tutorial = frame->token == TB_WIRE_TOKEN_TUTORIAL;

        if (got == TB_RECEIVE_FRAME) {
            s->good_frame = true;
            s->last_token = frame->token;
            if (tutorial) {
                tb_tutorial_frame(s, frame);
            } else {
                tb_native_frame(s, frame);
            }
        } else if (tutorial) {
            tb_tutorial_answer(s, *error);
        } else {
            tb_native_error(s, *error);
        }
        got = tb_receiver_next(&s->receiver, frame, error);
    }
}

/* Silence counts from the first look after a good frame: while that is served (an erase) nobody
 * listens. */
static void note_good_frame(tb_server *s, uint32_t now_ms)
{
    if (s->baud_limit_ms != 0u && s->good_frame) {
        s->good_frame = false;
        s->baud_since_ms = now_ms;
        s->baud_limit_ms = TB_BAUD_SILENCE_MS;
    }
}

static void watch_baud(tb_server *s, uint32_t now_ms)
{
    if (s->baud_limit_ms != 0u && !s->good_frame &&
        now_ms - s->baud_since_ms >= s->baud_limit_ms) {
        s->baud_limit_ms = 0u;
        known_baud_set(&s->config, s->config.usual_baud);
        tb_receiver_init(&s->receiver, s->buffer, TB_WIRE_MAX_PAYLOAD);
    }
}

void tb_server_receive(tb_server *s, const uint8_t *bytes, size_t count, uint32_t now_ms)
{
    tb_frame frame;
    tb_error error = TB_OK;

    note_good_frame(s, now_ms);
    serve(s, s->got, &s->frame, &s->error);
    while (count > 0) {
        size_t taken;
        tb_receive got = tb_receiver_bytes(&s->receiver, bytes, count, &taken, &frame, &error);

        s->last_byte_ms = now_ms;
        bytes += taken;
        count -= taken;
        serve(s, got, &frame, &error);
    }
    watch_baud(s, now_ms);
}

bool tb_server_idle(tb_server *s, uint32_t now_ms)
{
    tb_frame frame;
    tb_error error = TB_OK;

    note_good_frame(s, now_ms);
    serve(s, s->got, &s->frame, &s->error);
    watch_baud(s, now_ms);
    if ((!tb_receiver_idle(&s->receiver) || s->receiver.suspect > 0) &&
        now_ms - s->last_byte_ms >= TB_WIRE_FRAME_TIMEOUT_MS) {
        serve(s, tb_receiver_timeout(&s->receiver, &frame, &error), &frame, &error);
    }
    s->working = s->tutorial;
    bool worked = tb_tutorial_work(s) || tb_update_work(&s->update);
    s->working = false;
    return worked || s->got != TB_RECEIVE_MORE;
}

void tb_server_look(tb_server *s, uint8_t byte, uint32_t now_ms)
{
    s->last_byte_ms = now_ms;
    s->got = tb_receiver_byte(&s->receiver, byte, &s->frame, &s->error);
    while (s->got == TB_RECEIVE_FRAME && tb_tutorial_piece(s, &s->frame)) {
        s->got = tb_receiver_next(&s->receiver, &s->frame, &s->error);
    }
}

tb_server_action tb_server_take_action(tb_server *s)
{
    tb_server_action action = s->action;

    s->action = TB_SERVER_NONE;
    return action;
}

void tb_server_overrun(tb_server *s)
{
    /* The frame under way has a hole. Its rest is searched for tokens as ever, but what
     * is wrong in there has been reported with this. */
    s->got = TB_RECEIVE_MORE;
    tb_receiver_init(&s->receiver, s->buffer, TB_WIRE_MAX_PAYLOAD);
    s->receiver.suspect = TB_WIRE_OVERHEAD + TB_WIRE_MAX_PAYLOAD;
    if (s->last_token == TB_WIRE_TOKEN_TUTORIAL) {
        tb_tutorial_answer(s, TB_ERR_OVERRUN);
    } else {
        tb_native_error(s, TB_ERR_OVERRUN);
    }
}
