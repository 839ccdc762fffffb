#ifndef CORE_SERVER_INTERNAL_H
#define CORE_SERVER_INTERNAL_H

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
