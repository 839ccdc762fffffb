/* PWR of the STM32H7 (RM0433 6.8, RM0455 6.8): the supply configuration that is written
 * once, voltage scales, the backup domain's write protection, the voltage detector, Standby. */
#include "sim/periph/clock/pwr_h7.h"

#include "sim/periph/clock/wakeup.h"

enum { R_CR1, R_CSR1, R_CR2, R_CR3, R_CPUCR, R_D3CR, R_WKUPCR, R_WKUPFR, R_WKUPEPR };

#define CR1_PVDE (1u << 4)
#define CR1_PLS_EXTERNAL 7u
#define CR1_DBP (1u << 8)
#define CSR1_PVDO (1u << 4)
#define CR3_ONCE 0xFFu
#define CSR1_ACTVOSRDY (1u << 13)
#define CPUCR_PDDS 7u /* of the three domains: all of them, or it is no Standby of the system */
#define CPUCR_PDDS_SRD 4u /* H7A3 */
#define CPUCR_SBF (1u << 6)
#define CPUCR_CSSF (1u << 9)
#define CPUCR_RUN_D3 (1u << 11)
#define WKUP_PINS 0x3Fu
#define WKUP1_FALLING (1u << 8)
#define D3CR_VOSRDY (1u << 13)
#define D3CR_VOS_SHIFT 14u
#define VOS_CHANGE (20u * SIM_PS_PER_US)
#define PVD_START (10u * SIM_PS_PER_US) /* not in the datasheet */
#define DEVICE_ID_H7A3 0x480u

/* D3CR is SRDCR on the H7A3, with VOS coded otherwise. */
static const sim_reg rows_h743[] = {
    [R_CR1] = {0x00, "CR1", 0xF000C000u, 0x0007C3F1u},
    [R_CSR1] = {0x04, "CSR1", 0x00004000u, 0},
    [R_CR2] = {0x08, "CR2", 0, 0x00000011u},
    [R_CR3] = {0x0C, "CR3", 0x00000006u, 0x01000307u},
    [R_CPUCR] = {0x10, "CPUCR", 0, 0x00000807u},
    [R_D3CR] = {0x18, "D3CR", 0x00004000u, 0x0000C000u},
    [R_WKUPCR] = {0x20, "WKUPCR", 0, 0},
    [R_WKUPFR] = {0x24, "WKUPFR", 0, 0},
    [R_WKUPEPR] = {0x28, "WKUPEPR", 0, 0x0FFF3F3Fu},
};
static const sim_reg rows_h7a3[] = {
    [R_CR1] = {0x00, "CR1", 0xF000C000u, 0x0F07F3F1u},
    [R_CSR1] = {0x04, "CSR1", 0x00000000u, 0},
    [R_CR2] = {0x08, "CR2", 0, 0x00000011u},
    [R_CR3] = {0x0C, "CR3", 0x00000006u, 0x0100033Fu},
    [R_CPUCR] = {0x10, "CPUCR", 0, 0x00000805u},
    [R_D3CR] = {0x18, "SRDCR", 0x00000000u, 0x0000C000u},
    [R_WKUPCR] = {0x20, "WKUPCR", 0, 0},
    [R_WKUPFR] = {0x24, "WKUPFR", 0, 0},
    [R_WKUPEPR] = {0x28, "WKUPEPR", 0, 0x0FFF3F3Fu},
};

typedef struct sim_pwr {
    sim_block block;
    bool h7a3;
    bool chosen; /* CR3, since power-on */
    sim_ps vos_at, pvd_at;
} sim_pwr;

unsigned sim_pwr_h7_scale(const sim_part *part)
{
    static const uint8_t h743[4] = {3, 3, 2, 1}, h7a3[4] = {3, 2, 1, 0};
    unsigned vos = part->pwr->block.value[R_D3CR] >> D3CR_VOS_SHIFT & 3u;
    if (!part->pwr->h7a3 && vos == 3u && sim_syscfg_h7_over_drive(part)) {
        return 0;
    }
    return part->pwr->h7a3 ? h7a3[vos] : h743[vos];
}

bool sim_pwr_h7_supply_chosen(const sim_part *part)
{
    return part->pwr->chosen;
}

static bool dbp(const sim_part *part)
{
    return (part->pwr->block.value[R_CR1] & CR1_DBP) != 0u;
}

/* RM0433 6.5.4, levels of DS12110, falling. It tells nothing before it has settled. */
static bool supply_is_low(const sim_pwr *p)
{
    static const uint16_t level_mv[] = {1950u, 2100u, 2250u, 2400u, 2550u, 2700u, 2850u};
    uint32_t cr1 = p->block.value[R_CR1];
    return (cr1 & CR1_PVDE) != 0u && sim_now(p->block.part->m) >= p->pvd_at &&
           sim_supply(p->block.part->m) < level_mv[cr1 >> 5 & 7u];
}

static uint32_t pwr_read(void *owner, unsigned reg, uint32_t stored)
{
    const sim_pwr *p = owner;
    bool there = sim_now(p->block.part->m) >= p->vos_at;
    if (reg == R_CSR1) {
        return (p->block.value[R_D3CR] & 0xC000u) | (there ? CSR1_ACTVOSRDY : 0u) |
               (supply_is_low(p) ? CSR1_PVDO : 0u);
    }
    if (reg == R_D3CR && there) {
        stored |= D3CR_VOSRDY;
    }
    return stored;
}

static sim_access pwr_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_pwr *p = owner;
    sim_part *part = p->block.part;
    switch (reg) {
    case R_CR1:
        if ((raw >> 5 & 7u) == CR1_PLS_EXTERNAL) {
            return sim_block_unmodelled(&p->block, reg, raw, "PVD_IN is not modelled");
        }
        if ((raw & ~old & CR1_PVDE) != 0u) {
            p->pvd_at = sim_now(part->m) + PVD_START;
        }
        break;
    case R_CR3:
        if (p->chosen) { /* the lower byte is written once */
            p->block.value[reg] = (p->block.value[reg] & ~CR3_ONCE) | (old & CR3_ONCE);
        }
        p->chosen = true;
        break;
    case R_CPUCR:
        if ((raw & CPUCR_CSSF) != 0u) {
            p->block.value[reg] &= ~CPUCR_SBF;
        }
        break;
    case R_WKUPCR:
        p->block.value[R_WKUPFR] &= ~(raw & WKUP_PINS);
        break;
    case R_WKUPEPR:
        sim_wakeup_look(part);
        break;
    case R_D3CR:
        if (p->block.value[reg] != old) {
            if (!p->chosen) {
                return sim_block_unmodelled(&p->block, reg, raw,
                                            "VOS changed before PWR_CR3 was written");
            }
            p->vos_at = sim_now(part->m) + VOS_CHANGE;
        }
        sim_check_clock(part->m);
        break;
    default:
        break;
    }
    return SIM_ACCESS_OK;
}

static const char *deep_sleep(const sim_part *part)
{
    uint32_t cpucr = part->pwr->block.value[R_CPUCR];
    uint32_t all = part->pwr->h7a3 ? CPUCR_PDDS_SRD : CPUCR_PDDS;
    return sim_wakeup_why_not(part, (cpucr & (all | CPUCR_RUN_D3)) == all, false);
}

/* SBF is for power-on and CSSF to clear; the wake-up registers outlast Standby (RM0433 6.8). */
static void pwr_reset(void *owner, unsigned cause, bool backup_lost)
{
    sim_pwr *p = owner;
    (void)backup_lost;
    uint32_t *value = p->block.value, cr3 = value[R_CR3], flags = value[R_WKUPFR];
    uint32_t sbf = value[R_CPUCR] & CPUCR_SBF, pins = value[R_WKUPEPR];
    sim_block_reset_values(&p->block);
    p->vos_at = p->pvd_at = 0;
    if ((cause & SIM_RESET_POWER) != 0u) {
        p->chosen = false;
    } else {
        p->block.value[R_CR3] = cr3; /* a system reset leaves the supply as it is */
    }
    if ((cause & SIM_RESET_STANDBY) != 0u) {
        sbf = CPUCR_SBF;
        value[R_WKUPEPR] = pins;
    }
    if ((cause & SIM_RESET_POWER) == 0u) {
        value[R_CPUCR] = sbf;
        value[R_WKUPFR] = flags;
    }
    sim_wakeup_reset(p->block.part);
}

void sim_pwr_h7_new(sim_part *part)
{
    static const sim_block_hooks hooks = {pwr_read, pwr_write, pwr_reset};
    sim_pwr *p = sim_part_alloc(part, sizeof *p);
    p->h7a3 = sim_chip(part->m)->device_id == DEVICE_ID_H7A3;
    sim_block_spec spec = {"PWR", 0x58024800u, 0x400u, false,
                           p->h7a3 ? rows_h7a3 : rows_h743, SIM_ROWS(rows_h743), &hooks};
    part->pwr = p;
    sim_block_init(&p->block, part, p, &spec);
    p->block.keeps_values = true;
    uint32_t *value = p->block.value;
    sim_wakeup_new(part, &(sim_wakeup){.enables = &value[R_WKUPEPR], .falling = &value[R_WKUPEPR],
                                       .flags = &value[R_WKUPFR], .enable = 1u,
                                       .fall = WKUP1_FALLING, .flag = 1u,
                                       .others = WKUP_PINS & ~1u});
    part->services.deep_sleep = deep_sleep;
    part->services.dbp = dbp;
    part->services.has_pvd = true;
}
