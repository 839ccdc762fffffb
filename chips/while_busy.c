#include "chips/chips.h"

/* For a program that has nothing to do meanwhile. */
void chip_while_busy(void)
{
}
