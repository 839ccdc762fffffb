#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "host/lib/imagefile.h"
#include "host/tool/exit_codes.h"
#include "host/tool/out.h"
#include "host/tool/verbs.h"
#include "host/tool/common.h"

static struct {
    const char *chip, *version, *kind, *build_id, *name, *out;
    uint32_t product, security, watchdog_ms;
} pack;

static const option pack_options[] = {
    {"chip", 'c', OPTION_TEXT, &pack.chip, "CHIP", "the part, as 'twinbank chips' names it", 0},
    {"version", 'V', OPTION_TEXT, &pack.version, "X.Y.Z", "0.0.0 to 255.255.65535", 0},
    {"out", 'o', OPTION_TEXT, &pack.out, "FILE", "the image to write (.twb)", 0},
    {"kind", 'k', OPTION_TEXT, &pack.kind, "KIND", "app (default) or stage2", 0},
    {"product", 0, OPTION_NUMBER, &pack.product, "N",
     "product id; a device takes its own only (default 0)", 0},
    {"security", 0, OPTION_NUMBER, &pack.security, "N",
     "security version; it never goes back (default 0)", 0},
    {"build-id", 0, OPTION_TEXT, &pack.build_id, "HEX", "up to 16 hex digits, such as a commit", 0},
    {"trial-watchdog", 0, OPTION_NUMBER, &pack.watchdog_ms, "MS",
     "watchdog of a trial boot (default 0: 8000 ms)", 32000},
    {"name", 0, OPTION_TEXT, &pack.name, "TEXT", "a name for people, at most 64 characters", 0},
};

static bool parse_build_id(const char *text, uint8_t id[TB_BUILD_ID_BYTES])
{
    size_t digits = strlen(text);
    if (digits == 0 || digits > 2u * TB_BUILD_ID_BYTES) {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        const char *all = "0123456789abcdef", *at = strchr(all, tolower((unsigned char)text[i]));
        if (!at) {
            return false;
        }
        unsigned value = (unsigned)(at - all);
        id[i / 2u] = (uint8_t)(id[i / 2u] | value << (i % 2u ? 0u : 4u));
    }
    return true;
}

static int pack_arguments(const verb *self, tb_pack_options *o)
{
    int code = require_chip(self, pack.chip, &o->chip);
    if (code != TB_EXIT_OK) {
        return code;
    }
    if (!pack.version) {
        return usage_error(self, "--version X.Y.Z is missing");
    }
    if (!tb_version_parse(pack.version, &o->version)) {
        return usage_error(self, "--version wants X.Y.Z from 0.0.0 to 255.255.65535, not '%s'",
                           pack.version);
    }
    if (!pack.out) {
        return usage_error(self, "-o FILE is missing: where the image goes");
    }
    if (pack.kind && strcmp(pack.kind, "app") != 0 && strcmp(pack.kind, "stage2") != 0) {
        return usage_error(self, "--kind is app or stage2, not '%s'", pack.kind);
    }
    if (pack.build_id && !parse_build_id(pack.build_id, o->build_id)) {
        return usage_error(self, "--build-id wants 1 to 16 hex digits, not '%s'", pack.build_id);
    }
    o->kind =
        pack.kind && strcmp(pack.kind, "stage2") == 0 ? TB_IMAGE_STAGE2 : TB_IMAGE_APPLICATION;
    o->product_id = pack.product;
    o->security_version = pack.security;
    o->trial_watchdog_ms = (uint16_t)pack.watchdog_ms;
    o->name = pack.name;
    return TB_EXIT_OK;
}

static int run_pack(const verb *self, int argc, char **argv)
{
    arguments args;
    parse_result result =
        parse_exactly(self, pack_options, sizeof pack_options / sizeof pack_options[0], false, argc,
                      argv, &args, 1, "the file to pack (.elf, .hex, .bin)");
    if (result != PARSE_OK) {
        return result == PARSE_DONE ? TB_EXIT_OK : TB_EXIT_USAGE;
    }
    tb_pack_options o = {0};
    int code = pack_arguments(self, &o);
    if (code != TB_EXIT_OK) {
        return code;
    }
    tb_complaint why;
    tb_image_file image;
    if (!tb_image_pack(&o, args.positional[0], &image, &why)) {
        return out_error(TB_EXIT_FILE, NULL, &why);
    }
    bool written = tb_file_write(pack.out, image.data, image.bytes, &why);
    uint32_t room = tb_payload_limit(o.chip, o.kind);
    if (written) {
        char version[16];
        out_line("%s: %s %s for %s, %u bytes of payload (%u %% of its place), CRC 0x%08X", pack.out,
                 kind_name(image.head.kind), tb_version_text(image.head.version, version),
                 o.chip->name, (unsigned)image.head.size,
                 (unsigned)((uint64_t)image.head.size * 100u / room), (unsigned)image.head.crc32);
        out_json(json_pack("{s:o, s:s, s:s, s:o, s:I, s:I, s:o}", "file", json_text(pack.out),
                           "kind", kind_name(image.head.kind), "chip", o.chip->name, "version",
                           json_version(image.head.version), "size", (json_int_t)image.head.size,
                           "room", (json_int_t)room, "crc32", json_address(image.head.crc32)));
    }
    tb_image_file_free(&image);
    return written ? TB_EXIT_OK : out_error(TB_EXIT_FILE, NULL, &why);
}

const verb verb_image_pack = {
    .name = "image pack",
    .summary = "make an image (.twb) from .elf, .hex or .bin",
    .usage = "--chip CHIP --version X.Y.Z -o OUT.twb IN",
    .about =
        "Puts the header in front of the program and checks what a device will check: that every\n"
        "byte lies in the slot (or, for stage 2, in its RAM), that the vector table is at its\n"
        "beginning, that the initial stack pointer is in RAM, and the size. The kind of file is "
        "told\n"
        "by its content. Gaps are filled with 0xFF. A raw binary is taken to begin with the "
        "vector\n"
        "table.",
    .examples = "  twinbank image pack --chip stm32g474re --version 1.1.0 -o app.twb app.elf\n"
                "  twinbank image pack --chip stm32g474re --version 0.2.0 --kind stage2 -o s2.twb "
                "stage2.elf",
    .run = run_pack,
};

/* ---- image info ------------------------------------------------------------------------ */

static void row(const char *label, tb_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void row(const char *label, tb_error error, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const char *plain = out_style(stdout, STYLE_PLAIN);
    /* core's phrase is about flash */
    const char *wrong =
        error == TB_ERR_PAYLOAD_CRC ? "the file's payload gives another" : tb_error_text(error);
    if (error == TB_OK) {
        out_line("  %-17s%s", label, text);
    } else {
        out_line("  %-17s%s  %s%s [%s]%s", label, text, out_style(stdout, STYLE_BAD), wrong,
                 tb_error_name(error), plain);
    }
}

static void print_verdict(const char *path, size_t bytes, const tb_image_verdict *v)
{
    const tb_image_head *h = &v->head;
    char text[64];
    out_line("%s%s%s", out_style(stdout, STYLE_BOLD), path, out_style(stdout, STYLE_PLAIN));
    row("kind", h->kind == 1 || h->kind == 2 ? TB_OK : TB_ERR_KIND, "%s", kind_name(h->kind));
    row("version", TB_OK, "%s", tb_version_text(h->version, text));
    if (v->name[0]) {
        row("name", TB_OK, "%s", v->name);
    }
    row("chip", v->chip ? TB_OK : TB_ERR_CHIP, "%s (device id 0x%03X, banks of %u KB)",
        v->chip ? v->chip->name : "unknown", h->device_id, h->bank_kib);
    row("product", TB_OK, "%u (0x%08X)", (unsigned)h->product_id, (unsigned)h->product_id);
    row("security version", TB_OK, "%u", (unsigned)h->security_version);
    row("load address", v->head_error == TB_ERR_ADDRESS ? TB_ERR_ADDRESS : TB_OK, "0x%08X",
        (unsigned)h->load_address);
    row("payload",
        v->payload_error == TB_ERR_SIZE || v->head_error == TB_ERR_SIZE ? TB_ERR_SIZE : TB_OK,
        "%u bytes (file has %zu)", (unsigned)h->size, bytes - TB_HEADER_BYTES);
    row("stack pointer", v->vector_error, "0x%08X", (unsigned)v->initial_sp);
    row("reset vector", v->vector_error, "0x%08X", (unsigned)v->reset_vector);
    if (h->trial_watchdog_ms) {
        row("trial watchdog", TB_OK, "%u ms", h->trial_watchdog_ms);
    } else {
        row("trial watchdog", TB_OK, "default (8000 ms)");
    }
    row("build id", TB_OK, "%s", hex_text(h->build_id, sizeof h->build_id, text, sizeof text));
    row("flags", TB_OK, "0x%08X", (unsigned)h->flags);
    row("format", v->head_error == TB_ERR_FORMAT ? TB_ERR_FORMAT : TB_OK, "%u", h->format);
    row("header CRC", v->head_error == TB_ERR_HEADER_CRC ? TB_ERR_HEADER_CRC : TB_OK, "0x%08X%s",
        (unsigned)h->header_crc32, v->header_crc == h->header_crc32 ? " good" : "");
    row("TLV CRC", v->tlv_error, "0x%08X%s", (unsigned)h->tlv_crc32, v->tlv_error ? "" : " good");
    row("payload CRC", v->payload_crc == h->crc32 ? TB_OK : TB_ERR_PAYLOAD_CRC, "0x%08X%s",
        (unsigned)h->crc32, v->payload_crc == h->crc32 ? " good" : "");
    if (v->signature_bytes) {
        row("signature", TB_OK, "%u bytes (not checked by this version)",
            (unsigned)v->signature_bytes);
    } else {
        row("signature", TB_OK, "none");
    }
}

static json_t *verdict_json(const char *path, const tb_image_verdict *v)
{
    const tb_image_head *h = &v->head;
    json_t *j =
        json_pack("{s:o, s:b, s:s, s:o, s:s?, s:i, s:i, s:I, s:I, s:o, s:I}", "file",
                  json_text(path), "good", (int)tb_image_good(v), "kind", kind_name(h->kind),
                  "version", json_version(h->version), "chip", v->chip ? v->chip->name : NULL,
                  "device_id", (int)h->device_id, "bank_kib", (int)h->bank_kib, "product",
                  (json_int_t)h->product_id, "security", (json_int_t)h->security_version,
                  "load_address", json_address(h->load_address), "size", (json_int_t)h->size);
    json_t *more = json_pack(
        "{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:s?, s:I}", "trial_watchdog_ms",
        (int)h->trial_watchdog_ms, "build_id", json_hex(h->build_id, sizeof h->build_id),
        "header_crc32", json_address(h->header_crc32), "tlv_crc32", json_address(h->tlv_crc32),
        "crc32", json_address(h->crc32), "initial_sp", json_address(v->initial_sp), "reset_vector",
        json_address(v->reset_vector), "format", (int)h->format, "name",
        v->name[0] ? v->name : NULL, "signature_bytes", (json_int_t)v->signature_bytes);
    json_t *verdicts =
        json_pack("{s:s, s:s, s:s, s:s}", "header", tb_error_name(v->head_error), "tlv",
                  tb_error_name(v->tlv_error), "payload", tb_error_name(v->payload_error),
                  "vectors", tb_error_name(v->vector_error));
    (void)json_object_update(j, more);
    json_decref(more);
    (void)json_object_set_new(j, "verdicts", verdicts);
    return j;
}

static int run_info(const verb *self, int argc, char **argv)
{
    arguments args;
    parse_result result =
        parse_exactly(self, NULL, 0, false, argc, argv, &args, 1, "the image (.twb)");
    if (result != PARSE_OK) {
        return result == PARSE_DONE ? TB_EXIT_OK : TB_EXIT_USAGE;
    }
    const char *path = args.positional[0];
    tb_complaint why;
    tb_image_file image;
    if (!tb_image_read(&image, path, &why)) {
        return out_error(TB_EXIT_FILE, NULL, &why);
    }
    tb_image_verdict v;
    tb_image_judge(image.data, image.bytes, &v);
    print_verdict(path, image.bytes, &v);
    out_json(verdict_json(path, &v));
    bool good = tb_image_good(&v);
    if (!good) {
        tb_image_explain(path, image.bytes, &v, &why);
    }
    tb_image_file_free(&image);
    return good                ? TB_EXIT_OK
           : the_settings.json ? TB_EXIT_FILE
                               : out_error(TB_EXIT_FILE, NULL, &why);
}

const verb verb_image_info = {
    .name = "image info",
    .summary = "show what an image is, and whether it is whole",
    .usage = "FILE.twb",
    .about =
        "Prints every field of the header, checks all three CRCs, the size and the vector table.\n"
        "Exit code 3 when anything is wrong.",
    .run = run_info,
};
