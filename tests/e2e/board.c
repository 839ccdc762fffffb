#include "tests/e2e/board.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/lib/factory.h"
#include "host/lib/objfile.h"

static void fail(const char *what, const char *detail)
{
    fprintf(stderr, "board: %s: %s\n", what, detail);
    exit(1);
}

const char *board_file(const board *b, const char *name)
{
    static char path[256];
    const char *root = getenv("TB_FIRMWARE_ROOT");
    snprintf(path, sizeof path, "%s/%s/%s", root ? root : "build/firmware", b->chip->name, name);
    return path;
}

uint8_t *board_read_file(const char *path, size_t *bytes)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        fail("cannot open (was the firmware built?)", path);
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    uint8_t *data = malloc((size_t)size + 1u);
    if (!data || fread(data, 1, (size_t)size, f) != (size_t)size)
        fail("cannot read", path);
    fclose(f);
    *bytes = (size_t)size;
    return data;
}

/* ---- the wire ------------------------------------------------------------------ */

static int to_part(void *ctx)
{
    board *b = ctx;
    if (b->in_head == b->in_tail)
        return -1;
    uint8_t byte = b->in[b->in_tail++ % BOARD_QUEUE_BYTES];
    if (b->bytes_to_part++ == 0)
        b->first_in = sim_now(b->machine);
    b->last_in = sim_now(b->machine);
    return byte;
}

static void from_part(void *ctx, uint8_t byte, uint32_t baud)
{
    board *b = ctx;
    uint32_t difference = baud > b->host_baud ? baud - b->host_baud : b->host_baud - baud;
    if (difference > b->host_baud / 25u)
        byte ^= 0xFFu; /* at another rate the host reads garbage */
    b->bytes_from_part++;
    if (b->out_head - b->out_tail == BOARD_QUEUE_BYTES) {
        b->out_lost++;
        return;
    }
    b->out[b->out_head++ % BOARD_QUEUE_BYTES] = byte;
    sim_break(b->machine);
}

static void console_byte(void *ctx, uint8_t byte, uint32_t baud)
{
    board *b = ctx;
    (void)baud;
    if (b->console_fill + 1u < BOARD_CONSOLE_BYTES) {
        b->console[b->console_fill++] = (char)byte;
        b->console[b->console_fill] = '\0';
    }
    if (byte == '\n')
        sim_break(b->machine);
}

static int console_quiet(void *ctx)
{
    (void)ctx;
    return -1;
}

void board_send(board *b, const void *bytes, size_t count)
{
    const uint8_t *p = bytes;
    if (count > BOARD_QUEUE_BYTES - (b->in_head - b->in_tail))
        fail("the wire's queue is full", "a test sends faster than it runs");
    while (count--)
        b->in[b->in_head++ % BOARD_QUEUE_BYTES] = *p++;
    sim_uart_poll(b->machine, b->chip->board.uart_name);
}

size_t board_receive(board *b, uint8_t *bytes, size_t room, sim_ps limit)
{
    sim_ps end = sim_now(b->machine) + limit;
    while (b->out_head == b->out_tail && sim_now(b->machine) < end)
        board_run(b, end - sim_now(b->machine));
    size_t count = 0;
    while (count < room && b->out_head != b->out_tail)
        bytes[count++] = b->out[b->out_tail++ % BOARD_QUEUE_BYTES];
    return count;
}

static int link_read(void *ctx, uint8_t *data, size_t bytes, unsigned timeout_ms)
{
    return (int)board_receive(ctx, data, bytes, timeout_ms * SIM_PS_PER_MS);
}

static bool link_write(void *ctx, const uint8_t *data, size_t bytes)
{
    board *b = ctx;
    /* as a port does: the call comes back when there is room again */
    while (bytes) {
        size_t room = BOARD_PORT_BYTES - (b->in_head - b->in_tail);
        size_t n = bytes < room ? bytes : room;
        board_send(b, data, n);
        data += n;
        bytes -= n;
        if (bytes)
            board_run(b, SIM_PS_PER_MS / 10u);
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
    board *b = ctx;
    sim_ps end = sim_now(b->machine) + ms * SIM_PS_PER_MS;
    while (sim_now(b->machine) < end)
        board_run(b, end - sim_now(b->machine));
}

static uint64_t link_now_ms(void *ctx)
{
    board *b = ctx;
    return sim_now(b->machine) / SIM_PS_PER_MS;
}

/* Both ways: the part hears what the host's port sends, as it comes out at its own rate. */
static bool link_set_baud(void *ctx, uint32_t baud)
{
    board *b = ctx;
    b->host_baud = b->wire.baud = baud;
    return true;
}

void board_link(board *b, tb_link *link)
{
    *link = (tb_link){ .ctx = b, .name = "the simulated wire", .baud = b->host_baud,
                       .read = link_read, .write = link_write, .reopen = link_reopen,
                       .pause = link_pause, .now_ms = link_now_ms,
                       .set_baud = link_set_baud };
}

/* ---- life ------------------------------------------------------------------------ */

board *board_new_with(const char *chip_name, const char *hex_file, const sim_options *options)
{
    board *b = calloc(1, sizeof *b);
    if (!b || !(b->console = calloc(1, BOARD_CONSOLE_BYTES)))
        fail("no memory", chip_name);
    b->chip = tb_chip_find(chip_name);
    if (!b->chip)
        fail("no such chip", chip_name);
    b->host_baud = 115200;
    b->machine = sim_new(b->chip, options);
    if (!b->machine)
        fail("no model", chip_name);
    tb_objfile file;
    if (!tb_objfile_read(&file, board_file(b, hex_file), TB_NO_ADDRESS))
        fail("factory file", file.error);
    for (size_t i = 0; i < file.count; i++)
        if (!sim_flash_load(b->machine, file.segments[i].address, file.segments[i].data,
                            file.segments[i].bytes))
            fail("factory file", "a segment is outside flash");
    tb_objfile_free(&file);
    b->wire = (sim_uart_link){ .ctx = b, .byte_out = from_part, .byte_in = to_part };
    b->console_link = (sim_uart_link){ .ctx = b, .byte_out = console_byte, .byte_in = console_quiet };
    if (!sim_uart_connect(b->machine, b->chip->board.uart_name, &b->wire) ||
        !sim_uart_connect(b->machine, b->chip->console.uart_name, &b->console_link))
        fail("no such UART", b->chip->board.uart_name);
    sim_power_on(b->machine, true);
    return b;
}

board *board_new(const char *chip_name, const char *hex_file, uint32_t seed)
{
    const sim_options options = { .seed = seed, .skip_polls = true };
    return board_new_with(chip_name, hex_file, &options);
}

board *board_new_exact(const char *chip_name, const char *hex_file, uint32_t seed)
{
    const sim_options options = { .seed = seed };
    return board_new_with(chip_name, hex_file, &options);
}

void board_program(board *b, const char *stage1, const char *app)
{
    char stage2[256];
    tb_complaint why;
    tb_factory factory;

    snprintf(stage2, sizeof stage2, "%s", board_file(b, "stage2.twb"));
    const tb_factory_options options = { .chip = b->chip, .stage1 = stage1, .stage2 = stage2,
                                         .app = app };
    if (!tb_factory_make(&options, &factory, &why))
        fail("factory file", why.what);
    for (size_t i = 0; i < factory.count; i++)
        if (!sim_flash_load(b->machine, factory.parts[i].address, factory.parts[i].data,
                            factory.parts[i].bytes))
            fail("factory file", "a part is outside flash");
    tb_factory_free(&factory);
}

uint64_t board_to_slot(board *b, sim_ps limit)
{
    sim_cpu *core = sim_core(b->machine);
    uint32_t entry = TB_FLASH_BASE + b->chip->slot_offset;
    sim_ps end = sim_now(b->machine) + limit;
    uint64_t start = sim_cpu_cycles(core);

    while (sim_now(b->machine) < end) {
        if (sim_run(b->machine, sim_now(b->machine) + 1) == SIM_END_STOP)
            fail("the part stopped", sim_end_text(b->machine));
        if (sim_cpu_reg(core, 15) - entry < b->chip->bank_bytes - b->chip->slot_offset)
            return sim_cpu_cycles(core) - start;
    }
    return 0;
}

bool board_swaps_by_option(const board *b)
{
    return b->chip->family == TB_FAMILY_U5 || b->chip->family == TB_FAMILY_H7;
}

void board_free(board *b)
{
    sim_free(b->machine);
    free(b->console);
    free(b);
}

sim_end board_run(board *b, sim_ps duration)
{
    sim_end end = sim_run(b->machine, sim_now(b->machine) + duration);
    if (end == SIM_END_STOP)
        fail("the part stopped", sim_end_text(b->machine));
    if (end == SIM_END_POWER_CUT) {
        b->in_tail = b->in_head; /* what was on the wire is lost */
        b->power_cycles++;
        sim_power_on(b->machine, b->backup_lost);
    }
    return end;
}

void board_forget(board *b)
{
    b->console_seen = b->console_fill;
}

bool board_wait(board *b, const char *text, sim_ps limit)
{
    sim_ps end = sim_now(b->machine) + limit;
    for (;;) {
        const char *found = strstr(b->console + b->console_seen, text);
        if (found) {
            b->console_seen = (size_t)(found - b->console) + strlen(text);
            return true;
        }
        if (sim_now(b->machine) >= end) {
            fprintf(stderr, "waited for \"%s\", the console said:\n%s\n", text,
                    b->console + b->console_seen);
            return false;
        }
        board_run(b, end - sim_now(b->machine));
    }
}
