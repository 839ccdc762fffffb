/* The update engine: one session at a time, from begin to "boots on trial".
 * Stage 2 drives it from the wire, an application from any transport it has.
 * The struct is the caller's; nothing is allocated and nothing is static. */
#ifndef TWINBANK_UPDATE_H
#define TWINBANK_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "twinbank/image.h"
#include "twinbank/port.h"
#include "twinbank/slotlog.h"

/* What may be overwritten. */
typedef struct tb_update_policy {
    tb_identity device;
    int running_bank;        /* application: bank it runs from, never written; stage 2: -1 */
    int running_stage2_bank; /* of the copy of stage 2 that runs, and stays while it is valid;
                              * application: -1 */
} tb_update_policy;

/* A bit for each page of a bank, by its number there, the lowest first. */
#define TB_KEEP_BYTES 32u

/* Data go to flash by as much: some units, read back together. */
#define TB_UPDATE_LINE_BYTES 64u

/* The small fields first, within short reach of the instructions. */
typedef struct tb_update {
    const tb_flash *flash;
    tb_update_policy policy;
    /* below: the engine's own */
    bool open, nothing_to_do, log_erased;
    bool keeps;              /* pages of the old image that are left as they are */
    bool done;               /* finished well: finish may be repeated, as its reply may be lost */
    uint8_t failure;         /* tb_error that failed the session: write and finish repeat it */
    uint8_t bank;
    uint8_t line_fill;
    uint16_t generation;     /* of the image, once installed */
    uint32_t region_offset;  /* of the image in the bank */
    uint32_t region_bytes;   /* image area, log excluded */
    uint32_t next;           /* offset of the next byte expected, in the image */
    uint32_t erased_to;      /* region bytes [session_from, erased_to) are this session's blank pages */
    uint32_t ahead_to;       /* below this all is erased that must be before it is written */
    tb_image_head head;
    uint8_t keep[TB_KEEP_BYTES];
    uint8_t line[TB_UPDATE_LINE_BYTES]; /* what is to be written next */
} tb_update;

void tb_update_init(tb_update *u, const tb_flash *flash, const tb_update_policy *policy);

/* Chooses the target: an application, the bank it does not run from; stage 2, the slot
 * that the boot decision would not pick, or that one if it is on trial and the other is
 * confirmed (the confirmed one stays); for a stage 2 image the other copy. Checks head
 * and version against what stays. An interrupted one of the same head is resumed; a fresh one
 * is unmade by what follows (tb_update_work, or the first write: header page erased, then the
 * log's), as that takes seconds where pages are large, and data can come meanwhile. A session
 * that is open is given up, unless it has the same head and did not fail: then it goes on
 * where it is. What is installed already, and next to boot, is not written again.
 * *next: where to go on.
 * Errors: all of tb_image_check_head(), TB_ERR_VERSION, TB_ERR_SECURITY,
 * TB_ERR_CONFIRM_FIRST, TB_ERR_RUNNING, flash errors. Erases up to 4 pages where it resumes;
 * else nothing. */
tb_error tb_update_begin(tb_update *u, const tb_image_head *head, uint32_t *next);

/* The same, and leaves pages alone that hold already what the new image has there: `keep`,
 * TB_KEEP_BYTES, for `bank`. It is taken only where that bank is the target and holds an
 * image that was installed whole, as its pages were verified then: otherwise, and for the
 * first page and the log's, it is ignored (u->keeps tells). What is sent for a kept page is
 * ignored, and may be left out. The image's header is written last, so that a session that
 * was interrupted begins afresh. */
tb_error tb_update_begin_keeping(tb_update *u, const tb_image_head *head, unsigned bank,
                                 const uint8_t *keep, uint32_t *next);

/* offset counts from the image's first byte (the header's). Must be the next expected, kept
 * pages left out (TB_ERR_OFFSET otherwise; data wholly before it is accepted and ignored). */
tb_error tb_update_write(tb_update *u, uint32_t offset, const void *data, uint32_t bytes);

/* Uses an idle moment: erases the next page ahead (the header's and the log's first), if any is
 * left. true if it did. */
bool tb_update_work(tb_update *u);

/* Programs the last unit, validates the whole image from flash, makes sure the target
 * bank has a whole stage 1, appends INSTALLED last. On a failed check the header page
 * is erased, so that the next begin starts afresh, and the session ends. Before the last
 * byte: TB_ERR_INCOMPLETE, and the session goes on. May be repeated after success. */
tb_error tb_update_finish(tb_update *u);
void tb_update_abandon(tb_update *u);

/* ---- what else changes a slot ------------------------------------------------------ */

/* A slot as the boot decision sees it. check_payload: CRC over the whole image too. */
typedef struct tb_slot_info {
    tb_slot_log log;
    tb_image_head head;   /* zero when head_error != 0 */
    tb_error head_error;
    tb_error payload_error; /* TB_OK, or not checked */
} tb_slot_info;
tb_error tb_slot_inspect(const tb_flash *flash, const tb_identity *device, unsigned bank,
                         bool check_payload, tb_slot_info *info);
/* Bank that tb_decide() would boot now, 0 or 1, or -1. Payload CRC of that one is checked. */
int tb_slot_preferred(const tb_flash *flash, const tb_identity *device, tb_slot_info slots[2]);

/* Appends CONFIRMED unless the log ends in it, at each of 16 looks. By wire: unless it ends in two,
 * as the first may be one that a cut left unstable. */
tb_error tb_slot_confirm(const tb_flash *flash, unsigned bank, uint8_t confirmed_by);
/* Appends REJECTED(reason) to `bank`, again where it is there once. Refused with TB_ERR_NO_IMAGE where the other slot
 * holds nothing bootable. */
tb_error tb_slot_reject(const tb_flash *flash, const tb_identity *device, unsigned bank, tb_reason reason);
/* Erases header page, log page, then the rest of the slot. */
tb_error tb_slot_erase(const tb_flash *flash, unsigned bank);

#define TB_CONFIRMED_BY_FACTORY 0u
#define TB_CONFIRMED_BY_APPLICATION 1u
#define TB_CONFIRMED_BY_WIRE 2u

#endif
