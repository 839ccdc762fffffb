/* The log: its fold over whatever flash may hold, and appending. */
#include <string.h>

#include "fixture.h"

static flash_model m;

static tb_slot_log read_log(unsigned bank)
{
    tb_flash flash = model_port(&m);
    tb_slot_log log;

    assert_int_equal(tb_slot_log_read(&flash, bank, &log), TB_OK);
    return log;
}

static tb_error append(tb_record_kind kind, uint8_t argument, uint16_t generation)
{
    tb_flash flash = model_port(&m);

    return tb_slot_log_append(&flash, 1, kind, argument, generation);
}

static void put_torn(unsigned unit)
{
    model_set_unit(&m, 1, tb_log_offset(m.chip) + unit * m.chip->unit_bytes, UNIT_BAD);
}

static void put_garbage(unsigned unit)
{
    uint8_t bytes[TB_MAX_UNIT_BYTES] = {0x1E, 0, 7};

    model_put(&m, 1, tb_log_offset(m.chip) + unit * m.chip->unit_bytes, bytes, m.chip->unit_bytes);
}

static void a_life(void **state)
{
    const tb_chip *const chips[] = {&chip_small, &chip_wide, &chip_sectors};

    (void)state;
    for (unsigned i = 0; i < 3u; i++) {
        model_init(&m, chips[i]);
        assert_int_equal(read_log(1).state, TB_SLOT_EMPTY);
        assert_int_equal(append(TB_RECORD_INSTALLED, 0, 9), TB_OK);
        assert_int_equal(read_log(1).state, TB_SLOT_TRIAL);
        assert_int_equal(read_log(1).generation, 9);
        assert_int_equal(append(TB_RECORD_ATTEMPT, 1, 9), TB_OK);
        assert_int_equal(append(TB_RECORD_ATTEMPT, 2, 9), TB_OK);
        assert_int_equal(read_log(1).attempts, 2);
        assert_int_equal(append(TB_RECORD_CONFIRMED, 1, 9), TB_OK);
        assert_int_equal(append(TB_RECORD_CONFIRMED, 2, 9), TB_OK);
        assert_int_equal(read_log(1).state, TB_SLOT_CONFIRMED);
        assert_int_equal(read_log(1).confirmed_by, 1);
        assert_int_equal(append(TB_RECORD_REJECTED, TB_REASON_BOOT_COUNTER, 9), TB_OK);
        assert_int_equal(append(TB_RECORD_REJECTED, TB_REASON_REQUESTED, 9), TB_OK);
        assert_int_equal(append(TB_RECORD_CONFIRMED, 1, 9), TB_OK);
        assert_int_equal(append(TB_RECORD_INSTALLED, 0, 10), TB_OK);
        tb_slot_log log = read_log(1);

        assert_int_equal(log.state, TB_SLOT_REJECTED);
        assert_int_equal(log.reason, TB_REASON_BOOT_COUNTER);
        assert_int_equal(log.generation, 9);
        assert_int_equal(log.used_units, 9);
        assert_int_equal(log.torn_units, 0);
        assert_int_equal(read_log(0).state, TB_SLOT_EMPTY);
        assert_int_equal(m.programs, 9);
        assert_int_equal(m.erases, 0);
    }
}

static void torn_units(void **state)
{
    (void)state;
    model_init(&m, &chip_small);
    put_torn(0);
    put_garbage(1);
    put_record(&m, 1, 2, TB_RECORD_ATTEMPT, 1, 0);
    assert_int_equal(read_log(1).state, TB_SLOT_EMPTY); /* no such generation */
    assert_int_equal(read_log(1).attempts, 0);
    assert_int_equal(read_log(1).torn_units, 3);
    put_record(&m, 1, 4, TB_RECORD_INSTALLED, 0, 7); /* after a blank one */
    put_torn(5);
    put_garbage(6);
    put_record(&m, 1, 7, TB_RECORD_CONFIRMED, 1, 6); /* of another installation */
    tb_slot_log log = read_log(1);

    assert_int_equal(log.state, TB_SLOT_TRIAL);
    assert_int_equal(log.attempts, 3);
    assert_int_equal(log.torn_units, 6);
    assert_int_equal(log.used_units, 8);
    put_record(&m, 1, 9, TB_RECORD_CONFIRMED, 1, 7);
    assert_int_equal(read_log(1).state, TB_SLOT_CONFIRMED);
    put_record(&m, 1, 10, TB_RECORD_INSTALLED, 0, 0); /* no such generation */
    assert_int_equal(read_log(1).state, TB_SLOT_CONFIRMED);
    assert_int_equal(read_log(1).torn_units, 7);
    for (unsigned kind = 0; kind < 3u; kind++) { /* whole, and of no kind */
        put_record(&m, 1, 11u + kind, (tb_record_kind)kind, 0, 7);
        assert_int_equal(read_log(1).torn_units, 8u + kind);
        assert_int_equal(read_log(1).used_units, 12u + kind);
    }
}

static void wide_units_want_every_copy(void **state)
{
    (void)state;
    model_init(&m, &chip_sectors);
    put_record(&m, 1, 0, TB_RECORD_INSTALLED, 0, 3);
    assert_int_equal(read_log(1).state, TB_SLOT_TRIAL);
    model_flip(&m, 1, tb_log_offset(m.chip) + 27u);
    assert_int_equal(read_log(1).state, TB_SLOT_EMPTY);
}

static void append_goes_past_what_refuses(void **state)
{
    (void)state;
    model_init(&m, &chip_small);
    put_record(&m, 1, 0, TB_RECORD_INSTALLED, 0, 3);
    /* reads as blank, and is not */
    model_set_unit(&m, 1, tb_log_offset(m.chip) + 8u, UNIT_WRITTEN);
    assert_int_equal(append(TB_RECORD_ATTEMPT, 1, 3), TB_OK);
    assert_int_equal(read_log(1).used_units, 3);
    assert_int_equal(read_log(1).attempts, 1);
}

static void append_errors(void **state)
{
    tb_flash flash = model_port(&m);
    tb_slot_log log;

    (void)state;
    model_init(&m, &chip_small);
    for (unsigned i = 0; i < m.chip->log_units; i++) {
        assert_int_equal(append(TB_RECORD_INSTALLED, 0, 3), TB_OK);
    }
    assert_int_equal(read_log(1).used_units, m.chip->log_units);
    assert_int_equal(append(TB_RECORD_ATTEMPT, 1, 3), TB_ERR_LOG_FULL);
    model_init(&m, &chip_small);
    m.read_error = TB_ERR_TIMEOUT; /* not ECC: the port itself failed */
    assert_int_equal(tb_slot_log_read(&flash, 1, &log), TB_ERR_TIMEOUT);
    assert_int_equal(log.state, TB_SLOT_EMPTY);
    assert_int_equal(append(TB_RECORD_INSTALLED, 0, 3), TB_ERR_TIMEOUT);
    assert_int_equal(m.programs, 0);
}

/* Random units, records of random fields, torn ones: a state always, in its bounds. */
static void hostile_content(void **state)
{
    const tb_chip *const chips[] = {&chip_small, &chip_wide, &chip_sectors};

    (void)state;
    for (unsigned round = 0; round < 20000u; round++) {
        model_init(&m, chips[round % 3u]);
        m.random = round + 1u;
        for (unsigned unit = 0; unit < m.chip->log_units; unit++) {
            static const uint8_t kinds[] = {TB_RECORD_INSTALLED, TB_RECORD_ATTEMPT,
                                            TB_RECORD_CONFIRMED, TB_RECORD_REJECTED, 0, 0xFE};
            uint32_t r = model_random(&m);

            if (r % 8u == 0) {
                put_torn(unit);
            } else if (r % 8u == 1u) {
                put_garbage(unit);
            } else if (r % 8u < 6u) {
                put_record(&m, 1, unit, (tb_record_kind)kinds[(r >> 8) % 6u], (uint8_t)(r >> 16),
                           (uint16_t)((r >> 24) & 3u));
            } else if (r % 8u == 6u) {
                model_set_unit(&m, 1, tb_log_offset(m.chip) + unit * m.chip->unit_bytes,
                               UNIT_UNSTABLE);
            }
        }
        tb_slot_log log = read_log(1);

        assert_true(log.state <= TB_SLOT_REJECTED);
        assert_int_equal(log.state == TB_SLOT_EMPTY, log.generation == 0);
        assert_true(log.used_units <= m.chip->log_units && log.torn_units <= log.used_units);
        assert_true(log.attempts <= log.used_units);
        assert_int_equal(m.operations, 0);
    }
}

/* A unit that a cut left unstable was counted when the attempt after it was numbered. */
static void a_torn_unit_that_reads_blank_later_takes_no_attempt_back(void **state)
{
    (void)state;
    model_init(&m, &chip_small);
    put_record(&m, 1, 0, TB_RECORD_INSTALLED, 0, 7);
    put_record(&m, 1, 1, TB_RECORD_ATTEMPT, 1, 7);
    put_record(&m, 1, 3, TB_RECORD_ATTEMPT, 3, 7);
    assert_int_equal(read_log(1).attempts, 3);
    put_record(&m, 1, 4, TB_RECORD_ATTEMPT, 1, 7); /* a number that is too low says nothing */
    assert_int_equal(read_log(1).attempts, 4);
}

/* A cut may leave INSTALLED so that it reads well once, and then never: what was written after
 * it tells of it. */
static void any_record_tells_of_its_installation(void **state)
{
    static const struct {
        tb_record_kind kind;
        uint8_t argument;
        tb_slot_state state;
        unsigned attempts;
    } rows[] = {{TB_RECORD_ATTEMPT, 1, TB_SLOT_TRIAL, 1},
                {TB_RECORD_ATTEMPT, 2, TB_SLOT_TRIAL, 2},
                {TB_RECORD_CONFIRMED, 1, TB_SLOT_CONFIRMED, 0},
                {TB_RECORD_REJECTED, 5, TB_SLOT_REJECTED, 0}};
    const tb_chip *const chips[] = {&chip_small, &chip_wide, &chip_sectors};

    (void)state;
    for (unsigned i = 0; i < 3u * 4u * 3u; i++) {
        const tb_chip *chip = chips[i / 12u];
        unsigned row = i % 4u, first = i / 4u % 3u;

        model_init(&m, chip);
        if (first == 1u) {
            put_torn(0);
        } else if (first == 2u) {
            put_garbage(0);
        }
        put_record(&m, 1, 2, rows[row].kind, rows[row].argument, 7);
        tb_slot_log log = read_log(1);

        assert_int_equal(log.state, rows[row].state);
        assert_int_equal(log.generation, 7);
        assert_int_equal(log.attempts, rows[row].attempts);
        assert_int_equal(log.used_units, 3);
        assert_int_equal(log.torn_units, first != 0u);
    }
}

static void attempts_stop_at_255(void **state)
{
    tb_chip chip = chip_small;

    (void)state;
    chip.log_units = 400;
    model_init(&m, &chip);
    put_record(&m, 1, 0, TB_RECORD_INSTALLED, 0, 1);
    for (unsigned i = 1; i < 400u; i++) {
        put_torn(i);
    }
    assert_int_equal(read_log(1).attempts, 255);
    assert_int_equal(read_log(1).torn_units, 399);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_life),        cmocka_unit_test(torn_units),
        cmocka_unit_test(wide_units_want_every_copy),
        cmocka_unit_test(append_goes_past_what_refuses),
        cmocka_unit_test(append_errors), cmocka_unit_test(hostile_content),
        cmocka_unit_test(a_torn_unit_that_reads_blank_later_takes_no_attempt_back),
        cmocka_unit_test(any_record_tells_of_its_installation),
        cmocka_unit_test(attempts_stop_at_255),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
