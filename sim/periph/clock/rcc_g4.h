/* The clock tree of STM32G4 (RM0440 7), L4 (RM0351 6) and L4+ (RM0432 6): private to
 * rcc_g4*.c and rcc_l4.c. What differs between them is in rcc_g4_kind. */
#ifndef SIM_RCC_G4_H
#define SIM_RCC_G4_H

#include "sim/periph/clock/rcc.h"

/* Rows of the register table; a line leaves out the name of those that it has not. */
enum {
    R_CR, R_ICSCR, R_CFGR, R_PLLCFGR, R_CIER, R_CIFR, R_CICR, R_AHB1RSTR, R_AHB2RSTR, R_AHB3RSTR,
    R_APB1RSTR1, R_APB1RSTR2, R_APB2RSTR, R_AHB1ENR, R_AHB2ENR, R_AHB3ENR, R_APB1ENR1, R_APB1ENR2,
    R_APB2ENR, R_AHB1SMENR, R_AHB2SMENR, R_AHB3SMENR, R_APB1SMENR1, R_APB1SMENR2, R_APB2SMENR,
    R_CCIPR, R_BDCR, R_CSR, R_CRRCR, R_CCIPR2, R_PLLSAI1CFGR, R_PLLSAI2CFGR, R_DLYCFGR, RCC_ROWS
};

enum { OSC_MSI, OSC_LSI, OSC_LSE, OSC_HSI, OSC_HSE, OSC_PLL, OSC_PLLSAI1, OSC_PLLSAI2, OSC_HSI48,
       OSC_COUNT, OSC_NONE = OSC_COUNT };

/* Start-up times are the datasheets' typical ones. start 0: not on this line. */

#define RCC_WAIT_STATES 6u

typedef struct rcc_g4_kind {
    rcc_kind common;     /* its oscillators, gates, hse_hz, source_of, reset_source, last_pll */
    const sim_reg *rows; /* RCC_ROWS of them */
    uint32_t reset_hz;
    uint8_t pll_source[4];     /* PLLCFGR.PLLSRC */
    uint8_t clk48[4];          /* CCIPR.CLK48SEL */
    uint32_t pll_locked;       /* PLLCFGR's bits that are fixed while the PLL runs, */
    uint32_t pll_shared;       /* while any of the three runs, */
    uint32_t sai_locked;       /* and those of PLLSAIxCFGR, while it runs */
    uint32_t pll_m_mask;       /* width of PLLM */
    bool sai_own_m;            /* PLLSAIxCFGR have a PLLM, else the PLL's is theirs */
    uint32_t pll_in_min_hz, pll_n_max, pll_vco_min_hz;
    /* Highest HCLK in MHz by voltage range (sim_volt_range) and wait states; the last is
     * the highest of all. */
    uint8_t limits_mhz[3][RCC_WAIT_STATES];
} rcc_g4_kind;

void rcc_g4_new(sim_part *part, const rcc_g4_kind *kind);

#endif
