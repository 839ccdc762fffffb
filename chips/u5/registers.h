/* Registers of the STM32U5 with TZEN = 0, by the reference manual's names (RM0456), as far
 * as they are used here. */
#ifndef CHIPS_U5_REGISTERS_H
#define CHIPS_U5_REGISTERS_H

#include <stdint.h>

#include "chips/stm32/blocks.h"

typedef struct rcc_registers { /* RM0456 11.8 */
    reg CR, reserved_04, ICSCR1, ICSCR2, ICSCR3, CRRCR, reserved_18, CFGR1, CFGR2, CFGR3;
    reg PLL1CFGR, PLL2CFGR, PLL3CFGR, PLL1DIVR, PLL1FRACR, PLL2DIVR, PLL2FRACR, PLL3DIVR;
    reg PLL3FRACR, reserved_4C, CIER, CIFR, CICR, reserved_5C;
    reg AHB1RSTR, AHB2RSTR1, AHB2RSTR2, AHB3RSTR, reserved_70;
    reg APB1RSTR1, APB1RSTR2, APB2RSTR, APB3RSTR, reserved_84;
    reg AHB1ENR, AHB2ENR1, AHB2ENR2, AHB3ENR, reserved_98, APB1ENR1, APB1ENR2, APB2ENR, APB3ENR;
    reg reserved_AC, AHB1SMENR, AHB2SMENR1, AHB2SMENR2, AHB3SMENR, reserved_C0;
    reg APB1SMENR1, APB1SMENR2, APB2SMENR, APB3SMENR, reserved_D4, SRDAMR, reserved_DC;
    reg CCIPR1, CCIPR2, CCIPR3, reserved_EC, BDCR, CSR;
} rcc_registers;
_Static_assert(sizeof(rcc_registers) == 0xF8, "RCC_CSR is at 0xF4");

typedef struct pwr_registers { /* RM0456 10.10 */
    reg CR1, CR2, CR3, VOSR, SVMCR, WUCR1, WUCR2, WUCR3, BDCR1, BDCR2, DBPR, UCPDR, SECCFGR;
    reg PRIVCFGR, SR, SVMSR, BDSR, WUSR, WUSCR;
} pwr_registers;
_Static_assert(sizeof(pwr_registers) == 0x4C, "PWR_WUSCR is at 0x48");

typedef struct flash_registers { /* RM0456 7.9 */
    reg ACR, reserved_04, NSKEYR, SECKEYR, OPTKEYR, reserved_14, PDKEY1R, PDKEY2R;
    reg NSSR, SECSR, NSCR, SECCR, ECCR, OPSR, reserved_38, reserved_3C, OPTR;
    reg NSBOOTADD0R, NSBOOTADD1R, SECBOOTADD0R, SECWM1R1, SECWM1R2, WRP1R[2];
    reg SECWM2R1, SECWM2R2, WRP2R[2];
} flash_registers;
_Static_assert(sizeof(flash_registers) == 0x70, "FLASH_WRP2BR is at 0x6C");

typedef struct icache_registers { /* RM0456 8.7 */
    reg CR, SR;
} icache_registers;

#define RCC ((rcc_registers *)0x46020C00u)
#define PWR ((pwr_registers *)0x46020800u)
#define FLASH ((flash_registers *)0x40022000u)
#define CRC ((crc_registers *)0x40023000u)
#define IWDG ((iwdg_registers *)0x40003000u)
#define ICACHE ((icache_registers *)0x40030400u)
#define GPIO(port) ((gpio_registers *)(0x42020000u + 0x400u * (port)))
#define GPIO_ENR (RCC->AHB2ENR1)
#define TAMP_BKPR ((reg *)0x46007D00u)
#define DBGMCU_IDCODE (*(reg *)0xE0044000u)
#define UID_WORDS ((const volatile uint32_t *)0x0BFA0700u)
#define FLASH_SIZE_KIB (*(const volatile uint16_t *)0x0BFA07A0u)
#define SYSTEM_MEMORY 0x0BF90000u /* the ROM bootloader's vector table */
#define USART1_BASE 0x40013800u
#define USART3_BASE 0x40004800u
#define LPUART1_BASE 0x46002400u
#define UART_KERNEL_HZ 16000000u /* HSI16 */

#define RCC_AHB2ENR1_RESET 0xC0000000u /* SRAM2, SRAM3 */
#define RCC_ICSCR1_MSISRANGE_SHIFT 28u
#define RCC_ICSCR1_MSIRGSEL (1u << 23)
#define RCC_CR_HSION (1u << 8)
#define RCC_CR_HSIRDY (1u << 10)
#define RCC_CR_PLL1ON (1u << 24)
#define RCC_CR_PLL1RDY (1u << 25)
#define RCC_CFGR1_SW_MASK 3u
#define RCC_CFGR1_SW_MSIS 0u
#define RCC_CFGR1_SW_PLL 3u
#define RCC_CFGR1_SWS_SHIFT 2u
#define RCC_PLL1CFGR_SRC_MSIS 1u /* range of the input, 4 to 8 MHz: 0 */
#define RCC_PLL1CFGR_REN (1u << 18)
#define RCC_PLL1DIVR_RESET 0x01010280u
#define RCC_PLL1DIVR_RESET_PQR 0x01010200u /* each of them 2 */
#define RCC_AHB1ENR_RESET 0xD0000100u /* SRAM1, DCACHE1, BKPSRAM, FLASH */
#define RCC_AHB1ENR_CRCEN (1u << 12)
#define RCC_AHB3ENR_RESET 0x80000000u /* SRAM4 */
#define RCC_AHB3ENR_PWREN (1u << 2)
#define RCC_APB1ENR1_USART3EN (1u << 18)
#define RCC_APB2ENR_USART1EN (1u << 14)
#define RCC_APB3ENR_LPUART1EN (1u << 6)
#define RCC_APB3ENR_RTCAPBEN (1u << 21)
#define RCC_CCIPR1_USART1SEL_SHIFT 0u
#define RCC_CCIPR1_USART3SEL_SHIFT 4u
#define RCC_CCIPR1_SEL_MASK 3u
#define RCC_CCIPR3_LPUART1SEL_MASK 7u
#define RCC_CCIPR_SEL_HSI16 2u
#define RCC_BDCR_LSEON 1u
#define RCC_BDCR_LSERDY (1u << 1)
#define RCC_CSR_RMVF (1u << 23)
#define RCC_CSR_OBLRSTF (1u << 25)
#define RCC_CSR_PINRSTF (1u << 26)
#define RCC_CSR_BORRSTF (1u << 27)
#define RCC_CSR_SFTRSTF (1u << 28)
#define RCC_CSR_IWDGRSTF (1u << 29)
#define RCC_CSR_WWDGRSTF (1u << 30)
#define RCC_CSR_LPWRRSTF (1u << 31)

#define PWR_VOSR_RESET (1u << 15) /* range 4, no booster */
#define PWR_VOSR_BOOSTRDY (1u << 14)
#define PWR_VOSR_VOSRDY (1u << 15)
#define PWR_VOSR_VOS_RANGE1 (3u << 16)
#define PWR_VOSR_BOOSTEN (1u << 18)
#define PWR_SVMCR_PVDE (1u << 4)
#define PWR_SVMCR_PVDLS_MASK (7u << 5) /* 0: about 2.0 V */
#define PWR_SVMSR_PVDO (1u << 4)
#define PWR_DBPR_DBP 1u
#define PWR_CR1_LPMS_MASK 7u
#define PWR_CR1_LPMS_STANDBY 4u
#define PWR_WUCR1_WUPEN1 1u
#define PWR_SR_CSSF 1u
#define PWR_SR_SBF (1u << 2)
#define PWR_WUSCR_CWUF 0xFFu

#define FLASH_ACR_LATENCY_MASK 0xFu
#define FLASH_ACR_RESET 1u
#define FLASH_NSSR_WRPERR (1u << 4)
/* OPERR PROGERR WRPERR PGAERR SIZERR PGSERR OPTWERR */
#define FLASH_NSSR_ERRORS 0x20FAu
#define FLASH_NSSR_BSY (1u << 16)
#define FLASH_NSSR_WDW (1u << 17)
#define FLASH_NSCR_PG 1u
#define FLASH_NSCR_PER (1u << 1)
#define FLASH_NSCR_MER1 (1u << 2)
#define FLASH_NSCR_PNB_SHIFT 3u
#define FLASH_NSCR_BKER (1u << 11)
#define FLASH_NSCR_MER2 (1u << 15)
#define FLASH_NSCR_STRT (1u << 16)
#define FLASH_NSCR_OPTSTRT (1u << 17)
#define FLASH_NSCR_OBL_LAUNCH (1u << 27)
#define FLASH_NSCR_OPTLOCK (1u << 30)
#define FLASH_NSCR_LOCK (1u << 31)
#define FLASH_ECCR_ECCIE (1u << 24)
#define FLASH_ECCR_ECCD (1u << 31)
#define FLASH_OPSR_CODE_SHIFT 29u
#define FLASH_OPSR_CODE_OPTIONS 6u
#define FLASH_OPTR_RDP_MASK 0xFFu
#define FLASH_OPTR_RDP_LEVEL_2 0xCCu
/* First page from bit 0, last from bit 16, as wide as the line's largest part needs. */
#define FLASH_WRP_MASK                                                                  \
    (TB_TARGET->device_id == 0x455u ? 0x1Fu : TB_TARGET->device_id == 0x482u ? 0x7Fu : 0xFFu)
#define FLASH_WRP_END_SHIFT 16u
#define FLASH_WRP_UNLOCK (1u << 31) /* 0: frozen until RDP goes back to level 0 */
#define FLASH_OPTR_SWAP_BANK_SHIFT 20u
#define FLASH_OPTR_SWAP_BANK (1u << FLASH_OPTR_SWAP_BANK_SHIFT)
#define FLASH_OPTR_DUALBANK (1u << 21)
#define FLASH_OPTR_TZEN (1u << 31)

#define ICACHE_CR_EN 1u
#define ICACHE_CR_CACHEINV (1u << 1)
#define ICACHE_SR_BUSYF 1u

/* The clock of the CRC unit, and its reset. */
#define CRC_ENR (&RCC->AHB1ENR)
#define CRC_RSTR (&RCC->AHB1RSTR)
#define CRC_ENR_CRCEN RCC_AHB1ENR_CRCEN

#define USART_CR1_FIFOEN (1u << 29)

#endif
