/* What one update costs over several links, and 100,000 of them: tables in Markdown into one
 * directory, plots into another. tools/bench --pages puts both into docs/performance.md.
 *   bench_scale CHIP TABLES PLOTS */
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/svg.h"

#define DEVICES 100000.0

typedef struct medium {
    const char *name;
    uint32_t baud;         /* of the part's UART */
    sim_ps latency;        /* each way */
    double bytes_a_second; /* each way; 0: the UART's */
} medium;

static const medium media[] = {
    {"LoRa-like", 115200, 500 * SIM_PS_PER_MS, 683},
    {"9600 baud", 9600, 0, 0},
    {"115200 baud", 115200, 0, 0},
    {"CAN-like", 921600, 2 * SIM_PS_PER_MS, 31250},
    {"921600 baud", 921600, 0, 0},
    {"3 M baud", 3000000, 0, 0},
};
#define MEDIA (sizeof media / sizeof media[0])

typedef struct way {
    const char *name, *image, *source;
    bool plain;
} way;

static const way ways[] = {
    {"whole", "pair-function.twb", NULL, true},
    {"compressed", "pair-function.twb", NULL, false},
    {"delta, -O2 for -Os", "pair-flags.twb", "pair-base.twb", false},
    {"delta, a function added", "pair-function.twb", "pair-base.twb", false},
};
#define WAYS (sizeof ways / sizeof ways[0])

static update_result results[MEDIA][WAYS];

static void measure(const char *chip)
{
    for (size_t m = 0; m < MEDIA; m++) {
        for (size_t w = 0; w < WAYS; w++) {
            double rate = media[m].bytes_a_second;
            const update_case c = {.chip = chip, .factory = "pair-factory.hex", .runs = "2.0.0",
                                   .image = ways[w].image, .source = ways[w].source,
                                   .plain = ways[w].plain, .stage2 = true, .baud = media[m].baud,
                                   .in_latency = media[m].latency, .out_latency = media[m].latency,
                                   .per_byte = rate > 0 ? (sim_ps)(1e12 / rate) : 0};
            results[m][w] = bench_update(&c);
            bench_must(results[m][w].possible, "stage 2 does not change to that baud");
            fprintf(stderr, "bench: %s, %s: %.2f s\n", media[m].name, ways[w].name,
                    results[m][w].seconds);
        }
    }
}

static FILE *table(const char *directory, const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s.md", directory, name);
    FILE *out = fopen(path, "w");
    bench_must(out != NULL, path);
    return out;
}

static void costs(const char *directory)
{
    FILE *out = table(directory, "costs");
    fprintf(out, "| | image | to the device | back | erases | units | 100,000: sent | erases |"
                 " units |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n");
    for (size_t w = 0; w < WAYS; w++) {
        const update_result *r = &results[2][w];
        fprintf(out, "| %s | %zu | %llu | %llu | %llu | %llu | %.2f GB | %.1f M | %.2f G |\n",
                ways[w].name, r->image_bytes, (unsigned long long)r->to_part,
                (unsigned long long)r->from_part, (unsigned long long)r->pages,
                (unsigned long long)r->units, (double)r->to_part * DEVICES / 1e9,
                (double)r->pages * DEVICES / 1e6, (double)r->units * DEVICES / 1e9);
    }
    bench_must(fclose(out) == 0, "cannot write a table");
}

static void times(const char *directory)
{
    FILE *out = table(directory, "times");
    fprintf(out, "| |");
    for (size_t w = 0; w < WAYS; w++) {
        fprintf(out, " %s |", ways[w].name);
    }
    fprintf(out, "\n|---|---:|---:|---:|---:|\n");
    for (size_t m = 0; m < MEDIA; m++) {
        fprintf(out, "| %s |", media[m].name);
        for (size_t w = 0; w < WAYS; w++) {
            double s = results[m][w].seconds;
            bool whole = w > 0 && results[m][w].sent.how == TB_SENT_PLAIN;
            fprintf(out, " %.*f s, %.0f h%s |", s < 100 ? 2 : 0, s, s * DEVICES / 3600.0,
                    whole ? " (whole)" : "");
        }
        fprintf(out, "\n");
    }
    bench_must(fclose(out) == 0, "cannot write a table");
}

static void plot(const char *directory, const char *name, const svg_bars *bars)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    bench_must(svg_write(bars, path), path);
}

static void plot_seconds(const char *directory)
{
    svg_bars bars = {.title = "One update of 153 KB: seconds (logarithmic)", .unit = "s",
                     .logarithmic = true, .groups = MEDIA, .series = WAYS};
    for (size_t w = 0; w < WAYS; w++) {
        bars.name[w] = ways[w].name;
    }
    for (size_t m = 0; m < MEDIA; m++) {
        bars.group[m] = media[m].name;
        for (size_t w = 0; w < WAYS; w++) {
            bars.value[m][w] = results[m][w].seconds;
        }
    }
    plot(directory, "performance-seconds.svg", &bars);
}

/* Their table is of the baseline (tools/bench). */
static void plot_bytes(const char *chip, const char *scratch, const char *directory)
{
    pair_result p[PAIRS];
    svg_bars bars = {.title = "Bytes to send, in per cent of the image (logarithmic)", .unit = "%",
                     .logarithmic = true, .groups = PAIRS, .series = 5,
                     .name = {"zlib -9", "ours", "bsdiff", "xdelta3 -9", "ours, delta"}};
    bench_pairs(chip, scratch, true, p);
    for (size_t i = 0; i < PAIRS; i++) {
        const size_t bytes[5] = {p[i].zlib, p[i].lz, p[i].bsdiff, p[i].xdelta3, p[i].delta};
        bars.group[i] = p[i].name;
        for (size_t k = 0; k < 5; k++) {
            bars.value[i][k] = 100.0 * (double)bytes[k] / (double)p[i].raw;
        }
    }
    plot(directory, "performance-bytes.svg", &bars);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: bench_scale CHIP TABLES PLOTS\n");
        return 2;
    }
    measure(argv[1]);
    costs(argv[2]);
    times(argv[2]);
    plot_seconds(argv[3]);
    plot_bytes(argv[1], argv[2], argv[3]);
    return 0;
}
