/* An application of somebody else's, with a transport of its own (here: bytes that come
 * from a queue) and what docs/porting.md says it needs. */
#include <stddef.h>

#include "twinbank/ota.h"

void SysTick_Handler(void);
size_t queue_take(uint8_t *bytes, size_t most);

static tb_ota ota;
static volatile uint32_t now_ms;
static volatile uint8_t queue[256];
static volatile size_t queued;

void SysTick_Handler(void)
{
    now_ms++;
}

size_t queue_take(uint8_t *bytes, size_t most)
{
    size_t count = queued < most ? queued : most;

    for (size_t i = 0; i < count; i++) {
        bytes[i] = queue[i];
    }
    queued = 0;
    return count;
}

static tb_error receive_update(void)
{
    union {
        tb_image_head head;
        uint8_t bytes[TB_HEAD_BYTES];
    } first;
    uint8_t piece[64];
    uint32_t next;

    if (queue_take(first.bytes, sizeof first) != sizeof first) {
        return TB_ERR_INCOMPLETE;
    }
    tb_error error = tb_ota_begin(&ota, &first.head, &next);
    while (error == TB_OK && next < tb_image_bytes(&first.head)) {
        size_t count = queue_take(piece, sizeof piece);
        error = tb_ota_write(&ota, next, piece, (uint32_t)count);
        next += (uint32_t)count;
        tb_ota_feed();
    }
    return error == TB_OK ? tb_ota_finish(&ota) : error;
}

int main(void)
{
    bool confirmed = false;

    *(volatile uint32_t *)0xE000E014u = 15999u;
    *(volatile uint32_t *)0xE000E010u = 7u;
    (void)tb_ota_init(&ota);
    for (;;) {
        tb_ota_feed();
        if (!confirmed && now_ms > 500u) {
            confirmed = tb_ota_confirm(&ota) == TB_OK;
        }
        if (queued != 0 && receive_update() == TB_OK) {
            tb_ota_reboot();
        }
    }
}
