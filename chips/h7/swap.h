/* What protect.c needs of swap.c. */
#ifndef CHIPS_H7_SWAP_H
#define CHIPS_H7_SWAP_H

#include <stdbool.h>

/* VDD is above the detector's lowest level, 1.95 V. */
bool swap_supply_good(void);
/* false: the option write does not come to an end. */
bool swap_options_idle(void);

#endif
