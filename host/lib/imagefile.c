#include "host/lib/imagefile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/lib/objfile.h"

#define LARGEST_IMAGE ((size_t)16 << 20)

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void tb_image_file_free(tb_image_file *f)
{
    free(f->data);
    *f = (tb_image_file){0};
}

const char *tb_version_text(uint32_t version, char out[16])
{
    (void)snprintf(out, 16, "%u.%u.%u", (unsigned)(version >> 24),
                   (unsigned)(version >> 16 & 0xFFu), (unsigned)(version & 0xFFFFu));
    return out;
}

bool tb_version_parse(const char *text, uint32_t *version)
{
    static const unsigned long limit[3] = {255, 255, 65535};
    unsigned long part[3];
    const char *at = text;
    for (size_t i = 0; i < 3; i++) {
        char *end;
        if (*at < '0' || *at > '9') {
            return false;
        }
        part[i] = strtoul(at, &end, 10);
        if (part[i] > limit[i] || *end != (i < 2 ? '.' : 0)) {
            return false;
        }
        at = end + 1;
    }
    *version = TB_VERSION(part[0], part[1], part[2]);
    return true;
}

uint32_t tb_payload_base(const tb_chip *chip, tb_image_kind kind)
{
    return kind == TB_IMAGE_STAGE2 ? chip->stage2_run
                                   : TB_FLASH_BASE + chip->slot_offset + TB_HEADER_BYTES;
}

uint32_t tb_payload_limit(const tb_chip *chip, tb_image_kind kind)
{
    uint32_t image = kind == TB_IMAGE_STAGE2 ? chip->stage2_bytes : tb_slot_image_bytes(chip);
    return image - TB_HEADER_BYTES;
}

tb_error tb_check_vectors(const tb_chip *chip, uint32_t base, const uint8_t *payload, size_t bytes)
{
    if (bytes < 8) {
        return TB_ERR_VECTORS;
    }
    uint32_t sp = get_u32(payload), reset = get_u32(payload + 4);
    bool sp_good = sp > chip->sram.base && sp - chip->sram.base <= chip->sram.bytes && sp % 4u == 0;
    bool reset_good = (reset & 1u) && reset > base && reset - base < bytes;
    return sp_good && reset_good ? TB_OK : TB_ERR_VECTORS;
}

/* ---- reading ----------------------------------------------------------------------- */

static void judge_tlvs(const uint8_t *area, tb_image_verdict *v)
{
    uint32_t at = 0;
    while (at + 4u <= TB_TLV_BYTES) {
        uint32_t tag = (uint32_t)area[at] | (uint32_t)area[at + 1u] << 8;
        uint32_t bytes = (uint32_t)area[at + 2u] | (uint32_t)area[at + 3u] << 8;
        if (tag == TB_TLV_END || bytes > TB_TLV_BYTES - at - 4u) {
            return;
        }
        const uint8_t *data = area + at + 4u;
        if (tag == TB_TLV_NAME) {
            uint32_t n = bytes < TB_NAME_BYTES ? bytes : TB_NAME_BYTES;
            for (uint32_t i = 0; i < n; i++) { /* never a control byte to somebody's terminal */
                v->name[i] = data[i] >= 0x20u && data[i] < 0x7Fu ? (char)data[i] : '?';
            }
            v->name[n] = 0;
        } else if (tag == TB_TLV_SIGNATURE) {
            v->signature_bytes = bytes;
        }
        at += 4u + ((bytes + 3u) & ~3u);
    }
}

void tb_image_judge(const uint8_t *data, size_t bytes, tb_image_verdict *v)
{
    *v = (tb_image_verdict){0};
    memcpy(&v->head, data, sizeof v->head);
    const tb_image_head *head = &v->head;
    v->header_crc = tb_crc32(0, data, offsetof(tb_image_head, header_crc32));
    v->tlv_crc = tb_crc32(0, data + TB_HEAD_BYTES, TB_TLV_BYTES);
    v->chip = tb_chip_by_id(head->device_id, head->bank_kib);
    if (v->chip && !v->chip->has_banks) {
        v->chip = NULL;
    }
    if (head->magic != TB_IMAGE_MAGIC) {
        v->head_error = TB_ERR_MAGIC;
    } else if (head->header_crc32 != v->header_crc) {
        v->head_error = TB_ERR_HEADER_CRC;
    } else if (!v->chip) {
        v->head_error = TB_ERR_CHIP;
    } else {
        tb_identity self = {.chip = v->chip, .product_id = head->product_id};
        v->head_error = tb_image_check_head(head, &self);
    }
    v->tlv_error = v->tlv_crc == head->tlv_crc32 ? TB_OK : TB_ERR_TLV_CRC;
    if (v->tlv_error == TB_OK) {
        judge_tlvs(data + TB_HEAD_BYTES, v);
    }
    const uint8_t *payload = data + TB_HEADER_BYTES;
    size_t have = bytes - TB_HEADER_BYTES;
    v->payload_crc = tb_crc32(0, payload, have < head->size ? have : head->size);
    if (have != head->size) {
        v->payload_error = TB_ERR_SIZE;
    } else if (v->payload_crc != head->crc32) {
        v->payload_error = TB_ERR_PAYLOAD_CRC;
    }
    if (have >= 8) {
        v->initial_sp = get_u32(payload);
        v->reset_vector = get_u32(payload + 4);
    }
    if (v->chip && v->head_error == TB_OK) {
        tb_image_kind kind = head->kind == TB_IMAGE_STAGE2 ? TB_IMAGE_STAGE2 : TB_IMAGE_APPLICATION;
        v->vector_error = tb_check_vectors(v->chip, tb_payload_base(v->chip, kind), payload, have);
    }
}

bool tb_image_good(const tb_image_verdict *v)
{
    return v->head_error == TB_OK && v->tlv_error == TB_OK && v->payload_error == TB_OK &&
           v->vector_error == TB_OK;
}

static void explain_head(const char *path, const tb_image_verdict *v, tb_complaint *why)
{
    const tb_image_head *head = &v->head;
    switch (v->head_error) {
    case TB_ERR_MAGIC:
        (void)tb_complain(why, "%s: is not a Twinbank image (it begins with 0x%08X, not \"TBNK\")",
                          path, (unsigned)head->magic);
        (void)tb_hint(why, "make one from a .elf, .hex or .bin file with 'twinbank image pack'");
        return;
    case TB_ERR_HEADER_CRC:
        (void)tb_complain(why,
                          "%s: the header is damaged (its CRC is 0x%08X, the bytes give 0x%08X)",
                          path, (unsigned)head->header_crc32, (unsigned)v->header_crc);
        break;
    case TB_ERR_CHIP:
        (void)tb_complain(
            why,
            "%s: is for a part with device id 0x%03X and banks of %u KB, which no chip "
            "row describes",
            path, head->device_id, head->bank_kib);
        (void)tb_hint(why, "'twinbank chips' lists the parts that are known");
        return;
    case TB_ERR_ADDRESS:
        (void)tb_complain(why, "%s: is linked for 0x%08X, where %s has no place for it", path,
                          (unsigned)head->load_address, v->chip->name);
        break;
    case TB_ERR_SIZE:
        (void)tb_complain(why,
                          "%s: the header announces %u bytes of payload, which is not a size that "
                          "fits %s",
                          path, (unsigned)head->size, v->chip->name);
        break;
    default:
        (void)tb_complain(why, "%s: %s", path, tb_error_text(v->head_error));
        break;
    }
    (void)tb_hint(why, "fetch or pack the file again");
}

void tb_image_explain(const char *path, size_t bytes, const tb_image_verdict *v, tb_complaint *why)
{
    if (v->head_error != TB_OK) {
        explain_head(path, v, why);
        return;
    }
    size_t have = bytes - TB_HEADER_BYTES;
    if (v->tlv_error != TB_OK) {
        (void)tb_complain(why,
                          "%s: the header's second part (bytes 64 to 1023) is damaged: its CRC is "
                          "0x%08X, the bytes give 0x%08X",
                          path, (unsigned)v->head.tlv_crc32, (unsigned)v->tlv_crc);
    } else if (v->payload_error == TB_ERR_SIZE) {
        (void)tb_complain(
            why, "%s: is %s: the header announces %u bytes of payload, the file has %zu", path,
            have < v->head.size ? "truncated" : "overlong", (unsigned)v->head.size, have);
    } else if (v->payload_error != TB_OK) {
        (void)tb_complain(why,
                          "%s: the payload is damaged: its CRC is 0x%08X, the bytes give 0x%08X",
                          path, (unsigned)v->head.crc32, (unsigned)v->payload_crc);
    } else {
        (void)tb_complain(why,
                          "%s: does not begin with a vector table: initial stack pointer 0x%08X, "
                          "reset vector 0x%08X",
                          path, (unsigned)v->initial_sp, (unsigned)v->reset_vector);
    }
    (void)tb_hint(why, "fetch or pack the file again");
}

bool tb_image_read(tb_image_file *f, const char *path, tb_complaint *why)
{
    *f = (tb_image_file){0};
    char error[256];
    f->data = tb_file_read(path, LARGEST_IMAGE, &f->bytes, error, sizeof error);
    if (!f->data) {
        return tb_complain(why, "%s", error);
    }
    if (f->bytes >= 4 && get_u32(f->data) != TB_IMAGE_MAGIC) {
        tb_image_verdict v = {.head_error = TB_ERR_MAGIC, .head.magic = get_u32(f->data)};
        explain_head(path, &v, why);
    } else if (f->bytes < TB_HEADER_BYTES) {
        (void)tb_complain(why, "%s: is truncated: %zu bytes, the header alone has %u", path,
                          f->bytes, TB_HEADER_BYTES);
    } else {
        memcpy(&f->head, f->data, sizeof f->head);
        return true;
    }
    tb_image_file_free(f);
    return false;
}

bool tb_image_load(tb_image_file *f, const char *path, tb_complaint *why)
{
    if (!tb_image_read(f, path, why)) {
        return false;
    }
    tb_image_verdict v;
    tb_image_judge(f->data, f->bytes, &v);
    if (tb_image_good(&v)) {
        return true;
    }
    tb_image_explain(path, f->bytes, &v, why);
    tb_image_file_free(f);
    return false;
}

/* ---- writing ----------------------------------------------------------------------- */

static bool write_all(FILE *f, const void *data, size_t bytes)
{
    return fwrite(data, 1, bytes, f) == bytes && fflush(f) == 0;
}

bool tb_file_write(const char *path, const void *data, size_t bytes, tb_complaint *why)
{
    struct stat info;
    bool special = stat(path, &info) == 0 && !S_ISREG(info.st_mode); /* a pipe, /dev/stdout */
    size_t room = strlen(path) + 32;
    char *temporary = malloc(room);
    if (!temporary) {
        return tb_complain(why, "out of memory");
    }
    (void)snprintf(temporary, room, special ? "%s" : "%s.%ld.part", path, (long)getpid());
    FILE *f = fopen(temporary, special ? "wb" : "wbx");
    bool good = f && write_all(f, data, bytes);
    int reason = errno;
    if (f && fclose(f) != 0 && good) {
        good = false;
        reason = errno;
    }
    if (good && !special && rename(temporary, path) != 0) {
        good = false;
        reason = errno;
    }
    if (!good) {
        if (f && !special) {
            (void)remove(temporary);
        }
        (void)tb_complain(why, "%s: cannot be written: %s", path, strerror(reason));
    }
    free(temporary);
    return good;
}
