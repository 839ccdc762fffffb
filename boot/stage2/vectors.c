#include "boot/stage2/stage2.h"

#include <string.h>

#include "chips/armv7m.h"
#include "chips/startup.h"

void nmi_handler(void);
void fault_handler(void);
void stage2_fault(void);

/* Stage 1 counts, and takes the other copy. */
__attribute__((used)) void stage2_fault(void)
{
    tb_control control;
    uint32_t words[TB_BACKUP_COUNT];

    chip_backup_read(words);
    control = tb_control_decode(words[TB_BACKUP_CONTROL]);
    control.fault = true;
    chip_backup_write(TB_BACKUP_FAULT_PC, TB_TARGET->stage2_run);
    chip_backup_write(TB_BACKUP_FAULT_STATUS, SCB_CFSR);
    chip_backup_write(TB_BACKUP_CONTROL, tb_control_encode(&control));
    chip_reset();
}

/* The stack may be what is broken: it starts anew. */
__attribute__((naked)) void fault_handler(void)
{
    __asm volatile("ldr r0, =__stack_top\n\t"
                   "mov sp, r0\n\t"
                   "b stage2_fault");
}

void nmi_handler(void)
{
    if (!chip_nmi_is_ecc()) {
        stage2_fault();
    }
}

__attribute__((section(".vectors"), used)) static const chip_vector vectors[ARMV7M_EXCEPTIONS] = {
    CHIP_STACK_TOP, (chip_vector)unpack_handler, nmi_handler, fault_handler, fault_handler,
    fault_handler, fault_handler, fault_handler, fault_handler, fault_handler, fault_handler,
    fault_handler, fault_handler, fault_handler, fault_handler, stage2_tick,
};

/* The whole table, of which an image would carry 400 bytes for nothing: only the line's interrupt
 * is ever enabled. Aligned for as many vectors as any part has (ARMv7-M B3.2.5). */
static chip_vector run_vectors[CHIP_VECTORS] __attribute__((aligned(1024)));

/* Stage 1 gives the bank that this copy came from. */
void reset_handler(uint32_t bank)
{
    chip_memory_init();
    memcpy(run_vectors, vectors, sizeof vectors);
    run_vectors[ARMV7M_EXCEPTIONS + TB_TARGET->board.uart_irq] = stage2_line_interrupt;
    SCB_VTOR = (uint32_t)(uintptr_t)run_vectors;
    stage2_main(bank & 1u);
}
