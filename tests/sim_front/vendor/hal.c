#include "device.h"
#include "hal.h"

/* ---- system ------------------------------------------------------------------------ */

uint32_t SystemCoreClock = 16000000u;
static volatile uint32_t tick;

void SystemInit(void);
void SysTick_Handler(void);

void SystemInit(void)
{
    SCB_CPACR |= 0xFu << 20; /* the vendor's file enables the FPU, used or not */
    SCB_VTOR = 0x08000000u;
}

__attribute__((weak)) void hal_tick_hook(void) {}

void SysTick_Handler(void)
{
    tick++;
    hal_tick_hook();
}

uint32_t hal_tick(void) { return tick; }

void hal_delay(uint32_t ms)
{
    uint32_t start = tick;
    while (tick - start < ms + 1u) {
        __asm volatile("wfi");
    }
}

static void start_tick(void)
{
    SYSTICK->LOAD = SystemCoreClock / 1000u - 1u;
    SCB_SHPR[11] = 0xF0u;
    SYSTICK->VAL = 0;
    SYSTICK->CTRL = 7u;
}

void hal_init(void)
{
    FLASH->ACR |= 1u << 8;                                       /* PRFTEN */
    SCB_AIRCR = (SCB_AIRCR & 0xF8FFu) | 0x05FA0000u | 3u << 8;   /* 4 bits of preemption */
    start_tick();
    RCC->APB2ENR |= 1u;                                          /* SYSCFG */
    (void)RCC->APB2ENR;
    RCC->APB1ENR1 |= 1u << 28;                                   /* PWR */
    (void)RCC->APB1ENR1;
}

void hal_irq_enable(unsigned irq, unsigned priority)
{
    NVIC_IPR[irq] = (uint8_t)(priority << 4);
    NVIC_ISER[irq / 32u] = 1u << irq % 32u;
}

void hal_system_reset(void)
{
    __asm volatile("dsb" ::: "memory");
    SCB_AIRCR = (SCB_AIRCR & 0x700u) | 0x05FA0004u;
    __asm volatile("dsb" ::: "memory");
    for (;;) {
    }
}

/* RM0440 6.1.5 and 7.2.7: AHB halved, boost, wait states up, PLL in, then AHB whole. */
void hal_clock_full(void)
{
    while (PWR->SR2 & 1u << 10) {
    }
    PWR->CR5 &= ~(1u << 8);
    RCC->CR |= 1u << 8;
    while (!(RCC->CR & 1u << 10)) {
    }
    RCC->CR &= ~(1u << 24);
    while (RCC->CR & 1u << 25) {
    }
    RCC->PLLCFGR = 2u | 3u << 4 | 85u << 8; /* 16 MHz / 4 x 85 = 340 MHz, / 2 */
    RCC->CR |= 1u << 24;
    RCC->PLLCFGR |= 1u << 24;
    while (!(RCC->CR & 1u << 25)) {
    }
    FLASH->ACR = (FLASH->ACR & ~0xFu) | 4u;
    while ((FLASH->ACR & 0xFu) != 4u) {
    }
    RCC->CFGR = (RCC->CFGR & ~0xF0u) | 8u << 4;
    RCC->CFGR = (RCC->CFGR & ~3u) | 3u;
    while ((RCC->CFGR & 0xCu) != 0xCu) {
    }
    DEMCR |= 1u << 24;
    DWT_CYCCNT = 0;
    DWT_CTRL |= 1u;
    while (DWT_CYCCNT < 100u) { /* one microsecond at 85 MHz */
    }
    RCC->CFGR &= ~0xF0u;
    SystemCoreClock = 170000000u;
    start_tick();
}

/* ---- UART --------------------------------------------------------------------------- */

static struct {
    uint8_t *rx;
    size_t rx_left;
    const uint8_t *volatile tx;
    volatile size_t tx_left;
    size_t dma_bytes;
    volatile bool dma_sending;
} uart;

void LPUART1_IRQHandler(void);
void DMA1_Channel1_IRQHandler(void);
void DMA1_Channel2_IRQHandler(void);

void hal_uart_init(uint32_t baud, bool fifo)
{
    RCC->CCIPR &= ~(3u << 10); /* PCLK1 */
    RCC->APB1ENR2 |= 1u;
    RCC->AHB2ENR |= 1u;
    (void)RCC->AHB2ENR;
    GPIOA->OSPEEDR &= ~0xF0u;
    GPIOA->PUPDR &= ~0xF0u;
    GPIOA->AFR[0] = (GPIOA->AFR[0] & ~0xFF00u) | 0xCC00u;
    GPIOA->MODER = (GPIOA->MODER & ~0xF0u) | 0xA0u;
    LPUART1->CR1 &= ~1u;
    LPUART1->CR1 = 0xCu | (fifo ? 1u << 29 : 0u);
    LPUART1->CR2 = 0;
    LPUART1->CR3 = 0;
    LPUART1->PRESC = 0;
    LPUART1->BRR = (uint32_t)(((uint64_t)SystemCoreClock * 256u + baud / 2u) / baud);
    LPUART1->CR1 |= 1u;
    uint32_t start = hal_tick();
    while ((LPUART1->ISR & 0x600000u) != 0x600000u && hal_tick() - start < 10u) {
    }
    hal_irq_enable(IRQ_LPUART1, 5);
}

void hal_uart_write(const void *data, size_t bytes)
{
    const uint8_t *p = data;
    uint32_t start = hal_tick();
    for (size_t i = 0; i < bytes && hal_tick() - start < 1000u;) {
        if (LPUART1->ISR & 0x80u) {
            LPUART1->TDR = p[i++];
        }
    }
    while (!(LPUART1->ISR & 0x40u) && hal_tick() - start < 1000u) {
    }
}

void hal_uart_receive_it(uint8_t *data, size_t bytes)
{
    uart.rx = data;
    uart.rx_left = bytes;
    LPUART1->CR3 |= 1u;
    LPUART1->CR1 |= 1u << 5;
}

void hal_uart_transmit_it(const uint8_t *data, size_t bytes)
{
    uart.tx = data;
    uart.tx_left = bytes;
    LPUART1->CR1 |= 1u << 7;
}

bool hal_uart_sending(void)
{
    return uart.dma_sending || uart.tx_left > 0 || (LPUART1->CR1 & 0xC0u);
}

static void uart_receive(void)
{
    while (LPUART1->ISR & 0x20u) {
        uint8_t byte = (uint8_t)LPUART1->RDR;
        if (uart.rx_left > 0) {
            *uart.rx++ = byte;
            if (--uart.rx_left == 0) {
                LPUART1->CR1 &= ~(1u << 5);
                hal_uart_rx_done();
                return;
            }
        }
    }
}

static void uart_transmit(void)
{
    while (uart.tx_left > 0 && (LPUART1->ISR & 0x80u)) {
        LPUART1->TDR = *uart.tx++;
        uart.tx_left--;
    }
    if (uart.tx_left == 0) {
        LPUART1->CR1 = (LPUART1->CR1 & ~0x80u) | 0x40u;
    }
}

static size_t dma_fill(void) { return uart.dma_bytes - DMA1_CHANNEL1->CNDTR; }

void LPUART1_IRQHandler(void)
{
    uint32_t isr = LPUART1->ISR, cr1 = LPUART1->CR1;
    if (isr & 0xFu) {
        LPUART1->ICR = isr & 0xFu;
    }
    if ((isr & 0x20u) && (cr1 & 0x20u)) {
        uart_receive();
    }
    if ((isr & 0x10u) && (cr1 & 0x10u)) {
        LPUART1->ICR = 0x10u;
        hal_uart_rx_event(dma_fill());
    }
    if ((isr & 0x80u) && (cr1 & 0x80u)) {
        uart_transmit();
    } else if ((isr & 0x40u) && (cr1 & 0x40u)) {
        LPUART1->CR1 &= ~0x40u;
    }
}

void hal_uart_receive_dma(uint8_t *data, size_t bytes)
{
    RCC->AHB1ENR |= 5u; /* DMA1, DMAMUX1 */
    (void)RCC->AHB1ENR;
    uart.dma_bytes = bytes;
    DMA1_CHANNEL1->CCR &= ~1u;
    DMAMUX1_C0CR = 34u; /* LPUART1_RX */
    DMA1_CHANNEL1->CPAR = (uint32_t)(uintptr_t)&LPUART1->RDR;
    DMA1_CHANNEL1->CMAR = (uint32_t)(uintptr_t)data;
    DMA1_CHANNEL1->CNDTR = bytes;
    DMA1_CHANNEL1->CCR = 0xA6u; /* MINC, CIRC, HTIE, TCIE */
    DMA1_CHANNEL1->CCR |= 1u;
    hal_irq_enable(IRQ_DMA1_CHANNEL1, 5);
    LPUART1->CR3 |= 1u << 6;
    LPUART1->ICR = 0x10u;
    LPUART1->CR1 |= 1u << 4;
}

void DMA1_Channel1_IRQHandler(void)
{
    uint32_t isr = DMA1->ISR;
    DMA1->IFCR = isr & 0xFu;
    hal_uart_rx_event(isr & 2u ? uart.dma_bytes : dma_fill());
}

uint8_t *hal_dma_memory(size_t bytes)
{
    static _Alignas(32) uint8_t memory[256];
    return bytes <= sizeof memory ? memory : NULL;
}

void hal_uart_transmit_dma(const uint8_t *data, size_t bytes)
{
    uart.dma_sending = true;
    LPUART1->ICR = 1u << 6;
    DMA1_CHANNEL2->CCR &= ~1u;
    DMAMUX1_C1CR = 35u; /* LPUART1_TX */
    DMA1_CHANNEL2->CPAR = (uint32_t)(uintptr_t)&LPUART1->TDR;
    DMA1_CHANNEL2->CMAR = (uint32_t)(uintptr_t)data;
    DMA1_CHANNEL2->CNDTR = bytes;
    DMA1_CHANNEL2->CCR = 0x92u; /* MINC, to the peripheral, TCIE */
    hal_irq_enable(IRQ_DMA1_CHANNEL2, 5);
    LPUART1->CR3 |= 1u << 7;
    DMA1_CHANNEL2->CCR |= 1u;
}

void DMA1_Channel2_IRQHandler(void)
{
    DMA1->IFCR = DMA1->ISR & 0xF0u;
    LPUART1->CR3 &= ~(1u << 7);
    LPUART1->CR1 |= 1u << 6; /* the last frame's end */
    uart.dma_sending = false;
}

/* ---- flash -------------------------------------------------------------------------- */

static volatile uint32_t flash_errors;
static volatile bool flash_active;
static volatile unsigned flash_interrupts;

void FLASH_IRQHandler(void);

static void flash_open(void)
{
    if (FLASH->CR & 1u << 31) {
        FLASH->KEYR = 0x45670123u;
        FLASH->KEYR = 0xCDEF89ABu;
    }
    while (FLASH->SR & 1u << 16) {
    }
    FLASH->SR = FLASH->SR & 0xC3FAu;
}

static uint32_t flash_wait(void)
{
    uint32_t start = hal_tick();
    while ((FLASH->SR & 1u << 16) && hal_tick() - start < 50u) {
    }
    return FLASH->SR & 0xC3FAu;
}

/* ES0430 2.2.2: the data cache is off while the flash works, and empty afterwards. */
static uint32_t caches_off(void)
{
    uint32_t acr = FLASH->ACR;
    FLASH->ACR &= ~(1u << 10);
    return acr;
}

static void caches_back(uint32_t acr)
{
    FLASH->ACR &= ~(1u << 9);
    FLASH->ACR |= 3u << 11;
    FLASH->ACR &= ~(3u << 11);
    FLASH->ACR = acr;
}

static void erase_start(unsigned bank, unsigned page, uint32_t enables)
{
    FLASH->CR = (FLASH->CR & ~0xFF8u) | 2u | page << 3 | bank << 11 | enables;
    FLASH->CR |= 1u << 16;
}

uint32_t hal_flash_erase(unsigned bank, unsigned page)
{
    flash_open();
    uint32_t acr = caches_off();
    erase_start(bank, page, 0);
    uint32_t errors = flash_wait();
    FLASH->CR &= ~(2u | 0xFF8u);
    caches_back(acr);
    FLASH->CR |= 1u << 31;
    return errors;
}

static void program_start(uint32_t address, uint64_t data, uint32_t enables)
{
    FLASH->CR |= 1u | enables;
    *(reg *)address = (uint32_t)data;
    __asm volatile("isb" ::: "memory");
    *(reg *)(address + 4u) = (uint32_t)(data >> 32);
}

uint32_t hal_flash_program(uint32_t address, uint64_t data)
{
    flash_open();
    uint32_t acr = caches_off();
    program_start(address, data, 0);
    uint32_t errors = flash_wait();
    FLASH->CR &= ~1u;
    caches_back(acr);
    FLASH->CR |= 1u << 31;
    return errors;
}

void hal_flash_erase_it(unsigned bank, unsigned page)
{
    hal_irq_enable(IRQ_FLASH, 6);
    flash_open();
    flash_errors = 0;
    flash_active = true;
    erase_start(bank, page, 3u << 24);
}

void hal_flash_program_it(uint32_t address, uint64_t data)
{
    hal_irq_enable(IRQ_FLASH, 6);
    flash_open();
    flash_errors = 0;
    flash_active = true;
    program_start(address, data, 3u << 24);
}

bool hal_flash_busy(void) { return flash_active; }
uint32_t hal_flash_errors(void) { return flash_errors; }
unsigned hal_flash_interrupts(void) { return flash_interrupts; }

void FLASH_IRQHandler(void)
{
    uint32_t sr = FLASH->SR;
    flash_interrupts++;
    flash_errors |= sr & 0xC3FAu;
    FLASH->SR = sr & 0xC3FBu;
    FLASH->CR &= ~(1u | 2u | 0xFF8u | 3u << 24);
    FLASH->CR |= 1u << 31;
    flash_active = false;
}
