/* What the self-test asks of the STM32H743 and STM32H7A3. The banks are swapped by an option
 * byte, which the self-test does not write: what it checks it checks as the part is mapped. */
#include <string.h>

#include "boot/selftest/selftest.h"
#include "chips/armv7m.h"
#include "registers.h"

#define RESET_FLAGS 0x55FA0000u /* of RCC_RSR, on either line */
/* RDP level 0, watchdog by software, banks not swapped. */
#define OPTSR_BITS (0xFF00u | 1u << 4 | 1u << 31)
#define OPTSR_EXPECTED (0xAA00u | 1u << 4)
#define SR_PGSERR (1u << 18)
#define SR_STRBERR (1u << 19)
#define SR_INCERR (1u << 21)

/* DS12110 gives the H743's at x64. For the H7A3 no figure was read: what its 16 bytes and 8 KB
 * surely do not exceed. */
st_limits family_limits(void)
{
    return (st_limits){
        .program_ns = 200000u,
        .erase_us = IS_H7A3 ? 10000u : 2000000u,
        .source = IS_H7A3 ? "an estimate" : "DS12110 table 53",
    };
}

const uint32_t family_third_page = 0u;
const bool family_has_ecc = true;

uint32_t family_reset_flags(void)
{
    return RCC_GATES->RSR & RESET_FLAGS;
}

/* Nobody takes it before the driver here: a bad word is a bus error, and no NMI. The address
 * of bank 2's controller, in flash words. */
uint32_t family_ecc_register(void)
{
    return FLASH(chip_mapped_bank() == 1u ? 0u : 1u)->ECC_FA;
}

void family_check_options(void)
{
    uint32_t optsr = FLASH(0u)->OPTSR_CUR, odd = (optsr ^ OPTSR_EXPECTED) & OPTSR_BITS;

    st_begin(odd == 0u ? ST_PASS : ST_SKIP, "options");
    st_text("OPTSR ");
    st_hex(optsr);
    st_text(", BOOT ");
    st_hex(FLASH(0u)->BOOT_CUR);
    st_end_options(odd);
}

void family_check_mapping(void)
{
    st_line(st_judge(chip_mapped_bank() == 0u), "mapping",
            "bank 1 is at 0x08000000 after reset, as SWAP_BANK says");
}

bool family_map(unsigned bank)
{
    (void)bank;
    return false;
}

/* RM0433 4.3.9 to 4.3.12, with the flags looked at before anything clears them. */
static uint32_t operation_begin(flash_registers *flash, uint32_t cr)
{
    cr |= flash->CR & FLASH_CR_PSIZE;
    while ((flash->SR & FLASH_SR_BUSY) != 0u) {
    }
    if ((flash->CR & FLASH_CR_LOCK) != 0u) {
        flash->KEYR = FLASH_KEY1;
        flash->KEYR = FLASH_KEY2;
    }
    flash->CCR = FLASH_SR_ERRORS;
    flash->CR = cr;
    arm_dsb();
    return cr;
}

static uint32_t operation_end(flash_registers *flash, uint32_t cr)
{
    uint32_t flags;

    arm_dsb();
    while ((flash->SR & FLASH_SR_BUSY) != 0u) {
    }
    flags = flash->SR & FLASH_SR_ERRORS;
    flash->CCR = FLASH_SR_ERRORS;
    flash->CR = FLASH_CR_LOCK | (cr & FLASH_CR_PSIZE);
    return flags;
}

static flash_registers *controller_of(unsigned bank)
{
    return FLASH(bank != chip_mapped_bank() ? 1u : 0u);
}

uint32_t family_program(unsigned bank, uint32_t offset, const void *unit)
{
    volatile uint32_t *target = (volatile uint32_t *)tb_mapped_address(
        TB_TARGET, chip_mapped_bank() == 1u, bank, offset);
    flash_registers *flash = controller_of(bank);
    uint32_t word[TB_MAX_UNIT_BYTES / sizeof(uint32_t)], cr;

    memcpy(word, unit, TB_TARGET->unit_bytes);
    cr = operation_begin(flash, FLASH_CR_PG);
    for (unsigned i = 0; i < TB_TARGET->unit_bytes / sizeof *word; i++) {
        target[i] = word[i];
    }
    return operation_end(flash, cr);
}

uint32_t family_reads_during_erase(unsigned bank, const tb_page *page,
                                   const volatile uint32_t *words, uint32_t count)
{
    flash_registers *flash = controller_of(bank);
    uint32_t cr =
        operation_begin(flash, FLASH_CR_SER | (uint32_t)page->number << FLASH_CR_SNB_SHIFT);
    uint32_t reads = 0;

    flash->CR = cr | FLASH_CR_START;
    while ((flash->SR & FLASH_SR_BUSY) != 0u) {
        (void)words[reads++ % count];
    }
    return operation_end(flash, cr) == 0u ? reads : 0u;
}

const char *family_flag_text(uint32_t flags)
{
    switch (flags) {
    case 0u:
        return "no error";
    case FLASH_SR_WRPERR:
        return "WRPERR";
    case SR_PGSERR:
        return "PGSERR";
    case SR_STRBERR:
        return "STRBERR";
    case SR_INCERR:
        return "INCERR";
    default:
        return NULL;
    }
}

/* A unit written twice has the zeros of both, and an ECC that fits neither: the surest way to
 * an uncorrectable one. */
static void check_twice(uint32_t at, const uint8_t *pattern, const uint8_t *other)
{
    uint8_t found[TB_MAX_UNIT_BYTES];
    uint32_t crc, flags = family_program(1u, at, other);
    tb_error read = chip_flash.read(chip_flash.ctx, 1u, at, found, TB_TARGET->unit_bytes);
    tb_error sum = chip_flash.crc32(chip_flash.ctx, 1u, at, TB_TARGET->unit_bytes, &crc);

    st_begin(read == TB_ERR_ECC ? st_judge(sum == TB_ERR_ECC) : ST_SKIP, "unit-twice");
    st_text("other data over it: ");
    st_flags(flags);
    st_text("; then a read, without a fault: ");
    st_text(read == TB_ERR_ECC ? "ECC error"
            : memcmp(found, pattern, TB_TARGET->unit_bytes) == 0 ? "as it was"
                                                                 : "other data");
    st_end();
}

/* RM0433 4.3.9: programmed when its last word has come. */
static void check_incomplete(uint32_t at)
{
    flash_registers *flash = controller_of(1u);
    volatile uint32_t *target = (volatile uint32_t *)tb_mapped_address(
        TB_TARGET, chip_mapped_bank() == 1u, 1u, at);
    uint32_t words = TB_TARGET->unit_bytes / (uint32_t)sizeof *target, cr, waiting;
    bool good = true;

    cr = operation_begin(flash, FLASH_CR_PG);
    for (uint32_t i = 0; i + 1u < words; i++) {
        target[i] = i + 1u;
    }
    arm_dsb();
    waiting = flash->SR & FLASH_SR_BUSY;
    target[words - 1u] = words;
    good = operation_end(flash, cr) == 0u;
    for (uint32_t i = 0; i < words; i++) {
        good = good && target[i] == i + 1u;
    }
    st_begin(st_judge(good && waiting == 2u), "unit-whole");
    st_text("with a word missing SR is ");
    st_hex(waiting);
    st_text(" (WBNE: 0x2), with the last it is programmed");
    st_end();
}

void st_check_units(void)
{
    uint8_t pattern[TB_MAX_UNIT_BYTES], other[TB_MAX_UNIT_BYTES];
    uint32_t at = st_page(0u), size = TB_TARGET->unit_bytes, flags;
    bool clean = st_page_erased(1u, 0u);

    st_pattern(pattern, 1u, at);
    st_pattern(other, 0u, at + 4u * size);
    flags = family_program(1u, at, pattern);
    st_rule(clean && flags == 0u && st_holds(at, pattern), "unit-once", "a blank unit: ", flags);
    check_incomplete(at + 2u * size);
    check_twice(at, pattern, other);
    st_line(st_judge(st_page_erased(1u, 0u)), "unit-erased", "an erase makes it whole again");
}

/* Each bank has a controller of its own (RM0433 4.3.3): both erase at once, in the time of one. */
void family_check_more(void)
{
    flash_registers *both[2] = {controller_of(0u), controller_of(1u)};
    tb_page page = {0};
    uint32_t cr[2], flags = 0, together;

    (void)tb_page_at(TB_TARGET, st_page(0u), &page);
    for (unsigned i = 0; i < 2u; i++) {
        cr[i] = operation_begin(both[i],
                                FLASH_CR_SER | (uint32_t)page.number << FLASH_CR_SNB_SHIFT);
    }
    chip_watchdog_feed();
    both[0]->CR = cr[0] | FLASH_CR_START;
    both[1]->CR = cr[1] | FLASH_CR_START;
    arm_dsb();
    together = both[0]->SR & both[1]->SR & FLASH_SR_BUSY;
    for (unsigned i = 0; i < 2u; i++) {
        flags |= operation_end(both[i], cr[i]);
    }
    st_rule(flags == 0u && together != 0u, "erase-both", "both banks erase at once: ", flags);
}
