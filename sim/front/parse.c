#include "sim/front/parse.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool front_fail(front_error *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    return false;
}

static bool unit_ps(const char *unit, uint64_t *ps)
{
    static const struct {
        const char *name;
        uint64_t ps;
    } units[] = {{"ns", 1000u}, {"us", SIM_PS_PER_US}, {"ms", SIM_PS_PER_MS},
                 {"s", SIM_PS_PER_S}, {"min", 60u * SIM_PS_PER_S}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(unit, units[i].name) == 0) {
            *ps = units[i].ps;
            return true;
        }
    }
    return false;
}

bool front_parse_time(const char *text, sim_ps *time, front_error *error)
{
    const char *p = text;
    uint64_t whole = 0, unit, fraction = 0;
    if (strcmp(text, "0") == 0) {
        *time = 0;
        return true;
    }
    while (isdigit((unsigned char)*p) && whole < 100000000000u) {
        whole = whole * 10u + (uint64_t)(*p++ - '0');
    }
    const char *point = p;
    if (*p == '.') {
        p++;
        while (isdigit((unsigned char)*p)) {
            p++;
        }
    }
    if (!isdigit((unsigned char)*text) || (*point == '.' && p == point + 1) || !unit_ps(p, &unit)) {
        return front_fail(error, "'%s' is not a time: give a number and a unit, such as 10ms, 1.5s "
                          "or 500us (ns, us, ms, s, min)", text);
    }
    uint64_t digit = unit / 10u;
    for (const char *d = point + 1; d < p && digit > 0; d++, digit /= 10u) {
        fraction += (uint64_t)(*d - '0') * digit;
    }
    /* Half of the range: a time can still be added to another. */
    if (whole > (SIM_NEVER / 2u - unit) / unit) {
        return front_fail(error, "'%s' is too long: virtual time ends after 106 days", text);
    }
    *time = whole * unit + fraction;
    return true;
}

bool front_parse_number(const char *text, uint64_t limit, uint64_t *number, front_error *error)
{
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = hex ? text + 2 : text;
    const char *legal = hex ? "0123456789abcdefABCDEF" : "0123456789";
    size_t length = strlen(digits);
    if (length == 0 || strspn(digits, legal) != length) {
        return front_fail(error, "'%s' is not a number: give decimal digits, or hexadecimal ones "
                          "after 0x", text);
    }
    uint64_t value = 0, base = hex ? 16u : 10u;
    for (const char *p = digits; *p; p++) {
        char c = (char)tolower((unsigned char)*p);
        uint64_t digit = (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
        if (value > (UINT64_MAX - digit) / base) {
            value = UINT64_MAX;
            break;
        }
        value = value * base + digit;
    }
    if (value > limit) {
        return front_fail(error, "'%s' is too large: at most %llu", text,
                          (unsigned long long)limit);
    }
    *number = value;
    return true;
}

bool front_parse_trace(const char *text, unsigned *mask, front_error *error)
{
    static const struct {
        const char *name;
        unsigned bit;
    } names[] = {{"flash", SIM_TRACE_FLASH}, {"option", SIM_TRACE_OPTION},
                 {"gpio", SIM_TRACE_GPIO}, {"uart", SIM_TRACE_UART}, {"irq", SIM_TRACE_IRQ},
                 {"exception", SIM_TRACE_EXCEPTION}, {"reset", SIM_TRACE_RESET},
                 {"all", SIM_TRACE_FLASH | SIM_TRACE_OPTION | SIM_TRACE_GPIO | SIM_TRACE_UART |
                             SIM_TRACE_IRQ | SIM_TRACE_EXCEPTION | SIM_TRACE_RESET}};
    const char *p = text;
    for (;;) {
        size_t length = strcspn(p, ","), i = 0, count = sizeof names / sizeof names[0];
        while (i < count && (strlen(names[i].name) != length || memcmp(names[i].name, p, length))) {
            i++;
        }
        if (i == count) {
            return front_fail(error, "'%.*s' is nothing that can be traced: flash, option, gpio, "
                              "uart, irq, exception, reset, or all", (int)length, p);
        }
        *mask |= names[i].bit;
        if (p[length] == '\0') {
            return true;
        }
        p += length + 1u;
    }
}

bool front_parse_load(const char *text, front_load *load, front_error *error)
{
    const char *at = strrchr(text, '@');
    uint64_t address = 0;
    front_error ignored;
    size_t length = strlen(text);
    load->has_address = false;
    if (at && strchr(at, '/') == NULL) {
        /* A name may hold an '@' of its own: only what begins like a number is an address. */
        if (front_parse_number(at + 1, UINT32_MAX, &address, &ignored)) {
            load->has_address = true;
            length = (size_t)(at - text);
        } else if (isdigit((unsigned char)at[1]) || at[1] == '\0') {
            return front_fail(error, "--load %s: '%s' after the '@' is not an address, such as "
                              "0x08000000", text, at + 1);
        }
    }
    if (length == 0) {
        return front_fail(error, "--load %s: no file is named", text);
    }
    char *path = malloc(length + 1u);
    if (!path) {
        return front_fail(error, "out of memory");
    }
    memcpy(path, text, length);
    path[length] = '\0';
    load->path = path;
    load->address = (uint32_t)address;
    return true;
}

bool front_parse_gpio(const char *text, front_gpio *gpio, front_error *error)
{
    const char *p = text;
    unsigned pin = 0, digits = 0;
    bool good = toupper((unsigned char)p[0]) == 'P' && isalpha((unsigned char)p[1]);
    int port = good ? toupper((unsigned char)p[1]) - 'A' : 0;
    for (p += good ? 2 : 0; good && isdigit((unsigned char)*p) && digits < 3u; p++, digits++) {
        pin = pin * 10u + (unsigned)(*p - '0');
    }
    if (!good || digits == 0 || pin > 15u || port > 10 || *p != '=') {
        return front_fail(error, "'%s' names no pin: say PIN=LEVEL, such as PA3=0 (ports A to K, "
                          "pins 0 to 15)", text);
    }
    char level = (char)tolower((unsigned char)p[1]);
    if ((level != '0' && level != '1' && level != 'z') || (p[2] != '\0' && p[2] != '@')) {
        return front_fail(error, "'%s' gives no level: 0, 1, or z to let go; then @TIME if wanted, "
                          "such as PA3=1@5ms", text);
    }
    gpio->port = (unsigned)port;
    gpio->pin = pin;
    gpio->level = level == 'z' ? -1 : level - '0';
    gpio->when = 0;
    return p[2] == '\0' || front_parse_time(p + 3, &gpio->when, error);
}

static bool wire_name(const char *text, size_t length, front_wire_spec *wire)
{
    if (length == 0 || length >= sizeof wire->name) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)text[i])) {
            return false;
        }
        wire->name[i] = (char)tolower((unsigned char)text[i]);
    }
    wire->name[length] = '\0';
    return true;
}

bool front_parse_wire(const char *text, front_wire_spec *wire, front_error *error)
{
    const char *what = strchr(text, '=');
    if (!what || !wire_name(text, (size_t)(what - text), wire)) {
        return front_fail(error, "'%s' connects nothing: say NAME=pty, NAME=pty:LINK, NAME=stdio "
                          "or NAME=file:PATH, such as lpuart1=pty:/tmp/board", text);
    }
    what++;
    wire->path = NULL;
    if (strcmp(what, "stdio") == 0) {
        wire->kind = FRONT_WIRE_STDIO;
    } else if (strcmp(what, "pty") == 0) {
        wire->kind = FRONT_WIRE_PTY;
    } else if (strncmp(what, "pty:", 4) == 0 && what[4]) {
        wire->kind = FRONT_WIRE_PTY;
        wire->path = what + 4;
    } else if (strncmp(what, "file:", 5) == 0 && what[5]) {
        wire->kind = FRONT_WIRE_FILE;
        wire->path = what + 5;
    } else {
        return front_fail(error, "'%s': %s can be connected to pty, pty:LINK, stdio or file:PATH, "
                          "not to '%s'", text, wire->name, what);
    }
    return true;
}

bool front_parse_supply(const char *text, unsigned *millivolts, front_error *error)
{
    const char *p = text;
    unsigned value = 0, places = 0;
    bool point = false;
    for (; isdigit((unsigned char)*p) || (*p == '.' && !point && p > text); p++) {
        if (*p == '.') {
            point = true;
        } else if ((point && ++places > 3u) || value > 99u * 1000u) {
            break;
        } else {
            value = value * 10u + (unsigned)(*p - '0');
        }
    }
    if (p == text || strcmp(p, "V") != 0 || (point && places == 0u)) {
        return front_fail(error, "'%s' is no voltage: give volts, such as 3.3V or 1.9V", text);
    }
    for (; places < 3u; places++) {
        value *= 10u;
    }
    if (value < 1710u || value > 3600u) {
        return front_fail(error, "'%s': the supply is 1.71 V to 3.6 V; without one: power-off", text);
    }
    *millivolts = value;
    return true;
}
