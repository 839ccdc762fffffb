/* EXTI of STM32G4 (RM0440 15), L4 (RM0351 12), F7 (RM0410 11), H7 (RM0433 20) and U5 (RM0456 23):
 * lines 0 to 15 from the pins that SYSCFG selects, or EXTI itself on the U5; the internal lines with
 * a pending bit by software or by their peripheral, which stop the run on the U5. */
#include "sim/periph/part/part.h"

enum { R_IMR1, R_EMR1, R_RTSR1, R_FTSR1, R_SWIER1, R_PR1, R_IMR2, R_EMR2, R_RTSR2, R_FTSR2,
       R_SWIER2, R_PR2 };

/* with an edge detector: lines 0..31, and from 32 on */
#define G4_LINES1 0x607BFFFFu
#define G4_LINES2 0x00000303u
#define L4_LINES1 0x007DFFFFu
#define L4_LINES2 0x00000078u

static const sim_reg rows_g4[] = {
    [R_IMR1] = {0x00, "IMR1", 0x1F840000u, 0xFFFFFFFFu},
    [R_EMR1] = {0x04, "EMR1", 0, 0xFFFFFFFFu},
    [R_RTSR1] = {0x08, "RTSR1", 0, G4_LINES1},
    [R_FTSR1] = {0x0C, "FTSR1", 0, G4_LINES1},
    [R_SWIER1] = {0x10, "SWIER1", 0, 0},
    [R_PR1] = {0x14, "PR1", 0, 0},
    [R_IMR2] = {0x20, "IMR2", 0x0000043Cu, 0x00000FFFu},
    [R_EMR2] = {0x24, "EMR2", 0, 0x00000FFFu},
    [R_RTSR2] = {0x28, "RTSR2", 0, G4_LINES2},
    [R_FTSR2] = {0x2C, "FTSR2", 0, G4_LINES2},
    [R_SWIER2] = {0x30, "SWIER2", 0, 0},
    [R_PR2] = {0x34, "PR2", 0, 0},
};

static const sim_reg rows_l4[] = {
    [R_IMR1] = {0x00, "IMR1", 0xFF820000u, 0xFFFFFFFFu},
    [R_EMR1] = {0x04, "EMR1", 0, 0xFFFFFFFFu},
    [R_RTSR1] = {0x08, "RTSR1", 0, L4_LINES1},
    [R_FTSR1] = {0x0C, "FTSR1", 0, L4_LINES1},
    [R_SWIER1] = {0x10, "SWIER1", 0, 0},
    [R_PR1] = {0x14, "PR1", 0, 0},
    [R_IMR2] = {0x20, "IMR2", 0x00000087u, 0x000001FFu},
    [R_EMR2] = {0x24, "EMR2", 0, 0x000001FFu},
    [R_RTSR2] = {0x28, "RTSR2", 0, L4_LINES2},
    [R_FTSR2] = {0x2C, "FTSR2", 0, L4_LINES2},
    [R_SWIER2] = {0x30, "SWIER2", 0, 0},
    [R_PR2] = {0x34, "PR2", 0, 0},
};

/* The F7 has one word of lines. */
#define F7_LINES1 0x01FFFFFFu
static const sim_reg rows_f7[] = {
    [R_IMR1] = {0x00, "IMR", 0, F7_LINES1},   [R_EMR1] = {0x04, "EMR", 0, F7_LINES1},
    [R_RTSR1] = {0x08, "RTSR", 0, F7_LINES1}, [R_FTSR1] = {0x0C, "FTSR", 0, F7_LINES1},
    [R_SWIER1] = {0x10, "SWIER", 0, 0},       [R_PR1] = {0x14, "PR", 0, 0},
    [R_IMR2] = {0, NULL, 0, 0},               [R_EMR2] = {0, NULL, 0, 0},
    [R_RTSR2] = {0, NULL, 0, 0},              [R_FTSR2] = {0, NULL, 0, 0},
    [R_SWIER2] = {0, NULL, 0, 0},             [R_PR2] = {0, NULL, 0, 0},
};

/* The H7 has masks and pending bits for each core behind the edges, which all share; the
 * third word of lines and what wakes the third domain are storage. */
#define H7_LINES1 0x003FFFFFu
#define H7_LINES2 0x000A0000u
#define H7_LINES3 0x00740000u
static const sim_reg rows_h7[] = {
    [R_IMR1] = {0x80, "CPUIMR1", 0xFFC00000u, 0xFFFFFFFFu},
    [R_EMR1] = {0x84, "CPUEMR1", 0, 0xFFFFFFFFu},
    [R_RTSR1] = {0x00, "RTSR1", 0, H7_LINES1},
    [R_FTSR1] = {0x04, "FTSR1", 0, H7_LINES1},
    [R_SWIER1] = {0x08, "SWIER1", 0, 0},
    [R_PR1] = {0x88, "CPUPR1", 0, 0},
    [R_IMR2] = {0x90, "CPUIMR2", 0xFFF5FFFFu, 0xFFFFFFFFu},
    [R_EMR2] = {0x94, "CPUEMR2", 0, 0xFFFFFFFFu},
    [R_RTSR2] = {0x20, "RTSR2", 0, H7_LINES2},
    [R_FTSR2] = {0x24, "FTSR2", 0, H7_LINES2},
    [R_SWIER2] = {0x28, "SWIER2", 0, 0},
    [R_PR2] = {0x98, "CPUPR2", 0, 0},
    {0x0C, "D3PMR1", 0, 0xFFFFFFFFu}, {0x10, "D3PCR1L", 0, 0xFFFFFFFFu},
    {0x14, "D3PCR1H", 0, 0xFFFFFFFFu}, {0x2C, "D3PMR2", 0, 0xFFFFFFFFu},
    {0x30, "D3PCR2L", 0, 0xFFFFFFFFu}, {0x34, "D3PCR2H", 0, 0xFFFFFFFFu},
    {0x40, "RTSR3", 0, H7_LINES3}, {0x44, "FTSR3", 0, H7_LINES3},
    {0xA0, "CPUIMR3", 0x018BFFFFu, 0xFFFFFFFFu}, {0xA4, "CPUEMR3", 0, 0xFFFFFFFFu},
};

/* The U5 has an NVIC line for each pin, pending bits for each kind of edge, and the choice of ports
 * here, a byte each. */
#define PINS 0xFFFFu
enum { U_FPR1 = R_PR2 + 1, U_EXTICR1, U_EXTICR2, U_EXTICR3, U_EXTICR4, U_SECCFGR1, U_PRIVCFGR1,
       U_LOCKR, U5_ROWS };
static const sim_reg rows_u5[U5_ROWS] = {
    [R_IMR1] = {0x80, "IMR1", 0, PINS},     [R_EMR1] = {0x84, "EMR1", 0, PINS},
    [R_RTSR1] = {0x00, "RTSR1", 0, PINS},   [R_FTSR1] = {0x04, "FTSR1", 0, PINS},
    [R_SWIER1] = {0x08, "SWIER1", 0, 0},    [R_PR1] = {0x0C, "RPR1", 0, 0},
    [R_IMR2] = {0, NULL, 0, 0},             [R_EMR2] = {0, NULL, 0, 0},
    [R_RTSR2] = {0, NULL, 0, 0},            [R_FTSR2] = {0, NULL, 0, 0},
    [R_SWIER2] = {0, NULL, 0, 0},           [R_PR2] = {0, NULL, 0, 0},
    [U_FPR1] = {0x10, "FPR1", 0, 0},        [U_EXTICR1] = {0x60, "EXTICR1", 0, 0x0F0F0F0Fu},
    [U_EXTICR2] = {0x64, "EXTICR2", 0, 0x0F0F0F0Fu},
    [U_EXTICR3] = {0x68, "EXTICR3", 0, 0x0F0F0F0Fu},
    [U_EXTICR4] = {0x6C, "EXTICR4", 0, 0x0F0F0F0Fu},
    [U_SECCFGR1] = {0x14, "SECCFGR1", 0, 0}, [U_PRIVCFGR1] = {0x18, "PRIVCFGR1", 0, 0},
    [U_LOCKR] = {0x70, "LOCKR", 0, 0},
};

/* NVIC lines (CMSIS): which EXTI lines of word 1 each serves. */
typedef struct exti_vector {
    uint8_t irq;
    uint32_t lines;
} exti_vector;

typedef struct exti_kind {
    uint32_t base;
    const sim_reg *rows;
    unsigned row_count;
    const exti_vector *vectors;
    unsigned vector_count;
    uint32_t lines1, lines2;
    bool two_edges; /* the U5's way */
} exti_kind;

typedef struct sim_exti {
    sim_block block;
    const exti_kind *kind;
} sim_exti;

static const exti_vector vectors_l4[] = {
    {6, 1u << 0}, {7, 1u << 1}, {8, 1u << 2}, {9, 1u << 3}, {10, 1u << 4}, {23, 0x3E0u},
    {40, 0xFC00u}, {1, 1u << 16}, {41, 1u << 18}, {2, 1u << 19}, {3, 1u << 20}, {64, 0x600000u}};
static const exti_vector vectors_g4[] = {{6, 1u << 0},  {7, 1u << 1},      {8, 1u << 2},      {9, 1u << 3},
               {10, 1u << 4}, {23, 0x3E0u},      {40, 0xFC00u},     {1, 1u << 16},
               {41, 1u << 17}, {2, 1u << 19},    {3, 1u << 20},     {64, 0x60600000u},
               {65, 1u << 22}};

static const exti_vector vectors_f7[] = {
    {6, 1u << 0}, {7, 1u << 1}, {8, 1u << 2}, {9, 1u << 3}, {10, 1u << 4}, {23, 0x3E0u},
    {40, 0xFC00u}, {1, 1u << 16}, {41, 1u << 17}, {42, 1u << 18}, {62, 1u << 19}, {76, 1u << 20},
    {2, 1u << 21}, {3, 1u << 22}, {93, 1u << 23}, {109, 1u << 24}};
static const exti_vector vectors_h7[] = {
    {6, 1u << 0}, {7, 1u << 1}, {8, 1u << 2}, {9, 1u << 3}, {10, 1u << 4}, {23, 0x3E0u},
    {40, 0xFC00u}, {1, 1u << 16}, {41, 1u << 17}, {2, 1u << 18}, {3, 1u << 19}, {137, 0x300000u}};

static const exti_vector vectors_u5[] = {
    {11, 1u << 0},  {12, 1u << 1},  {13, 1u << 2},  {14, 1u << 3},  {15, 1u << 4},  {16, 1u << 5},
    {17, 1u << 6},  {18, 1u << 7},  {19, 1u << 8},  {20, 1u << 9},  {21, 1u << 10}, {22, 1u << 11},
    {23, 1u << 12}, {24, 1u << 13}, {25, 1u << 14}, {26, 1u << 15}};

static void update_irqs(sim_exti *e)
{
    const uint32_t *value = e->block.value;
    uint32_t pending = value[R_PR1] | (e->kind->two_edges ? value[U_FPR1] : 0u);
    uint32_t active = pending & value[R_IMR1];
    for (size_t i = 0; i < e->kind->vector_count; i++) {
        const exti_vector *v = &e->kind->vectors[i];
        sim_part_irq(e->block.part, v->irq, 0, (active & v->lines) != 0u);
    }
}

static void trigger_at(sim_exti *e, unsigned pending, uint32_t lines1, uint32_t lines2)
{
    uint32_t *value = e->block.value;
    value[pending] |= lines1;
    value[R_PR2] |= lines2;
    if ((lines1 & value[R_EMR1]) != 0u || (lines2 & value[R_EMR2]) != 0u) {
        sim_cpu_event(sim_core(e->block.part->m));
    }
    update_irqs(e);
}

static void trigger(sim_exti *e, uint32_t lines1, uint32_t lines2)
{
    trigger_at(e, R_PR1, lines1, lines2);
}

void sim_exti_pin(sim_part *part, unsigned port, unsigned pin, bool level)
{
    sim_exti *e = part->exti;
    if (e == NULL || part->services.exti_port(part, pin) != port) {
        return;
    }
    if ((e->block.value[level ? R_RTSR1 : R_FTSR1] & (1u << pin)) != 0u) {
        trigger_at(e, e->kind->two_edges && !level ? (unsigned)U_FPR1 : (unsigned)R_PR1, 1u << pin,
                   0);
    }
}

static sim_access exti_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_exti *e = owner;
    uint32_t *value = e->block.value;
    (void)old;
    switch (reg) {
    case R_SWIER1: /* stays set until the pending bit is cleared */
        value[reg] |= raw & e->kind->lines1;
        trigger(e, raw & e->kind->lines1 & value[R_IMR1], 0);
        break;
    case R_SWIER2:
        value[reg] |= raw & e->kind->lines2;
        trigger(e, 0, raw & e->kind->lines2 & value[R_IMR2]);
        break;
    case R_PR1:
        value[reg] &= ~raw;
        value[R_SWIER1] &= ~raw;
        break;
    case R_PR2:
        value[reg] &= ~raw;
        value[R_SWIER2] &= ~raw;
        break;
    default:
        break;
    }
    update_irqs(e);
    return SIM_ACCESS_OK;
}

static sim_access exti_write_u5(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_exti *e = owner;
    uint32_t *value = e->block.value;
    (void)old;
    if (reg <= R_SWIER1 && (raw & ~PINS) != 0u) {
        return sim_block_unmodelled(&e->block, reg, raw, "internal lines are not modelled");
    }
    if ((reg == U_PRIVCFGR1 || reg == U_LOCKR) && raw != 0u) {
        return sim_block_unmodelled(&e->block, reg, raw, "privilege is not modelled");
    }
    if (reg == R_SWIER1) {
        trigger(e, raw & PINS, 0);
    } else if (reg == R_PR1 || reg == U_FPR1) {
        value[reg] &= ~raw;
    }
    update_irqs(e);
    return SIM_ACCESS_OK;
}

static unsigned u5_port(const sim_part *part, unsigned line)
{
    return part->exti->block.value[U_EXTICR1 + line / 4u] >> (8u * (line & 3u)) & 15u;
}

static void exti_reset(void *owner, unsigned cause, bool backup_lost)
{
    (void)cause, (void)backup_lost;
    update_irqs(owner);
}

static void make(sim_part *part, const exti_kind *kind)
{
    static const sim_block_hooks hooks = {NULL, exti_write, exti_reset};
    static const sim_block_hooks hooks_u5 = {NULL, exti_write_u5, exti_reset};
    const sim_block_spec spec = {"EXTI", kind->base, 0x400u, !kind->two_edges, kind->rows,
                                 kind->row_count, kind->two_edges ? &hooks_u5 : &hooks};
    sim_exti *e = sim_part_alloc(part, sizeof *e);
    part->exti = e;
    e->kind = kind;
    sim_block_init(&e->block, part, e, &spec);
}

void sim_exti_g4_new(sim_part *part)
{
    static const exti_kind kind = {0x40010400u, rows_g4, SIM_ROWS(rows_g4), vectors_g4,
                                   SIM_ROWS(vectors_g4), G4_LINES1, G4_LINES2, false};
    make(part, &kind);
}

void sim_exti_l4_new(sim_part *part)
{
    static const exti_kind kind = {0x40010400u, rows_l4, SIM_ROWS(rows_l4), vectors_l4,
                                   SIM_ROWS(vectors_l4), L4_LINES1, L4_LINES2, false};
    make(part, &kind);
}

void sim_exti_f7_new(sim_part *part)
{
    static const exti_kind kind = {0x40013C00u, rows_f7, SIM_ROWS(rows_f7), vectors_f7,
                                   SIM_ROWS(vectors_f7), F7_LINES1, 0u, false};
    make(part, &kind);
}

void sim_exti_h7_new(sim_part *part)
{
    static const exti_kind kind = {0x58000000u, rows_h7, SIM_ROWS(rows_h7), vectors_h7,
                                   SIM_ROWS(vectors_h7), H7_LINES1, H7_LINES2, false};
    make(part, &kind);
}

void sim_exti_u5_new(sim_part *part)
{
    static const exti_kind kind = {0x46022000u, rows_u5, SIM_ROWS(rows_u5), vectors_u5,
                                   SIM_ROWS(vectors_u5), PINS, 0u, true};
    make(part, &kind);
    part->services.exti_port = u5_port;
}
