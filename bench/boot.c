#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "boot/stage2/packed.h"

/* PCs of stage 1, and where it copies itself to; by half-word. */
#define CODE_BYTES 0x10000u
#define PLACES (CODE_BYTES / 2u)

typedef struct profile {
    uint32_t flash[PLACES], ram[PLACES]; /* instructions */
    uint64_t flash_cycles[PLACES], ram_cycles[PLACES];
} profile;

/* The small application's image made as long as the slot takes. */
static void fill_slot(tb_image_file *image, const tb_chip *chip)
{
    uint32_t total = (tb_slot_image_bytes(chip) - TB_HEADER_BYTES) & ~31u, random = 1;
    uint8_t *data = realloc(image->data, TB_HEADER_BYTES + total);
    bench_must(data != NULL, "no memory");
    for (size_t i = image->bytes; i < TB_HEADER_BYTES + total; i++) {
        random = random * 1664525u + 1013904223u;
        data[i] = (uint8_t)(random >> 24);
    }
    image->data = data;
    image->bytes = TB_HEADER_BYTES + total;
    image->head.size = total;
    image->head.crc32 = tb_crc32(0, data + TB_HEADER_BYTES, total);
    image->head.header_crc32 = tb_crc32(0, &image->head, offsetof(tb_image_head, header_crc32));
    memcpy(data, &image->head, sizeof image->head);
}

static void program_full(board *b, const char *stage1, const char *name)
{
    char path[256], app[] = "/tmp/twinbank-bench-XXXXXX";
    tb_image_file image;
    tb_complaint why;
    int file = mkstemp(app);

    bench_must(file >= 0, "cannot make a temporary file");
    snprintf(path, sizeof path, "%s", board_file(b, stage1));
    bench_must(tb_image_load(&image, board_file(b, name), &why), name);
    fill_slot(&image, b->chip);
    bench_must(tb_file_write(app, image.data, image.bytes, &why), app);
    board_program(b, path, app);
    tb_image_file_free(&image);
    (void)remove(app);
    sim_power_on(b->machine, true);
}

/* Instruction by instruction up to the slot. */
static void run_to_slot(board *b, profile *p, boot_result *r)
{
    sim_cpu *core = sim_core(b->machine);
    uint32_t entry = TB_FLASH_BASE + b->chip->slot_offset;
    sim_ps start = sim_now(b->machine);
    uint64_t start_cycles = sim_cpu_cycles(core), before = start_cycles;
    uint32_t with[16] = {0}; /* instructions by wait states: most are the loop's */

    for (;;) {
        uint32_t pc = sim_cpu_reg(core, 15);
        if (pc >= entry && pc < TB_FLASH_BASE + b->chip->bank_bytes) {
            break;
        }
        bench_must(sim_now(b->machine) - start < SIM_PS_PER_S, "the application is not reached");
        sim_run(b->machine, sim_now(b->machine) + 1);
        uint64_t cycles = sim_cpu_cycles(core);
        if (pc - TB_FLASH_BASE < CODE_BYTES) {
            p->flash[(pc - TB_FLASH_BASE) / 2u]++;
            p->flash_cycles[(pc - TB_FLASH_BASE) / 2u] += cycles - before;
        } else if (pc - b->chip->sram.base < CODE_BYTES) {
            p->ram[(pc - b->chip->sram.base) / 2u]++;
            p->ram_cycles[(pc - b->chip->sram.base) / 2u] += cycles - before;
        }
        unsigned latency = sim_flash_latency(b->machine) & 15u;
        if (++with[latency] > with[r->wait_states]) {
            r->wait_states = latency;
        }
        before = cycles;
    }
    r->cycles = sim_cpu_cycles(core) - start_cycles;
    r->microseconds = (double)(sim_now(b->machine) - start) / 1e6;
}

static boot_result boot(const char *chip, bool full, profile *p)
{
    board *b = board_new_exact(chip, full ? "factory-no-app.hex" : "factory.hex", 1);
    boot_result r = {0};

    bench_must(p != NULL, "no memory");
    if (full) {
        program_full(b, "stage1.elf", "app-1.0.0.twb");
    }
    bench_must(board_wait(b, "1.0.0", 5 * SIM_PS_PER_S), "1.0.0 does not come up");
    board_run(b, 300 * SIM_PS_PER_MS);
    bench_must(sim_peek(b->machine, TB_FLASH_BASE + b->chip->slot_offset +
                                        (uint32_t)offsetof(tb_image_head, size),
                        &r.payload_bytes, sizeof r.payload_bytes),
               "the image cannot be read");
    uint64_t writes = sim_op_count(b->machine, 0);
    sim_pin_reset(b->machine);
    run_to_slot(b, p, &r);
    r.flash_writes = sim_op_count(b->machine, 0) - writes;
    board_free(b);
    return r;
}

boot_result bench_boot(const char *chip, bool full)
{
    profile *p = calloc(1, sizeof *p);
    boot_result r = boot(chip, full, p);
    uint32_t often = r.payload_bytes / 256u;

    /* What is done at least once for 64 words is the loop over the payload. */
    for (size_t i = 0; i < PLACES; i++) {
        r.loop_cycles += p->flash[i] >= often ? p->flash_cycles[i] : 0;
        r.loop_cycles += p->ram[i] >= often ? p->ram_cycles[i] : 0;
    }
    free(p);
    return r;
}

boot_result bench_wake(const char *chip, bool token)
{
    board *b = board_new_exact(chip, "factory-no-app.hex", 1);
    boot_result r = {0};

    program_full(b, token ? "stage1-token.elf" : "stage1.elf", "app-standby.twb");
    bench_must(board_wait(b, "to Standby", SIM_PS_PER_S), "app-standby does not come up");
    board_run(b, SIM_PS_PER_MS);
    bench_must(sim_in_standby(b->machine), "app-standby is not in Standby");
    sim_ps start = sim_now(b->machine);
    sim_pin_drive(b->machine, 0, 0, 1);
    r.cycles = board_to_slot(b, SIM_PS_PER_S);
    r.microseconds = (double)(sim_now(b->machine) - start) / 1e6;
    bench_must(r.cycles != 0, "the application is not reached");
    board_free(b);
    return r;
}

static uint32_t peek(const board *b, uint32_t address, unsigned bytes)
{
    uint32_t word = 0;

    bench_must(sim_peek(b->machine, address, &word, bytes), "stage 2 cannot be read");
    return word;
}

/* An instruction, and what follows on it. */
static uint32_t step(board *b, sim_ps limit)
{
    bench_must(sim_now(b->machine) < limit, "stage 2 does not come up");
    sim_run(b->machine, sim_now(b->machine) + 1);
    return sim_cpu_reg(sim_core(b->machine), 15);
}

stage2_result bench_stage2(const char *chip)
{
    enum { WFI = 0xBF30 };
    board *b = board_new_exact(chip, "factory-no-app.hex", 1);
    uint32_t run = b->chip->stage2_run, bytes = b->chip->stage2_bytes, pc;
    stage2_result r = {0};

    sim_ps start = sim_now(b->machine), limit = start + SIM_PS_PER_S;
    do {
        pc = step(b, limit);
    } while (pc - run >= bytes);
    /* The clock is raised before. What is written first is the end, which has held until now what
     * RAM holds after power-on. */
    uint32_t packed_from = peek(b, run + STAGE2_FIRST, 4);
    uint32_t last = peek(b, run + STAGE2_END, 4) - 4u, before = peek(b, last, 4);
    while (peek(b, last, 4) == before) {
        (void)step(b, limit);
    }
    uint64_t cycles = sim_cpu_cycles(sim_core(b->machine));
    sim_ps unpacking = sim_now(b->machine);
    do {
        pc = step(b, limit);
    } while (pc < packed_from);
    r.unpack_cycles = sim_cpu_cycles(sim_core(b->machine)) - cycles;
    r.unpack_microseconds = (double)(sim_now(b->machine) - unpacking) / 1e6;
    while (peek(b, pc, 2) != WFI) {
        pc = step(b, limit);
    }
    r.microseconds = (double)(sim_now(b->machine) - start) / 1e6;
    board_free(b);
    return r;
}

void bench_boot_places(const char *chip, FILE *out)
{
    profile *p = calloc(1, sizeof *p);
    uint32_t ram = tb_chip_find(chip)->sram.base;

    boot_result r = boot(chip, true, p);
    fprintf(out, "%.1f us\n", r.microseconds);
    for (uint32_t i = 0; i < PLACES; i++) {
        if (p->flash[i] != 0) {
            fprintf(out, "%08x %u %llu\n", TB_FLASH_BASE + 2u * i, p->flash[i],
                    (unsigned long long)p->flash_cycles[i]);
        }
        if (p->ram[i] != 0) {
            fprintf(out, "%08x %u %llu\n", ram + 2u * i, p->ram[i],
                    (unsigned long long)p->ram_cycles[i]);
        }
    }
    free(p);
}
