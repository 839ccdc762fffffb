/* Register blocks as structures, in the manner of the vendor's device headers. */
#ifndef DEVICE_H
#define DEVICE_H

#include <stdint.h>

typedef volatile uint32_t reg;

typedef struct {
    reg CR, ICSCR, CFGR, PLLCFGR, reserved0[2], CIER, CIFR, CICR, reserved1, AHB1RSTR, AHB2RSTR,
        AHB3RSTR, reserved2, APB1RSTR1, APB1RSTR2, APB2RSTR, reserved3, AHB1ENR, AHB2ENR, AHB3ENR,
        reserved4, APB1ENR1, APB1ENR2, APB2ENR, reserved5, AHB1SMENR, AHB2SMENR, AHB3SMENR,
        reserved6, APB1SMENR1, APB1SMENR2, APB2SMENR, reserved7, CCIPR, reserved8, BDCR, CSR, CRRCR,
        CCIPR2;
} rcc_block;
typedef struct {
    reg ACR, PDKEYR, KEYR, OPTKEYR, SR, CR, ECCR, reserved, OPTR;
} flash_block;
typedef struct {
    reg CR1, CR2, CR3, CR4, SR1, SR2, SCR, reserved[25], CR5;
} pwr_block;
typedef struct {
    reg MODER, OTYPER, OSPEEDR, PUPDR, IDR, ODR, BSRR, LCKR, AFR[2], BRR;
} gpio_block;
typedef struct {
    reg CR1, CR2, CR3, BRR, GTPR, RTOR, RQR, ISR, ICR, RDR, TDR, PRESC;
} uart_block;
typedef struct {
    reg CCR, CNDTR, CPAR, CMAR;
} dma_channel;
typedef struct {
    reg ISR, IFCR;
} dma_block;
typedef struct {
    reg CTRL, LOAD, VAL, CALIB;
} systick_block;

#define RCC ((rcc_block *)0x40021000u)
#define FLASH ((flash_block *)0x40022000u)
#define PWR ((pwr_block *)0x40007000u)
#define GPIOA ((gpio_block *)0x48000000u)
#define LPUART1 ((uart_block *)0x40008000u)
#define DMA1 ((dma_block *)0x40020000u)
#define DMA1_CHANNEL1 ((dma_channel *)0x40020008u)
#define DMAMUX1_C0CR (*(reg *)0x40020800u)
#define SYSTICK ((systick_block *)0xE000E010u)
#define NVIC_ISER ((reg *)0xE000E100u)
#define NVIC_IPR ((volatile uint8_t *)0xE000E400u)
#define SCB_VTOR (*(reg *)0xE000ED08u)
#define SCB_AIRCR (*(reg *)0xE000ED0Cu)
#define SCB_SHPR ((volatile uint8_t *)0xE000ED18u)
#define SCB_CPACR (*(reg *)0xE000ED88u)
#define DEMCR (*(reg *)0xE000EDFCu)
#define DWT_CTRL (*(reg *)0xE0001000u)
#define DWT_CYCCNT (*(reg *)0xE0001004u)

#define IRQ_FLASH 4u
#define IRQ_DMA1_CHANNEL1 11u
#define IRQ_LPUART1 91u

#endif
