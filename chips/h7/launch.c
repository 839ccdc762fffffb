/* The last act of stage 1: the other bank by the option byte, or the jump. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/startup.h"
#include "registers.h"
#include "tb_target.h"

#define OPTION_ROUNDS 0x2000000u /* seconds; the manual gives no time for option bytes */
#define PVD_ROUNDS 0x400u        /* over 60 us at 64 MHz, for the detector to settle */

extern uint32_t __data_load, __data_start, __data_end;

static _Noreturn void jump(uint32_t vectors, uint32_t argument)
{
    SYST_CSR = 0u;
    SYST_RVR = 0u;
    SYST_CVR = 0u;
    for (unsigned i = 0; i < NVIC_WORDS; i++) {
        NVIC_ICER[i] = 0xFFFFFFFFu;
        NVIC_ICPR[i] = 0xFFFFFFFFu;
    }
    SCB_ICSR = SCB_ICSR_PENDSTCLR | SCB_ICSR_PENDSVCLR;
    SCB_VTOR = vectors;
    __asm volatile("dsb\n\t"
                   "mov r0, %1\n\t"
                   "ldr r2, [%0]\n\t"
                   "ldr r3, [%0, #4]\n\t"
                   "msr msp, r2\n\t"
                   "movs r2, #0\n\t"
                   "msr control, r2\n\t"
                   "msr basepri, r2\n\t"
                   "isb\n\t"
                   "cpsie f\n\t"
                   "cpsie i\n\t"
                   "bx r3" ::"r"(vectors), "r"(argument) : "r0", "r2", "r3", "memory");
    __builtin_unreachable();
}

_Noreturn void chip_launch(unsigned bank, uint32_t vectors, uint32_t argument)
{
    (void)bank; /* mapped already: chip_swap_by_option() came before */
    jump(vectors, argument);
}

_Noreturn void chip_launch_rom(void)
{
    jump(SYSTEM_MEMORY, 0u);
}

/* What runs here is found in the other bank too, byte for byte? Read by the driver, as
 * the other copy may be torn. */
static bool copies_equal(void)
{
    unsigned here = chip_flash.mapped_bank(chip_flash.ctx);
    uint32_t bytes = (uint32_t)&__data_load - TB_FLASH_BASE +
                     ((uint32_t)&__data_end - (uint32_t)&__data_start);
    uint32_t own, other;

    return chip_flash.crc32(chip_flash.ctx, here, 0u, bytes, &own) == TB_OK &&
           chip_flash.crc32(chip_flash.ctx, here ^ 1u, 0u, bytes, &other) == TB_OK &&
           own == other;
}

/* The supply is above the programmable detector's lowest level (RM0433 6.5.4). */
static bool supply_good(void)
{
    uint32_t cr1 = PWR_CR1;
    bool good;

    PWR_CR1 = (cr1 & ~PWR_CR1_PLS_MASK) | PWR_CR1_PVDE;
    for (uint32_t i = 0; i < PVD_ROUNDS; i++) {
        __asm volatile("");
    }
    good = (PWR_CSR1 & PWR_CSR1_PVDO) == 0u;
    PWR_CR1 = cr1;
    return good;
}

static bool options_idle(void)
{
    for (uint32_t i = 0; i < OPTION_ROUNDS; i++) {
        if ((FLASH(0u)->OPTSR_CUR & FLASH_OPTSR_OPT_BUSY) == 0u) {
            return true;
        }
    }
    return false;
}

/* RM0433 4.4.4. A cut in it leaves the old options in force (4.4.4 too), so what is found
 * after the next reset is either mapping, and both start this same stage 1. */
static tb_error write_swap(uint32_t option)
{
    flash_registers *flash = FLASH(0u);

    if (!options_idle()) {
        return TB_ERR_TIMEOUT;
    }
    if ((flash->OPTCR & FLASH_OPTCR_OPTLOCK) != 0u) {
        flash->OPTKEYR = FLASH_OPTKEY1;
        flash->OPTKEYR = FLASH_OPTKEY2;
    }
    flash->OPTCCR = FLASH_OPTSR_OPTCHANGEERR;
    flash->OPTSR_PRG = (flash->OPTSR_PRG & ~FLASH_OPTSR_SWAP_BANK_OPT) | option;
    flash->OPTCR |= FLASH_OPTCR_OPTSTART;
    if (!options_idle()) {
        return TB_ERR_TIMEOUT;
    }
    flash->OPTCR |= FLASH_OPTCR_OPTLOCK;
    return (flash->OPTSR_CUR & (FLASH_OPTSR_OPTCHANGEERR | FLASH_OPTSR_SWAP_BANK_OPT)) == option
               ? TB_OK
               : TB_ERR_PROGRAM;
}

tb_error chip_swap_by_option(unsigned bank)
{
    uint32_t option = bank == 1u ? FLASH_OPTSR_SWAP_BANK_OPT : 0u;
    tb_error error;

    if (chip_mapped_bank() == bank) {
        return TB_OK;
    }
    /* Asked for before, and a reset has not brought it: another would not either. */
    if ((FLASH(0u)->OPTSR_CUR & FLASH_OPTSR_SWAP_BANK_OPT) == option) {
        return TB_ERR_VERIFY;
    }
    if (!supply_good() || !copies_equal()) {
        return TB_ERR_VERIFY;
    }
    chip_watchdog_feed();
    error = write_swap(option);
    if (error == TB_OK) {
        chip_reset();
    }
    return error;
}
