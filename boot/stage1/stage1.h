/* What the files of stage 1 share. */
#ifndef BOOT_STAGE1_H
#define BOOT_STAGE1_H

#include "chips/chips.h"
#include "tb_target.h"
#include "twinbank/boot.h"
#include "twinbank/image.h"

/* Set in FAULT_PC, an even number otherwise, when stage 1 faulted on its way to the
 * stage 2 that an earlier fault of its own had asked for. */
#define STAGE1_FAULT_LAST 1u

static inline bool stage1_owns(uint32_t pc)
{
    return pc - TB_FLASH_BASE < TB_TARGET->stage1_bytes;
}

_Noreturn void stage1_main(void);

/* A good head of that kind at that offset of the bank? */
bool stage1_head_read(unsigned bank, uint32_t offset, tb_image_kind kind, tb_image_head *head);
/* Initial SP and reset vector at the start of a payload. */
bool stage1_vectors_good(const uint32_t vectors[2], uint32_t start, uint32_t bytes);

/* Copies the newest valid stage 2 into SRAM, or the other copy first where `older`.
 * The bank that it came from, or -1. */
int stage2_load(bool older);

#endif
