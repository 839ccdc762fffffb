/* Registers of the STM32G4, by the reference manual's names (RM0440), as far as they
 * are used here. */
#ifndef CHIPS_G4_REGISTERS_H
#define CHIPS_G4_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "chips/stm32/blocks.h"
#include "twinbank/chip.h"

typedef struct rcc_registers { /* RM0440 7.4 */
    reg CR, ICSCR, CFGR, PLLCFGR;
    reg reserved_10, reserved_14, CIER, CIFR, CICR, reserved_24;
    reg AHB1RSTR, AHB2RSTR, AHB3RSTR, reserved_34, APB1RSTR1, APB1RSTR2, APB2RSTR, reserved_44;
    reg AHB1ENR, AHB2ENR, AHB3ENR, reserved_54, APB1ENR1, APB1ENR2, APB2ENR, reserved_64;
    reg AHB1SMENR, AHB2SMENR, AHB3SMENR, reserved_74;
    reg APB1SMENR1, APB1SMENR2, APB2SMENR, reserved_84;
    reg CCIPR, reserved_8C, BDCR, CSR;
} rcc_registers;
_Static_assert(sizeof(rcc_registers) == 0x98, "RCC_CSR is at 0x94");

typedef struct flash_registers { /* RM0440 3.7 */
    reg ACR, PDKEYR, KEYR, OPTKEYR, SR, CR, ECCR, reserved_1C, OPTR;
    reg PCROP1SR, PCROP1ER, WRP1R[2], reserved_34[4];
    reg PCROP2SR, PCROP2ER, WRP2R[2], reserved_54[7], SEC1R;
} flash_registers;
_Static_assert(sizeof(flash_registers) == 0x74, "FLASH_SEC1R is at 0x70");

#define RCC ((rcc_registers *)0x40021000u)
#define FLASH ((flash_registers *)0x40022000u)
#define CRC ((crc_registers *)0x40023000u)
#define IWDG ((iwdg_registers *)0x40003000u)
#define GPIO(port) ((gpio_registers *)(0x48000000u + 0x400u * (port)))
#define GPIO_ENR (RCC->AHB2ENR)
#define UART_KERNEL_HZ 16000000u /* HSI16 */
#define SYSCFG_MEMRMP (*(reg *)0x40010000u)
#define PWR_CR1 (*(reg *)0x40007000u)
#define PWR_CR2 (*(reg *)0x40007004u)
#define PWR_CR3 (*(reg *)0x40007008u)
#define PWR_CR4 (*(reg *)0x4000700Cu)
#define PWR_SR1 (*(reg *)0x40007010u)
#define PWR_SR2 (*(reg *)0x40007014u)
#define PWR_SCR (*(reg *)0x40007018u)
#define PWR_CR5 (*(reg *)0x40007080u)
#define BACKUP_REGISTERS ((reg *)0x40002500u) /* TAMP_BKP0R */
#define DBGMCU_IDCODE (*(reg *)0xE0042000u)
#define UID_WORDS ((const volatile uint32_t *)0x1FFF7590u)
#define FLASH_SIZE_KIB (*(const volatile uint16_t *)0x1FFF75E0u)
#define SYSTEM_MEMORY 0x1FFF0000u /* the ROM bootloader's vector table */
#define USART1_BASE 0x40013800u
#define USART2_BASE 0x40004400u
#define LPUART1_BASE 0x40008000u

#define RCC_CR_RESET 0x100u /* HSION */
#define RCC_CR_HSION (1u << 8)
#define RCC_CR_HSIRDY (1u << 10)
#define RCC_CR_PLLON (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)
#define RCC_CFGR_SW_MASK 3u
#define RCC_CFGR_SW_HSI 1u
#define RCC_CFGR_SW_PLL 3u
#define RCC_CFGR_SWS_SHIFT 2u
#define RCC_CFGR_HPRE_MASK (0xFu << 4)
#define RCC_CFGR_HPRE_DIV2 (8u << 4)
#define RCC_PLLCFGR_RESET 0x00001000u
#define RCC_PLLCFGR_SRC_HSI 2u
#define RCC_PLLCFGR_M_SHIFT 4u
#define RCC_PLLCFGR_N_SHIFT 8u
#define RCC_PLLCFGR_REN (1u << 24)
/* 16 MHz / 4 x 85 / 2 = 170 MHz: range 1 boost, which is needed above 150 MHz, and its wait
 * states (RM0440 table 29). HSI16 is on from reset. */
#define RCC_CFGR_SW_RESET RCC_CFGR_SW_HSI
#define CLOCK_PLLCFGR                                                  \
    (RCC_PLLCFGR_SRC_HSI | (3u << RCC_PLLCFGR_M_SHIFT) |               \
     (85u << RCC_PLLCFGR_N_SHIFT) | RCC_PLLCFGR_REN)
#define CLOCK_WAIT_STATES 4u
#define CLOCK_BOOST true
#define CLOCK_HSI_ON 0u
#define RCC_AHB1ENR_CRCEN (1u << 12)
#define RCC_AHB1ENR_RESET (1u << 8) /* FLASHEN */
#define RCC_APB1ENR1_USART2EN (1u << 17)
#define RCC_APB1ENR1_RTCAPBEN (1u << 10)
#define RCC_APB1ENR1_PWREN (1u << 28)
#define RCC_APB1ENR1_RESET RCC_APB1ENR1_RTCAPBEN
#define RCC_APB1ENR2_LPUART1EN 1u
#define RCC_APB2ENR_SYSCFGEN 1u
#define RCC_APB2ENR_USART1EN (1u << 14)
#define RCC_CCIPR_USART1SEL_SHIFT 0u
#define RCC_CCIPR_USART2SEL_SHIFT 2u
#define RCC_CCIPR_LPUART1SEL_SHIFT 10u
#define RCC_CCIPR_SEL_MASK 3u
#define RCC_CCIPR_SEL_HSI16 2u
#define RCC_CSR_RMVF (1u << 23)
#define RCC_CSR_OBLRSTF (1u << 25)
#define RCC_CSR_PINRSTF (1u << 26)
#define RCC_CSR_BORRSTF (1u << 27)
#define RCC_CSR_SFTRSTF (1u << 28)
#define RCC_CSR_IWDGRSTF (1u << 29)
#define RCC_CSR_WWDGRSTF (1u << 30)
#define RCC_CSR_LPWRRSTF (1u << 31)

#define PWR_CR1_RESET 0x200u
#define PWR_CR1_DBP (1u << 8)
#define PWR_CR2_PVDE 1u
#define PWR_CR2_PLS_MASK (7u << 1) /* 0: about 2.0 V */
#define PWR_CR1_LPMS_MASK 7u
#define PWR_CR1_LPMS_STANDBY 3u
#define PWR_CR3_EWUP1 1u
#define PWR_CR4_WP1 1u /* falling */
#define PWR_SR1_SBF (1u << 8)
#define PWR_SCR_CSBF (1u << 8)
#define PWR_SCR_CWUF 0x1Fu
#define PWR_SR2_PVDO (1u << 11)
#define PWR_CR5_R1MODE (1u << 8) /* 0: range 1 boost */

#define FLASH_ACR_LATENCY_MASK 0xFu
#define FLASH_ACR_PRFTEN (1u << 8)
#define FLASH_ACR_ICEN (1u << 9)
#define FLASH_ACR_DCEN (1u << 10)
#define FLASH_ACR_ICRST (1u << 11)
#define FLASH_ACR_DCRST (1u << 12)
#define FLASH_ACR_RESET 0x00040601u
#define FLASH_SR_WRPERR (1u << 4)
/* OPERR PROGERR WRPERR PGAERR SIZERR PGSERR MISERR FASTERR RDERR OPTVERR */
#define FLASH_SR_ERRORS 0xC3FAu
#define FLASH_SR_OPTVERR (1u << 15) /* parts come so from the factory */
#define FLASH_SR_BSY (1u << 16)
#define FLASH_CR_PG 1u
#define FLASH_CR_PER (1u << 1)
#define FLASH_CR_MER1 (1u << 2)
#define FLASH_CR_PNB_SHIFT 3u
#define FLASH_CR_BKER (1u << 11)
#define FLASH_CR_MER2 (1u << 15)
#define FLASH_CR_STRT (1u << 16)
#define FLASH_CR_OPTSTRT (1u << 17)
#define FLASH_CR_OBL_LAUNCH (1u << 27)
#define FLASH_CR_OPTLOCK (1u << 30)
#define FLASH_CR_LOCK (1u << 31)
#define FLASH_ECCR_ECCIE (1u << 24)
#define FLASH_ECCR_ECCD (1u << 31)
#define FLASH_OPTR_BFB2 (1u << 20)
#define FLASH_OPTR_RDP_MASK 0xFFu
#define FLASH_OPTR_RDP_LEVEL_2 0xCCu
#define FLASH_OPTR_DBANK (1u << 22)
#define FLASH_PCROP_MASK 0x7FFFu
#define FLASH_WRP_MASK 0x7Fu /* first page in 6:0, last in 22:16 */
#define FLASH_WRP_END_SHIFT 16u
#define FLASH_BOOT_LOCKED ((FLASH->SEC1R >> 16 & 1u) != 0u)

#define SYSCFG_MEMRMP_MEM_MODE_MASK 7u
#define SYSCFG_MEMRMP_MEM_MODE_SYSTEM 1u
#define SYSCFG_MEMRMP_FB_MODE (1u << 8)

/* The clock of the CRC unit, and its reset. */
#define CRC_ENR (&RCC->AHB1ENR)
#define CRC_RSTR (&RCC->AHB1RSTR)
#define CRC_ENR_CRCEN RCC_AHB1ENR_CRCEN

#define USART_CR1_FIFOEN (1u << 29)

/* All ports are supplied by VDD. */
static inline void supply_need(const tb_chip *chip)
{
    (void)chip;
}

static inline void supply_restore(const tb_chip *chip)
{
    (void)chip;
}

#endif
