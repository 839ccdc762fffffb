/* Stage 1: reads the mapping, the logs and the backup registers, asks tb_decide(), and
 * starts what it says. It erases nothing, and writes nothing but records. */
#include "boot/stage1/stage1.h"

#include "chips/armv7m.h"
#include "token.h"

#define ROUNDS_MAX 8u           /* two records, two failed checks, a stage 2 that is not there */
#define STAGE2_FAILURES_MAX 4u  /* two starts of each copy */
#define STACK_ALIGNMENT 4u
#define VECTOR_BYTES 8u

/* Does the option not tell whether the reset was that of a swap that came true? */
#define SWAPS_NOTED (TB_TARGET->family == TB_FAMILY_U5)

/* RAM is not cleared before: all of it is set before it is read. */
static struct {
    tb_boot_inputs in;
    uint32_t control, report; /* of before the reset; report 0: there is none */
    uint32_t failures;
    tb_image_head head[2];
    uint32_t swaps; /* noted in a row that came true, less than TB_SWAPPING_ROW; else 0 */
} s;

static bool head_read(unsigned bank, uint32_t offset, tb_image_kind kind)
{
    tb_image_head *head = &s.head[bank];

    /* An address like any other, or it is worked out anew for each field. */
    __asm("" : "+r"(head));
    return chip_stage1_read(&head->magic, chip_stage1_address(bank, offset), sizeof *head) &&
           tb_image_head_good(head, TB_TARGET, kind);
}

/* Asked first whether all of it was read, which is forgotten then. */
static inline bool crc_good(const uint32_t *payload, const tb_image_head *head)
{
    uint32_t crc = chip_stage1_crc(payload, head->size);

    return chip_stage1_good() && crc == head->crc32;
}

/* The payload whose head was read last for that bank, as it is to run: a slot's in flash,
 * stage 2's as it has been copied to SRAM, which covers the flash and the way from there. The
 * stack may lie in any RAM of the part, CCM and its alias too. */
static bool payload_good(unsigned bank, uint32_t offset, uint32_t start, uint32_t *copy)
{
    tb_image_head *head = &s.head[bank];
    bool in_copy = (uint32_t)copy == start;
    const uint32_t *payload = chip_stage1_address(bank, offset + TB_HEADER_BYTES);

    __asm("" : "+r"(head)); /* as in head_read() */
    return chip_stage1_read(copy, payload, in_copy ? head->size : VECTOR_BYTES) &&
           ((!in_copy && token_vouches(&s.in, bank, head)) ||
            crc_good(in_copy ? copy : payload, head)) &&
           copy[0] % STACK_ALIGNMENT == 0u && (copy[0] >> 28) - 1u < 2u &&
           (copy[1] & 1u) != 0u && copy[1] - start < head->size;
}

#define UNIT_WORDS (TB_TARGET->unit_bytes / sizeof(uint32_t))

/* What is blank to the end is looked at in one go. */
static void log_read(unsigned bank, tb_slot_view *view)
{
    const uint32_t *unit = chip_stage1_address(bank, tb_log_offset(TB_TARGET));
    const uint32_t *end = chip_stage1_blank(unit, tb_log_bytes(TB_TARGET));
    uint32_t words[TB_MAX_UNIT_BYTES / sizeof(uint32_t)];
    tb_slot_log log = {0};

    for (unsigned i = 0; unit != end; i++, unit += UNIT_WORDS) {
        if (!chip_stage1_read(words, unit, TB_TARGET->unit_bytes)) {
            words[0] = 0u; /* no record, whatever the rest is: torn */
        }
        tb_slot_log_take(&log, i, words, TB_TARGET->unit_bytes);
    }
    view->log.state = log.state; /* what the decision looks at, and who appends */
    view->log.generation = log.generation;
    view->log.attempts = log.attempts;
    view->log.used_units = log.used_units;
}

/* A request needs neither slot: the less that runs, the better for a broken device. */
static void slots_look(void)
{
    if (s.in.stage2_requested || chip_flash_mode() != TB_OK) {
        return;
    }
    for (unsigned bank = 0; bank < 2u; bank++) {
        log_read(bank, &s.in.slot[bank]);
        s.in.slot[bank].valid = head_read(bank, TB_TARGET->slot_offset, TB_IMAGE_APPLICATION);
    }
}

/* A unit may read as blank and yet refuse to be programmed, after a cut: then the next one
 * takes the record, or this log could never be written again. */
static bool append(unsigned bank, unsigned record, unsigned argument)
{
    const tb_slot_log *log = &s.in.slot[bank].log;
    uint32_t words[TB_MAX_UNIT_BYTES / sizeof(uint32_t)];
    uint32_t back[TB_MAX_UNIT_BYTES / sizeof(uint32_t)];
    uint32_t *unit = chip_stage1_address(bank, tb_log_offset(TB_TARGET)) +
                     log->used_units * UNIT_WORDS;

    tb_slot_log_record(words, TB_TARGET->unit_bytes, (tb_record_kind)record, argument,
                       log->generation);
    for (unsigned i = log->used_units; i < TB_TARGET->log_units; i++, unit += UNIT_WORDS) {
        uint32_t differences = 0u;

        if (!chip_stage1_program(unit, words) ||
            !chip_stage1_read(back, unit, TB_TARGET->unit_bytes)) {
            continue;
        }
        for (unsigned k = 0; k < UNIT_WORDS; k++) {
            differences |= words[k] ^ back[k];
        }
        if (differences == 0u) {
            return true;
        }
    }
    return false;
}

/* The reasons for stage 2 come last; all others are for a slot. Without a report it is 0, and
 * of a report the reason is what comes first but for the bits that all have. */
static inline bool last_was_stage2(void)
{
    return s.report >= TB_REPORT_WORD(TB_WHY_BOOT_COUNTER, 0, 0, 0);
}
_Static_assert(TB_WHY_BOOT_COUNTER == 5 && TB_WHY_REQUESTED == 6 && TB_WHY_NO_IMAGE == 7 &&
               TB_WHY_COUNT == 8, "reasons for stage 2 come last");

/* Says what is done and why, and does it. bank: what the image finds in r0, and mapped: the
 * bank that is mapped then; attempts_and_generation, as the report has them. */
static _Noreturn void start(unsigned why, unsigned bank, uint32_t control,
                            uint32_t attempts_and_generation)
{
    unsigned mapped = attempts_and_generation != 0u ? bank : s.in.mapped_bank;
    volatile uint32_t *backup = chip_stage1_backup();
    uint32_t vectors = attempts_and_generation != 0u
                           ? TB_FLASH_BASE + TB_TARGET->slot_offset + TB_HEADER_BYTES
                           : TB_TARGET->stage2_run;

    backup[TB_BACKUP_REPORT] = TB_REPORT_WORD(why, s.in.cause, mapped, bank) |
                               attempts_and_generation;
    backup[TB_BACKUP_CONTROL] = TB_CONTROL_KEY | control;
    token_leave(&s.in, bank, attempts_and_generation != 0u ? &s.head[bank] : NULL);
    chip_restore_reset_state(TB_TARGET);
    chip_launch(mapped, vectors, bank);
}

/* false: the attempt could not be written down, so that it must not be made. */
static bool slot_start(const tb_boot_decision *d)
{
    const tb_slot_log *log = &s.in.slot[d->bank].log;
    uint32_t control = 0u;
    unsigned attempts = log->attempts;

    if (d->record != 0u) {
        if (!append(d->bank, d->record, d->argument)) {
            return false;
        }
        uint32_t timeout_ms = s.head[d->bank].trial_watchdog_ms;
        chip_watchdog_start(timeout_ms != 0u ? timeout_ms : TB_TRIAL_WATCHDOG_DEFAULT_MS);
        attempts = d->argument;
    }
    /* The counter belongs to the image that has run up to now. */
    if (!last_was_stage2() &&
        TB_REPORT_IMAGE(s.report) == ((uint32_t)d->bank << 16 | log->generation)) {
        control = (s.control & TB_CONTROL_ARMED) | s.failures;
    }
    start(d->why, d->bank, control,
          TB_REPORT_ATTEMPTS(attempts) | log->generation);
}

/* The copy of stage 2 in that bank? In single-bank mode there is but one. */
static bool copy_head_good(unsigned bank)
{
    if (bank != 0u && chip_flash_mode() != TB_OK) {
        return false;
    }
    return head_read(bank, TB_TARGET->stage2_offset, TB_IMAGE_STAGE2);
}

/* The newest copy that is good; copies that hang or crash are counted, and take turns. Comes
 * back where there is no stage 2 to start. */
static void stage2_start(const tb_boot_decision *d)
{
    uint32_t failures = last_was_stage2() ? s.failures : 0u;
    uint32_t version[2];
    unsigned bank, first;

    if (failures >= STAGE2_FAILURES_MAX) {
        return;
    }
    for (bank = 0; bank < 2u; bank++) {
        version[bank] = copy_head_good(bank) ? s.head[bank].version : 0u;
    }
    bank = (version[1] > version[0] ? 1u : 0u) ^ (failures & 1u);
    first = bank;
    do {
        if (copy_head_good(bank) &&
            payload_good(bank, TB_TARGET->stage2_offset, TB_TARGET->stage2_run,
                         (uint32_t *)TB_TARGET->stage2_run)) {
            chip_watchdog_start(TB_TRIAL_WATCHDOG_DEFAULT_MS);
            start(d->why, bank, failures, 0u);
        }
        bank ^= 1u;
    } while (bank != first);
}

/* Does the swap take a reset? A constant, by the row. */
#define SWAPS_BY_RESET (TB_TARGET->family == TB_FAMILY_U5 || TB_TARGET->family == TB_FAMILY_H7)

/* false: the bank cannot be mapped. Where that takes a reset, the counter ends with it: it
 * was of the image that ran before; and the next pass is told why this one began, and which bank
 * it shall find mapped. */
static bool mapped_to(const tb_boot_decision *d)
{
    if (d->swap && SWAPS_BY_RESET) {
        chip_stage1_backup()[TB_BACKUP_CONTROL] =
            TB_CONTROL_KEY | TB_CONTROL_SWAPPING | s.in.cause |
            (SWAPS_NOTED ? d->bank * TB_SWAPPING_BANK | (s.swaps + TB_SWAPPING_ONE) : 0u);
    }
    return !d->swap || chip_swap_by_option(d->bank, s.swaps != 0u) == TB_OK;
}

static bool slot_payload_good(unsigned bank)
{
    uint32_t vectors[VECTOR_BYTES / sizeof(uint32_t)];

    return payload_good(bank, TB_TARGET->slot_offset,
                        TB_FLASH_BASE + TB_TARGET->slot_offset + TB_HEADER_BYTES, vectors);
}

/* The last resort: the ROM answers on the wire. The next reset starts with a clean slate. */
static _Noreturn void give_up(void)
{
    chip_stage1_backup()[TB_BACKUP_CONTROL] = 0u;
    chip_restore_reset_state(TB_TARGET);
    chip_launch_rom();
}

/* Not inline: two ask. */
__attribute__((noinline)) uint32_t stage1_control(void)
{
    return tb_control_checked(chip_stage1_backup()[TB_BACKUP_CONTROL]);
}

/* What the backup registers and the reset say. */
static void history_read(void)
{
    volatile uint32_t *backup = chip_stage1_backup();
    uint32_t report = backup[TB_BACKUP_REPORT];
    bool failed, armed, stage2;

    s.control = stage1_control();
    s.report = tb_report_present(report) ? report : 0u;
    s.in.cause = chip_stage1_reset_cause();
    token_look();
    chip_reset_cause_clear();
    s.failures = s.control & TB_CONTROL_COUNT;
    if (SWAPS_NOTED) {
        s.swaps = 0u;
    }
    if (SWAPS_BY_RESET && (s.control & TB_CONTROL_SWAPPING) != 0u) {
        unsigned cause = s.failures & (SWAPS_NOTED ? TB_SWAPPING_CAUSE : TB_CONTROL_COUNT);

        if ((s.in.cause == TB_RESET_SOFTWARE || s.in.cause == TB_RESET_OPTION) &&
            cause < TB_RESET_COUNT) {
            s.in.cause = (tb_reset_cause)cause;
        }
        if (SWAPS_NOTED && s.failures / TB_SWAPPING_BANK == s.in.mapped_bank &&
            (s.failures & TB_SWAPPING_ROW) != TB_SWAPPING_ROW) {
            s.swaps = s.failures & TB_SWAPPING_ROW;
        }
        s.control = s.failures = 0u;
        s.report = last_was_stage2() ? 0u : s.report;
    } else if (s.in.cause == TB_RESET_SOFTWARE && (s.control & TB_CONTROL_FAULT) != 0u) {
        s.in.cause = TB_RESET_FAULT;
        if (backup[TB_BACKUP_FAULT_PC] == STAGE1_FAULT_LAST) {
            give_up();
        }
    }
    failed = s.in.cause == TB_RESET_WATCHDOG || s.in.cause == TB_RESET_FAULT;
    armed = (s.control & TB_CONTROL_ARMED) != 0u;
    stage2 = last_was_stage2();
    if (failed && (armed || stage2) && s.failures < TB_CONTROL_COUNT) {
        s.failures++;
    }
    s.in.failures_at_limit = armed && s.failures >= TB_BOOT_FAILURES;
    s.in.stage2_requested = (s.control & TB_CONTROL_STAGE2) != 0u || (failed && stage2);
}

/* Does the clock come up no sooner than the slots have been looked at? A constant, by the row: an
 * F7's PLL takes 100 us and more. */
#define CLOCK_IS_LATE (TB_TARGET->family == TB_FAMILY_F7)

_Noreturn void stage1_main(void)
{
    chip_stage1_begin();
    chip_clock_start();
    chip_stage1_prepare();
    (void)chip_stage1_nmi();
    s.in.mapped_bank = chip_stage1_mapped_bank();
    s.in.slot[0].log.state = s.in.slot[1].log.state = TB_SLOT_EMPTY;
    history_read();
    if (chip_line_held_low(TB_TARGET)) {
        s.in.stage2_requested = true;
    }
    if (CLOCK_IS_LATE) {
        slots_look();
    }
    chip_clock_switch();
    if (!CLOCK_IS_LATE) {
        slots_look();
    }
    for (unsigned round = 0; round < ROUNDS_MAX; round++) {
        tb_boot_decision d = tb_decide(&s.in);
        tb_slot_view *view = &s.in.slot[d.bank];

        if (d.action == TB_BOOT_RECORD) {
            /* First the failures that the record is about: left behind by a reset between
             * the two, they would be held against the other image. */
            chip_stage1_backup()[TB_BACKUP_CONTROL] = 0u;
            (void)append(d.bank, d.record, d.argument);
            view->log.state = TB_SLOT_REJECTED;
            s.in.failures_at_limit = false;
        } else if (d.action == TB_BOOT_STAGE2) {
            stage2_start(&d);
            if (!s.in.stage2_requested && !s.in.failures_at_limit) {
                break;
            }
            s.in.stage2_requested = s.in.failures_at_limit = false;
            slots_look();
        } else if (!slot_payload_good(d.bank) || !mapped_to(&d) || !slot_start(&d)) {
            view->valid = false;
        }
    }
    give_up();
}
