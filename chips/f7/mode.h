/* What protect.c needs of mode.c. */
#ifndef CHIPS_F7_MODE_H
#define CHIPS_F7_MODE_H

#include <stdbool.h>

/* Feeds the watchdog meanwhile. false: the controller stays busy. */
bool mode_wait_idle(void);
/* Opens CR and OPTCR. */
bool mode_unlock(void);

#endif
