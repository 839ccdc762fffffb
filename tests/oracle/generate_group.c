#include "generate_internal.h"

#include <string.h>

bool group_need(group *q, unsigned reg, uint32_t value) {
    if (reg == 13 || reg == 15 || (q->written | q->fixed) >> reg & 1 || q->set_count >= 12) {
        return false;
    }
    q->sets[q->set_count].reg = reg;
    q->sets[q->set_count++].value = value;
    q->fixed |= 1u << reg;
    return true;
}

uint32_t gen_window_address(gen *g, unsigned align, unsigned room_bytes) {
    uint32_t offset = gen_below(g, WINDOW_WORDS * 4 - room_bytes + 1);
    return WINDOW + (offset & ~(uint32_t)(align - 1));
}

static unsigned ones(uint32_t v) {
    unsigned n = 0;
    for (; v != 0; v &= v - 1) {
        n++;
    }
    return n;
}

unsigned gen_list_words(const enc_row *row, uint32_t op) {
    unsigned n = enc_has(row, 'r') ? ones(enc_get(row, op, 'r')) : 0;
    n += enc_has(row, 'R') && enc_get(row, op, 'R') ? 1u : 0u;
    return n + (row->kind == ENC_LDMPC || row->kind == ENC_POPPC ? 1u : 0u);
}

/* Sets the base (and index) so that the access falls on `target`. */
bool group_aim(gen *g, group *q, const enc_row *row, uint32_t op, uint32_t target) {
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
        return row->mode != AM_REG || group_need(q, enc_get(row, op, 'm'), gen_below(g, 256));
    }
    switch (row->mode) {
    case AM_REG: {
        uint32_t index = gen_below(g, 2) ? gen_below(g, 64) : gen_rnd(g);
        unsigned m = enc_get(row, op, 'm');
        unsigned shift = enc_has(row, 's') ? enc_get(row, op, 's') : 0;
        return m != n && group_need(q, m, index) && group_need(q, n, target - (index << shift));
    }
    case AM_NEG:
        return group_need(q, n, target + off);
    case AM_POST:
        return group_need(q, n, target);
    default:
        return group_need(q, n, up ? target - off : target + off);
    }
}

static bool prepare_list(gen *g, group *q, const enc_row *row, uint32_t op) {
    unsigned bytes = 4 * gen_list_words(row, op);
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
    uint32_t low = gen_window_address(g, 4, bytes);
    return group_need(q, n, row->mode == AM_DB ? low + bytes : low);
}

static bool prepare_special(gen *g, group *q, const enc_row *row, uint32_t op) {
    unsigned reg = enc_has(row, 'n') ? enc_get(row, op, 'n') : enc_get(row, op, 'm');
    if (row->kind == ENC_SPREG) {
        q->drift += 128u << (row->bytes == 4 ? enc_get(row, op, 'i') : 0);
        q->sp_touched = true;
        uint32_t v = gen_below(g, 33) * 4;
        return group_need(q, reg, row->bytes == 2 && gen_below(g, 2) ? 0u - v : v);
    }
    if (row->kind == ENC_SPMOV) {
        uint32_t centre = strcmp(row->name, "MSR PSP") == 0 ? PSP_CENTRE : MSP_CENTRE;
        q->sp_touched = true;
        return group_need(q, reg, centre + 4 * gen_below(g, 16));
    }
    if (row->kind == ENC_SPLIM) {
        /* either stack may be in use */
        return group_need(q, reg, MSP_CENTRE - BELOW_STACK + gen_below(g, 256));
    }
    q->masks_touched = q->sp_touched = true;
    uint32_t v = gen_rnd(g);
    if (strcmp(row->name, "MSR CONTROL") == 0) {
        v &= ~5u; /* unprivileged and floating point have scenarios of their own */
    } else if (strncmp(row->name, "MSR BASE", 8) == 0) {
        v &= ~15u; /* the part has four priority bits, QEMU's has eight */
    }
    return group_need(q, reg, v);
}

/* What the operands need; false when this draw cannot be had in this group. */
static bool prepare(gen *g, group *q, const enc_row *row, uint32_t op) {
    switch (row->kind) {
    case ENC_LOAD:
    case ENC_STORE:
        if (row->mode == AM_LIT || row->mode == AM_SP) {
            return true;
        }
        return group_aim(g, q, row, op, gen_window_address(g, row->align, 8));
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

bool group_add_op(gen *g, group *q, const enc_row *row, uint32_t op) {
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

bool group_add(gen *g, group *q, const enc_row *row) {
    for (unsigned tries = 0; tries < 30; tries++) {
        uint32_t op;
        if (gen_random_op(g, row, &op) && group_add_op(g, q, row, op)) {
            return true;
        }
    }
    return false;
}

const enc_row *gen_random_alu16(gen *g) {
    for (;;) {
        const enc_row *row = &enc_table[gen_below(g, enc_count)];
        if (row->kind == ENC_ALU && row->bytes == 2 &&
            (enc_writes(row, row->value) & ~0xFFu) == 0 &&
            (row->flags & (ENC_ANYM | ENC_NSP | ENC_NOIT)) == 0) {
            return row;
        }
    }
}

/* Ordinary instructions that may or may not be run, beside a branch. */
void gen_fill(gen *g, unsigned n) {
    while (n-- > 0) {
        uint32_t op;
        const enc_row *row = gen_random_alu16(g);
        if (gen_random_op(g, row, &op)) {
            gen_put_drawn(g, row, op);
        }
    }
}

static void put_it(gen *g, unsigned n) {
    uint32_t cond = gen_below(g, 15), mask = 0;
    for (unsigned k = 1; k < n; k++) {
        uint32_t same = cond == 14 || gen_below(g, 2);
        mask = mask << 1 | (same ? cond & 1 : (cond & 1) ^ 1);
    }
    mask = (mask << 1 | 1) << (4 - n);
    gen_put_drawn(g, enc_named("IT"), 0xBF00u | cond << 4 | mask);
}

unsigned gen_free_reg(gen *g, uint32_t taken) {
    for (;;) {
        unsigned r = gen_below(g, 13);
        if (!(taken >> r & 1)) {
            return r;
        }
    }
}

/* MOVs of the group; the ones for a branch target are patched later. */
void group_put_setup(gen *g, group *q, uint32_t *target_at, uint32_t *slot_at) {
    if (q->open_masks) {
        gen_put(g, enc_named("CPSIE"), 0xB663);
    }
    if (q->event) {
        gen_put(g, enc_named("SEV"), 0xBF40);
    }
    if (q->clear_exclusive) {
        gen_put(g, enc_named("CLREX"), 0xF3BF8F2F);
    }
    if (q->slot_reg >= 0) {
        *slot_at = gen_put_mov32(g, (unsigned)q->slot_reg, 0);
        if (q->slot_sp_offset >= 0) { /* STR.W r, [sp, #offset] */
            gen_put16(g, 0xF8CD);
            gen_put16(g, (uint32_t)q->slot_reg << 12 | (uint32_t)q->slot_sp_offset);
        } else {
            unsigned base = gen_free_reg(g, 1u << q->slot_reg);
            gen_put_mov32(g, base, q->slot_address);
            gen_put16(g, 0xF8C0u | base);
            gen_put16(g, (uint32_t)q->slot_reg << 12);
        }
    }
    for (unsigned k = 0; k < q->set_count; k++) {
        uint32_t at = gen_put_mov32(g, q->sets[k].reg, q->sets[k].value);
        if ((int)q->sets[k].reg == q->target_reg) {
            *target_at = at;
        }
    }
}

void group_put(gen *g, group *q, bool in_it) {
    if (in_it) {
        put_it(g, q->n);
    }
    for (unsigned k = 0; k < q->n; k++) {
        gen_put_drawn(g, q->slots[k].row, q->slots[k].op);
    }
    g->drift += q->drift;
}

/* Load-exclusive, perhaps something else, perhaps CLREX, then the store. Never with
 * another access between: the core's monitor watches no address, QEMU's watches
 * address and value, and both are permitted (A3.4.1). */
bool group_add_exclusive(gen *g, group *q, const enc_row *store) {
    char name[8] = "LDREX"; /* or LDAEX, the size after it */
    name[2] = store->flags & ENC_V8M ? 'A' : 'R';
    strcat(name, store->name + 5);
    const enc_row *load = enc_named(name);
    uint32_t op, lop;
    if (!gen_random_op(g, store, &op) || !gen_random_op(g, load, &lop)) {
        return false;
    }
    unsigned n = enc_get(store, op, 'n');
    lop = enc_put(load, lop, 'n', n);
    if (enc_has(load, 'i')) {
        lop = enc_put(load, lop, 'i', enc_get(store, op, 'i'));
    }
    if (enc_get(load, lop, 't') == n ||
        !group_aim(g, q, store, op, gen_window_address(g, store->align, 4))) {
        return false;
    }
    q->clear_exclusive = true;
    unsigned k = 0;
    q->keep = 1u << n;
    if (gen_below(g, 8) != 0) {
        q->slots[k].row = load;
        q->slots[k++].op = lop;
    }
    q->n = k;
    if (gen_below(g, 2) && !group_add(g, q, gen_random_alu16(g))) {
        return false;
    }
    if (gen_below(g, 4) == 0) {
        q->slots[q->n].row = enc_named("CLREX");
        q->slots[q->n++].op = 0xF3BF8F2F;
    }
    q->slots[q->n].row = store;
    q->slots[q->n++].op = op;
    return true;
}

void group_clear(group *q) {
    memset(q, 0, sizeof *q);
    q->target_reg = q->slot_reg = q->slot_sp_offset = -1;
}
