/* The arrays: contents with their ECC, what the core sees mapped, and reads. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/periph/flash/g4.h"

void flash_g4_array_init(flash_g4 *f)
{
    for (unsigned i = 0; i < REGIONS; i++) {
        bool otp = i == REGION_OTP;
        cells_init(&f->region[i], i, otp ? OTP_BYTES : f->chip->bank_bytes, UNIT_BYTES, !otp);
    }
}

void flash_g4_array_free(flash_g4 *f)
{
    for (unsigned i = 0; i < REGIONS; i++) {
        cells_free(&f->region[i]);
    }
}

/* The row says where bank 2 is; in single-bank mode the array is contiguous and FB_MODE means
 * nothing (RM0440 3.3.1). */
bool flash_g4_locate(const flash_g4 *f, uint32_t address, bool fb, unsigned *region,
                     uint32_t *offset)
{
    uint32_t bank = f->chip->bank_bytes, at = address - TB_FLASH_BASE;
    if (f->single_bank) {
        *region = at < bank ? 0u : 1u;
        *offset = at - *region * bank;
        return at < 2u * bank;
    }
    if (at < bank) {
        *region = fb ? 1u : 0u;
        *offset = at;
        return true;
    }
    *region = fb ? 0u : 1u;
    *offset = address - f->chip->bank2_base;
    return *offset < bank;
}

/* ---- contents ---- */

static void reorder_bytes(uint8_t *a, uint8_t *b, uint32_t bytes, uint32_t cell, bool single_bank)
{
    uint8_t *copy = malloc(2u * (size_t)bytes);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, a, bytes);
    memcpy(copy + bytes, b, bytes);
    for (uint32_t at = 0; at < 2u * bytes; at += cell) {
        uint32_t index = at / cell; /* in single-bank order */
        uint32_t dual = (index & 1u) * bytes + index / 2u * cell;
        uint32_t from = single_bank ? dual : at, to = single_bank ? at : dual;
        memcpy(to < bytes ? a + to : b + (to - bytes), copy + from, cell);
    }
    free(copy);
}

void flash_g4_reorder(flash_g4 *f, bool single_bank)
{
    if (single_bank == f->single_bank) {
        return;
    }
    flash_cells *a = &f->region[0], *b = &f->region[1];
    if (f->kind->wide_single_bank) {
        reorder_bytes(a->data, b->data, a->bytes, UNIT_BYTES, single_bank);
        reorder_bytes(a->other, b->other, a->bytes, UNIT_BYTES, single_bank);
        reorder_bytes(a->state, b->state, a->bytes / UNIT_BYTES, 1u, single_bank);
    }
    f->single_bank = single_bank;
    cells_recount(a);
    cells_recount(b);
}

/* ---- caches ---- */

/* An erase does not reach the cache lines that hold the old contents (RM0440 3.3.7, 3.3.8).
 * Pessimistic: all of the page is taken to be in every cache that has been on since its
 * last reset. */
void flash_g4_keep_stale(flash_g4 *f, unsigned region, uint32_t offset, uint32_t bytes)
{
    unsigned which = (f->dcache_filled ? STALE_DATA : 0u) | (f->icache_filled ? STALE_FETCH : 0u);
    cells_keep_stale(&f->region[region], offset, bytes, which);
}

void flash_g4_drop_stale(flash_g4 *f, unsigned which)
{
    for (unsigned i = 0; i < REGION_OTP; i++) {
        cells_drop_stale(&f->region[i], which);
    }
    if ((which & STALE_DATA) != 0u) {
        f->data_fb = f->fb_mode;
    }
    if ((which & STALE_FETCH) != 0u) {
        f->fetch_fb = f->fb_mode;
    }
}

/* ---- what the core sees ---- */

static uint32_t window(const flash_g4 *f, unsigned region)
{
    if (f->single_bank) {
        return TB_FLASH_BASE + region * f->chip->bank_bytes;
    }
    return (region == 1u) != f->fb_mode ? f->chip->bank2_base : TB_FLASH_BASE;
}

/* A cache that was on when FB_MODE changed serves the old mapping until it is reset. */
static bool mapping_seen(const flash_g4 *f, bool fetch)
{
    if (f->single_bank || (f->acr & (fetch ? ACR_ICEN : ACR_DCEN)) == 0u) {
        return f->fb_mode;
    }
    return fetch ? f->fetch_fb : f->data_fb;
}

static bool protected_granule(const flash_g4 *f, unsigned region, uint32_t granule)
{
    for (uint32_t at = granule * GRANULE_BYTES; at < (granule + 1u) * GRANULE_BYTES;
         at += UNIT_BYTES) {
        if (flash_g4_read_protected(f, region, at) || flash_g4_secured(f, region, at)) {
            return true;
        }
    }
    return false;
}

void flash_g4_map_bank(flash_g4 *f, unsigned region)
{
    flash_cells *r = &f->region[region];
    sim_cpu *cpu = sim_core(f->m);
    uint32_t base = window(f, region);
    bool stale_map = mapping_seen(f, false) != f->fb_mode || mapping_seen(f, true) != f->fb_mode;
    if ((f->busy_banks >> region & 1u) != 0u || stale_map || f->readout_locked) {
        sim_cpu_unmap(cpu, base, r->bytes);
        return;
    }
    sim_cpu_map(cpu, base, r->bytes, r->data, r->code, SIM_MAP_READ | SIM_MAP_EXEC | SIM_MAP_FLASH);
    bool guarded = flash_g4_any_protection(f);
    if (r->bad_total == 0u && r->stale_total == 0u && !guarded) {
        return;
    }
    for (uint32_t g = 0; g < r->bytes / GRANULE_BYTES; g++) {
        if (r->bad[g] != 0u || r->stale[g] != 0u || (guarded && protected_granule(f, region, g))) {
            sim_cpu_unmap(cpu, base + g * GRANULE_BYTES, GRANULE_BYTES);
        }
    }
}

void flash_g4_map(flash_g4 *f)
{
    flash_g4_map_bank(f, 0u);
    flash_g4_map_bank(f, 1u);
}

/* ---- reads ---- */

/* RM0440 3.3.3 and 3.7.7: the address is frozen while a flag is set. ADDR_ECC is taken as
 * the byte offset in the physical bank (one observation on an L4R5; BK_ECC unsure). */
static void ecc_event(void *self, unsigned region, uint32_t offset, bool uncorrectable)
{
    flash_g4 *f = self;
    if ((f->eccr & (ECCR_ECCC | ECCR_ECCD)) == 0u) {
        f->eccr &= ECCR_ECCIE;
        f->eccr |= offset & ~(UNIT_BYTES - 1u);
        if (region == 1u) {
            f->eccr |= f->kind->eccr_bank;
        } else if (region == REGION_OTP) {
            f->eccr |= f->kind->eccr_system;
        }
    }
    f->eccr |= uncorrectable ? ECCR_ECCD : ECCR_ECCC;
    if (uncorrectable) {
        sim_nmi(f->m);
    }
    flash_g4_update_irq(f);
}

/* The system area: RM0440 table 7. The ROM itself is not modelled, beyond what software
 * asks of it: its version byte and its first two words. */
static bool system_byte(const void *self, uint32_t address, uint8_t *byte)
{
    const flash_g4 *f = self;
    static const uint8_t vectors[8] = {0x00, 0x2E, 0x00, 0x20, 0x45, 0x61, 0xFF, 0x1F};
    if (address - INFO_BASE < INFO_BYTES) {
        *byte = f->info[address - INFO_BASE];
        return true;
    }
    if (flash_g4_option_byte(f, address, byte)) {
        return true;
    }
    uint32_t rom = address & 0x7FFFu;
    if (rom >= 0x7000u) {
        return false;
    }
    *byte = 0u;
    if (address < 0x1FFF7000u) {
        *byte = rom < sizeof vectors ? vectors[rom] : rom == 0x6FFEu ? f->kind->rom_version : 0u;
    }
    return true;
}

static sim_access read_system(flash_g4 *f, uint32_t address, unsigned size, sim_access_kind kind,
                              uint32_t *value)
{
    if (kind == SIM_ACCESS_FETCH && (address & 0x7FFFu) < 0x7000u) {
        sim_stop(f->m, "the ROM bootloader runs: entered by a jump to 0x%08" PRIX32, address);
        return SIM_ACCESS_STOP;
    }
    return flash_read_bytes(f, system_byte, address, size, value);
}

sim_access flash_g4_read(void *self, uint32_t address, unsigned size, sim_access_kind kind,
                         uint32_t *value)
{
    flash_g4 *f = self;
    unsigned region, bank;
    uint32_t offset;
    bool fetch = kind != SIM_ACCESS_DATA;
    if (address - OTP_BASE < OTP_BYTES) {
        region = REGION_OTP, bank = 0u, offset = address - OTP_BASE;
    } else if (address >= 0x1FFF0000u) {
        return read_system(f, address, size, kind, value);
    } else if (flash_g4_locate(f, address, mapping_seen(f, fetch), &region, &offset)) {
        bank = region;
    } else {
        return SIM_ACCESS_FAULT; /* nothing there; RM0440 2.2.2 calls it reserved */
    }
    if ((f->busy_banks >> bank & 1u) != 0u) {
        f->fast.lost = f->fast.lost || f->fast.active;
        if (!sim_bus_is_dma(f->m) && !flash_g4_wait(f)) {
            return SIM_ACCESS_STOP;
        }
    }
    flash_cells *r = &f->region[region];
    if (region != REGION_OTP) {
        if (f->readout_locked || flash_g4_secured(f, region, offset)) {
            return SIM_ACCESS_FAULT;
        }
        if (!fetch && flash_g4_read_protected(f, region, offset)) {
            f->sr |= SR_RDERR;
            flash_g4_update_irq(f);
            *value = 0;
            return SIM_ACCESS_OK;
        }
        if ((r->stale[offset / GRANULE_BYTES] & (fetch ? STALE_FETCH : STALE_DATA)) != 0u &&
            (f->acr & (fetch ? ACR_ICEN : ACR_DCEN)) != 0u) {
            *value = cells_value(r->old + offset, size);
            return SIM_ACCESS_OK;
        }
    }
    *value = cells_read(r, f->m, offset, size, ecc_event, f);
    return SIM_ACCESS_OK;
}

bool flash_g4_peek(void *self, uint32_t address, uint8_t *byte)
{
    flash_g4 *f = self;
    unsigned region;
    uint32_t offset;
    if (address - OTP_BASE < OTP_BYTES) {
        *byte = f->region[REGION_OTP].data[address - OTP_BASE];
        return true;
    }
    if (address >= 0x1FFF0000u) {
        return system_byte(f, address, byte);
    }
    if (!flash_g4_locate(f, address, f->fb_mode, &region, &offset)) {
        return false;
    }
    *byte = f->region[region].data[offset];
    return true;
}
