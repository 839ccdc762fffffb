#include "sim/front/control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_BYTES 512u

static bool address_of(const char *path, struct sockaddr_un *a, front_error *error)
{
    memset(a, 0, sizeof *a);
    a->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof a->sun_path) {
        return front_fail(error, "%s: too long for a socket: at most %zu characters", path,
                          sizeof a->sun_path - 1u);
    }
    strcpy(a->sun_path, path);
    return true;
}

static bool answers(const struct sockaddr_un *a)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool there = fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof *a) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return there;
}

bool front_control_open(front_control *c, const char *path, front_error *error)
{
    struct sockaddr_un a;
    struct stat st;
    c->listen_fd = -1;
    for (size_t i = 0; i < FRONT_CONTROL_CLIENTS; i++) {
        c->clients[i].fd = -1;
    }
    if (!path) {
        return true;
    }
    if (!address_of(path, &a, error)) {
        return false;
    }
    if (lstat(path, &st) == 0) {
        if (!S_ISSOCK(st.st_mode)) {
            return front_fail(error, "%s exists and is not a socket: it is left alone", path);
        }
        if (answers(&a)) {
            return front_fail(error, "%s: another simulator answers there", path);
        }
        (void)unlink(path);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 4) != 0) {
        int why = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        return front_fail(error, "%s: no socket can be made: %s", path, strerror(why));
    }
    c->listen_fd = fd;
    c->path = path;
    return true;
}

static void drop(front_client *client)
{
    (void)close(client->fd);
    client->fd = -1;
}

void front_control_close(front_control *c)
{
    for (size_t i = 0; i < FRONT_CONTROL_CLIENTS; i++) {
        if (c->clients[i].fd >= 0) {
            drop(&c->clients[i]);
        }
    }
    if (c->listen_fd >= 0) {
        (void)close(c->listen_fd);
        (void)unlink(c->path);
        c->listen_fd = -1;
    }
}

static void accept_clients(front_control *c)
{
    for (size_t i = 0; i < FRONT_CONTROL_CLIENTS; i++) {
        front_client *client = &c->clients[i];
        if (client->fd < 0) {
            client->fd = accept4(c->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
            client->used = 0;
            client->overlong = false;
        }
    }
}

static void do_line(front_control *c, front_client *client)
{
    char answer[ANSWER_BYTES] = "ok";
    client->line[client->used] = '\0';
    if (client->used > 0 && client->line[client->used - 1u] == '\r') {
        client->line[client->used - 1u] = '\0';
    }
    if (client->overlong) {
        (void)snprintf(answer, sizeof answer - 1u, "error: the line is too long");
    } else {
        c->command(c->ctx, client->line, answer, sizeof answer - 1u);
    }
    client->used = 0;
    client->overlong = false;
    strcat(answer, "\n");
    /* One line into an empty socket: a client that does not read it loses it. */
    if (send(client->fd, answer, strlen(answer), MSG_NOSIGNAL) < 0 && errno != EAGAIN) {
        drop(client);
    }
}

static void serve_client(front_control *c, front_client *client)
{
    char data[256];
    ssize_t n;
    while (client->fd >= 0 && (n = recv(client->fd, data, sizeof data, 0)) != 0) {
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            if (errno != EAGAIN) {
                drop(client);
            }
            return;
        }
        for (ssize_t i = 0; i < n && client->fd >= 0; i++) {
            if (data[i] == '\n') {
                do_line(c, client);
            } else if (client->used + 1u < sizeof client->line) {
                client->line[client->used++] = data[i];
            } else {
                client->overlong = true;
            }
        }
    }
    if (client->fd >= 0) {
        drop(client);
    }
}

void front_control_serve(front_control *c)
{
    if (c->listen_fd < 0) {
        return;
    }
    accept_clients(c);
    for (size_t i = 0; i < FRONT_CONTROL_CLIENTS; i++) {
        if (c->clients[i].fd >= 0) {
            serve_client(c, &c->clients[i]);
        }
    }
}

/* ---- the client ------------------------------------------------------------------------ */

static bool join(char *const *words, int count, char *line, size_t bytes)
{
    size_t used = 0;
    for (int i = 0; i < count; i++) {
        int n = snprintf(line + used, bytes - used, "%s%s", i ? " " : "", words[i]);
        if (n < 0 || (size_t)n >= bytes - used) {
            return false;
        }
        used += (size_t)n;
    }
    return strchr(line, '\n') == NULL;
}

bool front_control_send(const char *path, char *const *words, int count, front_error *error)
{
    struct sockaddr_un a;
    char line[FRONT_CONTROL_LINE], answer[ANSWER_BYTES];
    size_t used = 0;
    ssize_t n;
    if (!join(words, count, line, sizeof line - 2u)) {
        return front_fail(error, "the command is too long, or more than one line");
    }
    if (!address_of(path, &a, error)) {
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        int why = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        return front_fail(error, "%s: no simulator answers there: %s", path, strerror(why));
    }
    strcat(line, "\n");
    (void)send(fd, line, strlen(line), MSG_NOSIGNAL);
    while (used + 1u < sizeof answer &&
           (n = recv(fd, answer + used, sizeof answer - 1u - used, 0)) > 0) {
        used += (size_t)n;
        if (answer[used - 1u] == '\n') {
            break;
        }
    }
    (void)close(fd);
    answer[used] = '\0';
    if (used == 0) {
        return front_fail(error, "%s: the simulator ended without an answer", path);
    }
    (void)fputs(answer, stdout);
    return strncmp(answer, "error", 5) != 0;
}
