/* Faults at start-up. */
#include "app/app.h"

void app_at_start(bool trial)
{
    (void)trial;
    console_text("about to execute an undefined instruction\r\n");
    console_flush();
    __builtin_trap();
}

bool app_is_well(uint32_t up_ms)
{
    (void)up_ms;
    return false;
}
