#include "sim/periph/flash/control.h"

#include <inttypes.h>
#include <string.h>

sim_access flash_turn_key(sim_machine *m, flash_key *key, uint32_t value, uint32_t key1,
                          uint32_t key2)
{
    if (*key == FLASH_KEY_IDLE && value == key1) {
        *key = FLASH_KEY_HALF;
        return SIM_ACCESS_OK;
    }
    if (*key == FLASH_KEY_HALF && value == key2) {
        *key = FLASH_KEY_OPEN;
        return SIM_ACCESS_OK;
    }
    *key = FLASH_KEY_DEAD;
    sim_trace(m, SIM_TRACE_FLASH, "wrong key 0x%08" PRIX32 ": locked until reset", value);
    return SIM_ACCESS_FAULT;
}

void flash_close_key(flash_key *key)
{
    *key = *key == FLASH_KEY_DEAD ? FLASH_KEY_DEAD : FLASH_KEY_IDLE;
}

sim_cut_outcome flash_outcome(sim_machine *m, sim_op_kind kind, sim_cut_outcome asked)
{
    static const char *const names[] = {"old", "new", "mixed", "ecc", "unstable"};
    sim_cut_outcome outcome = asked;
    if (asked == SIM_CUT_RANDOM) {
        outcome = (sim_cut_outcome)(sim_random(m) % (uint32_t)SIM_CUT_RANDOM);
    }
    sim_trace(m, kind == SIM_OP_OPTION ? SIM_TRACE_OPTION : SIM_TRACE_FLASH, "interrupted: %s",
              names[outcome]);
    return outcome;
}

void flash_wipe_backup(sim_machine *m)
{
    size_t count;
    uint32_t *backup = sim_backup_words(m, &count);
    memset(backup, 0, count * sizeof *backup);
}

sim_access flash_read_bytes(const void *flash, flash_byte_at *byte_at, uint32_t address,
                            unsigned size, uint32_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte;
        if (!byte_at(flash, address + i, &byte)) {
            return SIM_ACCESS_FAULT;
        }
        *value |= (uint32_t)byte << (8u * i);
    }
    return SIM_ACCESS_OK;
}
