/* Random floating-point programs in lockstep, until every encoding of the core has been seen
 * often enough: fp_random --core m4 [--seed N] [--count N] [--per-image N] [--least N] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fp_encodings.h"
#include "fp_generate.h"

static fp_image image;

typedef struct options {
    const oracle_board *board;
    unsigned long long seed;
    unsigned long count;
    unsigned per_image, least;
} options;

static bool parse(int argc, char **argv, options *o) {
    const char *seed = getenv("ORACLE_SEED");
    for (int k = 1; k + 1 < argc; k += 2) {
        unsigned long long v = strtoull(argv[k + 1], NULL, 0);
        if (strcmp(argv[k], "--core") == 0) {
            o->board = oracle_board_find(argv[k + 1]);
        } else if (strcmp(argv[k], "--seed") == 0) {
            o->seed = v;
        } else if (strcmp(argv[k], "--count") == 0) {
            o->count = (unsigned long)v;
        } else if (strcmp(argv[k], "--per-image") == 0) {
            o->per_image = (unsigned)v;
        } else if (strcmp(argv[k], "--least") == 0) {
            o->least = (unsigned)v;
        } else {
            return false;
        }
    }
    if (seed != NULL && *seed != 0) {
        o->seed = strtoull(seed, NULL, 0);
    }
    return argc % 2 == 1 && o->board != NULL && o->per_image <= FP_PER_IMAGE_LIMIT;
}

static bool covered(const options *o, const fp_tally *tally) {
    bool ok = true;
    for (unsigned n = 0; n < fp_row_count; n++) {
        if (fp_board_has(o->board, n) && tally->rows[n] < o->least) {
            fprintf(stderr, "too few of %s: %lu\n", fp_rows[n].name, tally->rows[n]);
            ok = false;
        }
    }
    return ok;
}

int main(int argc, char **argv) {
    options o = {NULL, 1, 100000, 8000, 500};
    if (!parse(argc, argv, &o)) {
        fprintf(stderr, "usage: %s --core m4|m7|m33 [--seed N] [--count N] [--per-image N] "
                        "[--least N]\n", argv[0]);
        return 2;
    }
    unsigned long *rows = calloc(fp_row_count, sizeof *rows);
    const char **names = calloc(fp_row_count, sizeof *names);
    if (rows == NULL || names == NULL) {
        return 1;
    }
    for (unsigned n = 0; n < fp_row_count; n++) {
        names[n] = fp_rows[n].name;
    }
    printf("%s, seed %llu (ORACLE_SEED overrides), %lu instructions\n", o.board->machine, o.seed,
           o.count);
    fflush(stdout);
    fp_tally tally = {.rows = rows, .names = names};
    bool ok = true;
    for (unsigned n = 0; ok && tally.drawn < o.count; n++) {
        char label[64];
        snprintf(label, sizeof label, "%s seed %llu", o.board->name, o.seed + n);
        fp_generate(o.board, &image, o.seed + n, o.per_image);
        ok = fp_lockstep(o.board, &image, label, &tally);
    }
    printf("%lu states equal, %lu of them before drawn instructions\n", tally.compared,
           tally.drawn);
    ok = ok && covered(&o, &tally);
    free(rows);
    free(names);
    return ok ? 0 : 1;
}
