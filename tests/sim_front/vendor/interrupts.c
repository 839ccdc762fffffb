/* A CubeMX-like application: 170 MHz, printf, flash by polling and by interrupt in both
 * banks, then an echo by interrupts, one byte received and one sent at a time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "hal.h"

#define BANK1_PAGE 100u
#define BANK2_PAGE 5u
#define BANK1_ADDRESS (0x08000000u + BANK1_PAGE * 2048u)
#define BANK2_ADDRESS (0x08040000u + BANK2_PAGE * 2048u)

static uint8_t received, queue[256], sending;
static volatile uint8_t queue_in, queue_out;
static char last[5];

static const char *reset_cause(void)
{
    uint32_t csr = RCC->CSR;
    const char *cause = csr & 1u << 29   ? "watchdog"
                        : csr & 1u << 28 ? "software"
                        : csr & 1u << 27 ? "power"
                                         : "pin";
    RCC->CSR |= 1u << 23;
    return cause;
}

static void measure_delay(void)
{
    uint32_t start = DWT_CYCCNT;
    hal_delay(10);
    uint32_t ms = (DWT_CYCCNT - start + SystemCoreClock / 2000u) / (SystemCoreClock / 1000u);
    printf("delay of 10 took %lu ms\r\n", (unsigned long)ms);
}

static bool is(uint32_t address, size_t bytes, int value)
{
    for (size_t i = 0; i < bytes; i++) {
        if (((const volatile uint8_t *)address)[i] != value) {
            return false;
        }
    }
    return true;
}

static uint64_t pattern(unsigned i) { return 0x0123456789ABCDEFu * (i + 1u); }

static bool verify(uint32_t address, unsigned units)
{
    for (unsigned i = 0; i < units; i++) {
        if (*(volatile uint64_t *)(address + i * 8u) != pattern(i)) {
            return false;
        }
    }
    return true;
}

static void flash_polling(void)
{
    uint32_t start = hal_tick();
    uint32_t errors = hal_flash_erase(0, BANK1_PAGE);
    bool blank = is(BANK1_ADDRESS, 2048, 0xFF);
    for (unsigned i = 0; i < 32u && !errors; i++) {
        errors = hal_flash_program(BANK1_ADDRESS + i * 8u, pattern(i));
    }
    printf("polling: errors %lX, %s, %s\r\n", (unsigned long)errors, blank ? "blank" : "not blank",
           verify(BANK1_ADDRESS, 32) ? "verified" : "different");
    /* The same bank: the core stood still, the tick lost time. */
    printf("ticks meanwhile: %s\r\n", hal_tick() - start <= 40u ? "few" : "many");
    errors = hal_flash_program(BANK1_ADDRESS, 0x1111111111111111u);
    printf("over old data: %lX\r\n", (unsigned long)errors);
}

static void flash_interrupts(void)
{
    uint32_t start = hal_tick();
    hal_flash_erase_it(1, BANK2_PAGE);
    unsigned turns = 0;
    while (hal_flash_busy()) {
        turns++;
    }
    uint32_t ms = hal_tick() - start, errors = hal_flash_errors();
    for (unsigned i = 0; i < 32u && !errors; i++) {
        hal_flash_program_it(BANK2_ADDRESS + i * 8u, pattern(i));
        while (hal_flash_busy()) {
        }
        errors = hal_flash_errors();
    }
    printf("interrupts: errors %lX, %u of them, %s, erase %s ran on\r\n", (unsigned long)errors,
           hal_flash_interrupts(), verify(BANK2_ADDRESS, 32) ? "verified" : "different",
           turns > 1000u && ms >= 20u && ms <= 25u ? "while the core" : "alone, nothing");
}

static void next_out(void)
{
    if (queue_out != queue_in && !hal_uart_sending()) {
        sending = queue[queue_out++];
        hal_uart_transmit_it(&sending, 1);
    }
}

void hal_uart_rx_done(void)
{
    queue[queue_in++] = received;
    memmove(last, last + 1, sizeof last - 1u);
    last[sizeof last - 1u] = (char)received;
    hal_uart_receive_it(&received, 1);
}

void hal_uart_rx_event(size_t bytes) { (void)bytes; }

int main(void)
{
    hal_init();
    hal_clock_full();
    hal_uart_init(115200, false);
    printf("\r\nstarted after %s reset at %lu Hz\r\n", reset_cause(),
           (unsigned long)SystemCoreClock);
    char *copy = malloc(100);
    strcpy(copy, "heap");
    printf("%s %d %s\r\n", copy, -42, "text");
    free(copy);
    measure_delay();
    flash_polling();
    flash_interrupts();
    hal_uart_receive_it(&received, 1);
    printf("listening\r\n");
    for (;;) {
        __asm volatile("wfi");
        next_out();
        if (memcmp(last, "reset", sizeof last) == 0) {
            hal_system_reset();
        }
    }
}
