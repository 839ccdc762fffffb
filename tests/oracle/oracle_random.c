/* Random instructions in lockstep:
 *   oracle_random [--core m4|m7|m33] [--seed N] [--count N] [--per-image N] [--least N] [--list] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encodings.h"
#include "lockstep.h"

typedef struct options {
    const oracle_board *board;
    uint64_t seed;
    unsigned long count;
    unsigned per_image, least;
    bool list;
} options;

static oracle_image image;

static bool parse(int argc, char **argv, options *o) {
    const char *seed = getenv("ORACLE_SEED");
    *o = (options){.board = oracle_board_find("m4"), .seed = 1, .count = 200000, .per_image = 30000, .least = 20};
    for (int k = 1; k < argc; k++) {
        if (strcmp(argv[k], "--list") == 0) {
            o->list = true;
            continue;
        }
        if (strcmp(argv[k], "--core") == 0 && k + 1 < argc) {
            o->board = oracle_board_find(argv[++k]);
            continue;
        }
        char *end = NULL;
        unsigned long long v = k + 1 < argc ? strtoull(argv[k + 1], &end, 0) : 0;
        if (end == NULL || *end != 0 || end == argv[k + 1]) {
            return false;
        }
        if (strcmp(argv[k], "--seed") == 0) {
            o->seed = v;
        } else if (strcmp(argv[k], "--count") == 0) {
            o->count = (unsigned long)v;
        } else if (strcmp(argv[k], "--per-image") == 0 && v >= 1 && v <= 45000) {
            o->per_image = (unsigned)v;
        } else if (strcmp(argv[k], "--least") == 0) {
            o->least = (unsigned)v;
        } else {
            return false;
        }
        k++;
    }
    if (seed != NULL && *seed != 0) {
        o->seed = strtoull(seed, NULL, 0);
    }
    return o->board != NULL;
}

/* Every row often enough: outside IT blocks, and inside with either outcome. */
static bool covered(const oracle_tally *tally, const options *o) {
    bool ok = true;
    for (unsigned k = 0; k < enc_count; k++) {
        const enc_row *row = &enc_table[k];
        const oracle_row_tally *t = &tally->rows[k];
        if (o->list) {
            printf("%-24s %8u %8u %8u\n", row->name, t->plain, t->it_passed, t->it_failed);
        }
        if (row->kind == ENC_SCENARIO || !enc_present(row)) {
            continue;
        }
        bool it = !(row->flags & ENC_NOIT);
        /* a branch stands only at the end of a block, a quarter as often */
        unsigned in_it = row->flags & ENC_ITLAST ? (o->least + 3) / 4 : o->least / 2;
        if (t->plain < o->least || (it && (t->it_passed < in_it || t->it_failed < in_it))) {
            fprintf(stderr, "too few of %s: %u plain, %u in IT passed, %u in IT failed\n",
                    row->name, t->plain, t->it_passed, t->it_failed);
            ok = false;
        }
    }
    return ok;
}

int main(int argc, char **argv) {
    options o;
    if (!parse(argc, argv, &o)) {
        fprintf(stderr, "usage: %s [--core m4|m7|m33] [--seed N] [--count N] [--per-image N] [--least N] "
                "[--list]\n", argv[0]);
        return 2;
    }
    printf("%s, seed %llu (ORACLE_SEED overrides), %lu instructions\n", o.board->machine,
           (unsigned long long)o.seed, o.count);
    fflush(stdout);
    enc_prepare(o.board->core == SIM_CORE_M33);
    oracle_tally tally = {.rows = calloc(enc_count, sizeof(oracle_row_tally))};
    if (tally.rows == NULL) {
        return 1;
    }
    bool ok = true;
    for (unsigned n = 0; ok && tally.drawn < o.count; n++) {
        char label[64];
        snprintf(label, sizeof label, "%s seed %llu", o.board->name,
                 (unsigned long long)(o.seed + n));
        oracle_generate(o.board, &image, o.seed + n, o.per_image);
        ok = lockstep_run(o.board, &image, label, &tally);
    }
    printf("%lu states equal, %lu of them before drawn instructions, %lu exceptions, "
           "%u encodings\n",
           tally.compared, tally.drawn, tally.exceptions, enc_count);
    ok = ok && covered(&tally, &o);
    free(tally.rows);
    return ok ? 0 : 1;
}
