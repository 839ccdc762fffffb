/* Start-up code, vectors, tick, caches, UART: the same on all families. */
#include "family.h"

enum { UART_TIMEOUT_MS = 1000, READY_TIMEOUT_MS = 10, LONG_MS = 1000 };

#define CCR REG(0xE000ED14u)
#define CCSIDR REG(0xE000ED80u)
#define CSSELR REG(0xE000ED84u)
#define ICIALLU REG(0xE000EF50u)
#define DCIMVAC REG(0xE000EF5Cu)
#define DCISW REG(0xE000EF60u)
#define DCCMVAC REG(0xE000EF68u)
#define LINE 32u

uint32_t SystemCoreClock;
static volatile uint32_t tick;

void Reset_Handler(void);
void SystemInit(void);
void SysTick_Handler(void);
void UART_IRQHandler(void);
void Default_Handler(void);
void __libc_init_array(void);
int main(void);

extern uint32_t _estack, _sidata, _sdata, _edata, _sbss, _ebss;

void Default_Handler(void)
{
    for (;;) {
    }
}

void SystemInit(void)
{
    SCB_CPACR |= 0xFu << 20;
    SCB_VTOR = 0x08000000u;
}

__attribute__((noreturn)) void Reset_Handler(void)
{
    SystemInit();
    for (uint32_t *from = &_sidata, *to = &_sdata; to < &_edata;) {
        *to++ = *from++;
    }
    for (uint32_t *to = &_sbss; to < &_ebss;) {
        *to++ = 0;
    }
    SystemCoreClock = family.reset_hz;
    __libc_init_array();
    (void)main();
    for (;;) {
    }
}

/* Of images without DMA. */
__attribute__((weak)) void uart_dma_receive(uint8_t *to, size_t bytes) { (void)to, (void)bytes; }
__attribute__((weak)) void uart_dma_send(const uint8_t *at, size_t bytes) { (void)at, (void)bytes; }
__attribute__((weak)) void uart_idle(void) {}
__attribute__((weak)) void DMA_RX_IRQHandler(void) { Default_Handler(); }
__attribute__((weak)) void DMA_TX_IRQHandler(void) { Default_Handler(); }

#define NONE Default_Handler
__attribute__((section(".isr_vector"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))(uintptr_t)&_estack, Reset_Handler, NONE, NONE, NONE, NONE, NONE, NULL, NULL,
    NULL, NULL, NONE, NONE, NULL, NONE, SysTick_Handler};
__attribute__((section(".isr_vector.irq"), used)) static void (*const interrupts[])(void) = {
    [UART_IRQ] = UART_IRQHandler, [DMA_RX_IRQ] = DMA_RX_IRQHandler,
    [DMA_TX_IRQ] = DMA_TX_IRQHandler};

void SysTick_Handler(void) { tick++; }

uint32_t hal_tick(void) { return tick; }

void hal_delay(uint32_t ms)
{
    uint32_t start = tick;
    while (tick - start < ms + 1u) {
        __asm volatile("wfi");
    }
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
    for (;;) {
    }
}

bool wait_for(const reg *r, uint32_t mask, uint32_t value, uint32_t timeout_ms)
{
    uint32_t start = tick;
    while ((*r & mask) != value) {
        if (tick - start > timeout_ms) {
            return false;
        }
        if (timeout_ms > LONG_MS) {
            __asm volatile("wfi"); /* the tick wakes it */
        }
    }
    return true;
}

void delay_us(uint32_t us, uint32_t hz)
{
    uint32_t start = DWT_CYCCNT;
    while (DWT_CYCCNT - start < us * (hz / 1000000u)) {
    }
}

void write_unit(uint32_t address, const uint32_t *words, unsigned count)
{
    uint32_t masked;
    __asm volatile("mrs %0, primask\n cpsid i" : "=r"(masked)::"memory");
    for (unsigned i = 0; i < count; i++) {
        REG(address + 4u * i) = words[i];
    }
    __asm volatile("dsb\n msr primask, %0" ::"r"(masked) : "memory");
}

static void start_tick(void)
{
    SYSTICK->LOAD = SystemCoreClock / 1000u - 1u;
    SCB_SHPR[11] = 0xF0u;
    SYSTICK->VAL = 0;
    SYSTICK->CTRL = 7u;
}

static void barrier(void) { __asm volatile("dsb\n isb" ::: "memory"); }

/* Where there are caches (ARMv7-M B2.2): both emptied, set by set, and switched on. */
static void caches_on(void)
{
    barrier();
    ICIALLU = 0;
    barrier();
    CCR |= 1u << 17;
    CSSELR = 0;
    barrier();
    uint32_t size = CCSIDR, sets = (size >> 13 & 0x7FFFu) + 1u, ways = (size >> 3 & 0x3FFu) + 1u;
    for (uint32_t set = 0; set < sets; set++) {
        for (uint32_t way = 0; way < ways; way++) {
            DCISW = way << 30 | set << 5; /* four ways, lines of 32 bytes */
        }
    }
    barrier();
    CCR |= 1u << 16;
    barrier();
}

static void for_lines(reg *operation, const void *data, size_t bytes)
{
    uintptr_t from = (uintptr_t)data & ~(uintptr_t)(LINE - 1u);
    barrier();
    for (uintptr_t at = from; family.caches && at < (uintptr_t)data + bytes; at += LINE) {
        *operation = (uint32_t)at;
    }
    barrier();
}

void cache_clean(const void *data, size_t bytes) { for_lines(&DCCMVAC, data, bytes); }
void cache_drop(const void *data, size_t bytes) { for_lines(&DCIMVAC, data, bytes); }

uint8_t *hal_dma_memory(size_t bytes)
{
    static _Alignas(LINE) uint8_t memory[256];
    return bytes > sizeof memory ? NULL : family.dma_memory != NULL ? family.dma_memory : memory;
}

void hal_init(void)
{
    if (family.caches) {
        caches_on();
    }
    SCB_AIRCR = (SCB_AIRCR & 0xF8FFu) | 0x05FA0000u | 3u << 8;
    DEMCR |= 1u << 24;
    DWT_CYCCNT = 0;
    DWT_CTRL |= 1u;
    start_tick();
    family_blocks();
}

void clock_changed(void)
{
    SystemCoreClock = family.hz;
    start_tick();
}

void hal_clock_full(void)
{
    if (family_clock() == NULL) {
        clock_changed();
    }
}

static struct {
    volatile bool dma_sending;
    const uint8_t *volatile tx;
    volatile size_t tx_left;
    uint8_t *rx;
    volatile size_t rx_left;
} uart;

static void pin_alternate(const family_pin *p)
{
    unsigned shift = p->pin % 8u * 4u;
    reg *afr = &p->port->AFR[p->pin / 8u];
    *afr = (*afr & ~(0xFu << shift)) | p->function << shift;
    p->port->MODER = (p->port->MODER & ~(3u << 2u * p->pin)) | 2u << 2u * p->pin;
}

void hal_uart_init(uint32_t baud, bool fifo)
{
    uart_block *u = family.uart;
    uint64_t clock = family.uart_low_power ? (uint64_t)family.uart_hz * 256u : family.uart_hz;
    pin_alternate(&family.tx);
    pin_alternate(&family.rx);
    u->CR1 = 0;
    u->CR2 = 0;
    u->CR3 = 0;
    u->BRR = (uint32_t)((clock + baud / 2u) / baud);
    u->CR1 = fifo && family.uart_fifo ? 1u << 29 : 0u;
    u->CR1 |= 0xDu;
    (void)wait_for(&u->ISR, 0x600000u, 0x600000u, READY_TIMEOUT_MS); /* TEACK, REACK */
    hal_irq_enable(family.uart_irq, 5);
}

void hal_uart_write(const void *data, size_t bytes)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < bytes; i++) {
        if (!wait_for(&family.uart->ISR, 0x80u, 0x80u, UART_TIMEOUT_MS)) {
            return;
        }
        family.uart->TDR = p[i];
    }
    (void)wait_for(&family.uart->ISR, 0x40u, 0x40u, UART_TIMEOUT_MS);
}

void hal_uart_transmit_it(const uint8_t *data, size_t bytes)
{
    uart.tx = data;
    uart.tx_left = bytes;
    family.uart->CR1 |= 0x80u;
}

void hal_uart_receive_it(uint8_t *data, size_t bytes)
{
    uart.rx = data;
    uart.rx_left = bytes;
    family.uart->CR1 |= 0x20u;
}

bool hal_uart_sending(void)
{
    return uart.dma_sending || uart.tx_left > 0 || (family.uart->CR1 & 0xC0u) != 0u;
}

void hal_uart_transmit_dma(const uint8_t *data, size_t bytes)
{
    uart.dma_sending = true;
    cache_clean(data, bytes);
    family.uart->ICR = 1u << 6;
    uart_dma_send(data, bytes);
    family.uart->CR3 |= 1u << 7;
}

void uart_dma_sent(void)
{
    family.uart->CR3 &= ~(1u << 7);
    family.uart->CR1 |= 1u << 6; /* the last frame's end */
    uart.dma_sending = false;
}

void hal_uart_receive_dma(uint8_t *data, size_t bytes)
{
    uart_dma_receive(data, bytes);
    family.uart->CR3 |= 1u << 6;
    family.uart->ICR = 0x10u;
    family.uart->CR1 |= 0x10u;
}

void UART_IRQHandler(void)
{
    uart_block *u = family.uart;
    uint32_t isr = u->ISR, cr1 = u->CR1;
    if ((isr & 0xFu) != 0u) {
        u->ICR = isr & 0xFu;
    }
    if ((isr & cr1 & 0x10u) != 0u) {
        u->ICR = 0x10u;
        uart_idle();
    }
    if ((isr & cr1 & 0x20u) != 0u && uart.rx_left > 0) {
        *uart.rx++ = (uint8_t)u->RDR;
        if (--uart.rx_left == 0) {
            u->CR1 &= ~0x20u;
            hal_uart_rx_done();
        }
    }
    if ((isr & cr1 & 0x80u) != 0u) {
        u->TDR = *uart.tx++;
        if (--uart.tx_left == 0) {
            u->CR1 = (u->CR1 & ~0x80u) | 0x40u;
        }
    } else if ((isr & cr1 & 0x40u) != 0u) {
        u->CR1 &= ~0x40u;
    }
}
