#include "host/lib/factory.h"

#include <stdlib.h>

#include "host/tool/common.h"
#include "host/tool/exit_codes.h"
#include "host/tool/out.h"
#include "host/tool/verbs.h"

static struct {
    const char *chip, *stage1, *stage2, *app, *out;
} make;

static const option options[] = {
    {"chip", 'c', OPTION_TEXT, &make.chip, "CHIP", "the part, as 'twinbank chips' names it", 0},
    {"stage1", 0, OPTION_TEXT, &make.stage1, "FILE", "stage 1 (.elf, .hex, .bin)", 0},
    {"stage2", 0, OPTION_TEXT, &make.stage2, "FILE", "stage 2, as an image (.twb)", 0},
    {"app", 0, OPTION_TEXT, &make.app, "FILE", "the first application (.twb); without it, none", 0},
    {"out", 'o', OPTION_TEXT, &make.out, "FILE", "the Intel HEX file to write", 0},
};

static void print_parts(const tb_factory *f)
{
    json_t *parts = json_array();
    for (size_t i = 0; i < f->count; i++) {
        const tb_factory_part *p = &f->parts[i];
        out_line("  0x%08X  %7u bytes  %s", (unsigned)p->address, (unsigned)p->bytes, p->what);
        (void)json_array_append_new(parts, json_pack("{s:s, s:o, s:I}", "what", p->what, "address",
                                                     json_address(p->address), "bytes",
                                                     (json_int_t)p->bytes));
    }
    out_json(json_pack("{s:o, s:o, s:o, s:o}", "file", json_text(make.out), "stage2",
                       json_version(f->stage2.version), "app",
                       f->app.magic ? json_version(f->app.version) : json_null(), "parts", parts));
}

static int write_factory(const tb_factory *f, tb_complaint *why)
{
    size_t bytes;
    char *text = tb_factory_hex(f, &bytes);
    bool good =
        text ? tb_file_write(make.out, text, bytes, why) : tb_complain(why, "out of memory");
    free(text);
    if (!good) {
        return out_error(TB_EXIT_FILE, NULL, why);
    }
    char s2[16], app[16];
    out_line("%s: stage 2 %s, %s%s", make.out, tb_version_text(f->stage2.version, s2),
             f->app.magic ? "application " : "no application",
             f->app.magic ? tb_version_text(f->app.version, app) : "");
    print_parts(f);
    return TB_EXIT_OK;
}

static int run(const verb *self, int argc, char **argv)
{
    arguments args;
    parse_result result = parse_exactly(self, options, sizeof options / sizeof options[0], false,
                                        argc, argv, &args, 0, "");
    if (result != PARSE_OK) {
        return result == PARSE_DONE ? TB_EXIT_OK : TB_EXIT_USAGE;
    }
    tb_factory_options o = {.stage1 = make.stage1, .stage2 = make.stage2, .app = make.app};
    int code = require_chip(self, make.chip, &o.chip);
    if (code != TB_EXIT_OK) {
        return code;
    }
    const char *missing = !make.stage1   ? "--stage1"
                          : !make.stage2 ? "--stage2"
                          : !make.out    ? "-o"
                                         : NULL;
    if (missing) {
        return usage_error(self, "%s FILE is missing", missing);
    }
    tb_complaint why;
    tb_factory f;
    if (!tb_factory_make(&o, &f, &why)) {
        return out_error(TB_EXIT_FILE, NULL, &why);
    }
    code = write_factory(&f, &why);
    tb_factory_free(&f);
    return code;
}

const verb verb_factory = {
    .name = "factory",
    .summary = "make one file for production programming",
    .usage = "--chip CHIP --stage1 FILE --stage2 FILE [--app FILE] -o OUT.hex",
    .about =
        "Writes everything that a blank part needs into one Intel HEX file: stage 1 and stage 2 "
        "in\n"
        "both banks, and the application in bank 1 with its slot log (installed as generation 1,\n"
        "confirmed). Without --app the device starts in stage 2 and waits for 'twinbank flash'.\n"
        "Refuses images for another part, parts that do not fit, and an application whose product\n"
        "id is not stage 2's. Program the file to an erased part.",
    .examples = "  twinbank factory --chip stm32g474re --stage1 stage1.elf --stage2 stage2.twb \\\n"
                "      --app app-1.0.0.twb -o factory.hex\n"
                "  openocd -f board/st_nucleo_g4.cfg -c 'program factory.hex verify reset exit'",
    .run = run,
};
