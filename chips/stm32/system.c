/* What is the same on every family: unique id, independent watchdog, reset. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "registers.h"

#define IWDG_UPDATE_ROUNDS 0x40000u /* five LSI periods are 27,000 cycles at 170 MHz */

void chip_uid(uint8_t uid[12])
{
    for (unsigned i = 0; i < 12u; i++) {
        uid[i] = (uint8_t)(UID_WORDS[i / 4u] >> (8u * (i % 4u)));
    }
}

/* RM0440 42.3.3: start, unlock, set, wait for the registers to pass into the LSI
 * domain, reload. The ROM may have left an update under way (AN2606).
 * 8 ms to a tick, 32 s at most. */
void chip_watchdog_start(uint32_t timeout_ms)
{
    uint32_t ticks = timeout_ms / (256u * 1000u / LSI_HZ);

    IWDG->KR = IWDG_KEY_START;
    for (uint32_t i = 0; IWDG->SR != 0u && i < IWDG_UPDATE_ROUNDS; i++) {
    }
    IWDG->KR = IWDG_KEY_UNLOCK;
    IWDG->PR = IWDG_PR_256;
    IWDG->RLR = ticks < IWDG_RLR_MAX ? ticks : IWDG_RLR_MAX;
    for (uint32_t i = 0; IWDG->SR != 0u && i < IWDG_UPDATE_ROUNDS; i++) {
    }
    IWDG->KR = IWDG_KEY_RELOAD;
}

void chip_watchdog_feed(void)
{
    IWDG->KR = IWDG_KEY_RELOAD;
}

_Noreturn void chip_reset(void)
{
    arm_dsb();
    for (;;) {
        SCB_AIRCR = SCB_AIRCR_SYSRESETREQ;
        arm_dsb();
    }
}
