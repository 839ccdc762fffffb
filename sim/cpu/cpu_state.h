/* The core's state, for the core's own files, tests and tracers. */
#ifndef SIM_CPU_STATE_H
#define SIM_CPU_STATE_H

#include "sim/cpu/cpu.h"

enum {
    SIM_GRANULE_BYTES = 1024,
    SIM_GRANULE_SHIFT = 10,
    SIM_TABLE_SHIFT = 18, /* one second-level table covers 256 KB: the smallest bank of flash */
    SIM_TABLES = 16384,
    SIM_TABLE_GRANULES = 256,
    SIM_MAX_EXCEPTIONS = 256,
    SIM_EXCEPTION_WORDS = SIM_MAX_EXCEPTIONS / 32
};

enum sim_exception {
    SIM_EXC_RESET = 1,
    SIM_EXC_NMI = 2,
    SIM_EXC_HARDFAULT = 3,
    SIM_EXC_MEMMANAGE = 4,
    SIM_EXC_BUSFAULT = 5,
    SIM_EXC_USAGEFAULT = 6,
    SIM_EXC_SVCALL = 11,
    SIM_EXC_DEBUGMON = 12,
    SIM_EXC_PENDSV = 14,
    SIM_EXC_SYSTICK = 15,
    SIM_EXC_IRQ0 = 16
};

typedef struct sim_insn sim_insn;
/* Executes one instruction at pc and returns the address of the next one; a faulting
 * instruction returns pc itself, after it has recorded the fault. */
typedef uint32_t (*sim_op)(sim_cpu *cpu, const sim_insn *i, uint32_t pc);

/* One predecoded instruction. What the operand fields mean is agreed between the
 * decoder and the operation. op is NULL where nothing has been decoded. */
struct sim_insn {
    sim_op op;
    uint32_t imm;
    uint8_t rd, rn, rm;
    uint8_t len; /* 2 or 4 */
};

/* The records of one granule of memory. */
struct sim_code {
    sim_insn insn[SIM_GRANULE_BYTES / 2];
    uint32_t quiet[SIM_GRANULE_BYTES / 64]; /* bit: keeps the flags inside an IT block */
    uint8_t live[4];                        /* per 256 bytes: something here is decoded */
    uint32_t count;                         /* used in the guard record only */
};

typedef struct sim_granule {
    uint8_t *rd; /* host memory for reads, NULL: slow path */
    uint8_t *wr; /* host memory for writes, NULL: slow path */
    sim_code *code;
    uint32_t flags; /* SIM_MAP_* */
} sim_granule;

/* A second-level table, and what it holds if all of it was mapped at once and not changed since:
 * each flash operation unmaps a bank and maps it again, which is then a matter of a pointer. */
typedef struct sim_table {
    sim_granule granule[SIM_TABLE_GRANULES];
    bool whole;
    const uint8_t *host;
    const sim_code *code;
    uint32_t flags, veil_changes;
    const bool *clear;
} sim_table;

typedef struct sim_flags { /* condition flags, kept as what they were made from */
    uint32_t n;            /* N is bit 31 */
    uint32_t z;            /* Z is set when this is 0 */
    uint32_t c;            /* 0 or 1 */
    uint32_t v;            /* 0 or 1 */
} sim_flags;

typedef struct sim_systick {
    uint32_t ctrl; /* ENABLE, TICKINT, CLKSOURCE */
    uint32_t reload;
    uint32_t held;      /* counter while disabled */
    uint64_t zero_tick; /* tick (of the chosen clock) at which the counter becomes 0 */
    uint64_t wrap;      /* distance to zero_tick at the moment of a 0 */
    bool count_flag;
    bool stopped; /* reached 0 with RVR = 0 */
} sim_systick;

typedef struct sim_mpu {
    uint32_t ctrl;
    uint32_t rnr;
    uint32_t rbar[16];
    uint32_t rasr[16]; /* ARMv8-M: RLAR */
    uint32_t mair[2];
} sim_mpu;

struct sim_cpu {
    uint32_t r[16]; /* r[13] is the SP in use; r[15] is not used, see pc */
    sim_flags f;
    uint64_t cycles;
    uint64_t stop_at;    /* the inner loop ends when cycles reach this; 0 asks for attention */
    uint64_t chain_until; /* not after stop_at: operations go on by themselves; 0: they do not */
    sim_code *window_code; /* of the granule that the loop is in; looked at where they chain */
    uint32_t window;
    uint32_t slow_flags; /* granules with one of these go the slow way */
    uint32_t load_next;  /* address after the last single load: the next load pipelines */
    uint32_t branch_wait;/* flash wait states of a taken branch in the present granule */
    uint32_t pc;
    uint8_t it; /* ITSTATE */
    uint8_t ge;
    bool q;
    bool t;
    bool abort; /* the present instruction faulted: nothing of it counts */
    uint8_t stop_pending; /* 1 + sim_cpu_stop, 0 for none */
    bool exclusive;
    bool it_loaded; /* an exception return in an IT block brought a new ITSTATE */
    bool as_user; /* LDRT, STRT: the access counts as unprivileged */

    uint32_t other_sp; /* the SP not in use */
    bool psp_in_use;
    uint32_t ipsr;
    uint32_t control; /* nPRIV, SPSEL, FPCA */
    uint32_t primask, faultmask, basepri;

    bool fresh; /* reset, and not run since: the interrupt lines are to be looked at */
    bool sleeping, sleep_is_wfe, event;
    bool mpu_denied; /* why the last raw access failed */

    /* Exceptions by number: pending, enabled, active; line level for interrupts. */
    uint32_t pending[SIM_EXCEPTION_WORDS];
    uint32_t enabled[SIM_EXCEPTION_WORDS];
    uint32_t active[SIM_EXCEPTION_WORDS];
    uint32_t level[SIM_EXCEPTION_WORDS];
    uint8_t priority[SIM_MAX_EXCEPTIONS];
    unsigned exceptions; /* 16 + irq_count */
    uint32_t priority_mask;

    uint32_t vtor, aircr_prigroup, scr, ccr, cfsr, hfsr, dfsr, mmfar, bfar, afsr, actlr, cpacr;
    uint32_t fpccr, fpcar, fpdscr, demcr;
    uint32_t dwt_ctrl, dwt_held;
    uint64_t dwt_base;
    sim_systick tick;
    sim_mpu mpu;

    unsigned wait_states;
    unsigned line_shift; /* a line of flash has 1 << line_shift bytes */
    bool part_icache, icache, dcache, prefetch; /* icache: the part's, or the core's */
    bool fetch_by_line;      /* each line costs: no cache, no prefetch */
    uint32_t last_data_line; /* address >> line_shift of the last flash data read */
    uint32_t last_fetch_line;

    uint64_t instructions;
    sim_cpu_config config;
    sim_bus bus;
    sim_cpu_cache_hook cache_hook;
    void *cache_ctx;
    sim_cpu_exception_hook hook;
    void *hook_ctx;
    sim_granule *map[SIM_TABLES]; /* the granules of `table`, or sim_no_granules */
    sim_table *table[SIM_TABLES]; /* NULL until something is mapped there */
    const struct sim_core_row *core;
    uint32_t s[32]; /* floating point; D registers are pairs */
    uint32_t fpscr;
    uint32_t sp_limit[2]; /* ARMv8-M: MSPLIM, PSPLIM */
    uint32_t csselr;
    sim_cpu_veil veil;
    void *veil_ctx;
    uint32_t veil_changes; /* counted by who veils: of the flags that it has given away */
    const char *lockup; /* what happened, for stop_text */
    char stop_text[160];
};

#endif
