#include "sim/periph/registers.h"

#include <stdio.h>
#include <string.h>

#include "sim/periph/part/part.h"

bool sim_block_clocked(const sim_block *b)
{
    return b->gate == NULL || (*b->gate & b->gate_mask) != 0u;
}

sim_access sim_block_read(void *self, uint32_t offset, unsigned size, uint32_t *value)
{
    sim_block *b = self;
    if (!sim_block_clocked(b)) {
        *value = 0;
        return SIM_ACCESS_OK;
    }
    uint8_t row = b->row[offset / 4u];
    if (row == SIM_NO_ROW) {
        return sim_unmodelled(b->part->m, &b->periph, offset, size, false, 0, "no such register");
    }
    uint32_t word = b->value[row];
    if (b->hooks != NULL && b->hooks->read != NULL) {
        word = b->hooks->read(b->owner, row, word);
    }
    unsigned shift = 8u * (offset & 3u);
    *value = size == 4u ? word : (word >> shift) & ((1u << (8u * size)) - 1u);
    return SIM_ACCESS_OK;
}

sim_access sim_block_write(void *self, uint32_t offset, unsigned size, uint32_t value)
{
    sim_block *b = self;
    if (!sim_block_clocked(b)) {
        return SIM_ACCESS_OK;
    }
    uint8_t row = b->row[offset / 4u];
    if (row == SIM_NO_ROW) {
        return sim_unmodelled(b->part->m, &b->periph, offset, size, true, value,
                              "no such register");
    }
    uint32_t lanes = 0xFFFFFFFFu;
    uint32_t raw = value;
    if (size != 4u && b->apb) {
        raw = size == 1u ? (value & 0xFFu) * 0x01010101u : (value & 0xFFFFu) * 0x00010001u;
    } else if (size != 4u) {
        unsigned shift = 8u * (offset & 3u);
        lanes = ((1u << (8u * size)) - 1u) << shift;
        raw = (value << shift) & lanes;
    }
    uint32_t old = b->value[row];
    uint32_t stored = b->regs[row].writable & lanes;
    b->value[row] = (old & ~stored) | (raw & stored);
    if (b->hooks != NULL && b->hooks->write != NULL) {
        return b->hooks->write(b->owner, row, old, raw);
    }
    return SIM_ACCESS_OK;
}

void sim_block_reset_values(sim_block *b)
{
    for (unsigned i = 0; i < b->count; i++) {
        b->value[i] = b->regs[i].reset;
    }
}

static void block_reset(void *self, unsigned cause, bool backup_lost)
{
    sim_block *b = self;
    if (!b->keeps_values) {
        sim_block_reset_values(b);
    }
    if (b->hooks != NULL && b->hooks->reset != NULL) {
        b->hooks->reset(b->owner, cause, backup_lost);
    }
}

void sim_block_init(sim_block *b, struct sim_part *part, void *owner, const sim_block_spec *spec)
{
    memset(b, 0, sizeof *b);
    b->part = part;
    b->owner = owner;
    b->regs = spec->regs;
    b->count = spec->count;
    b->hooks = spec->hooks;
    b->apb = spec->apb;
    b->value = sim_part_alloc(part, spec->count * sizeof *b->value);
    b->row = sim_part_alloc(part, (spec->bytes + 3u) / 4u);
    memset(b->row, (int)SIM_NO_ROW, (spec->bytes + 3u) / 4u);
    for (unsigned i = 0; i < spec->count; i++) {
        if (spec->regs[i].name != NULL) {
            b->row[spec->regs[i].offset / 4u] = (uint8_t)i;
        }
    }
    sim_block_reset_values(b);
    sim_part_gate(part, spec->base, &b->gate, &b->gate_mask);
    b->periph = (sim_periph){.name = spec->name,
                             .base = spec->base,
                             .bytes = spec->bytes,
                             .self = b,
                             .read = sim_block_read,
                             .write = sim_block_write,
                             .reset = block_reset};
    b->next = part->blocks;
    part->blocks = b;
    sim_add_periph(part->m, &b->periph);
}

sim_access sim_block_unmodelled(sim_block *b, unsigned reg, uint32_t value, const char *why)
{
    char text[160];
    snprintf(text, sizeof text, "%s: %s", b->regs[reg].name, why);
    return sim_unmodelled(b->part->m, &b->periph, b->regs[reg].offset, 4u, true, value, text);
}
