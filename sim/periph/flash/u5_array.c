/* The arrays: contents with their ECC, what ICACHE holds of them, what the core sees mapped,
 * and reads. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/periph/flash/u5.h"

static void *need(void *p)
{
    if (p == NULL) {
        abort();
    }
    return p;
}

void flash_u5_array_init(flash_u5 *f)
{
    uint32_t bytes = f->chip->bank_bytes;
    for (unsigned i = 0; i < U5_BANKS; i++) {
        u5_bank *b = &f->bank[i];
        b->data = need(malloc(bytes));
        memset(b->data, 0xFF, bytes);
        b->other = need(calloc(bytes, 1u));
        b->old = need(calloc(bytes, 1u));
        b->state = need(calloc(bytes / U5_UNIT_BYTES, 1u));
        b->stale = need(calloc(bytes / U5_GRANULE_BYTES, 1u));
        b->bad = need(calloc(bytes / U5_GRANULE_BYTES, sizeof *b->bad));
        b->code = need(sim_code_new(bytes));
    }
}

void flash_u5_array_free(flash_u5 *f)
{
    for (unsigned i = 0; i < U5_BANKS; i++) {
        u5_bank *b = &f->bank[i];
        free(b->data);
        free(b->other);
        free(b->old);
        free(b->state);
        free(b->stale);
        free(b->bad);
        sim_code_free(b->code);
    }
}

bool flash_u5_locate(const flash_u5 *f, uint32_t address, unsigned *bank, uint32_t *offset)
{
    return tb_physical(f->chip, f->swapped, address, bank, offset);
}

/* ---- contents ---- */

static bool reads_as_is(uint8_t state)
{
    return state == U5_OK || state == U5_ONES;
}

void flash_u5_set_unit(flash_u5 *f, unsigned bank, uint32_t unit, const uint8_t *data,
                       u5_state state)
{
    u5_bank *b = &f->bank[bank];
    uint32_t granule = unit / U5_GRANULE_UNITS;
    bool was_bad = !reads_as_is(b->state[unit]), bad = !reads_as_is((uint8_t)state);
    memcpy(b->data + unit * U5_UNIT_BYTES, data, U5_UNIT_BYTES);
    b->state[unit] = (uint8_t)state;
    if (was_bad != bad) {
        b->bad[granule] = (uint16_t)(bad ? b->bad[granule] + 1u : b->bad[granule] - 1u);
        b->bad_total = bad ? b->bad_total + 1u : b->bad_total - 1u;
    }
    sim_code_invalidate(b->code, unit * U5_UNIT_BYTES, U5_UNIT_BYTES);
}

void flash_u5_set_unstable(flash_u5 *f, unsigned bank, uint32_t unit, const uint8_t *data,
                           const uint8_t *other)
{
    memcpy(f->bank[bank].other + unit * U5_UNIT_BYTES, other, U5_UNIT_BYTES);
    flash_u5_set_unit(f, bank, unit, data, U5_UNSTABLE);
}

void flash_u5_erase_units(flash_u5 *f, unsigned bank, uint32_t offset, uint32_t bytes)
{
    uint8_t blank[U5_UNIT_BYTES];
    memset(blank, 0xFF, sizeof blank);
    for (uint32_t unit = offset / U5_UNIT_BYTES; unit < (offset + bytes) / U5_UNIT_BYTES; unit++) {
        flash_u5_set_unit(f, bank, unit, blank, U5_OK);
    }
}

void flash_u5_recount(flash_u5 *f)
{
    uint32_t bytes = f->chip->bank_bytes;
    for (unsigned i = 0; i < U5_BANKS; i++) {
        u5_bank *b = &f->bank[i];
        b->bad_total = 0;
        memset(b->bad, 0, bytes / U5_GRANULE_BYTES * sizeof *b->bad);
        for (uint32_t u = 0; u < bytes / U5_UNIT_BYTES; u++) {
            if (!reads_as_is(b->state[u])) {
                b->bad[u / U5_GRANULE_UNITS]++;
                b->bad_total++;
            }
        }
        sim_code_invalidate(b->code, 0u, bytes);
    }
}

/* ---- ICACHE ---- */

/* Nothing that the controller does reaches the cache (RM0456 8.4.6). Pessimistic: all that
 * changes is taken to be in it, once it has been on since its last invalidation. */
void flash_u5_keep_stale(flash_u5 *f, unsigned bank, uint32_t offset, uint32_t bytes)
{
    u5_bank *b = &f->bank[bank];
    if (!f->icache_filled) {
        return;
    }
    for (uint32_t g = offset / U5_GRANULE_BYTES; g * U5_GRANULE_BYTES < offset + bytes; g++) {
        if (b->stale[g] == 0u) {
            b->stale[g] = 1u;
            b->stale_total++;
            memcpy(b->old + g * U5_GRANULE_BYTES, b->data + g * U5_GRANULE_BYTES,
                   U5_GRANULE_BYTES);
        }
    }
}

void flash_u5_drop_stale(flash_u5 *f)
{
    for (unsigned i = 0; i < U5_BANKS; i++) {
        u5_bank *b = &f->bank[i];
        if (b->stale_total != 0u) {
            memset(b->stale, 0, f->chip->bank_bytes / U5_GRANULE_BYTES);
            b->stale_total = 0;
        }
    }
}

/* ---- what the core sees ---- */

static void map_bank(flash_u5 *f, unsigned bank)
{
    u5_bank *b = &f->bank[bank];
    sim_cpu *cpu = sim_core(f->m);
    uint32_t bytes = f->chip->bank_bytes;
    uint32_t base = tb_mapped_address(f->chip, f->swapped, bank, 0u);
    if ((f->busy_banks >> bank & 1u) != 0u) {
        sim_cpu_unmap(cpu, base, bytes);
        return;
    }
    sim_cpu_map(cpu, base, bytes, b->data, b->code, SIM_MAP_READ | SIM_MAP_EXEC | SIM_MAP_FLASH);
    if (b->bad_total == 0u && b->stale_total == 0u) {
        return;
    }
    for (uint32_t g = 0; g < bytes / U5_GRANULE_BYTES; g++) {
        if (b->bad[g] != 0u || (b->stale[g] != 0u && f->icache_on)) {
            sim_cpu_unmap(cpu, base + g * U5_GRANULE_BYTES, U5_GRANULE_BYTES);
        }
    }
}

void flash_u5_map(flash_u5 *f)
{
    map_bank(f, 0u);
    map_bank(f, 1u);
}

/* ---- reads ---- */

static uint32_t little_endian(const uint8_t *bytes, unsigned size)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value |= (uint32_t)bytes[i] << (8u * i);
    }
    return value;
}

uint32_t flash_u5_place(const flash_u5 *f, unsigned bank, uint32_t offset)
{
    offset &= ~(U5_UNIT_BYTES - 1u);
    if (f->single) {
        return offset + bank * f->chip->bank_bytes;
    }
    return offset | (bank == 1u ? U5_ECCR_BK : 0u);
}

/* RM0456 7.9.10: the place is of the first error since both flags were clear. So is, by the
 * letter, the flag itself: SIM_READING_U5_ECC_ONCE. BK_ECC is physical (7.5.8). */
static void ecc_event(flash_u5 *f, unsigned bank, uint32_t offset, bool uncorrectable)
{
    if ((f->eccr & (U5_ECCR_ECCC | U5_ECCR_ECCD)) == 0u) {
        f->eccr = (f->eccr & U5_ECCR_ECCIE) | flash_u5_place(f, bank, offset);
    } else if (sim_has_reading(f->m, SIM_READING_U5_ECC_ONCE)) {
        return;
    }
    f->eccr |= uncorrectable ? U5_ECCR_ECCD : U5_ECCR_ECCC;
    if (uncorrectable) {
        sim_nmi(f->m);
    }
    flash_u5_update_irq(f);
}

static uint32_t read_unit(flash_u5 *f, unsigned bank, uint32_t offset, unsigned size)
{
    u5_bank *b = &f->bank[bank];
    const uint8_t *from = b->data + offset;
    switch (b->state[offset / U5_UNIT_BYTES]) {
    case U5_SINGLE:
        ecc_event(f, bank, offset, false);
        break;
    case U5_DOUBLE:
        ecc_event(f, bank, offset, true);
        break;
    case U5_UNSTABLE:
        switch (sim_random(f->m) % 8u) {
        case 0u:
        case 1u:
        case 2u:
            break;
        case 3u:
            ecc_event(f, bank, offset, false);
            break;
        case 4u:
        case 5u:
            from = b->other + offset;
            break;
        default:
            ecc_event(f, bank, offset, true);
            return little_endian(from, size) ^
                   (little_endian(b->other + offset, size) & sim_random(f->m));
        }
        break;
    default:
        break;
    }
    return little_endian(from, size);
}

/* Identity words, and of the ROM what software asks of it: its first two words. */
static bool system_byte(const flash_u5 *f, uint32_t address, uint8_t *byte)
{
    static const uint8_t vectors[8] = {0x00, 0x38, 0x00, 0x20, 0x01, 0xA0, 0xF9, 0x0B};
    uint32_t rom = address - U5_SYSTEM_BASE;
    if (address - U5_INFO_BASE < U5_INFO_BYTES) {
        *byte = f->info[address - U5_INFO_BASE];
        return true;
    }
    *byte = rom < sizeof vectors ? vectors[rom] : 0u;
    return rom < U5_SYSTEM_BYTES;
}

static sim_access read_system(flash_u5 *f, uint32_t address, unsigned size, sim_access_kind kind,
                              uint32_t *value)
{
    if (kind == SIM_ACCESS_FETCH && address - U5_SYSTEM_BASE < U5_SYSTEM_BYTES) {
        sim_stop(f->m, "the ROM bootloader runs: entered by a jump to 0x%08" PRIX32, address);
        return SIM_ACCESS_STOP;
    }
    *value = 0;
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte;
        if (!system_byte(f, address + i, &byte)) {
            return SIM_ACCESS_FAULT;
        }
        *value |= (uint32_t)byte << (8u * i);
    }
    return SIM_ACCESS_OK;
}

sim_access flash_u5_read(void *self, uint32_t address, unsigned size, sim_access_kind kind,
                         uint32_t *value)
{
    flash_u5 *f = self;
    unsigned bank;
    uint32_t offset;
    if (!flash_u5_locate(f, address, &bank, &offset)) {
        return read_system(f, address, size, kind, value);
    }
    if ((f->busy_banks >> bank & 1u) != 0u && !sim_bus_is_dma(f->m) && !flash_u5_wait(f)) {
        return SIM_ACCESS_STOP;
    }
    if (f->icache_on && f->bank[bank].stale[offset / U5_GRANULE_BYTES] != 0u) {
        *value = little_endian(f->bank[bank].old + offset, size);
        return SIM_ACCESS_OK;
    }
    *value = read_unit(f, bank, offset, size);
    return SIM_ACCESS_OK;
}

bool flash_u5_peek(void *self, uint32_t address, uint8_t *byte)
{
    flash_u5 *f = self;
    unsigned bank;
    uint32_t offset;
    if (!flash_u5_locate(f, address, &bank, &offset)) {
        return system_byte(f, address, byte);
    }
    *byte = f->bank[bank].data[offset];
    return true;
}
