#include <string.h>

#include "host/lib/client.h"
#include "host/lib/client_plan.h"

#define STREAM_EXPANDS 8192u /* one frame of a stream, at most: more would take the device long */
#define STREAM_REPLY_BYTES 14u
#define DATA_PREFIX 5u /* seq, offset */
#define DATA_REPLY_BYTES 10u
#define HELD_BYTES 8u /* from, to: behind the others */
#define MOST_TROUBLE 12u /* time-outs and rewinds in a row without progress */
#define MOST_BEGINS 8u
#define REPLY_TIMEOUT_MS 1500u
#define BEGIN_TIMEOUT_MS 4000u
#define FINISH_TIMEOUT_MS 20000u
/* Pages that the device may erase before it answers. */
#define BEGIN_PAGES 5u
#define DATA_PAGES 4u /* the first waits for what BEGIN has to erase */
#define FINISH_PAGES 3u

typedef struct sending {
    tb_client *c;
    const tb_image_file *image;
    tb_sent *sent;
    tb_plan plan;
    /* Offsets in what is sent: the image, or the stream that it is compressed to. */
    uint32_t total, acked;
    uint32_t held_from, held_to; /* what the device has behind a gap; 0, 0: nothing */
    uint32_t sent_to;            /* nothing was sent from here on */
    uint32_t next, run;          /* what goes out next: so many bytes from there are missing */
    uint32_t window;
    uint32_t best;    /* highest acknowledged so far */
    uint32_t trouble; /* since `best` last rose */
    unsigned begins;
    bool one_by_one; /* after a time-out: until the device answers again */
    bool again;      /* the device lost the session: begin again */
    bool answered;   /* something that was asked, since the deadline was set */
    tb_client_sent queue[TB_CLIENT_QUEUE];
    size_t queued;
} sending;

static bool is_stream(const sending *s)
{
    return s->plan.how != TB_SENT_PLAIN;
}

static uint32_t pass_kept(const sending *s, uint32_t at)
{
    return is_stream(s) ? at : tb_plan_pass_kept(s->c, &s->plan, at, s->total);
}

/* The device's side of a stream. OK too where it will not have one: then without. */
static tb_client_result open_stream(sending *s, uint32_t from)
{
    tb_client *c = s->c;
    const tb_image_file *source = s->plan.source;
    const uint32_t fields[4] = {from, (uint32_t)s->plan.stream.bytes,
                                source ? source->head.size : 0, source ? source->head.crc32 : 0};
    uint8_t ask[16];
    for (unsigned i = 0; i < sizeof ask; i++) {
        ask[i] = (uint8_t)(fields[i / 4u] >> (i % 4u * 8u));
    }
    tb_client_result result = tb_client_command(c, TB_CMD_EXPAND, ask, sizeof ask, BEGIN_TIMEOUT_MS);
    if (result != TB_CLIENT_REFUSED || c->device_error == TB_ERR_NO_SESSION) {
        return result;
    }
    s->plan.no_stream = s->plan.no_stream || source == NULL;
    s->plan.no_source = true;
    return TB_CLIENT_REFUSED;
}

/* How the rest goes out, and where in it to begin. */
static tb_client_result plan(sending *s, uint32_t next, bool kept)
{
    tb_client *c = s->c;
    uint32_t image_total = (uint32_t)s->image->bytes;
    for (;;) {
        tb_plan_rest(c, s->image, next, s->sent->bank, kept, &s->plan);
        if (!is_stream(s)) {
            s->total = image_total;
            s->acked = pass_kept(s, next);
            break;
        }
        tb_client_result result = open_stream(s, next);
        if (result == TB_CLIENT_OK) {
            s->total = (uint32_t)s->plan.stream.bytes;
            s->acked = 0;
            break;
        }
        if (result != TB_CLIENT_REFUSED || c->device_error == TB_ERR_NO_SESSION) {
            return result;
        }
    }
    s->sent->how = s->plan.how;
    s->sent->source_version = s->plan.source ? s->plan.source->head.version : 0;
    s->sent->kept_bytes = s->plan.kept_bytes;
    s->sent->expected_ms = s->plan.expected_ms;
    s->sent->whole_ms = s->plan.whole_ms;
    s->sent->stream_ms = s->plan.stream_ms;
    if (c->planned) {
        c->planned(c->event_ctx, s->sent,
                   is_stream(s) ? s->total : image_total - next - s->plan.kept_bytes,
                   image_total - next);
    }
    return TB_CLIENT_OK;
}

static tb_client_result begin(sending *s)
{
    tb_client *c = s->c;
    uint8_t body[TB_HEAD_BYTES + 1u + TB_KEEP_BYTES];
    uint16_t bytes = TB_HEAD_BYTES;
    tb_client_result result = TB_CLIENT_OK;

    if (s->begins == 0 && !c->plain_only) {
        result = tb_plan_keep(c, s->image, &s->plan);
        if (result != TB_CLIENT_OK) {
            return result;
        }
    } else {
        s->plan.kept_bytes = 0;
    }
    memcpy(body, s->image->data, TB_HEAD_BYTES);
    if (s->plan.kept_bytes > 0) {
        body[TB_HEAD_BYTES] = s->plan.bank;
        memcpy(body + TB_HEAD_BYTES + 1u, s->plan.keep, TB_KEEP_BYTES);
        bytes = sizeof body;
    }
    result = tb_client_command(c, TB_CMD_BEGIN, body, bytes,
                               BEGIN_TIMEOUT_MS + BEGIN_PAGES * tb_client_erase_ms(c));
    if (result != TB_CLIENT_OK) {
        return result;
    }
    uint32_t next = c->reply_bytes >= 9u ? tb_get_u32(c->reply) : UINT32_MAX;
    if (next > s->image->bytes) {
        return tb_client_nonsense(c, "to the image's header");
    }
    bool kept = c->reply_bytes >= 10u && c->reply[9] != 0;
    s->window = tb_get_u32(c->reply + 4);
    s->sent->bank = c->reply[8];
    s->queued = 0;
    s->again = false;
    if (s->begins++ > 0) {
        tb_client_tell(c, TB_EVENT_RESTARTED, next, (uint32_t)s->image->bytes);
    } else {
        s->sent->resumed_from = next;
        if (next > 0) {
            tb_client_tell(c, TB_EVENT_RESUMED, next, (uint32_t)s->image->bytes);
        }
    }
    result = plan(s, next, kept);
    s->best = s->sent_to = s->acked;
    s->held_from = s->held_to = 0;
    tb_client_tell(c, TB_EVENT_PROGRESS, next, (uint32_t)s->image->bytes);
    return result;
}

/* ---- sending ---------------------------------------------------------------------------- */

/* As many bytes of the stream as expand to no more than the device does in a moment. */
static uint32_t stream_run(const sending *s)
{
    const tb_compressed *stream = &s->plan.stream;
    uint32_t run = 1;
    while (s->next + run < s->total &&
           stream->reached[s->next + run] - stream->reached[s->next] <= STREAM_EXPANDS) {
        run++;
    }
    return run;
}

static uint32_t data_bytes(const sending *s)
{
    uint32_t payload = s->c->hello.max_payload;
    payload = payload < TB_WIRE_MAX_PAYLOAD ? payload : TB_WIRE_MAX_PAYLOAD;
    if (s->window < payload + TB_WIRE_OVERHEAD) {
        payload = s->window > TB_WIRE_OVERHEAD + 16u ? s->window - TB_WIRE_OVERHEAD : 16u;
    }
    uint32_t most = (payload - DATA_PREFIX) & ~7u;
    uint32_t left =
        is_stream(s) ? stream_run(s) : tb_plan_run(s->c, &s->plan, s->next, s->total);
    left = left < s->run ? left : s->run;
    return left < most ? left : most;
}

static uint32_t outstanding(const sending *s)
{
    uint32_t bytes = 0;
    for (size_t i = 0; i < s->queued; i++) {
        bytes += s->queue[i].frame_bytes;
    }
    return bytes;
}

/* The first bytes that the device has not and that are not under way to it. */
static void find_next(sending *s)
{
    uint32_t at = s->acked, end = s->total, before;
    do {
        before = at;
        at = pass_kept(s, at);
        at = at >= s->held_from && at < s->held_to ? s->held_to : at;
        for (size_t i = 0; i < s->queued; i++) {
            const tb_client_sent *q = &s->queue[i];
            at = !q->stale && at >= q->at && at < q->end ? q->end : at;
        }
    } while (at != before);
    end = s->held_from > at && s->held_from < end ? s->held_from : end;
    for (size_t i = 0; i < s->queued; i++) {
        const tb_client_sent *q = &s->queue[i];
        end = !q->stale && q->at > at && q->at < end ? q->at : end;
    }
    s->next = at;
    s->run = end - at;
}

static bool may_send(sending *s)
{
    find_next(s);
    if (s->next >= s->total || s->queued == TB_CLIENT_QUEUE) {
        return false;
    }
    if (s->queued == 0) {
        return true;
    }
    uint32_t frame = data_bytes(s) + DATA_PREFIX + TB_WIRE_OVERHEAD;
    return !s->one_by_one && outstanding(s) + frame <= s->window;
}

static bool send_next(sending *s)
{
    uint8_t body[TB_WIRE_MAX_PAYLOAD], seq = tb_client_seq(s->c);
    uint32_t n = data_bytes(s);
    for (unsigned i = 0; i < 4; i++) {
        body[i] = (uint8_t)(s->next >> (8u * i));
    }
    memcpy(body + 4, (is_stream(s) ? s->plan.stream.data : s->image->data) + s->next, n);
    s->queue[s->queued++] = (tb_client_sent){.seq = seq, .at = s->next, .end = s->next + n,
                                             .frame_bytes = n + DATA_PREFIX + TB_WIRE_OVERHEAD};
    s->sent->sent_bytes += n;
    s->sent->resent_bytes += s->next < s->sent_to ? n : 0;
    s->sent_to = s->next + n > s->sent_to ? s->next + n : s->sent_to;
    return tb_client_put(s->c, is_stream(s) ? TB_CMD_STREAM : TB_CMD_DATA, seq, body,
                         (uint16_t)(n + 4u));
}

/* ---- what comes back ---------------------------------------------------------------------- */

static void acknowledge(sending *s, uint32_t next, uint32_t expanded)
{
    next = pass_kept(s, next);
    if (next <= s->acked || next > s->total) {
        return;
    }
    s->acked = next;
    if (next > s->best) {
        s->best = next;
        s->trouble = 0;
        tb_client_baud_carried(s->c);
        tb_client_tell(s->c, TB_EVENT_PROGRESS, is_stream(s) ? expanded : next,
                       (uint32_t)s->image->bytes);
    }
}

/* Goes on from `next`. What is under way still fills the device's buffer, so it stays in
 * the queue, but its replies no longer count. */
static void rewind_to(sending *s, uint32_t next)
{
    s->acked = pass_kept(s, next);
    s->held_from = s->held_to = 0;
    for (size_t i = 0; i < s->queued; i++) {
        s->queue[i].stale = true;
    }
}

/* What the device has behind a gap: nothing, where it tells nothing. */
static bool take_held(sending *s, const tb_frame *f, size_t at, uint32_t gap)
{
    s->held_from = s->held_to = 0;
    if (!(s->c->hello.capabilities & TB_CAP_HOLD) || f->length < at + HELD_BYTES) {
        return false;
    }
    uint32_t from = tb_get_u32(f->payload + at), to = tb_get_u32(f->payload + at + 4u);
    gap = pass_kept(s, gap);
    if (from <= gap || from >= to || to > s->sent_to) {
        return false;
    }
    s->acked = gap;
    s->held_from = from;
    s->held_to = to;
    return true;
}

static bool is_held(const sending *s, const tb_client_sent *of)
{
    return of->at >= s->held_from && of->end <= s->held_to;
}

/* Answers come in order: what was sent before the last of these is through, or lost. */
static void take_off_queue(sending *s, size_t count)
{
    bool lost = false;
    for (size_t i = 0; i + 1u < count; i++) {
        const tb_client_sent *q = &s->queue[i];
        lost = lost || !(q->stale || q->end <= s->acked || is_held(s, q));
    }
    if (lost) {
        tb_client_baud_lost(s->c);
    }
    s->queued -= count;
    memmove(s->queue, s->queue + count, s->queued * sizeof s->queue[0]);
}

static tb_client_result take_error(sending *s, const tb_client_sent *of, tb_error error,
                                   uint32_t next)
{
    switch (error) {
    case TB_ERR_OFFSET:
    case TB_ERR_OVERRUN:
    case TB_ERR_FRAME_CRC:
    case TB_ERR_FRAME_LENGTH:
    case TB_ERR_FRAME_TIMEOUT:
        if (!of->stale) {
            rewind_to(s, next <= s->total ? next : s->acked);
            tb_client_baud_lost(s->c);
        }
        return TB_CLIENT_OK;
    case TB_ERR_NO_SESSION: /* it restarted in the middle; what it has it keeps */
        s->again = true;
        s->trouble++;
        return TB_CLIENT_OK;
    case TB_ERR_STREAM: /* the session goes on without one */
        s->again = s->plan.no_stream = true;
        return TB_CLIENT_OK;
    default:
        return tb_client_refused(s->c, error, "the data");
    }
}

/* To a frame that is under way: the device has all before `next`, and what it holds. */
static tb_client_result take_answer(sending *s, const tb_client_sent *of, const tb_frame *f)
{
    size_t fields = is_stream(s) ? STREAM_REPLY_BYTES : DATA_REPLY_BYTES;
    tb_error error = (tb_error)f->payload[1];
    uint32_t next = tb_get_u32(f->payload + 2);
    s->one_by_one = false;
    s->answered = true;
    s->window = tb_get_u32(f->payload + 6);
    if (error == TB_OK) {
        acknowledge(s, next, is_stream(s) ? tb_get_u32(f->payload + 10) : 0);
        (void)take_held(s, f, fields, s->acked);
        return TB_CLIENT_OK;
    }
    if (error == TB_ERR_OFFSET && take_held(s, f, fields, next)) {
        if (is_held(s, of)) {
            tb_client_baud_carried(s->c);
        }
        return TB_CLIENT_OK;
    }
    return take_error(s, of, error, next);
}

static tb_client_result take_reply(sending *s, const tb_frame *f)
{
    if (f->command == TB_WIRE_REPLY) {
        /* Something arrived damaged. Where more is under way the next reply tells what is
         * missing; the last one has nobody behind it. */
        if (s->queued == 1) {
            s->answered = true;
            s->queued = 0;
            tb_client_baud_lost(s->c);
        }
        return TB_CLIENT_OK;
    }
    uint8_t command = is_stream(s) ? TB_CMD_STREAM : TB_CMD_DATA;
    if (f->command != (command | TB_WIRE_REPLY) ||
        f->length < (is_stream(s) ? STREAM_REPLY_BYTES : DATA_REPLY_BYTES)) {
        return TB_CLIENT_OK;
    }
    size_t i = 0;
    while (i < s->queued && s->queue[i].seq != f->payload[0]) {
        i++;
    }
    if (i == s->queued) { /* given up before: still good for what it acknowledges */
        uint32_t next = tb_get_u32(f->payload + 2);
        if (f->payload[1] == TB_OK && next <= s->sent_to) {
            acknowledge(s, next, is_stream(s) ? tb_get_u32(f->payload + 10) : 0);
        }
        return TB_CLIENT_OK;
    }
    const tb_client_sent of = s->queue[i];
    tb_client_result result = take_answer(s, &of, f);
    take_off_queue(s, i + 1u);
    return result;
}

static void take_silence(sending *s)
{
    s->queued = 0;
    s->one_by_one = s->answered = true;
    tb_client_baud_lost(s->c);
}

static uint64_t reply_deadline(const sending *s)
{
    const tb_link *link = s->c->link;
    uint64_t line_ms = link->baud ? (uint64_t)outstanding(s) * 20000u / link->baud : 0;
    const tb_chip *chip = tb_chip_by_id(s->c->hello.device_id, s->c->hello.bank_kib);
    uint32_t pages = DATA_PAGES;
    if (chip != NULL) { /* of a stream one frame, and what goes on once a gap is closed */
        uint32_t bytes = is_stream(s) ? STREAM_EXPANDS : 0u;
        if (s->held_to > s->held_from) {
            const uint32_t *reached = s->plan.stream.reached;
            bytes += is_stream(s) ? reached[s->held_to - 1u] - reached[s->held_from]
                                  : s->held_to - s->held_from;
        }
        pages += (bytes + chip->pages[0].bytes - 1u) / chip->pages[0].bytes;
    }
    return link->now_ms(link->ctx) + REPLY_TIMEOUT_MS + pages * tb_client_erase_ms(s->c) + line_ms;
}

/* The session is the device's, at any rate: it goes on where it was. */
static tb_client_result lower_baud(sending *s)
{
    s->queued = 0;
    s->trouble = 0;
    s->one_by_one = s->answered = true;
    return tb_client_lower_baud(s->c);
}

/* The first byte that is missing was sent before: that is what counts as trouble. false: too much
 * of it. */
static bool may_retry(sending *s)
{
    if (s->next < s->sent_to && s->next == pass_kept(s, s->acked)) {
        s->trouble++;
        tb_client_tell(s->c, TB_EVENT_RETRY, s->next, s->trouble);
    }
    return s->trouble <= MOST_TROUBLE;
}

static tb_client_result give_up(sending *s)
{
    (void)tb_client_no_answer(s->c, "in the middle of the image");
    (void)tb_hint(&s->c->why, "it still has its old image; once it answers again, the same command "
                              "goes on where this one stopped");
    return TB_CLIENT_NO_ANSWER;
}

static tb_client_result send_data(sending *s)
{
    tb_client *c = s->c;
    uint64_t deadline = 0;
    bool all_read = true;
    s->answered = true;
    while (s->acked < s->total && !s->again) {
        bool more = may_send(s);
        if (more && all_read) {
            if (!may_retry(s)) {
                return give_up(s);
            }
            if (!send_next(s)) {
                return tb_client_gone(c);
            }
        }
        if (s->answered) { /* not by frames that answer nothing, or they could go on for ever */
            deadline = reply_deadline(s);
            s->answered = false;
        }
        /* Between two frames all that has come already: what is lost early in a large window is
         * not to be learnt at its end. */
        tb_frame f;
        int got = tb_client_next(c, more ? 0 : deadline, &f);
        if (got < 0) {
            return tb_client_gone(c);
        }
        all_read = got == 0;
        if (all_read && more) {
            continue;
        }
        if (got == 0) {
            take_silence(s);
        } else {
            tb_client_result result = take_reply(s, &f);
            if (result != TB_CLIENT_OK) {
                return result;
            }
            /* A line that talks without end does not keep the next frame back. */
            all_read = !s->answered;
        }
        if (tb_client_baud_strained(c)) {
            tb_client_result result = lower_baud(s);
            if (result != TB_CLIENT_OK) {
                return result;
            }
        }
    }
    return TB_CLIENT_OK;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static tb_client_result reconnect_and_begin(sending *s)
{
    if (s->begins >= MOST_BEGINS) {
        (void)tb_complain(&s->c->why, "the device restarted %u times during the update",
                          s->begins - 1u);
        (void)tb_hint(&s->c->why,
                      "check its supply; the same command goes on where this one stopped");
        return TB_CLIENT_NO_ANSWER;
    }
    tb_client_result result = s->begins ? tb_client_connect(s->c) : TB_CLIENT_OK;
    return result == TB_CLIENT_OK ? begin(s) : result;
}

static tb_client_result send_all(sending *s)
{
    tb_client *c = s->c;
    tb_sent *sent = s->sent;
    bool fresh_start_tried = false;
    for (;;) {
        tb_client_result result = reconnect_and_begin(s);
        if (result == TB_CLIENT_OK) {
            result = send_data(s);
        } else if (result == TB_CLIENT_REFUSED && c->device_error == TB_ERR_NO_SESSION) {
            continue; /* it restarted between BEGIN and the first byte */
        }
        if (result != TB_CLIENT_OK) {
            return result;
        }
        if (s->again) {
            continue;
        }
        result = tb_client_command(c, TB_CMD_FINISH, NULL, 0,
                                   FINISH_TIMEOUT_MS + FINISH_PAGES * tb_client_erase_ms(c));
        if (result == TB_CLIENT_OK) {
            if (c->reply_bytes < 3) {
                return tb_client_nonsense(c, "to the finished image");
            }
            sent->bank = c->reply[0];
            sent->generation = (uint16_t)(c->reply[1] | c->reply[2] << 8);
            return TB_CLIENT_OK;
        }
        bool lost = result == TB_CLIENT_REFUSED && c->device_error == TB_ERR_NO_SESSION;
        /* What was resumed may have been damaged by the cut: the device has thrown it away. */
        bool stale = result == TB_CLIENT_REFUSED && !fresh_start_tried &&
                     (sent->resumed_from > 0 || sent->kept_bytes > 0) &&
                     (c->device_error == TB_ERR_PAYLOAD_CRC || c->device_error == TB_ERR_TLV_CRC);
        if (!lost && !stale) {
            return result;
        }
        fresh_start_tried = fresh_start_tried || stale;
    }
}

tb_client_result tb_client_send(tb_client *c, const tb_image_file *image, tb_sent *sent)
{
    sending s = {.c = c, .image = image, .sent = sent, .total = (uint32_t)image->bytes};

    *sent = (tb_sent){0};
    tb_client_result result = send_all(&s);
    tb_plan_free(&s.plan);
    return result;
}
