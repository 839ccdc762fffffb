#include "host/tool/out.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/lib/imagefile.h"
#include "host/tool/exit_codes.h"
#include "host/tool/options.h"

static bool colored(FILE *stream)
{
    const char *when = the_settings.color, *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    if (when && strcmp(when, "always") == 0) {
        return true;
    }
    if ((when && strcmp(when, "never") == 0) || (no_color && *no_color) ||
        (term && strcmp(term, "dumb") == 0)) {
        return false;
    }
    return isatty(fileno(stream)) == 1;
}

const char *out_style(FILE *stream, style s)
{
    static const char *const codes[] = {
        [STYLE_PLAIN] = "\033[0m", [STYLE_BOLD] = "\033[1m",  [STYLE_DIM] = "\033[2m",
        [STYLE_GOOD] = "\033[32m", [STYLE_WARN] = "\033[33m", [STYLE_BAD] = "\033[1;31m",
    };
    return colored(stream) ? codes[s] : "";
}

bool out_is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void out_line(const char *format, ...)
{
    if (the_settings.quiet || the_settings.json) {
        return;
    }
    va_list args;
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)putchar('\n');
    (void)fflush(stdout);
}

int out_error(int code, const char *name, const tb_complaint *why)
{
    if (the_settings.json) {
        json_t *error = json_pack("{s:i, s:o}", "exit", code, "message", json_text(why->what));
        if (name) {
            (void)json_object_set_new(error, "name", json_string(name));
        }
        if (why->hint[0]) {
            (void)json_object_set_new(error, "hint", json_text(why->hint));
        }
        out_json(json_pack("{s:o}", "error", error));
        return code;
    }
    (void)fprintf(stderr, "%serror:%s %s%s%s%s\n", out_style(stderr, STYLE_BAD),
                  out_style(stderr, STYLE_PLAIN), why->what, name ? " [" : "", name ? name : "",
                  name ? "]" : "");
    if (why->hint[0]) {
        (void)fprintf(stderr, "%s  hint:%s %s\n", out_style(stderr, STYLE_DIM),
                      out_style(stderr, STYLE_PLAIN), why->hint);
    }
    return code;
}

void out_warning(const char *format, ...)
{
    if (the_settings.quiet) {
        return;
    }
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (the_settings.json) {
        out_json(json_pack("{s:s, s:s}", "event", "warning", "message", text));
        return;
    }
    (void)fprintf(stderr, "%swarning:%s %s\n", out_style(stderr, STYLE_WARN),
                  out_style(stderr, STYLE_PLAIN), text);
}

void out_json(json_t *value)
{
    if (the_settings.json) {
        (void)json_dumpf(value, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
        (void)putchar('\n');
        (void)fflush(stdout);
    }
    json_decref(value);
}

int out_finish(int code)
{
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == TB_EXIT_OK) {
        (void)fputs("error: standard output cannot be written\n", stderr);
        return TB_EXIT_FAILED;
    }
    return code;
}

const char *hex_text(const void *bytes, size_t count, char *out, size_t room)
{
    const uint8_t *p = bytes;
    out[0] = 0;
    for (size_t i = 0; i < count && 2u * i + 3u <= room; i++) {
        (void)snprintf(out + 2u * i, 3, "%02x", p[i]);
    }
    return out;
}

json_t *json_hex(const void *bytes, size_t count)
{
    char text[129];
    return json_string(hex_text(bytes, count, text, sizeof text));
}

json_t *json_text(const char *text)
{
    json_t *j = json_string(text);
    if (j) {
        return j;
    }
    char plain[1024]; /* not UTF-8 */
    (void)snprintf(plain, sizeof plain, "%s", text);
    for (char *p = plain; *p; p++) {
        *p = (unsigned char)*p < 0x80u ? *p : '?';
    }
    return json_string(plain);
}

json_t *json_version(uint32_t version)
{
    char text[16];
    return json_string(tb_version_text(version, text));
}

json_t *json_address(uint32_t address)
{
    char text[16];
    (void)snprintf(text, sizeof text, "0x%08X", (unsigned)address);
    return json_string(text);
}
