/* Registers of the STM32H7, by the reference manuals' names (RM0433 for H742 to H753,
 * RM0455 for H7A3 and H7B3), as far as they are used here. The two lines differ in a few
 * places and bits; which one it is the compiler knows from TB_TARGET. */
#ifndef CHIPS_H7_REGISTERS_H
#define CHIPS_H7_REGISTERS_H

#include <stdint.h>

#include "chips/stm32/blocks.h"
#include "tb_target.h"

#define DEVICE_ID_H7A3 0x480u
#define IS_H7A3 (TB_TARGET->device_id == DEVICE_ID_H7A3)

typedef struct rcc_registers { /* RM0433 8.7, the part that both lines share */
    reg CR, HSICFGR, CRRCR, CSICFGR, CFGR, reserved_14, CFGR1, CFGR2, CFGR3, reserved_24;
    reg PLLCKSELR, PLLCFGR, PLL1DIVR, PLL1FRACR, PLL2DIVR, PLL2FRACR, PLL3DIVR, PLL3FRACR;
    reg reserved_48, D1CCIPR, D2CCIP1R, D2CCIP2R, D3CCIPR, reserved_5C, CIER, CIFR, CICR, reserved_6C;
    reg BDCR, CSR, reserved_78, AHB3RSTR, AHB1RSTR, AHB2RSTR, AHB4RSTR, APB3RSTR;
    reg APB1LRSTR, APB1HRSTR, APB2RSTR, APB4RSTR;
} rcc_registers;
_Static_assert(sizeof(rcc_registers) == 0xA0, "RCC_APB4RSTR is at 0x9C");

typedef struct rcc_gate_registers { /* at 0xD0, on H7A3 at 0x130 (RM0455 8.7) */
    reg RSR, AHB3ENR, AHB1ENR, AHB2ENR, AHB4ENR, APB3ENR, APB1LENR, APB1HENR, APB2ENR, APB4ENR;
} rcc_gate_registers;

/* RM0433 4.9. Two of them, 0x100 apart; the option registers of the second are the
 * first's own. */
typedef struct flash_registers {
    reg ACR, KEYR, OPTKEYR, CR, SR, CCR, OPTCR, OPTSR_CUR, OPTSR_PRG, OPTCCR;
    reg PRAR_CUR, PRAR_PRG, SCAR_CUR, SCAR_PRG, WPSN_CUR, WPSN_PRG, BOOT_CUR, BOOT_PRG;
    reg reserved_48, reserved_4C, CRCCR, CRCSADD, CRCEADD, CRCDATA, ECC_FA;
} flash_registers;
_Static_assert(sizeof(flash_registers) == 0x64, "FLASH_ECC_FA is at 0x60");

#define RCC_BASE 0x58024400u
#define RCC ((rcc_registers *)RCC_BASE)
#define RCC_GATES ((rcc_gate_registers *)(RCC_BASE + (IS_H7A3 ? 0x130u : 0xD0u)))
/* The controller of the bank that is mapped first (0) or second (1): RM0433 4.3.12. */
#define FLASH(place) ((flash_registers *)(0x52002000u + 0x100u * (place)))
#define CRC ((crc_registers *)(IS_H7A3 ? 0x40023000u : 0x58024C00u))
#define IWDG ((iwdg_registers *)0x58004800u)
#define GPIO(port) ((gpio_registers *)(0x58020000u + 0x400u * (port)))
/* hsi_ker_ck, which stands at 64 MHz whatever the core runs at. */
#define UART_KERNEL_HZ 64000000u
/* The clock of the CRC unit, and its reset. */
#define CRC_ENR (IS_H7A3 ? &RCC_GATES->AHB1ENR : &RCC_GATES->AHB4ENR)
#define CRC_RSTR (IS_H7A3 ? &RCC->AHB1RSTR : &RCC->AHB4RSTR)
#define CRC_ENR_CRCEN (IS_H7A3 ? 1u << 9 : 1u << 19)
#define GPIO_ENR (RCC_GATES->AHB4ENR)
#define PWR_CR1 (*(reg *)0x58024800u)
#define PWR_CSR1 (*(reg *)0x58024804u)
#define PWR_CPUCR (*(reg *)0x58024810u)
#define PWR_WKUPCR (*(reg *)0x58024820u)
#define PWR_WKUPEPR (*(reg *)0x58024828u)
#define BACKUP_REGISTERS ((reg *)(IS_H7A3 ? 0x58004500u : 0x58004050u)) /* TAMP's, RTC's */
#define DBGMCU_IDCODE (*(reg *)0x5C001000u)
#define UID_WORDS ((const volatile uint32_t *)(IS_H7A3 ? 0x08FFF800u : 0x1FF1E800u))
#define FLASH_SIZE_KIB (*(const volatile uint16_t *)(IS_H7A3 ? 0x08FFF80Cu : 0x1FF1E880u))
#define SYSTEM_MEMORY (IS_H7A3 ? 0x1FF0A800u : 0x1FF09800u) /* the ROM's vectors (AN2606) */
#define USART1_BASE 0x40011000u
#define USART2_BASE 0x40004400u
#define USART3_BASE 0x40004800u
#define LPUART1_BASE 0x58000C00u

#define RCC_D2CCIP2R_USART28SEL_MASK 7u
#define RCC_D2CCIP2R_USART28SEL_HSI 3u
#define RCC_D2CCIP2R_USART16SEL_MASK (7u << 3)
#define RCC_D2CCIP2R_USART16SEL_HSI (3u << 3)
#define RCC_AHB2ENR_SRAM12EN (3u << 29)
#define RCC_APB1LENR_USART2EN (1u << 17)
#define RCC_APB1LENR_USART3EN (1u << 18)
#define RCC_APB2ENR_USART1EN (1u << 4)
#define RCC_APB4ENR_RTCAPBEN (1u << 16)
#define RCC_APB4ENR_RESET RCC_APB4ENR_RTCAPBEN
#define RCC_RSR_RMVF (1u << 16)
#define RCC_RSR_BORRSTF (1u << 21)
#define RCC_RSR_PINRSTF (1u << 22)
#define RCC_RSR_PORRSTF (1u << 23)
#define RCC_RSR_SFTRSTF (1u << 24)
#define RCC_RSR_IWDG1RSTF (1u << 26)
#define RCC_RSR_WWDG1RSTF (1u << 28)
#define RCC_RSR_LPWRRSTF (1u << 30)

#define PWR_CR1_PVDE (1u << 4) /* PLS, 7:5, as after reset: 1.95 V */
#define PWR_CR1_DBP (1u << 8)
#define PWR_CSR1_PVDO (1u << 4)
#define PWR_CPUCR_PDDS 7u     /* D1, D2, D3 */
#define PWR_CPUCR_PDDS_SRD 4u /* H7A3 */
#define PWR_CPUCR_SBF (1u << 6)
#define PWR_CPUCR_CSSF (1u << 9)
#define PWR_WKUPCR_WKUPC 0x3Fu
#define PWR_WKUPEPR_WKUPEN1 1u

#define FLASH_ACR_RESET 0x37u /* H742 to H757: 7 wait states */
#define FLASH_ACR_64_MHZ 0x11u /* 1 wait state is enough to 90 MHz in VOS3 (RM0433 table 17) */
#define FLASH_CR_LOCK 1u
#define FLASH_CR_PG (1u << 1)
#define FLASH_CR_SER (1u << 2)
#define FLASH_CR_PSIZE (IS_H7A3 ? 0u : 3u << 4)
#define FLASH_CR_START (IS_H7A3 ? 1u << 5 : 1u << 7)
#define FLASH_CR_SNB_SHIFT (IS_H7A3 ? 6u : 8u)
#define FLASH_SR_BUSY 0xFu /* BSY WBNE QW CRC_BUSY */
#define FLASH_SR_WRPERR (1u << 17)
#define FLASH_SR_RDPERR (1u << 23)
#define FLASH_SR_RDSERR (1u << 24)
#define FLASH_SR_DBECCERR (1u << 26)
/* WRPERR PGSERR STRBERR INCERR OPERR */
#define FLASH_SR_ERRORS 0x6E0000u
/* What a read leaves behind that did not give what flash holds, each with a bus error. */
#define FLASH_SR_READ_ERRORS (FLASH_SR_RDPERR | FLASH_SR_RDSERR | FLASH_SR_DBECCERR)
#define FLASH_WPSN_FIRST 1u /* 0: protected; a sector of the H743, four of the H7A3 */
#define FLASH_OPTSR_RDP(optsr) ((optsr) >> 8 & 0xFFu)
#define FLASH_OPTSR_RDP_LEVEL_2 0xCCu
#define FLASH_OPTCR_OPTLOCK 1u
#define FLASH_OPTCR_OPTSTART (1u << 1)
#define FLASH_OPTCR_SWAP_BANK (1u << 31)
#define FLASH_OPTSR_OPT_BUSY 1u
#define FLASH_OPTSR_SWAP_BANK_OPT (1u << 31)

#define USART_CR1_FIFOEN (1u << 29)

#endif
