/* What the files of stage 2 share. */
#ifndef BOOT_STAGE2_H
#define BOOT_STAGE2_H

#include "chips/chips.h"
#include "tb_target.h"

_Noreturn void unpack_handler(uint32_t bank); /* unpack.S: the entry; leads to the next */
_Noreturn void reset_handler(uint32_t bank);
_Noreturn void stage2_main(unsigned bank);
void stage2_tick(void);           /* SysTick, once a millisecond */
void stage2_line_interrupt(void); /* the UART */

#endif
