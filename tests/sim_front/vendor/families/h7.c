/* STM32H743: HSI through PLL1, LDO, VOS1 (RM0433 6.6.2, 6.8.6, 8.7), 400 MHz; the UART by PLL2.
 * STM32H7A3: the same with the step-down converter and VOS0 (RM0455 6.6.2, 8.7), 280 MHz. */
#include "streams.h"

#define RCC_CR REG(0x58024400u)
#define RCC_CFGR REG(0x58024410u)
#define RCC_D1CFGR REG(0x58024418u)
#define RCC_D2CFGR REG(0x5802441Cu)
#define RCC_D3CFGR REG(0x58024420u)
#define RCC_PLLCKSELR REG(0x58024428u)
#define RCC_PLLCFGR REG(0x5802442Cu)
#define RCC_PLL1DIVR REG(0x58024430u)
#define RCC_PLL2DIVR REG(0x58024438u)
#define RCC_D2CCIP2R REG(0x58024454u)
#define RCC_AHB1ENR REG(GATES + 0x08u)
#define RCC_AHB2ENR REG(GATES + 0x0Cu)
#define RCC_AHB4ENR REG(GATES + 0x10u)
#define RCC_APB1LENR REG(GATES + 0x18u)
#define RCC_APB4ENR REG(GATES + 0x24u)
#define PWR_CR1 REG(0x58024800u)
#define PWR_CSR1 REG(0x58024804u)
#define PWR_CR3 REG(0x5802480Cu)
#define PWR_D3CR REG(0x58024818u)
#define FLASH_ACR REG(0x52002000u)
#define FLASH_KEYR2 REG(0x52002104u)
#define FLASH_CR2 REG(0x5200210Cu)
#define FLASH_SR2 REG(0x52002110u)
#define FLASH_CCR2 REG(0x52002114u)
#define PORT(n) ((gpio_block *)(0x58020000u + 0x400u * (n)))
#define FLASH_ERRORS 0x17EE0000u
#define SECTOR 3u

#ifdef H7A3
#define GATES 0x58024530u
#define SECTOR_BYTES 0x2000u
enum { UNIT_WORDS = 4, CR_SELECT = SECTOR << 6, CR_START = 1 << 5, CR_WIDTH = 0 };
enum { SUPPLY = 4, TIMES = 35, BUSES = 0, WAIT = 6 | 3 << 4 };
#define PART .name = "H7A3", .hz = 280000000u, .backup = (reg *)0x58004500u
#else
#define GATES 0x580244D0u
#define SECTOR_BYTES 0x20000u
enum { UNIT_WORDS = 8, CR_SELECT = SECTOR << 8, CR_START = 1 << 7, CR_WIDTH = 3 << 4 };
enum { SUPPLY = 2, TIMES = 50, BUSES = 8, WAIT = 4 | 2 << 4 };
#define PART .name = "H743", .hz = 400000000u, .backup = (reg *)0x58004050u
#endif

const family_description family = {
    PART, .uart_hz = 96000000u, .reset_hz = 64000000u, .caches = true,
    .uart = (uart_block *)0x40004800u, .uart_irq = UART_IRQ, .uart_fifo = true,
    .tx = {PORT(3), 8, 7}, .rx = {PORT(3), 9, 7}, .led = {PORT(1), 0, 0},
    .iwdg = (iwdg_block *)0x58004800u, .reset_flags = (reg *)GATES, .watchdog = 1u << 26, .software = 1u << 24,
    .power = 1u << 23, .clear = 1u << 16,
    .flash_page = 0x08100000u + SECTOR * SECTOR_BYTES, .flash_page_bytes = SECTOR_BYTES,
    .flash_unit_bytes = UNIT_WORDS * 4u,
    .dma_memory = (uint8_t *)0x30000000u}; /* SRAM1: DMA does not reach DTCM */

/* USART3 through DMAMUX1, to streams 1 (RX) and 3 (TX) of DMA1. */
const uart_streams streams = {.dma = (streams_block *)0x40020000u, .rx = 1, .tx = 3,
                              .select = 1u << 20};

void streams_on(void)
{
    RCC_AHB1ENR |= 1u;
    (void)RCC_AHB1ENR;
    REG(0x40020800u + 4u * streams.rx) = 45u;
    REG(0x40020800u + 4u * streams.tx) = 46u;
}

void family_blocks(void)
{
    RCC_AHB2ENR |= 1u << 29; /* SRAM1 */
    RCC_AHB4ENR |= 0xFu;
    RCC_APB1LENR |= 1u << 18;
    RCC_APB4ENR |= 1u << 16 | 1u << 1;
    (void)RCC_APB4ENR;
    PWR_CR1 |= 1u << 8;
}

/* The supply is told once after power-on; the part stays in VOS3 until it has been. */
static const char *supply(void)
{
    PWR_CR3 = (PWR_CR3 & ~7u) | SUPPLY;
    if (!wait_for(&PWR_CSR1, 1u << 13, 1u << 13, 10)) {
        return "ACTVOSRDY";
    }
    PWR_D3CR = (PWR_D3CR & ~(3u << 14)) | 3u << 14;
    return wait_for(&PWR_D3CR, 1u << 13, 1u << 13, 10) ? NULL : "VOSRDY";
}

const char *family_clock(void)
{
    const char *late = supply();
    if (late != NULL) {
        return late;
    }
    RCC_CR &= ~(1u << 24);
    if (!wait_for(&RCC_CR, 1u << 25, 0, 2)) {
        return "PLL1RDY off";
    }
    RCC_CR &= ~(1u << 26);
    if (!wait_for(&RCC_CR, 1u << 27, 0, 2)) {
        return "PLL2RDY off";
    }
    RCC_PLLCKSELR = (RCC_PLLCKSELR & ~0x3F3F3u) | 4u << 4 | 4u << 12; /* HSI, 64 MHz / 4 */
    /* 8 to 16 MHz, wide; P of PLL1, Q of PLL2 */
    RCC_PLLCFGR = (RCC_PLLCFGR & ~0xFFu) | 3u << 2 | 3u << 6 | 1u << 16 | 1u << 20;
    RCC_PLL2DIVR = (12u - 1u) | 1u << 9 | 1u << 16 | 1u << 24; /* 192 MHz, / 2 */
    RCC_CR |= 1u << 26;
    RCC_PLL1DIVR = (TIMES - 1u) | 1u << 9 | 1u << 16 | 1u << 24;
    RCC_CR |= 1u << 24;
    if (!wait_for(&RCC_CR, 1u << 25, 1u << 25, 2)) {
        return "PLL1RDY";
    }
    if (!wait_for(&RCC_CR, 1u << 27, 1u << 27, 2)) {
        return "PLL2RDY";
    }
    RCC_D2CCIP2R = (RCC_D2CCIP2R & ~7u) | 1u; /* USART2 to 5, 7 and 8: pll2_q */
    FLASH_ACR = WAIT;
    if (!wait_for(&FLASH_ACR, 0x3Fu, WAIT, 2)) {
        return "LATENCY";
    }
    RCC_D1CFGR = BUSES | 4u << 4; /* AXI 200 or 280 MHz, buses half of it */
    RCC_D2CFGR = 4u << 4 | 4u << 8;
    RCC_D3CFGR = 4u << 4;
    RCC_CFGR = (RCC_CFGR & ~7u) | 3u;
    return wait_for(&RCC_CFGR, 0x38u, 0x18u, 5) ? NULL : "SWS";
}

static void flash_open(void)
{
    if ((FLASH_CR2 & 1u) != 0u) {
        FLASH_KEYR2 = 0x45670123u;
        FLASH_KEYR2 = 0xCDEF89ABu;
    }
    (void)wait_for(&FLASH_SR2, 7u, 0, 50);
    FLASH_CCR2 = FLASH_ERRORS | 1u << 16;
}

static uint32_t flash_close(void)
{
    (void)wait_for(&FLASH_SR2, 7u, 0, 4000);
    uint32_t errors = FLASH_SR2 & FLASH_ERRORS;
    FLASH_CR2 = 1u;
    return errors;
}

uint32_t family_erase(void)
{
    flash_open();
    FLASH_CR2 = 4u | CR_WIDTH | CR_SELECT;
    FLASH_CR2 |= CR_START;
    uint32_t errors = flash_close();
    cache_drop((const void *)family.flash_page, SECTOR_BYTES);
    return errors;
}

uint32_t family_program(uint32_t address, const uint32_t *words)
{
    flash_open();
    FLASH_CR2 = 2u | CR_WIDTH;
    write_unit(address, words, UNIT_WORDS);
    uint32_t errors = flash_close();
    cache_drop((const void *)address, 32);
    return errors;
}
