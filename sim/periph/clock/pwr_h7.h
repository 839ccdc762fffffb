/* RCC and PWR of the STM32H7, and what the one asks of the other. */
#ifndef SIM_PWR_H7_H
#define SIM_PWR_H7_H

#include "sim/periph/part/part.h"

void sim_rcc_h7_new(sim_part *part);
void sim_pwr_h7_new(sim_part *part);
/* 0: VOS0, the fastest, to 3: VOS3, as after reset. */
unsigned sim_pwr_h7_scale(const sim_part *part);
/* PWR_CR3 has been written since power-on: before that neither VOS nor the system clock
 * may change (RM0433 6.4.1). */
bool sim_pwr_h7_supply_chosen(const sim_part *part);

/* syscfg_h7.c; over-drive makes VOS0 of VOS1 (RM0433 6.6.2). */
void sim_syscfg_h7_new(sim_part *part);
bool sim_syscfg_h7_over_drive(const sim_part *part);

#endif
