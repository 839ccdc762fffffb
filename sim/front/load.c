#include "sim/front/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/lib/objfile.h"
#include "twinbank/image.h"

#define ERASED 0xFFu

/* Both banks as they will be, and which units a file has touched. */
typedef struct overlay {
    const tb_chip *chip;
    uint8_t *bytes[2];
    bool *touched[2];
} overlay;

static void overlay_free(overlay *v)
{
    for (unsigned bank = 0; bank < 2u; bank++) {
        free(v->bytes[bank]);
        free(v->touched[bank]);
    }
}

static bool overlay_init(overlay *v, sim_machine *m)
{
    memset(v, 0, sizeof *v);
    v->chip = sim_chip(m);
    for (unsigned bank = 0; bank < 2u; bank++) {
        v->bytes[bank] = malloc(v->chip->bank_bytes);
        v->touched[bank] = calloc(v->chip->bank_bytes / v->chip->unit_bytes, sizeof(bool));
        if (!v->bytes[bank] || !v->touched[bank]) {
            return false;
        }
        memcpy(v->bytes[bank], sim_flash_bank(m, bank), v->chip->bank_bytes);
    }
    return true;
}

static bool outside(const overlay *v, const char *path, uint32_t first, uint32_t last,
                    front_error *error)
{
    const tb_chip *c = v->chip;
    const char *what = "no flash";
    if (first >= c->sram.base && first - c->sram.base < c->sram.bytes) {
        what = "SRAM, which is lost before the part starts: give initialised data a load address "
               "in flash";
    } else if (first >= 0x1FFF0000u && first <= 0x1FFFFFFFu) {
        what = "system memory or option bytes, which are not loaded from files";
    }
    return front_fail(error, "%s: the data at 0x%08X to 0x%08X lies in %s; %s has flash at 0x%08X "
                      "to 0x%08X and 0x%08X to 0x%08X", path, first, last, what, c->name,
                      TB_FLASH_BASE, TB_FLASH_BASE + c->bank_bytes - 1u, c->bank2_base,
                      c->bank2_base + c->bank_bytes - 1u);
}

/* Piece by piece, since a segment may run from one bank into the other. */
static bool put(overlay *v, const char *path, uint32_t address, const uint8_t *data,
                uint32_t bytes, front_error *error)
{
    while (bytes > 0) {
        unsigned bank;
        uint32_t offset;
        if (!tb_physical(v->chip, false, address, &bank, &offset)) {
            return outside(v, path, address, address + (bytes - 1u), error);
        }
        uint32_t room = v->chip->bank_bytes - offset;
        uint32_t piece = bytes < room ? bytes : room;
        memcpy(v->bytes[bank] + offset, data, piece);
        uint32_t unit = v->chip->unit_bytes;
        for (uint32_t u = offset / unit; u <= (offset + piece - 1u) / unit; u++) {
            v->touched[bank][u] = true;
        }
        address += piece;
        data += piece;
        bytes -= piece;
    }
    return true;
}

static bool write_out(const overlay *v, sim_machine *m, front_error *error)
{
    uint32_t unit = v->chip->unit_bytes, units = v->chip->bank_bytes / unit;
    for (unsigned bank = 0; bank < 2u; bank++) {
        for (uint32_t u = 0; u < units;) {
            uint32_t first = u;
            while (u < units && v->touched[bank][u]) {
                u++;
            }
            uint32_t address = tb_mapped_address(v->chip, false, bank, first * unit);
            if (u > first && !sim_flash_load(m, address, v->bytes[bank] + (size_t)first * unit,
                                             (size_t)(u - first) * unit)) {
                return front_fail(error, "the flash at 0x%08X cannot be loaded", address);
            }
            u += u == first;
        }
    }
    return true;
}

/* A Twinbank image names its own place: the slot, or stage 2's region, of bank 1. */
static bool image_address(const tb_chip *chip, const front_load *load, const uint8_t *data,
                          size_t bytes, uint32_t *address, front_error *error)
{
    tb_image_head head;
    if (bytes < TB_HEADER_BYTES) {
        return front_fail(error, "%s: a Twinbank image with %zu bytes only; its header alone "
                          "has %u",
                          load->path, bytes, TB_HEADER_BYTES);
    }
    memcpy(&head, data, sizeof head);
    const tb_identity device = {.chip = chip, .product_id = head.product_id};
    tb_error why = tb_image_check_head(&head, &device);
    if (why != TB_OK) {
        return front_fail(error, "%s: this Twinbank image is not for %s: %s", load->path,
                          chip->name, tb_error_text(why));
    }
    if (bytes != tb_image_bytes(&head)) {
        return front_fail(error, "%s: its header promises %u bytes and the file has %zu",
                          load->path, tb_image_bytes(&head), bytes);
    }
    uint32_t offset = head.kind == TB_IMAGE_STAGE2 ? chip->stage2_offset : chip->slot_offset;
    *address = load->has_address ? load->address : TB_FLASH_BASE + offset;
    return true;
}

static bool read_segments(tb_objfile *o, const tb_chip *chip, const front_load *load,
                          front_error *error)
{
    size_t bytes;
    uint32_t magic = 0, address = load->has_address ? load->address : TB_NO_ADDRESS;
    uint8_t *data = tb_file_read(load->path, (size_t)64 << 20, &bytes, error->text,
                                 sizeof error->text);
    if (!data) {
        return false;
    }
    memcpy(&magic, data, bytes < sizeof magic ? bytes : sizeof magic);
    bool good = magic != TB_IMAGE_MAGIC ||
                image_address(chip, load, data, bytes, &address, error);
    if (good && !tb_objfile_parse(o, load->path, data, bytes, address)) {
        good = front_fail(error, "%s", o->error);
    }
    free(data);
    if (good && load->has_address && o->format != TB_FORMAT_BINARY) {
        good = front_fail(error, "%s is %s, which carries its own addresses: leave '@0x%08X' away",
                          load->path, tb_format_text(o->format), load->address);
        tb_objfile_free(o);
    }
    return good;
}

bool front_load_file(sim_machine *m, const front_load *load, front_error *error)
{
    tb_objfile o;
    overlay v;
    if (!read_segments(&o, sim_chip(m), load, error)) {
        return false;
    }
    bool good = overlay_init(&v, m) || front_fail(error, "out of memory");
    for (size_t i = 0; good && i < o.count; i++) {
        good = put(&v, load->path, o.segments[i].address, o.segments[i].data, o.segments[i].bytes,
                   error);
    }
    good = good && write_out(&v, m, error);
    overlay_free(&v);
    tb_objfile_free(&o);
    return good;
}

/* ---- out of the part ----------------------------------------------------------------- */

static bool is_erased(const uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (data[i] != ERASED) {
            return false;
        }
    }
    return true;
}

static void hex_record(FILE *f, unsigned type, unsigned address, const uint8_t *data,
                       unsigned bytes)
{
    unsigned sum = bytes + (address >> 8) + (address & 0xFFu) + type;
    (void)fprintf(f, ":%02X%04X%02X", bytes, address, type);
    for (unsigned i = 0; i < bytes; i++) {
        (void)fprintf(f, "%02X", data[i]);
        sum += data[i];
    }
    (void)fprintf(f, "%02X\n", (0u - sum) & 0xFFu);
}

static void dump_hex(FILE *f, sim_machine *m)
{
    const tb_chip *c = sim_chip(m);
    uint32_t upper = 0;
    for (unsigned bank = 0; bank < 2u; bank++) {
        const uint8_t *data = sim_flash_bank(m, bank);
        for (uint32_t offset = 0; offset < c->bank_bytes; offset += 32u) {
            uint32_t address = tb_mapped_address(c, false, bank, offset);
            if (is_erased(data + offset, 32u)) {
                continue;
            }
            if (address >> 16 != upper) {
                upper = address >> 16;
                const uint8_t high[2] = {(uint8_t)(upper >> 8), (uint8_t)upper};
                hex_record(f, 4u, 0u, high, 2u);
            }
            hex_record(f, 0u, address & 0xFFFFu, data + offset, 32u);
        }
    }
    hex_record(f, 1u, 0u, NULL, 0u);
}

static void dump_binary(FILE *f, sim_machine *m)
{
    const tb_chip *c = sim_chip(m);
    (void)fwrite(sim_flash_bank(m, 0), 1, c->bank_bytes, f);
    for (uint32_t hole = TB_FLASH_BASE + c->bank_bytes; hole < c->bank2_base; hole++) {
        (void)fputc(ERASED, f);
    }
    (void)fwrite(sim_flash_bank(m, 1), 1, c->bank_bytes, f);
}

bool front_dump_flash(sim_machine *m, const char *path, front_error *error)
{
    FILE *f = fopen(path, "wb");
    if (!f) {
        return front_fail(error, "%s: cannot be written: %s", path, strerror(errno));
    }
    size_t length = strlen(path);
    if (length > 4u && strcmp(path + length - 4u, ".hex") == 0) {
        dump_hex(f, m);
    } else {
        dump_binary(f, m);
    }
    bool bad = ferror(f) != 0;
    if (fclose(f) != 0 || bad) {
        return front_fail(error, "%s: cannot be written whole: %s", path, strerror(errno));
    }
    return true;
}
