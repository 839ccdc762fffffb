/* The wire, both dialects, without any I/O: frames in and out of byte buffers.
 * docs/wire.md is the reference, with test vectors.
 *
 * tutorial: 0x23 | command u8 | length u16 LE | payload | crc u32 LE (STM32 unit, byte as word)
 *           reply: one byte, ACK 0x5F or NACK 0xAA (0x41: 27 bytes of text instead)
 * native:   0x24 | command u8 | length u16 LE | payload | crc u32 LE (CRC-32 zlib)
 *           reply: same shape, command | 0x80.  Every request payload begins with
 *           seq u8, every reply payload with seq u8 (copied), status u8 (tb_error).
 * Both CRCs run from the token to the end of the payload. All integers little-endian. */
#ifndef TWINBANK_WIRE_H
#define TWINBANK_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "twinbank/error.h"

#define TB_WIRE_PROTOCOL 1u
#define TB_WIRE_TOKEN_TUTORIAL 0x23u
#define TB_WIRE_TOKEN_NATIVE 0x24u
#define TB_WIRE_ACK 0x5Fu
#define TB_WIRE_NACK 0xAAu
#define TB_WIRE_OVERHEAD 8u /* token, command, length, crc */
#define TB_WIRE_REPLY 0x80u
#define TB_WIRE_MAX_PAYLOAD 1024u    /* a device may announce less in HELLO, never less than 128 */
#define TB_WIRE_FRAME_TIMEOUT_MS 250u /* silence in mid-frame */
#define TB_WIRE_VERSION_TEXT_BYTES 27u

typedef enum tb_tutorial_command {
    TB_TUTORIAL_VERSION = 0x41,
    TB_TUTORIAL_DATA = 0x42,
    TB_TUTORIAL_FINISH = 0x43
} tb_tutorial_command;

typedef enum tb_command {
    /* request after seq                    | reply after seq, status (fields only where status is TB_OK, unless said) */
    TB_CMD_HELLO = 0x01,   /* protocol u8              | tb_hello */
    TB_CMD_STATUS = 0x02,  /* -                        | tb_status */
    TB_CMD_BEGIN = 0x03,   /* head[64]; bank u8, keep[32] | next u32, window u32, bank u8, kept u8 */
    TB_CMD_DATA = 0x04,    /* offset u32, bytes        | always: next u32, window u32; where data
                            * behind a gap is held, from u32, to u32 */
    TB_CMD_FINISH = 0x05,  /* -                        | bank u8, generation u16 */
    TB_CMD_BOOT = 0x06,    /* -                        | - ; then the device resets and boots as it decides */
    TB_CMD_CONFIRM = 0x07, /* -                        | bank u8 */
    TB_CMD_ROLLBACK = 0x08,/* -                        | bank u8 (the one rejected); no reset */
    TB_CMD_ERASE = 0x09,   /* bank u8                  | - */
    TB_CMD_PROTECT = 0x0A, /* banks u8: TB_PROTECT_SHOW, or TB_PROTECT_STAGE1 and consent u32 | banks u8 whose stage 1
                            * is protected now (bit 0: bank 1), banks u8 after the reset; where they differ the
                            * device resets into stage 2 */
    TB_CMD_RESET = 0x0B,   /* mode u8: 0 plain, 1 into stage 2 | - ; then the device resets */
    TB_CMD_BAUD = 0x0C,    /* baud u32                 | - ; then both sides switch. No good frame within 1 s: back */
    TB_CMD_DIGEST = 0x0D,  /* bank u8, first u16, count u8 | CRC-32 u32 of each page of the bank, by its number */
    TB_CMD_MODE = 0x0E,    /* mode u8 (tb_mode); consent u32 | mode u8 in force, mode u8 after the reset; where they
                            * differ the device resets, blank */
    TB_CMD_EXPAND = 0x0F,  /* from u32, stream u32, source size u32, source crc u32 | - */
    TB_CMD_STREAM = 0x10   /* offset u32, bytes        | always: next u32, window u32, expanded u32;
                            * held as with data */
} tb_command;
#define TB_DIGESTS_MAX 30u /* in one reply */

/* The part's flash: two banks, or all of it as one. */
typedef enum tb_mode { TB_MODE_SHOW = 0, TB_MODE_DUAL = 1, TB_MODE_SINGLE = 2 } tb_mode;
#define TB_MODE_CONSENT 0x53415245u /* "ERAS": all contents will be lost */

/* Write protection of stage 1, by option byte. */
enum { TB_PROTECT_SHOW = 0, TB_PROTECT_STAGE1 = 3 /* in both banks */ };
#define TB_PROTECT_CONSENT 0x544F5250u /* "PROT": the supply is safe */

/* A bad frame that still names no command is answered by a native reply with command
 * 0x80 (TB_WIRE_REPLY | 0), seq 0 and the error. */

typedef enum tb_role { TB_ROLE_STAGE2 = 0, TB_ROLE_APPLICATION = 1 } tb_role;

enum { /* tb_hello.capabilities */
    TB_CAP_RESUME = 1u,
    TB_CAP_ROLLBACK = 2u,
    TB_CAP_STAGE2_UPDATE = 4u,
    TB_CAP_BAUD = 8u,
    TB_CAP_MODE = 16u,       /* MODE switches too */
    TB_CAP_SINGLE_BANK = 32u, /* no capability: the part is in single-bank mode, and nothing but
                               * HELLO, MODE, RESET and BAUD is served */
    TB_CAP_PROTECT = 64u,    /* PROTECT protects too */
    TB_CAP_EXPAND = 128u,    /* EXPAND and STREAM: compressed images */
    TB_CAP_DIGEST = 256u,    /* DIGEST, and BEGIN with pages to keep */
    TB_CAP_HOLD = 512u       /* data behind a lost frame is held: that frame alone need be
                              * sent again */
};

/* Laid out as on the wire: little-endian like every image header, in this order, without
 * padding. core/wire_fields.c asserts each offset that docs/wire.md names. */
typedef struct __attribute__((packed)) tb_hello {
    uint8_t protocol;
    uint8_t role;         /* tb_role */
    uint16_t device_id, flash_kib, bank_kib;
    uint8_t unit_bytes;
    uint8_t mapped_bank;
    uint32_t product_id;
    uint32_t slot_image_bytes; /* largest application image, header included */
    uint32_t stage2_bytes;     /* largest stage 2 image, header included */
    uint16_t max_payload;
    uint32_t window;           /* bytes of whole frames that may be under way */
    uint32_t capabilities;
    uint8_t uid[12];
} tb_hello;
#define TB_HELLO_BYTES 44u

typedef struct __attribute__((packed)) tb_wire_slot {
    uint8_t state;       /* tb_slot_state */
    uint8_t head_error, payload_error; /* tb_error */
    uint8_t attempts, reason, confirmed_by;
    uint16_t generation, torn_units, used_units;
    uint32_t version, size, crc32, product_id, security_version;
    uint8_t build_id[8];
} tb_wire_slot;
#define TB_WIRE_SLOT_BYTES 40u

typedef struct __attribute__((packed)) tb_status {
    tb_wire_slot slot[2];
    struct __attribute__((packed)) { uint8_t error; uint32_t version, size; } stage2[2]; /* by bank; error TB_OK: valid */
    uint8_t running_bank; /* application: its bank; stage 2: 0xFF */
    uint8_t stage2_bank;  /* stage 2: the bank it was loaded from; application: 0xFF */
    uint8_t preferred;    /* bank that the next boot will choose; 0xFF: stage 2 */
    uint8_t report_present, why, cause, attempts, report_bank, swapped;
    uint16_t report_generation;
    uint32_t fault_pc, fault_status;
    uint8_t session_open;
    uint32_t session_next, session_total;
} tb_status;
#define TB_STATUS_BYTES (2u * TB_WIRE_SLOT_BYTES + 2u * 9u + 28u)

void tb_hello_put(uint8_t out[TB_HELLO_BYTES], const tb_hello *hello);
bool tb_hello_get(tb_hello *hello, const uint8_t *in, size_t bytes);
void tb_status_put(uint8_t out[TB_STATUS_BYTES], const tb_status *status);
bool tb_status_get(tb_status *status, const uint8_t *in, size_t bytes);

/* ---- frames ------------------------------------------------------------------------ */

uint32_t tb_crc_tutorial(uint32_t crc, const void *data, size_t bytes); /* start with 0xFFFFFFFF */

/* Writes a whole frame; out must have TB_WIRE_OVERHEAD + bytes. Returns its length. */
size_t tb_frame_put(uint8_t *out, uint8_t token, uint8_t command, const void *payload, uint16_t bytes);

/* A receiver of frames: feed it bytes, it finds tokens, lengths and CRCs. After a bad
 * frame it looks for the next token inside what it has, so a lying length costs no
 * good frame that follows. The buffer is the caller's. */
typedef struct tb_receiver {
    uint8_t *buffer;   /* capacity >= TB_WIRE_OVERHEAD + max_payload */
    uint16_t max_payload;
    uint16_t fill;
    uint16_t consumed; /* bytes of the frame given last, dropped at the next call */
    uint32_t suspect;  /* bytes ahead that belong to a frame already reported bad: what
                        * else is wrong in there is not reported again */
    uint16_t folded;   /* bytes of the frame under way that are in crc, so that its end need not wait */
    uint32_t crc;
    bool flush;        /* after a time-out: what is incomplete now will never be whole */
} tb_receiver;

typedef struct tb_frame {
    uint8_t token, command;
    uint16_t length;
    const uint8_t *payload; /* in the receiver's buffer, valid until the next call */
} tb_frame;

typedef enum tb_receive { TB_RECEIVE_MORE, TB_RECEIVE_FRAME, TB_RECEIVE_BAD } tb_receive;

void tb_receiver_init(tb_receiver *r, uint8_t *buffer, uint16_t max_payload);
/* One byte. FRAME: *frame is good. BAD: *error says what was wrong and frame->token
 * (and command, where known) which dialect to answer in. After FRAME or BAD call
 * tb_receiver_next() until it gives MORE, before the next byte. */
tb_receive tb_receiver_byte(tb_receiver *r, uint8_t byte, tb_frame *frame, tb_error *error);
tb_receive tb_receiver_next(tb_receiver *r, tb_frame *frame, tb_error *error);
/* The same for as many of `count` (at least 1) bytes as the frame under way still takes:
 * *taken, at least 1. */
tb_receive tb_receiver_bytes(tb_receiver *r, const uint8_t *bytes, size_t count, size_t *taken,
                             tb_frame *frame, tb_error *error);
/* Silence in mid-frame: gives up the partial frame. BAD with TB_ERR_FRAME_TIMEOUT, or
 * MORE where nothing was pending. Same rule afterwards. */
tb_receive tb_receiver_timeout(tb_receiver *r, tb_frame *frame, tb_error *error);
static inline bool tb_receiver_idle(const tb_receiver *r) { return r->fill == r->consumed; }

#endif
