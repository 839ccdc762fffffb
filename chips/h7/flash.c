/* The two flash controllers of the STM32H7 (RM0433 4.3, RM0455 4.3). Two rules are easy
 * to miss: a controller belongs to the place where a bank is mapped now, not to the bank,
 * so that erase and program both go by the mapped address; and a read of a flash word
 * that ECC cannot correct is a bus error. */
#include <string.h>

#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/stm32/crc.h"
#include "registers.h"
#include "tb_target.h"

/* Rounds of the waiting loop, each a read of 10 cycles over the bus: 5 s at 480 MHz, for
 * a sector of 128 KB that takes 4 s at most (DS12110). */
#define BUSY_ROUNDS 0x10000000u
#define FEED_ROUNDS 0x4000u
/* As much is read in one piece with exceptions masked: about 20 us at 64 MHz. */
#define PIECE_BYTES 256u

static struct {
    bool swapped;
} flash_state;

bool chip_nmi_is_ecc(void)
{
    return false;
}

static uint32_t mapped(unsigned bank, uint32_t offset)
{
    return tb_mapped_address(TB_TARGET, flash_state.swapped, bank, offset);
}

/* RM0433 4.3.12: CR1 and SR1 serve what is mapped first, whichever bank that is. */
static flash_registers *controller(unsigned bank)
{
    return FLASH(((bank == 1u) != flash_state.swapped) ? 1u : 0u);
}

static tb_error reachable(unsigned bank, uint32_t offset, size_t bytes)
{
    bool inside = bank <= 1u && offset <= TB_TARGET->bank_bytes &&
                  bytes <= TB_TARGET->bank_bytes - offset;

    return inside ? TB_OK : TB_ERR_RANGE;
}

/* ---- reads ---- */

/* ARMv7-M B3.2.8: with CCR.BFHFNMIGN, and FAULTMASK set, a load that meets a bus error
 * goes on with any value. So nothing depends on who owns the fault handlers. */
typedef struct tolerance {
    uint32_t ccr, faultmask;
} tolerance;

static tolerance faults_ignore(void)
{
    tolerance before = {.ccr = SCB_CCR};

    SCB_CCR = before.ccr | SCB_CCR_BFHFNMIGN;
    __asm volatile("mrs %0, faultmask\n\tcpsid f\n\tdsb\n\tisb"
                   : "=r"(before.faultmask)::"memory");
    return before;
}

static void faults_restore(tolerance before)
{
    __asm volatile("dsb\n\tmsr faultmask, %0" ::"r"(before.faultmask) : "memory");
    SCB_CCR = before.ccr;
    arm_dsb();
    arm_isb();
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Exactly one of `out` and `crc`. RM0433 4.3.9: the double error stands in SR until it is
 * cleared, and so does what a protected area answers with. */
static tb_error read_pieces(unsigned bank, uint32_t offset, uint8_t *out, uint32_t bytes)
{
    flash_registers *flash = controller(bank);
    const uint8_t *from = (const uint8_t *)mapped(bank, offset);
    tb_error error = TB_OK;

    flash->CCR = FLASH_SR_READ_ERRORS;
    while (bytes != 0u) {
        uint32_t piece = smaller(bytes, PIECE_BYTES);
        tolerance before = faults_ignore();

        if (out != NULL) {
            memcpy(out, from, piece);
            out += piece;
        } else {
            crc_words((const uint32_t *)(uintptr_t)from, piece / sizeof(uint32_t));
        }
        faults_restore(before);
        from += piece;
        bytes -= piece;
    }
    if ((flash->SR & FLASH_SR_READ_ERRORS) != 0u) {
        flash->CCR = FLASH_SR_READ_ERRORS;
        error = TB_ERR_ECC;
    }
    return error;
}

static tb_error flash_read(void *ctx, unsigned bank, uint32_t offset, void *data, size_t bytes)
{
    tb_error error = reachable(bank, offset, bytes);

    (void)ctx;
    return error == TB_OK ? read_pieces(bank, offset, data, bytes) : error;
}

static tb_error flash_crc32(void *ctx, unsigned bank, uint32_t offset, uint32_t bytes,
                            uint32_t *crc)
{
    tb_error error = reachable(bank, offset, bytes);

    (void)ctx;
    if (error == TB_OK && (offset | bytes) % sizeof(uint32_t) != 0u) {
        error = TB_ERR_RANGE;
    }
    if (error == TB_OK) {
        crc_settings before = crc_begin(CRC_ENR, CRC_ENR_CRCEN);

        error = read_pieces(bank, offset, NULL, bytes);
        *crc = crc_end(CRC_ENR, &before);
    }
    return error;
}

/* ---- operations ---- */

/* A sector takes longer to erase than many a watchdog waits: it is fed here, as long as
 * the hardware may still come to an end. */
__attribute__((noinline)) static bool wait_idle(const flash_registers *flash)
{
    for (uint32_t i = 0; i < BUSY_ROUNDS; i++) {
        if ((flash->SR & FLASH_SR_BUSY) == 0u) {
            return true;
        }
        if (i % FEED_ROUNDS == FEED_ROUNDS - 1u) {
            chip_watchdog_feed();
        }
    }
    return false;
}

/* RM0433 4.3.10: eight words (H7A3: four) fill the write buffer, whatever comes between
 * them; an interrupt may not, as it might write here too. */
static void burst(volatile uint32_t *target, const uint32_t *word)
{
    arm_isb();
    arm_dsb();
    for (unsigned i = 0; i < TB_TARGET->unit_bytes / sizeof *word; i++) {
        target[i] = word[i];
    }
    arm_isb();
    arm_dsb();
}

/* One operation; without `target` it is an erase (RM0433 4.3.11). */
static tb_error operate(flash_registers *flash, uint32_t cr, volatile uint32_t *target,
                        const uint32_t *word)
{
    uint32_t psize = flash->CR & FLASH_CR_PSIZE; /* as it is: the board's supply decides */
    uint32_t primask, sr, locked;

    if (!wait_idle(flash)) {
        return TB_ERR_TIMEOUT;
    }
    primask = arm_interrupts_mask();
    if ((flash->CR & FLASH_CR_LOCK) != 0u) {
        flash->KEYR = FLASH_KEY1;
        flash->KEYR = FLASH_KEY2;
    }
    flash->CCR = FLASH_SR_ERRORS;
    flash->CR = cr | psize;
    locked = flash->CR & FLASH_CR_LOCK;
    if (locked == 0u && target != NULL) {
        burst(target, word);
    } else if (locked == 0u) {
        flash->CR = cr | psize | FLASH_CR_START;
    }
    arm_interrupts_restore(primask);
    if (!wait_idle(flash)) {
        return TB_ERR_TIMEOUT;
    }
    sr = flash->SR & FLASH_SR_ERRORS;
    flash->CCR = FLASH_SR_ERRORS;
    flash->CR = FLASH_CR_LOCK | psize;
    if (locked != 0u) {
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

static tb_error flash_program(void *ctx, unsigned bank, uint32_t offset, const void *unit)
{
    uint32_t word[TB_MAX_UNIT_BYTES / sizeof(uint32_t)];
    tb_error error = reachable(bank, offset, TB_TARGET->unit_bytes);

    (void)ctx;
    if (error == TB_OK && offset % TB_TARGET->unit_bytes != 0u) {
        error = TB_ERR_RANGE;
    }
    if (error != TB_OK) {
        return error;
    }
    memcpy(word, unit, TB_TARGET->unit_bytes);
    return operate(controller(bank), FLASH_CR_PG, (volatile uint32_t *)mapped(bank, offset), word);
}

static tb_error flash_erase(void *ctx, unsigned bank, uint32_t page_offset)
{
    tb_page page;
    tb_error error = reachable(bank, page_offset, 1u);

    (void)ctx;
    if (error == TB_OK &&
        (!tb_page_at(TB_TARGET, page_offset, &page) || page.offset != page_offset)) {
        error = TB_ERR_RANGE;
    }
    if (error != TB_OK) {
        return error;
    }
    return operate(controller(bank),
                   FLASH_CR_SER | ((uint32_t)page.number << FLASH_CR_SNB_SHIFT), NULL, NULL);
}

static unsigned flash_mapped_bank(void *ctx)
{
    (void)ctx;
    return flash_state.swapped ? 1u : 0u;
}

static void flash_alive(void *ctx)
{
    (void)ctx;
    chip_watchdog_feed();
}

const tb_flash chip_flash = {
    .chip = TB_TARGET, .read = flash_read, .program = flash_program, .erase = flash_erase,
    .crc32 = flash_crc32, .mapped_bank = flash_mapped_bank, .alive = flash_alive,
};

void chip_flash_init(void)
{
    /* The mapping changes only by a reset, so it is read once. */
    flash_state.swapped = chip_mapped_bank() == 1u;
}
