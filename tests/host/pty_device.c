#include "tests/host/pty_device.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

typedef struct order {
    char what; /* 's' stall after, 'g' go, 'm' mute, 'b' single-bank mode */
    unsigned bytes;
} order;

typedef struct child {
    fake_device device;
    int master, control, notice;
    bool stalls, muted;
    unsigned bytes_left;
} child;

static void need(bool good, const char *what)
{
    if (!good) {
        perror(what);
        abort();
    }
}

static void device_send(void *ctx, const uint8_t *bytes, size_t count)
{
    child *c = ctx;
    while (count > 0 && !c->muted) {
        ssize_t n = write(c->master, bytes, count);
        need(n > 0, "device writes");
        bytes += n;
        count -= (size_t)n;
    }
}

static uint32_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint32_t)t.tv_sec * 1000u + (uint32_t)(t.tv_nsec / 1000000);
}

static void obey(child *c)
{
    order o;
    if (read(c->control, &o, sizeof o) != (ssize_t)sizeof o) {
        _exit(0); /* the test is over */
    }
    c->stalls = o.what == 's';
    c->bytes_left = o.bytes;
    c->muted = c->muted || o.what == 'm';
    if (o.what == 'b') {
        c->device.single_bank = true;
        fake_device_boot(&c->device, TB_RESET_POWER);
    }
    need(write(c->notice, "k", 1) == 1, "device tells");
}

static void serve(child *c)
{
    uint8_t bytes[256];
    size_t most = c->stalls && c->bytes_left < sizeof bytes ? c->bytes_left : sizeof bytes;
    ssize_t n = read(c->master, bytes, most);
    need(n > 0, "device reads");
    fake_device_receive(&c->device, bytes, (size_t)n, now_ms());
    if (c->stalls && (c->bytes_left -= (unsigned)n) == 0) {
        need(write(c->notice, "s", 1) == 1, "device tells");
    }
}

static void run(child *c)
{
    for (;;) {
        struct pollfd fds[2] = {{.fd = c->control, .events = POLLIN},
                                {.fd = c->master, .events = POLLIN}};
        bool stalled = c->stalls && c->bytes_left == 0;
        if (poll(fds, stalled ? 1 : 2, 20) == 0 && !stalled) {
            fake_device_idle(&c->device, now_ms());
        }
        if (fds[0].revents) {
            obey(c);
        } else if (!stalled && fds[1].revents) {
            serve(c);
        }
    }
}

void pty_device_start(pty_device *p, const tb_chip *chip, const tb_image_file *app)
{
    int control[2], notice[2], master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    need(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0, "pty");
    need(pipe(control) == 0 && pipe(notice) == 0, "pipe");
    (void)snprintf(p->port, sizeof p->port, "%s", ptsname(master));
    /* Kept open by the device, or the master would see a hang-up between two tools. */
    int slave = open(p->port, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios t;
    need(slave >= 0 && tcgetattr(slave, &t) == 0, "slave");
    cfmakeraw(&t);
    need(tcsetattr(slave, TCSANOW, &t) == 0, "raw");
    p->pid = fork();
    need(p->pid >= 0, "fork");
    if (p->pid == 0) {
        (void)close(control[1]);
        static child c;
        c = (child){.master = master, .control = control[0], .notice = notice[1]};
        fake_device_init(&c.device, chip);
        c.device.send = device_send;
        c.device.ctx = &c;
        fake_device_install(&c.device, app);
        run(&c);
    }
    (void)close(master);
    (void)close(slave);
    (void)close(control[0]);
    (void)close(notice[1]);
    p->control = control[1];
    p->notice = notice[0];
    (void)fcntl(p->control, F_SETFD, FD_CLOEXEC);
    (void)fcntl(p->notice, F_SETFD, FD_CLOEXEC);
}

void pty_device_stop(pty_device *p)
{
    (void)close(p->control);
    (void)close(p->notice);
    (void)kill(p->pid, SIGKILL);
    (void)waitpid(p->pid, NULL, 0);
}

static void await(pty_device *p, char what)
{
    char heard = 0;
    do {
        need(read(p->notice, &heard, 1) == 1, "device is gone");
    } while (heard != what);
}

static void give(pty_device *p, char what, unsigned bytes)
{
    order o;
    memset(&o, 0, sizeof o);
    o.what = what;
    o.bytes = bytes;
    need(write(p->control, &o, sizeof o) == (ssize_t)sizeof o, "order");
    await(p, 'k');
}

void pty_device_stall_after(pty_device *p, unsigned bytes)
{
    give(p, 's', bytes);
}

void pty_device_await_stall(pty_device *p)
{
    await(p, 's');
}

void pty_device_go(pty_device *p)
{
    give(p, 'g', 0);
}

void pty_device_mute(pty_device *p)
{
    give(p, 'm', 0);
}

void pty_device_single_bank(pty_device *p)
{
    give(p, 'b', 0);
}
