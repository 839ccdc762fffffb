/* The STM32U5 flash, its controller with TZEN = 0 (RM0456 7), and ICACHE in front of it
 * (RM0456 8): private to flash_u5*.c. */
#ifndef SIM_FLASH_U5_H
#define SIM_FLASH_U5_H

#include "sim/periph/flash/cells.h"
#include "sim/periph/flash/control.h"

#define U5_UNIT_BYTES 16u
#define U5_PAGE_BYTES 8192u
#define U5_BANKS 2u
#define U5_SYSTEM_BASE 0x0BF90000u
#define U5_SYSTEM_BYTES 0x10000u
#define U5_INFO_BASE 0x0BFA0500u
#define U5_INFO_BYTES 0x300u

enum {
    U5_SR_EOP = 1u << 0, U5_SR_OPERR = 1u << 1, U5_SR_PROGERR = 1u << 3, U5_SR_WRPERR = 1u << 4,
    U5_SR_PGAERR = 1u << 5, U5_SR_SIZERR = 1u << 6, U5_SR_PGSERR = 1u << 7,
    U5_SR_OPTWERR = 1u << 13, U5_SR_BSY = 1u << 16, U5_SR_WDW = 1u << 17,
    U5_SR_ERRORS = 0x20FAu
};

#define U5_CR_PG (1u << 0)
#define U5_CR_PER (1u << 1)
#define U5_CR_MER1 (1u << 2)
#define U5_CR_PNB(cr) (((cr) >> 3) & 0xFFu)
#define U5_CR_BKER (1u << 11)
#define U5_CR_BWR (1u << 14)
#define U5_CR_MER2 (1u << 15)
#define U5_CR_STRT (1u << 16)
#define U5_CR_OPTSTRT (1u << 17)
#define U5_CR_EOPIE (1u << 24)
#define U5_CR_ERRIE (1u << 25)
#define U5_CR_OBL_LAUNCH (1u << 27)
#define U5_CR_OPTLOCK (1u << 30)
#define U5_CR_LOCK (1u << 31)

#define U5_ECCR_BK (1u << 21)
#define U5_ECCR_SYSF (1u << 22)
#define U5_ECCR_ECCIE (1u << 24)
#define U5_ECCR_ECCC (1u << 30)
#define U5_ECCR_ECCD (1u << 31)

#define U5_OPSR_CODE(code) ((uint32_t)(code) << 29)

#define U5_OPTR_RDP 0xFFu
#define U5_OPTR_SWAP_BANK (1u << 20)
#define U5_OPTR_DUALBANK (1u << 21)
#define U5_OPTR_NSWBOOT0 (1u << 26)
#define U5_OPTR_NBOOT0 (1u << 27)
#define U5_OPTR_TZEN (1u << 31)
#define U5_WRP_UNLOCK (1u << 31)
#define U5_RDP_LEVEL_0 0xAAu
#define U5_RDP_LEVEL_2 0xCCu

/* Option words, in the order of their registers. */
enum {
    U5_OPTR, U5_NSBOOTADD0R, U5_NSBOOTADD1R, U5_SECBOOTADD0R, U5_SECWM1R1, U5_SECWM1R2,
    U5_WRP1AR, U5_WRP1BR, U5_SECWM2R1, U5_SECWM2R2, U5_WRP2AR, U5_WRP2BR, U5_OPTIONS
};

typedef struct u5_op {
    bool active;
    sim_op_kind kind;
    unsigned bank;
    uint32_t offset, bytes;
    unsigned banks; /* bank erase: mask, physical */
    uint8_t data[U5_UNIT_BYTES];
} u5_op;

typedef struct u5_times {
    sim_ps program, erase_page, erase_bank;
} u5_times;

typedef struct flash_u5 {
    sim_machine *m;
    const u5_times *times;
    const tb_chip *chip;
    sim_periph periph, icache;
    sim_flash_model model;
    flash_cells bank[U5_BANKS];
    uint8_t info[U5_INFO_BYTES];

    uint32_t acr, sr, cr, eccr, opsr;
    flash_key key, opt_key;
    unsigned words;  /* in the write buffer, of four */
    uint32_t buffer_address;
    uint8_t buffer[U5_UNIT_BYTES];
    u5_op op;
    unsigned busy_banks;
    sim_event done;

    uint32_t options[U5_OPTIONS];   /* in force */
    uint32_t registers[U5_OPTIONS]; /* as software sees and writes them */
    uint32_t stored[U5_OPTIONS];    /* in the option pages */

    bool swapped;
    bool single; /* DUALBANK = 0 on a part that heeds it: one bank, one behind the other */
    bool icache_on, icache_filled;
    sim_ps invalidated_at; /* BUSYF until then */
    bool invalidate_ended;
} flash_u5;

/* flash/u5_array.c: contents, ECC, mapping into the core */
void flash_u5_array_init(flash_u5 *f);
void flash_u5_array_free(flash_u5 *f);
bool flash_u5_locate(const flash_u5 *f, uint32_t address, unsigned *bank, uint32_t *offset);
/* ADDR and BK as ECCR and OPSR have them, whose fields are alike. */
uint32_t flash_u5_place(const flash_u5 *f, unsigned bank, uint32_t offset);
void flash_u5_keep_stale(flash_u5 *f, unsigned bank, uint32_t offset, uint32_t bytes);
void flash_u5_drop_stale(flash_u5 *f);
void flash_u5_map(flash_u5 *f);
sim_access flash_u5_read(void *self, uint32_t address, unsigned size, sim_access_kind kind,
                         uint32_t *value);
bool flash_u5_peek(void *self, uint32_t address, uint8_t *byte);

/* flash/u5_ops.c: programming, erasing, options, cuts */
bool flash_u5_wait(flash_u5 *f); /* false: reset or power came first */
sim_access flash_u5_write(void *self, uint32_t address, unsigned size, uint32_t value);
void flash_u5_start_erase(flash_u5 *f);
void flash_u5_start_options(flash_u5 *f);
void flash_u5_done(void *self);
void flash_u5_tear(void *self, sim_cut_outcome outcome);
void flash_u5_apply(void *self, const sim_what_if *what);

/* flash/u5_options.c: option bytes, boot, saved state */
void flash_u5_options_init(flash_u5 *f);
void flash_u5_load_options(flash_u5 *f);
bool flash_u5_write_protected(const flash_u5 *f, unsigned bank, uint32_t offset, uint32_t bytes);
bool flash_u5_options_allowed(const flash_u5 *f);
sim_boot flash_u5_boot(void *self);
size_t flash_u5_state_bytes(const void *self);
void flash_u5_save(const void *self, uint8_t *out);
bool flash_u5_restore(void *self, const uint8_t *in, size_t bytes);

/* flash/u5.c: registers */
void flash_u5_error(flash_u5 *f, uint32_t bits);
void flash_u5_update_irq(flash_u5 *f);

/* icache_u5.c */
void flash_u5_icache_init(flash_u5 *f);
void flash_u5_icache_reset(flash_u5 *f);

#endif
