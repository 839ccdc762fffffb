/* An application without the wire: it says who it is, confirms itself, and nothing else.
 * Updates come by way of stage 2. Small, for tests that update thousands of times. */
#include "app/app.h"

#include "chips/armv7m.h"
#include "chips/chips.h"
#include "tb_target.h"
#include "twinbank/ota.h"

#define SELF_CHECK_MS 20u

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
    console_text("\r\napp " APP_RELEASE " running from bank ");
    console_number(ota.running_bank + 1u);
    console_text(trial ? " (trial)\r\n" : " (confirmed)\r\n");
}

int main(void)
{
    SYST_RVR = TB_TARGET->reset_hz / 1000u - 1u;
    SYST_CVR = 0u;
    SYST_CSR = SYST_CSR_ENABLE | SYST_CSR_TICKINT | SYST_CSR_CLKSOURCE;
    console_open();
    if (tb_ota_init(&ota) == TB_OK) {
        say_hello(tb_ota_on_trial(&ota));
    }
    for (bool confirmed = false;;) {
        tb_ota_feed();
        if (!confirmed && now_ms >= SELF_CHECK_MS) {
            confirmed = true;
            console_text(tb_ota_confirm(&ota) == TB_OK ? "app " APP_RELEASE " confirmed\r\n"
                                                       : "app " APP_RELEASE " not confirmed\r\n");
        }
        arm_wait_for_interrupt();
    }
}
