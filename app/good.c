#include "app/app.h"

#define SELF_CHECK_MS 200u

void app_at_start(bool trial)
{
    (void)trial;
}

bool app_is_well(uint32_t up_ms)
{
    return up_ms >= SELF_CHECK_MS;
}
