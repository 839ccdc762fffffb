/* What the peripherals of one part know of each other. */
#ifndef SIM_PART_H
#define SIM_PART_H

#include "sim/machine/machine.h"
#include "sim/periph/registers.h"

#define SIM_PART_IRQS 102u
#define SIM_PART_UARTS 6u
#define SIM_PART_PORTS 7u

/* Told before and after the clock tree changes: who counts in bus clocks brings
 * itself up to date before, and plans anew after. */
typedef struct sim_clock_user {
    void (*changing)(void *owner);
    void (*changed)(void *owner);
    void *owner;
    struct sim_clock_user *next;
} sim_clock_user;

struct sim_rcc;
struct sim_pwr;
struct sim_gpio;
struct sim_exti;
struct sim_syscfg;
struct sim_uart;
struct sim_dma;
struct sim_rtc;

typedef struct sim_part {
    sim_machine *m;
    struct sim_rcc *rcc;
    struct sim_pwr *pwr;
    struct sim_gpio *gpio;
    struct sim_exti *exti;
    struct sim_syscfg *syscfg;
    struct sim_uart *uarts[SIM_PART_UARTS];
    struct sim_dma *dma;
    struct sim_rtc *rtc;
    sim_clock_user *clock_users;
    sim_block *blocks;
    uint8_t irq_sources[SIM_PART_IRQS];
    void *allocations;
} sim_part;

/* Zeroed memory that lives as long as the part. */
void *sim_part_alloc(sim_part *part, size_t bytes);
/* Several sources share one NVIC line: the line is their OR. source: 0..7. */
void sim_part_irq(sim_part *part, unsigned irq, unsigned source, bool level);
/* n periods of a clock in picoseconds; hz > 0. */
sim_ps sim_periods(uint64_t n, uint64_t hz);
/* How many whole periods of the clock fit into a time. */
uint64_t sim_periods_in(sim_ps time, uint64_t hz);

/* rcc_g4.c */
void sim_rcc_g4_new(sim_part *part);
void sim_part_gate(sim_part *part, uint32_t base, const uint32_t **word, uint32_t *mask);
void sim_rcc_add_user(sim_part *part, sim_clock_user *user);
uint32_t sim_rcc_timer_hz(sim_part *part, bool apb2);
uint32_t sim_rcc_clk48_hz(sim_part *part);
uint32_t sim_rcc_rtc_hz(sim_part *part);
uint32_t sim_rcc_bdcr(const sim_part *part);

/* pwr_g4.c */
typedef enum sim_volt_range { SIM_RANGE1_BOOST, SIM_RANGE1, SIM_RANGE2 } sim_volt_range;
void sim_pwr_g4_new(sim_part *part);
sim_volt_range sim_pwr_range(const sim_part *part);
bool sim_pwr_dbp(const sim_part *part);
bool sim_pwr_low_power_run(const sim_part *part);

/* syscfg_g4.c */
void sim_syscfg_g4_new(sim_part *part);
unsigned sim_syscfg_exti_port(const sim_part *part, unsigned line);

/* gpio.c */
void sim_gpio_new(sim_part *part);
bool sim_gpio_is_alternate(const sim_part *part, unsigned port, unsigned pin, unsigned function);
/* The far end of a serial line holds its pin (level), or is not there (-1). */
void sim_gpio_line(sim_part *part, unsigned port, unsigned pin, int level);
bool sim_gpio_held_low(const sim_part *part, unsigned port, unsigned pin);

/* exti.c */
void sim_exti_g4_new(sim_part *part);
void sim_exti_pin(sim_part *part, unsigned port, unsigned pin, bool level);
void sim_exti_line(sim_part *part, unsigned line); /* an internal line's rising edge */

/* usart.c */
void sim_uarts_g4_new(sim_part *part);
void sim_uart_pin(sim_part *part, unsigned port, unsigned pin, bool level);

/* dma.c */
void sim_dma_g4_new(sim_part *part);
/* A peripheral's request line (its DMAMUX input). */
void sim_dma_request(sim_part *part, unsigned request, bool level);

/* rtc.c: RTC and TAMP, the backup domain */
void sim_rtc_g4_new(sim_part *part);
void sim_rtc_domain_reset(sim_part *part);
/* RCC_BDCR belongs to the domain: kept here while the power is off. */
uint32_t sim_rtc_kept_bdcr(const sim_part *part);
void sim_rtc_keep_bdcr(sim_part *part, uint32_t value);

void sim_crc_new(sim_part *part);
void sim_iwdg_new(sim_part *part);
void sim_wwdg_new(sim_part *part);
void sim_tim_g4_new(sim_part *part);
void sim_crs_new(sim_part *part);
void sim_rng_new(sim_part *part);
void sim_dbgmcu_g4_new(sim_part *part);

#endif
