#include "twinbank/slotlog.h"

#include <string.h>

#include "core/internal.h"
#include "twinbank/image.h"

#define RECORD_CHECKED_BYTES 4u
#define RECORD_WORDS (TB_RECORD_BYTES / 4u)
#define UNIT_WORDS_MAX (TB_MAX_UNIT_BYTES / 4u)
#define RECORD_NONE 0u /* not a record: torn */
#define RECORD_BLANK UINT32_MAX /* no byte, so no kind that a record can have */

void tb_slot_log_record(uint32_t *unit, unsigned unit_bytes, tb_record_kind kind,
                        unsigned argument, unsigned generation)
{
    unit[0] = (uint32_t)kind | argument << 8 | (uint32_t)generation << 16;
    unit[1] = tb_crc32(0, unit, RECORD_CHECKED_BYTES);
    for (unsigned i = RECORD_WORDS; i < unit_bytes / 4u; i++) {
        unit[i] = unit[i - RECORD_WORDS];
    }
}

void tb_record_encode(uint8_t unit[TB_MAX_UNIT_BYTES], unsigned unit_bytes, tb_record_kind kind,
                      uint8_t argument, uint16_t generation)
{
    uint32_t words[UNIT_WORDS_MAX];

    tb_slot_log_record(words, unit_bytes, kind, argument, generation);
    memcpy(unit, words, unit_bytes);
}

/* The kind of the record that this unit holds, RECORD_BLANK or RECORD_NONE. All copies of
 * the record in the unit must be the same. */
static unsigned record_kind(const uint32_t *words, unsigned unit_bytes)
{
    for (unsigned i = RECORD_WORDS; i < unit_bytes / 4u; i++) {
        if (words[i] != words[i - RECORD_WORDS]) {
            return RECORD_NONE;
        }
    }
    if ((words[0] & words[1]) == UINT32_MAX) {
        return RECORD_BLANK;
    }
    return words[1] == tb_crc32(0, words, RECORD_CHECKED_BYTES) ? words[0] & 0xFFu : RECORD_NONE;
}

/* One unit that is not blank, in the order in which they were written. */
static void fold(tb_slot_log *log, unsigned kind, unsigned argument, unsigned generation)
{
    /* INSTALLED as a rule. Any other tells of one as well: it was written by who had read one,
     * which a cut has left unstable and which reads otherwise now. */
    if (log->state == TB_SLOT_EMPTY && generation != 0) {
        log->state = TB_SLOT_TRIAL;
        log->generation = (uint16_t)generation;
    }
    if (kind == TB_RECORD_INSTALLED && generation != 0) {
        return;
    }
    if (generation != log->generation) {
        kind = RECORD_NONE; /* of another installation: it says nothing about this one */
    }
    if (log->state == TB_SLOT_EMPTY) {
        log->torn_units = (uint16_t)(log->torn_units + 1u);
    } else if (kind == TB_RECORD_CONFIRMED) {
        if (log->state == TB_SLOT_TRIAL) {
            log->state = TB_SLOT_CONFIRMED;
            log->confirmed_by = (uint8_t)argument;
        }
    } else if (kind == TB_RECORD_REJECTED) {
        if (log->state != TB_SLOT_REJECTED) {
            log->state = TB_SLOT_REJECTED;
            log->reason = (uint8_t)argument;
        }
    } else {
        if (kind != TB_RECORD_ATTEMPT) {
            log->torn_units = (uint16_t)(log->torn_units + 1u);
        }
        if (log->attempts != UINT8_MAX) {
            log->attempts++;
        }
        /* A torn unit before it that was counted then may read as blank now. */
        if (kind == TB_RECORD_ATTEMPT && argument > log->attempts && argument < log->used_units) {
            log->attempts = (uint8_t)argument;
        }
    }
}

void tb_slot_log_take(tb_slot_log *log, unsigned unit_number, const uint32_t *unit,
                      unsigned unit_bytes)
{
    unsigned kind = unit == NULL ? RECORD_NONE : record_kind(unit, unit_bytes);
    uint32_t record = kind == RECORD_NONE ? 0u : unit[0];

    if (kind != RECORD_BLANK) {
        log->used_units = (uint16_t)(unit_number + 1u);
        fold(log, kind, record >> 8 & 0xFFu, record >> 16);
    }
}

tb_error tb_slot_log_read(const tb_flash *flash, unsigned bank, tb_slot_log *log)
{
    const tb_chip *chip = port_chip(flash);
    uint32_t offset = tb_log_offset(chip);
    uint32_t words[UNIT_WORDS_MAX];

    *log = (tb_slot_log){0};
    for (unsigned i = 0; i < chip->log_units; i++, offset += chip->unit_bytes) {
        tb_error error = port_read(flash, bank, offset, words, chip->unit_bytes);

        if (error != TB_OK && error != TB_ERR_ECC) {
            *log = (tb_slot_log){0};
            return error;
        }
        tb_slot_log_take(log, i, error == TB_OK ? words : NULL, chip->unit_bytes);
    }
    return TB_OK;
}

tb_error tb_slot_log_append(const tb_flash *flash, unsigned bank, tb_record_kind kind,
                            uint8_t argument, uint16_t generation)
{
    const tb_chip *chip = port_chip(flash);
    uint32_t unit[UNIT_WORDS_MAX];
    tb_slot_log log;
    tb_error error = tb_slot_log_read(flash, bank, &log);

    if (error != TB_OK) {
        return error;
    }
    tb_slot_log_record(unit, chip->unit_bytes, kind, argument, generation);
    error = TB_ERR_LOG_FULL;
    /* A unit may read as blank, after a cut, and yet refuse to be programmed or not hold what is
     * written on it: then the next one takes the record. */
    for (unsigned i = log.used_units; i < chip->log_units; i++) {
        error = tb_unit_write(flash, bank, tb_log_offset(chip) + i * chip->unit_bytes,
                              (const uint8_t *)unit, TB_LOOKS);
        if (error == TB_OK) {
            break;
        }
    }
    return error;
}
