/* Programming and erasing, and what a cut makes of them (RM0440 3.3.5 to 3.3.8). */
#include <inttypes.h>
#include <string.h>

#include "sim/periph/flash/g4.h"

/* Not in the datasheet: both option pages erased, then ten units programmed (silicon.md 5). */
#define OPTION_UNITS 10u

bool flash_g4_wait(flash_g4 *f)
{
    return !f->op.active || sim_stall_until(f->m, f->done.when);
}

/* ---- start and end ---- */

static void set_busy(flash_g4 *f, unsigned banks)
{
    unsigned changed = f->busy_banks ^ banks;
    f->busy_banks = banks;
    for (unsigned bank = 0; bank < REGION_OTP; bank++) {
        if ((changed >> bank & 1u) != 0u) {
            flash_g4_map_bank(f, bank);
        }
    }
}

/* One controller, so one operation; in single-bank mode each line lies in both halves. */
static void start(flash_g4 *f, unsigned banks, sim_ps duration)
{
    sim_ps until = sim_now(f->m) + duration;
    if (!sim_op_begin(f->m, f->op.kind, until)) {
        return;
    }
    f->op.active = true;
    f->sr |= SR_BSY;
    set_busy(f, f->single_bank ? 3u : banks);
    sim_schedule(f->m, &f->done, until);
}

static void finish(flash_g4 *f)
{
    sim_cancel(f->m, &f->done);
    f->op.active = false;
    f->sr &= ~(uint32_t)SR_BSY;
    f->cr &= ~(CR_STRT | CR_OPTSTRT);
    set_busy(f, 0);
}

static void erase_range(flash_g4 *f, unsigned region, uint32_t offset, uint32_t bytes)
{
    flash_g4_keep_stale(f, region, offset, bytes);
    cells_erase(&f->region[region], offset, bytes);
}

/* A hit data-cache line takes the new words (RM0440 3.3.7); the rest of it stays stale. */
static void program_unit(flash_g4 *f)
{
    const flash_op *op = &f->op;
    flash_cells *r = &f->region[op->region];
    if (op->region != REGION_OTP && r->stale[op->offset / GRANULE_BYTES] != 0u) {
        memcpy(r->old + op->offset, op->data, UNIT_BYTES);
    }
    if (op->fast && !(r->state[op->offset / UNIT_BYTES] == UNIT_OK &&
                      cells_all(r->data + op->offset, UNIT_BYTES, 0xFF))) {
        /* Fast programming does not look: what was there stays in it. */
        uint8_t both[UNIT_BYTES];
        for (unsigned i = 0; i < UNIT_BYTES; i++) {
            both[i] = (uint8_t)(r->data[op->offset + i] & op->data[i]);
        }
        cells_set(r, op->offset, both, UNIT_DOUBLE);
    } else {
        cells_program(r, op->offset, op->data);
    }
}

/* RDP 1 to 0 erases everything that RDP guarded (RM0440 3.5.1). */
static void regress(flash_g4 *f)
{
    for (unsigned bank = 0; bank < REGION_OTP; bank++) {
        erase_range(f, bank, 0u, f->region[bank].bytes);
    }
    flash_wipe_backup(f->m);
}

static void program_options(flash_g4 *f)
{
    uint32_t from = f->options[OPT_OPTR] & OPTR_RDP, to = f->registers[OPT_OPTR] & OPTR_RDP;
    if (from != RDP_LEVEL_0 && to == RDP_LEVEL_0) {
        regress(f);
    }
    memcpy(f->stored, f->registers, sizeof f->stored);
    f->stored_intact = true;
    f->virgin = false;
}

static void complete(flash_g4 *f)
{
    const flash_op *op = &f->op;
    switch (op->kind) {
    case SIM_OP_PROGRAM:
        program_unit(f);
        break;
    case SIM_OP_ERASE_PAGE:
        erase_range(f, op->region, op->offset, op->bytes);
        break;
    case SIM_OP_ERASE_BANK:
        for (unsigned bank = 0; bank < REGION_OTP; bank++) {
            if ((op->banks >> bank & 1u) != 0u) {
                erase_range(f, bank, 0u, f->region[bank].bytes);
                f->mass_erased[bank] = true;
            }
        }
        break;
    case SIM_OP_OPTION:
        program_options(f);
        break;
    }
}

void flash_g4_done(void *self)
{
    flash_g4 *f = self;
    complete(f);
    bool row_goes_on = f->op.fast && !flash_g4_fast_step(f);
    if ((f->cr & CR_EOPIE) != 0u && !row_goes_on) {
        f->sr |= SR_EOP;
    }
    finish(f);
    flash_g4_update_irq(f);
    sim_op_end(f->m);
}

/* ---- torn ---- */

static void tear_program(flash_g4 *f, sim_cut_outcome outcome)
{
    const flash_op *op = &f->op;
    cells_tear_program(&f->region[op->region], f->m, op->offset, op->data, outcome);
    if (outcome == SIM_CUT_NEW) {
        program_unit(f);
    }
}

static void tear_erase(flash_g4 *f, unsigned region, uint32_t offset, uint32_t bytes,
                       sim_cut_outcome outcome)
{
    cells_tear_erase(&f->region[region], f->m, offset, bytes, outcome);
    if (outcome == SIM_CUT_NEW) {
        erase_range(f, region, offset, bytes);
    }
}

static void tear_options(flash_g4 *f, sim_cut_outcome outcome)
{
    if (outcome == SIM_CUT_NEW) {
        program_options(f);
    } else if (outcome != SIM_CUT_OLD) {
        f->stored_intact = false; /* the pages were erased and not written back: 3.4.2 */
    }
}

void flash_g4_tear(void *self, sim_cut_outcome outcome)
{
    flash_g4 *f = self;
    if (!f->op.active) {
        return;
    }
    outcome = flash_outcome(f->m, f->op.kind, outcome);
    switch (f->op.kind) {
    case SIM_OP_PROGRAM:
        tear_program(f, outcome);
        break;
    case SIM_OP_ERASE_PAGE:
        tear_erase(f, f->op.region, f->op.offset, f->op.bytes, outcome);
        break;
    case SIM_OP_ERASE_BANK:
        for (unsigned bank = 0; bank < REGION_OTP; bank++) {
            if ((f->op.banks >> bank & 1u) != 0u) {
                tear_erase(f, bank, 0u, f->region[bank].bytes, outcome);
            }
        }
        break;
    case SIM_OP_OPTION:
        tear_options(f, outcome);
        break;
    }
    finish(f);
}

/* For tools that ask what would be: nothing but contents changes. */
void flash_g4_apply(void *self, const sim_what_if *what)
{
    flash_g4 *f = self;
    flash_op was = f->op;
    f->op = (flash_op){.kind = what->kind, .region = what->bank, .offset = what->offset,
                       .bytes = what->bytes};
    if (what->kind != SIM_OP_PROGRAM && what->outcome == SIM_CUT_NEW) {
        cells_erase(&f->region[what->bank], what->offset, what->bytes);
    } else if (what->kind != SIM_OP_PROGRAM) {
        tear_erase(f, what->bank, what->offset, what->bytes, what->outcome);
    } else {
        memcpy(f->op.data, what->data, UNIT_BYTES);
        tear_program(f, what->outcome);
    }
    f->op = was;
}

/* ---- programming ---- */

/* The lower word is in the latch. */
static void whole_unit(const flash_g4 *f, uint32_t high, uint8_t *unit)
{
    for (unsigned i = 0; i < 4u; i++) {
        unit[i] = (uint8_t)(f->latch_word >> (8u * i));
        unit[4u + i] = (uint8_t)(high >> (8u * i));
    }
}

void flash_g4_begin_program(flash_g4 *f, unsigned region, uint32_t offset, uint32_t high,
                            sim_ps time)
{
    f->op = (flash_op){.kind = SIM_OP_PROGRAM,
                       .region = region,
                       .offset = offset,
                       .bytes = UNIT_BYTES,
                       .fast = f->fast.active};
    whole_unit(f, high, f->op.data);
    sim_trace(f->m, SIM_TRACE_FLASH, "program %s 0x%05" PRIX32 ": %08" PRIX32 " %08" PRIX32,
              region == REGION_OTP ? "OTP"
              : region == 0u       ? "bank 1"
                                   : "bank 2",
              offset, f->latch_word, high);
    start(f, region == 1u ? 2u : 1u, time);
}

/* RM0440 3.3.7: not erased and not all zero is PROGERR. A unit that was written with all
 * ones is spent: whether the part says so is unsure, so firmware must not rely on it. */
static void start_program(flash_g4 *f, unsigned region, uint32_t offset, uint32_t high)
{
    uint8_t unit[UNIT_BYTES];
    whole_unit(f, high, unit);
    if (region != REGION_OTP && flash_g4_write_protected(f, region, offset, UNIT_BYTES)) {
        flash_g4_error(f, SR_WRPERR);
    } else if (!cells_programmable(&f->region[region], f->m, offset, unit)) {
        flash_g4_error(f, SR_PROGERR);
    } else {
        flash_g4_begin_program(f, region, offset, high, f->times->program);
    }
}

sim_access flash_g4_write(void *self, uint32_t address, unsigned size, uint32_t value)
{
    flash_g4 *f = self;
    unsigned region;
    uint32_t offset;
    if (address - OTP_BASE < OTP_BYTES) {
        region = REGION_OTP, offset = address - OTP_BASE;
    } else if (address >= 0x1FFF0000u ||
               !flash_g4_locate(f, address, f->fb_mode, &region, &offset) || f->readout_locked) {
        return SIM_ACCESS_FAULT;
    }
    if (!flash_g4_wait(f)) {
        return SIM_ACCESS_STOP;
    }
    const uint32_t modes = f->cr & (CR_PG | CR_FSTPG | CR_PER | CR_MER1 | CR_MER2);
    if (modes == CR_FSTPG) {
        return flash_g4_fast_write(f, region, offset, size, value);
    }
    if (modes != CR_PG || (f->sr & SR_ERRORS) != 0u) {
        flash_g4_error(f, SR_PGSERR);
    } else if (size != 4u) {
        flash_g4_error(f, SR_SIZERR);
    } else if (!f->latched && (address & 4u) == 0u) {
        f->latched = true;
        f->latch_address = address;
        f->latch_word = value;
    } else if (!f->latched || address != f->latch_address + 4u) {
        f->latched = false;
        flash_g4_error(f, SR_PGAERR);
    } else {
        f->latched = false;
        start_program(f, region, offset & ~(UNIT_BYTES - 1u), value);
    }
    return SIM_ACCESS_OK;
}

/* ---- erasing ---- */

static void start_page(flash_g4 *f)
{
    uint32_t bytes = flash_g4_page_bytes(f);
    uint32_t offset = CR_PNB(f->cr) * bytes, bank = f->chip->bank_bytes;
    unsigned region = !f->single_bank && (f->cr & CR_BKER) != 0u ? 1u : 0u;
    if (f->single_bank && offset >= bank) {
        region = 1u;
        offset -= bank;
    }
    sim_trace(f->m, SIM_TRACE_FLASH, "erase page %u of bank %u", (unsigned)CR_PNB(f->cr),
              region + 1u);
    if (offset >= bank) {
        bytes = 0u; /* the part of the die that this density does not show: takes its time */
    } else if (flash_g4_write_protected(f, region, offset, bytes)) {
        flash_g4_error(f, SR_WRPERR);
        return;
    }
    f->op = (flash_op){.kind = SIM_OP_ERASE_PAGE,
                       .region = region,
                       .offset = bytes != 0u ? offset : 0u,
                       .bytes = bytes};
    start(f, 1u << region, f->times->erase_page);
}

static void start_banks(flash_g4 *f)
{
    unsigned banks = ((f->cr & CR_MER1) != 0u ? 1u : 0u) | ((f->cr & CR_MER2) != 0u ? 2u : 0u);
    for (unsigned bank = 0; bank < REGION_OTP; bank++) {
        if ((banks >> bank & 1u) != 0u &&
            flash_g4_write_protected(f, bank, 0u, f->region[bank].bytes)) {
            flash_g4_error(f, SR_WRPERR);
            return;
        }
    }
    sim_trace(f->m, SIM_TRACE_FLASH, "erase %s",
              banks == 3u ? "both banks" : banks == 1u ? "bank 1" : "bank 2");
    f->op = (flash_op){.kind = SIM_OP_ERASE_BANK, .banks = banks};
    start(f, banks, f->times->erase_bank);
}

void flash_g4_start_erase(flash_g4 *f)
{
    uint32_t mass = f->cr & (CR_MER1 | CR_MER2);
    bool page = (f->cr & CR_PER) != 0u;
    if (!page && mass == 0u) {
        sim_stop(f->m, "FLASH_CR: STRT with none of PER, MER1, MER2, PC 0x%08" PRIX32
                 ": unpredictable on the part (RM0440 3.7.6)", sim_cpu_pc(sim_core(f->m)));
        return;
    }
    bool half = f->single_bank && f->kind->wide_single_bank && mass != 0u &&
                mass != (CR_MER1 | CR_MER2);
    if ((f->sr & SR_ERRORS) != 0u || (f->cr & (CR_PG | CR_FSTPG)) != 0u || (page && mass != 0u) ||
        half) {
        f->cr &= ~CR_STRT;
        flash_g4_error(f, SR_PGSERR);
        return;
    }
    if (page) {
        start_page(f);
    } else {
        start_banks(f);
    }
    if (!f->op.active) {
        f->cr &= ~CR_STRT;
    }
}

void flash_g4_start_options(flash_g4 *f)
{
    if ((f->sr & SR_ERRORS & ~(uint32_t)SR_OPTVERR) != 0u) {
        flash_g4_error(f, SR_PGSERR);
    } else if ((f->options[OPT_OPTR] & OPTR_RDP) == RDP_LEVEL_2) {
        flash_g4_error(f, SR_WRPERR);
    } else {
        f->op = (flash_op){.kind = SIM_OP_OPTION};
        sim_trace(f->m, SIM_TRACE_OPTION, "write options: OPTR 0x%08" PRIX32,
                  f->registers[OPT_OPTR]);
        start(f, 3u, 2u * f->times->erase_page + OPTION_UNITS * f->times->program);
    }
    if (!f->op.active) {
        f->cr &= ~CR_OPTSTRT;
    }
}
