/* Option bytes, where write protection goes by areas: what each family gives to
 * protect_areas.c, beside FLASH->WRP1R, WRP2R and their fields in its registers.h. */
#ifndef CHIPS_STM32_OPTIONS_H
#define CHIPS_STM32_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "twinbank/error.h"

/* Waits until the controller is idle, feeds the watchdog, unlocks the options and turns
 * interrupts off; what is to be written goes into the registers after it. */
tb_error options_open(uint32_t *primask);
/* Writes them, then erases as `then` says (FLASH_CR_MER...; 0: nothing), and locks. */
tb_error options_commit(uint32_t primask, uint32_t then);
/* VDD is above the voltage detector's lowest level. */
bool options_supply_good(void);
/* G4, L4, L4+. First page above last page: none (RM0440 3.5.3). */
void options_wrp_clear(volatile uint32_t *area);

#endif
