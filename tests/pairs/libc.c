#include "tests/pairs/pairs.h"

#include <math.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char line[160];

static uint32_t sum_of(const char *text)
{
    uint32_t sum = 5381;
    while (*text != '\0') {
        sum = sum * 33u + (unsigned char)*text++;
    }
    return sum;
}

static uint32_t print(const char *text, double number)
{
    (void)snprintf(line, sizeof line, "%-12s %8.3f %e %lld %zu", text, number, number / 7.0,
                   (long long)(number * 1e6), strlen(text));
    return sum_of(line);
}

static uint32_t scan(const char *text, double number)
{
    float a = 0;
    int b = 0;
    char word[32];
    int n = sscanf(text, "%f %d %31[a-z]", &a, &b, word);
    char *end;
    number += strtod(text, &end) + (double)strtoll(text, &end, 0) + (double)strtoul(end, &end, 16);
    return (uint32_t)n + (uint32_t)b + (uint32_t)(number + (double)a);
}

static uint32_t elementary(const char *text, double x)
{
    double y = sin(x) + cos(x) * tan(x / 3.0) + exp(-x) + log(fabs(x) + 1.0) + pow(x, 0.3);
    y += asin(sin(x)) + acos(cos(x)) + atan2(x, y) + sinh(x / 9.0) + cosh(x / 9.0) + tanh(x);
    y += sqrt(fabs(y)) + cbrt(y) + hypot(x, y) + fmod(y, 3.0) + log10(fabs(y) + 2.0);
    return (uint32_t)(y * 1000.0) + sum_of(text);
}

static uint32_t special(const char *text, double x)
{
    double y = lgamma(x + 1.5) + tgamma(x / 20.0 + 1.5) + erf(x) + erfc(x) + j0(x) + j1(x);
    y += jn(3, x);
    y += expm1(x / 10.0) + log1p(fabs(x)) + asinh(x) + acosh(fabs(x) + 1.0) + atanh(x / 1e6);
    y += (double)(sinf((float)x) + cosf((float)x) + powf((float)fabs(x), 0.4f) + expf((float)-x));
    return (uint32_t)(y * 1000.0) + sum_of(text);
}

static int by_value(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static uint32_t sort_and_search(const char *text, double number)
{
    uint32_t values[32], wanted = sum_of(text), *found;
    void *root = NULL;
    srand(wanted);
    for (size_t i = 0; i < 32; i++) {
        values[i] = (uint32_t)rand() ^ (uint32_t)number;
        (void)tsearch(&values[i], &root, by_value);
    }
    found = tfind(&values[7], &root, by_value);
    qsort(values, 32, sizeof values[0], by_value);
    wanted = values[5];
    found = bsearch(&wanted, values, 32, sizeof values[0], by_value);
    return found != NULL ? *found : 0;
}

static uint32_t date(const char *text, double number)
{
    time_t now = (time_t)number;
    struct tm *split = gmtime(&now);
    size_t n = strftime(line, sizeof line, "%A %d %B %Y %H:%M:%S %j %U", split);
    char *copy = strdup(text), *rest = copy;
    for (char *word; copy != NULL && (word = strtok_r(rest, " ,", &rest)) != NULL;) {
        n += strspn(word, "abc") + strcspn(word, "xyz");
    }
    free(copy);
    return (uint32_t)n + (uint32_t)mktime(split) + sum_of(line);
}

uint32_t pair_libc(unsigned which, const char *text, double number)
{
    static uint32_t (*const jobs[PAIR_LIBC_JOBS])(const char *, double) = {
        print, scan, elementary, special, sort_and_search, date,
    };
    return which < PAIR_LIBC_JOBS ? jobs[which](text, number) : 0;
}
