/* An application's view: update yourself, confirm yourself, know why you were booted.
 * Nothing is allocated, no globals; the transport is yours (docs/porting.md). Link
 * twinbank::ota. */
#ifndef TWINBANK_OTA_H
#define TWINBANK_OTA_H

#include <stdbool.h>
#include <stdint.h>

#include "twinbank/boot.h"
#include "twinbank/image.h"
#include "twinbank/server.h"
#include "twinbank/update.h"

typedef struct tb_ota {
    tb_flash flash;
    tb_update update;
    uint8_t running_bank;
    uint32_t product_id;
} tb_ota;

/* Once, early in main(). Reads the mapping and the running image's header. Tells the
 * boot counter that this application takes part (arms it) and came up; writes backup
 * registers, no flash. TB_ERR_SINGLE_BANK: the part is not in dual-bank mode. */
tb_error tb_ota_init(tb_ota *ota);

/* The running image is good: appends CONFIRMED to its log, once; clears the boot
 * counter. Harmless when repeated. Writes one flash unit, or none; more only where a unit
 * that a power cut left does not hold what is written. A power cut leaves it confirmed or
 * still on trial. The trial watchdog goes on: IWDG cannot be stopped before the next reset,
 * so keep calling tb_ota_feed(). */
tb_error tb_ota_confirm(tb_ota *ota);
bool tb_ota_on_trial(tb_ota *ota);

/* Feeds the trial watchdog; harmless when it does not run. */
void tb_ota_feed(void);

/* Update: the image's first 64 bytes, then the image from *next on, then finish, then
 * tb_ota_reboot(). See tb_update_begin/write/finish for errors and what they write. */
tb_error tb_ota_begin(tb_ota *ota, const tb_image_head *head, uint32_t *next);
tb_error tb_ota_write(tb_ota *ota, uint32_t offset, const void *data, uint32_t bytes);
tb_error tb_ota_finish(tb_ota *ota);
/* In an idle moment of an update: erases the next page, so that data need not wait for it. true
 * if it did. */
bool tb_ota_work(tb_ota *ota);

/* Rejects the running image, on trial or confirmed: appends REJECTED to its log, which writes one
 * flash unit. It runs on; the other image is booted after tb_ota_reboot(). TB_ERR_NO_IMAGE where
 * that one would not boot: nothing is written. */
tb_error tb_ota_rollback(tb_ota *ota);

/* Why this image was booted, and what the other one's fate was. */
tb_boot_report tb_ota_report(void);

_Noreturn void tb_ota_reboot(void);
_Noreturn void tb_ota_enter_stage2(void);

/* Fills a server configuration for an application that answers the wire itself: set
 * send, ctx and window afterwards, and a queue where there is RAM for one. */
void tb_ota_server_config(const tb_ota *ota, tb_server_config *config);

/* Put these into the vector table (or call them from your own handlers). NMI: takes a
 * flash ECC error so that a read of a torn word returns; returns false if it was not
 * one. Fault: records PC and status for the boot report, then resets. */
bool tb_ota_nmi(void);
_Noreturn void tb_ota_fault(uint32_t pc, uint32_t status);
void tb_ota_nmi_handler(void);
void tb_ota_fault_handler(void); /* naked: takes the PC from the stacked frame */

#endif
