/* Does a core execute exactly the floating-point encodings of the table? Random opcodes of
 * the coprocessors 10 and 11: what no row knows must be undefined, what a row knows must not.
 *   fp_claims [--core m4|m7|m33] [--seed N] [--count N] */
#include <stdio.h>
#include <string.h>

#include "claims.h"
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

static void put32(bench *b, uint32_t at, uint32_t word) {
    memcpy(b->flash + at, &word, 4);
}

static bool start(bench *b) {
    const sim_cpu_config config = {.irq_count = 16, .priority_bits = 4, .core = b->board->core};
    b->cpu = sim_cpu_new(&config, &claims_bus);
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
    const claims_options o = claims_parse(argc, argv, 300000);
    b.board = o.board;
    b.rng = o.seed;
    if (b.board == NULL) {
        fprintf(stderr, "usage: %s [--core m4|m7|m33] [--seed N] [--count N]\n", argv[0]);
        return 2;
    }
    printf("%s, seed %llu, %lu random opcodes\n", b.board->name, (unsigned long long)b.rng, o.count);
    if (!start(&b)) {
        fprintf(stderr, "oracle: out of memory\n");
        return 1;
    }
    for (unsigned long k = 0; k < o.count && b.wrong < 20; k++) {
        uint32_t top = 0xEC00u | (claims_random(&b.rng) & 0x3FFu) | (claims_random(&b.rng) % 3 == 0 ? 0x1000u : 0);
        if ((top & 0x300u) != 0x300u) { /* 111x 1111: not a coprocessor's */
            check(&b, top << 16 | (claims_random(&b.rng) & 0xF1FFu) | 0xA00u);
        }
    }
    printf("%lu opcodes tried, %lu wrong\n", b.tried, b.wrong);
    sim_cpu_free(b.cpu);
    sim_code_free(b.code);
    return b.wrong == 0 ? 0 : 1;
}
