#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "torture/lives.h"

static const char *const moments[MOMENTS] = {"before", "old", "new", "mixed",
                                             "ecc",    "unstable", "after"};
static const char *const sources[SOURCES] = {"power", "power-and-backup", "pin", "watchdog"};

void case_print(const life_case *c, char text[CASE_TEXT_BYTES])
{
    int n = snprintf(text, CASE_TEXT_BYTES, "%s/%" PRIu32, c->s->name, c->seed);
    for (unsigned i = 0; i < c->count; i++) {
        n += snprintf(text + n, CASE_TEXT_BYTES - (size_t)n, "/%" PRIu32 ".%s.%s", c->cut[i].op,
                      moments[c->cut[i].moment], sources[c->cut[i].source]);
    }
}

static bool number(const char **text, uint32_t *value)
{
    char *end;
    if (**text < '0' || **text > '9') {
        return false;
    }
    unsigned long v = strtoul(*text, &end, 10);
    *value = (uint32_t)v;
    *text = end;
    return v <= UINT32_MAX;
}

static bool word(const char **text, const char *const *words, unsigned count, uint8_t *which)
{
    size_t length = strcspn(*text, "./");
    for (uint8_t i = 0; i < count; i++) {
        if (strlen(words[i]) == length && memcmp(words[i], *text, length) == 0) {
            *which = i;
            *text += length;
            return true;
        }
    }
    return false;
}

static bool skip(const char **text, char c)
{
    return **text == c && *(*text)++ != '\0';
}

bool case_parse(life_case *c, const char *text)
{
    size_t name = strcspn(text, "/");
    *c = (life_case){.s = scenario_find(text, name)};
    text += name;
    if (c->s == NULL || !skip(&text, '/') || !number(&text, &c->seed)) {
        return false;
    }
    while (*text != '\0') {
        case_cut *cut = &c->cut[c->count];
        if (c->count == CASE_CUTS || !skip(&text, '/') || !number(&text, &cut->op) ||
            !skip(&text, '.') || !word(&text, moments, MOMENTS, &cut->moment) ||
            !skip(&text, '.') || !word(&text, sources, SOURCES, &cut->source)) {
            return false;
        }
        c->count++;
    }
    return true;
}
