/* Who answers at an address: RM0440 2.2.2. Everything here is the slow path; RAM and
 * readable flash are mapped into the core. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/machine/state.h"

#define BIT_BAND_SRAM 0x22000000u
#define BIT_BAND_PERIPH 0x42000000u
#define BIT_BAND_BYTES 0x02000000u

enum { MEM_MODE_FLASH = 0, MEM_MODE_SYSTEM = 1, MEM_MODE_SRAM1 = 3 };
#define ALIAS_BYTES 0x08000000u

bool sim_ram_at(sim_machine *m, uint32_t address, uint8_t **host, sim_code **code,
                uint32_t *offset)
{
    if (address - SRAM_BASE < SRAM12_BYTES) {
        *host = m->sram, *code = m->sram_code, *offset = address - SRAM_BASE;
    } else if (address - CCM_BASE < CCM_BYTES) {
        *host = m->ccm, *code = m->ccm_code, *offset = address - CCM_BASE;
    } else if (address - CCM_ALIAS < CCM_BYTES) {
        *host = m->ccm, *code = m->ccm_code, *offset = address - CCM_ALIAS;
    } else {
        return false;
    }
    return true;
}

void sim_map_ram(sim_machine *m)
{
    const unsigned flags = SIM_MAP_READ | SIM_MAP_WRITE | SIM_MAP_EXEC;
    sim_cpu_map(m->cpu, SRAM_BASE, SRAM12_BYTES, m->sram, m->sram_code, flags);
    sim_cpu_map(m->cpu, CCM_BASE, CCM_BYTES, m->ccm, m->ccm_code, flags);
    sim_cpu_map(m->cpu, CCM_ALIAS, CCM_BYTES, m->ccm, m->ccm_code, flags);
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
        *address += FLASH_AREA;
        return true;
    case MEM_MODE_SYSTEM:
        *address += SYSTEM_AREA;
        return *address < SYSTEM_AREA + 0x10000u;
    case MEM_MODE_SRAM1:
        *address += SRAM_BASE;
        return true;
    default:
        return false;
    }
}

static bool is_flash(uint32_t address)
{
    return (address >= FLASH_AREA && address < CCM_BASE) ||
           (address >= SYSTEM_AREA && address < SRAM_BASE);
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
    const char *name = sim_unknown_name(address);
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

static sim_access bus_read(void *ctx, uint32_t address, unsigned size, sim_access_kind kind,
                           uint32_t *value)
{
    sim_machine *m = ctx;
    uint32_t given = address;
    if (address < ALIAS_BYTES && !alias(m, &address)) {
        return SIM_ACCESS_FAULT;
    }
    if (is_flash(address)) {
        return m->flash->read(m->flash->self, address, size, kind, value);
    }
    uint8_t *host;
    sim_code *code;
    uint32_t offset, target;
    unsigned bit;
    if (sim_ram_at(m, address, &host, &code, &offset)) {
        *value = little_endian(host + offset, size);
        return SIM_ACCESS_OK;
    }
    if (bit_band(address, &target, &bit)) {
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

static void ram_write(uint8_t *host, sim_code *code, uint32_t offset, unsigned size, uint32_t value)
{
    for (unsigned i = 0; i < size; i++) {
        host[offset + i] = (uint8_t)(value >> (8u * i));
    }
    sim_code_invalidate(code, offset, size);
}

static sim_access bus_write(void *ctx, uint32_t address, unsigned size, uint32_t value)
{
    sim_machine *m = ctx;
    uint32_t given = address;
    if (address < ALIAS_BYTES && !alias(m, &address)) {
        return SIM_ACCESS_FAULT;
    }
    if (is_flash(address)) {
        return m->flash->write(m->flash->self, address, size, value);
    }
    uint8_t *host;
    sim_code *code;
    uint32_t offset, target, word;
    unsigned bit;
    if (sim_ram_at(m, address, &host, &code, &offset)) {
        ram_write(host, code, offset, size, value);
        return SIM_ACCESS_OK;
    }
    if (bit_band(address, &target, &bit)) {
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
        if (wide > UINT32_MAX || (at < ALIAS_BYTES && !alias(m, &at))) {
            return false;
        }
        if (sim_ram_at(m, at, &host, &code, &offset)) {
            out[i] = host[offset];
        } else if (!is_flash(at) || !m->flash->peek(m->flash->self, at, &out[i])) {
            return false;
        }
    }
    return true;
}
