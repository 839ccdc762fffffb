/* Stage 1: reads the mapping, the logs and the backup registers, asks tb_decide(), and
 * starts what it says. It erases nothing, and writes nothing but records. */
#include "boot/stage1/stage1.h"

#include "chips/armv7m.h"

#define ROUNDS_MAX 8u           /* two records, two failed checks, a stage 2 that is not there */
#define STAGE2_FAILURES_MAX 4u  /* two starts of each copy */
#define STACK_ALIGNMENT 4u

static struct {
    uint32_t control, report; /* of before the reset; report 0: there is none */
    uint32_t failures;
    tb_boot_inputs in;
    tb_image_head head[2];
} s;

bool stage1_head_read(unsigned bank, uint32_t offset, tb_image_kind kind, tb_image_head *head)
{
    tb_identity device;

    if (chip_flash_bare.read(chip_flash_bare.ctx, bank, offset, head, sizeof *head) != TB_OK) {
        return false;
    }
    /* Stage 1 serves any product. */
    device = (tb_identity){.chip = TB_TARGET, .product_id = head->product_id};
    return head->kind == (uint8_t)kind && tb_image_check_head(head, &device) == TB_OK;
}

/* The stack may lie in any RAM of the part, CCM and its alias too. */
__attribute__((noinline)) bool stage1_vectors_good(const uint32_t vectors[2], uint32_t start,
                                                   uint32_t bytes)
{
    uint32_t sp = vectors[0], pc = vectors[1];

    return sp % STACK_ALIGNMENT == 0u && (sp >> 28 == 1u || sp >> 28 == 2u) && (pc & 1u) != 0u &&
           pc - start < bytes;
}

static void slots_look(void)
{
    if (chip_flash_mode() != TB_OK) {
        return;
    }
    for (unsigned bank = 0; bank < 2u; bank++) {
        (void)tb_slot_log_read(&chip_flash_bare, bank, &s.in.slot[bank].log);
        s.in.slot[bank].valid = stage1_head_read(bank, TB_TARGET->slot_offset,
                                                 TB_IMAGE_APPLICATION, &s.head[bank]);
    }
}

static bool payload_good(unsigned bank)
{
    const tb_image_head *head = &s.head[bank];
    uint32_t offset = TB_TARGET->slot_offset + TB_HEADER_BYTES;
    uint32_t vectors[2], crc;

    return chip_flash_bare.crc32(chip_flash_bare.ctx, bank, offset, head->size, &crc) == TB_OK &&
           crc == head->crc32 &&
           chip_flash_bare.read(chip_flash_bare.ctx, bank, offset, vectors, sizeof vectors) ==
               TB_OK &&
           stage1_vectors_good(vectors, TB_FLASH_BASE + offset, head->size);
}

static tb_error append(const tb_boot_decision *d)
{
    const tb_slot_log *log = &s.in.slot[d->bank].log;

    return tb_slot_log_append_at(&chip_flash_bare, d->bank, log->used_units,
                                 (tb_record_kind)d->record, d->argument, log->generation);
}

/* The reasons for stage 2 come last; all others are for a slot. Without a report it is 0. */
static bool last_was_stage2(void)
{
    return TB_REPORT_WHY(s.report) >= TB_WHY_BOOT_COUNTER;
}
_Static_assert(TB_WHY_BOOT_COUNTER == 5 && TB_WHY_REQUESTED == 6 && TB_WHY_NO_IMAGE == 7 &&
               TB_WHY_COUNT == 8, "reasons for stage 2 come last");

/* Says what is done and why, and does it. bank: what the image finds in r0. */
static _Noreturn void start(const tb_boot_decision *d, unsigned bank, uint32_t control)
{
    bool slot = d->action == TB_BOOT_SLOT;
    tb_boot_report report = {
        .why = d->why, .cause = (uint8_t)s.in.cause, .bank = (uint8_t)bank,
        .swapped = (slot ? bank : s.in.mapped_bank) == 1u,
    };

    if (slot) {
        report.generation = s.in.slot[bank].log.generation;
        report.attempts = (uint8_t)(s.in.slot[bank].log.attempts + (d->record != 0u ? 1u : 0u));
    }
    chip_backup_write(TB_BACKUP_REPORT, tb_report_encode(&report));
    chip_backup_write(TB_BACKUP_CONTROL, TB_CONTROL_KEY | control);
    chip_restore_reset_state(TB_TARGET);
    chip_launch(slot ? bank : s.in.mapped_bank,
                slot ? TB_FLASH_BASE + TB_TARGET->slot_offset + TB_HEADER_BYTES
                     : TB_TARGET->stage2_run,
                bank);
}

/* false: the attempt could not be written down, so that it must not be made. */
static bool slot_start(const tb_boot_decision *d)
{
    uint32_t control = 0u;

    if (d->record != 0u) {
        if (append(d) != TB_OK) {
            return false;
        }
        uint32_t timeout_ms = s.head[d->bank].trial_watchdog_ms;
        chip_watchdog_start(timeout_ms != 0u ? timeout_ms : TB_TRIAL_WATCHDOG_DEFAULT_MS);
    }
    /* The counter belongs to the image that has run up to now. */
    if (!last_was_stage2() && TB_REPORT_IMAGE(s.report) ==
                                  ((uint32_t)d->bank << 16 | s.in.slot[d->bank].log.generation)) {
        control = (s.control & TB_CONTROL_ARMED) | s.failures;
    }
    start(d, d->bank, control);
}

/* false: there is no stage 2 to start. */
static bool stage2_start(const tb_boot_decision *d)
{
    /* A stage 2 that hangs or crashes is counted, and the copies take turns. */
    uint32_t failures = last_was_stage2() ? s.failures : 0u;
    int bank = -1;

    if (failures < STAGE2_FAILURES_MAX) {
        bank = stage2_load(failures % 2u == 1u);
    }
    if (bank < 0) {
        return false;
    }
    chip_watchdog_start(TB_TRIAL_WATCHDOG_DEFAULT_MS);
    start(d, (unsigned)bank, failures);
}

/* Does the swap take a reset? A constant, by the row. */
#define SWAPS_BY_RESET (TB_TARGET->family == TB_FAMILY_U5 || TB_TARGET->family == TB_FAMILY_H7)

/* false: the bank cannot be mapped. Where that takes a reset, the counter ends with it: it
 * was of the image that ran before; and the next pass is told why this one began. */
static bool mapped_to(const tb_boot_decision *d)
{
    if (d->swap && SWAPS_BY_RESET) {
        chip_backup_write(TB_BACKUP_CONTROL, TB_CONTROL_KEY | TB_CONTROL_SWAPPING | s.in.cause);
    }
    return !d->swap || chip_swap_by_option(d->bank) == TB_OK;
}

/* The last resort: the ROM answers on the wire. The next reset starts with a clean slate. */
static _Noreturn void give_up(void)
{
    chip_backup_write(TB_BACKUP_CONTROL, 0u);
    chip_restore_reset_state(TB_TARGET);
    chip_launch_rom();
}

/* What the backup registers and the reset say. */
static void history_read(void)
{
    uint32_t words[TB_BACKUP_COUNT];
    bool failed, armed;

    chip_backup_read(words);
    s.control = tb_control_checked(words[TB_BACKUP_CONTROL]);
    s.report = tb_report_present(words[TB_BACKUP_REPORT]) ? words[TB_BACKUP_REPORT] : 0u;
    s.in.cause = chip_reset_cause();
    chip_reset_cause_clear();
    s.failures = s.control & TB_CONTROL_COUNT;
    if (SWAPS_BY_RESET && (s.control & TB_CONTROL_SWAPPING) != 0u) {
        if ((s.in.cause == TB_RESET_SOFTWARE || s.in.cause == TB_RESET_OPTION) &&
            s.failures < TB_RESET_COUNT) {
            s.in.cause = (tb_reset_cause)s.failures;
        }
        s.control = s.failures = 0u;
        s.report = last_was_stage2() ? 0u : s.report;
    } else if (s.in.cause == TB_RESET_SOFTWARE && (s.control & TB_CONTROL_FAULT) != 0u) {
        s.in.cause = TB_RESET_FAULT;
        if (stage1_owns(words[TB_BACKUP_FAULT_PC]) &&
            (words[TB_BACKUP_FAULT_PC] & STAGE1_FAULT_LAST) != 0u) {
            give_up();
        }
    }
    failed = s.in.cause == TB_RESET_WATCHDOG || s.in.cause == TB_RESET_FAULT;
    armed = (s.control & TB_CONTROL_ARMED) != 0u;
    if (failed && (armed || last_was_stage2()) && s.failures < TB_CONTROL_COUNT) {
        s.failures++;
    }
    s.in.failures_at_limit = armed && s.failures >= TB_BOOT_FAILURES;
    s.in.stage2_requested =
        (s.control & TB_CONTROL_STAGE2) != 0u || (failed && last_was_stage2());
}

_Noreturn void stage1_main(void)
{
    chip_watchdog_feed(); /* a hardware watchdog may be running since reset */
    chip_flash_init();
    s.in.mapped_bank = chip_flash_bare.mapped_bank(chip_flash_bare.ctx);
    history_read();
    if (chip_line_held_low(TB_TARGET)) {
        s.in.stage2_requested = true;
    }
    chip_clock_raise();
    /* A request needs neither slot: the less that runs, the better for a broken device. */
    if (!s.in.stage2_requested) {
        slots_look();
    }
    for (unsigned round = 0; round < ROUNDS_MAX; round++) {
        tb_boot_decision d = tb_decide(&s.in);
        tb_slot_view *view = &s.in.slot[d.bank];

        if (d.action == TB_BOOT_RECORD) {
            /* First the failures that the record is about: left behind by a reset between
             * the two, they would be held against the other image. */
            chip_backup_write(TB_BACKUP_CONTROL, 0u);
            (void)append(&d);
            view->log.state = TB_SLOT_REJECTED;
            s.in.failures_at_limit = false;
        } else if (d.action == TB_BOOT_STAGE2) {
            if (!stage2_start(&d)) {
                if (!s.in.stage2_requested && !s.in.failures_at_limit) {
                    break;
                }
                s.in.stage2_requested = s.in.failures_at_limit = false;
                slots_look();
            }
        } else if (!payload_good(d.bank) || !mapped_to(&d) || !slot_start(&d)) {
            view->valid = false;
        }
    }
    give_up();
}
