#include <stdlib.h>
#include <string.h>

#include "host/tool/common.h"
#include "host/tool/device.h"
#include "host/tool/exit_codes.h"
#include "host/tool/out.h"
#include "host/tool/verbs.h"

static int parsed(parse_result result)
{
    return result == PARSE_DONE ? TB_EXIT_OK : TB_EXIT_USAGE;
}

/* Parses a verb without arguments or options of its own and opens the device. -1: go on. */
static int start(const verb *self, int argc, char **argv, device *d, bool status)
{
    arguments args;
    parse_result result = parse_exactly(self, NULL, 0, true, argc, argv, &args, 0, "");
    if (result != PARSE_OK) {
        return parsed(result);
    }
    int code = status ? device_open_status(self, d) : device_open(self, d);
    return code == TB_EXIT_OK ? -1 : code;
}

static int finish(device *d, tb_client_result result)
{
    int code = device_error(d, result);
    device_close(d);
    return code;
}

/* ---- info, map ------------------------------------------------------------------------ */

static int run_info(const verb *self, int argc, char **argv)
{
    device d;
    int code = start(self, argc, argv, &d, true);
    if (code >= 0) {
        return code;
    }
    show_info(&d.client.hello, &d.client.status);
    out_json(info_json(&d.client.hello, &d.client.status));
    return finish(&d, TB_CLIENT_OK);
}

static int run_map(const verb *self, int argc, char **argv)
{
    device d;
    int code = start(self, argc, argv, &d, true);
    if (code >= 0) {
        return code;
    }
    show_map(&d.client.hello, &d.client.status);
    out_json(info_json(&d.client.hello, &d.client.status));
    return finish(&d, TB_CLIENT_OK);
}

const verb verb_info = {
    .name = "info",
    .summary = "show what the device is, and what it holds",
    .usage = "--port PORT [--json]",
    .about =
        "Asks the device (application or stage 2, whichever answers) for its part, both slots "
        "with\n"
        "version, state, generation and attempts, both copies of stage 2, and why it booted what\n"
        "it runs. Changes nothing.",
    .run = run_info,
};

const verb verb_map = {
    .name = "map",
    .summary = "draw both banks",
    .usage = "--port PORT [--json]",
    .about =
        "Draws the two banks side by side: where each is mapped, stage 1, stage 2, the\n"
        "application with its state, and how full its slot is. The arrow marks what runs, and\n"
        "what the next boot takes. Changes nothing.",
    .run = run_map,
};

/* ---- boot, confirm, rollback, reset ---------------------------------------------------- */

static int run_boot(const verb *self, int argc, char **argv)
{
    device d;
    int code = start(self, argc, argv, &d, true);
    if (code >= 0) {
        return code;
    }
    unsigned bank = d.client.status.preferred;
    char text[16];
    tb_client_result result = tb_client_reset(&d.client, TB_CMD_BOOT, 0);
    if (result == TB_CLIENT_OK) {
        out_line("the device resets and boots %s", bank_text(bank, text));
        out_json(json_pack("{s:o}", "boots",
                           bank < 2u ? json_integer((json_int_t)bank + 1) : json_null()));
    }
    return finish(&d, result);
}

/* CONFIRM and ROLLBACK answer with the bank that they were about. */
static int simple(const verb *self, int argc, char **argv, tb_command command, const char *done,
                  const char *key)
{
    device d;
    int code = start(self, argc, argv, &d, true);
    if (code >= 0) {
        return code;
    }
    tb_client_result result = tb_client_command(&d.client, command, NULL, 0, 3000);
    unsigned bank = result == TB_CLIENT_OK && d.client.reply_bytes ? d.client.reply[0] & 1u : 0u;
    if (result == TB_CLIENT_OK) {
        char version[16];
        (void)tb_version_text(d.client.status.slot[bank].version, version);
        out_line("%s in bank %u %s", version, bank + 1u, done);
        out_json(json_pack("{s:i, s:s}", key, (int)bank + 1, "version", version));
    }
    return finish(&d, result);
}

static int run_confirm(const verb *self, int argc, char **argv)
{
    return simple(self, argc, argv, TB_CMD_CONFIRM, "is confirmed", "confirmed");
}

static int run_rollback(const verb *self, int argc, char **argv)
{
    return simple(self, argc, argv, TB_CMD_ROLLBACK,
                  "is rejected; the other bank boots at the next reset ('twinbank reset')",
                  "rejected");
}

static bool reset_to_stage2;

static int run_reset(const verb *self, int argc, char **argv)
{
    const option options[] = {{"stage2", 0, OPTION_FLAG, &reset_to_stage2, NULL,
                               "stay in stage 2 instead of booting", 0}};
    arguments args;
    parse_result parse = parse_exactly(self, options, 1, true, argc, argv, &args, 0, "");
    if (parse != PARSE_OK) {
        return parsed(parse);
    }
    device d;
    int code = device_open(self, &d);
    if (code != TB_EXIT_OK) {
        return code;
    }
    tb_client_result result = tb_client_reset(&d.client, TB_CMD_RESET, reset_to_stage2);
    if (result == TB_CLIENT_OK) {
        out_line("the device resets%s", reset_to_stage2 ? " into stage 2" : "");
        out_json(json_pack("{s:s}", "reset", reset_to_stage2 ? "stage2" : "plain"));
    }
    return finish(&d, result);
}

const verb verb_boot = {
    .name = "boot",
    .summary = "leave stage 2 and boot the application",
    .usage = "--port PORT",
    .about =
        "The device resets and boots as it decides: the newest image that is confirmed or has\n"
        "attempts left. Refused where there is none.",
    .run = run_boot,
};

const verb verb_confirm = {
    .name = "confirm",
    .summary = "keep the image that is on trial",
    .usage = "--port PORT",
    .about =
        "Confirms the running image; asked of stage 2, the one that would be booted. Usually an\n"
        "application confirms itself. Harmless when repeated.",
    .run = run_confirm,
};

const verb verb_rollback = {
    .name = "rollback",
    .summary = "reject the running image and go back to the other",
    .usage = "--port PORT",
    .about =
        "Marks the running image (asked of stage 2: the one that would be booted) as rejected, so\n"
        "that the next boot takes the other bank. Refused where the other bank holds nothing to\n"
        "boot. The image stays where it is. Follow it with 'twinbank reset'.",
    .run = run_rollback,
};

const verb verb_reset = {
    .name = "reset",
    .summary = "reset the device",
    .usage = "--port PORT [--stage2]",
    .about =
        "A plain reset boots as the device decides. With --stage2 it stays in stage 2, which can\n"
        "do what a running application cannot.",
    .run = run_reset,
};

/* ---- erase ------------------------------------------------------------------------------ */

static struct {
    uint32_t bank;
    bool yes;
} erase;

static int ask(const verb *self, const device *d, unsigned bank)
{
    const tb_wire_slot *s = &d->client.status.slot[bank];
    char version[16], question[96];
    (void)snprintf(question, sizeof question, "Erase %s in bank %u (%s)?",
                   s->head_error ? "what is" : tb_version_text(s->version, version), bank + 1u,
                   slot_state_text(s->state));
    return ask_first(self, erase.yes, question, "nothing was erased");
}

static int run_erase(const verb *self, int argc, char **argv)
{
    const option options[] = {
        {"bank", 0, OPTION_NUMBER, &erase.bank, "N", "1 or 2", 2},
        {"yes", 'y', OPTION_FLAG, &erase.yes, NULL, "do not ask", 0},
    };
    arguments args;
    parse_result parse = parse_exactly(self, options, 2, true, argc, argv, &args, 0, "");
    if (parse != PARSE_OK) {
        return parsed(parse);
    }
    if (erase.bank == 0) {
        return usage_error(self, "--bank 1 or --bank 2 is missing");
    }
    device d;
    int code = device_open_status(self, &d);
    if (code != TB_EXIT_OK) {
        return code;
    }
    uint8_t bank = (uint8_t)(erase.bank - 1u);
    code = ask(self, &d, bank);
    if (code != TB_EXIT_OK) {
        device_close(&d);
        return code;
    }
    tb_client_result result = tb_client_command(&d.client, TB_CMD_ERASE, &bank, 1, 60000);
    if (result == TB_CLIENT_OK) {
        out_line("the slot in bank %u is erased", bank + 1u);
        out_json(json_pack("{s:i}", "erased", bank + 1));
    }
    return finish(&d, result);
}

const verb verb_erase = {
    .name = "erase",
    .summary = "erase the slot of one bank",
    .usage = "--port PORT --bank N [--yes]",
    .about =
        "Erases application and log of that bank; stage 1 and stage 2 stay. Asks first, unless\n"
        "--yes. The device refuses to erase what it runs, or its only way back from a trial.",
    .run = run_erase,
};
