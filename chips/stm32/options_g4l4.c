/* Dual-bank or single-bank mode of G4, L4 and L4+, by option byte (RM0440 3.4.2, 3.5; RM0351
 * and RM0432 3.4). FLASH_OPTR_DBANK is whichever bit does it on this part. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/stm32/options.h"
#include "registers.h"

/* Rounds of the waiting loop, at least 4 cycles each: more than 0.7 s at 170 MHz. An option
 * write takes two page erases and some units, a mass erase 25 ms. */
#define BUSY_ROUNDS 0x2000000u
#define PVD_ROUNDS 0x800u /* 48 us at 170 MHz and more, for the detector to settle */

bool chip_dual_bank(void)
{
    return (FLASH->OPTR & FLASH_OPTR_DBANK) == FLASH_OPTR_DBANK;
}

bool chip_dual_bank_optional(void)
{
    return FLASH_OPTR_DBANK != 0u;
}

__attribute__((noinline)) static bool wait_idle(void)
{
    for (uint32_t i = 0; i < BUSY_ROUNDS; i++) {
        if ((FLASH->SR & FLASH_SR_BSY) == 0u) {
            return true;
        }
    }
    return false;
}

/* RM0440 3.3.5, 3.4.2: keys only where it is locked, KEYR's before OPTKEYR's. */
static bool unlock(void)
{
    if ((FLASH->CR & FLASH_CR_LOCK) != 0u) {
        FLASH->KEYR = FLASH_KEY1;
        FLASH->KEYR = FLASH_KEY2;
    }
    if ((FLASH->CR & (FLASH_CR_LOCK | FLASH_CR_OPTLOCK)) == FLASH_CR_OPTLOCK) {
        FLASH->OPTKEYR = FLASH_OPTKEY1;
        FLASH->OPTKEYR = FLASH_OPTKEY2;
    }
    return (FLASH->CR & (FLASH_CR_LOCK | FLASH_CR_OPTLOCK)) == 0u;
}

static bool pcrop(uint32_t first, uint32_t last)
{
    return (first & FLASH_PCROP_MASK) <= (last & FLASH_PCROP_MASK);
}

/* What would make the change fail, or leave a part that nobody can program again, beside RDP
 * level 2, which freezes the options: PCROP goes by way of RDP alone, and must be off
 * (3.5.2); BOOT_LOCK keeps the ROM away from what will then be a blank part. */
static tb_error obstacle(void)
{
    if (FLASH_BOOT_LOCKED) {
        return TB_ERR_OPTIONS;
    }
    if (pcrop(FLASH->PCROP1SR, FLASH->PCROP1ER) || pcrop(FLASH->PCROP2SR, FLASH->PCROP2ER)) {
        return TB_ERR_WRITE_PROTECTED;
    }
    return TB_OK;
}

static uint32_t run(uint32_t cr, uint32_t start)
{
    FLASH->SR = FLASH_SR_ERRORS;
    FLASH->CR = cr;
    FLASH->CR = cr | start;
    if (!wait_idle()) {
        return FLASH_SR_BSY;
    }
    return FLASH->SR & FLASH_SR_ERRORS;
}

/* Lowest threshold: about 2.0 V (RM0440 6.4.2; RM0351 5.2.3). */
bool options_supply_good(void)
{
    uint32_t cr2;
    bool good;

    RCC->APB1ENR1 |= RCC_APB1ENR1_PWREN;
    cr2 = PWR_CR2;
    PWR_CR2 = (cr2 & ~PWR_CR2_PLS_MASK) | PWR_CR2_PVDE;
    for (uint32_t i = 0; i < PVD_ROUNDS; i++) {
        __asm volatile("");
    }
    good = (PWR_SR2 & PWR_SR2_PVDO) == 0u;
    PWR_CR2 = cr2;
    return good;
}

tb_error options_open(uint32_t *primask)
{
    if ((FLASH->OPTR & FLASH_OPTR_RDP_MASK) == FLASH_OPTR_RDP_LEVEL_2) {
        return TB_ERR_OPTIONS;
    }
    if (!wait_idle()) {
        return TB_ERR_TIMEOUT;
    }
    /* A watchdog reset inside of the option write would be a power cut. */
    chip_watchdog_feed();
    *primask = arm_interrupts_mask();
    if (!unlock()) {
        arm_interrupts_restore(*primask);
        return TB_ERR_LOCKED;
    }
    return TB_OK;
}

tb_error options_commit(uint32_t primask, uint32_t then)
{
    uint32_t sr = run(0u, FLASH_CR_OPTSTRT);

    if (sr == 0u && then != 0u) {
        (void)run(then, FLASH_CR_STRT);
    }
    if ((FLASH->SR & FLASH_SR_BSY) == 0u) { /* else CR may not be written (3.7.6) */
        FLASH->CR = FLASH_CR_LOCK;
    }
    arm_interrupts_restore(primask);
    if (sr == FLASH_SR_BSY) {
        return TB_ERR_TIMEOUT;
    }
    return sr == 0u ? TB_OK : TB_ERR_OPTIONS;
}

void options_wrp_clear(reg *area)
{
    *area = (*area & ~(FLASH_WRP_MASK << FLASH_WRP_END_SHIFT)) | FLASH_WRP_MASK;
}

tb_error chip_dual_bank_set(bool dual)
{
    uint32_t acr = FLASH->ACR;
    tb_error error;
    uint32_t primask;

    if (chip_dual_bank() == dual) {
        return TB_OK;
    }
    if (FLASH_OPTR_DBANK == 0u) {
        return TB_ERR_NOT_HERE; /* this part always has two */
    }
    error = obstacle();
    if (error == TB_OK) {
        error = options_open(&primask);
    }
    if (error != TB_OK) {
        return error;
    }
    acr &= ~(FLASH_ACR_PRFTEN | FLASH_ACR_ICEN | FLASH_ACR_DCEN);
    FLASH->ACR = acr;
    FLASH->ACR = acr | FLASH_ACR_ICRST | FLASH_ACR_DCRST;
    FLASH->ACR = acr;
    for (unsigned i = 0; i < 2u; i++) {
        options_wrp_clear(&FLASH->WRP1R[i]);
        options_wrp_clear(&FLASH->WRP2R[i]);
    }
    FLASH->OPTR = (FLASH->OPTR & ~FLASH_OPTR_DBANK) | (dual ? FLASH_OPTR_DBANK : 0u);
    /* Both banks together, as either mode wants it (3.3.6). Nothing out of order is left to
     * be run after the load; but for pages whose WRP is in force until then, and they are
     * lost all the same. */
    return options_commit(primask, FLASH_CR_MER1 | FLASH_CR_MER2);
}

_Noreturn void chip_options_load(void)
{
    (void)arm_interrupts_mask();
    if (wait_idle() && unlock()) {
        FLASH->CR = FLASH_CR_OBL_LAUNCH;
        arm_dsb();
    }
    chip_reset(); /* not reached where the load, which resets, was let */
}
