/* SYSCFG of STM32G4 (RM0440 10.2), L4 and L4+ (RM0351 9.2): the mapping of the two banks,
 * EXTI's ports, and the RAM at 0x10000000, CCM or SRAM2. */
#include "sim/periph/part/part.h"

enum {
    R_MEMRMP, R_CFGR1, R_EXTICR1, R_EXTICR2, R_EXTICR3, R_EXTICR4, R_SCSR, R_CFGR2, R_SWPR, R_SKR
};

#define MEMRMP_MODE 7u
#define MEMRMP_FB_MODE (1u << 8)
#define SCSR_CCMER 1u
#define CFGR2_SPF (1u << 8)
#define CCM_BASE 0x10000000u

static const sim_reg rows[] = {
    [R_MEMRMP] = {0x00, "MEMRMP", 0, 0},
    [R_CFGR1] = {0x04, "CFGR1", 0x7C000001u, 0xFCFF0300u},
    [R_EXTICR1] = {0x08, "EXTICR1", 0, 0xFFFFu},
    [R_EXTICR2] = {0x0C, "EXTICR2", 0, 0xFFFFu},
    [R_EXTICR3] = {0x10, "EXTICR3", 0, 0xFFFFu},
    [R_EXTICR4] = {0x14, "EXTICR4", 0, 0xFFFFu},
    [R_SCSR] = {0x18, "SCSR", 0, 0},
    [R_CFGR2] = {0x1C, "CFGR2", 0, 0},
    [R_SWPR] = {0x20, "SWPR", 0, 0},
    [R_SKR] = {0x24, "SKR", 0, 0},
};

typedef struct sim_syscfg {
    sim_block block;
    uint32_t ram_bytes;
    unsigned keys; /* right bytes of CCMER's key sequence so far */
} sim_syscfg;

static unsigned exti_port(const sim_part *part, unsigned line)
{
    return (part->syscfg->block.value[R_EXTICR1 + line / 4u] >> (4u * (line & 3u))) & 15u;
}

static uint32_t syscfg_read(void *owner, unsigned reg, uint32_t stored)
{
    const sim_syscfg *s = owner;
    if (reg != R_MEMRMP) {
        return stored;
    }
    bool fb_mode;
    unsigned mem_mode;
    sim_get_mapping(s->block.part->m, &fb_mode, &mem_mode);
    return mem_mode | (fb_mode ? MEMRMP_FB_MODE : 0u);
}

static sim_access erase_ccm(sim_syscfg *s)
{
    for (uint32_t i = 0; i < s->ram_bytes; i += 4u) {
        sim_access result = sim_bus_write(s->block.part->m, CCM_BASE + i, 4u, 0);
        if (result != SIM_ACCESS_OK) {
            return result;
        }
    }
    return SIM_ACCESS_OK;
}

static sim_access syscfg_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_syscfg *s = owner;
    uint32_t *value = s->block.value;
    (void)old;
    switch (reg) {
    case R_MEMRMP:
        if ((raw & MEMRMP_MODE) != 0u && (raw & MEMRMP_MODE) != 1u && (raw & MEMRMP_MODE) != 3u) {
            return sim_block_unmodelled(&s->block, reg, raw, "MEM_MODE of FSMC or QUADSPI");
        }
        sim_set_mapping(s->block.part->m, (raw & MEMRMP_FB_MODE) != 0u, raw & MEMRMP_MODE);
        break;
    case R_SCSR:
        if ((raw & SCSR_CCMER) != 0u && s->keys == 2u) {
            s->keys = 0;
            return erase_ccm(s);
        }
        break;
    case R_CFGR2: /* the locks can only be set */
        value[reg] |= raw & 15u;
        break;
    case R_SWPR: /* pages of CCM, protected until reset; none is written by a tested image */
        if (raw != 0u) {
            return sim_block_unmodelled(&s->block, reg, raw, "write protection of CCM");
        }
        break;
    case R_SKR:
        s->keys = raw == 0xCAu ? 1u : (raw == 0x53u && s->keys == 1u) ? 2u : 0u;
        break;
    default:
        break;
    }
    return SIM_ACCESS_OK;
}

static void syscfg_reset(void *owner, unsigned cause, bool backup_lost)
{
    sim_syscfg *s = owner;
    (void)backup_lost;
    s->keys = 0;
    if (cause == 0u) { /* by RCC_APB2RSTR; at the others the machine maps what the ROM chose */
        sim_set_mapping(s->block.part->m, false, 0);
    }
}

void sim_syscfg_g4_new(sim_part *part, uint32_t ram_bytes)
{
    static const sim_block_hooks hooks = {syscfg_read, syscfg_write, syscfg_reset};
    static const sim_block_spec spec = {"SYSCFG", 0x40010000u, 0x30u, true, rows,
                                        SIM_ROWS(rows), &hooks};
    sim_syscfg *s = sim_part_alloc(part, sizeof *s);
    part->syscfg = s;
    s->ram_bytes = ram_bytes;
    part->services.exti_port = exti_port;
    sim_block_init(&s->block, part, s, &spec);
}
