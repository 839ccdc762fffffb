/* MPU of ARMv8-M: regions with base and limit (DDI 0553 B11, D1.2.171 on). */
#include "sim/cpu/internal.h"

enum { RBAR_XN = 1u, RBAR_READ_ONLY = 4u, RBAR_ANY_PRIVILEGE = 2u, RLAR_ENABLE = 1u };

/* The region that decides; -1 for none, -2 for several, which is a fault. */
static int region_at(const sim_cpu *cpu, uint32_t address)
{
    int found = -1;
    for (unsigned region = 0; region < cpu->config.mpu_regions; region++) {
        uint32_t base = cpu->mpu.rbar[region] & ~31u, limit = cpu->mpu.rasr[region] | 31u;
        if (!(cpu->mpu.rasr[region] & RLAR_ENABLE) || address < base || address > limit)
            continue;
        if (found >= 0)
            return -2;
        found = (int)region;
    }
    return found;
}

bool sim_mpu_v8_allows(const sim_cpu *cpu, uint32_t address, bool privileged, bool write,
                       bool fetch)
{
    int region = region_at(cpu, address);
    if (region < 0)
        return region == -1 && privileged && (cpu->mpu.ctrl & MPU_PRIVDEFENA);
    uint32_t rbar = cpu->mpu.rbar[region];
    if ((fetch && (rbar & RBAR_XN)) || (write && (rbar & RBAR_READ_ONLY)))
        return false;
    return privileged || (rbar & RBAR_ANY_PRIVILEGE);
}

/* What TT tells: region and its validity, readable, writable. */
uint32_t sim_mpu_v8_test(const sim_cpu *cpu, uint32_t address, bool as_user)
{
    if (!sim_privileged(cpu))
        return 0;
    bool privileged = !as_user, covered = sim_mpu_decides(cpu, address, false);
    int region = covered ? region_at(cpu, address) : -1;
    uint32_t value = region >= 0 ? 1u << 16 | (uint32_t)region : 0;
    if (!covered || sim_mpu_v8_allows(cpu, address, privileged, false, false))
        value |= 1u << 18;
    if (!covered || sim_mpu_v8_allows(cpu, address, privileged, true, false))
        value |= 1u << 19;
    return value;
}

/* RBAR, RLAR and their three aliases, which reach the neighbours of RNR. */
static uint32_t *region_register(sim_cpu *cpu, uint32_t address, uint32_t *writable)
{
    uint32_t offset = address - 0xE000ED9Cu, alias = offset / 8u;
    uint32_t region = alias ? (cpu->mpu.rnr & ~3u) + alias : cpu->mpu.rnr;
    bool limit = offset & 4u;
    *writable = limit ? 0xFFFFFFEFu : 0xFFFFFFFFu;
    return limit ? &cpu->mpu.rasr[region] : &cpu->mpu.rbar[region];
}

bool sim_mpu_v8_read(sim_cpu *cpu, uint32_t address, uint32_t *value)
{
    uint32_t writable;
    if (address >= 0xE000ED9Cu && address <= 0xE000EDB8u)
        *value = *region_register(cpu, address, &writable);
    else if (address == 0xE000EDC0u || address == 0xE000EDC4u)
        *value = cpu->mpu.mair[(address - 0xE000EDC0u) / 4u];
    else if (address >= 0xE000EDD0u && address <= 0xE000EDE8u)
        *value = 0; /* SAU: not there */
    else
        return false;
    return true;
}

bool sim_mpu_v8_write(sim_cpu *cpu, uint32_t address, uint32_t value, uint32_t lanes)
{
    uint32_t writable = 0xFFFFFFFFu, *target;
    if (address >= 0xE000ED9Cu && address <= 0xE000EDB8u)
        target = region_register(cpu, address, &writable);
    else if (address == 0xE000EDC0u || address == 0xE000EDC4u)
        target = &cpu->mpu.mair[(address - 0xE000EDC0u) / 4u];
    else
        return address >= 0xE000EDD0u && address <= 0xE000EDE8u;
    writable &= lanes;
    *target = (*target & ~writable) | (value & writable);
    sim_attention(cpu);
    return true;
}
