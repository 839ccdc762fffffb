#include "app/app.h"
#include "chips/armv7m.h"
#include "chips/startup.h"
#include "twinbank/ota.h"

void reset_handler(void)
{
    chip_memory_init();
    (void)main();
}

__attribute__((section(".vectors"), used)) static const chip_vector vectors[CHIP_VECTORS] = {
    CHIP_STACK_TOP, reset_handler, tb_ota_nmi_handler, tb_ota_fault_handler, tb_ota_fault_handler,
    tb_ota_fault_handler, tb_ota_fault_handler, tb_ota_fault_handler, tb_ota_fault_handler,
    tb_ota_fault_handler, tb_ota_fault_handler, tb_ota_fault_handler, tb_ota_fault_handler,
    tb_ota_fault_handler, tb_ota_fault_handler, app_tick,
    /* only the wire's interrupt is ever enabled */
    [ARMV7M_EXCEPTIONS ... CHIP_VECTORS - 1u] = app_line_interrupt,
};
