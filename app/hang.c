/* Hangs at start-up: only the trial watchdog gets it out of there. */
#include "app/app.h"

void app_at_start(bool trial)
{
    (void)trial;
    console_text("about to hang\r\n");
    console_flush();
    for (;;) {
        __asm volatile("");
    }
}

bool app_is_well(uint32_t up_ms)
{
    (void)up_ms;
    return false;
}
