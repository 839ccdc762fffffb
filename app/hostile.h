/* What the attacks of app/hostile.c are made of: one file for each flash controller, with its
 * registers and keys, and no driver between. All of it runs from SRAM, so that it goes on
 * when the application itself has been erased. */
#ifndef APP_HOSTILE_H
#define APP_HOSTILE_H

#include <stdint.h>

#define HOSTILE_RAM __attribute__((section(".ramfunc"), noinline, long_call))
#define HOSTILE_INLINE static inline __attribute__((always_inline))

/* Each unlocks what it needs and gives the error flags that the controller showed. `bank` is
 * the physical one, pages count from its start, `end` is not erased. */
uint32_t hostile_erase(unsigned bank, unsigned first, unsigned end);
uint32_t hostile_erase_banks(unsigned banks); /* bit 0 bank 1; all at once where it can be */
/* Programs zeros over whole units, where they are mapped. */
uint32_t hostile_zero(unsigned bank, volatile uint32_t *at, unsigned units);
/* Turns BFB2, SWAP_BANK or nDBOOT over, and loads the options. Comes back where refused. */
uint32_t hostile_swap(void);
/* Takes all write protection off, and loads the options. */
uint32_t hostile_unprotect(void);

#endif
