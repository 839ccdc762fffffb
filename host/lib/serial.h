/* A serial port or a pseudo terminal as a tb_link: raw, 8N1, for one user at a time. */
#ifndef TWINBANK_HOST_SERIAL_H
#define TWINBANK_HOST_SERIAL_H

#include <signal.h>

#include "host/lib/complaint.h"
#include "host/lib/link.h"

typedef struct tb_serial tb_serial;

/* NULL: why says so. *stop (may be NULL) ends waits early when it becomes non-zero. */
tb_serial *tb_serial_open(const char *path, uint32_t baud, const volatile sig_atomic_t *stop,
                          tb_complaint *why);
tb_link tb_serial_link(tb_serial *s);
void tb_serial_close(tb_serial *s);

#endif
