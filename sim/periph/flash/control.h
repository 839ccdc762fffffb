/* What the flash controllers have alike, beside their arrays. */
#ifndef SIM_FLASH_CONTROL_H
#define SIM_FLASH_CONTROL_H

#include "sim/machine/machine.h"

typedef enum flash_key {
    FLASH_KEY_IDLE, FLASH_KEY_HALF, FLASH_KEY_OPEN, FLASH_KEY_DEAD
} flash_key;

/* One more value to a key register: anything but the two in order, or a key to what is open
 * already, is a bus error, and locks until the next reset. */
sim_access flash_turn_key(sim_machine *m, flash_key *key, uint32_t value, uint32_t key1,
                          uint32_t key2);
/* Locked by software: to be opened again, if it is not dead. */
void flash_close_key(flash_key *key);

/* Which outcome an interrupted operation has, SIM_CUT_RANDOM settled; it is traced. */
sim_cut_outcome flash_outcome(sim_machine *m, sim_op_kind kind, sim_cut_outcome asked);
/* The backup registers, as RDP's regression erases them. */
void flash_wipe_backup(sim_machine *m);

/* A read of an area that knows its single bytes; a byte that is not there is a bus fault. */
typedef bool flash_byte_at(const void *flash, uint32_t address, uint8_t *byte);
sim_access flash_read_bytes(const void *flash, flash_byte_at *byte_at, uint32_t address,
                            unsigned size, uint32_t *value);

#endif
