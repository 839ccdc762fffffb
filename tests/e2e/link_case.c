#include "tests/e2e/link_case.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/lib/client.h"
#include "tests/e2e/board.h"
#include "tests/e2e/hostile.h"
#include "torture/oracle.h"

#define PRODUCT 1u /* TB_PRODUCT_ID of the firmware's build */
#define ROUNDS 3u
#define QUIET_MS 4000u /* after the attack: sessions end, a trial confirms itself */
#define ANSWER_MS 60000u /* no call but the sending of an image takes longer */
/* For each frame of the image the client has as many tries as this, in milliseconds. */
#define SEND_BASE_MS 300000u
#define SEND_FRAME_MS 30000u

typedef struct attack {
    const char *chip;
    uint32_t random, seed, number;
    bool verbose, failed, over;
    board *b;
    tb_link inner;
    hostile line;
    tb_client client;
    oracle oracle;
    tb_image_file image;
    uint64_t next_cut; /* operation that is cut; UINT64_MAX: none any more */
    unsigned cuts_left;
    uint64_t resets;
    link_tally *tally;
} attack;

static uint32_t dice(attack *a, uint32_t sides)
{
    a->random ^= a->random << 13;
    a->random ^= a->random >> 17;
    a->random ^= a->random << 5;
    return (a->random >> 4) % sides;
}

static void broken(attack *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void broken(attack *a, const char *format, ...)
{
    va_list args;

    if (a->failed) {
        return;
    }
    a->failed = true;
    va_start(args, format);
    fprintf(stderr, "case %" PRIu32 "/%" PRIu32 " at %" PRIu64 " ms: ", a->seed, a->number,
            (uint64_t)(sim_now(a->b->machine) / SIM_PS_PER_MS));
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
}

/* ---- what is watched -------------------------------------------------------------------- */

static void before_operation(void *ctx, sim_op_kind kind)
{
    attack *a = ctx;
    unsigned bank;
    uint32_t offset, bytes;
    const char *wrong = oracle_instant(&a->oracle);

    (void)kind;
    if (wrong != NULL) {
        broken(a, "%s", wrong);
    }
    if (sim_op_place(a->b->machine, &bank, &offset, &bytes)) {
        oracle_touch(&a->oracle, bank, offset, bytes);
    } else {
        oracle_touch_all(&a->oracle);
    }
    uint64_t op = sim_op_count(a->b->machine, 0);
    if (!a->over && a->cuts_left > 0 && op >= a->next_cut) {
        sim_cut cut = {.op = op, .when = (sim_cut_when)dice(a, 3), .outcome = SIM_CUT_RANDOM,
                       .backup_lost = dice(a, 2) != 0};
        a->b->backup_lost = cut.backup_lost;
        a->cuts_left--;
        a->next_cut = op + 1u + dice(a, 1500);
        sim_schedule_cut(a->b->machine, &cut);
    }
}

static void on_reset(void *ctx, const char *line)
{
    attack *a = ctx;

    if (strstr(line, "starts in ") != NULL) {
        return;
    }
    a->resets++;
    if (a->verbose) {
        fprintf(stderr, "%s\n", line);
    }
    if (strstr(line, "watchdog") != NULL) {
        broken(a, "a watchdog reset that nobody asked for");
    }
}

static void look_for_faults(attack *a)
{
    if (strstr(a->b->console + a->b->console_seen, "reset: fault") != NULL) {
        broken(a, "the application faulted");
    }
    a->b->console_seen = a->b->console_fill = 0;
    a->b->console[0] = '\0';
}

/* ---- the course of a case ------------------------------------------------------------------ */

static uint64_t now_ms(const attack *a)
{
    return sim_now(a->b->machine) / SIM_PS_PER_MS;
}

/* The result is reported as it should be, and came in time. */
static bool ended_well(attack *a, tb_client_result result, uint64_t since_ms, uint64_t limit_ms,
                       const char *doing)
{
    uint64_t took = now_ms(a) - since_ms;

    if (took > limit_ms) {
        broken(a, "%s took %" PRIu64 " ms", doing, took);
    }
    if (result != TB_CLIENT_OK && a->client.why.what[0] == '\0') {
        broken(a, "%s failed and does not say why", doing);
    }
    if (a->verbose) {
        fprintf(stderr, "[%9" PRIu64 " ms] %s: %s (%" PRIu64 " ms)\n", now_ms(a), doing,
                result == TB_CLIENT_OK ? "done" : a->client.why.what, took);
    }
    a->client.why.what[0] = '\0';
    return result == TB_CLIENT_OK && !a->failed;
}

/* What `twinbank flash` does. true: the image was seen to run, confirmed. */
static bool flash(attack *a, const char *when)
{
    const tb_wait_options wait = {.total_ms = 30000, .confirm_ms = 5000};
    tb_client *c = &a->client;
    tb_sent sent;
    tb_fate fate = TB_FATE_LOST;
    uint32_t payload = c->most_payload > 24u ? c->most_payload - 12u : 8u;
    uint64_t limit = SEND_BASE_MS + SEND_FRAME_MS * (a->image.bytes / payload + 1u);
    uint64_t since = now_ms(a);

    if (!ended_well(a, tb_client_connect(c), since, ANSWER_MS, "hello")) {
        return false;
    }
    since = now_ms(a);
    if (!ended_well(a, tb_client_status(c), since, ANSWER_MS, "status") ||
        !ended_well(a, tb_client_check(c, &a->image), now_ms(a), ANSWER_MS, "check")) {
        return false;
    }
    since = now_ms(a);
    bool sent_well = ended_well(a, tb_client_send(c, &a->image, &sent), since, limit, "send");
    uint64_t took = now_ms(a) - since;
    a->tally->longest_ms = took > a->tally->longest_ms ? took : a->tally->longest_ms;
    if (!sent_well) {
        return false;
    }
    since = now_ms(a);
    (void)ended_well(a, tb_client_reset(c, TB_CMD_RESET, 0), since, ANSWER_MS, "reset");
    since = now_ms(a);
    bool seen = ended_well(a, tb_client_wait(c, &a->image, &sent, &wait, &fate), since,
                           2u * ANSWER_MS, when);
    look_for_faults(a);
    return seen && fate == TB_FATE_CONFIRMED;
}

static void choose_faults(attack *a, line_faults *f)
{
    uint16_t *const shares[] = {&f->drop, &f->twice, &f->reorder, &f->corrupt, &f->stall,
                                &f->babble};
    static const uint16_t most[] = {5, 30, 100, 300};
    unsigned strength = dice(a, 4);

    *f = (line_faults){.seed = a->random, .stall_ms = (uint16_t)(1u << dice(a, 12))};
    for (unsigned i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        *shares[i] = dice(a, 3) != 0 ? (uint16_t)dice(a, most[strength] + 1u) : 0u;
    }
    f->stall = (uint16_t)(f->stall / 8u);
    if (a->verbose) {
        fprintf(stderr, "drop=%u,twice=%u,reorder=%u,corrupt=%u,stall=%u,babble=%u,stall-ms=%u\n",
                f->drop, f->twice, f->reorder, f->corrupt, f->stall, f->babble, f->stall_ms);
    }
}

static void load(attack *a, const char *name)
{
    tb_complaint why;

    tb_image_file_free(&a->image);
    if (!tb_image_load(&a->image, board_file(a->b, name), &why)) {
        broken(a, "%s", why.what);
    }
}

static void begin(attack *a)
{
    line_faults faults;
    bool application = dice(a, 4) != 0;

    const sim_options options = {.seed = a->seed + a->number, .skip_polls = true,
                                 .trace = SIM_TRACE_RESET, .trace_line = on_reset,
                                 .trace_ctx = a};

    a->b = board_new_with(a->chip, application ? "factory.hex" : "factory-no-app.hex", &options);
    board_run(a->b, 300u * SIM_PS_PER_MS);
    oracle_init(&a->oracle, a->b->machine, PRODUCT);
    sim_set_op_hook(a->b->machine, before_operation, a);
    board_link(a->b, &a->inner);
    tb_client_init(&a->client, &a->inner, NULL);
    if (dice(a, 3) == 0 && (tb_client_connect(&a->client) != TB_CLIENT_OK ||
                            tb_client_reset(&a->client, TB_CMD_RESET, 1) != TB_CLIENT_OK)) {
        broken(a, "stage 2 cannot be asked for");
    }
    choose_faults(a, &faults);
    hostile_init(&a->line, &a->inner, &faults);
    tb_client_init(&a->client, &a->line.link, NULL);
    a->client.most_payload = (uint16_t)(16u + dice(a, 32u << dice(a, 6)));
    a->cuts_left = dice(a, 4);
    a->next_cut = sim_op_count(a->b->machine, 0) + dice(a, 1500);
    load(a, dice(a, 5) == 0 ? "stage2-next.twb" : "app-1.1.0.twb");
}

/* The line is good again: the device is there, and takes the next image. */
static void aftermath(attack *a)
{
    a->over = true;
    hostile_end(&a->line);
    a->inner.pause(a->inner.ctx, QUIET_MS);
    while (a->inner.read(a->inner.ctx, (uint8_t[64]){0}, 64, 20) > 0) {
    }
    tb_client_init(&a->client, &a->inner, NULL);
    load(a, "app-1.2.0.twb");
    if (!a->failed && !flash(a, "the clean update")) {
        broken(a, "after the attack a clean update does not succeed");
    }
    if (a->failed) {
        return;
    }
    if (tb_client_connect(&a->client) != TB_CLIENT_OK ||
        tb_client_status(&a->client) != TB_CLIENT_OK || a->client.status.running_bank > 1u) {
        broken(a, "after the update the device is lost");
        return;
    }
    unsigned bank = a->client.status.running_bank;
    const oracle_image *image = oracle_slot(&a->oracle, bank);
    if (image->wrong != NULL ||
        memcmp(sim_flash_bank(a->b->machine, bank) + a->b->chip->slot_offset, a->image.data,
               a->image.bytes) != 0) {
        broken(a, "bank %u does not hold the image", bank + 1u);
    }
    if (sim_cuts_fired(a->b->machine) != sim_cuts_scheduled(a->b->machine)) {
        broken(a, "a scheduled cut did not fire");
    }
}

static void count(attack *a)
{
    const bad_line *lines[2] = {&a->line.to_device, &a->line.to_host};
    link_tally *t = a->tally;

    for (unsigned i = 0; i < 2u; i++) {
        t->frames += lines[i]->frames;
        t->dropped += lines[i]->dropped;
        t->doubled += lines[i]->doubled;
        t->reordered += lines[i]->reordered;
        t->corrupted += lines[i]->corrupted;
        t->stalled += lines[i]->stalled;
        t->babbled += lines[i]->babbled;
    }
    t->cases++;
    t->cuts += sim_cuts_fired(a->b->machine);
    t->resets += a->resets;
    t->operations += sim_op_count(a->b->machine, 0);
    t->virtual_ms += now_ms(a);
}

bool link_case_run(const char *chip, uint32_t seed, uint32_t number, bool verbose,
                   link_tally *tally)
{
    attack *a = calloc(1, sizeof *a);

    if (a == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(2);
    }
    a->chip = chip;
    a->seed = seed;
    a->number = number;
    a->verbose = verbose;
    a->tally = tally;
    a->random = (seed * 40503u + number + 1u) * 2654435761u | 1u;
    begin(a);
    for (unsigned round = 0; round < ROUNDS && !a->failed; round++) {
        if (flash(a, "the image's fate")) {
            tally->updates_done++;
            break;
        }
        tally->updates_given_up++;
    }
    aftermath(a);
    count(a);
    bool good = !a->failed;
    oracle_free(&a->oracle);
    tb_image_file_free(&a->image);
    board_free(a->b);
    free(a);
    return good;
}
