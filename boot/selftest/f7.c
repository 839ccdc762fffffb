/* What the self-test asks of the STM32F76x and F77x. On this line the two facts that no source
 * gives for sure are the point: whether SWP_FB exchanges the banks, and what SNB counts then
 * (docs/families/f7.md). */
#include <string.h>

#include "boot/selftest/selftest.h"
#include "chips/armv7m.h"
#include "registers.h"

#define ROM_VERSION (*(const volatile uint8_t *)0x1FF0EDBEu)
#define RESET_FLAGS 0xFE000000u /* of RCC_CSR */
/* RM0410 3.4, but for nDBANK, which has to be 0: RDP, nDBOOT, WWDG_SW, IWDG_SW. */
#define OPTCR_BITS (0xFF00u | 1u << 28 | 3u << 4)
#define OPTCR_EXPECTED (0xAA00u | 1u << 28 | 3u << 4)
#define BOOT_ADD0_FLASH 0x2000u
#define BOOT_ADD0_ITCM 0x0080u
#define SR_PGPERR (1u << 6)
#define SNB_BANK2 16u

/* At x32, and a unit is two words. */
st_limits family_limits(void)
{
    return (st_limits){.program_ns = 200000u, .erase_us = 2000000u, .source = "DS11532 6.3.14"};
}
/* Where the driver tries what SNB counts (chips/f7/flash.c). */
const uint32_t family_third_page = 0xC000u;
const bool family_has_ecc = false;

uint32_t family_reset_flags(void)
{
    return RCC->CSR & RESET_FLAGS;
}

uint32_t family_ecc_register(void)
{
    return 0u; /* there is no ECC */
}

void family_check_options(void)
{
    uint32_t optcr = FLASH->OPTCR, optcr1 = FLASH->OPTCR1, boot = optcr1 & 0xFFFFu;
    uint32_t odd = (optcr ^ OPTCR_EXPECTED) & OPTCR_BITS;

    st_begin(odd == 0u && (boot == BOOT_ADD0_FLASH || boot == BOOT_ADD0_ITCM) ? ST_PASS : ST_SKIP,
             "options");
    st_text("OPTCR ");
    st_hex(optcr);
    st_text(", OPTCR1 ");
    st_hex(optcr1);
    st_end_options(odd);
}

void family_check_mapping(void)
{
    st_begin(st_judge(chip_mapped_bank() == 0u), "mapping");
    st_text("bank 1 is at 0x08000000 after reset; ROM version ");
    st_hex(ROM_VERSION);
    st_end();
}

/* As the last act of stage 1 does it (chips/f7/launch.c). */
bool family_map(unsigned bank)
{
    uint32_t primask = arm_interrupts_mask();

    RCC->APB2ENR |= RCC_APB2ENR_SYSCFGEN;
    (void)RCC->APB2ENR;
    SYSCFG_MEMRMP = (SYSCFG_MEMRMP & ~SYSCFG_MEMRMP_FB_MODE) |
                    (bank == 1u ? SYSCFG_MEMRMP_FB_MODE : 0u);
    (void)SYSCFG_MEMRMP;
    SCB_ICIALLU = 0u;
    arm_dsb();
    arm_isb();
    arm_interrupts_restore(primask);
    return true;
}

/* RM0410 3.3.5 to 3.3.8, with the flags looked at before anything clears them. */
static void operation_begin(uint32_t cr)
{
    while ((FLASH->SR & FLASH_SR_BSY) != 0u) {
    }
    if ((FLASH->CR & FLASH_CR_LOCK) != 0u) {
        FLASH->KEYR = FLASH_KEY1;
        FLASH->KEYR = FLASH_KEY2;
    }
    FLASH->SR = FLASH_SR_ERRORS;
    FLASH->CR = cr;
    arm_dsb();
}

static uint32_t operation_end(void)
{
    uint32_t flags;

    arm_dsb();
    while ((FLASH->SR & FLASH_SR_BSY) != 0u) {
    }
    flags = FLASH->SR & FLASH_SR_ERRORS;
    FLASH->SR = FLASH_SR_ERRORS;
    FLASH->CR = FLASH_CR_LOCK;
    return flags;
}

static uint32_t program_word(volatile uint32_t *target, uint32_t word)
{
    operation_begin(FLASH_CR_PG | FLASH_CR_PSIZE_32);
    *target = word;
    return operation_end();
}

static volatile uint32_t *place_of(unsigned bank, uint32_t offset)
{
    return (volatile uint32_t *)tb_mapped_address(TB_TARGET, chip_mapped_bank() == 1u, bank,
                                                  offset);
}

uint32_t family_program(unsigned bank, uint32_t offset, const void *unit)
{
    volatile uint32_t *target = place_of(bank, offset);
    uint32_t word[2], flags;

    memcpy(word, unit, sizeof word);
    flags = program_word(target, word[0]);
    return flags | program_word(target + 1, word[1]);
}

uint32_t family_reads_during_erase(unsigned bank, const tb_page *page,
                                   const volatile uint32_t *words, uint32_t count)
{
    uint32_t cr = FLASH_CR_SER | FLASH_CR_PSIZE_32 |
                  (page->number + bank * SNB_BANK2) << FLASH_CR_SNB_SHIFT;
    uint32_t reads = 0;

    operation_begin(cr);
    FLASH->CR = cr | FLASH_CR_STRT;
    while ((FLASH->SR & FLASH_SR_BSY) != 0u) {
        (void)words[reads++ % count];
    }
    return operation_end() == 0u ? reads : 0u;
}

const char *family_flag_text(uint32_t flags)
{
    return flags == 0u ? "no error" : flags == SR_PGPERR ? "PGPERR" : NULL;
}

/* RM0410 3.3.8: bits go from 1 to 0, as often as one likes, and nothing tells. */
void st_check_units(void)
{
    uint32_t at = st_page(0u), first = 0xFF00FF00u, second = 0x0FF00FF0u, flags;
    volatile uint32_t *word = place_of(1u, at);
    volatile uint16_t *half = (volatile uint16_t *)place_of(1u, at + 16u);
    uint8_t pattern[TB_MAX_UNIT_BYTES];
    bool clean = st_page_erased(1u, 0u);

    st_pattern(pattern, 1u, at + 32u);
    flags = family_program(1u, at + 32u, pattern);
    st_rule(clean && flags == 0u && st_holds(at + 32u, pattern), "unit-once", "a blank unit: ",
            flags);
    flags = program_word(word, first);
    flags |= program_word(word, second);
    st_rule(flags == 0u && *word == (first & second), "unit-clears",
            "other data over it, which leave the zeros of both: ", flags);
    flags = program_word(word, 0u);
    st_rule(flags == 0u && *word == 0u, "unit-zero", "zeros over it: ", flags);
    operation_begin(FLASH_CR_PG | FLASH_CR_PSIZE_32);
    *half = 0u;
    flags = operation_end();
    st_rule(flags == SR_PGPERR && *half == 0xFFFFu, "unit-width",
            "a half-word where PSIZE says a word: ", flags);
    (void)st_page_erased(1u, 0u);
}

/* Which of the two readings holds: told, not judged, but neither is a FAIL. */
void family_check_more(void)
{
    volatile uint32_t *first = place_of(0u, st_page(0u)), *second = place_of(1u, st_page(0u));
    tb_page page = {0};
    bool places, banks, marked;

    (void)tb_page_at(TB_TARGET, st_page(0u), &page);
    marked = st_page_erased(0u, 0u) && st_page_erased(1u, 0u);
    marked = program_word(first, 1u) == 0u && program_word(second, 2u) == 0u && marked;
    (void)family_map(1u);
    if (!marked || *first != 2u || *second != 1u) {
        (void)family_map(0u);
        st_line(ST_SKIP, "snb-swapped", "the banks were not exchanged");
        return;
    }
    chip_watchdog_feed();
    (void)family_reads_during_erase(0u, &page, second, 1u); /* the number of bank 1 */
    (void)family_map(0u);
    banks = *first == 0xFFFFFFFFu && *second == 2u;
    places = *first == 1u && *second == 0xFFFFFFFFu;
    st_line(st_judge(banks != places), "snb-swapped",
            banks    ? "SNB counts physical banks while they are exchanged"
            : places ? "SNB counts places while the banks are exchanged"
                     : "neither the bank nor the place was erased");
}
