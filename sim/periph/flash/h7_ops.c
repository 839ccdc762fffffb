/* Programming and erasing, and what a cut makes of them (RM0433 4.3.9 to 4.3.11, 4.4.4). */
#include <inttypes.h>
#include <string.h>

#include "sim/periph/flash/h7.h"

/* No figure for option bytes was found: as on the other lines, an erase of small pages. */
#define OPTION_PS (50u * SIM_PS_PER_MS)

bool flash_h7_wait(h7_place *p)
{
    return !p->op.active || sim_stall_until(p->f->m, p->done.when);
}

void flash_h7_error(h7_place *p, uint32_t bits)
{
    sim_trace(p->f->m, SIM_TRACE_FLASH, "bank at place %u: error flags 0x%08" PRIX32,
              p->number + 1u, bits);
    p->sr |= bits;
    p->filled = 0;
    p->sr &= ~(uint32_t)H7_SR_WBNE;
    flash_h7_update_irq(p->f);
}

/* ---- start and end ---- */

static unsigned bank_of(const h7_place *p)
{
    return p->number ^ (p->f->swapped ? 1u : 0u);
}

static void start(h7_place *p, sim_ps duration)
{
    sim_ps until = sim_now(p->f->m) + duration;
    p->f->begun = p->op;
    if (!sim_op_begin(p->f->m, p->op.kind, until)) {
        return;
    }
    p->op.active = true;
    p->sr |= H7_SR_BSY | H7_SR_QW;
    flash_h7_map(p->f);
    sim_schedule(p->f->m, &p->done, until);
}

static void finish(h7_place *p)
{
    sim_cancel(p->f->m, &p->done);
    p->op.active = false;
    p->sr &= ~(uint32_t)(H7_SR_BSY | H7_SR_QW);
    p->cr &= ~p->f->line->cr_start;
    flash_h7_map(p->f);
}

/* A flash word is written once: the second time the bits of data and of ECC are those of
 * both (RM0433 4.3.9). What looks erased and is not takes the data, and does not hold it. */
static void program_unit(flash_h7 *f, const h7_op *op)
{
    flash_cells *b = &f->bank[op->bank];
    const uint8_t *old = b->data + op->offset;
    uint8_t state = b->state[op->offset / op->bytes];
    if (state == UNIT_UNSTABLE) {
        cells_set_unstable(b, op->offset, op->data, b->other + op->offset);
    } else if (state == UNIT_OK && cells_all(old, op->bytes, 0xFF)) {
        cells_set(b, op->offset, op->data,
                  cells_all(op->data, op->bytes, 0xFF) ? UNIT_ONES : UNIT_OK);
    } else {
        uint8_t both[CELLS_UNIT_MAX];
        for (uint32_t i = 0; i < op->bytes; i++) {
            both[i] = old[i] & op->data[i];
        }
        sim_trace(f->m, SIM_TRACE_FLASH, "a flash word is programmed twice: its ECC is broken");
        cells_set(b, op->offset, both, UNIT_DOUBLE);
    }
}

void flash_h7_done(void *self)
{
    h7_place *p = self;
    if (p->op.kind == SIM_OP_PROGRAM) {
        program_unit(p->f, &p->op);
    } else {
        cells_erase(&p->f->bank[p->op.bank], p->op.offset, p->op.bytes);
    }
    p->sr |= H7_SR_EOP;
    finish(p);
    flash_h7_update_irq(p->f);
    sim_op_end(p->f->m);
}

/* ---- torn ---- */

static void tear_program(flash_h7 *f, const h7_op *op, sim_cut_outcome outcome)
{
    cells_tear_program(&f->bank[op->bank], f->m, op->offset, op->data, outcome);
    if (outcome == SIM_CUT_NEW) {
        program_unit(f, op);
    }
}

static void tear_erase(flash_h7 *f, const h7_op *op, sim_cut_outcome outcome)
{
    cells_tear_erase(&f->bank[op->bank], f->m, op->offset, op->bytes, outcome);
    if (outcome == SIM_CUT_NEW) {
        cells_erase(&f->bank[op->bank], op->offset, op->bytes);
    }
}

/* RM0433 4.4.4: an interrupted change leaves the options as they were. */
static void tear_options(flash_h7 *f, sim_cut_outcome outcome)
{
    if (outcome == SIM_CUT_NEW) {
        memcpy(f->cur, f->prg, sizeof f->cur);
    }
    sim_cancel(f->m, &f->option_done);
    f->option_busy = false;
}

/* For tools that ask what would be: nothing but contents changes. */
void flash_h7_apply(void *self, const sim_what_if *what)
{
    flash_h7 *f = self;
    h7_op op = {.kind = what->kind, .bank = what->bank, .offset = what->offset,
                .bytes = what->bytes};
    if (what->kind == SIM_OP_PROGRAM) {
        memcpy(op.data, what->data, what->bytes);
        tear_program(f, &op, what->outcome);
    } else {
        tear_erase(f, &op, what->outcome);
    }
}

void flash_h7_tear(void *self, sim_cut_outcome outcome)
{
    static const char *const names[] = {"old", "new", "mixed", "ecc", "unstable"};
    flash_h7 *f = self;
    bool any = f->option_busy || f->place[0].op.active || f->place[1].op.active;
    if (any && outcome == SIM_CUT_RANDOM) {
        outcome = (sim_cut_outcome)(sim_random(f->m) % (uint32_t)SIM_CUT_RANDOM);
    }
    for (unsigned i = 0; i < H7_BANKS; i++) {
        h7_place *p = &f->place[i];
        if (p->op.active) {
            sim_trace(f->m, SIM_TRACE_FLASH, "interrupted: %s", names[outcome]);
            if (p->op.kind == SIM_OP_PROGRAM) {
                tear_program(f, &p->op, outcome);
            } else {
                tear_erase(f, &p->op, outcome);
            }
            finish(p);
        }
    }
    if (f->option_busy) {
        sim_trace(f->m, SIM_TRACE_OPTION, "interrupted: %s",
                  outcome == SIM_CUT_NEW ? "new" : "old");
        tear_options(f, outcome);
    }
}

/* ---- programming ---- */

/* WPSN is active low, one bit for a sector, or for four (RM0455 4.9.17). The registers are
 * taken to belong to the place: silicon.md leaves it open, and nothing here sets them. */
static bool write_protected(const h7_place *p, uint32_t offset, uint32_t bytes)
{
    uint32_t sector = p->f->chip->pages[0].bytes * p->f->line->wpsn_sectors;
    uint32_t open = p->f->cur[p->number == 0u ? H7_WPSN1 : H7_WPSN2];
    for (uint32_t at = offset / sector; at <= (offset + (bytes - 1u)) / sector; at++) {
        if ((open >> at & 1u) == 0u) {
            return true;
        }
    }
    return false;
}

static unsigned psize(const h7_place *p)
{
    return p->f->line->psize_mask != 0u ? p->cr >> 4 & 3u : 0u;
}

static void program_buffer(h7_place *p)
{
    flash_h7 *f = p->f;
    uint32_t bytes = f->chip->unit_bytes, offset = p->buffer_offset, word;
    p->filled = 0;
    p->sr &= ~(uint32_t)H7_SR_WBNE;
    if (write_protected(p, offset, bytes)) {
        flash_h7_error(p, H7_SR_WRPERR);
        return;
    }
    p->op = (h7_op){.kind = SIM_OP_PROGRAM, .bank = bank_of(p), .offset = offset, .bytes = bytes};
    memcpy(p->op.data, p->buffer, bytes);
    memcpy(&word, p->buffer, sizeof word);
    sim_trace(f->m, SIM_TRACE_FLASH, "program bank %u 0x%06" PRIX32 ": %08" PRIX32 " ...",
              p->op.bank + 1u, offset, word);
    start(p, f->slow * f->line->program[psize(p)]);
}

/* FW: the bytes that are missing are ones. */
void flash_h7_force_write(h7_place *p)
{
    if (p->filled != 0u) {
        program_buffer(p);
    }
}

sim_access flash_h7_write(void *self, uint32_t address, unsigned size, uint32_t value)
{
    flash_h7 *f = self;
    unsigned bank;
    uint32_t offset, bytes = f->chip->unit_bytes;
    if (!flash_h7_locate(f, address, f->swapped, &bank, &offset)) {
        return SIM_ACCESS_FAULT;
    }
    h7_place *p = &f->place[bank ^ (f->swapped ? 1u : 0u)];
    if (!flash_h7_wait(p)) {
        return SIM_ACCESS_STOP;
    }
    uint32_t lanes = ((1u << size) - 1u) << (offset % bytes);
    if ((p->cr & (H7_CR_PG | H7_CR_SER | H7_CR_BER | H7_CR_LOCK)) != H7_CR_PG ||
        (p->sr & H7_SR_ERRORS) != 0u || f->option_busy) {
        flash_h7_error(p, H7_SR_PGSERR);
        return SIM_ACCESS_OK;
    }
    if (p->filled == 0u) {
        memset(p->buffer, 0xFF, sizeof p->buffer);
        p->buffer_offset = offset - offset % bytes;
    } else if (offset - offset % bytes != p->buffer_offset) {
        flash_h7_error(p, H7_SR_INCERR);
        return SIM_ACCESS_OK;
    }
    if ((p->filled & lanes) != 0u) {
        flash_h7_error(p, H7_SR_STRBERR);
        return SIM_ACCESS_OK;
    }
    for (unsigned i = 0; i < size; i++) {
        p->buffer[offset % bytes + i] = (uint8_t)(value >> (8u * i));
    }
    p->filled |= lanes;
    p->sr |= H7_SR_WBNE;
    if (p->filled == (bytes == 32u ? 0xFFFFFFFFu : (1u << bytes) - 1u)) {
        program_buffer(p);
    }
    return SIM_ACCESS_OK;
}

/* ---- erasing ---- */

void flash_h7_start_erase(h7_place *p)
{
    flash_h7 *f = p->f;
    uint32_t sector_bytes = f->chip->pages[0].bytes;
    uint32_t number = p->cr >> f->line->snb_shift & f->line->snb_mask;
    bool whole = (p->cr & H7_CR_BER) != 0u;
    if ((p->sr & H7_SR_ERRORS) != 0u || (p->cr & H7_CR_PG) != 0u || p->filled != 0u ||
        f->option_busy || (p->cr & (H7_CR_SER | H7_CR_BER)) == 0u) {
        p->cr &= ~f->line->cr_start;
        flash_h7_error(p, H7_SR_PGSERR);
        return;
    }
    h7_op op = {.kind = whole ? SIM_OP_ERASE_BANK : SIM_OP_ERASE_PAGE,
                .bank = bank_of(p),
                .offset = whole ? 0u : number * sector_bytes,
                .bytes = whole ? f->chip->bank_bytes : sector_bytes};
    if (op.offset >= f->chip->bank_bytes) {
        op.offset = op.bytes = 0u; /* a part of the die that this density does not show */
    } else if (write_protected(p, op.offset, op.bytes)) {
        p->cr &= ~f->line->cr_start;
        flash_h7_error(p, H7_SR_WRPERR);
        return;
    }
    if (whole) {
        sim_trace(f->m, SIM_TRACE_FLASH, "erase bank %u", op.bank + 1u);
    } else {
        sim_trace(f->m, SIM_TRACE_FLASH, "erase page %u of bank %u", (unsigned)number,
                  op.bank + 1u);
    }
    p->op = op;
    start(p, f->slow * f->line->erase[psize(p)] *
                 (whole ? f->chip->bank_bytes / sector_bytes : 1u));
}

/* ---- options ---- */

void flash_h7_start_options(flash_h7 *f)
{
    if (f->option_busy || H7_OPTSR_RDP(f->cur[H7_OPTSR]) == 0xCCu) {
        f->opt_changeerr = true;
        return;
    }
    sim_trace(f->m, SIM_TRACE_OPTION, "write options: OPTSR 0x%08" PRIX32, f->prg[H7_OPTSR]);
    sim_ps until = sim_now(f->m) + f->slow * OPTION_PS;
    f->begun = (h7_op){.kind = SIM_OP_OPTION};
    if (sim_op_begin(f->m, SIM_OP_OPTION, until)) {
        f->option_busy = true;
        sim_schedule(f->m, &f->option_done, until);
    }
}

void flash_h7_options_done(void *self)
{
    flash_h7 *f = self;
    memcpy(f->cur, f->prg, sizeof f->cur);
    f->option_busy = false;
    sim_op_end(f->m);
}
