/* RCC, PWR and SYSCFG of the STM32F76x, and what the one asks of the other. */
#ifndef SIM_PWR_F7_H
#define SIM_PWR_F7_H

#include "sim/periph/part/part.h"

void sim_rcc_f7_new(sim_part *part);
void sim_pwr_f7_new(sim_part *part);
void sim_syscfg_f7_new(sim_part *part);
/* Voltage scale, 1 to 3, and over-drive. */
unsigned sim_pwr_f7_scale(const sim_part *part);
bool sim_pwr_f7_over_drive(const sim_part *part);

#endif
