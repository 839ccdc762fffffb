#include "torture/rig.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/lib/objfile.h"

#define PORT_BYTES 4096u /* what a host's port takes before it blocks */
#define SLICE_PS (20u * SIM_PS_PER_MS)

sim_ps rig_poll_most;
bool rig_slowest_flash;

static _Noreturn void give_up(const char *what, const char *detail)
{
    fprintf(stderr, "twinbank-torture: %s: %s\n", what, detail);
    exit(2);
}

bool rig_fail(rig *r, const char *format, ...)
{
    if (r->failure[0] == '\0') {
        va_list args;
        va_start(args, format);
        vsnprintf(r->failure, sizeof r->failure, format, args);
        va_end(args);
    }
    return false;
}

const char *rig_file(const tb_chip *chip, const char *name)
{
    static char path[512];
    const char *root = getenv("TB_FIRMWARE_ROOT");
    snprintf(path, sizeof path, "%s/%s/%s", root != NULL ? root : "build/firmware", chip->name,
             name);
    return path;
}

/* ---- the wire and the console ---------------------------------------------------------- */

static int to_part(void *ctx)
{
    rig *r = ctx;
    return r->deaf || r->in_head == r->in_tail ? -1 : r->in[r->in_tail++ % RIG_QUEUE_BYTES];
}

static void from_part(void *ctx, uint8_t byte, uint32_t baud)
{
    rig *r = ctx;
    (void)baud;
    if (r->out_head - r->out_tail < RIG_QUEUE_BYTES) {
        r->out[r->out_head++ % RIG_QUEUE_BYTES] = byte;
    }
    sim_break(r->m);
}

static void console_byte(void *ctx, uint8_t byte, uint32_t baud)
{
    rig *r = ctx;
    (void)baud;
    if (r->mute) {
        return;
    }
    if (r->console_fill + 1u == RIG_CONSOLE_BYTES) {
        r->console_fill = 0; /* a part that talks too much: the oldest goes */
    }
    r->console[r->console_fill++] = (char)byte;
    r->console[r->console_fill] = '\0';
    if (byte == '\n') {
        sim_break(r->m);
    }
}

static int console_quiet(void *ctx)
{
    (void)ctx;
    return -1;
}

void rig_forget(rig *r)
{
    r->console_fill = 0;
    r->console[0] = '\0';
}

bool rig_said(const rig *r, const char *text)
{
    return strstr(r->console, text) != NULL;
}

/* ---- time ------------------------------------------------------------ */

/* Each start is at a round second, with the same in RAM where power was away, so that two of
 * them that find the same in flash go on alike. */
static void start_anew(rig *r, bool power, bool all_lost)
{
    sim_ps now = sim_now(r->m);
    r->in_tail = r->in_head; /* what was on the wire is lost */
    r->out_tail = r->out_head;
    rig_forget(r);
    sim_rest_until(r->m, power ? (now / SIM_PS_PER_S + 1u) * SIM_PS_PER_S : now);
    if (r->starting != NULL) {
        r->starting(r->start_ctx, power);
    }
    if (power) {
        sim_set_random(r->m, r->poison);
        sim_power_on(r->m, all_lost);
    }
    sim_set_random(r->m, r->chance);
    if (r->started != NULL) {
        r->started(r->start_ctx);
    }
}

static void host_begins(rig *r)
{
    tb_client_init(&r->client, &r->link, NULL);
    r->client.compress = r->compress;
    r->client.compress_ctx = r->compress_ctx;
}

void rig_set_compress(rig *r, rig_compress *compress, void *ctx)
{
    r->client.compress = r->compress = compress;
    r->client.compress_ctx = r->compress_ctx = ctx;
}

void rig_power_cycle(rig *r)
{
    start_anew(r, true, true);
    host_begins(r);
}

static void interrupted(rig *r, bool power)
{
    r->cuts_seen = sim_cuts_fired(r->m);
    r->boots++;
    start_anew(r, power, false);
    longjmp(*r->escape, 1);
}

bool rig_run(rig *r, sim_ps duration)
{
    sim_ps until = sim_now(r->m) + duration;
    sim_ps slice = sim_now(r->m) + SLICE_PS;
    sim_end end = sim_run(r->m, until < slice ? until : slice);
    if (end == SIM_END_STOP && r->stop_is_an_end) {
        r->stopped = true;
        return false;
    }
    if (end == SIM_END_STOP) {
        return rig_fail(r, "the part stopped: %s", sim_end_text(r->m));
    }
    if (sim_cuts_fired(r->m) > r->cuts_seen) {
        interrupted(r, end == SIM_END_POWER_CUT);
    }
    return r->failure[0] == '\0';
}

bool rig_wait(rig *r, const char *text, sim_ps limit)
{
    sim_ps end = sim_now(r->m) + limit;
    while (!rig_said(r, text)) {
        if (sim_now(r->m) >= end || !rig_run(r, end - sim_now(r->m))) {
            return false;
        }
    }
    return true;
}

void rig_send(rig *r, const void *bytes, size_t count)
{
    const uint8_t *p = bytes;
    while (count-- > 0u) {
        r->in[r->in_head++ % RIG_QUEUE_BYTES] = *p++;
    }
    sim_uart_poll(r->m, r->chip->board.uart_name);
}

size_t rig_receive(rig *r, uint8_t *bytes, size_t room, sim_ps limit)
{
    sim_ps end = sim_now(r->m) + limit;
    size_t count = 0;
    while (r->out_head == r->out_tail && sim_now(r->m) < end) {
        if (!rig_run(r, end - sim_now(r->m))) {
            return 0;
        }
    }
    while (count < room && r->out_head != r->out_tail) {
        bytes[count++] = r->out[r->out_tail++ % RIG_QUEUE_BYTES];
    }
    return count;
}

static int link_read(void *ctx, uint8_t *data, size_t bytes, unsigned timeout_ms)
{
    rig *r = ctx;
    size_t count = rig_receive(r, data, bytes, timeout_ms * SIM_PS_PER_MS);
    return r->failure[0] != '\0' ? -1 : (int)count;
}

static bool link_write(void *ctx, const uint8_t *data, size_t bytes)
{
    rig *r = ctx;
    while (bytes > 0u) {
        size_t room = PORT_BYTES - (r->in_head - r->in_tail);
        size_t n = bytes < room ? bytes : room;
        rig_send(r, data, n);
        data += n;
        bytes -= n;
        if (bytes > 0u && !rig_run(r, SIM_PS_PER_MS / 10u)) {
            return false;
        }
    }
    return true;
}

static bool link_reopen(void *ctx)
{
    (void)ctx;
    return true;
}

static void link_pause(void *ctx, unsigned ms)
{
    rig *r = ctx;
    sim_ps end = sim_now(r->m) + ms * SIM_PS_PER_MS;
    while (sim_now(r->m) < end && rig_run(r, end - sim_now(r->m))) {
    }
}

static uint64_t link_now_ms(void *ctx)
{
    return sim_now(((rig *)ctx)->m) / SIM_PS_PER_MS;
}

bool rig_force_stage2(rig *r)
{
    const tb_board *board = &r->chip->board;
    sim_pin_drive(r->m, board->port, board->rx_pin, 0);
    sim_pin_reset(r->m);
    link_pause(r, 30);
    sim_pin_drive(r->m, board->port, board->rx_pin, -1);
    link_pause(r, 5);
    return r->failure[0] == '\0';
}

/* ---- made and freed ------------------------------------------------------------ */

static void print_trace(void *ctx, const char *line)
{
    (void)ctx;
    puts(line);
}

static void load_factory(rig *r, const char *name)
{
    tb_objfile file;
    if (!tb_objfile_read(&file, rig_file(r->chip, name), TB_NO_ADDRESS)) {
        give_up("factory file (was the firmware built?)", file.error);
    }
    for (size_t i = 0; i < file.count; i++) {
        /* With one bank a smaller part has nothing where its second bank is with two. */
        if (!sim_flash_load(r->m, file.segments[i].address, file.segments[i].data,
                            file.segments[i].bytes) &&
            file.segments[i].address < r->chip->bank2_base) {
            give_up("factory file", "a segment is outside flash");
        }
    }
    tb_objfile_free(&file);
}

void rig_program(rig *r, const char *factory)
{
    for (unsigned bank = 0; bank < 2u; bank++) {
        sim_what_if erase = {.kind = SIM_OP_ERASE_PAGE, .bank = bank,
                             .bytes = r->chip->bank_bytes, .outcome = SIM_CUT_NEW};
        if (!sim_flash_apply(r->m, &erase, 1u)) {
            give_up("the model cannot be programmed", r->chip->name);
        }
    }
    load_factory(r, factory);
    rig_power_cycle(r);
}

rig *rig_new(const tb_chip *chip, const char *factory, uint32_t seed, bool trace)
{
    rig *r = calloc(1, sizeof *r);
    sim_options options = {.seed = seed, .lockup_waits = true, .skip_polls = true,
                           .poll_most = rig_poll_most,
                           .slowest_flash = rig_slowest_flash};
    if (r == NULL) {
        abort();
    }
    if (trace) {
        options.trace = SIM_TRACE_FLASH | SIM_TRACE_OPTION | SIM_TRACE_RESET;
        options.trace_line = print_trace;
    }
    r->chip = chip;
    r->poison = r->chance = 0x9E3779B97F4A7C15ull ^ seed;
    r->m = sim_new(chip, &options);
    if (r->m == NULL) {
        give_up("no simulator model", chip->name);
    }
    load_factory(r, factory);
    r->wire = (sim_uart_link){.ctx = r, .byte_out = from_part, .byte_in = to_part};
    r->console_link =
        (sim_uart_link){.ctx = r, .byte_out = console_byte, .byte_in = console_quiet};
    if (!sim_uart_connect(r->m, chip->board.uart_name, &r->wire) ||
        !sim_uart_connect(r->m, chip->console.uart_name, &r->console_link)) {
        give_up("no such UART", chip->board.uart_name);
    }
    r->link = (tb_link){.ctx = r, .name = "the wire", .baud = 115200, .read = link_read,
                        .write = link_write, .reopen = link_reopen, .pause = link_pause,
                        .now_ms = link_now_ms};
    host_begins(r);
    sim_power_on(r->m, true);
    return r;
}

void rig_free(rig *r)
{
    oracle_free(&r->oracle);
    sim_free(r->m);
    free(r);
}
