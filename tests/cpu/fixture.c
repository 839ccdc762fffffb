#include "tests/cpu/fixture.h"

#include <stdlib.h>

#include "sim/cpu/internal.h"

static void note(rig *r, uint32_t address, unsigned size, uint32_t value)
{
    r->last_address = address;
    r->last_size = size;
    r->last_value = value;
    r->pc_at_access = sim_cpu_pc(r->cpu);
    r->cycles_at_access = sim_cpu_cycles(r->cpu);
}

static sim_access bus_read(void *ctx, uint32_t address, unsigned size, sim_access_kind kind,
                           uint32_t *value)
{
    rig *r = ctx;
    *value = 0;
    if (kind == SIM_ACCESS_FETCH)
        r->fetches++;
    else
        r->reads++;
    note(r, address, size, 0);
    if (address - SLOW_FLASH < sizeof r->slow) {
        memcpy(value, r->slow + (address - SLOW_FLASH), size);
        return SIM_ACCESS_OK;
    }
    switch (address & 0xFFFFF000u) {
    case DEV_PLAIN:
        *value = r->plain[(address & 0xFFu) / 4u] >> (8u * (address & 3u));
        if (size < 4)
            *value &= (1u << (8u * size)) - 1u;
        return SIM_ACCESS_OK;
    case DEV_STOP:
        return SIM_ACCESS_STOP;
    case DEV_NMI:
        sim_cpu_pend_nmi(r->cpu);
        *value = 0x12345678u;
        return SIM_ACCESS_OK;
    case DEV_STALL:
        sim_cpu_stall(r->cpu, 10);
        return SIM_ACCESS_OK;
    default:
        return SIM_ACCESS_FAULT;
    }
}

static sim_access bus_write(void *ctx, uint32_t address, unsigned size, uint32_t value)
{
    rig *r = ctx;
    r->writes++;
    note(r, address, size, value);
    switch (address & 0xFFFFF000u) {
    case DEV_PLAIN:
        r->plain[(address & 0xFFu) / 4u] = value;
        return SIM_ACCESS_OK;
    case DEV_STOP:
        return SIM_ACCESS_STOP;
    case DEV_IRQ:
        sim_cpu_irq(r->cpu, value & 0xFFu, value >> 8);
        return SIM_ACCESS_OK;
    case DEV_STALL:
        sim_cpu_stall(r->cpu, 10);
        return SIM_ACCESS_OK;
    case DEV_REMAP:
        sim_cpu_map(r->cpu, FLASH, FLASH_BYTES, r->other, r->other_code,
                    SIM_MAP_READ | SIM_MAP_EXEC | SIM_MAP_FLASH);
        return SIM_ACCESS_OK;
    case DEV_BREAK:
        sim_cpu_break(r->cpu);
        return SIM_ACCESS_OK;
    default:
        return SIM_ACCESS_FAULT;
    }
}

static void fill_vectors(rig *r)
{
    uint32_t sp = STACK, reset = CODE | 1u;
    memcpy(r->flash, &sp, 4);
    memcpy(r->flash + 4, &reset, 4);
    for (unsigned n = 2; n < 16 + IRQS; n++) {
        uint32_t vector = handler(n) | 1u;
        static const uint16_t bx_lr = 0x4770;
        memcpy(r->flash + 4 * n, &vector, 4);
        memcpy(r->flash + (handler(n) - FLASH), &bx_lr, 2);
    }
}

rig *rig_new(void)
{
    return rig_new_core(SIM_CORE_M4);
}

rig *rig_new_core(sim_core_kind core)
{
    rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    sim_bus bus = { r, bus_read, bus_write };
    sim_cpu_config config = { .irq_count = IRQS, .priority_bits = 4, .core = core };
    r->cpu = sim_cpu_new(&config, &bus);
    r->flash_code = sim_code_new(FLASH_BYTES);
    r->other_code = sim_code_new(FLASH_BYTES);
    r->ram_code = sim_code_new(RAM_BYTES);
    assert_non_null(r->cpu);
    fill_vectors(r);
    memcpy(r->other, r->flash, FLASH_BYTES);
    sim_cpu_map(r->cpu, FLASH, FLASH_BYTES, r->flash, r->flash_code,
                SIM_MAP_READ | SIM_MAP_EXEC | SIM_MAP_FLASH);
    sim_cpu_map(r->cpu, RAM, RAM_BYTES, r->ram, r->ram_code,
                SIM_MAP_READ | SIM_MAP_WRITE | SIM_MAP_EXEC);
    rig_reset(r);
    return r;
}

void rig_free(rig *r)
{
    sim_cpu_free(r->cpu);
    sim_code_free(r->flash_code);
    sim_code_free(r->other_code);
    sim_code_free(r->ram_code);
    free(r);
}

void rig_put(rig *r, uint32_t address, const uint16_t *code, size_t count)
{
    uint32_t bytes = (uint32_t)(2 * count);
    if (address - SLOW_FLASH < sizeof r->slow) {
        memcpy(r->slow + (address - SLOW_FLASH), code, bytes);
    } else if (address >= RAM) {
        memcpy(r->ram + (address - RAM), code, bytes);
        sim_code_invalidate(r->ram_code, address - RAM, bytes);
    } else {
        memcpy(r->flash + (address - FLASH), code, bytes);
        sim_code_invalidate(r->flash_code, address - FLASH, bytes);
    }
}

void rig_reset(rig *r)
{
    sim_cpu_reset(r->cpu, FLASH, FLASH);
}

void rig_steps(rig *r, unsigned count)
{
    while (count--)
        assert_int_equal(sim_cpu_step(r->cpu), SIM_CPU_DEADLINE);
}

uint32_t rig_word(const rig *r, uint32_t ram_address)
{
    uint32_t value;
    memcpy(&value, r->ram + (ram_address - RAM), 4);
    return value;
}

void rig_set_word(rig *r, uint32_t ram_address, uint32_t value)
{
    memcpy(r->ram + (ram_address - RAM), &value, 4);
}

void rig_ppb_write(rig *r, uint32_t address, uint32_t value)
{
    assert_true(sim_scs_write(r->cpu, address, value, 0xFFFFFFFFu));
}

uint32_t rig_ppb_read(rig *r, uint32_t address)
{
    uint32_t value;
    assert_true(sim_scs_read(r->cpu, address, &value));
    return value;
}
