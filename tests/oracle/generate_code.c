#include "generate_internal.h"

uint32_t gen_rnd(gen *g) {
    uint64_t z = (g->rng += 0x9E3779B97F4A7C15u);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (uint32_t)((z ^ z >> 31) >> 16);
}

uint32_t gen_below(gen *g, uint32_t n) {
    return (uint32_t)((uint64_t)gen_rnd(g) * n >> 32);
}

/* Half noise, half the values at which carries, signs and lanes turn over. */
uint32_t gen_operand(gen *g) {
    static const uint32_t edge[] = {0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF7FFF,
                                    0x80008000, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFF,
                                    0xFFFFFFFE, 0x80FF7F01, 0x00010001};
    return gen_below(g, 2) ? gen_rnd(g) : edge[gen_below(g, sizeof edge / sizeof edge[0])];
}

void gen_poke16(gen *g, uint32_t address, uint32_t value) {
    uint8_t *p = &g->image->flash[address - g->board->code];
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

void gen_poke32(gen *g, uint32_t address, uint32_t value) {
    gen_poke16(g, address, value);
    gen_poke16(g, address + 2, value >> 16);
}

void gen_put16(gen *g, uint32_t halfword) {
    gen_poke16(g, g->pc, halfword);
    g->pc += 2;
}

void gen_put_code(gen *g, uint32_t address, const enc_row *row, uint32_t op) {
    if (row->bytes == 4) {
        gen_poke16(g, address, op >> 16);
        gen_poke16(g, address + 2, op);
    } else {
        gen_poke16(g, address, op);
    }
}

void gen_put(gen *g, const enc_row *row, uint32_t op) {
    gen_put_code(g, g->pc, row, op);
    g->pc += row->bytes;
}

void gen_put_drawn(gen *g, const enc_row *row, uint32_t op) {
    g->image->block[(g->pc - g->board->code) / 2] = g->block;
    g->drawn++;
    gen_put(g, row, op);
}

static uint32_t move_wide(const enc_row *row, unsigned reg, uint32_t half) {
    /* imm4 stands in bits 19:16, i in 26, imm3 in 14:12 */
    uint32_t op = row->value | reg << 8 | (half & 0xFF) | (half >> 8 & 7) << 12;
    return op | (half >> 11 & 1) << 26 | half >> 12 << 16;
}

void gen_patch_mov32(gen *g, uint32_t at, unsigned reg, uint32_t value) {
    static const enc_row *movw, *movt;
    if (movw == NULL) {
        movw = enc_named("MOVW");
        movt = enc_named("MOVT");
    }
    gen_put_code(g, at, movw, move_wide(movw, reg, value & 0xFFFF));
    gen_put_code(g, at + 4, movt, move_wide(movt, reg, value >> 16));
}

uint32_t gen_put_mov32(gen *g, unsigned reg, uint32_t value) {
    uint32_t at = g->pc;
    gen_patch_mov32(g, at, reg, value);
    g->pc += 8;
    return at;
}

uint32_t gen_branch_op(const enc_row *row, uint32_t op, uint32_t offset) {
    uint32_t half = offset >> 1;
    op = enc_put(row, op, 'i', half);
    if (row->bytes == 2 || row->kind == ENC_CBZ) {
        return op;
    }
    uint32_t s = offset >> 31;
    if (row->kind == ENC_BCOND) {
        op = enc_put(row, op, 'J', half >> 17);
        op = enc_put(row, op, 'K', half >> 18);
    } else {
        op = enc_put(row, op, 'J', (half >> 22 & 1) ^ 1 ^ s);
        op = enc_put(row, op, 'K', (half >> 21 & 1) ^ 1 ^ s);
    }
    return enc_put(row, op, 's', s);
}

void gen_branch_at(gen *g, uint32_t at, uint32_t target) {
    const enc_row *row = enc_named("B.W");
    gen_put_code(g, at, row, gen_branch_op(row, row->value, target - at - 4));
}

/* Operands at random until they are legal and no row before this one claims them. */
bool gen_random_op(gen *g, const enc_row *row, uint32_t *op) {
    uint32_t width = row->bytes == 2 ? 0xFFFFu : 0xFFFFFFFFu;
    for (unsigned tries = 0; tries < 100; tries++) {
        *op = row->value | (gen_rnd(g) & ~row->mask & width);
        if (row->kind == ENC_SPIMM && row->bytes == 4) {
            *op = enc_put(row, *op, 'i', (gen_rnd(g) & 0x7F) << 2);
            if (row->flags & ENC_MODIMM) {
                *op = enc_put(row, *op, 'i', gen_rnd(g) & 0xFC);
            }
        }
        if (enc_legal(row, *op) && enc_classify(*op, row->bytes) == row) {
            return true;
        }
    }
    return false;
}
