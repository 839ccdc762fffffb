/* A part as a row of data. The firmware, the linker scripts, the host tool and the
 * simulator all read the same rows (chips/rows.c). */
#ifndef TWINBANK_CHIP_H
#define TWINBANK_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TB_FLASH_BASE 0x08000000u
#define TB_MAX_UNIT_BYTES 32u /* largest programming unit of any family (H743) */
#define TB_PAGE_RUNS 3u

typedef enum tb_family {
    TB_FAMILY_G4, TB_FAMILY_L4, TB_FAMILY_L4PLUS, TB_FAMILY_U5, TB_FAMILY_F7, TB_FAMILY_H7
} tb_family;

/* Erase units of one bank, in order: `count` of `bytes` each. Unused runs are 0. */
typedef struct tb_page_run {
    uint16_t count;
    uint32_t bytes;
} tb_page_run;

typedef struct tb_memory {
    uint32_t base;
    uint32_t bytes;
} tb_memory;

/* Where the bootloader talks and listens on the reference board. */
typedef struct tb_board {
    const char *name;      /* "NUCLEO-G474RE" */
    const char *uart_name; /* "lpuart1" */
    uint32_t uart_base;
    uint8_t port;          /* 0 = GPIOA */
    uint8_t tx_pin, rx_pin, alternate;
    uint8_t uart_irq;
} tb_board;

typedef struct tb_chip {
    const char *name;    /* "stm32g474re": lower case, package letter of the reference board */
    tb_family family;
    uint16_t device_id;  /* DBGMCU_IDCODE.DEV_ID */
    uint16_t flash_kib;
    bool has_banks;      /* false: the row exists to be refused by name */
    const char *refusal; /* why, for people; NULL where has_banks */

    uint32_t bank_bytes;
    uint32_t bank2_base; /* mapped address of the other bank; not base+bank_bytes on trimmed G4 */
    tb_page_run pages[TB_PAGE_RUNS];
    uint8_t unit_bytes;  /* programming unit */

    uint32_t stage1_bytes; /* bank offset 0 */
    uint32_t stage2_offset, stage2_bytes;
    uint32_t slot_offset;  /* to the end of the bank */
    uint16_t log_units;    /* the slot's last units */

    tb_memory sram;      /* stack and data of stage 1, stage 2, applications: inside SRAM1/2 */
    tb_memory ring;      /* for what comes while flash is at work, a power of two; base 0: in sram,
                          * behind a program's data */
    uint32_t stage2_run; /* SRAM address stage 2's payload is linked for */
    uint32_t reset_hz;   /* HCLK after reset */
    uint32_t boot_hz;    /* HCLK that stage 1 raises to for the CRC */
    tb_board board;
    tb_board console;    /* where the examples print lines for people: another port of the board */
    uint8_t led_port, led_pin;
} tb_chip;

/* All rows, refused ones included; count in *count. */
const tb_chip *tb_chips(size_t *count);
/* By name, any case; the package letter (9th) and a trailing temperature or packing
 * code are not compared: "STM32G474QET6" finds stm32g474re. NULL if none. */
const tb_chip *tb_chip_find(const char *name);
/* By what a device or an image says of itself. */
const tb_chip *tb_chip_by_id(uint16_t device_id, uint16_t bank_kib);

/* ---- geometry, all in bytes from the start of a bank -------------------------- */

static inline uint32_t tb_slot_bytes(const tb_chip *c) { return c->bank_bytes - c->slot_offset; }
static inline uint32_t tb_log_bytes(const tb_chip *c) { return (uint32_t)c->log_units * c->unit_bytes; }
static inline uint32_t tb_log_offset(const tb_chip *c) { return c->bank_bytes - tb_log_bytes(c); }
/* Largest image, header included. */
static inline uint32_t tb_slot_image_bytes(const tb_chip *c) { return tb_slot_bytes(c) - tb_log_bytes(c); }

/* Bytes of what stage 2 holds behind a lost frame, and of the tutorial's pieces; a power of two, as
 * large as the ring where RAM allows it. */
static inline uint32_t tb_queue_bytes(const tb_chip *c)
{
    return c->ring.bytes < 0x10000u ? c->ring.bytes : 0x10000u;
}

typedef struct tb_page {
    uint16_t number; /* as the controller counts it within the bank */
    uint32_t offset;
    uint32_t bytes;
} tb_page;
/* The page that holds this bank offset. false outside the bank. */
bool tb_page_at(const tb_chip *c, uint32_t offset, tb_page *page);

/* Address at which a physical bank's offset is read and programmed. bank 0 or 1. */
static inline uint32_t tb_mapped_address(const tb_chip *c, bool swapped, unsigned bank, uint32_t offset)
{
    return (((bank == 1u) != swapped) ? c->bank2_base : TB_FLASH_BASE) + offset;
}
/* The inverse: false for an address in neither bank (the hole of a trimmed part too). */
bool tb_physical(const tb_chip *c, bool swapped, uint32_t address, unsigned *bank, uint32_t *offset);

#endif
