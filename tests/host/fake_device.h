/* A device for the client's tests: core's server and boot decision over flash in RAM.
 * What the wire does to it, and what its applications do, is the test's to say. */
#ifndef TESTS_HOST_FAKE_DEVICE_H
#define TESTS_HOST_FAKE_DEVICE_H

#include "host/lib/imagefile.h"
#include "twinbank/server.h"

/* What an image does once it runs; told by its product-independent flag in the version:
 * the patch number. */
enum { FAKE_CONFIRMS = 0, FAKE_NEVER_CONFIRMS = 1, FAKE_CRASHES = 2 };

typedef struct fake_device {
    const tb_chip *chip;
    uint8_t *banks[2];
    tb_flash flash;
    tb_server server;
    tb_expand expand;
    bool cannot_expand;
    uint8_t queue[32768];
    uint32_t queue_bytes; /* of that, for what comes behind a lost frame; 0: it holds nothing */
    bool alive;  /* an application or stage 2 answers */
    int running; /* bank, or -1 */
    bool stage2_requested;
    bool single_bank; /* the part's mode: set it, then boot */
    uint8_t protected_banks;
    uint32_t product_id, window;
    uint32_t baud;      /* what it is set to now */
    uint32_t most_baud; /* 0: it keeps to 115200 */
    bool no_921600;     /* its clock is off by too much */
    unsigned erases, programs, boots, cuts;
    int programs_until_cut; /* >= 0: power fails after so many */
    void (*send)(void *ctx, const uint8_t *bytes, size_t count);
    void *ctx;
} fake_device;

void fake_device_init(fake_device *d, const tb_chip *chip);
void fake_device_free(fake_device *d);
/* Factory state: this application in bank 1, confirmed. NULL: none. */
void fake_device_install(fake_device *d, const tb_image_file *app);
void fake_device_boot(fake_device *d, tb_reset_cause cause);
void fake_device_receive(fake_device *d, const uint8_t *bytes, size_t count, uint32_t now_ms);
void fake_device_idle(fake_device *d, uint32_t now_ms);

/* An image with a plausible vector table; `seed` makes the payload. */
tb_image_file fake_image(const tb_chip *chip, uint32_t version, uint32_t payload, uint32_t seed);

#endif
