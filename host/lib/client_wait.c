#include "host/lib/client.h"

#define POLL_MS 200u
#define HELLO_WAIT_MS 500u
#define MOST_RESETS 5u

typedef struct waiting {
    const tb_image_head *head;
    const tb_sent *sent;
    const tb_wait_options *options;
    uint64_t deadline, trial_since; /* trial_since 0: not seen on trial yet */
    uint8_t attempts, resets;
    bool answered, confirm_sent;
} waiting;

bool tb_swap_refused(const tb_hello *hello, const tb_status *status)
{
    const tb_chip *chip = tb_chip_by_id(hello->device_id, hello->bank_kib);
    unsigned bank = status->preferred;
    if (!chip || chip->family <= TB_FAMILY_L4PLUS || !status->report_present ||
        status->why != TB_WHY_OTHER_INVALID) {
        return false;
    }
    return bank < 2u && bank != status->running_bank &&
           status->running_bank == status->report_bank && !status->slot[bank].head_error &&
           !status->slot[bank].payload_error;
}

static bool stage2_is_there(const tb_client *c, const waiting *w)
{
    unsigned bank = w->sent->bank & 1u;
    return c->status.stage2[bank].error == TB_OK &&
           c->status.stage2[bank].version == w->head->version;
}

static tb_client_result confirm(tb_client *c, waiting *w)
{
    w->confirm_sent = true;
    tb_client_result result = tb_client_command(c, TB_CMD_CONFIRM, NULL, 0, 2000);
    /* A device that resets under the request is looked at again. */
    return result == TB_CLIENT_NO_ANSWER ? TB_CLIENT_OK : result;
}

/* The image was never booted, though it is the next to be: a second RESET ends no trial. */
static bool reset_was_lost(const tb_client *c, const waiting *w, unsigned bank)
{
    const tb_wire_slot *slot = &c->status.slot[bank];

    return c->reset_unanswered && w->resets < MOST_RESETS && slot->state == TB_SLOT_TRIAL &&
           slot->attempts == 0 && c->status.preferred == bank;
}

/* true: *fate is decided. */
static bool judge(tb_client *c, waiting *w, tb_fate *fate, tb_client_result *result)
{
    unsigned bank = w->sent->bank & 1u;
    const tb_wire_slot *slot = &c->status.slot[bank];
    uint64_t now = c->link->now_ms(c->link->ctx);
    if (w->head->kind == TB_IMAGE_STAGE2) {
        *fate = stage2_is_there(c, w) ? TB_FATE_CONFIRMED : TB_FATE_LOST;
        return true;
    }
    if (slot->generation != w->sent->generation || slot->crc32 != w->head->crc32) {
        *fate = TB_FATE_LOST;
        return true;
    }
    if (slot->state == TB_SLOT_REJECTED) {
        *fate = TB_FATE_REJECTED;
        return true;
    }
    if (slot->attempts > w->attempts) {
        w->attempts = slot->attempts;
        tb_client_tell(c, TB_EVENT_TRIAL, slot->attempts, TB_TRIAL_ATTEMPTS);
    }
    if (c->status.running_bank != bank) {
        *fate = TB_FATE_NOT_RUNNING;
        if (reset_was_lost(c, w, bank)) {
            w->resets++;
            *result = tb_client_reset(c, TB_CMD_RESET, 0);
            return *result != TB_CLIENT_OK;
        }
        return tb_swap_refused(&c->hello, &c->status);
    }
    if (slot->state == TB_SLOT_CONFIRMED) {
        *fate = TB_FATE_CONFIRMED;
        return true;
    }
    if (w->options->confirm && !w->confirm_sent) {
        *result = confirm(c, w);
        return *result != TB_CLIENT_OK;
    }
    if (w->trial_since == 0) {
        w->trial_since = now;
    }
    *fate = TB_FATE_ON_TRIAL;
    return now - w->trial_since >= w->options->confirm_ms;
}

/* One look at the device; the port may be gone for a while. */
static tb_client_result look(tb_client *c)
{
    uint32_t usual = c->hello_timeout_ms;
    c->hello_timeout_ms = HELLO_WAIT_MS;
    tb_client_result result = tb_client_connect(c);
    c->hello_timeout_ms = usual;
    if (result == TB_CLIENT_OK) {
        result = tb_client_status(c);
    }
    if (result == TB_CLIENT_PORT) {
        c->link->pause(c->link->ctx, POLL_MS);
        (void)c->link->reopen(c->link->ctx);
        result = TB_CLIENT_NO_ANSWER;
    }
    return result;
}

static tb_client_result give_up(tb_client *c, const waiting *w, tb_fate *fate)
{
    if (w->answered) {
        *fate =
            c->status.running_bank == (w->sent->bank & 1u) ? TB_FATE_ON_TRIAL : TB_FATE_NOT_RUNNING;
        return TB_CLIENT_OK;
    }
    (void)tb_client_no_answer(c, "after the reset");
    (void)tb_hint(&c->why,
                  "if the new application does not speak this protocol it may well be running; "
                  "else wait for the roll-back and ask 'twinbank info'");
    return TB_CLIENT_NO_ANSWER;
}

tb_client_result tb_client_wait(tb_client *c, const tb_image_file *image, const tb_sent *sent,
                                const tb_wait_options *options, tb_fate *fate)
{
    waiting w = {.head = &image->head, .sent = sent, .options = options};
    w.deadline = c->link->now_ms(c->link->ctx) + options->total_ms;
    for (;;) {
        tb_client_result result = look(c);
        if (result == TB_CLIENT_OK) {
            w.answered = true;
            if (judge(c, &w, fate, &result)) {
                return result;
            }
        } else if (result == TB_CLIENT_INTERRUPTED) {
            return result;
        } else {
            tb_client_tell(c, TB_EVENT_SILENT, 0, 0);
        }
        if (c->link->now_ms(c->link->ctx) >= w.deadline) {
            return give_up(c, &w, fate);
        }
        c->link->pause(c->link->ctx, POLL_MS);
    }
}
