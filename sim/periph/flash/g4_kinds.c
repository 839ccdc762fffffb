/* The product lines that share this flash controller. */
#include "sim/periph/flash/g4.h"
#include "sim/periph/periph.h"

/* DS12288 table 47. The L4's datasheets have the same typical figures, as far as they could be
 * read; their longest are those of the L476 (DS10198 table 63), the L4+'s are taken for alike. */
#define TYPICAL {81700000u, 22020000000u, 22130000000u, 1910000000u}
#define LONGEST_G4 {83350000u, 24470000000u, 24600000000u, 1950000000u}
#define LONGEST_L4 {90760000u, 24470000000u, 24590000000u, 2120000000u}

#define ACR_ALL \
    (ACR_PRFTEN | ACR_ICEN | ACR_DCEN | ACR_ICRST | ACR_DCRST | ACR_RUN_PD | ACR_SLEEP_PD)

void sim_flash_g4_new(sim_machine *m)
{
    /* RM0440 3.7; the ROM refuses stacks in CCM SRAM (AN2606). */
    static const flash_kind kind = {
        .typical = TYPICAL, .longest = LONGEST_G4,
        .acr_reset = 0x00040601u, .acr_latency = 0xFu, .acr_bits = ACR_ALL | 0xFu | ACR_DBG_SWEN,
        .pnb_mask = 0x7Fu, .eccr_bank = 1u << 21, .eccr_system = 1u << 22, .pcrop_mask = 0x7FFFu,
        .fast_row_bytes = 256u, .most_kib = 512u, .optr_dual_most = 1u << 22,
        .optr_dual_less = 1u << 22, .wide_single_bank = true, .securable = true,
        .soft_boot0 = true, .boot0_port = 1u, .boot0_pin = 8u, .options_in_memory = true,
        .rom_version = 0xD5u, .rom_stack = {{0x20000000u, 0x18000u}},
    };
    flash_g4_new(m, &kind);
}

/* RM0351 3.7. BOOT0 is a pin of its own: PH3, which this line does not have, stands for it.
 * The ROM's ranges are those of SRAM1 and SRAM2 (AN2606). */
void sim_flash_l47x_new(sim_machine *m)
{
    static const flash_kind kind = {
        .typical = TYPICAL, .longest = LONGEST_L4,
        .acr_reset = 0x00000600u, .acr_latency = 0x7u, .acr_bits = ACR_ALL | 0x7u,
        .pnb_mask = 0xFFu, .eccr_bank = 1u << 19, .eccr_system = 1u << 20, .pcrop_mask = 0xFFFFu,
        .fast_row_bytes = 256u, .most_kib = 1024u, .optr_dual_most = 0u,
        .optr_dual_less = 1u << 21, .boot0_port = 7u, .boot0_pin = 3u, .options_in_memory = true,
        .rom_version = 0x92u, .rom_stack = {{0x20000000u, 0x18000u}, {0x10000000u, 0x8000u}},
    };
    flash_g4_new(m, &kind);
}

/* RM0432 3.7. */
void sim_flash_l4r_new(sim_machine *m)
{
    static const flash_kind kind = {
        .typical = TYPICAL, .longest = LONGEST_L4,
        .acr_reset = 0x00000600u, .acr_latency = 0xFu, .acr_bits = ACR_ALL | 0xFu,
        .pnb_mask = 0xFFu, .eccr_bank = 1u << 21, .eccr_system = 1u << 22, .pcrop_mask = 0x1FFFFu,
        .fast_row_bytes = 512u, .most_kib = 2048u, .optr_dual_most = 1u << 22,
        .optr_dual_less = 1u << 21, .wide_single_bank = true, .low_voltage = true,
        .soft_boot0 = true, .boot0_port = 7u, .boot0_pin = 3u, .rom_version = 0x95u,
        .rom_stack = {{0x20000000u, 0x30000u}, {0x10000000u, 0x10000u}},
    };
    flash_g4_new(m, &kind);
}
