/* The clock trees of the STM32L47x (RM0351 6) and the STM32L4R/S (RM0432 6). */
#include "sim/periph/clock/rcc_g4.h"

#define PLL_ENABLES 0x01110000u /* of outputs P, Q and R */
#define COMMON_ROWS(locked_pll, locked_sai)                                       \
    [R_CR] = {0x00, "CR", 0x00000063u, 0x150D0BFDu},                              \
    [R_ICSCR] = {0x04, "ICSCR", 0x40000000u, 0x7F00FF00u},                        \
    [R_CFGR] = {0x08, "CFGR", 0, 0x7F00BFF3u},                                    \
    [R_PLLCFGR] = {0x0C, "PLLCFGR", 0x00001000u, (locked_pll) | PLL_ENABLES},     \
    [R_CIFR] = {0x1C, "CIFR", 0, 0}, [R_CICR] = {0x20, "CICR", 0, 0},             \
    [R_PLLSAI1CFGR] = {0x10, "PLLSAI1CFGR", 0x00001000u, (locked_sai) | PLL_ENABLES}, \
    [R_CCIPR] = {0x88, "CCIPR", 0, 0xFFFFFFFFu}, [R_BDCR] = {0x90, "BDCR", 0, 0}, \
    [R_CSR] = {0x94, "CSR", 0x0C000600u, 0x00000F01u}

/* reset, enable and sleep registers of one bus */
#define BUS(reg, at, resets, enabled, enables)                                                   \
    [R_##reg##RSTR] = {(at), #reg "RSTR", 0, (resets)},                                          \
    [R_##reg##ENR] = {(at) + 0x20u, #reg "ENR", (enabled), (enables)},                           \
    [R_##reg##SMENR] = {(at) + 0x40u, #reg "SMENR", (enables), (enables)}
#define APB1(resets, enabled, enables)                                                           \
    [R_APB1RSTR1] = {0x38, "APB1RSTR1", 0, (resets)},                                            \
    [R_APB1ENR1] = {0x58, "APB1ENR1", (enabled), (enables)},                                     \
    [R_APB1SMENR1] = {0x78, "APB1SMENR1", (enables), (enables)}
#define APB1_2(bits)                                                                             \
    [R_APB1RSTR2] = {0x3C, "APB1RSTR2", 0, (bits)},                                              \
    [R_APB1ENR2] = {0x5C, "APB1ENR2", 0, (bits)},                                                \
    [R_APB1SMENR2] = {0x7C, "APB1SMENR2", (bits), (bits)}

#define L47X_PLL 0x06627F73u /* source, M, N, P, Q, R */
#define L47X_SAI 0x06627F00u
#define L4R_PLL 0xFE627FF3u
#define L4R_SAI 0xFE627FF0u

static const sim_reg rows_l47x[RCC_ROWS] = {
    COMMON_ROWS(L47X_PLL, L47X_SAI),
    [R_PLLSAI2CFGR] = {0x14, "PLLSAI2CFGR", 0x00001000u, 0x07037F00u}, /* no Q */
    [R_CIER] = {0x18, "CIER", 0, 0x000002FFu},
    BUS(AHB1, 0x28, 0x00011103u, 0x00000100u, 0x00011103u),
    BUS(AHB2, 0x2C, 0x000430FFu, 0, 0x000430FFu),
    BUS(AHB3, 0x30, 0x00000101u, 0, 0x00000101u),
    APB1(0xF2FEC23Fu, 0, 0xF2FECA3Fu),
    APB1_2(0x00000025u),
    BUS(APB2, 0x40, 0x01677C01u, 0, 0x01677C81u),
    [R_CRRCR] = {0x98, NULL, 0, 0},
    [R_CCIPR2] = {0x9C, NULL, 0, 0},
    [R_DLYCFGR] = {0xA4, NULL, 0, 0},
};

static const sim_reg rows_l4r[RCC_ROWS] = {
    COMMON_ROWS(L4R_PLL, L4R_SAI),
    [R_PLLSAI2CFGR] = {0x14, "PLLSAI2CFGR", 0x00001000u, L4R_SAI | PLL_ENABLES},
    [R_CIER] = {0x18, "CIER", 0, 0x000006FFu},
    BUS(AHB1, 0x28, 0x00031107u, 0x00000100u, 0x00031107u),
    BUS(AHB2, 0x2C, 0x005471FFu, 0, 0x005471FFu),
    BUS(AHB3, 0x30, 0x00000301u, 0, 0x00000301u),
    APB1(0xF3FEC03Fu, 0x00000400u, 0xF3FECC3Fu),
    APB1_2(0x00000023u),
    BUS(APB2, 0x40, 0x0D677801u, 0, 0x0D677881u),
    [R_CRRCR] = {0x98, "CRRCR", 0, 0x00000001u},
    [R_CCIPR2] = {0x9C, "CCIPR2", 0, 0x0033573Fu},
    [R_DLYCFGR] = {0xA4, "DLYCFGR", 0, 0x000000FFu},
};

#define COMMON_GATES                                                                      \
    {0x40020000u, R_AHB1ENR, 0, true}, {0x40020400u, R_AHB1ENR, 1, true},                 \
    {0x40022000u, R_AHB1ENR, 8, false}, {0x40023000u, R_AHB1ENR, 12, true},               \
    {0x48000000u, R_AHB2ENR, 0, true}, {0x48000400u, R_AHB2ENR, 1, true},                 \
    {0x48000800u, R_AHB2ENR, 2, true}, {0x48000C00u, R_AHB2ENR, 3, true},                 \
    {0x48001000u, R_AHB2ENR, 4, true}, {0x48001400u, R_AHB2ENR, 5, true},                 \
    {0x48001800u, R_AHB2ENR, 6, true}, {0x48001C00u, R_AHB2ENR, 7, true},                 \
    {0x50060800u, R_AHB2ENR, 18, true}, {0x40000000u, R_APB1ENR1, 0, true},               \
    {0x40000400u, R_APB1ENR1, 1, true}, {0x40000800u, R_APB1ENR1, 2, true},               \
    {0x40000C00u, R_APB1ENR1, 3, true}, {0x40001000u, R_APB1ENR1, 4, true},               \
    {0x40001400u, R_APB1ENR1, 5, true}, {0x40002C00u, R_APB1ENR1, 11, false},             \
    {0x40004400u, R_APB1ENR1, 17, true}, {0x40004800u, R_APB1ENR1, 18, true},             \
    {0x40004C00u, R_APB1ENR1, 19, true}, {0x40005000u, R_APB1ENR1, 20, true},             \
    {0x40007000u, R_APB1ENR1, 28, true}, {0x40008000u, R_APB1ENR2, 0, true},              \
    {0x40010000u, R_APB2ENR, 0, true}, {0x40012C00u, R_APB2ENR, 11, true},                \
    {0x40013400u, R_APB2ENR, 13, true}, {0x40013800u, R_APB2ENR, 14, true},               \
    {0x40014000u, R_APB2ENR, 16, true}, {0x40014400u, R_APB2ENR, 17, true},               \
    {0x40014800u, R_APB2ENR, 18, true}

/* The RTC of L47x has no gate of its own. */
static const rcc_gate gates_l47x[] = {COMMON_GATES};
static const rcc_gate gates_l4r[] = {
    COMMON_GATES,
    {0x40020800u, R_AHB1ENR, 2, true},
    {0x48002000u, R_AHB2ENR, 8, true},
    {0x40002800u, R_APB1ENR1, 10, false},
    {0x40006000u, R_APB1ENR1, 24, true},
};

/* DS10198 6.3.8 and its twin for L4R/S. */
#define COMMON_OSCILLATORS                              \
    [OSC_MSI] = {R_CR, 0, 1, 2, 3u * SIM_PS_PER_US},    \
    [OSC_LSI] = {R_CSR, 0, 1, 0, 80u * SIM_PS_PER_US},  \
    [OSC_LSE] = {R_BDCR, 0, 1, 1, 2u * SIM_PS_PER_S},   \
    [OSC_HSI] = {R_CR, 8, 10, 3, 1u * SIM_PS_PER_US},   \
    [OSC_HSE] = {R_CR, 16, 17, 4, 2u * SIM_PS_PER_MS},  \
    [OSC_PLL] = {R_CR, 24, 25, 5, 15u * SIM_PS_PER_US}, \
    [OSC_PLLSAI1] = {R_CR, 26, 27, 6, 15u * SIM_PS_PER_US}, \
    [OSC_PLLSAI2] = {R_CR, 28, 29, 7, 15u * SIM_PS_PER_US}

static const rcc_oscillator oscillators_l47x[OSC_COUNT] = {COMMON_OSCILLATORS};
static const rcc_oscillator oscillators_l4r[OSC_COUNT] = {
    COMMON_OSCILLATORS, [OSC_HSI48] = {R_CRRCR, 0, 1, 10, 3u * SIM_PS_PER_US}};

#define COMMON_KIND(line)                                                                        \
    .common = {.gates = gates_##line, .gate_count = SIM_ROWS(gates_##line),                      \
               .osc = oscillators_##line, .source_of = {OSC_MSI, OSC_HSI, OSC_HSE, OSC_PLL},     \
               .hse_hz = 8000000u, .last_pll = OSC_PLLSAI2},                                     \
    .rows = rows_##line, .reset_hz = 4000000u,                                                   \
    .pll_source = {OSC_NONE, OSC_MSI, OSC_HSI, OSC_HSE}, .pll_vco_min_hz = 64000000u

void sim_rcc_l47x_new(sim_part *part)
{
    /* DS10198 table 55; RM0351 3.3.3 table 9. There is no boost. */
    static const rcc_g4_kind kind = {
        COMMON_KIND(l47x), .clk48 = {OSC_NONE, OSC_PLLSAI1, OSC_PLL, OSC_MSI},
        .pll_locked = L47X_PLL, .pll_shared = 0x73u, .sai_locked = L47X_SAI,
        .pll_m_mask = 7u, .pll_in_min_hz = 4000000u, .pll_n_max = 86u,
        .limits_mhz = {[SIM_RANGE1_BOOST] = {16, 32, 48, 64, 80, 80},
                       [SIM_RANGE1] = {16, 32, 48, 64, 80, 80},
                       [SIM_RANGE2] = {6, 12, 18, 26, 26, 26}},
    };
    rcc_g4_new(part, &kind);
}

void sim_rcc_l4r_new(sim_part *part)
{
    static const rcc_g4_kind kind = {
        COMMON_KIND(l4r), .clk48 = {OSC_HSI48, OSC_PLLSAI1, OSC_PLL, OSC_MSI},
        .pll_locked = L4R_PLL, .pll_shared = 3u, .sai_locked = L4R_SAI, .sai_own_m = true,
        .pll_m_mask = 15u, .pll_in_min_hz = 2660000u, .pll_n_max = 127u,
        .limits_mhz = {[SIM_RANGE1_BOOST] = {20, 40, 60, 80, 100, 120},
                       [SIM_RANGE1] = {20, 40, 60, 80, 80, 80},
                       [SIM_RANGE2] = {8, 16, 26, 26, 26, 26}},
    };
    rcc_g4_new(part, &kind);
}
