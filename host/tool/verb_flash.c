#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/lib/objfile.h"
#include "host/tool/common.h"
#include "host/tool/device.h"
#include "host/tool/exit_codes.h"
#include "host/tool/out.h"
#include "host/tool/progress.h"
#include "host/tool/verbs.h"

#define COME_BACK_MS 10000u /* reset, stage 1, clocks, and a slow USB bridge */
#define CONFIRM_MS 10000u   /* how long a running trial is watched */

static struct {
    bool no_wait, confirm, allow_same, force_send, plain, fast;
    const char *from;
} flags;

static const option options[] = {
    {"confirm", 0, OPTION_FLAG, &flags.confirm, NULL, "confirm it by wire once it runs", 0},
    {"fast", 0, OPTION_FLAG, &flags.fast, NULL,
     "raise the line's rate, as far as it is carried: to 921600", 0},
    {"no-wait", 0, OPTION_FLAG, &flags.no_wait, NULL, "do not wait for the device to come back", 0},
    {"from", 0, OPTION_TEXT, &flags.from, "PATH",
     "send a delta against what the device runs: its .twb, or a directory with it", 0},
    {"plain", 0, OPTION_FLAG, &flags.plain, NULL, "send every byte, and none compressed", 0},
    {"allow-same", 0, OPTION_FLAG, &flags.allow_same, NULL,
     "send it even if this very image runs already", 0},
    {"force-send", 0, OPTION_FLAG, &flags.force_send, NULL,
     "check nothing here: let the device judge", 0},
};

/* With --force-send any file that has a header goes out, good or not. */
static int load(const char *path, tb_image_file *image)
{
    tb_complaint why;
    bool good =
        flags.force_send ? tb_image_read(image, path, &why) : tb_image_load(image, path, &why);
    return good ? TB_EXIT_OK : out_error(TB_EXIT_FILE, NULL, &why);
}

/* ---- what a delta may be against ------------------------------------------------------- */

#define SOURCES_MAX 256u

static struct {
    tb_image_file files[SOURCES_MAX];
    size_t count;
} sources;

static void sources_free(void)
{
    while (sources.count > 0) {
        tb_image_file_free(&sources.files[--sources.count]);
    }
}

/* Of a directory's files those that are no images are passed over. */
static void load_directory(DIR *directory, const char *path)
{
    struct dirent *entry;
    while (sources.count < SOURCES_MAX && (entry = readdir(directory)) != NULL) {
        size_t length = strlen(entry->d_name);
        char name[4096];
        tb_complaint why;
        if (length < 4u || strcmp(entry->d_name + length - 4u, ".twb") != 0 ||
            (size_t)snprintf(name, sizeof name, "%s/%s", path, entry->d_name) >= sizeof name) {
            continue;
        }
        if (tb_image_load(&sources.files[sources.count], name, &why)) {
            sources.count++;
        }
    }
}

static int load_sources(tb_client *c)
{
    struct stat what;
    if (flags.from == NULL) {
        return TB_EXIT_OK;
    }
    DIR *directory = stat(flags.from, &what) == 0 && S_ISDIR(what.st_mode) ? opendir(flags.from)
                                                                           : NULL;
    if (directory != NULL) {
        load_directory(directory, flags.from);
        (void)closedir(directory);
    } else {
        tb_complaint why;
        if (!tb_image_load(&sources.files[0], flags.from, &why)) {
            return out_error(TB_EXIT_FILE, NULL, &why);
        }
        sources.count = 1;
    }
    c->sources = sources.files;
    c->source_count = sources.count;
    return TB_EXIT_OK;
}

static bool runs_already(const device *d, const tb_image_head *head)
{
    const tb_status *st = &d->client.status;
    if (head->kind == TB_IMAGE_STAGE2 || st->running_bank > 1u) {
        return false;
    }
    const tb_wire_slot *s = &st->slot[st->running_bank];
    return s->state == TB_SLOT_CONFIRMED && !s->head_error && !s->payload_error &&
           st->preferred == st->running_bank && s->version == head->version &&
           s->crc32 == head->crc32 && s->size == head->size && s->product_id == head->product_id &&
           s->security_version == head->security_version &&
           memcmp(s->build_id, head->build_id, sizeof s->build_id) == 0;
}

static int interrupted(device *d, const progress *p)
{
    tb_client *c = &d->client;
    const tb_status *st = &c->status;
    char version[16], bank[16];
    unsigned percent = p->total ? (unsigned)((uint64_t)p->done * 100u / p->total) : 0;
    if (st->running_bank < 2u) {
        (void)tb_complain(&c->why, "interrupted at %u %%; the device still runs %s from %s",
                          percent, tb_version_text(st->slot[st->running_bank].version, version),
                          bank_text(st->running_bank, bank));
    } else {
        (void)tb_complain(
            &c->why, "interrupted at %u %%; the device is in stage 2 and has what it had", percent);
    }
    (void)tb_hint(&c->why, "the same command resumes where this one stopped");
    return out_error(TB_EXIT_INTERRUPTED, NULL, &c->why);
}

/* ---- afterwards -------------------------------------------------------------------------- */

static void result_json(const char *fate, const tb_image_head *head, const tb_sent *sent,
                        const tb_client *c)
{
    json_t *j =
        json_pack("{s:s, s:s, s:o, s:i, s:i, s:I, s:I, s:I}", "event", "result", "fate", fate,
                  "version", json_version(head->version), "bank", (int)sent->bank + 1,
                  "generation", (int)sent->generation,
                  "resumed_from", (json_int_t)sent->resumed_from,
                  "sent_bytes", (json_int_t)sent->sent_bytes,
                  "resent_bytes", (json_int_t)sent->resent_bytes);
    if (c) {
        (void)json_object_set_new(j, "device", info_json(&c->hello, &c->status));
    }
    out_json(j);
}

static int not_kept(device *d, tb_fate fate, const char *version, const tb_sent *sent)
{
    const tb_status *st = &d->client.status;
    tb_complaint why;
    char runs[16], now[48] = "stage 2";
    unsigned reason;
    if (st->running_bank < 2u) {
        (void)snprintf(now, sizeof now, "%s from bank %u",
                       tb_version_text(st->slot[st->running_bank].version, runs),
                       st->running_bank + 1u);
    }
    switch (fate) {
    case TB_FATE_REJECTED:
        reason = st->slot[sent->bank & 1u].reason;
        (void)tb_complain(&why, "%s was rolled back: %s; the device runs %s", version,
                          tb_reason_text((tb_reason)reason), now);
        if (reason == TB_REASON_FAULT && st->fault_pc) {
            (void)tb_hint(&why,
                          "the image does not come up: the last fault was at 0x%08X, status 0x%08X",
                          (unsigned)st->fault_pc, (unsigned)st->fault_status);
        } else {
            (void)tb_hint(
                &why, "the image does not come up, or does not confirm itself: 'twinbank info'");
        }
        break;
    case TB_FATE_ON_TRIAL:
        (void)tb_complain(&why, "booted %s from bank %u, on trial; it was not confirmed in time",
                          version, sent->bank + 1u);
        (void)tb_hint(&why,
                      "'twinbank confirm' keeps it, 'twinbank rollback' goes back; unconfirmed, it "
                      "is rolled back after %u boots",
                      TB_TRIAL_ATTEMPTS);
        break;
    case TB_FATE_LOST:
        (void)tb_complain(&why, "bank %u no longer holds %s; the device runs %s", sent->bank + 1u,
                          version, now);
        (void)tb_hint(&why,
                      "somebody else updates this device too; 'twinbank map' shows what it holds");
        break;
    default:
        if (tb_swap_refused(&d->client.hello, st)) {
            (void)tb_complain(&why, "%s is installed in bank %u, but the swap to it was refused; "
                              "the device runs %s", version, sent->bank + 1u, now);
            (void)tb_hint(&why, SWAP_REFUSED "; 'twinbank boot' tries again");
            break;
        }
        (void)tb_complain(&why, "%s is installed in bank %u, but the device runs %s", version,
                          sent->bank + 1u, now);
        (void)tb_hint(&why, "'twinbank boot' boots it; 'twinbank info' says why it did not");
        break;
    }
    return out_error(TB_EXIT_NOT_KEPT, NULL, &why);
}

static int report_fate(device *d, const tb_image_file *image, const tb_sent *sent, tb_fate fate)
{
    static const char *const names[] = {"confirmed", "on-trial", "rejected", "not-running", "lost"};
    char version[16];
    (void)tb_version_text(image->head.version, version);
    result_json(names[fate], &image->head, sent, &d->client);
    if (fate != TB_FATE_CONFIRMED) {
        return not_kept(d, fate, version, sent);
    }
    if (image->head.kind == TB_IMAGE_STAGE2) {
        out_line("stage 2 %s is in place in bank %u", version, sent->bank + 1u);
    } else {
        out_line("%sbooted %s from bank %u, confirmed%s", out_style(stdout, STYLE_GOOD), version,
                 sent->bank + 1u, out_style(stdout, STYLE_PLAIN));
    }
    return TB_EXIT_OK;
}

static int reset_and_wait(device *d, const tb_image_file *image, const tb_sent *sent)
{
    tb_client *c = &d->client;
    char version[16];
    tb_client_result result = tb_client_reset(c, TB_CMD_RESET, 0);
    if (result != TB_CLIENT_OK) {
        return device_error(d, result);
    }
    (void)tb_version_text(image->head.version, version);
    if (flags.no_wait) {
        out_line("%s is in bank %u; the device resets to boot it", version, sent->bank + 1u);
        result_json("sent", &image->head, sent, NULL);
        return TB_EXIT_OK;
    }
    out_line("%s is in bank %u; waiting for the device to come back", version, sent->bank + 1u);
    out_json(json_pack("{s:s, s:o, s:i}", "event", "waiting", "version",
                       json_version(image->head.version), "bank", (int)sent->bank + 1));
    uint32_t watchdog = image->head.trial_watchdog_ms;
    watchdog = watchdog ? watchdog : TB_TRIAL_WATCHDOG_DEFAULT_MS;
    /* Time for every trial to hang until its watchdog bites, LSI's tolerance included. */
    tb_wait_options wait = {.total_ms =
                                COME_BACK_MS + TB_TRIAL_ATTEMPTS * (watchdog + watchdog / 4u),
                            .confirm_ms = CONFIRM_MS,
                            .confirm = flags.confirm};
    if (the_settings.timeout_s) {
        wait.total_ms = wait.confirm_ms = the_settings.timeout_s * 1000u;
    }
    tb_fate fate = TB_FATE_NOT_RUNNING;
    result = tb_client_wait(c, image, sent, &wait, &fate);
    if (result == TB_CLIENT_INTERRUPTED) {
        (void)tb_complain(&c->why, "interrupted while waiting; %s is in bank %u and boots on trial",
                          version, sent->bank + 1u);
        (void)tb_hint(&c->why, "'twinbank info' shows what became of it");
    }
    return result == TB_CLIENT_OK ? report_fate(d, image, sent, fate) : device_error(d, result);
}

static int update(device *d, const tb_image_file *image)
{
    tb_client *c = &d->client;
    tb_sent sent;
    progress p;
    if (!flags.force_send) {
        tb_client_result checked = tb_client_check(c, image);
        if (checked != TB_CLIENT_OK) {
            return device_error(d, checked);
        }
    }
    char version[16];
    (void)tb_version_text(image->head.version, version);
    if (!flags.allow_same && !flags.force_send && runs_already(d, &image->head)) {
        sent = (tb_sent){.bank = c->status.running_bank,
                         .generation = c->status.slot[c->status.running_bank & 1u].generation};
        out_line("the device runs this very %s already, confirmed; nothing to do (--allow-same "
                 "sends it)",
                 version);
        result_json("same", &image->head, &sent, c);
        return TB_EXIT_OK;
    }
    out_line("sending %s%s, %zu bytes", image->head.kind == TB_IMAGE_STAGE2 ? "stage 2 " : "",
             version, image->bytes);
    progress_init(&p, c);
    c->plain_only = flags.plain || flags.force_send;
    tb_client_result result = flags.fast ? tb_client_raise_baud(c) : TB_CLIENT_OK;
    if (result == TB_CLIENT_OK) {
        result = tb_client_send(c, image, &sent);
    }
    progress_end(&p);
    if (result == TB_CLIENT_INTERRUPTED) {
        return interrupted(d, &p);
    }
    if (p.retries) {
        out_warning("data was lost on the way and sent again %u time%s; is the line noisy?",
                    p.retries, p.retries == 1 ? "" : "s");
    }
    return result == TB_CLIENT_OK ? reset_and_wait(d, image, &sent) : device_error(d, result);
}

static int run(const verb *self, int argc, char **argv)
{
    arguments args;
    parse_result result = parse_exactly(self, options, sizeof options / sizeof options[0], true,
                                        argc, argv, &args, 1, "the image (.twb)");
    if (result != PARSE_OK) {
        return result == PARSE_DONE ? TB_EXIT_OK : TB_EXIT_USAGE;
    }
    tb_image_file image;
    int code = load(args.positional[0], &image);
    if (code != TB_EXIT_OK) {
        return code;
    }
    device d;
    code = device_open_status(self, &d);
    if (code == TB_EXIT_OK) {
        code = load_sources(&d.client);
        if (code == TB_EXIT_OK) {
            code = update(&d, &image);
        }
        device_close(&d);
        sources_free();
    }
    tb_image_file_free(&image);
    return code;
}

const verb verb_flash = {
    .name = "flash",
    .summary = "send an image, boot it, and see that it is kept",
    .usage = "--port PORT [options] FILE.twb",
    .about =
        "Sends an application (or a new stage 2) to the device, which goes on running what it "
        "runs.\n"
        "The device chooses the bank. Then it resets, boots the new image on trial, and the tool\n"
        "waits until the image is confirmed, or rolled back (exit code 7).\n"
        "\n"
        "An update that was interrupted (Ctrl-C, power, cable) is resumed by the same command. "
        "Only\n"
        "one twinbank at a time may use a port.\n"
        "\n"
        "Where the device can expand it, the image goes out compressed; with --from, as a delta\n"
        "against the image that the device runs, if that is found to be the same. Pages that the\n"
        "other bank holds already are neither sent nor erased. The tool says what it chose.\n"
        "\n"
        "--fast changes the line to 921600 bits per second (1000000 where the device cannot make\n"
        "that), 460800 or 230400: the highest that both ends can do and that is carried. It goes\n"
        "back by itself where much is lost, and after the update. Not for a line with something in\n"
        "it that keeps to one rate, such as a radio modem or a converter that is set by hand.",
    .examples = "  twinbank flash --port /dev/ttyACM0 app-1.1.0.twb\n"
                "  twinbank flash --port /dev/ttyUSB0 --fast --confirm app.twb\n"
                "  twinbank flash --port /dev/ttyACM0 --from releases/ app-1.2.0.twb\n"
                "  twinbank flash --port /dev/ttyACM0 stage2.twb",
    .run = run,
};
