/* What the U5's own models know of each other. */
#ifndef SIM_PART_U5_H
#define SIM_PART_U5_H

#include "sim/periph/part/part.h"

/* clock/rcc_u5.c */
void sim_rcc_u5_new(sim_part *part);
bool sim_rcc_u5_booster_clocked(const sim_part *part);

/* gpdma.c */
void sim_gpdma_new(sim_part *part);

/* clock/pwr_u5.c */
void sim_pwr_u5_new(sim_part *part);
unsigned sim_pwr_u5_range(const sim_part *part); /* 1 to 4 */
bool sim_pwr_u5_boosted(const sim_part *part);

#endif
