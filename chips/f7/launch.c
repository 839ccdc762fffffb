/* The last act of stage 1, and the proof before it that SWP_FB does what it says: a part
 * where the bit stands and the map stays has been reported (docs/families/f7.md). */
#include <string.h>

#include "chips/armv7m.h"
#include "chips/chips.h"
#include "registers.h"
#include "tb_target.h"

/* What tells the banks apart: the logs of their slots, as they were at the first place and
 * at the second. */
#define LOG_WORDS 128u
static uint32_t logs[2][LOG_WORDS];

/* ST's own order: the write, then the cache that is off anyway (RM0410 2.2). */
static inline __attribute__((always_inline)) void flip_memrmp(uint32_t bits)
{
    SYSCFG_MEMRMP ^= bits;
    (void)SYSCFG_MEMRMP;
    SCB_ICIALLU = 0u;
    arm_dsb();
    arm_isb();
}

/* In SRAM, since the flash under the code changes; no call leaves it. flip: SWP_FB, or 0 to
 * let the mapping be. Starts the vectors, or with none of them, or where the flip changed
 * nothing, puts the mapping back and says which. Torn units may read as they like: the
 * majority of what differs counts. */
__attribute__((section(".ramfunc"), noinline, long_call)) static bool
map(uint32_t flip, uint32_t vectors, uint32_t argument)
{
    const volatile uint32_t *first = (const volatile uint32_t *)tb_mapped_address(
        TB_TARGET, false, 0u, tb_log_offset(TB_TARGET));
    int balance = 1;

    if (flip != 0u) {
        balance = 0;
        flip_memrmp(flip);
        for (unsigned i = 0; i < LOG_WORDS; i++) {
            uint32_t now = first[i];

            balance += (now == logs[1][i] ? 1 : 0) - (now == logs[0][i] ? 1 : 0);
        }
    }
    if (vectors != 0u && balance > 0) {
        RCC->APB2ENR = 0u; /* SYSCFG's clock; the mapping stays */
        SCB_VTOR = vectors;
        arm_start(vectors, argument);
    }
    flip_memrmp(flip);
    return balance > 0;
}

/* SYSCFG has its clock since chip_stage1_begin(). */
tb_error chip_swap_by_option(unsigned bank, bool again)
{
    uint32_t offset = tb_log_offset(TB_TARGET);

    (void)bank, (void)again; /* the other one: with the mapped one nobody asks */
    memcpy(logs[0], (const void *)(TB_FLASH_BASE + offset), sizeof logs[0]);
    memcpy(logs[1], (const void *)(TB_TARGET->bank2_base + offset), sizeof logs[1]);
    return map(SYSCFG_MEMRMP_FB_MODE, 0u, 0u) ? TB_OK : TB_ERR_VERIFY;
}

/* Stage 1 enables no interrupt, and where the ROM runs before it (nDBOOT = 0) it chooses the
 * bank before it sets anything up (AN2606): the core is as after reset. */
static void launch(uint32_t flip, uint32_t vectors, uint32_t argument)
{
    (void)map(flip, vectors, argument);
}

/* The mapping was tried a moment ago; where it does not come now, stage 2 tells. */
_Noreturn void chip_launch(unsigned bank, uint32_t vectors, uint32_t argument)
{
    tb_control control = {.request = TB_REQUEST_STAGE2};

    launch(bank == chip_mapped_bank() ? 0u : SYSCFG_MEMRMP_FB_MODE, vectors, argument);
    chip_backup_write(TB_BACKUP_CONTROL, tb_control_encode(&control));
    chip_reset();
}

_Noreturn void chip_launch_rom(void)
{
    launch(0u, SYSTEM_MEMORY, 0u);
    chip_reset();
}
