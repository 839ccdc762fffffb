/* What the tests of the U5's flash share: its registers, driven while the core sleeps. */
#ifndef TEST_SIM_RIG_U5_H
#define TEST_SIM_RIG_U5_H

#include <string.h>

#include "rig.h"

#define NSKEYR 0x40022008u
#define OPTKEYR 0x40022010u
#define NSSR 0x40022020u
#define NSCR 0x40022028u
#define ECCR 0x40022030u
#define OPSR 0x40022034u
#define OPTR 0x40022040u
#define WRP1AR 0x40022058u
#define WRP2AR 0x40022068u
#define ICACHE_CR 0x40030400u
#define ICACHE_SR 0x40030404u
#define U_ERRORS 0x20FAu
#define U_OPTWERR (1u << 13)
#define U_WDW (1u << 17)
#define ECC_BK (1u << 21)
#define ECCIE (1u << 24)
#define ECCC (1u << 30)
#define ECCD (1u << 31)
#define OPTR_PRODUCTION 0x1FEFF8AAu
#define SWAP_BANK (1u << 20)
#define DUALBANK (1u << 21)
#define TZEN (1u << 31)
#define PAGE 0x2000u

/* The core asleep in SRAM, with an NMI handler that returns. */
static inline void asleep(sim_machine *m)
{
    wr(m, 0x20000100u, 0xE7FDBF30u); /* wfi; b .-2 */
    wr(m, 0x20000104u, 0x47704770u); /* bx lr */
    sim_cpu_set_reg(sim_core(m), 13u, 0x20018000u);
    sim_cpu_set_reg(sim_core(m), 15u, 0x20000100u);
}

static inline sim_machine *new_with(const char *name, unsigned readings, uint32_t seed)
{
    const sim_options options = {.seed = seed, .readings = readings};
    static const uint8_t vectors[16] = {0x00, 0x80, 0x01, 0x20, 0x01, 0x01, 0x00, 0x20,
                                        0x05, 0x01, 0x00, 0x20, 0x05, 0x01, 0x00, 0x20};
    const tb_chip *chip = tb_chip_find(name);
    sim_machine *m = sim_new(chip, &options);
    assert_non_null(m);
    assert_true(sim_flash_load(m, BANK1, vectors, sizeof vectors));
    assert_true(sim_flash_load(m, chip->bank2_base, vectors, sizeof vectors));
    sim_power_on(m, true);
    asleep(m);
    return m;
}

static inline sim_machine *new_part(const char *name)
{
    return new_with(name, 0u, 1u);
}

static inline uint32_t high(const sim_machine *m)
{
    return sim_chip(m)->bank2_base;
}

static inline void unlock(sim_machine *m)
{
    if ((rd(m, NSCR) & LOCK) != 0u) {
        wr(m, NSKEYR, 0x45670123u);
        wr(m, NSKEYR, 0xCDEF89ABu);
    }
}

static inline void unlock_options(sim_machine *m)
{
    unlock(m);
    wr(m, OPTKEYR, 0x08192A3Bu);
    wr(m, OPTKEYR, 0x4C5D6E7Fu);
}

/* Until no operation is under way; its error flags, cleared, and no mode bit left. */
static inline uint32_t done(sim_machine *m)
{
    while ((rd(m, NSSR) & BSY) != 0u) {
        rig_pass(m, SIM_PS_PER_MS);
    }
    uint32_t errors = rd(m, NSSR) & U_ERRORS;
    wr(m, NSSR, U_ERRORS);
    wr(m, NSCR, 0u);
    return errors;
}

static inline void put(sim_machine *m, uint32_t address, uint32_t seed)
{
    wr(m, NSCR, PG);
    for (uint32_t i = 0; i < 4u; i++) {
        wr(m, address + 4u * i, seed + (seed == 0u || seed == BLANK ? 0u : i));
    }
}

static inline uint32_t program(sim_machine *m, uint32_t address, uint32_t seed)
{
    put(m, address, seed);
    return done(m);
}

static inline uint32_t erase(sim_machine *m, unsigned bank, unsigned page)
{
    wr(m, NSCR, PER | PNB(page) | (bank == 1u ? BKER : 0u) | STRT);
    return done(m);
}

static inline void write_options(sim_machine *m, uint32_t reg, uint32_t value)
{
    unlock_options(m);
    wr(m, reg, value);
    wr(m, NSCR, OPTSTRT);
}

/* Written and loaded; the part is as after a reset. */
static inline void set_options(sim_machine *m, uint32_t reg, uint32_t value)
{
    write_options(m, reg, value);
    rig_pass(m, 20u * SIM_PS_PER_MS);
    assert_int_equal(rd(m, NSSR) & (BSY | U_ERRORS), 0);
    wr(m, NSCR, OBL_LAUNCH);
    (void)sim_run(m, sim_now(m) + SIM_PS_PER_US);
    asleep(m);
}

static inline uint32_t eccr_of(sim_machine *m, uint32_t address)
{
    (void)rd(m, address);
    rig_pass(m, SIM_PS_PER_US); /* the NMI is taken, or the core would be locked up */
    uint32_t eccr = rd(m, ECCR);
    wr(m, ECCR, eccr);
    assert_int_equal(rd(m, ECCR) & (ECCC | ECCD), 0u);
    return eccr;
}

#endif
