/* Stage 2: the wire, the update engine behind it, from SRAM. So no erase or program ever
 * stalls it, and it may rewrite either bank. */
#include "boot/stage2/stage2.h"

#include <string.h>

#include "chips/armv7m.h"
#include "core/internal.h"
#include "known.h"
#include "twinbank/server.h"

#define BAUD 115200u
#define WELL_AFTER_MS 1000u /* running for this long: this copy of stage 2 works */
/* Constants, by the row. The linker script sees to it that both fit behind all else. */
#define RING_BYTES (TB_TARGET->ring.bytes)
#define QUEUE_BYTES tb_queue_bytes(TB_TARGET)
/* Of a full ring something is kept back for what is under way when the sender stops, and for the
 * piece that is taken and still lies there. */
#define WINDOW_BYTES (RING_BYTES - 256u)
#define PIECE_BYTES 128u
#define NAME "twinbank stage 2 "
#define LONGEST_VERSION "255.255.65535"

static struct {
    chip_uart uart;
    volatile uint32_t now_ms;
    tb_server server;
    tb_expand expand;
    char text[sizeof NAME + sizeof LONGEST_VERSION + TB_WIRE_VERSION_TEXT_BYTES];
} stage2;

void stage2_tick(void)
{
    stage2.now_ms++;
}

void stage2_line_interrupt(void)
{
    chip_uart_interrupt(&stage2.uart);
}

extern uint8_t __end[]; /* of what the linker placed: answers, queue and ring, then the stack */

void chip_while_busy(void)
{
    const uint8_t *byte;

    while (tb_server_looks(&stage2.server) && chip_uart_take(&stage2.uart, &byte, 1u) != 0u) {
        tb_server_look(&stage2.server, *byte, stage2.now_ms);
    }
}

void stage2_send(const uint8_t *bytes, size_t count)
{
    chip_uart_post(&stage2.uart, bytes, count);
}

bool stage2_baud_reached(uint32_t baud)
{
    return chip_uart_reaches(&stage2.uart, baud);
}

void stage2_baud_set(uint32_t baud)
{
    chip_uart_set_baud(&stage2.uart, baud);
}

/* Padded with spaces to the tutorial's 27 bytes; made from its end, as digits come. */
static const char *version_text(uint32_t version)
{
    uint32_t parts[3] = {version & 0xFFFFu, version >> 16 & 0xFFu, version >> 24};
    char *at = stage2.text + sizeof NAME + sizeof LONGEST_VERSION;

    memset(stage2.text, ' ', sizeof stage2.text);
    for (unsigned i = 0; i < 3u; i++) {
        do {
            *--at = (char)('0' + parts[i] % 10u);
            parts[i] /= 10u;
        } while (parts[i] != 0u);
        *--at = '.';
    }
    at -= sizeof NAME - 2u; /* over that dot */
    return memcpy(at, NAME, sizeof NAME - 1u);
}

static tb_error mode_set(void *ctx, bool dual)
{
    (void)ctx;
    return chip_dual_bank_set(dual);
}

/* What is protected stays as it is: so two whole copies, or nothing. */
static tb_error protect(void *ctx)
{
    uint32_t crc[2];

    (void)ctx;
    for (unsigned bank = 0; bank < 2u; bank++) {
        if (flash_crc32(bank, 0u, TB_TARGET->stage1_bytes, &crc[bank]) != TB_OK) {
            return TB_ERR_STAGE1;
        }
    }
    return crc[0] == crc[1] ? chip_protect() : TB_ERR_STAGE1;
}

tb_identity stage2_device; /* its chip is known (known.h) */

static void server_start(unsigned bank)
{
    tb_image_head head;
    uint32_t backup[TB_BACKUP_COUNT];
    /* The rest is known (known.h). */
    tb_server_config config = {
        .role = TB_ROLE_STAGE2, .window = WINDOW_BYTES,
        .usual_baud = BAUD, .version_text = stage2.text,
        .queue = __end + CHIP_UART_OUT_BYTES, .queue_bytes = QUEUE_BYTES,
        .expand = &stage2.expand,
        .refusal = chip_check(TB_TARGET), .mode_set = chip_dual_bank_optional() ? mode_set : NULL,
        .protect = protect, .protected_banks = chip_protected_banks(),
        .policy = {.running_bank = -1, .running_stage2_bank = (int)bank},
    };

    /* Stage 1 has checked this program's own head. A unit of it that a power cut left unstable may
     * read otherwise now: then it is looked at again, and the other copy's at last, which is of the
     * same product. */
    for (unsigned look = 0; look < 2u * TB_LOOKS; look++) {
        unsigned copy = bank ^ look / TB_LOOKS;

        if (flash_read(copy, TB_TARGET->stage2_offset, &head, sizeof head) == TB_OK) {
            stage2_device.product_id = head.product_id;
            if (tb_image_check_head(&head, &stage2_device) == TB_OK) {
                config.version_text = version_text(head.version);
                break;
            }
        }
    }
    chip_uid(config.uid);
    chip_backup_read(backup);
    config.report = tb_report_decode(backup);
    tb_server_init(&stage2.server, &config);
}

static void leave_word(uint8_t request)
{
    tb_control control = {.request = request};

    chip_backup_write(TB_BACKUP_CONTROL, tb_control_encode(&control));
}

static void act(tb_server_action action)
{
    if (action == TB_SERVER_NONE) {
        return;
    }
    chip_uart_flush(&stage2.uart);
    switch (action) {
    case TB_SERVER_NONE:
        break;
    case TB_SERVER_RESET:
        leave_word(TB_REQUEST_NONE);
        chip_reset();
    case TB_SERVER_RESET_TO_STAGE2:
        leave_word(TB_REQUEST_STAGE2);
        chip_reset();
    case TB_SERVER_PROTECTED:
        leave_word(TB_REQUEST_STAGE2);
        chip_options_load();
    case TB_SERVER_LOAD_OPTIONS:
        chip_options_load();
    }
}

static void work(void)
{
    const uint8_t *bytes;
    uint16_t count = chip_uart_take(&stage2.uart, &bytes, PIECE_BYTES);

    if (chip_uart_take_lost(&stage2.uart)) {
        tb_server_overrun(&stage2.server);
    }
    if (count != 0u) {
        tb_server_receive(&stage2.server, bytes, count, stage2.now_ms);
    } else if (!tb_server_idle(&stage2.server, stage2.now_ms)) {
        arm_wait_for_interrupt();
    }
    act(tb_server_take_action(&stage2.server));
}

_Noreturn void stage2_main(unsigned bank)
{
    bool well = false;

    chip_flash_init();
    SYST_RVR = TB_TARGET->boot_hz / 1000u - 1u;
    SYST_CVR = 0u;
    SYST_CSR = SYST_CSR_ENABLE | SYST_CSR_TICKINT | SYST_CSR_CLKSOURCE;
    chip_uart_open(&stage2.uart, &TB_TARGET->board, BAUD,
                   chip_ring(__end + CHIP_UART_OUT_BYTES + QUEUE_BYTES), RING_BYTES);
    stage2.uart.out = __end;
    server_start(bank);
    for (;;) {
        chip_watchdog_feed();
        work();
        if (!well && stage2.now_ms >= WELL_AFTER_MS) {
            leave_word(TB_REQUEST_NONE);
            well = true;
        }
    }
}
