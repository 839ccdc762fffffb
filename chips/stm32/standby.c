/* Standby: into it, and what a reset says of having come out of it. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "standby.h"

/* A wake sets no reset flag of its own; whatever else reset the part since the flags were
 * cleared, out of Standby or after it, has left one. SBF alone would not do: it stands until
 * somebody clears it, over any number of resets. */
bool chip_stage1_woke(void)
{
    return standby_flag() && reset_flags() == 0u;
}

_Noreturn void chip_standby(void)
{
    standby_choose();
    SCB_SCR |= SCB_SCR_SLEEPDEEP;
    for (;;) { /* an interrupt that is pending lets WFI pass */
        arm_dsb();
        arm_wait_for_interrupt();
    }
}
