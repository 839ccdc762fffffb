/* What a family gives to boot/, app/ and the ota library, beside its tb_flash driver.
 * One implementation per family (chips/g4/...); the row is a parameter throughout.
 * TB_TARGET, from the generated tb_target.h, is the row that a firmware is built for. */
#ifndef CHIPS_H
#define CHIPS_H

#include <stdbool.h>
#include <stdint.h>

#include "twinbank/boot.h"
#include "twinbank/chip.h"
#include "twinbank/port.h"

/* The flash driver of the row's family; ctx is static state of the driver. */
void chip_flash_init(tb_flash *flash, const tb_chip *chip);
/* DEV_ID, dual-bank mode: is this the part the row describes? */
tb_error chip_check(const tb_chip *chip);
unsigned chip_mapped_bank(void);
/* Takes a flash ECC error out of NMI: true if it was one. The read that met it fails. */
bool chip_nmi_is_ecc(void);
void chip_uid(uint8_t uid[12]);

void chip_backup_read(uint32_t words[TB_BACKUP_COUNT]);
void chip_backup_write(unsigned index, uint32_t word); /* TB_BACKUP_CONTROL .. */
tb_reset_cause chip_reset_cause(void); /* reads; chip_reset_cause_clear() clears */
void chip_reset_cause_clear(void);
void chip_watchdog_start(uint32_t timeout_ms);
void chip_watchdog_feed(void);
_Noreturn void chip_reset(void);

#endif
