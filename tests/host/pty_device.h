/* The fake device as a process of its own behind a pseudo terminal, as a board would be. */
#ifndef TESTS_HOST_PTY_DEVICE_H
#define TESTS_HOST_PTY_DEVICE_H

#include <sys/types.h>

#include "tests/host/fake_device.h"

typedef struct pty_device {
    pid_t pid;
    int control, notice; /* pipes to and from it */
    char port[64];
} pty_device;

void pty_device_start(pty_device *p, const tb_chip *chip, const tb_image_file *app);
void pty_device_stop(pty_device *p);
/* Reads this many bytes more, then nothing until pty_device_go(). Both return when the
 * device has done so. */
void pty_device_stall_after(pty_device *p, unsigned bytes);
void pty_device_await_stall(pty_device *p);
void pty_device_go(pty_device *p);
/* Hears and never answers. */
void pty_device_mute(pty_device *p);

/* Restarts as a part that was found in single-bank mode. */
void pty_device_single_bank(pty_device *p);

#endif
