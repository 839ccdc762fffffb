/* Write protection of stage 1: the first bit of WPSN in both places (RM0433 4.9.14, RM0455
 * 4.9.17). Whether WPSN belongs to the bank or to the place where it is mapped is not known
 * (docs/families/h7.md), so both are protected or neither; here it is taken for the place's.
 * A cut in the change leaves the old options (RM0433 4.4.4). */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/h7/swap.h"
#include "registers.h"
#include "tb_target.h"

uint8_t chip_protected_banks(void)
{
    unsigned swapped = chip_mapped_bank();
    uint8_t banks = 0u;

    for (unsigned place = 0; place < 2u; place++) {
        if ((FLASH(place)->WPSN_CUR & FLASH_WPSN_FIRST) == 0u) {
            banks |= (uint8_t)(1u << (place ^ swapped));
        }
    }
    return banks;
}

tb_error chip_protect(void)
{
    flash_registers *flash = FLASH(0u);
    uint32_t primask;
    tb_error error = TB_OK;

    if (FLASH_OPTSR_RDP(flash->OPTSR_CUR) == FLASH_OPTSR_RDP_LEVEL_2) {
        return TB_ERR_OPTIONS;
    }
    if (!swap_supply_good()) {
        return TB_ERR_SUPPLY;
    }
    chip_watchdog_feed();
    primask = arm_interrupts_mask();
    if ((flash->OPTCR & FLASH_OPTCR_OPTLOCK) != 0u) {
        flash->OPTKEYR = FLASH_OPTKEY1;
        flash->OPTKEYR = FLASH_OPTKEY2;
    }
    FLASH(0u)->WPSN_PRG &= ~FLASH_WPSN_FIRST;
    FLASH(1u)->WPSN_PRG &= ~FLASH_WPSN_FIRST;
    flash->OPTCR = FLASH_OPTCR_OPTSTART;
    if (!swap_options_idle()) {
        error = TB_ERR_TIMEOUT;
    } else if (((FLASH(0u)->WPSN_CUR | FLASH(1u)->WPSN_CUR) & FLASH_WPSN_FIRST) != 0u) {
        error = TB_ERR_OPTIONS;
    }
    flash->OPTCR = FLASH_OPTCR_OPTLOCK;
    arm_interrupts_restore(primask);
    return error;
}

/* They are in force already; what they say is read again after a reset. */
_Noreturn void chip_options_load(void)
{
    chip_reset();
}
