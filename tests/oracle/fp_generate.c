#include "fp_generate.h"

#include <string.h>

#include "fp_encodings.h"

enum {
    POOL = 0x400, /* after the vectors */
    POOL_WORDS = 256,
    PROGRAM = 0x1000,
    SCRATCH = 12, /* r12 carries constants */
    POOL_BASE = 10,
    MEMORY_BASE = 11
};

typedef struct gen {
    const oracle_board *board;
    fp_image *image;
    uint64_t rng;
    uint32_t at;
    unsigned row; /* 1 + the row whose instruction is being written, 0 for what sets the scene */
} gen;

static uint32_t rnd(gen *g) {
    g->rng ^= g->rng << 13;
    g->rng ^= g->rng >> 7;
    g->rng ^= g->rng << 17;
    return (uint32_t)((g->rng * 0x2545F4914F6CDD1Dull) >> 32);
}

static bool one_in(gen *g, unsigned n) {
    return rnd(g) % n == 0;
}

/* Where the vectors are. */
static uint32_t base_of(const oracle_board *board) {
    return board->code + board->start;
}

static bool has_double(const oracle_board *board) {
    return board->core == SIM_CORE_M7;
}

bool fp_board_has(const oracle_board *board, unsigned row) {
    unsigned flags = fp_rows[row].flags;
    return (!(flags & FPF_V5) || board->core != SIM_CORE_M4) &&
           (!(flags & FPF_DOUBLE) || has_double(board));
}

/* ---- the image */

static void put16(gen *g, uint32_t halfword) {
    g->image->bytes[g->at] = (uint8_t)halfword;
    g->image->bytes[g->at + 1] = (uint8_t)(halfword >> 8);
    g->image->row[g->at / 2] = (uint16_t)g->row;
    g->at += 2;
}

static void put32(gen *g, uint32_t opcode) {
    put16(g, opcode >> 16);
    put16(g, opcode & 0xFFFF);
}

static void word_at(gen *g, uint32_t offset, uint32_t value) {
    for (unsigned k = 0; k < 4; k++) {
        g->image->bytes[offset + k] = (uint8_t)(value >> 8 * k);
    }
}

static void move_wide(gen *g, unsigned top, unsigned rd, uint32_t imm16) {
    put32(g, 0xF2400000u | top << 23 | (imm16 >> 12) << 16 | (imm16 >> 11 & 1) << 26 |
                 (imm16 >> 8 & 7) << 12 | rd << 8 | (imm16 & 0xFF));
}

static void load_constant(gen *g, unsigned rd, uint32_t value) {
    move_wide(g, 0, rd, value & 0xFFFF);
    move_wide(g, 1, rd, value >> 16);
}

/* ---- values */

/* The corners of a format, sign apart, and near them. */
static uint64_t corner(gen *g, unsigned exp_bits, unsigned frac_bits) {
    uint64_t one = 1, top = one << frac_bits, infinity = ((one << exp_bits) - 1) << frac_bits;
    uint64_t number = ((one << (exp_bits - 1)) - 1) << frac_bits;
    uint64_t random = (uint64_t)rnd(g) << 32 | rnd(g);
    switch (rnd(g) % 14) {
    case 0:
        return 0;
    case 1:
        return infinity;
    case 2:
        return infinity | top >> 1 | (random & (top / 2 - 1)); /* quiet */
    case 3:
        return infinity | 1 | (random & (top / 2 - 1)); /* signalling */
    case 4:
        return 1 + rnd(g) % 4; /* the smallest */
    case 5:
        return random & (top - 1); /* denormal */
    case 6:
        return top - 1 - rnd(g) % 2;
    case 7:
        return top + rnd(g) % 3; /* the smallest normal */
    case 8:
        return infinity - 1 - rnd(g) % 3; /* the largest */
    case 9:
        return number + (uint64_t)(rnd(g) % 3) * (top / 2); /* 1, 1.5, 2 */
    case 10:
        return number + (uint64_t)(rnd(g) % 40) * top + (random & (top - 1)); /* integers' range */
    case 11:
        return number - top + (random & (top - 1)) * (rnd(g) % 2); /* about a half */
    case 12:
        return number + (uint64_t)(rnd(g) % 40) * top + (random & (top - 1) & ~(top / 64 - 1));
    default:
        return random & ((top << exp_bits) - 1);
    }
}

static uint64_t value(gen *g, unsigned exp_bits, unsigned frac_bits) {
    uint64_t sign = (uint64_t)(rnd(g) % 2) << (exp_bits + frac_bits);
    return corner(g, exp_bits, frac_bits) | sign;
}

/* The first half holds doubles, then singles, at the end pairs of halves. */
static void fill_pool(gen *g) {
    for (uint32_t k = 0; k < POOL_WORDS; k++) {
        uint32_t word;
        if (k < POOL_WORDS / 2) {
            uint64_t wide = value(g, 11, 52);
            word_at(g, g->board->start + POOL + 4 * k, (uint32_t)wide);
            k++;
            word = (uint32_t)(wide >> 32);
        } else if (k < POOL_WORDS - 32) {
            word = (uint32_t)value(g, 8, 23);
        } else {
            word = (uint32_t)(value(g, 5, 10) | value(g, 5, 10) << 16);
        }
        word_at(g, g->board->start + POOL + 4 * k, word);
    }
}

/* One register, or all of them: vldr, or vldmia of r12 that points into the pool. */
static void refill_one(gen *g, bool is_double) {
    uint32_t d = rnd(g) & 15, one = rnd(g) & 1;
    if (is_double) {
        put32(g, 0xED900B00u | POOL_BASE << 16 | d << 12 | (rnd(g) % (POOL_WORDS / 4)) * 2);
    } else {
        uint32_t word = POOL_WORDS / 2 + rnd(g) % (POOL_WORDS / 2);
        put32(g, 0xED900A00u | POOL_BASE << 16 | one << 22 | d << 12 | word);
    }
}

static void refill(gen *g, bool is_double) {
    uint32_t first = is_double ? rnd(g) % (POOL_WORDS / 2 - 31) & ~1u
                               : POOL_WORDS / 2 + rnd(g) % (POOL_WORDS / 2 - 31);
    load_constant(g, SCRATCH, base_of(g->board) + POOL + 4 * first);
    put32(g, 0xEC900A20u | SCRATCH << 16); /* vldmia r12, {s0-s31} */
}

/* ---- instructions */

static uint32_t with_field(const char *bits, uint32_t opcode, char letter, uint32_t field) {
    for (unsigned k = 32; k-- > 0;) {
        if (bits[k] == letter) {
            uint32_t bit = 1u << (31 - k);
            opcode = field & 1 ? opcode | bit : opcode & ~bit;
            field >>= 1;
        }
    }
    return opcode;
}

static uint32_t draw_bits(gen *g, const char *bits, bool is_double) {
    uint32_t opcode = 0;
    for (unsigned k = 0; k < 32; k++) {
        bool extension = bits[k] == 'D' || bits[k] == 'N' || bits[k] == 'M';
        bool bit = bits[k] == '0'   ? false
                   : bits[k] == '1' ? true
                   : bits[k] == 's' ? is_double
                   : extension && is_double ? false
                                            : rnd(g) & 1;
        opcode = opcode << 1 | bit;
    }
    return opcode;
}

static uint32_t core_register(gen *g) {
    static const uint8_t free_ones[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 14};
    return free_ones[rnd(g) % sizeof free_ones];
}

static uint32_t list_words(gen *g, const fp_row *row, uint32_t opcode) {
    bool is_double = opcode >> 8 & 1;
    uint32_t first = is_double ? (opcode >> 12 & 15) * 2
                               : (opcode >> 12 & 15) * 2 + (opcode >> 22 & 1);
    uint32_t most = 32 - first;
    (void)row;
    if (is_double) { /* an odd count is FLDMX, FSTMX */
        return 2 * (1 + rnd(g) % (most / 2)) + one_in(g, 8);
    }
    return 1 + rnd(g) % most;
}

static uint32_t operands(gen *g, const fp_row *row, uint32_t opcode) {
    const char *b = row->bits;
    uint32_t t = core_register(g), u = core_register(g);
    switch (row->kind) {
    case FPK_CORE:
        return with_field(b, opcode, 't', t);
    case FPK_TWO:
        while (u == t) {
            u = core_register(g);
        }
        if ((opcode & 0x12F) == 0x2F) { /* S31 has no neighbour */
            opcode = with_field(b, opcode, 'B', 0);
        }
        return with_field(b, with_field(b, opcode, 't', t), 'u', u);
    case FPK_FIXED:
        if (!(opcode >> 7 & 1) && (opcode & 15) >= 8) { /* at most 16 bits of fraction */
            opcode = with_field(b, opcode, 'i', opcode & 7);
        }
        return opcode;
    case FPK_LIST_LOAD:
    case FPK_LIST_STORE:
        opcode = with_field(b, opcode, 'i', list_words(g, row, opcode));
        return with_field(b, opcode, 'u', one_in(g, 4) ? 13 : MEMORY_BASE);
    case FPK_LOAD:
        if (one_in(g, 4)) {
            return with_field(b, opcode, 'u', 15);
        }
        return with_field(b, opcode, 'u', one_in(g, 4) ? 13 : MEMORY_BASE);
    case FPK_STORE:
        return with_field(b, opcode, 'u', one_in(g, 4) ? 13 : MEMORY_BASE);
    default:
        return opcode;
    }
}

static void set_scene(gen *g, const fp_row *row, uint32_t opcode, bool is_double) {
    if (one_in(g, 10)) {
        refill(g, is_double);
    }
    for (unsigned k = rnd(g) % 3; k > 0; k--) {
        refill_one(g, is_double);
    }
    if (one_in(g, 6)) { /* modes, and now and then flags */
        uint32_t fpscr = rnd(g) & 0x07C00000u;
        load_constant(g, SCRATCH, one_in(g, 4) ? rnd(g) : fpscr);
        put32(g, 0xEEE10A10u | SCRATCH << 12);
    }
    if (row->kind >= FPK_LOAD) {
        load_constant(g, MEMORY_BASE, g->board->ram + FP_RAM_BYTES / 2 + 4 * (rnd(g) % 64));
        if ((opcode >> 16 & 15) == 13) {
            put16(g, 0x46DD); /* mov sp, r11 */
        }
    } else if (row->kind >= FPK_CORE && one_in(g, 2)) {
        load_constant(g, core_register(g), (uint32_t)value(g, 8, 23));
    }
}

static void draw(gen *g) {
    unsigned n;
    do {
        n = rnd(g) % fp_row_count;
    } while (!fp_board_has(g->board, n));
    const fp_row *row = &fp_rows[n];
    bool is_double = row->flags & FPF_BOTH && has_double(g->board) && one_in(g, 2);
    uint32_t opcode = operands(g, row, draw_bits(g, row->bits, is_double));
    set_scene(g, row, opcode, is_double || row->flags & FPF_DOUBLE);
    bool it = !(row->flags & FPF_NOIT) && one_in(g, 8);
    if (it || row->flags & FPF_SELECT) {
        load_constant(g, SCRATCH, rnd(g) & 0xF8000000u);
        put32(g, 0xF3808800u | SCRATCH << 16); /* msr apsr_nzcvq, r12 */
    }
    if (it) {
        put16(g, 0xBF08u | (rnd(g) % 14) << 4);
    }
    g->row = n + 1;
    put32(g, opcode);
    g->row = 0;
}

void fp_generate(const oracle_board *board, fp_image *image, uint64_t seed, unsigned instructions) {
    gen g = {.board = board, .image = image, .rng = seed * 0x9E3779B97F4A7C15ull + 1,
             .at = board->start + PROGRAM};
    memset(image, 0, sizeof *image);
    word_at(&g, board->start, board->ram + FP_RAM_BYTES);
    fill_pool(&g);
    for (unsigned v = 1; v < 16; v++) {
        word_at(&g, board->start + 4 * v, (base_of(board) + PROGRAM) | 1);
    }
    load_constant(&g, 0, 0xE000ED88u); /* CPACR */
    load_constant(&g, 1, 0x00F00000u);
    put16(&g, 0x6001); /* str r1, [r0] */
    put32(&g, 0xF3BF8F4F); /* dsb */
    put32(&g, 0xF3BF8F6F); /* isb */
    load_constant(&g, POOL_BASE, base_of(board) + POOL);
    refill(&g, false);
    for (unsigned k = 0; k < instructions && g.at < FP_IMAGE_BYTES - 256; k++) {
        draw(&g);
    }
    word_at(&g, board->start + 4 * FP_VECTOR_END, board->code + g.at);
    put16(&g, 0xE7FE);
}
