/* The slot log: the last units of a slot, append-only, erased only with the slot.
 * A slot's state is a fold over its log (docs/image.md). */
#ifndef TWINBANK_SLOTLOG_H
#define TWINBANK_SLOTLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "twinbank/error.h"
#include "twinbank/port.h"

typedef enum tb_record_kind { /* the byte in flash: any two differ in at least 4 bits */
    TB_RECORD_INSTALLED = 0x1E,
    TB_RECORD_ATTEMPT = 0x2D,
    TB_RECORD_CONFIRMED = 0x4B,
    TB_RECORD_REJECTED = 0x87
} tb_record_kind;

typedef enum tb_reason { /* why an image was rejected: REJECTED's argument, and the wire's */
    TB_REASON_NONE = 0,
    TB_REASON_NOT_CONFIRMED = 1, /* attempts used up; the last one ended in an ordinary reset or power-off */
    TB_REASON_WATCHDOG = 2,      /* ... in a watchdog reset */
    TB_REASON_FAULT = 3,         /* ... in a fault that the handler recorded */
    TB_REASON_BOOT_COUNTER = 4,  /* confirmed, but then failed to come up too often */
    TB_REASON_REQUESTED = 5,     /* rollback asked for, by application or wire */
    TB_REASON_COUNT
} tb_reason;
const char *tb_reason_text(tb_reason reason);

/* One record, 8 bytes, repeated to fill the programming unit:
 *   kind u8 | argument u8 | generation u16 LE | crc32 (zlib) of those four, u32 LE */
#define TB_RECORD_BYTES 8u
void tb_record_encode(uint8_t unit[TB_MAX_UNIT_BYTES], unsigned unit_bytes, tb_record_kind kind,
                      uint8_t argument, uint16_t generation);

typedef enum tb_slot_state {
    TB_SLOT_EMPTY = 0, /* no record: nothing to boot, whatever the slot holds */
    TB_SLOT_TRIAL,     /* installed, not yet confirmed */
    TB_SLOT_CONFIRMED,
    TB_SLOT_REJECTED
} tb_slot_state;

typedef struct tb_slot_log {
    tb_slot_state state;
    uint16_t generation; /* 0 when empty; newest is highest */
    uint8_t attempts;    /* ATTEMPT records and torn units since INSTALLED, at most 255 */
    uint8_t reason;      /* tb_reason when rejected */
    uint8_t confirmed_by;/* argument of CONFIRMED */
    uint16_t used_units; /* next append goes to this unit; == log_units: full */
    uint16_t torn_units;
} tb_slot_log;

/* Reads the log of the slot in this physical bank. Never writes. Total: any content
 * of the flash gives a state; TB_OK unless the port itself fails otherwise than by ECC. */
tb_error tb_slot_log_read(const tb_flash *flash, unsigned bank, tb_slot_log *log);
/* Appends one record after the last unit that is not blank, and reads it back, more than once.
 * Writes one unit, and the next where that one does not hold. A power cut leaves it old, new or
 * torn; all three are legal. */
tb_error tb_slot_log_append(const tb_flash *flash, unsigned bank, tb_record_kind kind,
                            uint8_t argument, uint16_t generation);
/* What both are made of, for stage 1, which has a driver of its own. One record as it fills a
 * unit; and one more unit taken into a log that began as zeros: its words, NULL where they
 * cannot be read. */
void tb_slot_log_record(uint32_t *unit, unsigned unit_bytes, tb_record_kind kind,
                        unsigned argument, unsigned generation);
void tb_slot_log_take(tb_slot_log *log, unsigned unit_number, const uint32_t *unit,
                      unsigned unit_bytes);

#endif
