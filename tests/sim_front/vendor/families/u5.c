/* STM32U575: MSIS through PLL1, range 1 and its booster (RM0456 10.5.4, 11.4.6), 160 MHz. */
#include "family.h"

#define RCC_CR REG(0x46020C00u)
#define RCC_CFGR1 REG(0x46020C1Cu)
#define RCC_PLL1CFGR REG(0x46020C28u)
#define RCC_PLL1DIVR REG(0x46020C34u)
#define RCC_AHB2ENR1 REG(0x46020C8Cu)
#define RCC_AHB3ENR REG(0x46020C94u)
#define RCC_APB2ENR REG(0x46020CA4u)
#define RCC_APB3ENR REG(0x46020CA8u)
#define PWR_VOSR REG(0x4602080Cu)
#define PWR_DBPR REG(0x46020828u)
#define FLASH_ACR REG(0x40022000u)
#define FLASH_NSKEYR REG(0x40022008u)
#define FLASH_NSSR REG(0x40022020u)
#define FLASH_NSCR REG(0x40022028u)
#define ICACHE_CR REG(0x40030400u)
#define ICACHE_SR REG(0x40030404u)
#define ICACHE_FCR REG(0x4003040Cu)
#define PORT(n) ((gpio_block *)(0x42020000u + 0x400u * (n)))
#define FLASH_ERRORS 0xFAu
#define PAGE 5u

const family_description family = {
    .name = "U575", .hz = 160000000u, .uart_hz = 160000000u, .reset_hz = 4000000u,
    .uart = (uart_block *)0x40013800u, .uart_irq = UART_IRQ, .uart_fifo = true,
    .tx = {PORT(0), 9, 7}, .rx = {PORT(0), 10, 7}, .led = {PORT(2), 7, 0},
    .iwdg = (iwdg_block *)0x40003000u, .backup = (reg *)0x46007D00u,
    .reset_flags = (reg *)0x46020CF4u, .watchdog = 1u << 29, .software = 1u << 28,
    .power = 1u << 27, .clear = 1u << 23,
    .flash_page = 0x08100000u + PAGE * 8192u, .flash_page_bytes = 8192u, .flash_unit_bytes = 16u};

void family_blocks(void)
{
    ICACHE_CR |= 1u;
    RCC_AHB3ENR |= 1u << 2;
    (void)RCC_AHB3ENR;
    RCC_AHB2ENR1 |= 7u;
    RCC_APB2ENR |= 1u << 14;
    RCC_APB3ENR |= 1u << 21;
    (void)RCC_APB3ENR;
    PWR_DBPR |= 1u;
}

const char *family_clock(void)
{
    PWR_VOSR = (PWR_VOSR & ~(3u << 16)) | 3u << 16;
    if (!wait_for(&PWR_VOSR, 1u << 15, 1u << 15, 2)) {
        return "VOSRDY";
    }
    RCC_CR &= ~(1u << 24);
    if (!wait_for(&RCC_CR, 1u << 25, 0, 2)) {
        return "PLL1RDY off";
    }
    RCC_PLL1CFGR = 1u;                                      /* MSIS, / 1, 4 to 8 MHz */
    RCC_PLL1DIVR = (80u - 1u) | 1u << 9 | 1u << 16 | 1u << 24; /* x 80, / 2 */
    PWR_VOSR |= 1u << 18;
    if (!wait_for(&PWR_VOSR, 1u << 14, 1u << 14, 2)) {
        return "BOOSTRDY";
    }
    RCC_PLL1CFGR |= 1u << 18;
    RCC_CR |= 1u << 24;
    if (!wait_for(&RCC_CR, 1u << 25, 1u << 25, 2)) {
        return "PLL1RDY";
    }
    FLASH_ACR = (FLASH_ACR & ~0xFu) | 4u;
    if (!wait_for(&FLASH_ACR, 0xFu, 4u, 2)) {
        return "LATENCY";
    }
    RCC_CFGR1 |= 3u;
    return wait_for(&RCC_CFGR1, 0xCu, 0xCu, 5) ? NULL : "SWS";
}

static void flash_open(void)
{
    if ((FLASH_NSCR & 1u << 31) != 0u) {
        FLASH_NSKEYR = 0x45670123u;
        FLASH_NSKEYR = 0xCDEF89ABu;
    }
    (void)wait_for(&FLASH_NSSR, 3u << 16, 0, 50);
    FLASH_NSSR = FLASH_ERRORS;
}

/* The instruction cache holds what was read of the flash before (RM0456 8.4.8). */
static uint32_t flash_close(void)
{
    (void)wait_for(&FLASH_NSSR, 3u << 16, 0, 50);
    uint32_t errors = FLASH_NSSR & FLASH_ERRORS;
    FLASH_NSCR = 1u << 31;
    ICACHE_CR |= 2u;
    (void)wait_for(&ICACHE_SR, 2u, 2u, 2);
    ICACHE_FCR = 2u;
    return errors;
}

uint32_t family_erase(void)
{
    flash_open();
    FLASH_NSCR = 2u | PAGE << 3 | 1u << 11;
    FLASH_NSCR |= 1u << 16;
    return flash_close();
}

uint32_t family_program(uint32_t address, const uint32_t *words)
{
    flash_open();
    FLASH_NSCR = 1u;
    write_unit(address, words, 4);
    return flash_close();
}
