/* The STM32F765, F767, F769 and F77x with 2 MB: their peripherals, in the order in which
 * resets reach them. */
#include "sim/periph/dma_stream.h"
#include "sim/periph/periph.h"
#include "sim/periph/clock/pwr_f7.h"

#define REVISION_Z 0x10010000u

static const sim_gpio_kind gpio = {.base = 0x40020000u, .ports = 11u, .moder_a = 0xA8000000u,
                                   .moder_b = 0x00000280u, .moder = 0u};

enum { A, B, C, D, E, F, G, H, I };
static const sim_uart_kind uarts[] = {
    {"USART3", "usart3", 0x40004800u, 39, 45, 46, false,
     {{D, 9, 7}, {B, 11, 7}, {C, 11, 7}}, {{D, 8, 7}, {B, 10, 7}, {C, 10, 7}}},
    {"USART2", "usart2", 0x40004400u, 38, 43, 44, false, {{D, 6, 7}, {A, 3, 7}},
     {{D, 5, 7}, {A, 2, 7}}},
    {"USART1", "usart1", 0x40011000u, 37, 41, 42, false,
     {{A, 10, 7}, {B, 7, 7}, {B, 15, 4}}, {{A, 9, 7}, {B, 6, 7}, {B, 14, 4}}},
    {"USART6", "usart6", 0x40011400u, 71, 71, 72, false, {{G, 9, 8}, {C, 7, 8}},
     {{G, 14, 8}, {C, 6, 8}}},
    {"UART4", "uart4", 0x40004C00u, 52, 63, 64, false,
     {{D, 0, 8}, {A, 1, 8}, {C, 11, 8}, {H, 14, 8}, {I, 9, 8}},
     {{D, 1, 8}, {A, 0, 8}, {C, 10, 8}, {H, 13, 8}}},
    {"UART5", "uart5", 0x40005000u, 53, 65, 66, false, {{D, 2, 8}, {B, 12, 8}, {B, 8, 7}},
     {{C, 12, 8}, {B, 13, 8}, {B, 9, 7}}},
    {"UART7", "uart7", 0x40007800u, 82, 79, 80, false, {{E, 7, 8}, {F, 6, 8}},
     {{E, 8, 8}, {F, 7, 8}}},
    {"UART8", "uart8", 0x40007C00u, 83, 81, 82, false, {{E, 0, 8}}, {{E, 1, 8}}},
};

/* RM0410 8, the requests of the serial ports: controller, stream, channel. The numbers of the
 * lines are our own, those of the H7. */
static const sim_dma_choice choices[] = {
    {1, 0, 4, 65}, {1, 1, 4, 45}, {1, 2, 4, 63}, {1, 3, 4, 46}, {1, 4, 4, 64}, {1, 5, 4, 43},
    {1, 6, 4, 44}, {1, 7, 4, 66}, {1, 0, 5, 82}, {1, 1, 5, 80}, {1, 3, 5, 79}, {1, 6, 5, 81},
    {1, 4, 7, 46}, {2, 2, 4, 41}, {2, 5, 4, 41}, {2, 7, 4, 42}, {2, 1, 5, 71}, {2, 2, 5, 71},
    {2, 6, 5, 72}, {2, 7, 5, 72},
};
/* The ITCM bus, with flash and RAM on it, is the core's alone; DTCM is reached. */
static const sim_dma_stream_kind dma = {.base = 0x40026000u, .cr_bits = 0x1FEFFFFFu, .cycles = 5u,
                                        .dma1_apb1 = true, .walls = {{0u, 0x08000000u}},
                                        .choices = choices, .choices_count = SIM_ROWS(choices)};

static void build(sim_machine *m)
{
    sim_part *part = sim_part_new(m);
    sim_flash_f7_new(m);
    sim_rcc_f7_new(part);
    sim_pwr_f7_new(part);
    sim_rtc_new(part, 0x40002800u);
    sim_syscfg_f7_new(part);
    sim_dma_streams_new(part, &dma);
    sim_gpio_new(part, &gpio);
    sim_exti_f7_new(part);
    sim_uarts_plain_new(part, uarts, SIM_ROWS(uarts));
    sim_crc_new(part, 0x40023000u);
    sim_iwdg_new(part, 0x40003000u);
    sim_wwdg_new(part, 0x40002C00u, 0u);
    sim_tim_f7_new(part);
    sim_rng_new(part, 0x50060800u, 80u);
    sim_dbgmcu_g4_new(part, REVISION_Z);
}

static const sim_name names[] = {
    {0x40002400u, 0x400u, "LPTIM1"},
    {0x40003400u, 0x400u, "CAN3"},
    {0x40003800u, 0x800u, "SPI2 or SPI3"},
    {0x40004000u, 0x400u, "SPDIFRX"},
    {0x40005400u, 0x1000u, "I2C1 to I2C4"},
    {0x40006400u, 0x800u, "CAN1 or CAN2"},
    {0x40006C00u, 0x400u, "CEC"},
    {0x40007400u, 0x400u, "DAC"},
    {0x40011C00u, 0x400u, "SDMMC2"},
    {0x40012000u, 0x400u, "ADC1 to ADC3"},
    {0x40012C00u, 0x400u, "SDMMC1"},
    {0x40013000u, 0x800u, "SPI1 or SPI4"},
    {0x40015000u, 0x800u, "SPI5 or SPI6"},
    {0x40015800u, 0x800u, "SAI1 or SAI2"},
    {0x40016800u, 0x1400u, "LTDC, DSI, DFSDM1, MDIOS"},
    {0x40024000u, 0x1000u, "backup SRAM"},
    {0x40028000u, 0x1400u, "ETH"},
    {0x4002B000u, 0xC00u, "DMA2D"},
    {0x40040000u, 0x40000u, "USB OTG_HS"},
    {0x50000000u, 0x40000u, "USB OTG_FS"},
    {0x50050000u, 0x1000u, "DCMI or JPEG"},
    {0x50060000u, 0x800u, "CRYP or HASH"},
    {0xA0000000u, 0x2000u, "FMC or QUADSPI"},
    {0x60000000u, 0x40000000u, "external memory"},
    {0xE0000000u, 0x1000u, "ITM"},
    {0u, 0u, NULL},
};

const sim_family sim_family_f767 = {
    .family = TB_FAMILY_F7,
    .device_id = 0x451u,
    .core = {.irq_count = 110u, .priority_bits = 4u, .core = SIM_CORE_M7, .mpu_regions = 8u,
             .cpuid = 0x411FC270u /* M7 r1p0 (ES0334); PM0253: 8 regions */},
    .rams = {{0x20000000u, SIM_NO_ADDRESS, 0x20000u}, /* DTCM */
             {0x00000000u, SIM_NO_ADDRESS, 0x4000u},  /* ITCM */
             {0x20020000u, SIM_NO_ADDRESS, 0x60000u}}, /* SRAM1 368 KB and SRAM2 16 KB */
    .cached_rams = 1u << 2,
    .flash = {{0x08000000u, 0x00200000u}, {0x00100000u, 0x00300000u}, {0x1FF00000u, 0x20000u}},
    .rom_uses_bytes = 0x4000u, /* AN2606 */
    .names = names,
    .build = build,
};
