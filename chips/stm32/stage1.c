/* What stage 1 has of its own: backup registers, and flash, read quickly and through as little
 * code as there can be. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/stm32/crc.h"
#include "registers.h"
#include "stage1.h"
#include "tb_target.h"

#define USED_WORDS 8u
#define BACKUP_FIRST 28u /* the last four of 32 */

volatile uint32_t *chip_stage1_backup(void)
{
    volatile uint32_t *first = BACKUP_REGISTERS + BACKUP_FIRST;

    __asm("" : "+r"(first)); /* or the compiler takes another base, from which it is far */
    return first;
}

/* Set by the NMI handler, where a bad unit raises an NMI. */
static volatile bool bad_unit;

bool chip_stage1_nmi(void)
{
    bool ecc = stage1_ecc_clear();

    bad_unit = ecc;
    return ecc;
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
__attribute__((noinline)) static bool all_good(void)
{
    arm_dsb();
    arm_isb();
    if (stage1_read_failed() || bad_unit) {
        bad_unit = false;
        stage1_distrust_caches();
        return false;
    }
    return true;
}

/* A bad unit's read returns, and whether there was one is asked once, at the end. */
bool chip_stage1_read(uint32_t *to, const uint32_t *from, uint32_t bytes)
{
    const uint32_t *end = from + bytes / sizeof *from;

    stage1_read_begin();
    while (from != end) {
        *to++ = *from++;
    }
    stage1_read_end();
    return all_good();
}

/* POL and INIT are as after reset. */
bool chip_stage1_crc(const uint32_t *data, uint32_t bytes, uint32_t *crc)
{
    CRC->CR = CRC_CR_RESET | CRC_CR_REV_IN_WORD | CRC_CR_REV_OUT;
    stage1_read_begin();
    crc_words(data, bytes / sizeof *data);
    stage1_read_end();
    *crc = ~CRC->DR;
    return all_good();
}

/* From the end, by as much as one unit of any family. */
uint32_t chip_stage1_used(const uint32_t *from, uint32_t bytes)
{
    uint32_t used = bytes, all;

    stage1_read_begin();
    do {
        const uint32_t *word = from + used / sizeof *word - USED_WORDS;

        all = word[0] & word[1] & word[2] & word[3] & word[4] & word[5] & word[6] & word[7];
    } while (all == UINT32_MAX && (used -= USED_WORDS * sizeof *from) != 0u);
    stage1_read_end();
    return all_good() ? used : bytes;
}
