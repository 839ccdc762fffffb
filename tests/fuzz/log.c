/* The slot log: any contents, units that cannot be read among them. The fold against the
 * table of docs/image.md; what is appended is there afterwards; a look writes nothing. */
#include <string.h>

#include "tests/core/fixture.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/log_model.h"
#include "twinbank/slotlog.h"
#include "twinbank/update.h"

static const tb_record_kind kinds[4] = {TB_RECORD_INSTALLED, TB_RECORD_ATTEMPT,
                                        TB_RECORD_CONFIRMED, TB_RECORD_REJECTED};
static flash_model m;

/* One byte chooses what a unit is: a record, blank, unreadable, or the input's bytes. */
static void fill_log(fuzz_input *in, const tb_chip *chip, unsigned bank, bool *bad)
{
    for (unsigned i = 0; i < chip->log_units; i++) {
        uint32_t offset = tb_log_offset(chip) + i * chip->unit_bytes;
        uint8_t unit[TB_MAX_UNIT_BYTES], what = fuzz_u8(in);
        size_t got;

        memset(unit, 0xFF, sizeof unit);
        bad[i] = (what & 7u) == 1u;
        if ((what & 7u) >= 4u) {
            tb_record_encode(unit, chip->unit_bytes, kinds[what & 3u], fuzz_u8(in),
                             (uint16_t)(what >> 3));
        } else if ((what & 7u) == 2u) {
            const uint8_t *bytes = fuzz_bytes(in, chip->unit_bytes, &got);
            memcpy(unit, bytes, got);
        } else if ((what & 7u) == 3u) { /* a record of which some bits were not written */
            tb_record_encode(unit, chip->unit_bytes, kinds[what >> 3 & 3u], 0, 1);
            unit[fuzz_u8(in) % chip->unit_bytes] |= fuzz_u8(in);
        }
        model_put(&m, bank, offset, unit, chip->unit_bytes);
        if (bad[i]) {
            model_set_unit(&m, bank, offset, UNIT_BAD);
        }
    }
}

static void check_log(const tb_flash *flash, unsigned bank, const bool *bad, tb_slot_log *log)
{
    const tb_chip *chip = flash->chip;
    log_model expected = log_fold(m.bytes[bank] + tb_log_offset(chip), bad, chip->log_units,
                                  chip->unit_bytes);

    FUZZ_CHECK(tb_slot_log_read(flash, bank, log) == TB_OK);
    FUZZ_CHECK((unsigned)log->state == expected.state);
    FUZZ_CHECK(log->generation == expected.generation);
    FUZZ_CHECK(log->attempts == expected.attempts);
    FUZZ_CHECK(log->reason == expected.reason && log->confirmed_by == expected.confirmed_by);
    FUZZ_CHECK(log->used_units == expected.used && log->torn_units == expected.torn);
}

static void check_append(const tb_flash *flash, unsigned bank, bool *bad, tb_record_kind kind)
{
    tb_slot_log before, after;
    uint16_t generation;

    check_log(flash, bank, bad, &before);
    generation = before.generation != 0 ? before.generation : 1u;
    tb_error error = tb_slot_log_append(flash, bank, kind, 1, generation);
    FUZZ_CHECK(error == (before.used_units < flash->chip->log_units ? TB_OK : TB_ERR_LOG_FULL));
    check_log(flash, bank, bad, &after);
    FUZZ_CHECK(after.used_units == before.used_units + (error == TB_OK ? 1u : 0u));
    if (error == TB_OK && before.state == TB_SLOT_TRIAL && kind == TB_RECORD_CONFIRMED) {
        FUZZ_CHECK(after.state == TB_SLOT_CONFIRMED);
    }
    if (error == TB_OK && before.state != TB_SLOT_EMPTY && kind == TB_RECORD_REJECTED) {
        FUZZ_CHECK(after.state == TB_SLOT_REJECTED);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const tb_chip *const chips[3] = {&chip_small, &chip_wide, &chip_sectors};
    static image v1;
    static bool bad[2][256];
    fuzz_input in = {data, size};
    unsigned choice = fuzz_u8(&in), appends = fuzz_u8(&in);
    const tb_chip *chip = chips[choice % 3u];
    tb_slot_info slots[2];
    tb_slot_log log;

    device_make(&m, chip, &v1);
    model_put(&m, 1, chip->slot_offset, v1.bytes, v1.total);
    tb_flash flash = model_port(&m);
    tb_update_policy policy = policy_stage2(chip, 0);
    for (unsigned bank = 0; bank < 2u; bank++) {
        fill_log(&in, chip, bank, bad[bank]);
        check_log(&flash, bank, bad[bank], &log);
    }
    int preferred = tb_slot_preferred(&flash, &policy.device, slots);
    if (preferred >= 0) {
        unsigned state = (unsigned)slots[preferred].log.state;
        FUZZ_CHECK(state == TB_SLOT_CONFIRMED ||
                   (state == TB_SLOT_TRIAL &&
                    slots[preferred].log.attempts < TB_TRIAL_ATTEMPTS));
    }
    FUZZ_CHECK(m.operations == 0); /* a getter never writes */
    for (; appends > 0; appends >>= 3) {
        check_append(&flash, appends >> 2 & 1u, bad[appends >> 2 & 1u], kinds[appends & 3u]);
    }
    return 0;
}
