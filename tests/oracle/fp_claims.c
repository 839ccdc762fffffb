/* Does a core execute exactly the floating-point encodings of the table? Random opcodes of
 * the coprocessors 10 and 11: what no row knows must be undefined, what a row knows must not.
 *   fp_claims --core m4 [--seed N] [--count N] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fp_encodings.h"
#include "fp_generate.h"
#include "sim/cpu/cpu_state.h"

enum { BYTES = 4096, RAM = 0x20000000, CODE = 0x100, UFSR_UNDEFINED = 0x00090000 };

typedef struct bench {
    const oracle_board *board;
    sim_cpu *cpu;
    sim_code *code;
    uint8_t flash[BYTES];
    uint64_t rng;
    unsigned long tried, wrong;
} bench;

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

static uint32_t rnd(bench *b) {
    b->rng = b->rng * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(b->rng >> 32);
}

static void put32(bench *b, uint32_t at, uint32_t word) {
    memcpy(b->flash + at, &word, 4);
}

static bool start(bench *b) {
    const sim_cpu_config config = {.irq_count = 16, .priority_bits = 4, .core = b->board->core};
    static const sim_bus bus = {.ctx = NULL, .read = bus_read, .write = bus_write};
    b->cpu = sim_cpu_new(&config, &bus);
    b->code = sim_code_new(BYTES);
    if (b->cpu == NULL || b->code == NULL) {
        return false;
    }
    put32(b, 0, RAM + BYTES);
    for (uint32_t k = 1; k < 16; k++) {
        put32(b, 4 * k, (CODE + 0x100) | 1);
    }
    put32(b, 4, CODE | 1);
    sim_cpu_map(b->cpu, 0, BYTES, b->flash, b->code, SIM_MAP_READ | SIM_MAP_EXEC);
    return true;
}

static bool is_undefined(bench *b, uint32_t opcode) {
    put32(b, CODE, opcode << 16 | opcode >> 16);
    sim_code_invalidate(b->code, CODE, 4);
    sim_cpu_reset(b->cpu, 0, 0);
    b->cpu->cpacr = 0xFu << 20;
    sim_cpu_step(b->cpu);
    return (b->cpu->cfsr & UFSR_UNDEFINED) != 0;
}

/* -1: no row has these bits, 0: one has, for other cores, 1: one for this core. */
static int matches(const bench *b, uint32_t opcode, const fp_row **row) {
    int best = -1;
    for (unsigned n = 0; n < fp_row_count; n++) {
        const char *bits = fp_rows[n].bits;
        bool same = true, is_double = opcode >> 8 & 1;
        for (unsigned k = 0; same && k < 32; k++) {
            bool bit = opcode >> (31 - k) & 1;
            bool extension = bits[k] == 'D' || bits[k] == 'N' || bits[k] == 'M';
            same = (bits[k] != '0' || !bit) && (bits[k] != '1' || bit) &&
                   !(extension && bit && is_double && (fp_rows[n].flags & FPF_BOTH));
        }
        if (!same) {
            continue;
        }
        bool has_size = fp_rows[n].flags & FPF_BOTH;
        bool ours = fp_board_has(b->board, n) &&
                    !(has_size && is_double && b->board->core != SIM_CORE_M7);
        *row = &fp_rows[n];
        if (ours) {
            return 1;
        }
        best = 0;
    }
    return best;
}

/* UNPREDICTABLE operands may do either. */
static bool unpredictable(const fp_row *row, uint32_t opcode) {
    uint32_t t = opcode >> 12 & 15, u = opcode >> 16 & 15, words = opcode & 0xFF;
    uint32_t first = (opcode >> 12 & 15) * 2 + (opcode >> 8 & 1 ? 0 : opcode >> 22 & 1);
    switch (row->kind) {
    case FPK_FIXED:
        return !(opcode >> 7 & 1) && ((opcode & 15) << 1 | (opcode >> 5 & 1)) > 16;
    case FPK_CORE:
        return t == 13 || t == 15;
    case FPK_TWO:
        return t == 13 || t == 15 || u == 13 || u == 15 || t == u || (opcode & 0x12F) == 0x2F;
    case FPK_STORE:
        return u == 15;
    case FPK_LIST_LOAD:
    case FPK_LIST_STORE:
        return u == 15 || words < (opcode >> 8 & 1) + 1u ||
               first + (opcode >> 8 & 1 ? words & ~1u : words) > 32;
    default:
        return false;
    }
}

static void check(bench *b, uint32_t opcode) {
    const fp_row *row = NULL;
    int match = matches(b, opcode, &row);
    if (match == 1 && unpredictable(row, opcode)) {
        return;
    }
    b->tried++;
    if (is_undefined(b, opcode) != (match != 1)) {
        b->wrong++;
        fprintf(stderr, "opcode %08x: %s %s\n", (unsigned)opcode,
                match == 1 ? "undefined for the core, but in the table as"
                           : "executed, but not in the table for this core:",
                row != NULL ? row->name : "");
    }
}

int main(int argc, char **argv) {
    static bench b;
    unsigned long count = 300000;
    const char *seed = getenv("ORACLE_SEED");
    b.rng = 1;
    for (int k = 1; k + 1 < argc; k += 2) {
        if (strcmp(argv[k], "--core") == 0) {
            b.board = oracle_board_find(argv[k + 1]);
        } else if (strcmp(argv[k], "--seed") == 0) {
            b.rng = strtoull(argv[k + 1], NULL, 0);
        } else if (strcmp(argv[k], "--count") == 0) {
            count = strtoul(argv[k + 1], NULL, 0);
        }
    }
    b.rng = seed != NULL && *seed != 0 ? strtoull(seed, NULL, 0) : b.rng;
    if (b.board == NULL) {
        fprintf(stderr, "usage: %s --core m4|m7|m33 [--seed N] [--count N]\n", argv[0]);
        return 2;
    }
    printf("%s, seed %llu, %lu random opcodes\n", b.board->name, (unsigned long long)b.rng, count);
    if (!start(&b)) {
        fprintf(stderr, "oracle: out of memory\n");
        return 1;
    }
    for (unsigned long k = 0; k < count && b.wrong < 20; k++) {
        uint32_t top = 0xEC00u | (rnd(&b) & 0x3FFu) | (rnd(&b) % 3 == 0 ? 0x1000u : 0);
        if ((top & 0x300u) != 0x300u) { /* 111x 1111: not a coprocessor's */
            check(&b, top << 16 | (rnd(&b) & 0xF1FFu) | 0xA00u);
        }
    }
    printf("%lu opcodes tried, %lu wrong\n", b.tried, b.wrong);
    sim_cpu_free(b.cpu);
    sim_code_free(b.code);
    return b.wrong == 0 ? 0 : 1;
}
