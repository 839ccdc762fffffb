/* The flash and its controller of STM32G4 category 3 (RM0440 3), L4 (RM0351 3) and L4+
 * (RM0432 3): private to flash_g4*.c. What differs between them is in flash_kind. */
#ifndef SIM_FLASH_G4_H
#define SIM_FLASH_G4_H

#include "sim/periph/flash/cells.h"
#include "sim/periph/flash/control.h"

#define UNIT_BYTES 8u
#define OTP_BASE 0x1FFF7000u
#define OTP_BYTES 1024u
#define INFO_BASE 0x1FFF7400u
#define INFO_BYTES 1024u

enum {
    SR_EOP = 1u << 0, SR_OPERR = 1u << 1, SR_PROGERR = 1u << 3, SR_WRPERR = 1u << 4,
    SR_PGAERR = 1u << 5, SR_SIZERR = 1u << 6, SR_PGSERR = 1u << 7, SR_MISERR = 1u << 8,
    SR_FASTERR = 1u << 9, SR_RDERR = 1u << 14, SR_OPTVERR = 1u << 15, SR_BSY = 1u << 16,
    SR_ERRORS = 0xC3FAu /* each of them, left set, refuses the next operation */
};

#define CR_PG (1u << 0)
#define CR_PER (1u << 1)
#define CR_MER1 (1u << 2)
#define CR_PNB(cr) (((cr) >> 3) & 0xFFu)
#define CR_BKER (1u << 11)
#define CR_MER2 (1u << 15)
#define CR_STRT (1u << 16)
#define CR_OPTSTRT (1u << 17)
#define CR_FSTPG (1u << 18)
#define CR_EOPIE (1u << 24)
#define CR_ERRIE (1u << 25)
#define CR_RDERRIE (1u << 26)
#define CR_OBL_LAUNCH (1u << 27)
#define CR_SEC_PROT1 (1u << 28)
#define CR_SEC_PROT2 (1u << 29)
#define CR_OPTLOCK (1u << 30)
#define CR_LOCK (1u << 31)

#define ACR_PRFTEN (1u << 8)
#define ACR_ICEN (1u << 9)
#define ACR_DCEN (1u << 10)
#define ACR_ICRST (1u << 11)
#define ACR_DCRST (1u << 12)
#define ACR_RUN_PD (1u << 13)
#define ACR_SLEEP_PD (1u << 14)
#define ACR_DBG_SWEN (1u << 18)

#define ECCR_ECCIE (1u << 24)
#define ECCR_ECCC (1u << 30)
#define ECCR_ECCD (1u << 31)

#define OPTR_RDP 0xFFu
#define OPTR_BFB2 (1u << 20)
#define OPTR_NBOOT1 (1u << 23)
#define OPTR_NSWBOOT0 (1u << 26)
#define OPTR_NBOOT0 (1u << 27)
#define SEC1R_BOOT_LOCK (1u << 16)
#define RDP_LEVEL_0 0xAAu
#define RDP_LEVEL_2 0xCCu

/* Option words, in the order of their registers. */
enum {
    OPT_OPTR, OPT_PCROP1SR, OPT_PCROP1ER, OPT_WRP1AR, OPT_WRP1BR, OPT_PCROP2SR, OPT_PCROP2ER,
    OPT_WRP2AR, OPT_WRP2BR, OPT_SEC1R, OPT_SEC2R, OPT_WORDS
};

typedef struct flash_times {
    sim_ps program, erase_page, erase_bank; /* of a unit, a page, one bank or two */
    sim_ps fast_row;                        /* 256 bytes of fast programming */
} flash_times;

/* What differs between the product lines. */
typedef struct flash_kind {
    flash_times typical, longest;
    uint32_t acr_reset, acr_latency, acr_bits; /* all that can be written */
    uint32_t pnb_mask;                /* width of CR.PNB, and of WRP's page numbers */
    uint32_t eccr_bank, eccr_system;  /* BK_ECC, SYSF_ECC */
    uint32_t pcrop_mask;              /* in units of 8 bytes, 16 in wide single-bank mode */
    uint32_t fast_row_bytes;
    uint16_t most_kib;                /* the largest density of the line */
    uint32_t optr_dual_most;          /* OPTR's bit for two banks there; 0: always two */
    uint32_t optr_dual_less;          /* on smaller densities */
    /* Single-bank mode reads 128 bits, half from each bank: lines interleave, pages are twice
     * as large. Else one bank simply follows the other. */
    bool wide_single_bank;
    bool securable;                   /* SEC1R, SEC2R, CR.SEC_PROTx */
    bool low_voltage;                 /* CFGR.LVEN */
    bool soft_boot0;                  /* OPTR.nSWBOOT0 and nBOOT0 */
    uint8_t boot0_port, boot0_pin;
    bool options_in_memory;           /* at 0x1FFF7800 and 0x1FFFF800 */
    uint8_t rom_version;
    tb_memory rom_stack[2];           /* where the ROM takes a stack pointer for one: both ends */
} flash_kind;

enum { REGION_OTP = 2, REGIONS = 3 };
enum { STALE_DATA = 1u, STALE_FETCH = 2u };

typedef struct flash_op {
    bool active;
    sim_op_kind kind;
    unsigned region;
    uint32_t offset, bytes;
    unsigned banks; /* bank erase: mask */
    uint8_t data[UNIT_BYTES];
    bool fast;
} flash_op;

typedef struct flash_fast { /* a row of fast programming */
    bool active;
    bool lost; /* a read of the bank has ended it; the part does not tell */
    unsigned region;
    uint32_t next;
    sim_ps last;
} flash_fast;

typedef struct flash_g4 {
    sim_machine *m;
    const tb_chip *chip;
    const flash_kind *kind;
    const flash_times *times;
    sim_periph periph;
    sim_flash_model model;
    flash_cells region[REGIONS];
    uint8_t info[INFO_BYTES];

    uint32_t acr, sr, cr, eccr, cfgr;
    flash_key key, opt_key, pd_key;
    bool latched;
    uint32_t latch_address, latch_word;
    flash_op op;
    flash_fast fast;
    bool mass_erased[REGION_OTP]; /* since reset: fast programming asks for it */
    unsigned busy_banks;
    sim_event done;

    uint32_t options[OPT_WORDS]; /* in force */
    uint32_t registers[OPT_WORDS]; /* as software sees and writes them */
    uint32_t stored[OPT_WORDS];  /* in the option pages */
    bool stored_intact;          /* words and complements match */
    bool virgin;                 /* options never written since production */
    bool single_bank;            /* and the contents' order with it */

    bool fb_mode;
    bool data_fb, fetch_fb;     /* the mapping that the caches still serve */
    bool icache_filled, dcache_filled;
    bool readout_locked;        /* RDP 1 and started from SRAM */
} flash_g4;

/* flash/g4_array.c: contents, ECC, mapping into the core */
void flash_g4_array_init(flash_g4 *f);
void flash_g4_array_free(flash_g4 *f);
bool flash_g4_locate(const flash_g4 *f, uint32_t address, bool fb, unsigned *region,
                     uint32_t *offset);
void flash_g4_keep_stale(flash_g4 *f, unsigned region, uint32_t offset, uint32_t bytes);
void flash_g4_drop_stale(flash_g4 *f, unsigned which);
void flash_g4_map(flash_g4 *f);
void flash_g4_map_bank(flash_g4 *f, unsigned region);
/* The number of banks changed: wide single-bank lines are 16 bytes, half from each bank. */
void flash_g4_reorder(flash_g4 *f, bool single_bank);
sim_access flash_g4_read(void *self, uint32_t address, unsigned size, sim_access_kind kind,
                         uint32_t *value);
bool flash_g4_peek(void *self, uint32_t address, uint8_t *byte);

/* flash/g4_ops.c: programming, erasing, tearing */
sim_access flash_g4_write(void *self, uint32_t address, unsigned size, uint32_t value);
void flash_g4_start_erase(flash_g4 *f);
void flash_g4_start_options(flash_g4 *f);
void flash_g4_done(void *self);
void flash_g4_tear(void *self, sim_cut_outcome outcome);
void flash_g4_apply(void *self, const sim_what_if *what);
void flash_g4_begin_program(flash_g4 *f, unsigned region, uint32_t offset, uint32_t high,
                            sim_ps time);
/* Waits for the operation in progress. false: reset or power came first. */
bool flash_g4_wait(flash_g4 *f);

/* flash/g4_fast.c: fast programming */
sim_access flash_g4_fast_write(flash_g4 *f, unsigned region, uint32_t offset, unsigned size,
                               uint32_t value);
bool flash_g4_fast_step(flash_g4 *f);

/* flash/g4_options.c: option bytes, protection, boot, saved state */
void flash_g4_options_init(flash_g4 *f);
void flash_g4_load_options(flash_g4 *f);
bool flash_g4_write_protected(const flash_g4 *f, unsigned region, uint32_t offset, uint32_t bytes);
bool flash_g4_read_protected(const flash_g4 *f, unsigned region, uint32_t offset);
bool flash_g4_secured(const flash_g4 *f, unsigned region, uint32_t offset);
bool flash_g4_any_protection(const flash_g4 *f);
bool flash_g4_option_byte(const flash_g4 *f, uint32_t address, uint8_t *byte);
sim_boot flash_g4_boot(void *self);
/* Do these options make two banks of the array? */
bool flash_g4_dual(const flash_g4 *f, uint32_t optr);
uint32_t flash_g4_page_bytes(const flash_g4 *f);
size_t flash_g4_state_bytes(const void *self);
void flash_g4_save(const void *self, uint8_t *out);
bool flash_g4_restore(void *self, const uint8_t *in, size_t bytes);

/* flash/g4.c: registers */
void flash_g4_error(flash_g4 *f, uint32_t bits);
void flash_g4_update_irq(flash_g4 *f);
void flash_g4_new(sim_machine *m, const flash_kind *kind);

#endif
