/* Option writes for the write protection of stage 1 (RM0456 7.4.2): the areas themselves are
 * those of chips/stm32/protect_areas.c. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/stm32/options.h"
#include "chips/u5/flash.h"
#include "chips/u5/swap.h"
#include "registers.h"
#include "tb_target.h"

static void power_clock_on(void)
{
    RCC->AHB3ENR |= RCC_AHB3ENR_PWREN;
    (void)RCC->AHB3ENR;
}

bool options_supply_good(void)
{
    power_clock_on();
    return swap_supply_is_good();
}

tb_error options_open(uint32_t *primask)
{
    if ((FLASH->OPTR & FLASH_OPTR_RDP_MASK) == FLASH_OPTR_RDP_LEVEL_2) {
        return TB_ERR_OPTIONS;
    }
    if (!flash_wait_idle()) {
        return TB_ERR_TIMEOUT;
    }
    chip_watchdog_feed(); /* a reset inside of the option write would be a power cut */
    *primask = arm_interrupts_mask();
    swap_unlock_options();
    if ((FLASH->NSCR & FLASH_NSCR_OPTLOCK) != 0u) {
        arm_interrupts_restore(*primask);
        return TB_ERR_LOCKED;
    }
    return TB_OK;
}

tb_error options_commit(uint32_t primask, uint32_t then)
{
    tb_error error = TB_OK;

    (void)then;
    FLASH->NSCR = FLASH_NSCR_OPTSTRT;
    if (!flash_wait_idle()) {
        error = TB_ERR_TIMEOUT;
    } else {
        error = (FLASH->NSSR & FLASH_NSSR_ERRORS) == 0u ? TB_OK : TB_ERR_OPTIONS;
        FLASH->NSCR = FLASH_NSCR_LOCK;
    }
    arm_interrupts_restore(primask);
    return error;
}
