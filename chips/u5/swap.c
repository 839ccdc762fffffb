/* SWAP_BANK: the U5 maps its banks by an option byte (RM0456 7.5.8). A cut in the middle of
 * the change leaves the old value or the new one (docs/families/u5.md): stage 1 is the same
 * in both banks, and decides again. */
#include "chips/u5/swap.h"

#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/u5/flash.h"
#include "registers.h"
#include "tb_target.h"

#define LSE_OFF_ROUNDS 0x40000u
#define PVD_ROUNDS 0x800u /* the detector needs 10 us; this is over 50 us at 160 MHz */

void swap_unlock_options(void)
{
    flash_unlock();
    FLASH->OPTKEYR = FLASH_OPTKEY1;
    FLASH->OPTKEYR = FLASH_OPTKEY2;
}

/* Loads the options, which resets the part (RM0456 7.4.2). LSE must be off (7.9.8): the backup
 * domain keeps it on over resets, and what uses it switches it on again when it starts. */
static _Noreturn void load(void)
{
    PWR->DBPR = PWR_DBPR_DBP;
    (void)PWR->DBPR;
    RCC->BDCR &= ~RCC_BDCR_LSEON;
    for (uint32_t i = 0; (RCC->BDCR & RCC_BDCR_LSERDY) != 0u && i < LSE_OFF_ROUNDS; i++) {
    }
    FLASH->NSCR = FLASH_NSCR_OBL_LAUNCH;
    while ((FLASH->NSCR & FLASH_NSCR_OBL_LAUNCH) != 0u) {
    }
    chip_reset(); /* it was refused: the options stay as they were */
}

_Noreturn void swap_load_options(void)
{
    swap_unlock_options();
    load();
}

static bool stage1_is_equal(void)
{
    uint32_t crc = chip_stage1_crc(chip_stage1_address(0u, 0u), TB_TARGET->stage1_bytes);

    crc ^= chip_stage1_crc(chip_stage1_address(1u, 0u), TB_TARGET->stage1_bytes);
    return chip_stage1_good() && crc == 0u;
}

/* Above the detector's lowest threshold, about 2.0 V (RM0456 10.6.2). */
bool swap_supply_is_good(void)
{
    bool good;

    PWR->SVMCR = PWR_SVMCR_PVDE;
    for (uint32_t i = 0; i < PVD_ROUNDS; i++) {
        __asm volatile("");
    }
    good = (PWR->SVMSR & PWR_SVMSR_PVDO) == 0u;
    PWR->SVMCR = 0u;
    return good;
}

/* The change itself (RM0456 7.4.2). Comes back where it did not take. */
static void write_swap_bank(uint32_t optr)
{
    uint32_t before = FLASH->OPTR;

    swap_unlock_options();
    FLASH->OPTR = optr;
    if (FLASH->OPTR == optr) {
        FLASH->NSCR = FLASH_NSCR_OPTSTRT;
        if (flash_wait_idle() && (FLASH->NSSR & FLASH_NSSR_ERRORS) == 0u) {
            load();
        }
        FLASH->OPTR = before; /* it is read as what is in force */
    }
    FLASH->NSCR = FLASH_NSCR_LOCK;
}

tb_error chip_swap_by_option(unsigned bank, bool again)
{
    /* Asked again right after the load: it did not take, and will not. Not so where the load
     * was because of a change that a reset had interrupted, nor where it is the way back: a record
     * that a cut left unstable reads otherwise than before the load. */
    if ((again || !swap_options_were_loaded() || swap_was_interrupted()) && stage1_is_equal() &&
        swap_supply_is_good()) {
        write_swap_bank((FLASH->OPTR & ~FLASH_OPTR_SWAP_BANK) | bank << FLASH_OPTR_SWAP_BANK_SHIFT);
    }
    return TB_ERR_VERIFY;
}
