/* Image files (.twb): made from an object file, read back and judged. */
#ifndef TWINBANK_HOST_IMAGEFILE_H
#define TWINBANK_HOST_IMAGEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/lib/complaint.h"
#include "twinbank/image.h"

#define TB_NAME_BYTES 64u /* longest name, without the end */

typedef struct tb_image_file {
    uint8_t *data; /* header, then payload: what goes over the wire */
    size_t bytes;
    tb_image_head head;
} tb_image_file;

void tb_image_file_free(tb_image_file *f);

typedef struct tb_pack_options {
    const tb_chip *chip;
    tb_image_kind kind;
    uint32_t version; /* TB_VERSION */
    uint32_t product_id, security_version;
    uint16_t trial_watchdog_ms;
    uint8_t build_id[TB_BUILD_ID_BYTES];
    const char *name; /* goes into the TLV area; may be NULL */
} tb_pack_options;

/* Where this kind's payload, the vector table first, is linked and how large it may be. */
uint32_t tb_payload_base(const tb_chip *chip, tb_image_kind kind);
uint32_t tb_payload_limit(const tb_chip *chip, tb_image_kind kind);

/* Makes an image of the object file at `path`. Gaps become 0xFF. */
bool tb_image_pack(const tb_pack_options *options, const char *path, tb_image_file *out,
                   tb_complaint *why);

/* A whole image, as a file holds it: what is wrong with it, part by part. */
typedef struct tb_image_verdict {
    tb_image_head head;
    const tb_chip *chip; /* NULL: no row for it */
    tb_error head_error; /* of tb_image_check_head(), for the chip and product it names */
    tb_error tlv_error;
    tb_error payload_error; /* TB_ERR_SIZE: the file's length is not what the header says */
    tb_error vector_error;
    uint32_t payload_crc, tlv_crc, header_crc; /* computed */
    uint32_t initial_sp, reset_vector;
    char name[TB_NAME_BYTES + 1u];
    uint32_t signature_bytes;
} tb_image_verdict;

/* data must hold at least the header's 1024 bytes. */
void tb_image_judge(const uint8_t *data, size_t bytes, tb_image_verdict *verdict);
bool tb_image_good(const tb_image_verdict *verdict);
/* The first thing that is wrong, with the numbers. */
void tb_image_explain(const char *path, size_t bytes, const tb_image_verdict *verdict,
                      tb_complaint *why);

/* Reads a .twb file; its contents are not judged beyond "this is one, and has a header". */
bool tb_image_read(tb_image_file *f, const char *path, tb_complaint *why);
/* Reads and judges. */
bool tb_image_load(tb_image_file *f, const char *path, tb_complaint *why);

/* Initial stack pointer in RAM, reset vector odd and in the payload. */
tb_error tb_check_vectors(const tb_chip *chip, uint32_t base, const uint8_t *payload, size_t bytes);

/* "1.2.3" of a version word. */
const char *tb_version_text(uint32_t version, char out[16]);
bool tb_version_parse(const char *text, uint32_t *version);

/* Replaces the file only when all of it has been written. */
bool tb_file_write(const char *path, const void *data, size_t bytes, tb_complaint *why);

#endif
