/* Who answers at an address: RM0440 2.2.2. Everything here is the slow path; RAM and
 * readable flash are mapped into the core. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/machine/state.h"

#define PERIPH_FIRST 0x40000000u
#define BIT_BAND_SRAM 0x22000000u
#define BIT_BAND_PERIPH 0x42000000u
#define BIT_BAND_BYTES 0x02000000u

enum { MEM_MODE_FLASH = 0, MEM_MODE_SYSTEM = 1, MEM_MODE_SRAM1 = 3 };
#define ALIAS_BYTES 0x08000000u

bool sim_ram_at(sim_machine *m, uint32_t address, uint8_t **host, sim_code **code,
                uint32_t *offset)
{
    const sim_ram *ram = m->family->rams;
    for (unsigned i = 0; i < SIM_RAMS && ram[i].bytes != 0u; i++) {
        if ((m->rams_off >> i & 1u) != 0u) {
            continue;
        }
        uint32_t at = address - ram[i].base;
        if (at >= ram[i].bytes && ram[i].alias != SIM_NO_ADDRESS) {
            at = address - ram[i].alias;
        }
        if (at < ram[i].bytes) {
            *host = m->rams[i].bytes, *code = m->rams[i].code, *offset = at;
            return true;
        }
    }
    return false;
}

void sim_map_ram(sim_machine *m)
{
    const unsigned flags = SIM_MAP_READ | SIM_MAP_WRITE | SIM_MAP_EXEC;
    const sim_ram *ram = m->family->rams;
    for (unsigned i = 0; i < SIM_RAMS && ram[i].bytes != 0u; i++) {
        if ((m->rams_off >> i & 1u) != 0u) {
            sim_cpu_unmap(m->cpu, ram[i].base, ram[i].bytes);
            continue;
        }
        sim_cpu_map(m->cpu, ram[i].base, ram[i].bytes, m->rams[i].bytes, m->rams[i].code, flags);
        if (ram[i].alias != SIM_NO_ADDRESS) {
            sim_cpu_map(m->cpu, ram[i].alias, ram[i].bytes, m->rams[i].bytes, m->rams[i].code, flags);
        }
    }
}

static uint32_t little_endian(const uint8_t *bytes, unsigned size)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value |= (uint32_t)bytes[i] << (8u * i);
    }
    return value;
}

/* What MEM_MODE puts at 0 (SYSCFG_MEMRMP). false: something this part has no model of. */
static bool alias(const sim_machine *m, uint32_t *address)
{
    switch (m->mem_mode) {
    case MEM_MODE_FLASH:
        *address += TB_FLASH_BASE;
        return true;
    case MEM_MODE_SYSTEM:
        *address += m->family->system_base;
        return *address < m->family->system_base + 0x10000u;
    case MEM_MODE_SRAM1:
        *address += m->family->rams[0].base;
        return true;
    default:
        return false;
    }
}

static bool is_flash(const sim_machine *m, uint32_t address)
{
    for (unsigned i = 0; i < SIM_FLASH_AREAS; i++) {
        if (address - m->family->flash[i].base < m->family->flash[i].bytes) {
            return true;
        }
    }
    return false;
}

/* The manual's name of the peripheral that the model does not have; NULL: nothing there. */
static const char *unknown_name(const sim_machine *m, uint32_t address)
{
    for (const sim_name *n = m->family->names; n->bytes != 0u; n++) {
        if (address - n->base < n->bytes) {
            return n->name;
        }
    }
    return NULL;
}

static bool at_alias(const sim_machine *m, uint32_t address)
{
    return m->family->alias_at_0 && address < ALIAS_BYTES;
}

static sim_periph *periph_at(const sim_machine *m, uint32_t address)
{
    sim_periph **top = m->slots[address >> PERIPH_TOP_SHIFT];
    if (top == NULL) {
        return NULL;
    }
    sim_periph *p = top[(address >> PERIPH_SLOT_SHIFT) & (PERIPH_SLOTS - 1u)];
    if (p == NULL || address - p->base < p->bytes) {
        return p;
    }
    for (p = m->periphs; p != NULL && address - p->base >= p->bytes; p = p->next) {
    }
    return p;
}

void sim_add_periph(sim_machine *m, sim_periph *periph)
{
    sim_periph **at = &m->periphs; /* in the order of adding: so are resets */
    while (*at != NULL) {
        at = &(*at)->next;
    }
    periph->next = NULL;
    *at = periph;
    uint32_t last = periph->base + (periph->bytes - 1u);
    for (uint64_t slot = periph->base >> PERIPH_SLOT_SHIFT; slot <= last >> PERIPH_SLOT_SHIFT;
         slot++) {
        sim_periph ***top = &m->slots[slot >> (PERIPH_TOP_SHIFT - PERIPH_SLOT_SHIFT)];
        if (*top == NULL) {
            *top = calloc(PERIPH_SLOTS, sizeof **top);
            if (*top == NULL) {
                abort();
            }
        }
        sim_periph **entry = &(*top)[slot & (PERIPH_SLOTS - 1u)];
        if (*entry == NULL) {
            *entry = periph;
        }
    }
}

static void access_text(const sim_machine *m, char *out, size_t room, uint32_t address,
                        unsigned size, bool write, uint32_t value)
{
    if (write) {
        snprintf(out, room,
                 "write of 0x%0*" PRIX32 " (%u bits) to 0x%08" PRIX32 ", PC 0x%08" PRIX32,
                 (int)(size * 2u), value, size * 8u, address, sim_cpu_pc(m->cpu));
    } else {
        snprintf(out, room, "read (%u bits) of 0x%08" PRIX32 ", PC 0x%08" PRIX32, size * 8u,
                 address, sim_cpu_pc(m->cpu));
    }
}

sim_access sim_unmodelled(sim_machine *m, const sim_periph *p, uint32_t offset, unsigned size,
                          bool write, uint32_t value, const char *why)
{
    char access[128];
    access_text(m, access, sizeof access, p->base + offset, size, write, value);
    const char *name = p->register_name != NULL ? p->register_name(offset) : NULL;
    if (name == NULL) {
        sim_stop(m, "%s: register at offset 0x%02" PRIX32 ": %s: %s", p->name, offset, access, why);
    } else {
        sim_stop(m, "%s_%s: %s: %s", p->name, name, access, why);
    }
    return SIM_ACCESS_STOP;
}

/* Nothing that the model has: where the part has something, silence would be a lie. */
static sim_access nobody(sim_machine *m, uint32_t address, unsigned size, bool write,
                         uint32_t value)
{
    const char *name = unknown_name(m, address);
    if (name == NULL) {
        return SIM_ACCESS_FAULT;
    }
    char access[128];
    access_text(m, access, sizeof access, address, size, write, value);
    sim_stop(m, "%s: %s: not modelled", name, access);
    return SIM_ACCESS_STOP;
}

static sim_access bus_read(void *ctx, uint32_t address, unsigned size, sim_access_kind kind,
                           uint32_t *value);
static sim_access bus_write(void *ctx, uint32_t address, unsigned size, uint32_t value);

/* Bit-band: each word of the alias is one bit (Cortex-M4 TRM 3.7). */
static bool bit_band(uint32_t address, uint32_t *target, unsigned *bit)
{
    uint32_t base = 0;
    if (address - BIT_BAND_SRAM < BIT_BAND_BYTES) {
        base = BIT_BAND_SRAM;
    } else if (address - BIT_BAND_PERIPH < BIT_BAND_BYTES) {
        base = BIT_BAND_PERIPH;
    } else {
        return false;
    }
    uint32_t number = (address - base) >> 2;
    *target = base - BIT_BAND_BYTES + ((number >> 5) << 2);
    *bit = number & 31u;
    return true;
}

/* Peripherals are read and written the most; here there is nothing else. */
static sim_periph *periph_above(const sim_machine *m, uint32_t address)
{
    return address < PERIPH_FIRST ? NULL : periph_at(m, address);
}

static sim_access bus_read(void *ctx, uint32_t address, unsigned size, sim_access_kind kind,
                           uint32_t *value)
{
    sim_machine *m = ctx;
    uint32_t given = address;
    sim_periph *above = periph_above(m, address);
    if (above != NULL && kind != SIM_ACCESS_FETCH) {
        return above->read(above->self, address - above->base, size, value);
    }
    if (at_alias(m, address) && !alias(m, &address)) {
        return SIM_ACCESS_FAULT;
    }
    if (is_flash(m, address)) {
        if (m->watching != NULL) {
            sim_watch_flash(m, address, size, kind == SIM_ACCESS_FETCH);
        }
        return m->flash->read(m->flash->self, address, size, kind, value);
    }
    uint8_t *host;
    sim_code *code;
    uint32_t offset, target;
    unsigned bit;
    if (sim_ram_at(m, address, &host, &code, &offset)) {
        if (m->watching != NULL) {
            sim_watch_ram(m, address, size, false);
        }
        const uint8_t *behind = m->dma ? sim_dcache_memory(m, address) : NULL;
        *value = little_endian(behind != NULL ? behind : host + offset, size);
        return SIM_ACCESS_OK;
    }
    if (m->family->bit_band && bit_band(address, &target, &bit)) {
        sim_access result = bus_read(m, target, 4u, SIM_ACCESS_DATA, value);
        *value = (*value >> bit) & 1u;
        return result;
    }
    sim_periph *p = periph_at(m, address);
    if (p == NULL) {
        return nobody(m, given, size, false, 0u);
    }
    return kind == SIM_ACCESS_FETCH ? SIM_ACCESS_FAULT
                                    : p->read(p->self, address - p->base, size, value);
}

static void put(uint8_t *to, unsigned size, uint32_t value)
{
    for (unsigned i = 0; i < size; i++) {
        to[i] = (uint8_t)(value >> (8u * i));
    }
}

static void ram_write(uint8_t *host, sim_code *code, uint32_t offset, unsigned size, uint32_t value)
{
    put(host + offset, size, value);
    sim_code_invalidate(code, offset, size);
}

static void ram_write_by_dma(sim_machine *m, uint32_t address, uint8_t *host, sim_code *code,
                             uint32_t offset, unsigned size, uint32_t value)
{
    uint8_t *behind = sim_dcache_memory(m, address);
    if (behind != NULL) {
        put(behind, size, value);
    } else {
        ram_write(host, code, offset, size, value);
        sim_dcache_wrote(m, address);
    }
}

static sim_access bus_write(void *ctx, uint32_t address, unsigned size, uint32_t value)
{
    sim_machine *m = ctx;
    uint32_t given = address;
    sim_periph *above = periph_above(m, address);
    if (above != NULL) {
        return above->write(above->self, address - above->base, size, value);
    }
    if (at_alias(m, address) && !alias(m, &address)) {
        return SIM_ACCESS_FAULT;
    }
    if (is_flash(m, address)) {
        return m->flash->write(m->flash->self, address, size, value);
    }
    uint8_t *host;
    sim_code *code;
    uint32_t offset, target, word;
    unsigned bit;
    if (sim_ram_at(m, address, &host, &code, &offset)) {
        if (m->dma) {
            ram_write_by_dma(m, address, host, code, offset, size, value);
        } else {
            ram_write(host, code, offset, size, value);
        }
        if (m->watching != NULL) {
            sim_watch_ram(m, address, size, true);
        }
        return SIM_ACCESS_OK;
    }
    if (m->family->bit_band && bit_band(address, &target, &bit)) {
        sim_access result = bus_read(m, target, 4u, SIM_ACCESS_DATA, &word);
        if (result != SIM_ACCESS_OK) {
            return result;
        }
        word = (word & ~(1u << bit)) | ((value & 1u) << bit);
        return bus_write(m, target, 4u, word);
    }
    sim_periph *p = periph_at(m, address);
    return p == NULL ? nobody(m, given, size, true, value)
                     : p->write(p->self, address - p->base, size, value);
}

void sim_bus_init(sim_machine *m, sim_bus *bus)
{
    *bus = (sim_bus){.ctx = m, .read = bus_read, .write = bus_write};
}

sim_access sim_bus_read(sim_machine *m, uint32_t address, unsigned size, uint32_t *value)
{
    m->dma = true;
    sim_access result = bus_read(m, address, size, SIM_ACCESS_DATA, value);
    m->dma = false;
    return result;
}

sim_access sim_bus_write(sim_machine *m, uint32_t address, unsigned size, uint32_t value)
{
    m->dma = true;
    sim_access result = bus_write(m, address, size, value);
    m->dma = false;
    return result;
}

bool sim_bus_is_dma(const sim_machine *m)
{
    return m->dma;
}

sim_access sim_core_read(sim_machine *m, uint32_t address, unsigned size, uint32_t *value)
{
    return bus_read(m, address, size, SIM_ACCESS_DATA, value);
}

sim_access sim_core_write(sim_machine *m, uint32_t address, unsigned size, uint32_t value)
{
    return bus_write(m, address, size, value);
}

bool sim_peek(sim_machine *m, uint32_t address, void *data, size_t bytes)
{
    uint8_t *out = data;
    for (size_t i = 0; i < bytes; i++) {
        uint64_t wide = (uint64_t)address + i;
        uint32_t at = (uint32_t)wide, offset;
        uint8_t *host;
        sim_code *code;
        if (wide > UINT32_MAX || (at_alias(m, at) && !alias(m, &at))) {
            return false;
        }
        if (sim_ram_at(m, at, &host, &code, &offset)) {
            out[i] = host[offset];
        } else if (!is_flash(m, at) || !m->flash->peek(m->flash->self, at, &out[i])) {
            return false;
        }
    }
    return true;
}
