/* The client and the fake device in one process: a wire that damages what it carries, and
 * a clock that only moves when somebody waits. */
#ifndef TESTS_HOST_LOOP_WIRE_H
#define TESTS_HOST_LOOP_WIRE_H

#include "host/lib/client.h"
#include "tests/host/fake_device.h"

typedef struct wire {
    fake_device device;
    tb_link link;
    tb_client client;
    uint64_t now_ms;
    uint8_t *to_host;
    size_t head, tail;
    uint32_t random;
    /* frames in 1000 that suffer, each way */
    unsigned drop, corrupt, repeat;
    unsigned garbage;      /* bytes in front of each frame to the host, of 1000 frames */
    long cut_after_bytes;  /* to the device: then it loses power until the host waits; -1 */
    long stop_after_bytes; /* then Ctrl-C; -1 */
    bool hostile;          /* whole frames come back, with anything in them */
    long mute_after_bytes; /* to the device; from then on it answers nothing; -1 */
    unsigned damage_next;  /* frames to the device that arrive damaged */
    unsigned damage_answers; /* the same, to the host */
    uint32_t begin_next;   /* hostile: its answer to BEGIN, where not 0 */
    bool silent;           /* the device answers nothing */
    /* Rates: what each way carries, the host's port too; 0: any. */
    uint32_t most_to_device, most_to_host, most_of_port;
    unsigned lost_resets; /* for a test's loses() */
    /* A write of a whole frame takes so long, and of what comes meanwhile the last bytes are still
     * to come when the host looks without waiting; 0: none of this */
    unsigned write_ms;
    size_t come; /* bytes to the host, by the last write */
    bool late; /* answers come only when the host waits for them */
    void (*lies)(struct wire *w, uint8_t *answer, size_t *bytes); /* to the host, or NULL */
    bool (*loses)(struct wire *w, const uint8_t *frame); /* this one of the host's, or NULL */
    unsigned drop_fast; /* frames in 1000 that are lost above 115200, each way */
    volatile sig_atomic_t stop;
    unsigned events[TB_EVENT_BAUD + 1];
    size_t unanswered, most_unanswered; /* bytes to the device since the host read last */
    uint32_t resumed_at;
    unsigned planned; /* how often */
} wire;

const tb_chip *chip(void);
/* A device with this application in bank 1, confirmed; NULL: none. */
wire *new_wire(const tb_image_file *app);
wire *wire_with(uint32_t version);
void free_wire(wire *w);
/* As a tool that is started again. */
void new_client(wire *w);
void expect_bank(const wire *w, unsigned bank, const tb_image_file *image);
tb_client_result connect_and_send(wire *w, const tb_image_file *image, tb_sent *sent);
/* Resets, and says what became of it. */
tb_fate wait_for(wire *w, const tb_image_file *image, const tb_sent *sent, bool confirm);

#endif
