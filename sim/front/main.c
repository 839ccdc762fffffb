/* twinbank-sim: the real ARM binaries of a dual-bank STM32, on a model of the part. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/front/load.h"
#include "sim/front/session.h"

static void on_signal(int number)
{
    switch (number) {
    case SIGUSR1: front_signal_power = 1; break;
    case SIGUSR2: front_signal_reset = 1; break;
    default: front_signal_end = 1; break;
    }
}

/* Blocked but where the session asks for them: none comes between a look and a wait. */
static void catch_signals(void)
{
    static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
    struct sigaction a = {.sa_handler = on_signal};
    sigset_t block;
    (void)sigemptyset(&a.sa_mask);
    (void)sigemptyset(&block);
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++) {
        (void)sigaction(caught[i], &a, NULL);
        (void)sigaddset(&block, caught[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &block, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

static int fail(enum front_status status, const char *text)
{
    (void)fprintf(stderr, "twinbank-sim: %s\n", text);
    return (int)status;
}

static void list_chips(void)
{
    size_t n;
    const tb_chip *rows = tb_chips(&n);
    for (size_t i = 0; i < n; i++) {
        const tb_chip *c = &rows[i];
        if (!c->has_banks) {
            (void)printf("%-12s %4u KB  refused: %s\n", c->name, c->flash_kib, c->refusal);
            continue;
        }
        sim_machine *m = sim_new(c, &(sim_options){.seed = 1u});
        (void)printf("%-12s %4u KB  2 x %u KB at 0x%08X and 0x%08X, %s on %s%s\n", c->name,
                     c->flash_kib, c->bank_bytes / 1024u, TB_FLASH_BASE, c->bank2_base,
                     c->board.uart_name, c->board.name, m ? "" : " (no model yet)");
        sim_free(m);
    }
}

static void trace_line(void *ctx, const char *line)
{
    (void)fprintf(ctx, "%s\n", line);
}

static const tb_chip *find_chip(const char *name, front_error *error)
{
    const tb_chip *chip = tb_chip_find(name);
    if (!chip) {
        (void)front_fail(error, "no part is called '%s'; --list-chips shows those there are", name);
        return NULL;
    }
    if (!chip->has_banks) {
        (void)front_fail(error, "%s is refused: %s", chip->name, chip->refusal);
        return NULL;
    }
    return chip;
}

/* A device file that could not be kept is found out before the run, not after it. */
static bool device_place(const char *path, front_error *error)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    if (access(path, F_OK) == 0 && access(path, R_OK | W_OK) != 0) {
        return front_fail(error, "%s: cannot be read and written: %s", path, strerror(errno));
    }
    int n = slash ? snprintf(folder, sizeof folder, "%.*s", (int)(slash - path + 1), path)
                  : snprintf(folder, sizeof folder, ".");
    if (n < 0 || (size_t)n >= sizeof folder || access(folder, W_OK | X_OK) != 0) {
        return front_fail(error, "%s: no file can be made there: %s", path, strerror(errno));
    }
    return true;
}

static bool fill_part(const front_options *o, sim_machine *m, front_error *error)
{
    if (o->device) {
        if (!device_place(o->device, error)) {
            return false;
        }
        bool exists = access(o->device, F_OK) == 0;
        const char *why = exists ? sim_restore(m, o->device) : NULL;
        if (why) {
            return front_fail(error, "%s: %s", o->device, why);
        }
        if (!exists && o->load_count == 0) {
            return front_fail(error, "%s does not exist yet: give --load too, so that there is "
                              "something to run", o->device);
        }
    }
    for (size_t i = 0; i < o->load_count; i++) {
        if (!front_load_file(m, &o->loads[i], error)) {
            return false;
        }
    }
    return true;
}

static bool open_wires(front_session *s, front_error *error)
{
    for (size_t i = 0; i < s->options->wire_count; i++) {
        s->wire_count = i + 1u;
        front_wire *w = &s->wires[i];
        if (!front_wire_open(w, &s->options->wires[i], s->options->until, front_session_seen, s,
                             error) ||
            !front_wire_connect(w, s->m, error)) {
            return false;
        }
        if (w->spec.kind == FRONT_WIRE_PTY && s->options->bad_link &&
            !front_wire_spoil(w, s->m, &s->options->faults, error)) {
            return false;
        }
        if (w->spec.kind == FRONT_WIRE_PTY) {
            const char *link = w->spec.path;
            front_session_say(s, "%s is %s%s%s", w->spec.name, w->slave,
                              link ? ", linked from " : "", link ? link : "");
        }
    }
    return true;
}

/* --until looks at every UART: those that are connected nowhere as well. */
static bool watch_others(front_session *s, front_error *error)
{
    static const char *const names[] = {"lpuart1", "usart1", "usart2", "usart3", "uart4", "uart5"};
    for (size_t i = 0; s->options->until && i < sizeof names / sizeof names[0]; i++) {
        bool taken = false;
        for (size_t j = 0; j < s->options->wire_count; j++) {
            taken = taken || strcmp(s->options->wires[j].name, names[i]) == 0;
        }
        front_wire_spec spec = {.kind = FRONT_WIRE_FILE, .path = "/dev/null"};
        (void)snprintf(spec.name, sizeof spec.name, "%s", names[i]);
        front_wire *w = &s->wires[s->wire_count];
        if (taken || s->wire_count == FRONT_MAX_WIRES) {
            continue;
        }
        if (!front_wire_open(w, &spec, s->options->until, front_session_seen, s, error)) {
            return false;
        }
        if (sim_uart_connect(s->m, spec.name, &w->link)) { /* else the part has none of the name */
            s->wire_count++;
        } else {
            front_wire_close(w);
        }
    }
    return true;
}

static bool prepare(front_session *s, front_error *error)
{
    const front_options *o = s->options;
    bool pty = false;
    s->control.command = front_session_command;
    s->control.ctx = s;
    if (!open_wires(s, error) || !watch_others(s, error) ||
        !front_control_open(&s->control, o->control, error)) {
        return false;
    }
    for (size_t i = 0; i < s->wire_count; i++) {
        pty = pty || s->wires[i].spec.kind == FRONT_WIRE_PTY;
        s->external = s->external || s->wires[i].spec.kind != FRONT_WIRE_FILE;
    }
    s->external = s->external || o->control != NULL;
    s->real = o->speed == FRONT_SPEED_REAL || (o->speed == FRONT_SPEED_UNSAID && pty);
    for (size_t i = 0; i < o->cut_count; i++) {
        if (!front_session_add_cut(s, &o->cuts[i], error)) {
            return false;
        }
    }
    return true;
}

static bool has_stdio(const front_options *o)
{
    for (size_t i = 0; i < o->wire_count; i++) {
        if (o->wires[i].kind == FRONT_WIRE_STDIO) {
            return true;
        }
    }
    return false;
}

/* The device is kept whatever the end was; a failure to keep it outweighs the rest. */
static enum front_status keep(const front_session *s, enum front_status status)
{
    const front_options *o = s->options;
    front_error error;
    const char *why = o->device ? sim_save(s->m, o->device) : NULL;
    if (why) {
        (void)fprintf(stderr, "twinbank-sim: %s: the device is not kept: %s\n", o->device, why);
        status = FRONT_STATUS_FAILURE;
    }
    if (o->dump && !front_dump_flash(s->m, o->dump, &error)) {
        status = (enum front_status)fail(FRONT_STATUS_FAILURE, error.text);
    }
    return status;
}

static enum front_status run(front_session *s)
{
    front_error error;
    const front_options *o = s->options;
    if (!fill_part(o, s->m, &error)) {
        return (enum front_status)fail(FRONT_STATUS_FILE, error.text);
    }
    enum front_status status;
    s->control.listen_fd = -1;
    if (prepare(s, &error)) {
        catch_signals();
        front_session_run(s);
        status = front_session_status(s);
    } else {
        status = (enum front_status)fail(FRONT_STATUS_USAGE, error.text);
    }
    for (size_t i = 0; i < s->wire_count; i++) {
        front_wire_close(&s->wires[i]);
    }
    front_control_close(&s->control);
    if (s->end == FRONT_END_NONE) {
        return status;
    }
    status = keep(s, status);
    if (s->end == FRONT_END_STOPPED && o->quiet) { /* else the summary begins with it */
        (void)fail(status, s->end_text);
    }
    if (status == FRONT_STATUS_NO_CUT) {
        (void)fail(status, "a cut that was asked for did not happen: this run shows nothing");
    } else if (status == FRONT_STATUS_NOT_SEEN) {
        (void)fprintf(stderr, "twinbank-sim: '%s' was not seen\n", o->until);
    }
    front_session_summary(s, !o->json ? NULL : has_stdio(o) ? stderr : stdout);
    return status;
}

/* "board" and "console" stand for the ports that the reference board has them on. */
static bool name_ports(front_options *o, const tb_chip *chip, front_error *error)
{
    for (size_t i = 0; i < o->wire_count; i++) {
        char *name = o->wires[i].name;
        const char *port = strcmp(name, "board") == 0     ? chip->board.uart_name
                           : strcmp(name, "console") == 0 ? chip->console.uart_name
                                                          : NULL;
        if (port) {
            (void)snprintf(name, sizeof o->wires[i].name, "%s", port);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(o->wires[j].name, name) == 0) {
                return front_fail(error, "%s is connected twice", name);
            }
        }
    }
    return true;
}

static int simulate(front_options *o)
{
    front_error error;
    const tb_chip *chip = find_chip(o->chip, &error);
    if (!chip || !name_ports(o, chip, &error)) {
        return fail(FRONT_STATUS_USAGE, error.text);
    }
    FILE *trace = o->trace_file ? fopen(o->trace_file, "w") : stderr;
    if (!trace) {
        (void)front_fail(&error, "%s: cannot be written: %s", o->trace_file, strerror(errno));
        return fail(FRONT_STATUS_USAGE, error.text);
    }
    const sim_options machine = {
        .seed = o->seed, .trace = o->trace, .trace_line = trace_line, .trace_ctx = trace,
        .lockup_waits = o->lockup_waits, .slowest_flash = o->slowest_flash};
    front_session *s = calloc(1, sizeof *s);
    front_wire *wires = calloc(FRONT_MAX_WIRES, sizeof *wires);
    int status = FRONT_STATUS_FAILURE;
    sim_machine *m = sim_new(chip, &machine);
    if (!s || !wires) {
        (void)fail(FRONT_STATUS_FAILURE, "out of memory");
    } else if (!m) {
        (void)front_fail(&error, "there is no model of the %s yet", chip->name);
        status = fail(FRONT_STATUS_USAGE, error.text);
    } else {
        s->options = o;
        s->m = m;
        s->messages = o->quiet ? NULL : stderr;
        s->wires = wires;
        status = (int)run(s);
    }
    sim_free(m);
    free(wires);
    free(s);
    if (o->trace_file && fclose(trace) != 0) {
        status = fail(FRONT_STATUS_FAILURE, "the trace could not be written whole");
    }
    return status;
}

int main(int argc, char **argv)
{
    front_options o;
    front_error error;
    int status = FRONT_STATUS_OK;
    if (!front_options_read(&o, argc, argv, &error)) {
        (void)fail(FRONT_STATUS_USAGE, error.text);
        (void)fputs("twinbank-sim --help shows what there is\n", stderr);
        front_options_free(&o);
        return FRONT_STATUS_USAGE;
    }
    switch (o.verb) {
    case FRONT_HELP: front_print_help(stdout); break;
    case FRONT_VERSION: (void)puts("twinbank-sim " TB_SIM_VERSION); break;
    case FRONT_LIST_CHIPS: list_chips(); break;
    case FRONT_SEND:
        error.text[0] = '\0';
        if (!front_control_send(o.send_path, o.send_words, o.send_count, &error)) {
            status = FRONT_STATUS_FAILURE;
            if (error.text[0]) {
                (void)fail(FRONT_STATUS_FAILURE, error.text);
            }
        }
        break;
    case FRONT_RUN: status = simulate(&o); break;
    }
    front_options_free(&o);
    return status;
}
