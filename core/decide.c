#include "twinbank/boot.h"

/* What a slot's state, attempts, check and the boot counter come to. */
typedef enum slot_class {
    NOTHING,   /* no record in its log */
    BAD,       /* installed, and its check fails */
    REJECTED,
    EXHAUSTED, /* on trial, attempts used up */
    FAILING,   /* confirmed, and the boot counter is at its limit */
    TRIAL,
    CONFIRMED,
    CLASSES
} slot_class;

/* One answer: whom it is about, what is done, and why. */
#define NEWER 0x00u
#define OLDER 0x80u
#define BOOT (TB_BOOT_SLOT << 5)
#define REJECT (TB_BOOT_RECORD << 5)
#define STAGE2 (TB_BOOT_STAGE2 << 5)
#define CELL(whom, what, why) ((whom) | (unsigned)(what) | (unsigned)(why))
#define ACTION(cell) ((tb_boot_action)((cell) >> 5 & 3u))
#define WHY(cell) ((uint8_t)((cell) & 15u))

#define N_TRIAL CELL(NEWER, BOOT, TB_WHY_TRIAL)
#define N_CONF CELL(NEWER, BOOT, TB_WHY_NEWEST_CONFIRMED)
#define N_EXH CELL(NEWER, REJECT, TB_WHY_TRIAL_EXHAUSTED)
#define N_FAIL CELL(NEWER, REJECT, TB_WHY_BOOT_COUNTER)
#define O_BAD CELL(OLDER, BOOT, TB_WHY_OTHER_INVALID)
#define O_REJ CELL(OLDER, BOOT, TB_WHY_OTHER_REJECTED)
#define O_EXH CELL(OLDER, REJECT, TB_WHY_TRIAL_EXHAUSTED)
#define S_NONE CELL(NEWER, STAGE2, TB_WHY_NO_IMAGE)
#define S_FAIL CELL(NEWER, STAGE2, TB_WHY_BOOT_COUNTER)

/* [class of the newer][class of the older]. The newer one goes first; where it cannot,
 * the older; where neither can, stage 2. The only image that there is is never rejected
 * for the boot counter: stage 2 answers, and the image is kept. */
static const uint8_t answers[CLASSES][CLASSES] = {
    /*               NOTHING  BAD      REJECTED EXHAUST. FAILING  TRIAL    CONFIRMED */
    [NOTHING] =     {S_NONE,  S_NONE,  S_NONE,  O_EXH,   S_FAIL,  O_BAD,   O_BAD},
    [BAD] =         {S_NONE,  S_NONE,  S_NONE,  O_EXH,   S_FAIL,  O_BAD,   O_BAD},
    [REJECTED] =    {S_NONE,  S_NONE,  S_NONE,  O_EXH,   S_FAIL,  O_REJ,   O_REJ},
    [EXHAUSTED] =   {N_EXH,   N_EXH,   N_EXH,   N_EXH,   N_EXH,   N_EXH,   N_EXH},
    [FAILING] =     {S_FAIL,  S_FAIL,  S_FAIL,  S_FAIL,  N_FAIL,  N_FAIL,  N_FAIL},
    [TRIAL] =       {N_TRIAL, N_TRIAL, N_TRIAL, N_TRIAL, N_TRIAL, N_TRIAL, N_TRIAL},
    [CONFIRMED] =   {N_CONF,  N_CONF,  N_CONF,  N_CONF,  N_CONF,  N_CONF,  N_CONF},
};

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

static unsigned age_rank(const tb_slot_view *slot)
{
    return slot->log.state == TB_SLOT_EMPTY ? 0u : slot->log.generation + 1u;
}

static unsigned reason_of(tb_reset_cause cause)
{
    if (cause == TB_RESET_WATCHDOG) {
        return TB_REASON_WATCHDOG;
    }
    return cause == TB_RESET_FAULT ? TB_REASON_FAULT : TB_REASON_NOT_CONFIRMED;
}

tb_boot_decision tb_decide(const tb_boot_inputs *in)
{
    unsigned mapped = in->mapped_bank & 1u;
    unsigned bank = age_rank(&in->slot[1]) > age_rank(&in->slot[0]);
    unsigned cell = answers[classify(in, &in->slot[bank])][classify(in, &in->slot[bank ^ 1u])];
    unsigned record = 0, argument = 0;

    if (in->stage2_requested) {
        cell = CELL(NEWER, STAGE2, TB_WHY_REQUESTED);
    }
    bank ^= cell / OLDER;
    if ((cell & STAGE2) != 0) {
        bank = mapped;
    } else if ((cell & REJECT) != 0) {
        record = TB_RECORD_REJECTED;
        argument = WHY(cell) == TB_WHY_BOOT_COUNTER ? TB_REASON_BOOT_COUNTER : reason_of(in->cause);
    } else if (in->slot[bank].log.state == TB_SLOT_TRIAL) {
        record = TB_RECORD_ATTEMPT;
        argument = in->slot[bank].log.attempts + 1u;
    }
    return (tb_boot_decision){.action = ACTION(cell), .bank = (uint8_t)bank, .swap = bank != mapped,
                              .record = (uint8_t)record, .argument = (uint8_t)argument,
                              .why = WHY(cell)};
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
