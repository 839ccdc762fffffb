#include "bench/line.h"

#include <string.h>

#define STEP_WHEN_FULL (SIM_PS_PER_MS / 10u)

void line_init(line *l, board *b)
{
    memset(l, 0, sizeof *l);
    l->b = b;
}

static void enter(line_way *way, uint8_t byte, sim_ps now)
{
    sim_ps start = way->free_at > now ? way->free_at : now;
    way->free_at = start + way->per_byte;
    way->queue[way->head % LINE_BYTES].byte = byte;
    way->queue[way->head++ % LINE_BYTES].due = way->free_at + way->latency;
}

static sim_ps next_due(const line_way *way)
{
    return way->head == way->tail ? SIM_NEVER : way->queue[way->tail % LINE_BYTES].due;
}

/* Moves what is due at either end. */
static void move(line *l)
{
    board *b = l->b;
    sim_ps now = sim_now(b->machine);
    while (b->out_head != b->out_tail && l->in.head - l->in.tail < LINE_BYTES) {
        enter(&l->in, b->out[b->out_tail++ % BOARD_QUEUE_BYTES], now);
    }
    while (next_due(&l->out) <= now) {
        board_send(b, &l->out.queue[l->out.tail++ % LINE_BYTES].byte, 1);
    }
}

static void run_to(line *l, sim_ps end)
{
    board *b = l->b;
    while (l->sample != NULL && sim_now(b->machine) + l->sample_every < end) {
        sim_ps now = sim_now(b->machine);
        l->sample(l->sample_ctx, b->machine);
        board_run(b, l->sample_every);
        if (sim_now(b->machine) < now + l->sample_every) {
            return; /* something happened */
        }
    }
    board_run(b, end - sim_now(b->machine));
}

/* Until `end`, or until the host has something to read. */
static void pass(line *l, sim_ps end)
{
    for (;;) {
        move(l);
        sim_ps now = sim_now(l->b->machine), to = end;
        if (now >= end || next_due(&l->in) <= now) {
            return;
        }
        to = next_due(&l->in) < to ? next_due(&l->in) : to;
        to = next_due(&l->out) < to ? next_due(&l->out) : to;
        run_to(l, to);
    }
}

static int line_read(void *ctx, uint8_t *data, size_t bytes, unsigned timeout_ms)
{
    line *l = ctx;
    size_t count = 0;
    pass(l, sim_now(l->b->machine) + timeout_ms * SIM_PS_PER_MS);
    while (count < bytes && next_due(&l->in) <= sim_now(l->b->machine)) {
        data[count++] = l->in.queue[l->in.tail++ % LINE_BYTES].byte;
    }
    return (int)count;
}

static bool line_write(void *ctx, const uint8_t *data, size_t bytes)
{
    line *l = ctx;
    board *b = l->b;
    /* What is lost was on the line all the same, as something that begins no frame. */
    bool lost = l->lose_every != 0 && ++l->frames % l->lose_every == 0;
    while (bytes > 0) {
        size_t waiting = (l->out.head - l->out.tail) + (b->in_head - b->in_tail);
        if (waiting < BOARD_PORT_BYTES) {
            enter(&l->out, lost ? 0 : *data, sim_now(b->machine));
            data++;
            bytes--;
        } else { /* as a port does: the call comes back when there is room again */
            move(l);
            run_to(l, sim_now(b->machine) + STEP_WHEN_FULL);
        }
    }
    move(l);
    return true;
}

static bool line_reopen(void *ctx)
{
    (void)ctx;
    return true;
}

static void line_pause(void *ctx, unsigned ms)
{
    line *l = ctx;
    sim_ps end = sim_now(l->b->machine) + ms * SIM_PS_PER_MS;
    while (sim_now(l->b->machine) < end) {
        move(l);
        sim_ps to = next_due(&l->out) < end ? next_due(&l->out) : end;
        run_to(l, to);
    }
}

static uint64_t line_now_ms(void *ctx)
{
    line *l = ctx;
    return sim_now(l->b->machine) / SIM_PS_PER_MS;
}

void line_link(line *l, tb_link *link)
{
    *link = (tb_link){.ctx = l, .name = "the simulated line", .baud = l->b->host_baud,
                      .read = line_read, .write = line_write, .reopen = line_reopen,
                      .pause = line_pause, .now_ms = line_now_ms};
}
