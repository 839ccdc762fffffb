/* Every state of the boot decision, against what the design demands of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "decision_print.h"
#include "twinbank/boot.h"

#define PAGE "docs/boot-decision.md"

static bool trial_left(const tb_slot_view *v)
{
    return v->valid && v->log.state == TB_SLOT_TRIAL && v->log.attempts < TB_TRIAL_ATTEMPTS;
}

static bool used_up(const tb_slot_view *v)
{
    return v->valid && v->log.state == TB_SLOT_TRIAL && v->log.attempts >= TB_TRIAL_ATTEMPTS;
}

static bool confirmed(const tb_slot_view *v)
{
    return v->valid && v->log.state == TB_SLOT_CONFIRMED;
}

static bool usable(const tb_boot_inputs *in, const tb_slot_view *v)
{
    return trial_left(v) || (confirmed(v) && !in->failures_at_limit);
}

static int age(const tb_slot_view *v)
{
    return v->log.state == TB_SLOT_EMPTY ? -1 : (int)v->log.generation;
}

static void check_slot(const tb_boot_inputs *in, const tb_boot_decision *d)
{
    const tb_slot_view *chosen = &in->slot[d->bank];
    const tb_slot_view *other = &in->slot[d->bank ^ 1u];

    assert_true(usable(in, chosen)); /* P3: valid, not rejected, attempts left */
    assert_true(age(other) <= age(chosen) || !usable(in, other)); /* the newest that can */
    assert_int_equal(d->swap, d->bank != in->mapped_bank);
    if (chosen->log.state == TB_SLOT_TRIAL) {
        assert_int_equal(d->record, TB_RECORD_ATTEMPT);
        assert_int_equal(d->argument, chosen->log.attempts + 1);
    } else {
        assert_int_equal(d->record, 0);
    }
    if (d->why == TB_WHY_NEWEST_CONFIRMED || d->why == TB_WHY_TRIAL) {
        assert_true(age(other) <= age(chosen));
        assert_int_equal(d->why == TB_WHY_TRIAL, chosen->log.state == TB_SLOT_TRIAL);
    } else if (d->why == TB_WHY_OTHER_REJECTED) {
        assert_int_equal(other->log.state, TB_SLOT_REJECTED);
    } else {
        assert_int_equal(d->why, TB_WHY_OTHER_INVALID);
        assert_false(other->valid);
    }
}

static void check_record(const tb_boot_inputs *in, const tb_boot_decision *d)
{
    const tb_slot_view *subject = &in->slot[d->bank];
    const tb_slot_view *other = &in->slot[d->bank ^ 1u];

    assert_int_equal(d->record, TB_RECORD_REJECTED);
    if (d->why == TB_WHY_BOOT_COUNTER) {
        assert_true(in->failures_at_limit && confirmed(subject));
        assert_true(age(subject) >= age(other));
        /* never the last one that could run */
        assert_true(trial_left(other) || confirmed(other));
        assert_int_equal(d->argument, TB_REASON_BOOT_COUNTER);
        return;
    }
    assert_int_equal(d->why, TB_WHY_TRIAL_EXHAUSTED);
    assert_true(used_up(subject));
    assert_int_equal(d->argument, in->cause == TB_RESET_WATCHDOG ? TB_REASON_WATCHDOG
                                  : in->cause == TB_RESET_FAULT  ? TB_REASON_FAULT
                                                                 : TB_REASON_NOT_CONFIRMED);
}

static void check_stage2(const tb_boot_inputs *in, const tb_boot_decision *d)
{
    assert_int_equal(d->record, 0);
    assert_false(d->swap);
    if (in->stage2_requested) {
        assert_int_equal(d->why, TB_WHY_REQUESTED);
        return;
    }
    for (unsigned i = 0; i < 2u; i++) {
        assert_false(usable(in, &in->slot[i]));
        assert_true(!used_up(&in->slot[i]) || d->why == TB_WHY_BOOT_COUNTER);
    }
    assert_true(d->why == TB_WHY_NO_IMAGE || d->why == TB_WHY_BOOT_COUNTER);
    assert_int_equal(d->why == TB_WHY_BOOT_COUNTER,
                     confirmed(&in->slot[0]) || confirmed(&in->slot[1]));
}

/* Decides until something is booted; checks each answer on the way. */
static void check(tb_boot_inputs in)
{
    bool could = usable(&in, &in.slot[0]) || usable(&in, &in.slot[1]);

    for (unsigned records = 0;; records++) {
        tb_boot_decision d = tb_decide(&in);

        assert_true(d.bank < 2u && d.why < TB_WHY_COUNT);
        assert_true(!in.stage2_requested || d.action == TB_BOOT_STAGE2);
        if (d.action == TB_BOOT_RECORD) {
            assert_true(records < 2u);
            check_record(&in, &d);
            tb_boot_apply(&in, &d);
            assert_int_equal(in.slot[d.bank].log.state, TB_SLOT_REJECTED);
            continue;
        }
        if (d.action == TB_BOOT_SLOT) {
            check_slot(&in, &d);
        } else {
            assert_int_equal(d.action, TB_BOOT_STAGE2);
            check_stage2(&in, &d);
            assert_true(in.stage2_requested || !could);
        }
        return;
    }
}

static const uint8_t attempt_counts[] = {0, 1, 2, 3, 4, 255};
/* 0 is an empty log's, and no other's (docs/image.md). */
static const uint16_t generations[] = {1, 2, 3, 65535};
#define VIEWS (4u * 2u * 6u * 4u)

static tb_slot_view view(unsigned n)
{
    tb_slot_view v = {.log = {.state = (tb_slot_state)(n & 3u)}, .valid = (n >> 2 & 1u) != 0};

    v.log.attempts = attempt_counts[(n >> 3) % 6u];
    v.log.generation = v.log.state == TB_SLOT_EMPTY ? 0 : generations[(n >> 3) / 6u];
    return v;
}

static void every_state(void **state)
{
    unsigned count = 0;

    (void)state;
    for (unsigned a = 0; a < VIEWS; a++) {
        for (unsigned b = 0; b < VIEWS; b++) {
            for (unsigned n = 0; n < 8u * TB_RESET_COUNT; n++) {
                check((tb_boot_inputs){{view(a), view(b)}, n & 1u, (n & 2u) != 0, (n & 4u) != 0,
                                       (tb_reset_cause)(n >> 3)});
                count++;
            }
        }
    }
    print_message("%u states\n", count);
}

static void documented(void **state)
{
    static char committed[16384], printed[16384];
    FILE *file = fopen(PAGE, "r");
    FILE *memory = tmpfile();
    size_t n;

    (void)state;
    assert_non_null(file);
    assert_non_null(memory);
    n = fread(committed, 1, sizeof committed - 1, file);
    committed[n] = '\0';
    fclose(file);
    decision_print(memory);
    rewind(memory);
    n = fread(printed, 1, sizeof printed - 1, memory);
    printed[n] = '\0';
    fclose(memory);
    if (strcmp(committed, printed) != 0) {
        fail_msg("%s is not what tb_decide() answers: print_decision > %s", PAGE, PAGE);
    }
}

static void equal_generations(void **state)
{
    tb_boot_inputs in = {.mapped_bank = 1};

    (void)state;
    for (unsigned i = 0; i < 2u; i++) {
        in.slot[i] = (tb_slot_view){{.state = TB_SLOT_CONFIRMED, .generation = 4}, true};
    }
    assert_int_equal(tb_decide(&in).bank, 0);
    assert_int_equal(tb_decide(&in).why, TB_WHY_NEWEST_CONFIRMED);
    in.slot[0].log = (tb_slot_log){.state = TB_SLOT_EMPTY}; /* and an empty one is older */
    assert_int_equal(tb_decide(&in).bank, 1);
    assert_int_equal(tb_decide(&in).why, TB_WHY_NEWEST_CONFIRMED);
}

static void hostile_inputs(void **state)
{
    tb_boot_inputs in;
    uint32_t x = 1;

    (void)state;
    for (unsigned i = 0; i < 200000u; i++) { /* values outside the enums too */
        for (unsigned k = 0; k < 2u; k++) {
            x = x * 1664525u + 1013904223u;
            in.slot[k] = (tb_slot_view){{.state = (tb_slot_state)(x >> 28),
                                         .generation = (uint16_t)(x >> 8), .attempts = (uint8_t)x},
                                        (x >> 27 & 1u) != 0};
        }
        in.mapped_bank = x >> 20;
        in.stage2_requested = false;
        in.failures_at_limit = (x & 64u) != 0;
        in.cause = (tb_reset_cause)(x >> 24 & 15u);
        for (unsigned turn = 0;; turn++) {
            tb_boot_decision d = tb_decide(&in);

            assert_true(d.bank < 2u && turn < 3u);
            if (d.action != TB_BOOT_RECORD) {
                assert_true(d.action == TB_BOOT_STAGE2 || in.slot[d.bank].valid);
                break;
            }
            tb_boot_apply(&in, &d);
        }
    }
}

static void control_words(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 8u; n++) {
        for (unsigned failures = 0; failures < 256u; failures++) {
            tb_control c = {(uint8_t)(n & 1u), (n & 2u) != 0, (n & 4u) != 0, (uint8_t)failures, false};
            tb_control back = tb_control_decode(tb_control_encode(&c));

            assert_int_equal(back.request, c.request);
            assert_int_equal(back.armed, c.armed);
            assert_int_equal(back.fault, c.fault);
            assert_int_equal(back.failures, c.failures);
        }
    }
    assert_int_equal(tb_control_encode(&(tb_control){1, true, false, 2, false}), 0x7B1A1102u);
    assert_int_equal(tb_control_encode(&(tb_control){0, false, true, 0, false}), 0x7B1A0200u);
    assert_int_equal(tb_control_encode(&(tb_control){.failures = 3, .swapping = true}), 0x7B1A0403u);
    assert_true(tb_control_decode(0x7B1A0403u).swapping);
    const uint32_t bad[] = {0, 0xFFFFFFFFu, 0x7B1B1102u, 0x7B1A2102u, 0x7B1A0802u, 0x7B1AF000u};

    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tb_control c = tb_control_decode(bad[i]);

        assert_int_equal(c.request | c.armed | c.fault | c.failures, 0);
    }
}

static void report_words(void **state)
{
    tb_boot_report report = {true, TB_WHY_OTHER_REJECTED, TB_RESET_WATCHDOG, 3, 1, true, 0x1234, 5,
                             6};
    uint32_t backup[TB_BACKUP_COUNT] = {0, tb_report_encode(&report), 5, 6};
    tb_boot_report back = tb_report_decode(backup);

    (void)state;
    assert_int_equal(backup[TB_BACKUP_REPORT], 0x88CF1234u);
    assert_true(back.present && back.swapped);
    assert_int_equal(back.why, report.why);
    assert_int_equal(back.cause, report.cause);
    assert_int_equal(back.attempts, 3);
    assert_int_equal(back.bank, 1);
    assert_int_equal(back.generation, 0x1234);
    assert_int_equal(back.fault_pc, 5);
    assert_int_equal(back.fault_status, 6);
    report.attempts = 200;
    backup[TB_BACKUP_REPORT] = tb_report_encode(&report);
    assert_int_equal(tb_report_decode(backup).attempts, 15);
    const uint32_t bad[] = {0, 0xFFFFFFFFu, 0x40000000u, 0x80000000u | TB_WHY_COUNT << 26,
                            0x80000000u | TB_RESET_COUNT << 22};

    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        backup[TB_BACKUP_REPORT] = bad[i];
        back = tb_report_decode(backup);
        assert_false(back.present);
        assert_int_equal(back.fault_pc, 0);
    }
}

/* Each thing that it stands for, changed alone, gives another word; and it is never none. */
static void check_tokens(void **state)
{
    tb_boot_inputs in = {.slot = {{.log = {TB_SLOT_CONFIRMED, 5, 1, 0, 0, 3, 0}, .valid = true},
                                  {.log = {TB_SLOT_REJECTED, 4, 3, 1, 0, 6, 0}, .valid = true}}};
    tb_image_head head = {.crc32 = 0x11223344u, .size = 1000, .header_crc32 = 0x55667788u};
    const tb_boot_inputs before = in;
    const tb_image_head head_before = head;
    uint32_t words[8];
    unsigned count = 0;

    (void)state;
    words[count++] = tb_check_token(&in, 0, &head);
    assert_int_equal(words[0], 0xBA2EA6EBu); /* as docs/boot.md has it */
    words[count++] = tb_check_token(&in, 1, &head);
    in.mapped_bank = 1;
    words[count++] = tb_check_token(&in, 0, &head);
    in = before;
    in.slot[0].log.generation++;
    words[count++] = tb_check_token(&in, 0, &head);
    in = before;
    in.slot[0].log.used_units++; /* a record more, of whatever kind */
    words[count++] = tb_check_token(&in, 0, &head);
    in = before;
    in.slot[1].log.used_units = 0; /* an update has begun: the other slot's log is erased */
    words[count++] = tb_check_token(&in, 0, &head);
    in = before;
    head.crc32 ^= 0x80000000u;
    words[count++] = tb_check_token(&in, 0, &head);
    head = head_before;
    head.header_crc32 ^= 1u; /* any other field of the head */
    words[count++] = tb_check_token(&in, 0, &head);
    assert_int_equal(count, sizeof words / sizeof words[0]);
    for (unsigned i = 0; i < count; i++) {
        assert_int_not_equal(words[i], TB_TOKEN_NONE);
        for (unsigned k = 0; k < i; k++) {
            assert_int_not_equal(words[i], words[k]);
        }
    }
    head = head_before;
    head.crc32 = 0x71833076u; /* for which the digest is 0 */
    assert_int_not_equal(tb_check_token(&in, 0, &head), TB_TOKEN_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state),       cmocka_unit_test(documented),
        cmocka_unit_test(equal_generations), cmocka_unit_test(hostile_inputs),
        cmocka_unit_test(control_words),     cmocka_unit_test(report_words),
        cmocka_unit_test(check_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
