/* Timers of STM32G4, L4, U5 (1-8, 15-17), F7 (1-14) and H7 (1-8, 12-17) as up-counters (RM0440 28 to
 * 31): update and compare flags and interrupts; PWM settings are storage. Counting down, both
 * ways, from outside, capture, repetition and DMA stop the run. */
#include "sim/periph/part/part.h"

enum { R_CR1, R_CR2, R_DIER, R_SR, R_EGR, R_CNT, R_PSC, R_ARR, BASIC_ROWS,
       R_SMCR = BASIC_ROWS, R_CCMR1, R_CCMR2, R_CCER, R_RCR, R_CCR1, R_CCR2, R_CCR3, R_CCR4,
       R_BDTR, R_CCR5, R_CCR6, R_CCMR3, R_DTR2, R_ECR, R_TISEL, R_AF1, R_AF2, R_DCR, R_DMAR,
       ALL_ROWS };

#define CR1_CEN (1u << 0)
#define CR1_UDIS (1u << 1)
#define CR1_URS (1u << 2)
#define CR1_OPM (1u << 3)
#define CR1_ARPE (1u << 7)
#define CR1_UIFREMAP (1u << 11)
#define CR1_MISSING 0x1070u /* dithering, direction, centre-aligned */
#define SR_UIF 1u
#define SR_ALL 0x1Fu

#define BASIC                                                                             \
    [R_CR1] = {0x00, "CR1", 0, 0x1BFFu}, [R_CR2] = {0x04, "CR2", 0, 0x02FF7FFDu},         \
    [R_DIER] = {0x0C, "DIER", 0, 0x7FFFu}, [R_SR] = {0x10, "SR", 0, 0},                   \
    [R_EGR] = {0x14, "EGR", 0, 0}, [R_CNT] = {0x24, "CNT", 0, 0},                         \
    [R_PSC] = {0x28, "PSC", 0, 0xFFFFu}

static const sim_reg basic_rows[BASIC_ROWS] = {BASIC, [R_ARR] = {0x2C, "ARR", 0xFFFFu, 0xFFFFu}};

#define FULL(width)                                                                         \
    BASIC, [R_ARR] = {0x2C, "ARR", (width), (width)},                                       \
    [R_SMCR] = {0x08, "SMCR", 0, 0x033FFFFFu}, [R_CCMR1] = {0x18, "CCMR1", 0, 0x0101FFFFu}, \
    [R_CCMR2] = {0x1C, "CCMR2", 0, 0x0101FFFFu}, [R_CCER] = {0x20, "CCER", 0, 0x33BBBBu},   \
    [R_RCR] = {0x30, "RCR", 0, 0xFFFFu}, [R_CCR1] = {0x34, "CCR1", 0, (width)},             \
    [R_CCR2] = {0x38, "CCR2", 0, (width)}, [R_CCR3] = {0x3C, "CCR3", 0, (width)},           \
    [R_CCR4] = {0x40, "CCR4", 0, (width)}, [R_BDTR] = {0x44, "BDTR", 0, 0x3FFFFFFFu},       \
    [R_CCR5] = {0x48, "CCR5", 0, 0xE0000000u | 0xFFFFu},                                    \
    [R_CCR6] = {0x4C, "CCR6", 0, 0xFFFFu}, [R_CCMR3] = {0x50, "CCMR3", 0, 0x0707FCFCu},     \
    [R_DTR2] = {0x54, "DTR2", 0, 0x300FFu}, [R_ECR] = {0x58, "ECR", 0, 0x0707FFF7u},        \
    [R_TISEL] = {0x5C, "TISEL", 0, 0x0F0F0F0Fu}, [R_AF1] = {0x60, "AF1", 1u, 0x3FFFFFFFu},  \
    [R_AF2] = {0x64, "AF2", 1u, 0x3FFFFFFFu}, [R_DCR] = {0x3DC, "DCR", 0, 0x1F1Fu},         \
    [R_DMAR] = {0x3E0, "DMAR", 0, 0}

/* The older layout has its options where G4 has later additions, and the burst registers
 * before them; H7 has TISEL behind all. */
#define FULL_OLD(width, or1_at, or1, or2, or3)                                                                     \
    BASIC, [R_ARR] = {0x2C, "ARR", (width), (width)},                                       \
    [R_SMCR] = {0x08, "SMCR", 0, 0x0001FFF7u}, [R_CCMR1] = {0x18, "CCMR1", 0, 0x0101FFFFu}, \
    [R_CCMR2] = {0x1C, "CCMR2", 0, 0x0101FFFFu}, [R_CCER] = {0x20, "CCER", 0, 0x33BBBBu},   \
    [R_RCR] = {0x30, "RCR", 0, 0xFFFFu}, [R_CCR1] = {0x34, "CCR1", 0, (width)},             \
    [R_CCR2] = {0x38, "CCR2", 0, (width)}, [R_CCR3] = {0x3C, "CCR3", 0, (width)},           \
    [R_CCR4] = {0x40, "CCR4", 0, (width)}, [R_BDTR] = {0x44, "BDTR", 0, 0x03FFFFFFu},       \
    [R_DCR] = {0x48, "DCR", 0, 0x1F1Fu}, [R_DMAR] = {0x4C, "DMAR", 0, 0},                   \
    [R_TISEL] = {(or1_at), or1, 0, 0x0F0FFFFFu}, [R_CCMR3] = {0x54, "CCMR3", 0, 0x0101FCFCu},     \
    [R_CCR5] = {0x58, "CCR5", 0, 0xE000FFFFu}, [R_CCR6] = {0x5C, "CCR6", 0, 0xFFFFu},       \
    [R_AF1] = {0x60, or2, 1u, 0x0003FFFFu}, [R_AF2] = {0x64, or3, 1u, 0x0003FFFFu}

static const sim_reg rows16_l4[ALL_ROWS] = {FULL_OLD(0xFFFFu, 0x50, "OR1", "OR2", "OR3")};
static const sim_reg rows32_l4[ALL_ROWS] = {FULL_OLD(0xFFFFFFFFu, 0x50, "OR1", "OR2", "OR3")};
static const sim_reg rows16_f7[ALL_ROWS] = {FULL_OLD(0xFFFFu, 0x50, "OR", "AF1", "AF2")};
static const sim_reg rows32_f7[ALL_ROWS] = {FULL_OLD(0xFFFFFFFFu, 0x50, "OR", "AF1", "AF2")};
static const sim_reg rows16_h7[ALL_ROWS] = {FULL_OLD(0xFFFFu, 0x68, "TISEL", "AF1", "AF2")};
static const sim_reg rows32_h7[ALL_ROWS] = {FULL_OLD(0xFFFFFFFFu, 0x68, "TISEL", "AF1", "AF2")};
static const sim_reg rows16[ALL_ROWS] = {FULL(0xFFFFu)};
static const sim_reg rows32[ALL_ROWS] = {FULL(0xFFFFFFFFu)};

typedef struct tim_kind {
    const char *name;
    uint32_t base;
    uint8_t up_irq, up_source, cc_irq;
    bool basic, wide, apb2;
} tim_kind;

static const tim_kind kinds[] = {
    {"TIM1", 0x40012C00u, 25, 0, 27, false, false, true},
    {"TIM2", 0x40000000u, 28, 0, 28, false, true, false},
    {"TIM3", 0x40000400u, 29, 0, 29, false, false, false},
    {"TIM4", 0x40000800u, 30, 0, 30, false, false, false},
    {"TIM5", 0x40000C00u, 50, 0, 50, false, true, false},
    {"TIM6", 0x40001000u, 54, 0, 54, true, false, false},
    {"TIM7", 0x40001400u, 55, 0, 55, true, false, false},
    {"TIM8", 0x40013400u, 44, 0, 46, false, false, true},
    {"TIM15", 0x40014000u, 24, 0, 24, false, false, true},
    {"TIM16", 0x40014400u, 25, 2, 25, false, false, true},
    {"TIM17", 0x40014800u, 26, 0, 26, false, false, true},
};

static const tim_kind kinds_u5[] = {
    {"TIM1", 0x40012C00u, 42, 0, 44, false, false, true},
    {"TIM2", 0x40000000u, 45, 0, 45, false, true, false},
    {"TIM3", 0x40000400u, 46, 0, 46, false, true, false},
    {"TIM4", 0x40000800u, 47, 0, 47, false, true, false},
    {"TIM5", 0x40000C00u, 48, 0, 48, false, true, false},
    {"TIM6", 0x40001000u, 49, 0, 49, true, false, false},
    {"TIM7", 0x40001400u, 50, 0, 50, true, false, false},
    {"TIM8", 0x40013400u, 52, 0, 54, false, false, true},
    {"TIM15", 0x40014000u, 69, 0, 69, false, false, true},
    {"TIM16", 0x40014400u, 70, 0, 70, false, false, true},
    {"TIM17", 0x40014800u, 71, 0, 71, false, false, true},
};

/* Where F7 and H7 agree; the last ones are of one of them. */
#define KINDS_M7                                                        \
    {"TIM1", 0x40010000u, 25, 0, 27, false, false, true},               \
        {"TIM8", 0x40010400u, 44, 0, 46, false, false, true},           \
        {"TIM2", 0x40000000u, 28, 0, 28, false, true, false},           \
        {"TIM3", 0x40000400u, 29, 0, 29, false, false, false},          \
        {"TIM4", 0x40000800u, 30, 0, 30, false, false, false},          \
        {"TIM5", 0x40000C00u, 50, 0, 50, false, true, false},           \
        {"TIM6", 0x40001000u, 54, 0, 54, true, false, false},           \
        {"TIM7", 0x40001400u, 55, 0, 55, true, false, false},           \
        {"TIM12", 0x40001800u, 43, 0, 43, false, false, false},         \
        {"TIM13", 0x40001C00u, 44, 2, 44, false, false, false},         \
        {"TIM14", 0x40002000u, 45, 0, 45, false, false, false}
static const tim_kind kinds_f7[] = {KINDS_M7,
                                    {"TIM9", 0x40014000u, 24, 0, 24, false, false, true},
                                    {"TIM10", 0x40014400u, 25, 2, 25, false, false, true},
                                    {"TIM11", 0x40014800u, 26, 0, 26, false, false, true}};
static const tim_kind kinds_h7[] = {KINDS_M7,
                                    {"TIM15", 0x40014000u, 116, 0, 116, false, false, true},
                                    {"TIM16", 0x40014400u, 117, 0, 117, false, false, true},
                                    {"TIM17", 0x40014800u, 118, 0, 118, false, false, true}};

typedef struct sim_tim {
    sim_block block;
    const tim_kind *kind;
    sim_clock_user clock;
    sim_event next;
    uint32_t hz;           /* of the prescaler's input */
    uint32_t psc, arr;     /* in force */
    uint32_t cnt;
    sim_ps origin;         /* `done` ticks have been counted since */
    uint64_t done;
} sim_tim;

static bool running(const sim_tim *t)
{
    return (t->block.value[R_CR1] & CR1_CEN) != 0u;
}

static void rebase(sim_tim *t)
{
    t->origin = sim_now(t->block.part->m);
    t->done = 0;
}

static void load(sim_tim *t)
{
    t->psc = t->block.value[R_PSC];
    t->arr = t->block.value[R_ARR];
}

/* Compare flags of a stretch: the counter went through first..last. */
static void compare(sim_tim *t, uint32_t first, uint32_t last)
{
    if (t->kind->basic) {
        return;
    }
    for (unsigned i = 0; i < 4u; i++) {
        uint32_t ccr = t->block.value[R_CCR1 + i];
        if (ccr >= first && ccr <= last) {
            t->block.value[R_SR] |= 2u << i;
        }
    }
}

/* The counter goes through its end. The shadow registers may change here, so that the
 * ticks to come have another length: they are counted from this instant. */
static void overflow(sim_tim *t, uint64_t ticks)
{
    t->done += ticks;
    compare(t, t->cnt + 1u, t->arr);
    t->cnt = 0;
    compare(t, 0, 0);
    if ((t->block.value[R_CR1] & CR1_UDIS) == 0u) {
        t->block.value[R_SR] |= SR_UIF;
        if (t->psc != t->block.value[R_PSC]) {
            t->origin += sim_periods(t->done * (t->psc + 1ull), t->hz);
            t->done = 0;
        }
        load(t);
    }
    if ((t->block.value[R_CR1] & CR1_OPM) != 0u) {
        t->block.value[R_CR1] &= ~CR1_CEN;
    }
}

static uint64_t to_overflow(const sim_tim *t)
{
    uint64_t top = t->cnt <= t->arr ? t->arr : t->kind->wide ? 0xFFFFFFFFu : 0xFFFFu;
    return top - t->cnt + 1u;
}

static void count(void *owner)
{
    sim_tim *t = owner;
    sim_ps now = sim_now(t->block.part->m);
    while (running(t) && t->arr != 0u && t->hz != 0u) {
        uint64_t all = sim_periods_in(now - t->origin, t->hz) / (t->psc + 1ull);
        uint64_t ticks = all - t->done;
        if (ticks < to_overflow(t)) {
            if (ticks != 0u) {
                compare(t, t->cnt + 1u, t->cnt + (uint32_t)ticks);
            }
            t->cnt += (uint32_t)ticks;
            t->done = all;
            return;
        }
        overflow(t, to_overflow(t));
        if (running(t) && t->psc == t->block.value[R_PSC] && t->arr == t->block.value[R_ARR]) {
            uint64_t period = t->arr + 1ull; /* whole rounds at once */
            uint64_t rounds = (all - t->done) / period;
            if (t->done != 0u && all > t->done && rounds != 0u) {
                compare(t, 0, t->arr);
                t->done += rounds * period;
            }
        }
    }
}

static void update_irq(sim_tim *t)
{
    uint32_t active = t->block.value[R_SR] & t->block.value[R_DIER];
    const tim_kind *k = t->kind;
    if (k->up_irq == k->cc_irq) {
        sim_part_irq(t->block.part, k->up_irq, k->up_source, (active & SR_ALL) != 0u);
    } else {
        sim_part_irq(t->block.part, k->up_irq, k->up_source, (active & SR_UIF) != 0u);
        sim_part_irq(t->block.part, k->cc_irq, 1, (active & SR_ALL & ~SR_UIF) != 0u);
    }
}

/* The next moment at which an enabled interrupt may be raised. */
static void plan(void *owner)
{
    sim_tim *t = owner;
    sim_machine *m = t->block.part->m;
    uint64_t ticks = UINT64_MAX;
    uint32_t dier = t->block.value[R_DIER];
    t->hz = t->block.part->services.timer_hz(t->block.part, t->kind->apb2);
    sim_cancel(m, &t->next);
    if (!running(t) || t->arr == 0u) {
        return;
    }
    if ((dier & SR_UIF) != 0u || (t->block.value[R_CR1] & CR1_OPM) != 0u) {
        ticks = to_overflow(t);
    }
    for (unsigned i = 0; i < 4u && !t->kind->basic; i++) {
        uint64_t ccr = t->block.value[R_CCR1 + i];
        if ((dier & (2u << i)) != 0u && ccr <= t->arr) {
            uint64_t until = ccr > t->cnt ? ccr - t->cnt : to_overflow(t) + ccr;
            ticks = until < ticks ? until : ticks;
        }
    }
    if (ticks != UINT64_MAX) {
        /* One picosecond later: sim_periods() rounds down. */
        sim_schedule(m, &t->next,
                     t->origin + sim_periods((t->done + ticks) * (t->psc + 1ull), t->hz) + 1u);
    }
}

static void due(void *self)
{
    sim_tim *t = self;
    count(t);
    update_irq(t);
    plan(t);
}

static void clock_changing(void *owner)
{
    sim_tim *t = owner;
    if (running(t)) {
        count(t);
    }
}

static void clock_changed(void *owner)
{
    sim_tim *t = owner;
    uint32_t before = t->hz;
    t->hz = t->block.part->services.timer_hz(t->block.part, t->kind->apb2);
    if (running(t) && before != t->hz) {
        rebase(t);
        plan(t);
    }
}

static uint32_t tim_read(void *owner, unsigned reg, uint32_t stored)
{
    sim_tim *t = owner;
    if (reg != R_CNT && reg != R_SR && reg != R_CR1) {
        return stored;
    }
    count(t);
    if (reg == R_CNT) {
        bool remap = (t->block.value[R_CR1] & CR1_UIFREMAP) != 0u;
        uint32_t uif = (t->block.value[R_SR] & SR_UIF) << 31;
        return remap ? (t->cnt & 0x7FFFFFFFu) | uif : t->cnt;
    }
    return t->block.value[reg];
}

static sim_access refuse(sim_tim *t, unsigned reg, uint32_t raw)
{
    static const struct {
        uint8_t reg;
        uint32_t bits;
        const char *why;
    } missing[] = {
        {R_CR1, CR1_MISSING, "only counting up is modelled"},
        {R_DIER, 0x7F00u, "DMA requests of timers are not modelled"},
        {R_DIER, 0x00E0u, "trigger, commutation and break interrupts are not modelled"},
        {R_SMCR, 0x00014077u, "slave modes and external clocks are not modelled"},
        {R_CCMR1, 0x0303u, "input capture is not modelled"},
        {R_CCMR2, 0x0303u, "input capture is not modelled"},
        {R_RCR, 0xFFFFu, "repetition is not modelled"},
        {R_DCR, 0xFFFFu, "DMA bursts are not modelled"},
        {R_DMAR, 0xFFFFFFFFu, "DMA bursts are not modelled"},
    };
    for (size_t i = 0; i < SIM_ROWS(missing); i++) {
        if (missing[i].reg == reg && (raw & missing[i].bits) != 0u) {
            return sim_block_unmodelled(&t->block, reg, raw, missing[i].why);
        }
    }
    return SIM_ACCESS_OK;
}

static void generate(sim_tim *t, uint32_t raw)
{
    if ((raw & 1u) != 0u) {
        t->cnt = 0;
        rebase(t);
        if ((t->block.value[R_CR1] & CR1_UDIS) == 0u) {
            load(t);
            if ((t->block.value[R_CR1] & CR1_URS) == 0u) {
                t->block.value[R_SR] |= SR_UIF;
            }
        }
    }
    t->block.value[R_SR] |= raw & SR_ALL & ~SR_UIF;
}

/* `count` must see the registers as they were while the time passed. */
static sim_access tim_bus_write(void *self, uint32_t offset, unsigned size, uint32_t value)
{
    sim_tim *t = ((sim_block *)self)->owner;
    if (sim_block_clocked(&t->block)) {
        count(t);
    }
    return sim_block_write(self, offset, size, value);
}

static sim_access tim_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_tim *t = owner;
    uint32_t *value = t->block.value;
    sim_access result = refuse(t, reg, raw);
    if (result != SIM_ACCESS_OK) {
        return result;
    }
    switch (reg) {
    case R_CR1:
        if ((old & CR1_CEN) == 0u && running(t)) {
            rebase(t);
        }
        break;
    case R_SR:
        value[R_SR] &= raw;
        break;
    case R_EGR:
        generate(t, raw);
        break;
    case R_CNT:
        t->cnt = t->kind->wide ? raw : raw & 0xFFFFu;
        rebase(t);
        break;
    case R_ARR:
        if ((value[R_CR1] & CR1_ARPE) == 0u) {
            t->arr = value[R_ARR];
        }
        break;
    default:
        break;
    }
    plan(t);
    update_irq(t);
    return SIM_ACCESS_OK;
}

static void tim_reset(void *owner, unsigned cause, bool backup_lost)
{
    sim_tim *t = owner;
    (void)cause, (void)backup_lost;
    sim_cancel(t->block.part->m, &t->next);
    t->cnt = 0;
    load(t);
    rebase(t);
    update_irq(t);
}

static void make(sim_part *part, const tim_kind *list, size_t count_of, const sim_reg *narrow,
                 const sim_reg *wide)
{
    static const sim_block_hooks hooks = {tim_read, tim_write, tim_reset};
    for (const tim_kind *k = list; k < list + count_of; k++) {
        sim_tim *t = sim_part_alloc(part, sizeof *t);
        sim_block_spec spec = {k->name, k->base, 0x400u, true,
                               k->basic ? basic_rows : k->wide ? wide : narrow,
                               k->basic ? (unsigned)BASIC_ROWS : (unsigned)ALL_ROWS, &hooks};
        t->kind = k;
        t->next = (sim_event){.fire = due, .self = t};
        sim_block_init(&t->block, part, t, &spec);
        t->block.periph.write = tim_bus_write;
        load(t);
        t->clock = (sim_clock_user){
            .changing = clock_changing, .changed = clock_changed, .owner = t};
        sim_part_add_clock_user(part, &t->clock);
    }
}

void sim_tim_g4_new(sim_part *part)
{
    make(part, kinds, SIM_ROWS(kinds), rows16, rows32);
}

void sim_tim_u5_new(sim_part *part)
{
    make(part, kinds_u5, SIM_ROWS(kinds_u5), rows16, rows32);
}

void sim_tim_l4_new(sim_part *part)
{
    make(part, kinds, SIM_ROWS(kinds), rows16_l4, rows32_l4);
}

void sim_tim_f7_new(sim_part *part)
{
    make(part, kinds_f7, SIM_ROWS(kinds_f7), rows16_f7, rows32_f7);
}

void sim_tim_h7_new(sim_part *part)
{
    make(part, kinds_h7, SIM_ROWS(kinds_h7), rows16_h7, rows32_h7);
}
