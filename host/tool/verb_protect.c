/* Write protection of stage 1: shown, and set. Provisioning, never an update. */
#include <string.h>

#include "host/tool/common.h"
#include "host/tool/device.h"
#include "host/tool/exit_codes.h"
#include "host/tool/out.h"
#include "host/tool/verbs.h"
#include "twinbank/chip.h"

#define WAIT_MS 5000u  /* an option write takes less than 0.2 s, on H7 the CRCs before it 0.1 s */

static struct {
    bool stage1, yes;
} flags;

static const option options[] = {
    {"stage1", 0, OPTION_FLAG, &flags.stage1, NULL, "protect stage 1 in both banks", 0},
    {"yes", 'y', OPTION_FLAG, &flags.yes, NULL, "do not ask", 0},
};

static tb_client_result request(device *d, uint8_t what, uint32_t consent)
{
    return device_provision(d, TB_CMD_PROTECT, what, consent, WAIT_MS,
                            "about its write protection");
}

static tb_client_result ask_device(device *d, unsigned *banks)
{
    tb_client_result result = request(d, TB_PROTECT_SHOW, 0u);
    if (result == TB_CLIENT_OK) {
        *banks = d->client.reply[0];
    }
    return result;
}

static void show(const device *d, unsigned banks, bool written)
{
    for (unsigned bank = 0; bank < 2u; bank++) {
        bool is = (banks >> bank & 1u) != 0u;
        out_line("bank %u: stage 1 is %s%sprotected%s", bank + 1u,
                 out_style(stdout, is ? STYLE_GOOD : STYLE_WARN), is ? "" : "not ",
                 out_style(stdout, STYLE_PLAIN));
    }
    out_json(json_pack("{s:s, s:[b,b], s:b, s:b}", "chip", device_chip_name(d), "stage1_protected",
                       (int)(banks & 1u), (int)(banks >> 1 & 1u), "settable",
                       (int)((d->client.hello.capabilities & TB_CAP_PROTECT) != 0u), "written",
                       (int)written));
}

/* What a power cut in the option write leaves, by family (docs/protection.md). */
static const char *risk(const device *d)
{
    const tb_chip *chip = device_chip(d);
    switch (chip ? chip->family : TB_FAMILY_G4) {
    case TB_FAMILY_H7:
        return "If power fails meanwhile, the old option bytes stay, and this is done again.";
    case TB_FAMILY_U5:
    case TB_FAMILY_F7:
        return "What a power cut in that leaves, the manual does not say.";
    default:
        return "If power fails meanwhile, the part\ncomes back with read-out protection level 1, "
               "which only a debugger or the ROM takes off,\nand which erases everything.";
    }
}

static int ask(const verb *self, const device *d)
{
    char question[512];
    (void)snprintf(question, sizeof question,
                   "This writes the option bytes of %s: stage 1 can then be neither erased nor "
                   "written,\nin either bank, until the option bytes say otherwise. %s\n"
                   "Is the supply safe?",
                   device_chip_name(d), risk(d));
    return ask_first(self, flags.yes, question, "nothing was changed");
}

/* The device resets into stage 2 and says what the option bytes in force protect. */
static int read_back(device *d)
{
    unsigned banks = 0;
    tb_client_result result = tb_client_connect(&d->client);
    if (result == TB_CLIENT_OK) {
        result = ask_device(d, &banks);
    }
    if (result != TB_CLIENT_OK) {
        return device_error(d, result);
    }
    show(d, banks, true);
    if (banks != TB_PROTECT_STAGE1) {
        tb_complaint why = {0};
        (void)tb_complain(&why, "the option bytes were written, and do not protect stage 1");
        return out_error(TB_EXIT_FAILED, NULL, &why);
    }
    out_line("read back after the reset; the device is in stage 2: 'twinbank reset' starts the "
             "application");
    return TB_EXIT_OK;
}

static int protect(const verb *self, device *d)
{
    bool able = (d->client.hello.capabilities & TB_CAP_PROTECT) != 0u;
    int code = able ? ask(self, d) : TB_EXIT_OK; /* else it says itself why not */
    if (code != TB_EXIT_OK) {
        return code;
    }
    tb_client_result result = request(d, TB_PROTECT_STAGE1, TB_PROTECT_CONSENT);
    if (result == TB_CLIENT_NO_ANSWER) {
        (void)tb_hint(&d->client.why, "it may be protected all the same: ask again");
    }
    return result == TB_CLIENT_OK ? read_back(d) : device_error(d, result);
}

static int with_device(const verb *self, device *d)
{
    unsigned banks = 0;
    tb_client_result result = ask_device(d, &banks);
    if (result != TB_CLIENT_OK) {
        return device_error(d, result);
    }
    if (flags.stage1 && banks != TB_PROTECT_STAGE1) {
        return protect(self, d);
    }
    show(d, banks, false);
    return TB_EXIT_OK;
}

static int run(const verb *self, int argc, char **argv)
{
    arguments args;
    parse_result result = parse_exactly(self, options, sizeof options / sizeof options[0], true,
                                        argc, argv, &args, 0, "");
    if (result != PARSE_OK) {
        return result == PARSE_DONE ? TB_EXIT_OK : TB_EXIT_USAGE;
    }
    if (flags.yes && !flags.stage1) {
        return usage_error(self, "--stage1 is missing");
    }
    return device_with(self, with_device);
}

const verb verb_protect = {
    .name = "protect",
    .summary = "show or set the write protection of stage 1",
    .usage = "--port PORT [--stage1 [--yes]]",
    .about =
        "Shows in which banks the option bytes protect stage 1 from being written. With --stage1\n"
        "it is protected in both, by one option write, and read back after the reset that this\n"
        "takes. Asks first, unless --yes. Where it is protected already nothing is written. Only\n"
        "stage 2 can do it: 'twinbank reset --stage2'. This is for provisioning, with a safe\n"
        "supply; an update never does it. docs/protection.md says what it keeps out, what it does\n"
        "not, and how the factory does it with a debugger.",
    .examples = "  twinbank protect --port /dev/ttyACM0\n"
                "  twinbank protect --port /dev/ttyACM0 --stage1",
    .run = run,
};
