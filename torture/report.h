/* What a run of torture came to: as a page for people, and as JSON. */
#ifndef TORTURE_REPORT_H
#define TORTURE_REPORT_H

#include "torture/lives.h"

#define REPORT_CASES 4u /* failures that are told of each scenario */

typedef struct report_row {
    const tb_chip *chip;
    const scenario *s;
    uint32_t ops, cases;
    unsigned long long lives, deep, ran, joined, audited, checks, outcome[OUTCOMES];
    unsigned long long longest_us, clean_us, deep_locked;
    unsigned most_boots, failures;
    wear wear;
    double seconds;
    unsigned bin[2][BINS][OUTCOMES];
    char failed[REPORT_CASES][CASE_TEXT_BYTES], why[REPORT_CASES][RIG_TEXT_BYTES];
} report_row;

typedef struct report {
    uint32_t seed;
    unsigned depth, sample;
    double seconds, busy;
    report_row *row;
    size_t rows;
} report;

/* false: the file could not be written. */
bool report_html(const report *r, const char *path);
bool report_json(const report *r, const char *path);

#endif
