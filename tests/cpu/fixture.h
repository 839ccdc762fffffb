/* A core with a little flash, RAM and a bus of oddities, for the tests of the core. */
#ifndef TEST_CPU_FIXTURE_H
#define TEST_CPU_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/cpu/cpu_state.h"

enum {
    FLASH = 0x08000000,
    FLASH_BYTES = 0x4000,
    SLOW_FLASH = 0x08004000, /* 1 KB more, not mapped: fetched through the bus */
    RAM = 0x20000000,
    RAM_BYTES = 0x10000,
    STACK = RAM + 0x8000,
    CODE = FLASH + 0x400,
    HANDLERS = FLASH + 0x1000, /* exception n at + 64 n; `bx lr` until a test says otherwise */
    IRQS = 102
};

/* What the bus answers, by address. */
enum {
    DEV_PLAIN = 0x40000000,  /* 64 words that keep their value */
    DEV_FAULT = 0x40001000,  /* bus error */
    DEV_STOP = 0x40002000,   /* the model cannot answer */
    DEV_NMI = 0x40003000,    /* a read pends NMI, like an ECC error */
    DEV_IRQ = 0x40004000,    /* a write sets line (value & 0xFF) to value >> 8 */
    DEV_STALL = 0x40005000,  /* takes 10 cycles more */
    DEV_REMAP = 0x40006000,  /* a write maps the other flash array */
    DEV_BREAK = 0x40007000   /* a write calls sim_cpu_break */
};

typedef struct rig {
    sim_cpu *cpu;
    sim_code *flash_code, *other_code, *ram_code;
    uint8_t flash[FLASH_BYTES], other[FLASH_BYTES], slow[1024], ram[RAM_BYTES];
    uint32_t plain[64];
    unsigned reads, writes, fetches;
    uint32_t last_address, last_value;
    unsigned last_size;
    uint32_t pc_at_access;
    uint64_t cycles_at_access;
} rig;

rig *rig_new(void); /* a Cortex-M4 */
rig *rig_new_core(sim_core_kind core);
void rig_free(rig *r);
/* Writes halfwords and forgets what was decoded there. */
void rig_put(rig *r, uint32_t address, const uint16_t *code, size_t count);
#define PUT(r, address, ...)                                                                       \
    rig_put(r, address, (const uint16_t[]){ __VA_ARGS__ },                                         \
            sizeof((const uint16_t[]){ __VA_ARGS__ }) / 2)
void rig_reset(rig *r);
/* count steps, each of which must end normally. */
void rig_steps(rig *r, unsigned count);
uint32_t rig_word(const rig *r, uint32_t ram_address);
void rig_set_word(rig *r, uint32_t ram_address, uint32_t value);
static inline uint32_t handler(unsigned exception)
{
    return HANDLERS + 64u * exception;
}
/* PPB registers, as a privileged access of the core would reach them. */
void rig_ppb_write(rig *r, uint32_t address, uint32_t value);
uint32_t rig_ppb_read(rig *r, uint32_t address);

#define assert_pc(r, expected) assert_int_equal(sim_cpu_reg((r)->cpu, 15), (uint32_t)(expected))
#define assert_reg(r, n, expected)                                                                 \
    assert_int_equal(sim_cpu_reg((r)->cpu, n), (uint32_t)(expected))

#endif
