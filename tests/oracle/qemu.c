#include "qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 16, LINE_MAX_BYTES = 256, SILENCE_MS = 20000 };

static bool write_image(qemu *q, const uint8_t *flash, size_t bytes) {
    const char *dir = getenv("TMPDIR");
    if (dir == NULL || strlen(dir) > sizeof q->image - 20) {
        dir = "/tmp";
    }
    snprintf(q->image, sizeof q->image, "%s/oracle-XXXXXX", dir);
    int fd = mkstemp(q->image);
    if (fd < 0) {
        fprintf(stderr, "oracle: cannot make %s: %s\n", q->image, strerror(errno));
        return false;
    }
    size_t done = 0;
    while (done < bytes) {
        ssize_t n = write(fd, flash + done, bytes - done);
        if (n <= 0) {
            fprintf(stderr, "oracle: cannot write %s: %s\n", q->image, strerror(errno));
            close(fd);
            unlink(q->image);
            return false;
        }
        done += (size_t)n;
    }
    close(fd);
    return true;
}

static void exec_qemu(const qemu *q, int log) {
    char path[32];
    snprintf(path, sizeof path, "/dev/fd/%d", log);
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    char loader[128];
    snprintf(loader, sizeof loader, "loader,file=%s,addr=0x%x,force-raw=on", q->image,
             (unsigned)q->address);
    execlp("qemu-system-arm", "qemu-system-arm", "-M", q->machine,
           q->address == 0 ? "-kernel" : "-device", q->address == 0 ? q->image : loader,
           "-singlestep", "-d", q->fp ? "nochain,cpu,fpu" : "nochain,cpu", "-D", path, "-display",
           "none", "-monitor", "none", "-serial", "none", (char *)NULL);
    fprintf(stderr,
            "oracle: qemu-system-arm cannot be started (%s); these tests need the package "
            "qemu-system-arm (see tools/packages.txt)\n",
            strerror(errno));
    _exit(127);
}

bool qemu_start(qemu *q, const char *machine, uint32_t address, bool fp, const uint8_t *image,
                size_t bytes) {
    memset(q, 0, sizeof *q);
    q->log = -1;
    q->machine = machine;
    q->address = address;
    q->fp = fp;
    int ends[2];
    if (!write_image(q, image, bytes)) {
        return false;
    }
    q->buffer = malloc(BUFFER_BYTES);
    if (q->buffer == NULL || pipe(ends) != 0) {
        fprintf(stderr, "oracle: no pipe: %s\n", strerror(errno));
        return false;
    }
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fflush(NULL);
    q->pid = fork();
    if (q->pid == 0) {
        exec_qemu(q, ends[1]);
    }
    close(ends[1]);
    q->log = ends[0];
    return q->pid > 0;
}

static bool refill(qemu *q) {
    memmove(q->buffer, q->buffer + q->head, q->tail - q->head);
    q->tail -= q->head;
    q->head = 0;
    struct pollfd p = {.fd = q->log, .events = POLLIN};
    if (poll(&p, 1, SILENCE_MS) <= 0) {
        q->timed_out = true;
        return false;
    }
    ssize_t n = read(q->log, q->buffer + q->tail, BUFFER_BYTES - q->tail);
    if (n <= 0) {
        return false;
    }
    q->tail += (size_t)n;
    return true;
}

static const char *next_line(qemu *q) {
    for (;;) {
        char *start = q->buffer + q->head;
        char *end = memchr(start, '\n', q->tail - q->head);
        if (end != NULL) {
            *end = 0;
            q->head = (size_t)(end + 1 - q->buffer);
            return start;
        }
        if (q->tail - q->head > LINE_MAX_BYTES || !refill(q)) {
            return NULL;
        }
    }
}

/* "R00=xxxxxxxx R01=xxxxxxxx R02=xxxxxxxx R03=xxxxxxxx", four such, then "XPSR=..." */
bool qemu_next(qemu *q, oracle_state *state) {
    const char *line;
    do {
        line = next_line(q);
    } while (line != NULL && strncmp(line, "R00=", 4) != 0);
    for (unsigned k = 0; k < 4; k++) {
        if (line == NULL || strlen(line) < 51) {
            return false;
        }
        for (unsigned c = 0; c < 4; c++) {
            state->r[4 * k + c] = (uint32_t)strtoul(line + 13 * c + 4, NULL, 16);
        }
        line = next_line(q);
    }
    if (line == NULL || strncmp(line, "XPSR=", 5) != 0) {
        return false;
    }
    state->xpsr = (uint32_t)strtoul(line + 5, NULL, 16);
    return true;
}

/* "s00=xxxxxxxx s01=xxxxxxxx d00=...", sixteen such, then "FPSCR: xxxxxxxx" */
bool qemu_next_fp(qemu *q, uint32_t s[32], uint32_t *fpscr) {
    const char *line = next_line(q);
    while (line != NULL && line[0] != 's') {
        line = next_line(q);
    }
    for (unsigned k = 0; k < 32; k += 2) {
        if (line == NULL || strlen(line) < 25 || line[0] != 's') {
            return false;
        }
        s[k] = (uint32_t)strtoul(line + 4, NULL, 16);
        s[k + 1] = (uint32_t)strtoul(line + 17, NULL, 16);
        line = next_line(q);
    }
    if (line == NULL || strncmp(line, "FPSCR: ", 7) != 0) {
        return false;
    }
    *fpscr = (uint32_t)strtoul(line + 7, NULL, 16);
    return true;
}

void qemu_stop(qemu *q) {
    if (q->log >= 0) {
        close(q->log);
    }
    if (q->pid > 0) {
        kill(q->pid, SIGKILL);
        waitpid(q->pid, NULL, 0);
    }
    free(q->buffer);
    unlink(q->image);
    memset(q, 0, sizeof *q);
    q->log = -1;
}
