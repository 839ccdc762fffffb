/* What the self-test asks of G4, L4 and L4+; what differs is in g4.c and l4.c. */
#include <string.h>

#include "boot/selftest/g4l4.h"
#include "boot/selftest/selftest.h"
#include "chips/armv7m.h"
#include "registers.h"

#define ROM_VERSION (*(const volatile uint8_t *)0x1FFF6FFEu)
#define OPTION_WORDS ((const volatile uint32_t *)0x1FFF7800u)
#define SR_PROGERR (1u << 3)

#define OPTR_PRODUCTION 0xFFEFF8AAu /* RM0440 3.4.2 */

uint32_t family_reset_flags(void)
{
    return RCC->CSR & g4l4_reset_flags;
}

uint32_t family_ecc_register(void)
{
    return FLASH->ECCR;
}

void family_check_options(void)
{
    uint32_t optr = FLASH->OPTR, odd = (optr ^ OPTR_PRODUCTION) & g4l4_optr_bits;

    st_begin(odd == 0u ? ST_PASS : ST_SKIP, "options");
    st_text("OPTR ");
    st_hex(optr);
    st_end_options(odd);
    if (!g4l4_options_stored()) {
        st_line(ST_SKIP, "options-stored", "it is not known for sure where this line keeps them");
        return;
    }
    uint32_t word = OPTION_WORDS[0], complement = OPTION_WORDS[1];
    st_begin(st_judge(word == optr && complement == ~word), "options-stored");
    st_text("in flash ");
    st_hex(word);
    st_text(" and its complement ");
    st_hex(complement);
    st_end();
}

void family_check_mapping(void)
{
    st_begin(st_judge(chip_mapped_bank() == 0u), "mapping");
    st_text("bank 1 is at 0x08000000 after reset; ROM version ");
    st_hex(ROM_VERSION);
    st_end();
}

const uint32_t family_third_page = 0u;
const bool family_has_ecc = true;

void family_check_more(void)
{
}

/* As the last act of stage 1 does it (chips/stm32/launch_g4l4.c). */
bool family_map(unsigned bank)
{
    uint32_t acr = FLASH->ACR, off = acr & ~(FLASH_ACR_ICEN | FLASH_ACR_DCEN);
    uint32_t primask = arm_interrupts_mask();

    RCC->APB2ENR |= RCC_APB2ENR_SYSCFGEN;
    (void)RCC->APB2ENR;
    FLASH->ACR = off;
    FLASH->ACR = off | FLASH_ACR_ICRST | FLASH_ACR_DCRST;
    arm_dsb();
    arm_isb();
    SYSCFG_MEMRMP = (SYSCFG_MEMRMP & ~SYSCFG_MEMRMP_FB_MODE) |
                    (bank == 1u ? SYSCFG_MEMRMP_FB_MODE : 0u);
    (void)SYSCFG_MEMRMP;
    arm_dsb();
    arm_isb();
    FLASH->ACR = off;
    FLASH->ACR = acr;
    arm_interrupts_restore(primask);
    return true;
}

/* RM0440 3.3.5 and 3.3.7, with the flags looked at before anything clears them. The data cache
 * is off meanwhile (ES0430 2.2.2), and what caches hold is thrown away afterwards. */
static uint32_t operation_begin(uint32_t cr)
{
    uint32_t acr = FLASH->ACR;

    while ((FLASH->SR & FLASH_SR_BSY) != 0u) {
    }
    if ((FLASH->CR & FLASH_CR_LOCK) != 0u) {
        FLASH->KEYR = FLASH_KEY1;
        FLASH->KEYR = FLASH_KEY2;
    }
    FLASH->ACR = acr & ~FLASH_ACR_DCEN;
    FLASH->SR = FLASH_SR_ERRORS;
    FLASH->CR = cr;
    return acr;
}

static uint32_t operation_end(uint32_t acr)
{
    uint32_t off = acr & ~(FLASH_ACR_ICEN | FLASH_ACR_DCEN), flags;

    arm_dsb();
    while ((FLASH->SR & FLASH_SR_BSY) != 0u) {
    }
    flags = FLASH->SR & FLASH_SR_ERRORS;
    FLASH->SR = FLASH_SR_ERRORS;
    FLASH->CR = FLASH_CR_LOCK;
    FLASH->ACR = off;
    FLASH->ACR = off | FLASH_ACR_ICRST | FLASH_ACR_DCRST;
    FLASH->ACR = off;
    FLASH->ACR = acr;
    return flags;
}

uint32_t family_program(unsigned bank, uint32_t offset, const void *unit)
{
    volatile uint32_t *target = (volatile uint32_t *)tb_mapped_address(
        TB_TARGET, chip_mapped_bank() == 1u, bank, offset);
    uint32_t word[2], acr;

    memcpy(word, unit, sizeof word);
    acr = operation_begin(FLASH_CR_PG);
    target[0] = word[0];
    arm_isb();
    target[1] = word[1];
    return operation_end(acr);
}

uint32_t family_reads_during_erase(unsigned bank, const tb_page *page,
                                   const volatile uint32_t *words, uint32_t count)
{
    uint32_t cr = FLASH_CR_PER | (uint32_t)page->number << FLASH_CR_PNB_SHIFT |
                  (bank == 1u ? FLASH_CR_BKER : 0u);
    uint32_t acr = operation_begin(cr), reads = 0;

    FLASH->CR = cr | FLASH_CR_STRT;
    while ((FLASH->SR & FLASH_SR_BSY) != 0u) {
        (void)words[reads++ % count];
    }
    return operation_end(acr) == 0u ? reads : 0u;
}

const char *family_flag_text(uint32_t flags)
{
    return flags == 0u ? "no error" : flags == SR_PROGERR ? "PROGERR" : NULL;
}
