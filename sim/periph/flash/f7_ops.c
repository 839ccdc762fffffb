/* Programming and erasing, and what a cut makes of them (RM0410 3.3.6 to 3.3.8). */
#include <inttypes.h>
#include <string.h>

#include "sim/periph/flash/f7.h"

#define SNB_BANK2 16u
#define SECTORS 12u
#define ROW_BYTES 16u /* RM0410 3.3.9: what one programming access may not cross */

bool flash_f7_wait(flash_f7 *f)
{
    return !f->op.active || sim_stall_until(f->m, f->done.when);
}

/* ---- start and end ---- */

static void start(flash_f7 *f, sim_ps duration)
{
    sim_ps until = sim_now(f->m) + duration;
    if (!sim_op_begin(f->m, f->op.kind, until)) {
        return;
    }
    f->op.active = true;
    f->sr |= F7_SR_BSY;
    flash_f7_map(f);
    sim_schedule(f->m, &f->done, until);
}

static void finish(flash_f7 *f)
{
    sim_cancel(f->m, &f->done);
    f->op.active = false;
    f->sr &= ~(uint32_t)F7_SR_BSY;
    f->cr &= ~F7_CR_STRT;
    f->registers[F7_OPTCR] &= ~F7_OPTCR_OPTSTRT;
    flash_f7_map(f);
}

/* Programming clears bits and looks at none: what is written over old data, or over cells
 * that only look erased, leaves the zeros of both. */
static void program(flash_f7 *f, const uint8_t *data, const uint8_t *other)
{
    const f7_op *op = &f->op;
    unsigned bank = op->banks >> 1;
    for (uint32_t i = 0; i < op->bytes; i++) { /* not aligned, it is in two words */
        uint32_t word = (op->offset + i) / F7_WORD_BYTES, at = (op->offset + i) % F7_WORD_BYTES;
        uint8_t fresh[F7_WORD_BYTES], second[F7_WORD_BYTES];
        memcpy(fresh, f->bank[bank].data + word * F7_WORD_BYTES, F7_WORD_BYTES);
        memcpy(second, f->bank[bank].other + word * F7_WORD_BYTES, F7_WORD_BYTES);
        fresh[at] &= data[i];
        second[at] &= other[i];
        flash_f7_set_word(f, bank, word, fresh, second);
    }
}

static void erase(flash_f7 *f)
{
    for (unsigned bank = 0; bank < F7_BANKS; bank++) {
        if ((f->op.banks >> bank & 1u) != 0u) {
            flash_f7_erase_words(f, bank, f->op.offset, f->op.bytes);
        }
    }
}

static void store_options(flash_f7 *f)
{
    memcpy(f->stored, f->registers, sizeof f->stored);
    f->stored[F7_OPTCR] &= ~(F7_OPTCR_OPTLOCK | F7_OPTCR_OPTSTRT);
}

void flash_f7_done(void *self)
{
    flash_f7 *f = self;
    switch (f->op.kind) {
    case SIM_OP_PROGRAM:
        program(f, f->op.data, f->op.data);
        break;
    case SIM_OP_OPTION:
        store_options(f);
        break;
    default:
        erase(f);
        break;
    }
    f->sr |= (f->cr & F7_CR_EOPIE) != 0u ? F7_SR_EOP : 0u;
    finish(f);
    flash_f7_update_irq(f);
    sim_op_end(f->m);
}

/* ---- torn ---- */

static void tear_program(flash_f7 *f, sim_cut_outcome outcome)
{
    const f7_op *op = &f->op;
    static const uint8_t ones[F7_WORD_BYTES] = {0xFF, 0xFF, 0xFF, 0xFF};
    uint8_t some[F7_WORD_BYTES];
    for (uint32_t i = 0; i < op->bytes; i++) {
        some[i] = (uint8_t)(op->data[i] | sim_random(f->m));
    }
    switch (outcome) {
    case SIM_CUT_NEW:
        program(f, op->data, op->data);
        break;
    case SIM_CUT_MIXED:
    case SIM_CUT_ECC:
        program(f, some, some);
        break;
    case SIM_CUT_UNSTABLE:
        program(f, op->data, ones);
        break;
    default:
        break;
    }
}

static void tear_erased_word(flash_f7 *f, unsigned bank, uint32_t word, sim_cut_outcome outcome)
{
    static const uint8_t blank[F7_WORD_BYTES] = {0xFF, 0xFF, 0xFF, 0xFF};
    uint8_t old[F7_WORD_BYTES];
    uint32_t chance = sim_random(f->m);
    memcpy(old, f->bank[bank].data + word * F7_WORD_BYTES, F7_WORD_BYTES);
    if (outcome == SIM_CUT_UNSTABLE) {
        flash_f7_set_word(f, bank, word, blank, old);
    } else if (outcome == SIM_CUT_ECC && chance % 3u == 0u) {
        for (unsigned i = 0; i < F7_WORD_BYTES; i++) {
            old[i] = (uint8_t)(old[i] | sim_random(f->m));
        }
        flash_f7_set_word(f, bank, word, old, old);
    } else if ((chance & 0x100u) != 0u) {
        flash_f7_set_word(f, bank, word, blank, blank);
    }
}

static void tear_erase(flash_f7 *f, sim_cut_outcome outcome)
{
    const f7_op *op = &f->op;
    if (outcome == SIM_CUT_NEW) {
        erase(f);
        return;
    }
    for (unsigned bank = 0; outcome != SIM_CUT_OLD && bank < F7_BANKS; bank++) {
        for (uint32_t at = op->offset;
             (op->banks >> bank & 1u) != 0u && at < op->offset + op->bytes; at += F7_WORD_BYTES) {
            tear_erased_word(f, bank, at / F7_WORD_BYTES, outcome);
        }
    }
}

/* No source says what an interrupted change leaves. Taken is the worst of the other lines:
 * everything erased, which is RDP level 1 and one bank. */
static void tear_options(flash_f7 *f, sim_cut_outcome outcome)
{
    if (outcome == SIM_CUT_NEW) {
        store_options(f);
    } else if (outcome != SIM_CUT_OLD) {
        f->stored[F7_OPTCR] = 0xFFFFFFFCu;
        f->stored[F7_OPTCR1] = 0x00400080u;
    }
}

/* For tools that ask what would be: nothing but contents changes. */
void flash_f7_apply(void *self, const sim_what_if *what)
{
    flash_f7 *f = self;
    f7_op was = f->op;
    f->op = (f7_op){.kind = what->kind, .banks = 1u << what->bank, .offset = what->offset,
                    .bytes = what->bytes};
    if (what->kind == SIM_OP_PROGRAM) {
        memcpy(f->op.data, what->data, what->bytes);
        tear_program(f, what->outcome);
    } else {
        tear_erase(f, what->outcome);
    }
    f->op = was;
}

void flash_f7_tear(void *self, sim_cut_outcome outcome)
{
    static const char *const names[] = {"old", "new", "mixed", "mixed", "unstable"};
    flash_f7 *f = self;
    if (!f->op.active) {
        return;
    }
    if (outcome == SIM_CUT_RANDOM) {
        outcome = (sim_cut_outcome)(sim_random(f->m) % (uint32_t)SIM_CUT_RANDOM);
    }
    sim_trace(f->m, f->op.kind == SIM_OP_OPTION ? SIM_TRACE_OPTION : SIM_TRACE_FLASH,
              "interrupted: %s", names[outcome]);
    if (f->op.kind == SIM_OP_PROGRAM) {
        tear_program(f, outcome);
    } else if (f->op.kind == SIM_OP_OPTION) {
        tear_options(f, outcome);
    } else {
        tear_erase(f, outcome);
    }
    finish(f);
}

/* ---- programming ---- */

/* nWRP: a bit for two sectors of a bank, six bits a bank; with one bank a bit for each sector.
 * Taken as of the physical bank. */
static bool write_protected(const flash_f7 *f, unsigned bank, unsigned sector)
{
    uint32_t open = f->options[F7_OPTCR] >> 16;
    unsigned bit = flash_f7_single(f) ? sector : sector / 2u + bank * (SECTORS / 2u);
    return (open >> bit & 1u) == 0u;
}

static unsigned sector_at(const flash_f7 *f, uint32_t offset)
{
    tb_page page = {0};
    (void)tb_page_at(f->chip, offset, &page);
    return page.number;
}

sim_access flash_f7_write(void *self, uint32_t address, unsigned size, uint32_t value)
{
    flash_f7 *f = self;
    unsigned bank;
    uint32_t offset;
    if (address < TB_FLASH_BASE || !flash_f7_locate(f, address, f->swapped, &bank, &offset)) {
        return SIM_ACCESS_FAULT; /* the ITCM view is not written through (AN4667) */
    }
    if (!flash_f7_wait(f)) {
        return SIM_ACCESS_STOP;
    }
    if ((f->cr & (F7_CR_PG | F7_CR_SER | F7_CR_MER1 | F7_CR_MER2 | F7_CR_LOCK)) != F7_CR_PG) {
        flash_f7_error(f, F7_SR_ERSERR);
        return SIM_ACCESS_OK;
    }
    if (size != 1u << F7_CR_PSIZE(f->cr)) {
        flash_f7_error(f, F7_SR_PGPERR);
        return SIM_ACCESS_OK;
    }
    if (offset % ROW_BYTES + size > ROW_BYTES) {
        flash_f7_error(f, F7_SR_PGAERR);
        return SIM_ACCESS_OK;
    }
    if (write_protected(f, bank, sector_at(f, offset))) {
        flash_f7_error(f, F7_SR_WRPERR);
        return SIM_ACCESS_OK;
    }
    f->op = (f7_op){.kind = SIM_OP_PROGRAM, .banks = 1u << bank, .offset = offset, .bytes = size};
    for (unsigned i = 0; i < size; i++) {
        f->op.data[i] = (uint8_t)(value >> (8u * i));
    }
    sim_trace(f->m, SIM_TRACE_FLASH, "program bank %u 0x%05" PRIX32 ": %0*" PRIX32, bank + 1u,
              offset, (int)(2u * size), value);
    start(f, f->times->program);
    return SIM_ACCESS_OK;
}

/* ---- erasing ---- */

static sim_ps erase_time(const flash_f7 *f, uint32_t sector_bytes)
{
    unsigned row = sector_bytes <= 0x4000u ? 0u : sector_bytes <= 0x10000u ? 1u : 2u;
    return f->times->erase_ms[row][F7_CR_PSIZE(f->cr)] * SIM_PS_PER_MS;
}

/* false: there is no such sector. SNB counts physical banks, or, by the other reading of a
 * manual that does not say, the places where they are mapped. */
static bool sector_by_number(const flash_f7 *f, unsigned *banks, unsigned *sector)
{
    unsigned number = F7_CR_SNB(f->cr), side = number >= SNB_BANK2 ? 1u : 0u;
    *sector = number % SNB_BANK2;
    if (flash_f7_single(f)) {
        *banks = 3u;
        return number < SECTORS;
    }
    if (f->swapped && sim_has_reading(f->m, SIM_READING_F7_SNB_BY_PLACE)) {
        side ^= 1u;
    }
    *banks = 1u << side;
    return *sector < SECTORS;
}

static sim_ps plan_sector(flash_f7 *f)
{
    tb_page page = {0};
    unsigned sector;
    f->op = (f7_op){.kind = SIM_OP_ERASE_PAGE};
    if (!sector_by_number(f, &f->op.banks, &sector)) {
        flash_f7_error(f, F7_SR_ERSERR);
        return 0;
    }
    if (write_protected(f, f->op.banks >> 1 & 1u, sector)) {
        flash_f7_error(f, F7_SR_WRPERR);
        return 0;
    }
    for (uint32_t at = 0; tb_page_at(f->chip, at, &page) && page.number < sector;) {
        at = page.offset + page.bytes;
    }
    f->op.offset = page.offset;
    f->op.bytes = page.bytes;
    sim_trace(f->m, SIM_TRACE_FLASH, "erase page %u of bank %u", sector, f->op.banks);
    return erase_time(f, page.bytes);
}

static sim_ps plan_banks(flash_f7 *f)
{
    unsigned banks = ((f->cr & F7_CR_MER1) != 0u ? 1u : 0u) | ((f->cr & F7_CR_MER2) != 0u ? 2u : 0u);
    sim_ps time = 0;
    if (flash_f7_single(f)) { /* the bit of bank 1 is that of all (3.7.5) */
        banks = (banks & 1u) != 0u ? 3u : 0u;
    }
    if (banks == 0u) {
        flash_f7_error(f, F7_SR_ERSERR);
        return 0;
    }
    for (unsigned i = 0; i < SECTORS * F7_BANKS; i++) {
        if ((banks >> i / SECTORS & 1u) != 0u && write_protected(f, i / SECTORS, i % SECTORS)) {
            flash_f7_error(f, F7_SR_WRPERR);
            return 0;
        }
    }
    for (unsigned run = 0; run < TB_PAGE_RUNS; run++) {
        const tb_page_run *r = &f->chip->pages[run];
        time += r->count * erase_time(f, r->bytes);
    }
    f->op = (f7_op){.kind = SIM_OP_ERASE_BANK, .banks = banks, .bytes = f->chip->bank_bytes};
    sim_trace(f->m, SIM_TRACE_FLASH, "erase banks, mask %u", banks);
    return time;
}

void flash_f7_start_erase(flash_f7 *f)
{
    uint32_t mode = f->cr & (F7_CR_PG | F7_CR_SER | F7_CR_MER1 | F7_CR_MER2);
    sim_ps time = 0;
    if (mode == F7_CR_SER) {
        time = plan_sector(f);
    } else if (mode != 0u && (mode & (F7_CR_PG | F7_CR_SER)) == 0u) {
        time = plan_banks(f);
    } else {
        flash_f7_error(f, F7_SR_ERSERR);
    }
    if (time != 0u) {
        start(f, time);
    }
    if (!f->op.active) {
        f->cr &= ~F7_CR_STRT;
    }
}

void flash_f7_start_options(flash_f7 *f)
{
    f->op = (f7_op){.kind = SIM_OP_OPTION};
    sim_trace(f->m, SIM_TRACE_OPTION, "write options: OPTCR 0x%08" PRIX32 ", OPTCR1 0x%08" PRIX32,
              f->registers[F7_OPTCR], f->registers[F7_OPTCR1]);
    start(f, f->times->option);
}
