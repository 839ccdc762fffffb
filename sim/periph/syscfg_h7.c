/* SYSCFG of the STM32H7 (RM0433 12.3, RM0455 12.3): EXTI's ports, the compensation cell, and on
 * the H743 over-drive (VOS0) and the user register that shows the swap. */
#include "sim/periph/clock/pwr_h7.h"

enum { S_PMCR, S_EXTICR1, S_EXTICR2, S_EXTICR3, S_EXTICR4, S_CFGR, S_CCCSR, S_CCVR, S_CCCR,
       H7A3_ROWS, S_PWRCR = H7A3_ROWS, S_UR0, ROWS };

#define CCCSR_EN 1u
#define CCCSR_READY (1u << 8)
#define PWRCR_ODEN 1u
#define FLASH_OPTCR 0x52002018u
#define FLASH_OPTSR_CUR 0x5200201Cu
#define DEVICE_ID_H7A3 0x480u

static const sim_reg rows[ROWS] = {
    [S_PMCR] = {0x04, "PMCR", 0x0F000000u, 0x0F7003FFu},
    [S_EXTICR1] = {0x08, "EXTICR1", 0, 0xFFFFu},
    [S_EXTICR2] = {0x0C, "EXTICR2", 0, 0xFFFFu},
    [S_EXTICR3] = {0x10, "EXTICR3", 0, 0xFFFFu},
    [S_EXTICR4] = {0x14, "EXTICR4", 0, 0xFFFFu},
    [S_CFGR] = {0x18, "CFGR", 0, 0x0000FEDDu},
    [S_CCCSR] = {0x20, "CCCSR", 0, 0x00010003u},
    [S_CCVR] = {0x24, "CCVR", 0x88u, 0},
    [S_CCCR] = {0x28, "CCCR", 0, 0xFFu},
    [S_PWRCR] = {0x2C, "PWRCR", 0, PWRCR_ODEN},
    [S_UR0] = {0x300, "UR0", 0, 0},
};

typedef struct sim_syscfg {
    sim_block block;
} sim_syscfg;

static unsigned exti_port(const sim_part *part, unsigned line)
{
    return (part->syscfg->block.value[S_EXTICR1 + line / 4u] >> (4u * (line & 3u))) & 15u;
}

bool sim_syscfg_h7_over_drive(const sim_part *part)
{
    return sim_chip(part->m)->device_id != DEVICE_ID_H7A3 && part->syscfg != NULL &&
           (part->syscfg->block.value[S_PWRCR] & PWRCR_ODEN) != 0u;
}

static uint32_t syscfg_read(void *owner, unsigned reg, uint32_t stored)
{
    const sim_syscfg *s = owner;
    uint32_t optcr = 0, optsr = 0;
    if (reg == S_CCCSR && (stored & CCCSR_EN) != 0u) {
        return stored | CCCSR_READY;
    }
    if (reg != S_UR0 || sim_bus_read(s->block.part->m, FLASH_OPTCR, 4u, &optcr) != SIM_ACCESS_OK ||
        sim_bus_read(s->block.part->m, FLASH_OPTSR_CUR, 4u, &optsr) != SIM_ACCESS_OK) {
        return stored;
    }
    return optcr >> 31 | (optsr >> 8 & 0xFFu) << 16; /* BKS and RDP */
}

static sim_access syscfg_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_syscfg *s = owner;
    (void)old, (void)raw;
    if (reg == S_PWRCR) {
        sim_check_clock(s->block.part->m);
    }
    return SIM_ACCESS_OK;
}

void sim_syscfg_h7_new(sim_part *part)
{
    static const sim_block_hooks hooks = {syscfg_read, syscfg_write, NULL};
    bool h7a3 = sim_chip(part->m)->device_id == DEVICE_ID_H7A3;
    const sim_block_spec spec = {"SYSCFG", 0x58000400u, 0x400u, true, rows,
                                 h7a3 ? H7A3_ROWS : ROWS, &hooks};
    sim_syscfg *s = sim_part_alloc(part, sizeof *s);
    part->syscfg = s;
    part->services.exti_port = exti_port;
    sim_block_init(&s->block, part, s, &spec);
}
