/* What the machine must know of a product line: memories, core, names. One const struct
 * per line (DEV_ID), in sim/periph/part_<family>.c, listed in sim/machine/families.c. */
#ifndef SIM_FAMILY_H
#define SIM_FAMILY_H

#include "sim/machine/machine.h"

#define SIM_RAMS 10u
#define SIM_FLASH_AREAS 4u
#define SIM_NO_ADDRESS 0xFFFFFFFFu

typedef struct sim_ram {
    uint32_t base;
    uint32_t alias; /* a second address of the same memory, or SIM_NO_ADDRESS */
    uint32_t bytes; /* 0: the end of the list */
} sim_ram;

/* Of a peripheral that may have no model: an access to it is told by name. */
typedef struct sim_name {
    uint32_t base;
    uint32_t bytes;
    const char *name;
} sim_name;

typedef struct sim_family {
    tb_family family;
    uint16_t device_id;
    sim_cpu_config core;
    sim_ram rams[SIM_RAMS];
    /* Addresses that the flash model answers: array, system memory, options, aliases. */
    tb_memory flash[SIM_FLASH_AREAS];
    bool alias_at_0;      /* MEM_MODE puts flash, system memory or SRAM at address 0 */
    uint32_t system_base; /* of MEM_MODE's system memory */
    uint32_t rom_uses_bytes;   /* of rams[0], where the ROM has run */
    uint32_t cleared_ram;      /* index in rams of the one that ... */
    uint32_t cleared_optr_bit; /* ... this bit of OPTR, when 0, has erased at system resets; 0: none */
    bool bit_band;
    unsigned cached_rams; /* mask of rams behind the core's data cache */
    unsigned gated_rams;  /* and of those that are not there without a clock of their own */
    const sim_name *names; /* ends with bytes 0 */
    void (*build)(sim_machine *m); /* adds every peripheral and the flash model */
} sim_family;

/* NULL where no model exists. */
const sim_family *sim_family_of(const tb_chip *chip);

#endif
