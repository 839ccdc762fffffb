/* PWR of the U5 (RM0456 10): voltage ranges, the EPOD booster, the backup domain's write
 * protection, the programmable voltage detector, Standby. Of the other detectors none ever
 * reports. */
#include "sim/periph/clock/wakeup.h"
#include "sim/periph/part/u5.h"

enum { R_CR1, R_CR2, R_CR3, R_VOSR, R_SVMCR, R_WUCR1, R_WUCR2, R_WUCR3, R_BDCR1, R_BDCR2, R_DBPR,
       R_UCPDR, R_SECCFGR, R_PRIVCFGR, R_SR, R_SVMSR, R_BDSR, R_WUSR, R_WUSCR, R_APCR };

#define CR1_LPMS(cr1) ((cr1) & 7u)
#define LPMS_STANDBY 4u /* and 5 */
#define CR1_RRSB (3u << 5)
#define WUCR3_WUSEL1 3u
#define VOSR_BOOSTRDY (1u << 14)
#define VOSR_VOSRDY (1u << 15)
#define VOSR_VOS (3u << 16)
#define VOSR_BOOSTEN (1u << 18)
#define DBPR_DBP 1u
#define SR_CSSF 1u
#define SR_SBF (1u << 2)
#define SVMCR_PVDE (1u << 4)
#define SVMCR_PVDLS_EXTERNAL 7u
#define SVMSR_REGS (1u << 1)
#define SVMSR_PVDO (1u << 4)
#define SVMSR_ACTVOSRDY (1u << 15)
/* DS13737 gives no figures that could be read. */
#define VOS_CHANGE (20u * SIM_PS_PER_US)
#define BOOST_START (50u * SIM_PS_PER_US)
#define PVD_START (10u * SIM_PS_PER_US)

static const sim_reg rows[] = {
    [R_CR1] = {0x00, "CR1", 0, 0x00000FE7u},
    [R_CR2] = {0x04, "CR2", 0, 0x80FF7F77u},
    [R_CR3] = {0x08, "CR3", 0, 0x00000006u},
    [R_VOSR] = {0x0C, "VOSR", VOSR_VOSRDY, VOSR_VOS | VOSR_BOOSTEN},
    [R_SVMCR] = {0x10, "SVMCR", 0, 0x7F0000F0u},
    [R_WUCR1] = {0x14, "WUCR1", 0, 0xFFu},
    [R_WUCR2] = {0x18, "WUCR2", 0, 0xFFu},
    [R_WUCR3] = {0x1C, "WUCR3", 0, 0xFFFFu},
    [R_BDCR1] = {0x20, "BDCR1", 0, 0x00000011u},
    [R_BDCR2] = {0x24, "BDCR2", 0, 0x00000003u},
    [R_DBPR] = {0x28, "DBPR", 0, DBPR_DBP},
    [R_UCPDR] = {0x2C, "UCPDR", 0, 0x00000003u},
    [R_SECCFGR] = {0x30, "SECCFGR", 0, 0},
    [R_PRIVCFGR] = {0x34, "PRIVCFGR", 0, 0},
    [R_SR] = {0x38, "SR", 0, 0},
    [R_SVMSR] = {0x3C, "SVMSR", 0, 0},
    [R_BDSR] = {0x40, "BDSR", 0, 0},
    [R_WUSR] = {0x44, "WUSR", 0, 0},
    [R_WUSCR] = {0x48, "WUSCR", 0, 0},
    [R_APCR] = {0x4C, "APCR", 0, 1u},
};

typedef struct sim_pwr {
    sim_block block;
    sim_ps vos_at, boost_at, pvd_at; /* ready then */
} sim_pwr;

static uint32_t vosr(const sim_part *part)
{
    return part->pwr->block.value[R_VOSR];
}

unsigned sim_pwr_u5_range(const sim_part *part)
{
    return 4u - (vosr(part) >> 16 & 3u);
}

bool sim_pwr_u5_boosted(const sim_part *part)
{
    return (vosr(part) & VOSR_BOOSTEN) != 0u && sim_now(part->m) >= part->pwr->boost_at;
}

static bool dbp(const sim_part *part)
{
    return (part->pwr->block.value[R_DBPR] & DBPR_DBP) != 0u;
}

/* RM0456 10.6.2, levels about as the manual names them. It tells nothing before it has settled. */
static bool supply_is_low(const sim_pwr *p)
{
    static const uint16_t level_mv[] = {2000u, 2200u, 2400u, 2500u, 2600u, 2800u, 2900u};
    uint32_t svmcr = p->block.value[R_SVMCR];
    return (svmcr & SVMCR_PVDE) != 0u && sim_now(p->block.part->m) >= p->pvd_at &&
           sim_supply(p->block.part->m) < level_mv[svmcr >> 5 & 7u];
}

static uint32_t pwr_read(void *owner, unsigned reg, uint32_t stored)
{
    const sim_pwr *p = owner;
    sim_part *part = p->block.part;
    bool vos_ready = sim_now(part->m) >= p->vos_at;
    if (reg == R_VOSR) {
        stored &= ~(VOSR_VOSRDY | VOSR_BOOSTRDY);
        stored |= (vos_ready ? VOSR_VOSRDY : 0u) | (sim_pwr_u5_boosted(part) ? VOSR_BOOSTRDY : 0u);
    } else if (reg == R_SVMSR) {
        stored |= (vos_ready ? SVMSR_ACTVOSRDY | (vosr(part) & VOSR_VOS) : 0u) |
                  ((p->block.value[R_CR3] & 2u) != 0u ? SVMSR_REGS : 0u) |
                  (supply_is_low(p) ? SVMSR_PVDO : 0u);
    }
    return stored;
}

/* The booster needs range 1 or 2 and a clock from PLL1's source (RM0456 10.5.4). */
static void write_vosr(sim_pwr *p, uint32_t old)
{
    sim_part *part = p->block.part;
    uint32_t now = p->block.value[R_VOSR];
    sim_ps time = sim_now(part->m);
    if (((now ^ old) & VOSR_VOS) != 0u) {
        p->vos_at = time + VOS_CHANGE;
    }
    if ((now & ~old & VOSR_BOOSTEN) != 0u) {
        if (sim_pwr_u5_range(part) > 2u) {
            sim_stop(part->m, "PWR_VOSR: BOOSTEN in range %u: it needs range 1 or 2",
                     sim_pwr_u5_range(part));
        } else if (!sim_rcc_u5_booster_clocked(part)) {
            sim_stop(part->m, "PWR_VOSR: BOOSTEN without a booster clock of 4 to 16 MHz from "
                              "PLL1's source and PLL1MBOOST");
        }
        p->boost_at = time + BOOST_START;
    }
    sim_check_clock(part->m);
}

static sim_access pwr_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_pwr *p = owner;
    switch (reg) {
    case R_VOSR:
        write_vosr(p, old);
        break;
    case R_SVMCR:
        if ((raw >> 5 & 7u) == SVMCR_PVDLS_EXTERNAL) {
            return sim_block_unmodelled(&p->block, reg, raw, "PVD_IN is not modelled");
        }
        if ((raw & ~old & SVMCR_PVDE) != 0u) {
            p->pvd_at = sim_now(p->block.part->m) + PVD_START;
        }
        break;
    case R_SR:
        if ((raw & SR_CSSF) != 0u) {
            p->block.value[R_SR] = 0;
        }
        break;
    case R_WUCR1:
    case R_WUCR2:
    case R_WUCR3:
        if ((p->block.value[R_WUCR1] & 1u) != 0u &&
            (p->block.value[R_WUCR3] & WUCR3_WUSEL1) != 0u) {
            return sim_block_unmodelled(&p->block, reg, raw, "WKUP1 is modelled on PA0 alone");
        }
        sim_wakeup_look(p->block.part);
        break;
    case R_WUSCR:
        p->block.value[R_WUSR] &= ~raw;
        break;
    default:
        break;
    }
    return SIM_ACCESS_OK;
}

static const char *deep_sleep(const sim_part *part)
{
    uint32_t cr1 = part->pwr->block.value[R_CR1];
    return sim_wakeup_why_not(part, (CR1_LPMS(cr1) & ~1u) == LPMS_STANDBY,
                              (cr1 & CR1_RRSB) != 0u);
}

/* SBF is for power-on and CSSF to clear; WUCRx, WUSR and APCR outlast Standby (RM0456 10.10). */
static void pwr_reset(void *owner, unsigned cause, bool backup_lost)
{
    static const uint8_t outlast[] = {R_WUCR1, R_WUCR2, R_WUCR3, R_WUSR, R_APCR};
    sim_pwr *p = owner;
    uint32_t *value = p->block.value, kept[sizeof outlast], sbf = value[R_SR] & SR_SBF;
    bool slept = (cause & SIM_RESET_STANDBY) != 0u;
    (void)backup_lost;
    for (unsigned i = 0; i < sizeof outlast; i++) {
        kept[i] = value[outlast[i]];
    }
    sim_block_reset_values(&p->block);
    if ((cause & SIM_RESET_POWER) == 0u) {
        value[R_SR] = slept ? SR_SBF : sbf;
    }
    for (unsigned i = 0; slept && i < sizeof outlast; i++) {
        value[outlast[i]] = kept[i];
    }
    p->vos_at = p->boost_at = p->pvd_at = 0;
    sim_wakeup_reset(p->block.part);
}

void sim_pwr_u5_new(sim_part *part)
{
    static const sim_block_hooks hooks = {pwr_read, pwr_write, pwr_reset};
    static const sim_block_spec spec = {"PWR", 0x46020800u, 0x400u, false, rows,
                                        SIM_ROWS(rows), &hooks};
    sim_pwr *p = sim_part_alloc(part, sizeof *p);
    part->pwr = p;
    part->services.dbp = dbp;
    part->services.has_pvd = true;
    sim_block_init(&p->block, part, p, &spec);
    p->block.keeps_values = true;
    uint32_t *value = p->block.value;
    sim_wakeup_new(part, &(sim_wakeup){.enables = &value[R_WUCR1], .falling = &value[R_WUCR2],
                                       .flags = &value[R_WUSR], .enable = 1u, .fall = 1u,
                                       .flag = 1u, .others = 0xFEu});
    part->services.deep_sleep = deep_sleep;
}
