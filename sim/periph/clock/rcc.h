/* What the RCC models have alike: oscillators and PLLs with their ready flags, gates
 * and resets of peripherals, reset flags, the backup domain, bus dividers. */
#ifndef SIM_RCC_H
#define SIM_RCC_H

#include "sim/periph/part/part.h"

#define RCC_LSE_HZ 32768u
#define RCC_LSI_HZ 32000u
#define RCC_HSE_HZ 8000000u /* from the ST-LINK of most Nucleos */
#define RCC_OSCILLATORS 10u

/* Which enable bit clocks a block; with two rows of one register either does. `resettable`: the
 * bit at the same place of the reset register resets it. */
typedef struct rcc_gate {
    uint32_t base;
    uint8_t row;
    uint8_t bit;
    bool resettable;
} rcc_gate;

/* flag_bit: that of the ready interrupt. Those in BDCR belong to the backup domain. */
typedef struct rcc_oscillator {
    uint8_t row, on_bit, ready_bit, flag_bit;
    sim_ps start;
} rcc_oscillator;

typedef struct rcc_cause {
    unsigned cause; /* sim_reset_cause */
    uint32_t flags;
} rcc_cause;

struct sim_rcc;
typedef struct rcc_kind {
    sim_block_spec spec;
    const rcc_gate *gates;
    unsigned gate_count;
    uint32_t gpio_base; /* ports 0x400 apart: bit n of gpio_row is port n */
    unsigned gpio_ports;
    uint8_t gpio_row;
    uint8_t first_reset, last_reset, first_enable; /* rows of the reset and enable registers */
    const rcc_oscillator *osc;
    unsigned osc_count;
    uint8_t first_pll, last_pll, hse, lse, lsi; /* oscillators; the first PLL is the system's */
    uint8_t source_of[4];                       /* SWS -> oscillator */
    uint8_t reset_source;                       /* SWS after a reset */
    uint32_t hse_hz;
    uint8_t irq, flag_row, enable_row, enable_shift; /* of the ready interrupts */
    uint32_t interrupts;                             /* mask of their flags */
    uint8_t bdcr_row, cause_row;
    uint32_t bdcr_bits; /* writable, beside RTCSEL and BDRST */
    const rcc_cause *causes; /* ends with cause 0 */
    uint32_t cause_flags;    /* in cause_row */
    uint8_t rtc_divider; /* of HSE for the RTC; 0: a field says it */
    uint8_t rtc_divider_row, rtc_divider_shift;
    uint32_t rtc_divider_mask;
    unsigned (*pll_source)(const struct sim_rcc *r); /* the oscillator that feeds the PLLs */
    bool (*can_lock)(struct sim_rcc *r, unsigned pll); /* false: it has stopped the run */
    void (*switch_source)(struct sim_rcc *r);          /* to what SW asks for, if it is ready */
    void (*after_reset)(struct sim_rcc *r);            /* NULL: nothing more to do */
    sim_services services; /* clock_hz, uart_clock_hz, timer_hz, clk48_hz, check_clock */
} rcc_kind;

typedef struct sim_rcc {
    sim_block block;
    sim_part *part;
    const rcc_kind *kind;
    struct rcc_start {
        struct sim_rcc *rcc;
        unsigned which;
        sim_event ready;
    } osc[RCC_OSCILLATORS];
    unsigned source; /* SWS */
} sim_rcc;

/* Makes it the part's, at `hz`. */
sim_rcc *rcc_new(sim_part *part, const rcc_kind *kind, uint32_t hz);
bool rcc_ready(const sim_rcc *r, unsigned osc);
/* Starts or stops an oscillator whose enable bit may have changed. What carries the system clock
 * stays on; PLLs whose source goes off unlock. */
void rcc_command(sim_rcc *r, unsigned osc, uint32_t old);
/* A write, of which only one to a reset register matters. */
void rcc_write_reset(sim_rcc *r, unsigned reg, uint32_t old);
void rcc_write_bdcr(sim_rcc *r, uint32_t raw);
void rcc_update_irq(sim_rcc *r);

/* By an AHB prescaler's field (HPRE): 0xxx is 1, 1000 is 2, and so on to 512. */
uint32_t rcc_divided(uint32_t hz, uint32_t hpre);
/* An APB prescaler's field (PPRE) as a shift. */
unsigned rcc_apb_shift(uint32_t ppre);
/* What a family's clock_hz says, from its own rates. hsi, and LSE: 0 while it is off. */
typedef struct rcc_rates {
    uint32_t sysclk, hclk, pclk1, pclk2, hsi;
} rcc_rates;
uint32_t rcc_clock_hz(const sim_rcc *r, sim_clock clock, const rcc_rates *rates);
/* A serial port's selector of two bits: its bus, SYSCLK, HSI16, LSE. */
uint32_t rcc_serial_hz(sim_part *part, uint32_t selector, uint32_t bus_hz);
/* A timer runs at twice its bus where that is divided, with TIMPRE at four times; HCLK at most. */
uint32_t rcc_timer_hz(uint32_t hclk, unsigned apb_shift, bool timpre);

#endif
