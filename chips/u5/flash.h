/* What swap.c needs of flash.c. */
#ifndef CHIPS_U5_FLASH_H
#define CHIPS_U5_FLASH_H

#include <stdbool.h>

/* Parts of their line's full size have two banks whatever DUALBANK says (RM0456 7.3.1). */
bool flash_always_dual(void);
/* false: the controller stays busy. */
bool flash_wait_idle(void);
/* Opens NSCR and clears the error flags. */
void flash_unlock(void);

#endif
