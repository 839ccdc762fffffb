/* The smallest application that updates itself: it answers the wire on the board's UART
 * while it goes on with its own work, here a line of text and a blink every second. */
#include "app/app.h"

#include <string.h>

#include "chips/armv7m.h"
#include "chips/chips.h"
#include "tb_target.h"
#include "twinbank/ota.h"

#define BAUD 115200u
#define HEARTBEAT_MS 1000u
/* For what comes while flash is at work, in RAM that nothing else here uses: 16 KB of it, or 256 KB
 * where a sector takes a second to erase. An array of 4 KB does too, and is slower there. */
#define RING_BYTES (TB_TARGET->ring.bytes)
#define QUEUE_BYTES tb_queue_bytes(TB_TARGET)
#define WINDOW_BYTES (RING_BYTES - 256u)
#define PIECE_BYTES 128u /* taken at once: less than what the window leaves free */
/* For interrupt, CRC and copying: with 17 a G474 keeps up, with 4 an L476 loses bytes. */
#define CYCLES_A_BIT 16u

static tb_ota ota;
static tb_server server;
static tb_expand expand;
static chip_uart wire;
static uint8_t answers[CHIP_UART_OUT_BYTES];
extern uint8_t __end[]; /* of what the linker placed; the stack is far behind it */
static volatile uint32_t now_ms;

void app_tick(void)
{
    now_ms++;
}

void app_line_interrupt(void)
{
    chip_uart_interrupt(&wire);
}

/* Of the flash driver. The tutorial's client is answered while an erase goes on. */
void chip_while_busy(void)
{
    const uint8_t *byte;

    while (tb_server_looks(&server) && chip_uart_take(&wire, &byte, 1u) != 0u) {
        tb_server_look(&server, *byte, now_ms);
    }
}

static void wire_send(void *ctx, const uint8_t *bytes, size_t count)
{
    (void)ctx;
    chip_uart_post(&wire, bytes, count);
}

static bool wire_reaches(void *ctx, uint32_t baud)
{
    (void)ctx;
    return baud <= TB_TARGET->boot_hz / CYCLES_A_BIT && chip_uart_reaches(&wire, baud);
}

static void wire_set_baud(void *ctx, uint32_t baud)
{
    (void)ctx;
    chip_uart_set_baud(&wire, baud);
}

static void say_other_slot(void)
{
    tb_identity device = {.chip = TB_TARGET, .product_id = ota.product_id};
    tb_boot_report report = tb_ota_report();
    tb_slot_info other;

    if (tb_slot_inspect(&ota.flash, &device, ota.running_bank ^ 1u, false, &other) != TB_OK ||
        other.log.state != TB_SLOT_REJECTED) {
        return;
    }
    console_text("rolled back from ");
    console_version(other.head.version);
    console_text(": ");
    console_text(tb_reason_text((tb_reason)other.log.reason));
    if (other.log.reason == TB_REASON_FAULT && report.present) {
        console_text(" at ");
        console_hex(report.fault_pc);
    }
    console_text("\r\n");
}

static void say_hello(bool trial)
{
    tb_boot_report report = tb_ota_report();

    console_text("\r\napp " APP_RELEASE " running from bank ");
    console_number(ota.running_bank + 1u);
    console_text(trial ? " (trial, attempt " : " (confirmed)\r\n");
    if (trial) {
        console_number(report.attempts);
        console_text(")\r\n");
    }
    if (report.present) {
        console_text("reset: ");
        console_text(tb_reset_cause_text((tb_reset_cause)report.cause));
        console_text("; booted: ");
        console_text(tb_why_text((tb_why)report.why));
        console_text("\r\n");
    }
    say_other_slot();
}

static void heartbeat(void)
{
    static uint32_t last_ms;

    if (now_ms - last_ms >= HEARTBEAT_MS) {
        last_ms += HEARTBEAT_MS;
        chip_pin_set(TB_TARGET->led_port, TB_TARGET->led_pin, last_ms / HEARTBEAT_MS % 2u == 0u);
        console_text("app " APP_RELEASE " up ");
        console_number(last_ms / HEARTBEAT_MS);
        console_text(" s\r\n");
    }
}

/* true if there may be more to do at once. */
static bool answer_wire(void)
{
    const uint8_t *bytes;
    uint16_t count = chip_uart_take(&wire, &bytes, PIECE_BYTES);
    bool busy = true;

    if (chip_uart_take_lost(&wire)) {
        tb_server_overrun(&server);
    }
    if (count != 0u) {
        tb_server_receive(&server, bytes, count, now_ms);
    } else {
        busy = tb_server_idle(&server, now_ms);
    }
    switch (tb_server_take_action(&server)) {
    case TB_SERVER_RESET:
        chip_uart_flush(&wire);
        tb_ota_reboot();
    case TB_SERVER_RESET_TO_STAGE2:
        chip_uart_flush(&wire);
        tb_ota_enter_stage2();
    default:
        break;
    }
    return busy;
}

static void start(void)
{
    tb_server_config config;
    tb_error error;

    chip_clock_raise(); /* or a fast line is more than the core can follow */
    if (TB_TARGET->family == TB_FAMILY_F7 || TB_TARGET->family == TB_FAMILY_H7) {
        arm_icache_on(); /* the other families have theirs on after reset, or need none */
    }
    SYST_RVR = TB_TARGET->boot_hz / 1000u - 1u;
    SYST_CVR = 0u;
    SYST_CSR = SYST_CSR_ENABLE | SYST_CSR_TICKINT | SYST_CSR_CLKSOURCE;
    chip_pin_output(TB_TARGET->led_port, TB_TARGET->led_pin);
    console_open();
    error = tb_ota_init(&ota);
    if (error != TB_OK) {
        console_text("twinbank: ");
        console_text(tb_error_text(error));
        console_text("\r\n");
    }
    tb_ota_server_config(&ota, &config);
    config.send = wire_send;
    config.expand = &expand;
    config.expand_served = &tb_expand_served;
    config.window = WINDOW_BYTES;
    config.queue = __end;
    config.queue_bytes = QUEUE_BYTES;
    config.baud_reached = wire_reaches;
    config.baud_set = wire_set_baud;
    config.usual_baud = BAUD;
    tb_server_init(&server, &config);
    chip_uart_open(&wire, &TB_TARGET->board, BAUD, chip_ring(__end + QUEUE_BYTES),
                   RING_BYTES);
    wire.out = answers;
}

int main(void)
{
    bool trial;

    start();
    trial = tb_ota_on_trial(&ota);
    say_hello(trial);
    app_at_start(trial);
    for (bool confirmed = false;;) {
        tb_ota_feed();
        heartbeat();
        if (!confirmed && app_is_well(now_ms)) {
            tb_error error = tb_ota_confirm(&ota);
            confirmed = true; /* or not: the next boot tries again, and the trial decides */
            if (trial || error != TB_OK) {
                console_text(error == TB_OK ? "app " APP_RELEASE " confirmed"
                                            : tb_error_text(error));
                console_text("\r\n");
            }
        }
        if (!answer_wire()) {
            arm_wait_for_interrupt();
        }
    }
}
