#include "tests/sim_front/process.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_WORDS 64u

char folder[64];
char out[OUTPUT_BYTES];
char err[OUTPUT_BYTES];

static void die(const char *what)
{
    perror(what);
    exit(99);
}

int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/tb-sim-XXXXXX");
    return mkdtemp(folder) ? 0 : 1;
}

int remove_folder(void **state)
{
    char command[128];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static const char *joined(const char *base, const char *name)
{
    static char paths[256][512];
    static unsigned next;
    char *path = paths[next++ % 256u];
    (void)snprintf(path, sizeof paths[0], "%s/%s", base, name);
    return path;
}

const char *in_folder(const char *name) { return joined(folder, name); }
const char *image(const char *name) { return joined(TB_IMAGE_DIR, name); }

static void redirect(const char *name, int fd, int flags)
{
    int file = open(in_folder(name), flags, 0600);
    if (file < 0 || dup2(file, fd) < 0) {
        die(name);
    }
    (void)close(file);
}

static pid_t start(char *line)
{
    char *argv[MAX_WORDS] = {TB_SIM};
    size_t argc = 1;
    for (char *p = strtok(line, " "); p && argc + 1u < MAX_WORDS; p = strtok(NULL, " ")) {
        argv[argc++] = p;
        for (char *c = p; (c = strstr(c, "%20")) != NULL;) {
            *c++ = ' ';
            memmove(c, c + 2, strlen(c + 2) + 1u);
        }
    }
    pid_t pid = fork();
    if (pid < 0) {
        die("fork");
    }
    if (pid == 0) {
        redirect("stdin", STDIN_FILENO, O_RDONLY | O_CREAT);
        redirect("stdout", STDOUT_FILENO, O_WRONLY | O_CREAT | O_TRUNC);
        redirect("stderr", STDERR_FILENO, O_WRONLY | O_CREAT | O_TRUNC);
        (void)execv(TB_SIM, argv);
        die(TB_SIM);
    }
    return pid;
}

static void slurp(const char *name, char *text)
{
    FILE *f = fopen(in_folder(name), "rb");
    size_t n = f ? fread(text, 1, OUTPUT_BYTES - 1u, f) : 0;
    text[n] = '\0';
    if (f) {
        (void)fclose(f);
    }
}

int sim_wait(pid_t pid)
{
    int status;
    if (waitpid(pid, &status, 0) != pid) {
        die("waitpid");
    }
    slurp("stdout", out);
    slurp("stderr", err);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void give(const char *input)
{
    FILE *f = fopen(in_folder("stdin"), "wb");
    if (!f || fputs(input, f) < 0 || fclose(f) != 0) {
        die("stdin");
    }
}

int sim(const char *input, const char *format, ...)
{
    char line[4096];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    give(input);
    return sim_wait(start(line));
}

pid_t sim_start(const char *format, ...)
{
    char line[4096];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    give("");
    return start(line);
}

int control(const char *words)
{
    char command[1024];
    (void)snprintf(command, sizeof command, "%s --send %s %s >%s 2>&1", TB_SIM,
                   in_folder("control.sock"), words, in_folder("answer"));
    int status = system(command);
    slurp("answer", out);
    return WEXITSTATUS(status);
}

int open_port(const char *link)
{
    for (int i = 0; i < 1000; i++) {
        int fd = open(link, O_RDWR | O_NOCTTY);
        if (fd >= 0) {
            return fd;
        }
        (void)usleep(10000);
    }
    die(link);
    return -1;
}

bool port_expect(int fd, const char *text)
{
    char seen[4096];
    size_t used = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (poll(&p, 1, 10000) > 0) {
        ssize_t n = read(fd, seen + used, 1);
        if (n <= 0) {
            return false;
        }
        used += (size_t)n;
        seen[used] = '\0';
        if (strstr(seen, text)) {
            return true;
        }
        if (used + 2u > sizeof seen) {
            memmove(seen, seen + used / 2u, used - used / 2u);
            used -= used / 2u;
        }
    }
    return false;
}

void port_write(int fd, const char *text)
{
    size_t bytes = strlen(text);
    if (write(fd, text, bytes) != (ssize_t)bytes) {
        die("write");
    }
}
