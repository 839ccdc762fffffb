/* SWAP_BANK: the H7 maps its banks by an option byte that comes into force at a reset
 * (RM0433 4.3.12, 4.4.4). */
#include "chips/h7/swap.h"

#include "chips/chips.h"
#include "registers.h"
#include "tb_target.h"

#define OPTION_ROUNDS 0x2000000u /* seconds; the manual gives no time for option bytes */
#define PVD_ROUNDS 0x400u        /* over 60 us at 64 MHz, for the detector to settle */

/* Both banks begin with the same stage 1, byte for byte? */
static bool copies_equal(void)
{
    uint32_t crc = chip_stage1_crc((const uint32_t *)TB_FLASH_BASE, TB_TARGET->stage1_bytes);

    crc ^= chip_stage1_crc((const uint32_t *)TB_TARGET->bank2_base, TB_TARGET->stage1_bytes);
    return chip_stage1_good() && crc == 0u;
}

/* The supply is above the programmable detector's lowest level (RM0433 6.5.4). */
bool swap_supply_good(void)
{
    uint32_t cr1 = PWR_CR1;
    bool good;

    PWR_CR1 = cr1 | PWR_CR1_PVDE; /* PLS is 0 after reset */
    for (uint32_t i = 0; i < PVD_ROUNDS; i++) {
        __asm volatile("");
    }
    good = (PWR_CSR1 & PWR_CSR1_PVDO) == 0u;
    PWR_CR1 = cr1;
    return good;
}

bool swap_options_idle(void)
{
    for (uint32_t i = 0; i < OPTION_ROUNDS; i++) {
        if ((FLASH(0u)->OPTSR_CUR & FLASH_OPTSR_OPT_BUSY) == 0u) {
            return true;
        }
    }
    return false;
}

/* RM0433 4.4.4. A cut in it leaves the old options in force, so what is found after the next
 * reset is either mapping, and both start this same stage 1. */
static tb_error write_swap(uint32_t option)
{
    flash_registers *flash = FLASH(0u);

    flash->OPTKEYR = FLASH_OPTKEY1; /* stage 1 is the first since reset, which locks it */
    flash->OPTKEYR = FLASH_OPTKEY2;
    flash->OPTSR_PRG ^= FLASH_OPTSR_SWAP_BANK_OPT; /* after a reset it is what is in force */
    flash->OPTCR = FLASH_OPTCR_OPTSTART;
    if (swap_options_idle() && (flash->OPTSR_CUR & FLASH_OPTSR_SWAP_BANK_OPT) == option) {
        chip_reset();
    }
    flash->OPTCR = FLASH_OPTCR_OPTLOCK;
    return TB_ERR_PROGRAM;
}

tb_error chip_swap_by_option(unsigned bank, bool again)
{
    uint32_t option = bank == 1u ? FLASH_OPTSR_SWAP_BANK_OPT : 0u;

    (void)again; /* the option tells */
    if (chip_mapped_bank() == bank) {
        return TB_OK;
    }
    /* Asked for before, and a reset has not brought it: another would not either. */
    if ((FLASH(0u)->OPTSR_CUR & FLASH_OPTSR_SWAP_BANK_OPT) == option || !swap_supply_good() ||
        !copies_equal()) {
        return TB_ERR_VERIFY;
    }
    chip_watchdog_feed();
    return write_swap(option);
}
