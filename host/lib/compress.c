/* The parse: the cheapest way through the image by prices that the pass before learned. */
#include "host/lib/compress.h"

#include <stdlib.h>
#include <string.h>

#include "host/lib/compress_internal.h"

#define PASSES 3u
#define EVERY_LENGTH_TO 48u /* longer copies are considered whole only */
#define NEVER UINT32_MAX

/* How the cheapest way that leads here took its last step. */
typedef struct step {
    uint32_t price;
    uint32_t length;   /* 0: one byte, the same or a literal */
    uint32_t distance; /* of the last copy on the way */
    bool repeat;
} step;

typedef struct job {
    const uint8_t *image, *source;
    uint32_t bytes, start, source_bytes;
    int64_t *shift; /* NULL without a source */
    step *steps;    /* bytes + 1 of them */
    tb_expand_model model;
} job;

static bool same_at(const job *j, uint32_t at)
{
    int64_t place = j->shift != NULL ? (int64_t)at + j->shift[at] : -1;

    return place >= 0 && place < (int64_t)j->source_bytes && j->source[place] == j->image[at];
}

/* ---- prices ---------------------------------------------------------------------------- */

static uint32_t literal_price(const job *j, uint32_t at, bool after_copy)
{
    unsigned odd = at & 1u;

    return price_bit(j->model.copy[after_copy][odd], 0) +
           price_tree(j->model.literal[odd], 8, j->image[at]);
}

static uint32_t copy_price(const job *j, uint32_t at, bool after_copy, uint32_t length,
                           uint32_t distance, bool repeat)
{
    const tb_expand_model *m = &j->model;
    uint32_t price = price_bit(m->copy[after_copy][at & 1u], 1) + price_bit(m->repeat, repeat) +
                     price_number(&m->length[repeat], length - TB_EXPAND_MIN_LENGTH);

    if (j->shift != NULL) {
        price += price_bit(m->jump, 0);
    }
    if (!repeat) {
        price += price_number(&m->distance[length >= TB_EXPAND_SHORT], distance - 1u);
    }
    return price;
}

/* ---- the cheapest way -------------------------------------------------------------------- */

static void consider(job *j, uint32_t to, uint32_t price, uint32_t length, uint32_t distance,
                     bool repeat)
{
    if (price < j->steps[to].price) {
        j->steps[to] = (step){price, length, distance, repeat};
    }
}

static void consider_copies(job *j, uint32_t at, match m, uint32_t from, bool repeat)
{
    const step *here = &j->steps[at];
    uint32_t first = m.length > EVERY_LENGTH_TO ? m.length : from;

    for (uint32_t n = first; n <= m.length; n++) {
        consider(j, at + n,
                 here->price + copy_price(j, at, here->length != 0u, n, m.distance, repeat), n,
                 m.distance, repeat);
    }
}

static int find_way(job *j)
{
    matcher earlier;
    int result = matcher_init(&earlier, j->image, j->bytes);

    for (uint32_t i = j->start; i <= j->bytes; i++) {
        j->steps[i].price = NEVER;
    }
    j->steps[j->start] = (step){0};
    for (uint32_t at = j->start; result == 0 && at < j->bytes; at++) {
        const step *here = &j->steps[at];
        match found[MATCHES_MAX];

        if (same_at(j, at)) { /* next to nothing */
            consider(j, at + 1u, here->price + 1u, 0, here->distance, false);
            continue;
        }
        consider(j, at + 1u, here->price + literal_price(j, at, here->length != 0u), 0,
                 here->distance, false);
        uint32_t again = match_length(j->image, at, here->distance, j->bytes);
        if (again >= TB_EXPAND_MIN_LENGTH) {
            consider_copies(j, at, (match){again, here->distance}, TB_EXPAND_MIN_LENGTH, true);
        }
        unsigned count = matcher_find(&earlier, at, j->bytes, found);
        uint32_t from = TB_EXPAND_MIN_LENGTH;
        for (unsigned i = 0; i < count; i++) {
            consider_copies(j, at, found[i], from, false);
            from = found[i].length + 1u;
        }
    }
    matcher_free(&earlier);
    return result;
}

/* The steps lead backwards; turned round, each place's step says how to go on from it. */
static void turn_round(job *j)
{
    uint32_t at = j->bytes;
    step next = j->steps[at];

    while (at > j->start) {
        uint32_t before = at - (next.length != 0u ? next.length : 1u);
        step kept = j->steps[before];
        j->steps[before] = next;
        next = kept;
        at = before;
    }
}

/* ---- coding -------------------------------------------------------------------------------- */

static void follow(tb_expand_state *s, uint32_t bytes)
{
    s->at += bytes;
    s->source += bytes;
}

typedef struct writer {
    coder coder;
    tb_expand_state s;
    tb_expand_model *m;
    const job *j;
} writer;

static bool has_expected(const writer *w)
{
    return w->s.source < w->j->source_bytes;
}

static void code_same(writer *w, unsigned same)
{
    if (has_expected(w)) {
        coder_bit(&w->coder, &w->m->same[w->s.history][w->s.at & 1u], same);
        w->s.history = (uint8_t)(((unsigned)w->s.history << 1 | same) & 7u);
    }
}

static void code_jump(writer *w, uint32_t source)
{
    code_same(w, 0);
    coder_bit(&w->coder, &w->m->copy[w->s.after_copy][w->s.at & 1u], 1);
    coder_bit(&w->coder, &w->m->jump, 1);
    coder_number(&w->coder, &w->m->target, source);
    w->s.source = source;
    w->s.history = 7;
}

static void code_literal(writer *w, uint8_t byte)
{
    unsigned odd = w->s.at & 1u;

    coder_bit(&w->coder, &w->m->copy[w->s.after_copy][odd], 0);
    if (has_expected(w) && w->s.history != 0u) {
        coder_tree(&w->coder, w->m->difference[odd], 8,
                   (uint8_t)(byte - w->j->source[w->s.source]));
    } else {
        coder_tree(&w->coder, w->m->literal[odd], 8, byte);
    }
    w->s.after_copy = 0;
    follow(&w->s, 1);
}

static void code_copy(writer *w, const step *way)
{
    coder_bit(&w->coder, &w->m->copy[w->s.after_copy][w->s.at & 1u], 1);
    if (w->j->source_bytes != 0u) {
        coder_bit(&w->coder, &w->m->jump, 0);
    }
    coder_bit(&w->coder, &w->m->repeat, way->repeat);
    coder_number(&w->coder, &w->m->length[way->repeat], way->length - TB_EXPAND_MIN_LENGTH);
    if (!way->repeat) {
        coder_number(&w->coder, &w->m->distance[way->length >= TB_EXPAND_SHORT],
                     way->distance - 1u);
    }
    w->s.distance = way->distance;
    w->s.after_copy = 1;
    follow(&w->s, way->length);
}

static void code_step(writer *w)
{
    const job *j = w->j;
    uint32_t at = w->s.at;
    const step *way = &j->steps[at];

    w->coder.at = at + (way->length != 0u ? way->length : 1u);
    if (way->length == 0u && same_at(j, at)) {
        uint32_t place = (uint32_t)((int64_t)at + j->shift[at]);
        if (w->s.source != place) {
            code_jump(w, place);
        }
        code_same(w, 1);
        w->s.after_copy = 0;
        follow(&w->s, 1);
        return;
    }
    /* Not where it would be by chance the same: that is what the flag is for. */
    if (way->length == 0u && has_expected(w) && j->source[w->s.source] == j->image[at]) {
        code_same(w, 1);
        w->s.after_copy = 0;
        follow(&w->s, 1);
        return;
    }
    code_same(w, 0);
    if (way->length == 0u) {
        code_literal(w, j->image[at]);
    } else {
        code_copy(w, way);
    }
}

static int encode(job *j, tb_compressed *out)
{
    writer w = {.m = &j->model, .j = j};

    out->bytes = 0;
    coder_init(&w.coder, out);
    tb_expand_model_init(&j->model);
    w.s.at = w.s.source = j->start;
    w.s.history = 7;
    while (w.s.at < j->bytes && !w.coder.failed) {
        code_step(&w);
    }
    coder_flush(&w.coder);
    return w.coder.failed ? -1 : 0;
}

int tb_compress(const uint8_t *image, size_t image_bytes, size_t start, const uint8_t *source,
                size_t source_bytes, tb_compressed *out)
{
    job j = {.image = image,
             .source = source,
             .bytes = (uint32_t)image_bytes,
             .start = (uint32_t)start,
             .source_bytes = source != NULL ? (uint32_t)source_bytes : 0u};
    int result = 0;

    *out = (tb_compressed){0};
    j.steps = malloc((image_bytes + 1u) * sizeof *j.steps);
    if (source != NULL) {
        j.shift = malloc(image_bytes * sizeof *j.shift);
        result = j.shift == NULL ? -1
                                 : source_align(image, image_bytes, start, source, source_bytes,
                                                j.shift);
    }
    if (j.steps == NULL) {
        result = -1;
    }
    tb_expand_model_init(&j.model);
    for (unsigned pass = 0; pass < PASSES && result == 0; pass++) {
        tb_compressed now = {0};

        result = find_way(&j);
        if (result == 0) {
            turn_round(&j);
            result = encode(&j, &now);
        }
        if (result == 0 && (pass == 0u || now.bytes < out->bytes)) {
            tb_compressed_free(out);
            *out = now;
        } else {
            tb_compressed_free(&now);
        }
    }
    free(j.shift);
    free(j.steps);
    if (result != 0) {
        tb_compressed_free(out);
    }
    return result;
}

void tb_compressed_free(tb_compressed *c)
{
    free(c->data);
    free(c->reached);
    *c = (tb_compressed){0};
}
