/* Registers hold noise. An instruction that needs something of a register (a base
 * in the RAM window, a stack, a branch target) gets it from MOVW and MOVT put before
 * it, or before the IT instruction when it stands in a block. Stores reach only the
 * window, which each block ends by loading, and the stacks. */
#include <assert.h>
#include <string.h>

#include "generate_internal.h"

static const enc_row *random_row(gen *g, bool in_it, bool last) {
    for (;;) {
        const enc_row *row = &enc_table[gen_below(g, enc_count)];
        if (row->kind == ENC_SCENARIO || row->kind == ENC_IT || !enc_present(row) ||
            (in_it && (row->flags & ENC_NOIT || (row->flags & ENC_ITLAST && !last)))) {
            continue;
        }
        return row;
    }
}

static bool fill_group(gen *g, group *q, bool in_it) {
    unsigned n = in_it ? 1 + gen_below(g, 4) : 1;
    group_clear(q);
    for (unsigned k = 0; k < n; k++) {
        bool last = k + 1 == n;
        const enc_row *row = random_row(g, in_it, last);
        if (row->kind == ENC_STREX) {
            if (k != 0) {
                return false;
            }
            return group_add_exclusive(g, q, row);
        }
        if (gen_is_branch(row) ? !last || !group_add_branch(g, q, row) : !group_add(g, q, row)) {
            return false;
        }
    }
    return true;
}

static void put_group(gen *g) {
    group q;
    bool in_it;
    do {
        in_it = gen_below(g, 5) < 2;
    } while (!fill_group(g, &q, in_it));
    if (gen_is_branch(q.slots[q.n - 1].row)) {
        group_put_branch(g, &q, in_it);
        return;
    }
    uint32_t unused;
    group_put_setup(g, &q, &unused, &unused);
    group_put(g, &q, in_it);
}

static void put_stacks(gen *g) {
    unsigned r = gen_below(g, 13);
    gen_put_mov32(g, r, MSP_CENTRE);
    gen_put(g, enc_named("MSR MSP"), enc_named("MSR MSP")->value | r << 16);
    gen_put_mov32(g, r, PSP_CENTRE);
    gen_put(g, enc_named("MSR PSP"), enc_named("MSR PSP")->value | r << 16);
    g->drift = 0;
}

static void put_sweep(gen *g) {
    gen_put_mov32(g, 0, WINDOW);
    for (unsigned k = 0; k < WINDOW_WORDS; k += 12) {
        gen_put16(g, 0xE8B0); /* LDMIA.W r0!, {r1-r12} */
        gen_put16(g, 0x1FFE);
    }
}

/* May this instruction stand against a stack limit: one access or sum, SP written back? */
static bool moves_sp(const enc_row *row, uint32_t *op) {
    if (row->kind == ENC_PUSH || row->kind == ENC_POP || row->kind == ENC_SPIMM) {
        /* QEMU 7.2 has set the flags when it looks at the limit; the manual has it the other way */
        return !enc_has(row, 'S') || enc_get(row, *op, 'S') == 0;
    }
    if (row->kind == ENC_SPMOV && strncmp(row->name, "MOV", 3) == 0) {
        return true; /* to the main stack's, which is below */
    }
    bool indexed = row->mode == AM_PRE || row->mode == AM_POST;
    bool list = (row->kind == ENC_STM || row->kind == ENC_LDM) && row->bytes == 4;
    if (!(row->flags & ENC_NSP) || (!list && !(indexed && row->kind <= ENC_STORE))) {
        return false;
    }
    *op = enc_put(row, *op, 'n', 13);
    *op = list ? enc_put(row, *op, 'W', 1) : *op;
    return enc_legal(row, *op) && enc_classify(*op, row->bytes) == row;
}

/* ARMv8-M: the process stack, its limit some words below, and an instruction that may go beyond.
 * An exception's frame has room, so that the handler can step over what faults. */
static void put_limit_group(gen *g) {
    static const uint8_t room[] = {40, 48, 56, 64, 96};
    group q;
    uint32_t op, unused;
    const enc_row *row;
    do {
        group_clear(&q);
        row = random_row(g, false, false);
    } while (!gen_random_op(g, row, &op) || !moves_sp(row, &op) || !group_add_op(g, &q, row, op));
    gen_put_mov32(g, 0, PSP_CENTRE - room[gen_below(g, sizeof room)]);
    gen_put(g, enc_named("MSR PSPLIM"), enc_named("MSR PSPLIM")->value);
    gen_put_mov32(g, 0, 2);
    gen_put(g, enc_named("MSR CONTROL"), enc_named("MSR CONTROL")->value);
    gen_put_mov32(g, 0, gen_operand(g));
    q.open_masks = true;
    group_put_setup(g, &q, &unused, &unused);
    group_put(g, &q, false);
    gen_put_mov32(g, 0, 0);
    gen_put(g, enc_named("MSR PSPLIM"), enc_named("MSR PSPLIM")->value);
    put_stacks(g);
}

static void put_block(gen *g) {
    unsigned end = g->drawn + BLOCK_INSTRUCTIONS;
    g->block++;
    put_stacks(g);
    while (g->drawn < end) {
        for (unsigned k = 0; k < 3; k++) {
            gen_put_mov32(g, gen_below(g, 13), gen_operand(g));
        }
        for (unsigned k = 0; k < 4; k++) {
            put_group(g);
            if (g->board->core == SIM_CORE_M33 && gen_below(g, 12) == 0) {
                put_stacks(g);
                put_limit_group(g);
            }
            if (g->drift > DRIFT_LIMIT) {
                put_stacks(g);
            }
        }
    }
    put_sweep(g);
}

static void put_vectors(gen *g, uint32_t svc, uint32_t usage, uint32_t trap, uint32_t start) {
    for (unsigned k = 1; k < 16; k++) {
        gen_poke32(g, g->vectors + 4 * k, trap | 1);
    }
    gen_poke32(g, g->vectors, MSP_CENTRE);
    gen_poke32(g, g->vectors + 4, start | 1);
    gen_poke32(g, g->vectors + 4 * 6, usage | 1);
    gen_poke32(g, g->vectors + 4 * 11, svc | 1);
    gen_poke32(g, g->vectors + 4 * ORACLE_VECTOR_COMPARE, start);
}

static void put_halves(gen *g, const uint16_t *code, unsigned n) {
    for (unsigned k = 0; k < n; k++) {
        gen_put16(g, code[k]);
    }
}

/* Steps the return address over the undefined instruction. */
static const uint16_t usage_handler[] = {
    0xF01E, 0x0F04,         /* tst   lr, #4 */
    0xBF0C,                 /* ite   eq */
    0xF3EF, 0x8008,         /* mrseq r0, msp */
    0xF3EF, 0x8009,         /* mrsne r0, psp */
    0x6981,                 /* ldr   r1, [r0, #24] */
    0x880A,                 /* ldrh  r2, [r1] */
    0x0AD2,                 /* lsrs  r2, r2, #11 */
    0x2A1D,                 /* cmp   r2, #0x1d */
    0xBF2C,                 /* ite   cs */
    0x3104,                 /* addcs r1, #4 */
    0x3102,                 /* addcc r1, #2 */
    0x6181,                 /* str   r1, [r0, #24] */
    0x4770                  /* bx    lr */
};

static void put_start(gen *g) {
    gen_put_mov32(g, 0, 0xE000ED24); /* SHCSR.USGFAULTENA */
    gen_put_mov32(g, 1, 1u << 18);
    gen_put16(g, 0x6001); /* str r1, [r0] */
    for (unsigned k = 0; k < WINDOW_WORDS; k++) {
        gen_put_mov32(g, 0, WINDOW + 4 * k);
        gen_put_mov32(g, 1, gen_operand(g));
        gen_put16(g, 0x6001);
    }
    for (unsigned r = 0; r < 13; r++) {
        gen_put_mov32(g, r, gen_operand(g));
    }
}

/* The RAM in use through eight registers, then a loop that the harness knows. */
static void put_end(gen *g) {
    gen_put_mov32(g, 0, RAM);
    gen_put_mov32(g, 1, RAM + RAM_BYTES);
    gen_put16(g, 0xE8B0); /* ldmia.w r0!, {r2-r9} */
    gen_put16(g, 0x03FC);
    gen_put16(g, 0x4288); /* cmp r0, r1 */
    gen_put16(g, 0xD1FB); /* bne back to the load */
    gen_poke32(g, g->vectors + 4 * ORACLE_VECTOR_END, g->pc);
    gen_put16(g, 0xE7FE);
}

void oracle_generate(const oracle_board *board, oracle_image *image, uint64_t seed,
                     unsigned instructions) {
    gen g = {.board = board, .image = image, .rng = seed, .wanted = instructions};
    assert(instructions <= 60000);
    memset(image, 0, sizeof *image);
    memset(image->flash, 0xFF, sizeof image->flash);
    g.vectors = board->code + board->start;
    g.pc = g.vectors + 0x200;
    uint32_t trap = g.pc;
    gen_put16(&g, 0xE7FE);
    uint32_t svc = g.pc;
    gen_put16(&g, 0x4770);
    uint32_t usage = g.pc;
    put_halves(&g, usage_handler, sizeof usage_handler / sizeof usage_handler[0]);
    uint32_t start = g.pc;
    put_vectors(&g, svc, usage, trap, start);
    put_start(&g);
    assert(g.pc < g.vectors + REGION_A);
    /* Blocks take turns in two halves of the flash, so that branches are long too. */
    uint32_t here = g.vectors + REGION_A, other = g.vectors + REGION_B, from = g.pc;
    while (g.drawn < instructions) {
        gen_branch_at(&g, from, here);
        g.pc = here;
        put_block(&g);
        from = g.pc;
        here = other;
        other = g.pc + 4;
    }
    gen_branch_at(&g, from, here);
    g.pc = here;
    put_end(&g);
    assert(g.pc < board->code + ORACLE_FLASH_BYTES - 0x2000);
    assert(other < board->code + ORACLE_FLASH_BYTES - 0x2000);
}
