#include <stdlib.h>
#include <string.h>

#include "host/lib/imagefile.h"
#include "host/lib/objfile.h"

static const char *kind_text(tb_image_kind kind)
{
    return kind == TB_IMAGE_STAGE2 ? "stage 2" : "an application";
}

static void hint_link(const tb_pack_options *o, tb_complaint *why)
{
    uint32_t base = tb_payload_base(o->chip, o->kind), limit = tb_payload_limit(o->chip, o->kind);
    (void)tb_hint(why, "link it with ORIGIN = 0x%08X, LENGTH = %u (0x%X) in the linker script%s",
                  (unsigned)base, (unsigned)limit, (unsigned)limit,
                  o->kind == TB_IMAGE_APPLICATION ? ", and set VTOR to that origin" : "");
}

/* What lies at an address that the image may not contain. */
static const char *what_is_at(const tb_pack_options *o, uint32_t address)
{
    const tb_chip *c = o->chip;
    if (o->kind == TB_IMAGE_STAGE2) {
        return address - TB_FLASH_BASE < c->bank_bytes
                   ? "flash, where stage 2 is stored but not run"
                   : NULL;
    }
    if (address - c->sram.base < c->sram.bytes) {
        return "RAM: initialised data needs a load address in flash";
    }
    if (address >= c->bank2_base && address - c->bank2_base < c->bank_bytes) {
        return "the other bank: an application is linked once, for the mapped bank";
    }
    uint32_t offset = address - TB_FLASH_BASE;
    if (offset < c->stage1_bytes) {
        return "stage 1";
    }
    if (offset >= c->stage2_offset && offset - c->stage2_offset < c->stage2_bytes) {
        return "stage 2";
    }
    if (offset >= c->slot_offset && offset - c->slot_offset < TB_HEADER_BYTES) {
        return "the image header";
    }
    return offset >= tb_log_offset(c) && offset < c->bank_bytes ? "the slot log" : NULL;
}

static bool check_segment(const tb_pack_options *o, const char *path, const tb_segment *s,
                          tb_complaint *why)
{
    uint32_t base = tb_payload_base(o->chip, o->kind), limit = tb_payload_limit(o->chip, o->kind);
    const char *region = o->kind == TB_IMAGE_STAGE2 ? "RAM for stage 2" : "slot";
    uint64_t end = (uint64_t)s->address + s->bytes;
    if (s->address >= base && end <= (uint64_t)base + limit) {
        return true;
    }
    bool starts_inside = s->address >= base && s->address - base < limit;
    uint32_t bad = starts_inside ? base + limit : s->address;
    const char *there = what_is_at(o, bad);
    if (starts_inside) {
        (void)tb_complain(
            why,
            "%s: is %llu bytes too large: data runs to 0x%08llX, the %s of %s takes %u bytes "
            "from 0x%08X to 0x%08X",
            path, (unsigned long long)(end - base - limit), (unsigned long long)(end - 1u), region,
            o->chip->name, (unsigned)limit, (unsigned)base, (unsigned)(base + limit - 1u));
        return tb_hint(
            why,
            "the image must become smaller: optimise for size, or take a part with more flash");
    }
    (void)tb_complain(why,
                      "%s: %u bytes at 0x%08X lie outside the %s%s%s%s; %s for %s goes from 0x%08X "
                      "(vector table) to 0x%08X",
                      path, (unsigned)s->bytes, (unsigned)bad, region, there ? " (that is " : "",
                      there ? there : "", there ? ")" : "", kind_text(o->kind), o->chip->name,
                      (unsigned)base, (unsigned)(base + limit - 1u));
    hint_link(o, why);
    return false;
}

static bool check_segments(const tb_pack_options *o, const char *path, const tb_objfile *in,
                           tb_complaint *why)
{
    for (size_t i = 0; i < in->count; i++) {
        if (!check_segment(o, path, &in->segments[i], why)) {
            return false;
        }
    }
    uint32_t base = tb_payload_base(o->chip, o->kind);
    if (in->segments[0].address != base) {
        (void)tb_complain(
            why,
            "%s: has nothing at 0x%08X, where the vector table belongs; its first byte is "
            "at 0x%08X",
            path, (unsigned)base, (unsigned)in->segments[0].address);
        hint_link(o, why);
        return false;
    }
    return true;
}

static bool check_payload(const tb_pack_options *o, const char *path, tb_format format,
                          const uint8_t *payload, uint32_t bytes, tb_complaint *why)
{
    uint32_t base = tb_payload_base(o->chip, o->kind), word[2] = {0, 0};
    if (tb_check_vectors(o->chip, base, payload, bytes) == TB_OK) {
        return true;
    }
    memcpy(word, payload, bytes < sizeof word ? bytes : sizeof word);
    if (word[0] == TB_IMAGE_MAGIC) {
        return tb_complain(why, "%s: is an image already; 'twinbank image info' shows it", path);
    }
    (void)tb_complain(
        why,
        "%s: %sthe first words are no vector table for %s: the initial stack pointer is 0x%08X "
        "(expected in RAM, above 0x%08X up to 0x%08X), the reset vector 0x%08X (expected "
        "odd, from 0x%08X to 0x%08X)",
        path,
        format == TB_FORMAT_BINARY ? "is neither ELF nor Intel HEX, and as a raw binary " : "",
        o->chip->name, (unsigned)word[0], (unsigned)o->chip->sram.base,
        (unsigned)(o->chip->sram.base + o->chip->sram.bytes), (unsigned)word[1], (unsigned)base,
        (unsigned)(base + bytes - 1u));
    if (word[0] > o->chip->sram.base + o->chip->sram.bytes && word[0] >> 24 == 0x20u) {
        return tb_hint(why, "set _estack in the linker script to 0x%08X or less",
                       (unsigned)(o->chip->sram.base + o->chip->sram.bytes));
    }
    hint_link(o, why);
    return false;
}

static void put_tlvs(uint8_t *area, const char *name)
{
    memset(area, 0xFF, TB_TLV_BYTES);
    if (name && *name) {
        size_t n = strlen(name);
        const uint8_t start[4] = {TB_TLV_NAME, 0, (uint8_t)n, 0};
        memcpy(area, start, sizeof start);
        memcpy(area + 4, name, n);
    }
}

static void put_header(const tb_pack_options *o, tb_image_file *out)
{
    put_tlvs(out->data + TB_HEAD_BYTES, o->name);
    uint32_t size = (uint32_t)(out->bytes - TB_HEADER_BYTES);
    uint32_t base = tb_payload_base(o->chip, o->kind);
    out->head = (tb_image_head){
        .magic = TB_IMAGE_MAGIC,
        .crc32 = tb_crc32(0, out->data + TB_HEADER_BYTES, size),
        .size = size,
        .version = o->version,
        .kind = (uint8_t)o->kind,
        .format = TB_IMAGE_FORMAT,
        .device_id = o->chip->device_id,
        .bank_kib = (uint16_t)(o->chip->bank_bytes / 1024u),
        .trial_watchdog_ms = o->trial_watchdog_ms,
        .product_id = o->product_id,
        .load_address = o->kind == TB_IMAGE_STAGE2 ? base : base - TB_HEADER_BYTES,
        .security_version = o->security_version,
        .tlv_crc32 = tb_crc32(0, out->data + TB_HEAD_BYTES, TB_TLV_BYTES),
    };
    memcpy(out->head.build_id, o->build_id, TB_BUILD_ID_BYTES);
    out->head.header_crc32 = tb_crc32(0, &out->head, offsetof(tb_image_head, header_crc32));
    memcpy(out->data, &out->head, sizeof out->head);
}

static bool pack_segments(const tb_pack_options *o, const char *path, const tb_objfile *in,
                          tb_image_file *out, tb_complaint *why)
{
    if (!check_segments(o, path, in, why)) {
        return false;
    }
    uint32_t base = tb_payload_base(o->chip, o->kind);
    const tb_segment *last = &in->segments[in->count - 1u];
    uint32_t bytes = last->address + last->bytes - base;
    uint32_t padded = (bytes + 3u) & ~3u;
    out->bytes = (size_t)TB_HEADER_BYTES + padded;
    out->data = malloc(out->bytes);
    if (!out->data) {
        return tb_complain(why, "out of memory");
    }
    memset(out->data, 0xFF, out->bytes);
    for (size_t i = 0; i < in->count; i++) {
        const tb_segment *s = &in->segments[i];
        memcpy(out->data + TB_HEADER_BYTES + (s->address - base), s->data, s->bytes);
    }
    if (!check_payload(o, path, in->format, out->data + TB_HEADER_BYTES, padded, why)) {
        return false;
    }
    put_header(o, out);
    tb_identity self = {.chip = o->chip, .product_id = o->product_id};
    tb_error error = tb_image_check_head(&out->head, &self);
    return error == TB_OK ||
           tb_complain(why, "%s: the image made of it is refused: %s", path, tb_error_text(error));
}

bool tb_image_pack(const tb_pack_options *o, const char *path, tb_image_file *out,
                   tb_complaint *why)
{
    *out = (tb_image_file){0};
    if (!o->chip->has_banks) {
        return tb_complain(why, "%s cannot take images: %s", o->chip->name, o->chip->refusal);
    }
    if (o->name && strlen(o->name) > TB_NAME_BYTES) {
        return tb_complain(why, "the name is %zu characters long, at most %u fit", strlen(o->name),
                           TB_NAME_BYTES);
    }
    tb_objfile in;
    if (!tb_objfile_read(&in, path, tb_payload_base(o->chip, o->kind))) {
        return tb_complain(why, "%s", in.error);
    }
    bool good = pack_segments(o, path, &in, out, why);
    tb_objfile_free(&in);
    if (!good) {
        tb_image_file_free(out);
    }
    return good;
}
