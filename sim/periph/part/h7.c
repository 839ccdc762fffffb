/* The STM32H743 and STM32H7A3: their peripherals, in the order in which resets reach them.
 * BDMA and MDMA are not modelled: an access to one stops the run. */
#include "sim/periph/dma_stream.h"
#include "sim/periph/periph.h"
#include "sim/periph/clock/pwr_h7.h"

#define DEVICE_ID_H7A3 0x480u
#define REVISION_V 0x20030000u

static const sim_gpio_kind gpio = {.base = 0x58020000u, .ports = 11u, .moder_a = 0xABFFFFFFu,
                                   .moder_b = 0xFFFFFEBFu, .moder = 0xFFFFFFFFu};

enum { A, B, C, D, E, F, G, H, I };
static const sim_uart_kind uarts[] = {
    {"USART3", "usart3", 0x40004800u, 39, 45, 46, false,
     {{D, 9, 7}, {B, 11, 7}, {C, 11, 7}}, {{D, 8, 7}, {B, 10, 7}, {C, 10, 7}}},
    {"USART2", "usart2", 0x40004400u, 38, 43, 44, false, {{D, 6, 7}, {A, 3, 7}},
     {{D, 5, 7}, {A, 2, 7}}},
    {"USART1", "usart1", 0x40011000u, 37, 41, 42, false,
     {{A, 10, 7}, {B, 7, 7}, {B, 15, 4}}, {{A, 9, 7}, {B, 6, 7}, {B, 14, 4}}},
    {"USART6", "usart6", 0x40011400u, 71, 71, 72, false, {{G, 9, 7}, {C, 7, 7}},
     {{G, 14, 7}, {C, 6, 7}}},
    {"UART4", "uart4", 0x40004C00u, 52, 63, 64, false,
     {{D, 0, 8}, {A, 1, 8}, {C, 11, 8}, {H, 14, 8}, {I, 9, 8}},
     {{D, 1, 8}, {A, 0, 8}, {C, 10, 8}, {H, 13, 8}}},
    {"UART5", "uart5", 0x40005000u, 53, 65, 66, false, {{D, 2, 8}, {B, 12, 14}},
     {{C, 12, 8}, {B, 13, 14}}},
    {"UART7", "uart7", 0x40007800u, 82, 79, 80, false, {{E, 7, 7}, {F, 6, 7}},
     {{E, 8, 7}, {F, 7, 7}}},
    {"UART8", "uart8", 0x40007C00u, 83, 81, 82, false, {{E, 0, 8}}, {{E, 1, 8}}},
};

/* DBGMCU (RM0433 60.5.8): identity; the rest is storage. */
static const sim_reg dbgmcu_rows[] = {
    {0x00, "IDCODE", 0, 0},         {0x04, "CR", 0, 0x107003BFu},
    {0x34, "APB3FZ1", 0, ~0u},      {0x3C, "APB1LFZ1", 0, ~0u},
    {0x4C, "APB2FZ1", 0, ~0u},      {0x54, "APB4FZ1", 0, ~0u},
};

static uint32_t dbgmcu_read(void *owner, unsigned reg, uint32_t stored)
{
    const sim_part *part = owner;
    return reg == 0u ? REVISION_V | sim_chip(part->m)->device_id : stored;
}

static void dbgmcu_new(sim_part *part)
{
    static const sim_block_hooks hooks = {dbgmcu_read, NULL, NULL};
    static const sim_block_spec spec = {"DBGMCU", 0x5C001000u, 0x400u, false, dbgmcu_rows,
                                        SIM_ROWS(dbgmcu_rows), &hooks};
    sim_block *block = sim_part_alloc(part, sizeof *block);
    sim_block_init(block, part, part, &spec);
}

/* Neither TCM is on the bus matrix of the controllers (RM0433 2.1). AHB runs at half the core's
 * clock at most. */
static const sim_dma_stream_kind dma = {
    .base = 0x40020000u, .cr_bits = 0x01FFFFFFu, .cycles = 10u, .mux = true,
    .walls = {{0u, 0x08000000u}, {0x20000000u, 0x20000u}}};

static void build(sim_machine *m)
{
    sim_part *part = sim_part_new(m);
    bool h7a3 = sim_chip(m)->device_id == DEVICE_ID_H7A3;
    sim_flash_h7_new(m);
    sim_rcc_h7_new(part);
    sim_pwr_h7_new(part);
    if (h7a3) {
        sim_rtc_tamp_new(part, 0x58004000u, 0x58004400u);
    } else {
        sim_rtc_new(part, 0x58004000u);
    }
    sim_syscfg_h7_new(part);
    sim_dma_streams_new(part, &dma);
    sim_gpio_new(part, &gpio);
    sim_exti_h7_new(part);
    sim_uarts_new(part, uarts, SIM_ROWS(uarts));
    sim_crc_new(part, h7a3 ? 0x40023000u : 0x58024C00u);
    sim_iwdg_new(part, 0x58004800u);
    sim_wwdg_new(part, 0x50003000u, 0u);
    sim_tim_h7_new(part);
    dbgmcu_new(part);
}

static const sim_name names[] = {
    {0x40002400u, 0x400u, "LPTIM1"},
    {0x40003800u, 0x800u, "SPI2 or SPI3"},
    {0x40005400u, 0x2000u, "I2C1 to I2C3, CEC, DAC, MDIOS"},
    {0x4000A000u, 0x4000u, "FDCAN"},
    {0x40013000u, 0x800u, "SPI1 or SPI4"},
    {0x40015000u, 0x2C00u, "SPI5, SAI, DFSDM, HRTIM"},
    {0x40022000u, 0x400u, "ADC1/ADC2"},
    {0x40024400u, 0x200u, "ART"},
    {0x40028000u, 0x2000u, "ETH"},
    {0x40040000u, 0x80000u, "USB"},
    {0x48022C00u, 0x400u, "BDMA1 (H7A3)"},
    {0x48020000u, 0x3000u, "DCMI, CRYP, HASH, RNG, SDMMC2"},
    {0x50000000u, 0x3000u, "LTDC or DSIHOST"},
    {0x51000000u, 0x100000u, "the AXI interconnect's registers (GPV)"},
    {0x52000000u, 0x1000u, "MDMA"},
    {0x52001000u, 0x1000u, "DMA2D"},
    {0x52004000u, 0x5000u, "FMC, QUADSPI, SDMMC1"},
    {0x58000C00u, 0x400u, "LPUART1"},
    {0x58001400u, 0x2C00u, "SPI6, I2C4, LPTIM2 to LPTIM5, COMP, VREFBUF"},
    {0x58005400u, 0x400u, "SAI4"},
    {0x58025400u, 0x800u, "BDMA or DMAMUX2"},
    {0x58026000u, 0x400u, "ADC3"},
    {0x58026400u, 0x400u, "HSEM"},
    {0x30000000u, 0x48000u, "SRAM of the second domain without its clock (RCC_AHB2ENR)"},
    {0x38800000u, 0x1000u, "backup SRAM"},
    {0x5C000000u, 0x1000u, "the debug port"},
    {0x5C002000u, 0x2000u, "SWO or SWTF"},
    {0x60000000u, 0x40000000u, "external memory"},
    {0xE0000000u, 0x1000u, "ITM"},
    {0u, 0u, NULL},
};

#define CORE_M7(irqs) {.irq_count = (irqs), .priority_bits = 4u, .core = SIM_CORE_M7}

/* The second domain's SRAM is RAM 4 and on; see rcc_h7.c. The backup SRAM is left out. */
const sim_family sim_family_h743 = {
    .family = TB_FAMILY_H7,
    .device_id = 0x450u,
    .core = CORE_M7(150u),
    .rams = {{0x20000000u, SIM_NO_ADDRESS, 0x20000u}, /* DTCM */
             {0x00000000u, SIM_NO_ADDRESS, 0x10000u}, /* ITCM */
             {0x24000000u, SIM_NO_ADDRESS, 0x80000u}, /* AXI SRAM */
             {0x38000000u, SIM_NO_ADDRESS, 0x10000u}, /* SRAM4 */
             {0x30000000u, SIM_NO_ADDRESS, 0x20000u}, /* SRAM1 */
             {0x30020000u, SIM_NO_ADDRESS, 0x20000u}, /* SRAM2 */
             {0x30040000u, SIM_NO_ADDRESS, 0x8000u}}, /* SRAM3 */
    .gated_rams = 7u << 4,
    .cached_rams = 31u << 2,
    .flash = {{0x08000000u, 0x00200000u}, {0x1FF00000u, 0x00020000u}},
    .names = names,
    .build = build,
};

const sim_family sim_family_h7a3 = {
    .family = TB_FAMILY_H7,
    .device_id = DEVICE_ID_H7A3,
    .core = CORE_M7(155u),
    .rams = {{0x20000000u, SIM_NO_ADDRESS, 0x20000u},
             {0x00000000u, SIM_NO_ADDRESS, 0x10000u},
             {0x24000000u, SIM_NO_ADDRESS, 0x100000u},
             {0x38000000u, SIM_NO_ADDRESS, 0x8000u},
             {0x30000000u, SIM_NO_ADDRESS, 0x10000u}, /* AHB SRAM1 */
             {0x30010000u, SIM_NO_ADDRESS, 0x10000u}}, /* AHB SRAM2 */
    .gated_rams = 3u << 4,
    .cached_rams = 15u << 2,
    .flash = {{0x08000000u, 0x01000000u}, {0x1FF00000u, 0x00020000u}},
    .names = names,
    .build = build,
};
