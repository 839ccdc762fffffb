#include "twinbank/boot.h"

/* What a slot's state, attempts, check and the boot counter come to. Those before EXHAUSTED leave
 * it to the other slot. */
typedef enum slot_class {
    NOTHING,   /* no record in its log */
    BAD,       /* installed, and its check fails */
    REJECTED,
    EXHAUSTED, /* on trial, attempts used up */
    FAILING,   /* confirmed, and the boot counter is at its limit */
    TRIAL,
    CONFIRMED
} slot_class;

static slot_class classify(const tb_boot_inputs *in, const tb_slot_view *slot)
{
    if (slot->log.state == TB_SLOT_EMPTY) {
        return NOTHING;
    }
    if (slot->log.state == TB_SLOT_REJECTED) {
        return REJECTED;
    }
    if (!slot->valid) {
        return BAD;
    }
    if (slot->log.state == TB_SLOT_TRIAL) {
        return slot->log.attempts < TB_TRIAL_ATTEMPTS ? TRIAL : EXHAUSTED;
    }
    return in->failures_at_limit ? FAILING : CONFIRMED;
}

_Static_assert(TB_RESET_FAULT == TB_RESET_WATCHDOG + 1 && TB_REASON_FAULT == TB_REASON_WATCHDOG + 1,
               "watchdog and fault have the same order as cause and as reason");

static unsigned reason_of(tb_reset_cause cause)
{
    unsigned reason = (unsigned)cause - (TB_RESET_WATCHDOG - TB_REASON_WATCHDOG);

    return reason - TB_REASON_WATCHDOG < 2u ? reason : TB_REASON_NOT_CONFIRMED;
}

/* The newer one goes first; where it cannot, the older; where neither can, stage 2. The only image
 * that there is is never rejected for the boot counter: stage 2 answers, and the image is kept.
 * What comes of it for all classes: docs/boot-decision.md. */
tb_boot_decision tb_decide(const tb_boot_inputs *in)
{
    unsigned mapped = in->mapped_bank & 1u;
    unsigned bank = in->slot[1].log.generation > in->slot[0].log.generation;
    slot_class its = classify(in, &in->slot[bank]), others = classify(in, &in->slot[bank ^ 1u]);
    tb_boot_action action = TB_BOOT_STAGE2;
    unsigned record = 0, argument = 0;
    unsigned why = its == TRIAL ? TB_WHY_TRIAL : TB_WHY_NEWEST_CONFIRMED;

    if (its < EXHAUSTED) {
        why = its == REJECTED ? TB_WHY_OTHER_REJECTED : TB_WHY_OTHER_INVALID;
        its = others;
        others = NOTHING;
        bank ^= 1u;
    }
    if (in->stage2_requested) {
        why = TB_WHY_REQUESTED;
    } else if (its < EXHAUSTED) {
        why = TB_WHY_NO_IMAGE;
    } else if (its == EXHAUSTED) {
        action = TB_BOOT_RECORD;
        argument = reason_of(in->cause);
        why = TB_WHY_TRIAL_EXHAUSTED;
    } else if (its == FAILING) {
        action = others >= FAILING ? TB_BOOT_RECORD : TB_BOOT_STAGE2;
        argument = TB_REASON_BOOT_COUNTER;
        why = TB_WHY_BOOT_COUNTER;
    } else {
        action = TB_BOOT_SLOT;
        if (its == TRIAL) {
            record = TB_RECORD_ATTEMPT;
            argument = in->slot[bank].log.attempts + 1u;
        }
    }
    if (action == TB_BOOT_RECORD) {
        record = TB_RECORD_REJECTED;
    }
    if (action == TB_BOOT_STAGE2) {
        bank = mapped;
        argument = 0;
    }
    return (tb_boot_decision){.action = action, .bank = (uint8_t)bank, .swap = bank != mapped,
                              .record = (uint8_t)record, .argument = (uint8_t)argument,
                              .why = (uint8_t)why};
}

void tb_boot_apply(tb_boot_inputs *in, const tb_boot_decision *d)
{
    tb_slot_log *log = &in->slot[d->bank & 1u].log;

    if (d->record == TB_RECORD_ATTEMPT) {
        log->attempts = d->argument;
    } else if (d->record == TB_RECORD_REJECTED) {
        log->state = TB_SLOT_REJECTED;
        log->reason = d->argument;
        /* The failures were that image's, not those of the one that takes over. */
        in->failures_at_limit = false;
    }
}
