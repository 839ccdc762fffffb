/* For families whose number of banks cannot be changed here. */
#include "chips/chips.h"
#include "tb_target.h"

bool chip_dual_bank(void)
{
    return chip_check(TB_TARGET) != TB_ERR_SINGLE_BANK;
}

tb_error chip_dual_bank_set(bool dual)
{
    return chip_dual_bank() == dual ? TB_OK : TB_ERR_NOT_HERE;
}

_Noreturn void chip_options_load(void)
{
    chip_reset();
}
