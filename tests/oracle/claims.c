#include "claims.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

claims_options claims_parse(int argc, char **argv, unsigned long count) {
    claims_options o = {.board = oracle_board_find("m4"), .seed = 1, .count = count};
    const char *seed = getenv("ORACLE_SEED");
    for (int k = 1; k + 1 < argc; k += 2) {
        if (strcmp(argv[k], "--core") == 0) {
            o.board = oracle_board_find(argv[k + 1]);
        } else if (strcmp(argv[k], "--seed") == 0) {
            o.seed = strtoull(argv[k + 1], NULL, 0);
        } else if (strcmp(argv[k], "--count") == 0) {
            o.count = strtoul(argv[k + 1], NULL, 0);
        }
    }
    o.seed = seed != NULL && *seed != 0 ? strtoull(seed, NULL, 0) : o.seed;
    return o;
}

static sim_access bus_read(void *ctx, uint32_t address, unsigned size, sim_access_kind kind,
                           uint32_t *value) {
    (void)ctx, (void)address, (void)size, (void)kind;
    *value = 0;
    return SIM_ACCESS_OK;
}

static sim_access bus_write(void *ctx, uint32_t address, unsigned size, uint32_t value) {
    (void)ctx, (void)address, (void)size, (void)value;
    return SIM_ACCESS_OK;
}

const sim_bus claims_bus = {.ctx = NULL, .read = bus_read, .write = bus_write};

uint32_t claims_random(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 32);
}
