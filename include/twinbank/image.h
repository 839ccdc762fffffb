/* The image format (docs/image.md): one parser for stage 1, stage 2, the application,
 * the host tool, the simulator and the fuzzers. */
#ifndef TWINBANK_IMAGE_H
#define TWINBANK_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "twinbank/chip.h"
#include "twinbank/error.h"

#define TB_IMAGE_MAGIC 0x4B4E4254u /* "TBNK" */
#define TB_IMAGE_FORMAT 1u
#define TB_HEADER_BYTES 1024u      /* payload, with the vector table, follows */
#define TB_HEAD_BYTES 64u          /* the fixed part */
#define TB_TLV_BYTES (TB_HEADER_BYTES - TB_HEAD_BYTES)
#define TB_BUILD_ID_BYTES 8u

typedef enum tb_image_kind { TB_IMAGE_APPLICATION = 1, TB_IMAGE_STAGE2 = 2 } tb_image_kind;

#define TB_VERSION(major, minor, patch) \
    (((uint32_t)(major) << 24) | ((uint32_t)(minor) << 16) | (uint32_t)(patch))

/* Little-endian in flash, in files and on the wire. */
typedef struct tb_image_head {
    uint32_t magic;
    uint32_t crc32;            /* CRC-32 (zlib) of the payload */
    uint32_t size;             /* payload bytes, a multiple of 4 */
    uint32_t version;          /* TB_VERSION */
    uint8_t kind;              /* tb_image_kind */
    uint8_t format;            /* TB_IMAGE_FORMAT */
    uint16_t device_id;        /* DBGMCU DEV_ID of the part */
    uint16_t bank_kib;         /* bank size that the image was linked for */
    uint16_t trial_watchdog_ms;/* stage 1 starts IWDG with this before a trial; 0: its default */
    uint32_t product_id;
    uint32_t load_address;     /* application: of the header in the mapped bank; stage 2: RAM address of the payload */
    uint32_t security_version;
    uint32_t flags;            /* TB_IMAGE_FLAG_*; unknown bits are refused */
    uint8_t build_id[TB_BUILD_ID_BYTES];
    uint32_t reserved[2];      /* 0 */
    uint32_t tlv_crc32;        /* of the TLV area, bytes 64..1023 */
    uint32_t header_crc32;     /* of bytes 0..59 */
} tb_image_head;

_Static_assert(sizeof(tb_image_head) == TB_HEAD_BYTES, "image head is 64 bytes");
_Static_assert(offsetof(tb_image_head, kind) == 16, "");
_Static_assert(offsetof(tb_image_head, product_id) == 24, "");
_Static_assert(offsetof(tb_image_head, build_id) == 40, "");
_Static_assert(offsetof(tb_image_head, tlv_crc32) == 56, "");
_Static_assert(offsetof(tb_image_head, header_crc32) == 60, "");

/* TLV area: u16 tag, u16 bytes, data, padded to 4; tag 0xFFFF ends it, the rest is 0xFF. */
typedef enum tb_tlv_tag { TB_TLV_SIGNATURE = 1, TB_TLV_NAME = 2, TB_TLV_END = 0xFFFF } tb_tlv_tag;

/* What this device accepts. */
typedef struct tb_identity {
    const tb_chip *chip;
    uint32_t product_id;
} tb_identity;

/* Is this head whole and meant for this device? No flash is read or written.
 * Checks in this order and returns the first that fails: magic, header CRC, format,
 * flags, kind, chip, geometry, product, load address, size. */
tb_error tb_image_check_head(const tb_image_head *head, const tb_identity *device);

/* The same as a yes or a no, for an image of that kind, of any product: stage 1's question. */
bool tb_image_head_good(const tb_image_head *head, const tb_chip *chip, tb_image_kind kind);

/* Bytes of the whole image, header included. */
static inline uint32_t tb_image_bytes(const tb_image_head *head) { return TB_HEADER_BYTES + head->size; }

/* CRC-32 (zlib). Start with 0; feed the result back to go on. */
uint32_t tb_crc32(uint32_t crc, const void *data, size_t bytes);

#endif
