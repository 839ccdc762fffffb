/* What the self-test asks of the STM32U5. The banks are swapped by an option byte: that is
 * tried, and put back, where nothing stands in the way. */
#include <string.h>

#include "boot/selftest/selftest.h"
#include "chips/armv7m.h"
#include "registers.h"

#define NSBOOTADD0R (*(const volatile uint32_t *)0x40022044u)
#define RESET_FLAGS 0xFE000000u
#define SR_PROGERR (1u << 3)
#define SR_PGSERR (1u << 7)
/* RDP level 0, watchdogs by software, two banks not swapped, boot by PH3, no TrustZone. */
#define OPTR_PRODUCTION 0x1FEFF8AAu
#define OPTR_BITS (0xFFu | 1u << 16 | 1u << 19 | 3u << 20 | 3u << 26 | 1u << 31)
#define OPTR_RDP 0xFFu
#define OPTR_RDP_LEVEL_0 0xAAu

/* No figure of DS13737 was read: what an operation surely does not exceed. */
st_limits family_limits(void)
{
    return (st_limits){.program_ns = 250000u, .erase_us = 5000u, .source = "an estimate"};
}

const uint32_t family_third_page = 0u;
const bool family_has_ecc = true;

uint32_t family_reset_flags(void)
{
    return RCC->CSR & RESET_FLAGS;
}

uint32_t family_ecc_register(void)
{
    return FLASH->ECCR;
}

void family_check_options(void)
{
    uint32_t optr = FLASH->OPTR, odd = (optr ^ OPTR_PRODUCTION) & OPTR_BITS;

    st_begin(odd == 0u ? ST_PASS : ST_SKIP, "options");
    st_text("OPTR ");
    st_hex(optr);
    st_text(", NSBOOTADD0R ");
    st_hex(NSBOOTADD0R);
    st_end_options(odd);
}

void family_check_mapping(void)
{
    uint32_t words = (uint32_t)(NSBOOTADD0R >> 7 << 7);

    st_begin(st_judge(words == TB_FLASH_BASE), "mapping");
    st_text(chip_mapped_bank() == 0u ? "bank 1" : "bank 2");
    st_text(" is at 0x08000000 after reset by SWAP_BANK; OPSR ");
    st_hex(FLASH->OPSR);
    st_end();
}

bool family_map(unsigned bank)
{
    (void)bank;
    return false;
}

/* ---- operations ----------------------------- */

/* RM0456 7.3.5 to 7.3.7, with the flags looked at before anything clears them. */
static void wait_idle(void)
{
    while ((FLASH->NSSR & (FLASH_NSSR_BSY | FLASH_NSSR_WDW)) != 0u) {
    }
}

static void operation_begin(uint32_t nscr)
{
    wait_idle();
    if ((FLASH->NSCR & FLASH_NSCR_LOCK) != 0u) {
        FLASH->NSKEYR = FLASH_KEY1;
        FLASH->NSKEYR = FLASH_KEY2;
    }
    FLASH->NSSR = FLASH_NSSR_ERRORS;
    FLASH->NSCR = nscr;
    arm_dsb();
}

static uint32_t operation_end(void)
{
    uint32_t flags;

    arm_dsb();
    wait_idle();
    flags = FLASH->NSSR & FLASH_NSSR_ERRORS;
    FLASH->NSSR = FLASH_NSSR_ERRORS;
    FLASH->NSCR = FLASH_NSCR_LOCK;
    return flags;
}

uint32_t family_program(unsigned bank, uint32_t offset, const void *unit)
{
    volatile uint32_t *target = (volatile uint32_t *)tb_mapped_address(
        TB_TARGET, chip_mapped_bank() == 1u, bank, offset);
    uint32_t word[4], primask = arm_interrupts_mask();

    memcpy(word, unit, sizeof word);
    operation_begin(FLASH_NSCR_PG);
    for (unsigned i = 0; i < 4u; i++) {
        target[i] = word[i];
    }
    arm_interrupts_restore(primask);
    return operation_end();
}

uint32_t family_reads_during_erase(unsigned bank, const tb_page *page,
                                   const volatile uint32_t *words, uint32_t count)
{
    uint32_t nscr = FLASH_NSCR_PER | (uint32_t)page->number << FLASH_NSCR_PNB_SHIFT |
                    (bank == 1u ? FLASH_NSCR_BKER : 0u);
    uint32_t reads = 0;

    operation_begin(nscr);
    FLASH->NSCR = nscr | FLASH_NSCR_STRT;
    while ((FLASH->NSSR & FLASH_NSSR_BSY) != 0u) {
        (void)words[reads++ % count];
    }
    return operation_end() == 0u ? reads : 0u;
}

const char *family_flag_text(uint32_t flags)
{
    return flags == 0u           ? "no error"
           : flags == SR_PROGERR ? "PROGERR"
           : flags == SR_PGSERR  ? "PGSERR"
                                 : NULL;
}

/* RM0456 7.3.7: WDW stands until the fourth word, and then the unit is programmed. */
static void check_incomplete(uint32_t at)
{
    volatile uint32_t *target = (volatile uint32_t *)tb_mapped_address(
        TB_TARGET, chip_mapped_bank() == 1u, 1u, at);
    uint32_t primask = arm_interrupts_mask(), waiting;
    bool good;

    operation_begin(FLASH_NSCR_PG);
    for (uint32_t i = 0; i < 3u; i++) {
        target[i] = i + 1u;
    }
    arm_dsb();
    waiting = FLASH->NSSR & (FLASH_NSSR_BSY | FLASH_NSSR_WDW);
    target[3] = 4u;
    arm_interrupts_restore(primask);
    good = operation_end() == 0u;
    for (uint32_t i = 0; i < 4u; i++) {
        good = good && target[i] == i + 1u;
    }
    st_begin(st_judge(good && waiting == FLASH_NSSR_WDW), "unit-whole");
    st_text("with a word missing NSSR is ");
    st_hex(waiting);
    st_text(" (WDW: 0x20000), with the last it is programmed");
    st_end();
}

void family_check_more(void)
{
    (void)st_page_erased(1u, 0u);
    check_incomplete(st_page(0u));
    (void)st_page_erased(1u, 0u);
}

/* ---- the swap ----------------------------- */

const char *family_swap_refusal(void)
{
    if ((FLASH->OPTR & OPTR_RDP) != OPTR_RDP_LEVEL_0) {
        return "RDP is not at level 0: the option bytes are left alone";
    }
    if ((RCC->BDCR & RCC_BDCR_LSEON) != 0u) {
        return "LSE is on, which has to be off for OBL_LAUNCH";
    }
    return NULL;
}

/* RM0456 7.4.2, 7.5.8. */
void family_swap_to(unsigned bank)
{
    uint32_t optr = FLASH->OPTR & ~FLASH_OPTR_SWAP_BANK;

    operation_begin(0u);
    FLASH->OPTKEYR = FLASH_OPTKEY1;
    FLASH->OPTKEYR = FLASH_OPTKEY2;
    FLASH->OPTR = optr | (bank == 1u ? FLASH_OPTR_SWAP_BANK : 0u);
    FLASH->NSCR = FLASH_NSCR_OPTSTRT;
    arm_dsb();
    wait_idle();
    if ((FLASH->NSSR & FLASH_NSSR_ERRORS) == 0u) {
        FLASH->NSCR = FLASH_NSCR_OBL_LAUNCH;
        while ((FLASH->NSCR & FLASH_NSCR_OBL_LAUNCH) != 0u) {
        }
    }
    (void)operation_end();
}
