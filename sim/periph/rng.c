/* RNG (RM0440 27): random words from the machine's seed, one per 42 periods of the 48 MHz
 * clock, none without that clock. */
#include "sim/periph/part/part.h"

enum { R_CR, R_SR, R_DR };

#define CR_RNGEN (1u << 2)
#define CR_IE (1u << 3)
#define SR_DRDY 1u
#define SR_CECS 2u
#define PERIODS 42u

static const sim_reg rows[] = {
    [R_CR] = {0x00, "CR", 0, 0x0000002Cu},
    [R_SR] = {0x04, "SR", 0, 0},
    [R_DR] = {0x08, "DR", 0, 0},
};

typedef struct sim_rng {
    sim_block block;
    sim_event ready;
    unsigned irq;
} sim_rng;

static bool running(const sim_rng *r)
{
    return (r->block.value[R_CR] & CR_RNGEN) != 0u;
}

static void update(sim_rng *r)
{
    bool irq = (r->block.value[R_CR] & CR_IE) != 0u && (r->block.value[R_SR] & SR_DRDY) != 0u;
    sim_part_irq(r->block.part, r->irq, 0, irq);
}

static void plan(sim_rng *r)
{
    sim_machine *m = r->block.part->m;
    uint32_t hz = r->block.part->services.clk48_hz(r->block.part);
    sim_cancel(m, &r->ready);
    if (running(r) && (r->block.value[R_SR] & SR_DRDY) == 0u) {
        r->block.value[R_SR] = hz == 0u ? SR_CECS : 0u;
        if (hz != 0u) {
            sim_schedule(m, &r->ready, sim_now(m) + sim_periods(PERIODS, hz));
        }
    }
}

static void ready(void *self)
{
    sim_rng *r = self;
    r->block.value[R_DR] = sim_random(r->block.part->m);
    r->block.value[R_SR] |= SR_DRDY;
    update(r);
}

static uint32_t rng_read(void *owner, unsigned reg, uint32_t stored)
{
    sim_rng *r = owner;
    if (reg == R_DR) {
        r->block.value[R_SR] &= ~SR_DRDY;
        r->block.value[R_DR] = 0;
        plan(r);
        update(r);
    }
    return stored;
}

static sim_access rng_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_rng *r = owner;
    (void)old, (void)raw;
    if (reg == R_CR) {
        if (!running(r)) {
            r->block.value[R_SR] = 0;
        }
        plan(r);
        update(r);
    }
    return SIM_ACCESS_OK;
}

static void rng_reset(void *owner, unsigned cause, bool backup_lost)
{
    sim_rng *r = owner;
    (void)cause, (void)backup_lost;
    sim_cancel(r->block.part->m, &r->ready);
    update(r);
}

void sim_rng_new(sim_part *part, uint32_t base, unsigned irq)
{
    static const sim_block_hooks hooks = {rng_read, rng_write, rng_reset};
    const sim_block_spec spec = {"RNG", base, 0x400u, false, rows, SIM_ROWS(rows), &hooks};
    sim_rng *r = sim_part_alloc(part, sizeof *r);
    r->ready = (sim_event){.fire = ready, .self = r};
    sim_block_init(&r->block, part, r, &spec);
    r->irq = irq;
}
