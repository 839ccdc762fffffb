/* Registers of the STM32F76x and F77x (RM0410), as far as they are used here. By the
 * manual's names, but where a source that other families share knows another. */
#ifndef CHIPS_F7_REGISTERS_H
#define CHIPS_F7_REGISTERS_H

#include <stdint.h>

#include "chips/stm32/blocks.h"

typedef struct rcc_registers { /* RM0410 5.3; APB1ENR1 is APB1ENR there */
    reg CR, PLLCFGR, CFGR, CIR, AHB1RSTR, AHB2RSTR, AHB3RSTR, reserved_1C, APB1RSTR, APB2RSTR;
    reg reserved_28, reserved_2C, AHB1ENR, AHB2ENR, AHB3ENR, reserved_3C, APB1ENR1, APB2ENR;
    reg reserved_48, reserved_4C, AHB1LPENR, AHB2LPENR, AHB3LPENR, reserved_5C;
    reg APB1LPENR, APB2LPENR, reserved_68, reserved_6C, BDCR, CSR, reserved_78, reserved_7C;
    reg SSCGR, PLLI2SCFGR, PLLSAICFGR, DCKCFGR1, DCKCFGR2;
} rcc_registers;
_Static_assert(sizeof(rcc_registers) == 0x94, "RCC_DCKCFGR2 is at 0x90");

typedef struct flash_registers { /* RM0410 3.7 */
    reg ACR, KEYR, OPTKEYR, SR, CR, OPTCR, OPTCR1;
} flash_registers;
_Static_assert(sizeof(flash_registers) == 0x1C, "FLASH_OPTCR1 is at 0x18");

#define RCC ((rcc_registers *)0x40023800u)
#define FLASH ((flash_registers *)0x40023C00u)
#define CRC ((crc_registers *)0x40023000u)
#define IWDG ((iwdg_registers *)0x40003000u)
#define GPIO(port) ((gpio_registers *)(0x40020000u + 0x400u * (port)))
#define GPIO_ENR (RCC->AHB1ENR)
#define UART_KERNEL_HZ 16000000u /* HSI */
#define SYSCFG_MEMRMP (*(reg *)0x40013800u)
#define PWR_CR1 (*(reg *)0x40007000u)
#define PWR_SR1 (*(reg *)0x40007004u) /* CSR1 in RM0410 */
#define PWR_CR2 (*(reg *)0x40007008u)
#define PWR_CSR2 (*(reg *)0x4000700Cu)
#define BACKUP_REGISTERS ((reg *)0x40002850u) /* RTC_BKP0R */
#define DBGMCU_IDCODE (*(reg *)0xE0042000u)
#define UID_WORDS ((const volatile uint32_t *)0x1FF0F420u)
#define FLASH_SIZE_KIB (*(const volatile uint16_t *)0x1FF0F442u)
#define SYSTEM_MEMORY 0x1FF00000u /* the ROM bootloader's vector table, by AXI */
#define USART1_BASE 0x40011000u
#define USART2_BASE 0x40004400u
#define USART3_BASE 0x40004800u
#define LPUART1_BASE 0u /* there is none */

#define RCC_CR_HSION 1u
#define RCC_CR_HSIRDY 2u
#define RCC_CR_PLLON (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)
#define RCC_PLLCFGR_RESET 0x24003010u
#define RCC_PLLCFGR_N_SHIFT 6u
#define RCC_PLLCFGR_Q_SHIFT 24u
#define RCC_PLLCFGR_R_SHIFT 28u
#define RCC_CFGR_SW_MASK 3u
#define RCC_CFGR_SW_PLL 2u
#define RCC_CFGR_SWS_SHIFT 2u
#define RCC_CFGR_PPRE1_DIV4 (5u << 10)
#define RCC_CFGR_PPRE2_DIV2 (4u << 13)
#define RCC_AHB1ENR_CRCEN (1u << 12)
#define RCC_AHB1ENR_RESET (1u << 20) /* DTCMRAMEN */
#define RCC_APB1ENR1_USART2EN (1u << 17)
#define RCC_APB1ENR1_USART3EN (1u << 18)
#define RCC_APB1ENR1_RTCAPBEN (1u << 10)
#define RCC_APB1ENR1_PWREN (1u << 28)
#define RCC_APB1ENR1_RESET RCC_APB1ENR1_RTCAPBEN
#define RCC_APB2ENR_USART1EN (1u << 4)
#define RCC_APB2ENR_SYSCFGEN (1u << 14)
#define RCC_DCKCFGR2_SEL_MASK 3u
#define RCC_DCKCFGR2_SEL_HSI 2u
#define RCC_CSR_RMVF (1u << 24)
#define RCC_CSR_BORRSTF (1u << 25 | 1u << 27) /* PORRSTF with it: here they are two */
#define RCC_CSR_PINRSTF (1u << 26)
#define RCC_CSR_SFTRSTF (1u << 28)
#define RCC_CSR_IWDGRSTF (1u << 29)
#define RCC_CSR_WWDGRSTF (1u << 30)
#define RCC_CSR_LPWRRSTF (1u << 31)
#define RCC_CSR_OBLRSTF 0u /* every reset loads the options */

#define PWR_CR1_PDDS (1u << 1)
#define PWR_CR1_CSBF (1u << 3)
#define PWR_CR1_DBP (1u << 8)
#define PWR_CR1_PVDE (1u << 4)
#define PWR_CR1_PLS_MASK (7u << 5) /* 0: about 2.0 V */
#define PWR_SR1_SBF (1u << 1)
#define PWR_CR2_CWUPF 0x3Fu
#define PWR_CSR2_EWUP1 (1u << 8)
#define PWR_SR1_PVDO (1u << 2)

#define FLASH_ACR_LATENCY_MASK 0xFu
#define FLASH_ACR_ARTEN (1u << 9)
#define FLASH_ACR_ARTRST (1u << 11)
#define FLASH_ACR_RESET 0u
#define FLASH_SR_WRPERR (1u << 4)
#define FLASH_SR_ERRORS 0xF2u /* OPERR WRPERR PGAERR PGPERR ERSERR */
#define FLASH_SR_BSY (1u << 16)
#define FLASH_CR_PG 1u
#define FLASH_CR_SER (1u << 1)
#define FLASH_CR_MER1 (1u << 2)
#define FLASH_CR_SNB_SHIFT 3u
#define FLASH_CR_PSIZE_32 (2u << 8)
#define FLASH_CR_MER2 (1u << 15)
#define FLASH_CR_STRT (1u << 16)
#define FLASH_CR_LOCK (1u << 31)
#define FLASH_OPTCR_OPTLOCK 1u
#define FLASH_OPTCR_OPTSTRT (1u << 1)
#define FLASH_OPTCR_RDP_MASK (0xFFu << 8)
#define FLASH_OPTCR_RDP_LEVEL_2 (0xCCu << 8)
#define FLASH_OPTCR_NWRP (0xFFFu << 16)
/* Sectors 0 and 1 of a bank; 0: protected. Six bits for each bank, with two of them. */
#define FLASH_OPTCR_NWRP_FIRST(bank) (1u << (16u + 6u * (bank)))
#define FLASH_OPTCR_NDBOOT (1u << 28)
#define FLASH_OPTCR_NDBANK (1u << 29) /* 0: two banks */

#define SYSCFG_MEMRMP_FB_MODE (1u << 8) /* SWP_FB in RM0410 */

/* The clock of the CRC unit, and its reset. */
#define CRC_ENR (&RCC->AHB1ENR)
#define CRC_RSTR (&RCC->AHB1RSTR)
#define CRC_ENR_CRCEN RCC_AHB1ENR_CRCEN

#define USART_CR1_FIFOEN 0u /* no FIFO */

#endif
