/* STM32L476 and STM32L4R5: MSI through the PLL (RM0351 and RM0432 6.2, 5.1.8). The L4R5 lies in
 * two banks of 4 KB pages, has a boost range, and a supply of its own for port G (PWR_CR2.IOSV). */
#include "channels.h"

#define RCC_AHB1ENR REG(0x40021048u)
#define RCC_CR REG(0x40021000u)
#define RCC_CFGR REG(0x40021008u)
#define RCC_PLLCFGR REG(0x4002100Cu)
#define RCC_AHB2ENR REG(0x4002104Cu)
#define RCC_APB1ENR1 REG(0x40021058u)
#define RCC_APB1ENR2 REG(0x4002105Cu)
#define RCC_APB2ENR REG(0x40021060u)
#define RCC_BDCR REG(0x40021090u)
#define PWR_CR1 REG(0x40007000u)
#define PWR_CR2 REG(0x40007004u)
#define PWR_SR2 REG(0x40007014u)
#define PWR_CR5 REG(0x40007080u)
#define FLASH_ACR REG(0x40022000u)
#define FLASH_KEYR REG(0x40022008u)
#define FLASH_SR REG(0x40022010u)
#define FLASH_CR REG(0x40022014u)
#define PORT(n) ((gpio_block *)(0x48000000u + 0x400u * (n)))
enum { A, B, C, D, E, F, G };
#define FLASH_ERRORS 0xC3FAu
#define PAGE 5u

#define COMMON                                                                                  \
    .reset_hz = 4000000u, .iwdg = (iwdg_block *)0x40003000u, .backup = (reg *)0x40002850u,      \
    .reset_flags = (reg *)0x40021094u, .watchdog = 1u << 29, .software = 1u << 28,              \
    .power = 1u << 27, .clear = 1u << 23, .flash_unit_bytes = 8u

#ifdef L4PLUS
const family_description family = {
    COMMON, .name = "L4R5", .hz = 120000000u, .uart_hz = 120000000u,
    .uart = (uart_block *)0x40008000u, .uart_irq = UART_IRQ, .uart_low_power = true,
    .uart_fifo = true,
    .tx = {PORT(G), 7, 8}, .rx = {PORT(G), 8, 8}, .led = {PORT(C), 7, 0},
    .flash_page = 0x08100000u + PAGE * 4096u, .flash_page_bytes = 4096u};
enum { PLL_N = 60, WAIT_STATES = 5, BOOST = 1 };

/* LPUART1 through DMAMUX1 to channels 1 and 2 of DMA1. */
const uart_channels channels = {.dma = (channels_block *)0x40020000u, .rx = 0, .tx = 1};

void channels_on(void)
{
    RCC_AHB1ENR |= 5u;
    (void)RCC_AHB1ENR;
    REG(0x40020800u) = 34u;
    REG(0x40020804u) = 35u;
}
#else
const family_description family = {
    COMMON, .name = "L476", .hz = 80000000u, .uart_hz = 80000000u,
    .uart = (uart_block *)0x40004400u, .uart_irq = UART_IRQ,
    .tx = {PORT(A), 2, 7}, .rx = {PORT(A), 3, 7}, .led = {PORT(A), 5, 0},
    .flash_page = 0x08080000u + PAGE * 2048u, .flash_page_bytes = 2048u};
enum { PLL_N = 40, WAIT_STATES = 4, BOOST = 0 };

/* USART2 is request 2 of channels 6 (RX) and 7 of DMA1: CSELR. */
const uart_channels channels = {.dma = (channels_block *)0x40020000u, .rx = 5, .tx = 6};

void channels_on(void)
{
    RCC_AHB1ENR |= 1u;
    (void)RCC_AHB1ENR;
    REG(0x400200A8u) = 2u << 20 | 2u << 24;
}
#endif

void family_blocks(void)
{
    FLASH_ACR |= 7u << 8; /* prefetch, both caches */
    RCC_APB1ENR1 |= 1u << 28 | 1u << 17;
    (void)RCC_APB1ENR1;
    RCC_APB1ENR2 |= 1u;
    RCC_APB2ENR |= 1u;
    RCC_AHB2ENR |= 0x7Fu;
    (void)RCC_AHB2ENR;
    PWR_CR1 |= 1u << 8;
    PWR_CR2 |= (uint32_t)BOOST << 9;
}

const char *family_clock(void)
{
    PWR_CR1 = (PWR_CR1 & ~(3u << 9)) | 1u << 9;
    if (!wait_for(&PWR_SR2, 1u << 10, 0, 2)) {
        return "VOSF";
    }
    if (BOOST) {
        PWR_CR5 &= ~(1u << 8);
    }
    if (!wait_for(&RCC_CR, 2u, 2u, 2)) {
        return "MSIRDY";
    }
    RCC_CR &= ~(1u << 24);
    if (!wait_for(&RCC_CR, 1u << 25, 0, 2)) {
        return "PLLRDY off";
    }
    RCC_PLLCFGR = 1u | (uint32_t)PLL_N << 8; /* 4 MHz x N, / 2 */
    RCC_CR |= 1u << 24;
    RCC_PLLCFGR |= 1u << 24;
    if (!wait_for(&RCC_CR, 1u << 25, 1u << 25, 2)) {
        return "PLLRDY";
    }
    FLASH_ACR = (FLASH_ACR & ~0xFu) | WAIT_STATES;
    if (!wait_for(&FLASH_ACR, 0xFu, WAIT_STATES, 2)) {
        return "LATENCY";
    }
    RCC_CFGR = (RCC_CFGR & ~0x3FF3u) | (BOOST ? 8u << 4 : 0u) | 3u;
    if (!wait_for(&RCC_CFGR, 0xCu, 0xCu, 5)) {
        return "SWS";
    }
    if (BOOST) { /* a microsecond at half the speed */
        delay_us(2, 60000000u);
        RCC_CFGR &= ~0xF0u;
    }
    return NULL;
}

static void flash_open(void)
{
    if ((FLASH_CR & 1u << 31) != 0u) {
        FLASH_KEYR = 0x45670123u;
        FLASH_KEYR = 0xCDEF89ABu;
    }
    (void)wait_for(&FLASH_SR, 1u << 16, 0, 50);
    FLASH_SR = FLASH_ERRORS;
}

static uint32_t flash_close(uint32_t acr)
{
    (void)wait_for(&FLASH_SR, 1u << 16, 0, 50);
    uint32_t errors = FLASH_SR & FLASH_ERRORS;
    FLASH_CR = 1u << 31;
    FLASH_ACR &= ~(1u << 9);
    FLASH_ACR |= 3u << 11;
    FLASH_ACR &= ~(3u << 11);
    FLASH_ACR = acr;
    return errors;
}

/* The data cache is off meanwhile (ES0250 2.2.3). */
static uint32_t data_cache_off(void)
{
    uint32_t acr = FLASH_ACR;
    FLASH_ACR &= ~(1u << 10);
    return acr;
}

uint32_t family_erase(void)
{
    flash_open();
    uint32_t acr = data_cache_off();
    FLASH_CR = 2u | PAGE << 3 | 1u << 11;
    FLASH_CR |= 1u << 16;
    return flash_close(acr);
}

uint32_t family_program(uint32_t address, const uint32_t *words)
{
    flash_open();
    uint32_t acr = data_cache_off();
    FLASH_CR = 1u;
    write_unit(address, words, 2);
    return flash_close(acr);
}
