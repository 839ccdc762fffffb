#include <string.h>

#include "host/tool/device.h"
#include "host/tool/out.h"
#include "twinbank/update.h"

const char *slot_state_text(unsigned state)
{
    static const char *const texts[] = {"empty", "on trial", "confirmed", "rejected"};
    return state < sizeof texts / sizeof texts[0] ? texts[state] : "unknown";
}

const char *bank_text(unsigned bank, char out[16])
{
    if (bank > 1u) {
        return "stage 2";
    }
    (void)snprintf(out, 16, "bank %u", bank + 1u);
    return out;
}

static const char *confirmed_by_text(unsigned by)
{
    switch (by) {
    case TB_CONFIRMED_BY_FACTORY:
        return "factory";
    case TB_CONFIRMED_BY_APPLICATION:
        return "application";
    case TB_CONFIRMED_BY_WIRE:
        return "wire";
    default:
        return "unknown";
    }
}

static style state_style(const tb_wire_slot *s)
{
    if (s->state == TB_SLOT_REJECTED ||
        (s->state != TB_SLOT_EMPTY && (s->head_error || s->payload_error))) {
        return STYLE_BAD;
    }
    return s->state == TB_SLOT_CONFIRMED ? STYLE_GOOD
           : s->state == TB_SLOT_TRIAL   ? STYLE_WARN
                                         : STYLE_DIM;
}

/* "confirmed by application", "on trial, attempt 1 of 3", "rejected: fault" ... */
static void state_line(const tb_wire_slot *s, char *out, size_t room)
{
    tb_error bad = (tb_error)(s->head_error ? s->head_error : s->payload_error);
    if (s->state == TB_SLOT_CONFIRMED) {
        (void)snprintf(out, room, "confirmed by %s", confirmed_by_text(s->confirmed_by));
    } else if (s->state == TB_SLOT_TRIAL) {
        (void)snprintf(out, room, "on trial, %u of %u attempts used", s->attempts,
                       TB_TRIAL_ATTEMPTS);
    } else if (s->state == TB_SLOT_REJECTED) {
        (void)snprintf(out, room, "rejected: %s", tb_reason_text((tb_reason)s->reason));
    } else {
        (void)snprintf(out, room, "%s", s->head_error ? "empty" : "not installed");
    }
    if (s->state != TB_SLOT_EMPTY && bad != TB_OK) {
        size_t at = strlen(out);
        (void)snprintf(out + at, room - at, "; %s [%s]", tb_error_text(bad), tb_error_name(bad));
    }
}

static void show_slot(const tb_status *st, unsigned bank)
{
    const tb_wire_slot *s = &st->slot[bank];
    char state[160], version[16] = "-", id[20] = "";
    state_line(s, state, sizeof state);
    if (!s->head_error) {
        (void)tb_version_text(s->version, version);
        (void)hex_text(s->build_id, sizeof s->build_id, id, sizeof id);
    }
    out_line("  bank %u     %-12s %s%s%s%s%s", bank + 1u, version,
             out_style(stdout, state_style(s)), state, out_style(stdout, STYLE_PLAIN),
             st->running_bank == bank ? "  <- running" : "",
             st->preferred == bank && st->running_bank != bank ? "  <- next boot" : "");
    if (!s->head_error) {
        out_line("             %u bytes, CRC 0x%08X, generation %u, build %s, security %u",
                 (unsigned)s->size, (unsigned)s->crc32, s->generation, id,
                 (unsigned)s->security_version);
    }
    if (s->torn_units) {
        out_line("             %u torn log unit%s", s->torn_units, s->torn_units == 1 ? "" : "s");
    }
}

static void show_stage2(const tb_status *st)
{
    for (unsigned bank = 0; bank < 2u; bank++) {
        tb_error error = (tb_error)st->stage2[bank].error;
        char version[16];
        if (error == TB_OK) {
            out_line("  stage 2.%u  %-12s %u bytes%s", bank + 1u,
                     tb_version_text(st->stage2[bank].version, version),
                     (unsigned)st->stage2[bank].size,
                     st->stage2_bank == bank ? "  <- running" : "");
        } else {
            out_line("  stage 2.%u  -            %snone: %s [%s]%s", bank + 1u,
                     out_style(stdout, STYLE_WARN), tb_error_text(error), tb_error_name(error),
                     out_style(stdout, STYLE_PLAIN));
        }
    }
}

static void show_report(const tb_hello *h, const tb_status *st)
{
    char bank[16];
    if (!st->report_present) {
        out_line("  last boot  no report (the backup registers hold none)");
        return;
    }
    out_line("  last boot  %s, generation %u: %s; reset by %s", bank_text(st->report_bank, bank),
             st->report_generation, tb_why_text((tb_why)st->why),
             tb_reset_cause_text((tb_reset_cause)st->cause));
    if (tb_swap_refused(h, st)) {
        out_line("             %sit did not swap to %s, whose image is good: %s%s",
                 out_style(stdout, STYLE_WARN), bank_text(st->preferred, bank), SWAP_REFUSED,
                 out_style(stdout, STYLE_PLAIN));
    }
    if (st->fault_pc || st->fault_status) {
        out_line("  last fault at 0x%08X, status 0x%08X", (unsigned)st->fault_pc,
                 (unsigned)st->fault_status);
    }
}

void show_info(const tb_hello *h, const tb_status *st)
{
    const tb_chip *chip = tb_chip_by_id(h->device_id, h->bank_kib);
    char uid[32], bank[16];
    out_line("%s%s%s (device id 0x%03X, 2 banks of %u KB), product 0x%08X",
             out_style(stdout, STYLE_BOLD), chip ? chip->name : "unknown part",
             out_style(stdout, STYLE_PLAIN), h->device_id, h->bank_kib, (unsigned)h->product_id);
    out_line("  serial     %s", hex_text(h->uid, sizeof h->uid, uid, sizeof uid));
    out_line("  answering  %s, mapped: bank %u, next boot: %s",
             h->role == TB_ROLE_APPLICATION ? "application" : "stage 2", (h->mapped_bank & 1u) + 1u,
             bank_text(st->preferred, bank));
    out_line("  room       %u bytes for an application, %u for stage 2; frames of %u, window %u",
             (unsigned)h->slot_image_bytes, (unsigned)h->stage2_bytes, h->max_payload,
             (unsigned)h->window);
    show_slot(st, 0);
    show_slot(st, 1);
    show_stage2(st);
    show_report(h, st);
    if (st->session_open && st->session_total) {
        out_line("  update     under way: %u of %u bytes; 'twinbank flash' resumes it",
                 (unsigned)st->session_next, (unsigned)st->session_total);
    }
}

/* ---- JSON ---------------------------------------------------------------------------- */

static json_t *bank_json(unsigned bank)
{
    return bank < 2u ? json_integer((json_int_t)bank + 1) : json_null();
}

static json_t *slot_json(const tb_wire_slot *s, unsigned bank)
{
    static const char *const states[] = {"empty", "trial", "confirmed", "rejected"};
    json_t *j = json_pack("{s:o, s:s, s:s, s:s, s:i, s:i, s:i, s:i}", "bank", bank_json(bank),
                          "state", s->state < 4 ? states[s->state] : "unknown", "head",
                          tb_error_name((tb_error)s->head_error), "payload",
                          tb_error_name((tb_error)s->payload_error), "generation",
                          (int)s->generation, "attempts", (int)s->attempts, "torn_units",
                          (int)s->torn_units, "used_units", (int)s->used_units);
    if (s->state == TB_SLOT_REJECTED) {
        (void)json_object_set_new(j, "reason", json_string(tb_reason_text((tb_reason)s->reason)));
        (void)json_object_set_new(j, "reason_code", json_integer(s->reason));
    }
    if (s->state == TB_SLOT_CONFIRMED) {
        (void)json_object_set_new(j, "confirmed_by",
                                  json_string(confirmed_by_text(s->confirmed_by)));
    }
    if (!s->head_error) {
        json_t *image =
            json_pack("{s:o, s:I, s:o, s:I, s:I, s:o}", "version", json_version(s->version), "size",
                      (json_int_t)s->size, "crc32", json_address(s->crc32), "product",
                      (json_int_t)s->product_id, "security", (json_int_t)s->security_version,
                      "build_id", json_hex(s->build_id, sizeof s->build_id));
        (void)json_object_update(j, image);
        json_decref(image);
    }
    return j;
}

static json_t *stage2_json(const tb_status *st, unsigned bank)
{
    tb_error error = (tb_error)st->stage2[bank].error;
    json_t *j = json_pack("{s:o, s:s}", "bank", bank_json(bank), "verdict", tb_error_name(error));
    if (error == TB_OK) {
        (void)json_object_set_new(j, "version", json_version(st->stage2[bank].version));
        (void)json_object_set_new(j, "size", json_integer((json_int_t)st->stage2[bank].size));
    }
    return j;
}

static json_t *report_json(const tb_status *st)
{
    if (!st->report_present) {
        return json_null();
    }
    return json_pack("{s:o, s:i, s:s, s:i, s:s, s:i, s:i, s:b, s:o, s:o}", "bank",
                     bank_json(st->report_bank), "generation", (int)st->report_generation, "why",
                     tb_why_text((tb_why)st->why), "why_code", (int)st->why, "cause",
                     tb_reset_cause_text((tb_reset_cause)st->cause), "cause_code", (int)st->cause,
                     "attempts", (int)st->attempts, "swapped", (int)st->swapped, "fault_pc",
                     json_address(st->fault_pc), "fault_status", json_address(st->fault_status));
}

json_t *info_json(const tb_hello *h, const tb_status *st)
{
    const tb_chip *chip = tb_chip_by_id(h->device_id, h->bank_kib);
    json_t *capabilities = json_array();
    static const char *const names[] = {"resume", "rollback", "stage2-update", "baud",
                                        "mode",   "single-bank"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (h->capabilities & 1u << i) {
            (void)json_array_append_new(capabilities, json_string(names[i]));
        }
    }
    json_t *j = json_pack(
        "{s:s?, s:s, s:i, s:i, s:i, s:I, s:o, s:o, s:o}", "chip", chip ? chip->name : NULL, "role",
        h->role == TB_ROLE_APPLICATION ? "application" : "stage2", "protocol", (int)h->protocol,
        "device_id", (int)h->device_id, "bank_kib", (int)h->bank_kib, "product",
        (json_int_t)h->product_id, "uid", json_hex(h->uid, sizeof h->uid), "mapped_bank",
        bank_json(h->mapped_bank), "capabilities", capabilities);
    json_t *more =
        json_pack("{s:o, s:o, s:o, s:[o,o], s:[o,o], s:o, s:I, s:I, s:i, s:I}", "running_bank",
                  bank_json(st->running_bank), "stage2_bank", bank_json(st->stage2_bank),
                  "next_boot", bank_json(st->preferred), "slots", slot_json(&st->slot[0], 0),
                  slot_json(&st->slot[1], 1), "stage2", stage2_json(st, 0), stage2_json(st, 1),
                  "last_boot", report_json(st), "slot_image_bytes", (json_int_t)h->slot_image_bytes,
                  "stage2_bytes", (json_int_t)h->stage2_bytes, "max_payload", (int)h->max_payload,
                  "window", (json_int_t)h->window);
    (void)json_object_update(j, more);
    json_decref(more);
    if (tb_swap_refused(h, st)) {
        (void)json_object_set_new(j, "swap_refused", json_true());
    }
    if (st->session_open) {
        (void)json_object_set_new(j, "session",
                                  json_pack("{s:I, s:I}", "next", (json_int_t)st->session_next,
                                            "total", (json_int_t)st->session_total));
    }
    return j;
}
