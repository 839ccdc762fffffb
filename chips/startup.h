/* What comes before main(): symbols of the linker script (chips/linker_script.c). */
#ifndef CHIPS_STARTUP_H
#define CHIPS_STARTUP_H

#include <stdint.h>

extern uint32_t __stack_top;

typedef void (*chip_vector)(void);
/* The initial stack pointer, as the first entry of a vector table. */
#define CHIP_STACK_TOP ((chip_vector)(uintptr_t)&__stack_top)
#define CHIP_VECTORS (16u + CHIP_IRQS)

/* What runs before stage 2 is whole (boot/stage2/unpack.S): calls only what has this too, and has
 * no constants or data in memory. */
#define CHIP_EARLY __attribute__((section(".text.early")))

/* Copies .data (and code for SRAM) from flash, clears .bss. */
void chip_memory_init(void);

#endif
