#include "boot/stage1/stage1.h"
#include "chips/armv7m.h"
#include "chips/startup.h"

void reset_handler(void);
void nmi_handler(void);
void fault_handler(void);
_Noreturn void stage1_fault(uint32_t pc);

/* After a start by way of the ROM the vector table is still the ROM's. */
void reset_handler(void)
{
    SCB_VTOR = TB_FLASH_BASE;
    chip_memory_init();
    stage1_main();
}

/* Any other NMI, or fault: note it and reset. The second in a row in stage 1 itself asks
 * for stage 2, which needs less of what may be broken; the third, for the ROM. */
__attribute__((used)) _Noreturn void stage1_fault(uint32_t pc)
{
    uint32_t words[TB_BACKUP_COUNT], control;

    chip_backup_read(words);
    control = tb_control_checked(words[TB_BACKUP_CONTROL]);
    if ((control & TB_CONTROL_FAULT) != 0u && stage1_owns(words[TB_BACKUP_FAULT_PC])) {
        if ((control & TB_CONTROL_STAGE2) != 0u) {
            pc |= STAGE1_FAULT_LAST;
        }
        control |= TB_CONTROL_STAGE2;
    }
    chip_backup_write(TB_BACKUP_FAULT_PC, pc);
    chip_backup_write(TB_BACKUP_FAULT_STATUS, SCB_CFSR);
    chip_backup_write(TB_BACKUP_CONTROL, control | TB_CONTROL_FAULT);
    chip_reset();
}

/* The stack may be what is broken, so the address is one in stage 1, not the stacked one. */
void fault_handler(void)
{
    stage1_fault(TB_FLASH_BASE);
}

void nmi_handler(void)
{
    if (!chip_nmi_is_ecc()) {
        stage1_fault(TB_FLASH_BASE);
    }
}

/* No more: the other faults are not enabled and so come here too, and nothing here makes
 * an SVC or enables an interrupt. */
__attribute__((section(".vectors"), used)) static const chip_vector vectors[] = {
    CHIP_STACK_TOP, reset_handler, nmi_handler, fault_handler,
};
