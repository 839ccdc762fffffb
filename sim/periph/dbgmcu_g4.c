/* DBGMCU of STM32G4 (RM0440 47.6), L4 and L4+: identity, and the debugger's freezes as storage.
 * IDCODE can be read without a debugger on this line. */
#include "sim/periph/part/part.h"

enum { R_IDCODE, R_CR, R_APB1FZR1, R_APB1FZR2, R_APB2FZR };

static const sim_reg rows[] = {
    [R_IDCODE] = {0x00, "IDCODE", 0, 0},
    [R_CR] = {0x04, "CR", 0, 0x000000E7u},
    [R_APB1FZR1] = {0x08, "APB1FZR1", 0, 0xC0601C3Fu},
    [R_APB1FZR2] = {0x0C, "APB1FZR2", 0, 0x00000002u},
    [R_APB2FZR] = {0x10, "APB2FZR", 0, 0x04172800u},
};

typedef struct sim_dbgmcu {
    sim_block block;
    uint32_t revision;
} sim_dbgmcu;

static uint32_t dbgmcu_read(void *owner, unsigned reg, uint32_t stored)
{
    const sim_dbgmcu *d = owner;
    return reg == R_IDCODE ? d->revision | sim_chip(d->block.part->m)->device_id : stored;
}

static void dbgmcu_reset(void *owner, unsigned cause, bool backup_lost)
{
    sim_dbgmcu *d = owner;
    (void)backup_lost;
    if ((cause & SIM_RESET_POWER) != 0u) { /* a system reset leaves a debugger its settings */
        sim_block_reset_values(&d->block);
    }
}

void sim_dbgmcu_g4_new(sim_part *part, uint32_t revision)
{
    static const sim_block_hooks hooks = {dbgmcu_read, NULL, dbgmcu_reset};
    static const sim_block_spec spec = {"DBGMCU", 0xE0042000u, 0x400u, false, rows,
                                        SIM_ROWS(rows), &hooks};
    sim_dbgmcu *d = sim_part_alloc(part, sizeof *d);
    d->revision = revision;
    sim_block_init(&d->block, part, d, &spec);
    d->block.keeps_values = true;
}
