/* The arrays: contents with their ECC, what the core sees mapped, and reads. */
#include <inttypes.h>
#include <string.h>

#include "sim/periph/flash/h7.h"

static uint32_t unit_bytes(const flash_h7 *f)
{
    return f->chip->unit_bytes;
}

void flash_h7_array_init(flash_h7 *f)
{
    for (unsigned i = 0; i < H7_BANKS; i++) {
        cells_init(&f->bank[i], i, f->chip->bank_bytes, unit_bytes(f), true);
    }
}

void flash_h7_array_free(flash_h7 *f)
{
    for (unsigned i = 0; i < H7_BANKS; i++) {
        cells_free(&f->bank[i]);
    }
}

bool flash_h7_locate(const flash_h7 *f, uint32_t address, bool swapped, unsigned *bank,
                     uint32_t *offset)
{
    return tb_physical(f->chip, swapped, address, bank, offset);
}

/* ---- what the core sees ---- */

static void map_place(flash_h7 *f, unsigned place)
{
    sim_cpu *cpu = sim_core(f->m);
    const flash_cells *b = &f->bank[place ^ (f->swapped ? 1u : 0u)];
    uint32_t base = place == 0u ? TB_FLASH_BASE : f->chip->bank2_base;
    if (f->place[place].op.active) {
        sim_cpu_unmap(cpu, base, f->chip->bank_bytes);
    } else {
        cells_map(b, cpu, base);
    }
}

void flash_h7_map(flash_h7 *f)
{
    map_place(f, 0u);
    map_place(f, 1u);
}

/* ---- reads ---- */

typedef struct reading {
    h7_place *place;
    bool faults;
} reading;

/* RM0433 4.7.4: the address of the first error stays until its flag is cleared. It counts
 * flash words of the bank. */
static void ecc_event(void *self, unsigned bank, uint32_t offset, bool uncorrectable)
{
    reading *r = self;
    h7_place *p = r->place;
    (void)bank;
    if ((p->sr & (H7_SR_SNECCERR | H7_SR_DBECCERR)) == 0u) {
        p->ecc_fa = offset / unit_bytes(p->f);
    }
    p->sr |= uncorrectable ? H7_SR_DBECCERR : H7_SR_SNECCERR;
    flash_h7_update_irq(p->f);
    r->faults = uncorrectable;
}

static sim_access read_unit(h7_place *p, unsigned bank, uint32_t offset, unsigned size,
                            uint32_t *value)
{
    const flash_cells *b = &p->f->bank[bank];
    reading r = {.place = p};
    *value = cells_read(b, p->f->m, offset, size, ecc_event, &r);
    if (r.faults && b->state[offset / b->unit_bytes] == UNIT_DOUBLE) {
        *value ^= sim_random(p->f->m); /* who ignores the fault gets anything */
    }
    return r.faults ? SIM_ACCESS_FAULT : SIM_ACCESS_OK;
}

/* Identity words (RM0433 61): all parts are this one, so that runs repeat. */
static bool info_byte(const flash_h7 *f, uint32_t address, uint8_t *byte)
{
    static const uint8_t uid[12] = {0x31, 0x00, 0x24, 0x00, 0x0B, 0x51, 0x30, 0x34,
                                    0x38, 0x33, 0x37, 0x34};
    uint32_t at = address - f->line->info_base;
    if (at >= 0x100u) {
        return false;
    }
    uint32_t in_uid = at - f->line->uid_offset, in_size = at - f->line->size_offset;
    *byte = in_uid < sizeof uid ? uid[in_uid]
            : in_size < 2u      ? (uint8_t)(f->chip->flash_kib >> (8u * in_size))
                                : 0xFFu;
    return true;
}

static sim_access read_elsewhere(flash_h7 *f, uint32_t address, unsigned size,
                                 sim_access_kind kind, uint32_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte;
        if (!info_byte(f, address + i, &byte)) {
            if (address - 0x1FF00000u >= 0x20000u) {
                return SIM_ACCESS_FAULT;
            }
            if (kind == SIM_ACCESS_FETCH) {
                sim_stop(f->m, "the ROM bootloader runs: entered by a jump to 0x%08" PRIX32,
                         address);
                return SIM_ACCESS_STOP;
            }
            /* The ROM's first words, for who jumps there: SP and reset vector. */
            static const uint8_t vectors[8] = {0x00, 0x80, 0x00, 0x20, 0x01, 0x98, 0xF0, 0x1F};
            byte = vectors[(address + i) & 7u];
        }
        *value |= (uint32_t)byte << (8u * i);
    }
    return SIM_ACCESS_OK;
}

sim_access flash_h7_read(void *self, uint32_t address, unsigned size, sim_access_kind kind,
                         uint32_t *value)
{
    flash_h7 *f = self;
    unsigned bank;
    uint32_t offset;
    if (!flash_h7_locate(f, address, f->swapped, &bank, &offset)) {
        return read_elsewhere(f, address, size, kind, value);
    }
    h7_place *p = &f->place[bank ^ (f->swapped ? 1u : 0u)];
    if (p->op.active && !sim_bus_is_dma(f->m) && !flash_h7_wait(p)) {
        return SIM_ACCESS_STOP;
    }
    return read_unit(p, bank, offset, size, value);
}

bool flash_h7_peek(void *self, uint32_t address, uint8_t *byte)
{
    flash_h7 *f = self;
    unsigned bank;
    uint32_t offset;
    if (!flash_h7_locate(f, address, f->swapped, &bank, &offset)) {
        return info_byte(f, address, byte);
    }
    *byte = f->bank[bank].data[offset];
    return true;
}
