#include "bench/figures.h"

#include <stdlib.h>
#include <string.h>

static const char *const better_text[] = {"less", "more", "told"};
static const char heading[] = "figure,value,unit,limit,limit is,better\n";

static void copy(char *out, size_t room, const char *text)
{
    size_t bytes = strlen(text);
    if (bytes >= room) {
        fprintf(stderr, "bench: \"%s\" is too long\n", text);
        exit(1);
    }
    memcpy(out, text, bytes + 1u);
}

void figures_add(figures *f, const char *name, double value, const char *unit, double limit,
                 const char *limit_is, figure_better better)
{
    if (f->count == FIGURES_MAX) {
        fprintf(stderr, "bench: more than %u figures\n", FIGURES_MAX);
        exit(1);
    }
    figure *x = &f->list[f->count++];
    *x = (figure){.value = value, .limit = limit, .better = better};
    copy(x->name, sizeof x->name, name);
    copy(x->unit, sizeof x->unit, unit);
    copy(x->limit_is, sizeof x->limit_is, limit_is);
}

static int digits(double value)
{
    double size = value < 0 ? -value : value;
    return size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
}

/* Whole numbers as such. */
static void number(char *out, size_t room, double value)
{
    bool whole = value < 1e15 && value == (double)(long long)value;
    snprintf(out, room, "%.*f", whole ? 0 : digits(value), value);
}

void figures_table(const figures *f, FILE *out)
{
    fprintf(out, "%-52s %12s %-12s %12s %8s  %s\n", "figure", "value", "", "limit", "of it",
            "the limit is");
    for (size_t i = 0; i < f->count; i++) {
        const figure *x = &f->list[i];
        char value[32], limit[32] = "", share[32] = "";
        number(value, sizeof value, x->value);
        if (x->limit > 0) {
            number(limit, sizeof limit, x->limit);
            snprintf(share, sizeof share, "%.1f %%", 100.0 * x->value / x->limit);
        }
        fprintf(out, "%-52s %12s %-12s %12s %8s  %s\n", x->name, value, x->unit, limit, share,
                x->limit_is);
    }
}

bool figures_save(const figures *f, const char *path)
{
    FILE *out = fopen(path, "w");
    if (out == NULL) {
        fprintf(stderr, "bench: cannot write %s\n", path);
        return false;
    }
    fputs(heading, out);
    for (size_t i = 0; i < f->count; i++) {
        const figure *x = &f->list[i];
        fprintf(out, "%s,%.8g,%s,%.8g,%s,%s\n", x->name, x->value, x->unit, x->limit, x->limit_is,
                better_text[x->better]);
    }
    bool good = ferror(out) == 0;
    return fclose(out) == 0 && good;
}

/* The next field of a line, which it ends. NULL: there is none. */
static char *field(char **rest)
{
    char *start = *rest;
    if (start == NULL) {
        return NULL;
    }
    char *comma = strchr(start, ',');
    *rest = comma ? comma + 1 : NULL;
    if (comma) {
        *comma = '\0';
    }
    return start;
}

static bool parse(char *line, figures *f)
{
    char *rest = line, *fields[6], *end;
    line[strcspn(line, "\r\n")] = '\0';
    for (size_t i = 0; i < 6; i++) {
        if ((fields[i] = field(&rest)) == NULL) {
            return false;
        }
    }
    double value = strtod(fields[1], &end);
    if (rest != NULL || end == fields[1] || *end != '\0') {
        return false;
    }
    for (int better = FIGURE_LESS; better <= FIGURE_TOLD; better++) {
        if (strcmp(fields[5], better_text[better]) == 0) {
            figures_add(f, fields[0], value, fields[2], strtod(fields[3], NULL), fields[4],
                        (figure_better)better);
            return true;
        }
    }
    return false;
}

bool figures_load(figures *f, const char *path)
{
    char line[256];
    unsigned number_of_line = 0;
    FILE *in = fopen(path, "r");

    f->count = 0;
    if (in == NULL) {
        fprintf(stderr, "bench: cannot read %s\n", path);
        return false;
    }
    while (fgets(line, sizeof line, in) != NULL) {
        if (number_of_line++ == 0 ? strcmp(line, heading) != 0 : !parse(line, f)) {
            fprintf(stderr, "bench: %s:%u is not a line of figures\n", path, number_of_line);
            fclose(in);
            return false;
        }
    }
    fclose(in);
    return true;
}

static const figure *find(const figures *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->list[i].name, name) == 0) {
            return &f->list[i];
        }
    }
    return NULL;
}

unsigned figures_compare(const figures *now, const figures *baseline, FILE *out)
{
    unsigned worse = 0;
    for (size_t i = 0; i < baseline->count; i++) {
        const figure *was = &baseline->list[i], *is = find(now, was->name);
        if (is == NULL) {
            fprintf(out, "MISSING  %s: baseline %.8g %s, not measured now\n", was->name, was->value,
                    was->unit);
            worse++;
            continue;
        }
        double change = was->value != 0 ? is->value / was->value - 1.0 : is->value != 0;
        double loss = is->better == FIGURE_MORE ? -change : change;
        if (is->better == FIGURE_TOLD ||
            (loss <= FIGURES_TOLERANCE && loss >= -FIGURES_TOLERANCE)) {
            continue;
        }
        bool is_worse = loss > FIGURES_TOLERANCE;
        fprintf(out, "%-8s %s: baseline %.8g, now %.8g %s (%+.1f %%)\n",
                is_worse ? "WORSE" : "better", was->name, was->value, is->value, is->unit,
                100.0 * change);
        worse += is_worse;
    }
    for (size_t i = 0; i < now->count; i++) {
        if (find(baseline, now->list[i].name) == NULL) {
            fprintf(out, "new      %s: %.8g %s\n", now->list[i].name, now->list[i].value,
                    now->list[i].unit);
        }
    }
    return worse;
}
