/* The registers that the test images use, by their names in RM0440. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))

#define RCC_CR REG(0x40021000u)
#define RCC_CFGR REG(0x40021008u)
#define RCC_PLLCFGR REG(0x4002100Cu)
#define RCC_AHB1ENR REG(0x40021048u)
#define RCC_AHB2ENR REG(0x4002104Cu)
#define RCC_APB1ENR1 REG(0x40021058u)
#define RCC_APB1ENR2 REG(0x4002105Cu)
#define RCC_APB2ENR REG(0x40021060u)
#define RCC_CCIPR REG(0x40021088u)
#define RCC_CSR REG(0x40021094u)
#define PWR_CR1 REG(0x40007000u)
#define PWR_SR2 REG(0x40007014u)
#define PWR_CR5 REG(0x40007080u)
#define FLASH_ACR REG(0x40022000u)
#define FLASH_KEYR REG(0x40022008u)
#define FLASH_SR REG(0x40022010u)
#define FLASH_CR REG(0x40022014u)
#define GPIOA_MODER REG(0x48000000u)
#define GPIOA_OSPEEDR REG(0x48000008u)
#define GPIOA_PUPDR REG(0x4800000Cu)
#define GPIOA_IDR REG(0x48000010u)
#define GPIOA_BSRR REG(0x48000018u)
#define GPIOA_AFRL REG(0x48000020u)
#define LPUART1_CR1 REG(0x40008000u)
#define LPUART1_CR2 REG(0x40008004u)
#define LPUART1_CR3 REG(0x40008008u)
#define LPUART1_BRR REG(0x4000800Cu)
#define LPUART1_RQR REG(0x40008018u)
#define LPUART1_ISR REG(0x4000801Cu)
#define LPUART1_ICR REG(0x40008020u)
#define LPUART1_RDR REG(0x40008024u)
#define LPUART1_TDR REG(0x40008028u)
#define LPUART1_PRESC REG(0x4000802Cu)

/* LPUART1 on PA2 and PA3 at 115200 from HSI16, as after reset. */
void uart_begin(void);
void uart_char(char c);
void uart_text(const char *text);
void uart_number(uint32_t number);
char uart_wait(void);

/* One double word, and one page of bank 1; wait until done. 0, or FLASH_SR's errors. */
uint32_t flash_program(uint32_t address, uint32_t low, uint32_t high);
uint32_t flash_erase(unsigned page);

#endif
