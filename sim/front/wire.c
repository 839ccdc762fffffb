#include "sim/front/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Somebody who has taken nothing for this long is not reading. */
#define UNREAD_NS 1000000000ull

/* ---- the buffers ---------------------------------------------------------------- */

static void keep_out(front_wire *w, uint8_t byte)
{
    if (w->out_used == FRONT_OUT_BYTES) {
        w->out_head = (w->out_head + 1u) % FRONT_OUT_BYTES;
        w->out_used--;
        w->dropped++;
    }
    w->out[(w->out_head + w->out_used) % FRONT_OUT_BYTES] = byte;
    w->out_used++;
}

/* ---- a hostile line ------------------------------------------------------------------ */

struct front_bad {
    sim_machine *m; /* its clock */
    bad_line to_part, from_part;
};

static uint64_t line_ms(const front_wire *w)
{
    return sim_now(w->bad->m) / SIM_PS_PER_MS;
}

static void keep_arrived(front_wire *w)
{
    int byte;
    while ((byte = bad_line_get(&w->bad->from_part, line_ms(w))) >= 0) {
        keep_out(w, (uint8_t)byte);
    }
}

/* true: there is, or will be, something for the part. */
static bool put_on_line(front_wire *w)
{
    bad_line *line = &w->bad->to_part;
    while (w->in_used > 0 && line->count < BAD_LINE_FRAMES / 2u) {
        bad_line_put(line, w->in[w->in_head], line_ms(w));
        w->in_head = (w->in_head + 1u) % FRONT_IN_BYTES;
        w->in_used--;
    }
    return line->count > 0 || line->coming.bytes > 0;
}

bool front_wire_spoil(front_wire *w, sim_machine *m, const line_faults *faults, front_error *error)
{
    w->bad = calloc(1, sizeof *w->bad);
    if (!w->bad) {
        return front_fail(error, "out of memory");
    }
    w->bad->m = m;
    bad_line_init(&w->bad->to_part, faults, 0);
    bad_line_init(&w->bad->from_part, faults, 1);
    return true;
}

/* Knuth, Morris, Pratt: how much of the text is still matched after a wrong byte. */
static bool prepare_search(front_wire *w)
{
    size_t length = strlen(w->until);
    w->failure = calloc(length, 1u);
    if (!w->failure) {
        return false;
    }
    for (size_t i = 1, k = 0; i < length; i++) {
        while (k > 0 && w->until[i] != w->until[k]) {
            k = w->failure[k - 1u];
        }
        k += w->until[i] == w->until[k];
        w->failure[i] = (uint8_t)k;
    }
    return true;
}

static void search(front_wire *w, uint8_t byte)
{
    while (w->matched > 0 && (uint8_t)w->until[w->matched] != byte) {
        w->matched = w->failure[w->matched - 1u];
    }
    w->matched += (uint8_t)w->until[w->matched] == byte;
    if (w->until[w->matched] == '\0') {
        w->matched = w->failure[w->matched - 1u];
        w->seen(w->ctx);
    }
}

static void byte_out(void *ctx, uint8_t byte, uint32_t baud)
{
    front_wire *w = ctx;
    w->sent++;
    w->part_baud = baud;
    if (w->bad) {
        bad_line_put(&w->bad->from_part, byte, line_ms(w));
        keep_arrived(w);
    } else {
        keep_out(w, byte);
    }
    if (w->until) {
        search(w, byte);
    }
}

static int byte_in(void *ctx)
{
    front_wire *w = ctx;
    /* A look outside at the end of each burst: no gap between what the host has sent. */
    if (w->in_used == 0 && !front_wire_fill(w)) {
        return -1;
    }
    if (w->bad) {
        (void)put_on_line(w);
        int arrived = bad_line_get(&w->bad->to_part, line_ms(w));
        w->received += arrived >= 0;
        return arrived;
    }
    uint8_t byte = w->in[w->in_head];
    w->in_head = (w->in_head + 1u) % FRONT_IN_BYTES;
    w->in_used--;
    w->received++;
    return byte;
}

/* ---- the host's rate ------------------------------------------------------------------ */

static uint32_t baud_of(speed_t speed)
{
    static const struct {
        speed_t speed;
        uint32_t baud;
    } table[] = {{B1200, 1200},     {B2400, 2400},       {B4800, 4800},       {B9600, 9600},
                 {B19200, 19200},   {B38400, 38400},     {B57600, 57600},     {B115200, 115200},
                 {B230400, 230400}, {B460800, 460800},   {B500000, 500000},   {B576000, 576000},
                 {B921600, 921600}, {B1000000, 1000000}, {B1152000, 1152000}, {B1500000, 1500000},
                 {B2000000, 2000000}, {B2500000, 2500000}, {B3000000, 3000000}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].speed == speed) {
            return table[i].baud;
        }
    }
    return 0;
}

/* The frames that leave now against the rate that the host has set by now: what it has read
 * already it may have answered by another rate, and what it sends says nothing of the part's. */
static void compare_rates(front_wire *w)
{
    struct termios t;
    if (w->slave_fd < 0 || w->compared == w->sent || tcgetattr(w->in_fd, &t) != 0) {
        return;
    }
    w->compared = w->sent;
    speed_t speed = cfgetospeed(&t);
    uint32_t host = baud_of(speed);
    uint32_t low = w->part_baud - w->part_baud / 25u, high = w->part_baud + w->part_baud / 25u;
    /* Tools that never set a rate leave the first one, which says nothing. */
    if (host == 0 || speed == w->first_speed || (host >= low && host <= high) ||
        (host == w->warned_host && w->part_baud == w->warned_part)) {
        return;
    }
    w->warned_host = host;
    w->warned_part = w->part_baud;
    w->to_warn = true;
}

bool front_wire_baud_warning(front_wire *w, char *text, size_t bytes)
{
    compare_rates(w);
    if (!w->to_warn) {
        return false;
    }
    w->to_warn = false;
    (void)snprintf(text, bytes, "%s: the host is set to %u baud and the part sends at %u: a real "
                   "line would carry garbage", w->spec.name, w->warned_host, w->warned_part);
    return true;
}

/* ---- reading and writing ----------------------------------------------------------- */

/* In packet mode a read brings one byte of status first (tty_ioctl(4)): whoever opens
 * the port and flushes it is rid of what was waiting here, too. */
static void packet_status(front_wire *w, uint8_t status)
{
    if (status & TIOCPKT_FLUSHREAD) {
        w->out_head = 0;
        w->out_used = 0;
    }
    if (status & TIOCPKT_FLUSHWRITE) {
        w->in_head = 0;
        w->in_used = 0;
    }
}

static void take_in(front_wire *w, const uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        w->in[(w->in_head + w->in_used) % FRONT_IN_BYTES] = data[i];
        w->in_used++;
    }
}

static bool readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

bool front_wire_fill(front_wire *w)
{
    uint8_t data[FRONT_IN_BYTES];
    while (w->in_fd >= 0 && w->in_used < FRONT_IN_BYTES) {
        size_t room = FRONT_IN_BYTES - w->in_used, status = w->packet_mode ? 1u : 0u;
        if (room + status > sizeof data) {
            room = sizeof data - status;
        }
        /* stdin is shared with others: it is not made non-blocking, but asked. */
        if (w->spec.kind == FRONT_WIRE_STDIO && !readable(w->in_fd)) {
            break;
        }
        ssize_t n = read(w->in_fd, data, room + status);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EIO)) {
            break;
        }
        if (n <= 0) {
            w->in_fd = w->spec.kind == FRONT_WIRE_STDIO ? -1 : w->in_fd;
            break;
        }
        if (status && data[0] != TIOCPKT_DATA) {
            packet_status(w, data[0]);
            continue;
        }
        take_in(w, data + status, (size_t)n - status);
    }
    return w->bad ? put_on_line(w) : w->in_used > 0;
}

void front_wire_discard_input(front_wire *w)
{
    if (w->bad) {
        bad_line_clear(&w->bad->to_part);
    }
    /* Bounded: there may be a sender that never ends. */
    for (int i = 0; i < 16 && front_wire_fill(w); i++) {
        w->in_used = 0;
    }
}

void front_wire_flush(front_wire *w, uint64_t now_ns)
{
    compare_rates(w);
    if (w->bad) {
        keep_arrived(w);
    }
    while (w->out_used > 0) {
        size_t run = FRONT_OUT_BYTES - w->out_head;
        run = run < w->out_used ? run : w->out_used;
        ssize_t n = w->out_fd >= 0 ? write(w->out_fd, w->out + w->out_head, run) : (ssize_t)run;
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            w->blocked_ns = w->out_blocked ? w->blocked_ns : now_ns;
            w->out_blocked = true;
            return;
        }
        if (n < 0) {
            w->out_fd = -1; /* a pipe whose reader is gone: the part goes on alone */
            continue;
        }
        w->out_head = (w->out_head + (size_t)n) % FRONT_OUT_BYTES;
        w->out_used -= (size_t)n;
        w->out_blocked = false;
    }
    w->out_blocked = false;
}

bool front_wire_backlog(const front_wire *w, uint64_t now_ns)
{
    return w->out_used > FRONT_OUT_BYTES / 2u && w->out_blocked &&
           now_ns - w->blocked_ns < UNREAD_NS;
}

short front_wire_events(const front_wire *w)
{
    short events = 0;
    if (w->in_fd >= 0 && w->in_used < FRONT_IN_BYTES) {
        events |= POLLIN;
    }
    if (w->out_fd >= 0 && w->out_used > 0 && w->out_blocked) {
        events |= POLLOUT;
    }
    return events;
}

/* ---- opening ------------------------------------------------------------------------ */

/* Made beside its place and moved there, so that LINK is never half there. */
static bool make_link(front_wire *w, front_error *error)
{
    struct stat st;
    char made[4096];
    const char *path = w->spec.path;
    if (lstat(path, &st) == 0 && !S_ISLNK(st.st_mode)) {
        return front_fail(error, "%s exists and is not a symbolic link: it is left alone", path);
    }
    int n = snprintf(made, sizeof made, "%s.%ld", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof made) {
        return front_fail(error, "the link's name is too long");
    }
    (void)unlink(made);
    if (symlink(w->slave, made) != 0 || rename(made, path) != 0) {
        int why = errno;
        (void)unlink(made);
        return front_fail(error, "%s: the link cannot be made: %s", path, strerror(why));
    }
    w->linked = true;
    return true;
}

static bool open_pty(front_wire *w, front_error *error)
{
    struct termios t;
    int packet = 1;
    w->in_fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    w->out_fd = w->in_fd;
    const char *name = NULL;
    if (w->in_fd >= 0 && grantpt(w->in_fd) == 0 && unlockpt(w->in_fd) == 0) {
        name = ptsname(w->in_fd);
    }
    if (!name || strlen(name) >= sizeof w->slave) {
        return front_fail(error, "%s: no pseudo-terminal can be had: %s", w->spec.name,
                          strerror(errno));
    }
    strcpy(w->slave, name);
    w->slave_fd = open(w->slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (w->slave_fd < 0 || tcgetattr(w->slave_fd, &t) != 0) {
        return front_fail(error, "%s: %s: %s", w->spec.name, w->slave, strerror(errno));
    }
    cfmakeraw(&t);
    w->first_speed = cfgetospeed(&t);
    w->packet_mode = ioctl(w->in_fd, TIOCPKT, &packet) == 0;
    if (tcsetattr(w->slave_fd, TCSANOW, &t) != 0) {
        return front_fail(error, "%s: %s: %s", w->spec.name, w->slave, strerror(errno));
    }
    return !w->spec.path || make_link(w, error);
}

static void open_stdio(front_wire *w)
{
    w->in_fd = STDIN_FILENO;
    w->out_fd = STDOUT_FILENO;
    if (isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &w->terminal) == 0) {
        /* Each key as it is pressed, Enter as CR; Ctrl-C still ends the simulator. */
        struct termios t = w->terminal;
        t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        t.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IXON);
        w->raw_terminal = tcsetattr(STDIN_FILENO, TCSANOW, &t) == 0;
    }
}

bool front_wire_open(front_wire *w, const front_wire_spec *spec, const char *until,
                     void (*seen)(void *ctx), void *ctx, front_error *error)
{
    memset(w, 0, sizeof *w);
    w->spec = *spec;
    w->in_fd = w->out_fd = w->slave_fd = -1;
    w->until = until;
    w->seen = seen;
    w->ctx = ctx;
    w->link = (sim_uart_link){.ctx = w, .byte_out = byte_out, .byte_in = byte_in};
    if (until && !prepare_search(w)) {
        return front_fail(error, "out of memory");
    }
    switch (spec->kind) {
    case FRONT_WIRE_PTY:
        return open_pty(w, error);
    case FRONT_WIRE_STDIO:
        open_stdio(w);
        return true;
    case FRONT_WIRE_FILE:
        w->out_fd = open(spec->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        return w->out_fd >= 0 || front_fail(error, "%s: cannot be written: %s", spec->path,
                                            strerror(errno));
    }
    return false;
}

static void list_uarts(sim_machine *m, char *text, size_t bytes)
{
    const char *name;
    size_t fill = 0;
    text[0] = '\0';
    for (unsigned i = 0; (name = sim_uart_name(m, i)) != NULL && fill < bytes; i++) {
        int n = snprintf(text + fill, bytes - fill, "%s%s", fill ? ", " : "", name);
        fill += n > 0 ? (size_t)n : 0u;
    }
}

bool front_wire_connect(front_wire *w, sim_machine *m, front_error *error)
{
    char names[160];
    if (sim_uart_connect(m, w->spec.name, &w->link)) {
        return true;
    }
    list_uarts(m, names, sizeof names);
    return front_fail(error, "%s has no uart named '%s'; it has %s", sim_chip(m)->name,
                      w->spec.name, names);
}

static void remove_link(const front_wire *w)
{
    char target[sizeof w->slave + 1u];
    ssize_t n = readlink(w->spec.path, target, sizeof target - 1u);
    target[n > 0 ? n : 0] = '\0';
    if (strcmp(target, w->slave) == 0) {
        (void)unlink(w->spec.path); /* unless another run has taken it over */
    }
}

void front_wire_close(front_wire *w)
{
    front_wire_flush(w, 0);
    if (w->linked) {
        remove_link(w);
    }
    if (w->raw_terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &w->terminal);
    }
    if (w->slave_fd >= 0) {
        (void)close(w->slave_fd);
    }
    if (w->spec.kind != FRONT_WIRE_STDIO && w->out_fd >= 0) {
        (void)close(w->out_fd);
    }
    free(w->bad);
    w->bad = NULL;
    free(w->failure);
    w->failure = NULL;
    w->in_fd = w->out_fd = w->slave_fd = -1;
    w->linked = false;
    w->raw_terminal = false;
}
