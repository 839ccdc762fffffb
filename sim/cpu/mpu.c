/* MPU: eight regions. */
#include "sim/cpu/internal.h"

bool sim_mpu_read(sim_cpu *cpu, uint32_t address, uint32_t *value)
{
    (void)cpu;
    *value = 0;
    return address == 0xE000ED90u; /* MPU_TYPE: no regions */
}

bool sim_mpu_write(sim_cpu *cpu, uint32_t address, uint32_t value, uint32_t lanes)
{
    (void)cpu;
    (void)value;
    (void)lanes;
    return address == 0xE000ED90u;
}
