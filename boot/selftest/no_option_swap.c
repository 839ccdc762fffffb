/* For families that swap by a register, or whose option bytes the self-test leaves alone. */
#include "boot/selftest/selftest.h"

const char *family_swap_refusal(void)
{
    return "the banks of this family are swapped by option bytes";
}

void family_swap_to(unsigned bank)
{
    (void)bank;
}
