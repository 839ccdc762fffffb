/* Start-up and drivers of the small images: polling, reset clock, nothing clever. */
#include "board.h"

extern uint32_t stack_end, data_load, data_start, data_end, bss_start, bss_end;
int main(void);
void reset_handler(void);
void default_handler(void);

void reset_handler(void)
{
    const uint32_t *from = &data_load;
    for (uint32_t *to = &data_start; to < &data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = &bss_start; to < &bss_end;) {
        *to++ = 0;
    }
    (void)main();
    for (;;) {
    }
}

void default_handler(void)
{
    for (;;) {
    }
}

typedef void (*handler)(void);

__attribute__((section(".vectors"), used)) static const handler vectors[16] = {
    (handler)&stack_end, reset_handler,   default_handler, default_handler,
    default_handler,     default_handler, default_handler};

void uart_begin(void)
{
    RCC_AHB2ENR |= 1u;
    RCC_APB1ENR2 |= 1u;
    GPIOA_MODER = (GPIOA_MODER & ~0xF0u) | 0xA0u;
    GPIOA_AFRL = (GPIOA_AFRL & ~0xFF00u) | 0xCC00u;
    LPUART1_BRR = 35556u; /* 256 x 16 MHz / 115200 */
    LPUART1_CR1 = 0xDu;   /* TE, RE, UE */
}

void uart_char(char c)
{
    while (!(LPUART1_ISR & 0x80u)) {
    }
    LPUART1_TDR = (uint8_t)c;
}

void uart_text(const char *text)
{
    while (*text) {
        uart_char(*text++);
    }
}

void uart_number(uint32_t number)
{
    char digits[11];
    unsigned n = 0;
    do {
        digits[n++] = (char)('0' + number % 10u);
        number /= 10u;
    } while (number);
    while (n) {
        uart_char(digits[--n]);
    }
}

char uart_wait(void)
{
    while (!(LPUART1_ISR & 0x20u)) {
        LPUART1_ICR = 8u; /* overrun: what came while it was talking is lost */
    }
    return (char)LPUART1_RDR;
}

static uint32_t flash_wait(void)
{
    while (FLASH_SR & 0x10000u) {
    }
    return FLASH_SR & 0xC3FAu;
}

static void flash_open(void)
{
    if (FLASH_CR & 0x80000000u) {
        FLASH_KEYR = 0x45670123u;
        FLASH_KEYR = 0xCDEF89ABu;
    }
    FLASH_SR = 0xC3FAu;
}

uint32_t flash_program(uint32_t address, uint32_t low, uint32_t high)
{
    flash_open();
    FLASH_CR = 1u;
    REG(address) = low;
    REG(address + 4u) = high;
    uint32_t errors = flash_wait();
    FLASH_CR = 0x80000000u;
    return errors;
}

uint32_t flash_erase(unsigned page)
{
    flash_open();
    FLASH_CR = 2u | page << 3;
    FLASH_CR |= 0x10000u;
    uint32_t errors = flash_wait();
    FLASH_CR = 0x80000000u;
    return errors;
}
