/* The peripherals on a bench: a machine of bus, time, interrupt lines and RAM, without a
 * core, so that every access, cycle and picosecond is the test's own. */
#ifndef TEST_PERIPH_BENCH_H
#define TEST_PERIPH_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/machine/machine.h"

/* cmocka set-up and tear-down: *state is the machine, powered on. */
int bench_setup(void **state);
int bench_teardown(void **state);

uint32_t rd(sim_machine *m, uint32_t address);
void wr(sim_machine *m, uint32_t address, uint32_t value);
uint32_t rd_sized(sim_machine *m, uint32_t address, unsigned size);
void wr_sized(sim_machine *m, uint32_t address, unsigned size, uint32_t value);
/* An access that must stop the run; gives the text. */
const char *wr_stops(sim_machine *m, uint32_t address, uint32_t value);
const char *rd_stops(sim_machine *m, uint32_t address);
void set_bits(sim_machine *m, uint32_t address, uint32_t bits);
void clear_bits(sim_machine *m, uint32_t address, uint32_t bits);

void pass(sim_machine *m, sim_ps time); /* fires what becomes due */
uint64_t cycles(sim_machine *m);
bool irq_line(const sim_machine *m, unsigned irq);
unsigned events_sent(const sim_machine *m); /* for WFE */
unsigned reset_asked(const sim_machine *m);
const char *stop_text(const sim_machine *m);
void forgive(sim_machine *m);
void reset_part(sim_machine *m, unsigned cause, bool backup_lost);
void set_latency(sim_machine *m, unsigned wait_states);
void set_optr(sim_machine *m, uint32_t optr);
void set_standby(sim_machine *m, bool standby);
const char *trace_text(const sim_machine *m); /* all lines since the last reset_trace() */
void reset_trace(sim_machine *m);

#define US SIM_PS_PER_US
#define MS SIM_PS_PER_MS

#define RCC 0x40021000u
#define RCC_CR (RCC + 0x00u)
#define RCC_CFGR (RCC + 0x08u)
#define RCC_PLLCFGR (RCC + 0x0Cu)
#define RCC_AHB1ENR (RCC + 0x48u)
#define RCC_AHB2ENR (RCC + 0x4Cu)
#define RCC_APB1ENR1 (RCC + 0x58u)
#define RCC_APB1ENR2 (RCC + 0x5Cu)
#define RCC_APB2ENR (RCC + 0x60u)
#define RCC_CCIPR (RCC + 0x88u)
#define RCC_BDCR (RCC + 0x90u)
#define RCC_CSR (RCC + 0x94u)
#define PWR 0x40007000u
#define SYSCFG 0x40010000u
#define EXTI 0x40010400u
#define GPIOA 0x48000000u
#define LPUART1 0x40008000u
#define USART2 0x40004400u

void clock_170_mhz(sim_machine *m); /* as stage code does: boost, 4 wait states, PLL from HSI16 */

#endif
