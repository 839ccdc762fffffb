/* The simulated part around the core: virtual time, bus, resets, memories, and the
 * services that a peripheral model uses. A peripheral is one file in sim/periph/;
 * it knows this header and nothing of the others, except through sim_part. */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/cpu/cpu.h"
#include "twinbank/chip.h"

typedef uint64_t sim_ps; /* virtual time in picoseconds since the machine was made */
#define SIM_PS_PER_US 1000000ull
#define SIM_PS_PER_MS 1000000000ull
#define SIM_PS_PER_S 1000000000000ull
#define SIM_NEVER UINT64_MAX

typedef struct sim_machine sim_machine;

/* ---- time ------------------------------------------------------------------ */

/* One pending call. The owner keeps the struct; the machine keeps the order. */
typedef struct sim_event {
    sim_ps when;
    void (*fire)(void *self);
    void *self;
    struct sim_event *next;
    bool queued;
    bool avertible; /* a program can put it off, as a watchdog's bite: see sim_poll_busy() */
} sim_event;

sim_ps sim_now(const sim_machine *m); /* exact, also in the middle of a bus access */
void sim_schedule(sim_machine *m, sim_event *event, sim_ps when); /* re-queues if queued */
void sim_cancel(sim_machine *m, sim_event *event);
/* The RCC model tells the core clock; cycles are converted from now on. */
void sim_set_hclk(sim_machine *m, uint32_t hz);
uint32_t sim_hclk_hz(const sim_machine *m);
/* Stalls the core up to that instant (a busy flash bank); events due meanwhile fire.
 * false: power went or a reset came first, and the access must have no effect. */
bool sim_stall_until(sim_machine *m, sim_ps when);

/* A flag that says busy is being read: with `skip_polls` time goes on to the next event or
 * SysTick, but a little at a time towards one that the loop may be putting off now and then.
 * false: as sim_stall_until(). */
bool sim_poll_busy(sim_machine *m);

/* ---- the bus ---------------------------------------------------------------- */

/* A peripheral's register block. Offsets are relative to base. */
typedef struct sim_periph {
    const char *name; /* the manual's: "LPUART1" */
    uint32_t base;
    uint32_t bytes;
    void *self;
    sim_access (*read)(void *self, uint32_t offset, unsigned size, uint32_t *value);
    sim_access (*write)(void *self, uint32_t offset, unsigned size, uint32_t value);
    /* Any reset the machine goes through; sim_reset_cause tells which. Power-on
     * resets clear the backup domain only where `backup_lost`. */
    void (*reset)(void *self, unsigned cause, bool backup_lost);
    const char *(*register_name)(uint32_t offset); /* for errors and traces; may be NULL */
    struct sim_periph *next;
} sim_periph;

void sim_add_periph(sim_machine *m, sim_periph *periph);
/* For a register or a value that the model does not know: the run stops and says
 * peripheral, register, PC and value. Returns SIM_ACCESS_STOP, to be returned. */
sim_access sim_unmodelled(sim_machine *m, const sim_periph *p, uint32_t offset, unsigned size,
                          bool write, uint32_t value, const char *why);
/* Ends the run with this text (a firmware bug the part would not survive). */
void sim_stop(sim_machine *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- interrupts and resets --------------------------------------------------- */

void sim_irq(sim_machine *m, unsigned irq, bool level);
void sim_nmi(sim_machine *m);

enum sim_reset_cause { /* as RCC_CSR tells them; a mask, RCC accumulates */
    SIM_RESET_POWER = 1u,
    SIM_RESET_PIN = 2u,
    SIM_RESET_SOFTWARE = 4u,
    SIM_RESET_IWDG = 8u,
    SIM_RESET_WWDG = 16u,
    SIM_RESET_OPTION = 32u, /* OBL_LAUNCH */
    SIM_RESET_LOW_POWER = 64u,
    /* Wake from Standby, whatever by: SRAM lost, options loaded, no flag of its own in RCC_CSR.
     * Peripherals are told at the entry too (sim_in_standby()): what is kept goes on then. */
    SIM_RESET_STANDBY = 128u
};
/* Asked by a peripheral (IWDG, WWDG, flash's OBL_LAUNCH); happens after the present instruction. */
void sim_request_reset(sim_machine *m, unsigned cause);

/* ---- random and trace --------------------------------------------------------- */

uint32_t sim_random(sim_machine *m); /* from --seed; the only source of chance */
/* What RAM holds after power was away: differs at each call, the same for each seed. */
void sim_poison(sim_machine *m, uint8_t *bytes, size_t count);

enum sim_trace {
    SIM_TRACE_FLASH = 1u,
    SIM_TRACE_OPTION = 2u,
    SIM_TRACE_GPIO = 4u,
    SIM_TRACE_UART = 8u,
    SIM_TRACE_IRQ = 16u,
    SIM_TRACE_EXCEPTION = 32u,
    SIM_TRACE_RESET = 64u
};
bool sim_tracing(const sim_machine *m, unsigned category);
/* One line: "[  12.345678 ms] flash: ..." to the machine's trace stream. */
void sim_trace(sim_machine *m, unsigned category, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- what peripherals need of each other -------------------------------------- */

/* The clock tree, answered by the RCC model. */
typedef enum sim_clock {
    SIM_CLOCK_HCLK,
    SIM_CLOCK_PCLK1,
    SIM_CLOCK_PCLK2,
    SIM_CLOCK_HSI16,
    SIM_CLOCK_LSE,
    SIM_CLOCK_LSI,
    SIM_CLOCK_SYSCLK
} sim_clock;
uint32_t sim_clock_hz(sim_machine *m, sim_clock clock);
/* Is the peripheral at this base clocked? A gated one reads 0 and ignores writes. */
bool sim_is_clocked(sim_machine *m, uint32_t periph_base);
bool sim_backup_writable(sim_machine *m); /* PWR_CR1.DBP */
/* The kernel clock of a USART or LPUART at this base, from RCC_CCIPR. */
uint32_t sim_uart_clock_hz(sim_machine *m, uint32_t periph_base);

/* Pins: port 0 = A. What the outside drives, or what an output or pull makes of it. */
bool sim_pin_level(sim_machine *m, unsigned port, unsigned pin);
/* The outside drives a pin (level 0 or 1) or lets go (-1). */
void sim_pin_drive(sim_machine *m, unsigned port, unsigned pin, int level);

/* The supply, VDD, for the voltage detector (PVD); 3300 from the start. Nothing else depends on
 * it: below the brown-out reset's level the power is off (sim_power_on). false: the family's
 * PWR model has no detector, and nothing has changed. */
#define SIM_SUPPLY_MV 3300u
bool sim_set_supply(sim_machine *m, unsigned millivolts);
unsigned sim_supply(const sim_machine *m);

/* ---- what the part asks of the machine (implemented in sim/machine) -------------- */

/* The peripherals' shared state. The machine keeps the pointer and, in sim_free(),
 * calls `destroy` once. */
struct sim_part;
void sim_set_part(sim_machine *m, struct sim_part *part, void (*destroy)(struct sim_part *part));
struct sim_part *sim_get_part(const sim_machine *m);
/* SYSCFG_MEMRMP: FB_MODE and MEM_MODE. The ROM's choice at a reset is made by the
 * machine, after the peripherals' reset; SYSCFG reads it back through sim_get_mapping(). */
void sim_set_mapping(sim_machine *m, bool fb_mode, unsigned mem_mode);
void sim_get_mapping(const sim_machine *m, bool *fb_mode, unsigned *mem_mode);
/* RCC clocks a RAM of its own gate (family's gated_rams), by its place in the list, or not. */
void sim_set_ram_clock(sim_machine *m, unsigned ram, bool on);
/* An access by another master (DMA): same rules as the core's, no cycles counted. */
sim_access sim_bus_read(sim_machine *m, uint32_t address, unsigned size, uint32_t *value);
sim_access sim_bus_write(sim_machine *m, uint32_t address, unsigned size, uint32_t value);
/* Answered by the flash model: FLASH_OPTR as loaded, and FLASH_ACR.LATENCY. */
uint32_t sim_flash_optr(const sim_machine *m);
unsigned sim_flash_latency(const sim_machine *m);
/* Answered by the RCC model; the flash model calls it when LATENCY changes. Stops the
 * run where HCLK is faster than latency and voltage range allow. */
void sim_check_clock(sim_machine *m);
/* The backup domain as words (for sim_save and sim_restore). */
uint32_t *sim_backup_words(sim_machine *m, size_t *count);

/* Every flash and option operation of the run has a number, counted from 0. */
typedef enum sim_op_kind {
    SIM_OP_PROGRAM,
    SIM_OP_ERASE_PAGE,
    SIM_OP_ERASE_BANK,
    SIM_OP_OPTION
} sim_op_kind;

typedef enum sim_cut_outcome { /* what the part makes of the interrupted operation */
    SIM_CUT_OLD,     /* unit or page as before */
    SIM_CUT_NEW,     /* as if complete */
    SIM_CUT_MIXED,   /* unit: some bits; page: some units erased, ECC of the others right */
    SIM_CUT_ECC,     /* unit: uncorrectable at every read; page: some units so */
    SIM_CUT_UNSTABLE,/* reads old, new, or uncorrectable, differently at each read */
    SIM_CUT_RANDOM   /* one of the above by seed */
} sim_cut_outcome;

/* How a programming unit reads now, for oracles. */
typedef enum sim_unit {
    SIM_UNIT_WHOLE,      /* as sim_flash_bank() shows it, at every read */
    SIM_UNIT_UNREADABLE, /* uncorrectable at every read */
    SIM_UNIT_UNSTABLE    /* as shown, or as `other`, or uncorrectable, anew at each read */
} sim_unit;

/* Answered by the PWR model: NULL where WFI with SLEEPDEEP means Standby; else what it means that
 * is not modelled. */
const char *sim_deep_sleep(sim_machine *m);
/* From the WFI to the wake. A wake-up event then asks for SIM_RESET_STANDBY. */
bool sim_in_standby(const sim_machine *m);

/* A running number over these bytes, for comparing states: 64 bits, not for adversaries. */
uint64_t sim_mix_bytes(uint64_t hash, const void *bytes, size_t count);

/* ---- the flash model (one per family; sim_set_flash() in its constructor) ---------- */

/* What age does to a unit, or a power cut long ago, for tests: not an operation. */
typedef enum sim_damage {
    SIM_DAMAGE_CORRECTABLE,   /* one bit: reads right, with ECCC */
    SIM_DAMAGE_UNCORRECTABLE, /* reads wrong, with ECCD and NMI */
    SIM_DAMAGE_SILENT,        /* reads wrong, and ECC does not see it */
    SIM_DAMAGE_UNSTABLE       /* reads right, or blank, or uncorrectable, anew at each read */
} sim_damage;

/* An operation as it would be. */
typedef struct sim_what_if {
    sim_op_kind kind; /* SIM_OP_PROGRAM or SIM_OP_ERASE_PAGE */
    unsigned bank;
    uint32_t offset, bytes;
    const uint8_t *data;
    sim_cut_outcome outcome; /* SIM_CUT_NEW: it was complete */
} sim_what_if;

typedef enum sim_boot_area { SIM_BOOT_FLASH, SIM_BOOT_SYSTEM, SIM_BOOT_SRAM } sim_boot_area;

typedef struct sim_boot {
    sim_boot_area area; /* SIM_BOOT_SYSTEM: the ROM bootloader stays; the run ends and says so */
    bool by_rom;        /* the ROM ran first: it has used its part of SRAM, VTOR stays 0 */
    bool fb_mode;
    unsigned mem_mode;
    uint32_t vector_base;
    uint32_t vtor; /* as reset leaves it: 0 where address 0 is an alias */
} sim_boot;

/* Addresses given to it: 0x08000000-0x0FFFFFFF and 0x1FFF0000-0x1FFFFFFF. */
typedef struct sim_flash_model {
    void *self;
    sim_access (*read)(void *self, uint32_t address, unsigned size, sim_access_kind kind,
                       uint32_t *value);
    sim_access (*write)(void *self, uint32_t address, unsigned size, uint32_t value);
    bool (*peek)(void *self, uint32_t address, uint8_t *byte);
    uint8_t *(*bank)(void *self, unsigned bank);
    bool (*load)(void *self, uint32_t address, const uint8_t *data, size_t bytes);
    /* A reset of the machine, before the peripherals': an operation in progress is torn. */
    void (*reset)(void *self, unsigned cause);
    /* What option bytes and pins choose; after the peripherals' reset. */
    sim_boot (*boot)(void *self);
    void (*set_mapping)(void *self, bool fb_mode);
    /* Power or reset came now: what that makes of the operation in progress, if any. */
    void (*tear)(void *self, sim_cut_outcome outcome);
    uint32_t (*optr)(const void *self); /* as loaded */
    unsigned (*latency)(const void *self);
    bool (*damage)(void *self, unsigned bank, uint32_t offset, sim_damage damage);
    /* What the operation that begins works on. May be NULL: the model does not tell. */
    void (*place)(const void *self, unsigned *bank, uint32_t *offset, uint32_t *bytes);
    /* The unit that holds this offset; its second reading goes to `other`. May be NULL. */
    sim_unit (*unit)(const void *self, unsigned bank, uint32_t offset, uint8_t *other);
    void (*remap)(void *self); /* maps what the core sees anew */
    /* Of the operation that begins: what is to be programmed. May be NULL. */
    const uint8_t *(*op_data)(const void *self);
    /* What such an operation makes of the contents, whole or torn; registers, caches and the
     * core's map stay as they are. Not for options. May be NULL. */
    void (*apply)(void *self, const sim_what_if *op);
    /* All that is kept of these bytes (whole units), and back; at most 3 bytes for each. */
    size_t (*take)(const void *self, unsigned bank, uint32_t offset, uint32_t bytes, uint8_t *out);
    void (*give)(void *self, unsigned bank, uint32_t offset, uint32_t bytes, const uint8_t *in);
    /* What it keeps over a reset beside the arrays, in one number. */
    uint64_t (*options)(const void *self);
    size_t (*state_bytes)(const void *self);
    void (*save)(const void *self, uint8_t *out);
    bool (*restore)(void *self, const uint8_t *in, size_t bytes); /* false: not a state of it */
    void (*destroy)(void *self);
} sim_flash_model;
void sim_set_flash(sim_machine *m, const sim_flash_model *flash);
/* The model calls these around each operation. Begin counts it and is false where a cut
 * came first: the operation must not start. `until` is when it will be complete. */
bool sim_op_begin(sim_machine *m, sim_op_kind kind, sim_ps until);
void sim_op_end(sim_machine *m);
/* True while another master's access is answered: it waits without stalling the core. */
bool sim_bus_is_dma(const sim_machine *m);

/* ---- serial lines --------------------------------------------------------------- */

/* The far end of a USART's wire. byte_out: a frame left the part; framing as the
 * part sends it. To send to the part, byte_in(): frames follow each other at
 * the part's own baud rate, or at `baud` where not 0 (a mismatch gives FE). */
typedef struct sim_uart_link {
    void *ctx;
    void (*byte_out)(void *ctx, uint8_t byte, uint32_t baud);
    /* The model has room for the next byte: returns -1 for none, or the byte. Called
     * when the line is free, and again after sim_uart_poll(). */
    int (*byte_in)(void *ctx);
    uint32_t baud; /* of the far end; 0: always what the part uses. May change at any time. */
} sim_uart_link;
/* name: "lpuart1", "usart2"; false if the part has none of that name. */
bool sim_uart_connect(sim_machine *m, const char *name, const sim_uart_link *link);
/* The names that the part has, from 0 on; NULL behind the last. */
const char *sim_uart_name(sim_machine *m, unsigned index);
/* New bytes may be waiting at the far end. */
void sim_uart_poll(sim_machine *m, const char *name);

/* ---- the machine as a whole: for the front end, tests, benches -------------------- */

typedef enum sim_end {
    SIM_END_TIME,   /* the time asked for has passed */
    SIM_END_BREAK,  /* sim_break() */
    SIM_END_STOP,   /* unmodelled access, lockup, or sim_stop(): see sim_end_text() */
    SIM_END_POWER_CUT, /* an injected cut fired; sim_power_on() goes on */
    SIM_END_IDLE    /* the core sleeps and nothing will ever wake it but the wire */
} sim_end;

/* Where a manual leaves open what the part does, the model takes the likelier reading, and
 * on request the other, so that firmware can be shown to be right under both. */
enum sim_reading {
    SIM_READING_F7_SWP_FB_DEAD = 1u, /* SYSCFG_MEMRMP.SWP_FB stands, and the mapping stays */
    SIM_READING_F7_SNB_BY_PLACE = 2u, /* FLASH_CR.SNB counts places, not banks, while swapped */
    SIM_READING_U5_ECC_ONCE = 4u, /* while ECCC or ECCD stands neither is set, and no NMI raised */
    SIM_READING_WAKE_FLAGS = 8u /* a wake from Standby sets the reset flags that power-on sets */
};

typedef struct sim_options {
    uint32_t seed;
    unsigned readings; /* mask of sim_reading */
    bool lockup_waits; /* a locked-up core waits for a reset (watchdog), as the part does;
                        * otherwise a lockup ends the run */
    bool slowest_flash; /* operations take the datasheet's longest times, not its typical ones */
    bool skip_polls; /* a poll of a busy flag takes until something may have changed: the
                      * same course of things with fewer instructions, not to the cycle */
    sim_ps poll_most; /* then: no poll takes longer than this; 0: no limit */
    unsigned trace; /* mask of sim_trace */
    void (*trace_line)(void *ctx, const char *line);
    void *trace_ctx;
} sim_options;

/* Never NULL for a row with banks; NULL where no model exists for the family. */
sim_machine *sim_new(const tb_chip *chip, const sim_options *options);
void sim_free(sim_machine *m);
const tb_chip *sim_chip(const sim_machine *m);
bool sim_has_reading(const sim_machine *m, unsigned reading);
bool sim_slowest_flash(const sim_machine *m);
void sim_set_skip_polls(sim_machine *m, bool skip); /* from now on: see sim_options */
sim_cpu *sim_core(sim_machine *m);

/* Power-on: option bytes are loaded, RAM is poisoned from the seed, the ROM makes its
 * choice, the core starts. backup_lost: VBAT was away too. */
void sim_power_on(sim_machine *m, bool backup_lost);
void sim_pin_reset(sim_machine *m);
/* SIM_END_IDLE: time has gone on to `until` where that is not SIM_NEVER. */
sim_end sim_run(sim_machine *m, sim_ps until);
void sim_break(sim_machine *m); /* from an event, a link or a hook */
const char *sim_end_text(const sim_machine *m);
/* Exit status of the run's end in words for people; counts since sim_new. */
uint64_t sim_instructions(const sim_machine *m);

/* Raw contents of a physical bank, for oracles: to be read, not written. NULL: no such bank. */
uint8_t *sim_flash_bank(sim_machine *m, unsigned bank);
/* Writes as a programmer would, whole units, by mapped address with FB_MODE = 0. false:
 * outside flash. */
bool sim_flash_load(sim_machine *m, uint32_t address, const uint8_t *data, size_t bytes);
/* The unit that holds this offset of a physical bank goes bad. false: outside flash. */
bool sim_flash_damage(sim_machine *m, unsigned bank, uint32_t offset, sim_damage damage);
/* How that unit reads; where it is unstable its other reading goes to `other` (may be NULL).
 * A model that does not tell calls all of them whole. */
sim_unit sim_flash_unit(const sim_machine *m, unsigned bank, uint32_t offset, uint8_t *other);
/* Any memory, by address, without side effects; false where there is none. */
bool sim_peek(sim_machine *m, uint32_t address, void *data, size_t bytes);
/* An access as the core makes it, stalls and faults included: tests and scripts drive
 * registers with these while the core stands still. */
sim_access sim_core_read(sim_machine *m, uint32_t address, unsigned size, uint32_t *value);
sim_access sim_core_write(sim_machine *m, uint32_t address, unsigned size, uint32_t value);

/* ---- power cuts -------------------------------------------------------------------- */

typedef enum sim_cut_when { SIM_CUT_BEFORE, SIM_CUT_DURING, SIM_CUT_AFTER } sim_cut_when;

typedef struct sim_cut {
    uint64_t op; /* number of the operation, of `kind_mask` kinds */
    unsigned kind_mask; /* 1u << sim_op_kind; 0 means all */
    sim_cut_when when;
    sim_cut_outcome outcome;
    bool reset_only; /* a reset at that moment, not a power cut */
    unsigned reset_cause; /* sim_reset_cause; 0: the pin */
    bool backup_lost;
    bool stay;       /* reset_only: the run ends (SIM_END_BREAK) before the first instruction */
    uint64_t random; /* chance goes on from here as it fires; 0: as it stands */
} sim_cut;

void sim_schedule_cut(sim_machine *m, const sim_cut *cut);
void sim_schedule_cut_at(sim_machine *m, sim_ps when, sim_cut_outcome outcome, bool backup_lost);
uint64_t sim_op_count(const sim_machine *m, unsigned kind_mask);
/* How long they take by themselves, all together, the interrupted ones too. */
sim_ps sim_op_time(const sim_machine *m);
/* Called as each operation begins, before it is counted and before any cut of it is looked
 * for: a cut of this very operation may be scheduled from it. */
void sim_set_op_hook(sim_machine *m, void (*hook)(void *ctx, sim_op_kind kind), void *ctx);
/* From that hook: what the operation works on. false: the model does not tell. */
bool sim_op_place(const sim_machine *m, unsigned *bank, uint32_t *offset, uint32_t *bytes);
unsigned sim_cuts_fired(const sim_machine *m);
unsigned sim_cuts_scheduled(const sim_machine *m);

/* ---- for tools that compare runs --------------------------------------------------------- */

/* Told what a run depends on, so that it need not be made again from a state that differs
 * only elsewhere. */
typedef struct sim_watch {
    void *ctx;
    /* Contents of a bank are about to be read (or the controller looks at them: not told). true:
     * of this granule of 1 KB no more need be told. */
    bool (*flash)(void *ctx, unsigned bank, uint32_t offset, unsigned size, bool fetch);
    /* RAM is read that has not been written since the watch began. NULL: RAM is not watched. */
    void (*ram)(void *ctx, uint32_t address, unsigned size);
    void (*random)(void *ctx); /* chance was asked */
} sim_watch;
/* NULL ends it. Slower while it lasts; the course of things is the same. */
void sim_set_watch(sim_machine *m, const sim_watch *watch);
/* Chance goes on from here. */
void sim_set_random(sim_machine *m, uint64_t random);
/* The power is away until then (not before now), or, where a reset has just come, it is now:
 * time is counted from here, so that two runs from here are the same to the picosecond. */
void sim_rest_until(sim_machine *m, sim_ps when);
unsigned sim_resets(const sim_machine *m); /* of any cause, power-on too, since sim_new */
/* From the hook: what is to be programmed; NULL where the model does not tell. */
const uint8_t *sim_op_data(const sim_machine *m);
/* Flash contents without the core: see sim_flash_model. false: the model cannot. */
bool sim_flash_apply(sim_machine *m, const sim_what_if *op, uint64_t random);
size_t sim_flash_take(const sim_machine *m, unsigned bank, uint32_t offset, uint32_t bytes,
                      uint8_t *out);
void sim_flash_give(sim_machine *m, unsigned bank, uint32_t offset, uint32_t bytes,
                    const uint8_t *in);
uint64_t sim_flash_options(const sim_machine *m);

/* ---- state between runs --------------------------------------------------------------- */

/* Flash with its ECC state, option bytes, backup domain: what a board keeps with its
 * power off. Format: docs/simulator.md. Return NULL or an error text (static). */
const char *sim_save(const sim_machine *m, const char *path);
const char *sim_restore(sim_machine *m, const char *path);

#endif
