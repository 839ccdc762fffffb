/* An application whose updates come by a transport of its own: here one-letter commands on the
 * board's UART, each answered by one byte, 0 if all is well. docs/porting.md, 6.
 *   i + the image's first 64 bytes   begin; after the answer where to go on, u32
 *   d + count u8 + bytes             the next of the image
 *   w                                an idle moment: 1 if a page was erased in it
 *   f, c, r, b                       finish, confirm, roll back, reboot */
#include "app/app.h"

#include "chips/armv7m.h"
#include "chips/chips.h"
#include "tb_target.h"
#include "twinbank/ota.h"

#define BAUD 115200u
#define RING_BYTES 512u /* more than one command has: whoever sends waits for the answer */

static tb_ota ota;
static chip_uart line;
static uint8_t ring[RING_BYTES];

void app_tick(void)
{
}

void app_line_interrupt(void)
{
    chip_uart_interrupt(&line);
}

static void take(uint8_t *bytes, size_t count)
{
    for (size_t taken = 0; taken < count;) {
        uint16_t got = chip_uart_read(&line, bytes + taken, (uint16_t)(count - taken));

        taken += got;
        if (got == 0u) {
            tb_ota_feed();
            arm_wait_for_interrupt();
        }
    }
}

static void answer(unsigned code)
{
    uint8_t byte = (uint8_t)code;

    chip_uart_send(&line, &byte, 1u);
}

static uint32_t begin(void)
{
    union {
        tb_image_head head;
        uint8_t bytes[TB_HEAD_BYTES];
    } first;
    uint32_t next = 0u;

    take(first.bytes, sizeof first);
    answer(tb_ota_begin(&ota, &first.head, &next));
    for (unsigned i = 0; i < sizeof next; i++) {
        answer(next >> 8u * i & 0xFFu);
    }
    return next;
}

static uint32_t more(uint32_t at)
{
    uint8_t count, bytes[UINT8_MAX];
    tb_error error;

    take(&count, 1u);
    take(bytes, count);
    error = tb_ota_write(&ota, at, bytes, count);
    answer(error);
    return error == TB_OK ? at + count : at;
}

int main(void)
{
    uint32_t at = 0u;
    tb_error error;

    SYST_RVR = TB_TARGET->reset_hz / 1000u - 1u;
    SYST_CVR = 0u;
    SYST_CSR = SYST_CSR_ENABLE | SYST_CSR_TICKINT | SYST_CSR_CLKSOURCE;
    console_open();
    error = tb_ota_init(&ota);
    console_text("\r\napp " APP_RELEASE " running from bank ");
    console_number(ota.running_bank + 1u);
    console_text(tb_ota_on_trial(&ota) ? " (trial): " : ": ");
    console_text(tb_error_text(error));
    console_text("\r\n");
    chip_uart_open(&line, &TB_TARGET->board, BAUD, ring, RING_BYTES);
    for (;;) {
        uint8_t command;

        take(&command, 1u);
        switch (command) {
        case 'i':
            at = begin();
            break;
        case 'd':
            at = more(at);
            break;
        case 'w':
            answer(tb_ota_work(&ota));
            break;
        case 'f':
            answer(tb_ota_finish(&ota));
            break;
        case 'c':
            answer(tb_ota_confirm(&ota));
            break;
        case 'r':
            answer(tb_ota_rollback(&ota));
            break;
        case 'b':
            tb_ota_reboot();
        default:
            answer(UINT8_MAX);
            break;
        }
    }
}
