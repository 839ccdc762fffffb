/* A tour of a board, in three lives: clock, tick, LED, UART by interrupt, flash of the other
 * bank, floating point; after a software reset, what the backup registers kept, an answer to what
 * comes in, and a watchdog that is fed and then is not; after its reset, the end. */
#include <stdio.h>
#include <string.h>

#include "family.h"

enum { BAUD = 115200, MAGIC = 0x5A17E000, PAGE_CHECKED_BYTES = 1024, UNITS = 16, MAX_WORDS = 8 };

static volatile bool received;
static uint8_t incoming[5];

void hal_uart_rx_done(void) { received = true; }

static const char *reset_cause(void)
{
    uint32_t flags = *family.reset_flags;
    const char *cause = (flags & family.watchdog) != 0u   ? "watchdog"
                        : (flags & family.software) != 0u ? "software"
                        : (flags & family.power) != 0u    ? "power"
                                                          : "pin";
    *family.reset_flags |= family.clear;
    return cause;
}

static void led(void)
{
    gpio_block *port = family.led.port;
    uint32_t bit = 1u << family.led.pin;
    port->MODER = (port->MODER & ~(3u << 2u * family.led.pin)) | 1u << 2u * family.led.pin;
    unsigned seen = 0;
    for (unsigned i = 0; i < 4u; i++) {
        port->BSRR = i % 2u != 0u ? bit << 16 : bit;
        delay_us(2, SystemCoreClock);
        seen = seen << 1 | ((port->IDR & bit) != 0u);
    }
    printf("led %s\r\n", seen == 10u ? "blinked" : "stuck");
}

static void print_by_interrupt(void)
{
    static const char text[] = "by interrupt, a byte at a time\r\n";
    hal_uart_transmit_it((const uint8_t *)text, sizeof text - 1u);
    while (hal_uart_sending()) {
        __asm volatile("wfi");
    }
}

static bool blank(void)
{
    for (uint32_t i = 0; i < PAGE_CHECKED_BYTES; i += 4u) {
        if (REG(family.flash_page + i) != 0xFFFFFFFFu) {
            return false;
        }
    }
    return true;
}

static void flash(void)
{
    uint32_t words[MAX_WORDS], count = family.flash_unit_bytes / 4u;
    uint32_t errors = family_erase();
    bool was_blank = blank(), same = true;
    for (uint32_t unit = 0; unit < UNITS && errors == 0u; unit++) {
        for (uint32_t i = 0; i < count; i++) {
            words[i] = 0x01234567u * (unit + 1u) + i;
        }
        errors = family_program(family.flash_page + unit * family.flash_unit_bytes, words);
    }
    for (uint32_t unit = 0; unit < UNITS; unit++) {
        for (uint32_t i = 0; i < count; i++) {
            uint32_t at = family.flash_page + unit * family.flash_unit_bytes + 4u * i;
            same = same && REG(at) == 0x01234567u * (unit + 1u) + i;
        }
    }
    printf("flash: errors %lX, %s, %s\r\n", (unsigned long)errors, was_blank ? "blank" : "not blank",
           same ? "verified" : "different");
}

static void first_life(void)
{
    uint32_t start = DWT_CYCCNT;
    hal_delay(10);
    uint32_t us = (DWT_CYCCNT - start) / (SystemCoreClock / 1000000u);
    printf("delay of 10 ms: %s\r\n", us >= 10000u && us <= 11010u ? "10 to 11" : "wrong");
    led();
    print_by_interrupt();
    flash();
    family.backup[0] = MAGIC;
    family.backup[1] = ~(uint32_t)MAGIC;
    hal_system_reset();
}

static void second_life(void)
{
    printf("backup registers kept\r\n");
    hal_uart_receive_it(incoming, sizeof incoming);
    printf("listening\r\n");
    while (!received) {
        __asm volatile("wfi");
    }
    printf("heard %.5s\r\n", incoming);
    family.backup[0] = MAGIC + 1;
    family.iwdg->KR = 0xCCCCu;
    family.iwdg->KR = 0x5555u;
    family.iwdg->PR = 1u;     /* LSI / 8 */
    family.iwdg->RLR = 200u;  /* 50 ms at 32 kHz */
    (void)wait_for(&family.iwdg->SR, 7u, 0, 50);
    family.iwdg->KR = 0xAAAAu;
    for (unsigned i = 0; i < 10u; i++) {
        hal_delay(20);
        family.iwdg->KR = 0xAAAAu;
    }
    printf("watchdog fed for 200 ms\r\n");
    for (;;) {
    }
}

int main(void)
{
    hal_init();
    const char *late = family_clock();
    if (late == NULL) {
        clock_changed();
    }
    hal_uart_init(BAUD, false);
    if (late != NULL) {
        printf("%s did not come\r\n", late);
    }
    printf("\r\n%s started after %s reset at %lu Hz\r\n", family.name, reset_cause(),
           (unsigned long)SystemCoreClock);
    if (family.backup[0] == MAGIC && family.backup[1] == ~(uint32_t)MAGIC) {
        second_life();
    }
    if (family.backup[0] == MAGIC + 1) {
        family.backup[0] = 0;
        printf("done\r\n");
        for (;;) {
            __asm volatile("wfi");
        }
    }
    first_life();
}
