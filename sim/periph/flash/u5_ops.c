/* Programming, erasing, option changes, and what a cut makes of them (RM0456 7.3.5 to
 * 7.3.10, 7.4.2). */
#include <inttypes.h>
#include <string.h>

#include "sim/periph/flash/u5.h"

#define OPTION_UNITS 16u /* programmed after both option pages are erased: no time is known */

bool flash_u5_wait(flash_u5 *f)
{
    return !f->op.active || sim_stall_until(f->m, f->done.when);
}

/* ---- start and end ---- */

static void start(flash_u5 *f, unsigned banks, sim_ps duration)
{
    sim_ps until = sim_now(f->m) + duration;
    if (!sim_op_begin(f->m, f->op.kind, until)) {
        return;
    }
    f->op.active = true;
    f->opsr = 0;
    f->sr |= U5_SR_BSY;
    f->busy_banks = f->single ? 3u : banks;
    flash_u5_map(f);
    sim_schedule(f->m, &f->done, until);
}

static void finish(flash_u5 *f)
{
    sim_cancel(f->m, &f->done);
    f->op.active = false;
    f->sr &= ~(uint32_t)(U5_SR_BSY | U5_SR_WDW);
    f->cr &= ~(U5_CR_STRT | U5_CR_OPTSTRT);
    f->busy_banks = 0;
    flash_u5_map(f);
}

static void erase_range(flash_u5 *f, unsigned bank, uint32_t offset, uint32_t bytes)
{
    flash_u5_keep_stale(f, bank, offset, bytes);
    cells_erase(&f->bank[bank], offset, bytes);
}

static void program_unit(flash_u5 *f)
{
    const u5_op *op = &f->op;
    flash_u5_keep_stale(f, op->bank, op->offset, U5_UNIT_BYTES);
    cells_program(&f->bank[op->bank], op->offset, op->data);
}

/* RDP 1 to 0 erases everything that RDP guarded (RM0456 7.6.2). */
static void regress(flash_u5 *f)
{
    for (unsigned bank = 0; bank < U5_BANKS; bank++) {
        erase_range(f, bank, 0u, f->chip->bank_bytes);
    }
    flash_wipe_backup(f->m);
}

static void program_options(flash_u5 *f)
{
    if ((f->options[U5_OPTR] & U5_OPTR_RDP) != U5_RDP_LEVEL_0 &&
        (f->registers[U5_OPTR] & U5_OPTR_RDP) == U5_RDP_LEVEL_0) {
        regress(f);
    }
    memcpy(f->stored, f->registers, sizeof f->stored);
}

static void complete(flash_u5 *f)
{
    const u5_op *op = &f->op;
    switch (op->kind) {
    case SIM_OP_PROGRAM:
        program_unit(f);
        break;
    case SIM_OP_ERASE_PAGE:
        erase_range(f, op->bank, op->offset, op->bytes);
        break;
    case SIM_OP_ERASE_BANK:
        for (unsigned bank = 0; bank < U5_BANKS; bank++) {
            if ((op->banks >> bank & 1u) != 0u) {
                erase_range(f, bank, 0u, f->chip->bank_bytes);
            }
        }
        break;
    case SIM_OP_OPTION:
        program_options(f);
        break;
    }
}

void flash_u5_done(void *self)
{
    flash_u5 *f = self;
    complete(f);
    if ((f->cr & U5_CR_EOPIE) != 0u) {
        f->sr |= U5_SR_EOP;
    }
    finish(f);
    flash_u5_update_irq(f);
    sim_op_end(f->m);
}

/* ---- torn ---- */

static void tear_program(flash_u5 *f, sim_cut_outcome outcome)
{
    const u5_op *op = &f->op;
    cells_tear_program(&f->bank[op->bank], f->m, op->offset, op->data, outcome);
    if (outcome == SIM_CUT_NEW) {
        program_unit(f);
    }
}

static void tear_erase(flash_u5 *f, unsigned bank, uint32_t offset, uint32_t bytes,
                       sim_cut_outcome outcome)
{
    cells_tear_erase(&f->bank[bank], f->m, offset, bytes, outcome);
    if (outcome == SIM_CUT_NEW) {
        erase_range(f, bank, offset, bytes);
    }
}

/* Whether a change is whole or not at all is not in the manual; nothing speaks of a third
 * value, so a cut leaves one of the two. */
static void tear_options(flash_u5 *f, sim_cut_outcome outcome)
{
    if (outcome == SIM_CUT_NEW || (outcome != SIM_CUT_OLD && (sim_random(f->m) & 1u) != 0u)) {
        program_options(f);
    }
}

static uint32_t operation_code(const flash_u5 *f)
{
    const u5_op *op = &f->op;
    static const uint8_t codes[] = {[SIM_OP_PROGRAM] = 1, [SIM_OP_ERASE_PAGE] = 3,
                                    [SIM_OP_ERASE_BANK] = 4, [SIM_OP_OPTION] = 6};
    bool mass = op->kind == SIM_OP_ERASE_BANK && op->banks == 3u;
    uint32_t where = op->kind == SIM_OP_OPTION ? 0u : flash_u5_place(f, op->bank, op->offset);
    return U5_OPSR_CODE(mass ? 5u : codes[op->kind]) | where;
}

/* For tools that ask what would be: nothing but contents changes. */
void flash_u5_apply(void *self, const sim_what_if *what)
{
    flash_u5 *f = self;
    u5_op was = f->op;
    bool filled = f->icache_filled;
    f->op = (u5_op){.kind = what->kind, .bank = what->bank, .offset = what->offset,
                    .bytes = what->bytes};
    f->icache_filled = false;
    if (what->kind == SIM_OP_PROGRAM) {
        memcpy(f->op.data, what->data, U5_UNIT_BYTES);
        tear_program(f, what->outcome);
    } else {
        tear_erase(f, what->bank, what->offset, what->bytes, what->outcome);
    }
    f->op = was;
    f->icache_filled = filled;
}

void flash_u5_tear(void *self, sim_cut_outcome outcome)
{
    flash_u5 *f = self;
    if (!f->op.active) {
        return;
    }
    outcome = flash_outcome(f->m, f->op.kind, outcome);
    f->opsr = operation_code(f);
    switch (f->op.kind) {
    case SIM_OP_PROGRAM:
        tear_program(f, outcome);
        break;
    case SIM_OP_ERASE_PAGE:
        tear_erase(f, f->op.bank, f->op.offset, f->op.bytes, outcome);
        break;
    case SIM_OP_ERASE_BANK:
        for (unsigned bank = 0; bank < U5_BANKS; bank++) {
            if ((f->op.banks >> bank & 1u) != 0u) {
                tear_erase(f, bank, 0u, f->chip->bank_bytes, outcome);
            }
        }
        break;
    case SIM_OP_OPTION:
        tear_options(f, outcome);
        break;
    }
    finish(f);
}

/* ---- programming ---- */

static void refuse(flash_u5 *f, uint32_t flag)
{
    f->words = 0;
    f->sr &= ~(uint32_t)U5_SR_WDW;
    flash_u5_error(f, flag);
}

static void start_program(flash_u5 *f, unsigned bank, uint32_t offset)
{
    f->words = 0;
    if (flash_u5_write_protected(f, bank, offset, U5_UNIT_BYTES)) {
        refuse(f, U5_SR_WRPERR);
        return;
    }
    if (!cells_programmable(&f->bank[bank], f->m, offset, f->buffer)) { /* RM0456 7.3.7 */
        refuse(f, U5_SR_PROGERR);
        return;
    }
    f->op = (u5_op){.kind = SIM_OP_PROGRAM, .bank = bank, .offset = offset,
                    .bytes = U5_UNIT_BYTES};
    memcpy(f->op.data, f->buffer, U5_UNIT_BYTES);
    sim_trace(f->m, SIM_TRACE_FLASH, "program bank %u 0x%05" PRIX32, bank + 1u, offset);
    start(f, 1u << bank, f->times->program);
}

sim_access flash_u5_write(void *self, uint32_t address, unsigned size, uint32_t value)
{
    flash_u5 *f = self;
    unsigned bank;
    uint32_t offset;
    if (!flash_u5_locate(f, address, &bank, &offset)) {
        return SIM_ACCESS_FAULT;
    }
    if (!flash_u5_wait(f)) {
        return SIM_ACCESS_STOP;
    }
    if ((f->cr & U5_CR_BWR) != 0u) {
        return sim_unmodelled(f->m, &f->periph, 0x28u, size, true, f->cr,
                              "burst programming is not modelled");
    }
    if ((f->cr & (U5_CR_PG | U5_CR_PER | U5_CR_MER1 | U5_CR_MER2)) != U5_CR_PG ||
        (f->sr & U5_SR_ERRORS) != 0u) {
        refuse(f, U5_SR_PGSERR);
    } else if (size != 4u) {
        refuse(f, U5_SR_SIZERR);
    } else if (address != f->buffer_address + 4u * f->words && f->words != 0u) {
        refuse(f, U5_SR_PGAERR);
    } else if (f->words == 0u && address % U5_UNIT_BYTES != 0u) {
        refuse(f, U5_SR_PGAERR);
    } else {
        f->buffer_address = f->words == 0u ? address : f->buffer_address;
        for (unsigned i = 0; i < 4u; i++) {
            f->buffer[4u * f->words + i] = (uint8_t)(value >> (8u * i));
        }
        f->sr |= U5_SR_WDW;
        if (++f->words == 4u) {
            start_program(f, bank, offset & ~(U5_UNIT_BYTES - 1u));
        }
    }
    return SIM_ACCESS_OK;
}

/* ---- erasing ---- */

static void start_page(flash_u5 *f)
{
    uint32_t offset = U5_CR_PNB(f->cr) * U5_PAGE_BYTES, bytes = U5_PAGE_BYTES;
    unsigned bank = (f->cr & U5_CR_BKER) != 0u ? 1u : 0u; /* physical: RM0456 7.5.8 */
    sim_trace(f->m, SIM_TRACE_FLASH, "erase page %u of bank %u", (unsigned)U5_CR_PNB(f->cr),
              bank + 1u);
    if (f->single && bank == 0u && offset >= f->chip->bank_bytes) {
        offset -= f->chip->bank_bytes;
        bank = 1u;
    } else if (f->single && bank == 1u) {
        offset = f->chip->bank_bytes;
    }
    if (offset >= f->chip->bank_bytes) {
        offset = bytes = 0u; /* not there; takes its time */
    } else if (flash_u5_write_protected(f, bank, offset, bytes)) {
        flash_u5_error(f, U5_SR_WRPERR);
        return;
    }
    f->op = (u5_op){.kind = SIM_OP_ERASE_PAGE, .bank = bank, .offset = offset, .bytes = bytes};
    start(f, 1u << bank, f->times->erase_page);
}

static void start_banks(flash_u5 *f)
{
    unsigned banks = ((f->cr & U5_CR_MER1) != 0u ? 1u : 0u) |
                     ((f->cr & U5_CR_MER2) != 0u ? 2u : 0u);
    if (f->single) {
        if (banks == 2u) {
            sim_stop(f->m, "FLASH_NSCR: MER2 alone with DUALBANK = 0: there is no bank 2, and the "
                           "manual does not say what is erased");
        }
        banks = 3u;
    }
    for (unsigned bank = 0; bank < U5_BANKS; bank++) {
        if ((banks >> bank & 1u) != 0u &&
            flash_u5_write_protected(f, bank, 0u, f->chip->bank_bytes)) {
            flash_u5_error(f, U5_SR_WRPERR);
            return;
        }
    }
    sim_trace(f->m, SIM_TRACE_FLASH, "erase %s",
              banks == 3u ? "both banks" : banks == 1u ? "bank 1" : "bank 2");
    f->op = (u5_op){.kind = SIM_OP_ERASE_BANK, .banks = banks};
    start(f, banks, f->times->erase_bank);
}

void flash_u5_start_erase(flash_u5 *f)
{
    uint32_t mass = f->cr & (U5_CR_MER1 | U5_CR_MER2);
    bool page = (f->cr & U5_CR_PER) != 0u;
    /* STRT with neither is PGSERR too (RM0456 7.9.8). */
    if ((f->sr & U5_SR_ERRORS) != 0u || (f->cr & U5_CR_PG) != 0u || page == (mass != 0u)) {
        f->cr &= ~U5_CR_STRT;
        flash_u5_error(f, U5_SR_PGSERR);
        return;
    }
    if (page) {
        start_page(f);
    } else {
        start_banks(f);
    }
    if (!f->op.active) {
        f->cr &= ~U5_CR_STRT;
    }
}

void flash_u5_start_options(flash_u5 *f)
{
    if ((f->sr & U5_SR_ERRORS) != 0u) {
        flash_u5_error(f, U5_SR_PGSERR);
    } else if (!flash_u5_options_allowed(f)) {
        flash_u5_error(f, U5_SR_OPTWERR);
    } else {
        f->op = (u5_op){.kind = SIM_OP_OPTION};
        sim_trace(f->m, SIM_TRACE_OPTION, "write options: OPTR 0x%08" PRIX32,
                  f->registers[U5_OPTR]);
        start(f, 3u, 2u * f->times->erase_page + OPTION_UNITS * f->times->program);
    }
    if (!f->op.active) {
        f->cr &= ~U5_CR_OPTSTRT;
    }
}
