/* What stage 1 has of its own: backup registers, and flash, read quickly and through as little
 * code as there can be. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/stm32/crc.h"
#include "registers.h"
#include "stage1.h"
#include "tb_target.h"

#define UNIT_WORDS (TB_TARGET->unit_bytes / sizeof(uint32_t))
#define BACKUP_FIRST 28u /* the last four of 32 */

volatile uint32_t *chip_stage1_backup(void)
{
    volatile uint32_t *first = BACKUP_REGISTERS + BACKUP_FIRST;

    __asm("" : "+r"(first)); /* or the compiler takes another base, from which it is far */
    return first;
}

/* Set by the NMI handler, where a bad unit raises an NMI. */
static volatile bool bad_unit;

__attribute__((noinline)) static bool nmi_taken(void)
{
    bool ecc = stage1_ecc_clear();

    bad_unit = ecc;
    return ecc;
}

bool chip_stage1_nmi(void)
{
    return STAGE1_ECC_IS_NMI && nmi_taken();
}

unsigned chip_stage1_mapped_bank(void)
{
    return STAGE1_MAPPED_BANK;
}

uint32_t *chip_stage1_address(unsigned bank, uint32_t offset)
{
    return (uint32_t *)(TB_FLASH_BASE + offset +
                        (bank ^ STAGE1_MAPPED_BANK) * (TB_TARGET->bank2_base - TB_FLASH_BASE));
}

/* The NMI has been taken once the barriers are passed. */
bool chip_stage1_good(void)
{
    if (STAGE1_ECC_IS_NMI) {
        arm_dsb();
        arm_isb();
    }
    if (stage1_read_failed() || (STAGE1_ECC_IS_NMI && bad_unit)) {
        bad_unit = false;
        stage1_distrust_caches();
        return false;
    }
    return true;
}

/* From the end, as that is the least code. A bad unit's read returns, and whether there was one is
 * asked once, at the end. */
bool chip_stage1_read(uint32_t *to, const uint32_t *from, uint32_t bytes)
{
    stage1_read_begin();
    do {
        bytes -= sizeof *to;
        *(uint32_t *)((uintptr_t)to + bytes) = *(const uint32_t *)((uintptr_t)from + bytes);
    } while (bytes != 0u);
    stage1_read_end();
    return chip_stage1_good();
}

/* POL and INIT are as after reset. */
uint32_t chip_stage1_crc(const uint32_t *data, uint32_t bytes)
{
    CRC->CR = CRC_CR_RESET | CRC_CR_REV_IN_WORD | CRC_CR_REV_OUT;
    stage1_read_begin();
    crc_words(data, bytes / sizeof *data);
    stage1_read_end();
    return ~CRC->DR;
}

/* The two words of the record that a unit begins with: what it has more are copies of it, and
 * one ECC covers all of it. */
static inline bool blank(const volatile uint32_t *unit)
{
    return (unit[0] & unit[1]) == UINT32_MAX;
}

/* From the end, four units at a time: loads in a row are the quickest. */
const uint32_t *chip_stage1_blank(const uint32_t *from, uint32_t bytes)
{
    const volatile uint32_t *unit = from + bytes / sizeof *from;
    uint32_t all;

    stage1_read_begin();
    do {
        unit -= 4u * UNIT_WORDS;
        uint32_t a = unit[0], b = unit[1], c = unit[UNIT_WORDS], d = unit[UNIT_WORDS + 1u];
        uint32_t e = unit[2u * UNIT_WORDS], f = unit[2u * UNIT_WORDS + 1u];
        uint32_t g = unit[3u * UNIT_WORDS], h = unit[3u * UNIT_WORDS + 1u];

        all = a & b & c & d & e & f & g & h;
    } while (all == UINT32_MAX && unit != from);
    if (all != UINT32_MAX) {
        unit += 4u * UNIT_WORDS;
        for (unsigned i = 3u; i != 0u && blank(unit - UNIT_WORDS); i--) {
            unit -= UNIT_WORDS;
        }
    }
    stage1_read_end();
    return chip_stage1_good() ? (const uint32_t *)unit : from + bytes / sizeof *from;
}
