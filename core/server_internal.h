#ifndef CORE_SERVER_INTERNAL_H
#define CORE_SERVER_INTERNAL_H

#include "core/internal.h"
#include "known.h"
#include "twinbank/server.h"

static inline const tb_flash *server_flash(const tb_server *s)
{
    return known_flash(s->config.flash);
}

static inline const tb_identity *server_device(const tb_server *s)
{
    return known_device(&s->config.policy.device);
}

/* server_queue.c */
/* Behind what waits in the queue; false: there is no room. */
bool tb_queue_put(tb_server *s, const uint8_t *data, uint32_t bytes);
/* A piece of it goes to the update, or to the decoder. Where that fails it stays: OFFSET says that
 * what comes before it is missing. */
tb_error tb_queue_work(tb_server *s);
/* To the update, or of a stream to the decoder. */
tb_error tb_session_write(tb_server *s, uint32_t offset, const uint8_t *data, uint32_t bytes);

/* server_native.c */
void tb_native_frame(tb_server *s, const tb_frame *frame);
void tb_native_error(tb_server *s, tb_error error); /* names no command */

/* server_tutorial.c */
void tb_tutorial_frame(tb_server *s, const tb_frame *frame);
void tb_tutorial_answer(tb_server *s, tb_error error); /* ACK for TB_OK, else NACK */
/* Takes and acknowledges a piece that can wait for flash; false: it is something else. */
bool tb_tutorial_piece(tb_server *s, const tb_frame *frame);
/* Some of what waits goes to flash; false: nothing waits. */
bool tb_tutorial_work(tb_server *s);

/* Is a session of the other dialect in full swing? Its client is another one. */
bool tb_session_held(const tb_server *s, bool by_tutorial);

#endif
