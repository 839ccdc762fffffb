#include "fp_lockstep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cpu/cpu_state.h"

enum { COMPARED_LIMIT = 3000000, SLICE_CYCLES = 1000003, WHOLE_RUN_SLICES = 40 };

typedef struct fp_state {
    oracle_state core;
    uint32_t s[32], fpscr;
} fp_state;

typedef struct side {
    sim_cpu *cpu;
    uint8_t *code, *ram;
    sim_code *code_records, *ram_records;
} side;

typedef struct run {
    const oracle_board *board;
    const fp_image *image;
    const char *label;
    fp_tally *tally;
    side ours;
    qemu theirs;
    fp_state before;
    uint32_t end, start_xpsr;
    bool adopted;
} run;

static sim_access bus_read(void *ctx, uint32_t address, unsigned size, sim_access_kind kind,
                           uint32_t *value) {
    (void)ctx, (void)address, (void)size, (void)kind;
    *value = 0;
    return SIM_ACCESS_FAULT;
}

static sim_access bus_write(void *ctx, uint32_t address, unsigned size, uint32_t value) {
    (void)ctx, (void)address, (void)size, (void)value;
    return SIM_ACCESS_FAULT;
}

static bool side_start(side *s, const oracle_board *b, const fp_image *image) {
    const sim_cpu_config config = {.irq_count = b->irqs,
                                   .priority_bits = b->priority_bits,
                                   .cpuid = b->cpuid,
                                   .core = b->core};
    static const sim_bus bus = {.ctx = NULL, .read = bus_read, .write = bus_write};
    s->cpu = sim_cpu_new(&config, &bus);
    s->code = malloc(FP_IMAGE_BYTES);
    s->ram = calloc(1, FP_RAM_BYTES);
    s->code_records = sim_code_new(FP_IMAGE_BYTES);
    s->ram_records = sim_code_new(FP_RAM_BYTES);
    if (!s->cpu || !s->code || !s->ram || !s->code_records || !s->ram_records) {
        fprintf(stderr, "oracle: out of memory\n");
        return false;
    }
    memcpy(s->code, image->bytes, FP_IMAGE_BYTES);
    sim_cpu_map(s->cpu, b->code, FP_IMAGE_BYTES, s->code, s->code_records,
                SIM_MAP_READ | SIM_MAP_EXEC | SIM_MAP_FLASH);
    sim_cpu_map(s->cpu, b->ram, FP_RAM_BYTES, s->ram, s->ram_records,
                SIM_MAP_READ | SIM_MAP_WRITE | SIM_MAP_EXEC);
    sim_cpu_reset(s->cpu, b->code + b->start, b->code + b->start);
    return true;
}

static void side_stop(side *s) {
    sim_cpu_free(s->cpu);
    sim_code_free(s->code_records);
    sim_code_free(s->ram_records);
    free(s->code);
    free(s->ram);
}

static fp_state side_state(const side *s) {
    fp_state st;
    for (unsigned n = 0; n < 16; n++) {
        st.core.r[n] = sim_cpu_reg(s->cpu, n);
    }
    st.core.xpsr = sim_cpu_xpsr(s->cpu);
    memcpy(st.s, s->cpu->s, sizeof st.s);
    st.fpscr = s->cpu->fpscr;
    return st;
}

static bool same(const fp_state *a, const fp_state *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

static bool next_theirs(run *r, fp_state *s) {
    if (qemu_next(&r->theirs, &s->core) && qemu_next_fp(&r->theirs, s->s, &s->fpscr)) {
        return true;
    }
    fprintf(stderr, "MISMATCH %s pc %08x: QEMU %s\n", r->label, (unsigned)r->before.core.r[15],
            r->theirs.timed_out ? "is silent: it sleeps or hangs" : "has ended");
    return false;
}

static bool step_ours(run *r) {
    switch (sim_cpu_step(r->ours.cpu)) {
    case SIM_CPU_LOCKUP:
    case SIM_CPU_BUS_STOP:
    case SIM_CPU_UNMODELLED:
    case SIM_CPU_RESET_REQUEST:
        fprintf(stderr, "MISMATCH %s pc %08x: our core stopped: %s\n", r->label,
                (unsigned)r->before.core.r[15], sim_cpu_stop_text(r->ours.cpu));
        return false;
    default:
        return true;
    }
}

/* An exception's entry may be part of the instruction or a step of its own. */
static bool advance_ours(run *r, const fp_state *theirs, fp_state *ours) {
    for (unsigned k = 0; k < 8; k++) {
        if (!step_ours(r)) {
            return false;
        }
        *ours = side_state(&r->ours);
        if (same(ours, theirs) || (ours->core.xpsr & 511) == (theirs->core.xpsr & 511)) {
            break;
        }
    }
    return true;
}

static unsigned row_at(const run *r, uint32_t pc) {
    uint32_t offset = pc - r->board->code;
    return offset < FP_IMAGE_BYTES ? r->image->row[offset / 2] : 0;
}

static void print_registers(const fp_state *s) {
    for (unsigned n = 0; n < 16; n++) {
        fprintf(stderr, " r%u=%08x", n, (unsigned)s->core.r[n]);
    }
    fprintf(stderr, " xpsr=%08x\n ", (unsigned)s->core.xpsr);
    for (unsigned n = 0; n < 32; n++) {
        fprintf(stderr, " s%u=%08x", n, (unsigned)s->s[n]);
    }
    fprintf(stderr, " fpscr=%08x\n", (unsigned)s->fpscr);
}

static void print_difference(const char *name, unsigned n, uint32_t ours, uint32_t theirs) {
    if (ours != theirs) {
        fprintf(stderr, " %s%u %08x, expected %08x;", name, n, (unsigned)ours, (unsigned)theirs);
    }
}

static void report(const run *r, const fp_state *ours, const fp_state *theirs) {
    uint32_t pc = r->before.core.r[15], offset = pc - r->board->code;
    unsigned row = row_at(r, pc);
    uint16_t code[2] = {0};
    if (offset <= FP_IMAGE_BYTES - 4) {
        memcpy(code, r->image->bytes + offset, 4);
    }
    fprintf(stderr, "MISMATCH %s pc %08x opcode %04x %04x %s:", r->label, (unsigned)pc, code[0],
            code[1], row != 0 && r->tally->names != NULL ? r->tally->names[row - 1] : "");
    for (unsigned n = 0; n < 16; n++) {
        print_difference("r", n, ours->core.r[n], theirs->core.r[n]);
    }
    print_difference("xpsr", 0, ours->core.xpsr, theirs->core.xpsr);
    for (unsigned n = 0; n < 32; n++) {
        print_difference("s", n, ours->s[n], theirs->s[n]);
    }
    print_difference("fpscr", 0, ours->fpscr, theirs->fpscr);
    fprintf(stderr, "\n  before:");
    print_registers(&r->before);
}

static void count(run *r) {
    unsigned row = row_at(r, r->before.core.r[15]);
    r->tally->compared++;
    if (row != 0) {
        r->tally->drawn++;
        if (r->tally->rows != NULL) {
            r->tally->rows[row - 1]++;
        }
    }
}

/* QEMU to the first instruction of the program that our core starts with. */
static bool meet(run *r) {
    uint32_t entry = sim_cpu_reg(r->ours.cpu, 15);
    do {
        if (!next_theirs(r, &r->before)) {
            return false;
        }
    } while (r->before.core.r[15] != entry);
    /* flags and registers are UNKNOWN at reset */
    sim_cpu_set_xpsr(r->ours.cpu, r->before.core.xpsr);
    r->start_xpsr = r->before.core.xpsr;
    for (unsigned n = 0; n < 15; n++) {
        if (n != 13) {
            sim_cpu_set_reg(r->ours.cpu, n, r->before.core.r[n]);
        }
    }
    return true;
}

static bool compare_all(run *r) {
    fp_state ours = side_state(&r->ours), theirs = r->before;
    if (!same(&ours, &theirs)) {
        report(r, &ours, &theirs);
        return false;
    }
    for (unsigned long n = 0; r->before.core.r[15] != r->end; n++) {
        count(r);
        if (n == COMPARED_LIMIT) {
            fprintf(stderr, "MISMATCH %s: the program does not end\n", r->label);
            return false;
        }
        if (!next_theirs(r, &theirs) || !advance_ours(r, &theirs, &ours)) {
            return false;
        }
        if (oracle_board_adopt(r->board, r->image->bytes, &theirs.core, &ours.core, r->ours.cpu)) {
            r->adopted = true;
            ours = side_state(&r->ours);
        }
        /* QEMU logs a state twice when it leaves its loop before the instruction. */
        while (!same(&ours, &theirs) && same(&theirs, &r->before)) {
            if (!next_theirs(r, &theirs)) {
                return false;
            }
        }
        if (!same(&ours, &theirs)) {
            report(r, &ours, &theirs);
            return false;
        }
        uint32_t number = theirs.core.xpsr & 511;
        r->tally->exceptions += number != 0 && number != (r->before.core.xpsr & 511);
        r->before = theirs;
    }
    if ((r->before.core.xpsr & 511) != 0) {
        fprintf(stderr, "MISMATCH %s: the program ends in a handler, by mistake\n", r->label);
        return false;
    }
    return true;
}

/* The same program again, not in single steps: the same end, the same RAM. */
static bool run_in_one_go(run *r) {
    side other = {0};
    bool ok = side_start(&other, r->board, r->image);
    if (ok) {
        sim_cpu_set_xpsr(other.cpu, r->start_xpsr);
    }
    for (unsigned k = 0; ok && k < WHOLE_RUN_SLICES && sim_cpu_reg(other.cpu, 15) != r->end; k++) {
        ok = sim_cpu_run(other.cpu, sim_cpu_cycles(other.cpu) + SLICE_CYCLES) == SIM_CPU_DEADLINE;
    }
    if (ok) {
        fp_state steps = side_state(&r->ours), whole = side_state(&other);
        ok = memcmp(steps.s, whole.s, sizeof steps.s) == 0 && steps.fpscr == whole.fpscr &&
             memcmp(r->ours.ram, other.ram, FP_RAM_BYTES) == 0;
    }
    if (!ok) {
        fprintf(stderr, "MISMATCH %s: run in one go, it does not end as in single steps\n",
                r->label);
    }
    side_stop(&other);
    return ok;
}

bool fp_lockstep(const oracle_board *board, fp_image *image, const char *label, fp_tally *tally) {
    oracle_board_prepare(board, image->bytes);
    run r = {.board = board, .image = image, .label = label, .tally = tally};
    r.theirs.log = -1;
    memcpy(&r.end, image->bytes + board->start + 4 * FP_VECTOR_END, 4);
    bool ok = side_start(&r.ours, board, image) &&
              qemu_start(&r.theirs, board->machine, board->load, true, image->bytes,
                         sizeof image->bytes) &&
              meet(&r) && compare_all(&r);
    qemu_stop(&r.theirs);
    ok = ok && (r.adopted || run_in_one_go(&r));
    side_stop(&r.ours);
    return ok;
}
