/* The STM32F76x flash and its controller (RM0410 3): private to flash_f7*.c. There is no ECC:
 * a torn word reads wrong, and nothing tells. */
#ifndef SIM_FLASH_F7_H
#define SIM_FLASH_F7_H

#include "sim/periph/flash/cells.h"
#include "sim/periph/flash/control.h"
#include "sim/machine/machine.h"

#define F7_WORD_BYTES 4u
#define F7_BANKS 2u
#define F7_ITCM_BASE 0x00200000u /* the array's other view, by way of ART */

enum {
    F7_SR_EOP = 1u << 0, F7_SR_OPERR = 1u << 1, F7_SR_WRPERR = 1u << 4, F7_SR_PGAERR = 1u << 5,
    F7_SR_PGPERR = 1u << 6, F7_SR_ERSERR = 1u << 7, F7_SR_BSY = 1u << 16,
    F7_SR_FLAGS = 0xF3u
};

#define F7_CR_PG (1u << 0)
#define F7_CR_SER (1u << 1)
#define F7_CR_MER1 (1u << 2)
#define F7_CR_SNB(cr) ((cr) >> 3 & 0x1Fu)
#define F7_CR_PSIZE(cr) ((cr) >> 8 & 3u)
#define F7_CR_MER2 (1u << 15)
#define F7_CR_STRT (1u << 16)
#define F7_CR_EOPIE (1u << 24)
#define F7_CR_ERRIE (1u << 25)
#define F7_CR_LOCK (1u << 31)

#define F7_OPTCR_OPTLOCK (1u << 0)
#define F7_OPTCR_OPTSTRT (1u << 1)
#define F7_OPTCR_WWDG_SW (1u << 4)
#define F7_OPTCR_IWDG_SW (1u << 5)
#define F7_OPTCR_IWDG_STDBY (1u << 30)
#define F7_OPTCR_NDBOOT (1u << 28)
#define F7_OPTCR_NDBANK (1u << 29)

enum { F7_OPTCR, F7_OPTCR1, F7_OPTIONS };

typedef struct f7_op {
    bool active;
    sim_op_kind kind;
    unsigned banks; /* mask; of a program, and of a sector in dual-bank mode, one */
    uint32_t offset, bytes;
    uint8_t data[F7_WORD_BYTES];
} f7_op;

typedef struct f7_times {
    sim_ps program;          /* whatever the width */
    uint16_t erase_ms[3][4]; /* sectors of 32, 128, 256 KB, by PSIZE: 8, 16, 32 bits, 64 with Vpp */
    sim_ps option;
} f7_times;

typedef struct flash_f7 {
    sim_machine *m;
    const f7_times *times;
    const tb_chip *chip;
    sim_periph periph;
    sim_flash_model model;
    flash_cells bank[F7_BANKS];
    uint32_t acr, sr, cr;
    flash_key key, opt_key;
    f7_op op;
    sim_event done;
    uint32_t options[F7_OPTIONS];   /* in force: every reset loads them */
    uint32_t registers[F7_OPTIONS]; /* as software sees and writes them */
    uint32_t stored[F7_OPTIONS];
    bool swapped; /* SWP_FB */
} flash_f7;

static inline bool flash_f7_single(const flash_f7 *f)
{
    return (f->options[F7_OPTCR] & F7_OPTCR_NDBANK) != 0u;
}

/* flash/f7_array.c */
void flash_f7_array_init(flash_f7 *f);
void flash_f7_array_free(flash_f7 *f);
/* Of either view; in single-bank mode a line of 32 bytes is half from each bank. */
bool flash_f7_locate(const flash_f7 *f, uint32_t address, bool swapped, unsigned *bank,
                     uint32_t *offset);
void flash_f7_set_word(flash_f7 *f, unsigned bank, uint32_t word, const uint8_t *data,
                       const uint8_t *other);
void flash_f7_erase_words(flash_f7 *f, unsigned bank, uint32_t offset, uint32_t bytes);
void flash_f7_recount(flash_f7 *f);
void flash_f7_map(flash_f7 *f);
sim_access flash_f7_read(void *self, uint32_t address, unsigned size, sim_access_kind kind,
                         uint32_t *value);
bool flash_f7_peek(void *self, uint32_t address, uint8_t *byte);

/* flash/f7_ops.c */
sim_access flash_f7_write(void *self, uint32_t address, unsigned size, uint32_t value);
void flash_f7_start_erase(flash_f7 *f);
void flash_f7_start_options(flash_f7 *f);
void flash_f7_done(void *self);
void flash_f7_apply(void *self, const sim_what_if *what);
void flash_f7_tear(void *self, sim_cut_outcome outcome);
/* Waits for the operation in progress. false: reset or power came first. */
bool flash_f7_wait(flash_f7 *f);

/* flash/f7.c */
void flash_f7_error(flash_f7 *f, uint32_t bits);
void flash_f7_update_irq(flash_f7 *f);

#endif
