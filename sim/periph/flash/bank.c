#include "sim/periph/flash/bank.h"

#include <stdlib.h>
#include <string.h>

static void *need(void *p)
{
    if (p == NULL) {
        abort();
    }
    return p;
}

void flash_bank_new(flash_bank *b, uint32_t bytes, uint32_t unit_bytes,
                    bool (*sound)(uint8_t state))
{
    b->bytes = bytes;
    b->unit_bytes = unit_bytes;
    b->sound = sound;
    b->data = need(malloc(bytes));
    memset(b->data, 0xFF, bytes);
    b->other = need(calloc(bytes, 1u));
    b->state = need(calloc(bytes / unit_bytes, 1u));
    b->bad = need(calloc(bytes / FLASH_GRANULE_BYTES, sizeof *b->bad));
    b->code = need(sim_code_new(bytes));
}

void flash_bank_free(flash_bank *b)
{
    free(b->data);
    free(b->other);
    free(b->state);
    free(b->bad);
    sim_code_free(b->code);
}

void flash_bank_set(flash_bank *b, uint32_t unit, const uint8_t *data, uint8_t state)
{
    uint32_t at = unit * b->unit_bytes, granule = at / FLASH_GRANULE_BYTES;
    bool was_bad = !b->sound(b->state[unit]), bad = !b->sound(state);
    memcpy(b->data + at, data, b->unit_bytes);
    b->state[unit] = state;
    if (was_bad != bad) {
        b->bad[granule] = (uint16_t)(bad ? b->bad[granule] + 1u : b->bad[granule] - 1u);
        b->bad_total = bad ? b->bad_total + 1u : b->bad_total - 1u;
    }
    sim_code_invalidate(b->code, at, b->unit_bytes);
}

void flash_bank_recount(flash_bank *b)
{
    b->bad_total = 0;
    memset(b->bad, 0, b->bytes / FLASH_GRANULE_BYTES * sizeof *b->bad);
    for (uint32_t unit = 0; unit < b->bytes / b->unit_bytes; unit++) {
        if (!b->sound(b->state[unit])) {
            b->bad[unit * b->unit_bytes / FLASH_GRANULE_BYTES]++;
            b->bad_total++;
        }
    }
    sim_code_invalidate(b->code, 0u, b->bytes);
}

void flash_bank_map(const flash_bank *b, sim_cpu *cpu, uint32_t base)
{
    sim_cpu_map(cpu, base, b->bytes, b->data, b->code,
                SIM_MAP_READ | SIM_MAP_EXEC | SIM_MAP_FLASH);
    for (uint32_t g = 0; b->bad_total != 0u && g < b->bytes / FLASH_GRANULE_BYTES; g++) {
        if (b->bad[g] != 0u) {
            sim_cpu_unmap(cpu, base + g * FLASH_GRANULE_BYTES, FLASH_GRANULE_BYTES);
        }
    }
}

uint32_t flash_little_endian(const uint8_t *bytes, unsigned size)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value |= (uint32_t)bytes[i] << (8u * i);
    }
    return value;
}
