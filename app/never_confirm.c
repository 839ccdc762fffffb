/* Runs, and never says that it is well. */
#include "app/app.h"

void app_at_start(bool trial)
{
    (void)trial;
}

bool app_is_well(uint32_t up_ms)
{
    (void)up_ms;
    return false;
}
