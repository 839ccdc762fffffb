/* What this application does beside updating itself: at its start it runs a few
 * instructions in an interpreter and has the C library work on the result. */
#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "sim/cpu/cpu.h"
#include "tests/pairs/pairs.h"

#ifndef PAIR_LIMIT
#define PAIR_LIMIT 1400u
#endif
#ifndef PAIR_AVERAGE
#define PAIR_AVERAGE 0
#endif

enum { CODE = 0x08000000, BYTES = 1024 };

static sim_access no_bus_read(void *ctx, uint32_t address, unsigned size, sim_access_kind kind,
                              uint32_t *value)
{
    (void)ctx;
    (void)address;
    (void)size;
    (void)kind;
    *value = 0;
    return SIM_ACCESS_OK;
}

static sim_access no_bus_write(void *ctx, uint32_t address, unsigned size, uint32_t value)
{
    (void)ctx;
    (void)address;
    (void)size;
    (void)value;
    return SIM_ACCESS_OK;
}

/* The function that pair-function adds. */
static uint32_t average(const uint32_t *values, unsigned count)
{
    uint64_t sum = 0;
    uint32_t largest = 0, smallest = UINT32_MAX;
    for (unsigned i = 0; i < count; i++) {
        sum += values[i];
        largest = values[i] > largest ? values[i] : largest;
        smallest = values[i] < smallest ? values[i] : smallest;
    }
    return count > 2u ? (uint32_t)((sum - largest - smallest) / (count - 2u)) : (uint32_t)sum;
}

static uint32_t interpret(void)
{
    static uint8_t code[BYTES];
    /* adds r0,#1; lsls r1,r0,#3; eors r2,r1; b .-6 */
    static const uint16_t loop[] = {0x1C40, 0x00C1, 0x404A, 0xE7FB};
    static const uint32_t vectors[2] = {CODE + BYTES, CODE + 9};
    const sim_bus bus = {NULL, no_bus_read, no_bus_write};
    const sim_cpu_config config = {.irq_count = 16, .priority_bits = 4};
    sim_cpu *cpu = sim_cpu_new(&config, &bus);
    sim_code *records = sim_code_new(BYTES);
    uint32_t result = 0;

    if (cpu != NULL && records != NULL) {
        memcpy(code, vectors, sizeof vectors);
        memcpy(code + 8, loop, sizeof loop);
        sim_cpu_map(cpu, CODE, BYTES, code, records, SIM_MAP_READ | SIM_MAP_EXEC);
        sim_cpu_reset(cpu, CODE, CODE);
        (void)sim_cpu_run(cpu, PAIR_LIMIT);
        result = sim_cpu_reg(cpu, 2);
    }
    sim_code_free(records);
    sim_cpu_free(cpu);
    return result;
}

void app_at_start(bool trial)
{
    uint32_t results[PAIR_LIBC_JOBS + 1u];
    char line[80];

    (void)trial;
    results[0] = interpret();
    for (unsigned i = 0; i < PAIR_LIBC_JOBS; i++) {
        results[i + 1u] = pair_libc(i, "12.5 33 loaf", 1.25 * (double)(i + 1u));
    }
    uint32_t sum = 0;
    for (unsigned i = 0; i <= PAIR_LIBC_JOBS; i++) {
        sum ^= results[i];
    }
    if (PAIR_AVERAGE) {
        sum ^= average(results, PAIR_LIBC_JOBS + 1u);
    }
    (void)snprintf(line, sizeof line, "interpreted: %08lX, in all %08lX\r\n",
                   (unsigned long)results[0], (unsigned long)sum);
    console_text(line);
}

bool app_is_well(uint32_t up_ms)
{
    return up_ms >= 200u;
}
