#include "sim/front/cut.h"

#include <stdio.h>
#include <string.h>

#include "sim/front/parse.h"

typedef struct word {
    const char *name;
    unsigned value;
} word;

static const word kinds[] = {{"op", 0u},
                             {"program", 1u << SIM_OP_PROGRAM},
                             {"erase", (1u << SIM_OP_ERASE_PAGE) | (1u << SIM_OP_ERASE_BANK)},
                             {"option", 1u << SIM_OP_OPTION}};
static const word whens[] = {
    {"before", SIM_CUT_BEFORE}, {"during", SIM_CUT_DURING}, {"after", SIM_CUT_AFTER}};
static const word outcomes[] = {{"old", SIM_CUT_OLD},     {"new", SIM_CUT_NEW},
                                {"mixed", SIM_CUT_MIXED}, {"ecc", SIM_CUT_ECC},
                                {"unstable", SIM_CUT_UNSTABLE}, {"random", SIM_CUT_RANDOM}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const word *find(const word *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].name, name) == 0) {
            return &list[i];
        }
    }
    return NULL;
}

static const char *name_of(const word *list, size_t count, unsigned value)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].value == value) {
            return list[i].name;
        }
    }
    return "?";
}

typedef struct cut_parser {
    front_cut *cut;
    const char *text;
    bool trigger, when, outcome, then;
    front_error *error;
} cut_parser;

static bool twice(const cut_parser *p, const char *what)
{
    return front_fail(p->error, "cut '%s': %s is given twice", p->text, what);
}

static bool trigger(cut_parser *p, const char *name, const char *value)
{
    const word *kind = find(kinds, COUNT(kinds), name);
    front_error why;
    if (!kind && strcmp(name, "time") != 0) {
        return front_fail(p->error, "cut '%s': '%s' is nothing to cut at: op=N, program=N, "
                          "erase=N, option=N or time=T", p->text, name);
    }
    if (p->trigger) {
        return twice(p, "the place");
    }
    p->trigger = true;
    if (value[0] == '+') {
        p->cut->relative = true;
        value++;
    }
    if (kind) {
        p->cut->cut.kind_mask = kind->value;
        if (front_parse_number(value, UINT64_MAX / 2u, &p->cut->cut.op, &why)) {
            return true;
        }
    } else {
        p->cut->at_time = true;
        if (front_parse_time(value, &p->cut->when, &why)) {
            return true;
        }
    }
    return front_fail(p->error, "cut '%.200s': %.250s", p->text, why.text);
}

static bool plain_word(cut_parser *p, const char *name)
{
    const word *w = find(whens, COUNT(whens), name);
    if (w) {
        if (p->when) {
            return twice(p, "before, during or after");
        }
        p->when = true;
        p->cut->cut.when = (sim_cut_when)w->value;
        return true;
    }
    w = find(outcomes, COUNT(outcomes), name);
    if (w) {
        if (p->outcome) {
            return twice(p, "the outcome");
        }
        p->outcome = true;
        p->cut->cut.outcome = (sim_cut_outcome)w->value;
        return true;
    }
    if (strcmp(name, "vbat-lost") == 0) {
        p->cut->cut.backup_lost = true;
        return true;
    }
    if (strcmp(name, "reset-only") == 0) {
        p->cut->cut.reset_only = true;
        return true;
    }
    return front_fail(p->error, "cut '%s': '%s' is not understood: before, during, after; old, "
                      "new, mixed, ecc, unstable, random; vbat-lost; reset-only; then=on, then=off",
                      p->text, name);
}

static bool one_word(cut_parser *p, char *name)
{
    char *value = strchr(name, '=');
    if (!value) {
        return plain_word(p, name);
    }
    *value++ = '\0';
    if (strcmp(name, "then") != 0) {
        return trigger(p, name, value);
    }
    if (p->then) {
        return twice(p, "then=");
    }
    p->then = true;
    p->cut->stays_off = strcmp(value, "off") == 0;
    if (!p->cut->stays_off && strcmp(value, "on") != 0) {
        return front_fail(p->error, "cut '%s': then=on or then=off, not then=%s", p->text, value);
    }
    return true;
}

bool front_parse_cut(const char *text, front_cut *cut, front_error *error)
{
    char copy[160];
    *cut = (front_cut){.cut = {.when = SIM_CUT_DURING, .outcome = SIM_CUT_RANDOM}};
    cut_parser p = {.cut = cut, .text = text, .error = error};
    if (strlen(text) >= sizeof copy) {
        return front_fail(error, "cut '%.40s...' is too long", text);
    }
    strcpy(copy, text);
    for (char *name = copy, *next; name; name = next) {
        next = strchr(name, ',');
        if (next) {
            *next++ = '\0';
        }
        if (!one_word(&p, name)) {
            return false;
        }
    }
    if (!p.trigger) {
        return front_fail(error, "cut '%s' does not say where: op=N, program=N, erase=N, option=N "
                          "or time=T", text);
    }
    if (cut->at_time && p.when) {
        return front_fail(error, "cut '%s': before, during and after belong to an operation, "
                          "not to a time", text);
    }
    if (cut->cut.reset_only && (cut->stays_off || cut->cut.backup_lost)) {
        return front_fail(error, "cut '%s': reset-only keeps the power on; it goes with neither "
                          "then=off nor vbat-lost", text);
    }
    return true;
}

void front_cut_resolve(front_cut *cut, sim_machine *m)
{
    if (cut->relative && cut->at_time) {
        cut->when += sim_now(m);
    } else if (cut->relative) {
        cut->cut.op += sim_op_count(m, cut->cut.kind_mask);
    }
    cut->relative = false;
}

void front_cut_text(const front_cut *cut, char *text, size_t bytes)
{
    const char *what = cut->cut.reset_only ? "reset" : "power cut";
    const char *vbat = cut->cut.backup_lost ? ", VBAT lost" : "";
    const char *off = cut->stays_off ? ", stays off" : "";
    const char *plus = cut->relative ? "+" : "";
    if (cut->at_time) {
        (void)snprintf(text, bytes, "%s at %s%.6f ms%s%s", what, plus,
                       (double)cut->when / (double)SIM_PS_PER_MS, vbat, off);
        return;
    }
    (void)snprintf(text, bytes, "%s %s %s %s%llu, outcome %s%s%s", what,
                   name_of(whens, COUNT(whens), cut->cut.when),
                   name_of(kinds, COUNT(kinds), cut->cut.kind_mask), plus,
                   (unsigned long long)cut->cut.op,
                   name_of(outcomes, COUNT(outcomes), cut->cut.outcome), vbat, off);
}
