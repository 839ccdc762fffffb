/* The device file: what a board keeps while its power is off. Layout, little-endian:
 *   0  "TBSIMDEV"      8  version u32    12  chip name, 32 bytes, zero-filled
 *  44  flash state, bytes u32            48  backup domain, words u32
 *  52  flash state, backup words, CRC-32 (zlib) of everything before it */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/machine/state.h"

#define VERSION 1u
#define NAME_BYTES 32u
#define HEADER_BYTES 52u
#define MAX_BYTES (64u * 1024u * 1024u)

static const char magic[8] = {'T', 'B', 'S', 'I', 'M', 'D', 'E', 'V'};

static void put32(uint8_t *out, uint32_t value)
{
    for (unsigned i = 0; i < 4u; i++) {
        out[i] = (uint8_t)(value >> (8u * i));
    }
}

static uint32_t get32(const uint8_t *in)
{
    return in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

static uint32_t crc32(const uint8_t *bytes, size_t count)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (unsigned bit = 0; bit < 8u; bit++) {
            crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
        }
    }
    return ~crc;
}

static size_t total_bytes(size_t flash, size_t words)
{
    return HEADER_BYTES + flash + 4u * words + 4u;
}

static const char *write_whole(const char *path, const uint8_t *bytes, size_t count)
{
    /* Beside it first: an interrupted save leaves the old file. */
    size_t length = strlen(path);
    char *beside = malloc(length + 5u);
    if (beside == NULL) {
        return "out of memory";
    }
    memcpy(beside, path, length);
    memcpy(beside + length, ".new", 5u);
    const char *error = NULL;
    FILE *file = fopen(beside, "wb");
    if (file == NULL) {
        error = "the device file cannot be written";
    } else {
        bool written = fwrite(bytes, 1u, count, file) == count;
        if (fclose(file) != 0 || !written) {
            error = "the device file could not be written whole";
        } else if (rename(beside, path) != 0) {
            error = "the device file could not be put in its place";
        }
        if (error != NULL) {
            remove(beside);
        }
    }
    free(beside);
    return error;
}

const char *sim_save(const sim_machine *m, const char *path)
{
    size_t words, flash = m->flash->state_bytes(m->flash->self);
    /* The words belong to a model: nothing of the machine changes. */
    const uint32_t *backup = sim_backup_words((sim_machine *)(uintptr_t)m, &words);
    size_t count = total_bytes(flash, words);
    uint8_t *bytes = calloc(1u, count);
    if (bytes == NULL) {
        return "out of memory";
    }
    memcpy(bytes, magic, sizeof magic);
    put32(bytes + 8, VERSION);
    strncpy((char *)bytes + 12, m->chip->name, NAME_BYTES - 1u);
    put32(bytes + 44, (uint32_t)flash);
    put32(bytes + 48, (uint32_t)words);
    m->flash->save(m->flash->self, bytes + HEADER_BYTES);
    for (size_t i = 0; i < words; i++) {
        put32(bytes + HEADER_BYTES + flash + 4u * i, backup[i]);
    }
    put32(bytes + count - 4u, crc32(bytes, count - 4u));
    const char *error = write_whole(path, bytes, count);
    free(bytes);
    return error;
}

static const char *read_whole(const char *path, uint8_t **bytes, size_t *count)
{
    *bytes = NULL;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return "the device file cannot be opened";
    }
    size_t room = 0;
    *count = 0;
    const char *error = NULL;
    for (;;) {
        if (*count == room) {
            room = room == 0u ? 1u << 20 : 2u * room;
            uint8_t *more = room > MAX_BYTES ? NULL : realloc(*bytes, room);
            if (more == NULL) {
                error = "the device file is too long";
                break;
            }
            *bytes = more;
        }
        size_t got = fread(*bytes + *count, 1u, room - *count, file);
        *count += got;
        if (got == 0u) {
            error = ferror(file) != 0 ? "the device file cannot be read" : NULL;
            break;
        }
    }
    fclose(file);
    return error;
}

static const char *check(const sim_machine *m, const uint8_t *bytes, size_t count, size_t words)
{
    if (count < HEADER_BYTES + 4u || memcmp(bytes, magic, sizeof magic) != 0) {
        return "not a device file of this simulator";
    }
    if (get32(bytes + 8) != VERSION) {
        return "the device file is of another version";
    }
    if (get32(bytes + count - 4u) != crc32(bytes, count - 4u)) {
        return "the device file is damaged: its checksum is wrong";
    }
    char name[NAME_BYTES] = {0};
    strncpy(name, m->chip->name, NAME_BYTES - 1u);
    if (memcmp(bytes + 12, name, NAME_BYTES) != 0) {
        return "the device file belongs to another chip";
    }
    size_t flash = get32(bytes + 44), stored_words = get32(bytes + 48);
    if (flash != m->flash->state_bytes(m->flash->self) || stored_words != words ||
        count != total_bytes(flash, words)) {
        return "the device file's sizes are not this chip's";
    }
    return NULL;
}

const char *sim_restore(sim_machine *m, const char *path)
{
    uint8_t *bytes;
    size_t count, words;
    const char *error = read_whole(path, &bytes, &count);
    uint32_t *backup = sim_backup_words(m, &words);
    if (error == NULL) {
        error = check(m, bytes, count, words);
    }
    if (error == NULL) {
        size_t flash = get32(bytes + 44);
        if (!m->flash->restore(m->flash->self, bytes + HEADER_BYTES, flash)) {
            error = "the device file holds what this chip's flash cannot be";
        } else {
            for (size_t i = 0; i < words; i++) {
                backup[i] = get32(bytes + HEADER_BYTES + flash + 4u * i);
            }
        }
    }
    free(bytes);
    return error;
}
