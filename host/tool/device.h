/* The verbs that talk to a device: open, connect, report what went wrong. */
#ifndef TWINBANK_HOST_DEVICE_H
#define TWINBANK_HOST_DEVICE_H

#include <jansson.h>

#include "host/lib/client.h"
#include "host/lib/serial.h"
#include "host/tool/options.h"
#include "twinbank/chip.h"

typedef struct device {
    tb_serial *serial;
    tb_link link;
    tb_client client;
} device;

/* Opens --port and says hello; 0 or the exit code, the error printed. */
int device_open(const verb *v, device *d);
/* The same, and asks for the status. */
int device_open_status(const verb *v, device *d);
void device_close(device *d);
/* Opens, does, closes: the exit code. */
int device_with(const verb *v, int (*act)(const verb *v, device *d));
/* Its row, NULL for a part that this tool does not know; and its name, then "the part". */
const tb_chip *device_chip(const device *d);
const char *device_chip_name(const device *d);
/* What option bytes say: `what`, and for a change the word that makes it one; 0: it only asks. The
 * reply begins with what is so now and after the reset, and is about `subject`. */
tb_client_result device_provision(device *d, uint8_t command, uint8_t what, uint32_t consent,
                                  unsigned wait_ms, const char *subject);
/* Prints what the client complains of; the exit code for it. */
int device_error(const device *d, tb_client_result result);

/* From the first Ctrl-C on; a second one kills. */
extern volatile sig_atomic_t stop_requested;
void catch_interrupt(void);

/* Pictures of what the device says of itself. */
/* Why stage 1 refuses a swap (chip_swap_by_option): it has no room to tell which. */
#define SWAP_REFUSED \
    "the supply was low, or the two copies of stage 1 differ, or the part does not take the swap"
void show_info(const tb_hello *hello, const tb_status *status);
json_t *info_json(const tb_hello *hello, const tb_status *status);
void show_map(const tb_hello *hello, const tb_status *status);
const char *slot_state_text(unsigned state);
const char *bank_text(unsigned bank, char out[16]); /* "1", "2", "stage 2" */

#endif
