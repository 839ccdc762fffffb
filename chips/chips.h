/* What a family gives to boot/, app/ and the ota library, beside its tb_flash driver.
 * One implementation per family (chips/g4/...), for TB_TARGET, the row that a firmware is
 * built for (from the generated tb_target.h). */
#ifndef CHIPS_H
#define CHIPS_H

#include <stdbool.h>
#include <stdint.h>

#include "twinbank/boot.h"
#include "twinbank/chip.h"
#include "twinbank/port.h"

/* The flash driver of TB_TARGET. A constant, so that the compiler sees through it. Reads
 * the mapping once: call chip_flash_init() before anything else. */
extern const tb_flash chip_flash;
void chip_flash_init(void);
/* Called over and over while an erase or a program of this driver is under way. Here it does
 * nothing; a program may have one of its own, which must not use the driver. */
void chip_while_busy(void);
/* The same without its checks: two banks in force (chip_flash_mode()), ranges and alignment
 * are the caller's affair, units are words, the CRC unit as in chip_crc32_fresh(). */
extern const tb_flash chip_flash_bare;
/* Are the banks as the row says? Else the reason why nothing may be written. */
tb_error chip_flash_mode(void);
/* DEV_ID, dual-bank mode: is this the part the row describes? An id that reads 0 (no
 * debug clock on some parts) is let pass. */
tb_error chip_check(const tb_chip *chip);
unsigned chip_mapped_bank(void);
/* Two banks, or all of the flash as one: what the options say that are in force. */
bool chip_dual_bank(void);
/* Has the part an option for that? Else it always has two banks. */
bool chip_dual_bank_optional(void);
/* Writes the option byte that says otherwise, in the manual's sequence, and erases all of
 * the flash, whose contents are out of order from then on. Only for code in SRAM, with the
 * caller's word that nothing in flash is needed any more. TB_OK at once where it is so
 * already; where not, the new mode begins with chip_options_load(), or the next power-on. An
 * error: nothing was changed, or (TIMEOUT, OPTIONS) the controller gave up on the way. A
 * power cut in it may leave RDP level 1 (docs/bank-mode.md). TB_ERR_NOT_HERE on families
 * that have no such option. */
tb_error chip_dual_bank_set(bool dual);
/* Loads what was written; that resets the part. */
_Noreturn void chip_options_load(void);
/* Whose stage 1 the option bytes in force protect from being written: bit 0 bank 1, bit 1
 * bank 2, the physical ones. */
uint8_t chip_protected_banks(void);
/* Protects stage 1 in both banks, and leaves what else is protected as it is: one option
 * write, only for code in SRAM, followed by chip_options_load(). TB_ERR_SUPPLY,
 * TB_ERR_OPTIONS (frozen, no area left, or not taken), TB_ERR_LOCKED, TB_ERR_TIMEOUT;
 * TB_ERR_NOT_HERE where it cannot be done. docs/protection.md says what a power cut in it
 * leaves. */
tb_error chip_protect(void);
/* Takes a flash ECC error out of NMI: true if it was one. The read that met it fails. */
bool chip_nmi_is_ecc(void);
void chip_uid(uint8_t uid[12]);
/* CRC-32 (zlib) of memory, address and length multiples of 4, by hardware where there is some. */
uint32_t chip_crc32(const void *data, uint32_t bytes);
/* The same where nobody else has used the unit since reset: its settings are not looked at,
 * and it is not put back. */
uint32_t chip_crc32_fresh(const void *data, uint32_t bytes);

void chip_backup_read(uint32_t words[TB_BACKUP_COUNT]);
void chip_backup_write(unsigned index, uint32_t word); /* TB_BACKUP_CONTROL .. */
tb_reset_cause chip_reset_cause(void); /* reads; chip_reset_cause_clear() clears */
void chip_reset_cause_clear(void);
void chip_watchdog_start(uint32_t timeout_ms);
void chip_watchdog_feed(void);
_Noreturn void chip_reset(void);
/* Standby, until WKUP1 (PA0 on every part here) rises: a reset, and SRAM is lost. A watchdog that
 * runs goes on, unless an option byte stops it in Standby. */
_Noreturn void chip_standby(void);

/* ---- stage 1 -------------------------------------------------------------------------- */

/* First of all, and again wherever nobody knows how far things
 * went: feeds a watchdog that may be running, gives what follows its clocks, and opens the
 * backup registers for writing until chip_restore_reset_state(). */
void chip_stage1_begin(void);
/* What can wait until the clock has been started, and is done before it is there. */
void chip_stage1_prepare(void);
tb_reset_cause chip_stage1_reset_cause(void); /* as chip_reset_cause() */
/* Is this the wake from Standby and no other reset? Before chip_reset_cause_clear(). */
bool chip_stage1_woke(void);
/* TB_BACKUP_CONTROL .. once they are open. */
volatile uint32_t *chip_stage1_backup(void);
/* The flash for stage 1, which asks only for what is there: two banks in force, or bank 0
 * (chip_flash_mode()). All begins at whole words and has a whole number of them, but what is
 * read to its end at once for the CRC. Where a bad unit is met: false; the bytes and the CRC
 * are undefined then. Nothing is erased. */
unsigned chip_stage1_mapped_bank(void);
uint32_t *chip_stage1_address(unsigned bank, uint32_t offset);
bool chip_stage1_read(uint32_t *to, const uint32_t *from, uint32_t bytes);
/* CRC-32 (zlib), of RAM, or of flash: then chip_stage1_good() must be asked whether all of it
 * could be read, since whoever asks next hears of it otherwise. */
uint32_t chip_stage1_crc(const uint32_t *data, uint32_t bytes);
bool chip_stage1_good(void);
/* Where the blank end of a log begins, of a multiple of four units: at its end where something in
 * it cannot be read. */
const uint32_t *chip_stage1_blank(const uint32_t *from, uint32_t bytes);
/* One unit; false: the controller says that it is not written. */
bool chip_stage1_program(uint32_t *to, const uint32_t *unit);
/* As chip_nmi_is_ecc(), for these; also once before them. */
bool chip_stage1_nmi(void);
/* From reset's clock to boot_hz. Where something does not come up in its time the clock
 * stays as it was. start lets it come up, switch waits for that and takes it; raise is both,
 * for those who have not called chip_stage1_begin(). */
void chip_clock_start(void);
void chip_clock_switch(void);
void chip_clock_raise(void);
/* Whatever stage 1 touched, clocks and peripherals, as reset leaves it. */
void chip_restore_reset_state(const tb_chip *chip);
/* Is the receive line held low: at once, and for 2 ms without a break? At reset's clock. */
bool chip_line_held_low(const tb_chip *chip);
/* Makes `bank` the mapped one where that takes an option byte and a reset (U5, H7): both
 * copies of stage 1 must be equal and the supply good, else an error, and all stays. Does
 * not return where it worked; stage 1 decides again after the reset. again: this reset is that
 * of a swap that came true, so that another may follow. TB_OK at once where
 * chip_launch() maps by itself (G4, L4, L4+); on F7 after a trial that says it will. */
tb_error chip_swap_by_option(unsigned bank, bool again);
/* Maps that bank to the start of flash and starts the vector table at `vectors`, an
 * address as it is after that. The core is as after reset but for VTOR. */
_Noreturn void chip_launch(unsigned bank, uint32_t vectors, uint32_t argument);
/* The bootloader in ROM: for when there is nothing of ours left to run. */
_Noreturn void chip_launch_rom(void);

/* The memory of the row's ring, made ready; `behind` is what follows a program's data. */
uint8_t *chip_ring(uint8_t *behind);

/* ---- the board's serial ports ----------------------------------------------------------- */

/* Reception by interrupt into a ring; transmission by interrupt out of another, or by waiting. */
typedef struct chip_uart {
    uint32_t base;
    uint8_t *ring;
    uint32_t ring_bytes; /* a power of two */
    volatile uint32_t head, tail;
    volatile bool lost;
    volatile uint8_t out_head, out_tail; /* they wrap as the buffer does */
    uint8_t *out;
} chip_uart;
#define CHIP_UART_OUT_BYTES 256u

/* Clocks (the port's own does not follow the core's), pins and the port itself, 8N1.
 * ring NULL: it only sends. */
void chip_uart_open(chip_uart *uart, const tb_board *board, uint32_t baud, uint8_t *ring,
                    uint32_t ring_bytes);
void chip_uart_interrupt(chip_uart *uart);
uint16_t chip_uart_read(chip_uart *uart, uint8_t *out, uint16_t bytes);
/* The same without a copy: at most `most` bytes, a power of two, where they lie in the ring. They
 * stay until the ring is full once more: for a sender that keeps to a window which is smaller than
 * the ring by `most`, until it has the answer. */
uint16_t chip_uart_take(chip_uart *uart, const uint8_t **bytes, uint16_t most);
/* Bytes were lost since the last call: ring full, or the receiver overrun. */
bool chip_uart_take_lost(chip_uart *uart);
void chip_uart_send(chip_uart *uart, const uint8_t *bytes, size_t count);
/* By interrupt: waits only for room. Only with a ring, with CHIP_UART_OUT_BYTES at uart->out, and
 * nothing by chip_uart_send() then. */
void chip_uart_post(chip_uart *uart, const uint8_t *bytes, size_t count);
void chip_uart_flush(chip_uart *uart); /* until the last stop bit has left */
/* Can the port's clock make it, with an error below 2 %? */
bool chip_uart_reaches(const chip_uart *uart, uint32_t baud);
/* Waits for the last stop bit, then changes; what is in the ring is forgotten. Only for a rate
 * that chip_uart_reaches(). */
void chip_uart_set_baud(chip_uart *uart, uint32_t baud);
void chip_pin_output(unsigned port, unsigned pin);
void chip_pin_set(unsigned port, unsigned pin, bool high);

#endif
