/* The figures that matter of one part, measured now, in virtual time: they repeat to the
 * cycle. tools/bench runs it:
 *   bench CHIP DIRECTORY [BASELINE]
 *   bench CHIP --boot: where a boot's cycles go, for tools/stage1-cycles
 * DIRECTORY has CHIP.sizes and CHIP.decoder and is given CHIP.csv. With BASELINE, an earlier CSV,
 * status 1 where a figure is worse. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/bench.h"
#include "twinbank/expand.h"

#define MS SIM_PS_PER_MS
#define LOSE_EVERY 100u /* of the frames, where a line is bad */

static figures all;
static const char *chip, *directory;

static void path_of(char *out, size_t room, const char *ending)
{
    snprintf(out, room, "%s/%s.%s", directory, chip, ending);
}

/* ---- sizes and stacks, from tools/check-budgets ------------------------------------------- */

static void sizes(void)
{
    char path[300], text[160], row[32], item[32], name[FIGURE_NAME_BYTES];
    unsigned bytes, limit;
    path_of(path, sizeof path, "sizes");
    FILE *in = fopen(path, "r");
    bench_must(in != NULL, path);
    while (fgets(text, sizeof text, in) != NULL) {
        bench_must(sscanf(text, "%31s %31s %u of %u", row, item, &bytes, &limit) == 4, text);
        snprintf(name, sizeof name, "size: %s", item);
        figures_add(&all, name, bytes, "bytes", limit, "budget", FIGURE_LESS);
    }
    fclose(in);
}

/* ---- boot ---------------------------------------------------------------------------------- */

/* Bytes that one access of the flash yields, in dual-bank mode. */
static unsigned flash_line_bytes(const tb_chip *row)
{
    static const unsigned bytes[] = {[TB_FAMILY_G4] = 8, [TB_FAMILY_L4] = 8, [TB_FAMILY_L4PLUS] = 8,
                                     [TB_FAMILY_U5] = 16, [TB_FAMILY_F7] = 16, [TB_FAMILY_H7] = 32};
    return bytes[row->family];
}

static void wakes(void)
{
    static const char *const how[] = {"full check", "token"};

    for (unsigned token = 0; token < 2u; token++) {
        boot_result r = bench_wake(chip, token != 0u);
        char name[64];

        snprintf(name, sizeof name, "boot: wake from Standby: %s", how[token]);
        figures_add(&all, name, (double)r.cycles, "cycles", 0, "", FIGURE_LESS);
        snprintf(name, sizeof name, "boot: wake from Standby: %s: time", how[token]);
        figures_add(&all, name, r.microseconds, "us", 0, "", FIGURE_LESS);
    }
}

static void boots(const tb_chip *row)
{
    boot_result small = bench_boot(chip, false), full = bench_boot(chip, true);
    double unit = full.payload_bytes; /* 4 cycles a word */
    double waits = (double)full.payload_bytes / flash_line_bytes(row) * full.wait_states;
    figures_add(&all, "boot: CRC loop over a full slot", (double)full.loop_cycles, "cycles",
                unit + waits, "CRC unit + flash", FIGURE_LESS);
    figures_add(&all, "boot: all else", (double)(full.cycles - full.loop_cycles), "cycles", 3000,
                "goal", FIGURE_LESS);
    figures_add(&all, "boot: full slot", full.microseconds, "us", 0, "", FIGURE_LESS);
    figures_add(&all, "boot: small application", small.microseconds, "us", 0, "", FIGURE_LESS);
    wakes();
    stage2_result s = bench_stage2(chip);
    figures_add(&all, "boot: stage 2: unpacking", (double)s.unpack_cycles, "cycles", 0, "",
                FIGURE_LESS);
    figures_add(&all, "boot: stage 2: unpacking: time", s.unpack_microseconds, "us", 0, "",
                FIGURE_LESS);
    figures_add(&all, "boot: stage 2: until it listens", s.microseconds, "us", 0, "", FIGURE_LESS);
    figures_add(&all, "boot: flash operations", (double)full.flash_writes, "", 0, "", FIGURE_LESS);
}

/* ---- whole images ---------------------------------------------------------------------------- */

static void rate(const char *name, const update_result *r, uint32_t baud)
{
    update_rate rate = bench_rate(r, baud);
    figures_add(&all, name, rate.got, "bytes/s", bench_rate_limit(&rate),
                rate.line < rate.flash ? "line" : "flash", FIGURE_MORE);
}

/* false: what runs cannot make that rate. */
static bool whole_image(bool stage2, uint32_t baud, sim_ps latency, unsigned lose_every)
{
    const update_case c = {.chip = chip, .factory = "factory.hex", .runs = "1.0.0",
                           .image = "app-200k.twb", .stage2 = stage2, .plain = true, .baud = baud,
                           .in_latency = latency, .lose_every = lose_every};
    update_result r = bench_update(&c);
    char name[FIGURE_NAME_BYTES];
    snprintf(name, sizeof name, "200 KB: %s at %u%s%s", stage2 ? "stage 2" : "application",
             (unsigned)baud, latency ? " through 16 ms" : "",
             lose_every ? " losing 1 in 100" : "");
    if (r.possible) {
        rate(name, &r, baud);
    }
    return r.possible;
}

static void tutorial(void)
{
    update_result r = bench_tutorial(chip, "factory-no-app.hex", "app-200k.twb");
    double frames = (double)((r.image_bytes + 127u) / 128u) + 1.0;
    double best = ((double)r.image_bytes + frames * 9.0) * 10.0 / 115200.0;
    bool by_line = best > r.flash_seconds;
    figures_add(&all, "tutorial's client: stage 2 at 115200", (double)r.image_bytes / r.seconds,
                "bytes/s", (double)r.image_bytes / (by_line ? best : r.flash_seconds),
                by_line ? "stop and wait" : "flash", FIGURE_MORE);
}

/* ---- fewer bytes -------------------------------------------------------------------------- */

static void pair_sizes(void)
{
    pair_result pairs[PAIRS];
    char name[FIGURE_NAME_BYTES];
    bench_pairs(chip, directory, true, pairs);
    for (size_t i = 0; i < PAIRS; i++) {
        const pair_result *p = &pairs[i];
        const struct {
            const char *what;
            size_t bytes;
            figure_better better;
        } list[] = {
            {"zlib -9", p->zlib, FIGURE_TOLD},     {"ours without a source", p->lz, FIGURE_LESS},
            {"bsdiff", p->bsdiff, FIGURE_TOLD},    {"xdelta3 -9", p->xdelta3, FIGURE_TOLD},
            {"ours as a delta", p->delta, FIGURE_LESS},
        };
        for (size_t k = 0; k < sizeof list / sizeof list[0]; k++) {
            snprintf(name, sizeof name, "%s: %s", p->name, list[k].what);
            figures_add(&all, name, (double)list[k].bytes, "bytes", (double)p->raw, "raw",
                        list[k].better);
        }
    }
}

static void pair_update(const char *how, bool plain, const char *source, bool stage2, uint32_t baud)
{
    const update_case c = {.chip = chip, .factory = "pair-factory.hex", .runs = "2.0.0",
                           .image = "pair-function.twb", .source = source, .plain = plain,
                           .stage2 = stage2, .baud = baud};
    update_result r = bench_update(&c);
    char name[FIGURE_NAME_BYTES];
    if (!r.possible) {
        return;
    }
    snprintf(name, sizeof name, "update: %s by %s at %u", how, stage2 ? "stage 2" : "application",
             (unsigned)baud);
    figures_add(&all, name, r.seconds, "s", r.flash_seconds, "flash", FIGURE_LESS);
}

static void pair_updates(void)
{
    static const uint32_t bauds[] = {115200, 921600};
    for (size_t i = 0; i < 2; i++) {
        pair_update("whole", true, NULL, true, bauds[i]);
        pair_update("compressed", false, NULL, true, bauds[i]);
        pair_update("delta", false, "pair-base.twb", true, bauds[i]);
    }
    pair_update("delta", false, "pair-base.twb", false, 115200);
}

/* ---- the decoder -------------------------------------------------------------------------- */

#define RANGES_MAX 32u
#define SAMPLE_PS (SIM_PS_PER_US * 13u / 10u)

typedef struct decoder {
    uint32_t address[RANGES_MAX], bytes[RANGES_MAX];
    size_t ranges;
    uint64_t last_cycle, cycles; /* in those ranges */
} decoder;

static void sample(void *ctx, sim_machine *m)
{
    decoder *d = ctx;
    uint32_t pc = sim_cpu_reg(sim_core(m), 15);
    uint64_t now = sim_cpu_cycles(sim_core(m));
    for (size_t i = 0; i < d->ranges && d->last_cycle != 0; i++) {
        d->cycles += pc - d->address[i] < d->bytes[i] ? now - d->last_cycle : 0;
    }
    d->last_cycle = now;
}

static void decode(void)
{
    decoder d = {0};
    char path[300];
    uint32_t code = 0;
    path_of(path, sizeof path, "decoder");
    FILE *in = fopen(path, "r");
    bench_must(in != NULL, path);
    while (d.ranges < RANGES_MAX &&
           fscanf(in, "%x %x", &d.address[d.ranges], &d.bytes[d.ranges]) == 2) {
        code += d.bytes[d.ranges++];
    }
    fclose(in);
    if (code == 0) {
        return; /* stage 2 of an F7 has no room for it */
    }
    figures_add(&all, "decoder: code in stage 2", code, "bytes", 3072, "goal", FIGURE_LESS);
    figures_add(&all, "decoder: RAM", sizeof(tb_expand), "bytes", 0, "", FIGURE_LESS);
    const update_case c = {.chip = chip, .factory = "factory.hex", .runs = "1.0.0",
                           .image = "app-1.1.0.twb", .stage2 = true, .baud = 115200,
                           .sample = sample, .sample_ctx = &d, .sample_every = SAMPLE_PS};
    update_result r = bench_update(&c);
    bench_must(r.sent.how == TB_SENT_COMPRESSED, "nothing was compressed");
    figures_add(&all, "decoder: per byte of the image", (double)d.cycles / (double)r.image_bytes,
                "cycles", 0, "", FIGURE_LESS);
}

int main(int argc, char **argv)
{
    static figures baseline;
    char path[300];
    struct stat st;

    if (argc < 3) {
        fprintf(stderr, "usage: bench CHIP DIRECTORY [BASELINE]\n");
        return 2;
    }
    chip = argv[1];
    if (strcmp(argv[2], "--boot") == 0) {
        bench_boot_places(chip, stdout);
        return 0;
    }
    directory = argv[2];
    const board b = {.chip = tb_chip_find(chip)};
    bench_must(b.chip != NULL && b.chip->has_banks, "no such chip");
    sizes();
    boots(b.chip);
    for (int stage2 = 1; stage2 >= 0; stage2--) {
        for (sim_ps latency = 0; latency <= 16 * MS; latency += 16 * MS) {
            (void)whole_image(stage2 != 0, 115200, latency, 0);
            if (!whole_image(stage2 != 0, 921600, latency, 0)) { /* 16 MHz divide to 1 M exactly */
                (void)whole_image(stage2 != 0, 1000000, latency, 0);
            }
        }
    }
    (void)whole_image(true, 115200, 0, LOSE_EVERY);
    if (!whole_image(true, 921600, 16 * MS, LOSE_EVERY)) {
        (void)whole_image(true, 1000000, 16 * MS, LOSE_EVERY);
    }
    tutorial();
    decode();
    if (stat(board_file(&b, "pair-factory.hex"), &st) == 0) {
        pair_updates();
        pair_sizes();
    }
    figures_table(&all, stdout);
    path_of(path, sizeof path, "csv");
    if (!figures_save(&all, path) || (argc > 3 && !figures_load(&baseline, argv[3]))) {
        return 1;
    }
    return argc > 3 && figures_compare(&all, &baseline, stdout) > 0;
}
