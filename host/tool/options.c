#include "host/tool/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/tool/exit_codes.h"
#include "host/tool/out.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define HELP_COLUMN 28

settings the_settings = {.baud = 115200, .timeout_s = 0};

static bool help_wanted;

static const option common_options[] = {
    {"json", 0, OPTION_FLAG, &the_settings.json, NULL, "print JSON on standard output, for scripts",
     0},
    {"quiet", 'q', OPTION_FLAG, &the_settings.quiet, NULL, "print errors only", 0},
    {"color", 0, OPTION_TEXT, &the_settings.color, "WHEN",
     "auto, always or never; auto respects NO_COLOR", 0},
    {"help", 'h', OPTION_FLAG, &help_wanted, NULL, "show this", 0},
};

static const option device_options[] = {
    {"port", 'p', OPTION_TEXT, &the_settings.port, "PORT",
     "serial port or pty (default: TWINBANK_PORT)", 0},
    {"baud", 'b', OPTION_NUMBER, &the_settings.baud, "N", "bits per second (default: 115200)",
     12000000},
    {"timeout", 't', OPTION_NUMBER, &the_settings.timeout_s, "S", "seconds to wait for the device",
     3600},
};

int usage_error(const verb *v, const char *format, ...)
{
    tb_complaint why;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why.what, sizeof why.what, format, args);
    va_end(args);
    (void)tb_hint(&why, "'twinbank %s%s--help' explains it", v->name, *v->name ? " " : "");
    return out_error(TB_EXIT_USAGE, NULL, &why);
}

static const option *find(const option *list, size_t count, const char *name, size_t length,
                          char letter)
{
    for (size_t i = 0; i < count; i++) {
        if (name ? strlen(list[i].name) == length && strncmp(list[i].name, name, length) == 0
                 : list[i].letter == letter) {
            return &list[i];
        }
    }
    return NULL;
}

typedef struct parser {
    const verb *v;
    const option *own;
    size_t own_count;
    bool device;
} parser;

static const option *lookup(const parser *p, const char *name, size_t length, char letter)
{
    const option *o = find(p->own, p->own_count, name, length, letter);
    if (!o) {
        o = find(common_options, COUNT(common_options), name, length, letter);
    }
    if (!o && p->device) {
        o = find(device_options, COUNT(device_options), name, length, letter);
    }
    return o;
}

static bool store(const parser *p, const option *o, const char *value)
{
    if (o->kind == OPTION_FLAG) {
        *(bool *)o->into = true;
        return true;
    }
    if (o->kind == OPTION_TEXT) {
        *(const char **)o->into = value;
        return true;
    }
    char *end;
    errno = 0;
    unsigned long long n = strtoull(value, &end, 0);
    if (errno || end == value || *end || *value == '-' || n > (o->limit ? o->limit : UINT32_MAX)) {
        (void)usage_error(p->v, "--%s wants a number%s from 0 to %u, not '%s'", o->name,
                          o->argument[0] == 'M' ? " of milliseconds" : "",
                          (unsigned)(o->limit ? o->limit : UINT32_MAX), value);
        return false;
    }
    *(uint32_t *)o->into = (uint32_t)n;
    return true;
}

/* argv[*at] is an option; takes its value too. */
static bool take_option(const parser *p, int argc, char **argv, int *at)
{
    const char *word = argv[*at], *value = NULL;
    const option *o;
    if (word[1] == '-') {
        const char *equals = strchr(word, '=');
        size_t length = equals ? (size_t)(equals - word) - 2u : strlen(word) - 2u;
        o = lookup(p, word + 2, length, 0);
        value = equals ? equals + 1 : NULL;
    } else {
        o = lookup(p, NULL, 0, word[1]);
        value = word[2] ? word + 2 : NULL;
    }
    if (!o) {
        (void)usage_error(p->v, "unknown option '%s'%s%s", word, *p->v->name ? " for " : "",
                          p->v->name);
        return false;
    }
    if (o->kind == OPTION_FLAG && value) {
        (void)usage_error(p->v, "--%s takes no value", o->name);
        return false;
    }
    if (o->kind != OPTION_FLAG && !value) {
        if (*at + 1 >= argc) {
            (void)usage_error(p->v, "--%s needs a value: --%s %s", o->name, o->name, o->argument);
            return false;
        }
        value = argv[++*at];
    }
    return store(p, o, value);
}

static bool check_color(const verb *v)
{
    const char *when = the_settings.color;
    if (!when || strcmp(when, "auto") == 0 || strcmp(when, "always") == 0 ||
        strcmp(when, "never") == 0) {
        return true;
    }
    (void)usage_error(v, "--color is auto, always or never, not '%s'", when);
    return false;
}

parse_result parse(const verb *v, const option *own, size_t own_count, bool device, int argc,
                   char **argv, arguments *out)
{
    parser p = {.v = v, .own = own, .own_count = own_count, .device = device};
    bool options_over = false;
    *out = (arguments){0};
    /* First, so that an error in an earlier option is told in the right form. */
    for (int i = 0; i < argc; i++) {
        the_settings.json = the_settings.json || strcmp(argv[i], "--json") == 0;
    }
    for (int i = 0; i < argc; i++) {
        if (!options_over && strcmp(argv[i], "--") == 0) {
            options_over = true;
        } else if (!options_over && argv[i][0] == '-' && argv[i][1]) {
            if (!take_option(&p, argc, argv, &i)) {
                return PARSE_BAD;
            }
        } else if (out->count == COUNT(out->positional)) {
            (void)usage_error(v, "too many arguments: '%s'", argv[i]);
            return PARSE_BAD;
        } else {
            out->positional[out->count++] = argv[i];
        }
    }
    if (help_wanted) {
        print_help(v, own, own_count, device);
        return PARSE_DONE;
    }
    if (device && the_settings.baud < 300) {
        (void)usage_error(v, "--baud %u: the slowest is 300", (unsigned)the_settings.baud);
        return PARSE_BAD;
    }
    return check_color(v) ? PARSE_OK : PARSE_BAD;
}

parse_result parse_exactly(const verb *v, const option *own, size_t own_count, bool device,
                           int argc, char **argv, arguments *out, size_t positional,
                           const char *what)
{
    parse_result result = parse(v, own, own_count, device, argc, argv, out);
    if (result != PARSE_OK || out->count == positional) {
        return result;
    }
    if (out->count > positional) {
        (void)usage_error(v, "unexpected argument '%s'", out->positional[positional]);
    } else {
        (void)usage_error(v, "%s is missing: twinbank %s %s", what, v->name, v->usage);
    }
    return PARSE_BAD;
}

static void print_options(const char *title, const option *list, size_t count)
{
    if (count) {
        (void)printf("\n%s\n", title);
    }
    for (size_t i = 0; i < count; i++) {
        const option *o = &list[i];
        char left[64];
        (void)snprintf(left, sizeof left, "  %c%c%c --%s%s%s", o->letter ? '-' : ' ',
                       o->letter ? o->letter : ' ', o->letter ? ',' : ' ', o->name,
                       o->argument ? " " : "", o->argument ? o->argument : "");
        (void)printf("%-*s %s\n", HELP_COLUMN, left, o->help);
    }
}

void print_help(const verb *v, const option *own, size_t own_count, bool device)
{
    (void)printf("twinbank %s: %s\n\nUsage: twinbank %s %s\n\n%s\n", v->name, v->summary, v->name,
                 v->usage, v->about);
    print_options("Options", own, own_count);
    if (device) {
        print_options("Port", device_options, COUNT(device_options));
    }
    print_options("Output", common_options, COUNT(common_options));
    if (v->examples) {
        (void)printf("\nExamples\n%s\n", v->examples);
    }
}
