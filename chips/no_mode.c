/* For families whose parts always have two banks. */
#include "chips/chips.h"
#include "tb_target.h"

bool chip_dual_bank(void)
{
    return chip_check(TB_TARGET) != TB_ERR_SINGLE_BANK;
}

bool chip_dual_bank_optional(void)
{
    return false;
}

tb_error chip_dual_bank_set(bool dual)
{
    return chip_dual_bank() == dual ? TB_OK : TB_ERR_NOT_HERE;
}
