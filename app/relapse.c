/* Does well on trial, is confirmed, and never comes up again. */
#include "app/app.h"

#define SELF_CHECK_MS 200u

void app_at_start(bool trial)
{
    if (!trial) {
        console_text("about to execute an undefined instruction\r\n");
        console_flush();
        __builtin_trap();
    }
}

bool app_is_well(uint32_t up_ms)
{
    return up_ms >= SELF_CHECK_MS;
}
