/* MPU: the regions of ARMv7-M (DDI 0403 B3.5), and what both architectures share. While it
 * is on, every access takes the slow path. */
#include "sim/cpu/internal.h"

#define MPU_SLOW ((uint32_t)(SIM_MAP_READ | SIM_MAP_WRITE | SIM_MAP_EXEC))

void sim_mpu_reset(sim_cpu *cpu)
{
    memset(&cpu->mpu, 0, sizeof cpu->mpu);
    cpu->slow_flags &= ~MPU_SLOW;
}

static bool region_matches(const sim_mpu *mpu, unsigned region, uint32_t address)
{
    uint32_t rasr = mpu->rasr[region];
    unsigned log2_bytes = (rasr >> 1 & 31u) + 1u;
    if (!(rasr & 1u) || log2_bytes < 5)
        return false;
    uint32_t mask = log2_bytes == 32 ? 0 : ~((1u << log2_bytes) - 1u);
    if ((address & mask) != (mpu->rbar[region] & mask))
        return false;
    if (log2_bytes < 8) /* no sub-regions */
        return true;
    uint32_t sub = address >> (log2_bytes - 3u) & 7u;
    return !(rasr >> (8u + sub) & 1u);
}

static bool permission(uint32_t rasr, bool privileged, bool write)
{
    switch (rasr >> 24 & 7u) {
    case 1:
        return privileged;
    case 2:
        return privileged || !write;
    case 3:
        return true;
    case 5:
        return privileged && !write;
    case 6:
    case 7:
        return !write;
    default:
        return false;
    }
}

bool sim_mpu_decides(const sim_cpu *cpu, uint32_t address, bool fetch)
{
    if (!(cpu->mpu.ctrl & MPU_ENABLE) || (!fetch && address >> 20 == 0xE00u))
        return false;
    return (cpu->mpu.ctrl & MPU_HFNMIENA) || sim_execution_priority(cpu) >= 0;
}

bool sim_mpu_allows(const sim_cpu *cpu, uint32_t address, bool write, bool fetch)
{
    const sim_mpu *mpu = &cpu->mpu;
    if (SIM_LIKELY(!(mpu->ctrl & MPU_ENABLE)) || !sim_mpu_decides(cpu, address, fetch))
        return true;
    bool privileged = sim_privileged(cpu) && !cpu->as_user;
    if (cpu->core->v8m)
        return sim_mpu_v8_allows(cpu, address, privileged, write, fetch);
    for (unsigned region = cpu->config.mpu_regions; region-- > 0;)
        if (region_matches(mpu, region, address)) {
            if (fetch && (mpu->rasr[region] >> 28 & 1u))
                return false;
            return permission(mpu->rasr[region], privileged, write);
        }
    return privileged && (mpu->ctrl & MPU_PRIVDEFENA);
}

/* TEX, S, C and B of ARMv7-M B3.5.9; a Cortex-M7 does not cache what is shareable. */
static sim_cache_policy region_policy(uint32_t rasr)
{
    static const sim_cache_policy inner[4] = {SIM_CACHE_NONE, SIM_CACHE_BACK, SIM_CACHE_THROUGH,
                                              SIM_CACHE_BACK};
    uint32_t tex = rasr >> 19 & 7u, cb = rasr >> 16 & 3u;
    if ((rasr >> 18 & 1u) || tex == 2 || tex == 3)
        return SIM_CACHE_NONE;
    if (tex >= 4)
        return inner[cb];
    return cb < 2 ? SIM_CACHE_NONE : tex == 0 && cb == 2 ? SIM_CACHE_THROUGH : SIM_CACHE_BACK;
}

sim_cache_policy sim_cpu_cache_policy(const sim_cpu *cpu, uint32_t address)
{
    static const sim_cache_policy usual[8] = {SIM_CACHE_THROUGH, SIM_CACHE_BACK, SIM_CACHE_NONE,
                                              SIM_CACHE_BACK, SIM_CACHE_THROUGH};
    if (cpu->mpu.ctrl & MPU_ENABLE)
        for (unsigned region = cpu->config.mpu_regions; region-- > 0;)
            if (region_matches(&cpu->mpu, region, address))
                return region_policy(cpu->mpu.rasr[region]);
    return usual[address >> 29];
}

bool sim_mpu_read(sim_cpu *cpu, uint32_t address, uint32_t *value)
{
    const sim_mpu *mpu = &cpu->mpu;
    if (cpu->core->v8m && address >= 0xE000ED9Cu)
        return sim_mpu_v8_read(cpu, address, value);
    if (address < 0xE000ED90u || address > 0xE000EDB8u)
        return false;
    if (address == 0xE000ED90u)
        *value = (uint32_t)cpu->config.mpu_regions << 8;
    else if (address == 0xE000ED94u)
        *value = mpu->ctrl;
    else if (address == 0xE000ED98u)
        *value = mpu->rnr;
    else if ((address - 0xE000ED9Cu) % 8u == 0)
        *value = mpu->rbar[mpu->rnr] | mpu->rnr;
    else
        *value = mpu->rasr[mpu->rnr];
    return true;
}

bool sim_mpu_write(sim_cpu *cpu, uint32_t address, uint32_t value, uint32_t lanes)
{
    sim_mpu *mpu = &cpu->mpu;
    uint32_t last = cpu->config.mpu_regions - 1u;
    if (cpu->core->v8m && address >= 0xE000ED9Cu)
        return sim_mpu_v8_write(cpu, address, value, lanes);
    if (address < 0xE000ED90u || address > 0xE000EDB8u)
        return false;
    if (address == 0xE000ED94u) {
        mpu->ctrl = ((mpu->ctrl & ~lanes) | (value & lanes)) & 7u;
        if (mpu->ctrl & MPU_ENABLE)
            cpu->slow_flags |= MPU_SLOW;
        else
            cpu->slow_flags &= ~MPU_SLOW;
    } else if (address == 0xE000ED98u) {
        mpu->rnr = value & last;
    } else if (address >= 0xE000ED9Cu && (address - 0xE000ED9Cu) % 8u == 0) { /* RBAR, aliases */
        if (value & 16u)
            mpu->rnr = value & 15u & last;
        mpu->rbar[mpu->rnr] = value & ~31u;
    } else if (address >= 0xE000EDA0u) {
        uint32_t *rasr = &mpu->rasr[mpu->rnr];
        *rasr = ((*rasr & ~lanes) | (value & lanes)) & 0x173FFF3Fu;
    }
    sim_attention(cpu);
    return true;
}
