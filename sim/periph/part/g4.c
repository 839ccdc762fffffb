/* The STM32G474: its peripherals, in the order in which resets reach them. */
#include "sim/periph/part/part.h"
#include "sim/periph/periph.h"

static const sim_gpio_kind gpio = {.base = 0x48000000u, .ports = 7u, .moder_a = 0xABFFFFFFu,
                                   .moder_b = 0xFFFFFEBFu, .moder = 0xFFFFFFFFu};

enum { A, B, C, D, E, F, G };
static const sim_uart_kind uarts[] = {
    {"LPUART1", "lpuart1", 0x40008000u, 91, 34, 35, true,
     {{A, 3, 12}, {B, 10, 8}, {C, 0, 8}, {G, 8, 8}},
     {{A, 2, 12}, {B, 11, 8}, {C, 1, 8}, {G, 7, 8}}},
    {"USART1", "usart1", 0x40013800u, 37, 24, 25, false,
     {{A, 10, 7}, {B, 7, 7}, {C, 5, 7}, {E, 1, 7}},
     {{A, 9, 7}, {B, 6, 7}, {C, 4, 7}, {E, 0, 7}, {G, 9, 7}}},
    {"USART2", "usart2", 0x40004400u, 38, 26, 27, false,
     {{A, 3, 7}, {A, 15, 7}, {B, 4, 7}, {D, 6, 7}},
     {{A, 2, 7}, {A, 14, 7}, {B, 3, 7}, {D, 5, 7}}},
    {"USART3", "usart3", 0x40004800u, 39, 28, 29, false,
     {{C, 11, 7}, {B, 8, 7}, {B, 11, 7}, {D, 9, 7}, {E, 15, 7}},
     {{C, 10, 7}, {B, 9, 7}, {B, 10, 7}, {D, 8, 7}}},
    {"UART4", "uart4", 0x40004C00u, 52, 30, 31, false, {{C, 11, 5}}, {{C, 10, 5}}},
    {"UART5", "uart5", 0x40005000u, 53, 32, 33, false, {{D, 2, 5}}, {{C, 12, 5}}},
};

void sim_part_g4_build(sim_machine *m)
{
    sim_part *part = sim_part_new(m);
    sim_flash_g4_new(m);
    sim_rcc_g4_new(part);
    sim_pwr_g4_new(part);
    sim_rtc_tamp_new(part, 0x40002800u, 0x40002400u);
    sim_syscfg_g4_new(part, 0x8000u);
    sim_dma_g4_new(part);
    sim_gpio_new(part, &gpio);
    sim_exti_g4_new(part);
    sim_uarts_new(part, uarts, SIM_ROWS(uarts));
    sim_crc_new(part, 0x40023000u);
    sim_iwdg_new(part, 0x40003000u);
    sim_wwdg_new(part, 0x40002C00u, 0u);
    sim_tim_g4_new(part);
    sim_crs_new(part, 0x40002000u, 7u);
    sim_rng_new(part, 0x50060800u, 90u);
    sim_dbgmcu_g4_new(part, 0x20036000u); /* revision X */
}

const sim_family sim_family_g47x = {
    .family = TB_FAMILY_G4,
    .device_id = 0x469,
    .core = {.irq_count = 102u, .priority_bits = 4u, .cpuid = 0x410FC241u /* M4 r0p1 */},
    .rams = {{0x20000000u, SIM_NO_ADDRESS, 0x18000u}, /* SRAM1 80 KB and SRAM2 16 KB */
             {0x10000000u, 0x20018000u, 0x8000u}},    /* CCM SRAM */
    .flash = {{0x08000000u, 0x08000000u}, {0x1FFF0000u, 0x10000u}},
    .alias_at_0 = true,
    .system_base = 0x1FFF0000u,
    .rom_uses_bytes = 0x4000u, /* AN2606 */
    .cleared_ram = 1u,
    .cleared_optr_bit = 25u, /* CCMSRAM_RST */
    .bit_band = true,
    .names = sim_names_g4,
    .build = sim_part_g4_build,
};
