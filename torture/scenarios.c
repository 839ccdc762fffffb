/* The scenarios. Each uses what a user would: the host library's client, the tutorial's
 * frames, the receive line held low. */
#include "torture/scenario.h"

#include <string.h>

#include "torture/switch.h"

#define BOOT_LIMIT_PS SIM_PS_PER_S
#define TRIALS_LIMIT_PS (12u * SIM_PS_PER_S)
#define SMALL "app-small.twb"
#define SMALL_CONFIRMED "app 1.9.0 confirmed"
#define OLD_RUNS "app 1.0.0 running"

static bool client_is(rig *r, tb_client_result result, const char *doing)
{
    return result == TB_CLIENT_OK || rig_fail(r, "%s: %.160s", doing, r->client.why.what);
}

static bool connect(rig *r)
{
    return client_is(r, tb_client_connect(&r->client), "hello");
}

static bool reset(rig *r, uint8_t mode)
{
    rig_forget(r);
    return client_is(r, tb_client_reset(&r->client, TB_CMD_RESET, mode), "reset");
}

static bool send(rig *r, const char *name)
{
    tb_sent sent;
    return connect(r) &&
           client_is(r, tb_client_send(&r->client, scenario_image(r->chip, name), &sent), "update");
}

/* From wherever the device is; resets it if it is not in stage 2 yet. */
static bool enter_stage2(rig *r)
{
    r->stage2_used = true;
    if (!connect(r)) {
        return false;
    }
    if (r->client.hello.role == TB_ROLE_STAGE2) {
        return true;
    }
    if (!reset(r, 1)) {
        return false;
    }
    r->link.pause(r, 50);
    return connect(r) && (r->client.hello.role == TB_ROLE_STAGE2 ||
                          rig_fail(r, "stage 2 was asked for and did not come"));
}

static bool wait_for(rig *r, const char *text, sim_ps limit)
{
    return rig_wait(r, text, limit) || rig_fail(r, "never said \"%s\"", text);
}

static bool old_runs(rig *r)
{
    return wait_for(r, OLD_RUNS, BOOT_LIMIT_PS);
}

static bool send_small_and_boot(rig *r)
{
    return send(r, SMALL) && reset(r, 0) && wait_for(r, SMALL_CONFIRMED, BOOT_LIMIT_PS);
}

/* ---- an update by the application, by stage 2 --------------------------------------------- */

static bool repeat_update(rig *r, const scenario *s, settled_in from)
{
    if (from == SETTLED_NEW) {
        return true;
    }
    return send(r, s->new_image) && reset(r, 0) && scenario_settle_new(r, s);
}

static bool old_runs_then_stage2(rig *r)
{
    return old_runs(r) && enter_stage2(r);
}

static bool repeat_by_stage2(rig *r, const scenario *s, settled_in from)
{
    if (from == SETTLED_NEW) {
        return true;
    }
    return enter_stage2(r) && repeat_update(r, s, from);
}

/* ---- the tutorial's commands (docs/wire.md) ------------------------------------------------ */

enum { ACK = 0x5F, PIECE_BYTES = 128 };

static int ask(rig *r, uint8_t command, const uint8_t *payload, size_t bytes)
{
    uint8_t out[PIECE_BYTES + 8], answer;
    out[0] = 0x23;
    out[1] = command;
    out[2] = (uint8_t)bytes;
    out[3] = 0;
    if (bytes > 0u) {
        memcpy(out + 4, payload, bytes);
    }
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < 4u + bytes; i++) {
        crc ^= out[i];
        for (unsigned k = 0; k < 32u; k++) {
            crc = (crc & 0x80000000u) != 0u ? (crc << 1) ^ 0x04C11DB7u : crc << 1;
        }
    }
    for (size_t i = 0; i < 4u; i++) {
        out[4u + bytes + i] = (uint8_t)(crc >> (8u * i));
    }
    rig_send(r, out, bytes + 8u);
    return rig_receive(r, &answer, 1, 3u * SIM_PS_PER_S) == 1u ? answer : -1;
}

static bool send_by_tutorial(rig *r)
{
    const tb_image_file *file = scenario_image(r->chip, SMALL);
    for (size_t at = 0; at < file->bytes;) {
        size_t n = file->bytes - at < PIECE_BYTES ? file->bytes - at : PIECE_BYTES;
        if (ask(r, 0x42, file->data + at, n) != ACK) {
            return rig_fail(r, "the tutorial's data was refused at %u", (unsigned)at);
        }
        at += n;
    }
    rig_forget(r);
    return ask(r, 0x43, NULL, 0) == ACK || rig_fail(r, "the tutorial's finish was refused");
}

static bool stage2_comes_up(rig *r)
{
    r->stage2_used = true;
    r->link.pause(r, 50);
    return r->failure[0] == '\0';
}

static bool tutorial(rig *r)
{
    return send_by_tutorial(r) && wait_for(r, SMALL_CONFIRMED, BOOT_LIMIT_PS);
}

static bool repeat_tutorial(rig *r, const scenario *s, settled_in from)
{
    if (from == SETTLED_NEW) {
        return true;
    }
    return send_by_tutorial(r) && scenario_settle_new(r, s);
}

/* ---- confirm ------------------------------------------------------------ */

#define NEVER "app-never-confirm.twb"
#define NEVER_RUNS "app 1.5.0 running"

static bool on_trial(rig *r)
{
    return old_runs(r) && send(r, NEVER) && reset(r, 0) && wait_for(r, NEVER_RUNS, BOOT_LIMIT_PS);
}

static bool confirm(rig *r)
{
    return connect(r) &&
           client_is(r, tb_client_command(&r->client, TB_CMD_CONFIRM, NULL, 0, 2000), "confirm");
}

/* A cut that used the last attempt up has it rolled back: then all of it once more. */
static bool repeat_confirm(rig *r, const scenario *s, settled_in from)
{
    if (from == SETTLED_OLD &&
        !(send(r, NEVER) && reset(r, 0) && wait_for(r, NEVER_RUNS, BOOT_LIMIT_PS))) {
        return false;
    }
    if (!confirm(r) || !reset(r, 0) || !scenario_settle_new(r, s)) {
        return false;
    }
    for (unsigned bank = 0; bank < 2u; bank++) {
        if (oracle_log_read(&r->oracle, bank, 0).state != ORACLE_CONFIRMED) {
            return rig_fail(r, "the confirmation is not in bank %u's log", bank + 1u);
        }
    }
    return true;
}

/* ---- rollbacks ------------------------------------------------------------ */

static bool crash_installed(rig *r)
{
    return old_runs(r) && send(r, "app-crash.twb");
}

static bool hang_installed(rig *r)
{
    return old_runs(r) && send(r, "app-hang.twb");
}

static bool fail_and_fall_back(rig *r)
{
    return reset(r, 0) && wait_for(r, OLD_RUNS, TRIALS_LIMIT_PS);
}

/* The bad one is gone; a good one is taken and runs. */
static bool repeat_after_fall(rig *r, const scenario *s, settled_in from)
{
    r->next_image = SMALL;
    if (from == SETTLED_NEW) {
        return true; /* a second interruption was in this update */
    }
    return send(r, SMALL) && reset(r, 0) && scenario_settle_new(r, s);
}

static bool at_1_1_0(rig *r)
{
    return old_runs(r) && send(r, "app-1.1.0.twb") && reset(r, 0) &&
           wait_for(r, "app 1.1.0 confirmed", BOOT_LIMIT_PS);
}

static bool roll_back(rig *r)
{
    return connect(r) &&
           client_is(r, tb_client_command(&r->client, TB_CMD_ROLLBACK, NULL, 0, 2000),
                     "rollback") &&
           reset(r, 0) && old_runs(r);
}

static bool repeat_rollback(rig *r, const scenario *s, settled_in from)
{
    (void)s;
    return from == SETTLED_OLD || roll_back(r);
}

/* ---- stage 2's own update ------------------------------------------------------------ */

#define NEXT "stage2-next.twb"

static bool update_stage2(rig *r)
{
    return send(r, NEXT) && reset(r, 0) && old_runs(r);
}

static bool both_copies(rig *r)
{
    const tb_image_file *next = scenario_image(r->chip, NEXT);
    unsigned there = 0;
    for (unsigned bank = 0; bank < 2u; bank++) {
        const oracle_image *copy = oracle_stage2(&r->oracle, bank);
        if (copy->wrong != NULL) {
            return false;
        }
        there += memcmp(sim_flash_bank(r->m, bank) + r->chip->stage2_offset, next->data,
                        next->bytes) == 0;
    }
    return there == 1u;
}

static bool repeat_stage2(rig *r, const scenario *s, settled_in from)
{
    (void)from;
    settled_in in;
    unsigned bank;
    if (!both_copies(r)) {
        if (!enter_stage2(r) || !send(r, NEXT) || !reset(r, 0) || 
            !scenario_settle(r, s, &in, &bank)) {
            return false;
        }
        if (!both_copies(r)) {
            return rig_fail(r, "the repeated update of stage 2 left no new copy");
        }
    }
    return enter_stage2(r);
}

/* ---- the factory's first boot ------------------------------------------------------------ */

bool scenario_nothing(rig *r)
{
    (void)r;
    return true;
}

static bool first_boot(rig *r)
{
    if (!old_runs(r)) {
        return false;
    }
    r->link.pause(r, 300);
    return sim_op_count(r->m, 0) == 0u || rig_fail(r, "a boot of a confirmed image wrote flash");
}

/* ---- a swap by option byte ------------------------------------------------------------ */

static bool swaps_by_option(const tb_chip *chip)
{
    return chip->family == TB_FAMILY_U5 || chip->family == TB_FAMILY_H7;
}

static bool small_installed(rig *r)
{
    return old_runs(r) && send(r, SMALL);
}

static bool boot_small(rig *r)
{
    return reset(r, 0) && wait_for(r, SMALL_CONFIRMED, BOOT_LIMIT_PS);
}

#define FROM_THE_FACTORY .factory = "factory.hex", .old_image = "app-1.0.0.twb"

const scenario scenarios[] = {
    {.name = "update-app", .about = "the application updates itself", FROM_THE_FACTORY,
     .new_image = SMALL, .prepare = old_runs, .act = send_small_and_boot,
     .repeat = repeat_update},
    {.name = "update-stage2", .about = "stage 2 updates the application", FROM_THE_FACTORY,
     .new_image = SMALL, .prepare = old_runs_then_stage2, .act = send_small_and_boot,
     .repeat = repeat_by_stage2},
    {.name = "update-tutorial", .about = "the tutorial's client, from an empty device",
     .factory = "factory-no-app.hex", .new_image = SMALL, .prepare = stage2_comes_up,
     .act = tutorial, .repeat = repeat_tutorial},
    {.name = "confirm", .about = "a trial is confirmed over the wire", FROM_THE_FACTORY,
     .new_image = NEVER, .trial_is_enough = true, .prepare = on_trial, .act = confirm,
     .repeat = repeat_confirm},
    {.name = "rollback-crash", .about = "an image that crashes is tried and rolled back",
     FROM_THE_FACTORY, .prepare = crash_installed, .act = fail_and_fall_back,
     .repeat = repeat_after_fall},
    {.name = "rollback-hang", .about = "an image that hangs is tried and rolled back",
     FROM_THE_FACTORY, .prepare = hang_installed, .act = fail_and_fall_back,
     .repeat = repeat_after_fall},
    {.name = "rollback-asked", .about = "a confirmed image is rolled back over the wire",
     FROM_THE_FACTORY, .new_image = "app-1.1.0.twb", .rolls_back = true, .prepare = at_1_1_0,
     .act = roll_back, .repeat = repeat_rollback},
    {.name = "stage2-itself", .about = "stage 2 updates its other copy", FROM_THE_FACTORY,
     .new_image = SMALL, .prepare = old_runs_then_stage2, .act = update_stage2,
     .repeat = repeat_stage2},
    {.name = "swap", .about = "the first boot of a new image, whose swap is an option byte",
     FROM_THE_FACTORY, .new_image = SMALL, .prepare = small_installed, .act = boot_small,
     .repeat = repeat_update, .applies = swaps_by_option},
    {.name = "factory", .about = "the first boot from the factory", FROM_THE_FACTORY,
     .new_image = SMALL, .instants = 200, .prepare = scenario_nothing, .act = first_boot,
     .repeat = repeat_update},
    {.name = "dual-bank", .about = "a part in single-bank mode is switched", FROM_THE_FACTORY,
     .new_image = SMALL, .prepare = switch_prepare, .act = switch_act, .repeat = switch_repeat,
     .applies = switch_applies, .settle = switch_settle},
};
const size_t scenario_count = sizeof scenarios / sizeof scenarios[0];

const scenario *scenario_find(const char *name, size_t length)
{
    for (size_t i = 0; i < scenario_count; i++) {
        if (strlen(scenarios[i].name) == length && memcmp(scenarios[i].name, name, length) == 0) {
            return &scenarios[i];
        }
    }
    return NULL;
}
