/* What the files of stage 1 share. */
#ifndef BOOT_STAGE1_H
#define BOOT_STAGE1_H

#include "chips/chips.h"
#include "tb_target.h"
#include "twinbank/boot.h"
#include "twinbank/image.h"

/* FAULT_PC after a fault in stage 1, whose own address nobody can rely on, and after one on
 * its way to the stage 2 that an earlier fault of its own had asked for. */
#define STAGE1_FAULT TB_FLASH_BASE
#define STAGE1_FAULT_LAST (TB_FLASH_BASE | 1u)

_Noreturn void stage1_main(void);
/* TB_BACKUP_CONTROL, checked. */
uint32_t stage1_control(void);

#endif
