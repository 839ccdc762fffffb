#include "tests/fuzz/log_model.h"

#include <string.h>

uint32_t log_crc(const uint8_t *bytes, unsigned count)
{
    static uint32_t table[256];
    uint32_t crc = 0xFFFFFFFFu;

    for (uint32_t i = 0; i < 256u && table[255] == 0; i++) {
        uint32_t entry = i;

        for (unsigned bit = 0; bit < 8u; bit++) {
            entry = (entry & 1u) != 0 ? entry >> 1 ^ 0xEDB88320u : entry >> 1;
        }
        table[i] = entry;
    }
    for (unsigned i = 0; i < count; i++) {
        crc = table[(crc ^ bytes[i]) & 0xFFu] ^ crc >> 8;
    }
    return ~crc;
}

static bool blank(const uint8_t *unit, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        if (unit[i] != 0xFFu) {
            return false;
        }
    }
    return true;
}

static bool whole_record(const uint8_t *unit, unsigned bytes)
{
    uint32_t crc = log_crc(unit, 4);

    for (unsigned i = 0; i < 4u; i++) {
        if (unit[4u + i] != (uint8_t)(crc >> 8u * i)) {
            return false;
        }
    }
    for (unsigned at = 8; at < bytes; at += 8u) {
        if (memcmp(unit, unit + at, 8) != 0) {
            return false;
        }
    }
    return true;
}

static void take(log_model *log, const uint8_t *unit, bool is_record)
{
    unsigned generation = unit[2] | (unsigned)unit[3] << 8;
    bool of_this;

    if (is_record && generation != 0 && log->state == LOG_EMPTY) {
        log->state = LOG_TRIAL;
        log->generation = generation;
    }
    of_this = is_record && log->state != LOG_EMPTY && generation == log->generation;
    if (is_record && unit[0] == 0x1E && generation != 0) {
        return;
    }
    if (of_this && unit[0] == 0x4B) {
        if (log->state == LOG_TRIAL) {
            log->state = LOG_CONFIRMED;
            log->confirmed_by = unit[1];
        }
    } else if (of_this && unit[0] == 0x87) {
        if (log->state != LOG_REJECTED) {
            log->state = LOG_REJECTED;
            log->reason = unit[1];
        }
    } else {
        log->torn += !(of_this && unit[0] == 0x2D);
        log->attempts += log->state != LOG_EMPTY && log->attempts < 255u;
        if (of_this && unit[0] == 0x2D && unit[1] > log->attempts && unit[1] < log->used) {
            log->attempts = unit[1];
        }
    }
}

log_model log_fold(const uint8_t *units, const bool *bad, unsigned count, unsigned unit_bytes)
{
    log_model log = {0};

    for (unsigned i = 0; i < count; i++) {
        const uint8_t *unit = units + (size_t)i * unit_bytes;

        if (!bad[i] && blank(unit, unit_bytes)) {
            continue;
        }
        log.used = i + 1u;
        take(&log, unit, !bad[i] && whole_record(unit, unit_bytes));
    }
    return log;
}
