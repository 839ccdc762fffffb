/* Fast programming (FSTPG): rows of 32 double words (64 on L4+), without a pause, into a bank that
 * was mass-erased (RM0440 3.3.7; row length as in DS12288 table 47). */
#include <inttypes.h>

#include "sim/periph/flash/g4.h"

#define ROW_UNITS (256u / UNIT_BYTES)
#define MAX_GAP_PS (50u * SIM_PS_PER_US)
#define MIN_HCLK_HZ 8000000u

static void refuse(flash_g4 *f, uint32_t flag)
{
    f->fast.active = f->latched = false;
    flash_g4_error(f, flag);
}

/* The row's first word, or the one that follows the last. 0, or the flag that refuses it. */
static uint32_t place(flash_g4 *f, unsigned region, uint32_t offset)
{
    if (!f->fast.active) {
        f->fast = (flash_fast){.active = true, .region = region, .next = offset};
        return offset % f->kind->fast_row_bytes == 0u ? 0u : SR_PGAERR;
    }
    if (region != f->fast.region || offset != f->fast.next) {
        return SR_PGAERR;
    }
    return sim_now(f->m) > f->fast.last + MAX_GAP_PS && !f->fast.lost ? SR_MISERR : 0u;
}

sim_access flash_g4_fast_write(flash_g4 *f, unsigned region, uint32_t offset, unsigned size,
                               uint32_t value)
{
    if (sim_hclk_hz(f->m) < MIN_HCLK_HZ) {
        sim_stop(f->m,
                 "FLASH: fast programming with HCLK at %" PRIu32
                 " Hz: it needs 8 MHz (RM0440 3.3.7)",
                 sim_hclk_hz(f->m));
        return SIM_ACCESS_STOP;
    }
    if ((f->sr & SR_ERRORS) != 0u || region == REGION_OTP || !f->mass_erased[region]) {
        refuse(f, SR_PGSERR);
        return SIM_ACCESS_OK;
    }
    if (size != 4u) {
        refuse(f, SR_SIZERR);
        return SIM_ACCESS_OK;
    }
    if (flash_g4_write_protected(f, region, offset & ~(UNIT_BYTES - 1u), UNIT_BYTES)) {
        refuse(f, SR_WRPERR);
        return SIM_ACCESS_OK;
    }
    uint32_t flag = place(f, region, offset);
    if (flag != 0u) {
        refuse(f, flag);
        return SIM_ACCESS_OK;
    }
    f->fast.next = offset + 4u;
    f->fast.last = sim_now(f->m);
    if ((offset & 4u) == 0u) {
        f->latch_word = value;
    } else if (!f->fast.lost) {
        flash_g4_begin_program(f, region, offset & ~(UNIT_BYTES - 1u), value,
                               f->times->fast_row / ROW_UNITS);
    }
    if (f->fast.next % f->kind->fast_row_bytes == 0u && !f->op.active) {
        f->fast.active = false;
    }
    return SIM_ACCESS_OK;
}

/* A unit of the row is done. True at the row's end. */
bool flash_g4_fast_step(flash_g4 *f)
{
    f->fast.last = sim_now(f->m);
    if (f->fast.next % f->kind->fast_row_bytes == 0u) {
        f->fast.active = false;
    }
    return !f->fast.active;
}
