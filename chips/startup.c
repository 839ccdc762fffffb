#include "chips/startup.h"

#include <string.h>

extern uint32_t __data_load, __data_start, __data_end, __bss_start, __bss_end;

void chip_memory_init(void)
{
    /* A program that runs from SRAM finds its data where it belongs. */
    if (&__data_load != &__data_start) {
        memcpy(&__data_start, &__data_load, (uintptr_t)&__data_end - (uintptr_t)&__data_start);
    }
    memset(&__bss_start, 0, (uintptr_t)&__bss_end - (uintptr_t)&__bss_start);
}
