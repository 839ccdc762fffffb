#include "twinbank/slotlog.h"

#include <string.h>

#include "core/internal.h"
#include "twinbank/image.h"

#define RECORD_CHECKED_BYTES 4u
#define RECORD_NONE 0u /* not a record: torn */
#define RECORD_BLANK 1u

void tb_record_encode(uint8_t unit[TB_MAX_UNIT_BYTES], unsigned unit_bytes, tb_record_kind kind,
                      uint8_t argument, uint16_t generation)
{
    uint32_t words[2];

    words[0] = (uint32_t)kind | ((uint32_t)argument << 8) | ((uint32_t)generation << 16);
    words[1] = tb_crc32(0, &words[0], RECORD_CHECKED_BYTES);
    for (unsigned at = 0; at < unit_bytes; at += TB_RECORD_BYTES) {
        memcpy(unit + at, words, TB_RECORD_BYTES);
    }
}

/* The kind of the record that this unit holds, RECORD_BLANK or RECORD_NONE. */
static unsigned record_kind(const uint8_t *unit, unsigned unit_bytes)
{
    uint32_t crc;

    if (tb_all_ones(unit, unit_bytes)) {
        return RECORD_BLANK;
    }
    memcpy(&crc, unit + RECORD_CHECKED_BYTES, sizeof crc);
    /* Equal to itself moved by one record: all copies in the unit are the same. */
    if (crc != tb_crc32(0, unit, RECORD_CHECKED_BYTES) ||
        memcmp(unit, unit + TB_RECORD_BYTES, unit_bytes - TB_RECORD_BYTES) != 0) {
        return RECORD_NONE;
    }
    return unit[0];
}

/* One unit that is not blank, in the order in which they were written. */
static void fold(tb_slot_log *log, unsigned kind, unsigned argument, unsigned generation)
{
    if (kind == TB_RECORD_INSTALLED && generation != 0) {
        if (log->state == TB_SLOT_EMPTY) {
            log->state = TB_SLOT_TRIAL;
            log->generation = (uint16_t)generation;
        }
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
    }
}

tb_error tb_slot_log_read(const tb_flash *flash, unsigned bank, tb_slot_log *log)
{
    const tb_chip *chip = flash->chip;
    uint32_t offset = tb_log_offset(chip);
    uint8_t unit[TB_MAX_UNIT_BYTES] = {0};

    memset(log, 0, sizeof *log);
    for (unsigned i = 0; i < chip->log_units; i++, offset += chip->unit_bytes) {
        tb_error error = flash->read(flash->ctx, bank, offset, unit, chip->unit_bytes);
        unsigned kind = RECORD_NONE;

        if (error == TB_OK) {
            kind = record_kind(unit, chip->unit_bytes);
            if (kind == RECORD_BLANK) {
                continue;
            }
        } else if (error != TB_ERR_ECC) {
            memset(log, 0, sizeof *log);
            return error;
        }
        log->used_units = (uint16_t)(i + 1u);
        fold(log, kind, unit[1], unit[2] | (unsigned)unit[3] << 8);
    }
    return TB_OK;
}

tb_error tb_slot_log_append(const tb_flash *flash, unsigned bank, tb_record_kind kind,
                            uint8_t argument, uint16_t generation)
{
    const tb_chip *chip = flash->chip;
    uint8_t unit[TB_MAX_UNIT_BYTES];
    tb_slot_log log;
    tb_error error = tb_slot_log_read(flash, bank, &log);

    if (error != TB_OK) {
        return error;
    }
    tb_record_encode(unit, chip->unit_bytes, kind, argument, generation);
    error = TB_ERR_LOG_FULL;
    /* A unit may read as blank and yet refuse to be programmed, after a cut: then the
     * next one takes the record, or this log could never be written again. */
    for (unsigned i = log.used_units; i < chip->log_units; i++) {
        error = tb_unit_write(flash, bank, tb_log_offset(chip) + i * chip->unit_bytes, unit);
        if (error == TB_OK) {
            break;
        }
    }
    return error;
}
