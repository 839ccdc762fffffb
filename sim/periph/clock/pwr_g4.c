/* PWR of STM32G4 (RM0440 6.4), L4 and L4+ (RM0351 5.4): voltage ranges and the backup domain's
 * write protection, Standby. PVD compares VDD with its nominal levels; PVM never reports. */
#include <string.h>

#include "sim/periph/clock/wakeup.h"

enum { R_CR1, R_CR2, R_CR3, R_CR4, R_SR1, R_SR2, R_SCR, R_CR5, R_PULLS, R_COUNT = R_PULLS + 18 };

#define CR1_LPMS(cr1) ((cr1) & 7u)
#define LPMS_STANDBY 3u
#define CR1_DBP (1u << 8)
#define CR1_VOS 0x600u
#define CR1_LPR (1u << 14)
#define CR2_PVDE 1u
#define CR2_PLS(cr2) ((cr2) >> 1 & 7u)
#define CR2_IOSV (1u << 9)
#define VDDIO2_PORT 6u
#define VDDIO2_PINS 0xFFFCu /* PG2 to PG15 */
#define CR3_EWUP 0x1Fu
#define CR3_RRS (1u << 8)
#define SR1_SBF (1u << 8)
#define SR2_REGLPS (1u << 8)
#define SR2_REGLPF (1u << 9)
#define SR2_VOSF (1u << 10)
#define SR2_PVDO (1u << 11)
#define CR5_R1MODE (1u << 8)
#define PVD_START (10u * SIM_PS_PER_US)
#define VOS_CHANGE (20u * SIM_PS_PER_US) /* the regulator's way up to range 1 */

static const sim_reg rows[R_COUNT] = {
    [R_CR1] = {0x00, "CR1", 0x00000200u, 0x00004707u},
    [R_CR2] = {0x04, "CR2", 0, 0x000000FFu},
    [R_CR3] = {0x08, "CR3", 0x00008000u, 0x0000E51Fu},
    [R_CR4] = {0x0C, "CR4", 0, 0x0000031Fu},
    [R_SR1] = {0x10, "SR1", 0, 0},
    [R_SR2] = {0x14, "SR2", SR2_REGLPS, 0},
    [R_SCR] = {0x18, "SCR", 0, 0},
    [R_CR5] = {0x80, "CR5", CR5_R1MODE, CR5_R1MODE},
    [R_PULLS] = {0x20, "PUCRA", 0, 0xFFFFu},
    {0x24, "PDCRA", 0, 0xFFFFu},
    {0x28, "PUCRB", 0, 0xFFFFu},
    {0x2C, "PDCRB", 0, 0xFFFFu},
    {0x30, "PUCRC", 0, 0xFFFFu},
    {0x34, "PDCRC", 0, 0xFFFFu},
    {0x38, "PUCRD", 0, 0xFFFFu},
    {0x3C, "PDCRD", 0, 0xFFFFu},
    {0x40, "PUCRE", 0, 0xFFFFu},
    {0x44, "PDCRE", 0, 0xFFFFu},
    {0x48, "PUCRF", 0, 0xFFFFu},
    {0x4C, "PDCRF", 0, 0xFFFFu},
    {0x50, "PUCRG", 0, 0x07FFu},
    {0x54, "PDCRG", 0, 0x07FFu},
};

/* On L47x there is no CR5: its row only says that range 1 is the normal one. */
#define L4_ROWS                                                                               \
    [R_CR1] = {0x00, "CR1", 0x00000200u, 0x00004707u},                                        \
    [R_CR2] = {0x04, "CR2", 0, 0x000006FFu}, [R_CR3] = {0x08, "CR3", 0x00008000u, 0x851Fu},   \
    [R_CR4] = {0x0C, "CR4", 0, 0x0000031Fu}, [R_SR1] = {0x10, "SR1", 0, 0},                   \
    [R_SR2] = {0x14, "SR2", SR2_REGLPS, 0}, [R_SCR] = {0x18, "SCR", 0, 0},                    \
    [R_PULLS] = {0x20, "PUCRA", 0, 0xFFFFu}, {0x24, "PDCRA", 0, 0xFFFFu},                     \
    {0x28, "PUCRB", 0, 0xFFFFu}, {0x2C, "PDCRB", 0, 0xFFFFu}, {0x30, "PUCRC", 0, 0xFFFFu},    \
    {0x34, "PDCRC", 0, 0xFFFFu}, {0x38, "PUCRD", 0, 0xFFFFu}, {0x3C, "PDCRD", 0, 0xFFFFu},    \
    {0x40, "PUCRE", 0, 0xFFFFu}, {0x44, "PDCRE", 0, 0xFFFFu}, {0x48, "PUCRF", 0, 0xFFFFu},    \
    {0x4C, "PDCRF", 0, 0xFFFFu}, {0x50, "PUCRG", 0, 0xFFFFu}, {0x54, "PDCRG", 0, 0xFFFFu},    \
    {0x58, "PUCRH", 0, 0xFFFFu}, {0x5C, "PDCRH", 0, 0xFFFFu}

static const sim_reg rows_l47x[R_COUNT] = {L4_ROWS, [R_CR5] = {0x80, NULL, CR5_R1MODE, 0}};
static const sim_reg rows_l4r[R_COUNT] = {
    L4_ROWS, {0x60, "PUCRI", 0, 0xFFFFu}, {0x64, "PDCRI", 0, 0xFFFFu},
    [R_CR5] = {0x80, "CR5", CR5_R1MODE, CR5_R1MODE}};

typedef struct sim_pwr {
    sim_block block;
    bool vddio2; /* port G's upper pins have a supply of their own */
    sim_ps range1_at; /* VOSF until then */
    sim_ps pvd_at;
} sim_pwr;

sim_volt_range sim_pwr_range(const sim_part *part)
{
    const uint32_t *value = part->pwr->block.value;
    if ((value[R_CR1] & CR1_VOS) == 0x400u) {
        return SIM_RANGE2;
    }
    return (value[R_CR5] & CR5_R1MODE) != 0u ? SIM_RANGE1 : SIM_RANGE1_BOOST;
}

static bool dbp(const sim_part *part)
{
    return (part->pwr->block.value[R_CR1] & CR1_DBP) != 0u;
}

bool sim_pwr_low_power_run(const sim_part *part)
{
    return (part->pwr->block.value[R_CR1] & CR1_LPR) != 0u;
}

/* RM0440 6.4.2, RM0351 5.4.2, levels of the datasheets, about; the input that the last one
 * means is high. It tells nothing before it has settled. */
static bool supply_is_low(const sim_pwr *p)
{
    static const uint16_t level_mv[8] = {2000u, 2200u, 2400u, 2500u, 2600u, 2800u, 2900u};
    uint32_t cr2 = p->block.value[R_CR2];
    return (cr2 & CR2_PVDE) != 0u && sim_now(p->block.part->m) >= p->pvd_at &&
           sim_supply(p->block.part->m) < level_mv[CR2_PLS(cr2)];
}

static uint32_t pwr_read(void *owner, unsigned reg, uint32_t stored)
{
    const sim_pwr *p = owner;
    if (reg == R_SR2) {
        if (sim_pwr_low_power_run(p->block.part)) {
            stored |= SR2_REGLPF;
        }
        if (sim_now(p->block.part->m) < p->range1_at) {
            stored |= SR2_VOSF;
        }
        if (supply_is_low(p)) {
            stored |= SR2_PVDO;
        }
    }
    return stored;
}

static void supply(sim_pwr *p)
{
    sim_part *part = p->block.part;
    if (p->vddio2 && part->gpio != NULL) {
        bool on = (p->block.value[R_CR2] & CR2_IOSV) != 0u;
        sim_gpio_supply(part, VDDIO2_PORT, VDDIO2_PINS, on);
    }
}

static sim_access pwr_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_pwr *p = owner;
    sim_part *part = p->block.part;
    uint32_t vos = p->block.value[reg] & CR1_VOS;
    if (reg == R_SCR) {
        p->block.value[R_SR1] &= ~(raw & (SR1_SBF | 0x1Fu));
    } else if (reg == R_CR3 || reg == R_CR4) {
        sim_wakeup_look(part);
    } else if (reg == R_CR1) {
        if (vos == 0u || vos == CR1_VOS) {
            p->block.value[reg] = (p->block.value[reg] & ~CR1_VOS) | (old & CR1_VOS);
        } else if (vos == 0x200u && (old & CR1_VOS) == 0x400u) {
            p->range1_at = sim_now(part->m) + VOS_CHANGE;
        }
        sim_check_clock(part->m);
    } else if (reg == R_CR2) {
        if (((raw ^ old) & (CR2_PVDE | CR2_PLS(~0u) << 1)) != 0u) {
            p->pvd_at = sim_now(part->m) + PVD_START;
        }
        supply(p);
    } else if (reg == R_CR5) {
        sim_check_clock(part->m);
    }
    return SIM_ACCESS_OK;
}

static const char *deep_sleep(const sim_part *part)
{
    const uint32_t *value = part->pwr->block.value;
    return sim_wakeup_why_not(part, CR1_LPMS(value[R_CR1]) == LPMS_STANDBY,
                              (value[R_CR3] & CR3_RRS) != 0u);
}

/* SR1 is for power-on and for CWUFx and CSBF to clear; CR3, CR4 and the pulls outlast Standby
 * (RM0440 6.4.3 to 6.4.10). */
static void pwr_reset(void *owner, unsigned cause, bool backup_lost)
{
    sim_pwr *p = owner;
    uint32_t *value = p->block.value, kept[R_COUNT];
    bool slept = (cause & SIM_RESET_STANDBY) != 0u;
    (void)backup_lost;
    memcpy(kept, value, sizeof kept);
    sim_block_reset_values(&p->block);
    if ((cause & SIM_RESET_POWER) == 0u) {
        value[R_SR1] = kept[R_SR1] | (slept ? SR1_SBF : 0u);
    }
    if (slept) {
        value[R_CR3] = kept[R_CR3];
        value[R_CR4] = kept[R_CR4];
        memcpy(&value[R_PULLS], &kept[R_PULLS], (R_COUNT - R_PULLS) * sizeof *value);
    }
    p->range1_at = p->pvd_at = 0;
    supply(p);
    sim_wakeup_reset(p->block.part);
}

static void make(sim_part *part, const sim_reg *table, bool vddio2)
{
    static const sim_block_hooks hooks = {pwr_read, pwr_write, pwr_reset};
    const sim_block_spec spec = {"PWR", 0x40007000u, 0x400u, true, table, R_COUNT, &hooks};
    sim_pwr *p = sim_part_alloc(part, sizeof *p);
    part->pwr = p;
    part->services.dbp = dbp;
    part->services.has_pvd = true;
    p->vddio2 = vddio2;
    sim_block_init(&p->block, part, p, &spec);
    p->block.keeps_values = true;
    uint32_t *value = p->block.value;
    sim_wakeup_new(part, &(sim_wakeup){.enables = &value[R_CR3], .falling = &value[R_CR4],
                                       .flags = &value[R_SR1], .enable = 1u, .fall = 1u,
                                       .flag = 1u, .others = CR3_EWUP & ~1u});
    part->services.deep_sleep = deep_sleep;
}

void sim_pwr_g4_new(sim_part *part)
{
    make(part, rows, false);
}

void sim_pwr_l47x_new(sim_part *part)
{
    make(part, rows_l47x, true);
}

void sim_pwr_l4r_new(sim_part *part)
{
    make(part, rows_l4r, true);
}
