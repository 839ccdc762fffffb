#include "boot/stage1/stage1.h"
#include "chips/armv7m.h"
#include "chips/startup.h"

void reset_handler(void);
void nmi_handler(void);
void fault_handler(void);

/* After a start by way of the ROM the vector table is still the ROM's. */
void reset_handler(void)
{
    SCB_VTOR = TB_FLASH_BASE;
    stage1_main();
}

/* Any other NMI, or fault: note it and reset. The second in a row in stage 1 itself asks
 * for stage 2, which needs less of what may be broken; the third, for the ROM. */
void fault_handler(void)
{
    volatile uint32_t *backup = chip_stage1_backup();
    uint32_t control, fault = STAGE1_FAULT;

    chip_stage1_begin(); /* how far it had come, nobody knows */
    control = stage1_control();
    if ((control & TB_CONTROL_FAULT) != 0u &&
        (backup[TB_BACKUP_FAULT_PC] | 1u) == STAGE1_FAULT_LAST) {
        if ((control & TB_CONTROL_STAGE2) != 0u) {
            fault = STAGE1_FAULT_LAST;
        }
        control |= TB_CONTROL_STAGE2;
    }
    backup[TB_BACKUP_FAULT_PC] = fault;
    backup[TB_BACKUP_FAULT_STATUS] = SCB_CFSR;
    backup[TB_BACKUP_CONTROL] = control | TB_CONTROL_FAULT;
    chip_reset();
}

void nmi_handler(void)
{
    if (!chip_stage1_nmi()) {
        fault_handler();
    }
}

/* No more: the other faults are not enabled and so come here too, and nothing here makes
 * an SVC or enables an interrupt. */
__attribute__((section(".vectors"), used)) static const chip_vector vectors[] = {
    CHIP_STACK_TOP, reset_handler, nmi_handler, fault_handler,
};
