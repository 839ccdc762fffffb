#ifndef CHIPS_U5_SWAP_H
#define CHIPS_U5_SWAP_H

#include <stdbool.h>

/* Keys, from a locked controller. */
void swap_unlock_options(void);
/* Loads the options from flash, which resets the part. PWR has its clock. */
_Noreturn void swap_load_options(void);
/* VDD is above the detector's lowest threshold, about 2.0 V. PWR has its clock. */
bool swap_supply_is_good(void);
/* The reset before this was that of loading options and nothing else: asked after
 * chip_reset_cause(). */
bool swap_options_were_loaded(void);
/* A reset came in the middle of an option change, and no operation has begun since. */
bool swap_was_interrupted(void);

#endif
