/* The clock tree of the STM32G4 (RM0440 7): its registers, gates and limits. */
#include "sim/periph/clock/rcc_g4.h"

#define AHB1_BITS 0x0000111Fu
#define AHB2_BITS 0x040F607Fu
#define AHB3_BITS 0x00000101u
#define APB11_RST_BITS 0xD2FEC13Fu
#define APB12_BITS 0x00000103u
#define APB2_BITS 0x0437F801u

static const sim_reg rows[RCC_ROWS] = {
    [R_CR] = {0x00, "CR", 0x00000500u, 0x010D0300u},
    [R_ICSCR] = {0x04, "ICSCR", 0x40880000u, 0x7F000000u},
    [R_CFGR] = {0x08, "CFGR", 0x00000005u, 0x7F003FF3u},
    [R_PLLCFGR] = {0x0C, "PLLCFGR", 0x00001000u, 0xFF737FF3u},
    [R_CIER] = {0x18, "CIER", 0, 0x0000063Bu},
    [R_CIFR] = {0x1C, "CIFR", 0, 0},
    [R_CICR] = {0x20, "CICR", 0, 0},
    [R_AHB1RSTR] = {0x28, "AHB1RSTR", 0, AHB1_BITS},
    [R_AHB2RSTR] = {0x2C, "AHB2RSTR", 0, AHB2_BITS},
    [R_AHB3RSTR] = {0x30, "AHB3RSTR", 0, AHB3_BITS},
    [R_APB1RSTR1] = {0x38, "APB1RSTR1", 0, APB11_RST_BITS},
    [R_APB1RSTR2] = {0x3C, "APB1RSTR2", 0, APB12_BITS},
    [R_APB2RSTR] = {0x40, "APB2RSTR", 0, APB2_BITS},
    [R_AHB1ENR] = {0x48, "AHB1ENR", 0x00000100u, AHB1_BITS},
    [R_AHB2ENR] = {0x4C, "AHB2ENR", 0, AHB2_BITS},
    [R_AHB3ENR] = {0x50, "AHB3ENR", 0, AHB3_BITS},
    [R_APB1ENR1] = {0x58, "APB1ENR1", 0x00000400u, APB11_RST_BITS | 0x00000C00u},
    [R_APB1ENR2] = {0x5C, "APB1ENR2", 0, APB12_BITS},
    [R_APB2ENR] = {0x60, "APB2ENR", 0, APB2_BITS},
    [R_AHB1SMENR] = {0x68, "AHB1SMENR", 0x0000131Fu, 0x0000131Fu},
    [R_AHB2SMENR] = {0x6C, "AHB2SMENR", 0x040F667Fu, 0x040F667Fu},
    [R_AHB3SMENR] = {0x70, "AHB3SMENR", 0x00000101u, 0x00000101u},
    [R_APB1SMENR1] = {0x78, "APB1SMENR1", 0xD2FECD3Fu, 0xD2FECD3Fu},
    [R_APB1SMENR2] = {0x7C, "APB1SMENR2", 0x00000103u, 0x00000103u},
    [R_APB2SMENR] = {0x80, "APB2SMENR", 0x0437F801u, 0x0437F801u},
    [R_CCIPR] = {0x88, "CCIPR", 0, 0xFFFFFFFFu},
    [R_BDCR] = {0x90, "BDCR", 0, 0},
    [R_CSR] = {0x94, "CSR", 0x0C000000u, 0x00000001u},
    [R_CRRCR] = {0x98, "CRRCR", 0x00002000u, 0x00000001u},
    [R_CCIPR2] = {0x9C, "CCIPR2", 0, 0x00300003u},
};

static const rcc_gate gates[] = {
    {0x40020000u, R_AHB1ENR, 0, true},    {0x40020400u, R_AHB1ENR, 1, true},
    {0x40020800u, R_AHB1ENR, 2, true},    {0x40022000u, R_AHB1ENR, 8, false},
    {0x40023000u, R_AHB1ENR, 12, true},   {0x48000000u, R_AHB2ENR, 0, true},
    {0x48000400u, R_AHB2ENR, 1, true},    {0x48000800u, R_AHB2ENR, 2, true},
    {0x48000C00u, R_AHB2ENR, 3, true},    {0x48001000u, R_AHB2ENR, 4, true},
    {0x48001400u, R_AHB2ENR, 5, true},    {0x48001800u, R_AHB2ENR, 6, true},
    {0x50060800u, R_AHB2ENR, 26, true},   {0x40000000u, R_APB1ENR1, 0, true},
    {0x40000400u, R_APB1ENR1, 1, true},   {0x40000800u, R_APB1ENR1, 2, true},
    {0x40000C00u, R_APB1ENR1, 3, true},   {0x40001000u, R_APB1ENR1, 4, true},
    {0x40001400u, R_APB1ENR1, 5, true},   {0x40002000u, R_APB1ENR1, 8, true},
    {0x40002400u, R_APB1ENR1, 10, false}, {0x40002800u, R_APB1ENR1, 10, false},
    {0x40002C00u, R_APB1ENR1, 11, false}, {0x40004400u, R_APB1ENR1, 17, true},
    {0x40004800u, R_APB1ENR1, 18, true},  {0x40004C00u, R_APB1ENR1, 19, true},
    {0x40005000u, R_APB1ENR1, 20, true},  {0x40007000u, R_APB1ENR1, 28, true},
    {0x40008000u, R_APB1ENR2, 0, true},   {0x40010000u, R_APB2ENR, 0, true},
    {0x40012C00u, R_APB2ENR, 11, true},   {0x40013400u, R_APB2ENR, 13, true},
    {0x40013800u, R_APB2ENR, 14, true},   {0x40014000u, R_APB2ENR, 16, true},
    {0x40014400u, R_APB2ENR, 17, true},   {0x40014800u, R_APB2ENR, 18, true},
};

/* DS12288 5.3.7, 5.3.8. */
static const rcc_oscillator oscillators[OSC_COUNT] = {
    [OSC_LSI] = {R_CSR, 0, 1, 0, 80u * SIM_PS_PER_US},
    [OSC_LSE] = {R_BDCR, 0, 1, 1, 2u * SIM_PS_PER_S},
    [OSC_HSI] = {R_CR, 8, 10, 3, 1u * SIM_PS_PER_US},
    [OSC_HSE] = {R_CR, 16, 17, 4, 2u * SIM_PS_PER_MS},
    [OSC_PLL] = {R_CR, 24, 25, 5, 15u * SIM_PS_PER_US},
    [OSC_HSI48] = {R_CRRCR, 0, 1, 10, 3u * SIM_PS_PER_US},
};

void sim_rcc_g4_new(sim_part *part)
{
    static const rcc_g4_kind kind = {
        .common = {.gates = gates, .gate_count = SIM_ROWS(gates), .osc = oscillators,
                   .source_of = {OSC_NONE, OSC_HSI, OSC_HSE, OSC_PLL}, .reset_source = 1u,
                   .hse_hz = 24000000u, .last_pll = OSC_PLL},
        .rows = rows, .reset_hz = 16000000u,
        .pll_source = {OSC_NONE, OSC_NONE, OSC_HSI, OSC_HSE},
        .clk48 = {OSC_HSI48, OSC_NONE, OSC_PLL, OSC_NONE},
        .pll_locked = 0xFE00FFF3u, .pll_m_mask = 15u,
        /* DS12288 table 46 */
        .pll_in_min_hz = 2660000u, .pll_n_max = 127u, .pll_vco_min_hz = 96000000u,
        /* RM0440 3.3.3 table 9 */
        .limits_mhz = {[SIM_RANGE1_BOOST] = {34, 68, 102, 136, 170, 170},
                       [SIM_RANGE1] = {30, 60, 90, 120, 150, 150},
                       [SIM_RANGE2] = {12, 24, 26, 26, 26, 26}},
    };
    rcc_g4_new(part, &kind);
}
