#include "torture/oracle.h"

#include <stdlib.h>
#include <string.h>

enum {
    HEADER_BYTES = 1024, HEAD_BYTES = 64, TRIAL_ATTEMPTS = 3, MOST_LOOKS = 243, REINSTALLS = 3,
    KIND_APPLICATION = 1, KIND_STAGE2 = 2, FORMAT = 1,
    INSTALLED = 0x1E, ATTEMPT = 0x2D, CONFIRMED = 0x4B, REJECTED = 0x87
};
#define MAGIC 0x4B4E4254u

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t u16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

uint32_t oracle_crc32(const uint8_t *data, size_t bytes)
{
    static uint32_t table[256];
    if (table[1] == 0u) {
        for (uint32_t i = 0; i < 256u; i++) {
            uint32_t c = i;
            for (unsigned k = 0; k < 8u; k++) {
                c = (c & 1u) != 0u ? 0xEDB88320u ^ (c >> 1) : c >> 1;
            }
            table[i] = c;
        }
    }
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < bytes; i++) {
        crc = table[(crc ^ data[i]) & 0xFFu] ^ (crc >> 8);
    }
    return ~crc;
}

static void tell(const oracle *o, unsigned bank, uint32_t offset, uint32_t bytes)
{
    if (o->look != NULL) {
        o->look(o->look_ctx, bank, offset, bytes);
    }
}

static const uint8_t *bank_data(const oracle *o, unsigned bank)
{
    return sim_flash_bank(o->m, bank);
}

static bool all_whole(const oracle *o, unsigned bank, uint32_t offset, uint32_t bytes)
{
    for (uint32_t at = 0; at < bytes; at += o->chip->unit_bytes) {
        if (sim_flash_unit(o->m, bank, offset + at, NULL) != SIM_UNIT_WHOLE) {
            return false;
        }
    }
    return true;
}

/* ---- images ------------------------------------------------------------ */

static const char *head_wrong(const oracle *o, const uint8_t *h, unsigned kind, uint32_t load,
                              uint32_t room)
{
    uint32_t bytes = u32(h + 8);
    if (u32(h) != MAGIC) {
        return "no magic";
    }
    if (u32(h + 60) != oracle_crc32(h, 60)) {
        return "header CRC";
    }
    if (h[17] != FORMAT || u32(h + 36) != 0u) {
        return "format or flags";
    }
    if (h[16] != kind) {
        return "kind";
    }
    if (u16(h + 18) != o->chip->device_id || u16(h + 20) != o->chip->bank_bytes / 1024u) {
        return "chip or geometry";
    }
    if (u32(h + 24) != o->product) {
        return "product";
    }
    if (u32(h + 28) != load) {
        return "load address";
    }
    if (bytes < 8u || bytes % 4u != 0u || bytes > room - HEADER_BYTES) {
        return "size";
    }
    return NULL;
}

static const char *body_wrong(const oracle *o, const uint8_t *h, uint32_t base)
{
    const uint8_t *payload = h + HEADER_BYTES;
    uint32_t bytes = u32(h + 8), sp = u32(payload), reset = u32(payload + 4);
    const tb_memory *ram = &o->chip->sram;
    if (u32(h + 56) != oracle_crc32(h + HEAD_BYTES, HEADER_BYTES - HEAD_BYTES)) {
        return "TLV CRC";
    }
    if (u32(h + 4) != oracle_crc32(payload, bytes)) {
        return "payload CRC";
    }
    if (sp % 4u != 0u || sp <= ram->base || sp > ram->base + ram->bytes) {
        return "initial stack pointer";
    }
    if (reset % 2u == 0u || reset < base || reset >= base + bytes) {
        return "reset vector";
    }
    return NULL;
}

static oracle_image look_at_image(const oracle *o, unsigned bank, unsigned kind)
{
    const tb_chip *c = o->chip;
    bool app = kind == KIND_APPLICATION;
    uint32_t offset = app ? c->slot_offset : c->stage2_offset;
    uint32_t log = (uint32_t)c->log_units * c->unit_bytes;
    uint32_t room = app ? c->bank_bytes - c->slot_offset - log : c->stage2_bytes;
    uint32_t load = app ? TB_FLASH_BASE + c->slot_offset : c->stage2_run;
    const uint8_t *h = bank_data(o, bank) + offset;
    oracle_image image = {0};
    if (!all_whole(o, bank, offset, HEADER_BYTES)) {
        image.wrong = "an unreadable or unstable unit in the header";
        return image;
    }
    image.wrong = head_wrong(o, h, kind, load, room);
    if (image.wrong != NULL) {
        return image;
    }
    image.bytes = u32(h + 8);
    image.version = u32(h + 12);
    image.crc = u32(h + 4);
    if (!all_whole(o, bank, offset + HEADER_BYTES, image.bytes)) {
        image.wrong = "an unreadable or unstable unit in the payload";
        return image;
    }
    image.wrong = body_wrong(o, h, app ? load + HEADER_BYTES : load);
    return image;
}

/* What the verdict on an image rests on: its header, and what follows where that is right. */
static void look_again(const oracle *o, unsigned bank, uint32_t offset, const oracle_image *image)
{
    tell(o, bank, offset, HEADER_BYTES + image->bytes);
}

const oracle_image *oracle_slot(oracle *o, unsigned bank)
{
    if (o->dirty[bank][ORACLE_SLOT]) {
        o->slot[bank] = look_at_image(o, bank, KIND_APPLICATION);
        o->dirty[bank][ORACLE_SLOT] = false;
    }
    look_again(o, bank, o->chip->slot_offset, &o->slot[bank]);
    return &o->slot[bank];
}

const oracle_image *oracle_stage2(oracle *o, unsigned bank)
{
    if (o->dirty[bank][ORACLE_STAGE2]) {
        o->stage2[bank] = look_at_image(o, bank, KIND_STAGE2);
        o->dirty[bank][ORACLE_STAGE2] = false;
    }
    look_again(o, bank, o->chip->stage2_offset, &o->stage2[bank]);
    return &o->stage2[bank];
}

/* ---- the log ------------------------------------------------------------ */

static uint32_t log_at(const oracle *o, unsigned unit)
{
    const tb_chip *c = o->chip;
    return c->bank_bytes - (uint32_t)(c->log_units - unit) * c->unit_bytes;
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

/* A record: 8 bytes, repeated to fill the unit; CRC over the first four. */
static bool is_record(const uint8_t *unit, unsigned bytes)
{
    static const uint8_t kinds[] = {INSTALLED, ATTEMPT, CONFIRMED, REJECTED};
    for (unsigned i = 8; i < bytes; i++) {
        if (unit[i] != unit[i - 8u]) {
            return false;
        }
    }
    return memchr(kinds, unit[0], sizeof kinds) != NULL && u16(unit + 2) != 0u &&
           u32(unit + 4) == oracle_crc32(unit, 4);
}

static void fold(oracle_log *log, const uint8_t *unit, unsigned bytes, bool readable)
{
    if (readable && blank(unit, bytes)) {
        return;
    }
    bool record = readable && is_record(unit, bytes);
    uint16_t generation = (uint16_t)u16(unit + 2);
    if (record && log->state == ORACLE_EMPTY) {
        log->state = ORACLE_TRIAL;
        log->generation = generation;
    }
    if (record && unit[0] == INSTALLED) {
        return;
    }
    if (!record || generation != log->generation) {
        log->torn++;
        log->attempts += log->state != ORACLE_EMPTY;
    } else if (unit[0] == ATTEMPT) {
        log->attempts++;
        if (unit[1] > log->attempts && unit[1] < log->used) {
            log->attempts = unit[1];
        }
    } else if (unit[0] == CONFIRMED && log->state == ORACLE_TRIAL) {
        log->state = ORACLE_CONFIRMED;
    } else if (unit[0] == REJECTED && log->state != ORACLE_REJECTED) {
        log->state = ORACLE_REJECTED;
        log->reason = unit[1];
    }
}

oracle_log oracle_log_read(const oracle *o, unsigned bank, unsigned look)
{
    unsigned bytes = o->chip->unit_bytes;
    oracle_log log = {0};
    tell(o, bank, log_at(o, 0), (uint32_t)o->chip->log_units * bytes);
    for (unsigned i = 0; i < o->chip->log_units; i++) {
        uint8_t other[TB_MAX_UNIT_BYTES];
        const uint8_t *unit = bank_data(o, bank) + log_at(o, i);
        sim_unit how = sim_flash_unit(o->m, bank, log_at(o, i), other);
        bool readable = how != SIM_UNIT_UNREADABLE;
        if (how == SIM_UNIT_UNSTABLE) {
            unit = look % 3u == 1u ? other : unit;
            readable = look % 3u != 2u;
            look /= 3u;
        }
        if (!readable || !blank(unit, bytes)) {
            log.used = i + 1u;
        }
        fold(&log, unit, bytes, readable);
    }
    return log;
}

unsigned oracle_looks(const oracle *o, unsigned bank)
{
    unsigned looks = 1;
    tell(o, bank, log_at(o, 0), (uint32_t)o->chip->log_units * o->chip->unit_bytes);
    for (unsigned i = 0; i < o->chip->log_units && looks < MOST_LOOKS; i++) {
        if (sim_flash_unit(o->m, bank, log_at(o, i), NULL) == SIM_UNIT_UNSTABLE) {
            looks *= 3u;
        }
    }
    return looks;
}

/* ---- the decision ------------------------------------------------------------ */

static bool log_boots(const oracle_log *log)
{
    return log->state == ORACLE_CONFIRMED ||
           (log->state == ORACLE_TRIAL && log->attempts < TRIAL_ATTEMPTS);
}

/* What each way to read the log says; looked at again only where it was touched. */
static void know_log(oracle *o, unsigned bank)
{
    if (o->log_known[bank]) {
        tell(o, bank, log_at(o, 0), (uint32_t)o->chip->log_units * o->chip->unit_bytes);
        return;
    }
    unsigned looks = oracle_looks(o, bank);
    o->log_boots[bank] = o->log_confirms[bank] = true;
    for (unsigned look = 0; look < looks; look++) {
        oracle_log log = oracle_log_read(o, bank, look);
        o->log_boots[bank] = o->log_boots[bank] && log_boots(&log);
        o->log_confirms[bank] = o->log_confirms[bank] && log.state == ORACLE_CONFIRMED;
    }
    o->log_known[bank] = true;
}

/* An image with its last attempt used up runs until the next reset; then the other one does. */
bool oracle_bootable(oracle *o, unsigned bank)
{
    know_log(o, bank);
    return o->log_boots[bank] && oracle_slot(o, bank)->wrong == NULL;
}

int oracle_decides(oracle *o)
{
    oracle_log log[2] = {oracle_log_read(o, 0, 0), oracle_log_read(o, 1, 0)};
    unsigned newer = log[1].state != ORACLE_EMPTY &&
                     (log[0].state == ORACLE_EMPTY || log[1].generation > log[0].generation);
    for (unsigned i = 0; i < 2u; i++) {
        unsigned bank = i == 0u ? newer : newer ^ 1u;
        if (log_boots(&log[bank]) && oracle_slot(o, bank)->wrong == NULL) {
            return (int)bank;
        }
    }
    return -1;
}

/* ---- what must hold ------------------------------------------------------------ */

static const char *stage1_kept(oracle *o)
{
    for (unsigned bank = 0; bank < 2u; bank++) {
        tell(o, bank, 0, o->chip->stage1_bytes);
        if (!o->dirty[bank][ORACLE_STAGE1]) {
            continue;
        }
        if (memcmp(bank_data(o, bank), o->stage1[bank], o->chip->stage1_bytes) != 0 ||
            !all_whole(o, bank, 0, o->chip->stage1_bytes)) {
            return bank == 0u ? "stage 1 of bank 1 has changed" : "stage 1 of bank 2 has changed";
        }
        o->dirty[bank][ORACLE_STAGE1] = false;
    }
    return NULL;
}

/* Versions never fall but by a rollback, so what was confirmed once is remembered. */
static void note_confirmed(oracle *o)
{
    for (unsigned bank = 0; bank < 2u; bank++) {
        if (!o->dirty[bank][ORACLE_LOG] && !o->dirty[bank][ORACLE_SLOT]) {
            continue;
        }
        o->dirty[bank][ORACLE_LOG] = false;
        know_log(o, bank);
        if (!o->log_confirms[bank]) {
            continue;
        }
        const oracle_image *image = oracle_slot(o, bank);
        if (image->wrong == NULL && image->version > o->confirmed) {
            o->confirmed = image->version;
        }
    }
}

static uint64_t ops(const oracle *o, unsigned kinds)
{
    return sim_op_count(o->m, kinds);
}

#define WRITES (1u << SIM_OP_PROGRAM | 1u << SIM_OP_ERASE_PAGE)
#define OPTIONS (1u << SIM_OP_OPTION)
#define BANKS (1u << SIM_OP_ERASE_BANK)

bool oracle_contents_kept(const oracle *o)
{
    for (unsigned bank = 0; bank < 2u; bank++) {
        if (oracle_crc32(bank_data(o, bank), o->chip->bank_bytes) != o->contents[bank] ||
            !all_whole(o, bank, 0, o->chip->bank_bytes)) {
            return false;
        }
    }
    return true;
}

static const char *switching_instant(oracle *o)
{
    if (ops(o, WRITES) != o->writes) {
        return "flash was written in a switch of the bank mode";
    }
    if (ops(o, OPTIONS) != o->option_writes) {
        return NULL; /* what is left depends on the options as loaded: switch.c */
    }
    if (ops(o, BANKS) != o->erases) {
        return "banks were erased before the option was written";
    }
    return oracle_contents_kept(o) ? NULL : "contents have changed before the switch";
}

const char *oracle_instant(oracle *o)
{
    if (o->switching) {
        return switching_instant(o);
    }
    const char *wrong = stage1_kept(o);
    if (wrong != NULL) {
        return wrong;
    }
    note_confirmed(o);
    const tb_family family = sim_chip(o->m)->family; /* on these two the swap is one */
    if (family != TB_FAMILY_U5 && family != TB_FAMILY_H7 &&
        ops(o, OPTIONS) != o->option_writes) {
        return "an option byte was written";
    }
    /* The one that nobody has touched first: it costs nothing to ask. */
    unsigned first = o->dirty[0][ORACLE_SLOT] ? 1u : 0u;
    bool image = !o->had_image || oracle_bootable(o, first) || oracle_bootable(o, first ^ 1u);
    if (!image) {
        return "no bootable image is left";
    }
    first = o->dirty[0][ORACLE_STAGE2] ? 1u : 0u;
    if (o->had_stage2 && oracle_stage2(o, first)->wrong != NULL &&
        oracle_stage2(o, first ^ 1u)->wrong != NULL) {
        return "no valid copy of stage 2 is left";
    }
    return NULL;
}

/* Records in an order that an update, a boot or a command can have written. */
static const char *records_legal(const oracle *o, unsigned bank, unsigned *torn)
{
    unsigned last_attempt = 0, installed = 0;
    uint32_t generation = 0;
    bool rejected = false;
    for (unsigned i = 0; i < o->chip->log_units; i++) {
        const uint8_t *unit = bank_data(o, bank) + log_at(o, i);
        sim_unit how = sim_flash_unit(o->m, bank, log_at(o, i), NULL);
        bool whole = how == SIM_UNIT_WHOLE;
        if (whole && blank(unit, o->chip->unit_bytes)) {
            continue;
        }
        if (!whole || !is_record(unit, o->chip->unit_bytes)) {
            ++*torn;
            continue;
        }
        if (generation != 0u && u16(unit + 2) != generation) {
            return "records of two generations in one log";
        }
        generation = u16(unit + 2);
        if (rejected && unit[0] != REJECTED) {
            return "a record after REJECTED";
        }
        if (unit[0] == INSTALLED && ++installed > 1u && i > REINSTALLS) {
            return "INSTALLED again in a log in use";
        }
        if (unit[0] == ATTEMPT) {
            if (unit[1] <= last_attempt || unit[1] > TRIAL_ATTEMPTS) {
                return "attempts out of order";
            }
            last_attempt = unit[1];
        }
        rejected = unit[0] == REJECTED;
    }
    return NULL;
}

static bool log_empty(const oracle *o, unsigned bank)
{
    const tb_chip *c = o->chip;
    uint32_t bytes = (uint32_t)c->log_units * c->unit_bytes;
    tell(o, bank, log_at(o, 0), bytes);
    return blank(bank_data(o, bank) + log_at(o, 0), bytes) &&
           all_whole(o, bank, log_at(o, 0), bytes);
}

const char *oracle_log_legal(oracle *o, unsigned cuts)
{
    unsigned torn = 0;
    for (unsigned bank = 0; bank < 2u; bank++) {
        /* Without a header whatever is left of a log counts for nothing. */
        const char *wrong = !log_empty(o, bank) && oracle_slot(o, bank)->wrong == NULL
                                ? records_legal(o, bank, &torn) : NULL;
        if (wrong != NULL) {
            return wrong;
        }
    }
    return torn > cuts ? "more torn records than interruptions" : NULL;
}

/* ---- watching ------------------------------------------------------------ */

void oracle_touch(oracle *o, unsigned bank, uint32_t offset, uint32_t bytes)
{
    const tb_chip *c = o->chip;
    if (bank > 1u) {
        return;
    }
    o->dirty[bank][ORACLE_STAGE1] |= offset < c->stage1_bytes;
    o->dirty[bank][ORACLE_STAGE2] |=
        offset < c->stage2_offset + c->stage2_bytes && offset + bytes > c->stage2_offset;
    o->dirty[bank][ORACLE_SLOT] |= offset + bytes > c->slot_offset;
    o->dirty[bank][ORACLE_LOG] |= offset + bytes > log_at(o, 0);
    o->log_known[bank] = o->log_known[bank] && offset + bytes <= log_at(o, 0);
}

void oracle_touch_all(oracle *o)
{
    oracle_touch(o, 0, 0, o->chip->bank_bytes);
    oracle_touch(o, 1, 0, o->chip->bank_bytes);
}

void oracle_init(oracle *o, sim_machine *m, uint32_t product)
{
    *o = (oracle){.m = m, .chip = sim_chip(m), .product = product};
    o->option_writes = ops(o, OPTIONS);
    oracle_touch_all(o);
    for (unsigned bank = 0; bank < 2u; bank++) {
        o->stage1[bank] = malloc(o->chip->stage1_bytes);
        if (o->stage1[bank] == NULL) {
            abort();
        }
        memcpy(o->stage1[bank], bank_data(o, bank), o->chip->stage1_bytes);
        o->had_image |= oracle_bootable(o, bank);
        o->had_stage2 |= oracle_stage2(o, bank)->wrong == NULL;
    }
}

void oracle_switching(oracle *o)
{
    o->switching = true;
    o->writes = ops(o, WRITES);
    o->erases = ops(o, BANKS);
    for (unsigned bank = 0; bank < 2u; bank++) {
        o->contents[bank] = oracle_crc32(bank_data(o, bank), o->chip->bank_bytes);
    }
}

void oracle_free(oracle *o)
{
    free(o->stage1[0]);
    free(o->stage1[1]);
}
