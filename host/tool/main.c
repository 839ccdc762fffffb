#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "host/tool/exit_codes.h"
#include "host/tool/out.h"
#include "host/tool/verbs.h"

#ifndef TB_VERSION_TEXT
#error "the build gives TB_VERSION_TEXT"
#endif

static const verb *const verbs[] = {
    &verb_flash, &verb_info,  &verb_map,        &verb_boot,       &verb_confirm, &verb_rollback,
    &verb_erase, &verb_reset, &verb_mode, &verb_protect,       &verb_image_pack, &verb_image_info,
    &verb_factory, &verb_chips,
};

static const verb no_verb = {.name = ""};

static void print_overview(FILE *to)
{
    (void)fprintf(to, "twinbank " TB_VERSION_TEXT
                      ": firmware update for STM32 parts with two flash banks\n\n"
                      "Usage: twinbank VERB [options]\n\n");
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        (void)fprintf(to, "  %-12s %s\n", verbs[i]->name, verbs[i]->summary);
    }
    (void)fprintf(to,
                  "\n'twinbank VERB --help' explains a verb. The two that matter most:\n\n"
                  "  twinbank image pack --chip stm32g474re --version 1.1.0 -o app.twb app.elf\n"
                  "  twinbank flash --port /dev/ttyACM0 app.twb\n\n"
                  "Exit codes: 0 done, 1 failed, 2 usage, 3 bad file, 4 port, 5 no answer,\n"
                  "6 refused by the device, 7 flashed but not kept, 130 interrupted.\n");
}

/* How many words of argv the verb's name takes; 0: it is another verb. */
static int match(const verb *v, int argc, char **argv)
{
    const char *space = strchr(v->name, ' ');
    if (!space) {
        return strcmp(v->name, argv[0]) == 0 ? 1 : 0;
    }
    size_t first = (size_t)(space - v->name);
    bool same = strlen(argv[0]) == first && strncmp(argv[0], v->name, first) == 0;
    return same && argc > 1 && strcmp(space + 1, argv[1]) == 0 ? 2 : 0;
}

int main(int argc, char **argv)
{
    (void)setlocale(LC_CTYPE, "");
    if (argc < 2) {
        print_overview(stderr);
        return TB_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_overview(stdout);
        return out_finish(TB_EXIT_OK);
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)puts("twinbank " TB_VERSION_TEXT);
        return out_finish(TB_EXIT_OK);
    }
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        int words = match(verbs[i], argc - 1, argv + 1);
        if (words) {
            return out_finish(verbs[i]->run(verbs[i], argc - 1 - words, argv + 1 + words));
        }
    }
    if (strcmp(argv[1], "image") == 0) {
        return usage_error(&no_verb, "'twinbank image' wants 'pack' or 'info' after it");
    }
    return usage_error(&no_verb, "there is no verb '%s'", argv[1]);
}
