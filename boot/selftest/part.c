/* What every family has, at an address of its own. */
#include "boot/selftest/selftest.h"
#include "registers.h"

uint32_t st_idcode(void)
{
    return DBGMCU_IDCODE;
}

uint32_t st_flash_kib(void)
{
    return FLASH_SIZE_KIB;
}
