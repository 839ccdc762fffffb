/* Does our core execute exactly what the table of encodings has? Every 16-bit opcode
 * and many 32-bit ones: what no row knows must be undefined, what a row knows must not.
 *   oracle_claims [--core m4|m7|m33] [--seed N] [--count N] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "encodings.h"

enum {
    FLASH_BYTES = 4096,
    RAM_BASE = 0x20000000,
    CODE = 0x100,
    UFSR_UNDEFINSTR = 1u << 16,
    UFSR_NOCP = 1u << 19
};

typedef struct bench {
    sim_cpu *cpu;
    sim_code *code, *ram_code;
    uint8_t flash[FLASH_BYTES], ram[FLASH_BYTES];
    uint64_t rng;
    unsigned long tried, wrong;
} bench;

/* Any address answers: the question is what is decoded, not what is there. */
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

static void put16(bench *b, uint32_t at, uint32_t halfword) {
    b->flash[at] = (uint8_t)halfword;
    b->flash[at + 1] = (uint8_t)(halfword >> 8);
}

static void put32(bench *b, uint32_t at, uint32_t word) {
    put16(b, at, word);
    put16(b, at + 2, word >> 16);
}

/* The faults are disabled, so one becomes a HardFault; its handler loads CFSR into r1. */
static bool start(bench *b, sim_core_kind core) {
    const sim_cpu_config config = {.irq_count = 16, .priority_bits = 4, .core = core};
    static const sim_bus bus = {.ctx = NULL, .read = bus_read, .write = bus_write};
    b->cpu = sim_cpu_new(&config, &bus);
    b->code = sim_code_new(FLASH_BYTES);
    b->ram_code = sim_code_new(FLASH_BYTES);
    if (b->cpu == NULL || b->code == NULL || b->ram_code == NULL) {
        return false;
    }
    put32(b, 0, RAM_BASE + FLASH_BYTES / 2);
    put32(b, 4, CODE | 1);
    for (uint32_t k = 2; k < 16; k++) {
        put32(b, 4 * k, (CODE + 0x100) | 1);
    }
    static const uint16_t handler[] = {
        0xF64E, 0x5028, 0xF2CE, 0x0000, /* movw, movt r0, =CFSR */
        0x6801,                         /* ldr r1, [r0] */
        0xE7FE                          /* b . */
    };
    for (uint32_t k = 0; k < 6; k++) {
        put16(b, CODE + 0x100 + 2 * k, handler[k]);
    }
    sim_cpu_map(b->cpu, 0, FLASH_BYTES, b->flash, b->code, SIM_MAP_READ | SIM_MAP_EXEC);
    sim_cpu_map(b->cpu, RAM_BASE, FLASH_BYTES, b->ram, b->ram_code,
                SIM_MAP_READ | SIM_MAP_WRITE | SIM_MAP_EXEC);
    return true;
}

static bool is_undefined(bench *b, uint32_t opcode, unsigned bytes) {
    put16(b, CODE, bytes == 4 ? opcode >> 16 : opcode);
    put16(b, CODE + 2, bytes == 4 ? opcode : 0xBF00);
    sim_code_invalidate(b->code, CODE, 4);
    sim_cpu_reset(b->cpu, 0, 0);
    for (unsigned k = 0; k < 6; k++) {
        sim_cpu_stop stop = sim_cpu_step(b->cpu);
        if (stop == SIM_CPU_UNMODELLED || stop == SIM_CPU_LOCKUP) {
            fprintf(stderr, "opcode %08x: %s\n", (unsigned)opcode, sim_cpu_stop_text(b->cpu));
            b->wrong++;
            return true;
        }
        if (sim_cpu_reg(b->cpu, 15) == CODE + 0x10A) {
            break;
        }
    }
    return (sim_cpu_xpsr(b->cpu) & 511) == 3 &&
           (sim_cpu_reg(b->cpu, 1) & (UFSR_UNDEFINSTR | UFSR_NOCP)) != 0;
}

/* UNPREDICTABLE operands may do either. */
static void check(bench *b, uint32_t opcode, unsigned bytes) {
    const enc_row *row = enc_classify(opcode, bytes);
    for (unsigned k = 0; row == NULL && k < enc_count; k++) {
        if (enc_table[k].bytes == bytes && (opcode & enc_table[k].mask) == enc_table[k].value) {
            return;
        }
    }
    bool expected = row == NULL || row->kind == ENC_UDF;
    b->tried++;
    if (is_undefined(b, opcode, bytes) != expected) {
        b->wrong++;
        fprintf(stderr, "opcode %0*x: %s\n", (int)(2 * bytes), (unsigned)opcode,
                row == NULL ? "executed, but in no row of the table"
                            : "undefined for the core, but in the table as");
        if (row != NULL) {
            fprintf(stderr, "    %s\n", row->name);
        }
    }
}

static uint32_t rnd(bench *b) {
    b->rng = b->rng * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(b->rng >> 32);
}

int main(int argc, char **argv) {
    static bench b;
    unsigned long count = 500000;
    const char *seed = getenv("ORACLE_SEED");
    b.rng = 1;
    const oracle_board *board = oracle_board_find("m4");
    for (int k = 1; k + 1 < argc; k += 2) {
        unsigned long long v = strtoull(argv[k + 1], NULL, 0);
        if (strcmp(argv[k], "--seed") == 0) {
            b.rng = v;
        } else if (strcmp(argv[k], "--count") == 0) {
            count = (unsigned long)v;
        } else if (strcmp(argv[k], "--core") == 0) {
            board = oracle_board_find(argv[k + 1]);
        }
    }
    if (board == NULL) {
        fprintf(stderr, "oracle_claims: no such core: m4, m7 or m33\n");
        return 2;
    }
    b.rng = seed != NULL && *seed != 0 ? strtoull(seed, NULL, 0) : b.rng;
    printf("%s, seed %llu, %lu random 32-bit opcodes\n", board->name, (unsigned long long)b.rng,
           count);
    enc_prepare(board->core == SIM_CORE_M33);
    if (!start(&b, board->core)) {
        fprintf(stderr, "oracle: out of memory\n");
        return 1;
    }
    for (uint32_t opcode = 0; opcode < 0xE800; opcode++) {
        check(&b, opcode, 2);
    }
    for (unsigned long k = 0; k < count; k++) {
        check(&b, (0xE800u + rnd(&b) % 0x1800u) << 16 | rnd(&b) >> 16, 4);
        /* and the neighbourhood of each row, one bit off */
        const enc_row *row = &enc_table[k % enc_count];
        uint32_t opcode = row->value | (rnd(&b) & ~row->mask);
        opcode ^= 1u << (k / enc_count % 32);
        if (row->bytes == 4 && enc_size((uint16_t)(opcode >> 16)) == 4) {
            check(&b, opcode, 4);
        }
    }
    printf("%lu opcodes tried, %lu wrong\n", b.tried, b.wrong);
    sim_cpu_free(b.cpu);
    sim_code_free(b.code);
    sim_code_free(b.ram_code);
    return b.wrong == 0 ? 0 : 1;
}
