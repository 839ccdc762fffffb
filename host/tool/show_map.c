/* Both banks as a picture, side by side: what a newcomer looks at first. */
#include <stdarg.h>
#include <string.h>

#include "host/tool/device.h"
#include "host/tool/out.h"

#define INNER 36u /* columns inside a box */
#define GAP "   "
#define BAR 20u
#define MOST_LINES 20u

typedef struct line {
    char text[INNER * 4u]; /* UTF-8 */
    unsigned columns;
    style look;
    bool rule;
} line;

typedef struct box {
    line lines[MOST_LINES];
    size_t count;
} box;

typedef struct glyphs {
    const char *h, *v, *top_left, *top_right, *left, *right, *bottom_left, *bottom_right, *full,
        *empty, *arrow;
} glyphs;

static const glyphs unicode = {"─", "│", "┌", "┐", "├", "┤", "└", "┘", "█", "░", "◀"};
static const glyphs ascii = {"-", "|", "+", "+", "+", "+", "+", "+", "#", ".", "<"};

static void add(box *b, style look, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void add(box *b, style look, const char *format, ...)
{
    line *l = &b->lines[b->count < MOST_LINES ? b->count++ : MOST_LINES - 1u];
    char text[INNER * 3u];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    l->look = look;
    l->columns = 0;
    size_t at = 0;
    for (size_t i = 0; text[i]; i++) { /* cut at whole characters */
        bool starts = ((unsigned char)text[i] & 0xC0u) != 0x80u;
        if (starts && l->columns == INNER - 2u) {
            break;
        }
        l->columns += starts;
        l->text[at++] = text[i];
    }
    l->text[at] = 0;
}

static void rule(box *b)
{
    if (b->count < MOST_LINES) {
        b->lines[b->count++] = (line){.rule = true};
    }
}

static void add_bar(box *b, const glyphs *g, uint32_t used, uint32_t room)
{
    char bar[BAR * 4u] = "";
    unsigned filled = room ? (unsigned)(((uint64_t)used * BAR + room - 1u) / room) : 0;
    for (unsigned i = 0; i < BAR; i++) {
        const char *c = i < filled ? g->full : g->empty;
        (void)strncat(bar, c, sizeof bar - strlen(bar) - 1u);
    }
    add(b, STYLE_PLAIN, "%s %3u %%", bar, room ? (unsigned)((uint64_t)used * 100u / room) : 0u);
}

static void add_slot(box *b, const glyphs *g, const tb_hello *h, const tb_status *st, unsigned bank)
{
    const tb_wire_slot *s = &st->slot[bank];
    bool whole = !s->head_error && !s->payload_error;
    style look = s->state == TB_SLOT_CONFIRMED && whole ? STYLE_GOOD
                 : s->state == TB_SLOT_TRIAL && whole   ? STYLE_WARN
                 : s->state == TB_SLOT_EMPTY            ? STYLE_DIM
                                                        : STYLE_BAD;
    char version[16];
    const char *where = st->running_bank == bank ? "running"
                        : st->preferred == bank  ? "next boot"
                                                 : "";
    if (s->head_error) {
        add(b, STYLE_DIM, "application  %s", "none");
    } else {
        add(b, STYLE_BOLD, "application  %-8s %s%s%s", tb_version_text(s->version, version),
            *where ? g->arrow : "", *where ? " " : "", where);
    }
    if (s->state == TB_SLOT_TRIAL) {
        add(b, look, "on trial, attempt %u of %u", s->attempts, TB_TRIAL_ATTEMPTS);
    } else {
        add(b, look, "%s",
            s->state == TB_SLOT_EMPTY && !s->head_error ? "not installed"
                                                        : slot_state_text(s->state));
    }
    if (s->state == TB_SLOT_REJECTED) {
        add(b, look, "%s", tb_reason_text((tb_reason)s->reason));
    }
    if (s->state != TB_SLOT_EMPTY && !whole) {
        add(b, STYLE_BAD, "%s",
            tb_error_text((tb_error)(s->head_error ? s->head_error : s->payload_error)));
    }
    if (s->generation) {
        add(b, STYLE_PLAIN, "generation %u", s->generation);
    }
    if (!s->head_error) {
        add(b, STYLE_PLAIN, "%u bytes", (unsigned)(s->size + TB_HEADER_BYTES));
        add_bar(b, g, s->size + TB_HEADER_BYTES, h->slot_image_bytes);
    }
}

static void fill(box *b, const glyphs *g, const tb_hello *h, const tb_status *st, unsigned bank)
{
    const tb_chip *chip = tb_chip_by_id(h->device_id, h->bank_kib);
    bool mapped = h->mapped_bank == bank;
    uint32_t other = chip ? chip->bank2_base : TB_FLASH_BASE + h->bank_kib * 1024u;
    char version[16];
    add(b, STYLE_BOLD, "bank %u   mapped at 0x%08X", bank + 1u,
        (unsigned)(mapped ? TB_FLASH_BASE : other));
    rule(b);
    add(b, STYLE_PLAIN, "stage 1");
    rule(b);
    if (st->stage2[bank].error == TB_OK) {
        add(b, STYLE_PLAIN, "stage 2      %-8s %s%s",
            tb_version_text(st->stage2[bank].version, version),
            st->stage2_bank == bank ? g->arrow : "", st->stage2_bank == bank ? " running" : "");
    } else {
        add(b, STYLE_WARN, "stage 2      none");
    }
    rule(b);
    add_slot(b, g, h, st, bank);
}

static void repeat(char *out, size_t room, const char *glyph, unsigned times)
{
    while (times-- > 0) {
        (void)strncat(out, glyph, room - strlen(out) - 1u);
    }
}

static void put_border(char *out, size_t room, const char *left, const glyphs *g, const char *right)
{
    (void)strncat(out, left, room - strlen(out) - 1u);
    repeat(out, room, g->h, INNER);
    (void)strncat(out, right, room - strlen(out) - 1u);
}

static void put_line(char *out, size_t room, const box *b, size_t i, const glyphs *g)
{
    static const line blank;
    const line *l = i < b->count ? &b->lines[i] : &blank;
    if (l->rule) {
        put_border(out, room, g->left, g, g->right);
        return;
    }
    size_t at = strlen(out);
    (void)snprintf(out + at, room - at, "%s %s%s%s%*s%s", g->v, out_style(stdout, l->look), l->text,
                   out_style(stdout, STYLE_PLAIN), (int)(INNER - 1u - l->columns), "", g->v);
}

void show_map(const tb_hello *h, const tb_status *st)
{
    const glyphs *g = out_is_utf8() ? &unicode : &ascii;
    box boxes[2] = {0};
    char text[1024] = "";
    for (unsigned bank = 0; bank < 2u; bank++) {
        fill(&boxes[bank], g, h, st, bank);
    }
    size_t lines = boxes[0].count > boxes[1].count ? boxes[0].count : boxes[1].count;
    put_border(text, sizeof text, g->top_left, g, g->top_right);
    (void)strcat(text, GAP);
    put_border(text, sizeof text, g->top_left, g, g->top_right);
    out_line("%s", text);
    for (size_t i = 0; i < lines; i++) {
        text[0] = 0;
        put_line(text, sizeof text, &boxes[0], i, g);
        (void)strcat(text, GAP);
        put_line(text, sizeof text, &boxes[1], i, g);
        out_line("%s", text);
    }
    text[0] = 0;
    put_border(text, sizeof text, g->bottom_left, g, g->bottom_right);
    (void)strcat(text, GAP);
    put_border(text, sizeof text, g->bottom_left, g, g->bottom_right);
    out_line("%s", text);
    if (st->preferred > 1u) {
        out_line("%s", "The next boot ends in stage 2: there is no image that may run.");
    }
}
