/* The core of the simulated part: an interpreter of ARMv7E-M and ARMv8-M mainline with
 * floating point, its exceptions, NVIC, SCB and SysTick. It knows no peripheral and no
 * chip: memory comes from sim_cpu_map(), everything else goes through the bus below. */
#ifndef SIM_CPU_H
#define SIM_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one bus access came to. */
typedef enum sim_access {
    SIM_ACCESS_OK = 0,
    SIM_ACCESS_FAULT, /* the bus answered with an error: precise BusFault (or IBUSERR on a fetch) */
    SIM_ACCESS_STOP   /* the model cannot answer: the run ends before the instruction has effect */
} sim_access;

typedef enum sim_access_kind {
    SIM_ACCESS_DATA,
    SIM_ACCESS_FETCH,
    SIM_ACCESS_VECTOR
} sim_access_kind;

/* The slow path: whatever is not mapped, or is mapped as slow. size is 1, 2 or 4
 * and address is a multiple of size (the core splits unaligned accesses).
 * The core has brought `cycles` up to date before it calls. A model may add to
 * sim_cpu.cycles to stall the core (wait states, a busy flash bank). */
typedef struct sim_bus {
    void *ctx;
    sim_access (*read)(void *ctx, uint32_t address, unsigned size, sim_access_kind kind,
                       uint32_t *value);
    sim_access (*write)(void *ctx, uint32_t address, unsigned size, uint32_t value);
} sim_bus;

typedef enum sim_cpu_stop {
    SIM_CPU_DEADLINE,      /* cycles reached the limit */
    SIM_CPU_SLEEP,         /* WFI or WFE with nothing to wake it: only an event can go on */
    SIM_CPU_RESET_REQUEST, /* AIRCR.SYSRESETREQ (or VECTRESET) was written */
    SIM_CPU_LOCKUP,        /* a fault in HardFault or NMI */
    SIM_CPU_BUS_STOP,      /* the bus answered SIM_ACCESS_STOP */
    SIM_CPU_UNMODELLED,    /* the core itself met what it does not model; at present nothing */
    SIM_CPU_BREAK          /* sim_cpu_break() was called, by an event or by the bus */
} sim_cpu_stop;

enum { /* for sim_cpu_map */
    SIM_MAP_READ = 1u,
    SIM_MAP_WRITE = 2u, /* plain RAM: stores go straight to host memory */
    SIM_MAP_EXEC = 4u,
    SIM_MAP_FLASH = 8u /* flash: wait states of sim_cpu_set_flash_timing() apply */
};

/* One predecoded halfword; the decoder owns its meaning. Keyed by the memory
 * itself, not by the address, so that a bank swap needs no invalidation. */
typedef struct sim_code sim_code;

typedef struct sim_cpu sim_cpu; /* the struct is in cpu_state.h: tests and tracers may look */

/* Which core the part has; docs/simulator-core.md tells what each one brings. */
typedef enum sim_core_kind {
    SIM_CORE_M4, /* ARMv7E-M, FPv4 single precision */
    SIM_CORE_M7, /* ARMv7E-M, FPv5 double precision */
    SIM_CORE_M33 /* ARMv8-M mainline without the Security Extension, FPv5 single precision */
} sim_core_kind;

/* irq_count: lines of this part (102 on the G474). priority_bits: 4 on STM32. */
typedef struct sim_cpu_config {
    unsigned irq_count;
    unsigned priority_bits;
    uint32_t cpuid; /* 0: that of the core's usual revision, such as 0x410FC241 */
    sim_core_kind core;
    unsigned mpu_regions; /* 0: what the core has at most, or usually */
} sim_cpu_config;

/* NULL when memory ends, or for a core that there is not. */
sim_cpu *sim_cpu_new(const sim_cpu_config *config, const sim_bus *bus);
void sim_cpu_free(sim_cpu *cpu);

/* Reset: all core registers, NVIC, SCB, SysTick; then SP and PC are read from
 * vector_base (0 on real parts: the alias), VTOR := vtor. cycles is kept. */
void sim_cpu_reset(sim_cpu *cpu, uint32_t vector_base, uint32_t vtor);

/* Runs until `cycles` >= deadline or something in sim_cpu_stop happens. */
sim_cpu_stop sim_cpu_run(sim_cpu *cpu, uint64_t deadline_cycles);
/* Exactly one instruction (or one exception entry), for lockstep tests. */
sim_cpu_stop sim_cpu_step(sim_cpu *cpu);
/* Makes a running sim_cpu_run() return SIM_CPU_BREAK after the present instruction. */
void sim_cpu_break(sim_cpu *cpu);

/* HCLK cycles since sim_cpu_new. Models may add to it to stall the core. */
uint64_t sim_cpu_cycles(const sim_cpu *cpu);
/* Instructions executed since sim_cpu_new, up to date between runs. */
uint64_t sim_cpu_instructions(const sim_cpu *cpu);
void sim_cpu_stall(sim_cpu *cpu, uint64_t cycles);
/* Where the core would be if it slept until then: sets cycles forward, SysTick included. */
void sim_cpu_skip_to(sim_cpu *cpu, uint64_t cycles);
/* Cycle at which SysTick next raises its exception; UINT64_MAX when it will not.
 * A sleeping machine advances to the earlier of this and its own next event. */
uint64_t sim_cpu_next_tick(const sim_cpu *cpu);

/* Maps host memory at [base, base+bytes): multiples of 1 KB. `code` has bytes/2
 * records made by sim_code_new(), or NULL where nothing executes. Mapping again
 * replaces. Unmapped granules go to the bus. Cheap enough to be called on every
 * bank swap, flash operation and torn unit. */
void sim_cpu_map(sim_cpu *cpu, uint32_t base, uint32_t bytes, uint8_t *host, sim_code *code,
                 unsigned flags);
void sim_cpu_unmap(sim_cpu *cpu, uint32_t base, uint32_t bytes);
/* Asked where memory is mapped as flash: which of its granules are so (one flag each); the
 * others are left to the bus. NULL: all of them. Told, with host NULL, what is unmapped. */
typedef const bool *(*sim_cpu_veil)(void *ctx, uint32_t base, uint32_t bytes,
                                    const uint8_t *host, sim_code *code);
void sim_cpu_set_veil(sim_cpu *cpu, sim_cpu_veil veil, void *ctx);

/* Records for `bytes` of code memory, all undecoded. */
sim_code *sim_code_new(uint32_t bytes);
void sim_code_free(sim_code *code);
/* The records from `offset` on (a multiple of 1 KB), to map a part of the memory. */
sim_code *sim_code_at(sim_code *code, uint32_t offset);
/* To be called by whoever changes mapped memory behind the core's back (flash
 * program and erase, loaders). Stores by the core itself do this by themselves. */
void sim_code_invalidate(sim_code *code, uint32_t offset, uint32_t bytes);

/* What one access of the flash yields, a power of two; 8 until it is told. */
void sim_cpu_set_flash_line(sim_cpu *cpu, unsigned bytes);
/* Extra cycles of a flash access that misses: `wait_states` for a fetch after a taken
 * branch when the instruction cache is off, and for a data read that leaves the
 * last line when the data cache is off; see docs/simulator.md. `icache` is the part's own; a
 * Cortex-M7 has one in the core besides (CCR.IC). */
void sim_cpu_set_flash_timing(sim_cpu *cpu, unsigned wait_states, bool icache, bool dcache,
                              bool prefetch);

/* Interrupt lines are levels; the NVIC latches pending as ARMv7-M B3.4 says. */
void sim_cpu_irq(sim_cpu *cpu, unsigned irq, bool level);
void sim_cpu_pend_nmi(sim_cpu *cpu);
/* An imprecise or external event for WFE (SEV, EXTI event lines). */
void sim_cpu_event(sim_cpu *cpu);

/* How a Cortex-M7 caches data at this address: by the MPU's region, or the default map. Whether
 * the cache is on, and whether what lies there is cached at all (TCM is not), is not asked. */
typedef enum sim_cache_policy { SIM_CACHE_NONE, SIM_CACHE_THROUGH, SIM_CACHE_BACK } sim_cache_policy;
sim_cache_policy sim_cpu_cache_policy(const sim_cpu *cpu, uint32_t address);
/* Told of writes to CCR (what it is then) and to the cache maintenance registers. */
typedef void (*sim_cpu_cache_hook)(void *ctx, uint32_t address, uint32_t value);
void sim_cpu_set_cache_hook(sim_cpu *cpu, sim_cpu_cache_hook hook, void *ctx);

/* The PPB (0xE0000000-0xE00FFFFF) is the core's own: SCB, NVIC, SysTick, DWT.CYCCNT,
 * CPACR, MPU. DBGMCU (0xE0042000) is passed to the bus. */

/* 0..15; 15 is the address of the next instruction. */
uint32_t sim_cpu_reg(const sim_cpu *cpu, unsigned n);
void sim_cpu_set_reg(sim_cpu *cpu, unsigned n, uint32_t value);
uint32_t sim_cpu_xpsr(const sim_cpu *cpu);
void sim_cpu_set_xpsr(sim_cpu *cpu, uint32_t value);
/* PC of the instruction being executed: what a bus model reports in an error. */
uint32_t sim_cpu_pc(const sim_cpu *cpu);
/* Why SIM_CPU_LOCKUP: one line, with PC and the fault registers. */
const char *sim_cpu_stop_text(const sim_cpu *cpu);

/* Called on exception entry and return when set; for --trace irq,exception. */
typedef void (*sim_cpu_exception_hook)(void *ctx, bool entry, unsigned number, uint32_t pc);
void sim_cpu_set_exception_hook(sim_cpu *cpu, sim_cpu_exception_hook hook, void *ctx);

#endif
