/* Register blocks of the STM32G474 as structures, in the manner of the vendor's device headers. */
#ifndef DEVICE_H
#define DEVICE_H

#include "blocks.h"

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
    reg CCR, CNDTR, CPAR, CMAR;
} dma_channel;
typedef struct {
    reg ISR, IFCR;
} dma_block;

#define RCC ((rcc_block *)0x40021000u)
#define FLASH ((flash_block *)0x40022000u)
#define PWR ((pwr_block *)0x40007000u)
#define GPIOA ((gpio_block *)0x48000000u)
#define LPUART1 ((uart_block *)0x40008000u)
#define DMA1 ((dma_block *)0x40020000u)
#define DMA1_CHANNEL1 ((dma_channel *)0x40020008u)
#define DMA1_CHANNEL2 ((dma_channel *)0x4002001Cu)
#define DMAMUX1_C0CR (*(reg *)0x40020800u)
#define DMAMUX1_C1CR (*(reg *)0x40020804u)

#define IRQ_FLASH 4u
#define IRQ_DMA1_CHANNEL1 11u
#define IRQ_DMA1_CHANNEL2 12u
#define IRQ_LPUART1 91u

#endif
