/* For families whose write protection nothing here sets. */
#include "chips/chips.h"

uint8_t chip_protected_banks(void)
{
    return 0u;
}

tb_error chip_protect(void)
{
    return TB_ERR_NOT_HERE;
}
