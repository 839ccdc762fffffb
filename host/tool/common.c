#include "host/tool/common.h"

#include <string.h>
#include <unistd.h>

#include "host/tool/exit_codes.h"
#include "host/tool/out.h"
#include "twinbank/image.h"

int require_chip(const verb *v, const char *name, const tb_chip **chip)
{
    if (!name) {
        return usage_error(v, "--chip CHIP is missing; 'twinbank chips' lists them");
    }
    *chip = tb_chip_find(name);
    if (*chip && (*chip)->has_banks) {
        return TB_EXIT_OK;
    }
    tb_complaint why;
    if (*chip) {
        (void)tb_complain(&why, "--chip %s: %s", name, (*chip)->refusal);
    } else {
        (void)tb_complain(&why, "--chip %s: no such part is known", name);
    }
    (void)tb_hint(&why, "'twinbank chips' lists the parts");
    return out_error(TB_EXIT_USAGE, NULL, &why);
}

const char *kind_name(unsigned kind)
{
    switch (kind) {
    case TB_IMAGE_APPLICATION:
        return "application";
    case TB_IMAGE_STAGE2:
        return "stage2";
    default:
        return "unknown";
    }
}

int ask_first(const verb *v, bool yes, const char *question, const char *otherwise)
{
    char answer[8] = "";
    if (yes) {
        return TB_EXIT_OK;
    }
    if (!isatty(STDIN_FILENO)) {
        return usage_error(v, "standard input is no terminal to ask on: say --yes");
    }
    (void)fprintf(stderr, "%s [y/N] ", question);
    if (!fgets(answer, sizeof answer, stdin) || (answer[0] != 'y' && answer[0] != 'Y')) {
        out_line("%s", otherwise);
        return TB_EXIT_FAILED;
    }
    return TB_EXIT_OK;
}
