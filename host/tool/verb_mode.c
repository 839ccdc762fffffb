/* Dual-bank or single-bank mode: shown, and switched. Provisioning, never an update. */
#include <string.h>

#include "host/tool/common.h"
#include "host/tool/device.h"
#include "host/tool/exit_codes.h"
#include "host/tool/out.h"
#include "host/tool/verbs.h"
#include "twinbank/chip.h"

#define SHOW_WAIT_MS 5000u
/* An option write and the erase of everything: 0.2 s, but on F7 two mass erases. */
#define SWITCH_WAIT_MS 70000u

static struct {
    bool dual, single, erase_all, yes;
} flags;

static const option options[] = {
    {"dual", 0, OPTION_FLAG, &flags.dual, NULL, "switch to dual-bank mode", 0},
    {"single", 0, OPTION_FLAG, &flags.single, NULL, "switch to single-bank mode", 0},
    {"erase-all", 0, OPTION_FLAG, &flags.erase_all, NULL,
     "all contents will be lost, stage 1 and 2 included: this is meant", 0},
    {"yes", 'y', OPTION_FLAG, &flags.yes, NULL, "do not ask", 0},
};

static const char *mode_name(unsigned mode)
{
    return mode == TB_MODE_DUAL ? "dual" : mode == TB_MODE_SINGLE ? "single" : "unknown";
}

static void reply_json(const device *d, unsigned now, unsigned after)
{
    const tb_hello *h = &d->client.hello;
    out_json(json_pack("{s:s, s:s, s:s, s:b, s:b}", "chip", device_chip_name(d), "mode",
                       mode_name(now), "after_reset", mode_name(after), "switchable",
                       (h->capabilities & TB_CAP_MODE) != 0, "erased", now != after));
}

/* An application cannot switch; stage 2 can, where the part has an option for it. */
static bool always_dual(const tb_hello *h, unsigned mode)
{
    return mode == TB_MODE_DUAL && h->role == TB_ROLE_STAGE2 &&
           (h->capabilities & TB_CAP_MODE) == 0;
}

static void show(const device *d, unsigned mode)
{
    const tb_hello *h = &d->client.hello;
    if (mode == TB_MODE_DUAL) {
        out_line("%s is in dual-bank mode%s: 2 banks of %u KB", device_chip_name(d),
                 always_dual(h, mode) ? ", as it always is" : "", h->bank_kib);
    } else {
        out_line("%s is in %ssingle-bank mode%s: it cannot be updated", device_chip_name(d),
                 out_style(stdout, STYLE_BAD), out_style(stdout, STYLE_PLAIN));
        out_line("%s", tb_error_hint(TB_ERR_SINGLE_BANK));
    }
}

static tb_client_result request(device *d, unsigned mode, uint32_t consent, unsigned wait_ms)
{
    return device_provision(d, TB_CMD_MODE, (uint8_t)mode, consent, wait_ms,
                            "about its bank mode");
}

static int ask(const verb *self, const device *d, unsigned wanted)
{
    char question[768];
    (void)snprintf(question, sizeof question,
                   "This switches %s to %s-bank mode. It erases ALL of its flash, stage 1 and "
                   "stage 2 too:\nafterwards nothing answers on this port until the part is "
                   "programmed with a debugger or\nthrough ST's bootloader in ROM. If power fails "
                   "while the option bytes are written, the\npart comes back with read-out "
                   "protection level 1, which only a debugger or the ROM takes\noff. Is the supply "
                   "safe, and the factory file at hand?",
                   device_chip_name(d), mode_name(wanted));
    return ask_first(self, flags.yes, question, "nothing was changed");
}

static void what_comes_now(const device *d, unsigned mode)
{
    out_line("%s resets into %s-bank mode, blank", device_chip_name(d), mode_name(mode));
    if (mode == TB_MODE_DUAL) {
        out_line("Now program its factory file ('twinbank factory' makes one), with a debugger, or "
                 "through\nST's bootloader in ROM: BOOT0 high at the next reset.");
    } else {
        out_line("Twinbank does not work in this mode. Program what is meant to run, with a "
                 "debugger, or\nthrough ST's bootloader in ROM: BOOT0 high at the next reset.");
    }
}

/* The device says what is lost: without --erase-all it is asked all the same, and refuses. */
static int change(const verb *self, device *d, unsigned wanted, unsigned now)
{
    tb_client *c = &d->client;
    if (always_dual(&c->hello, now)) {
        tb_complaint why;
        (void)tb_complain(&why, "%s always has two banks", device_chip_name(d));
        (void)tb_hint(&why, "there is no option byte for it on this part: nothing to switch");
        return out_error(TB_EXIT_REFUSED, tb_error_name(TB_ERR_NOT_HERE), &why);
    }
    if (flags.erase_all) {
        int code = ask(self, d, wanted);
        if (code != TB_EXIT_OK) {
            return code;
        }
    }
    tb_client_result result = request(d, wanted, flags.erase_all ? TB_MODE_CONSENT : 0u,
                                      flags.erase_all ? SWITCH_WAIT_MS : SHOW_WAIT_MS);
    if (result == TB_CLIENT_NO_ANSWER && flags.erase_all) {
        (void)tb_hint(&c->why, "the part may have been switched all the same, and is blank then");
    }
    if (result == TB_CLIENT_OK) {
        what_comes_now(d, wanted);
        reply_json(d, now, c->reply[1]);
    }
    return device_error(d, result);
}

static int with_device(const verb *self, device *d)
{
    tb_client *c = &d->client;
    tb_client_result result = request(d, TB_MODE_SHOW, 0u, SHOW_WAIT_MS);
    if (result != TB_CLIENT_OK) {
        return device_error(d, result);
    }
    unsigned now = c->reply[0];
    unsigned wanted = flags.dual ? TB_MODE_DUAL : flags.single ? TB_MODE_SINGLE : now;
    if (wanted != now) {
        return change(self, d, wanted, now);
    }
    show(d, now);
    reply_json(d, now, now);
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
    if (flags.dual && flags.single) {
        return usage_error(self, "--dual or --single, not both");
    }
    if (!flags.dual && !flags.single && (flags.erase_all || flags.yes)) {
        return usage_error(self, "--dual or --single is missing");
    }
    return device_with(self, with_device);
}

const verb verb_mode = {
    .name = "mode",
    .summary = "show or switch dual-bank mode (switching erases all)",
    .usage = "--port PORT [--dual|--single --erase-all [--yes]]",
    .about =
        "Shows whether the part's flash is two banks or one. With --dual or --single it is\n"
        "switched, by option byte. That scrambles what is in flash, so the device refuses unless\n"
        "--erase-all says that everything may go: stage 1, stage 2, both applications. Afterwards\n"
        "the part is blank and wants its factory file. Only stage 2 can do it: 'twinbank reset\n"
        "--stage2'. This is for provisioning, with a safe supply; an update never does it.\n"
        "docs/bank-mode.md says what a power cut in it leaves.",
    .examples = "  twinbank mode --port /dev/ttyACM0\n"
                "  twinbank mode --port /dev/ttyACM0 --dual --erase-all",
    .run = run,
};
