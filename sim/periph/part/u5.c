/* The STM32U5 lines: their peripherals, in the order in which resets reach them. */
#include "sim/periph/part/u5.h"

#include "sim/periph/periph.h"

#define DEVICE_ID_U545 0x455u
#define DEVICE_ID_U575 0x482u
#define DEVICE_ID_U5A5 0x481u

static const sim_reg gpio_extra[] = {
    {0x2C, "HSLVR", 0, 0xFFFFu},
    {0x30, "SECCFGR", 0, 0},
};
static const sim_gpio_kind gpio = {.base = 0x42020000u, .ports = 9u, .moder_a = 0xABFFFFFFu,
                                   .moder_b = 0xFFFFFEBFu, .moder = 0xFFFFFFFFu,
                                   .extra = gpio_extra, .extra_count = SIM_ROWS(gpio_extra)};

enum { A, B, C, D, E, F, G };
static const sim_uart_kind uarts[] = {
    {"USART1", "usart1", 0x40013800u, 61, 24, 25, false,
     {{A, 10, 7}, {B, 7, 7}, {G, 10, 7}}, {{A, 9, 7}, {B, 6, 7}, {G, 9, 7}}},
    {"USART3", "usart3", 0x40004800u, 63, 28, 29, false,
     {{D, 9, 7}, {A, 5, 7}, {B, 11, 7}, {C, 5, 7}, {C, 11, 7}},
     {{D, 8, 7}, {A, 7, 7}, {B, 10, 7}, {C, 4, 7}, {C, 10, 7}}},
    {"UART4", "uart4", 0x40004C00u, 64, 30, 31, false, {{A, 1, 8}, {C, 11, 8}},
     {{A, 0, 8}, {C, 10, 8}}},
    {"UART5", "uart5", 0x40005000u, 65, 32, 33, false, {{D, 2, 8}}, {{C, 12, 8}}},
    {"LPUART1", "lpuart1", 0x46002400u, 66, 34, 35, true,
     {{A, 3, 8}, {B, 10, 8}, {C, 0, 8}, {G, 8, 8}}, {{A, 2, 8}, {B, 11, 8}, {C, 1, 8}, {G, 7, 8}}},
    {"USART2", "usart2", 0x40004400u, 62, 26, 27, false, {{D, 6, 7}, {A, 3, 7}, {A, 15, 9}},
     {{D, 5, 7}, {A, 2, 7}}}, /* not on the U545 */
};

/* ---- SYSCFG (RM0456 17): storage; nothing of it maps anything ---- */

static const sim_reg syscfg_rows[] = {
    {0x00, "SECCFGR", 0, 0},       {0x04, "CFGR1", 0, 0x010F031Cu},
    {0x08, "FPUIMR", 0x1Fu, 0x3Fu}, {0x0C, "CNSLCKR", 0, 0x3u},
    {0x10, "CSLOCKR", 0, 0},       {0x14, "CFGR2", 0, 0xFu},
    {0x18, "MESR", 0, 0},          {0x1C, "CCCSR", 0x0000000Au, 0x3Fu},
    {0x20, "CCVR", 0x00000088u, 0}, {0x24, "CCCR", 0x00007878u, 0xFFFFu},
    {0x2C, "RSSCMDR", 0, 0},
};

static void syscfg_new(sim_part *part)
{
    static const sim_block_spec spec = {"SYSCFG", 0x46000400u, 0x400u, true, syscfg_rows,
                                        SIM_ROWS(syscfg_rows), NULL};
    sim_block_init(sim_part_alloc(part, sizeof(sim_block)), part, NULL, &spec);
}

/* ---- DBGMCU (RM0456 75.12) ---- */

static const sim_reg dbgmcu_rows[] = {
    {0x00, "IDCODE", 0, 0},         {0x04, "CR", 0, 0x000000F6u},
    {0x08, "APB1LFZR", 0, 0x00601C3Fu}, {0x0C, "APB1HFZR", 0, 0x000000E2u},
    {0x10, "APB2FZR", 0, 0x00072800u}, {0x14, "APB3FZR", 0, 0x40060400u},
    {0x20, "AHB1FZR", 0, 0x0000FFFFu}, {0x28, "AHB3FZR", 0, 0x0000000Fu},
};

static uint32_t dbgmcu_read(void *owner, unsigned reg, uint32_t stored)
{
    const sim_block *b = owner;
    return reg == 0u ? 0x30010000u | sim_chip(b->part->m)->device_id : stored; /* revision X */
}

static void dbgmcu_new(sim_part *part)
{
    static const sim_block_hooks hooks = {dbgmcu_read, NULL, NULL};
    static const sim_block_spec spec = {"DBGMCU", 0xE0044000u, 0x400u, false, dbgmcu_rows,
                                        SIM_ROWS(dbgmcu_rows), &hooks};
    sim_block *b = sim_part_alloc(part, sizeof *b);
    sim_block_init(b, part, b, &spec);
}

/* ---- the part ---- */

static void build(sim_machine *m)
{
    sim_part *part = sim_part_new(m);
    unsigned count = SIM_ROWS(uarts);
    if (sim_chip(m)->device_id == DEVICE_ID_U545) {
        count--;
    }
    sim_flash_u5_new(m);
    sim_rcc_u5_new(part);
    sim_pwr_u5_new(part);
    sim_rtc_tamp_new(part, 0x46007800u, 0x46007C00u);
    sim_exti_u5_new(part);
    syscfg_new(part);
    sim_gpdma_new(part);
    sim_gpio_new(part, &gpio);
    sim_uarts_new(part, uarts, count);
    sim_crc_new(part, 0x40023000u);
    sim_iwdg_new(part, 0x40003000u);
    sim_wwdg_new(part, 0x40002C00u, 0u);
    sim_tim_u5_new(part);
    sim_crs_new(part, 0x40006000u, 7u);
    dbgmcu_new(part);
}

/* RM0456 2.3.2. Whole areas where nothing in them has a model. */
static const sim_name names[] = {
    {0x40003800u, 0x400u, "SPI2"},
    {0x40005400u, 0x800u, "I2C1 or I2C2"},
    {0x40006400u, 0x400u, "USART6"},
    {0x40008400u, 0x400u, "I2C4"},
    {0x40009400u, 0x400u, "LPTIM2"},
    {0x4000A400u, 0x1000u, "FDCAN1"},
    {0x4000DC00u, 0x400u, "UCPD1"},
    {0x40013000u, 0x400u, "SPI1"},
    {0x40015400u, 0x800u, "SAI1 or SAI2"},
    {0x40021000u, 0x400u, "CORDIC"},
    {0x40021400u, 0x400u, "FMAC"},
    {0x40024000u, 0x400u, "TSC"},
    {0x40025000u, 0x1000u, "MDF1"},
    {0x40026000u, 0x400u, "RAMCFG"},
    {0x4002B000u, 0x1000u, "DMA2D"},
    {0x40031400u, 0x400u, "DCACHE1"},
    {0x40032400u, 0x1000u, "GTZC1"},
    {0x40036400u, 0x800u, "backup SRAM"},
    {0x42028000u, 0x400u, "ADC1"},
    {0x4202C000u, 0x800u, "DCMI or PSSI"},
    {0x42040000u, 0x40000u, "OTG"},
    {0x420C0000u, 0x10000u, "AES, HASH, RNG, SAES, PKA or OTFDEC"},
    {0x420C8000u, 0x1000u, "SDMMC"},
    {0x420D1400u, 0x1400u, "OCTOSPI"},
    {0x46002000u, 0x400u, "SPI3"},
    {0x46002800u, 0x400u, "I2C3"},
    {0x46004400u, 0xC00u, "LPTIM1, LPTIM3 or LPTIM4"},
    {0x46005000u, 0x1000u, "OPAMP, COMP or VREFBUF"},
    {0x46020000u, 0x400u, "LPGPIO1"},
    {0x46021000u, 0x1000u, "ADC4 or DAC1"},
    {0x46023000u, 0x1000u, "GTZC2"},
    {0x46024000u, 0x1000u, "ADF1"},
    {0x46025000u, 0x1000u, "LPDMA1"},
    {0x50000000u, 0x10000000u, "a secure alias: TZEN = 0"},
    {0x0C000000u, 0x02000000u, "the secure alias of flash: TZEN = 0"},
    {0x60000000u, 0x40000000u, "external memory"},
    {0xE0000000u, 0x1000u, "ITM"},
    {0xE0040000u, 0x1000u, "TPIU"},
    {0u, 0u, NULL},
};

#define U5_FLASH {{0x08000000u, 0x02000000u}, {0x0BF90000u, 0x00010800u}}
#define CORE_M33(irqs) {.irq_count = (irqs), .priority_bits = 4u, .core = SIM_CORE_M33}

/* SRAM2_RST, when 0, erases SRAM2 at system resets (RM0456 7.9.12). */
const sim_family sim_family_u545 = {
    .family = TB_FAMILY_U5,
    .device_id = DEVICE_ID_U545,
    .core = CORE_M33(126u),
    .rams = {{0x20000000u, SIM_NO_ADDRESS, 0x30000u},  /* SRAM1 */
             {0x20030000u, SIM_NO_ADDRESS, 0x10000u},  /* SRAM2 */
             {0x28000000u, SIM_NO_ADDRESS, 0x4000u}},  /* SRAM4 */
    .flash = U5_FLASH,
    .cleared_ram = 1u,
    .cleared_optr_bit = 25u,
    .names = names,
    .build = build,
};

const sim_family sim_family_u575 = {
    .family = TB_FAMILY_U5,
    .device_id = DEVICE_ID_U575,
    .core = CORE_M33(126u),
    .rams = {{0x20000000u, SIM_NO_ADDRESS, 0x30000u},
             {0x20030000u, SIM_NO_ADDRESS, 0x10000u},
             {0x28000000u, SIM_NO_ADDRESS, 0x4000u},
             {0x20040000u, SIM_NO_ADDRESS, 0x80000u}}, /* SRAM3 */
    .flash = U5_FLASH,
    .cleared_ram = 1u,
    .cleared_optr_bit = 25u,
    .names = names,
    .build = build,
};

const sim_family sim_family_u5a5 = {
    .family = TB_FAMILY_U5,
    .device_id = DEVICE_ID_U5A5,
    .core = CORE_M33(141u),
    .rams = {{0x20000000u, SIM_NO_ADDRESS, 0xC0000u},
             {0x200C0000u, SIM_NO_ADDRESS, 0x10000u},
             {0x28000000u, SIM_NO_ADDRESS, 0x4000u},
             {0x200D0000u, SIM_NO_ADDRESS, 0xD0000u},  /* SRAM3 */
             {0x201A0000u, SIM_NO_ADDRESS, 0xD0000u}}, /* SRAM5 */
    .flash = U5_FLASH,
    .cleared_ram = 1u,
    .cleared_optr_bit = 25u,
    .names = names,
    .build = build,
};
