#include "core/server_internal.h"

#define WORK_BYTES 256u

bool tb_queue_put(tb_server *s, const uint8_t *data, uint32_t bytes)
{
    uint32_t room = s->config.queue_bytes;

    if (bytes > room - s->queued) {
        return false;
    }
    s->queued += bytes;
    for (; bytes > 0; bytes--) {
        s->config.queue[s->queue_end++ & (room - 1u)] = *data++;
    }
    return true;
}

tb_error tb_session_write(tb_server *s, uint32_t offset, const uint8_t *data, uint32_t bytes)
{
    return s->queue_stream ? known_expand(&s->config)->write(s->config.expand, offset, data, bytes)
                           : tb_update_write(&s->update, offset, data, bytes);
}

tb_error tb_queue_work(tb_server *s)
{
    uint32_t room = s->config.queue_bytes;
    uint32_t from = s->queue_end - s->queued, at = from & (room - 1u);
    uint32_t bytes = smaller(smaller(s->queued, WORK_BYTES), room - at);
    tb_error error = tb_session_write(s, from, s->config.queue + at, bytes);

    if (error == TB_OK) {
        s->queued -= bytes;
    }
    return error;
}
