/* Registers hold noise. An instruction that needs something of a register (a base
 * in the RAM window, a stack, a branch target) gets it from MOVW and MOVT put before
 * it, or before the IT instruction when it stands in a block. Stores reach only the
 * window, which each block ends by loading, and the stacks. */
#include "generate.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "encodings.h"

enum {
    RAM = 0x20000000, /* of every board, and no board has less than this of it */
    RAM_BYTES = 0x8000,
    WINDOW = RAM + 0x2300, /* across a multiple of 1 KB, where the core changes granules */
    WINDOW_WORDS = 132,
    MSP_CENTRE = RAM + 0x4000,
    PSP_CENTRE = RAM + 0x6000,
    BELOW_STACK = 0x1800,
    DRIFT_LIMIT = 1500,
    REGION_A = 0x2000, /* from the vectors */
    REGION_B = 0x70000,
    BLOCK_INSTRUCTIONS = 120
};

typedef struct gen {
    const oracle_board *board;
    oracle_image *image;
    uint64_t rng;
    uint32_t vectors; /* their address */
    uint32_t pc;
    uint16_t block;
    uint32_t drift; /* how far either stack pointer may be from its centre */
    unsigned drawn, wanted;
} gen;

typedef struct slot {
    const enc_row *row;
    uint32_t op;
} slot;

/* Up to four drawn instructions and what must be true before them. */
typedef struct group {
    slot slots[4];
    unsigned n;
    struct {
        unsigned reg;
        uint32_t value;
    } sets[12];
    unsigned set_count;
    uint32_t fixed;   /* registers set up before the group */
    uint32_t written; /* by the instructions so far */
    uint32_t keep;    /* not to be written */
    uint32_t drift;
    bool sp_touched, masks_touched;
    bool open_masks, event, clear_exclusive;
    /* For a branch: which register to be given the target, once that is known. */
    int target_reg, slot_reg; /* slot_reg: holds the memory word to be filled with the target */
    uint32_t slot_address;
    int slot_sp_offset; /* or it lies on the stack; -1 when not */
} group;

static uint32_t rnd(gen *g) {
    uint64_t z = (g->rng += 0x9E3779B97F4A7C15u);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (uint32_t)((z ^ z >> 31) >> 16);
}

static uint32_t below(gen *g, uint32_t n) {
    return (uint32_t)((uint64_t)rnd(g) * n >> 32);
}

/* Half noise, half the values at which carries, signs and lanes turn over. */
static uint32_t operand(gen *g) {
    static const uint32_t edge[] = {0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF7FFF,
                                    0x80008000, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFF,
                                    0xFFFFFFFE, 0x80FF7F01, 0x00010001};
    return below(g, 2) ? rnd(g) : edge[below(g, sizeof edge / sizeof edge[0])];
}

static void poke16(gen *g, uint32_t address, uint32_t value) {
    uint8_t *p = &g->image->flash[address - g->board->code];
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

static void poke32(gen *g, uint32_t address, uint32_t value) {
    poke16(g, address, value);
    poke16(g, address + 2, value >> 16);
}

static void put16(gen *g, uint32_t halfword) {
    poke16(g, g->pc, halfword);
    g->pc += 2;
}

static void put_code(gen *g, uint32_t address, const enc_row *row, uint32_t op) {
    if (row->bytes == 4) {
        poke16(g, address, op >> 16);
        poke16(g, address + 2, op);
    } else {
        poke16(g, address, op);
    }
}

static void put(gen *g, const enc_row *row, uint32_t op) {
    put_code(g, g->pc, row, op);
    g->pc += row->bytes;
}

static void put_drawn(gen *g, const enc_row *row, uint32_t op) {
    g->image->block[(g->pc - g->board->code) / 2] = g->block;
    g->drawn++;
    put(g, row, op);
}

static uint32_t move_wide(const enc_row *row, unsigned reg, uint32_t half) {
    /* imm4 stands in bits 19:16, i in 26, imm3 in 14:12 */
    uint32_t op = row->value | reg << 8 | (half & 0xFF) | (half >> 8 & 7) << 12;
    return op | (half >> 11 & 1) << 26 | half >> 12 << 16;
}

static void patch_mov32(gen *g, uint32_t at, unsigned reg, uint32_t value) {
    static const enc_row *movw, *movt;
    if (movw == NULL) {
        movw = enc_named("MOVW");
        movt = enc_named("MOVT");
    }
    put_code(g, at, movw, move_wide(movw, reg, value & 0xFFFF));
    put_code(g, at + 4, movt, move_wide(movt, reg, value >> 16));
}

static uint32_t put_mov32(gen *g, unsigned reg, uint32_t value) {
    uint32_t at = g->pc;
    patch_mov32(g, at, reg, value);
    g->pc += 8;
    return at;
}

static uint32_t branch_op(const enc_row *row, uint32_t op, uint32_t offset) {
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

static void branch_at(gen *g, uint32_t at, uint32_t target) {
    const enc_row *row = enc_named("B.W");
    put_code(g, at, row, branch_op(row, row->value, target - at - 4));
}

/* Operands at random until they are legal and no row before this one claims them. */
static bool random_op(gen *g, const enc_row *row, uint32_t *op) {
    uint32_t width = row->bytes == 2 ? 0xFFFFu : 0xFFFFFFFFu;
    for (unsigned tries = 0; tries < 100; tries++) {
        *op = row->value | (rnd(g) & ~row->mask & width);
        if (row->kind == ENC_SPIMM && row->bytes == 4) {
            *op = enc_put(row, *op, 'i', (rnd(g) & 0x7F) << 2);
            if (row->flags & ENC_MODIMM) {
                *op = enc_put(row, *op, 'i', rnd(g) & 0xFC);
            }
        }
        if (enc_legal(row, *op) && enc_classify(*op, row->bytes) == row) {
            return true;
        }
    }
    return false;
}

static bool need(group *q, unsigned reg, uint32_t value) {
    if (reg == 13 || reg == 15 || (q->written | q->fixed) >> reg & 1 || q->set_count >= 12) {
        return false;
    }
    q->sets[q->set_count].reg = reg;
    q->sets[q->set_count++].value = value;
    q->fixed |= 1u << reg;
    return true;
}

static uint32_t window_address(gen *g, unsigned align, unsigned room_bytes) {
    uint32_t offset = below(g, WINDOW_WORDS * 4 - room_bytes + 1);
    return WINDOW + (offset & ~(uint32_t)(align - 1));
}

static unsigned ones(uint32_t v) {
    unsigned n = 0;
    for (; v != 0; v &= v - 1) {
        n++;
    }
    return n;
}

static unsigned list_words(const enc_row *row, uint32_t op) {
    unsigned n = enc_has(row, 'r') ? ones(enc_get(row, op, 'r')) : 0;
    n += enc_has(row, 'R') && enc_get(row, op, 'R') ? 1u : 0u;
    return n + (row->kind == ENC_LDMPC || row->kind == ENC_POPPC ? 1u : 0u);
}

/* Sets the base (and index) so that the access falls on `target`. */
static bool aim(gen *g, group *q, const enc_row *row, uint32_t op, uint32_t target) {
    unsigned n = enc_get(row, op, 'n');
    uint32_t off = enc_has(row, 'i') ? enc_get(row, op, 'i') * row->scale : 0;
    bool up = !enc_has(row, 'U') || enc_get(row, op, 'U');
    bool writes_back = row->mode == AM_PRE || row->mode == AM_POST;
    if (n == 13) {
        if (writes_back) {
            if (off & 3) {
                return false;
            }
            q->drift += off;
            q->sp_touched = true;
        }
        return row->mode != AM_REG || need(q, enc_get(row, op, 'm'), below(g, 256));
    }
    switch (row->mode) {
    case AM_REG: {
        uint32_t index = below(g, 2) ? below(g, 64) : rnd(g);
        unsigned m = enc_get(row, op, 'm');
        unsigned shift = enc_has(row, 's') ? enc_get(row, op, 's') : 0;
        return m != n && need(q, m, index) && need(q, n, target - (index << shift));
    }
    case AM_NEG:
        return need(q, n, target + off);
    case AM_POST:
        return need(q, n, target);
    default:
        return need(q, n, up ? target - off : target + off);
    }
}

static bool prepare_list(gen *g, group *q, const enc_row *row, uint32_t op) {
    unsigned bytes = 4 * list_words(row, op);
    if (row->kind == ENC_PUSH || row->kind == ENC_POP) {
        q->drift += bytes;
        q->sp_touched = true;
        return true;
    }
    unsigned n = enc_get(row, op, 'n');
    if (n == 13) {
        q->drift += bytes;
        q->sp_touched = true;
        return true;
    }
    uint32_t low = window_address(g, 4, bytes);
    return need(q, n, row->mode == AM_DB ? low + bytes : low);
}

static bool prepare_special(gen *g, group *q, const enc_row *row, uint32_t op) {
    unsigned reg = enc_has(row, 'n') ? enc_get(row, op, 'n') : enc_get(row, op, 'm');
    if (row->kind == ENC_SPREG) {
        q->drift += 128u << (row->bytes == 4 ? enc_get(row, op, 'i') : 0);
        q->sp_touched = true;
        uint32_t v = below(g, 33) * 4;
        return need(q, reg, row->bytes == 2 && below(g, 2) ? 0u - v : v);
    }
    if (row->kind == ENC_SPMOV) {
        uint32_t centre = strcmp(row->name, "MSR PSP") == 0 ? PSP_CENTRE : MSP_CENTRE;
        q->sp_touched = true;
        return need(q, reg, centre + 4 * below(g, 16));
    }
    if (row->kind == ENC_SPLIM) {
        return need(q, reg, MSP_CENTRE - BELOW_STACK + below(g, 256)); /* either may be in use */
    }
    q->masks_touched = q->sp_touched = true;
    uint32_t v = rnd(g);
    if (strcmp(row->name, "MSR CONTROL") == 0) {
        v &= ~5u; /* unprivileged and floating point have scenarios of their own */
    } else if (strncmp(row->name, "MSR BASE", 8) == 0) {
        v &= ~15u; /* the part has four priority bits, QEMU's has eight */
    }
    return need(q, reg, v);
}

/* What the operands need; false when this draw cannot be had in this group. */
static bool prepare(gen *g, group *q, const enc_row *row, uint32_t op) {
    switch (row->kind) {
    case ENC_LOAD:
    case ENC_STORE:
        if (row->mode == AM_LIT || row->mode == AM_SP) {
            return true;
        }
        return aim(g, q, row, op, window_address(g, row->align, 8));
    case ENC_LDM:
    case ENC_STM:
    case ENC_PUSH:
    case ENC_POP:
        return prepare_list(g, q, row, op);
    case ENC_SPIMM:
        q->drift += 512 + 512;
        q->sp_touched = true;
        return true;
    case ENC_SPREG:
    case ENC_SPMOV:
    case ENC_SPLIM:
    case ENC_SYSREG:
        return prepare_special(g, q, row, op);
    case ENC_WFE:
        return q->event = true;
    case ENC_SVC:
    case ENC_UDF:
        q->open_masks = true;
        return !q->masks_touched;
    default:
        return true;
    }
}

static bool add_op(gen *g, group *q, const enc_row *row, uint32_t op) {
    group before = *q;
    uint32_t writes = enc_writes(row, op);
    if (writes & q->keep || !prepare(g, q, row, op)) {
        *q = before;
        return false;
    }
    q->written |= writes;
    q->slots[q->n].row = row;
    q->slots[q->n++].op = op;
    return true;
}

static bool add(gen *g, group *q, const enc_row *row) {
    for (unsigned tries = 0; tries < 30; tries++) {
        uint32_t op;
        if (random_op(g, row, &op) && add_op(g, q, row, op)) {
            return true;
        }
    }
    return false;
}

static bool is_branch(const enc_row *row) {
    return row->kind >= ENC_B && row->kind <= ENC_POPPC;
}

static const enc_row *random_row(gen *g, bool in_it, bool last) {
    for (;;) {
        const enc_row *row = &enc_table[below(g, enc_count)];
        if (row->kind == ENC_SCENARIO || row->kind == ENC_IT || !enc_present(row) ||
            (in_it && (row->flags & ENC_NOIT || (row->flags & ENC_ITLAST && !last)))) {
            continue;
        }
        return row;
    }
}

static const enc_row *random_alu16(gen *g) {
    for (;;) {
        const enc_row *row = &enc_table[below(g, enc_count)];
        if (row->kind == ENC_ALU && row->bytes == 2 &&
            (enc_writes(row, row->value) & ~0xFFu) == 0 &&
            (row->flags & (ENC_ANYM | ENC_NSP | ENC_NOIT)) == 0) {
            return row;
        }
    }
}

/* Ordinary instructions that may or may not be run, beside a branch. */
static void fill(gen *g, unsigned n) {
    while (n-- > 0) {
        uint32_t op;
        const enc_row *row = random_alu16(g);
        if (random_op(g, row, &op)) {
            put_drawn(g, row, op);
        }
    }
}

static void put_it(gen *g, unsigned n) {
    uint32_t cond = below(g, 15), mask = 0;
    for (unsigned k = 1; k < n; k++) {
        uint32_t same = cond == 14 || below(g, 2);
        mask = mask << 1 | (same ? cond & 1 : (cond & 1) ^ 1);
    }
    mask = (mask << 1 | 1) << (4 - n);
    put_drawn(g, enc_named("IT"), 0xBF00u | cond << 4 | mask);
}

static unsigned free_reg(gen *g, uint32_t taken) {
    for (;;) {
        unsigned r = below(g, 13);
        if (!(taken >> r & 1)) {
            return r;
        }
    }
}

/* MOVs of the group; the ones for a branch target are patched later. */
static void put_setup(gen *g, group *q, uint32_t *target_at, uint32_t *slot_at) {
    if (q->open_masks) {
        put(g, enc_named("CPSIE"), 0xB663);
    }
    if (q->event) {
        put(g, enc_named("SEV"), 0xBF40);
    }
    if (q->clear_exclusive) {
        put(g, enc_named("CLREX"), 0xF3BF8F2F);
    }
    if (q->slot_reg >= 0) {
        *slot_at = put_mov32(g, (unsigned)q->slot_reg, 0);
        if (q->slot_sp_offset >= 0) { /* STR.W r, [sp, #offset] */
            put16(g, 0xF8CD);
            put16(g, (uint32_t)q->slot_reg << 12 | (uint32_t)q->slot_sp_offset);
        } else {
            unsigned base = free_reg(g, 1u << q->slot_reg);
            put_mov32(g, base, q->slot_address);
            put16(g, 0xF8C0u | base);
            put16(g, (uint32_t)q->slot_reg << 12);
        }
    }
    for (unsigned k = 0; k < q->set_count; k++) {
        uint32_t at = put_mov32(g, q->sets[k].reg, q->sets[k].value);
        if ((int)q->sets[k].reg == q->target_reg) {
            *target_at = at;
        }
    }
}

static void put_slots(gen *g, group *q, bool in_it) {
    if (in_it) {
        put_it(g, q->n);
    }
    for (unsigned k = 0; k < q->n; k++) {
        put_drawn(g, q->slots[k].row, q->slots[k].op);
    }
    g->drift += q->drift;
}

/* LDR PC from the stack: where the word lies, if the store that puts it there can reach. */
static bool slot_on_stack(group *q, const enc_row *row, uint32_t op) {
    uint32_t off = enc_has(row, 'i') ? enc_get(row, op, 'i') : 0;
    bool up = !enc_has(row, 'U') || enc_get(row, op, 'U');
    bool reachable = row->mode == AM_IMM || row->mode == AM_POST || (row->mode == AM_PRE && up);
    q->slot_sp_offset = (int)(row->mode == AM_POST ? 0 : off);
    q->drift += row->mode == AM_IMM ? 0 : off;
    return reachable && (off & 3) == 0 && !q->sp_touched;
}

/* Chooses the operands of a branch, as its kind needs them. */
static bool add_branch(gen *g, group *q, const enc_row *row) {
    uint32_t op;
    if (!random_op(g, row, &op)) {
        return false;
    }
    group before = *q;
    bool ok = true;
    switch (row->kind) {
    case ENC_CBZ:
        if (below(g, 2)) {
            ok = need(q, enc_get(row, op, 'n'), 0);
        }
        break;
    case ENC_BREG:
    case ENC_ADDPC:
        q->target_reg = (int)enc_get(row, op, 'm');
        ok = need(q, (unsigned)q->target_reg, 0);
        break;
    case ENC_TB:
        q->target_reg = (int)enc_get(row, op, 'n') == 15 ? (int)enc_get(row, op, 'm')
                                                          : (int)enc_get(row, op, 'n');
        ok = enc_get(row, op, 'n') != enc_get(row, op, 'm') &&
             need(q, enc_get(row, op, 'm'), rnd(g) >> 20) &&
             (enc_get(row, op, 'n') == 15 || need(q, enc_get(row, op, 'n'), 0));
        break;
    case ENC_LDRPC:
        if (row->mode != AM_LIT) {
            q->slot_address = window_address(g, 4, 4);
            ok = enc_get(row, op, 'n') == 13 ? slot_on_stack(q, row, op)
                                             : aim(g, q, row, op, q->slot_address);
            q->slot_reg = (int)free_reg(g, 0);
        }
        break;
    case ENC_LDMPC: {
        unsigned bytes = 4 * list_words(row, op);
        uint32_t low = window_address(g, 4, bytes);
        q->slot_address = low + bytes - 4;
        q->slot_reg = (int)free_reg(g, 0);
        if (enc_get(row, op, 'n') == 13) {
            ok = row->mode == AM_IA && !q->sp_touched;
            q->slot_sp_offset = (int)bytes - 4;
            q->drift += bytes;
            break;
        }
        ok = need(q, enc_get(row, op, 'n'), row->mode == AM_DB ? low + bytes : low);
        break;
    }
    case ENC_POPPC:
        q->slot_sp_offset = (int)(4 * list_words(row, op) - 4);
        q->slot_reg = (int)free_reg(g, 0);
        q->drift += 64;
        ok = !q->sp_touched;
        break;
    default:
        break;
    }
    /* A slot in memory must still hold the target when the branch loads it. */
    for (unsigned k = 0; q->slot_reg >= 0 && k < q->n; k++) {
        enc_kind kind = q->slots[k].row->kind;
        ok = ok && kind != ENC_STORE && kind != ENC_STM && kind != ENC_PUSH && kind != ENC_STREX;
    }
    if (!ok) {
        *q = before;
        return false;
    }
    q->written |= enc_writes(row, op);
    q->slots[q->n].row = row;
    q->slots[q->n++].op = op;
    return true;
}

/* Layout:  B.W start;  back: fill; B.W end;  start: set-up, instructions, branch;
 *          fill; B.W end; table or literal;  ahead: fill;  end: */
static void put_branch_group(gen *g, group *q, bool in_it) {
    const slot *branch = &q->slots[q->n - 1];
    const enc_row *row = branch->row;
    uint32_t op = branch->op;
    bool loads_sp = row->kind == ENC_LDRPC && enc_get(row, op, 'p') == 0;
    bool literal = row->mode == AM_LIT;
    bool literal_before = literal && !enc_get(row, op, 'U');

    uint32_t over = g->pc;
    g->pc += 4;
    uint32_t back = g->pc;
    fill(g, below(g, 4));
    uint32_t back_end = g->pc;
    g->pc += 4;
    g->pc = (g->pc + 3) & ~3u;
    uint32_t literal_at = g->pc;
    g->pc += literal_before ? 4 : 0;
    branch_at(g, over, g->pc);

    uint32_t target_at = 0, slot_at = 0;
    put_setup(g, q, &target_at, &slot_at);
    put_slots(g, q, in_it);
    uint32_t at = g->pc - row->bytes;
    fill(g, 1 + below(g, 3));
    uint32_t ahead_over = g->pc;
    g->pc += 4;
    g->pc = (g->pc + 3) & ~3u;
    uint32_t table = g->pc;
    if (literal && !literal_before) {
        literal_at = table;
    }
    g->pc += 4;
    uint32_t ahead = g->pc;
    fill(g, below(g, 4));
    branch_at(g, back_end, g->pc);
    branch_at(g, ahead_over, g->pc);

    bool forward_only = row->kind == ENC_CBZ || row->kind == ENC_TB;
    uint32_t target = forward_only || below(g, 2) ? ahead : back;
    uint32_t word = loads_sp ? (uint32_t)MSP_CENTRE + 4 * below(g, 16) : target | 1;
    if (target_at != 0) {
        uint32_t v = target | 1;
        if (row->kind == ENC_ADDPC) {
            v = target - (at + 4) + below(g, 2);
        } else if (row->kind == ENC_BREG && strcmp(row->name, "MOV PC,Rm") == 0) {
            v = target | below(g, 2);
        } else if (row->kind == ENC_TB) {
            unsigned shift = strcmp(row->name, "TBH") == 0;
            uint32_t index = 0;
            for (unsigned k = 0; k < q->set_count; k++) {
                index = q->sets[k].reg == enc_get(row, op, 'm') ? q->sets[k].value : index;
            }
            bool from_pc = enc_get(row, op, 'n') == 15;
            v = from_pc ? (table - (at + 4)) >> shift : table - (index << shift);
            poke16(g, table, (target - (at + 4)) >> 1);
        }
        patch_mov32(g, target_at, (unsigned)q->target_reg, v);
    }
    if (slot_at != 0) {
        patch_mov32(g, slot_at, (unsigned)q->slot_reg, word);
    }
    if (literal) {
        uint32_t base = (at + 4) & ~3u;
        uint32_t off = literal_before ? base - literal_at : literal_at - base;
        put_code(g, at, row, enc_put(row, op, 'i', off));
        poke32(g, literal_at, word);
    }
    if (row->kind == ENC_B || row->kind == ENC_BCOND || row->kind == ENC_CBZ) {
        put_code(g, at, row, branch_op(row, op, target - (at + 4)));
    }
}

/* Load-exclusive, perhaps something else, perhaps CLREX, then the store. Never with
 * another access between: the core's monitor watches no address, QEMU's watches
 * address and value, and both are permitted (A3.4.1). */
static bool add_exclusive(gen *g, group *q, const enc_row *store) {
    char name[8] = "LDREX"; /* or LDAEX, the size after it */
    name[2] = store->flags & ENC_V8M ? 'A' : 'R';
    strcat(name, store->name + 5);
    const enc_row *load = enc_named(name);
    uint32_t op, lop;
    if (!random_op(g, store, &op) || !random_op(g, load, &lop)) {
        return false;
    }
    unsigned n = enc_get(store, op, 'n');
    lop = enc_put(load, lop, 'n', n);
    if (enc_has(load, 'i')) {
        lop = enc_put(load, lop, 'i', enc_get(store, op, 'i'));
    }
    if (enc_get(load, lop, 't') == n || !aim(g, q, store, op, window_address(g, store->align, 4))) {
        return false;
    }
    q->clear_exclusive = true;
    unsigned k = 0;
    q->keep = 1u << n;
    if (below(g, 8) != 0) {
        q->slots[k].row = load;
        q->slots[k++].op = lop;
    }
    q->n = k;
    if (below(g, 2) && !add(g, q, random_alu16(g))) {
        return false;
    }
    if (below(g, 4) == 0) {
        q->slots[q->n].row = enc_named("CLREX");
        q->slots[q->n++].op = 0xF3BF8F2F;
    }
    q->slots[q->n].row = store;
    q->slots[q->n++].op = op;
    return true;
}

static void group_clear(group *q) {
    memset(q, 0, sizeof *q);
    q->target_reg = q->slot_reg = q->slot_sp_offset = -1;
}

static bool fill_group(gen *g, group *q, bool in_it) {
    unsigned n = in_it ? 1 + below(g, 4) : 1;
    group_clear(q);
    for (unsigned k = 0; k < n; k++) {
        bool last = k + 1 == n;
        const enc_row *row = random_row(g, in_it, last);
        if (row->kind == ENC_STREX) {
            if (k != 0) {
                return false;
            }
            return add_exclusive(g, q, row);
        }
        if (is_branch(row) ? !last || !add_branch(g, q, row) : !add(g, q, row)) {
            return false;
        }
    }
    return true;
}

static void put_group(gen *g) {
    group q;
    bool in_it;
    do {
        in_it = below(g, 5) < 2;
    } while (!fill_group(g, &q, in_it));
    if (is_branch(q.slots[q.n - 1].row)) {
        put_branch_group(g, &q, in_it);
        return;
    }
    uint32_t unused;
    put_setup(g, &q, &unused, &unused);
    put_slots(g, &q, in_it);
}

static void put_stacks(gen *g) {
    unsigned r = below(g, 13);
    put_mov32(g, r, MSP_CENTRE);
    put(g, enc_named("MSR MSP"), enc_named("MSR MSP")->value | r << 16);
    put_mov32(g, r, PSP_CENTRE);
    put(g, enc_named("MSR PSP"), enc_named("MSR PSP")->value | r << 16);
    g->drift = 0;
}

static void put_sweep(gen *g) {
    put_mov32(g, 0, WINDOW);
    for (unsigned k = 0; k < WINDOW_WORDS; k += 12) {
        put16(g, 0xE8B0); /* LDMIA.W r0!, {r1-r12} */
        put16(g, 0x1FFE);
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
    } while (!random_op(g, row, &op) || !moves_sp(row, &op) || !add_op(g, &q, row, op));
    put_mov32(g, 0, PSP_CENTRE - room[below(g, sizeof room)]);
    put(g, enc_named("MSR PSPLIM"), enc_named("MSR PSPLIM")->value);
    put_mov32(g, 0, 2);
    put(g, enc_named("MSR CONTROL"), enc_named("MSR CONTROL")->value);
    put_mov32(g, 0, operand(g));
    q.open_masks = true;
    put_setup(g, &q, &unused, &unused);
    put_slots(g, &q, false);
    put_mov32(g, 0, 0);
    put(g, enc_named("MSR PSPLIM"), enc_named("MSR PSPLIM")->value);
    put_stacks(g);
}

static void put_block(gen *g) {
    unsigned end = g->drawn + BLOCK_INSTRUCTIONS;
    g->block++;
    put_stacks(g);
    while (g->drawn < end) {
        for (unsigned k = 0; k < 3; k++) {
            put_mov32(g, below(g, 13), operand(g));
        }
        for (unsigned k = 0; k < 4; k++) {
            put_group(g);
            if (g->board->core == SIM_CORE_M33 && below(g, 12) == 0) {
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
        poke32(g, g->vectors + 4 * k, trap | 1);
    }
    poke32(g, g->vectors, MSP_CENTRE);
    poke32(g, g->vectors + 4, start | 1);
    poke32(g, g->vectors + 4 * 6, usage | 1);
    poke32(g, g->vectors + 4 * 11, svc | 1);
    poke32(g, g->vectors + 4 * ORACLE_VECTOR_COMPARE, start);
}

static void put_halves(gen *g, const uint16_t *code, unsigned n) {
    for (unsigned k = 0; k < n; k++) {
        put16(g, code[k]);
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
    put_mov32(g, 0, 0xE000ED24); /* SHCSR.USGFAULTENA */
    put_mov32(g, 1, 1u << 18);
    put16(g, 0x6001); /* str r1, [r0] */
    for (unsigned k = 0; k < WINDOW_WORDS; k++) {
        put_mov32(g, 0, WINDOW + 4 * k);
        put_mov32(g, 1, operand(g));
        put16(g, 0x6001);
    }
    for (unsigned r = 0; r < 13; r++) {
        put_mov32(g, r, operand(g));
    }
}

/* The RAM in use through eight registers, then a loop that the harness knows. */
static void put_end(gen *g) {
    put_mov32(g, 0, RAM);
    put_mov32(g, 1, RAM + RAM_BYTES);
    put16(g, 0xE8B0); /* ldmia.w r0!, {r2-r9} */
    put16(g, 0x03FC);
    put16(g, 0x4288); /* cmp r0, r1 */
    put16(g, 0xD1FB); /* bne back to the load */
    poke32(g, g->vectors + 4 * ORACLE_VECTOR_END, g->pc);
    put16(g, 0xE7FE);
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
    put16(&g, 0xE7FE);
    uint32_t svc = g.pc;
    put16(&g, 0x4770);
    uint32_t usage = g.pc;
    put_halves(&g, usage_handler, sizeof usage_handler / sizeof usage_handler[0]);
    uint32_t start = g.pc;
    put_vectors(&g, svc, usage, trap, start);
    put_start(&g);
    assert(g.pc < g.vectors + REGION_A);
    /* Blocks take turns in two halves of the flash, so that branches are long too. */
    uint32_t here = g.vectors + REGION_A, other = g.vectors + REGION_B, from = g.pc;
    while (g.drawn < instructions) {
        branch_at(&g, from, here);
        g.pc = here;
        put_block(&g);
        from = g.pc;
        here = other;
        other = g.pc + 4;
    }
    branch_at(&g, from, here);
    g.pc = here;
    put_end(&g);
    assert(g.pc < board->code + ORACLE_FLASH_BYTES - 0x2000);
    assert(other < board->code + ORACLE_FLASH_BYTES - 0x2000);
}
