#include "sim/line/bad_line.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES 4u /* token, command, length */
#define OVERHEAD 8u
#define GAP_MS 20u      /* silence that ends a frame which is not whole */
#define OVERTAKEN_MS 60u /* so long a frame waits for another one to overtake it */

static uint32_t dice(bad_line *l, uint32_t sides)
{
    l->random ^= l->random << 13;
    l->random ^= l->random >> 17;
    l->random ^= l->random << 5;
    return (l->random >> 4) % sides;
}

static bool happens(bad_line *l, uint16_t per_1000)
{
    return per_1000 != 0 && dice(l, 1000) < per_1000;
}

void bad_line_init(bad_line *l, const line_faults *faults, uint32_t salt)
{
    memset(l, 0, sizeof *l);
    l->faults = *faults;
    l->random = (faults->seed * 2u + salt) * 2654435761u + 0x9E3779B9u;
    l->random = l->random != 0 ? l->random : 1u;
}

void bad_line_clear(bad_line *l)
{
    l->count = l->taken = 0;
    l->held_back = false;
    l->coming.bytes = 0;
}

/* ---- what happens to a frame ---------------------------------------------------------- */

static line_frame *push(bad_line *l, const line_frame *frame, uint64_t due_ms)
{
    if (l->count == BAD_LINE_FRAMES) {
        return NULL; /* more than any line holds: lost */
    }
    line_frame *to = &l->queue[(l->head + l->count++) % BAD_LINE_FRAMES];
    to->due_ms = due_ms > l->stalled_until_ms ? due_ms : l->stalled_until_ms;
    to->bytes = frame->bytes;
    memcpy(to->data, frame->data, frame->bytes);
    return to;
}

static void corrupt(bad_line *l, line_frame *frame)
{
    unsigned at = dice(l, frame->bytes), n;

    l->corrupted++;
    switch (dice(l, 5)) {
    case 0: /* a burst */
        for (n = 1u + dice(l, 12); n > 0 && at < frame->bytes; n--) {
            frame->data[at++] = (uint8_t)dice(l, 256);
        }
        break;
    case 1: /* lost bytes */
        n = 1u + dice(l, 4);
        n = n < frame->bytes - at ? n : frame->bytes - at;
        memmove(frame->data + at, frame->data + at + n, frame->bytes - at - n);
        frame->bytes = (uint16_t)(frame->bytes - n);
        break;
    case 2: /* a byte too many */
        memmove(frame->data + at + 1u, frame->data + at, frame->bytes - at);
        frame->data[at] = (uint8_t)dice(l, 256);
        frame->bytes = (uint16_t)(frame->bytes + 1u);
        break;
    case 3: /* cut short */
        frame->bytes = (uint16_t)at;
        break;
    default: /* one bit */
        frame->data[at] ^= (uint8_t)(1u << dice(l, 8));
        break;
    }
}

/* Noise, the start of a frame that never comes, or a frame of some time ago. */
static void babble(bad_line *l, uint64_t now_ms)
{
    static const uint8_t starts[4] = {0x24, 0x23, 0x5F, 0xAA};
    line_frame made = {.bytes = (uint16_t)(1u + dice(l, 40))};

    l->babbled++;
    for (unsigned i = 0; i < made.bytes; i++) {
        made.data[i] = (uint8_t)dice(l, 256);
    }
    switch (dice(l, 4)) {
    case 0:
        made.data[0] = starts[dice(l, 4)];
        made.data[3] = (uint8_t)dice(l, 6); /* a length that may be believed */
        break;
    case 1:
    case 2:
        if (l->heard > 0) {
            uint32_t known = l->heard < BAD_LINE_HISTORY ? l->heard : BAD_LINE_HISTORY;
            (void)push(l, &l->history[dice(l, known)], now_ms);
            return;
        }
        break;
    default:
        break;
    }
    (void)push(l, &made, now_ms);
}

static void swap_last_two(bad_line *l)
{
    line_frame *a = &l->queue[(l->head + l->count - 2u) % BAD_LINE_FRAMES];
    line_frame *b = &l->queue[(l->head + l->count - 1u) % BAD_LINE_FRAMES];
    line_frame other = *a;
    uint64_t due_ms = b->due_ms;

    *a = *b;
    *b = other;
    a->due_ms = b->due_ms = due_ms;
    l->reordered++;
}

static bool whole(const line_frame *f)
{
    uint32_t length;

    if (f->data[0] != 0x23u && f->data[0] != 0x24u) {
        return f->bytes > 0;
    }
    if (f->bytes < HEAD_BYTES) {
        return false;
    }
    length = (uint32_t)f->data[2] | (uint32_t)f->data[3] << 8;
    return OVERHEAD + length > BAD_LINE_FRAME_BYTES || f->bytes >= OVERHEAD + length;
}

static void forward(bad_line *l, uint64_t now_ms)
{
    line_frame *frame = &l->coming;
    bool overtakes = l->held_back && l->count >= (l->taken > 0 ? 2u : 1u);

    l->frames += frame->bytes > 1u && whole(frame);
    l->held_back = false;
    l->history[l->heard++ % BAD_LINE_HISTORY] = *frame;
    if (happens(l, l->faults.babble)) {
        babble(l, now_ms);
        overtakes = false;
    }
    if (happens(l, l->faults.stall)) {
        l->stalled++;
        l->stalled_until_ms = now_ms + 1u + dice(l, l->faults.stall_ms + 1u);
    }
    if (happens(l, l->faults.drop)) {
        l->dropped++;
    } else {
        bool twice = happens(l, l->faults.twice);
        if (happens(l, l->faults.corrupt)) {
            corrupt(l, frame);
        }
        line_frame *last = push(l, frame, now_ms);
        if (last != NULL && overtakes) {
            swap_last_two(l);
        } else if (last != NULL && twice) {
            l->doubled++;
            (void)push(l, frame, now_ms);
        } else if (last != NULL && happens(l, l->faults.reorder)) {
            last->due_ms += OVERTAKEN_MS;
            l->held_back = true;
        }
    }
    frame->bytes = 0;
}

/* ---- in and out ------------------------------------------------------------------------ */

void bad_line_put(bad_line *l, uint8_t byte, uint64_t now_ms)
{
    l->coming.data[l->coming.bytes++] = byte;
    l->coming.due_ms = now_ms;
    if (whole(&l->coming)) {
        forward(l, now_ms);
    }
}

int bad_line_get(bad_line *l, uint64_t now_ms)
{
    if (l->coming.bytes > 0 && now_ms - l->coming.due_ms >= GAP_MS) {
        forward(l, now_ms);
    }
    while (l->count > 0 && l->queue[l->head].due_ms <= now_ms) {
        line_frame *first = &l->queue[l->head];

        if (l->taken < first->bytes) {
            return first->data[l->taken++];
        }
        l->head = (l->head + 1u) % BAD_LINE_FRAMES;
        l->count--;
        l->taken = 0;
    }
    return -1;
}

const char *line_faults_parse(const char *text, line_faults *faults)
{
    struct {
        const char *name;
        uint16_t *value;
    } const fields[] = {{"drop", &faults->drop},       {"twice", &faults->twice},
                        {"reorder", &faults->reorder}, {"corrupt", &faults->corrupt},
                        {"stall", &faults->stall},     {"babble", &faults->babble},
                        {"stall-ms", &faults->stall_ms}};

    *faults = (line_faults){.stall_ms = 500, .seed = 1};
    while (*text != '\0') {
        const char *equals = strchr(text, '=');
        char *end;
        uint16_t *value = NULL;

        if (equals == NULL || equals[1] < '0' || equals[1] > '9') {
            return "expected NAME=NUMBER,...";
        }
        unsigned long number = strtoul(equals + 1, &end, 10);
        size_t length = (size_t)(equals - text);
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
            if (strlen(fields[i].name) == length && strncmp(text, fields[i].name, length) == 0) {
                value = fields[i].value;
            }
        }
        if (value == NULL && length == 4 && strncmp(text, "seed", 4) == 0) {
            faults->seed = (uint32_t)number;
        } else if (value == NULL) {
            return "expected drop, twice, reorder, corrupt, stall, babble, stall-ms or seed";
        } else if (number > (value == &faults->stall_ms ? 10000u : 1000u)) {
            return "a share is 0 to 1000 of 1000 frames, stall-ms 0 to 10000";
        } else {
            *value = (uint16_t)number;
        }
        if (*end != ',' && *end != '\0') {
            return "expected a comma between NAME=NUMBER";
        }
        text = *end == ',' ? end + 1 : end;
    }
    return NULL;
}
