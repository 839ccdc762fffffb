/* An application that sleeps in Standby: it says who it is and how it came up, confirms itself
 * where it is one that does, and goes to Standby; WKUP1 (PA0) wakes it. */
#include "app/app.h"

#include "chips/armv7m.h"
#include "chips/chips.h"
#include "tb_target.h"
#include "twinbank/ota.h"

#define UP_MS 30u
#define WELL_MS 1000u /* what app_is_well() of any variant takes for long enough */

static tb_ota ota;
static volatile uint32_t now_ms;

void app_tick(void)
{
    now_ms++;
}

void app_line_interrupt(void)
{
}

static void say_hello(bool trial)
{
    tb_boot_report report = tb_ota_report();

    console_text("\r\napp " APP_RELEASE " running from bank ");
    console_number(ota.running_bank + 1u);
    console_text(trial ? " (trial)\r\n" : " (confirmed)\r\n");
    console_text("reset: ");
    console_text(report.present ? tb_reset_cause_text((tb_reset_cause)report.cause) : "unknown");
    console_text("\r\n");
}

int main(void)
{
    SYST_RVR = TB_TARGET->reset_hz / 1000u - 1u;
    SYST_CVR = 0u;
    SYST_CSR = SYST_CSR_ENABLE | SYST_CSR_TICKINT | SYST_CSR_CLKSOURCE;
    console_open();
    if (tb_ota_init(&ota) == TB_OK) {
        app_at_start(tb_ota_on_trial(&ota));
        say_hello(tb_ota_on_trial(&ota));
    }
    while (now_ms < UP_MS) {
        arm_wait_for_interrupt();
    }
    if (app_is_well(WELL_MS)) {
        (void)tb_ota_confirm(&ota);
    }
    console_text("to Standby\r\n");
    console_flush();
    SYST_CSR = 0u;
    chip_standby();
}
