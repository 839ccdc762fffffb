/* PWR of the STM32F76x (RM0410 4.4): voltage scales, over-drive, Standby, and the backup
 * domain's write protection; SYSCFG (RM0410 7.2): the mapping of the two banks. PVD
 * compares VDD with its nominal levels; BOR never reports. */
#include "sim/periph/clock/pwr_f7.h"

#include "sim/periph/clock/wakeup.h"

enum { R_CR1, R_CSR1, R_CR2, R_CSR2 };

#define CR1_PDDS (1u << 1)
#define CR1_CSBF (1u << 3)
#define CR1_PVDE (1u << 4)
#define CR1_PLS(cr1) ((cr1) >> 5 & 7u)
#define CR1_DBP (1u << 8)
#define CR1_ODEN (1u << 16)
#define CR1_ODSWEN (1u << 17)
#define CSR1_SBF (1u << 1)
#define CSR1_PVDO (1u << 2)
#define CSR1_VOSRDY (1u << 14)
#define CSR1_ODRDY (1u << 16)
#define CSR1_ODSWRDY (1u << 17)
#define PINS 0x3Fu /* WUPF of CSR2, cleared by CWUPF of CR2; above them EWUP, and WUPP */
#define PIN_SHIFT 8u
#define PVD_START (10u * SIM_PS_PER_US) /* not in the datasheet */
#define OD_START (45u * SIM_PS_PER_US) /* DS11532, to ODRDY and as long to ODSWRDY */

static const sim_reg rows[] = {
    [R_CR1] = {0x00, "CR1", 0x0000C000u, 0x000FEFF3u},
    [R_CSR1] = {0x04, "CSR1", 0, 0x00000200u},
    [R_CR2] = {0x08, "CR2", 0, 0x00003F00u},
    [R_CSR2] = {0x0C, "CSR2", 0, 0x00003F00u},
};

typedef struct sim_pwr {
    sim_block block;
    sim_ps od_at, odsw_at, pvd_at;
} sim_pwr;

unsigned sim_pwr_f7_scale(const sim_part *part)
{
    static const uint8_t scale[4] = {3, 3, 2, 1};
    return scale[part->pwr->block.value[R_CR1] >> 14 & 3u];
}

bool sim_pwr_f7_over_drive(const sim_part *part)
{
    const sim_pwr *p = part->pwr;
    return (p->block.value[R_CR1] & CR1_ODSWEN) != 0u && sim_now(part->m) >= p->odsw_at;
}

static bool dbp(const sim_part *part)
{
    return (part->pwr->block.value[R_CR1] & CR1_DBP) != 0u;
}

/* RM0410 4.4.1, levels of DS11532, falling, about. It tells nothing before it has settled. */
static bool supply_is_low(const sim_pwr *p)
{
    static const uint16_t level_mv[] = {2000u, 2100u, 2300u, 2500u, 2600u, 2700u, 2800u, 2900u};
    uint32_t cr1 = p->block.value[R_CR1];
    return (cr1 & CR1_PVDE) != 0u && sim_now(p->block.part->m) >= p->pvd_at &&
           sim_supply(p->block.part->m) < level_mv[CR1_PLS(cr1)];
}

static uint32_t pwr_read(void *owner, unsigned reg, uint32_t stored)
{
    const sim_pwr *p = owner;
    uint32_t cr1 = p->block.value[R_CR1];
    sim_ps now = sim_now(p->block.part->m);
    if (reg == R_CSR1) {
        stored |= CSR1_VOSRDY | (supply_is_low(p) ? CSR1_PVDO : 0u);
        stored |= (cr1 & CR1_ODEN) != 0u && now >= p->od_at ? CSR1_ODRDY : 0u;
        stored |= (cr1 & CR1_ODSWEN) != 0u && now >= p->odsw_at ? CSR1_ODSWRDY : 0u;
    }
    return stored;
}

static sim_access pwr_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_pwr *p = owner;
    sim_ps now = sim_now(p->block.part->m);
    if (reg == R_CR2) {
        p->block.value[R_CSR2] &= ~(raw & PINS);
    }
    if (reg != R_CR1) {
        sim_wakeup_look(p->block.part);
        return SIM_ACCESS_OK;
    }
    if (((raw ^ old) & (CR1_PVDE | CR1_PLS(~0u) << 5)) != 0u) {
        p->pvd_at = now + PVD_START;
    }
    if ((raw & CR1_CSBF) != 0u) {
        p->block.value[R_CSR1] &= ~CSR1_SBF;
    }
    if ((raw & ~old & CR1_ODEN) != 0u) {
        p->od_at = now + OD_START;
    }
    if ((raw & ~old & CR1_ODSWEN) != 0u) {
        if ((raw & CR1_ODEN) == 0u || now < p->od_at) {
            return sim_block_unmodelled(&p->block, reg, raw, "ODSWEN before ODRDY (RM0410 4.1.4)");
        }
        p->odsw_at = now + OD_START;
    }
    sim_check_clock(p->block.part->m);
    return SIM_ACCESS_OK;
}

static const char *deep_sleep(const sim_part *part)
{
    return sim_wakeup_why_not(part, (part->pwr->block.value[R_CR1] & CR1_PDDS) != 0u, false);
}

/* CSR1, CR2 and CSR2 outlast Standby; SBF is for power-on and CSBF to clear (RM0410 4.4). */
static void pwr_reset(void *owner, unsigned cause, bool backup_lost)
{
    sim_pwr *p = owner;
    uint32_t *value = p->block.value, csr1 = value[R_CSR1], cr2 = value[R_CR2];
    uint32_t csr2 = value[R_CSR2];
    bool slept = (cause & SIM_RESET_STANDBY) != 0u;
    (void)backup_lost;
    sim_block_reset_values(&p->block);
    if ((cause & SIM_RESET_POWER) == 0u) {
        value[R_CSR1] = (csr1 & CSR1_SBF) | (slept ? CSR1_SBF : 0u);
        value[R_CSR2] = slept ? csr2 : csr2 & PINS;
    }
    if (slept) {
        value[R_CR2] = cr2;
    }
    p->od_at = p->odsw_at = p->pvd_at = 0;
    sim_wakeup_reset(p->block.part);
}

void sim_pwr_f7_new(sim_part *part)
{
    static const sim_block_hooks hooks = {pwr_read, pwr_write, pwr_reset};
    static const sim_block_spec spec = {"PWR", 0x40007000u, 0x400u, true, rows, SIM_ROWS(rows),
                                        &hooks};
    sim_pwr *p = sim_part_alloc(part, sizeof *p);
    part->pwr = p;
    sim_block_init(&p->block, part, p, &spec);
    p->block.keeps_values = true;
    uint32_t *value = p->block.value;
    sim_wakeup_new(part, &(sim_wakeup){.enables = &value[R_CSR2], .falling = &value[R_CR2],
                                       .flags = &value[R_CSR2], .enable = 1u << PIN_SHIFT,
                                       .fall = 1u << PIN_SHIFT, .flag = 1u,
                                       .others = (PINS & ~1u) << PIN_SHIFT});
    part->services.deep_sleep = deep_sleep;
    part->services.dbp = dbp;
    part->services.has_pvd = true;
}

/* ---- SYSCFG ---- */

enum { S_MEMRMP, S_PMC, S_EXTICR1, S_EXTICR2, S_EXTICR3, S_EXTICR4, S_CBR, S_CMPCR };

#define MEMRMP_SWP_FB (1u << 8)

static const sim_reg syscfg_rows[] = {
    [S_MEMRMP] = {0x00, "MEMRMP", 0, MEMRMP_SWP_FB | 3u << 10},
    [S_PMC] = {0x04, "PMC", 0, 0x00870000u},
    [S_EXTICR1] = {0x08, "EXTICR1", 0, 0xFFFFu},
    [S_EXTICR2] = {0x0C, "EXTICR2", 0, 0xFFFFu},
    [S_EXTICR3] = {0x10, "EXTICR3", 0, 0xFFFFu},
    [S_EXTICR4] = {0x14, "EXTICR4", 0, 0xFFFFu},
    [S_CBR] = {0x1C, "CBR", 0, 0x00000005u},
    [S_CMPCR] = {0x20, "CMPCR", 0, 1u},
};

typedef struct sim_syscfg {
    sim_block block;
} sim_syscfg;

static unsigned exti_port(const sim_part *part, unsigned line)
{
    return (part->syscfg->block.value[S_EXTICR1 + line / 4u] >> (4u * (line & 3u))) & 15u;
}

/* One user has seen the bit stand and the map stay: on request it does so here. */
static bool dead(const sim_syscfg *s)
{
    return sim_has_reading(s->block.part->m, SIM_READING_F7_SWP_FB_DEAD);
}

static uint32_t syscfg_read(void *owner, unsigned reg, uint32_t stored)
{
    const sim_syscfg *s = owner;
    bool swapped;
    unsigned mem_mode;
    if (reg != S_MEMRMP || dead(s)) {
        return stored;
    }
    sim_get_mapping(s->block.part->m, &swapped, &mem_mode); /* the ROM's choice too */
    return (stored & ~MEMRMP_SWP_FB) | (swapped ? MEMRMP_SWP_FB : 0u);
}

static sim_access syscfg_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_syscfg *s = owner;
    (void)old;
    if (reg == S_MEMRMP && !dead(s)) {
        sim_set_mapping(s->block.part->m, (raw & MEMRMP_SWP_FB) != 0u, 0u);
    }
    return SIM_ACCESS_OK;
}

static void syscfg_reset(void *owner, unsigned cause, bool backup_lost)
{
    sim_syscfg *s = owner;
    (void)backup_lost;
    if (cause == 0u) { /* by RCC_APB2RSTR; at the others the machine maps what the ROM chose */
        sim_set_mapping(s->block.part->m, false, 0u);
    }
}

void sim_syscfg_f7_new(sim_part *part)
{
    static const sim_block_hooks hooks = {syscfg_read, syscfg_write, syscfg_reset};
    static const sim_block_spec spec = {"SYSCFG", 0x40013800u, 0x400u, true, syscfg_rows,
                                        SIM_ROWS(syscfg_rows), &hooks};
    sim_syscfg *s = sim_part_alloc(part, sizeof *s);
    part->syscfg = s;
    part->services.exti_port = exti_port;
    sim_block_init(&s->block, part, s, &spec);
}
