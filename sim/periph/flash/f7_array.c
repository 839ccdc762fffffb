/* The array: contents, what the core sees mapped, and reads. */
#include <inttypes.h>
#include <string.h>

#include "sim/periph/flash/f7.h"

#define INFO_BASE 0x1FF0F400u
#define INFO_BYTES 0x400u
#define INFO_UID 0x20u
#define INFO_SIZE 0x42u
#define ROM_AXI 0x1FF00000u
#define ROM_ITCM 0x00100000u
#define ROM_BYTES 0xEDC0u
#define LINE_HALF 16u

void flash_f7_array_init(flash_f7 *f)
{
    uint32_t bytes = f->chip->bank_bytes;
    for (unsigned i = 0; i < F7_BANKS; i++) {
        cells_init(&f->bank[i], i, bytes, F7_WORD_BYTES, true);
        memset(f->bank[i].other, 0xFF, bytes); /* always there: equal where the word is sound */
    }
}

void flash_f7_array_free(flash_f7 *f)
{
    for (unsigned i = 0; i < F7_BANKS; i++) {
        cells_free(&f->bank[i]);
    }
}

bool flash_f7_locate(const flash_f7 *f, uint32_t address, bool swapped, unsigned *bank,
                     uint32_t *offset)
{
    uint32_t bytes = f->chip->bank_bytes;
    uint32_t at = address - TB_FLASH_BASE;
    if (at >= 2u * bytes) {
        at = address - F7_ITCM_BASE;
    }
    if (at >= 2u * bytes) {
        return false;
    }
    if (flash_f7_single(f)) {
        *bank = at / LINE_HALF & 1u;
        *offset = at / (2u * LINE_HALF) * LINE_HALF + at % LINE_HALF;
    } else {
        *bank = (at >= bytes) != swapped ? 1u : 0u;
        *offset = at % bytes;
    }
    return true;
}

/* ---- contents ---- */

/* other: a second reading, where it differs from the first. */
void flash_f7_set_word(flash_f7 *f, unsigned bank, uint32_t word, const uint8_t *data,
                       const uint8_t *other)
{
    flash_cells *b = &f->bank[bank];
    bool bad = memcmp(data, other, F7_WORD_BYTES) != 0;
    memcpy(b->other + word * F7_WORD_BYTES, other, F7_WORD_BYTES);
    cells_set(b, word * F7_WORD_BYTES, data, bad ? UNIT_UNSTABLE : UNIT_OK);
}

void flash_f7_erase_words(flash_f7 *f, unsigned bank, uint32_t offset, uint32_t bytes)
{
    static const uint8_t blank[F7_WORD_BYTES] = {0xFF, 0xFF, 0xFF, 0xFF};
    for (uint32_t at = offset; at < offset + bytes; at += F7_WORD_BYTES) {
        flash_f7_set_word(f, bank, at / F7_WORD_BYTES, blank, blank);
    }
}

void flash_f7_recount(flash_f7 *f)
{
    for (unsigned i = 0; i < F7_BANKS; i++) {
        cells_recount(&f->bank[i]);
    }
}

/* ---- what the core sees ---- */

static void map_bank(flash_f7 *f, unsigned bank, uint32_t base)
{
    sim_cpu *cpu = sim_core(f->m);
    if ((f->op.active && (f->op.banks >> bank & 1u) != 0u) || flash_f7_single(f)) {
        sim_cpu_unmap(cpu, base, f->chip->bank_bytes);
    } else {
        cells_map(&f->bank[bank], cpu, base);
    }
}

void flash_f7_map(flash_f7 *f)
{
    for (unsigned place = 0; place < F7_BANKS; place++) {
        unsigned bank = place ^ (f->swapped ? 1u : 0u);
        map_bank(f, bank, TB_FLASH_BASE + place * f->chip->bank_bytes);
        map_bank(f, bank, F7_ITCM_BASE + place * f->chip->bank_bytes);
    }
}

/* ---- reads ---- */

static uint32_t read_word(flash_f7 *f, unsigned bank, uint32_t offset, unsigned size)
{
    const flash_cells *b = &f->bank[bank];
    uint32_t data = cells_value(b->data + offset, size);
    uint32_t other = cells_value(b->other + offset, size);
    if (b->state[offset / F7_WORD_BYTES] == UNIT_OK) {
        return data;
    }
    switch (sim_random(f->m) % 3u) {
    case 0u:
        return data;
    case 1u:
        return other;
    default:
        return data ^ ((data ^ other) & sim_random(f->m));
    }
}

/* Identity words (RM0410 45): all parts are this one, so that runs repeat. */
static bool info_byte(const flash_f7 *f, uint32_t address, uint8_t *byte)
{
    static const uint8_t uid[12] = {0x2F, 0x00, 0x41, 0x00, 0x11, 0x51, 0x33, 0x34,
                                    0x31, 0x35, 0x38, 0x37};
    uint32_t at = address - INFO_BASE;
    if (at >= INFO_BYTES) {
        return false;
    }
    *byte = at - INFO_UID < sizeof uid ? uid[at - INFO_UID]
            : at - INFO_SIZE < 2u      ? (uint8_t)(f->chip->flash_kib >> (8u * (at - INFO_SIZE)))
                                       : 0xFFu;
    return true;
}

static sim_access read_elsewhere(flash_f7 *f, uint32_t address, unsigned size,
                                 sim_access_kind kind, uint32_t *value)
{
    bool rom = address - ROM_AXI < ROM_BYTES || address - ROM_ITCM < ROM_BYTES;
    /* The ROM's first words, for who jumps there: SP and reset vector. */
    static const uint8_t vectors[8] = {0x00, 0x40, 0x00, 0x20, 0x01, 0x00, 0xF0, 0x1F};
    if (rom && kind == SIM_ACCESS_FETCH) {
        sim_stop(f->m, "the ROM bootloader runs: entered by a jump to 0x%08" PRIX32, address);
        return SIM_ACCESS_STOP;
    }
    *value = 0;
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = vectors[(address + i) & 7u];
        if (!rom && !info_byte(f, address + i, &byte)) {
            return SIM_ACCESS_FAULT;
        }
        *value |= (uint32_t)byte << (8u * i);
    }
    return SIM_ACCESS_OK;
}

sim_access flash_f7_read(void *self, uint32_t address, unsigned size, sim_access_kind kind,
                         uint32_t *value)
{
    flash_f7 *f = self;
    unsigned bank;
    uint32_t offset;
    if (!flash_f7_locate(f, address, f->swapped, &bank, &offset)) {
        return read_elsewhere(f, address, size, kind, value);
    }
    if (f->op.active && (f->op.banks >> bank & 1u) != 0u && !sim_bus_is_dma(f->m) &&
        !flash_f7_wait(f)) {
        return SIM_ACCESS_STOP;
    }
    *value = read_word(f, bank, offset, size);
    return SIM_ACCESS_OK;
}

bool flash_f7_peek(void *self, uint32_t address, uint8_t *byte)
{
    flash_f7 *f = self;
    unsigned bank;
    uint32_t offset;
    if (!flash_f7_locate(f, address, f->swapped, &bank, &offset)) {
        return info_byte(f, address, byte);
    }
    *byte = f->bank[bank].data[offset];
    return true;
}
