/* The STM32H7 flash and its two controllers (RM0433 4, RM0455 4): private to flash_h7*.c.
 * A controller serves a place, 0x08000000 or the second base, and so, after a swap, the
 * other bank. */
#ifndef SIM_FLASH_H7_H
#define SIM_FLASH_H7_H

#include "sim/periph/flash/cells.h"
#include "sim/periph/flash/control.h"
#include "sim/machine/machine.h"

#define H7_BANKS 2u

enum {
    H7_SR_BSY = 1u << 0, H7_SR_WBNE = 1u << 1, H7_SR_QW = 1u << 2, H7_SR_EOP = 1u << 16,
    H7_SR_WRPERR = 1u << 17, H7_SR_PGSERR = 1u << 18, H7_SR_STRBERR = 1u << 19,
    H7_SR_INCERR = 1u << 21, H7_SR_OPERR = 1u << 22, H7_SR_RDPERR = 1u << 23,
    H7_SR_SNECCERR = 1u << 25, H7_SR_DBECCERR = 1u << 26,
    H7_SR_ERRORS = H7_SR_WRPERR | H7_SR_PGSERR | H7_SR_STRBERR | H7_SR_INCERR | H7_SR_OPERR
};

#define H7_CR_LOCK (1u << 0)
#define H7_CR_PG (1u << 1)
#define H7_CR_SER (1u << 2)
#define H7_CR_BER (1u << 3)

#define H7_OPTSR_BUSY (1u << 0)
#define H7_OPTSR_IWDG_SW (1u << 4)
#define H7_OPTSR_IWDG_SDBY (1u << 18)
#define H7_OPTSR_CHANGEERR (1u << 30)
#define H7_OPTSR_SWAP (1u << 31)
#define H7_OPTSR_RDP(word) ((word) >> 8 & 0xFFu)

/* Option words, in the order of their registers; the last three are the second place's. */
enum { H7_OPTSR, H7_PRAR1, H7_SCAR1, H7_WPSN1, H7_BOOT, H7_PRAR2, H7_SCAR2, H7_WPSN2, H7_OPTIONS };

typedef struct h7_op {
    bool active;
    sim_op_kind kind;
    unsigned bank;
    uint32_t offset, bytes;
    uint8_t data[CELLS_UNIT_MAX];
} h7_op;

struct flash_h7;

typedef struct h7_place { /* one controller */
    struct flash_h7 *f;
    unsigned number;
    uint32_t cr, sr, ecc_fa;
    flash_key key;
    uint32_t filled; /* write buffer: one bit per byte */
    uint32_t buffer_offset;
    uint8_t buffer[CELLS_UNIT_MAX];
    h7_op op;
    sim_event done;
} h7_place;

/* What differs between the two lines. */
typedef struct h7_line {
    uint16_t device_id;
    uint32_t cr_reset, cr_fw, cr_start, snb_shift, snb_mask, psize_mask, acr_reset;
    uint32_t info_base; /* size and UID words */
    uint32_t uid_offset, size_offset;
    uint32_t wpsn_sectors; /* sectors to a bit of WPSN */
    sim_ps program[4], erase[4]; /* by PSIZE, typical; the longest are twice these */
} h7_line;

typedef struct flash_h7 {
    sim_machine *m;
    const tb_chip *chip;
    const h7_line *line;
    unsigned slow; /* 2: every operation takes its longest time; else 1 */
    sim_periph periph;
    sim_flash_model model;
    flash_cells bank[H7_BANKS];
    h7_place place[H7_BANKS];
    uint32_t acr, optcr;
    bool opt_changeerr;
    flash_key opt_key;
    uint32_t cur[H7_OPTIONS], prg[H7_OPTIONS];
    bool option_busy;
    sim_event option_done;
    bool swapped; /* as the last reset found the option */
    h7_op begun;  /* the operation that began last: both places may be at work */
} flash_h7;

/* flash/h7_array.c */
void flash_h7_array_init(flash_h7 *f);
void flash_h7_array_free(flash_h7 *f);
bool flash_h7_locate(const flash_h7 *f, uint32_t address, bool swapped, unsigned *bank,
                     uint32_t *offset);
void flash_h7_map(flash_h7 *f);
sim_access flash_h7_read(void *self, uint32_t address, unsigned size, sim_access_kind kind,
                         uint32_t *value);
bool flash_h7_peek(void *self, uint32_t address, uint8_t *byte);

/* flash/h7_ops.c */
sim_access flash_h7_write(void *self, uint32_t address, unsigned size, uint32_t value);
void flash_h7_force_write(h7_place *p);
void flash_h7_start_erase(h7_place *p);
void flash_h7_start_options(flash_h7 *f);
void flash_h7_done(void *self);
void flash_h7_apply(void *self, const sim_what_if *what);
void flash_h7_options_done(void *self);
void flash_h7_tear(void *self, sim_cut_outcome outcome);
/* Waits for the place's operation. false: reset or power came first. */
bool flash_h7_wait(h7_place *p);
void flash_h7_error(h7_place *p, uint32_t bits);

/* flash/h7.c */
void flash_h7_update_irq(flash_h7 *f);

#endif
