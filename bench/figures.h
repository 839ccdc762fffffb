/* What was measured: a table for people, a CSV for later, and the comparison with an
 * earlier one. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define FIGURES_MAX 160u
#define FIGURE_NAME_BYTES 64u

typedef enum figure_better {
    FIGURE_LESS, /* is better */
    FIGURE_MORE,
    FIGURE_TOLD  /* neither: not compared */
} figure_better;

typedef struct figure {
    char name[FIGURE_NAME_BYTES]; /* without commas */
    double value;
    char unit[16];
    double limit; /* 0: none */
    char limit_is[24];
    figure_better better;
} figure;

typedef struct figures {
    figure list[FIGURES_MAX];
    size_t count;
} figures;

/* limit_is: what sets the limit ("line", "flash"), "" for none. Ends the program where there is
 * no room. */
void figures_add(figures *f, const char *name, double value, const char *unit, double limit,
                 const char *limit_is, figure_better better);
void figures_table(const figures *f, FILE *out);
bool figures_save(const figures *f, const char *path);
/* false: cannot be read; a message went to stderr. */
bool figures_load(figures *f, const char *path);
/* Worse than the baseline by more than 2 % is told and counted; so is what is missing. Better by
 * more than that, or new, is told only. Returns how many are worse. */
#define FIGURES_TOLERANCE 0.02
unsigned figures_compare(const figures *now, const figures *baseline, FILE *out);

#endif
