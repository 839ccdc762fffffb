#include "host/lib/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <libserialport.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define WRITE_TIMEOUT_MS 10000

struct tb_serial {
    char *path;
    uint32_t baud;
    const volatile sig_atomic_t *stop;
    struct sp_port *port; /* NULL for a pseudo terminal, which libserialport does not open */
    int lock_fd;          /* opened first and kept: holds the lock */
    int fd;
};

/* ---- opening -------------------------------------------------------------------------- */

static void hint_ports(tb_complaint *why)
{
    struct sp_port **ports = NULL;
    char list[256] = "";
    if (sp_list_ports(&ports) == SP_OK) {
        for (size_t i = 0; ports[i]; i++) {
            size_t at = strlen(list);
            (void)snprintf(list + at, sizeof list - at, "%s%s", at ? ", " : "",
                           sp_get_port_name(ports[i]));
        }
        sp_free_port_list(ports);
    }
    if (list[0]) {
        (void)tb_hint(why, "the ports here are: %s", list);
    } else {
        (void)tb_hint(why, "no serial port is to be seen: is the board plugged in?");
    }
}

static bool complain_open(const char *path, int reason, tb_complaint *why)
{
    (void)tb_complain(why, "port %s cannot be opened: %s", path, strerror(reason));
    if (reason == EACCES || reason == EPERM) {
        return tb_hint(why, "become a member of the port's group: sudo usermod -aG dialout $USER, "
                            "then log in again");
    }
    if (reason == EBUSY) {
        return tb_hint(why, "another program has the port for itself; close it first");
    }
    hint_ports(why);
    return false;
}

/* flock and not TIOCEXCL: root passes the latter, and it outlives a killed tool on a pty.
 * Before anything is set or flushed, so that the first user is not disturbed. */
static bool take_lock(tb_serial *s, const char *real, tb_complaint *why)
{
    s->lock_fd = open(real, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (s->lock_fd < 0) {
        return complain_open(s->path, errno, why);
    }
    if (!isatty(s->lock_fd)) {
        (void)tb_complain(why, "port %s is not a serial port", s->path);
        hint_ports(why);
        return false;
    }
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        (void)tb_complain(why, "port %s is busy: another twinbank is talking to the device",
                          s->path);
        return tb_hint(why, "wait until it is done, or stop it with Ctrl-C; nothing was sent");
    }
    return true;
}

/* Of a pseudo terminal: nothing depends on it, and what cannot be said is left out. */
static void put_pty_speed(struct termios *t, uint32_t baud)
{
    static const struct {
        uint32_t baud;
        speed_t code;
    } speeds[] = {
        {9600, B9600},     {19200, B19200},   {38400, B38400},   {57600, B57600},
        {115200, B115200}, {230400, B230400}, {460800, B460800}, {921600, B921600},
        {1000000, B1000000},
    };
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
        if (speeds[i].baud == baud) {
            (void)cfsetispeed(t, speeds[i].code);
            (void)cfsetospeed(t, speeds[i].code);
        }
    }
}

static bool set_up_port(tb_serial *s)
{
    struct sp_port *p = s->port;
    return sp_set_baudrate(p, (int)s->baud) == SP_OK && sp_set_bits(p, 8) == SP_OK &&
           sp_set_parity(p, SP_PARITY_NONE) == SP_OK && sp_set_stopbits(p, 1) == SP_OK &&
           sp_set_flowcontrol(p, SP_FLOWCONTROL_NONE) == SP_OK &&
           sp_flush(p, SP_BUF_BOTH) == SP_OK && sp_get_port_handle(p, &s->fd) == SP_OK;
}

static bool set_up_pty(tb_serial *s)
{
    struct termios t;
    if (tcgetattr(s->fd, &t) != 0) {
        return false;
    }
    cfmakeraw(&t);
    t.c_cflag |= CLOCAL | CREAD;
    put_pty_speed(&t, s->baud);
    return tcsetattr(s->fd, TCSANOW, &t) == 0 && tcflush(s->fd, TCIOFLUSH) == 0;
}

static bool open_device(tb_serial *s, const char *real, tb_complaint *why)
{
    if (!take_lock(s, real, why)) {
        return false;
    }
    if (sp_get_port_by_name(real, &s->port) != SP_OK) {
        s->port = NULL;
        s->fd = s->lock_fd;
        return set_up_pty(s) || complain_open(s->path, errno, why);
    }
    if (sp_open(s->port, SP_MODE_READ_WRITE) != SP_OK) {
        sp_free_port(s->port);
        s->port = NULL;
        return complain_open(s->path, sp_last_error_code(), why);
    }
    if (set_up_port(s)) {
        return true;
    }
    char *text = sp_last_error_message();
    (void)tb_complain(why, "port %s cannot be set to %u bits per second: %s", s->path,
                      (unsigned)s->baud, text);
    sp_free_error_message(text);
    return tb_hint(why, "try another --baud");
}

static void close_device(tb_serial *s)
{
    if (s->port) {
        (void)sp_close(s->port);
        sp_free_port(s->port);
        s->port = NULL;
    }
    if (s->lock_fd >= 0) {
        (void)close(s->lock_fd);
    }
    s->lock_fd = s->fd = -1;
}

static bool open_path(tb_serial *s, tb_complaint *why)
{
    char *real = realpath(s->path, NULL); /* libserialport knows no links (/dev/serial/by-id) */
    if (!real) {
        return complain_open(s->path, errno, why);
    }
    bool good = open_device(s, real, why);
    free(real);
    if (!good) {
        close_device(s);
    }
    return good;
}

tb_serial *tb_serial_open(const char *path, uint32_t baud, const volatile sig_atomic_t *stop,
                          tb_complaint *why)
{
    tb_serial *s = calloc(1, sizeof *s);
    char *copy = strdup(path);
    if (!s || !copy) {
        free(s);
        free(copy);
        (void)tb_complain(why, "out of memory");
        return NULL;
    }
    *s = (tb_serial){.path = copy, .baud = baud, .stop = stop, .lock_fd = -1, .fd = -1};
    if (!open_path(s, why)) {
        tb_serial_close(s);
        return NULL;
    }
    return s;
}

void tb_serial_close(tb_serial *s)
{
    if (s) {
        close_device(s);
        free(s->path);
        free(s);
    }
}

/* ---- the link ------------------------------------------------------------------------- */

static uint64_t serial_now(void *ctx)
{
    (void)ctx;
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static int serial_read(void *ctx, uint8_t *data, size_t bytes, unsigned timeout_ms)
{
    tb_serial *s = ctx;
    if (s->fd < 0) {
        return -1;
    }
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    int ready = poll(&p, 1, (int)timeout_ms);
    if (ready <= 0) {
        return ready == 0 || errno == EINTR ? 0 : -1;
    }
    ssize_t n = read(s->fd, data, bytes);
    if (n > 0) {
        return (int)n;
    }
    return n < 0 && (errno == EINTR || errno == EAGAIN) ? 0 : -1; /* 0: hung up */
}

static bool serial_write(void *ctx, const uint8_t *data, size_t bytes)
{
    tb_serial *s = ctx;
    uint64_t deadline = serial_now(NULL) + WRITE_TIMEOUT_MS;
    while (bytes > 0) {
        struct pollfd p = {.fd = s->fd, .events = POLLOUT};
        if (s->fd < 0 || serial_now(NULL) > deadline) {
            return false;
        }
        int ready = poll(&p, 1, 100);
        if (ready < 0 && errno != EINTR) {
            return false;
        }
        if (ready <= 0) {
            if (s->stop && *s->stop) {
                return true; /* a frame cut short: the client looks at the same flag next */
            }
            continue;
        }
        ssize_t n = write(s->fd, data, bytes);
        if (n < 0 && errno != EINTR && errno != EAGAIN) {
            return false;
        }
        if (n > 0) {
            data += n;
            bytes -= (size_t)n;
        }
    }
    return true;
}

static bool serial_reopen(void *ctx)
{
    tb_serial *s = ctx;
    tb_complaint unused;
    close_device(s);
    return open_path(s, &unused);
}

static void serial_pause(void *ctx, unsigned ms)
{
    (void)ctx;
    struct timespec t = {.tv_sec = ms / 1000u, .tv_nsec = (long)(ms % 1000u) * 1000000L};
    (void)nanosleep(&t, NULL); /* a signal ends it early, which is wanted */
}

static bool serial_set_baud(void *ctx, uint32_t baud)
{
    tb_serial *s = ctx;
    struct termios t;
    bool good = s->fd < 0; /* gone: it will be opened at this rate */
    if (s->port != NULL) {
        good = sp_set_baudrate(s->port, (int)baud) == SP_OK;
    } else if (s->fd >= 0 && tcgetattr(s->fd, &t) == 0) {
        put_pty_speed(&t, baud);
        good = tcsetattr(s->fd, TCSANOW, &t) == 0;
    }
    if (good) {
        s->baud = baud;
    }
    return good;
}

tb_link tb_serial_link(tb_serial *s)
{
    return (tb_link){.ctx = s,
                     .name = s->path,
                     .baud = s->baud,
                     .read = serial_read,
                     .write = serial_write,
                     .reopen = serial_reopen,
                     .pause = serial_pause,
                     .now_ms = serial_now,
                     .set_baud = serial_set_baud};
}
