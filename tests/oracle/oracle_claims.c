/* Does our core execute exactly what the table of encodings has? Every 16-bit opcode
 * and many 32-bit ones: what no row knows must be undefined, what a row knows must not.
 *   oracle_claims [--core m4|m7|m33] [--seed N] [--count N] */
#include <stdio.h>
#include <string.h>

#include "claims.h"
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
    b->cpu = sim_cpu_new(&config, &claims_bus);
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

int main(int argc, char **argv) {
    static bench b;
    const claims_options o = claims_parse(argc, argv, 500000);
    if (o.board == NULL) {
        fprintf(stderr, "usage: %s [--core m4|m7|m33] [--seed N] [--count N]\n", argv[0]);
        return 2;
    }
    b.rng = o.seed;
    printf("%s, seed %llu, %lu random 32-bit opcodes\n", o.board->name,
           (unsigned long long)b.rng, o.count);
    enc_prepare(o.board->core == SIM_CORE_M33);
    if (!start(&b, o.board->core)) {
        fprintf(stderr, "oracle: out of memory\n");
        return 1;
    }
    for (uint32_t opcode = 0; opcode < 0xE800; opcode++) {
        check(&b, opcode, 2);
    }
    for (unsigned long k = 0; k < o.count; k++) {
        check(&b, (0xE800u + claims_random(&b.rng) % 0x1800u) << 16 | claims_random(&b.rng) >> 16, 4);
        /* and the neighbourhood of each row, one bit off */
        const enc_row *row = &enc_table[k % enc_count];
        uint32_t opcode = row->value | (claims_random(&b.rng) & ~row->mask);
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
