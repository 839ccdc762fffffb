/* The cores, one row each. Feature registers: Cortex-M4 r0p1 from its manual (DDI 0439D table 4-1);
 * those of Cortex-M7 (DDI 0489 3.3) and Cortex-M33 (100230 B2.2) agree with QEMU's, which the
 * oracle compares. ID_PFR1 of the Cortex-M33 is that without the Security Extension. */
#include "sim/cpu/internal.h"

static const sim_core_row rows[] = {
    [SIM_CORE_M4] = {
        .name = "Cortex-M4",
        .cpuid = 0x410FC241u,
        .bit_band = true,
        .mpu_regions = 8,
        .actlr_bits = 0x00000307u,
        .ccr_bits = 0x31Bu,
        .ccr_fixed = 0,
        .ccr_reset = CCR_STKALIGN,
        .features = { 0x00000030, 0x00000200, 0x00100000, 0x00000000, 0x00100030, 0x00000000,
                      0x01000000, 0x00000000, 0x01141110, 0x02112000, 0x21232231, 0x01111131,
                      0x01310132 },
        .mvfr = { 0x10110021u, 0x11000011u, 0x00000000u },
    },
    [SIM_CORE_M7] = {
        .name = "Cortex-M7",
        .cpuid = 0x411FC271u,
        .fpv5 = true,
        .fp_double = true,
        .caches = true,
        .mpu_regions = 16,
        .actlr_bits = 0x1FFFFC04u,
        .ccr_bits = 0x0003011Bu,
        .ccr_fixed = CCR_STKALIGN | 1u << 18, /* and branch prediction */
        .ccr_reset = CCR_STKALIGN | 1u << 18,
        .features = { 0x00000030, 0x00000200, 0x00100000, 0x00000000, 0x00100030, 0x00000000,
                      0x01000000, 0x00000000, 0x01101110, 0x02112000, 0x20232231, 0x01111131,
                      0x01310132 },
        .mvfr = { 0x10110221u, 0x12000011u, 0x00000040u },
    },
    [SIM_CORE_M33] = {
        .name = "Cortex-M33",
        .cpuid = 0x410FD214u,
        .fpv5 = true,
        .v8m = true,
        .mpu_regions = 8,
        .actlr_bits = 0x20001605u,
        .ccr_bits = 0x051Au,
        .ccr_fixed = CCR_STKALIGN | CCR_NONBASETHRDENA,
        .ccr_reset = CCR_STKALIGN | CCR_NONBASETHRDENA,
        .features = { 0x00000030, 0x00000200, 0x00200000, 0x00000000, 0x00101F40, 0x00000000,
                      0x01000000, 0x00000000, 0x01101110, 0x02212000, 0x20232232, 0x01111131,
                      0x01310132 },
        .mvfr = { 0x10110021u, 0x11000011u, 0x00000040u },
    },
};

const sim_core_row *sim_core_find(sim_core_kind kind)
{
    return (size_t)kind < sizeof rows / sizeof rows[0] ? &rows[kind] : NULL;
}
