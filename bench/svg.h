/* Bars for the pages: small, by itself, readable on a light and on a dark page. */
#ifndef BENCH_SVG_H
#define BENCH_SVG_H

#include <stdbool.h>
#include <stddef.h>

#define SVG_SERIES_MAX 5u
#define SVG_GROUPS_MAX 8u

typedef struct svg_bars {
    const char *title;
    const char *unit;
    bool logarithmic;
    size_t groups, series;
    const char *group[SVG_GROUPS_MAX];
    const char *name[SVG_SERIES_MAX];
    double value[SVG_GROUPS_MAX][SVG_SERIES_MAX]; /* above 0 */
} svg_bars;

bool svg_write(const svg_bars *bars, const char *path);

#endif
