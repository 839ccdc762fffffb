/* STM32F767: the 8 MHz of the debugger on the board (HSE bypass) through the PLL, over-drive
 * (RM0410 4.1.4, 5.3.3), 216 MHz. */
#include "streams.h"

#define RCC_CR REG(0x40023800u)
#define RCC_PLLCFGR REG(0x40023804u)
#define RCC_CFGR REG(0x40023808u)
#define RCC_AHB1ENR REG(0x40023830u)
#define RCC_APB1ENR REG(0x40023840u)
#define RCC_APB2ENR REG(0x40023844u)
#define RCC_BDCR REG(0x40023870u)
#define PWR_CR1 REG(0x40007000u)
#define PWR_CSR1 REG(0x40007004u)
#define FLASH_ACR REG(0x40023C00u)
#define FLASH_KEYR REG(0x40023C04u)
#define FLASH_SR REG(0x40023C0Cu)
#define FLASH_CR REG(0x40023C10u)
#define FLASH_OPTCR REG(0x40023C14u)
#define PORT(n) ((gpio_block *)(0x40020000u + 0x400u * (n)))
#define FLASH_ERRORS 0xF2u
#define SECTOR_BYTES 16384u

/* Sector 13, the second of bank 2, with nDBANK = 0. */
const family_description family = {
    .name = "F767", .hz = 216000000u, .uart_hz = 54000000u, .reset_hz = 16000000u, .caches = true,
    .uart = (uart_block *)0x40004800u, .uart_irq = UART_IRQ,
    .tx = {PORT(3), 8, 7}, .rx = {PORT(3), 9, 7}, .led = {PORT(1), 7, 0},
    .iwdg = (iwdg_block *)0x40003000u, .backup = (reg *)0x40002850u,
    .reset_flags = (reg *)0x40023874u, .watchdog = 1u << 29, .software = 1u << 28,
    .power = 1u << 27, .clear = 1u << 24,
    .flash_page = 0x08100000u + SECTOR_BYTES, .flash_page_bytes = SECTOR_BYTES,
    .flash_unit_bytes = 4u}; /* RAM is DTCM: reached by DMA, and never cached */

/* USART3: channel 4 of stream 1 (RX) and 3 (TX) of DMA1. */
const uart_streams streams = {.dma = (streams_block *)0x40026000u, .rx = 1, .tx = 3,
                              .select = 4u << 25};

void streams_on(void)
{
    RCC_AHB1ENR |= 1u << 21;
    (void)RCC_AHB1ENR;
}

void family_blocks(void)
{
    FLASH_ACR |= 3u << 8; /* prefetch, ART */
    RCC_AHB1ENR |= 0xFu;
    RCC_APB1ENR |= 1u << 28 | 1u << 18;
    (void)RCC_APB1ENR;
    PWR_CR1 |= 1u << 8;
}

const char *family_clock(void)
{
    PWR_CR1 |= 3u << 14;
    RCC_CR |= 1u << 18;
    RCC_CR |= 1u << 16;
    if (!wait_for(&RCC_CR, 1u << 17, 1u << 17, 100)) {
        return "HSERDY";
    }
    RCC_CR &= ~(1u << 24);
    if (!wait_for(&RCC_CR, 1u << 25, 0, 2)) {
        return "PLLRDY off";
    }
    /* 8 MHz / 4 x 216 = 432 MHz, / 2; Q 9, R 2 */
    RCC_PLLCFGR = 4u | 216u << 6 | 1u << 22 | 9u << 24 | 2u << 28;
    RCC_CR |= 1u << 24;
    PWR_CR1 |= 1u << 16;
    if (!wait_for(&PWR_CSR1, 1u << 16, 1u << 16, 1000)) {
        return "ODRDY";
    }
    PWR_CR1 |= 1u << 17;
    if (!wait_for(&PWR_CSR1, 1u << 17, 1u << 17, 1000)) {
        return "ODSWRDY";
    }
    if (!wait_for(&RCC_CR, 1u << 25, 1u << 25, 2)) {
        return "PLLRDY";
    }
    FLASH_ACR = (FLASH_ACR & ~0xFu) | 7u;
    if (!wait_for(&FLASH_ACR, 0xFu, 7u, 2)) {
        return "LATENCY";
    }
    RCC_CFGR = (RCC_CFGR & ~0xFCF0u) | 5u << 10 | 4u << 13; /* APB1 / 4, APB2 / 2 */
    RCC_CFGR = (RCC_CFGR & ~3u) | 2u;
    return wait_for(&RCC_CFGR, 0xCu, 0x8u, 50) ? NULL : "SWS";
}

static void flash_open(void)
{
    if ((FLASH_CR & 1u << 31) != 0u) {
        FLASH_KEYR = 0x45670123u;
        FLASH_KEYR = 0xCDEF89ABu;
    }
    (void)wait_for(&FLASH_SR, 1u << 16, 0, 50);
    FLASH_SR = FLASH_ERRORS | 1u;
}

static uint32_t flash_close(void)
{
    (void)wait_for(&FLASH_SR, 1u << 16, 0, 4000);
    uint32_t errors = FLASH_SR & FLASH_ERRORS;
    FLASH_CR = 1u << 31;
    return errors;
}

/* In dual-bank mode the sectors of bank 2 are 0x10 and on; in single-bank mode, which this does
 * not use, none has that number. */
uint32_t family_erase(void)
{
    if ((FLASH_OPTCR & 1u << 29) != 0u) {
        return 1u << 31;
    }
    flash_open();
    FLASH_CR = 2u | 0x11u << 3 | 2u << 8;
    FLASH_CR |= 1u << 16;
    __asm volatile("dsb" ::: "memory");
    uint32_t errors = flash_close();
    cache_drop((const void *)family.flash_page, SECTOR_BYTES);
    return errors;
}

uint32_t family_program(uint32_t address, const uint32_t *words)
{
    flash_open();
    FLASH_CR = 1u | 2u << 8;
    write_unit(address, words, 1);
    uint32_t errors = flash_close();
    cache_drop((const void *)address, 4);
    return errors;
}
