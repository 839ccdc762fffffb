#include "generate_internal.h"

#include <string.h>

bool gen_is_branch(const enc_row *row) {
    return row->kind >= ENC_B && row->kind <= ENC_POPPC;
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
bool group_add_branch(gen *g, group *q, const enc_row *row) {
    uint32_t op;
    if (!gen_random_op(g, row, &op)) {
        return false;
    }
    group before = *q;
    bool ok = true;
    switch (row->kind) {
    case ENC_CBZ:
        if (gen_below(g, 2)) {
            ok = group_need(q, enc_get(row, op, 'n'), 0);
        }
        break;
    case ENC_BREG:
    case ENC_ADDPC:
        q->target_reg = (int)enc_get(row, op, 'm');
        ok = group_need(q, (unsigned)q->target_reg, 0);
        break;
    case ENC_TB:
        q->target_reg = (int)enc_get(row, op, 'n') == 15 ? (int)enc_get(row, op, 'm')
                                                          : (int)enc_get(row, op, 'n');
        ok = enc_get(row, op, 'n') != enc_get(row, op, 'm') &&
             group_need(q, enc_get(row, op, 'm'), gen_rnd(g) >> 20) &&
             (enc_get(row, op, 'n') == 15 || group_need(q, enc_get(row, op, 'n'), 0));
        break;
    case ENC_LDRPC:
        if (row->mode != AM_LIT) {
            q->slot_address = gen_window_address(g, 4, 4);
            ok = enc_get(row, op, 'n') == 13 ? slot_on_stack(q, row, op)
                                             : group_aim(g, q, row, op, q->slot_address);
            q->slot_reg = (int)gen_free_reg(g, 0);
        }
        break;
    case ENC_LDMPC: {
        unsigned bytes = 4 * gen_list_words(row, op);
        uint32_t low = gen_window_address(g, 4, bytes);
        q->slot_address = low + bytes - 4;
        q->slot_reg = (int)gen_free_reg(g, 0);
        if (enc_get(row, op, 'n') == 13) {
            ok = row->mode == AM_IA && !q->sp_touched;
            q->slot_sp_offset = (int)bytes - 4;
            q->drift += bytes;
            break;
        }
        ok = group_need(q, enc_get(row, op, 'n'), row->mode == AM_DB ? low + bytes : low);
        break;
    }
    case ENC_POPPC:
        q->slot_sp_offset = (int)(4 * gen_list_words(row, op) - 4);
        q->slot_reg = (int)gen_free_reg(g, 0);
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
void group_put_branch(gen *g, group *q, bool in_it) {
    const slot *branch = &q->slots[q->n - 1];
    const enc_row *row = branch->row;
    uint32_t op = branch->op;
    bool loads_sp = row->kind == ENC_LDRPC && enc_get(row, op, 'p') == 0;
    bool literal = row->mode == AM_LIT;
    bool literal_before = literal && !enc_get(row, op, 'U');

    uint32_t over = g->pc;
    g->pc += 4;
    uint32_t back = g->pc;
    gen_fill(g, gen_below(g, 4));
    uint32_t back_end = g->pc;
    g->pc += 4;
    g->pc = (g->pc + 3) & ~3u;
    uint32_t literal_at = g->pc;
    g->pc += literal_before ? 4 : 0;
    gen_branch_at(g, over, g->pc);

    uint32_t target_at = 0, slot_at = 0;
    group_put_setup(g, q, &target_at, &slot_at);
    group_put(g, q, in_it);
    uint32_t at = g->pc - row->bytes;
    gen_fill(g, 1 + gen_below(g, 3));
    uint32_t ahead_over = g->pc;
    g->pc += 4;
    g->pc = (g->pc + 3) & ~3u;
    uint32_t table = g->pc;
    if (literal && !literal_before) {
        literal_at = table;
    }
    g->pc += 4;
    uint32_t ahead = g->pc;
    gen_fill(g, gen_below(g, 4));
    gen_branch_at(g, back_end, g->pc);
    gen_branch_at(g, ahead_over, g->pc);

    bool forward_only = row->kind == ENC_CBZ || row->kind == ENC_TB;
    uint32_t target = forward_only || gen_below(g, 2) ? ahead : back;
    uint32_t word = loads_sp ? (uint32_t)MSP_CENTRE + 4 * gen_below(g, 16) : target | 1;
    if (target_at != 0) {
        uint32_t v = target | 1;
        if (row->kind == ENC_ADDPC) {
            v = target - (at + 4) + gen_below(g, 2);
        } else if (row->kind == ENC_BREG && strcmp(row->name, "MOV PC,Rm") == 0) {
            v = target | gen_below(g, 2);
        } else if (row->kind == ENC_TB) {
            unsigned shift = strcmp(row->name, "TBH") == 0;
            uint32_t index = 0;
            for (unsigned k = 0; k < q->set_count; k++) {
                index = q->sets[k].reg == enc_get(row, op, 'm') ? q->sets[k].value : index;
            }
            bool from_pc = enc_get(row, op, 'n') == 15;
            v = from_pc ? (table - (at + 4)) >> shift : table - (index << shift);
            gen_poke16(g, table, (target - (at + 4)) >> 1);
        }
        gen_patch_mov32(g, target_at, (unsigned)q->target_reg, v);
    }
    if (slot_at != 0) {
        gen_patch_mov32(g, slot_at, (unsigned)q->slot_reg, word);
    }
    if (literal) {
        uint32_t base = (at + 4) & ~3u;
        uint32_t off = literal_before ? base - literal_at : literal_at - base;
        gen_put_code(g, at, row, enc_put(row, op, 'i', off));
        gen_poke32(g, literal_at, word);
    }
    if (row->kind == ENC_B || row->kind == ENC_BCOND || row->kind == ENC_CBZ) {
        gen_put_code(g, at, row, gen_branch_op(row, op, target - (at + 4)));
    }
}
