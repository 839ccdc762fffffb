/* What the files of the self-test share, and what a family adds (one file per family). */
#ifndef BOOT_SELFTEST_H
#define BOOT_SELFTEST_H

#include <stdbool.h>
#include <stdint.h>

#include "chips/chips.h"
#include "tb_target.h"

/* ---- state that outlives resets (in .noinit, with a sum over it) ----------------------------- */

typedef enum st_expect {
    ST_EXPECT_NONE, ST_EXPECT_SOFTWARE, ST_EXPECT_WATCHDOG, ST_EXPECT_FAULT,
    ST_EXPECT_OPTION
} st_expect;

/* What was found of units that a reset interrupted. */
typedef struct st_torn {
    uint32_t tries, missed, older, newer, mixed, ecc, unstable;
    uint32_t spoilt; /* units that had nothing to do with it and read wrong */
    uint32_t ecc_register, ecc_offset, crc_refused;
} st_torn;

typedef struct st_state {
    uint32_t magic;
    uint32_t step, phase;    /* the check under way, and where in it */
    uint32_t expect;         /* st_expect: the reset that is to come */
    uint32_t came;           /* tb_reset_cause of the reset that came */
    uint32_t passed, failed, skipped;
    uint32_t first_cause, first_flags;
    uint32_t backup[TB_BACKUP_COUNT]; /* to be put back */
    uint32_t fault_pc, fault_status;
    uint32_t scratch;        /* the scratch pages may be used */
    uint32_t back;           /* the bank that was mapped after a reset */
    uint32_t home;           /* the bank that was mapped when the run began */
    uint32_t copied;         /* this program is in the other bank too, and goes at the end */
    st_torn torn;
    uint32_t sum;
    /* Not in the sum, as a reset may come at any moment while it changes: the unit under way. */
    volatile uint32_t flight;
} st_state;
extern st_state st;
#define ST_IN_FLIGHT 0x80000000u /* in `flight`, and the unit's number below */

/* Ends this run of the program; the check goes on at `phase` after it. */
_Noreturn void st_reset(uint32_t phase);
/* Starts the shortest watchdog; the check goes on at `phase`. */
void st_expect_watchdog(uint32_t phase);
/* Before option bytes are loaded, which resets; the check goes on at `phase`. */
void st_expect_option(uint32_t phase);
/* After each change of what a reset must not take. */
void st_seal(void);

/* ---- lines ----------------------------- */

typedef enum st_verdict { ST_PASS, ST_FAIL, ST_SKIP } st_verdict;

void st_uart_open(void);
void st_uart_interrupt(void);
bool st_key(uint8_t *key);
void st_text(const char *text);
void st_number(uint32_t value);
void st_hex(uint32_t value);
void st_tenths(uint32_t value); /* 817 is 81.7 */
void st_flush(void);
/* "PASS name: ", and counts it; st_end() ends the line. */
void st_begin(st_verdict verdict, const char *name);
void st_end(void);
/* The end of the line about option bytes: which bits are not as ST delivers them. */
void st_end_options(uint32_t odd);
void st_line(st_verdict verdict, const char *name, const char *detail);
static inline st_verdict st_judge(bool good) { return good ? ST_PASS : ST_FAIL; }

/* ---- the part, by registers.h ----------------------------- */

uint32_t st_idcode(void);    /* DBGMCU_IDCODE; 0 where it cannot be read */
uint32_t st_flash_kib(void); /* the size register */
/* CRC-32 (zlib) by the unit: words as words, the rest as bytes. As chip_crc32(), but any
 * length; bytewise: every byte by itself. */
uint32_t st_crc(const uint8_t *data, uint32_t bytes, bool bytewise);

/* ---- checks ----------------------------- */

typedef struct st_check {
    const char *name;
    void (*run)(void);
    bool scratch; /* needs the scratch pages */
} st_check;

/* The last two pages of each bank, and where the family has one a third. which: 0 the last,
 * 1 the one before, 2 the third. */
unsigned st_pages(void);
uint32_t st_page(unsigned which);
uint32_t st_page_bytes(unsigned which);
/* A unit of its own for each place; never all ones, never zero. */
void st_pattern(uint8_t unit[TB_MAX_UNIT_BYTES], unsigned bank, uint32_t offset);
bool st_is(const uint8_t *bytes, uint8_t value, uint32_t count);
/* Erases a scratch page, however blank it looks: an interrupted erase may have left it so. */
bool st_page_erased(unsigned bank, unsigned which);

/* Bytes of this program in flash. */
uint32_t st_program_bytes(void);
/* The pages of the other bank that st_check_swap() copied this program to. */
bool st_copy_erased(void);

void st_check_scratch(void);
void st_check_windows(void);
void st_check_reads(void);
void st_check_swap(void);
void st_check_units(void); /* the family's own rules */
/* For the lines about units: does a read by the driver give that? The flags in words. */
bool st_holds(uint32_t offset, const uint8_t *expected);
void st_flags(uint32_t flags);
void st_rule(bool good, const char *name, const char *what, uint32_t flags);
void st_check_crc(void);
void st_check_reset_software(void);
void st_check_reset_watchdog(void);
void st_check_torn_unit(void);
void st_check_torn_erase(void);
void st_check_timing(void);

/* ---- what a family gives ----------------------------- */

typedef struct st_limits { /* the datasheet's, at most */
    uint32_t program_ns, erase_us;
    const char *source;
} st_limits;
st_limits family_limits(void);
/* Offset of one more page that the driver itself erases (F7); 0: there is none. */
extern const uint32_t family_third_page;
/* A unit can be uncorrectable, and told as that. */
extern const bool family_has_ecc;

uint32_t family_reset_flags(void);/* the register of chip_reset_cause(), as it is */
/* "PASS options" and what else the option bytes say; reads only. */
void family_check_options(void);
/* The mapping at reset, and what in the ROM matters to it. */
void family_check_mapping(void);
/* Maps that bank to the start of flash, at once. false: this family cannot. */
bool family_map(unsigned bank);
/* Where an option byte swaps: why it is not to be tried; NULL: it may be. */
const char *family_swap_refusal(void);
/* Writes the option byte that maps that bank, and resets. Comes back where it is refused. */
void family_swap_to(unsigned bank);
/* What there is to check on this family alone; may print nothing. */
void family_check_more(void);
/* One unit, without the driver's precautions about its value; the error flags as the
 * controller gave them. */
uint32_t family_program(unsigned bank, uint32_t offset, const void *unit);
/* Erases the page and reads those words, round and round, until it is done: how many reads.
 * 0: it was refused. */
uint32_t family_reads_during_erase(unsigned bank, const tb_page *page,
                                   const volatile uint32_t *words, uint32_t count);
/* "PROGERR" and the like; NULL for a value that is no single flag. */
const char *family_flag_text(uint32_t flags);
/* Where the flash met its last ECC error: asked in the NMI handler, before the driver clears
 * it, and where there was no NMI, afterwards. */
uint32_t family_ecc_register(void);
extern volatile uint32_t st_nmi_count, st_nmi_register;

#endif
