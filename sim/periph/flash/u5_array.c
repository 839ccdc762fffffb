/* The arrays: contents with their ECC, what ICACHE holds of them, what the core sees mapped,
 * and reads. */
#include <inttypes.h>

#include "sim/periph/flash/u5.h"

void flash_u5_array_init(flash_u5 *f)
{
    for (unsigned i = 0; i < U5_BANKS; i++) {
        cells_init(&f->bank[i], i, f->chip->bank_bytes, U5_UNIT_BYTES, true);
    }
}

void flash_u5_array_free(flash_u5 *f)
{
    for (unsigned i = 0; i < U5_BANKS; i++) {
        cells_free(&f->bank[i]);
    }
}

bool flash_u5_locate(const flash_u5 *f, uint32_t address, unsigned *bank, uint32_t *offset)
{
    return tb_physical(f->chip, f->swapped, address, bank, offset);
}

/* ---- ICACHE ---- */

/* Nothing that the controller does reaches the cache (RM0456 8.4.6). Pessimistic: all that
 * changes is taken to be in it, once it has been on since its last invalidation. */
void flash_u5_keep_stale(flash_u5 *f, unsigned bank, uint32_t offset, uint32_t bytes)
{
    cells_keep_stale(&f->bank[bank], offset, bytes, f->icache_filled ? 1u : 0u);
}

void flash_u5_drop_stale(flash_u5 *f)
{
    cells_drop_stale(&f->bank[0], 1u);
    cells_drop_stale(&f->bank[1], 1u);
}

/* ---- what the core sees ---- */

static void map_bank(flash_u5 *f, unsigned bank)
{
    flash_cells *b = &f->bank[bank];
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
    for (uint32_t g = 0; g < bytes / GRANULE_BYTES; g++) {
        if (b->bad[g] != 0u || (b->stale[g] != 0u && f->icache_on)) {
            sim_cpu_unmap(cpu, base + g * GRANULE_BYTES, GRANULE_BYTES);
        }
    }
}

void flash_u5_map(flash_u5 *f)
{
    map_bank(f, 0u);
    map_bank(f, 1u);
}

/* ---- reads ---- */

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
static void ecc_event(void *self, unsigned bank, uint32_t offset, bool uncorrectable)
{
    flash_u5 *f = self;
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

/* Identity words, and of the ROM what software asks of it: its first two words. */
static bool system_byte(const void *self, uint32_t address, uint8_t *byte)
{
    const flash_u5 *f = self;
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
    return flash_read_bytes(f, system_byte, address, size, value);
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
    if (f->icache_on && f->bank[bank].stale[offset / GRANULE_BYTES] != 0u) {
        *value = cells_value(f->bank[bank].old + offset, size);
        return SIM_ACCESS_OK;
    }
    *value = cells_read(&f->bank[bank], f->m, offset, size, ecc_event, f);
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
