/* The STM32L47x and the STM32L4R/S: their peripherals, in the order in which resets reach
 * them. */
#include "sim/periph/part/part.h"
#include "sim/periph/periph.h"

/* L47x switches its analogue pins apart (ASCR). */
static const sim_reg analogue_switch[] = {{0x2C, "ASCR", 0, 0xFFFFu}};
static const sim_gpio_kind gpio_l47x = {
    .base = 0x48000000u, .ports = 8u, .moder_a = 0xABFFFFFFu, .moder_b = 0xFFFFFEBFu,
    .moder = 0xFFFFFFFFu, .extra = analogue_switch, .extra_count = SIM_ROWS(analogue_switch)};
static const sim_gpio_kind gpio_l4r = {
    .base = 0x48000000u, .ports = 9u, .moder_a = 0xABFFFFFFu, .moder_b = 0xFFFFFEBFu,
    .moder = 0xFFFFFFFFu};

enum { A, B, C, D, E, F, G };
#define USART1                                                                             \
    {"USART1", "usart1", 0x40013800u, 37, 24, 25, false,                                   \
     {{A, 10, 7}, {B, 7, 7}, {G, 10, 7}}, {{A, 9, 7}, {B, 6, 7}, {G, 9, 7}}}
#define USART3                                                                             \
    {"USART3", "usart3", 0x40004800u, 39, 28, 29, false,                                   \
     {{B, 11, 7}, {C, 5, 7}, {C, 11, 7}, {D, 9, 7}}, {{B, 10, 7}, {C, 4, 7}, {C, 10, 7}, {D, 8, 7}}}
#define UART4 {"UART4", "uart4", 0x40004C00u, 52, 30, 31, false, \
               {{C, 11, 8}, {A, 1, 8}}, {{C, 10, 8}, {A, 0, 8}}}
#define UART5 {"UART5", "uart5", 0x40005000u, 53, 32, 33, false, {{D, 2, 8}}, {{C, 12, 8}}}

static const sim_uart_kind uarts_l47x[] = {
    {"USART2", "usart2", 0x40004400u, 38, 26, 27, false,
     {{A, 3, 7}, {A, 15, 3}, {D, 6, 7}}, {{A, 2, 7}, {D, 5, 7}}},
    {"LPUART1", "lpuart1", 0x40008000u, 70, 34, 35, true,
     {{C, 0, 8}, {B, 10, 8}, {G, 8, 8}}, {{C, 1, 8}, {B, 11, 8}, {G, 7, 8}}},
    USART1, USART3, UART4, UART5,
};

static const sim_uart_kind uarts_l4r[] = {
    {"LPUART1", "lpuart1", 0x40008000u, 70, 34, 35, true,
     {{G, 8, 8}, {C, 0, 8}, {B, 10, 8}, {A, 3, 8}}, {{G, 7, 8}, {C, 1, 8}, {B, 11, 8}, {A, 2, 8}}},
    {"USART2", "usart2", 0x40004400u, 38, 26, 27, false,
     {{D, 6, 7}, {A, 3, 7}, {A, 15, 3}}, {{D, 5, 7}, {A, 2, 7}}},
    USART1, USART3, UART4, UART5,
};

static void common(sim_part *part)
{
    sim_exti_l4_new(part);
    sim_crc_new(part, 0x40023000u);
    sim_iwdg_new(part, 0x40003000u);
    sim_wwdg_new(part, 0x40002C00u, 0u);
    sim_tim_l4_new(part);
    sim_rng_new(part, 0x50060800u, 80u);
}

static void build_l47x(sim_machine *m)
{
    sim_part *part = sim_part_new(m);
    sim_flash_l47x_new(m);
    sim_rcc_l47x_new(part);
    sim_pwr_l47x_new(part);
    sim_rtc_new(part, 0x40002800u);
    sim_syscfg_g4_new(part, 0x8000u);
    sim_dma_l47x_new(part);
    sim_gpio_new(part, &gpio_l47x);
    sim_uarts_plain_new(part, uarts_l47x, SIM_ROWS(uarts_l47x));
    common(part);
    sim_dbgmcu_g4_new(part, 0x10076000u); /* revision 4 */
}

static void build_l4r(sim_machine *m)
{
    sim_part *part = sim_part_new(m);
    sim_flash_l4r_new(m);
    sim_rcc_l4r_new(part);
    sim_pwr_l4r_new(part);
    sim_rtc_new(part, 0x40002800u);
    sim_syscfg_g4_new(part, 0x10000u);
    sim_dma_l4r_new(part);
    sim_gpio_new(part, &gpio_l4r);
    sim_uarts_new(part, uarts_l4r, SIM_ROWS(uarts_l4r));
    common(part);
    sim_crs_new(part, 0x40006000u, 6u);
    sim_dbgmcu_g4_new(part, 0x100F6000u); /* revision W */
}

#define COMMON_FAMILY                                                                        \
    .flash = {{0x08000000u, 0x08000000u}, {0x1FFF0000u, 0x10000u}}, .alias_at_0 = true,      \
    .system_base = 0x1FFF0000u, .rom_uses_bytes = 0x4000u /* AN2606: 12 KB at most */,       \
    .cleared_ram = 1u, .cleared_optr_bit = 25u /* SRAM2_RST */, .bit_band = true

const sim_family sim_family_l47x = {
    COMMON_FAMILY, .family = TB_FAMILY_L4, .device_id = 0x415,
    .core = {.irq_count = 82u, .priority_bits = 4u, .cpuid = 0x410FC241u /* M4 r0p1 */},
    .rams = {{0x20000000u, SIM_NO_ADDRESS, 0x18000u}, {0x10000000u, SIM_NO_ADDRESS, 0x8000u}},
    .names = sim_names_l47x, .build = build_l47x,
};

const sim_family sim_family_l4r = {
    COMMON_FAMILY, .family = TB_FAMILY_L4PLUS, .device_id = 0x470,
    .core = {.irq_count = 95u, .priority_bits = 4u, .cpuid = 0x410FC241u},
    .rams = {{0x20000000u, SIM_NO_ADDRESS, 0x30000u}, {0x10000000u, 0x20030000u, 0x10000u},
             {0x20040000u, SIM_NO_ADDRESS, 0x60000u}},
    .names = sim_names_l4r, .build = build_l4r,
};
