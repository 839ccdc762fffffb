/* What the peripherals of one part know of each other. */
#ifndef SIM_PART_H
#define SIM_PART_H

#include "sim/machine/machine.h"
#include "sim/periph/registers.h"

#define SIM_PART_IRQS 160u /* of the largest */
#define SIM_PART_UARTS 10u
#define SIM_PART_PORTS 11u
#define SIM_DMA_REQUESTS 128u

/* Told before and after the clock tree changes: who counts in bus clocks brings
 * itself up to date before, and plans anew after. */
typedef struct sim_clock_user {
    void (*changing)(void *owner);
    void (*changed)(void *owner);
    void *owner;
    struct sim_clock_user *next;
} sim_clock_user;

typedef struct sim_part sim_part;
struct sim_rcc;
struct sim_pwr;
struct sim_gpio;
struct sim_exti;
struct sim_syscfg;
struct sim_uart;
struct sim_dma_listener;
struct sim_rtc;
struct sim_wakeup;

typedef enum sim_volt_range { SIM_RANGE1_BOOST, SIM_RANGE1, SIM_RANGE2 } sim_volt_range;

/* What the family's own models answer to those that all families share. Each model fills in
 * its own when it is made. */
typedef struct sim_services {
    /* RCC */
    uint32_t (*clock_hz)(sim_part *part, sim_clock clock);
    uint32_t (*uart_clock_hz)(sim_part *part, uint32_t base);
    uint32_t (*timer_hz)(sim_part *part, bool apb2);
    uint32_t (*clk48_hz)(sim_part *part); /* of the RNG */
    uint32_t (*rtc_hz)(sim_part *part);
    uint32_t (*bdcr)(const sim_part *part);
    void (*check_clock)(sim_part *part);
    /* The word and the bit that clock the block at this base; word NULL: always clocked. */
    void (*gate)(const sim_part *part, uint32_t base, const uint32_t **word, uint32_t *mask);
    /* PWR: the backup domain may be written */
    bool (*dbp)(const sim_part *part);
    bool has_pvd; /* its detector looks at sim_supply() */
    const char *(*deep_sleep)(const sim_part *part); /* as sim_deep_sleep() */
    /* SYSCFG or EXTI: the port whose pin is on this line */
    unsigned (*exti_port)(const sim_part *part, unsigned line);
} sim_services;

struct sim_part {
    sim_machine *m;
    sim_services services;
    unsigned supply_mv;
    struct sim_rcc *rcc;
    struct sim_pwr *pwr;
    struct sim_gpio *gpio;
    struct sim_exti *exti;
    struct sim_syscfg *syscfg;
    struct sim_uart *uarts[SIM_PART_UARTS];
    struct sim_dma_listener *dma_listeners;
    bool dma_requests[SIM_DMA_REQUESTS];
    struct sim_rtc *rtc;
    struct sim_wakeup *wakeup;
    sim_clock_user *clock_users;
    sim_block *blocks;
    uint8_t irq_sources[SIM_PART_IRQS];
    void *allocations;
};

/* Zeroed memory that lives as long as the part. */
void *sim_part_alloc(sim_part *part, size_t bytes);
/* Several sources share one NVIC line: the line is their OR. source: 0..7. */
void sim_part_irq(sim_part *part, unsigned irq, unsigned source, bool level);
/* n periods of a clock in picoseconds; hz > 0. */
sim_ps sim_periods(uint64_t n, uint64_t hz);
/* How many whole periods of the clock fit into a time. */
uint64_t sim_periods_in(sim_ps time, uint64_t hz);
/* An empty part, made known to the machine, which frees it. */
sim_part *sim_part_new(sim_machine *m);
void sim_part_gate(const sim_part *part, uint32_t base, const uint32_t **word, uint32_t *mask);
void sim_part_add_clock_user(sim_part *part, sim_clock_user *user);
/* For an RCC model: around each change of the clock tree. */
void sim_part_clock_changing(sim_part *part);
void sim_part_clock_changed(sim_part *part);
/* The block at that base back to its reset values (RCC's reset registers). */
void sim_part_reset_block(sim_part *part, uint32_t base);

/* clock/rcc_g4*.c, clock/rcc_l4.c */
void sim_rcc_g4_new(sim_part *part);
void sim_rcc_l47x_new(sim_part *part);
void sim_rcc_l4r_new(sim_part *part);

/* clock/pwr_g4.c */
void sim_pwr_g4_new(sim_part *part);
void sim_pwr_l47x_new(sim_part *part);
void sim_pwr_l4r_new(sim_part *part);
sim_volt_range sim_pwr_range(const sim_part *part);
bool sim_pwr_low_power_run(const sim_part *part);

/* clock/wakeup.c */
void sim_wakeup_look(sim_part *part); /* PA0 has changed */

/* syscfg_g4.c */
void sim_syscfg_g4_new(sim_part *part, uint32_t ram_bytes); /* of the RAM at 0x10000000 */

/* gpio.c */
/* Ports from `base` on, 0x400 apart. A and B begin with their debug pins alternate, the
 * others with `moder`: analogue (~0) or input (0). `extra`: registers beyond BRR, stored. */
typedef struct sim_gpio_kind {
    uint32_t base;
    unsigned ports;
    uint32_t moder_a, moder_b, moder;
    const sim_reg *extra;
    unsigned extra_count;
} sim_gpio_kind;
void sim_gpio_new(sim_part *part, const sim_gpio_kind *kind);
bool sim_gpio_is_alternate(const sim_part *part, unsigned port, unsigned pin, unsigned function);
/* Pins with a supply of their own: without it they neither drive nor listen. */
void sim_gpio_supply(sim_part *part, unsigned port, uint16_t pins, bool on);
/* The far end of a serial line holds its pin (level), or is not there (-1). */
void sim_gpio_line(sim_part *part, unsigned port, unsigned pin, int level);
bool sim_gpio_held_low(const sim_part *part, unsigned port, unsigned pin);

/* exti.c */
void sim_exti_g4_new(sim_part *part);
void sim_exti_l4_new(sim_part *part);
void sim_exti_f7_new(sim_part *part);
void sim_exti_h7_new(sim_part *part);
void sim_exti_u5_new(sim_part *part);
void sim_exti_pin(sim_part *part, unsigned port, unsigned pin, bool level);

/* usart.c */
typedef struct sim_uart_pin_choice {
    uint8_t port, pin, function;
} sim_uart_pin_choice;
#define SIM_UART_PINS 5u
typedef struct sim_uart_kind {
    const char *name, *link_name;
    uint32_t base;
    uint8_t irq, rx_request, tx_request; /* NVIC line, DMAMUX inputs */
    bool low_power;
    /* function 0: end. The first is the board's */
    sim_uart_pin_choice rx[SIM_UART_PINS], tx[SIM_UART_PINS];
} sim_uart_kind;
void sim_uarts_new(sim_part *part, const sim_uart_kind *kinds, unsigned count);
/* Those of older lines, without FIFO and prescaler (L47x, F7). */
void sim_uarts_plain_new(sim_part *part, const sim_uart_kind *kinds, unsigned count);
void sim_uart_pin(sim_part *part, unsigned port, unsigned pin, bool level);

/* dma.c */
void sim_dma_g4_new(sim_part *part);
void sim_dma_l47x_new(sim_part *part);
void sim_dma_l4r_new(sim_part *part);

/* dmamux.c */
/* A peripheral's request line, by its number at DMAMUX. */
void sim_dma_request(sim_part *part, unsigned request, bool level);

/* rtc.c: the backup domain. With TAMP beside the RTC (G4, U5, L4P5, H7A3), or the older RTC
 * that has the backup registers at +0x50 itself (L4, F7, H743). */
void sim_rtc_new(sim_part *part, uint32_t base);
void sim_rtc_tamp_new(sim_part *part, uint32_t rtc_base, uint32_t tamp_base);
void sim_rtc_domain_reset(sim_part *part);
/* RCC_BDCR belongs to the domain: kept here while the power is off. */
uint32_t sim_rtc_kept_bdcr(const sim_part *part);
void sim_rtc_keep_bdcr(sim_part *part, uint32_t value);

void sim_crc_new(sim_part *part, uint32_t base);
void sim_iwdg_new(sim_part *part, uint32_t base);
void sim_wwdg_new(sim_part *part, uint32_t base, unsigned irq);
void sim_tim_g4_new(sim_part *part);
void sim_tim_l4_new(sim_part *part);
void sim_tim_u5_new(sim_part *part);
void sim_tim_f7_new(sim_part *part);
void sim_tim_h7_new(sim_part *part);
void sim_crs_new(sim_part *part, uint32_t base, unsigned trim_bits); /* 6 or 7 */
void sim_rng_new(sim_part *part, uint32_t base, unsigned irq);
void sim_dbgmcu_g4_new(sim_part *part, uint32_t revision); /* IDCODE without DEV_ID */

#endif
