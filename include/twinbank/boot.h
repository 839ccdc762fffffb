/* The boot decision, and what stage 1 and the application tell each other. */
#ifndef TWINBANK_BOOT_H
#define TWINBANK_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "twinbank/image.h"
#include "twinbank/slotlog.h"

#define TB_TRIAL_ATTEMPTS 3u  /* N: boots that an unconfirmed image gets */
#define TB_BOOT_FAILURES 3u   /* watchdog resets and faults in a row that a confirmed image gets */
#define TB_TRIAL_WATCHDOG_DEFAULT_MS 8000u

/* ---- backup registers: hints, never needed for a promise ------------------------ */

/* The last four of the family's backup registers, in this order. Anything that does
 * not decode is read as zero. */
enum { TB_BACKUP_CONTROL, TB_BACKUP_REPORT, TB_BACKUP_FAULT_PC, TB_BACKUP_FAULT_STATUS, TB_BACKUP_COUNT };

/* The register before those four, where stage 1 is built with TB_STANDBY_TOKEN (docs/boot.md):
 * what stage 1, and it alone, writes after a payload's check; see tb_check_token(). */
#define TB_BACKUP_TOKEN (-1)
#define TB_TOKEN_NONE 0u

typedef enum tb_request { TB_REQUEST_NONE = 0, TB_REQUEST_STAGE2 = 1 } tb_request;

/* CONTROL: 0x7B1A in 31:16, request in 15:12, swapping in 10, fault recorded in 9, armed in
 * 8, count in 7:0. */
typedef struct tb_control {
    uint8_t request;  /* tb_request */
    bool armed;       /* the running image has called the library since it was booted first */
    bool fault;       /* the reset before this was asked for by the fault handler */
    uint8_t failures; /* watchdog resets and faults since the application last said it is well */
    bool swapping;    /* the reset is stage 1's own, to swap: failures is TB_SWAPPING_... */
} tb_control;
tb_control tb_control_decode(uint32_t word);
uint32_t tb_control_encode(const tb_control *control);

/* The same by its bits: what stage 1 has room for. */
#define TB_CONTROL_KEY 0x7B1A0000u
#define TB_CONTROL_STAGE2 (1u << 12)
#define TB_CONTROL_SWAPPING (1u << 10)
#define TB_CONTROL_FAULT (1u << 9)
#define TB_CONTROL_ARMED (1u << 8)
#define TB_CONTROL_COUNT 0xFFu
/* The count while swapping: the cause of the reset before it, swaps in a row, the bank to be
 * mapped. */
#define TB_SWAPPING_CAUSE 0x0Fu
#define TB_SWAPPING_ONE 0x10u
#define TB_SWAPPING_ROW 0x70u
#define TB_SWAPPING_BANK 0x80u
/* The word, or the key alone where it does not decode. */
uint32_t tb_control_checked(uint32_t word);

typedef enum tb_reset_cause {
    TB_RESET_POWER = 0, TB_RESET_PIN, TB_RESET_SOFTWARE, TB_RESET_WATCHDOG, TB_RESET_FAULT,
    TB_RESET_OPTION, TB_RESET_STANDBY, TB_RESET_COUNT
} tb_reset_cause;
const char *tb_reset_cause_text(tb_reset_cause cause);

/* ---- the decision ---------------------------------------------------------------- */

typedef enum tb_why { /* printed into docs/boot-decision.md; on the wire in the report */
    TB_WHY_NEWEST_CONFIRMED = 0,  /* the newest image, confirmed */
    TB_WHY_TRIAL,                 /* the newest image, on trial, attempts left */
    TB_WHY_OTHER_REJECTED,        /* the newer one was rejected: back to the other */
    TB_WHY_OTHER_INVALID,         /* the newer one failed its check: the other */
    TB_WHY_TRIAL_EXHAUSTED,       /* attempts used up: append REJECTED, decide again */
    TB_WHY_BOOT_COUNTER,          /* a confirmed image stopped coming up: append REJECTED, decide again; stage 2
                                   * and no record where nothing else is bootable: the only image is kept */
    TB_WHY_REQUESTED,             /* stage 2 asked for by request or by the line held low */
    TB_WHY_NO_IMAGE,              /* nothing to boot: stage 2 */
    TB_WHY_COUNT
} tb_why;
const char *tb_why_text(tb_why why);

typedef struct tb_slot_view {
    _Alignas(4) tb_slot_log log; /* 16 bytes of it where enums are short; generation 0: empty */
    bool valid; /* header, and payload where it has been checked already, are good */
} tb_slot_view;

typedef struct tb_boot_inputs {
    tb_slot_view slot[2];   /* by physical bank */
    unsigned mapped_bank;
    bool stage2_requested;  /* backup register or line */
    bool failures_at_limit; /* armed and failures >= TB_BOOT_FAILURES */
    tb_reset_cause cause;   /* picks the reason that goes into REJECTED */
} tb_boot_inputs;

typedef enum tb_boot_action {
    TB_BOOT_SLOT,   /* boot `bank`; if record != 0 append it there first, and start the watchdog */
    TB_BOOT_RECORD, /* append record to `bank`, take it as written whatever came of it, decide again */
    TB_BOOT_STAGE2
} tb_boot_action;

typedef struct tb_boot_decision {
    tb_boot_action action;
    uint8_t bank;
    bool swap;        /* bank is not the mapped one */
    uint8_t record;   /* tb_record_kind or 0 */
    uint8_t argument; /* for the record: attempt number, or tb_reason */
    uint8_t why;      /* tb_why */
} tb_boot_decision;

/* Pure and total. Two TB_BOOT_RECORD answers at most come before another action. */
tb_boot_decision tb_decide(const tb_boot_inputs *inputs);

/* Takes the decision's record as written, so that the caller can decide again (after
 * TB_BOOT_RECORD) or report (after TB_BOOT_SLOT). A REJECTED also ends
 * failures_at_limit: the caller clears the counter in the backup register too, as the
 * failures were that image's. */
void tb_boot_apply(tb_boot_inputs *inputs, const tb_boot_decision *decision);

/* A word that stands for "the image with this head, in this bank, as both logs and the mapping
 * are now": any one of them changed gives another word; more than one, another but for chance
 * (2^-32). Nothing secret: whoever can write the backup registers can make it. Never
 * TB_TOKEN_NONE. */
uint32_t tb_check_token(const tb_boot_inputs *inputs, unsigned bank, const tb_image_head *head);

/* ---- the boot report --------------------------------------------------------------- */

/* REPORT word: 2 in 31:30, why in 29:26, cause in 25:22, attempts in 21:18, swapped 17,
 * bank 16, generation 15:0. */
typedef struct tb_boot_report {
    bool present;
    uint8_t why, cause, attempts, bank;
    bool swapped;
    uint16_t generation;
    uint32_t fault_pc, fault_status; /* of the last recorded fault; 0 when none */
} tb_boot_report;
tb_boot_report tb_report_decode(const uint32_t backup[TB_BACKUP_COUNT]);
uint32_t tb_report_encode(const tb_boot_report *report);

/* Fields of the word, where it is one. */
bool tb_report_present(uint32_t word);
#define TB_REPORT_WORD(why, cause, swapped, bank) \
    (2u << 30 | (uint32_t)(why) << 26 | (uint32_t)(cause) << 22 | \
     (uint32_t)(swapped) << 17 | (uint32_t)(bank) << 16)
#define TB_REPORT_ATTEMPTS(attempts) ((attempts) < 15u ? (uint32_t)(attempts) << 18 : 15u << 18)
#define TB_REPORT_WHY(word) ((word) >> 26 & 15u)
#define TB_REPORT_CAUSE(word) ((word) >> 22 & 15u)
#define TB_REPORT_IMAGE(word) ((word) & 0x1FFFFu) /* bank and generation */

#endif
