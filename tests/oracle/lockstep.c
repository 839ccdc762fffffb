#include "lockstep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cpu/cpu.h"
#include "encodings.h"

enum {
    FREE_RUN_LIMIT = 4000000, /* instructions before comparing begins */
    COMPARED_LIMIT = 2000000, /* in one image: more means a program that does not end */
    SLICE_CYCLES = 1000003,
    WHOLE_RUN_SLICES = 20
};

typedef struct side {
    sim_cpu *cpu;
    uint8_t *flash, *ram;
    sim_code *flash_code, *ram_code;
} side;

typedef struct run {
    const oracle_board *board;
    const char *label;
    const oracle_image *image;
    oracle_tally *tally;
    side ours;
    qemu theirs;
    oracle_state before; /* the present instruction */
    uint32_t end, compare, start_xpsr;
} run;

static sim_access bus_read(void *ctx, uint32_t address, unsigned size, sim_access_kind kind,
                           uint32_t *value) {
    (void)ctx, (void)address, (void)size, (void)kind;
    *value = 0;
    return SIM_ACCESS_FAULT;
}

/* QEMU's flash is a ROM: it ignores what is written. */
static sim_access bus_write(void *ctx, uint32_t address, unsigned size, uint32_t value) {
    (void)size, (void)value;
    const oracle_board *board = ctx;
    bool flash = address < ORACLE_FLASH_BYTES || address - board->code < ORACLE_FLASH_BYTES;
    return flash ? SIM_ACCESS_OK : SIM_ACCESS_FAULT;
}

static bool side_start(side *s, const oracle_board *b, const oracle_image *image) {
    const sim_cpu_config config = {.irq_count = b->irqs,
                                   .priority_bits = b->priority_bits,
                                   .cpuid = b->cpuid,
                                   .core = b->core};
    const sim_bus bus = {.ctx = (void *)(uintptr_t)b, .read = bus_read, .write = bus_write};
    s->cpu = sim_cpu_new(&config, &bus);
    s->flash = malloc(ORACLE_FLASH_BYTES);
    s->ram = calloc(1, b->ram_bytes);
    s->flash_code = sim_code_new(ORACLE_FLASH_BYTES);
    s->ram_code = sim_code_new(b->ram_bytes);
    if (s->cpu == NULL || s->flash == NULL || s->ram == NULL || s->flash_code == NULL ||
        s->ram_code == NULL) {
        fprintf(stderr, "oracle: out of memory\n");
        return false;
    }
    memcpy(s->flash, image->flash, ORACLE_FLASH_BYTES);
    unsigned rom = SIM_MAP_READ | SIM_MAP_EXEC | SIM_MAP_FLASH;
    sim_cpu_map(s->cpu, 0, ORACLE_FLASH_BYTES, s->flash, s->flash_code, rom);
    sim_cpu_map(s->cpu, b->code, ORACLE_FLASH_BYTES, s->flash, s->flash_code, rom);
    sim_cpu_map(s->cpu, b->ram, b->ram_bytes, s->ram, s->ram_code,
                SIM_MAP_READ | SIM_MAP_WRITE | SIM_MAP_EXEC);
    sim_cpu_reset(s->cpu, b->code + b->start, b->start);
    return true;
}

static void side_stop(side *s) {
    if (s->cpu != NULL) {
        sim_cpu_free(s->cpu);
    }
    sim_code_free(s->flash_code);
    sim_code_free(s->ram_code);
    free(s->flash);
    free(s->ram);
}

static oracle_state side_state(const side *s) {
    oracle_state st;
    for (unsigned n = 0; n < 16; n++) {
        st.r[n] = sim_cpu_reg(s->cpu, n);
    }
    st.xpsr = sim_cpu_xpsr(s->cpu);
    return st;
}

static bool same(const oracle_state *a, const oracle_state *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

static uint32_t image_word(const oracle_image *image, uint32_t offset) {
    const uint8_t *p = &image->flash[offset];
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The opcode at an address of either side's memory; our RAM, since it was equal so far. */
static uint32_t opcode_at(const run *r, uint32_t pc, unsigned *bytes) {
    uint8_t code[4] = {0};
    uint32_t in_ram = pc - r->board->ram;
    uint32_t in_flash = pc >= r->board->code ? pc - r->board->code : pc;
    if (in_ram <= r->board->ram_bytes - 4) {
        memcpy(code, r->ours.ram + in_ram, 4);
    } else if (in_flash <= ORACLE_FLASH_BYTES - 4) {
        memcpy(code, r->image->flash + in_flash, 4);
    }
    uint32_t first = (uint32_t)(code[0] | code[1] << 8);
    *bytes = enc_size((uint16_t)first);
    return *bytes == 2 ? first : first << 16 | (uint32_t)(code[2] | code[3] << 8);
}

static unsigned block_at(const run *r, uint32_t pc) {
    uint32_t offset = pc - r->board->code;
    return offset < ORACLE_FLASH_BYTES ? r->image->block[offset / 2] : 0;
}

static void print_difference(const char *name, uint32_t ours, uint32_t theirs) {
    if (ours != theirs) {
        fprintf(stderr, " %s %08x, expected %08x;", name, (unsigned)ours, (unsigned)theirs);
    }
}

static void report(const run *r, const oracle_state *ours, const oracle_state *theirs) {
    uint32_t pc = r->before.r[15];
    unsigned bytes;
    uint32_t opcode = opcode_at(r, pc, &bytes);
    const enc_row *row = enc_classify(opcode, bytes);
    fprintf(stderr, "MISMATCH %s block %u pc %08x opcode %0*x %s:", r->label, block_at(r, pc),
            (unsigned)pc, (int)(2 * bytes), (unsigned)opcode, row != NULL ? row->name : "?");
    for (unsigned n = 0; n < 16; n++) {
        char name[8];
        snprintf(name, sizeof name, "r%u", n);
        print_difference(name, ours->r[n], theirs->r[n]);
    }
    print_difference("xpsr", ours->xpsr, theirs->xpsr);
    fprintf(stderr, "\n  before:");
    for (unsigned n = 0; n < 16; n++) {
        fprintf(stderr, " r%u=%08x", n, (unsigned)r->before.r[n]);
    }
    fprintf(stderr, " xpsr=%08x\n", (unsigned)r->before.xpsr);
}

static bool condition(uint32_t cond, uint32_t xpsr) {
    bool n = xpsr >> 31 & 1, z = xpsr >> 30 & 1, c = xpsr >> 29 & 1, v = xpsr >> 28 & 1;
    bool yes[8] = {z, c, n, v, c && !z, n == v, n == v && !z, true};
    return cond >= 14 || yes[cond >> 1] != (cond & 1);
}

static void count(run *r, const oracle_state *s) {
    unsigned bytes;
    uint32_t opcode = opcode_at(r, s->r[15], &bytes);
    const enc_row *row = enc_classify(opcode, bytes);
    r->tally->compared++;
    r->tally->drawn += block_at(r, s->r[15]) != 0;
    if (row == NULL || r->tally->rows == NULL) {
        return;
    }
    oracle_row_tally *t = &r->tally->rows[row - enc_table];
    uint32_t it = (s->xpsr >> 10 & 0x3F) << 2 | (s->xpsr >> 25 & 3);
    if ((it & 15) == 0) {
        t->plain++;
    } else if (condition(it >> 4, s->xpsr)) {
        t->it_passed++;
    } else {
        t->it_failed++;
    }
}

/* False with a line when our core cannot go on. */
static bool step_ours(run *r) {
    sim_cpu *cpu = r->ours.cpu;
    switch (sim_cpu_step(cpu)) {
    case SIM_CPU_RESET_REQUEST:
        sim_cpu_reset(cpu, r->board->code + r->board->start, r->board->start);
        return true;
    case SIM_CPU_LOCKUP:
    case SIM_CPU_BUS_STOP:
    case SIM_CPU_UNMODELLED: {
        const char *text = sim_cpu_stop_text(cpu);
        fprintf(stderr, "MISMATCH %s block %u pc %08x: our core stopped: %s\n", r->label,
                block_at(r, r->before.r[15]), (unsigned)r->before.r[15], text != NULL ? text : "");
        return false;
    }
    case SIM_CPU_SLEEP:
        if (sim_cpu_next_tick(cpu) != UINT64_MAX) {
            sim_cpu_skip_to(cpu, sim_cpu_next_tick(cpu));
        }
        return true;
    default:
        return true;
    }
}

static bool next_theirs(run *r, oracle_state *s) {
    if (qemu_next(&r->theirs, s)) {
        return true;
    }
    fprintf(stderr, "MISMATCH %s pc %08x: QEMU %s\n", r->label, (unsigned)r->before.r[15],
            r->theirs.timed_out ? "is silent: it sleeps or hangs" : "has ended");
    return false;
}

/* To where comparing begins: the reset handler, or past what depends on time. */
static bool run_free(run *r) {
    for (unsigned long n = 0; sim_cpu_reg(r->ours.cpu, 15) != r->compare; n++) {
        if (n == FREE_RUN_LIMIT) {
            fprintf(stderr, "MISMATCH %s: our core does not reach %08x\n", r->label,
                    (unsigned)r->compare);
            return false;
        }
        r->before = side_state(&r->ours);
        if (!step_ours(r)) {
            return false;
        }
    }
    do {
        if (!next_theirs(r, &r->before)) {
            return false;
        }
    } while (r->before.r[15] != r->compare);
    return true;
}

/* An exception's entry may be part of the instruction or a step of its own. */
static bool advance_ours(run *r, const oracle_state *theirs, oracle_state *ours) {
    for (unsigned k = 0; k < 8; k++) {
        if (!step_ours(r)) {
            return false;
        }
        *ours = side_state(&r->ours);
        if (same(ours, theirs) || (ours->xpsr & 511) == (theirs->xpsr & 511)) {
            break;
        }
    }
    return true;
}

static bool compare_all(run *r) {
    /* the flags are UNKNOWN at reset (B1.5.5) */
    sim_cpu_set_xpsr(r->ours.cpu, r->before.xpsr);
    r->start_xpsr = r->before.xpsr;
    for (unsigned n = 0; n < 15 && r->board->start != 0; n++) {
        if (n != 13) { /* so are the registers, and what ran before the program has used them */
            sim_cpu_set_reg(r->ours.cpu, n, r->before.r[n]);
        }
    }
    oracle_state ours = side_state(&r->ours), theirs = r->before;
    if (!same(&ours, &theirs)) {
        report(r, &ours, &theirs);
        return false;
    }
    for (unsigned long n = 0; r->before.r[15] != r->end; n++) {
        count(r, &r->before);
        if (n == COMPARED_LIMIT) {
            fprintf(stderr, "MISMATCH %s pc %08x: the program does not end\n", r->label,
                    (unsigned)r->before.r[15]);
            return false;
        }
        if (!next_theirs(r, &theirs)) {
            return false;
        }
        if (!advance_ours(r, &theirs, &ours)) {
            return false;
        }
        if (oracle_board_adopt(r->board, r->image->flash, &theirs, &ours, r->ours.cpu)) {
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
        uint32_t number = theirs.xpsr & 511;
        r->tally->exceptions += number != 0 && number != (r->before.xpsr & 511);
        r->before = theirs;
    }
    if ((r->before.xpsr & 511) != 0) {
        fprintf(stderr, "MISMATCH %s: the program ends in a handler, by mistake\n", r->label);
        return false;
    }
    return true;
}

/* The same program again, by the fast path and not in single steps: it must end in the
 * same state and leave the same RAM. */
static bool run_in_one_go(run *r) {
    side other = {0};
    bool ok = side_start(&other, r->board, r->image);
    if (ok) {
        sim_cpu_set_xpsr(other.cpu, r->start_xpsr);
    }
    for (unsigned k = 0; ok && k < WHOLE_RUN_SLICES; k++) {
        if (sim_cpu_reg(other.cpu, 15) == r->end) {
            break;
        }
        uint64_t deadline = sim_cpu_cycles(other.cpu) + SLICE_CYCLES;
        ok = sim_cpu_run(other.cpu, deadline) == SIM_CPU_DEADLINE;
    }
    if (ok) {
        oracle_state steps = side_state(&r->ours), whole = side_state(&other);
        ok = same(&steps, &whole) && memcmp(r->ours.ram, other.ram, r->board->ram_bytes) == 0;
    }
    if (!ok) {
        fprintf(stderr, "MISMATCH %s: run in one go, it does not end as in single steps\n",
                r->label);
    }
    side_stop(&other);
    return ok;
}

bool lockstep_run(const oracle_board *board, oracle_image *image, const char *label,
                  oracle_tally *tally) {
    oracle_board_prepare(board, image->flash);
    run r = {.board = board, .label = label, .image = image, .tally = tally};
    r.theirs.log = -1;
    r.end = image_word(image, board->start + 4 * ORACLE_VECTOR_END);
    r.compare = image_word(image, board->start + 4 * ORACLE_VECTOR_COMPARE) & ~1u;
    bool from_reset = r.compare == 0 || r.compare == (image_word(image, board->start + 4) & ~1u);
    if (from_reset) {
        r.compare = image_word(image, board->start + 4) & ~1u; /* from the first instruction */
    }
    bool ok = side_start(&r.ours, board, image) &&
              qemu_start(&r.theirs, board->machine, board->load, false, image->flash,
                         sizeof image->flash) &&
              run_free(&r) && compare_all(&r);
    qemu_stop(&r.theirs);
    ok = ok && (!from_reset || run_in_one_go(&r));
    side_stop(&r.ours);
    return ok;
}
