/* The start: all of it moves to SRAM, so that the mapping of flash can change under it, and
 * both banks can be erased and programmed without a stall. */
#include <string.h>

#include "boot/selftest/selftest.h"
#include "chips/armv7m.h"
#include "chips/startup.h"

void boot_handler(void);
void boot_fault(void);
void run_handler(void);
void nmi_handler(void);
void fault_handler(void);
void fault_note(const uint32_t *frame);
_Noreturn void selftest_main(void);

extern uint32_t __data_load, __data_start, __data_end, __bss_start, __bss_end;
extern const chip_vector run_vectors[CHIP_VECTORS];

volatile uint32_t st_nmi_count, st_nmi_register;

uint32_t st_program_bytes(void)
{
    return (uint32_t)((uintptr_t)&__data_load - TB_FLASH_BASE +
                      ((uintptr_t)&__data_end - (uintptr_t)&__data_start));
}

/* In flash, with nothing else to call yet. */
__attribute__((section(".boot"), used)) void boot_handler(void)
{
    void (*volatile run)(void) = run_handler;
    const volatile uint32_t *from = &__data_load;

    for (volatile uint32_t *to = &__data_start; to < &__data_end; to++) {
        *to = *from++;
    }
    run();
}

__attribute__((section(".boot"), used)) void boot_fault(void)
{
    SCB_AIRCR = SCB_AIRCR_SYSRESETREQ;
}

__attribute__((noinline, used)) void run_handler(void)
{
    SCB_VTOR = (uint32_t)(uintptr_t)run_vectors;
    memset(&__bss_start, 0, (uintptr_t)&__bss_end - (uintptr_t)&__bss_start);
    selftest_main();
}

void nmi_handler(void)
{
    uint32_t where = family_ecc_register();

    if (!chip_nmi_is_ecc()) {
        fault_handler();
    }
    st_nmi_register = where;
    st_nmi_count++;
}

/* The run goes on with the next check. */
__attribute__((used)) void fault_note(const uint32_t *frame)
{
    st.fault_pc = frame[6];
    st.fault_status = SCB_CFSR;
    st.expect = ST_EXPECT_FAULT;
    st_seal();
    chip_reset();
}

__attribute__((naked)) void fault_handler(void)
{
    __asm volatile("mrs r0, msp\n\t"
                   "b fault_note");
}

__attribute__((section(".vectors"), used)) static const chip_vector vectors[] = {
    CHIP_STACK_TOP, boot_handler, boot_fault, boot_fault,
};

__attribute__((section(".run_vectors"), used)) const chip_vector run_vectors[CHIP_VECTORS] = {
    CHIP_STACK_TOP, run_handler, nmi_handler, fault_handler, fault_handler, fault_handler,
    fault_handler, fault_handler, fault_handler, fault_handler, fault_handler, fault_handler,
    fault_handler, fault_handler, fault_handler, fault_handler,
    /* only the line's interrupt is ever enabled */
    [ARMV7M_EXCEPTIONS ... CHIP_VECTORS - 1u] = st_uart_interrupt,
};
