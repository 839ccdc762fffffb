/* For tests: what an application finds, against what reset leaves (the family's manual, in
 * its reset_values.h, and ARMv7-M). */
#include "app/app.h"

#include "chips/armv7m.h"
#include "chips/chips.h"
#include "tb_target.h"

typedef struct reset_value {
    const char *name;
    const volatile uint32_t *address;
    uint32_t mask, value;
} reset_value;

#include "reset_values.h"

#define NVIC_ISPR ((volatile uint32_t *)0xE000E200u)
#define SCB_SHCSR (*(volatile uint32_t *)0xE000ED24u)
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool all_right = true;

void app_tick(void)
{
}

void app_line_interrupt(void)
{
}

static void check(const char *name, uint32_t found, uint32_t expected)
{
    if (found != expected) {
        console_text(name);
        console_text(" ");
        console_hex(found);
        console_text(", after reset ");
        console_hex(expected);
        console_text("\r\n");
        all_right = false;
    }
}

#define SPECIAL(name) \
    __extension__({ uint32_t value; __asm volatile("mrs %0, " #name : "=r"(value)); value; })

static void read_all(const reset_value *table, size_t count, uint32_t *found)
{
    for (size_t i = 0; i < count; i++) {
        found[i] = *table[i].address & table[i].mask;
    }
}

static void check_all(const reset_value *table, size_t count, const uint32_t *found)
{
    for (size_t i = 0; i < count; i++) {
        check(table[i].name, found[i], table[i].value);
    }
}

int main(void)
{
    const uint32_t special[] = {SPECIAL(primask), SPECIAL(basepri), SPECIAL(faultmask),
                                SPECIAL(control), SPECIAL(ipsr)};
    const uint32_t core[] = {SYST_CSR, SYST_RVR, SCB_VTOR, SCB_SHCSR, SCB_CFSR, SCB_ICSR & 0x1FFu};
    uint32_t nvic = 0, always[COUNT(reset_values)], clocked[COUNT(reset_values_clocked)];

    read_all(reset_values, COUNT(reset_values), always);
    for (unsigned i = 0; i < 4u; i++) {
        nvic |= NVIC_ISER[i] | NVIC_ISPR[i];
    }
    reset_values_clock();
    read_all(reset_values_clocked, COUNT(reset_values_clocked), clocked);

    console_open();
    static const char *const special_names[] = {"PRIMASK", "BASEPRI", "FAULTMASK", "CONTROL", "IPSR"};
    for (unsigned i = 0; i < COUNT(special); i++) {
        check(special_names[i], special[i], 0u);
    }
    const struct { const char *name; uint32_t value; } core_reset[] = {
        {"SYST_CSR", 0}, {"SYST_RVR", 0},
        {"VTOR", TB_FLASH_BASE + TB_TARGET->slot_offset + 1024u}, {"SHCSR", 0}, {"CFSR", 0},
        {"ICSR.VECTACTIVE", 0},
    };
    for (unsigned i = 0; i < COUNT(core); i++) {
        check(core_reset[i].name, core[i], core_reset[i].value);
    }
    check("NVIC", nvic, 0u);
    check_all(reset_values, COUNT(reset_values), always);
    check_all(reset_values_clocked, COUNT(reset_values_clocked), clocked);
    console_text(all_right ? "as after reset\r\n" : "not as after reset\r\n");
    for (;;) {
        chip_watchdog_feed();
    }
}
