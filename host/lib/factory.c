#include "host/lib/factory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/lib/objfile.h"
#include "twinbank/slotlog.h"
#include "twinbank/update.h"

#define HEX_LINE_BYTES 16u
#define HEX_LINE_TEXT (1u + 2u * (5u + HEX_LINE_BYTES) + 1u)

static bool add_part(const tb_chip *chip, tb_factory *f, const char *what, unsigned bank,
                     uint32_t offset, const uint8_t *data, size_t bytes, tb_complaint *why)
{
    size_t unit = chip->unit_bytes, whole = (bytes + unit - 1u) / unit * unit;
    uint8_t *copy = malloc(whole);
    if (!copy) {
        return tb_complain(why, "out of memory");
    }
    memset(copy, 0xFF, whole);
    memcpy(copy, data, bytes);
    f->parts[f->count++] = (tb_factory_part){
        .what = what,
        .address = tb_mapped_address(chip, false, bank, offset),
        .bytes = (uint32_t)whole,
        .data = copy,
    };
    return true;
}

static bool flatten_stage1(const tb_chip *chip, const char *path, const tb_objfile *in,
                           uint8_t *out, size_t *bytes, tb_complaint *why)
{
    uint32_t end_of_room = TB_FLASH_BASE + chip->stage1_bytes;
    for (size_t i = 0; i < in->count; i++) {
        const tb_segment *s = &in->segments[i];
        uint64_t end = (uint64_t)s->address + s->bytes;
        if (s->address < TB_FLASH_BASE || end > end_of_room) {
            (void)tb_complain(why,
                              "%s: %u bytes at 0x%08X do not fit stage 1's place in %s, 0x%08X to "
                              "0x%08X (%u bytes)",
                              path, (unsigned)s->bytes, (unsigned)s->address, chip->name,
                              TB_FLASH_BASE, (unsigned)(end_of_room - 1u),
                              (unsigned)chip->stage1_bytes);
            return tb_hint(why, "--stage1 wants the stage 1 built for this chip (stage1.elf)");
        }
        memcpy(out + (s->address - TB_FLASH_BASE), s->data, s->bytes);
        *bytes = (size_t)(end - TB_FLASH_BASE);
    }
    if (in->segments[0].address != TB_FLASH_BASE ||
        tb_check_vectors(chip, TB_FLASH_BASE, out, *bytes) != TB_OK) {
        (void)tb_complain(
            why, "%s: is no stage 1 for %s: there is no vector table for this part at 0x%08X", path,
            chip->name, TB_FLASH_BASE);
        return tb_hint(why, "--stage1 wants the stage 1 built for this chip (stage1.elf)");
    }
    return true;
}

static bool add_stage1(const tb_factory_options *o, tb_factory *f, tb_complaint *why)
{
    const tb_chip *chip = o->chip;
    tb_objfile in;
    if (!tb_objfile_read(&in, o->stage1, TB_FLASH_BASE)) {
        return tb_complain(why, "%s", in.error);
    }
    size_t bytes = 0;
    uint8_t *flat = malloc(chip->stage1_bytes);
    if (flat) {
        memset(flat, 0xFF, chip->stage1_bytes);
    }
    bool good = flat ? flatten_stage1(chip, o->stage1, &in, flat, &bytes, why)
                     : tb_complain(why, "out of memory");
    good = good && add_part(chip, f, "stage 1, bank 1", 0, 0, flat, bytes, why) &&
           add_part(chip, f, "stage 1, bank 2", 1, 0, flat, bytes, why);
    free(flat);
    tb_objfile_free(&in);
    return good;
}

/* An image of that kind for this chip, or a complaint that names both. */
static bool load_for(const tb_chip *chip, const char *path, tb_image_kind kind, tb_image_file *f,
                     tb_complaint *why)
{
    if (!tb_image_load(f, path, why)) {
        return false;
    }
    const char *wanted = kind == TB_IMAGE_STAGE2 ? "stage 2" : "an application";
    if (f->head.kind != kind) {
        (void)tb_complain(why, "%s: is %s, expected %s", path,
                          f->head.kind == TB_IMAGE_STAGE2 ? "stage 2" : "an application", wanted);
    } else if (f->head.device_id != chip->device_id ||
               f->head.bank_kib != chip->bank_bytes / 1024u) {
        const tb_chip *other = tb_chip_by_id(f->head.device_id, f->head.bank_kib);
        (void)tb_complain(
            why, "%s: is %s for %s (banks of %u KB), the file is made for %s (banks of %u KB)",
            path, wanted, other ? other->name : "another chip", f->head.bank_kib, chip->name,
            (unsigned)(chip->bank_bytes / 1024u));
        (void)tb_hint(why, "build it for %s, or give --chip the part it was built for", chip->name);
    } else {
        return true;
    }
    tb_image_file_free(f);
    return false;
}

static bool add_stage2(const tb_factory_options *o, tb_factory *f, tb_complaint *why)
{
    tb_image_file image;
    if (!load_for(o->chip, o->stage2, TB_IMAGE_STAGE2, &image, why)) {
        return false;
    }
    f->stage2 = image.head;
    uint32_t at = o->chip->stage2_offset;
    bool good = add_part(o->chip, f, "stage 2, bank 1", 0, at, image.data, image.bytes, why) &&
                add_part(o->chip, f, "stage 2, bank 2", 1, at, image.data, image.bytes, why);
    tb_image_file_free(&image);
    return good;
}

static bool add_log(const tb_chip *chip, tb_factory *f, tb_complaint *why)
{
    uint8_t units[2u * TB_MAX_UNIT_BYTES];
    tb_record_encode(units, chip->unit_bytes, TB_RECORD_INSTALLED, 0, 1);
    uint8_t confirmed[TB_MAX_UNIT_BYTES];
    tb_record_encode(confirmed, chip->unit_bytes, TB_RECORD_CONFIRMED, TB_CONFIRMED_BY_FACTORY, 1);
    memcpy(units + chip->unit_bytes, confirmed, chip->unit_bytes);
    return add_part(chip, f, "slot log, bank 1", 0, tb_log_offset(chip), units,
                    2u * chip->unit_bytes, why);
}

static bool add_app(const tb_factory_options *o, tb_factory *f, tb_complaint *why)
{
    tb_image_file image;
    if (!load_for(o->chip, o->app, TB_IMAGE_APPLICATION, &image, why)) {
        return false;
    }
    f->app = image.head;
    bool good;
    if (image.head.product_id != f->stage2.product_id) {
        (void)tb_complain(why,
                          "%s is for product 0x%08X, %s for product 0x%08X: such a device would "
                          "refuse its own updates",
                          o->app, (unsigned)image.head.product_id, o->stage2,
                          (unsigned)f->stage2.product_id);
        good = tb_hint(why, "pack both with the same --product");
    } else {
        good = add_part(o->chip, f, "application, bank 1", 0, o->chip->slot_offset, image.data,
                        image.bytes, why) &&
               add_log(o->chip, f, why);
    }
    tb_image_file_free(&image);
    return good;
}

static int by_address(const void *left, const void *right)
{
    uint32_t a = ((const tb_factory_part *)left)->address;
    uint32_t b = ((const tb_factory_part *)right)->address;
    return (a > b) - (a < b);
}

static bool check_overlaps(const tb_factory *f, tb_complaint *why)
{
    for (size_t i = 1; i < f->count; i++) {
        const tb_factory_part *a = &f->parts[i - 1u], *b = &f->parts[i];
        if (b->address - a->address < a->bytes) {
            return tb_complain(why, "%s (0x%08X, %u bytes) overlaps %s (0x%08X)", a->what,
                               (unsigned)a->address, (unsigned)a->bytes, b->what,
                               (unsigned)b->address);
        }
    }
    return true;
}

bool tb_factory_make(const tb_factory_options *o, tb_factory *f, tb_complaint *why)
{
    *f = (tb_factory){0};
    if (!o->chip->has_banks) {
        return tb_complain(why, "%s cannot be programmed with Twinbank: %s", o->chip->name,
                           o->chip->refusal);
    }
    bool good = add_stage1(o, f, why) && add_stage2(o, f, why) && (!o->app || add_app(o, f, why));
    if (good) {
        qsort(f->parts, f->count, sizeof f->parts[0], by_address);
        good = check_overlaps(f, why);
    }
    if (!good) {
        tb_factory_free(f);
    }
    return good;
}

void tb_factory_free(tb_factory *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->parts[i].data);
    }
    *f = (tb_factory){0};
}

/* ---- Intel HEX ------------------------------------------------------------------------ */

static char *put_record(char *out, uint8_t type, uint16_t offset, const uint8_t *data,
                        uint8_t bytes)
{
    static const char digits[] = "0123456789ABCDEF";
    uint8_t record[5u + HEX_LINE_BYTES] = {bytes, (uint8_t)(offset >> 8), (uint8_t)offset, type};
    if (bytes) {
        memcpy(record + 4, data, bytes);
    }
    uint8_t sum = 0;
    for (unsigned i = 0; i < 4u + bytes; i++) {
        sum = (uint8_t)(sum + record[i]);
    }
    record[4u + bytes] = (uint8_t)-sum;
    *out++ = ':';
    for (unsigned i = 0; i < 5u + bytes; i++) {
        *out++ = digits[record[i] >> 4];
        *out++ = digits[record[i] & 15u];
    }
    *out++ = '\n';
    return out;
}

char *tb_factory_hex(const tb_factory *f, size_t *bytes)
{
    size_t lines = 1;
    for (size_t i = 0; i < f->count; i++) {
        lines += f->parts[i].bytes / HEX_LINE_BYTES + 4u + f->parts[i].bytes / 0x10000u;
    }
    char *text = malloc(lines * HEX_LINE_TEXT);
    if (!text) {
        return NULL;
    }
    char *at = text;
    uint32_t high = 0;
    for (size_t i = 0; i < f->count; i++) {
        const tb_factory_part *p = &f->parts[i];
        for (uint32_t done = 0; done < p->bytes;) {
            uint32_t address = p->address + done;
            uint32_t n = HEX_LINE_BYTES - address % HEX_LINE_BYTES;
            n = n < p->bytes - done ? n : p->bytes - done;
            if (address >> 16 != high) {
                high = address >> 16;
                const uint8_t base[2] = {(uint8_t)(high >> 8), (uint8_t)high};
                at = put_record(at, 4, 0, base, 2);
            }
            at = put_record(at, 0, (uint16_t)address, p->data + done, (uint8_t)n);
            done += n;
        }
    }
    at = put_record(at, 1, 0, NULL, 0);
    *bytes = (size_t)(at - text);
    return text;
}
