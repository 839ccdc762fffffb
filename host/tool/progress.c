#include "host/tool/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/tool/options.h"
#include "host/tool/out.h"

#define BAR 30u
#define REDRAW_MS 100u

static unsigned percent(const progress *p)
{
    return p->total ? (unsigned)((uint64_t)p->done * 100u / p->total) : 0;
}

/* Bytes a second since the start, 0 while unknown. */
static uint64_t rate(const progress *p, uint64_t now)
{
    uint64_t took = now - p->start_ms;
    return took && p->done > p->start ? (uint64_t)(p->done - p->start) * 1000u / took : 0;
}

static void draw_bar(progress *p, uint64_t now)
{
    bool utf8 = out_is_utf8();
    char bar[BAR * 4u] = "";
    unsigned filled = p->total ? (unsigned)((uint64_t)p->done * BAR / p->total) : 0;
    uint64_t speed = rate(p, now);
    for (unsigned i = 0; i < BAR; i++) {
        (void)strcat(bar, i < filled ? (utf8 ? "█" : "#") : (utf8 ? "░" : "."));
    }
    (void)printf("\r%s%s%s %3u %%", out_style(stdout, STYLE_GOOD), bar,
                 out_style(stdout, STYLE_PLAIN), percent(p));
    if (speed) {
        uint64_t left = (p->total - p->done + speed - 1u) / speed;
        (void)printf("  %u.%u kB/s  ", (unsigned)(speed / 1000u), (unsigned)(speed % 1000u / 100u));
        if (p->done < p->total) {
            (void)printf("%u:%02u left ", (unsigned)(left / 60u), (unsigned)(left % 60u));
        } else {
            (void)printf("%u.%u s     ", (unsigned)((now - p->start_ms) / 1000u),
                         (unsigned)((now - p->start_ms) % 1000u / 100u));
        }
    }
    (void)fflush(stdout);
    p->drawn_ms = now;
    p->drawn = true;
}

static void say_line(progress *p, uint64_t now)
{
    unsigned now_percent = percent(p) / 10u * 10u;
    uint64_t speed = rate(p, now);
    if (now_percent <= p->said_percent) {
        return;
    }
    p->said_percent = now_percent;
    if (speed) {
        out_line("sent %3u %%  %u of %u bytes, %u.%u kB/s", now_percent, (unsigned)p->done,
                 (unsigned)p->total, (unsigned)(speed / 1000u), (unsigned)(speed % 1000u / 100u));
    } else {
        out_line("sent %3u %%  %u of %u bytes", now_percent, (unsigned)p->done, (unsigned)p->total);
    }
    out_json(json_pack("{s:s, s:I, s:I, s:i, s:I}", "event", "progress", "done",
                       (json_int_t)p->done, "total", (json_int_t)p->total, "percent",
                       (int)now_percent, "bytes_per_second", (json_int_t)speed));
}

static void advance(progress *p, uint32_t done, uint32_t total)
{
    uint64_t now = p->link->now_ms(p->link->ctx);
    p->done = done;
    p->total = total;
    if (!p->started) {
        p->started = true;
        p->start_ms = now;
        p->start = done;
        p->said_percent = percent(p) / 10u * 10u;
    }
    if (!p->terminal) {
        say_line(p, now);
    } else if (!p->drawn || now - p->drawn_ms >= REDRAW_MS || done == total) {
        draw_bar(p, now);
    }
}

void progress_end(progress *p)
{
    if (p->drawn) {
        (void)putchar('\n');
        (void)fflush(stdout);
        p->drawn = false;
    }
}

static void note(progress *p, const char *event, uint32_t done, const char *text)
{
    progress_end(p);
    out_line("%s", text);
    out_json(json_pack("{s:s, s:I, s:s}", "event", event, "at", (json_int_t)done, "message", text));
}

static unsigned tenths(uint32_t ms)
{
    return (ms + 50u) / 100u;
}

/* What was chosen, what it saves, or why nothing is saved. */
static void say_plan(void *ctx, const tb_sent *sent, uint32_t bytes, uint32_t whole)
{
    progress *p = ctx;
    char text[200], version[16];
    size_t n = 0;
    unsigned permille = whole ? (unsigned)((uint64_t)bytes * 1000u / whole) : 0;
    unsigned expected = tenths(sent->expected_ms), plain = tenths(sent->whole_ms);
    unsigned stream = tenths(sent->stream_ms);

    text[0] = '\0';
    if (sent->how != TB_SENT_PLAIN) {
        if (sent->how == TB_SENT_DELTA) {
            n = (size_t)snprintf(text, sizeof text, "as a delta against %s: ",
                                 tb_version_text(sent->source_version, version));
        }
        n += (size_t)snprintf(text + n, sizeof text - n,
                              "%s%u bytes instead of %u (%u.%u %%), about %u.%u s instead of %u.%u",
                              n > 0 ? "" : "compressed: ", (unsigned)bytes, (unsigned)whole,
                              permille / 10u, permille % 10u, expected / 10u, expected % 10u,
                              plain / 10u, plain % 10u);
    } else if (sent->stream_ms > sent->whole_ms) {
        n = (size_t)snprintf(text, sizeof text, "not compressed: the device would take %u.%u s to "
                             "expand and write it, and as it is about %u.%u s",
                             stream / 10u, stream % 10u, plain / 10u, plain % 10u);
    }
    if (sent->kept_bytes > 0) {
        n += (size_t)snprintf(text + n, sizeof text - n,
                              "%sthe device keeps %u bytes that are right already",
                              n > 0 ? "; " : "", (unsigned)sent->kept_bytes);
    }
    if (n == 0) {
        return;
    }
    static const char *const names[] = {"plain", "compressed", "delta"};
    progress_end(p);
    out_line("%s", text);
    out_json(json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:s}", "event", "planned", "how",
                       names[sent->how], "bytes", (json_int_t)bytes, "of", (json_int_t)whole,
                       "kept", (json_int_t)sent->kept_bytes, "expected_ms",
                       (json_int_t)sent->expected_ms, "whole_ms", (json_int_t)sent->whole_ms,
                       "message", text));
}

static void say_baud(progress *p, uint32_t baud, uint32_t before)
{
    char text[128];
    switch (p->client->baud_state) {
    case TB_BAUD_RAISED:
        (void)snprintf(text, sizeof text, "the line is at %u baud", (unsigned)baud);
        break;
    case TB_BAUD_GIVEN_UP:
        (void)snprintf(text, sizeof text, "too much was lost at %u baud: the line is back at %u",
                       (unsigned)before, (unsigned)baud);
        break;
    case TB_BAUD_NOT_LINE:
        (void)snprintf(text, sizeof text, "the line stays at %u baud: nothing comes through faster",
                       (unsigned)baud);
        break;
    case TB_BAUD_NOT_PORT:
        (void)snprintf(text, sizeof text, "the line stays at %u baud: the port does none of the "
                       "higher rates", (unsigned)baud);
        break;
    default:
        (void)snprintf(text, sizeof text, "the line stays at %u baud: the device cannot change it",
                       (unsigned)baud);
        break;
    }
    progress_end(p);
    out_line("%s", text);
    out_json(json_pack("{s:s, s:I, s:s}", "event", "baud", "baud", (json_int_t)baud, "message",
                       text));
}

static void progress_event(void *ctx, tb_client_event event, uint32_t done, uint32_t total)
{
    progress *p = ctx;
    char text[128];
    unsigned at = total ? (unsigned)((uint64_t)done * 100u / total) : 0;
    switch (event) {
    case TB_EVENT_PROGRESS:
        advance(p, done, total);
        break;
    case TB_EVENT_RESUMED:
        if (done < total) {
            (void)snprintf(text, sizeof text,
                           "resuming at %u %% (%u of %u bytes are there already)", at,
                           (unsigned)done, (unsigned)total);
        } else {
            (void)snprintf(text, sizeof text, "the device holds the whole image already");
        }
        note(p, "resumed", done, text);
        break;
    case TB_EVENT_RESTARTED:
        p->retries = 0; /* they were the restart */
        (void)snprintf(text, sizeof text, "the device restarted; going on at %u %%", at);
        note(p, "restarted", done, text);
        break;
    case TB_EVENT_TRIAL:
        (void)snprintf(text, sizeof text, "trial boot %u of %u", (unsigned)done, (unsigned)total);
        note(p, "trial", done, text);
        break;
    case TB_EVENT_RETRY:
        p->retries++;
        break;
    case TB_EVENT_BAUD:
        say_baud(p, done, total);
        break;
    case TB_EVENT_SILENT:
        break;
    }
}

void progress_init(progress *p, tb_client *client)
{
    *p = (progress){.link = client->link, .client = client};
    p->terminal = isatty(STDOUT_FILENO) == 1 && !the_settings.quiet && !the_settings.json;
    client->event = progress_event;
    client->planned = say_plan;
    client->event_ctx = p;
}
