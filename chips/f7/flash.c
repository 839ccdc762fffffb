/* The flash controller of the STM32F76x in dual-bank mode (RM0410 3.3, 3.5): what
 * chips/stm32/flash.c leaves to the family. There is no ECC. A unit of 8 bytes is two words
 * here, each an operation of its own: a cut between them leaves one that its check tells.
 *
 * Whether SNB counts sectors of the physical bank or of the place where it is mapped is not
 * known for a part whose banks are swapped by SWP_FB (docs/families/f7.md). So it is found
 * out before the first erase in that state, on a sector of each bank that holds nothing. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/stm32/flash.h"
#include "registers.h"
#include "tb_target.h"

/* Rounds of the waiting loop, at least 6 cycles each: more than 8 s at 180 MHz, for a sector
 * of 128 KB that takes 4 s at most at any PSIZE (DS11532). */
#define BUSY_ROUNDS 0x10000000u
#define FEED_MASK 0x3FFFu
#define CACHE_LINE_BYTES 32u
#define SNB_BANK2 16u /* RM0410 3.7.5: 12 to 15 are not used */
/* The row leaves this sector free in both banks (chips/rows_table.h). */
#define PROBE_PAGE 3u
#define PROBE_OFFSET 0xC000u
#define PROBE_BYTES 0x4000u
#define MARK_WORDS 4u
#define MARK_BYTES (MARK_WORDS * (uint32_t)sizeof(uint32_t))

typedef enum snb_reading { SNB_UNKNOWN, SNB_PHYSICAL, SNB_BY_PLACE } snb_reading;

tb_error chip_flash_mode(void)
{
    return (FLASH->OPTCR & FLASH_OPTCR_NDBANK) == 0u ? TB_OK : TB_ERR_SINGLE_BANK;
}

bool flash_take_ecc_error(void)
{
    return false;
}

/* The core's data cache is looked after where it may be stale; ART caches the other view. */
void flash_flush_caches(void)
{
}

/* An application may have switched the data cache on; where it is off this does nothing. */
static void data_cache_drop(uint32_t address, uint32_t bytes)
{
    for (uint32_t at = address; at - address < bytes; at += CACHE_LINE_BYTES) {
        SCB_DCIMVAC = at;
    }
    arm_dsb();
}

/* ---- operations ---- */

/* A sector takes longer to erase than many a watchdog waits: it is fed here, as long as
 * the hardware may still come to an end. */
__attribute__((noinline)) static bool wait_idle(void)
{
    for (uint32_t i = 1; i < BUSY_ROUNDS; i++) {
        if ((FLASH->SR & FLASH_SR_BSY) == 0u) {
            return true;
        }
        chip_while_busy();
        if ((i & FEED_MASK) == 0u) {
            chip_watchdog_feed();
        }
    }
    return false;
}

/* One operation; without `target` it is an erase (RM0410 3.3.7, 3.3.8). A wrong order of keys
 * locks the controller until the next reset. CR may not be written while BSY stands: the bus
 * would stall. PSIZE of 32 bits needs 2.7 V. */
static tb_error operate(uint32_t cr, volatile uint32_t *target, uint32_t word)
{
    uint32_t primask, sr;

    if (!wait_idle()) {
        return TB_ERR_TIMEOUT;
    }
    cr |= FLASH_CR_PSIZE_32;
    primask = arm_interrupts_mask();
    if ((FLASH->CR & FLASH_CR_LOCK) != 0u) {
        FLASH->KEYR = FLASH_KEY1;
        FLASH->KEYR = FLASH_KEY2;
    }
    FLASH->SR = FLASH_SR_ERRORS;
    FLASH->CR = cr;
    sr = FLASH->CR & FLASH_CR_LOCK;
    arm_dsb();
    if (sr == 0u && target != NULL) {
        *target = word; /* the barriers keep two from becoming one of 64 bits */
    } else if (sr == 0u) {
        FLASH->CR = cr | FLASH_CR_STRT;
    }
    arm_dsb();
    arm_interrupts_restore(primask);
    if (!wait_idle()) {
        return TB_ERR_TIMEOUT;
    }
    sr |= FLASH->SR & FLASH_SR_ERRORS;
    FLASH->SR = FLASH_SR_ERRORS;
    FLASH->CR = FLASH_CR_LOCK;
    if ((sr & FLASH_CR_LOCK) != 0u) {
        return TB_ERR_LOCKED;
    }
    if ((sr & FLASH_SR_WRPERR) != 0u) {
        return TB_ERR_WRITE_PROTECTED;
    }
    if (sr == 0u) {
        return TB_OK;
    }
    return target != NULL ? TB_ERR_PROGRAM : TB_ERR_ERASE;
}

tb_error flash_program_unit(volatile uint32_t *target, const uint32_t *word)
{
    tb_error error = operate(FLASH_CR_PG, target, word[0]);

    if (error == TB_OK) {
        error = operate(FLASH_CR_PG, target + 1, word[1]);
    }
    SCB_DCIMVAC = (uint32_t)target; /* one line holds it */
    return error;
}

/* `side`: a bank or a place, whichever SNB counts. */
static tb_error erase_sector(unsigned side, unsigned page)
{
    return operate(FLASH_CR_SER | (page + side * SNB_BANK2) << FLASH_CR_SNB_SHIFT, NULL, 0u);
}

static bool all(uint32_t address, uint32_t bytes, uint32_t value)
{
    const volatile uint32_t *word = (const volatile uint32_t *)address;

    data_cache_drop(address, bytes);
    for (uint32_t i = 0; i < bytes / sizeof *word; i++) {
        if (word[i] != value) {
            return false;
        }
    }
    return true;
}

/* ---- what SNB counts while the banks are swapped ---- */

/* Zeros at the start of a sector: they can be written over anything, and a bit that is
 * unstable after a cut is not so any more. */
static bool mark(uint32_t address)
{
    volatile uint32_t *word = (volatile uint32_t *)address;

    for (unsigned i = 0; i < MARK_WORDS; i++) {
        if (operate(FLASH_CR_PG, &word[i], 0u) != TB_OK) {
            return false;
        }
    }
    return all(address, MARK_BYTES, 0u);
}

/* Whichever of the two sectors the erase takes, nothing is lost, nor is it by a cut. Bank 1,
 * the number without SNB_BANK2, is at the second place now. Both marks must tell the same
 * story. */
static snb_reading probe(void)
{
    uint32_t first = TB_FLASH_BASE + PROBE_OFFSET;
    uint32_t second = TB_TARGET->bank2_base + PROBE_OFFSET;

    if (!mark(first) || !mark(second) || erase_sector(0u, PROBE_PAGE) != TB_OK) {
        return SNB_UNKNOWN;
    }
    if (all(second, PROBE_BYTES, 0xFFFFFFFFu) && all(first, MARK_BYTES, 0u)) {
        return SNB_PHYSICAL;
    }
    if (all(first, PROBE_BYTES, 0xFFFFFFFFu) && all(second, MARK_BYTES, 0u)) {
        return SNB_BY_PLACE;
    }
    return SNB_UNKNOWN;
}

/* Afterwards the sector is looked at where it is mapped: without ECC a bit that did not come
 * up would be found only by the image's check. */
tb_error flash_erase_page(unsigned bank, unsigned page)
{
    static snb_reading reading;
    bool swapped = chip_mapped_bank() == 1u;
    unsigned side = bank;
    tb_page sector = {0};
    tb_error error;

    if (swapped) {
        if (reading == SNB_UNKNOWN) {
            reading = probe();
        }
        if (reading == SNB_UNKNOWN) {
            return TB_ERR_ERASE;
        }
        side ^= reading == SNB_BY_PLACE ? 1u : 0u;
    }
    for (uint32_t at = 0; tb_page_at(TB_TARGET, at, &sector) && sector.number != page;) {
        at = sector.offset + sector.bytes;
    }
    error = erase_sector(side, page);
    if (error == TB_OK && !all(tb_mapped_address(TB_TARGET, swapped, bank, sector.offset),
                               sector.bytes, 0xFFFFFFFFu)) {
        error = TB_ERR_ERASE;
    }
    return error;
}
