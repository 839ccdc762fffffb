#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

#define OPENED_BAUD 115200u

void bench_must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bench: %s\n", what);
        exit(1);
    }
}

/* false: what runs there cannot make that rate from its clock. */
static bool set_baud(line *l, tb_client *client, uint32_t baud)
{
    uint8_t wanted[4] = {(uint8_t)baud, (uint8_t)(baud >> 8), (uint8_t)(baud >> 16),
                         (uint8_t)(baud >> 24)};
    if (baud == l->b->host_baud) {
        return true;
    }
    tb_client_result result = tb_client_command(client, TB_CMD_BAUD, wanted, 4, 2000);
    if (result == TB_CLIENT_REFUSED) {
        return false;
    }
    bench_must(result == TB_CLIENT_OK, client->why.what);
    l->b->host_baud = l->b->wire.baud = baud;
    client->link->baud = baud;
    client->link->pause(client->link->ctx, 2);
    return true;
}

static void into_stage2(tb_client *client)
{
    bench_must(tb_client_reset(client, TB_CMD_RESET, 1) == TB_CLIENT_OK, "reset refused");
    client->link->pause(client->link->ctx, 100);
    bench_must(tb_client_connect(client) == TB_CLIENT_OK, "stage 2 does not answer");
}

static void counts(board *b, update_result *r, sim_ps start, sim_ps flash_before)
{
    r->seconds = (double)(sim_now(b->machine) - start) / 1e12;
    r->line_seconds = (double)(b->last_in - b->first_in) / 1e12;
    r->to_part = b->bytes_to_part;
    r->from_part = b->bytes_from_part;
    r->flash_seconds = (double)(sim_op_time(b->machine) - flash_before) / 1e12;
}

static void ops(board *b, update_result *r, int sign)
{
    uint64_t units = sim_op_count(b->machine, 1u << SIM_OP_PROGRAM);
    uint64_t pages = sim_op_count(b->machine, 1u << SIM_OP_ERASE_PAGE);
    r->units = sign > 0 ? units - r->units : units;
    r->pages = sign > 0 ? pages - r->pages : pages;
}

static void send(const update_case *c, line *l, tb_client *client, const tb_image_file *image,
                 update_result *r)
{
    board *b = l->b;
    tb_image_file source = {0};
    tb_complaint why;

    if (c->source != NULL) {
        bench_must(tb_image_load(&source, board_file(b, c->source), &why), c->source);
        client->sources = &source;
        client->source_count = 1;
    }
    client->plain_only = c->plain;
    b->bytes_to_part = b->bytes_from_part = 0;
    ops(b, r, -1);
    sim_ps start = sim_now(b->machine), flash = sim_op_time(b->machine);
    if (!c->plain) {
        bench_must(tb_client_status(client) == TB_CLIENT_OK, "no status");
    }
    tb_client_result result = tb_client_send(client, image, &r->sent);
    bench_must(result == TB_CLIENT_OK, client->why.what);
    counts(b, r, start, flash);
    ops(b, r, 1);
    tb_image_file_free(&source);
}

update_result bench_update(const update_case *c)
{
    update_result r = {.possible = true};
    board *b = board_new(c->chip, c->factory, 1);
    line *l = malloc(sizeof *l);
    tb_link link;
    tb_client client;
    tb_image_file image;
    tb_complaint why;

    bench_must(l != NULL, "no memory");
    bench_must(board_wait(b, c->runs, 5 * SIM_PS_PER_S), "the application does not come up");
    b->wire.baud = OPENED_BAUD; /* the host's clock, not the part's own divider */
    line_init(l, b);
    line_link(l, &link);
    tb_client_init(&client, &link, NULL);
    bench_must(tb_image_load(&image, board_file(b, c->image), &why), c->image);
    r.image_bytes = image.bytes;
    bench_must(tb_client_connect(&client) == TB_CLIENT_OK, "no answer");
    if (c->stage2) {
        into_stage2(&client);
    }
    r.possible = (c->baud == b->host_baud || (client.hello.capabilities & TB_CAP_BAUD)) &&
                 set_baud(l, &client, c->baud);
    if (r.possible) {
        l->in.latency = c->in_latency;
        l->out.latency = c->out_latency;
        l->in.per_byte = l->out.per_byte = c->per_byte;
        l->lose_every = c->lose_every;
        l->sample = c->sample;
        l->sample_ctx = c->sample_ctx;
        l->sample_every = c->sample_every;
        if (c->per_byte != 0 && c->per_byte > 10 * SIM_PS_PER_S / c->baud) {
            link.baud = (uint32_t)(10 * SIM_PS_PER_S / c->per_byte);
        }
        send(c, l, &client, &image, &r);
    }
    tb_image_file_free(&image);
    free(l);
    board_free(b);
    return r;
}

update_rate bench_rate(const update_result *r, uint32_t baud)
{
    double bytes = (double)r->image_bytes;
    return (update_rate){.got = bytes / r->line_seconds, .line = baud / 10.0,
                         .flash = bytes / r->flash_seconds};
}

/* ---- the tutorial's client --------------------------------------------------------------- */

#define PIECE 128u
#define ACK 0x5F

/* Each byte enters the CRC unit as a word. */
static uint32_t unit_crc(const uint8_t *data, size_t bytes)
{
    uint32_t crc = 0xFFFFFFFFu;
    while (bytes--) {
        crc ^= *data++;
        for (unsigned i = 0; i < 32; i++) {
            crc = (crc & 0x80000000u) ? (crc << 1) ^ 0x04C11DB7u : crc << 1;
        }
    }
    return crc;
}

static void ask(board *b, uint8_t command, const uint8_t *payload, size_t bytes)
{
    uint8_t frame[PIECE + 8u] = {0x23, command, (uint8_t)bytes, (uint8_t)(bytes >> 8)}, answer = 0;
    memcpy(frame + 4, payload, bytes);
    uint32_t crc = unit_crc(frame, 4 + bytes);
    for (unsigned i = 0; i < 4; i++) {
        frame[4 + bytes + i] = (uint8_t)(crc >> (8u * i));
    }
    board_send(b, frame, 8 + bytes);
    bench_must(board_receive(b, &answer, 1, 3 * SIM_PS_PER_S) == 1 && answer == ACK,
               "the tutorial's client: no ACK");
}

update_result bench_tutorial(const char *chip, const char *factory, const char *image)
{
    update_result r = {.possible = true};
    board *b = board_new(chip, factory, 1);
    uint8_t *data = board_read_file(board_file(b, image), &r.image_bytes);

    b->wire.baud = OPENED_BAUD;
    board_run(b, 100 * SIM_PS_PER_MS);
    b->bytes_to_part = b->bytes_from_part = 0;
    sim_ps start = sim_now(b->machine), flash = sim_op_time(b->machine);
    ops(b, &r, -1);
    for (size_t at = 0; at < r.image_bytes; at += PIECE) {
        ask(b, 0x42, data + at, r.image_bytes - at < PIECE ? r.image_bytes - at : PIECE);
    }
    ask(b, 0x43, data, 0); /* for an ACK alone does not say that it is in flash */
    counts(b, &r, start, flash);
    ops(b, &r, 1);
    free(data);
    board_free(b);
    return r;
}
