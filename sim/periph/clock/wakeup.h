/* The way out of Standby that the PWR models share: wake-up pin 1, PA0 on every part here. */
#ifndef SIM_WAKEUP_H
#define SIM_WAKEUP_H

#include "sim/periph/part/part.h"

typedef struct sim_wakeup {
    sim_part *part;
    const uint32_t *enables, *falling; /* the registers' words */
    uint32_t *flags;
    uint32_t enable, fall, flag; /* pin 1's bit in each */
    uint32_t others;             /* in *enables: wake-up pins that have no model */
    bool level;                  /* at the last look, by the polarity chosen then */
} sim_wakeup;

/* What `w` points to stays; the part keeps it. */
void sim_wakeup_new(sim_part *part, const sim_wakeup *w);
/* At a reset of PWR, its registers as they are to be: the flag that stands at the entry ends
 * Standby at once (RM0440 6.3.8 and its like ask for it to be cleared first). */
void sim_wakeup_reset(sim_part *part);
/* What keeps deep sleep from being Standby as modelled: a text, or NULL. */
const char *sim_wakeup_why_not(const sim_part *part, bool standby, bool keeps_sram);

#endif
