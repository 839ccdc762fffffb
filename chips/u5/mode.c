/* Two banks or one, on U5 parts below their line's full size: DUALBANK (RM0456 7.3.1, 7.4.2).
 * Parts of the full size always have two. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/stm32/flash.h"
#include "chips/u5/flash.h"
#include "chips/u5/swap.h"
#include "registers.h"
#include "tb_target.h"

#define MASS_ERASE_WAITS 64u /* of more than 0.2 s each: the manual gives no time */

bool chip_dual_bank(void)
{
    return chip_flash_mode() != TB_ERR_SINGLE_BANK;
}

bool chip_dual_bank_optional(void)
{
    return !flash_always_dual();
}

static bool wait_idle(void)
{
    for (unsigned i = 0; i < MASS_ERASE_WAITS; i++) {
        chip_watchdog_feed(); /* a reset inside of the option write would be a power cut */
        if (flash_wait_idle()) {
            return true;
        }
    }
    return false;
}

/* RDP level 2 freezes the options, UNLOCK = 0 a write protected area (RM0456 7.6.1). */
static tb_error obstacle(void)
{
    if ((FLASH->OPTR & FLASH_OPTR_RDP_MASK) == FLASH_OPTR_RDP_LEVEL_2) {
        return TB_ERR_OPTIONS;
    }
    if ((FLASH->WRP1R[0] & FLASH->WRP1R[1] & FLASH->WRP2R[0] & FLASH->WRP2R[1] &
         FLASH_WRP_UNLOCK) == 0u) {
        return TB_ERR_WRITE_PROTECTED;
    }
    return TB_OK;
}

/* First page above last page: none (RM0456 7.6.1). */
static void wrp_clear(reg *area)
{
    *area = (*area & ~(FLASH_WRP_MASK << FLASH_WRP_END_SHIFT)) | FLASH_WRP_MASK;
}

static uint32_t run(uint32_t nscr, uint32_t start)
{
    FLASH->NSSR = FLASH_NSSR_ERRORS;
    FLASH->NSCR = nscr;
    FLASH->NSCR = nscr | start;
    return wait_idle() ? FLASH->NSSR & FLASH_NSSR_ERRORS : FLASH_NSSR_BSY;
}

tb_error chip_dual_bank_set(bool dual)
{
    tb_error error;
    uint32_t primask, nssr;

    if (chip_dual_bank() == dual) {
        return TB_OK;
    }
    error = obstacle();
    if (error != TB_OK) {
        return error;
    }
    if (!wait_idle()) {
        return TB_ERR_TIMEOUT;
    }
    primask = arm_interrupts_mask();
    swap_unlock_options();
    for (unsigned i = 0; i < 2u; i++) {
        wrp_clear(&FLASH->WRP1R[i]);
        wrp_clear(&FLASH->WRP2R[i]);
    }
    /* SWAP_BANK is for two banks only (RM0456 7.5.8). */
    FLASH->OPTR = (FLASH->OPTR & ~(FLASH_OPTR_DUALBANK | FLASH_OPTR_SWAP_BANK)) |
                  (dual ? FLASH_OPTR_DUALBANK : 0u);
    nssr = run(0u, FLASH_NSCR_OPTSTRT);
    if (nssr == 0u) {
        (void)run(FLASH_NSCR_MER1 | FLASH_NSCR_MER2, FLASH_NSCR_STRT);
    }
    if ((FLASH->NSSR & FLASH_NSSR_BSY) == 0u) { /* else NSCR may not be written */
        FLASH->NSCR = FLASH_NSCR_LOCK;
    }
    flash_flush_caches();
    arm_interrupts_restore(primask);
    if (nssr == FLASH_NSSR_BSY) {
        return TB_ERR_TIMEOUT;
    }
    return nssr == 0u ? TB_OK : TB_ERR_OPTIONS;
}

_Noreturn void chip_options_load(void)
{
    (void)arm_interrupts_mask();
    RCC->AHB3ENR |= RCC_AHB3ENR_PWREN;
    (void)RCC->AHB3ENR;
    swap_load_options();
}
